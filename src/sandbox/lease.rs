//! The lease on a sandbox's life: the open standard input of its process 1. The kernel closes it when we are killed,
//! and the sandbox is gone within seconds without anybody running.

use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Held for as long as the sandbox shall live. Dropping it ends the sandbox.
pub struct Lease {
    input: Pin<Box<dyn AsyncWrite + Send>>,
}

impl Lease {
    pub(super) fn hold(input: Pin<Box<dyn AsyncWrite + Send>>) -> Self {
        Self { input }
    }

    /// Hands over a time to live: from now on the sandbox ends by itself, and not with us. Wait for
    /// [`super::server_log::ServerLog::kept`] before dropping the lease.
    pub async fn keep(&mut self, time_to_live: Duration) -> std::io::Result<()> {
        self.input.write_all(format!("keep {}\n", time_to_live.as_secs()).as_bytes()).await?;
        self.input.flush().await
    }
}
