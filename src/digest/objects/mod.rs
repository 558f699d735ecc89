//! Every object of a schema with what defines it.
//!
//! Each question answers `kind in words, full name, schema and name of the table that it belongs to, labels and values
//! in turns`; a value that is NULL is not set. The first label is written as `text`, or an array that begins with an
//! owner's `name` would cut every definition at 63 bytes. Definitions are normalised by PostgreSQL's own `pg_get_…def`, with
//! `search_path` at `pg_catalog` alone, so that every name is qualified. Nothing is told by OID or attribute number: a
//! dropped column leaves a hole in the latter.
//!
//! What only some versions know of an object is asked for as a key of its row (`to_jsonb(…) ->> …`), which is NULL where
//! there is none; a catalog that only some have is a question of its own ([`Question::since`]). The oldest version is 14.
//!
//! Objects that came with the server have OIDs below 16384. What an extension owns is left out; it stands for them.

mod access;
mod foreign;
mod kinds;
mod relations;
mod routines;
mod shared;
mod tables;

use std::collections::BTreeMap;

use super::DigestError;
use super::session::Session;
use super::state::{Object, ObjectName};
use crate::definition::TableName;

/// A question, and what it is about.
struct Question {
    about: &'static str,
    /// The first major version that can be asked.
    since: u32,
    sql: &'static str,
}

/// Where an object is a member of an extension; `CLASS` and `OID` stand for its address.
const MEMBER: &str = "EXISTS (SELECT FROM pg_depend AS member WHERE member.classid = CLASS \
     AND member.objid = OID AND member.refclassid = 'pg_extension'::regclass AND member.deptype = 'e')";

pub(super) async fn read(session: &Session<'_>) -> Result<BTreeMap<ObjectName, Object>, DigestError> {
    let groups = [
        shared::QUESTIONS,
        kinds::QUESTIONS,
        tables::QUESTIONS,
        relations::QUESTIONS,
        routines::QUESTIONS,
        foreign::QUESTIONS,
        access::QUESTIONS,
    ];
    let mut found = BTreeMap::new();
    for question in groups.into_iter().flatten() {
        if session.major < question.since {
            continue;
        }
        for row in session.rows(question.about, &spelled(question.sql)).await? {
            let table = row.get::<_, Option<String>>(2).zip(row.get(3));
            let object = Object {
                table: table.map(|(schema, table)| TableName { schema, table }),
                attributes: attributes(row.get(4)),
            };
            found.insert(ObjectName { kind: row.get(0), name: row.get(1) }, object);
        }
    }
    Ok(found)
}

/// Fills in what questions share: `MEMBER(class, oid)`, where neither holds a parenthesis.
fn spelled(sql: &str) -> String {
    let mut parts = sql.split("MEMBER(");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (arguments, rest) = part.split_once(')').unwrap_or((part, ""));
        let (class, oid) = arguments.split_once(", ").unwrap_or((arguments, ""));
        text.push_str(&MEMBER.replace("CLASS", class).replace("OID", oid));
        text.push_str(rest);
    }
    text
}

fn attributes(pairs: Vec<Option<String>>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut pairs = pairs.into_iter();
    while let (Some(label), Some(value)) = (pairs.next(), pairs.next()) {
        if let (Some(label), Some(value)) = (label, value) {
            found.insert(label, value);
        }
    }
    found
}
