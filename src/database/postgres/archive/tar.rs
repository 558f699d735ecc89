//! The tar that `pg_dump -Ft` writes: `toc.dat` first, a member for each entry with data, `restore.sql`, two blocks
//! of zeros.

use std::collections::HashSet;
use std::io::{BufRead, Read};

use super::fields::Fields;
use super::{ArchiveError, DataPlace, Entry, Toc};

/// Tar's unit.
const BLOCK: usize = 512;

/// What the first block of a tar says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TarStart {
    /// Name of the first member.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Reads the first block, if it is a tar's: its checksum must hold.
pub fn tar_start(bytes: &[u8]) -> Option<TarStart> {
    member(bytes.get(..BLOCK)?.try_into().ok()?)
}

/// Reads a tar from its first byte to its last: the table of contents, and whether every member that it names is
/// there in full. Returns the table and the number of bytes behind the end of the tar.
pub fn walk_tar<R: BufRead>(mut input: R) -> Result<(Toc, u64), ArchiveError> {
    let start = next_member(&mut input, "the table of contents")?;
    let start = start.filter(|start| start.name == "toc.dat").ok_or(ArchiveError::NotAnArchive)?;
    let toc = read_toc(&mut input, start.size)?;
    let mut missing: HashSet<&str> = toc.data.iter().filter_map(file_name).collect();
    let mut large_objects = false;
    let mut last = "toc.dat".to_owned();
    loop {
        let after = format!("what follows {last}");
        let Some(member) = next_member(&mut input, &after)? else { break };
        skip_padded(&mut input, member.size, &member.name)?;
        missing.remove(member.name.as_str());
        large_objects |= member.name.strip_suffix(".toc").is_some_and(|name| name.starts_with("blobs"));
        last = member.name;
    }
    let absent = |entry: &&Entry| match &entry.place {
        DataPlace::File(name) => missing.contains(name.as_str()),
        DataPlace::Anywhere => !large_objects,
        DataPlace::Nowhere | DataPlace::Offset(_) => false,
    };
    if let Some(entry) = toc.data.iter().find(absent) {
        return Err(ArchiveError::Damaged(format!("{} is not in the tar", entry.label)));
    }
    let behind = std::io::copy(&mut input, &mut std::io::sink())?;
    Ok((toc, behind))
}

fn file_name(entry: &Entry) -> Option<&str> {
    match &entry.place {
        DataPlace::File(name) => Some(name),
        _ => None,
    }
}

fn read_toc<R: BufRead>(input: &mut R, size: u64) -> Result<Toc, ArchiveError> {
    let toc = Toc::read(input.by_ref().take(size))?;
    let rest = size - toc.length;
    skip_padded_from(input, rest, size, "toc.dat")?;
    Ok(toc)
}

/// The next member's head, `None` at the closing blocks of zeros; `pg_dump` always writes two.
fn next_member<R: BufRead>(input: &mut R, within: &str) -> Result<Option<TarStart>, ArchiveError> {
    let block = read_block(input, within)?;
    if block.iter().any(|byte| *byte != 0) {
        return member(&block)
            .map(Some)
            .ok_or_else(|| ArchiveError::Damaged(format!("the tar is damaged in {within}")));
    }
    if read_block(input, "the closing blocks of the tar")?.iter().any(|byte| *byte != 0) {
        return Err(ArchiveError::Damaged("the tar has a hole of zeros".to_owned()));
    }
    Ok(None)
}

fn read_block<R: BufRead>(input: &mut R, within: &str) -> Result<[u8; BLOCK], ArchiveError> {
    let mut block = [0; BLOCK];
    input.read_exact(&mut block).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => ArchiveError::EndsEarly(within.to_owned()),
        _ => error.into(),
    })?;
    Ok(block)
}

fn skip_padded<R: BufRead>(input: &mut R, size: u64, name: &str) -> Result<(), ArchiveError> {
    skip_padded_from(input, size, size, name)
}

/// Passes over what is left of a member of `size` bytes, and over its padding.
fn skip_padded_from<R: BufRead>(input: &mut R, left: u64, size: u64, name: &str) -> Result<(), ArchiveError> {
    let padding = size.next_multiple_of(BLOCK as u64) - size;
    match Fields::new(input, "a member").skip(left + padding)? {
        0 => Ok(()),
        _ => Err(ArchiveError::EndsEarly(format!("{name} of the tar"))),
    }
}

fn member(block: &[u8; BLOCK]) -> Option<TarStart> {
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| u32::from(if (148..156).contains(&at) { b' ' } else { *byte }))
        .sum();
    let size = number(&block[124..136]).filter(|size| *size < 1 << 62)?;
    let name = block[..100].split(|byte| *byte == 0).next().unwrap_or_default();
    (number(&block[148..156])? == u64::from(sum))
        .then(|| TarStart { name: String::from_utf8_lossy(name).into_owned(), size })
}

/// Octal text; or, for sizes beyond 8 GiB, base 256 after a set first bit.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        return field[1..].iter().try_fold(0_u64, |n, byte| Some(n.checked_mul(256)? + u64::from(*byte)));
    }
    let text = field.split(|byte| *byte == 0).next()?;
    let text = std::str::from_utf8(text).ok()?.trim();
    u64::from_str_radix(text, 8).ok()
}
