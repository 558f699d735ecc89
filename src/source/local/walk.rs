//! The listing of a directory.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::super::choose::Newest;
use super::super::format::recognise_directory;
use super::super::{Listing, SourceError};
use super::open::{Resolved, candidate, explain, resolve};
use crate::definition::LocalSource;
use crate::model::{SkipReason, SkippedCandidate};

/// A baseline lies beside its backup and is none.
const SIDECAR: &str = ".baseline.json";
/// Deeper trees are no place for backups; a bound against mounts that contain themselves.
const DEEPEST: usize = 64;
/// Names that a record keeps of what cannot be a backup.
const MOST_SKIPPED: usize = 100;

/// Every file that could be a backup. A part of the directory that cannot be read is an error: the newest backup may
/// lie in it.
pub(super) fn list(source: &LocalSource) -> Result<Listing, SourceError> {
    let base = &source.path;
    let metadata = match fs::metadata(base) {
        Ok(metadata) => metadata,
        // A file that is missing from its directory is a missing backup; a missing directory may be a missing mount.
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_missing_file(source) => {
            return Ok(Listing::default());
        }
        Err(error) => return Err(explain(base, error)),
    };
    let mut walk = Walk::new(source)?;
    if metadata.is_dir() {
        if source.pattern.is_none() {
            not_a_backup_itself(base)?;
        }
        resolve(source, base)?;
        walk.directories.push((base.clone(), 0));
        while let Some((directory, depth)) = walk.directories.pop() {
            walk.directory(&directory, depth)?;
        }
    } else if let Some(name) = base.file_name().and_then(|name| name.to_str()) {
        walk.name(base, name)?;
    }
    let (candidates, _) = walk.newest.into_kept();
    Ok(Listing { candidates, skipped: walk.skipped })
}

fn is_missing_file(source: &LocalSource) -> bool {
    source.pattern.is_none() && source.path.parent().is_some_and(Path::is_dir)
}

/// A directory dump or base backup, where the drill's path is that very directory.
fn not_a_backup_itself(directory: &Path) -> Result<(), SourceError> {
    let Some((_, found)) = recognise_directory(|name| directory.join(name).exists()) else { return Ok(()) };
    Err(SourceError::NotInThisVersion {
        id: directory.display().to_string(),
        found: found.to_owned(),
        hint: "Drill a dump made with `pg_dump -Fc`, which this version restores.".to_owned(),
    })
}

struct Walk<'a> {
    source: &'a LocalSource,
    pattern: Option<GlobMatcher>,
    deepest: usize,
    directories: Vec<(PathBuf, usize)>,
    newest: Newest,
    skipped: Vec<SkippedCandidate>,
}

impl<'a> Walk<'a> {
    fn new(source: &'a LocalSource) -> Result<Self, SourceError> {
        let invalid = |error: globset::Error| SourceError::Unreachable {
            what: format!("the pattern {}", source.pattern.as_deref().unwrap_or_default()),
            error: io::Error::new(io::ErrorKind::InvalidInput, error),
        };
        // `*` stays within a directory, `**` does not.
        let glob = |pattern: &str| GlobBuilder::new(pattern).literal_separator(true).build();
        let matcher = source.pattern.as_deref().map(glob).transpose().map_err(invalid)?;
        let deepest = match source.pattern.as_deref() {
            None => 0,
            Some(pattern) if pattern.contains("**") => DEEPEST,
            Some(pattern) => pattern.matches('/').count().min(DEEPEST),
        };
        Ok(Self {
            source,
            pattern: matcher.map(|glob| glob.compile_matcher()),
            deepest,
            directories: Vec::new(),
            newest: Newest::default(),
            skipped: Vec::new(),
        })
    }

    fn directory(&mut self, directory: &Path, depth: usize) -> Result<(), SourceError> {
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && depth > 0 => return Ok(()),
            entries => entries.map_err(|error| explain(directory, error))?,
        };
        for entry in entries {
            self.entry(&entry.map_err(|error| explain(directory, error))?, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &DirEntry, depth: usize) -> Result<(), SourceError> {
        let path = entry.path();
        let Some(id) = path.strip_prefix(&self.source.path).ok().and_then(Path::to_str).map(str::to_owned)
        else {
            let id = path.to_string_lossy().into_owned();
            self.skip(id, SkipReason::NotARegularFile);
            return Ok(());
        };
        // Links to directories are not followed: they could lead in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let is_backup =
                self.matches(&id) && recognise_directory(|name| path.join(name).exists()).is_some();
            if is_backup {
                self.skip(id, SkipReason::NotARegularFile);
            } else if depth < self.deepest {
                self.directories.push((path, depth + 1));
            }
            return Ok(());
        }
        if self.matches(&id) { self.name(&path, &id) } else { Ok(()) }
    }

    /// Hidden files are what copying programs write to (`.orders.dump.Xa3b`), so a pattern must name the dot, as in a
    /// shell (2026-11-21).
    fn matches(&self, id: &str) -> bool {
        let last = id.rsplit('/').next().unwrap_or(id);
        let wants_hidden =
            self.source.pattern.as_deref().is_some_and(|p| p.starts_with('.') || p.contains("/."));
        (!last.starts_with('.') || wants_hidden)
            && !last.ends_with(SIDECAR)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(id))
    }

    /// A name that could be a backup's, and what it leads to.
    fn name(&mut self, path: &Path, id: &str) -> Result<(), SourceError> {
        match resolve(self.source, path) {
            Ok(Resolved::File(_, metadata)) => self.newest.push(candidate(id.to_owned(), &metadata)),
            Ok(Resolved::OtherThing) | Err(SourceError::OutOfRoots { .. }) => {
                self.skip(id.to_owned(), SkipReason::NotARegularFile);
            }
            // Gone since the directory was read, or a link to nothing.
            Err(SourceError::Unreachable { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                self.skip(id.to_owned(), SkipReason::Vanished);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn skip(&mut self, id: String, why: SkipReason) {
        if self.skipped.len() < MOST_SKIPPED {
            self.skipped.push(SkippedCandidate { id, why });
        }
    }
}
