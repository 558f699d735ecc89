//! Archives of `pg_dump`, read without `pg_dump`: what they say of themselves, and whether they are whole.
//!
//! An archive is untrusted input. Nothing here executes, decompresses or trusts a length: every string, count and
//! table is bounded, and memory grows with the bytes that are there, never with the bytes that a header claims.
//!
//! | format | header and contents | data |
//! |---|---|---|
//! | custom (`-Fc`) | at the start, [`Toc::read`] | blocks until the end of the file, [`walk_blocks`] |
//! | tar (`-Ft`) | the first member, `toc.dat` | further members, [`walk_tar`] |
//! | directory (`-Fd`) | the file `toc.dat` | further files |
//!
//! Format versions 1.12 (PostgreSQL 9.0) to 1.16 (17 and 18), as `pg_backup_archiver.c` writes them.

mod blocks;
mod facts;
mod fields;
mod header;
pub mod roles;
mod tar;
mod toc;
mod tokens;

pub use blocks::walk_blocks;
pub use facts::{Contents, DatabaseDefinition};
pub use header::{ArchiveKind, Header};
pub use tar::{TarStart, tar_start, walk_tar};
pub use toc::{DataPlace, Entry, Toc};

/// How an archive begins.
pub const MAGIC: &[u8] = b"PGDMP";

/// Why an archive could not be read to its end. Names of objects may appear, data never.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It does not begin as an archive.
    #[error("it does not begin as a pg_dump archive")]
    NotAnArchive,
    /// Written by a `pg_dump` that this version does not know.
    #[error("its archive format is version {0}, and 1.12 to 1.16 are known")]
    UnknownVersion(String),
    /// The bytes end before the archive does.
    #[error("it ends within {0}")]
    EndsEarly(String),
    /// The bytes contradict the format.
    #[error("{0}")]
    Damaged(String),
    /// The bytes could not be had.
    #[error(transparent)]
    Read(#[from] std::io::Error),
}

#[cfg(test)]
mod tests;
