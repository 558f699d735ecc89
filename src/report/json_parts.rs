//! The larger parts of a run's JSON: backup, sandbox, stop, errors of the restore, clean-up.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::event::{self, RestoreErrorClass, RestoreErrors};
use crate::model::{Compression, Durability, InstanceFacts, NotComparable, Phase, Reason, SkippedCandidate};
use crate::record::RunRecord;

/// The backup; all `null` with a basis where none was chosen.
#[derive(Serialize)]
pub(super) struct Backup<'a> {
    id: Option<&'a str>,
    basis: Option<&'static str>,
    source: Option<&'a str>,
    location: Option<&'a str>,
    size_bytes: Option<u64>,
    modified_at: Option<Timestamp>,
    sha256: Option<&'a str>,
    format: Option<&'static str>,
    compression: Option<Compression>,
    server_version: Option<&'a str>,
    pg_dump_version: Option<&'a str>,
    database: Option<&'a str>,
    started_at: Option<Timestamp>,
    started_at_note: Option<&'a str>,
    chosen_by_hand: Option<bool>,
    candidates: Option<usize>,
    skipped: &'a [SkippedCandidate],
}

impl<'a> Backup<'a> {
    pub(super) fn of(record: &'a RunRecord) -> Self {
        let (chosen, read) = (record.chosen.as_ref(), record.read.as_ref());
        let header = read.map(|read| &read.header);
        let version = |version: Option<&'a crate::model::ServerVersion>| version.map(|v| v.number.as_str());
        let basis = match (chosen, read) {
            (None, _) => Some("no backup was chosen"),
            (Some(_), None) => Some("the backup was not read"),
            (Some(_), Some(_)) => None,
        };
        let listed_size = chosen.map(|chosen| chosen.candidate.size_bytes);
        Self {
            id: chosen.map(|chosen| chosen.candidate.id.as_str()),
            basis,
            source: chosen.map(|chosen| chosen.source.as_str()),
            location: chosen.map(|chosen| chosen.location.as_str()),
            size_bytes: read.map(|read| read.size_bytes).or(listed_size),
            modified_at: chosen.map(|chosen| chosen.candidate.modified_at),
            sha256: read.and_then(|read| read.sha256.as_deref()),
            format: read.map(|read| read.format.word()),
            compression: read.map(|read| read.compression),
            server_version: version(header.and_then(|header| header.server_version.as_ref())),
            pg_dump_version: version(header.and_then(|header| header.pg_dump_version.as_ref())),
            database: header.and_then(|header| header.database.as_deref()),
            started_at: read.and_then(|read| read.started_at),
            started_at_note: read.and_then(|read| read.started_at_note.as_deref()),
            chosen_by_hand: chosen.map(|chosen| chosen.chosen_by_hand),
            candidates: chosen.map(|chosen| chosen.listing.len()),
            skipped: chosen.map_or(&[], |chosen| &chosen.skipped),
        }
    }
}

/// The sandbox as it was inspected; all `null` with a basis where there was none.
#[derive(Serialize)]
pub(super) struct Sandbox<'a> {
    image: Option<&'a str>,
    basis: Option<&'static str>,
    image_digest: Option<&'a str>,
    container: Option<&'a str>,
    server_version: Option<&'a str>,
    engine: Option<&'a str>,
    durability: Option<Durability>,
    memory_bytes: Option<u64>,
    milli_cpus: Option<u64>,
    profile: &'a [String],
    settings: &'a [String],
    instance: Option<&'a InstanceFacts>,
    not_comparable: &'a [NotComparable],
}

impl<'a> Sandbox<'a> {
    pub(super) fn of(record: &'a RunRecord) -> Self {
        let facts = record.sandbox.as_ref();
        Self {
            image: facts.map(|facts| facts.image.as_str()),
            basis: match facts {
                Some(_) => None,
                None if record.asks_the_instance() => Some("no container: the temporary instance is asked"),
                None => Some("no sandbox was inspected"),
            },
            image_digest: facts.map(|facts| facts.image_digest.as_str()),
            container: facts.map(|facts| facts.container.as_str()),
            server_version: facts.map(|facts| facts.server_version.as_str()),
            engine: facts.map(|facts| facts.engine.as_str()),
            durability: facts.map(|facts| facts.durability),
            memory_bytes: facts.map(|facts| facts.memory_bytes),
            milli_cpus: facts.map(|facts| facts.milli_cpus),
            profile: facts.map_or(&[], |facts| &facts.profile),
            settings: facts.map_or(&[], |facts| &facts.settings),
            instance: record.instance.as_ref(),
            not_comparable: &record.not_comparable,
        }
    }
}

/// Why the run stopped before its end.
#[derive(Serialize)]
pub(super) struct Stop<'a> {
    reason: Reason,
    phase: Option<Phase>,
    detail: &'a str,
    hint: Option<&'a str>,
}

impl<'a> Stop<'a> {
    pub(super) fn of(stop: &'a event::Stop) -> Self {
        Self { reason: stop.reason, phase: stop.phase, detail: &stop.detail, hint: stop.hint.as_deref() }
    }
}

/// Errors of the restore that are alike; `why` is the reason of the class.
#[derive(Serialize)]
pub(super) struct RestoreError<'a> {
    class: &'static str,
    why: &'a str,
    sqlstate: &'a str,
    object: &'a str,
    message: &'a str,
    count: u64,
}

impl<'a> RestoreError<'a> {
    pub(super) fn of(errors: &'a RestoreErrors) -> Self {
        let (class, why) = match &errors.class {
            RestoreErrorClass::Harmless(why) => ("harmless", why.as_str()),
            RestoreErrorClass::Allowed(why) => ("allowed", why.as_str()),
            RestoreErrorClass::Follows(why) => ("follows", why.as_str()),
            RestoreErrorClass::Fatal(reason) => ("fatal", reason.word()),
        };
        let RestoreErrors { sqlstate, object, message, count, .. } = errors;
        Self { class, why, sqlstate, object, message, count: *count }
    }
}

/// What the listing after the teardown found. `proven` is `null` where the run never came to it.
#[derive(Serialize)]
pub(super) struct CleanUp<'a> {
    proven: Option<bool>,
    basis: Option<&'static str>,
    leftovers: &'a [String],
    kept: Vec<Kept>,
    late: Option<bool>,
    outstanding: Vec<String>,
}

#[derive(Serialize)]
struct Kept {
    what: String,
    until: Timestamp,
}

impl<'a> CleanUp<'a> {
    pub(super) fn of(record: &'a RunRecord) -> Self {
        let cleanup = record.cleanup.as_ref();
        let kept = cleanup.map_or(&[][..], |cleanup| &cleanup.kept);
        Self {
            proven: cleanup.map(|cleanup| cleanup.proven),
            basis: cleanup.is_none().then_some("the run has not told its clean-up"),
            leftovers: cleanup.map_or(&[], |cleanup| &cleanup.leftovers),
            kept: kept.iter().map(|kept| Kept { what: kept.effect.to_string(), until: kept.until }).collect(),
            late: cleanup.map(|cleanup| cleanup.late),
            outstanding: record.outstanding.iter().map(ToString::to_string).collect(),
        }
    }
}
