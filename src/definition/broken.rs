//! What files define, and what they fail to: whoever tells of all drills must not pass over those that can't be read.

use std::path::Path;

use super::tree::{Kind, Node};
use super::{Code, Drill, Fault, Named, Parsed};
use crate::model::{BrokenDrill, BrokenFile, DrillName};

/// Drills, and the files with errors beside them.
#[derive(Debug, Clone, Default)]
pub struct Defined {
    /// The drills that may be run.
    pub drills: Vec<Drill>,
    /// The files with errors, by their names.
    pub broken: Vec<BrokenFile>,
}

impl Parsed {
    /// The files with errors, by their names.
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
            unread: self.is_unread(&first.file),
        }
    }

    /// The drills of a file with an error; of the settings those that nothing but an error of `defaults` keeps from
    /// being valid.
    fn undefined(&self, file: &Path) -> Vec<BrokenDrill> {
        let is_valid = |name: &DrillName| self.drills.iter().any(|drill| drill.name == *name);
        let has_error = |file: &Path| self.faults.iter().any(|fault| fault.is_error() && fault.file == file);
        let is_here =
            |named: &Named| named.file == file || (named.settings == file && !has_error(&named.file));
        let here = self.names.iter().filter(|named| is_here(named) && !is_valid(&named.name));
        let mut undefined: Vec<BrokenDrill> =
            here.map(|named| BrokenDrill { name: named.name.clone(), was: named.was.clone() }).collect();
        undefined.dedup();
        undefined
    }

    /// Not of a path that is not there: what lay below it, somebody has taken away.
    fn is_unread(&self, file: &Path) -> bool {
        let ends_early = |fault: &Fault| match fault.code {
            Code::Syntax | Code::TooDeep | Code::TooLarge | Code::MoreFaults => true,
            Code::Unreadable => !matches!(file.try_exists(), Ok(false)),
            _ => false,
        };
        let mut faults = self.faults.iter().filter(|fault| fault.file == file);
        faults.any(ends_early) || self.nameless.iter().any(|nameless| nameless == file)
    }
}

/// The name that a document gives its drill, and its former one.
pub(super) fn name(root: &Node, file: &Path, settings: &Path) -> Option<Named> {
    let name = value(root, "drill")?;
    let parsed = |node: &Node| match &node.kind {
        Kind::Scalar { text, .. } => text.parse().ok(),
        _ => None,
    };
    Some(Named {
        name: parsed(name)?,
        was: value(root, "was").and_then(parsed),
        file: file.to_owned(),
        settings: settings.to_owned(),
        at: name.at,
    })
}

/// Whether a document is of a drill, and not of another program, whose files may lie beside drills.
pub(super) fn is_of_a_drill(root: &Node) -> bool {
    ["drill", "backup", "checks"].iter().any(|key| value(root, key).is_some())
}

fn value<'a>(root: &'a Node, key: &str) -> Option<&'a Node> {
    let Kind::Map(entries) = &root.kind else { return None };
    Some(&entries.iter().find(|entry| entry.key == key)?.value)
}
