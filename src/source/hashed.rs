//! A backup's bytes as they lie there: read by position, hashed, counted and copied on the way.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use super::Progress;
use super::growing::Growing;
use super::unpack::Trouble;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;
/// Bytes between two calls of the progress function.
const PROGRESS_EVERY: u64 = 8 << 20;

/// Reads a file by position, whatever its cursor; its errors are told from those of a decoder above it.
pub(super) struct Positioned<'a> {
    file: &'a File,
    at: u64,
    growing: Option<&'a Growing>,
}

impl<'a> Positioned<'a> {
    /// From the beginning of a file that is all there.
    pub(super) fn new(file: &'a File) -> Self {
        Self { file, at: 0, growing: None }
    }

    /// From an offset of a file whose bytes may still be arriving.
    pub(super) fn following(file: &'a File, at: u64, growing: Option<&'a Growing>) -> Self {
        Self { file, at, growing }
    }
}

impl Read for Positioned<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let trouble = |error| io::Error::other(Trouble::Read(error));
        let ready = match self.growing {
            Some(growing) => growing.wait_beyond(self.at).map_err(trouble)? - self.at,
            None => u64::MAX,
        };
        let room = usize::try_from(ready).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(&mut buffer[..room], self.at).map_err(trouble)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The file's bytes as they lie there: hashed, counted, copied on the way.
pub(super) struct Hashed<'a> {
    file: Positioned<'a>,
    size_bytes: u64,
    buffer: Vec<u8>,
    unread: std::ops::Range<usize>,
    digest: Sha256,
    copy: Option<&'a mut File>,
    progress: &'a Progress,
    next_progress: u64,
    stop: &'a AtomicBool,
}

impl<'a> Hashed<'a> {
    pub(super) fn new(
        file: Positioned<'a>,
        size_bytes: u64,
        copy: Option<&'a mut File>,
        progress: &'a Progress,
        stop: &'a AtomicBool,
    ) -> Self {
        Self {
            file,
            size_bytes,
            buffer: vec![0; BLOCK],
            unread: 0..0,
            digest: Sha256::new(),
            copy,
            progress,
            next_progress: 0,
            stop,
        }
    }

    fn next_block(&mut self) -> io::Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other(Trouble::Stopped));
        }
        let read = self.file.read(&mut self.buffer)?;
        self.unread = 0..read;
        let block = &self.buffer[..read];
        self.digest.update(block);
        if let Some(copy) = &mut self.copy {
            copy.write_all(block).map_err(|error| io::Error::other(Trouble::Write(error)))?;
        }
        if self.file.at >= self.next_progress || read == 0 {
            (self.progress)(self.file.at, self.size_bytes);
            self.next_progress = self.file.at + PROGRESS_EVERY;
        }
        Ok(())
    }

    /// Reads what nobody read so far and returns the digest in lowercase hexadecimal.
    pub(super) fn finish(mut self) -> io::Result<String> {
        loop {
            self.next_block()?;
            if self.unread.is_empty() {
                return Ok(hexadecimal(&self.digest.finalize()));
            }
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Hashed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.unread.is_empty() {
            self.next_block()?;
        }
        Ok(&self.buffer[self.unread.clone()])
    }

    fn consume(&mut self, amount: usize) {
        self.unread.start = (self.unread.start + amount).min(self.unread.end);
    }
}
