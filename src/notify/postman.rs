//! Whoever carries the messages of one channel for the length of a pass.

use std::path::Path;

use reqwest::Client;

use super::trouble::Trouble;
use super::{Notifier, directory, http, smtp};
use crate::definition::settings::MailWay;
use crate::store::{Channel, OutboxEntry};

/// A carrier, with whatever it keeps open from one message to the next.
pub(super) enum Postman<'a> {
    /// Mail as files.
    Directory(&'a Path),
    /// Mail to a server.
    Server(Box<smtp::Server<'a>>),
    /// Webhooks and pings.
    Web(Client),
    /// What can't even begin.
    Absent(Trouble),
}

impl Notifier {
    /// Whoever carries a channel's messages.
    pub(super) fn postman(&self, channel: Channel) -> Postman<'_> {
        match (channel, &self.mail.way) {
            (Channel::Mail, MailWay::Directory(folder)) => Postman::Directory(folder),
            (Channel::Mail, MailWay::Smtp(settings)) => {
                Postman::Server(Box::new(smtp::Server::new(settings, &self.from)))
            }
            (Channel::Webhook | Channel::Ping, _) => {
                http::client().map_or_else(Postman::Absent, Postman::Web)
            }
        }
    }
}

impl Postman<'_> {
    /// Carries one message.
    pub(super) async fn deliver(&mut self, entry: &OutboxEntry) -> Result<(), Trouble> {
        match self {
            Self::Directory(folder) => directory::deliver(folder, &entry.message_id, &entry.body).await,
            Self::Server(server) => server.deliver(entry).await,
            Self::Web(client) => http::deliver(client, entry).await,
            Self::Absent(trouble) => Err(trouble.clone()),
        }
    }

    /// Drops what was open: after a refusal nobody knows in which state it is.
    pub(super) fn hang_up(&mut self) {
        if let Self::Server(server) = self {
            server.hang_up();
        }
    }

    /// Says goodbye.
    pub(super) async fn leave(self) {
        if let Self::Server(server) = self {
            server.leave().await;
        }
    }
}
