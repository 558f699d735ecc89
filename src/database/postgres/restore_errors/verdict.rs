//! What all errors together make of the run.

use super::cause;
use crate::database::postgres::transcript::{ClientFailure, MOST_ERRORS};
use crate::model::Reason;
use crate::model::event::{RestoreErrorClass, RestoreErrors};

/// Why the restore did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// From the closed list.
    pub reason: Reason,
    /// What was found. Redacted.
    pub detail: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// Reasons of the sandbox, the one that explains the others first: a server that ran out of memory is lost as well.
const SANDBOX: [Reason; 9] = [
    Reason::SandboxOutOfMemory,
    Reason::DiskFull,
    Reason::ExtensionMissing,
    Reason::LocaleMissing,
    Reason::Version,
    Reason::ImageWrong,
    Reason::SandboxLost,
    Reason::Timeout,
    Reason::Internal,
];

/// Decides over a restore; `None` where nothing fatal was met.
///
/// The rule (2026-11-21): what the client found wrong with the archive itself is the backup's fault, whatever else went
/// wrong, because reading it asks nothing of the server. Else one error that is the backup's and follows from nothing
/// suffices for `restore_failed`: the drill proved a problem. Only where every fatal error is the sandbox's is the run
/// errored: nothing is known against the backup, and nothing for it. Nor is anything known of a restore of whose errors
/// some were not read: one of them may be the fatal one (2026-11-22).
pub fn verdict_of(
    errors: &[RestoreErrors],
    failure: Option<&ClientFailure>,
    unread: u64,
) -> Option<Judgement> {
    let of_archive = [Reason::Truncated, Reason::WrongFormat, Reason::UnpackFailed];
    if let Some(failure) = failure.filter(|failure| of_archive.contains(&failure.reason())) {
        return Some(by_client(failure));
    }
    let fatal = |wanted: Reason| {
        errors.iter().filter(move |error| error.class == RestoreErrorClass::Fatal(wanted)).peekable()
    };
    if fatal(Reason::RestoreFailed).peek().is_some() {
        return Some(by_errors(Reason::RestoreFailed, fatal(Reason::RestoreFailed)));
    }
    let by_sandbox = SANDBOX.into_iter().find_map(|reason| {
        let met = fatal(reason).peek().is_some().then(|| by_errors(reason, fatal(reason)));
        met.or_else(|| failure.filter(|failure| failure.reason() == reason).map(by_client))
    });
    by_sandbox.or_else(|| failure.map(by_client)).or_else(|| (unread > 0).then(|| by_silence(unread)))
}

fn by_silence(unread: u64) -> Judgement {
    Judgement {
        reason: Reason::Internal,
        detail: format!("{unread} errors of the restore were not read, beyond the first {MOST_ERRORS}"),
        hint: Some("make the dump with --clean --if-exists, or without --clean".to_owned()),
    }
}

fn by_client(failure: &ClientFailure) -> Judgement {
    Judgement { reason: failure.reason(), detail: failure.detail(), hint: failure.hint() }
}

/// The first error in full, the others by their number.
fn by_errors<'a>(reason: Reason, errors: impl Iterator<Item = &'a RestoreErrors>) -> Judgement {
    let mut errors = errors.peekable();
    let first = errors.peek().copied();
    let count: u64 = errors.map(|error| error.count).sum();
    let Some(first) = first else {
        return Judgement { reason, detail: reason.meaning().to_owned(), hint: None };
    };
    let place = if first.object.is_empty() { String::new() } else { format!("{}: ", first.object) };
    let others = match count.saturating_sub(1) {
        0 => String::new(),
        1 => ", and one more".to_owned(),
        others => format!(", and {others} more"),
    };
    Judgement {
        reason,
        detail: format!("{place}{} ({}){others}", first.message, first.sqlstate),
        hint: cause::hint(reason, &first.sqlstate, &first.message),
    }
}
