//! The fields that an archive is made of: bytes, integers of the archive's own width, strings with a length.

use std::io::{BufRead, Read};

use super::ArchiveError;

/// No definition, name or COPY statement is longer; PostgreSQL's own limit on a field is 1 GiB, but not for a text
/// that `pg_dump` must hold in memory several times (2026-11-21).
const LONGEST_STRING: u64 = 256 << 20;

/// Reads fields and counts the bytes that they took.
pub(super) struct Fields<R> {
    input: R,
    position: u64,
    /// What is being read, for the message of an early end.
    within: &'static str,
    /// Bytes of an integer, 4 until the header says otherwise.
    integer_bytes: usize,
    /// Bytes of a file offset.
    offset_bytes: usize,
}

impl<R: BufRead> Fields<R> {
    pub(super) fn new(input: R, within: &'static str) -> Self {
        Self { input, position: 0, within, integer_bytes: 4, offset_bytes: 8 }
    }

    /// Continues where another reader of fields ended.
    pub(super) fn resume(input: R, position: u64, integer_bytes: usize, within: &'static str) -> Self {
        Self { input, position, within, integer_bytes, offset_bytes: 8 }
    }

    /// Bytes taken so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn now_within(&mut self, what: &'static str) {
        self.within = what;
    }

    /// Widths outside of what any machine has are damage.
    pub(super) fn set_widths(&mut self, integer: u8, offset: u8) -> Result<(), ArchiveError> {
        let fits = |width: u8, least: usize| Some(usize::from(width)).filter(|w| (least..=8).contains(w));
        let (Some(integer), Some(offset)) = (fits(integer, 2), fits(offset, 4)) else {
            return Err(ArchiveError::Damaged(format!(
                "its header claims integers of {integer} and offsets of {offset} bytes"
            )));
        };
        (self.integer_bytes, self.offset_bytes) = (integer, offset);
        Ok(())
    }

    pub(super) fn integer_bytes(&self) -> usize {
        self.integer_bytes
    }

    fn ends_early(&self) -> ArchiveError {
        ArchiveError::EndsEarly(self.within.to_owned())
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], ArchiveError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ArchiveError> {
        match self.input.read_exact(bytes) {
            Ok(()) => {
                self.position += bytes.len() as u64;
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(self.ends_early()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn byte(&mut self) -> Result<u8, ArchiveError> {
        Ok(self.array::<1>()?[0])
    }

    /// The next byte, or `None` at the end of the input.
    pub(super) fn byte_or_end(&mut self) -> Result<Option<u8>, ArchiveError> {
        if self.input.fill_buf()?.is_empty() { Ok(None) } else { self.byte().map(Some) }
    }

    /// A sign byte, then the magnitude with its least significant byte first.
    pub(super) fn integer(&mut self) -> Result<i64, ArchiveError> {
        let sign = self.byte()?;
        let mut bytes = [0; 8];
        let width = self.integer_bytes;
        self.fill(&mut bytes[..width])?;
        let magnitude = i64::try_from(u64::from_le_bytes(bytes))
            .map_err(|_| ArchiveError::Damaged(format!("a number out of range in {}", self.within)))?;
        match sign {
            0 => Ok(magnitude),
            1 => Ok(-magnitude),
            _ => Err(ArchiveError::Damaged(format!("a number without a sign in {}", self.within))),
        }
    }

    /// A number that cannot be negative.
    pub(super) fn count(&mut self) -> Result<u64, ArchiveError> {
        let number = self.integer()?;
        u64::try_from(number)
            .map_err(|_| ArchiveError::Damaged(format!("a negative number in {}", self.within)))
    }

    /// A string, or `None` for the null that a length of -1 stands for. Bytes that are not UTF-8 are replaced: names
    /// are shown and compared, and the restore itself reads the file.
    pub(super) fn string(&mut self) -> Result<Option<String>, ArchiveError> {
        let length = self.integer()?;
        let Ok(length) = u64::try_from(length) else { return Ok(None) };
        if length > LONGEST_STRING {
            return Err(ArchiveError::Damaged(format!("a text of {length} bytes in {}", self.within)));
        }
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(length).read_to_end(&mut bytes)? as u64;
        self.position += read;
        if read < length {
            return Err(self.ends_early());
        }
        let text =
            String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        Ok(Some(text))
    }

    /// A state byte and a position in the file.
    pub(super) fn offset(&mut self) -> Result<(u8, u64), ArchiveError> {
        let state = self.byte()?;
        let mut bytes = [0; 8];
        let width = self.offset_bytes;
        self.fill(&mut bytes[..width])?;
        Ok((state, u64::from_le_bytes(bytes)))
    }

    /// Passes over bytes; says how many were missing.
    pub(super) fn skip(&mut self, length: u64) -> Result<u64, ArchiveError> {
        let mut left = length;
        while left > 0 {
            let here = self.input.fill_buf()?.len();
            if here == 0 {
                break;
            }
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(here);
            self.input.consume(step);
            left -= step as u64;
        }
        self.position += length - left;
        Ok(left)
    }
}
