//! What the errors of a restore mean: harmless, allowed, following from another, or fatal and why.
//!
//! The server's log is the truth for how many errors there were and of which SQLSTATE; the client's transcript names
//! the objects, by the text of the message, and adds what the server never saw. A line that a dump forges in the
//! transcript can add an error, and can misname one, but hides none (2026-11-21).
//!
//! `pg_restore`'s exit code is not asked: it is 1 both for `schema "public" already exists` and for lost rows.

mod cause;
mod drops;
mod follows;
mod group;
mod harmless;
mod pair;
mod verdict;

pub use cause::{hint as hint_of, reason as reason_of};
pub use drops::{DropLines, DropScanner};
pub use verdict::{Judgement, verdict_of};

use self::follows::History;
use crate::database::postgres::redact::redact;
use crate::database::postgres::transcript::Transcript;
use crate::model::event::{RestoreErrorClass, RestoreErrors};
use crate::model::{MajorVersion, Reason};

/// An error as the server's own log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// Five characters.
    pub sqlstate: String,
    /// First line of the message. May hold values of rows.
    pub message: String,
}

/// An error that the drill accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedError {
    /// Five characters.
    pub sqlstate: String,
    /// The object as the record prints it, `SCHEMA public`; `None` allows any.
    pub object: Option<String>,
    /// Why it is harmless here.
    pub reason: String,
}

/// What the classification depends on.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Major version of the sandbox.
    pub server_major: MajorVersion,
    /// The drill's own list.
    pub allowed: &'a [AllowedError],
    /// Whether the drill says `restore.roles: ignore`.
    pub roles_ignored: bool,
    /// Lines of a plain dump that drop what is to be made anew; empty for an archive.
    pub drops: &'a DropLines,
    /// Whether nobody said which version the dump is of: the sandbox's may not know its syntax.
    pub version_guessed: bool,
}

/// One error with everything that is known of it.
#[derive(Debug, Clone)]
struct Met {
    sqlstate: String,
    message: String,
    object: String,
    line: Option<u64>,
}

/// Classifies the errors of a restore: alike ones are counted together, in the order of their first, in at most 201
/// groups.
pub fn classify(server: &[ServerError], transcript: &Transcript, rules: &Rules<'_>) -> Vec<RestoreErrors> {
    let mut history = History::new(transcript.client_failure.as_ref());
    let mut groups = group::Groups::default();
    for met in pair::pair(server, transcript) {
        let class = class_of(&met, rules, &mut history);
        groups.add(&met, redact(&met.sqlstate, &met.message), class);
    }
    if transcript.further_errors > 0 && server.is_empty() {
        groups.add_further(transcript.further_errors);
    }
    groups.finish()
}

fn class_of(met: &Met, rules: &Rules<'_>, history: &mut History) -> RestoreErrorClass {
    if let Some(reason) = harmless::reason(met, rules) {
        return RestoreErrorClass::Harmless(reason.to_owned());
    }
    let allows = |allowed: &&AllowedError| {
        allowed.sqlstate == met.sqlstate && allowed.object.as_ref().is_none_or(|object| *object == met.object)
    };
    if let Some(allowed) = rules.allowed.iter().find(allows) {
        return RestoreErrorClass::Allowed(allowed.reason.clone());
    }
    let reason = match cause::reason(&met.sqlstate, &met.message) {
        Reason::RestoreFailed if rules.version_guessed && cause::is_newer_syntax(met) => Reason::Version,
        reason => reason,
    };
    if let Some(root) = history.root_of(met, reason) {
        history.followed(met, &root);
        return RestoreErrorClass::Follows(root);
    }
    history.failed(met, reason);
    RestoreErrorClass::Fatal(reason)
}

/// Whether the sandbox, not the backup, is what such an error tells of.
fn sandbox_made(reason: Reason) -> bool {
    reason.verdict() == crate::model::Verdict::Errored
}

#[cfg(test)]
mod tests;
