//! What a file is, by its first bytes; never by its name.
//!
//! A wrong file is told in words ("an HTML page"), not by its content: it may hold anybody's data.

mod text;

use crate::database::postgres::archive;
use crate::model::{BackupFormat, Compression};

/// As much of the beginning as [`recognise`] wants to see, in bytes; less is fine where the file is shorter.
pub const HEAD: usize = 64 * 1024;

/// A tar's headers are so long, in bytes; a directory has nothing else.
const TAR_BLOCK: usize = 512;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A backup that can be restored.
    Backup(BackupFormat),
    /// Something packed; what is in it is seen once it is unpacked.
    Packed(Compression),
    /// Packed in a way that this version cannot open, `an lz4 frame`, with the command that unpacks it.
    PackedOtherwise(&'static str, &'static str),
    /// A backup of a sort that this version does not restore.
    Later(BackupFormat, &'static str),
    /// Encrypted, with this program.
    Encrypted(&'static str),
    /// No backup; in words.
    Other(&'static str),
}

/// Recognises a file that is not empty by its first bytes, at most [`HEAD`] of them.
pub fn recognise(head: &[u8]) -> Found {
    by_signature(head).or_else(|| by_tar(head)).unwrap_or_else(|| text::recognise(head))
}

fn by_signature(head: &[u8]) -> Option<Found> {
    use Found::{Backup, Encrypted, Later, Other, Packed, PackedOtherwise};
    const SIGNATURES: &[(&[u8], Found)] = &[
        (archive::MAGIC, Backup(BackupFormat::PgDumpCustom)),
        (b"\x1f\x8b\x08", Packed(Compression::Gzip)),
        (b"\x28\xb5\x2f\xfd", Packed(Compression::Zstd)),
        (b"\x04\x22\x4d\x18", PackedOtherwise("an lz4 frame", "unlz4")),
        (b"\xfd7zXZ\0", PackedOtherwise("an xz file", "unxz")),
        (b"BZh", PackedOtherwise("a bzip2 file", "bunzip2")),
        (b"LZIP", PackedOtherwise("an lzip file", "lzip -d")),
        (b"\x1f\x9d", PackedOtherwise("a file of compress", "uncompress")),
        (b"PK\x03\x04", PackedOtherwise("a ZIP archive", "unzip")),
        (b"PK\x05\x06", Other("an empty ZIP archive")),
        (b"7z\xbc\xaf\x27\x1c", PackedOtherwise("a 7z archive", "7z x")),
        (b"Rar!\x1a\x07", PackedOtherwise("a RAR archive", "unrar x")),
        (b"SQLite format 3\0", Other("an SQLite database")),
        (b"%PDF-", Other("a PDF document")),
        (b"\x89PNG\r\n\x1a\n", Other("a PNG image")),
        (b"\xff\xd8\xff", Other("a JPEG image")),
        (b"GIF8", Other("a GIF image")),
        (b"\x7fELF", Other("an ELF program")),
        (b"MZ", Other("a Windows program")),
        (b"\xca\xfe\xba\xbe", Other("a Java class or a macOS program")),
        (b"PAR1", Other("a Parquet file")),
        (b"Obj\x01", Other("an Avro file")),
        (b"\xef\xfe\xba\xdd", Other("a file of MySQL's X protocol")),
        (b"\xfebin", Other("a MySQL binary log")),
        (b"REDIS", Other("a Redis snapshot")),
        (b"!<arch>\n", Other("an ar archive or a Debian package")),
        (b"\xed\xab\xee\xdb", Other("an RPM package")),
        (b"070701", Other("a cpio archive")),
        (b"TAPE\0\0", Other("a backup of Microsoft SQL Server")),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Other("an old Microsoft Office document")),
        (b"PGCOPY\n\xff\r\n\0", Other("the binary COPY of one table")),
        (b"LUKS\xba\xbe", Encrypted("LUKS")),
        (b"Salted__", Encrypted("openssl")),
        (b"age-encryption.org/", Encrypted("age")),
        (b"-----BEGIN AGE ENCRYPTED FILE-----", Encrypted("age")),
        (b"-----BEGIN PGP MESSAGE-----", Encrypted("gpg")),
        (b"$ANSIBLE_VAULT;", Encrypted("ansible-vault")),
        (
            b"{ \"PostgreSQL-Backup-Manifest-Version\"",
            Later(BackupFormat::BaseBackup, "the manifest of a base backup"),
        ),
    ];
    let known = SIGNATURES.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, found)| *found);
    known.or_else(|| skippable_frame(head)).or_else(|| is_gpg(head).then_some(Encrypted("gpg"))).or_else(
        || head.iter().all(|byte| *byte == 0).then_some(Other("nothing but zero bytes as far as was looked")),
    )
}

/// Zstandard's skippable frames may come first (`pzstd` writes one).
fn skippable_frame(head: &[u8]) -> Option<Found> {
    let skippable = matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
    skippable.then_some(Found::Packed(Compression::Zstd))
}

/// An `OpenPGP` message begins with a packet that holds an encrypted session key: tag 1 or 3 with its version, in the old
/// framing or the new (RFC 9580, 4.2 and 5.1).
fn is_gpg(head: &[u8]) -> bool {
    let (tag, body) = match head {
        [first @ 0x80..=0xbf, rest @ ..] => {
            let width = match first & 3 {
                0 => 1,
                1 => 2,
                2 => 4,
                _ => return false,
            };
            ((first >> 2) & 0x0f, rest.get(width..))
        }
        [first @ 0xc0..=0xff, 0..=191, rest @ ..] | [first @ 0xc0..=0xff, 192..=223, _, rest @ ..] => {
            (first & 0x3f, Some(rest))
        }
        _ => return false,
    };
    let version = body.and_then(|body| body.first());
    matches!((tag, version), (1, Some(3 | 6)) | (3, Some(4..=6)))
}

fn by_tar(head: &[u8]) -> Option<Found> {
    let start = first_file(head)?;
    let name = start.name.trim_start_matches("./");
    let last = name.rsplit('/').next().unwrap_or(name);
    Some(match last {
        "toc.dat" if start.name == "toc.dat" => Found::Backup(BackupFormat::PgDumpTar),
        _ if last == "toc.dat" || is_data_of_a_directory_dump(last) => {
            Found::Later(BackupFormat::PgDumpDirectory, "a directory dump packed in a tar")
        }
        "backup_label" | "PG_VERSION" | "tablespace_map" | "backup_manifest" | "base" | "global" => {
            Found::Later(BackupFormat::BaseBackup, "the tar of a base backup")
        }
        _ => Found::Other("a tar archive that pg_dump did not write"),
    })
}

/// A tar of a directory begins with the directory itself, `dump/`, and then its files in no order.
fn first_file(mut head: &[u8]) -> Option<archive::TarStart> {
    let mut start = archive::tar_start(head)?;
    while let Some(next) = head.get(TAR_BLOCK..).filter(|_| start.name.ends_with('/')) {
        let Some(member) = archive::tar_start(next) else { break };
        (head, start) = (next, member);
    }
    Some(start)
}

/// `3052.dat.gz`
fn is_data_of_a_directory_dump(name: &str) -> bool {
    let (number, ending) = name.split_once('.').unwrap_or_default();
    !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && ["dat", "dat.gz", "dat.lz4", "dat.zst"].contains(&ending)
}

/// The names in a directory that make it a backup of its own.
pub fn recognise_directory(mut has: impl FnMut(&str) -> bool) -> Option<(BackupFormat, &'static str)> {
    if has("toc.dat") {
        Some((BackupFormat::PgDumpDirectory, "a directory dump (pg_dump -Fd)"))
    } else if has("PG_VERSION") || has("backup_manifest") {
        Some((BackupFormat::BaseBackup, "a base backup"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
