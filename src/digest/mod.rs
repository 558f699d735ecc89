//! The state of a database, and what differs between two: a rehearsal's proof that the way back leads back.
//!
//! [`take`] reads everything once, inside the server: every object of the schema with its definition, of each table an
//! exact count and a sum over hashes of its rows ([`hash`]), where sequences stand, who may do what. [`fn@compare`] names
//! what is different between two states; only of tables whose sums differ are hashes of keys and values pulled from
//! both servers, in one order, and merged in constant memory ([`merge`]). No value of a row leaves a server, but the
//! keys of some rows where a drill asks for them.
//!
//! Left out are rows of temporary and foreign tables. For the definitions of what an extension owns its name and version
//! stand; what its tables hold is compared like any other, because users fill them.

mod compare;
mod error;
mod hash;
mod heirs;
mod merge;
mod objects;
mod rows;
mod sequences;
mod session;
mod state;
mod tables;

pub use error::DigestError;
pub use hash::Value;
pub use heirs::Heirs;
pub use state::{Column, Object, ObjectName, SequenceState, State, TableState, known_history_tables};

use tokio_postgres::Client;

use crate::definition::TableName;
use crate::definition::rollback::ColumnName;
use crate::model::rehearsal::Difference;
use session::Session;
use tables::Content;

/// What a state leaves out, and what a comparison may tell. The same for both states and their comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Columns whose values are not compared; their definitions are.
    pub ignored_columns: Vec<ColumnName>,
    /// Tables that are not compared at all.
    pub ignored_tables: Vec<TableName>,
    /// Whether keys of rows concerned may leave the server, at most twenty of a table.
    pub show_keys: bool,
}

impl Options {
    /// Columns that are ignored are so in every table that inherits them.
    fn with_heirs(&self, heirs: &Heirs) -> Self {
        let ignored_columns = self.ignored_columns.iter().flat_map(|column| heirs.columns(column)).collect();
        Self { ignored_columns, ..self.clone() }
    }

    fn ignores(&self, table: &TableName, column: &str) -> bool {
        let is_it = |ignored: &ColumnName| {
            (ignored.schema.as_str(), ignored.table.as_str(), ignored.column.as_str())
                == (table.schema.as_str(), table.table.as_str(), column)
        };
        self.ignored_columns.iter().any(is_it)
    }
}

/// Takes the state of the database that a superuser's connection is to, in a transaction of its own.
pub async fn take(client: &Client, options: &Options) -> Result<State, DigestError> {
    take_with(client, options, Depth::Content).await
}

/// The same without what tables hold: no row is read.
pub async fn outline(client: &Client, options: &Options) -> Result<State, DigestError> {
    take_with(client, options, Depth::Outline).await
}

/// How much of a database is read.
#[derive(Clone, Copy)]
enum Depth {
    Outline,
    Content,
}

async fn take_with(client: &Client, options: &Options, depth: Depth) -> Result<State, DigestError> {
    let taken = take_within(client, options, depth).await;
    let closed = session::close(client).await;
    let state = taken?;
    closed.map(|()| state)
}

async fn take_within(client: &Client, options: &Options, depth: Depth) -> Result<State, DigestError> {
    let session = Session::open(client).await?;
    let heirs = Heirs::read(&session).await?;
    let options = &options.with_heirs(&heirs);
    let objects = objects::read(&session).await?;
    let sequences = sequences::read(&session, options).await?;
    let Content { tables, left_out, ignored } = match depth {
        Depth::Outline => Content::default(),
        Depth::Content => tables::read(&session, options).await?,
    };
    Ok(State { major: session.major, objects, tables, sequences, left_out, ignored, heirs })
}

/// What two states tell without their servers: objects and sequences that differ.
pub fn compare_outlines(before: &State, after: &State, options: &Options) -> Difference {
    Difference {
        objects: compare::objects(before, after, options),
        tables: Vec::new(),
        sequences: compare::sequences(before, after, options),
    }
}

/// Whether all tables hold the same, as far as two states tell it.
pub fn same_content(before: &State, after: &State, options: &Options) -> bool {
    compare::same_content(before, after, options)
}

/// What is different between two states, each with a superuser's connection to the database that it was taken of,
/// unchanged since.
pub async fn compare(
    before: &Client,
    before_state: &State,
    after: &Client,
    after_state: &State,
    options: &Options,
) -> Result<Difference, DigestError> {
    let tables = compare_tables((before, before_state), (after, after_state), options).await;
    let closed = (session::close(before).await, session::close(after).await);
    let tables = tables?;
    closed.0.and(closed.1)?;
    Ok(Difference { tables, ..compare_outlines(before_state, after_state, options) })
}

async fn compare_tables(
    before: (&Client, &State),
    after: (&Client, &State),
    options: &Options,
) -> Result<Vec<crate::model::rehearsal::TableDifference>, DigestError> {
    let (old, new) = (Session::open(before.0).await?, Session::open(after.0).await?);
    compare::tables((&old, before.1), (&new, after.1), options).await
}
