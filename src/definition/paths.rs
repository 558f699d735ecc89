//! Paths in drills: relative to the file that holds them, and below the settings' roots, symbolic links included. A drill
//! file is often written by other people than those who run Drillyard, and must not reach the rest of the machine.

use std::path::{Component, Path, PathBuf};

use super::fault::{At, Code, Faults};
use super::secret_reference::SecretReference;

/// Where paths begin and where they must stay.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The folder of the drill's file, absolute.
    pub folder: PathBuf,
    /// The folder of drillyard.yaml, for what comes from its `defaults`.
    pub settings_folder: PathBuf,
    /// Absolute and without `..`.
    pub roots: Vec<PathBuf>,
}

impl Place {
    /// An absolute path below the roots.
    pub fn resolve(&self, at: At, text: &str, out: &mut Faults) -> Option<PathBuf> {
        let folder = if at.in_settings { &self.settings_folder } else { &self.folder };
        let path = normal(&folder.join(text));
        if self.holds(&path) && self.holds_really(&path) {
            return Some(path);
        }
        let needed = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(&path) };
        let link = if self.holds(&path) { ", through a symbolic link" } else { "" };
        let real = real(needed);
        let needed = if link.is_empty() { needed } else { &real };
        out.error(at, Code::PathOutsideRoots, format!("the path leads out of the roots{link}"))
            .hint(format!("add {} to `roots` in drillyard.yaml, if drills may read there", needed.display()));
        None
    }

    /// A path to a file that must be there, because `check` can tell today that the run would miss it.
    pub fn file(&self, at: At, text: &str, out: &mut Faults) -> Option<PathBuf> {
        let path = self.resolve(at, text, out)?;
        if path.is_file() {
            return Some(path);
        }
        let told = if path.exists() { "is not a file" } else { "does not exist" };
        out.error(at, Code::MissingFile, format!("{} {told}", path.display()))
            .hint("paths are relative to the file that they stand in");
        None
    }

    /// A file of the machine that runs drills, which need not be the one that checks them: it is warned of where it is not
    /// there. Like a secret's it may lie anywhere, because its text goes nowhere but to where it is used.
    pub fn of_the_runner(&self, at: At, text: &str, out: &mut Faults) -> PathBuf {
        let folder = if at.in_settings { &self.settings_folder } else { &self.folder };
        let path = normal(&folder.join(text));
        if !path.is_file() {
            out.warning(at, Code::MissingFile, format!("{} is not here", path.display()))
                .hint("it must be there where the drill runs");
        }
        path
    }

    /// A reference to a secret; a file's path begins where other paths do, and may lead anywhere, because its text goes
    /// nowhere but to where it is used.
    pub fn secret(&self, at: At, reference: &SecretReference, out: &mut Faults) -> SecretReference {
        let folder = if at.in_settings { &self.settings_folder } else { &self.folder };
        let reference = match reference {
            SecretReference::File(path) => SecretReference::File(normal(&folder.join(path))),
            environment @ SecretReference::Environment(_) => environment.clone(),
        };
        if let Some(told) = reference.warning() {
            out.warning(at, Code::ExposedSecret, told).hint("chmod o-r, if only Drillyard needs it");
        }
        reference
    }

    fn holds(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| path.starts_with(root))
    }

    /// Whether the path is still below a root when symbolic links are followed, as far as it exists.
    fn holds_really(&self, path: &Path) -> bool {
        let path = real(path);
        self.roots.iter().any(|root| path.starts_with(real(root)))
    }
}

/// The path with the symbolic links of its existing part followed.
fn real(path: &Path) -> PathBuf {
    for existing in path.ancestors() {
        if let Ok(followed) = existing.canonicalize() {
            return path.strip_prefix(existing).map_or(followed.clone(), |rest| followed.join(rest));
        }
    }
    path.to_owned()
}

/// Without `.` and `..`, by its text alone.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// Absolute and normal; a path below no folder stays as it is.
pub(super) fn absolute(path: &Path) -> PathBuf {
    normal(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}
