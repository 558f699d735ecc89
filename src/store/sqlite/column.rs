//! Values as columns and back.

use jiff::Timestamp;
use rusqlite::Row;
use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};

use crate::model::{DrillName, RunId};
use crate::store::error::Fault;

/// An instant as nanoseconds since 1970: exact, sortable, and good until 2262.
pub(super) fn instant(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(if at < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

/// The instant in a column.
pub(super) fn read_instant(row: &Row<'_>, column: &str) -> Result<Timestamp, Fault> {
    instant_from(row.get(column)?)
}

/// The instant that a column's number means.
pub(super) fn instant_from(nanoseconds: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_nanosecond(nanoseconds.into()).map_err(unreadable)
}

/// The run in a column.
pub(super) fn read_run(row: &Row<'_>, column: &str) -> Result<RunId, Fault> {
    row.get::<_, String>(column)?.parse().map_err(unreadable)
}

/// The drill in a column.
pub(super) fn read_drill(row: &Row<'_>, column: &str) -> Result<DrillName, Fault> {
    row.get::<_, String>(column)?.parse().map_err(unreadable)
}

/// The verdict, reason, … that a word means: the same words that records use.
pub(super) fn from_word<T: DeserializeOwned>(word: &str) -> Result<T, Fault> {
    let deserializer: StrDeserializer<'_, ValueError> = word.into_deserializer();
    T::deserialize(deserializer).map_err(unreadable)
}

/// A value that is not what this program writes.
pub(super) fn unreadable(error: impl std::fmt::Display) -> Fault {
    Fault::Unreadable { detail: error.to_string() }
}
