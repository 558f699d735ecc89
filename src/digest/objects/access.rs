//! Who may do what: grants on everything that has an owner, and default privileges. A grant that was never written down
//! is the owner's default, and is told like one that was.

use super::Question;

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        about: "grants on relations",
        since: 0,
        sql: "
SELECT 'grant', format('%s on %I.%I to %s', item.privilege_type, schema.nspname, relation.relname,
                       CASE item.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(item.grantee)) END),
       schema.nspname::text, relation.relname::text, ARRAY['with grant option'::text, bool_or(item.is_grantable)::text]
FROM pg_class AS relation JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
CROSS JOIN aclexplode(coalesce(relation.relacl, acldefault(CASE relation.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END,
                                                          relation.relowner))) AS item
WHERE relation.oid >= 16384 AND relation.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relation.relpersistence <> 't'
  AND schema.nspname <> 'information_schema' AND NOT MEMBER('pg_class'::regclass, relation.oid)
GROUP BY item.privilege_type, schema.nspname, relation.relname, item.grantee",
    },
    Question {
        about: "grants on columns",
        since: 0,
        sql: "
SELECT 'grant', format('%s on column %I.%I.%I to %s', item.privilege_type, schema.nspname, relation.relname, field.attname,
                       CASE item.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(item.grantee)) END),
       schema.nspname::text, relation.relname::text, ARRAY['with grant option'::text, bool_or(item.is_grantable)::text]
FROM pg_attribute AS field JOIN pg_class AS relation ON relation.oid = field.attrelid
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
CROSS JOIN aclexplode(field.attacl) AS item
WHERE relation.oid >= 16384 AND NOT field.attisdropped AND relation.relpersistence <> 't'
  AND NOT MEMBER('pg_class'::regclass, relation.oid)
GROUP BY item.privilege_type, schema.nspname, relation.relname, field.attname, item.grantee",
    },
    Question {
        about: "grants on functions",
        since: 0,
        sql: "
SELECT 'grant', format('%s on %I.%I(%s) to %s', item.privilege_type, schema.nspname, subject.proname,
                       pg_get_function_identity_arguments(subject.oid),
                       CASE item.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(item.grantee)) END),
       NULL::text, NULL::text, ARRAY['with grant option'::text, bool_or(item.is_grantable)::text]
FROM pg_proc AS subject JOIN pg_namespace AS schema ON schema.oid = subject.pronamespace
CROSS JOIN aclexplode(coalesce(subject.proacl, acldefault('f', subject.proowner))) AS item
WHERE subject.oid >= 16384 AND schema.nspname !~ '^pg_(toast_)?temp_' AND NOT MEMBER('pg_proc'::regclass, subject.oid)
GROUP BY item.privilege_type, schema.nspname, subject.proname, subject.oid, item.grantee",
    },
    Question {
        about: "grants on other objects",
        since: 0,
        sql: "
SELECT 'grant', format('%s on %s to %s', item.privilege_type, subject.name,
                       CASE item.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(item.grantee)) END),
       NULL::text, NULL::text, ARRAY['with grant option'::text, bool_or(item.is_grantable)::text]
FROM (
  SELECT 'schema ' || quote_ident(nspname), coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
  WHERE (oid >= 16384 OR nspname = 'public') AND nspname !~ '^pg_(toast_)?temp_' AND NOT MEMBER('pg_namespace'::regclass, pg_namespace.oid)
  UNION ALL
  SELECT 'type ' || format_type(oid, NULL), coalesce(typacl, acldefault('T', typowner)) FROM pg_type
  WHERE oid >= 16384 AND typtype <> 'm' AND NOT EXISTS (SELECT FROM pg_type AS element WHERE element.typarray = pg_type.oid)
    AND (typrelid = 0 OR EXISTS (SELECT FROM pg_class AS relation WHERE relation.oid = typrelid AND relkind = 'c'))
    AND NOT MEMBER('pg_type'::regclass, pg_type.oid)
  UNION ALL
  SELECT 'language ' || quote_ident(lanname), coalesce(lanacl, acldefault('l', lanowner)) FROM pg_language
  WHERE lanname <> 'internal'
  UNION ALL
  SELECT 'the database', coalesce(datacl, acldefault('d', datdba)) FROM pg_database WHERE datname = current_database()
  UNION ALL
  SELECT 'foreign data wrapper ' || quote_ident(fdwname), coalesce(fdwacl, acldefault('F', fdwowner)) FROM pg_foreign_data_wrapper
  WHERE NOT MEMBER('pg_foreign_data_wrapper'::regclass, pg_foreign_data_wrapper.oid)
  UNION ALL
  SELECT 'server ' || quote_ident(srvname), coalesce(srvacl, acldefault('S', srvowner)) FROM pg_foreign_server
  WHERE NOT MEMBER('pg_foreign_server'::regclass, pg_foreign_server.oid)
  UNION ALL
  SELECT 'tablespace ' || quote_ident(spcname), coalesce(spcacl, acldefault('t', spcowner)) FROM pg_tablespace
  WHERE oid >= 16384
  UNION ALL
  SELECT 'large object ' || oid, coalesce(lomacl, acldefault('L', lomowner)) FROM pg_largeobject_metadata
) AS subject (name, acl)
CROSS JOIN aclexplode(subject.acl) AS item
GROUP BY item.privilege_type, subject.name, item.grantee",
    },
    Question {
        about: "grants on parameters",
        since: 15,
        sql: "
SELECT 'grant', format('%s on parameter %s to %s', item.privilege_type, parname,
                       CASE item.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(item.grantee)) END),
       NULL::text, NULL::text, ARRAY['with grant option'::text, bool_or(item.is_grantable)::text]
FROM pg_parameter_acl CROSS JOIN aclexplode(paracl) AS item
GROUP BY item.privilege_type, parname, item.grantee",
    },
    Question {
        about: "default privileges",
        since: 0,
        sql: "
SELECT 'default privilege', format('%s on %s of %s%s to %s', item.privilege_type,
         CASE subject.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                    WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects' ELSE subject.defaclobjtype::text END,
         quote_ident(pg_get_userbyid(subject.defaclrole)),
         CASE subject.defaclnamespace WHEN 0 THEN '' ELSE ' in ' || subject.defaclnamespace::regnamespace END,
         CASE item.grantee WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(item.grantee)) END),
       NULL::text, NULL::text, ARRAY['with grant option'::text, bool_or(item.is_grantable)::text]
FROM pg_default_acl AS subject CROSS JOIN aclexplode(subject.defaclacl) AS item
GROUP BY subject.oid, subject.defaclobjtype, subject.defaclrole, subject.defaclnamespace, item.privilege_type, item.grantee",
    },
];
