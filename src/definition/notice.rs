//! Who is told, by which way, and when.

use std::time::Duration;

use super::secret_reference::SecretReference;

/// One way of telling people or programs how a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// By mail.
    Email {
        /// Addresses, at least one; each `name@host` or `Name <name@host>`.
        to: Vec<String>,
        /// When.
        when: When,
    },
    /// By HTTP POST.
    Webhook {
        /// The address, which is a secret.
        url: SecretReference,
        /// What is posted.
        style: WebhookStyle,
        /// When.
        when: When,
    },
    /// A dead man's switch: asked at start, success (`URL`) and failure (`URL/fail`, `URL/start`).
    Ping {
        /// The address, which is a secret.
        url: SecretReference,
    },
}

/// When somebody is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum When {
    /// Of every run.
    Always,
    /// Where verdict or reason differ from the run before, and of the first run.
    #[default]
    OnChange,
    /// Of every run that did not pass, and of the first that passes again.
    OnProblem,
}

/// What a webhook is posted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WebhookStyle {
    /// The document of `--json`.
    #[default]
    Json,
    /// Slack's `text` and `blocks`.
    Slack,
}

/// What the daemon does with an errored run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// How often it is repeated.
    pub errored: u32,
    /// After this time.
    pub after: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { errored: 1, after: Duration::from_mins(5) }
    }
}
