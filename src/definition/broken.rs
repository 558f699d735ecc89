//! What files define, and what they fail to: whoever tells of all drills must not pass over those that can't be read.

use std::path::Path;

use super::{Drill, Fault, Parsed};
use crate::model::{BrokenFile, DrillName};

/// Drills, and the files with errors beside them.
#[derive(Debug, Clone, Default)]
pub struct Defined {
    /// The drills that may be run.
    pub drills: Vec<Drill>,
    /// The files with errors, by their names.
    pub broken: Vec<BrokenFile>,
}

impl Parsed {
    /// The files with errors, by their names. One in which no drill's name could be read may define any.
    pub fn broken(&self) -> Vec<BrokenFile> {
        let mut errors: Vec<&Fault> = self.faults.iter().filter(|fault| fault.is_error()).collect();
        errors.sort_by(|one, other| (&one.file, one.span.offset).cmp(&(&other.file, other.span.offset)));
        errors.dedup_by(|one, other| one.file == other.file);
        errors.into_iter().map(|first| self.broken_by(first)).collect()
    }

    fn broken_by(&self, first: &Fault) -> BrokenFile {
        BrokenFile {
            file: first.file.clone(),
            line: first.line,
            message: first.message.clone(),
            drills: self.undefined(&first.file),
        }
    }

    fn undefined(&self, file: &Path) -> Vec<DrillName> {
        let is_valid = |name: &DrillName| self.drills.iter().any(|drill| drill.name == *name);
        let here = self.names.iter().filter(|named| named.file == file).map(|named| named.name.clone());
        let mut undefined: Vec<DrillName> = here.filter(|name| !is_valid(name)).collect();
        undefined.dedup();
        undefined
    }
}
