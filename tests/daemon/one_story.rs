//! The store and the mailbox, held against each other: every minute is answered once, and every answer was told.

use std::collections::BTreeMap;
use std::fmt;

use drillyard::model::{Reason, Verdict};
use drillyard::record::RunSummary;
use serde_json::Value;

use crate::smtp::Server;

/// How the due instants of a soak ended.
pub struct Told {
    verdicts: BTreeMap<&'static str, u64>,
    mails: usize,
    twice: usize,
}

/// A mail as Python's parser sees it.
struct Mail {
    id: String,
    /// The run that it is about.
    run: String,
    subject: String,
    /// Its plain part, with blanks alone between words.
    text: String,
}

/// Panics where they differ. `runs`: all of one drill, the oldest first.
pub fn one_story(runs: &[RunSummary], server: &Server) -> Told {
    every_minute_is_there_once(runs);
    let mails = mails(server);
    let ids: Vec<&str> = mails.iter().map(|mail| mail.id.as_str()).collect();
    let times = |id: &str| ids.iter().filter(|other| **other == id).count();
    let mut verdicts = BTreeMap::new();
    for run in runs {
        *verdicts.entry(run.verdict.unwrap().word()).or_default() += 1;
        let about: Vec<&Mail> = mails.iter().filter(|mail| mail.run == run.run.to_string()).collect();
        for mail in &about {
            tells_the_verdict(run, mail);
            assert_eq!(mail.id, about[0].id, "two mails about {}", run.run);
        }
        // Killed between the server's yes and its mark (A9).
        assert!(about.len() <= 2, "{} mails about {}", about.len(), run.run);
        assert!(!about.is_empty() || is_told_with_another(run, runs, &mails), "nobody was told of {run:?}");
    }
    let known = |mail: &Mail| runs.iter().any(|run| run.run.to_string() == mail.run);
    assert!(mails.iter().all(known), "a mail about no run: {ids:?}");
    let twice = ids.iter().filter(|id| times(id) == 2).count() / 2;
    Told { verdicts, mails: mails.len(), twice }
}

fn every_minute_is_there_once(runs: &[RunSummary]) {
    for pair in runs.windows(2) {
        let [before, after] = [&pair[0], &pair[1]].map(|run| run.due_at.unwrap());
        assert_eq!(before.duration_until(after).as_secs(), 60, "{before} and {after}: twice or never");
    }
    for run in runs {
        let ending = (run.verdict.unwrap(), run.reason);
        // `skipped` where the machine is so slow that a run takes a minute.
        assert!(
            matches!(
                ending,
                (Verdict::Passed, None)
                    | (Verdict::Aborted, Some(Reason::DaemonLost))
                    | (Verdict::Missed, Some(Reason::Down))
                    | (Verdict::Skipped, Some(Reason::Overlap))
            ),
            "{run:?}"
        );
        assert!(!run.leaked, "{run:?}");
        assert_eq!(run.proof, ending.0 == Verdict::Passed, "{run:?}");
    }
}

/// The subject in words, the text by the verdict's name, both of the run that the store means.
fn tells_the_verdict(run: &RunSummary, mail: &Mail) {
    let verdict = run.verdict.unwrap();
    let meaning = run.reason.map_or("", Reason::meaning);
    let subject = match verdict {
        Verdict::Passed => "shop: recoverable in ".to_owned(),
        Verdict::Aborted => format!("shop: was NOT tested to the end: {meaning}"),
        _ => format!("shop: was NOT tested: {meaning}"),
    };
    assert!(mail.subject.starts_with(&subject), "{} is not {subject:?}: {run:?}", mail.subject);
    let shown = match verdict {
        Verdict::Missed | Verdict::Skipped => run.due_at.unwrap(),
        _ => run.started_at,
    };
    let shown = shown.strftime("%-d %b %Y, %H:%M UTC");
    for part in [
        format!("Drill {} of {shown}: {}.", run.drill, verdict.word().to_uppercase()),
        format!("drillyard show {}", run.run),
    ] {
        assert!(mail.text.contains(&part), "{part:?} is not in {}", mail.text);
    }
}

/// Whether a later mail of the same kind says that it stands for so many, and this is one of them.
fn is_told_with_another(run: &RunSummary, runs: &[RunSummary], mails: &[Mail]) -> bool {
    let kin: Vec<String> = runs
        .iter()
        .filter(|other| (other.verdict, other.reason) == (run.verdict, run.reason))
        .filter(|other| matches!(other.verdict, Some(Verdict::Missed | Verdict::Skipped)))
        .map(|other| other.run.to_string())
        .collect();
    let Some(place) = kin.iter().position(|other| *other == run.run.to_string()) else { return false };
    mails.iter().any(|mail| {
        let later = kin.iter().position(|other| *other == mail.run);
        later.is_some_and(|later| later >= place && later - place < mail.stands_for())
    })
}

impl Mail {
    fn stands_for(&self) -> usize {
        let said = self.text.split("this message stands for ").nth(1);
        said.and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap_or(1)
    }
}

fn mails(server: &Server) -> Vec<Mail> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mail = |mail: Value| {
        assert_eq!(mail["defects"], serde_json::json!([]));
        let plain = &mail["parts"][0];
        assert_eq!(plain["kind"], "text/plain");
        Mail {
            id: text(&mail["message_ids"][0]),
            run: text(&mail["headers"]["x-drillyard-run"]),
            subject: text(&mail["headers"]["subject"]),
            text: text(&plain["text"]).split_whitespace().collect::<Vec<_>>().join(" "),
        }
    };
    let seen = server.looked_at();
    for number in 1..=seen.len() {
        let about = server.about(number);
        assert_eq!(about["to"], serde_json::json!(["shop-team@example.com"]));
    }
    seen.into_iter().map(mail).collect()
}

impl Told {
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(verdict.word()).copied().unwrap_or_default()
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "runs by verdict {:?}, {} mails, {} of them twice", self.verdicts, self.mails, self.twice)
    }
}
