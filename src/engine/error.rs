//! What the engine can answer instead of what was asked.

use std::time::Duration;

use bollard::errors::Error;

use crate::error::Explain;
use crate::model::Reason;

/// An engine call that did not do what it was for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// No engine answered at any address.
    #[error("no container engine answered ({})", tried.join("; "))]
    Unreachable {
        /// Each address with its error.
        tried: Vec<String>,
    },
    /// The engine's API is older than we can use.
    #[error("the container engine speaks API {api_version}, and 1.41 is the oldest that can hold a sandbox")]
    TooOld {
        /// What it speaks.
        api_version: String,
    },
    /// No answer in time.
    #[error("{call}: no answer from the engine within {} s", after.as_secs())]
    Timeout {
        /// What was asked.
        call: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// The connection broke.
    #[error("{call}: the connection to the engine broke ({message})")]
    Broken {
        /// What was asked.
        call: &'static str,
        /// What the connection said.
        message: String,
    },
    /// The object is not there.
    #[error("{call}: not there ({message})")]
    NotFound {
        /// What was asked.
        call: &'static str,
        /// What the engine said.
        message: String,
    },
    /// The object is busy, or its name is taken.
    #[error("{call}: the engine has a conflict ({message})")]
    Conflict {
        /// What was asked.
        call: &'static str,
        /// What the engine said.
        message: String,
    },
    /// The engine's disk is full.
    #[error("{call}: the engine's disk is full ({message})")]
    DiskFull {
        /// What was asked.
        call: &'static str,
        /// What the engine said.
        message: String,
    },
    /// Anything else that the engine refused.
    #[error("{call}: the engine refused with status {status} ({message})")]
    Refused {
        /// What was asked.
        call: &'static str,
        /// HTTP status.
        status: u16,
        /// What the engine said.
        message: String,
    },
}

impl EngineError {
    pub(super) fn of(call: &'static str, error: Error) -> Self {
        match error {
            Error::DockerResponseServerError { status_code, message } => {
                Self::of_status(call, status_code, &message)
            }
            Error::RequestTimeoutError => Self::Timeout { call, after: Duration::from_mins(2) },
            Error::SocketNotFoundError(path) => {
                Self::Broken { call, message: format!("there is no socket {path}") }
            }
            other => Self::Broken { call, message: chain(&other) },
        }
    }

    fn of_status(call: &'static str, status: u16, message: &str) -> Self {
        let message = message.trim().to_owned();
        if message.contains("no space left on device") {
            return Self::DiskFull { call, message };
        }
        match status {
            404 => Self::NotFound { call, message },
            409 => Self::Conflict { call, message },
            _ => Self::Refused { call, status, message },
        }
    }

    /// The object is gone already, which is what a removal wants.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

/// An error with its causes in one line; the outermost alone often says nothing.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl Explain for EngineError {
    fn reason(&self) -> Reason {
        match self {
            Self::Timeout { .. } => Reason::EngineTimeout,
            Self::DiskFull { .. } => Reason::DiskFull,
            Self::Refused { message, .. } if message.contains("no matching entries in passwd") => {
                Reason::ImageWrong
            }
            Self::Refused { message, .. } if message.contains("executable file not found") => {
                Reason::ImageWrong
            }
            Self::NotFound { message, .. } if message.contains("No such image") => Reason::ImageMissing,
            _ => Reason::EngineUnreachable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => Some(
                "start the container engine (`systemctl start docker`), or set DOCKER_HOST or `engine: { host: … }`; \
                 `docker/prepare` installs and starts one where it may"
                    .to_owned(),
            ),
            Self::TooOld { .. } => Some("install Docker 20.10 or newer".to_owned()),
            Self::DiskFull { .. } => Some("free space on the engine's disk, or move its data root".to_owned()),
            Self::Refused { message, .. } if message.contains("no matching entries in passwd") => {
                Some("the image has no user `postgres`; use an image made for PostgreSQL".to_owned())
            }
            _ => None,
        }
    }
}
