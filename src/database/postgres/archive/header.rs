//! The header: who dumped what, with which program, when.

use std::io::BufRead;

use jiff::civil::DateTime;

use super::fields::Fields;
use super::{ArchiveError, MAGIC};
use crate::model::{ArchiveHeader, Compression, ServerVersion};

/// What the archive is, by its own word. A directory's `toc.dat` says tar, because `pg_dump` writes it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// One file with data blocks.
    Custom,
    /// The table of contents of a tar or a directory.
    TarOrDirectory,
}

/// The header of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// What the archive is.
    pub kind: ArchiveKind,
    /// How the data inside it is compressed; what `pg_restore` must have been built with.
    pub inner_compression: Compression,
    /// What it says of the dump.
    pub facts: ArchiveHeader,
    /// Minor version of the archive format: 12 to 16.
    pub(super) minor: u8,
}

impl Header {
    pub(super) fn read<R: BufRead>(fields: &mut Fields<R>) -> Result<Self, ArchiveError> {
        if fields.array::<5>()? != MAGIC {
            return Err(ArchiveError::NotAnArchive);
        }
        let [major, minor, revision] = fields.array()?;
        let archive_version = format!("{major}.{minor}.{revision}");
        if major != 1 || !(12..=16).contains(&minor) {
            return Err(ArchiveError::UnknownVersion(archive_version));
        }
        let [integer, offset, kind] = fields.array()?;
        fields.set_widths(integer, offset)?;
        let kind = match kind {
            1 => ArchiveKind::Custom,
            3 | 5 => ArchiveKind::TarOrDirectory,
            other => {
                return Err(ArchiveError::Damaged(format!("its header claims the unknown format {other}")));
            }
        };
        let inner_compression = compression(fields, minor)?;
        let started_local = local_time(fields)?;
        let database = fields.string()?;
        let server_version = fields.string()?.and_then(|text| ServerVersion::parse(&text));
        let pg_dump_version = fields.string()?.and_then(|text| ServerVersion::parse(&text));
        let facts = ArchiveHeader {
            archive_version: Some(archive_version),
            server_version,
            pg_dump_version,
            database,
            started_local,
            started_zone: None,
        };
        Ok(Self { kind, inner_compression, facts, minor })
    }
}

/// Since 1.15 an algorithm, before it gzip's level: 0 for none, -1 for its default.
fn compression<R: BufRead>(fields: &mut Fields<R>, minor: u8) -> Result<Compression, ArchiveError> {
    if minor < 15 {
        return Ok(if fields.integer()? == 0 { Compression::None } else { Compression::Gzip });
    }
    match fields.byte()? {
        0 => Ok(Compression::None),
        1 => Ok(Compression::Gzip),
        2 => Ok(Compression::Lz4),
        3 => Ok(Compression::Zstd),
        other => Err(ArchiveError::Damaged(format!("its header claims the unknown compression {other}"))),
    }
}

/// C's `struct tm` as the dumping machine's clock showed it: local time, and no word about the zone.
fn local_time<R: BufRead>(fields: &mut Fields<R>) -> Result<Option<DateTime>, ArchiveError> {
    let mut tm = [0; 7];
    for field in &mut tm {
        *field = fields.integer()?;
    }
    let [second, minute, hour, day, month, year, _is_dst] = tm;
    let small = |n: i64| i8::try_from(n).ok();
    let civil = || {
        let year = i16::try_from(year.checked_add(1900)?).ok()?;
        let (month, day) = (small(month.checked_add(1)?)?, small(day)?);
        // A leap second is the last that jiff knows.
        DateTime::new(year, month, day, small(hour)?, small(minute)?, small(second.min(59))?, 0).ok()
    };
    Ok(civil())
}
