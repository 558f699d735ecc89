//! Types, domains, collations, conversions, text search.

use super::Question;

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        about: "types",
        since: 0,
        sql: "
SELECT CASE kind.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, format('%I.%I', schema.nspname, kind.typname),
       NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(kind.typowner),
             'sort', CASE kind.typtype WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range'
                                       WHEN 'd' THEN 'domain' WHEN 'b' THEN 'base' ELSE 'shell' END,
             'labels', (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
                        FROM pg_enum WHERE enumtypid = kind.oid),
             'attributes', (SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)
                              || CASE WHEN attcollation IN (0, inner_kind.typcollation) THEN ''
                                      ELSE ' collate ' || attcollation::regcollation::text END, ', ' ORDER BY attnum)
                            FROM pg_attribute JOIN pg_type AS inner_kind ON inner_kind.oid = atttypid
                            WHERE attrelid = kind.typrelid AND attnum > 0 AND NOT attisdropped),
             'type', CASE WHEN kind.typtype = 'd' THEN format_type(kind.typbasetype, kind.typtypmod) END,
             'nullable', CASE WHEN kind.typtype = 'd' THEN (NOT kind.typnotnull)::text END,
             'default', kind.typdefault,
             'collation', CASE WHEN kind.typtype = 'd' THEN nullif(kind.typcollation, 0)::regcollation::text END,
             'range', (SELECT concat_ws(', ', rngsubtype::regtype, nullif(rngcollation, 0)::regcollation,
                                        nullif(rngcanonical::oid, 0)::regprocedure, nullif(rngsubdiff::oid, 0)::regprocedure,
                                        rngmultitypid::regtype, (SELECT opcname FROM pg_opclass WHERE oid = rngsubopc))
                       FROM pg_range WHERE rngtypid = kind.oid),
             'base', CASE WHEN kind.typtype = 'b' THEN concat_ws(', ', kind.typinput, kind.typoutput,
                            nullif(kind.typreceive::oid, 0)::regproc, nullif(kind.typsend::oid, 0)::regproc,
                            kind.typlen, kind.typbyval, kind.typalign, kind.typstorage, kind.typcategory, kind.typdelim) END]
FROM pg_type AS kind JOIN pg_namespace AS schema ON schema.oid = kind.typnamespace
LEFT JOIN pg_class AS relation ON relation.oid = kind.typrelid
WHERE kind.oid >= 16384 AND kind.typtype <> 'm' AND (kind.typrelid = 0 OR relation.relkind = 'c')
  AND schema.nspname NOT IN ('information_schema', 'pg_toast') AND schema.nspname !~ '^pg_(toast_)?temp_'
  AND NOT EXISTS (SELECT FROM pg_type AS element WHERE element.typarray = kind.oid)
  AND NOT MEMBER('pg_type'::regclass, kind.oid)",
    },
    Question {
        about: "constraints of domains",
        since: 0,
        sql: "
SELECT 'constraint', format('%I.%I.%I', schema.nspname, kind.typname, rule.conname), NULL::text, NULL::text,
       ARRAY['definition'::text, regexp_replace(pg_get_constraintdef(rule.oid), ' NOT VALID$', ''), 'validated', rule.convalidated::text]
FROM pg_constraint AS rule JOIN pg_type AS kind ON kind.oid = rule.contypid
JOIN pg_namespace AS schema ON schema.oid = kind.typnamespace
WHERE kind.oid >= 16384 AND rule.contype = 'c' AND NOT MEMBER('pg_type'::regclass, kind.oid)",
    },
    Question {
        about: "collations",
        since: 0,
        sql: "
SELECT 'collation', format('%I.%I', schema.nspname, subject.collname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(subject.collowner), 'provider', subject.collprovider::text,
             'deterministic', subject.collisdeterministic::text, 'collate', subject.collcollate,
             'character type', subject.collctype,
             'locale', coalesce(to_jsonb(subject) ->> 'colllocale', to_jsonb(subject) ->> 'colliculocale'),
             'rules', to_jsonb(subject) ->> 'collicurules']
FROM pg_collation AS subject JOIN pg_namespace AS schema ON schema.oid = subject.collnamespace
WHERE subject.oid >= 16384 AND NOT MEMBER('pg_collation'::regclass, subject.oid)",
    },
    Question {
        about: "conversions",
        since: 0,
        sql: "
SELECT 'conversion', format('%I.%I', schema.nspname, subject.conname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(subject.conowner), 'from', pg_encoding_to_char(subject.conforencoding),
             'to', pg_encoding_to_char(subject.contoencoding), 'function', subject.conproc::text,
             'default', subject.condefault::text]
FROM pg_conversion AS subject JOIN pg_namespace AS schema ON schema.oid = subject.connamespace
WHERE subject.oid >= 16384 AND NOT MEMBER('pg_conversion'::regclass, subject.oid)",
    },
    Question {
        about: "text search configurations",
        since: 0,
        sql: "
SELECT 'text search configuration', format('%I.%I', schema.nspname, subject.cfgname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(subject.cfgowner),
             'parser', (SELECT prsname::text FROM pg_ts_parser WHERE oid = subject.cfgparser),
             'mappings', (SELECT string_agg(maptokentype || ' ' || mapdict::regdictionary::text, ', '
                                            ORDER BY maptokentype, mapseqno)
                          FROM pg_ts_config_map WHERE mapcfg = subject.oid)]
FROM pg_ts_config AS subject JOIN pg_namespace AS schema ON schema.oid = subject.cfgnamespace
WHERE subject.oid >= 16384 AND NOT MEMBER('pg_ts_config'::regclass, subject.oid)",
    },
    Question {
        about: "text search dictionaries",
        since: 0,
        sql: "
SELECT 'text search dictionary', format('%I.%I', schema.nspname, subject.dictname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(subject.dictowner), 'options', subject.dictinitoption,
             'template', (SELECT tmplname::text FROM pg_ts_template WHERE oid = subject.dicttemplate)]
FROM pg_ts_dict AS subject JOIN pg_namespace AS schema ON schema.oid = subject.dictnamespace
WHERE subject.oid >= 16384 AND NOT MEMBER('pg_ts_dict'::regclass, subject.oid)",
    },
    Question {
        about: "text search parsers and templates",
        since: 0,
        sql: "
SELECT 'text search parser', format('%I.%I', schema.nspname, subject.prsname), NULL::text, NULL::text,
       ARRAY['functions'::text, concat_ws(', ', subject.prsstart, subject.prstoken, subject.prsend, subject.prslextype)]
FROM pg_ts_parser AS subject JOIN pg_namespace AS schema ON schema.oid = subject.prsnamespace
WHERE subject.oid >= 16384 AND NOT MEMBER('pg_ts_parser'::regclass, subject.oid)
UNION ALL
SELECT 'text search template', format('%I.%I', schema.nspname, subject.tmplname), NULL::text, NULL::text,
       ARRAY['functions'::text, concat_ws(', ', subject.tmplinit, subject.tmpllexize)]
FROM pg_ts_template AS subject JOIN pg_namespace AS schema ON schema.oid = subject.tmplnamespace
WHERE subject.oid >= 16384 AND NOT MEMBER('pg_ts_template'::regclass, subject.oid)",
    },
];
