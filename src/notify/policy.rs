//! Who is told of a run's end: a pure function of the drill, the verdict, and what people heard last.

use crate::definition::{Notice, SecretReference, WebhookStyle, When};
use crate::model::{Reason, Verdict};
use crate::record::{Conclusion, RunRecord};

/// How a run ended, as far as it decides who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Its verdict.
    pub verdict: Verdict,
    /// Why it did not pass.
    pub reason: Option<Reason>,
    /// Something of it is still there.
    pub leaked: bool,
}

impl Ending {
    /// Of a run.
    pub fn of(record: &RunRecord, conclusion: &Conclusion) -> Self {
        Self { verdict: conclusion.verdict, reason: conclusion.reason, leaked: record.leaked() }
    }

    /// A drill that did not run is a problem like one that failed, and so is one that left something behind.
    pub fn is_problem(self) -> bool {
        self.verdict != Verdict::Passed || self.leaked
    }
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<'a> {
    /// By mail: all who are named in `To:`, each with an envelope of their own.
    Mail(Vec<&'a str>),
    /// By HTTP POST.
    Webhook(&'a SecretReference, WebhookStyle),
    /// A dead man's switch.
    Ping(&'a SecretReference),
}

/// Who is told of an ending, in the drill's order and nobody twice. `before` is the newest earlier ending of which people
/// could hear; `None` for the first run.
pub fn whom(notices: &[Notice], ending: Ending, before: Option<Ending>) -> Vec<Told<'_>> {
    let mut told: Vec<Told<'_>> = Vec::new();
    let mut mailed: Vec<&str> = Vec::new();
    for notice in notices {
        match notice {
            Notice::Email { to, when } if is_told(*when, ending, before) => {
                let mut new: Vec<&str> = Vec::new();
                for address in to.iter().map(String::as_str) {
                    if !mailed.contains(&address) && !new.contains(&address) {
                        new.push(address);
                    }
                }
                mailed.extend(&new);
                add(&mut told, (!new.is_empty()).then_some(Told::Mail(new)));
            }
            Notice::Webhook { url, style, when } if is_told(*when, ending, before) => {
                add(&mut told, Some(Told::Webhook(url, *style)));
            }
            Notice::Ping { url } => add(&mut told, Some(Told::Ping(url))),
            _ => {}
        }
    }
    told
}

fn add<'a>(told: &mut Vec<Told<'a>>, new: Option<Told<'a>>) {
    told.extend(new.filter(|new| !told.contains(new)));
}

/// Whether somebody who is told `when` hears of this ending. A failed run is never kept from anybody: whoever goes on
/// holiday after the first mail must not hide the second from the others (2026-11-21).
fn is_told(when: When, ending: Ending, before: Option<Ending>) -> bool {
    let was_a_problem = before.is_some_and(Ending::is_problem);
    match when {
        When::Always => true,
        _ if ending.verdict == Verdict::Failed => true,
        When::OnChange => before != Some(ending),
        When::OnProblem => ending.is_problem() || was_a_problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSED: Ending = Ending { verdict: Verdict::Passed, reason: None, leaked: false };
    const LEAKED: Ending = Ending { leaked: true, ..PASSED };

    fn ending(reason: Reason) -> Ending {
        Ending { verdict: reason.verdict(), reason: Some(reason), leaked: false }
    }

    fn mail(to: &[&str], when: When) -> Notice {
        Notice::Email { to: to.iter().map(ToString::to_string).collect(), when }
    }

    fn secret(name: &str) -> SecretReference {
        SecretReference::Environment(name.to_owned())
    }

    fn hears(when: When, ending: Ending, before: Option<Ending>) -> bool {
        let notices = [mail(&["cto@example.com"], when)];
        !whom(&notices, ending, before).is_empty()
    }

    #[test]
    fn always_is_every_run() {
        assert!(hears(When::Always, PASSED, Some(PASSED)));
    }

    #[test]
    fn a_change_is_another_verdict_another_reason_or_the_first_run() {
        let (timeout, disk) = (ending(Reason::Timeout), ending(Reason::DiskFull));
        for (now, before, told) in [
            (PASSED, None, true),
            (PASSED, Some(PASSED), false),
            (timeout, Some(PASSED), true),
            (timeout, Some(timeout), false),
            (disk, Some(timeout), true),
            (PASSED, Some(timeout), true),
        ] {
            assert_eq!(hears(When::OnChange, now, before), told, "{now:?} after {before:?}");
        }
    }

    #[test]
    fn a_problem_is_told_whenever_it_is_there_and_once_when_it_is_gone() {
        let timeout = ending(Reason::Timeout);
        for (now, before, told) in [
            (timeout, None, true),
            (timeout, Some(timeout), true),
            (PASSED, Some(timeout), true),
            (PASSED, Some(PASSED), false),
            (PASSED, None, false),
        ] {
            assert_eq!(hears(When::OnProblem, now, before), told, "{now:?} after {before:?}");
        }
    }

    #[test]
    fn b13_what_was_left_behind_is_a_problem_whatever_the_verdict() {
        for when in [When::OnChange, When::OnProblem] {
            assert!(hears(when, LEAKED, Some(PASSED)), "{when:?}");
            assert!(hears(when, PASSED, Some(LEAKED)), "{when:?}: it is gone");
        }
        assert!(hears(When::OnProblem, LEAKED, Some(LEAKED)));
        assert!(!hears(When::OnChange, LEAKED, Some(LEAKED)));
    }

    #[test]
    fn f8_a_run_that_did_not_happen_is_a_problem() {
        for reason in [Reason::Down, Reason::NoSlot, Reason::Overlap, Reason::DaemonLost, Reason::Shutdown] {
            for when in [When::Always, When::OnChange, When::OnProblem] {
                assert!(hears(when, ending(reason), Some(PASSED)), "{reason} {when:?}");
            }
            assert!(hears(When::OnProblem, PASSED, Some(ending(reason))), "{reason}, and then it passed");
        }
    }

    #[test]
    fn h13_a_failed_run_is_never_kept_from_anybody() {
        for reason in Reason::ALL.iter().filter(|reason| reason.verdict() == Verdict::Failed) {
            for when in [When::Always, When::OnChange, When::OnProblem] {
                assert!(hears(when, ending(*reason), Some(ending(*reason))), "{reason} {when:?}");
            }
        }
    }

    #[test]
    fn nobody_is_told_twice() {
        let hook = |style| Notice::Webhook { url: secret("HOOK"), style, when: When::Always };
        let notices = [
            mail(&["a@example.com", "b@example.com", "a@example.com"], When::Always),
            mail(&["b@example.com", "c@example.com"], When::OnProblem),
            mail(&["a@example.com"], When::Always),
            hook(WebhookStyle::Json),
            hook(WebhookStyle::Json),
            hook(WebhookStyle::Slack),
            Notice::Ping { url: secret("PING") },
            Notice::Ping { url: secret("PING") },
        ];
        let url = secret("HOOK");
        assert_eq!(
            whom(&notices, ending(Reason::NoBackup), None),
            [
                Told::Mail(vec!["a@example.com", "b@example.com"]),
                Told::Mail(vec!["c@example.com"]),
                Told::Webhook(&url, WebhookStyle::Json),
                Told::Webhook(&url, WebhookStyle::Slack),
                Told::Ping(&secret("PING")),
            ]
        );
    }

    #[test]
    fn a_dead_mans_switch_hears_of_every_run() {
        let notices = [Notice::Ping { url: secret("PING") }];
        assert_eq!(whom(&notices, PASSED, Some(PASSED)).len(), 1);
    }
}
