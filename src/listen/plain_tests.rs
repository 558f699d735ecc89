//! What plain lines say, on the stories of small runs.

use std::io;

use super::*;
use crate::model::event::Stop;
use crate::model::{CheckKind, Fact, Finding, Outcome, Reason};

fn told(facts: &[(u64, Fact)], news: &[Progress], silence: Duration) -> String {
    let mut listener = PlainListener::with_silence(Vec::new(), silence);
    for (sequence, (at, fact)) in (0..).zip(facts) {
        listener.on_event(&Event { sequence, at: Offset::from_millis(*at), fact: fact.clone() });
    }
    for news in news {
        listener.on_progress(news);
    }
    String::from_utf8(listener.writer).unwrap()
}

fn ended(phase: Phase, succeeded: bool, bytes: Option<u64>) -> Fact {
    Fact::PhaseEnded { phase, succeeded, bytes, waited_for: None }
}

fn finding(outcome: Outcome) -> Fact {
    Fact::CheckFinished(Box::new(Finding {
        name: "rows public.orders".into(),
        kind: CheckKind::Rows,
        outcome,
        reason: None,
        expected: ">= 100000".into(),
        observed: "12".into(),
        hint: None,
        warnings: vec![],
        newest_row_age_seconds: None,
        seconds: 0.1,
    }))
}

fn news(phase: Phase) -> Progress {
    Progress {
        phase,
        bytes: 86_000_000,
        total: Some(191_000_000),
        note: Some("COPY public.\u{1b}[31morders".into()),
    }
}

#[test]
fn phases_that_overlap_are_told_as_they_begin_and_end() {
    let facts = [
        (0, Fact::PhaseStarted { phase: Phase::Fetch }),
        (100, Fact::PhaseStarted { phase: Phase::Provision }),
        (3100, ended(Phase::Fetch, true, Some(191_000_000))),
        (4100, ended(Phase::Provision, false, None)),
    ];
    let lines = [
        "          fetch      started",
        "          provision  started",
        "          fetch      done in 3.10 s   191.0 MB, 61.6 MB/s",
        "          provision  FAILED after 4.00 s",
        "",
    ];
    assert_eq!(told(&facts, &[], SILENCE), lines.join("\n"));
}

#[test]
fn only_checks_that_did_not_pass_have_a_line() {
    let facts =
        [(1, finding(Outcome::Passed)), (2, finding(Outcome::Failed)), (3, finding(Outcome::Errored))];
    let told = told(&facts, &[], SILENCE);
    assert_eq!(
        told,
        "          check      FAILED rows public.orders: expected >= 100,000, observed 12\n          \
         check      ERRORED rows public.orders: expected >= 100,000, observed 12\n"
    );
}

#[test]
fn a_stop_is_told_and_control_characters_are_not_obeyed() {
    let detail = "could not read \u{1b}[2J\r\nPASSED".to_owned();
    let stop = Stop { reason: Reason::Truncated, phase: Some(Phase::Restore), detail, hint: None };
    let told = told(&[(1, Fact::Stopped(stop))], &[], SILENCE);
    assert_eq!(told, "          stopped    the backup ends too early: could not read ⟨U+001B⟩[2J  PASSED\n");
}

#[test]
fn progress_is_told_only_after_a_silence_and_only_of_running_phases() {
    let begun = [(0, Fact::PhaseStarted { phase: Phase::Restore })];
    let lines = |silence| told(&begun, &[news(Phase::Restore), news(Phase::Fetch)], silence);
    assert_eq!(lines(SILENCE), "          restore    started\n");
    let told = lines(Duration::ZERO);
    assert!(
        told.ends_with("restore    86.0 MB of 191.0 MB (45 %), COPY public.⟨U+001B⟩[31morders\n"),
        "{told}"
    );
}

#[test]
fn a_reader_that_goes_away_does_not_stop_the_run() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let mut listener = PlainListener::new(Closed);
    let fact = Fact::PhaseStarted { phase: Phase::Restore };
    listener.on_event(&Event { sequence: 0, at: Offset::START, fact });
    assert!(listener.phases.contains_key(&Phase::Restore));
}
