//! The stderr of `pg_restore`.
//!
//! Only `--verbose` makes it name the entry of the table of contents (`from TOC entry …`, measured on 15 and 17);
//! without it the statement after `Command was:` tells. Workers of a parallel restore write over each other in the
//! middle of lines (measured), so lines are searched, not matched from their start.

use super::failure::ClientFailure;
use super::lines::Lines;
use super::object::{self, Object};
use super::{ClientError, Transcript, comparable};

/// Lines of a statement that are read for its object.
const STATEMENT_LINES: usize = 4;

/// Reads what `pg_restore` prints.
#[derive(Debug, Default)]
pub struct PgRestoreTranscript {
    lines: Lines,
    reader: Reader,
}

#[derive(Debug, Default)]
struct Reader {
    transcript: Transcript,
    /// The entry that errors concern, until another is named.
    entry: Option<Object>,
    /// The last object that was begun, with its schema, which entries lack.
    begun: Option<Object>,
    /// The error whose statement may follow.
    open: Option<ClientError>,
    statement: Option<Vec<String>>,
    failure: Option<ClientFailure>,
    last_words: Option<String>,
}

impl PgRestoreTranscript {
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
        let ours = line.contains("pg_restore: ") || line.starts_with(" error: ");
        if !ours {
            self.take_statement(line);
        } else if let Some((_, entry)) = line.split_once("from TOC entry ") {
            self.close();
            self.entry = object::of_entry(entry);
        } else if let Some((_, text)) = line.split_once("error: ") {
            self.close();
            self.take_error(text);
        } else if let Some((_, count)) = line.split_once("errors ignored on restore: ") {
            self.close();
            self.transcript.ignored = count.trim().parse().ok();
        } else if let Some((_, text)) = line.split_once("pg_restore: ") {
            self.close();
            self.take_progress(text);
        }
    }

    fn take_progress(&mut self, text: &str) {
        if let Some(name) = text.strip_prefix("processing data for table ") {
            self.begun = Some(Object::new("TABLE DATA", name.trim_matches('"')));
        } else if let Some((kind, name)) =
            text.strip_prefix("creating ").and_then(|rest| rest.split_once(" \""))
        {
            self.begun = Some(Object::new(kind, name.trim_end_matches('"')));
        } else if let Some(failure) = ClientFailure::read(text) {
            self.fail(failure);
        }
    }

    fn take_error(&mut self, text: &str) {
        let server = ["ERROR:  ", "FATAL:  ", "PANIC:  "].iter().find_map(|s| text.split_once(s));
        if text.contains("reconnection failed") || text.starts_with("connection to server") {
            self.fail(ClientFailure::ConnectionLost);
        }
        if let Some((_, message)) = server {
            let copied =
                text.strip_prefix("COPY failed for table \"").and_then(|rest| rest.split('"').next());
            let entry = self.entry.clone().or_else(|| copied.map(|table| Object::new("TABLE DATA", table)));
            let entry = entry.map(|entry| entry.with_schema(self.begun.as_ref()));
            self.open = Some(ClientError {
                message: comparable(message).to_owned(),
                object: entry.as_ref().map(Object::text).unwrap_or_default(),
                entry_kind: entry.map(|entry| entry.kind),
                line: None,
                by_client: false,
            });
        } else if let Some(failure) = ClientFailure::read(text) {
            self.fail(failure);
        } else if !text.contains("a worker process died unexpectedly") {
            self.transcript.ignored = None;
            self.last_words = Some(comparable(text).to_owned());
        }
    }

    /// Fatal for the client, unless it later says that it came to its end.
    fn fail(&mut self, failure: ClientFailure) {
        self.transcript.ignored = None;
        self.failure = Some(self.failure.take().map_or(failure.clone(), |known| known.min(failure)));
    }

    fn take_statement(&mut self, line: &str) {
        if self.open.is_none() {
            return;
        }
        if let Some((_, first)) = line.split_once("Command was: ") {
            self.statement = Some(vec![first.to_owned()]);
        } else if let Some(lines) = self.statement.as_mut().filter(|lines| lines.len() < STATEMENT_LINES) {
            lines.push(line.to_owned());
        }
    }

    /// The error and its statement are complete. The statement names the object better than the entry does: it has the
    /// schema, and no other worker's line can come between.
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
        // Without a connection pg_restore goes on to its end and counts every statement as an ignored error (measured).
        let connected = self.failure != Some(ClientFailure::ConnectionLost);
        let ignored = exit_code == Some(1) && self.transcript.ignored.is_some() && connected;
        let came_to_its_end = exit_code == Some(0) || ignored;
        if !came_to_its_end {
            let by_exit = ClientFailure::of_exit(exit_code);
            let unexplained = || ClientFailure::Unexplained {
                exit_code: exit_code.unwrap_or_default(),
                text: self.last_words.unwrap_or_default(),
            };
            self.transcript.client_failure = Some(self.failure.or(by_exit).unwrap_or_else(unexplained));
        }
        self.transcript
    }
}
