//! The canary: for how long would readers and writers have waited while a step was taken?
//!
//! Somebody looks every few milliseconds which tables are locked; for a locked table a reader and a writer ask for the
//! lock that a SELECT or an UPDATE takes, each in a transaction of its own that is rolled back. No row is written: even
//! a rolled back insert moves a sequence. A table that nobody has locked makes nobody wait, and is not asked for, so
//! that a database with thousands of tables costs no more (2026-11-21).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, SimpleQueryMessage};
use tokio_util::sync::CancellationToken;

use super::super::halt::Halt;
use super::Scene;
use crate::database::postgres::identifier::{literal, qualified};
use crate::model::rehearsal::{Blocked, LockHeld};
use crate::sandbox::Sandbox;
use crate::sandbox::wire::{Login, Session, WireError};

/// Between two looks.
const TICK: Duration = Duration::from_millis(15);
/// Longest single ask; a lock that is held for longer is asked for again.
const ASK: Duration = Duration::from_secs(2);
/// A lock that was free costs an ask as much: no wait.
const NO_WAIT: Duration = Duration::from_millis(10);
/// Tables whose locks are told.
const MOST_LOCKS: usize = 50;

/// Modes from weak to strong.
const MODES: [&str; 8] = [
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
];
/// The weakest mode that a writer waits for.
const STOPS_WRITERS: usize = 4;
/// The one that a reader waits for.
const STOPS_READERS: usize = 7;

/// Three sessions beside the step.
pub(super) struct Canary {
    watcher: Session,
    reader: Session,
    writer: Session,
    look: String,
}

/// What the canary met.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub readers: Blocked,
    pub writers: Blocked,
    pub locks: Vec<LockHeld>,
}

/// A table that is locked now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Locked {
    schema: String,
    table: String,
    strength: usize,
    /// A view of stored rows can be locked by nobody's `LOCK TABLE`.
    can_be_asked: bool,
}

impl Canary {
    /// Connects before the step begins.
    pub async fn seat(scene: &Scene<'_>, sandbox: &Sandbox) -> Result<Self, Halt> {
        let connect = || sandbox.wire.connect(scene.database(), Login::Superuser);
        let (watcher, reader, writer) = (connect().await?, connect().await?, connect().await?);
        let mut own = Vec::new();
        for session in [&watcher, &reader, &writer] {
            own.extend(session.text("select pg_backend_pid()").await?);
        }
        let look = format!(
            "select n.nspname, c.relname, l.mode, c.relkind <> 'm'
             from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
             where l.locktype = 'relation' and l.granted and c.relkind in ('r', 'p', 'm')
               and l.database = (select oid from pg_database where datname = {})
               and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
               and l.pid not in ({})",
            literal(scene.database()),
            own.join(", ")
        );
        Ok(Self { watcher, reader, writer, look })
    }

    /// Watches until it is called back.
    pub async fn watch(&self, done: &CancellationToken) -> Seen {
        let (to_reader, readers_turn) = tokio::sync::watch::channel(Vec::new());
        let (to_writer, writers_turn) = tokio::sync::watch::channel(Vec::new());
        let watching = async {
            let mut locks = Locks::default();
            while !done.is_cancelled() {
                // A step that locks everything, or ends the session, is judged by how it ends itself.
                let Ok(locked) = look(&self.watcher, &self.look).await else { break };
                locks.take(&locked);
                to_reader.send_replace(stopped(&locked, STOPS_READERS));
                to_writer.send_replace(stopped(&locked, STOPS_WRITERS));
                tokio::select! {
                    () = done.cancelled() => {}
                    () = tokio::time::sleep(TICK) => {}
                }
            }
            drop((to_reader, to_writer));
            locks.finish()
        };
        let (locks, readers, writers) = tokio::join!(
            watching,
            ask(&self.reader, "ACCESS SHARE", readers_turn),
            ask(&self.writer, "ROW EXCLUSIVE", writers_turn),
        );
        Seen { readers, writers, locks }
    }
}

async fn look(session: &Client, statement: &str) -> Result<BTreeSet<Locked>, WireError> {
    let answer = session.simple_query(statement).await;
    let messages = answer.map_err(|error| WireError::of("did not tell its locks", &error))?;
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(Locked {
            schema: row.get(0)?.to_owned(),
            table: row.get(1)?.to_owned(),
            strength: MODES.iter().position(|mode| Some(*mode) == row.get(2))?,
            can_be_asked: row.get(3) == Some("t"),
        }),
        _ => None,
    });
    Ok(rows.collect())
}

fn stopped(locked: &BTreeSet<Locked>, from: usize) -> Vec<Locked> {
    locked.iter().filter(|one| one.strength >= from && one.can_be_asked).cloned().collect()
}

/// Asks for each table that is said to be locked; the longest wait of all.
async fn ask(
    session: &Session,
    mode: &str,
    mut locked: tokio::sync::watch::Receiver<Vec<Locked>>,
) -> Blocked {
    let mut longest = Blocked::default();
    while locked.changed().await.is_ok() {
        let now = locked.borrow_and_update().clone();
        for one in now {
            let Some(waited) = wait(session, &one, mode).await else { return longest };
            let waited = if waited < NO_WAIT { 0.0 } else { waited.as_secs_f64() };
            if waited > longest.seconds {
                longest = Blocked { seconds: waited, table: Some(format!("{}.{}", one.schema, one.table)) };
            }
        }
    }
    longest
}

/// How long the lock was waited for; `None` where the session is gone.
async fn wait(session: &Session, locked: &Locked, mode: &str) -> Option<Duration> {
    let table = qualified(&locked.schema, &locked.table);
    let statement = format!(
        "BEGIN; SET LOCAL lock_timeout = {}; LOCK TABLE ONLY {table} IN {mode} MODE; ROLLBACK",
        ASK.as_millis()
    );
    let begun = Instant::now();
    loop {
        let asked = session.batch_execute(&statement).await;
        let waited = begun.elapsed();
        let Err(error) = asked else { return Some(waited) };
        session.batch_execute("ROLLBACK").await.ok()?;
        // 55P03: still locked. Anything else, and the table is gone: so is the wait.
        if error.code().is_none_or(|code| code.code() != "55P03") {
            return Some(waited);
        }
    }
}

/// The strongest lock on each table, and for how long it was seen.
#[derive(Debug, Default)]
struct Locks(BTreeMap<(String, String), Held>);

#[derive(Debug)]
struct Held {
    strength: usize,
    seconds: f64,
    /// When it was last seen held, while it is.
    since: Option<Instant>,
}

impl Locks {
    fn take(&mut self, locked: &BTreeSet<Locked>) {
        let now = Instant::now();
        let mut strongest: BTreeMap<(String, String), usize> = BTreeMap::new();
        for one in locked {
            let strength = strongest.entry((one.schema.clone(), one.table.clone())).or_default();
            *strength = one.strength.max(*strength);
        }
        for (table, held) in &mut self.0 {
            if strongest.get(table).is_none_or(|strength| *strength < held.strength) {
                held.end(now);
            }
        }
        for (table, strength) in strongest {
            let held = self.0.entry(table).or_insert(Held { strength, seconds: 0.0, since: Some(now) });
            if strength > held.strength {
                *held = Held { strength, seconds: 0.0, since: Some(now) };
            } else if strength == held.strength {
                held.since.get_or_insert(now);
            }
        }
    }

    fn finish(mut self) -> Vec<LockHeld> {
        let now = Instant::now();
        self.0.values_mut().for_each(|held| held.end(now));
        let mut locks: Vec<LockHeld> = self
            .0
            .into_iter()
            .filter_map(|((schema, table), held)| {
                let mode = (*MODES.get(held.strength)?).to_owned();
                Some(LockHeld { table: format!("{schema}.{table}"), mode, seconds: held.seconds })
            })
            .collect();
        locks.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        locks.truncate(MOST_LOCKS);
        locks
    }
}

impl Held {
    fn end(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.seconds += now.duration_since(since).as_secs_f64();
        }
    }
}
