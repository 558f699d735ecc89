//! Tables and their columns, constraints and indexes.

use super::Question;

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        about: "tables",
        since: 0,
        sql: "
SELECT CASE relation.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END,
       format('%I.%I', schema.nspname, relation.relname), schema.nspname::text, relation.relname::text,
       ARRAY['owner'::text, pg_get_userbyid(relation.relowner),
             'unlogged', CASE WHEN relation.relpersistence = 'u' THEN 'yes' END,
             'partitioned by', pg_get_partkeydef(relation.oid),
             'partition of', CASE WHEN relation.relispartition THEN
               (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = relation.oid) END,
             'partition bound', pg_get_expr(relation.relpartbound, relation.oid),
             'inherits', CASE WHEN NOT relation.relispartition THEN
               (SELECT string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno)
                FROM pg_inherits WHERE inhrelid = relation.oid) END,
             'of type', nullif(relation.reloftype, 0)::regtype::text,
             'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(relation.reloptions) AS o),
             'toast options', array_to_string((SELECT toast.reloptions FROM pg_class AS toast
                                               WHERE toast.oid = relation.reltoastrelid), ', '),
             'tablespace', (SELECT spcname::text FROM pg_tablespace WHERE oid = relation.reltablespace),
             'access method', (SELECT amname::text FROM pg_am WHERE oid = relation.relam),
             'replica identity', CASE WHEN relation.relkind <> 'f' THEN relation.relreplident::text END,
             'row security', CASE WHEN relation.relrowsecurity THEN 'on' END,
             'forced row security', CASE WHEN relation.relforcerowsecurity THEN 'on' END,
             'internal triggers not in their ordinary state',
               (SELECT nullif(count(*), 0)::text FROM pg_trigger
                WHERE tgrelid = relation.oid AND tgisinternal AND tgenabled <> 'O'),
             'server', (SELECT quote_ident(srvname) FROM pg_foreign_table JOIN pg_foreign_server AS server
                        ON server.oid = ftserver WHERE ftrelid = relation.oid),
             '~options of the foreign table', (SELECT (SELECT md5(string_agg(o, ', ' ORDER BY o)) FROM unnest(ftoptions) AS o) FROM pg_foreign_table
                                               WHERE ftrelid = relation.oid)]
FROM pg_class AS relation JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE relation.oid >= 16384 AND relation.relkind IN ('r', 'p', 'f') AND relation.relpersistence <> 't'
  AND schema.nspname <> 'information_schema' AND NOT MEMBER('pg_class'::regclass, relation.oid)",
    },
    Question {
        about: "columns",
        since: 0,
        // Servers since 15.20 keep a position in the log as `pg_attver` among the options; pg_dump leaves it out too
        // (measured, 2026-11-21). That a column is not NULL is the column's, also where it is a constraint with a name and
        // a state, as it is since 18; the name that the server gives by itself is not told, as pg_dump does not write it
        // (2026-11-22).
        sql: "
SELECT 'column', format('%I.%I.%I', schema.nspname, relation.relname, field.attname),
       schema.nspname::text, relation.relname::text,
       ARRAY['position'::text, field.position::text,
             'type', format_type(field.atttypid, field.atttypmod),
             'collation', CASE WHEN field.attcollation NOT IN (0, kind.typcollation)
                               THEN field.attcollation::regcollation::text END,
             'nullable', CASE WHEN field.attnotnull THEN concat_ws(' ', 'no', CASE WHEN NOT filled.convalidated THEN '(not validated)' END,
                                                                   CASE WHEN filled.connoinherit THEN '(not for heirs)' END)
                         ELSE 'yes' END,
             'not null named', nullif(filled.conname::text, relation.relname || '_' || field.attname || '_not_null'),
             'not null inherited', CASE WHEN filled.coninhcount > 0 THEN CASE WHEN filled.conislocal THEN 'and local' ELSE 'only' END END,
             'default', CASE WHEN field.attgenerated = '' THEN pg_get_expr(initial.adbin, initial.adrelid) END,
             'generated', CASE WHEN field.attgenerated <> ''
               THEN field.attgenerated::text || ' ' || pg_get_expr(initial.adbin, initial.adrelid) END,
             'identity', CASE field.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
             'storage', CASE WHEN field.attstorage <> kind.typstorage THEN field.attstorage::text END,
             'compression', nullif(field.attcompression::text, ''),
             'statistics target', CASE WHEN field.attstattarget >= 0 THEN field.attstattarget::text END,
             'options', (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(field.attoptions) AS o WHERE o NOT LIKE 'pg_attver=%'),
             '~options of the foreign column', (SELECT md5(string_agg(o, ', ' ORDER BY o)) FROM unnest(field.attfdwoptions) AS o),
             'inherited', CASE WHEN field.attinhcount > 0 THEN CASE WHEN field.attislocal THEN 'and local' ELSE 'only' END END]
FROM (SELECT *, row_number() OVER (PARTITION BY attrelid ORDER BY attnum) AS position
      FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped) AS field
JOIN pg_class AS relation ON relation.oid = field.attrelid
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
JOIN pg_type AS kind ON kind.oid = field.atttypid
LEFT JOIN pg_attrdef AS initial ON initial.adrelid = field.attrelid AND initial.adnum = field.attnum
LEFT JOIN pg_constraint AS filled ON filled.conrelid = field.attrelid AND filled.contype = 'n'
                                 AND filled.conkey = ARRAY[field.attnum]
WHERE relation.oid >= 16384 AND relation.relkind IN ('r', 'p', 'f') AND relation.relpersistence <> 't'
  AND schema.nspname <> 'information_schema' AND NOT MEMBER('pg_class'::regclass, relation.oid)",
    },
    Question {
        about: "constraints",
        since: 0,
        // That a column is not NULL is told of the column. What is not enforced is not validated either; whether it is
        // enforced is known since 18, and stands at the end of its definition in the other's place.
        sql: "
SELECT CASE rule.contype WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key' ELSE 'constraint' END,
       format('%I.%I.%I', schema.nspname, relation.relname, rule.conname), schema.nspname::text, relation.relname::text,
       ARRAY['definition'::text, regexp_replace(pg_get_constraintdef(rule.oid), ' NOT (VALID|ENFORCED)$', ''), 'validated', rule.convalidated::text,
             'enforced', to_jsonb(rule) ->> 'conenforced',
             'inherited', CASE WHEN rule.coninhcount > 0 THEN CASE WHEN rule.conislocal THEN 'and local' ELSE 'only' END END,
             'parent', (SELECT format('%s.%I', parent.conrelid::regclass, parent.conname)
                        FROM pg_constraint AS parent WHERE parent.oid = rule.conparentid)]
FROM pg_constraint AS rule JOIN pg_class AS relation ON relation.oid = rule.conrelid
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE relation.oid >= 16384 AND relation.relpersistence <> 't' AND rule.contype NOT IN ('n', 't')
  AND schema.nspname <> 'information_schema' AND NOT MEMBER('pg_class'::regclass, relation.oid)",
    },
    Question {
        about: "indexes",
        since: 0,
        sql: "
SELECT 'index', format('%I.%I', schema.nspname, name.relname), table_schema.nspname::text, relation.relname::text,
       ARRAY['definition'::text, pg_get_indexdef(subject.indexrelid),
             'valid', subject.indisvalid::text, 'ready', CASE WHEN NOT subject.indisready THEN 'no' END,
             'live', CASE WHEN NOT subject.indislive THEN 'no' END,
             'clustered', CASE WHEN subject.indisclustered THEN 'yes' END,
             'replica identity', CASE WHEN subject.indisreplident THEN 'yes' END,
             'checked at once', CASE WHEN NOT subject.indimmediate THEN 'no' END,
             'tablespace', (SELECT spcname::text FROM pg_tablespace WHERE oid = name.reltablespace),
             'statistics targets', (SELECT string_agg(attnum || ' ' || attstattarget, ', ' ORDER BY attnum)
                                    FROM pg_attribute WHERE attrelid = name.oid AND attstattarget >= 0),
             'partition of', (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = name.oid)]
FROM pg_index AS subject JOIN pg_class AS name ON name.oid = subject.indexrelid
JOIN pg_namespace AS schema ON schema.oid = name.relnamespace
JOIN pg_class AS relation ON relation.oid = subject.indrelid
JOIN pg_namespace AS table_schema ON table_schema.oid = relation.relnamespace
WHERE name.oid >= 16384 AND relation.oid >= 16384 AND relation.relkind IN ('r', 'p', 'm') AND relation.relpersistence <> 't'
  AND table_schema.nspname <> 'information_schema' AND NOT MEMBER('pg_class'::regclass, relation.oid)",
    },
];
