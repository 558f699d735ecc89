//! The stderr of `psql -f -`, in any verbosity, because the dump can change it.
//!
//! With `-f -` errors carry their line (`psql:<stdin>:67: …`), with `-b` the statement follows
//! (`psql:<stdin>:67: STATEMENT:  …`) and names the object.

use super::failure::ClientFailure;
use super::lines::Lines;
use super::object;
use super::{ClientError, Transcript, comparable};

const STATEMENT_LINES: usize = 4;

/// Reads what `psql` prints.
#[derive(Debug, Default)]
pub struct PsqlTranscript {
    lines: Lines,
    reader: Reader,
}

#[derive(Debug, Default)]
struct Reader {
    transcript: Transcript,
    open: Option<ClientError>,
    statement: Option<Vec<String>>,
    failure: Option<ClientFailure>,
    last_words: Option<String>,
}

impl PsqlTranscript {
    /// Takes the next bytes, in pieces of any size.
    pub fn feed(&mut self, bytes: &[u8]) {
        let reader = &mut self.reader;
        self.lines.feed(bytes, |line| reader.take(line));
    }

    /// Ends the transcript. `exit_code` is the client's, `None` where it is not known.
    pub fn finish(mut self, exit_code: Option<i64>) -> Transcript {
        let reader = &mut self.reader;
        self.lines.finish(|line| reader.take(line));
        self.reader.finish(exit_code)
    }
}

impl Reader {
    fn take(&mut self, line: &str) {
        let (line_number, text) = place(line);
        if let Some(message) = server_message(text) {
            self.close();
            self.open = Some(error(message, line_number, false));
        } else if let Some(text) = text.strip_prefix("error: ") {
            self.close();
            self.take_own(text, line_number);
        } else if let Some(first) = text.strip_prefix("STATEMENT:  ") {
            self.statement = Some(vec![first.to_owned()]);
        } else if line.starts_with("psql:") {
            self.close();
            self.failure = self.failure.take().or_else(|| ClientFailure::read(text));
        } else if let Some(lines) = self.statement.as_mut().filter(|lines| lines.len() < STATEMENT_LINES) {
            lines.push(line.to_owned());
        }
    }

    /// An error of psql itself, which may quote one of the server's (`\connect: … FATAL:  …`).
    fn take_own(&mut self, text: &str, line_number: Option<u64>) {
        self.failure = self.failure.take().or_else(|| ClientFailure::read(text));
        self.last_words = Some(comparable(text).to_owned());
        let quoted = text.split_once("FATAL:  ").or_else(|| text.split_once("ERROR:  "));
        self.open = Some(match quoted {
            Some((_, message)) => error(message, line_number, false),
            None => error(text, line_number, true),
        });
    }

    fn close(&mut self) {
        let statement = self.statement.take().and_then(|lines| object::of_statement(&lines.join("\n")));
        if let Some(mut error) = self.open.take() {
            if let Some(object) = statement {
                error.object = object.text();
                error.entry_kind = Some(object.kind);
            }
            self.transcript.add(error);
        }
    }

    fn finish(mut self, exit_code: Option<i64>) -> Transcript {
        self.close();
        self.transcript.client_failure = match exit_code {
            Some(0) => None,
            Some(3) => Some(ClientFailure::StoppedAtError),
            Some(2) => Some(ClientFailure::ConnectionLost),
            other => ClientFailure::of_exit(other).or(self.failure).or_else(|| {
                let text = self.last_words.unwrap_or_default();
                Some(ClientFailure::Unexplained { exit_code: other.unwrap_or_default(), text })
            }),
        };
        self.transcript
    }
}

fn error(message: &str, line: Option<u64>, by_client: bool) -> ClientError {
    ClientError {
        message: comparable(message).to_owned(),
        object: line.map(|line| format!("line {line}")).unwrap_or_default(),
        entry_kind: None,
        line,
        by_client,
    }
}

/// Splits `psql:<stdin>:67: rest` into the line and the rest.
fn place(line: &str) -> (Option<u64>, &str) {
    let Some(rest) = line.strip_prefix("psql:") else { return (None, line) };
    let numbered = rest.split_once(": ").and_then(|(place, text)| {
        let (_, number) = place.rsplit_once(':')?;
        Some((number.parse().ok()?, text))
    });
    numbered.map_or((None, rest.trim_start()), |(number, text): (u64, &str)| (Some(number), text))
}

/// The message of `ERROR:  42704: role …` (verbose), `ERROR:  role …` (terse) and `ERROR:  42704` (sqlstate). A line
/// that only begins like one is an error all the same, of unknown words.
fn server_message(text: &str) -> Option<&str> {
    let rest =
        ["ERROR:", "FATAL:", "PANIC:"].iter().find_map(|severity| text.strip_prefix(severity))?.trim_start();
    let state =
        |code: &str| code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    Some(match rest.split_once(": ") {
        Some((code, message)) if state(code) => message,
        _ if state(rest) => "",
        _ => rest,
    })
}
