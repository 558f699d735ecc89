//! Why a message was not taken, and when it is tried again.

use std::time::Duration;

use crate::record::visible::clipped;

/// Longest answer of a foreign server that is kept, in characters.
const LONGEST: usize = 200;

/// A message that was not taken. The text is for a person and holds no secret, no address that is one, and of a foreign
/// server's answer only what is harmless to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It may be taken later.
    #[error("{0}")]
    Transient(String),
    /// Nobody answered in time; it may be taken later.
    #[error("{0}")]
    Silent(String),
    /// This recipient will not take it.
    #[error("{0}")]
    Permanent(String),
    /// It is too big for the server.
    #[error("{0}")]
    TooBig(String),
}

impl Trouble {
    /// Whether another attempt may succeed.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Transient(_) | Self::Silent(_))
    }

    /// With a server's answer made harmless.
    pub(super) fn answer(what: &str, code: &str, answer: &str) -> String {
        format!("{what}: {code} {}", clipped(answer.trim(), LONGEST)).trim_end().to_owned()
    }
}

/// After these attempts a message waits an hour.
const FIRST_WAITS: [u64; 6] = [1, 2, 4, 8, 16, 32];
/// All waits together.
const PATIENCE: Duration = Duration::from_hours(24);

/// How long a message waits after it was tried `attempts` times in vain; `None` where the waits have come to a day. Time
/// in which nobody tried, because the machine was off, does not count.
pub fn wait_after(attempts: u32) -> Option<Duration> {
    let attempts = usize::try_from(attempts).unwrap_or(usize::MAX);
    let wait = |attempt: usize| Duration::from_mins(FIRST_WAITS.get(attempt).copied().unwrap_or(60));
    let waited: Duration = (0..attempts.saturating_sub(1).min(100)).map(wait).sum();
    let next = wait(attempts.saturating_sub(1));
    (waited + next <= PATIENCE).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h1_a_message_is_tried_for_a_day_and_then_given_up() {
        let waits: Vec<u64> = (1..).map_while(wait_after).map(|wait| wait.as_secs() / 60).collect();
        assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        let hours = waits.iter().sum::<u64>() / 60;
        assert_eq!((waits.len(), hours), (28, 23), "and not one more, which would end after a day");
        assert_eq!(wait_after(u32::MAX), None);
    }

    #[test]
    fn what_a_server_answers_can_move_no_cursor() {
        let shown = Trouble::answer("refused", "550", "no\u{1b}[31m such\r\nuser");
        assert_eq!(shown, "refused: 550 no⟨U+001B⟩[31m such  user");
    }
}
