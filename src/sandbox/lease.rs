//! The lease on a sandbox's life: the open standard input of its process 1. The kernel closes it when we are killed,
//! and the sandbox is gone within seconds without anybody running.

use std::pin::Pin;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Mutex;

/// Held for as long as the sandbox shall live. Dropping it ends the sandbox.
pub struct Lease {
    input: Mutex<Pin<Box<dyn AsyncWrite + Send>>>,
}

impl Lease {
    pub(super) fn hold(input: Pin<Box<dyn AsyncWrite + Send>>) -> Self {
        Self { input: Mutex::new(input) }
    }

    /// Says a word to process 1, on a line of its own whatever came before.
    pub(super) async fn say(&self, word: &str) -> std::io::Result<()> {
        let mut input = self.input.lock().await;
        input.write_all(format!("\n{word}\n").as_bytes()).await?;
        input.flush().await
    }
}
