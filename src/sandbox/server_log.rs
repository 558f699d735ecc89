//! What process 1 and the server print, read live from the attachment and kept nowhere else.
//!
//! The only place that knows an error's SQLSTATE: `pg_restore` does not print it (measured). Messages may hold values of
//! rows, so they stay in this process and leave it through `database::postgres::redact` alone.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::sync::watch;

use crate::database::postgres::start;
use crate::database::postgres::transcript::MOST_ERRORS;

/// The longest line that is read.
const LONGEST_LINE: usize = 8 * 1024;
/// The longest message of an error that is kept.
const LONGEST_MESSAGE: usize = 1024;

/// An error, fatal error or panic that the server printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// Five characters.
    pub sqlstate: String,
    /// `ERROR`, `FATAL`, `PANIC`.
    pub severity: String,
    /// First line of the message; may hold values.
    pub message: String,
}

// Each flag is a line that was printed or not.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Default)]
struct State {
    ready: bool,
    ended: bool,
    kept: bool,
    paused: bool,
    copied: bool,
    event_triggers: bool,
    mark: Option<String>,
    errors: VecDeque<ServerError>,
    unread: u64,
    killed_backend: bool,
    no_space: bool,
    over: bool,
    image_trouble: Option<String>,
    last: Option<String>,
}

/// What the server printed of errors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    /// In their order, at most [`MOST_ERRORS`].
    pub errors: Vec<ServerError>,
    /// Those beyond: nobody knows what they were.
    pub unread: u64,
}

/// A live view of the log; clones see the same.
#[derive(Clone)]
pub struct ServerLog {
    state: Arc<Mutex<State>>,
    changed: watch::Receiver<()>,
}

impl ServerLog {
    /// Reads the attachment to its end in a task of its own.
    pub(super) fn listen(mut output: Pin<Box<dyn Stream<Item = Bytes> + Send>>) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let (notify, changed) = watch::channel(());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            let mut partial = Vec::new();
            while let Some(bytes) = output.next().await {
                take_lines(&mut partial, &bytes, |line| lock(&shared).take(line));
                notify.send_replace(());
            }
            lock(&shared).ended = true;
            notify.send_replace(());
        });
        Self { state, changed }
    }

    /// Waits until the server accepts connections; false where the log ended before.
    pub async fn ready(&self) -> bool {
        self.until(|state| state.ready).await
    }

    /// Waits until process 1 has taken over the time to live; false where the log ended before.
    pub async fn kept(&self) -> bool {
        self.until(|state| state.kept).await
    }

    /// Waits until process 1 has stopped the server; false where the log ended before.
    pub async fn paused(&self) -> bool {
        self.until(|state| state.paused).await
    }

    /// Waits until process 1 has copied the data directory; false where the log ended before.
    pub async fn copied(&self) -> bool {
        self.until(|state| state.copied).await
    }

    /// Waits until everything that the server printed before `mark` has been read: the caller has made it print the
    /// mark.
    pub async fn read_up_to(&self, mark: &str) -> bool {
        self.until(|state| state.mark.as_deref() == Some(mark)).await
    }

    /// Waits for the end of the log, which is the end of process 1 or of the attachment.
    pub async fn ended(&self) {
        self.until(|_| false).await;
    }

    /// Whether the server's sessions can switch event triggers off; known once it is ready.
    pub(super) fn has_event_triggers(&self) -> bool {
        lock(&self.state).event_triggers
    }

    /// Takes the errors that were printed since the last call.
    pub fn take_errors(&self) -> Vec<ServerError> {
        self.take_printed().errors
    }

    /// Takes them with the number of those that were too many to keep.
    pub fn take_printed(&self) -> Printed {
        let mut state = lock(&self.state);
        Printed { errors: state.errors.drain(..).collect(), unread: std::mem::take(&mut state.unread) }
    }

    /// Whether a backend was killed by a signal, which is what running out of memory looks like (measured).
    pub fn killed_backend(&self) -> bool {
        lock(&self.state).killed_backend
    }

    /// Whether the server met a full disk.
    pub fn no_space(&self) -> bool {
        lock(&self.state).no_space
    }

    /// Whether process 1 has ended because its time to live was over.
    pub(super) fn is_over(&self) -> bool {
        lock(&self.state).over
    }

    pub(super) fn image_trouble(&self) -> Option<String> {
        lock(&self.state).image_trouble.clone()
    }

    /// The last line that was not an ordinary one; for a server that did not come up, before any data is there.
    pub(super) fn last_words(&self) -> String {
        lock(&self.state).last.clone().unwrap_or_else(|| "it said nothing".to_owned())
    }

    async fn until(&self, condition: impl Fn(&State) -> bool) -> bool {
        let mut changed = self.changed.clone();
        loop {
            changed.mark_unchanged();
            {
                let state = lock(&self.state);
                if condition(&state) {
                    return true;
                }
                if state.ended {
                    return false;
                }
            }
            if changed.changed().await.is_err() {
                return condition(&lock(&self.state));
            }
        }
    }
}

/// A panic of the reading task poisons nothing that matters: the state is plain data.
fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn take(&mut self, line: &str) {
        if let Some(own) = line.strip_prefix("drillyard: ") {
            return self.take_own(line, own);
        }
        // Continuation lines of a message begin with a tab.
        let Some((sqlstate, severity, message)) = parse(line) else {
            if !line.starts_with('\t') && !line.is_empty() {
                self.last = Some(line.to_owned());
            }
            return;
        };
        self.killed_backend |= message.contains("was terminated by signal 9");
        self.no_space |= sqlstate == "53100" || message.contains("No space left on device");
        match severity {
            "LOG" => self.take_log(message),
            "ERROR" | "FATAL" | "PANIC" => self.take_error(sqlstate, severity, message),
            _ => {}
        }
    }

    fn take_own(&mut self, line: &str, own: &str) {
        if line == start::KEPT {
            self.kept = true;
        } else if line == start::PAUSED {
            self.paused = true;
            self.ready = false;
        } else if line == start::COPIED {
            self.copied = true;
        } else if line == start::EVENT_TRIGGERS {
            self.event_triggers = true;
        } else if line == start::OVER {
            self.over = true;
        } else if line == start::NO_POSTGRES {
            self.image_trouble = Some(own.to_owned());
        }
    }

    fn take_log(&mut self, message: &str) {
        if message.starts_with("database system is ready to accept connections") {
            self.ready = true;
            self.paused = false;
        } else if let Some(mark) = message.strip_prefix("drillyard mark ") {
            self.mark = Some(mark.to_owned());
        }
    }

    fn take_error(&mut self, sqlstate: &str, severity: &str, message: &str) {
        if !self.ready {
            self.last = Some(message.to_owned());
        }
        if self.errors.len() >= MOST_ERRORS {
            self.unread = self.unread.saturating_add(1);
            return;
        }
        self.errors.push_back(ServerError {
            sqlstate: sqlstate.to_owned(),
            severity: severity.to_owned(),
            message: message[..message.floor_char_boundary(LONGEST_MESSAGE)].to_owned(),
        });
    }
}

/// Splits `42P06 123 ERROR:  schema "public" already exists` (`log_line_prefix` is `%e %p `).
fn parse(line: &str) -> Option<(&str, &str, &str)> {
    let (sqlstate, rest) = line.split_at_checked(5)?;
    let (pid, rest) = rest.strip_prefix(' ')?.split_once(' ')?;
    let (severity, message) = rest.split_once(":  ")?;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let valid = plain(sqlstate) && pid.bytes().all(|b| b.is_ascii_digit()) && !severity.contains(' ');
    valid.then_some((sqlstate, severity, message))
}

fn take_lines(partial: &mut Vec<u8>, bytes: &[u8], mut each: impl FnMut(&str)) {
    for part in bytes.split_inclusive(|byte| *byte == b'\n') {
        let room = LONGEST_LINE.saturating_sub(partial.len()).min(part.len());
        partial.extend_from_slice(&part[..room]);
        if part.ends_with(b"\n") {
            each(String::from_utf8_lossy(partial).trim_end());
            partial.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_the_server_prints_it() {
        let line = "42P06 77 ERROR:  schema \"public\" already exists";
        assert_eq!(parse(line), Some(("42P06", "ERROR", "schema \"public\" already exists")));
        assert_eq!(parse("\tsecond line of a message"), None);
        assert_eq!(parse("initdb: error: no"), None);
    }

    #[test]
    fn lines_are_whole_whatever_the_pieces_and_long_ones_are_cut() {
        let mut seen = Vec::new();
        let mut partial = Vec::new();
        let long = format!("{}\n", "x".repeat(3 * LONGEST_LINE));
        for piece in [b"00000 1 LOG:  a".as_slice(), b"b\n00000 1 ", b"LOG:  c\n", long.as_bytes(), b"end\n"]
        {
            take_lines(&mut partial, piece, |line| seen.push(line.to_owned()));
        }
        assert_eq!(seen[..2], ["00000 1 LOG:  ab", "00000 1 LOG:  c"]);
        assert!(seen[2].len() <= LONGEST_LINE);
        assert_eq!(seen[3], "end");
    }

    #[test]
    fn errors_beyond_the_most_are_counted() {
        let mut state = State::default();
        for _ in 0..MOST_ERRORS + 3 {
            state.take("42P01 1 ERROR:  table \"t\" does not exist");
        }
        assert_eq!((state.errors.len(), state.unread), (MOST_ERRORS, 3));
    }

    #[test]
    fn a_killed_backend_and_a_full_disk_are_noticed() {
        let mut state = State::default();
        state.take("00000 1 LOG:  server process (PID 9) was terminated by signal 9: Killed");
        state.take("53100 1 ERROR:  could not extend file \"base/1/2\": No space left on device");
        assert!(state.killed_backend && state.no_space);
        assert_eq!(state.errors.len(), 1);
    }
}
