//! A file of drills with an error: what status, digest and the metrics say of drills that nobody can read.

use std::path::PathBuf;

use super::DrillName;

/// A file of drills with an error, by the first of its errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenFile {
    /// The file, as it was named.
    pub file: PathBuf,
    /// The error's line, from 1.
    pub line: usize,
    /// What was found; never a secret's text.
    pub message: String,
    /// The drills that it was to define and does not, as far as their names could be read.
    pub drills: Vec<BrokenDrill>,
    /// A part of it could not be read, or a drill's name in it: any drill that no other file defines may be there.
    pub unread: bool,
}

/// A drill that a file with an error was to define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenDrill {
    /// Its name.
    pub name: DrillName,
    /// The name that it had before, which its older runs go by.
    pub was: Option<DrillName>,
}
