//! Several checks at once, each under a deadline that the database can't lift.

use std::future::Future;
use std::ops::Deref;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::Client;

use super::Context;
use super::answer::Answer;
use super::ask::{ask, finding};
use super::trouble::timed_out;
use crate::definition::Check;
use crate::error::Explain;
use crate::model::{Finding, Reason};

/// The server's own `statement_timeout` is given this long to answer first.
const GRACE: Duration = Duration::from_millis(500);

/// For ending a session: connecting, terminating, waiting until it is gone.
const TERMINATION: Duration = Duration::from_secs(5);

/// Asks every check, at most `connections` at a time, each on a fresh connection from `connect(database)`, which
/// connects as [`super::CHECK_ROLE`]. `on_finding` gets findings as they end; the result has exactly one per check, in
/// the order of `checks`.
///
/// A check that outlives its timeout is `errored(timeout)`. Dropping a query does not end it on the server, so its
/// session is terminated over one more connection of the same role, which that role may do to its own; a session that
/// does not end even then is told as a warning.
pub async fn ask_all<C, F, K, E>(
    checks: &[Check],
    context: &Context,
    connections: usize,
    connect: C,
    mut on_finding: impl FnMut(Finding),
) -> Vec<Finding>
where
    C: Fn(String) -> F,
    F: Future<Output = Result<K, E>>,
    K: Deref<Target = Client>,
    E: Explain,
{
    let connect = &connect;
    // Collected, because a stream that holds the closure can't be sent to another thread.
    let asked: Vec<_> = (checks.iter().enumerate())
        .map(|(place, check)| async move {
            let mut finding = Box::pin(ask_in_time(check, context, connect)).await;
            finding.warnings.extend(context.which_database(check));
            (place, finding)
        })
        .collect();
    let mut answers = stream::iter(asked).buffer_unordered(connections.max(1));
    let mut findings = Vec::with_capacity(checks.len());
    while let Some((place, finding)) = answers.next().await {
        on_finding(finding.clone());
        findings.push((place, finding));
    }
    findings.sort_by_key(|(place, _)| *place);
    findings.into_iter().map(|(_, finding)| finding).collect()
}

async fn ask_in_time<C, F, K, E>(check: &Check, context: &Context, connect: &C) -> Finding
where
    C: Fn(String) -> F,
    F: Future<Output = Result<K, E>>,
    K: Deref<Target = Client>,
    E: Explain,
{
    let begun = Instant::now();
    let deadline = begun + check.timeout + GRACE;
    let first = context.first_database();
    let database = check.database.as_deref().unwrap_or(first);
    let told = |answer: Answer| finding(check, answer, begun.elapsed().as_secs_f64());

    let (client, process) = match timeout_at(deadline, seat(connect(database.to_owned()))).await {
        Ok(Ok(seated)) => seated,
        Ok(Err(answer)) => {
            let first = connect(first.to_owned());
            let absent = check.database.is_some()
                && matches!(timeout(TERMINATION, is_absent(database, first)).await, Ok(true));
            let lost = || {
                Answer::missing(format!("database {database} is not there"))
                    .with_hint("The backup may have lost it.")
            };
            return told(if absent { lost() } else { answer });
        }
        Err(_) => return told(timed_out(check)),
    };
    if let Ok(finding) = timeout_at(deadline, ask(check, &client, context)).await {
        return finding;
    }
    let mut answer = timed_out(check);
    if !terminate(connect(database.to_owned()), process).await {
        answer.warnings.push("its statement could not be ended and goes on in the sandbox".to_owned());
    }
    told(answer)
}

/// A connection, and the number of its server process.
async fn seat<K, E>(connecting: impl Future<Output = Result<K, E>>) -> Result<(K, i32), Answer>
where
    K: Deref<Target = Client>,
    E: Explain,
{
    let client = connecting.await.map_err(|error| {
        let answer = Answer::errored(error.reason(), format!("no connection: {error}"));
        Answer { hint: error.hint(), ..answer }
    })?;
    match client.query_one("SELECT pg_catalog.pg_backend_pid()", &[]).await {
        Ok(row) => Ok((client, row.get(0))),
        Err(_) => Err(Answer::errored(Reason::SandboxLost, "the connection to the sandbox ended")),
    }
}

/// Whether a database could be asked for and is not among those that were restored.
async fn is_absent<K, E>(database: &str, connecting: impl Future<Output = Result<K, E>>) -> bool
where
    K: Deref<Target = Client>,
{
    const PRESENT: &str = "SELECT EXISTS (SELECT FROM pg_catalog.pg_database \
         WHERE datname OPERATOR(pg_catalog.=) $1::pg_catalog.text AND datallowconn)";
    let Ok(client) = connecting.await else { return false };
    client.query_one(PRESENT, &[&database]).await.is_ok_and(|row| !row.get::<_, bool>(0))
}

/// Whether the session is gone. Unlike a cancelled statement, a terminated session can't be kept alive by a function
/// that catches the cancellation.
async fn terminate<K, E>(connecting: impl Future<Output = Result<K, E>>, process: i32) -> bool
where
    K: Deref<Target = Client>,
{
    const TERMINATE: &str = "SELECT pg_catalog.pg_terminate_backend($1, 3000) \
         OR NOT EXISTS (SELECT FROM pg_catalog.pg_stat_get_activity($1))";
    let terminating = async {
        let client = connecting.await.ok()?;
        client.query_one(TERMINATE, &[&process]).await.ok().map(|row| row.get(0))
    };
    timeout(TERMINATION, terminating).await.ok().flatten().unwrap_or(false)
}
