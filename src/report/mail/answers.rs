//! The questions that a letter answers, each with a word and a sentence.

use super::changes::Change;
use super::rollback;
use super::subject::{concerns_rollback, cut};
use crate::model::{Outcome, Phase, Reason, Verdict};
use crate::record::sentence::duration;
use crate::record::words;
use crate::record::{Conclusion, RecoveryPointClock, RunRecord, RunSummary, Unjudged};
use crate::report::view::{Tone, objective};

/// A question and its answer.
pub(super) struct Answer {
    pub(super) question: &'static str,
    /// `Yes`, `41.2 s`, `Not known`.
    pub(super) word: String,
    /// What the word rests on, a paragraph each.
    pub(super) said: Vec<String>,
    /// Good, bad, unsure; `None` where nothing is judged.
    pub(super) tone: Option<Tone>,
}

/// All questions, in the order in which they are asked.
pub(super) fn answers(
    record: &RunRecord,
    conclusion: &Conclusion,
    history: &[RunSummary],
    compared: bool,
    changes: &[Change],
) -> Vec<Answer> {
    vec![
        recover(record, conclusion, history),
        how_fast(record, conclusion, history),
        how_much_lost(conclusion),
        roll_back(record),
        got_worse(compared, changes),
    ]
}

fn recover(record: &RunRecord, conclusion: &Conclusion, history: &[RunSummary]) -> Answer {
    let (word, tone) = can_recover(record, conclusion);
    let passed = record.findings.iter().filter(|finding| finding.outcome == Outcome::Passed).count();
    let checks = format!("{} passed", words::part(passed, record.opening.checks.len(), "check"));
    let why = why(record, conclusion);
    let said = match conclusion.verdict {
        Verdict::Passed if tone == Tone::Good => format!("Restored and verified; {checks}."),
        Verdict::Passed => format!(
            "Restored and verified; {checks}. But a person chose this backup, so the newest is not proven."
        ),
        Verdict::Failed if is_whole(conclusion.reason) => format!("Restored; {checks}. But {why}."),
        Verdict::Failed if !record.findings.is_empty() => format!("Restored, but {why}; {checks}."),
        Verdict::Failed => format!("{}.", capital(&why)),
        _ => format!("{}. {}", capital(&why), last_proof(history)),
    };
    Answer { question: "Can we recover?", word: word.to_owned(), said: vec![said], tone: Some(tone) }
}

fn can_recover(record: &RunRecord, conclusion: &Conclusion) -> (&'static str, Tone) {
    match (conclusion.verdict, conclusion.reason) {
        (Verdict::Passed, _) if conclusion.is_proof(record) => ("Yes", Tone::Good),
        (Verdict::Passed, _) => ("Not proven", Tone::Unsure),
        (Verdict::Failed, Some(Reason::RtoMissed)) if conclusion.clocks.time_to_restored.value.is_none() => {
            ("Not in time", Tone::Bad)
        }
        (Verdict::Failed, Some(Reason::RtoMissed)) => ("Yes, but too slowly", Tone::Bad),
        (Verdict::Failed, Some(Reason::RpoMissed)) => ("Yes, but with too much loss", Tone::Bad),
        (Verdict::Failed, Some(Reason::RpoNotProvable)) => ("Yes, with unknown loss", Tone::Bad),
        (Verdict::Failed, Some(reason)) if concerns_rollback(reason) => ("Yes", Tone::Good),
        (Verdict::Failed, _) => ("No", Tone::Bad),
        _ => ("Not known", Tone::Unsure),
    }
}

/// Whether a failure says nothing against the restored data.
fn is_whole(reason: Option<Reason>) -> bool {
    let objectives = [Reason::RtoMissed, Reason::RpoMissed, Reason::RpoNotProvable];
    reason.is_some_and(|reason| objectives.contains(&reason) || concerns_rollback(reason))
}

/// The reason in plain words, with what was found. Never from a finding's texts: one of them may be a row's value.
fn why(record: &RunRecord, conclusion: &Conclusion) -> String {
    let Some(reason) = conclusion.reason else { return "the reason is not known".to_owned() };
    let detail = record.stop.as_ref().filter(|stop| stop.reason == reason).map(|stop| stop.detail.as_str());
    match detail.map(|detail| cut(detail.trim_end_matches('.'), 400)).filter(|detail| !detail.is_empty()) {
        Some(detail) if detail.to_lowercase().starts_with(reason.meaning()) => detail,
        Some(detail) => format!("{} ({detail})", reason.meaning()),
        None => reason.meaning().to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// A run that could not find out leaves the last proof standing: when was it?
fn last_proof(history: &[RunSummary]) -> String {
    match history.iter().find(|run| run.proof) {
        Some(run) => format!("The newest proof is of {}.", run.started_at.strftime("%-d %b %Y, %H:%M UTC")),
        None if history.len() >= 20 => "The last 20 runs hold no proof.".to_owned(),
        None => "There is no proof yet.".to_owned(),
    }
}

fn how_fast(record: &RunRecord, conclusion: &Conclusion, history: &[RunSummary]) -> Answer {
    let question = "How fast?";
    let clocks = &conclusion.clocks;
    let (clock, until) = match clocks.time_to_restored.objective {
        Some(_) => (clocks.time_to_restored, "restored"),
        None => (clocks.time_to_verified, "verified"),
    };
    let Some(value) = clock.value else {
        let limit = clock
            .objective
            .map(|limit| format!("Nothing is proven against the objective of {}.", objective(limit)));
        let said = [Some(format!("The data was not {until}.")), limit, last_time(history)];
        let said = said.into_iter().flatten().collect::<Vec<_>>().join(" ");
        return Answer { question, word: "Not known".to_owned(), said: vec![said], tone: Some(Tone::Unsure) };
    };
    let measured = format!("From the start of the drill until the data was {until}.");
    let against = match (clock.objective, clock.met()) {
        (Some(limit), Some(true)) => format!("The objective of {} is met.", objective(limit)),
        (Some(limit), _) => format!("The objective of {} is MISSED.", objective(limit)),
        (None, _) => "The drill has no objective for it.".to_owned(),
    };
    let unlike =
        (!record.not_comparable.is_empty()).then(|| "Not comparable with production, see below.".to_owned());
    let said = [Some(measured), Some(against), slowest(record), unlike];
    let tone = clock.met().map(|met| if met { Tone::Good } else { Tone::Bad });
    Answer {
        question,
        word: duration(value),
        said: vec![said.into_iter().flatten().collect::<Vec<_>>().join(" ")],
        tone,
    }
}

/// Which part was slow: the longest phase inside the recovery clocks.
fn slowest(record: &RunRecord) -> Option<String> {
    let counted = record.phases.iter().filter(|span| span.phase < Phase::Copy && !span.phase.is_subtracted());
    let longest =
        counted.filter_map(|span| Some((span.phase, span.duration()?))).max_by_key(|(_, took)| *took);
    longest.map(|(phase, took)| format!("The longest part was {phase}, {}.", duration(took)))
}

fn last_time(history: &[RunSummary]) -> Option<String> {
    let run = history.iter().find(|run| run.proof)?;
    let took = std::time::Duration::try_from_secs_f64(run.time_to_verified_seconds?).ok()?;
    Some(format!("The newest proof took {}.", duration(took)))
}

fn how_much_lost(conclusion: &Conclusion) -> Answer {
    let (point, exposure) = (&conclusion.clocks.recovery_point_age, &conclusion.clocks.worst_exposure);
    let age = point.value.map(duration);
    let basis = cut(words::basis(&point.basis), 300);
    let useless = point.unjudged == Some(Unjudged::NotWhole);
    let (word, held) = match (age, point.unjudged) {
        (Some(age), Some(Unjudged::NotWhole)) => (
            format!("At least {age}"),
            "So old is what the backup should hold, and as it is, more is lost.".to_owned(),
        ),
        (Some(age), Some(Unjudged::NotProven)) => {
            (age, format!("So old is what the backup should hold ({basis}); it was not proven."))
        }
        (Some(age), Some(Unjudged::ChosenByAPerson) | None) => {
            (age, format!("So old was what the backup holds when the drill began ({basis})."))
        }
        (None, _) => ("Not known".to_owned(), format!("{}.", capital(basis.trim_end_matches('.')))),
    };
    let worst = exposure
        .value
        .map(|worst| format!("Just before the next backup it would be up to {}.", duration(worst)));
    let (tone, against) = judged(point, exposure);
    let said =
        if useless { vec![held] } else { [Some(held), worst, Some(against)].into_iter().flatten().collect() };
    let tone = if useless { Some(Tone::Bad) } else { tone };
    Answer { question: "How much is lost?", word, said: vec![said.join(" ")], tone }
}

/// What the objective says.
fn judged(point: &RecoveryPointClock, exposure: &RecoveryPointClock) -> (Option<Tone>, String) {
    let Some(limit) = point.objective else {
        let tone = point.value.is_none().then_some(Tone::Unsure);
        return (tone, "The drill has no objective for it.".to_owned());
    };
    let limit = objective(limit);
    if let Some(why) = point.not_judged() {
        return (Some(Tone::Unsure), format!("The objective of {limit} is not judged, because {why}."));
    }
    let missed = |clock: &RecoveryPointClock| clock.met() == Some(false);
    let (met, tone) = match (missed(point) && point.value.is_none(), missed(point) || missed(exposure)) {
        (true, _) => ("Nothing is proven against the objective", Tone::Unsure),
        (false, true) => ("It misses the objective", Tone::Bad),
        (false, false) => ("It meets the objective", Tone::Good),
    };
    (Some(tone), format!("{met} of {limit}."))
}

/// Sentences of rehearsals that an answer holds.
const REHEARSALS: usize = 4;

fn roll_back(record: &RunRecord) -> Answer {
    let question = "Can we roll back?";
    let (planned, ended) = (record.opening.rehearsals.len(), &record.rehearsals);
    if planned == 0 && ended.is_empty() {
        let said = vec!["This drill rehearses no rollback.".to_owned()];
        return Answer { question, word: "Not rehearsed".to_owned(), said, tone: Some(Tone::Unsure) };
    }
    let any = |outcome| ended.iter().any(|rehearsed| rehearsed.outcome == outcome);
    let (word, tone) = match (any(Outcome::Failed), any(Outcome::Errored) || ended.len() < planned) {
        (true, _) => ("No", Tone::Bad),
        (false, true) => ("Not known", Tone::Unsure),
        (false, false) => ("Yes", Tone::Good),
    };
    // What did not go well is said first.
    let mut sorted: Vec<_> = ended.iter().collect();
    sorted.sort_by_key(|rehearsed| rehearsed.outcome == Outcome::Passed);
    let mut said: Vec<String> =
        sorted.iter().take(REHEARSALS).map(|rehearsed| rollback::sentence(rehearsed)).collect();
    let more = ended.len().saturating_sub(REHEARSALS);
    said.extend((more > 0).then(|| format!("And {more} more.")));
    let open = planned.saturating_sub(ended.len());
    said.extend((open > 0).then(|| format!("{open} of {planned} rehearsals were not reached.")));
    Answer { question, word: word.to_owned(), said, tone: Some(tone) }
}

/// Things that an answer names; all of them stand in the list of changes.
const NAMED: usize = 3;

fn got_worse(compared: bool, changes: &[Change]) -> Answer {
    let question = "What got worse?";
    if !compared {
        let said = vec!["There is no earlier run of this drill.".to_owned()];
        return Answer { question, word: "Nothing to compare with".to_owned(), said, tone: None };
    }
    let worse = changes.iter().filter(|change| change.tone == Some(Tone::Bad));
    let worse: Vec<String> = worse.map(|change| format!("{}.", change.said)).collect();
    let word = match worse.len() {
        0 => "Nothing".to_owned(),
        1 => "1 thing".to_owned(),
        many => format!("{many} things"),
    };
    let tone = Some(if worse.is_empty() { Tone::Good } else { Tone::Bad });
    let more = worse.len().saturating_sub(NAMED);
    let mut said: Vec<String> = worse.into_iter().take(NAMED).collect();
    said.extend((more > 0).then(|| format!("And {more} more, below.")));
    if said.is_empty() {
        said.push("Compared with the run before.".to_owned());
    }
    Answer { question, word, said, tone }
}
