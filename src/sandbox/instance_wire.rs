//! PostgreSQL's protocol over verified TLS, to the temporary instance that a snapshot became.
//!
//! There is no command line that could carry a nonce. The identity is the certificate's name, which RDS gives to this
//! instance alone, and a password that this run has set and nobody else knows.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::wire::Login;
use crate::error::Explain;
use crate::model::Reason;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(30);
/// Longest wait for the answer to a statement of ours.
const STATEMENT: Duration = Duration::from_mins(2);
/// Between two tries at a password that the server does not know yet.
const AGAIN: Duration = Duration::from_secs(3);

/// Where the server is, and what its certificate is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name that its certificate is for.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Address in place of what the name stands for.
    pub address: Option<SocketAddr>,
    /// Authorities in PEM form.
    pub authorities: String,
}

/// Who logs in.
pub struct Account {
    /// The role.
    pub role: String,
    /// Its password.
    pub password: SecretString,
}

/// The way to one instance's server.
pub struct InstanceWire {
    place: Place,
    tls: MakeRustlsConnect,
    master: Account,
    checker: Account,
}

/// A connection that did not come to be, or a statement of ours that was not answered. `Display` never holds a row's
/// value: of what the server says only its SQLSTATE is shown.
#[derive(Debug, thiserror::Error)]
pub enum InstanceWireError {
    /// The authorities are no certificates.
    #[error("the authorities of `database.ca` could not be used: {0}")]
    Authorities(String),
    /// The certificate is not for this name, or nobody vouches for it.
    #[error("the server at {place} could not be trusted, and nothing was sent to it: {why}")]
    Untrusted {
        /// Name and address.
        place: String,
        /// What is wrong with its certificate.
        why: String,
    },
    /// Nobody answered.
    #[error("the temporary instance's server at {place} did not answer: {why}")]
    Unreachable {
        /// Name and address.
        place: String,
        /// What happened instead.
        why: String,
    },
    /// It refused.
    #[error("the temporary instance's server {what} ({sqlstate})")]
    Refused {
        /// What it did.
        what: &'static str,
        /// Five characters.
        sqlstate: String,
    },
    /// No answer in time.
    #[error("no answer from the temporary instance's server within {} s", after.as_secs())]
    Unanswered {
        /// How long was waited.
        after: Duration,
    },
}

impl InstanceWireError {
    fn of(what: &'static str, place: &Place, error: &tokio_postgres::Error) -> Self {
        if let Some(code) = error.code() {
            return Self::Refused { what, sqlstate: code.code().to_owned() };
        }
        let source = std::error::Error::source(error);
        let io = source.and_then(|source| source.downcast_ref::<io::Error>());
        let of_tls = io.and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match (of_tls, io) {
            (Some(why), _) => Self::Untrusted { place: place.to_string(), why: why.to_string() },
            (None, Some(why)) => Self::Unreachable { place: place.to_string(), why: why.to_string() },
            // The driver's own words: that the server offers no TLS, or went away.
            (None, None) => Self::Unreachable { place: place.to_string(), why: error.to_string() },
        }
    }

    fn is_unknown_password(&self) -> bool {
        matches!(self, Self::Refused { sqlstate, .. } if sqlstate == "28P01")
    }
}

impl Explain for InstanceWireError {
    fn reason(&self) -> Reason {
        match self {
            Self::Authorities(_) | Self::Untrusted { .. } | Self::Unreachable { .. } => {
                Reason::SourceUnreachable
            }
            Self::Refused { sqlstate, .. } => match sqlstate.as_str() {
                "53200" => Reason::SandboxOutOfMemory,
                "53100" => Reason::DiskFull,
                "28P01" | "28000" | "42501" | "0LP01" => Reason::SourceDenied,
                _ => Reason::RdsFailed,
            },
            Self::Unanswered { .. } => Reason::Timeout,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Authorities(_) | Self::Untrusted { .. } => {
                "give `database.ca` the authorities of RDS, AWS's global-bundle.pem"
            }
            Self::Unreachable { .. } => {
                "let this machine in by the security group, or give `database.address` the near end of a tunnel"
            }
            Self::Refused { sqlstate, .. } if matches!(sqlstate.as_str(), "42501" | "0LP01") => {
                "let the master user make a role that reads everything: CREATEROLE, and pg_read_all_data WITH ADMIN OPTION"
            }
            Self::Refused { .. } => "look at the instance's log in RDS",
            Self::Unanswered { .. } => {
                "give `class` a larger one: a fresh instance reads its blocks from afar"
            }
        };
        Some(hint.to_owned())
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)?;
        self.address.map_or(Ok(()), |address| write!(f, " (at {address})"))
    }
}

impl InstanceWire {
    /// Nothing is connected yet.
    pub fn new(place: Place, master: Account, checker: Account) -> Result<Self, InstanceWireError> {
        let unusable = |why: String| InstanceWireError::Authorities(why);
        // One of a bundle that nobody can read vouches for nobody, and spoils none of the others.
        let mut authorities = rustls::RootCertStore::empty();
        let found = CertificateDer::pem_slice_iter(place.authorities.as_bytes()).filter_map(Result::ok);
        if authorities.add_parsable_certificates(found).0 == 0 {
            return Err(unusable("no certificate in it can be read".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?
            .with_root_certificates(authorities)
            .with_no_client_auth();
        Ok(Self { place, tls: MakeRustlsConnect::new(config), master, checker })
    }

    /// The role that asks the checks.
    pub fn checker(&self) -> &Account {
        &self.checker
    }

    /// Connects as the master user to a server that may not have heard of its new password yet.
    pub async fn connect_when_let_in(
        &self,
        database: &str,
        patience: Duration,
    ) -> Result<Box<Client>, InstanceWireError> {
        let begun = Instant::now();
        loop {
            match self.connect(database, Login::Superuser).await {
                Err(error) if error.is_unknown_password() && begun.elapsed() < patience => {
                    tokio::time::sleep(AGAIN).await;
                }
                connected => return connected,
            }
        }
    }

    /// Connects: the master user in a superuser's place, or the role of the checks.
    pub async fn connect(&self, database: &str, login: Login) -> Result<Box<Client>, InstanceWireError> {
        let account = match login {
            Login::Superuser => &self.master,
            Login::Checker => &self.checker,
        };
        let mut config = tokio_postgres::Config::new();
        config
            .host(&self.place.host)
            .port(self.place.address.map_or(self.place.port, |address| address.port()))
            .user(&account.role)
            .password(account.password.expose_secret())
            .dbname(database)
            .ssl_mode(SslMode::Require)
            .options(login.options())
            .application_name("drillyard");
        if let Some(address) = self.place.address {
            config.hostaddr(address.ip());
        }
        let connecting = timeout(CONNECT, config.connect(self.tls.clone())).await;
        let connected = connecting.map_err(|_| InstanceWireError::Unanswered { after: CONNECT })?;
        let (client, connection) = connected.map_err(|error| self.error("let nobody in", &error))?;
        tokio::spawn(connection);
        Ok(Box::new(client))
    }

    /// Runs statements of ours.
    pub async fn run(&self, client: &Client, what: &'static str, sql: &str) -> Result<(), InstanceWireError> {
        match timeout(STATEMENT, client.batch_execute(sql)).await {
            Ok(done) => done.map_err(|error| self.error(what, &error)),
            Err(_) => Err(InstanceWireError::Unanswered { after: STATEMENT }),
        }
    }

    /// Asks a question of ours.
    pub async fn ask(
        &self,
        client: &Client,
        what: &'static str,
        sql: &str,
    ) -> Result<Vec<tokio_postgres::Row>, InstanceWireError> {
        match timeout(STATEMENT, client.query(sql, &[])).await {
            Ok(answer) => answer.map_err(|error| self.error(what, &error)),
            Err(_) => Err(InstanceWireError::Unanswered { after: STATEMENT }),
        }
    }

    fn error(&self, what: &'static str, error: &tokio_postgres::Error) -> InstanceWireError {
        InstanceWireError::of(what, &self.place, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_vouches_for_nobody() {
        let account = || Account { role: "someone".into(), password: "secret".into() };
        let place = |authorities: &str| Place {
            host: "x.rds.amazonaws.com".into(),
            port: 5432,
            address: None,
            authorities: authorities.into(),
        };
        let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let error = InstanceWire::new(place(broken), account(), account()).err().unwrap();
        assert_eq!(error.reason(), Reason::SourceUnreachable);
        assert!(error.to_string().contains("`database.ca`"), "{error}");
    }
}
