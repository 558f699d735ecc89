//! From a name to an open regular file below the roots, and nothing else.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use super::super::SourceError;
use super::super::artifact::FileIdentity;
use super::super::intake::Opened;
use crate::definition::LocalSource;
use crate::model::Candidate;

/// The backup of this name as it is now; `None` if it is not there or is no regular file any more.
pub(super) fn look(source: &LocalSource, id: &str) -> Result<Option<Candidate>, SourceError> {
    let Some(path) = path_of(source, id) else { return Ok(None) };
    match resolve(source, &path) {
        Ok(Resolved::File(_, metadata)) => Ok(Some(candidate(id.to_owned(), &metadata))),
        Ok(Resolved::OtherThing) => Ok(None),
        Err(SourceError::Unreachable { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a file is called and how it stood when it was looked at.
pub(super) fn candidate(id: String, metadata: &Metadata) -> Candidate {
    let identity = FileIdentity::of(metadata);
    let FileIdentity { size_bytes, modified_at, .. } = identity;
    Candidate { id, size_bytes, modified_at, multipart: false }
}

/// Opens the file of a candidate, once, if it is still the one that was chosen.
pub(super) fn open(source: &LocalSource, candidate: &Candidate) -> Result<Opened, SourceError> {
    let id = candidate.id.clone();
    let changed = |how: &str| SourceError::Changed { id: id.clone(), how: how.to_owned() };
    let path = path_of(source, &id).ok_or_else(|| SourceError::OutOfRoots { what: id.clone() })?;
    let Resolved::File(path, looked_at) = resolve(source, &path)? else {
        return Err(changed("it is no regular file any more"));
    };
    let file = File::open(&path).map_err(|error| explain(&path, error))?;
    let metadata = file.metadata().map_err(|error| explain(&path, error))?;
    // Between the look and the opening, somebody may have put something else in its place; also a directory above it.
    let same_place = fs::canonicalize(&path).is_ok_and(|now| now == path);
    let identity = FileIdentity::of(&metadata);
    let same_file = (looked_at.dev(), looked_at.ino()) == (identity.device, identity.inode);
    if !metadata.is_file() || !same_file || !same_place {
        return Err(changed("another file took its name"));
    }
    if identity.size_bytes != candidate.size_bytes || identity.modified_at != candidate.modified_at {
        return Err(changed("it was written to since it was chosen"));
    }
    let readable_for_all = metadata.permissions().mode() & 0o004 != 0;
    Ok(Opened { id, path, file, identity, readable_for_all, growing: None })
}

/// Whether the name still leads to the file that was read.
pub(super) fn is_still(path: &Path, id: &str, identity: &FileIdentity) -> Result<(), SourceError> {
    let now = fs::symlink_metadata(path).map(|metadata| FileIdentity::of(&metadata));
    if now.is_ok_and(|now| now == *identity) {
        return Ok(());
    }
    Err(SourceError::Changed {
        id: id.to_owned(),
        how: "another file took its name, or it was removed".to_owned(),
    })
}

/// Where a name leads.
pub(super) enum Resolved {
    /// To a regular file below the roots: its path without symbolic links.
    File(PathBuf, Metadata),
    /// To something else.
    OtherThing,
}

/// Follows symbolic links, and refuses what lies out of the roots.
pub(super) fn resolve(source: &LocalSource, path: &Path) -> Result<Resolved, SourceError> {
    let real = fs::canonicalize(path).map_err(|error| explain(path, error))?;
    let below = |root: &PathBuf| fs::canonicalize(root).is_ok_and(|root| real.starts_with(root));
    if !source.roots.iter().any(below) {
        return Err(SourceError::OutOfRoots { what: path.display().to_string() });
    }
    let metadata = fs::symlink_metadata(&real).map_err(|error| explain(path, error))?;
    if metadata.is_file() { Ok(Resolved::File(real, metadata)) } else { Ok(Resolved::OtherThing) }
}

/// The path of a candidate: a name below the directory, without a way up; or the one file.
fn path_of(source: &LocalSource, id: &str) -> Option<PathBuf> {
    let name = Path::new(id);
    let plain = name.components().all(|part| matches!(part, Component::Normal(_)));
    if id.is_empty() || !plain {
        return None;
    }
    if source.path.is_dir() {
        return Some(source.path.join(name));
    }
    (source.path.file_name() == Some(name.as_os_str())).then(|| source.path.clone())
}

/// What an error of the file system means.
pub(super) fn explain(path: &Path, error: io::Error) -> SourceError {
    let what = path.display().to_string();
    if error.kind() == io::ErrorKind::PermissionDenied {
        return SourceError::Denied { what, detail: who_may(path) };
    }
    SourceError::Unreachable { what, error }
}

/// Who asked, and what the mode of the file says, or of the first directory on the way that refuses.
fn who_may(path: &Path) -> String {
    let asker = fs::metadata("/proc/self").map_or_else(|_| "this process".to_owned(), |own| user(own.uid()));
    let refusing = path.ancestors().find_map(|part| Some((part, fs::metadata(part).ok()?)));
    let Some((part, metadata)) = refusing else { return format!("asked as {asker}") };
    let (mode, owner) = (metadata.permissions().mode() & 0o7777, user(metadata.uid()));
    format!("asked as {asker}; {} belongs to {owner} and has mode {mode:04o}", part.display())
}

fn user(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let name = fields.find(|fields| fields.get(2).is_some_and(|id| *id == uid.to_string()));
    name.and_then(|fields| fields.first().map(|name| format!("{name} ({uid})")))
        .unwrap_or_else(|| format!("user {uid}"))
}
