//! Unpacking: gzip of several members, Zstandard of several frames, with a bound on what may come out.

use std::io::{self, BufRead, Read};

use super::SourceError;
use crate::model::Compression;

/// Beyond this much output a ratio is looked at; a small file of zeros is no attack.
const RATIO_COUNTS_FROM: u64 = 1 << 30;
/// No dump of real data packs better (gzip itself ends at 1032:1).
const MOST_RATIO: u64 = 1000;

/// Unpacks what `packed` yields; at most `budget` bytes.
pub(super) fn unpack<'a>(
    packed: impl BufRead + Send + 'a,
    packed_bytes: u64,
    compression: Compression,
    budget: u64,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let decoder: Box<dyn Read + Send + 'a> = match compression {
        Compression::None => return Ok(Box::new(packed)),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(packed)?),
        Compression::Lz4 | Compression::Xz | Compression::Bzip2 => {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "no decoder for this compression"));
        }
    };
    let most = budget.min(packed_bytes.saturating_mul(MOST_RATIO).max(RATIO_COUNTS_FROM));
    Ok(Box::new(Bounded { decoder, left: most }))
}

/// Yields at most so many bytes, and an error instead of more.
struct Bounded<R> {
    decoder: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(Trouble::Bomb))?;
        Ok(read)
    }
}

/// What a reader in the chain has to say beyond what [`io::Error`] can: carried inside of one.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// More came out than may.
    #[error("it unpacks to more than a dump can hold")]
    Bomb,
    /// The packed bytes could not be had.
    #[error(transparent)]
    Read(io::Error),
    /// The copy could not be written.
    #[error(transparent)]
    Write(io::Error),
    /// Nobody waits for the bytes any more.
    #[error("stopped")]
    Stopped,
}

/// What an error of the chain means. `directory` is where the copy is written.
pub(super) fn explain(error: io::Error, id: &str, directory: &str) -> SourceError {
    let id = id.to_owned();
    let kind = error.kind();
    match error.downcast::<Trouble>() {
        Ok(Trouble::Bomb) => SourceError::UnpackFailed {
            id,
            what: "it unpacks to more than a thousand times its size, or more than the disk may take"
                .to_owned(),
        },
        Ok(Trouble::Read(error)) => SourceError::Unreachable { what: id, error },
        Ok(Trouble::Write(error)) => SourceError::Staging { directory: directory.to_owned(), error },
        Ok(Trouble::Stopped) => SourceError::Stopped { id },
        Err(_) if kind == io::ErrorKind::UnexpectedEof => {
            SourceError::Truncated { id, what: "the compressed stream ends early".to_owned() }
        }
        Err(error) if error.to_string().contains("requires too much memory") => {
            SourceError::NotInThisVersion {
                id,
                found: "compressed with a window of more than 128 MiB".to_owned(),
                hint: "Compress without `--long`, or with `--long=27` at most.".to_owned(),
            }
        }
        // The decoder's words are about the stream's form and hold none of its content.
        Err(error) => SourceError::UnpackFailed { id, what: error.to_string() },
    }
}
