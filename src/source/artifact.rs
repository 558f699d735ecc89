//! A backup that has been read and is ready to be restored.

use std::fs::{File, Metadata};
use std::io::{BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::SourceError;
use super::hashed::Positioned;
use super::plain::PlainHeader;
use super::unpack::{explain, unpack};
use crate::database::postgres::archive::Toc;
use crate::model::{ArchiveHeader, BackupFormat, Compression};

/// A backup that has been read once and found whole, as far as that can be known without a server.
#[derive(Debug)]
pub enum Artifact {
    /// For `pg_restore`.
    Archive(Box<ArchiveFile>),
    /// For `psql`.
    Plain(Box<PlainFile>),
}

impl Artifact {
    /// What the backup says of itself.
    pub fn header(&self) -> &ArchiveHeader {
        match self {
            Self::Archive(archive) => &archive.toc.header.facts,
            Self::Plain(plain) => &plain.header.facts,
        }
    }

    /// What every artifact knows of the file that it was read from.
    pub fn origin(&self) -> &Origin {
        match self {
            Self::Archive(archive) => &archive.origin,
            Self::Plain(plain) => &plain.origin,
        }
    }

    /// What it is once unpacked.
    pub fn format(&self) -> BackupFormat {
        match self {
            Self::Archive(archive) => archive.format,
            Self::Plain(_) => BackupFormat::PlainSql,
        }
    }
}

/// The file that an artifact was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The source's name for it.
    pub id: String,
    /// What it is wrapped in.
    pub compression: Compression,
    /// SHA-256 of the bytes as they lie there, lowercase hexadecimal.
    pub sha256: String,
    /// Which file it was, and in which state.
    pub identity: FileIdentity,
}

/// An archive of `pg_dump` in a file that a container can mount and any user of it can read.
#[derive(Debug)]
pub struct ArchiveFile {
    /// The file that it was read from.
    pub origin: Origin,
    /// The file to mount: the original where it is readable for all and not wrapped, else a copy in the staging
    /// directory.
    pub path: PathBuf,
    /// Which file that is: to be compared with what the sandbox sees behind the mount.
    pub identity: FileIdentity,
    /// Custom or tar.
    pub format: BackupFormat,
    /// What it holds.
    pub toc: Toc,
    /// Bytes behind its end, which `pg_restore` ignores and `pg_dump` never writes.
    pub bytes_behind: u64,
}

/// Which file, and in which state: what a replaced or rewritten file differs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity {
    /// Device, as `stat` numbers it.
    pub device: u64,
    /// Inode.
    pub inode: u64,
    /// Size in bytes.
    pub size_bytes: u64,
    /// When its content last changed.
    pub modified_at: Timestamp,
}

impl FileIdentity {
    /// Of an open file, or of a path that was looked at.
    pub fn of(metadata: &Metadata) -> Self {
        // A time that no calendar knows becomes the epoch: then it still differs from any other.
        let nanoseconds = i32::try_from(metadata.mtime_nsec()).unwrap_or_default();
        let modified_at = Timestamp::new(metadata.mtime(), nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH);
        Self { device: metadata.dev(), inode: metadata.ino(), size_bytes: metadata.len(), modified_at }
    }
}

/// A plain dump, kept open: what is streamed later is the file that was hashed, whatever happens to its name.
#[derive(Debug, Clone)]
pub struct PlainFile {
    /// The file that it was read from.
    pub origin: Origin,
    /// What its opening comments say.
    pub header: PlainHeader,
    pub(super) file: Arc<File>,
    pub(super) unpack_budget: u64,
}

/// Size of a chunk of a [`PlainStream`], in bytes.
const CHUNK: usize = 256 * 1024;

impl PlainFile {
    /// Streams the unpacked text from its beginning; may be called again for a second restore.
    pub fn open(&self) -> PlainStream {
        let (sender, chunks) = mpsc::channel(4);
        let plain = self.clone();
        // Ends by itself when the stream is dropped: the channel is closed then.
        tokio::task::spawn_blocking(move || {
            let end = plain.send_all(&sender);
            if let Err(error) = end {
                // Nobody listens: nobody misses it.
                let _ = sender.blocking_send(Err(error));
            }
        });
        PlainStream { chunks }
    }

    fn send_all(&self, sender: &mpsc::Sender<Result<Bytes, SourceError>>) -> Result<(), SourceError> {
        let Origin { id, compression, identity, .. } = &self.origin;
        let failed = |error| explain(error, id, "");
        let packed = BufReader::with_capacity(CHUNK, Positioned::new(&self.file));
        let mut text =
            unpack(packed, identity.size_bytes, *compression, self.unpack_budget).map_err(failed)?;
        loop {
            let mut chunk = BytesMut::zeroed(CHUNK);
            let filled = fill(&mut text, &mut chunk).map_err(failed);
            let filled = self.unless_changed(filled)?;
            chunk.truncate(filled);
            if filled == 0 {
                return self.unless_changed(Ok(()));
            }
            if sender.blocking_send(Ok(chunk.freeze())).is_err() {
                return Ok(());
            }
            if filled < CHUNK {
                return self.unless_changed(Ok(()));
            }
        }
    }

    /// A file that was written to while it was read explains whatever else seems wrong with it.
    fn unless_changed<T>(&self, outcome: Result<T, SourceError>) -> Result<T, SourceError> {
        let same = self.file.metadata().is_ok_and(|now| FileIdentity::of(&now) == self.origin.identity);
        if same {
            return outcome;
        }
        let how = "it was written to after it had been hashed".to_owned();
        Err(SourceError::Changed { id: self.origin.id.clone(), how })
    }
}

fn fill(text: &mut impl Read, chunk: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < chunk.len() {
        match text.read(&mut chunk[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// The unpacked text of a plain dump, in chunks of at most 256 KiB.
#[derive(Debug)]
pub struct PlainStream {
    chunks: mpsc::Receiver<Result<Bytes, SourceError>>,
}

impl PlainStream {
    /// The next chunk, `None` at the end. An end without error means that the compressed stream was whole and its
    /// checksums right.
    pub async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        self.chunks.recv().await.transpose()
    }
}
