//! One pass over a backup's bytes: digest, format, completeness, and a copy where one is needed.
//!
//! Every source that yields a file ends here. The file is read by position from one open handle, so that nothing that
//! happens to its name can exchange it in between; a file that changed meanwhile is told as that, and not as whatever
//! it looked like half-way.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::artifact::{ArchiveFile, Artifact, FileIdentity, Origin, PlainFile};
use super::format::{Found, HEAD, recognise};
use super::growing::Growing;
use super::hashed::{Hashed, Positioned};
use super::plain::{is_closed, read_header};
use super::unpack::{Trouble, explain, unpack};
use super::{FetchRequest, SourceError};
use crate::database::postgres::archive::{ArchiveError, Toc, walk_blocks, walk_tar};
use crate::model::{BackupFormat, Compression};

/// Bytes of unpacked text that are looked at at once.
const BLOCK: usize = 1 << 20;
/// Name of the copy in the staging directory.
const COPY: &str = "backup";

/// A backup's file, opened once and looked at.
pub struct Opened {
    /// The source's name for it.
    pub id: String,
    /// Where it lies.
    pub path: PathBuf,
    /// The handle that everything is read through.
    pub file: File,
    /// What was opened.
    pub identity: FileIdentity,
    /// Any user may read it, also one of a container.
    pub readable_for_all: bool,
    /// Its bytes are still arriving: a download into the run's own staging directory.
    pub growing: Option<Arc<Growing>>,
}

impl Opened {
    fn reader(&self, at: u64) -> Positioned<'_> {
        Positioned::following(&self.file, at, self.growing.as_deref())
    }
}

/// Reads a backup. Blocks; ends early with [`SourceError::Stopped`] once `stop` is set.
pub fn take_in(
    opened: Opened,
    request: &FetchRequest,
    stop: &Arc<AtomicBool>,
) -> Result<Artifact, SourceError> {
    let outcome = Intake { opened: &opened, request, stop }.read();
    let now = opened.file.metadata().map(|metadata| FileIdentity::of(&metadata));
    match now {
        // What nobody else can write to has not changed.
        _ if opened.growing.is_some() => outcome,
        Ok(now) if now == opened.identity => outcome,
        Ok(now) => {
            let how = format!(
                "it had {} bytes and now has {}, or was written to",
                opened.identity.size_bytes, now.size_bytes
            );
            Err(SourceError::Changed { id: opened.id, how })
        }
        Err(error) => Err(SourceError::Unreachable { what: opened.id, error }),
    }
}

struct Intake<'a> {
    opened: &'a Opened,
    request: &'a FetchRequest,
    stop: &'a Arc<AtomicBool>,
}

impl Intake<'_> {
    fn read(&self) -> Result<Artifact, SourceError> {
        let (compression, format, head) = self.recognise()?;
        match format {
            BackupFormat::PgDumpCustom | BackupFormat::PgDumpTar => self.read_archive(compression, format),
            _ => self.read_plain(compression, &head),
        }
    }

    fn id(&self) -> String {
        self.opened.id.clone()
    }

    fn explain(&self, error: io::Error) -> SourceError {
        explain(error, &self.opened.id, &self.request.staging.display().to_string())
    }

    fn hashed<'b>(&'b self, copy: Option<&'b mut File>) -> Hashed<'b> {
        let request = self.request;
        let size = self.opened.identity.size_bytes;
        Hashed::new(self.opened.reader(0), size, copy, &request.progress, self.stop)
    }

    /// What it is, unwrapped once; with the first bytes of the unwrapped.
    fn recognise(&self) -> Result<(Compression, BackupFormat, Vec<u8>), SourceError> {
        let head = self.head(Compression::None)?;
        let (compression, head, found) = match recognise(&head) {
            Found::Packed(compression) => {
                let head = self.head(compression)?;
                let found = recognise(&head);
                (compression, head, found)
            }
            found => (Compression::None, head, found),
        };
        if head.is_empty() {
            return Err(SourceError::Empty {
                id: self.id(),
                once_unpacked: compression != Compression::None,
            });
        }
        let format = self.judge(found)?;
        Ok((compression, format, head))
    }

    fn head(&self, compression: Compression) -> Result<Vec<u8>, SourceError> {
        let mut head = Vec::new();
        let packed = BufReader::new(self.opened.reader(0));
        let text = unpack(packed, self.opened.identity.size_bytes, compression, u64::MAX);
        let read = text.and_then(|text| text.take(HEAD as u64).read_to_end(&mut head));
        match read {
            // What came out before an error is enough to see that it is no backup at all.
            Err(_) if head.len() >= 512 => Ok(head),
            Err(error) => Err(self.explain(error)),
            Ok(_) => Ok(head),
        }
    }

    fn judge(&self, found: Found) -> Result<BackupFormat, SourceError> {
        let wrong = |found: &str| SourceError::WrongFormat {
            id: self.id(),
            found: found.to_owned(),
            expected: self.request.format,
        };
        let later = |found: &str, hint: String| SourceError::NotInThisVersion {
            id: self.id(),
            found: found.to_owned(),
            hint,
        };
        match found {
            Found::Backup(format) if self.request.format.is_none_or(|expected| expected == format) => {
                Ok(format)
            }
            Found::Backup(format) => Err(wrong(format.word())),
            Found::Encrypted(with) => Err(SourceError::KeyMissing { id: self.id(), with }),
            Found::Packed(_) => Err(later("compressed twice", "Compress the dump once.".to_owned())),
            Found::PackedOtherwise(what, tool) => {
                Err(later(what, format!("Unpack it with `{tool}`, or let the backup job use gzip or zstd.")))
            }
            Found::Later(format, what) if self.request.format.is_none_or(|expected| expected == format) => {
                Err(later(
                    what,
                    "Drill a dump made with `pg_dump -Fc`, which this version restores.".to_owned(),
                ))
            }
            Found::Later(_, what) | Found::Other(what) => Err(wrong(what)),
        }
    }

    /// The original is mounted as it is where that is possible: a copy of a terabyte costs an hour of recovery time.
    fn read_archive(&self, compression: Compression, format: BackupFormat) -> Result<Artifact, SourceError> {
        let wrapped = compression != Compression::None;
        let mut copy = (wrapped || !self.opened.readable_for_all).then(|| self.create_copy()).transpose()?;
        let (raw_copy, unpacked_copy) = if wrapped { (None, copy.as_mut()) } else { (copy.as_mut(), None) };
        let mut bytes = self.hashed(raw_copy.map(|copy| &mut copy.file));
        let walked = {
            let tee = |text| Tee { text, copy: unpacked_copy.map(|copy| &mut copy.file) };
            let size = self.opened.identity.size_bytes;
            if wrapped {
                let text = unpack(&mut bytes, size, compression, self.request.unpack_budget)
                    .map_err(|e| self.explain(e))?;
                walk(&mut BufReader::with_capacity(BLOCK, tee(text)), format)
            } else {
                walk(&mut bytes, format)
            }
        };
        let (toc, bytes_behind) = walked.map_err(|error| self.explain_archive(error))?;
        let sha256 = bytes.finish().map_err(|error| self.explain(error))?;
        let (path, identity) = match copy {
            Some(copy) => {
                copy.finish().map_err(|error| self.explain(io::Error::other(Trouble::Write(error))))?
            }
            None => (self.opened.path.clone(), self.opened.identity),
        };
        let origin = self.origin(compression, sha256);
        Ok(Artifact::Archive(Box::new(ArchiveFile { origin, path, identity, format, toc, bytes_behind })))
    }

    fn read_plain(&self, compression: Compression, head: &[u8]) -> Result<Artifact, SourceError> {
        let header = read_header(head);
        // Before the end is looked at, which of a download comes last: what has arrived is hashed meanwhile.
        let sha256 = self.hashed(None).finish().map_err(|error| self.explain(error))?;
        if compression == Compression::None && !is_closed(&self.tail()?, &header) {
            let closing = header.kind.closing_line().unwrap_or_default();
            let what = format!("it does not end with `-- {closing}`");
            return Err(SourceError::Truncated { id: self.id(), what });
        }
        let file = self
            .opened
            .file
            .try_clone()
            .map_err(|error| SourceError::Unreachable { what: self.id(), error })?;
        let origin = self.origin(compression, sha256);
        Ok(Artifact::Plain(Box::new(PlainFile {
            origin,
            header,
            file: Arc::new(file),
            unpack_budget: self.request.unpack_budget,
        })))
    }

    fn tail(&self) -> Result<Vec<u8>, SourceError> {
        let start = self.opened.identity.size_bytes.saturating_sub(4096);
        let mut tail = Vec::new();
        let read = self.opened.reader(start).take(4096).read_to_end(&mut tail);
        read.map_err(|error| self.explain(error))?;
        Ok(tail)
    }

    fn origin(&self, compression: Compression, sha256: String) -> Origin {
        Origin { id: self.id(), compression, sha256, identity: self.opened.identity }
    }

    fn create_copy(&self) -> Result<Copy, SourceError> {
        let path = self.request.staging.join(COPY);
        Copy::create(&path).map_err(|error| self.explain(io::Error::other(Trouble::Write(error))))
    }

    fn explain_archive(&self, error: ArchiveError) -> SourceError {
        let id = self.id();
        match error {
            ArchiveError::Read(error) => self.explain(error),
            ArchiveError::EndsEarly(within) => {
                SourceError::Truncated { id, what: format!("it ends within {within}") }
            }
            ArchiveError::Damaged(what) => SourceError::UnpackFailed { id, what },
            ArchiveError::NotAnArchive => {
                SourceError::WrongFormat { id, found: "no archive of pg_dump".to_owned(), expected: None }
            }
            ArchiveError::UnknownVersion(version) => SourceError::NotInThisVersion {
                id,
                found: format!("an archive of format {version}"),
                hint: "Update Drillyard, or dump with the pg_dump of PostgreSQL 9.0 to 18.".to_owned(),
            },
        }
    }
}

fn walk(input: &mut impl BufRead, format: BackupFormat) -> Result<(Toc, u64), ArchiveError> {
    if format == BackupFormat::PgDumpTar {
        return walk_tar(input);
    }
    let toc = Toc::read(&mut *input)?;
    let behind = walk_blocks(input, &toc)?;
    Ok((toc, behind))
}

/// Copies the unpacked bytes on their way to whoever looks at them.
struct Tee<'a, R> {
    text: R,
    copy: Option<&'a mut File>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.text.read(buffer)?;
        if let Some(copy) = &mut self.copy {
            copy.write_all(&buffer[..read]).map_err(|error| io::Error::other(Trouble::Write(error)))?;
        }
        Ok(read)
    }
}

/// A copy in the staging directory; the directory is the run's own, so only its mount makes the copy visible.
struct Copy {
    path: PathBuf,
    file: File,
}

impl Copy {
    fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { path: path.to_owned(), file })
    }

    fn finish(self) -> io::Result<(PathBuf, FileIdentity)> {
        self.file.set_permissions(PermissionsExt::from_mode(0o444))?;
        let identity = FileIdentity::of(&self.file.metadata()?);
        Ok((self.path, identity))
    }
}
