//! Values as a person reads them.

use std::time::Duration;

use bytesize::ByteSize;
use jiff::Timestamp;

use super::sentence::duration;
use crate::model::backup::SkipReason;
use crate::model::event::{Due, RestoreErrorClass, Trigger};
use crate::model::{CheckKind, NotComparable, Outcome};

/// `1 run`, `7 runs`.
pub(crate) fn many(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `1 of 7 checks`, `1 of 1 check`.
pub(crate) fn part(count: usize, of: usize, what: &str) -> String {
    format!("{count} of {}", many(of, what))
}

/// `481.0 MB`, in powers of ten as storage is sold and billed.
pub(crate) fn bytes(bytes: u64) -> String {
    ByteSize(bytes).display().si().to_string()
}

/// `61.6 MB/s`; `None` for what is too short to have a rate.
pub(crate) fn rate(moved: u64, seconds: f64) -> Option<String> {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let per_second = (seconds >= 0.05).then(|| (moved as f64 / seconds) as u64)?;
    Some(format!("{}/s", bytes(per_second)))
}

/// `1.5`, of thousandths of a processor.
pub(crate) fn cpus(milli_cpus: u64) -> String {
    #[expect(clippy::cast_precision_loss)]
    let cpus = milli_cpus as f64 / 1000.0;
    cpus.to_string()
}

/// `2026-11-21 03:30:00 UTC`.
pub(crate) fn instant(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The first 12 digits of a digest, after its algorithm: `sha256:0123456789ab`.
pub(crate) fn short_digest(digest: &str) -> String {
    let (algorithm, digits) = digest.split_once(':').unwrap_or(("", digest));
    let digits: String = digits.chars().take(12).collect();
    if algorithm.is_empty() { digits } else { format!("{algorithm}:{digits}") }
}

/// A count with its thousands grouped: `191,234,567`.
pub(crate) fn count(count: u64) -> String {
    grouped_digits(&count.to_string())
}

/// Groups the counts in an expectation or observation that is nothing but counts: `>= 300000` becomes `>= 300,000`. A
/// text with any other word stays as it is, because its digits may be a SQLSTATE, a year or a line.
pub(crate) fn grouped(text: &str) -> String {
    let words: Option<Vec<String>> = text.split(' ').map(grouped_word).collect();
    words.map_or_else(|| text.to_owned(), |words| words.join(" "))
}

fn grouped_word(word: &str) -> Option<String> {
    if [">=", "<=", "=", "rows", "at", "least", "most", "exactly"].contains(&word) {
        return Some(word.to_owned());
    }
    let count = |n: &str| {
        n.bytes().all(|b| b.is_ascii_digit()) && (n == "0" || !n.starts_with(['0'])) && !n.is_empty()
    };
    let numbers: Vec<&str> = word.split("..").collect();
    let grouped = || numbers.iter().map(|digits| grouped_digits(digits)).collect::<Vec<_>>().join("..");
    numbers.iter().all(|n| count(n)).then(grouped)
}

fn grouped_digits(digits: &str) -> String {
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Errored => "errored",
    }
}

pub(crate) fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Manual => "by hand",
        Trigger::Scheduled => "on schedule",
    }
}

/// `2026-11-21 03:30:00 UTC, waited 12 min 34 s for its turn, attempt 2`.
pub(crate) fn due(due: &Due) -> String {
    let waited = Duration::try_from_secs_f64(due.waited_seconds).ok().filter(|waited| waited.as_secs() > 0);
    let more = [
        waited.map(|waited| format!("waited {} for its turn", duration(waited))),
        (due.attempt > 1).then(|| format!("attempt {}", due.attempt)),
        due.catch_up.then(|| "made up for after the daemon was down".to_owned()),
    ];
    std::iter::once(instant(due.scheduled_at))
        .chain(more.into_iter().flatten())
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a check of this kind asks, for a reader who does not know drill files.
pub(crate) fn kind(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Rows => "number of rows",
        CheckKind::Fresh => "age of the newest row",
        CheckKind::Sql => "query",
        CheckKind::Tables => "tables present",
        CheckKind::ForeignKeys => "foreign keys hold",
        CheckKind::Sequences => "sequences ahead of their columns",
        CheckKind::Expectation => "what a rollback must hold",
    }
}

pub(crate) fn basis(basis: &str) -> &str {
    match basis {
        "modified_time" => "the file's modification time",
        "archive_header" => "archive header",
        "snapshot" => "creation of the snapshot",
        "newest_row" => "newest row seen by a `fresh` check",
        other => other,
    }
}

pub(crate) fn skip(why: SkipReason) -> &'static str {
    match why {
        SkipReason::StillBeingWritten => "still being written",
        SkipReason::UnfinishedName => "its name says unfinished",
        SkipReason::NotARegularFile => "not a regular file",
        SkipReason::Vanished => "vanished",
        SkipReason::NotAvailable => "not available",
    }
}

/// The word of a class and the reason behind it.
pub(crate) fn error_class(class: &RestoreErrorClass) -> (&'static str, &str) {
    match class {
        RestoreErrorClass::Harmless(why) => ("harmless", why),
        RestoreErrorClass::Allowed(why) => ("allowed", why),
        RestoreErrorClass::Follows(why) => ("follows", why),
        RestoreErrorClass::Fatal(reason) => ("fatal", reason.word()),
    }
}

pub(crate) fn not_comparable(why: NotComparable) -> &'static str {
    match why {
        NotComparable::RelaxedDurability => {
            "relaxed durability: fsync and its kin were off, so the restore was faster"
        }
        NotComparable::ImagePulled => {
            "the image was pulled inside the run; its time is subtracted where it stood alone"
        }
        NotComparable::Tmpfs => "the data directory was in memory",
        NotComparable::LazyLoading => {
            "the snapshot's blocks were loaded only as they were read; the time holds that, the start of an instance and, where the checks were asked in a container, a dump and its restore"
        }
        NotComparable::RestoreRepeated => "the restore was repeated; the first try counts in the time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_nothing_else_is() {
        for (raw, shown) in [
            ("300000", "300,000"),
            ("0", "0"),
            (">= 1000000 rows", ">= 1,000,000 rows"),
            ("1000..20000", "1,000..20,000"),
            ("00123456", "00123456"),
            ("1234567.50", "1234567.50"),
            ("column not there (42703)", "column not there (42703)"),
            ("42601 in line 12345", "42601 in line 12345"),
        ] {
            assert_eq!(grouped(raw), shown);
        }
    }

    #[test]
    fn a_rate_needs_time_to_be_one() {
        assert_eq!(rate(191_000_000, 3.1).as_deref(), Some("61.6 MB/s"));
        assert_eq!(rate(191_000_000, 0.0), None);
    }

    #[test]
    fn a_digest_is_shown_by_its_beginning() {
        assert_eq!(short_digest("sha256:0123456789abcdef"), "sha256:0123456789ab");
        assert_eq!(short_digest("0123456789abcdef"), "0123456789ab");
    }
}
