//! Labels and values: the run, its backup, its sandbox, its clean-up.

use super::{CleanUp, Fact, StopRow, Tone};
use crate::model::event::BackupRead;
use crate::model::{Durability, InstanceFacts, SandboxFacts};
use crate::record::sentence::duration;
use crate::record::visible::{clipped, visible};
use crate::record::words;
use crate::record::{Conclusion, RunRecord};

/// Settings and the parts of a profile are words of ours; there are many.
const LONGEST_LIST: usize = 1000;

fn fact(label: &'static str, value: impl Into<String>) -> Fact {
    Fact { label, value: value.into(), link: None }
}

/// Keeps the facts that are known.
fn known(facts: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Vec<Fact> {
    facts.into_iter().filter_map(|(label, value)| Some(fact(label, value?))).collect()
}

pub(super) fn about(record: &RunRecord) -> Vec<Fact> {
    let opening = &record.opening;
    let started = words::instant(opening.started_at);
    let definition = visible(&words::short_digest(&opening.definition_sha256));
    let took = match record.finished_at() {
        Some(_) if record.phases.is_empty() => format!("never; written down {started}"),
        Some(_) => format!(
            "{started}, {}, took {}",
            words::trigger(opening.trigger),
            duration(record.last.elapsed())
        ),
        None => format!("{started}, {}, its end is not recorded", words::trigger(opening.trigger)),
    };
    let owner: Vec<String> =
        [&opening.owner, &opening.contact].into_iter().flatten().map(|who| visible(who)).collect();
    let labels: Vec<String> = opening.labels.iter().map(|(k, v)| visible(&format!("{k}={v}"))).collect();
    let mut facts = known([
        (
            "drill",
            Some(format!("{} for service {}", visible(opening.drill.as_str()), visible(&opening.service))),
        ),
        ("due", opening.due.as_ref().map(words::due)),
        ("started", Some(took)),
        ("owner", (!owner.is_empty()).then(|| owner.join(", "))),
        ("runbook", opening.runbook.as_deref().map(visible)),
        ("next run", opening.next_due_at.map(words::instant)),
        ("labels", (!labels.is_empty()).then(|| labels.join(", "))),
        (
            "definition",
            Some(format!("sha256 {definition}, run by drillyard {}", visible(&opening.drillyard_version))),
        ),
    ]);
    for fact in facts.iter_mut().filter(|fact| fact.label == "runbook") {
        fact.link = runbook_link(record);
    }
    facts
}

/// A runbook that a browser may follow; `javascript:` and its kin stay text.
pub(in crate::report) fn runbook_link(record: &RunRecord) -> Option<String> {
    let runbook = record.opening.runbook.as_deref()?;
    let web = ["https://", "http://"].iter().any(|scheme| runbook.starts_with(scheme));
    let plain = runbook.chars().all(|c| c.is_ascii_graphic());
    (web && plain).then(|| runbook.to_owned())
}

pub(super) fn stop(record: &RunRecord, conclusion: &Conclusion) -> Option<StopRow> {
    let stop = record.stop.as_ref()?;
    let place = stop.phase.map_or_else(String::new, |phase| format!(" in {phase}"));
    let told = conclusion.sentence.contains(stop.detail.trim_end_matches('.'));
    Some(StopRow {
        heading: format!("Stopped{place}: {}", stop.reason.meaning()),
        detail: (!told && !stop.detail.is_empty()).then(|| clipped(&stop.detail, 1000)),
        hint: stop.hint.as_deref().map(|hint| clipped(hint, 1000)),
    })
}

pub(super) fn backup(record: &RunRecord) -> Vec<Fact> {
    let Some(chosen) = &record.chosen else { return vec![fact("backup", "none was chosen")] };
    let read = record.read.as_ref();
    let listed = chosen.candidate.size_bytes;
    let by_hand = if chosen.chosen_by_hand { ", chosen by a person" } else { "" };
    let size = read.map_or(listed, |read| read.size_bytes);
    let skipped: Vec<String> =
        chosen.skipped.iter().map(|one| format!("{} ({})", visible(&one.id), words::skip(one.why))).collect();
    known([
        ("backup", Some(format!("{}{by_hand}", visible(&chosen.candidate.id)))),
        ("from", Some(format!("{} {}", visible(&chosen.source), visible(&chosen.location)))),
        ("modified", Some(words::instant(chosen.candidate.modified_at))),
        ("dump began", read.and_then(began)),
        ("size", Some(format!("{} ({} bytes)", words::bytes(size), words::count(size)))),
        ("sha256", read.and_then(|read| read.sha256.as_deref()).map(|d| visible(&words::short_digest(d)))),
        ("format", read.map(format)),
        ("server", read.and_then(|read| read.header.server_version.as_ref()).map(|v| visible(&v.number))),
        ("passed over", (!skipped.is_empty()).then(|| skipped.join(", "))),
    ])
}

fn began(read: &BackupRead) -> Option<String> {
    let note = read.started_at_note.as_deref().map(visible);
    match (read.started_at, note) {
        (Some(at), Some(note)) => Some(format!("{} ({note})", words::instant(at))),
        (Some(at), None) => Some(words::instant(at)),
        (None, note) => note,
    }
}

fn format(read: &BackupRead) -> String {
    use crate::model::Compression::{Bzip2, Gzip, Lz4, None, Xz, Zstd};
    let wrapped = match read.compression {
        None => return read.format.to_string(),
        Gzip => "gzip",
        Zstd => "zstd",
        Lz4 => "lz4",
        Xz => "xz",
        Bzip2 => "bzip2",
    };
    format!("{} in {wrapped}", read.format)
}

pub(super) fn sandbox(record: &RunRecord) -> Vec<Fact> {
    let mut facts = record.instance.as_ref().map_or_else(Vec::new, instance);
    match &record.sandbox {
        Some(sandbox) => facts.extend(container(sandbox)),
        None if record.asks_the_instance() && record.instance.is_some() => {}
        None => facts.push(fact("sandbox", "none was inspected")),
    }
    facts
}

fn instance(facts: &InstanceFacts) -> Vec<Fact> {
    let what = format!("{} ({}), {}", facts.name, facts.resource_id, facts.class);
    known([
        ("rds instance", Some(visible(&what))),
        ("its server", Some(visible(&facts.server_version))),
        ("its profile", Some(visible(&facts.profile.join(", ")))),
    ])
}

fn container(facts: &SandboxFacts) -> Vec<Fact> {
    let durability = match facts.durability {
        Durability::Production => "as in production (fsync on)",
        Durability::Relaxed => "relaxed (fsync off)",
    };
    let cpus = words::cpus(facts.milli_cpus);
    let list = |items: &[String]| (!items.is_empty()).then(|| clipped(&items.join(", "), LONGEST_LIST));
    known([
        (
            "image",
            Some(format!(
                "{} ({})",
                visible(&facts.image),
                visible(&words::short_digest(&facts.image_digest))
            )),
        ),
        ("server", Some(visible(&facts.server_version))),
        ("limits", Some(format!("{} memory, {cpus} processors", words::bytes(facts.memory_bytes)))),
        ("durability", Some(durability.to_owned())),
        ("profile", list(&facts.profile)),
        ("settings", list(&facts.settings)),
        ("engine", Some(visible(&facts.engine))),
    ])
}

pub(super) fn cleanup(record: &RunRecord) -> CleanUp {
    let Some(cleanup) = &record.cleanup else { return unknown_cleanup(record) };
    let leftovers = cleanup.leftovers.iter().map(|what| visible(what));
    let kept = cleanup.kept.iter();
    let kept = kept.map(|k| {
        format!("kept on purpose: {} until {}", visible(&k.effect.to_string()), words::instant(k.until))
    });
    if record.phases.is_empty() && cleanup.kept.is_empty() && !record.leaked() {
        let sentence = "Nothing was started, so there was nothing to remove.".to_owned();
        return CleanUp { tone: Tone::Good, sentence, items: Vec::new() };
    }
    let late = if cleanup.late { " A later sweep did it, not the run itself." } else { "" };
    let (tone, sentence) = match (record.leaked(), cleanup.kept.is_empty()) {
        (true, _) => (Tone::Bad, "LEAKED: something of this run may still be there.".to_owned()),
        (false, true) => {
            (Tone::Good, format!("Proven: a listing after the teardown found nothing of this run.{late}"))
        }
        (false, false) => (
            Tone::Good,
            format!("Proven: a listing after the teardown found only what is kept on purpose.{late}"),
        ),
    };
    CleanUp { tone, sentence, items: leftovers.chain(kept).collect() }
}

fn unknown_cleanup(record: &RunRecord) -> CleanUp {
    CleanUp {
        tone: Tone::Unsure,
        sentence: "Unknown: the run has not told its clean-up. `drillyard sweep` removes what it left."
            .to_owned(),
        items: record.outstanding.iter().map(|effect| visible(&effect.to_string())).collect(),
    }
}
