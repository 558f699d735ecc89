//! Mail to a server: one connection for the mails of a pass, a deadline on every step, and never less encryption than
//! the settings say.

use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::{Error, response::Response};
use secrecy::ExposeSecret;

use super::trouble::Trouble;
use crate::definition::settings::{Smtp, SmtpSecurity, TextOrSecret};
use crate::store::OutboxEntry;

/// The longest that a connection may take to be made, TLS included.
const CONNECT: Duration = Duration::from_secs(20);
/// The longest that a server may think about one command.
const COMMAND: Duration = Duration::from_secs(30);
/// The longest that a server may think about a whole message, which it may be searching for viruses.
const MESSAGE: Duration = Duration::from_secs(90);
/// After so many silences in a pass nobody asks the server any more.
const PATIENCE: u8 = 2;
/// The answer of a server to which a message is too big.
const TOO_BIG: u16 = 552;

/// A mail server, and the connection to it where there is one.
pub(super) struct Server<'a> {
    settings: &'a Smtp,
    from: &'a Mailbox,
    connection: Option<AsyncSmtpConnection>,
    /// How often it did not answer in time.
    silences: u8,
    /// Why it could not be reached in this pass: the other mails need not wait for the same.
    down: Option<String>,
}

impl<'a> Server<'a> {
    /// Without a connection yet.
    pub(super) fn new(settings: &'a Smtp, from: &'a Mailbox) -> Self {
        Self { settings, from, connection: None, silences: 0, down: None }
    }

    /// Sends one mail to one recipient; where it is too big, its short version.
    pub(super) async fn deliver(&mut self, entry: &OutboxEntry) -> Result<(), Trouble> {
        let to: Address = entry
            .recipient
            .parse()
            .map_err(|_| Trouble::Permanent("this is no address that a mail server would take".to_owned()))?;
        if let Some(why) = &self.down {
            return Err(Trouble::Transient(why.clone()));
        }
        if self.connection.is_none() {
            let connected = connect(self.settings).await;
            self.connection = Some(connected.inspect_err(|why| self.down = Some(why.to_string()))?);
        }
        let Some(connection) = self.connection.as_mut() else {
            return Err(Trouble::Transient("there is no connection".to_owned()));
        };
        let outcome = send_whole_or_short(connection, &self.from.email, &to, entry).await;
        self.remember(&outcome);
        outcome
    }

    /// One recipient's server may be slow to answer; a server that is slow with two is in no state to take the others.
    fn remember(&mut self, outcome: &Result<(), Trouble>) {
        if let Err(Trouble::Silent(why)) = outcome {
            self.silences += 1;
            self.down = (self.silences >= PATIENCE).then(|| why.clone());
        }
    }

    /// Drops the connection; a refusal leaves a server in the middle of a transaction.
    pub(super) fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Says goodbye.
    pub(super) async fn leave(self) {
        if let Some(mut connection) = self.connection {
            let _ = tokio::time::timeout(Duration::from_secs(2), connection.quit()).await;
        }
    }
}

async fn connect(settings: &Smtp) -> Result<AsyncSmtpConnection, Trouble> {
    let parameters = match settings.security {
        SmtpSecurity::None => None,
        SmtpSecurity::StartTls | SmtpSecurity::Tls => Some(tls(settings)?),
    };
    let implicit = parameters.clone().filter(|_| settings.security == SmtpSecurity::Tls);
    let address = (settings.host.as_str(), settings.port);
    let hello = ClientId::default();
    let connecting = AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT), &hello, implicit, None);
    let mut connection = in_time("the connection", CONNECT, connecting).await?;
    if let Some(parameters) = parameters.filter(|_| settings.security == SmtpSecurity::StartTls) {
        // Without the server's offer this fails: a stripped STARTTLS must not become a mail in the clear.
        in_time("STARTTLS", CONNECT, connection.starttls(parameters, &hello)).await?;
    }
    if let Some(credentials) = credentials(settings)? {
        if !connection.is_encrypted() {
            return Err(Trouble::Transient("a password is not sent without encryption".to_owned()));
        }
        let authenticating = connection.auth(DEFAULT_MECHANISMS, &credentials);
        // Nothing of the answer: a server could repeat what it was sent.
        match tokio::time::timeout(COMMAND, authenticating).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(Trouble::Transient(refused_password(&error))),
            Err(_) => return Err(late("the password")),
        }
    }
    Ok(connection)
}

fn refused_password(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server refuses name and password: {code}"),
        None if error.is_client() => "the mail server offers no way to log in that we know".to_owned(),
        None => "the mail server broke off while it was told name and password".to_owned(),
    }
}

/// With `ca` that authority and no other, else the system's.
fn tls(settings: &Smtp) -> Result<TlsParameters, Trouble> {
    let builder = TlsParameters::builder(settings.host.clone());
    let builder = match &settings.authority {
        None => builder,
        Some(file) => {
            let unusable =
                |why: String| Trouble::Transient(format!("mail.smtp.ca {}: {why}", file.display()));
            let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
            let authority = Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
            builder.certificate_store(CertificateStore::None).add_root_certificate(authority)
        }
    };
    builder.build().map_err(|error| Trouble::Transient(format!("TLS could not be set up: {error}")))
}

fn credentials(settings: &Smtp) -> Result<Option<Credentials>, Trouble> {
    let (Some(name), Some(password)) = (&settings.username, &settings.password) else { return Ok(None) };
    let unresolved = |error: crate::definition::SecretError| Trouble::Transient(error.to_string());
    let name = match name {
        TextOrSecret::Text(text) => text.clone(),
        TextOrSecret::Secret(reference) => {
            reference.resolve().map_err(unresolved)?.expose_secret().to_owned()
        }
    };
    let password = password.resolve().map_err(unresolved)?.expose_secret().to_owned();
    Ok(Some(Credentials::new(name, password)))
}

async fn send_whole_or_short(
    connection: &mut AsyncSmtpConnection,
    from: &Address,
    to: &Address,
    entry: &OutboxEntry,
) -> Result<(), Trouble> {
    match (send(connection, from, to, &entry.body).await, &entry.short_body) {
        (Err(Trouble::TooBig(why)), Some(short)) => {
            tracing::info!(why, "a mail is too big, and its short version is sent");
            reset(connection).await?;
            send(connection, from, to, short).await
        }
        (outcome, _) => outcome,
    }
}

/// One transaction: who, to whom, what.
async fn send(
    connection: &mut AsyncSmtpConnection,
    from: &Address,
    to: &Address,
    message: &str,
) -> Result<(), Trouble> {
    let international = !to.to_string().is_ascii() || !from.to_string().is_ascii();
    if international && !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
        return Err(Trouble::Permanent("the mail server takes no addresses beyond ASCII".to_owned()));
    }
    let options = if international { vec![MailParameter::SmtpUtfEight] } else { Vec::new() };
    // That the sender is refused concerns every mail, and is mended by a person who needs the time for it.
    let sender = Mail::new(Some(from.clone()), options);
    command("the sender", COMMAND, connection.command(sender)).await.map_err(lasting_for_a_day)?;
    command("the recipient", COMMAND, connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
    command("the message", COMMAND, connection.command(Data)).await?;
    command("the message", MESSAGE, connection.message(message.as_bytes())).await
}

async fn reset(connection: &mut AsyncSmtpConnection) -> Result<(), Trouble> {
    command("a second message", COMMAND, connection.command(Rset)).await
}

fn lasting_for_a_day(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Permanent(why) => Trouble::Transient(why),
        other => other,
    }
}

async fn command(
    what: &str,
    limit: Duration,
    answer: impl Future<Output = Result<Response, Error>>,
) -> Result<(), Trouble> {
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(judged(what, &error)),
        Err(_) => Err(late(what)),
    }
}

/// A refusal by its code; everything else may be over in a minute.
fn judged(what: &str, error: &Error) -> Trouble {
    let answer = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let Some(code) = error.status() else {
        return Trouble::Transient(Trouble::answer(
            &format!("the mail server broke off at {what}"),
            "",
            &answer,
        ));
    };
    let told = Trouble::answer(&format!("the mail server refuses {what}"), &code.to_string(), &answer);
    match u16::from(code) {
        TOO_BIG => Trouble::TooBig(told),
        500.. => Trouble::Permanent(told),
        _ => Trouble::Transient(told),
    }
}

async fn in_time<T>(
    what: &str,
    limit: Duration,
    step: impl Future<Output = Result<T, Error>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(limit, step).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Trouble::Transient(Trouble::answer(
            &format!("{what} to the mail server failed"),
            "",
            &error.to_string(),
        ))),
        Err(_) => Err(late(what)),
    }
}

fn late(what: &str) -> Trouble {
    Trouble::Silent(format!("the mail server did not answer to {what} in time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_was_silent_twice_is_asked_no_more() {
        let settings = Smtp {
            host: "localhost".to_owned(),
            port: 1,
            security: SmtpSecurity::None,
            username: None,
            password: None,
            authority: None,
        };
        let from: Mailbox = "drills@example.com".parse().unwrap();
        let mut server = Server::new(&settings, &from);
        let refused = Err(Trouble::Transient("451 later".to_owned()));
        for (outcome, down) in [(refused.clone(), false), (Err(late("DATA")), false), (Ok(()), false)] {
            server.remember(&outcome);
            assert_eq!(server.down.is_some(), down, "{outcome:?}");
        }
        server.remember(&Err(late("the recipient")));
        assert_eq!(server.down.as_deref(), Some("the mail server did not answer to the recipient in time"));
        server.remember(&refused);
        assert!(server.down.is_some(), "until the pass is over");
    }
}
