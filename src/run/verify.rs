//! Verify: stray company is shown out, the checks' own role is prepared, every check is asked, every answer told.

use std::future::Future;
use std::ops::Deref;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_postgres::Client;

use super::emit::{Done, Story};
use super::halt::Halt;
use crate::check;
use crate::definition::Drill;
use crate::error::Explain;
use crate::listen::Progress;
use crate::model::{Fact, Outcome, Phase, Reason};
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::sandbox::wire::Login;

/// Checks that are asked at a time: each has a connection and a backend of its own.
const AT_A_TIME: usize = 4;
/// Until baselines can be sealed, only what a check asks about is known to be whole.
const CONTENT: &str =
    "content: there is no sealed baseline, so rows that no check asks about were not compared";
/// Longest wait for stray processes to be ended.
const STRAYS: Duration = Duration::from_secs(20);

/// Ends every process that is neither the server's, nor process 1, nor ours: a dump can leave programs behind that
/// change the data while it is asked (measured). What the engine started for us descends from a process without a
/// parent inside; what a backup leaves behind descends from process 1, and can't change that.
const END_STRAYS: &str = r#"
read -r postmaster < "$0/postmaster.pid" || exit 1
parent_of() {
  parent=
  while read -r key value _; do [ "$key" = PPid: ] && parent=$value && return; done < "/proc/$1/status" 2>/dev/null
}
is_ours() {
  local pid=$1
  while [ "$pid" != 1 ]; do
    parent_of "$pid"
    case "$parent" in "") return 0 ;; 0) return 0 ;; *) pid=$parent ;; esac
  done
  return 1
}
for round in 1 2 3; do
  for process in /proc/[0-9]*; do
    pid=${process#/proc/}
    parent_of "$pid"
    case "$pid:$parent" in
      1:*|"$postmaster":*|*:"$postmaster"|*:) ;;
      *) is_ours "$pid" || kill -9 "$pid" ;;
    esac
  done
done 2>/dev/null
exit 0
"#;

/// Ends sessions and processes that the backup has started: they may hold locks, or change what is asked.
pub(super) async fn show_out(sandbox: &Sandbox) -> Result<(), Halt> {
    let command = ["bash", "--norc", "-c", END_STRAYS, sandbox.data];
    let ended = sandbox.wire.engine().run(&sandbox.name, &command, STRAYS).await?;
    if ended.exit_code != Some(0) {
        let detail = format!("stray processes could not be looked for: {}", ended.error.trim());
        return Err(Halt::new(Reason::SandboxLost, detail));
    }
    let session = sandbox.admin().await?;
    session
        .run(
            "select pg_terminate_backend(pid) from pg_stat_activity \
             where backend_type = 'client backend' and pid <> pg_backend_pid()",
        )
        .await?;
    Ok(())
}

/// Shows company out and asks every check. Succeeds where every one was answered, whatever the answers.
pub(super) async fn verify<J: Journal>(
    drill: &Drill,
    sandbox: &Sandbox,
    context: &check::Context,
    story: &Story<'_, J>,
) -> Result<((), Done), Halt> {
    show_out(sandbox).await?;
    sandbox.admin().await?.run(check::prepare_role_sql()).await?;
    let wire = &sandbox.wire;
    let connect = |database: String| async move { wire.connect(&database, Login::Checker).await };
    ask(drill, context, connect, story).await
}

/// Asks every check on connections of the checks' own role, wherever that server is.
pub(super) async fn ask<J, C, F, K, E>(
    drill: &Drill,
    context: &check::Context,
    connect: C,
    story: &Story<'_, J>,
) -> Result<((), Done), Halt>
where
    J: Journal,
    C: Fn(String) -> F,
    F: Future<Output = Result<K, E>>,
    K: Deref<Target = Client>,
    E: Explain,
{
    story.not_verified(CONTENT).await?;
    for database in context.unasked(&drill.checks) {
        story.not_verified(&format!("database {database}: no check asks it")).await?;
    }
    let (send, mut receive) = mpsc::unbounded_channel();
    let asking = async {
        check::ask_all(&drill.checks, context, AT_A_TIME, connect, |finding| {
            let _ = send.send(finding);
        })
        .await;
        drop(send);
    };
    let telling = async {
        let mut answered = 0;
        while let Some(finding) = receive.recv().await {
            answered += 1;
            let note = format!("{answered} of {} checks", drill.checks.len());
            story.progress(&Progress { phase: Phase::Verify, bytes: 0, total: None, note: Some(note) });
            story.tell(Fact::CheckFinished(Box::new(finding))).await?;
        }
        Ok::<(), Halt>(())
    };
    let ((), told) = tokio::join!(asking, telling);
    told?;
    Ok(((), Done::default()))
}

/// Whether every check has passed.
pub(super) async fn all_passed<J: Journal>(drill: &Drill, story: &Story<'_, J>) -> bool {
    let record = story.record().await;
    let passed = record.findings.iter().filter(|finding| finding.outcome == Outcome::Passed).count();
    passed == drill.checks.len()
}
