//! The table of contents: an entry for each thing that a restore makes or fills.
//!
//! Entries that hold data are kept, because the data must be found; all others are folded into [`Contents`] as they
//! are read, so that a database of a million objects does not cost a million definitions of memory.

use std::io::BufRead;

use super::ArchiveError;
use super::facts::{Contents, Gathering};
use super::fields::Fields;
use super::header::{ArchiveKind, Header};

/// A number of objects that no `pg_dump` finishes within a day (2026-11-21).
const MOST_ENTRIES: u64 = 20_000_000;
/// The most dependencies that one entry may name.
const MOST_DEPENDENCIES: usize = 1_000_000;

/// An archive's header and what its table of contents tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Toc {
    /// Who dumped what, when.
    pub header: Header,
    /// What a restore would make of it.
    pub contents: Contents,
    /// The entries that hold data, in the order of the archive.
    pub data: Vec<Entry>,
    /// Bytes that header and table took; where the data of a custom archive begins.
    pub length: u64,
    /// Where the table begins, behind the header.
    pub(super) table_start: u64,
    /// How many entries it has, those without data included.
    pub(super) entries: u64,
    pub(super) integer_bytes: usize,
}

/// An entry that holds data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number within the archive.
    pub dump_id: i64,
    /// What it is, as a person reads it: `TABLE DATA public.orders`.
    pub label: String,
    /// Where its data lies.
    pub place: DataPlace,
}

/// Where the data of an entry lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataPlace {
    /// At this byte of a custom archive.
    Offset(u64),
    /// Somewhere in a custom archive that was written to a pipe: the blocks say which they are. In a tar: large
    /// objects, whose list has another name than its table of contents says (`blobs.toc`, since 17 `blobs_1.toc`).
    Anywhere,
    /// In this file of a tar or directory.
    File(String),
    /// Nowhere: `pg_dump` found nothing to write.
    Nowhere,
}

/// One entry as it stands in the archive; lives only while it is looked at.
#[derive(Debug, Default)]
pub(super) struct RawEntry {
    pub(super) dump_id: i64,
    pub(super) has_data: bool,
    pub(super) tag: String,
    /// `TABLE`, `TABLE DATA`, `ACL`, …
    pub(super) description: String,
    pub(super) definition: String,
    pub(super) namespace: String,
    /// `r`, `p`, `v`, … of a table since 1.16.
    pub(super) relation_kind: Option<char>,
    pub(super) owner: String,
}

impl RawEntry {
    pub(super) fn label(&self) -> String {
        if self.namespace.is_empty() {
            format!("{} {}", self.description, self.tag)
        } else {
            format!("{} {}.{}", self.description, self.namespace, self.tag)
        }
    }
}

impl Toc {
    /// Reads header and table of contents, and not a byte further.
    pub fn read<R: BufRead>(input: R) -> Result<Self, ArchiveError> {
        let mut fields = Fields::new(input, "the header");
        let header = Header::read(&mut fields)?;
        fields.now_within("the table of contents");
        let table_start = fields.position();
        let count = fields.count()?;
        if count > MOST_ENTRIES {
            return Err(ArchiveError::Damaged(format!("its table of contents claims {count} entries")));
        }
        let mut gathering = Gathering::default();
        let mut data = Vec::new();
        for _ in 0..count {
            let entry = read_entry(&mut fields, header.minor)?;
            let place = read_place(&mut fields, header.kind, &entry)?;
            if entry.has_data {
                data.push(Entry { dump_id: entry.dump_id, label: entry.label(), place });
            }
            gathering.add(&entry);
        }
        let (length, integer_bytes) = (fields.position(), fields.integer_bytes());
        Ok(Self {
            header,
            contents: gathering.finish(),
            data,
            length,
            table_start,
            entries: count,
            integer_bytes,
        })
    }
}

fn read_entry<R: BufRead>(fields: &mut Fields<R>, minor: u8) -> Result<RawEntry, ArchiveError> {
    let mut entry =
        RawEntry { dump_id: fields.integer()?, has_data: fields.integer()? != 0, ..RawEntry::default() };
    if entry.dump_id <= 0 {
        return Err(ArchiveError::Damaged("an entry of its table of contents has no number".to_owned()));
    }
    let _table_oid = fields.string()?;
    let _oid = fields.string()?;
    entry.tag = fields.string()?.unwrap_or_default();
    entry.description = fields.string()?.unwrap_or_default();
    let _section = fields.integer()?;
    entry.definition = fields.string()?.unwrap_or_default();
    let _drop = fields.string()?;
    let _copy = fields.string()?;
    entry.namespace = fields.string()?.unwrap_or_default();
    let _tablespace = fields.string()?;
    if minor >= 14 {
        let _access_method = fields.string()?;
    }
    if minor >= 16 {
        entry.relation_kind = u8::try_from(fields.integer()?).ok().filter(|kind| *kind != 0).map(char::from);
    }
    entry.owner = fields.string()?.unwrap_or_default();
    let _with_oids = fields.string()?;
    let mut dependencies = 0;
    while fields.string()?.is_some() {
        dependencies += 1;
        if dependencies > MOST_DEPENDENCIES {
            return Err(ArchiveError::Damaged(format!("{} has too many dependencies", entry.label())));
        }
    }
    Ok(entry)
}

/// States of an offset, as `pg_backup_archiver.h` numbers them.
fn read_place<R: BufRead>(
    fields: &mut Fields<R>,
    kind: ArchiveKind,
    entry: &RawEntry,
) -> Result<DataPlace, ArchiveError> {
    if kind == ArchiveKind::TarOrDirectory {
        return Ok(match fields.string()? {
            Some(_) if entry.description == "BLOBS" => DataPlace::Anywhere,
            Some(name) if !name.is_empty() => DataPlace::File(name),
            _ => DataPlace::Nowhere,
        });
    }
    match fields.offset()? {
        (1, _) => Ok(DataPlace::Anywhere),
        (2, position) => Ok(DataPlace::Offset(position)),
        (3, _) => Ok(DataPlace::Nowhere),
        (state, _) => Err(ArchiveError::Damaged(format!(
            "an entry of its table of contents has the unknown data state {state}"
        ))),
    }
}
