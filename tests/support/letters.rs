//! Letters as they would be written: a run, the run before it, and the history of its drill.

#![allow(dead_code)] // Each test file uses its own part.

use drillyard::model::rehearsal::{Difference, PlannedRehearsal, TableDifference};
use drillyard::model::{Fact, Outcome, Phase, Reason, Rehearsed, Verdict};
use drillyard::record::{Conclusion, RunRecord, RunSummary};
use drillyard::report::mail::{Letter, letter};

use super::stories::rehearsals::table;
#[allow(unused_imports)] // Each test file uses its own part.
pub use super::stories::rehearsals::{keys_shown, loses, returns};
use super::stories::{self, scheduled, waited};
use super::story::{self, Story, at};

/// What a letter is written from.
pub struct Told {
    pub story: Story,
    pub previous: Option<Story>,
    pub history: Vec<RunSummary>,
    /// Makes the run mean this, whatever its facts say.
    pub meaning: Option<Reason>,
}

impl Told {
    /// The first run of its drill.
    pub fn alone(story: Story) -> Self {
        Self { story, previous: None, history: Vec::new(), meaning: None }
    }

    pub fn after(self, previous: Story) -> Self {
        Self { previous: Some(a_day_earlier(previous)), ..self }
    }

    pub fn meaning(self, reason: Reason) -> Self {
        Self { meaning: Some(reason), ..self }
    }

    pub fn letter(&self) -> Letter {
        let (record, mut conclusion) = self.story.concluded();
        if let Some(reason) = self.meaning {
            conclusion = Conclusion { verdict: reason.verdict(), reason: Some(reason), ..conclusion };
        }
        let previous: Option<(RunRecord, Conclusion)> = self.previous.as_ref().map(Story::concluded);
        let previous = previous.as_ref().map(|(record, conclusion)| (record, conclusion));
        letter(&record, &conclusion, previous, &self.history)
    }
}

/// A story of the same drill, of the day before, with the backup of that day.
pub fn a_day_earlier(story: Story) -> Story {
    story.with(|opening| opening.started_at = at("2026-11-20T03:30:00Z")).choosing(|chosen| {
        chosen.candidate.id = "orders-2026-11-20.dump".into();
        chosen.candidate.modified_at = at("2026-11-20T02:32:00Z");
    })
}

pub fn with_history(story: Story) -> Told {
    Told { history: history(), ..Told::alone(story) }
}

/// Twelve days: mostly passed, one failed check, one day without a run, one broken engine.
pub fn history() -> Vec<RunSummary> {
    let seconds = [40.8, 39.9, 0.0, 42.3, 41.0, 38.7, 55.2, 0.0, 40.1, 39.5, 44.4, 37.8];
    (0..12_u32).zip(seconds).map(|(days, seconds)| run(days + 1, seconds)).collect()
}

/// A run so many days before the story's.
pub fn run(days: u32, seconds: f64) -> RunSummary {
    let (record, conclusion) = Story::passed().concluded();
    let (verdict, reason) = match days {
        3 => (Verdict::Missed, Some(Reason::Down)),
        7 => (Verdict::Failed, Some(Reason::CheckFailed)),
        8 => (Verdict::Errored, Some(Reason::EngineUnreachable)),
        _ => (Verdict::Passed, None),
    };
    RunSummary {
        started_at: story::start() - jiff::SignedDuration::from_hours(24 * i64::from(days)),
        verdict: Some(verdict),
        reason,
        time_to_verified_seconds: (seconds > 0.0).then_some(seconds),
        proof: verdict == Verdict::Passed,
        ..RunSummary::of(&record, &conclusion)
    }
}

/// Every letter that is looked at, by a name that is fit for a file.
pub fn all() -> Vec<(&'static str, Told)> {
    let before = stories::passed_with_everything;
    vec![
        ("passed", with_history(scheduled(stories::passed_with_everything())).after(before())),
        ("first_run", Told::alone(stories::passed_with_everything())),
        ("slower", with_history(slower()).after(before())),
        ("same_backup", with_history(overdue()).after(before()).same_backup()),
        ("failed_check", with_history(scheduled(stories::failed_check())).after(before())),
        ("mended", with_history(stories::passed_with_everything()).after(stories::failed_check())),
        ("rto_missed", with_history(stories::rto_missed()).after(before())),
        ("rpo_missed", with_history(rpo_missed()).after(before())),
        ("rpo_not_provable", with_history(stories::rpo_not_provable()).after(before())),
        ("empty_backup", with_history(stories::empty_backup()).after(before())),
        ("restore_errors", with_history(stories::restore_errors()).after(before())),
        ("engine_unreachable", with_history(waited(stories::engine_unreachable())).after(before())),
        ("missed", with_history(stories::missed()).after(before())),
        ("skipped", with_history(stories::skipped()).after(before())),
        ("aborted", Told::alone(stories::aborted()).after(before())),
        ("leaked", with_history(stories::leaked()).after(before())),
        ("chosen_by_hand", with_history(chosen_by_hand()).after(before())),
        ("truncated", with_history(stories::truncated()).after(before())),
        ("rehearsal_errored", with_history(stories::rehearsal_errored()).after(before())),
        ("rollback_loses", with_history(rehearsed()).meaning(Reason::RollbackLosesData).after(before())),
        ("nobody_owns", Told::alone(nobody_owns())),
    ]
}

impl Told {
    /// The run before had the very same backup.
    pub fn same_backup(mut self) -> Self {
        let chosen = self.story.record().chosen.unwrap();
        self.previous = self.previous.map(|story| {
            story.choosing(|other| {
                other.candidate = chosen.candidate.clone();
            })
        });
        self
    }
}

/// A run that stopped for this reason, whichever it is.
pub fn stopped_for(reason: Reason) -> Told {
    Told::alone(
        Story::begun()
            .located()
            .stopped(32_130, reason, Phase::Provision, "a detail", None)
            .fact(32_200, Fact::CleanedUp(story::clean())),
    )
    .meaning(reason)
}

/// The backup of the night before, and none since.
pub fn overdue() -> Story {
    stories::passed_with_everything()
        .choosing(|chosen| {
            chosen.candidate.id = "orders-2026-11-20.dump".into();
            chosen.candidate.modified_at = at("2026-11-20T02:32:00Z");
            chosen.listing.remove(0);
        })
        .reading(|read| read.started_at = Some(at("2026-11-20T02:30:00Z")))
}

fn slower() -> Story {
    stories::restore_repeated()
        .with(|opening| {
            opening.definition_sha256 = "5e".repeat(32);
            opening.checks.remove(2);
        })
        .without(|fact| matches!(fact, Fact::CheckFinished(finding) if finding.name == "foreign_keys"))
        .choosing(|chosen| chosen.candidate.size_bytes = 91_000_000)
        .reading(|read| read.size_bytes = 91_000_000)
}

fn rpo_missed() -> Story {
    stories::passed_with_everything()
        .with(|opening| opening.objectives.rpo = Some(std::time::Duration::from_hours(12)))
}

fn chosen_by_hand() -> Story {
    stories::passed_with_everything().choosing(|chosen| chosen.chosen_by_hand = true)
}

fn nobody_owns() -> Story {
    stories::truncated().with(|opening| {
        opening.owner = None;
        opening.contact = None;
        opening.runbook = None;
    })
}

fn rehearsed() -> Story {
    let names = ["index-on-created-at", "add-note"].map(|name| PlannedRehearsal { name: name.into() });
    stories::passed_with_everything()
        .with(|opening| opening.rehearsals = names.into())
        .fact(41_300, Fact::RehearsalFinished(Box::new(returns())))
        .fact(41_400, Fact::RehearsalFinished(Box::new(loses())))
}

/// Text that wants to be more than text, in a subject, a header, a page or a terminal.
pub const CORPUS: &[&str] = &[
    "orders\r\nBcc: everybody@example.org",
    "orders\nSubject: all is well\n\n<h1>all is well</h1>",
    "orders\u{0}\u{1b}[2J\u{7}",
    "=?utf-8?q?=0D=0ABcc:_x?=",
    "\r\n.\r\nMAIL FROM:<x>\r\n",
    "<script>document.title='owned'</script>",
    "\"><img src=http://evil.example/x.png onerror=document.title='owned'>",
    "' style='background:url(http://evil.example/x.png)'",
    "</title></td></table><iframe src=http://evil.example></iframe>",
    "<!--[if mso]><a href=\"javascript:x\">x</a><![endif]-->",
    "{{ body.subject }}{% include \"/etc/passwd\" %}",
    "\u{202e}gro.elpmaxe\u{202c} \u{2066}x\u{2069} \u{2028}x\u{200b}x",
    "&lt;script&gt;&#60;script&#62;",
    "javascript:document.title='owned'",
];

/// The text in every place that comes from outside.
pub fn hostile(text: &str) -> Told {
    let text = format!("{text}{}", "x".repeat(2000));
    let one = |finding: drillyard::model::Finding| drillyard::model::Finding {
        name: text.clone(),
        expected: text.clone(),
        observed: text.clone(),
        warnings: vec![text.clone()],
        ..story::but(finding, Outcome::Failed, Reason::CheckFailed, Some(&text))
    };
    let left = drillyard::model::CleanUp { leftovers: vec![text.clone()], ..story::clean() };
    let wrong = Rehearsed {
        name: text.clone(),
        detail: Some(text.clone()),
        hint: Some(text.clone()),
        difference: Some(Difference { tables: vec![table(&text, 3)], ..Difference::default() }),
        ..loses()
    };
    let story = Story::begun()
        .located()
        .provisioned()
        .loaded()
        .with(|opening| {
            opening.service.clone_from(&text);
            opening.owner = Some(text.clone());
            opening.contact = Some(text.clone());
            opening.runbook = Some(text.clone());
            opening.checks[0].name.clone_from(&text);
            opening.definition_sha256.clone_from(&text);
        })
        .choosing(|chosen| chosen.candidate.id.clone_from(&text))
        .fact(38_300, story::finding(one(story::rows("1"))))
        .fact(38_400, Fact::NotVerified { what: text.clone() })
        .fact(38_400, Fact::Warned { what: text.clone() })
        .fact(38_500, Fact::RehearsalFinished(Box::new(wrong)))
        .stopped(39_000, Reason::RestoreFailed, Phase::Restore, &text, Some(&text))
        .fact(40_000, Fact::CleanedUp(left));
    with_history(story).after(stories::passed_with_everything())
}

/// A run whose restored data and whose rollback differ in more places than anybody would read.
pub fn enormous() -> Told {
    let name = |n: u32| format!("reporting.monthly_statement_of_customer_accounts_of_the_year_{n}");
    let tables = (0..20_000).map(|n| TableDifference { table: name(n), ..table("x", 12_431) }).collect();
    let difference = Difference { tables, ..Difference::default() };
    let rehearsal = |n: u32| Rehearsed { name: name(n), difference: Some(difference.clone()), ..loses() };
    let mut story = stories::failed_check();
    for n in 0..500 {
        story = story
            .with(|opening| {
                opening.checks.push(drillyard::model::event::PlannedCheck {
                    name: name(n),
                    kind: drillyard::model::CheckKind::Rows,
                });
            })
            .fact(39_000, Fact::Warned { what: format!("{} {}", name(n), "x".repeat(1000)) })
            .fact(39_000, Fact::NotVerified { what: format!("{} {}", name(n), "y".repeat(1000)) })
            .fact(
                39_000,
                story::finding(story::but(
                    drillyard::model::Finding { name: name(n), ..story::rows("1") },
                    Outcome::Failed,
                    Reason::CheckFailed,
                    Some("look at it"),
                )),
            );
    }
    for n in 0..4 {
        story = story.fact(41_300, Fact::RehearsalFinished(Box::new(rehearsal(n))));
    }
    with_history(story).after(stories::passed_with_everything())
}
