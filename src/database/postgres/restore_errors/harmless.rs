//! The built-in list of harmless errors, each with its reason. It is strict: what is not here is fatal, and a drill can
//! add its own by `restore.allow_errors`. Seen on PostgreSQL 15 and 17 (`tests/transcripts`, 2026-11-21).

use super::{Met, Rules};

/// Settings that `pg_dump` writes at the head of every dump, with the first major version that knows them. Restoring
/// does without: they only switch limits of the session off.
const PREAMBLE: [(&str, u16); 5] = [
    ("lock_timeout", 9),
    ("row_security", 9),
    ("idle_in_transaction_session_timeout", 9),
    ("idle_session_timeout", 14),
    ("transaction_timeout", 17),
];

/// Settings that a dump of an older server may write and that newer ones have dropped, with the first major version
/// without them. Both only say what is the default since.
const DROPPED: [(&str, u16); 1] = [("default_with_oids", 12)];

/// What the sandbox needs while a dump would drop it.
const IN_USE: [&str; 2] =
    ["current user cannot be dropped", r#"database "postgres" is being accessed by other users"#];

/// Why an error is harmless; `None` where it is not.
pub(super) fn reason(met: &Met, rules: &Rules<'_>) -> Option<&'static str> {
    let message = met.message.as_str();
    match met.sqlstate.as_str() {
        "42P06" if message == r#"schema "public" already exists"# => Some("every new database has it"),
        "42710" if message == r#"extension "plpgsql" already exists"# => Some("every new database has it"),
        "42710" if message == r#"language "plpgsql" already exists"# => Some("every new database has it"),
        "42710" if message == r#"role "postgres" already exists"# => Some("the sandbox has it"),
        "42P04" if message == r#"database "postgres" already exists"# => Some("the sandbox has it"),
        "42704" if is_setting(message, rules.server_major.0) => {
            Some("a setting of pg_dump's preamble that this major version does not know")
        }
        "42704" | "22023" if is_missing(message, "role") && rules.roles_ignored => {
            Some("roles are ignored; ownership and grants are not verified")
        }
        "42704" if message == r#"role "rdsadmin" does not exist"# => {
            Some("a role of Amazon RDS, which exists there only")
        }
        "42P01" | "42704" if is_dropped(message) => {
            Some("the dump drops what is not there before it makes it")
        }
        "42P01" | "42704" | "42883" | "3F000" | "3D000" if rules.drops.contains(met.line) => {
            Some("the dump drops what is not there before it makes it")
        }
        // pg_dumpall --clean
        "55006" if rules.drops.contains(met.line) && IN_USE.contains(&message) => {
            Some("the sandbox itself uses it")
        }
        _ => None,
    }
}

fn is_setting(message: &str, major: u16) -> bool {
    let name =
        message.strip_prefix("unrecognized configuration parameter \"").and_then(|m| m.strip_suffix('"'));
    name.is_some_and(|name| {
        PREAMBLE.iter().any(|(known, since)| *known == name && major < *since)
            || DROPPED.iter().any(|(known, until)| *known == name && major >= *until)
    })
}

fn is_missing(message: &str, kind: &str) -> bool {
    let rest = message.strip_prefix(kind).and_then(|rest| rest.strip_prefix(" \""));
    rest.is_some_and(|rest| rest.ends_with("\" does not exist"))
}

/// Only DROP names the kind of a relation that it misses; every other command says `relation`.
fn is_dropped(message: &str) -> bool {
    const KINDS: [&str; 6] = ["table", "view", "materialized view", "sequence", "foreign table", "index"];
    KINDS.iter().any(|kind| is_missing(message, kind))
}
