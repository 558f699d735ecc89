//! Views, sequences, and what hangs on tables: triggers, rules, policies, statistics.

use super::Question;

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        about: "views",
        since: 0,
        sql: "
SELECT CASE relation.relkind WHEN 'm' THEN 'materialised view' ELSE 'view' END,
       format('%I.%I', schema.nspname, relation.relname), schema.nspname::text, relation.relname::text,
       ARRAY['owner'::text, pg_get_userbyid(relation.relowner), 'definition', pg_get_viewdef(relation.oid),
             'columns', (SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
                         FROM pg_attribute WHERE attrelid = relation.oid AND attnum > 0 AND NOT attisdropped),
             'defaults', (SELECT string_agg(quote_ident(attname) || ' ' || pg_get_expr(adbin, adrelid), ', ' ORDER BY attnum)
                          FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
                          WHERE adrelid = relation.oid),
             'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(relation.reloptions) AS o),
             'tablespace', (SELECT spcname::text FROM pg_tablespace WHERE oid = relation.reltablespace),
             'populated', CASE WHEN relation.relkind = 'm' THEN relation.relispopulated::text END]
FROM pg_class AS relation JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE relation.oid >= 16384 AND relation.relkind IN ('v', 'm') AND relation.relpersistence <> 't'
  AND schema.nspname <> 'information_schema' AND NOT MEMBER('pg_class'::regclass, relation.oid)",
    },
    Question {
        about: "definitions of sequences",
        since: 0,
        sql: "
SELECT 'sequence', format('%I.%I', schema.nspname, relation.relname), owner_schema.nspname::text, owner.relname::text,
       ARRAY['owner'::text, pg_get_userbyid(relation.relowner), 'type', format_type(subject.seqtypid, NULL),
             'start', subject.seqstart::text, 'increment', subject.seqincrement::text,
             'minimum', subject.seqmin::text, 'maximum', subject.seqmax::text, 'cache', subject.seqcache::text,
             'cycles', subject.seqcycle::text, 'unlogged', CASE WHEN relation.relpersistence = 'u' THEN 'yes' END,
             'owned by', (SELECT format('%I.%I.%I', owner_schema.nspname, owner.relname, attname)
                          FROM pg_attribute WHERE attrelid = owner.oid AND attnum = owned.refobjsubid)]
FROM pg_sequence AS subject JOIN pg_class AS relation ON relation.oid = subject.seqrelid
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
LEFT JOIN pg_depend AS owned ON owned.classid = 'pg_class'::regclass AND owned.objid = relation.oid
      AND owned.objsubid = 0 AND owned.refclassid = 'pg_class'::regclass AND owned.deptype IN ('a', 'i')
LEFT JOIN pg_class AS owner ON owner.oid = owned.refobjid
LEFT JOIN pg_namespace AS owner_schema ON owner_schema.oid = owner.relnamespace
WHERE relation.oid >= 16384 AND relation.relpersistence <> 't' AND NOT MEMBER('pg_class'::regclass, relation.oid)",
    },
    Question {
        about: "triggers",
        since: 0,
        sql: "
SELECT 'trigger', format('%I.%I.%I', schema.nspname, relation.relname, subject.tgname),
       schema.nspname::text, relation.relname::text,
       ARRAY['definition'::text, pg_get_triggerdef(subject.oid), 'enabled', subject.tgenabled::text]
FROM pg_trigger AS subject JOIN pg_class AS relation ON relation.oid = subject.tgrelid
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE relation.oid >= 16384 AND NOT subject.tgisinternal AND relation.relpersistence <> 't'
  AND NOT MEMBER('pg_class'::regclass, relation.oid) AND NOT MEMBER('pg_trigger'::regclass, subject.oid)",
    },
    Question {
        about: "event triggers",
        since: 0,
        sql: "
SELECT 'event trigger', quote_ident(evtname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(evtowner), 'event', evtevent::text, 'function', evtfoid::regprocedure::text,
             'enabled', evtenabled::text, 'tags', array_to_string(evttags, ', ')]
FROM pg_event_trigger WHERE NOT MEMBER('pg_event_trigger'::regclass, pg_event_trigger.oid)",
    },
    Question {
        about: "rules",
        since: 0,
        sql: "
SELECT 'rule', format('%I.%I.%I', schema.nspname, relation.relname, subject.rulename),
       schema.nspname::text, relation.relname::text,
       ARRAY['definition'::text, pg_get_ruledef(subject.oid), 'enabled', subject.ev_enabled::text]
FROM pg_rewrite AS subject JOIN pg_class AS relation ON relation.oid = subject.ev_class
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE relation.oid >= 16384 AND subject.rulename <> '_RETURN' AND relation.relpersistence <> 't'
  AND NOT MEMBER('pg_class'::regclass, relation.oid) AND NOT MEMBER('pg_rewrite'::regclass, subject.oid)",
    },
    Question {
        about: "policies",
        since: 0,
        sql: "
SELECT 'policy', format('%I.%I.%I', schema.nspname, relation.relname, subject.polname),
       schema.nspname::text, relation.relname::text,
       ARRAY['command'::text, subject.polcmd::text, 'permissive', subject.polpermissive::text,
             'roles', (SELECT string_agg(CASE role WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(role)) END, ', '
                                         ORDER BY pg_get_userbyid(role))
                       FROM unnest(subject.polroles) AS role),
             'using', pg_get_expr(subject.polqual, subject.polrelid),
             'with check', pg_get_expr(subject.polwithcheck, subject.polrelid)]
FROM pg_policy AS subject JOIN pg_class AS relation ON relation.oid = subject.polrelid
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE NOT MEMBER('pg_class'::regclass, relation.oid)",
    },
    Question {
        about: "extended statistics",
        since: 0,
        sql: "
SELECT 'statistics', format('%I.%I', schema.nspname, subject.stxname), table_schema.nspname::text, relation.relname::text,
       ARRAY['owner'::text, pg_get_userbyid(subject.stxowner), 'definition', pg_get_statisticsobjdef(subject.oid),
             'target', CASE WHEN subject.stxstattarget >= 0 THEN subject.stxstattarget::text END]
FROM pg_statistic_ext AS subject JOIN pg_namespace AS schema ON schema.oid = subject.stxnamespace
JOIN pg_class AS relation ON relation.oid = subject.stxrelid
JOIN pg_namespace AS table_schema ON table_schema.oid = relation.relnamespace
WHERE NOT MEMBER('pg_statistic_ext'::regclass, subject.oid)",
    },
];
