//! How a value, a row and a table become numbers. Pure: SQL text from the types of columns.
//!
//! PostgreSQL's hash functions were made for hash joins, where equal values must meet. A digest wants more: values that
//! a person can tell apart must differ. Measured on 15 and 17 (2026-11-21), its own hash of a row cannot be used:
//!
//! - `hash_numeric_extended` knows neither sign nor scale: 1.5, −1.5 and 1.50 are one, in jsonb too;
//! - `hashint8extended` folds 64 bits to 32: 1 and 4294967296 are one, and so for timestamps;
//! - −0 is 0, 1 day is 24 hours, an array's bounds are not seen, an enum is its OID;
//! - `hash_record_extended` combines columns linearly, so a *sum* over rows does not see two values of a column change
//!   their rows.
//!
//! So each column's value is hashed by the fastest way that is exact for its type ([`Value`]), with a seed made of its
//! name; the columns' hashes are combined with xor and mixed once more; mixed hashes are added up, exact in 128 bits. That
//! a changed row has its old hash, or changed rows their old sum, is as likely as 1 in 2^64. A second sum of the same 64
//! bits mixed in another way guarded against the latter alone, for 12 % of the time on a narrow table: it went (decided
//! 2026-11-22). Where two tables differ their rows are paired by 128 bits, because among a billion keys some meet in 64.
//!
//! Measured on the bench's 481 MB as processor time against `count(*)` of every table (2026-11-21): 6.9 to 7.4 × with
//! one hash of each row, 9.2 to 9.9 × with two; half of that on two cores. On its narrow table alone, hashing
//! `record_send` of a row is 9 to 11 ×, its `md5` about three times that.
//!
//! A type without such a way is hashed as the text of its own output function, called by name: a cast could be one that
//! came with the backup. Output functions of extensions' types are the only code that is not PostgreSQL's own; they must
//! be in C.

use sha2::{Digest, Sha256};

use super::state::Column;
use crate::database::postgres::identifier;

/// Independent hashes of each key, by which rows of both sides are paired.
pub(super) const LANES: usize = 2;

/// The way from a value to its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// 16 bits.
    Int2,
    /// 32 bits.
    Int4,
    /// 64 bits.
    Int8,
    /// An object's number.
    Oid,
    /// True or false.
    Boolean,
    /// Bytes of a text.
    Text,
    /// `char(n)`: its padding says nothing, because every value has the same length.
    Padded,
    /// `char` of any length: blanks at its end count.
    Blanks,
    /// `uuid`.
    Uuid,
    /// `bytea`.
    Bytes,
    /// The bytes of the binary protocol, by this function of `pg_catalog`, where they hold no OID.
    Sent(&'static str),
    /// The text that the type's output function gives.
    Output,
}

impl Value {
    /// The way of a base type: one of PostgreSQL's own by its OID, any other by its output function.
    pub(super) fn of(type_oid: u32, has_length: bool) -> Self {
        match type_oid {
            16 => Self::Boolean,
            17 => Self::Bytes,
            20 => Self::Int8,
            21 => Self::Int2,
            23 => Self::Int4,
            25 | 1043 => Self::Text,
            26 => Self::Oid,
            1042 if has_length => Self::Padded,
            1042 => Self::Blanks,
            1082 => Self::Sent("date_send"),
            1083 => Self::Sent("time_send"),
            1114 => Self::Sent("timestamp_send"),
            1184 => Self::Sent("timestamptz_send"),
            1186 => Self::Sent("interval_send"),
            1266 => Self::Sent("timetz_send"),
            2950 => Self::Uuid,
            _ => Self::Output,
        }
    }

    /// The hash of an operand, which is not NULL, as `int8`.
    fn hashed(&self, operand: &str, seed: i64) -> String {
        match self {
            Self::Int2 => format!("pg_catalog.hashint2extended({operand}, {seed})"),
            Self::Int4 | Self::Boolean => format!("pg_catalog.hashint4extended({operand}, {seed})"),
            // All 64 bits go in as the seed.
            Self::Int8 => format!("pg_catalog.hashint4extended(1, pg_catalog.int8xor({operand}, {seed}))"),
            Self::Oid => format!("pg_catalog.hashoidextended({operand}, {seed})"),
            Self::Text | Self::Output => {
                format!("pg_catalog.hashtextextended({operand} COLLATE pg_catalog.\"C\", {seed})")
            }
            Self::Padded => {
                format!("pg_catalog.hashbpcharextended({operand} COLLATE pg_catalog.\"C\", {seed})")
            }
            Self::Blanks => format!(
                "pg_catalog.hashbpcharextended({operand} COLLATE pg_catalog.\"C\", \
                 pg_catalog.int8xor({seed}, pg_catalog.int8(pg_catalog.octet_length({operand}))))"
            ),
            Self::Uuid => format!("pg_catalog.uuid_hash_extended({operand}, {seed})"),
            // The hash of bytes has no name in SQL before 18; that of an array with one element is it plus 31.
            Self::Bytes | Self::Sent(_) => {
                format!("pg_catalog.hash_array_extended(ARRAY[{operand}], {seed})")
            }
        }
    }
}

/// What of a column is carried into the lanes: what both need is computed once.
fn operand(column: &Column) -> String {
    let name = format!("t.{}", identifier::quoted(&column.name));
    let plain = column.base.as_ref().map_or_else(|| name.clone(), |base| format!("{name}::{base}"));
    match column.value {
        Value::Boolean => format!("pg_catalog.int4({plain})"),
        Value::Text => format!("{plain}::pg_catalog.text"),
        Value::Sent(function) => format!("pg_catalog.{function}({plain})"),
        Value::Output => match &column.output {
            Some(output) => format!("pg_catalog.textin({output}({plain}))"),
            // An array's output calls whatever its element's is.
            None => format!(
                "CASE WHEN {plain} IS NOT NULL THEN pg_catalog.textin(pg_catalog.array_out(ARRAY[{plain}])) END"
            ),
        },
        _ => plain,
    }
}

/// The question for a table's count and sum: a number, then a text.
pub(super) fn table_question(relation: &str, columns: &[Column]) -> String {
    let hashes: Vec<String> = columns.iter().map(|column| column_hash(column, &operand(column), 0)).collect();
    let sum = format!("pg_catalog.sum({})", mixed(&xored(&hashes), 0));
    format!(
        "SELECT pg_catalog.count(*), coalesce(pg_catalog.textin(pg_catalog.numeric_out({sum})), '0') \
         FROM ONLY {relation} AS t"
    )
}

/// A table as its columns' operands, `c0`, `c1`… `OFFSET 0` keeps the planner from computing an operand once for every
/// mention.
pub(super) fn operands(relation: &str, columns: &[Column]) -> String {
    let operands: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(number, column)| format!("{} AS c{number}", operand(column)))
        .collect();
    format!("(SELECT {} FROM ONLY {relation} AS t OFFSET 0) AS o", operands.join(", "))
}

/// The hash of a row of [`operands`] in one lane. The mixing keeps sums from being sums of columns' hashes.
pub(super) fn row_hash(columns: &[Column], lane: usize) -> String {
    let hashes: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(number, column)| column_hash(column, &format!("o.c{number}"), lane))
        .collect();
    mixed(&xored(&hashes), lane)
}

fn mixed(hash: &str, way: usize) -> String {
    format!("pg_catalog.hashint4extended({way}, {hash})")
}

/// The hash of a column's operand in one lane; NULL has one of its own.
fn column_hash(column: &Column, operand: &str, lane: usize) -> String {
    let hashed = column.value.hashed(operand, seed(&column.name, lane));
    format!("coalesce({hashed}, {})", seed(&column.name, lane + LANES))
}

/// The hash of a column's operand, NULL for NULL.
pub(super) fn value_hash(column: &Column, number: usize) -> String {
    let operand = format!("o.c{number}");
    let hashed = column.value.hashed(&operand, seed(&column.name, 0));
    // An array that holds a NULL has a hash.
    format!("CASE WHEN {operand} IS NOT NULL THEN {hashed} END")
}

/// Balanced, so that 1,600 columns nest eleven deep.
fn xored(hashes: &[String]) -> String {
    match hashes {
        [] => "0::pg_catalog.int8".to_owned(),
        [one] => one.clone(),
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            format!("pg_catalog.int8xor({}, {})", xored(left), xored(right))
        }
    }
}

/// A seed of a column's name, so that neither the order of columns nor that of taking them matters.
fn seed(column: &str, lane: usize) -> i64 {
    let digest =
        Sha256::new().chain_update([u8::try_from(lane).unwrap_or(u8::MAX)]).chain_update(column).finalize();
    // Positive, so that it can be written down without parentheses; and of 64 bits' type.
    let bits = digest.iter().take(8).fold(0_u64, |seed, byte| (seed << 8) | u64::from(*byte));
    (bits >> 2).cast_signed() | (1 << 62)
}
