//! Opening: look before anything is touched, copy before anything is changed.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use rusqlite_migration::{M, Migrations};
use ulid::Ulid;

use super::column::instant;
use super::{BUSY_TIMEOUT, reader};
use crate::model::StoreId;
use crate::store::error::Fault;

const SCHEMAS: &[M<'_>] = &[
    M::up(include_str!("schema_1.sql")),
    M::up(include_str!("schema_2.sql")),
    M::up(include_str!("schema_3.sql")),
    M::up(include_str!("schema_4.sql")),
];

/// In the header of every database of ours; set by schema 1.
const APPLICATION_ID: i64 = 0x4472_6C59;

/// Up to this size a file is checked whenever it is opened, which takes some tenths of a second.
const CHECKED_BYTES: u64 = 32 << 20;

/// Opens the database for writing, and says which store it is. One process at a time, so that none meets another's
/// half-made file.
pub(super) fn open(state: &Path, path: &Path) -> Result<(Connection, StoreId), Fault> {
    let turn = private_file(&state.join("open.lock"))?;
    turn.lock()?;
    migrate(path, SCHEMAS).and_then(identify)
}

/// Brings the database to the last of `schemas`, each at once or not at all.
fn migrate(path: &Path, schemas: &[M<'_>]) -> Result<Connection, Fault> {
    let known = i64::try_from(schemas.len()).unwrap_or(i64::MAX);
    let found = inspect(path, known)?;
    private_file(path)?.set_permissions(Permissions::from_mode(0o600))?;
    let mut connection = writable(path)?;
    if found < known {
        if found > 0 {
            copy_aside(&connection, path, found)?;
        }
        Migrations::from_slice(schemas).to_latest(&mut connection).map_err(migration_fault)?;
    }
    Ok(connection)
}

/// The schema of the file as it lies there, 0 where it is new; nothing is written. Refuses what is damaged, newer, or
/// not ours.
fn inspect(path: &Path, known: i64) -> Result<i64, Fault> {
    let size = match fs::metadata(path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error.into()),
    };
    if size == 0 {
        return Ok(0);
    }
    let connection = reader::read_only(path)?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let found = number("PRAGMA user_version")?;
    let is_ours = number("PRAGMA application_id")? == APPLICATION_ID;
    // A file that was killed in its making holds nothing.
    if !is_ours && (found != 0 || number("SELECT count(*) FROM sqlite_schema")? > 0) {
        return Err(Fault::NotAStore);
    }
    if found > known {
        return Err(Fault::TooNew { found, known });
    }
    if size <= CHECKED_BYTES {
        check(&connection)?;
    }
    Ok(found)
}

fn check(connection: &Connection) -> Result<(), Fault> {
    let detail: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if detail == "ok" { Ok(()) } else { Err(Fault::Corrupt { detail }) }
}

fn writable(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::Sqlite { detail: format!("write-ahead log is not possible here, only `{mode}`") });
    }
    // NORMAL would be faster and may roll back what was acknowledged after a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Copies the database beside itself before its schema changes: `drillyard.schema-1.sqlite`. A copy that was
/// interrupted has another name and is made again.
fn copy_aside(connection: &Connection, path: &Path, schema: i64) -> Result<(), Fault> {
    let copy = path.with_extension(format!("schema-{schema}.sqlite"));
    let partial = path.with_extension("partial");
    private_file(&partial)?.set_len(0)?;
    connection.execute("VACUUM INTO ?1", params![partial.to_string_lossy()])?;
    File::open(&partial)?.sync_all()?;
    fs::rename(&partial, &copy)?;
    Ok(())
}

/// Reads the store's identity, and draws it where the store is new. Whoever only reads waits for no writer (G1).
fn identify(mut connection: Connection) -> Result<(Connection, StoreId), Fault> {
    let known: Option<String> =
        connection.query_row("SELECT id FROM store", [], |row| row.get(0)).optional()?;
    if let Some(id) = known {
        return Ok((connection, StoreId::new(id)));
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let id = read_or_draw(&transaction)?;
    transaction.commit()?;
    Ok((connection, StoreId::new(id)))
}

fn read_or_draw(transaction: &Transaction<'_>) -> rusqlite::Result<String> {
    let (id, now) = (Ulid::new().to_string(), instant(Timestamp::now()));
    transaction.execute("INSERT INTO store VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING", params![id, now])?;
    transaction.query_row("SELECT id FROM store", [], |row| row.get(0))
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn migration_fault(error: rusqlite_migration::Error) -> Fault {
    match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
        other => Fault::Sqlite { detail: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: M<'_> = M::up(include_str!("schema_1.sql"));
    const GOOD: M<'_> = M::up("ALTER TABLE runs ADD COLUMN note TEXT");
    const BROKEN: M<'_> = M::up("ALTER TABLE runs ADD COLUMN more TEXT; SELECT nonsense");

    fn old_store() -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("drillyard.sqlite");
        let (connection, _) = identify(migrate(&path, &[FIRST]).unwrap()).unwrap();
        drop(connection);
        (directory, path)
    }

    fn schema(path: &Path) -> i64 {
        inspect(path, 99).unwrap()
    }

    #[test]
    fn g7_an_upgrade_leaves_a_copy_of_what_was_there() {
        let (_directory, path) = old_store();
        let id = identify(migrate(&path, &[FIRST, GOOD]).unwrap()).unwrap().1;
        let copy = path.with_extension("schema-1.sqlite");
        assert_eq!((schema(&path), schema(&copy)), (2, 1));
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(identify(migrate(&copy, &[FIRST]).unwrap()).unwrap().1, id, "the copy is a store");
        assert!(!path.with_extension("partial").exists());
    }

    #[test]
    fn g7_an_upgrade_that_fails_in_the_middle_has_changed_nothing() {
        let (_directory, path) = old_store();
        fs::write(path.with_extension("partial"), "of an interrupted copy").unwrap();
        migrate(&path, &[FIRST, GOOD, BROKEN]).unwrap_err();
        assert_eq!(schema(&path), 1);
        migrate(&path, &[FIRST, GOOD]).unwrap();
        assert_eq!(schema(&path), 2, "and the next one goes through");
    }

    #[test]
    fn the_writer_waits_for_the_disk() {
        let (_directory, path) = old_store();
        let connection = migrate(&path, &[FIRST]).unwrap();
        let pragma =
            |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((pragma("synchronous"), pragma("foreign_keys")), (2, 1));
        assert_eq!(pragma("busy_timeout"), 10_000);
    }

    #[test]
    fn g7_a_message_of_the_first_schema_is_still_to_be_sent_after_the_upgrade() {
        let (_directory, path) = old_store();
        let old = Connection::open(&path).unwrap();
        old.execute_batch(
            "INSERT INTO runs (run, drill, service, started_by, started_at) VALUES ('r', 'd', 's', 'manual', 1);
             INSERT INTO outbox (run, channel, recipient, message_id, body, not_before, attempts, last_error)
             VALUES ('r', 'mail', 'cto@example.com', '<1@x>', 'text', 7, 3, '451 later');
             INSERT INTO outbox (run, channel, recipient, message_id, body, not_before, sent_at)
             VALUES ('r', 'mail', 'cto@example.com', '<2@x>', 'text', 7, 9);",
        )
        .unwrap();
        drop(old);
        let upgraded = migrate(&path, SCHEMAS).unwrap();
        let rows =
            "SELECT group_concat(concat_ws(' ', id, run, recipient, message_id, body, not_before, attempts,
             coalesce(sent_at, 'waits'), coalesce(refusal, '-'), stands_for), '; ' ORDER BY id) FROM outbox";
        let rows: String = upgraded.query_row(rows, [], |row| row.get(0)).unwrap();
        assert_eq!(
            rows,
            "1 r cto@example.com <1@x> text 7 3 waits 451 later 1; 2 r cto@example.com <2@x> text 7 0 9 - 1"
        );
    }
}
