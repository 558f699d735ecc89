//! The ways by which people and programs are told.

use serde::{Deserialize, Serialize};

/// By which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Mail; the body is the whole message as it is sent.
    Mail,
    /// HTTP POST; the body is JSON.
    Webhook,
    /// A dead man's switch; the body is `success` or `fail`.
    Ping,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::Mail, Self::Webhook, Self::Ping];

    /// The word that records use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
            Self::Ping => "ping",
        }
    }
}
