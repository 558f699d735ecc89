//! What is different from the run before: what a manager would ask first, and what explains a new time.

use std::time::Duration;

use crate::model::{Finding, Outcome, Verdict};
use crate::record::sentence::duration;
use crate::record::standing::NOTABLE;
use crate::record::visible::visible;
use crate::record::words;
use crate::record::{Conclusion, RunRecord};
use crate::report::view::Tone;

use super::subject::cut;

/// A difference from the run before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Better, worse, or neither.
    pub(super) tone: Option<Tone>,
    /// In a sentence without a full stop.
    pub(super) said: String,
}

impl Change {
    /// `worse`, `better`, or nothing.
    pub(super) fn word(&self) -> &'static str {
        match self.tone {
            Some(Tone::Bad) => "worse",
            Some(Tone::Good) => "better",
            _ => "",
        }
    }
}

fn worse(said: impl Into<String>) -> Change {
    Change { tone: Some(Tone::Bad), said: said.into() }
}

fn better(said: impl Into<String>) -> Change {
    Change { tone: Some(Tone::Good), said: said.into() }
}

fn neither(said: impl Into<String>) -> Change {
    Change { tone: None, said: said.into() }
}

/// A run and what it means.
type Run<'a> = (&'a RunRecord, &'a Conclusion);

/// Least difference of two recovery points that is worth a word.
const NOTABLE_AGE: f64 = 600.0;

/// Everything that is different, what got worse first.
pub(super) fn changes(now: Run<'_>, before: Run<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    changes.extend(verdict(now.1, before.1));
    changes.extend(recovery_time(now.1, before.1));
    changes.extend(recovery_point(now.1, before.1));
    changes.extend(checks(now.0, before.0));
    changes.extend(rehearsals(now.0, before.0));
    changes.extend(backup(now, before.0));
    changes.extend(sandbox(now.0, before.0));
    if now.0.opening.definition_sha256 != before.0.opening.definition_sha256 {
        changes.push(neither("The drill's definition was changed"));
    }
    changes.sort_by_key(|change| match change.tone {
        Some(Tone::Bad) => 0,
        Some(_) => 1,
        None => 2,
    });
    changes
}

fn verdict(now: &Conclusion, before: &Conclusion) -> Option<Change> {
    if (now.verdict, now.reason) == (before.verdict, before.reason) {
        return None;
    }
    let told = |conclusion: &Conclusion| match conclusion.reason {
        Some(reason) => format!("{} ({})", conclusion.verdict, reason.meaning()),
        None => conclusion.verdict.to_string(),
    };
    let said = format!("Verdict: {}, after {}", told(now), told(before));
    Some(match (now.verdict, before.verdict) {
        (Verdict::Passed, _) => better(said),
        (_, Verdict::Passed) | (Verdict::Failed, _) => worse(said),
        _ => neither(said),
    })
}

fn recovery_time(now: &Conclusion, before: &Conclusion) -> Option<Change> {
    let (new, old) = (now.clocks.time_to_verified.value?, before.clocks.time_to_verified.value?);
    let (part, slower) = notable(new, old, NOTABLE.1)?;
    let word = if slower { "longer" } else { "shorter" };
    let said = format!("Recovery took {}, {part} {word} than last time ({})", duration(new), duration(old));
    Some(if slower { worse(said) } else { better(said) })
}

fn recovery_point(now: &Conclusion, before: &Conclusion) -> Option<Change> {
    let [new, old] = [now, before].map(|conclusion| conclusion.clocks.recovery_point_age.value);
    match (new, old) {
        (Some(new), Some(old)) => {
            let (_, older) = notable(new, old, NOTABLE_AGE)?;
            let said = format!("The recovery point was {} old, last time {}", duration(new), duration(old));
            Some(if older { worse(said) } else { better(said) })
        }
        (Some(new), None) => {
            Some(better(format!("The recovery point is known again: {} old", duration(new))))
        }
        // A run that read no backup has lost no knowledge; its verdict says what is wrong.
        (None, Some(old)) if matches!(now.verdict, Verdict::Passed | Verdict::Failed) => {
            Some(worse(format!("The recovery point is not known, last time it was {} old", duration(old))))
        }
        _ => None,
    }
}

/// By which part two durations differ, where it is worth a word, and whether the new one is the longer.
fn notable(new: Duration, old: Duration, least: f64) -> Option<(String, bool)> {
    let (new, old) = (new.as_secs_f64(), old.as_secs_f64());
    let part = (new - old).abs() / old.max(f64::MIN_POSITIVE);
    let notable = (new - old).abs() > least && part > NOTABLE.0;
    let shown =
        if part < 1.995 { format!("{:.0} %", part * 100.0) } else { format!("{:.1} times", part + 1.0) };
    notable.then_some((shown, new > old))
}

/// Names that a sentence lists.
const NAMED: usize = 3;

/// `a, b, c and 4 more`.
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| cut(name, 60)).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
}

fn checks(now: &RunRecord, before: &RunRecord) -> Vec<Change> {
    let ended = |record: &RunRecord, wanted: fn(Outcome) -> bool| -> Vec<String> {
        let findings = record.findings_in_order().into_iter();
        findings.filter(|f: &&Finding| wanted(f.outcome)).map(|finding| finding.name.clone()).collect()
    };
    let passed = |outcome| outcome == Outcome::Passed;
    let (good, bad) = (ended(now, passed), ended(now, |outcome| outcome != Outcome::Passed));
    let (was_good, was_bad) = (ended(before, passed), ended(before, |outcome| outcome != Outcome::Passed));
    let both = |one: &[String], other: &[String]| {
        listed(one.iter().filter(|name| other.contains(name)).map(String::as_str))
    };
    let planned = |record: &RunRecord| -> Vec<String> {
        record.opening.checks.iter().map(|check| check.name.clone()).collect()
    };
    let (are, were) = (planned(now), planned(before));
    let without = |one: &[String], other: &[String]| {
        listed(one.iter().filter(|name| !other.contains(name)).map(String::as_str))
    };
    [
        both(&bad, &was_good).map(|names| worse(format!("Passes no longer: {names}"))),
        both(&good, &was_bad).map(|names| better(format!("Passes again: {names}"))),
        without(&were, &are).map(|names| worse(format!("Is not checked any more: {names}"))),
        without(&are, &were).map(|names| neither(format!("Is checked for the first time: {names}"))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn rehearsals(now: &RunRecord, before: &RunRecord) -> Vec<Change> {
    let was = |name: &str| before.rehearsals.iter().find(|rehearsed| rehearsed.name == name);
    let pairs = now.rehearsals.iter().filter_map(|rehearsed| Some((rehearsed, was(&rehearsed.name)?)));
    let changed = pairs.filter_map(|(new, old)| match (new.outcome, old.outcome) {
        (Outcome::Passed, Outcome::Passed) => None,
        (Outcome::Passed, _) => Some(better(format!("The rollback {} works again", cut(&new.name, 60)))),
        (_, Outcome::Passed) => Some(worse(format!("The rollback {} works no longer", cut(&new.name, 60)))),
        _ => None,
    });
    changed.take(NAMED).collect()
}

fn backup(now: Run<'_>, before: &RunRecord) -> Vec<Change> {
    let (now, conclusion) = now;
    let (Some(new), Some(old)) = (&now.chosen, &before.chosen) else { return Vec::new() };
    if new.candidate == old.candidate && !new.chosen_by_hand {
        return same_backup(now, conclusion, before).into_iter().collect();
    }
    let size = |record: &RunRecord, listed| record.read.as_ref().map_or(listed, |read| read.size_bytes);
    let (new, old) = (size(now, new.candidate.size_bytes), size(before, old.candidate.size_bytes));
    let (least, most) = (new.min(old), new.max(old));
    #[expect(clippy::cast_precision_loss)]
    let part = (most - least) as f64 / old.max(1) as f64;
    if part <= NOTABLE.0 {
        return Vec::new();
    }
    let sizes = format!("{}, last time {}", words::bytes(new), words::bytes(old));
    // A backup that shrinks may have lost a part; one that grows explains a longer time.
    vec![if new < old {
        worse(format!("The backup is smaller: {sizes}"))
    } else {
        neither(format!("The backup is larger: {sizes}"))
    }]
}

/// The same backup again is worse only where a newer one should have come: it is older than may be lost, or than the
/// longest time between two backups. Another attempt at the same instant can't know a newer one (2026-11-22).
fn same_backup(now: &RunRecord, conclusion: &Conclusion, before: &RunRecord) -> Option<Change> {
    let instant = |record: &RunRecord| record.opening.due.as_ref().map(|due| due.scheduled_at);
    if instant(now).is_some() && instant(now) == instant(before) {
        return None;
    }
    let clocks = &conclusion.clocks;
    let age = clocks.recovery_point_age.value.or(clocks.backup_age.value);
    let too_old = age.zip(now.opening.objectives.rpo).is_some_and(|(age, limit)| age > limit);
    let id = now.chosen.as_ref().map(|chosen| cut(&visible(&chosen.candidate.id), 80)).unwrap_or_default();
    Some(if too_old || clocks.worst_exposure.is_overdue() {
        worse(format!("The same backup as last time ({id}): no newer one has come"))
    } else {
        neither(format!("The same backup as last time ({id})"))
    })
}

fn sandbox(now: &RunRecord, before: &RunRecord) -> Vec<Change> {
    let (Some(new), Some(old)) = (&now.sandbox, &before.sandbox) else { return Vec::new() };
    let mut changes = Vec::new();
    if new.server_version != old.server_version {
        let [new, old] = [&new.server_version, &old.server_version].map(|version| cut(version, 40));
        changes.push(neither(format!("The sandbox's server is {new}, last time {old}")));
    } else if new.image_digest != old.image_digest {
        changes.push(neither("The sandbox's image is another one"));
    }
    if (new.memory_bytes, new.milli_cpus) != (old.memory_bytes, old.milli_cpus) {
        changes.push(neither("The sandbox's limits are others"));
    }
    changes
}
