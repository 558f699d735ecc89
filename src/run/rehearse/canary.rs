//! The canary: for how long would readers and writers have waited while a step was taken?
//!
//! Somebody looks every few milliseconds which tables are locked; for a locked table a reader and a writer ask for the
//! lock that a SELECT or an UPDATE takes, each in a transaction of its own that is rolled back. No row is written: even
//! a rolled back insert moves a sequence. A table that nobody has locked makes nobody wait, and is not asked for, so
//! that a database with thousands of tables costs no more (2026-11-21).
//!
//! Whoever plans a query locks each index of its tables, so an index that is locked, as `REINDEX` does, keeps readers of
//! the table waiting. It is asked for alone: one who held the table's lock meanwhile could be in a deadlock with the
//! step, and the step might be the one that is ended (2026-11-21).

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
    /// Whether a session ended on the way, so that the rest is not known.
    pub lost: bool,
}

/// A table that is locked now, itself or by one of its indexes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Locked {
    schema: String,
    table: String,
    strength: usize,
    /// The relation that bears the lock.
    relation: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Table,
    /// A view of stored rows, which has no writers.
    Stored,
    Index,
}

/// Who asks for locks.
#[derive(Debug, Clone, Copy)]
enum Asker {
    Reader,
    Writer,
}

impl Asker {
    /// The weakest lock that stops it.
    fn stopped_from(self) -> usize {
        match self {
            Self::Reader => STOPS_READERS,
            Self::Writer => STOPS_WRITERS,
        }
    }

    /// Takes the lock that it would take; `None` where it has no use for one. A relation's size is asked for under a
    /// reader's lock, whatever sort of relation it is.
    fn question(self, locked: &Locked) -> Option<String> {
        match (self, locked.kind) {
            (Self::Writer, Kind::Stored) => None,
            (Self::Writer, Kind::Table) => {
                let table = qualified(&locked.schema, &locked.table);
                Some(format!("LOCK TABLE ONLY {table} IN ROW EXCLUSIVE MODE"))
            }
            (Self::Reader, _) | (Self::Writer, Kind::Index) => {
                Some(format!("SELECT pg_catalog.pg_relation_size({}::pg_catalog.regclass)", locked.relation))
            }
        }
    }
}

impl Canary {
    /// Connects before the step begins.
    pub async fn seat(scene: &Scene<'_>, sandbox: &Sandbox) -> Result<Self, Halt> {
        let connect = || sandbox.wire.connect(scene.database(), Login::Superuser);
        let (watcher, reader, writer) = (connect().await?, connect().await?, connect().await?);
        let mut own = Vec::new();
        for session in [&watcher, &reader, &writer] {
            // A wait that it gives up is an error of the server's log, and would be told as the step's (2026-11-22).
            session.run("set log_min_messages = panic").await?;
            own.extend(session.text("select pg_backend_pid()").await?);
        }
        let look = format!(
            "select n.nspname, t.relname, l.mode, l.relation, c.relkind
             from pg_locks l join pg_class c on c.oid = l.relation left join pg_index i on i.indexrelid = c.oid
             join pg_class t on t.oid = coalesce(i.indrelid, c.oid) join pg_namespace n on n.oid = t.relnamespace
             where l.locktype = 'relation' and l.granted and t.relkind in ('r', 'p', 'm')
               and (i.indexrelid is null or l.mode = 'AccessExclusiveLock')
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
            let (mut locks, mut lost) = (Locks::default(), false);
            while !done.is_cancelled() {
                let Ok(locked) = look(&self.watcher, &self.look).await else {
                    lost = true;
                    break;
                };
                locks.take(&locked);
                to_reader.send_replace(stopped(&locked, Asker::Reader));
                to_writer.send_replace(stopped(&locked, Asker::Writer));
                tokio::select! {
                    () = done.cancelled() => {}
                    () = tokio::time::sleep(TICK) => {}
                }
            }
            drop((to_reader, to_writer));
            (locks.finish(), lost)
        };
        let ((locks, lost), (readers, reader_lost), (writers, writer_lost)) = tokio::join!(
            watching,
            ask(&self.reader, Asker::Reader, readers_turn),
            ask(&self.writer, Asker::Writer, writers_turn),
        );
        Seen { readers, writers, locks, lost: lost || reader_lost || writer_lost }
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
            relation: row.get(3)?.to_owned(),
            kind: match row.get(4) {
                Some("i" | "I") => Kind::Index,
                Some("m") => Kind::Stored,
                _ => Kind::Table,
            },
        }),
        _ => None,
    });
    Ok(rows.collect())
}

fn stopped(locked: &BTreeSet<Locked>, asker: Asker) -> Vec<Locked> {
    locked.iter().filter(|one| one.strength >= asker.stopped_from()).cloned().collect()
}

/// Asks for each table that is said to be locked; the longest wait of all, and whether the session was lost.
async fn ask(
    session: &Session,
    asker: Asker,
    mut locked: tokio::sync::watch::Receiver<Vec<Locked>>,
) -> (Blocked, bool) {
    let mut longest = Blocked::default();
    while locked.changed().await.is_ok() {
        let now = locked.borrow_and_update().clone();
        for one in now {
            let Some(question) = asker.question(&one) else { continue };
            let Some(waited) = wait(session, &question).await else { return (longest, true) };
            let waited = if waited < NO_WAIT { 0.0 } else { waited.as_secs_f64() };
            if waited > longest.seconds {
                longest = Blocked { seconds: waited, table: Some(format!("{}.{}", one.schema, one.table)) };
            }
        }
    }
    (longest, false)
}

/// How long the lock was waited for; `None` where somebody has ended the session or its question.
async fn wait(session: &Session, question: &str) -> Option<Duration> {
    let statement = format!("BEGIN; SET LOCAL lock_timeout = {}; {question}; ROLLBACK", ASK.as_millis());
    let begun = Instant::now();
    loop {
        let asked = session.batch_execute(&statement).await;
        let waited = begun.elapsed();
        let Err(error) = asked else { return Some(waited) };
        session.batch_execute("ROLLBACK").await.ok()?;
        match error.code().map(tokio_postgres::error::SqlState::code)? {
            // Still locked, or the one to give way.
            "55P03" | "40P01" => {}
            state if state.starts_with("57") => return None,
            // The table is gone: so is the wait.
            _ => return Some(waited),
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
        for one in locked.iter().filter(|one| one.kind != Kind::Index) {
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
