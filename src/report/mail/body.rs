//! What a letter says, as values: text and HTML only arrange them. Every foreign string is made harmless here.

use jiff::Timestamp;

use super::answers::{self, Answer};
use super::changes::{Change, changes};
use super::subject::{cut, headline, subject};
use super::times::Times;
use crate::model::{Outcome, Phase};
use crate::record::sentence::duration;
use crate::record::visible::visible;
use crate::record::{Conclusion, RunRecord, RunSummary};
use crate::record::{outward, words};
use crate::report::view::{Tone, runbook_link, tone};

/// Items of a list in a letter; the rest is counted.
const MOST: usize = 8;
/// Characters of an item.
const LONGEST: usize = 240;

/// Everything that a letter says.
pub(super) struct Body {
    pub(super) subject: String,
    pub(super) service: String,
    pub(super) drill: String,
    pub(super) started: String,
    pub(super) verdict: &'static str,
    pub(super) tone: Tone,
    pub(super) leaked: bool,
    /// The verdict in plain words, without the service's name.
    pub(super) headline: String,
    pub(super) answers: Vec<Answer>,
    pub(super) times: Option<Times>,
    /// What is compared with: `the run of 20 Nov 2026, 03:30 UTC`.
    pub(super) before: Option<String>,
    pub(super) changes: Vec<Change>,
    pub(super) checks: Vec<CheckLine>,
    pub(super) checks_heading: String,
    pub(super) lists: Vec<List>,
    pub(super) act: Act,
    pub(super) about: Vec<(&'static str, String)>,
    pub(super) run: String,
}

/// A check that did not pass.
pub(super) struct CheckLine {
    pub(super) name: String,
    pub(super) outcome: &'static str,
    pub(super) tone: Tone,
    /// Expectation and observation, where neither can hold a value of a row.
    pub(super) said: String,
    pub(super) hint: Option<String>,
}

/// A heading and its items.
pub(super) struct List {
    pub(super) heading: &'static str,
    pub(super) items: Vec<String>,
}

/// Who acts, and how.
pub(super) struct Act {
    /// `payments-team acts.`, `Nobody needs to act.`
    pub(super) who: String,
    pub(super) tone: Tone,
    pub(super) next_step: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) contact: Option<String>,
    pub(super) runbook: Option<String>,
    /// Only what a browser may follow.
    pub(super) runbook_link: Option<String>,
    pub(super) next_run: String,
}

impl Body {
    pub(super) fn of(
        record: &RunRecord,
        conclusion: &Conclusion,
        previous: Option<(&RunRecord, &Conclusion)>,
        history: &[RunSummary],
    ) -> Self {
        let opening = &record.opening;
        let changes = previous.map_or_else(Vec::new, |before| changes((record, conclusion), before));
        let at = |before: &RunRecord| before.opening.started_at.strftime("%-d %b %Y, %H:%M UTC").to_string();
        let failed = checks(record);
        Self {
            subject: subject(record, conclusion),
            service: cut(&opening.service, 80),
            drill: visible(opening.drill.as_str()),
            started: stands_for(record, conclusion).strftime("%-d %b %Y, %H:%M UTC").to_string(),
            verdict: conclusion.verdict.word(),
            tone: tone(conclusion.verdict),
            leaked: record.leaked(),
            headline: headline(record, conclusion),
            answers: answers::answers(record, conclusion, history, previous.is_some(), &changes),
            times: Times::of(record, conclusion, history),
            before: previous.map(|(before, _)| at(before)),
            changes,
            checks_heading: heading(&failed),
            checks: failed.into_iter().take(MOST).collect(),
            lists: lists(record),
            act: act(record, conclusion),
            about: about(record),
            run: opening.run.to_string(),
        }
    }
}

/// The instant that people know the run by: what never began is known by when it was due.
fn stands_for(record: &RunRecord, conclusion: &Conclusion) -> Timestamp {
    use crate::model::Verdict::{Missed, Skipped};
    let due = record.opening.due.as_ref().filter(|_| matches!(conclusion.verdict, Missed | Skipped));
    due.map_or(record.opening.started_at, |due| due.scheduled_at)
}

/// Checks that did not pass. A `sql` check may show a value of a row (`show_values`), and a mail may not.
fn checks(record: &RunRecord) -> Vec<CheckLine> {
    let failed = record.findings_in_order().into_iter().filter(|finding| finding.outcome != Outcome::Passed);
    let line = |finding: &crate::model::Finding| CheckLine {
        name: cut(&finding.name, 120),
        outcome: words::outcome(finding.outcome),
        tone: if finding.outcome == Outcome::Failed { Tone::Bad } else { Tone::Unsure },
        said: if outward::is_withheld(finding) {
            "the answer is not the expected one; it stands in the run's record".to_owned()
        } else {
            let part = |text: &str| words::grouped(&cut(text, 120));
            format!("expected {}, observed {}", part(&finding.expected), part(&finding.observed))
        },
        hint: finding.hint.as_deref().map(|hint| cut(hint, LONGEST)),
    };
    failed.map(line).collect()
}

fn heading(failed: &[CheckLine]) -> String {
    match failed.len() {
        n if n > MOST => format!("{MOST} of {n} checks that did not pass"),
        _ => "Checks that did not pass".to_owned(),
    }
}

fn lists(record: &RunRecord) -> Vec<List> {
    let fatal = record.fatal_restore_errors().map(|(errors, _)| {
        let times =
            if errors.count == 1 { String::new() } else { format!("{} times ", words::count(errors.count)) };
        cut(&format!("{times}{} at {}: {}", errors.sqlstate, errors.object, errors.message), LONGEST)
    });
    let left = record.cleanup.as_ref().map_or(&[][..], |cleanup| &cleanup.leftovers);
    let all = |items: &[String]| -> Vec<String> { items.iter().map(|item| cut(item, LONGEST)).collect() };
    let not_comparable = record.not_comparable.iter().map(|why| words::not_comparable(*why).to_owned());
    let lists = [
        ("Errors of the restore", fatal.collect()),
        ("Left behind by the drill", all(left)),
        ("Not verified", all(&record.not_verified)),
        ("Warnings", all(&record.warnings)),
        ("Not comparable with production", not_comparable.collect()),
    ];
    let lists = lists.into_iter().filter(|(_, items): &(_, Vec<String>)| !items.is_empty());
    lists.map(|(heading, items)| List { heading, items: shortened(items) }).collect()
}

fn shortened(mut items: Vec<String>) -> Vec<String> {
    let more = items.len().saturating_sub(MOST);
    items.truncate(MOST);
    items.extend((more > 0).then(|| format!("and {more} more, in the run's record")));
    items
}

fn act(record: &RunRecord, conclusion: &Conclusion) -> Act {
    let opening = &record.opening;
    let owner = opening.owner.as_deref().map(|owner| cut(owner, 80));
    let (who, tone) = match (needs_action(record, conclusion), &owner) {
        (false, _) => ("Nobody needs to act.".to_owned(), Tone::Good),
        (true, Some(owner)) => (format!("{owner} acts."), Tone::Bad),
        (true, None) => ("Nobody owns this: give the drill an `owner`.".to_owned(), Tone::Unsure),
    };
    let hint = record.stop.as_ref().and_then(|stop| stop.hint.as_deref());
    let rehearsal = record.rehearsals.iter().find(|rehearsed| rehearsed.outcome != Outcome::Passed);
    let hint = hint.or_else(|| rehearsal?.hint.as_deref());
    Act {
        who,
        tone,
        next_step: hint.map(|hint| cut(hint, 400)).or_else(|| own_step(record, conclusion)),
        owner,
        contact: opening.contact.as_deref().map(|contact| cut(contact, 120)),
        runbook: opening.runbook.as_deref().map(|runbook| cut(runbook, 200)),
        runbook_link: runbook_link(record).filter(|link| link.len() <= 2000),
        next_run: match opening.next_due_at {
            Some(next) => next.strftime("%-d %b %Y, %H:%M UTC").to_string(),
            None => "only when somebody starts it; the drill has no schedule".to_owned(),
        },
    }
}

/// What to do where nothing that was found says so.
fn own_step(record: &RunRecord, conclusion: &Conclusion) -> Option<String> {
    use crate::model::Verdict::{Aborted, Errored, Missed, Skipped};
    let drill = visible(record.opening.drill.as_str());
    match conclusion.verdict {
        Missed | Aborted => Some(format!("run it by hand: drillyard run {drill}")),
        Skipped => Some("find out why the run before took so long, or run the drill less often".to_owned()),
        Errored => Some(format!("mend what stood in the way, then run it again: drillyard run {drill}")),
        _ if record.findings.iter().any(|finding| finding.outcome != Outcome::Passed) => {
            Some("look into the checks that did not pass, below".to_owned())
        }
        _ if record.leaked() => Some("remove what was left behind: drillyard sweep".to_owned()),
        _ => None,
    }
}

fn needs_action(record: &RunRecord, conclusion: &Conclusion) -> bool {
    use crate::model::Verdict::{Cancelled, Passed};
    record.leaked() || !matches!(conclusion.verdict, Passed | Cancelled)
}

fn about(record: &RunRecord) -> Vec<(&'static str, String)> {
    let opening = &record.opening;
    let instant = |at: Timestamp| at.strftime("%-d %b %Y, %H:%M UTC").to_string();
    let due = opening.due.as_ref().map(words::due);
    let backup = record.chosen.as_ref().map(|chosen| {
        let candidate = &chosen.candidate;
        let by_hand = if chosen.chosen_by_hand { ", chosen by a person" } else { "" };
        let size = words::bytes(record.read.as_ref().map_or(candidate.size_bytes, |read| read.size_bytes));
        format!("{}, {size}, of {}{by_hand}", cut(&candidate.id, 120), instant(candidate.modified_at))
    });
    let began = !record.phases.is_empty();
    let restore = record.phases.iter().rev().find(|span| span.phase == Phase::Restore);
    let restore = restore.and_then(crate::record::PhaseSpan::duration).map(duration);
    let in_place = |version, place| format!("PostgreSQL {} in {}", cut(version, 40), cut(place, 100));
    let container = record.sandbox.as_ref().map(|facts| in_place(&facts.server_version, &facts.image));
    let instance = record.instance.as_ref().map(|facts| in_place(&facts.server_version, &facts.class));
    let sandbox = container.or(instance);
    let facts = [
        ("drill", Some(visible(opening.drill.as_str()))),
        ("due", due),
        (
            "started",
            began.then(|| format!("{}, {}", instant(opening.started_at), words::trigger(opening.trigger))),
        ),
        ("backup", backup),
        ("restore alone", restore),
        ("sandbox", sandbox),
        ("definition", Some(format!("sha256 {}", visible(&words::short_digest(&opening.definition_sha256))))),
        ("run", Some(opening.run.to_string())),
    ];
    facts.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
}
