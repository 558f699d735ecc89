//! PostgreSQL's protocol over the standard streams of a program inside the sandbox. There is no port, no socket
//! directory and no network between the daemon and restored data.
//!
//! Identity: the server's setting `drillyard.run` holds a nonce that only this run's sandbox got on its command line.
//! It is read back as the first statement of every connection, and a connection that can't show it is dropped before
//! anything else is sent.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use tokio_util::io::StreamReader;

use crate::database::postgres::start;
use crate::engine::exec::Output;
use crate::engine::{Engine, EngineError, ExecSpec};
use crate::error::Explain;
use crate::model::{Reason, ServerVersion};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(30);
/// Longest wait for the answer to a short statement of ours; a lock that the backup holds may be in its way.
const STATEMENT: Duration = Duration::from_mins(1);
/// How long a starting server may refuse us.
const STARTING: Duration = Duration::from_mins(1);

/// Who connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// The sandbox's own superuser, for restoring and preparing.
    Superuser,
    /// The role that asks the checks.
    Checker,
}

impl Login {
    fn role(self) -> &'static str {
        match self {
            Self::Superuser => "postgres",
            Self::Checker => "drillyard_check",
        }
    }

    /// Settings of the session, over whatever the backup says of databases and roles.
    pub(super) fn options(self) -> &'static str {
        match self {
            Self::Superuser => {
                "-c search_path=pg_catalog -c statement_timeout=0 -c lock_timeout=0 \
                 -c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off \
                 -c client_min_messages=error -c row_security=off -c TimeZone=UTC -c DateStyle=ISO"
            }
            Self::Checker => {
                "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 \
                 -c client_min_messages=error -c row_security=off -c TimeZone=UTC -c DateStyle=ISO"
            }
        }
    }
}

/// The way to one sandbox's server.
#[derive(Clone)]
pub struct Wire {
    engine: Engine,
    container: String,
    nonce: String,
    has_event_triggers: bool,
}

/// A connection whose server has shown the nonce.
pub struct Session {
    client: Client,
}

impl std::ops::Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A connection that did not come to be, or broke.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The engine did not do its part.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The server that answered is not the sandbox's.
    #[error(
        "a server answered in the sandbox's place and could not show the run's nonce; nothing was sent to it"
    )]
    NonceMissing,
    /// The server refused or broke off. `Display` of the cause never holds a row's value: only its SQLSTATE is shown.
    #[error("the sandbox's server {} ({})", what, sqlstate.as_deref().unwrap_or("connection lost"))]
    Server {
        /// What it did.
        what: &'static str,
        /// Five characters, where it said why.
        sqlstate: Option<String>,
    },
    /// No answer in time.
    #[error("no answer from the sandbox's server to a statement of ours within {} s", after.as_secs())]
    Unanswered {
        /// How long was waited.
        after: Duration,
    },
    /// No connection in time.
    #[error("no connection to the sandbox's server within {} s", after.as_secs())]
    Timeout {
        /// How long was waited.
        after: Duration,
    },
}

impl WireError {
    /// Keeps of a server's error what is safe: its SQLSTATE.
    pub fn of(what: &'static str, error: &tokio_postgres::Error) -> Self {
        Self::Server { what, sqlstate: error.code().map(|code| code.code().to_owned()) }
    }

    fn is_starting(&self) -> bool {
        matches!(self, Self::Server { sqlstate, .. } if sqlstate.as_deref().is_none_or(|state| state == "57P03"))
    }
}

/// A server that refuses what we ask is there all the same: only one that goes away is lost (2026-11-22).
fn refusal(sqlstate: Option<&str>) -> Reason {
    match sqlstate {
        None => Reason::SandboxLost,
        Some("53200") => Reason::SandboxOutOfMemory,
        Some("53100") => Reason::DiskFull,
        Some("57014") => Reason::Timeout,
        Some(state) if ["08", "57P", "58"].iter().any(|class| state.starts_with(class)) => {
            Reason::SandboxLost
        }
        Some(_) => Reason::Internal,
    }
}

impl Explain for WireError {
    fn reason(&self) -> Reason {
        match self {
            Self::Engine(error) => error.reason(),
            Self::NonceMissing => Reason::NonceMissing,
            Self::Server { sqlstate, .. } => refusal(sqlstate.as_deref()),
            Self::Timeout { .. } | Self::Unanswered { .. } => Reason::Timeout,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::NonceMissing => Some("tell us: this should not be possible".to_owned()),
            Self::Server { .. } | Self::Timeout { .. } | Self::Unanswered { .. } => None,
        }
    }
}

impl Wire {
    /// The way to the server in a container that was started with this nonce as its setting
    /// [`drillyard.run`](start::NONCE). Nothing is connected yet.
    pub fn new(engine: Engine, container: String, nonce: String) -> Self {
        Self { engine, container, nonce, has_event_triggers: false }
    }

    /// Says whether sessions of the server can switch event triggers off. A superuser's then does, or one of the backup's
    /// would run before its first statement; the role that asks the checks does so by a setting of its own.
    pub(super) fn with_event_triggers(self, has_event_triggers: bool) -> Self {
        Self { has_event_triggers, ..self }
    }

    fn options(&self, login: Login) -> String {
        match login {
            Login::Superuser if self.has_event_triggers => {
                format!("{} {}", login.options(), start::NO_EVENT_TRIGGERS)
            }
            Login::Superuser | Login::Checker => login.options().to_owned(),
        }
    }

    /// The container at the other end, for programs that must run inside it.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// The engine that holds it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Connects, and reads the nonce back before anything else.
    pub async fn connect(&self, database: &str, login: Login) -> Result<Session, WireError> {
        match timeout(CONNECT, self.connect_now(database, login)).await {
            Ok(result) => result,
            Err(_) => Err(WireError::Timeout { after: CONNECT }),
        }
    }

    /// Connects to a server that may still be starting.
    pub async fn connect_when_ready(&self, database: &str, login: Login) -> Result<Session, WireError> {
        let deadline = tokio::time::Instant::now() + STARTING;
        loop {
            match self.connect(database, login).await {
                Err(error) if error.is_starting() && tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                other => return other,
            }
        }
    }

    async fn connect_now(&self, database: &str, login: Login) -> Result<Session, WireError> {
        let command = start::wire_command();
        let spec = ExecSpec { command, environment: Vec::new(), input: true, terminal: false };
        let exec = self.engine.exec(&self.container, spec).await?;
        let answers = exec.output.filter_map(|piece| async {
            match piece {
                Ok(Output::Out(bytes)) => Some(Ok::<Bytes, std::io::Error>(bytes)),
                Ok(Output::Error(_)) => None,
                Err(error) => Some(Err(std::io::Error::other(error))),
            }
        });
        let stream = tokio::io::join(StreamReader::new(Box::pin(answers)), exec.input);
        let mut config = tokio_postgres::Config::new();
        config.user(login.role()).dbname(database).application_name("drillyard").options(self.options(login));
        let connected = config.connect_raw(stream, NoTls).await;
        let (client, connection) =
            connected.map_err(|error| WireError::of("refused the connection", &error))?;
        // Ends with the client: dropping a session closes its connection.
        tokio::spawn(connection);
        let session = Session { client };
        session.prove(&self.nonce).await?;
        Ok(session)
    }
}

impl Session {
    async fn prove(&self, nonce: &str) -> Result<(), WireError> {
        match self.text(&format!("SHOW {}", start::NONCE)).await {
            Ok(Some(text)) if text == nonce => Ok(()),
            // 42704: the server does not know the setting.
            Err(WireError::Server { sqlstate: Some(state), .. }) if state == "42704" => {
                Err(WireError::NonceMissing)
            }
            Err(error) => Err(error),
            Ok(_) => Err(WireError::NonceMissing),
        }
    }

    /// The first column of a statement's first row, as text.
    pub async fn text(&self, statement: &str) -> Result<Option<String>, WireError> {
        let answer = ours(self.client.simple_query(statement)).await?;
        let messages = answer.map_err(|error| WireError::of("refused a statement of ours", &error))?;
        Ok(messages.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }

    /// Runs short statements of ours, without an answer.
    pub async fn run(&self, statements: &str) -> Result<(), WireError> {
        ours(self.run_long(statements)).await?
    }

    /// Runs a statement of ours that may take long; the caller has a deadline.
    pub async fn run_long(&self, statement: &str) -> Result<(), WireError> {
        let done = self.client.batch_execute(statement).await;
        done.map_err(|error| WireError::of("refused a statement of ours", &error))
    }

    /// The server's version as it says it itself.
    pub async fn server_version(&self) -> Result<ServerVersion, WireError> {
        let text = self.text("SHOW server_version").await?.unwrap_or_default();
        ServerVersion::parse(&text)
            .ok_or(WireError::Server { what: "did not tell its version", sqlstate: None })
    }
}

/// Waits for a short statement of ours, and no longer than [`STATEMENT`].
async fn ours<T>(answer: impl Future<Output = T>) -> Result<T, WireError> {
    timeout(STATEMENT, answer).await.map_err(|_| WireError::Unanswered { after: STATEMENT })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_fault_of_ours_and_only_a_server_that_goes_away_is_lost() {
        assert_eq!(refusal(Some("42704")), Reason::Internal);
        for gone in [None, Some("57P01"), Some("08006"), Some("58030")] {
            assert_eq!(refusal(gone), Reason::SandboxLost, "{gone:?}");
        }
        assert_eq!(
            (refusal(Some("53200")), refusal(Some("53100"))),
            (Reason::SandboxOutOfMemory, Reason::DiskFull)
        );
    }
}
