//! The role that checks connect as.

/// Name of the role that checks connect as.
pub const CHECK_ROLE: &str = "drillyard_check";

/// SQL that makes the role for checks, to be run once per sandbox by a superuser, in any database, after the restore.
///
/// It may be run again, and it trusts nothing: a backup may have brought a role of that name along as a superuser,
/// with memberships and settings. The role reads everything and may do nothing else: no membership but
/// `pg_read_all_data` (PostgreSQL 14 and later), which it must inherit; `BYPASSRLS`, without which a table with
/// row-level security looks empty; settings of its own, which win over `ALTER DATABASE … SET`.
pub fn prepare_role_sql() -> &'static str {
    PREPARE
}

const PREPARE: &str = r"
SET search_path = pg_catalog, pg_temp;
DO $drillyard$
DECLARE
    found record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'drillyard_check') THEN
        CREATE ROLE drillyard_check;
    END IF;
    ALTER ROLE drillyard_check WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION INHERIT BYPASSRLS
        CONNECTION LIMIT -1 PASSWORD NULL VALID UNTIL 'infinity';

    FOR found IN
        SELECT granted.rolname AS role, grantor.rolname AS grantor
        FROM pg_catalog.pg_auth_members AS membership
        JOIN pg_catalog.pg_roles AS granted ON granted.oid = membership.roleid
        JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
        JOIN pg_catalog.pg_roles AS grantor ON grantor.oid = membership.grantor
        WHERE member.rolname = 'drillyard_check'
    LOOP
        EXECUTE pg_catalog.format('REVOKE %I FROM drillyard_check GRANTED BY %I CASCADE', found.role, found.grantor);
    END LOOP;
    GRANT pg_read_all_data TO drillyard_check;

    ALTER ROLE drillyard_check RESET ALL;
    FOR found IN SELECT datname FROM pg_catalog.pg_database WHERE datallowconn LOOP
        EXECUTE pg_catalog.format('ALTER ROLE drillyard_check IN DATABASE %I RESET ALL', found.datname);
        EXECUTE pg_catalog.format('GRANT CONNECT ON DATABASE %I TO drillyard_check', found.datname);
    END LOOP;
    ALTER ROLE drillyard_check SET role = 'none';
    ALTER ROLE drillyard_check SET default_transaction_read_only = on;
    ALTER ROLE drillyard_check SET client_min_messages = error;
    -- They run from a statement's or transaction's begin, before a session of ours could lift them.
    ALTER ROLE drillyard_check SET statement_timeout = 0;
    ALTER ROLE drillyard_check SET idle_in_transaction_session_timeout = 0;
    ALTER ROLE drillyard_check SET idle_session_timeout = 0;
    -- SET … = '' would mean a library whose name is empty.
    PERFORM pg_catalog.set_config('session_preload_libraries', '', true);
    PERFORM pg_catalog.set_config('local_preload_libraries', '', true);
    ALTER ROLE drillyard_check SET session_preload_libraries FROM CURRENT;
    ALTER ROLE drillyard_check SET local_preload_libraries FROM CURRENT;
    IF pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000 THEN
        -- Else a login trigger of the backup's would run before the first statement of ours.
        EXECUTE 'ALTER ROLE drillyard_check SET event_triggers = off';
        EXECUTE 'ALTER ROLE drillyard_check SET transaction_timeout = 0';
    END IF;
END
$drillyard$;
RESET search_path;
";

/// SQL that makes a role for checks on a temporary instance of RDS, where nobody is a superuser: a role of this run's
/// own, so that nothing of that name has come along, whose password is given as the verifier that the server keeps, so
/// that no log can show it (`SCRAM-SHA-256$…`). `role` needs no quotes.
///
/// Looking behind row-level security is asked for and may be refused; then [`UNSEEN_ROWS`] says whether it matters.
pub fn make_role_sql(role: &str, verifier: &str) -> String {
    format!(
        r"
SET search_path = pg_catalog, pg_temp;
DO $drillyard$
BEGIN
    CREATE ROLE {role} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION INHERIT PASSWORD '{verifier}';
    GRANT pg_read_all_data TO {role};
    BEGIN
        ALTER ROLE {role} BYPASSRLS;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;
    ALTER ROLE {role} SET default_transaction_read_only = on;
    ALTER ROLE {role} SET client_min_messages = error;
    ALTER ROLE {role} SET statement_timeout = 0;
END
$drillyard$;
"
    )
}

/// One row: whether some table has row-level security that the role of this session can't look behind. Such a table is
/// an error to it, because `row_security` is off, and never an empty one.
pub const UNSEEN_ROWS: &str =
    "SELECT NOT rolbypassrls AND EXISTS (SELECT FROM pg_catalog.pg_class WHERE relrowsecurity)
    FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER";
