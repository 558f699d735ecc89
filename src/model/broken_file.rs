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
    pub drills: Vec<DrillName>,
}
