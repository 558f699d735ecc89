//! Work in a sandbox waits no longer than the sandbox lives, and what ended the sandbox explains what ended the work.

use std::time::Duration;

use crate::model::Reason;
use crate::model::event::Stop;
use crate::sandbox::Sandbox;

use super::halt::Halt;

/// Waits for work in a sandbox, and no longer than the sandbox lives.
pub(super) async fn guarded<T>(
    sandbox: &Sandbox,
    work: impl Future<Output = Result<T, Halt>>,
) -> Result<T, Halt> {
    tokio::select! {
        done = work => done,
        reason = sandbox.watch.until_trouble() => Err(lost(sandbox, reason)),
    }
}

fn lost(sandbox: &Sandbox, reason: Reason) -> Halt {
    let memory = sandbox.facts.memory_bytes;
    match reason {
        Reason::SandboxOutOfMemory => {
            let detail = format!("a process in the sandbox was killed for memory (limit {memory} bytes)");
            Halt::new(reason, detail).with_hint("raise sandbox.memory, or lower restore.jobs")
        }
        Reason::Timeout => {
            let long = sandbox.request.time_to_live.as_secs();
            let detail = format!("the sandbox's time to live of {long} s is over");
            Halt::new(reason, detail).with_hint("raise restore.timeout, which it is reckoned from")
        }
        Reason::DiskFull => {
            Halt::new(reason, "the server met a full disk").with_hint("free space on the engine's disk")
        }
        _ => Halt::new(reason, "the sandbox's process 1 ended"),
    }
}

/// An error in a sandbox that was dying is a symptom; the engine's word on the cause may come a moment later.
pub(super) async fn explained_by_the_sandbox(halt: Halt, sandbox: Option<&Sandbox>) -> Halt {
    let symptom =
        matches!(halt.0.reason, Reason::SandboxLost | Reason::EngineUnreachable | Reason::RestoreFailed);
    let Some(sandbox) = sandbox.filter(|_| symptom) else { return halt };
    match trouble_of(sandbox).await {
        Some(cause) if cause.0.reason != halt.0.reason => {
            Halt(Box::new(Stop { phase: halt.0.phase, ..*cause.0 }))
        }
        _ => halt,
    }
}

/// What has befallen the sandbox, if anything has: the engine is given a moment to tell.
pub(super) async fn trouble_of(sandbox: &Sandbox) -> Option<Halt> {
    let reason =
        tokio::time::timeout(Duration::from_millis(700), sandbox.watch.until_trouble()).await.ok()?;
    Some(lost(sandbox, reason))
}
