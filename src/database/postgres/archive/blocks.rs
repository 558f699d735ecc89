//! The data of a custom archive: blocks from the end of the table of contents to the end of the file.
//!
//! A block is a type, the number of its entry, and chunks, each with its length, until a length of zero. `pg_dump`
//! writes a block for each entry that holds data and nothing after the last, so an archive cut at any byte lacks
//! either the end of a chain or a whole block. Nothing is decompressed: damage *within* a chunk is the restore's to
//! find.

use std::collections::HashMap;
use std::io::BufRead;

use super::fields::Fields;
use super::{ArchiveError, DataPlace, Toc};

const DATA: u8 = 1;
const LARGE_OBJECTS: u8 = 3;

/// Follows every block from where [`Toc::read`] stopped to the end of the input. Returns the number of bytes behind
/// the last block, which `pg_restore` ignores and `pg_dump` never writes.
///
/// # Errors
/// An input that ends before the archive does, or blocks that are not the ones of the table of contents.
pub fn walk_blocks<R: BufRead>(input: R, toc: &Toc) -> Result<u64, ArchiveError> {
    let mut fields = Fields::resume(input, toc.length, toc.integer_bytes, "its data");
    let mut missing: HashMap<i64, (&str, &DataPlace)> = toc
        .data
        .iter()
        .filter(|entry| entry.place != DataPlace::Nowhere)
        .map(|entry| (entry.dump_id, (entry.label.as_str(), &entry.place)))
        .collect();
    while !missing.is_empty() {
        let start = fields.position();
        let Some(kind) = fields.byte_or_end()? else {
            return Err(ArchiveError::EndsEarly(first_missing(toc, &missing)));
        };
        let Some((label, place)) = whose(&mut fields, kind)?.and_then(|id| missing.remove(&id)) else {
            let next = first_missing(toc, &missing);
            return Err(ArchiveError::Damaged(format!(
                "there is no data block where {next} or a later one should be"
            )));
        };
        if matches!(place, DataPlace::Offset(offset) if *offset != start) {
            return Err(ArchiveError::Damaged(format!("{label} is not where the table of contents says")));
        }
        follow(&mut fields, kind == LARGE_OBJECTS).map_err(|error| name(error, label))?;
    }
    read_tail(&mut fields, toc)
}

/// What follows the last block. `pg_dump` 16 and later open standard output for appending, so that with
/// `pg_dump -Fc > file` the table of contents, which is meant to overwrite the first one once all offsets are known,
/// ends up here instead (measured with 18.6): the same entries, hence the same length. An archive that was written
/// to a pipe ends with its data.
fn read_tail<R: BufRead>(fields: &mut Fields<R>, toc: &Toc) -> Result<u64, ArchiveError> {
    let start = fields.position();
    let mut begins_as_table = true;
    let count = [&[0][..], &toc.entries.to_le_bytes()[..toc.integer_bytes]].concat();
    for expected in count {
        match fields.byte_or_end()? {
            Some(byte) => begins_as_table &= byte == expected,
            None => break,
        }
    }
    fields.skip(u64::MAX - fields.position())?;
    let (length, table) = (fields.position() - start, toc.length - toc.table_start);
    match length {
        0 => Ok(0),
        _ if !begins_as_table => Ok(length),
        _ if length < table => Err(ArchiveError::EndsEarly("the second table of contents".to_owned())),
        _ => Ok(length - table),
    }
}

/// The number in the block's head; `None` if this is no block.
fn whose<R: BufRead>(fields: &mut Fields<R>, kind: u8) -> Result<Option<i64>, ArchiveError> {
    if matches!(kind, DATA | LARGE_OBJECTS) { fields.integer().map(Some) } else { Ok(None) }
}

/// Large objects are chains too, each after its OID, until an OID of zero.
fn follow<R: BufRead>(fields: &mut Fields<R>, large_objects: bool) -> Result<(), ArchiveError> {
    if !large_objects {
        return follow_chain(fields);
    }
    while fields.count()? != 0 {
        follow_chain(fields)?;
    }
    Ok(())
}

fn follow_chain<R: BufRead>(fields: &mut Fields<R>) -> Result<(), ArchiveError> {
    loop {
        let length = fields.count()?;
        if length == 0 {
            return Ok(());
        }
        if fields.skip(length)? > 0 {
            return Err(ArchiveError::EndsEarly(String::new()));
        }
    }
}

/// An error inside a block, with the entry's name instead of "its data".
fn name(error: ArchiveError, label: &str) -> ArchiveError {
    match error {
        ArchiveError::EndsEarly(_) => ArchiveError::EndsEarly(label.to_owned()),
        ArchiveError::Damaged(_) => ArchiveError::Damaged(format!("the data block of {label} is damaged")),
        other => other,
    }
}

/// Blocks are written in the order of the table.
fn first_missing(toc: &Toc, missing: &HashMap<i64, (&str, &DataPlace)>) -> String {
    toc.data
        .iter()
        .find(|entry| missing.contains_key(&entry.dump_id))
        .map_or_else(|| "its data".to_owned(), |entry| entry.label.clone())
}
