//! The database itself, schemas, extensions, roles, comments, large objects' owners.

use super::Question;

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        about: "the database",
        since: 0,
        sql: "
SELECT 'database', '(itself)', NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(datdba), 'encoding', pg_encoding_to_char(encoding), 'collation', datcollate,
             'character type', datctype, 'connection limit', datconnlimit::text,
             'allows connections', datallowconn::text, 'is a template', datistemplate::text,
             'tablespace', (SELECT spcname::text FROM pg_tablespace WHERE oid = dattablespace)]
FROM pg_database WHERE datname = current_database()",
    },
    Question {
        about: "settings",
        since: 0,
        // One with a dot is an application's, and may be its secret.
        sql: "
SELECT 'setting',
       split_part(setting, '=', 1)
         || CASE WHEN scope.setrole = 0 THEN '' ELSE ' of ' || quote_ident(pg_get_userbyid(scope.setrole)) END
         || CASE WHEN scope.setdatabase = 0 THEN ' in every database' ELSE '' END,
       NULL::text, NULL::text,
       CASE WHEN strpos(split_part(setting, '=', 1), '.') > 0
            THEN ARRAY['~value'::text, md5(substr(setting, strpos(setting, '=') + 1))]
            ELSE ARRAY['value'::text, substr(setting, strpos(setting, '=') + 1)] END
FROM pg_db_role_setting AS scope CROSS JOIN unnest(scope.setconfig) AS setting
WHERE (scope.setdatabase = 0 OR scope.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND (scope.setrole = 0 OR pg_get_userbyid(scope.setrole) <> 'drillyard_check')",
    },
    Question {
        about: "roles",
        since: 0,
        sql: "
SELECT 'role', quote_ident(rolname), NULL::text, NULL::text,
       ARRAY['superuser'::text, rolsuper::text, 'inherits', rolinherit::text, 'creates roles', rolcreaterole::text,
             'creates databases', rolcreatedb::text, 'logs in', rolcanlogin::text, 'replicates', rolreplication::text,
             'bypasses row security', rolbypassrls::text, 'connection limit', rolconnlimit::text,
             'valid until', rolvaliduntil::text]
FROM pg_roles WHERE oid >= 16384 AND rolname <> 'drillyard_check'",
    },
    Question {
        about: "memberships",
        since: 0,
        sql: "
SELECT 'membership', quote_ident(member.rolname) || ' in ' || quote_ident(role.rolname), NULL::text, NULL::text,
       ARRAY['admin'::text, bool_or(membership.admin_option)::text,
             'inherits', bool_or((to_jsonb(membership) ->> 'inherit_option')::bool)::text,
             'sets', bool_or((to_jsonb(membership) ->> 'set_option')::bool)::text]
FROM pg_auth_members AS membership
JOIN pg_roles AS member ON member.oid = membership.member JOIN pg_roles AS role ON role.oid = membership.roleid
WHERE member.oid >= 16384 AND member.rolname <> 'drillyard_check'
GROUP BY member.rolname, role.rolname",
    },
    Question {
        about: "schemas",
        since: 0,
        sql: "
SELECT 'schema', quote_ident(nspname), NULL::text, NULL::text, ARRAY['owner'::text, pg_get_userbyid(nspowner)]
FROM pg_namespace
WHERE (oid >= 16384 OR nspname = 'public') AND nspname !~ '^pg_(toast_)?temp_'
  AND NOT MEMBER('pg_namespace'::regclass, pg_namespace.oid)",
    },
    Question {
        about: "extensions",
        since: 0,
        sql: "
SELECT 'extension', quote_ident(extname), NULL::text, NULL::text,
       ARRAY['version'::text, extversion, 'schema', extnamespace::regnamespace::text, 'owner', pg_get_userbyid(extowner)]
FROM pg_extension",
    },
    Question {
        about: "comments",
        since: 0,
        sql: "
SELECT 'comment', pg_describe_object(classoid, objoid, objsubid), schema.nspname::text, relation.relname::text,
       ARRAY['text'::text, description]
FROM pg_description
LEFT JOIN pg_class AS relation ON classoid = 'pg_class'::regclass AND relation.oid = objoid
LEFT JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE (objoid >= 16384 OR classoid = 'pg_namespace'::regclass AND objoid = 'public'::regnamespace)
  AND NOT MEMBER(pg_description.classoid, pg_description.objoid)
UNION ALL
SELECT 'comment', 'the database', NULL, NULL, ARRAY['text'::text, description]
FROM pg_shdescription
WHERE classoid = 'pg_database'::regclass AND objoid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    },
    Question {
        about: "security labels",
        since: 0,
        sql: "
SELECT 'security label', provider || ' on ' || pg_describe_object(classoid, objoid, objsubid), NULL::text, NULL::text,
       ARRAY['label'::text, label]
FROM pg_seclabel WHERE objoid >= 16384",
    },
    Question {
        about: "owners of large objects",
        since: 0,
        sql: "
SELECT 'large object', oid::text, NULL::text, NULL::text, ARRAY['owner'::text, pg_get_userbyid(lomowner)]
FROM pg_largeobject_metadata",
    },
    Question {
        about: "languages",
        since: 0,
        sql: "
SELECT 'language', quote_ident(lanname), NULL::text, NULL::text,
       ARRAY['owner'::text, pg_get_userbyid(lanowner), 'trusted', lanpltrusted::text,
             'handler', nullif(lanplcallfoid, 0)::regprocedure::text, 'inline', nullif(laninline, 0)::regprocedure::text,
             'validator', nullif(lanvalidator, 0)::regprocedure::text]
FROM pg_language WHERE oid >= 16384 AND NOT MEMBER('pg_language'::regclass, pg_language.oid)",
    },
];
