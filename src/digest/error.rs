//! What can go wrong with a digest. Nothing of what a server says of rows is in it: only its SQLSTATE.

use crate::error::Explain;
use crate::model::Reason;

/// A state that could not be taken or compared.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// The server refused, or broke off.
    #[error("the database's state could not be read: {what} ({})", sqlstate.as_deref().unwrap_or("connection lost"))]
    Server {
        /// What was read.
        what: String,
        /// Five characters, where it said why.
        sqlstate: Option<String>,
    },
    /// The session may not see everything.
    #[error("the database's state can only be read by a superuser")]
    NotSuperuser,
    /// The backup has put functions beside PostgreSQL's own: what they would answer is not to be relied on.
    #[error("the database holds functions of its own in pg_catalog under names of PostgreSQL's: {}", names.join(", "))]
    Shadowed {
        /// The names.
        names: Vec<String>,
    },
    /// The server answered something that is no answer.
    #[error("the server's answer about {what} was not understood")]
    Answer {
        /// What was asked.
        what: String,
    },
}

impl DigestError {
    /// Keeps of a server's error what is safe.
    pub(super) fn of(what: impl Into<String>, error: &tokio_postgres::Error) -> Self {
        Self::Server { what: what.into(), sqlstate: error.code().map(|code| code.code().to_owned()) }
    }
}

impl Explain for DigestError {
    fn reason(&self) -> Reason {
        match self {
            Self::Server { sqlstate, .. } => match sqlstate.as_deref() {
                Some("53200") => Reason::SandboxOutOfMemory,
                Some("53100") => Reason::DiskFull,
                Some("57014") => Reason::Timeout,
                // A file of the server that is damaged or gone.
                Some("XX001" | "XX002" | "58P01") => Reason::RestoreFailed,
                Some(_) => Reason::Internal,
                None => Reason::SandboxLost,
            },
            Self::Shadowed { .. } => Reason::CheckInvalid,
            Self::NotSuperuser | Self::Answer { .. } => Reason::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Shadowed { .. } => {
                Some("Drop those functions in production, or move them to a schema of their own.".to_owned())
            }
            _ => None,
        }
    }
}
