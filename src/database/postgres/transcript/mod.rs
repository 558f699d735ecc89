//! What `pg_restore` and `psql` print, read as it comes: which object an error concerns, and how the client itself
//! failed.
//!
//! Neither transcript is trusted: a dump can print any line. The server's own log counts errors and knows their
//! SQLSTATEs; a transcript names objects, and tells what the server never saw (2026-11-21).

mod failure;
mod lines;
pub mod object;
mod pg_restore;
mod psql;

pub use failure::ClientFailure;
pub use pg_restore::PgRestoreTranscript;
pub use psql::PsqlTranscript;

/// The most errors of a restore that are kept, of the client's as of the server's: where the server's outnumbered the
/// client's, harmless ones would lack the line that excuses them. Further ones are counted (2026-11-22).
pub const MOST_ERRORS: usize = 50_000;
/// Bytes of a message that are kept, and that two messages are compared by.
const LONGEST_MESSAGE: usize = 512;

/// What a client printed, at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    /// Errors in the order in which they were printed, at most [`MOST_ERRORS`].
    pub errors: Vec<ClientError>,
    /// Errors beyond those.
    pub further_errors: u64,
    /// How the client itself failed, where it did not come to its end.
    pub client_failure: Option<ClientFailure>,
    /// The number that `pg_restore` gives at its end (`errors ignored on restore: 3`). It counts some errors of a
    /// parallel restore twice (measured), so nothing is judged by it.
    pub ignored: Option<u64>,
}

/// An error as the client printed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientError {
    /// First line of the message, without severity and SQLSTATE. May hold values of rows.
    pub message: String,
    /// What it concerns: `TABLE public.orders`, `FK CONSTRAINT public.payments payments_order_fk`, `line 1234`; empty
    /// where nothing tells. Escaped and at most 128 characters long.
    pub object: String,
    /// Kind of the object, where it is known: `TABLE`.
    pub entry_kind: Option<String>,
    /// Line of the plain dump on which the statement ended.
    pub line: Option<u64>,
    /// The client's own error, which the server does not know.
    pub by_client: bool,
}

impl Transcript {
    fn add(&mut self, error: ClientError) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(error);
        } else {
            self.further_errors = self.further_errors.saturating_add(1);
        }
    }
}

/// The message as it is compared between client and server: without the position that only the server's log adds, and
/// cut.
pub fn comparable(message: &str) -> &str {
    let message = message.trim_end();
    let without = message
        .rsplit_once(" at character ")
        .filter(|(_, position)| !position.is_empty() && position.bytes().all(|b| b.is_ascii_digit()))
        .map_or(message, |(head, _)| head);
    &without[..without.floor_char_boundary(LONGEST_MESSAGE)]
}

#[cfg(test)]
mod tests;
