//! What a fatal error makes of the run.

use crate::model::Reason;

/// The server does not understand a statement.
pub(super) const SYNTAX: &str = "42601";

/// What versions brought that may be newer than a guessed one, where a server of an older one stops reading: virtual
/// columns, constraints that nobody enforces, keys without overlaps. Any other word, or a text that ends too early, is
/// damage until it is proven otherwise (2026-11-22).
const NEWER_WORDS: [&str; 3] = ["VIRTUAL", "ENFORCED", "WITHOUT"];

/// Whether a server does not understand a statement that a newer one would.
pub(super) fn is_newer_syntax(met: &super::Met) -> bool {
    let word = met.message.strip_prefix("syntax error at or near \"").and_then(|rest| rest.strip_suffix('"'));
    let is_newer = |word: &str| NEWER_WORDS.iter().any(|newer| newer.eq_ignore_ascii_case(word));
    met.sqlstate == SYNTAX && word.is_some_and(is_newer)
}

/// The reason behind an error that is not harmless: the backup's fault unless it is known to be the sandbox's.
pub fn reason(sqlstate: &str, message: &str) -> Reason {
    match sqlstate {
        "0A000" | "58P01" if extension(message) => Reason::ExtensionMissing,
        "22023" | "42809" | "42704" | "42P17" | "22P02" if locale(message) => Reason::LocaleMissing,
        "53100" => Reason::DiskFull,
        "53200" => Reason::SandboxOutOfMemory,
        "57P01" | "57P02" | "57P03" | "57P05" => Reason::SandboxLost,
        "08006" | "08P01" if lost_client(message) => Reason::SandboxLost,
        "57014" => Reason::Timeout,
        "58030" if message.contains("No space left on device") => Reason::DiskFull,
        "42704" if message == r#"unrecognized configuration parameter "restrict""# => Reason::Version,
        super::pair::UNKNOWN if message.starts_with(r"invalid command \restrict") => Reason::Version,
        super::pair::UNKNOWN if message.starts_with(r"invalid command \unrestrict") => Reason::Version,
        super::pair::UNKNOWN if lost_server(message) => Reason::SandboxLost,
        super::pair::UNKNOWN if message.starts_with("out of memory") => Reason::SandboxOutOfMemory,
        _ => Reason::RestoreFailed,
    }
}

/// What a client says of a server that went away.
fn lost_server(message: &str) -> bool {
    message.starts_with("connection to server") || message.contains("no connection to the server")
}

fn extension(message: &str) -> bool {
    (message.starts_with("extension \"") && message.ends_with("\" is not available"))
        || message.starts_with("could not open extension control file")
        || message.starts_with("could not access file \"$libdir/")
        || message.starts_with("could not load library")
        || (message.starts_with("extension \"") && message.contains("\" has no installation script"))
}

/// A collation that the dump itself makes is missing because its making failed; one of `pg_catalog` comes from the
/// machine.
fn locale(message: &str) -> bool {
    let invalid = message.strip_prefix("invalid ").is_some_and(|rest| {
        let rest =
            rest.strip_prefix("LC_").map_or(rest, |rest| rest.split_once(' ').map_or("", |(_, rest)| rest));
        rest.starts_with("locale name")
    });
    invalid
        || message.starts_with("could not create locale \"")
        || message.starts_with("could not open collator for locale \"")
        || message.starts_with("ICU locale \"")
        || message.starts_with("collation \"pg_catalog.")
        || (message.starts_with("encoding \"") && message.contains("does not match locale"))
}

/// What the server says of a client that went away; it never proves that the server is the one that was lost.
pub(super) fn lost_client(message: &str) -> bool {
    [
        "connection to client lost",
        "unexpected EOF on client connection",
        "terminating connection because protocol synchronization was lost",
        "unexpected message type 0x58 during COPY from stdin",
        "could not receive data from client",
    ]
    .iter()
    .any(|known| message.starts_with(known))
}

/// What to do next about an error, where something can be done. `message` is redacted.
pub fn hint(reason: Reason, sqlstate: &str, message: &str) -> Option<String> {
    let quoted = || message.split('"').nth(1).filter(|name| *name != "…" && !name.is_empty());
    let hint = match reason {
        Reason::ExtensionMissing => match quoted() {
            Some(name) => {
                let name = name.trim_start_matches("$libdir/");
                format!("use an image that has the extension {name}, by sandbox.image")
            }
            None => "use an image that has the extension, by sandbox.image".to_owned(),
        },
        Reason::LocaleMissing => match quoted() {
            Some(name) => format!("use an image that has the locale {name}, by sandbox.image"),
            None => "use an image that has all locales, by sandbox.image".to_owned(),
        },
        Reason::DiskFull => "raise sandbox.disk, or free space on the engine's disk".to_owned(),
        Reason::SandboxOutOfMemory if message == "out of shared memory" => {
            "raise max_locks_per_transaction in restore.settings".to_owned()
        }
        Reason::SandboxOutOfMemory => "raise sandbox.memory, or lower restore.jobs".to_owned(),
        Reason::Version if sqlstate == SYNTAX => {
            "name an image of the version that the dump is of, by sandbox.image".to_owned()
        }
        Reason::Version => "use an image of the newest minor version, by sandbox.image".to_owned(),
        Reason::Timeout => "look for a statement_timeout in restore.settings or in the dump".to_owned(),
        Reason::RestoreFailed if message.contains("tablespace") => {
            "leave restore.no_tablespaces at true, or make the tablespace in the drill".to_owned()
        }
        Reason::RestoreFailed if sqlstate == "42704" && message.starts_with("role ") => {
            "leave restore.roles at create_missing, or name a file of globals".to_owned()
        }
        _ => return None,
    };
    Some(hint)
}
