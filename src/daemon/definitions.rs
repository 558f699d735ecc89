//! The drills that the daemon knows: read at the start, read again when a file was touched, and never worse than before.
//!
//! A file with an error keeps the last good version of its drills, and says so; a file that is gone takes its drills
//! with it. A run owns the drill that it began with, so nothing here reaches into a run.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::definition::{self, Defined, Drill, Fault, Parsed, Settings, settings};
use crate::model::{BrokenFile, DrillName};
use crate::record::visible::visible;

/// A file that was written so recently may be half a file.
pub const SETTLED: Duration = Duration::from_secs(1);

/// The drills by name.
pub type Drills = BTreeMap<DrillName, Arc<Drill>>;

/// The settings and drills in force.
#[derive(Debug)]
pub struct Definitions {
    settings: Settings,
    drills: Drills,
    faults: Vec<Fault>,
    broken: Vec<BrokenFile>,
    stamps: Vec<Stamp>,
}

/// What tells that a file is another one than before, without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    file: PathBuf,
    inode: u64,
    bytes: u64,
    modified: Option<SystemTime>,
}

/// What came of a look at the files.
#[derive(Debug, PartialEq, Eq)]
pub enum Looked {
    /// Nothing was touched.
    Same,
    /// Somebody is at work on a file: look again after [`SETTLED`].
    Unsettled,
    /// They were read again.
    Read,
}

impl Definitions {
    /// Reads the drills of valid settings.
    pub fn load(settings: Settings) -> Self {
        let mut loaded = Self {
            settings,
            drills: Drills::new(),
            faults: Vec::new(),
            broken: Vec::new(),
            stamps: Vec::new(),
        };
        loaded.read();
        loaded
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The drills in force.
    pub fn drills(&self) -> &Drills {
        &self.drills
    }

    /// The drills in force, and the files of drills with errors, whose last good version may be.
    pub fn defined(&self) -> Defined {
        let drills = self.drills.values().map(|drill| Drill::clone(drill)).collect();
        Defined { drills, broken: self.broken.clone() }
    }

    /// How many errors the files have.
    pub fn errors(&self) -> usize {
        self.faults.iter().filter(|fault| fault.is_error()).count()
    }

    /// Reads the files again where one was touched, or in any case where a person asks for it.
    pub fn look(&mut self, asked: bool) -> Looked {
        let stamps = stamps(&self.settings);
        if !asked && stamps == self.stamps {
            return Looked::Same;
        }
        if !asked && stamps.iter().any(Stamp::is_fresh) {
            return Looked::Unsettled;
        }
        self.read();
        Looked::Read
    }

    fn read(&mut self) {
        // Before the reading: what is written in the meantime is seen by the next look.
        self.stamps = stamps(&self.settings);
        let mut faults = self.read_settings();
        let parsed = definition::load(&there(&self.settings), &self.settings);
        self.broken = parsed.broken();
        let (drills, kept) = merge(&self.drills, &parsed, &self.broken);
        faults.extend(parsed.faults);
        faults.iter().for_each(tell);
        for name in kept {
            tracing::warn!(drill = %name, "its last good version stays in force, because its file has an error");
        }
        tracing::info!(drills = drills.len(), "read the drills");
        (self.drills, self.faults) = (drills, faults);
    }

    /// Settings with an error leave the last good ones in force.
    fn read_settings(&mut self) -> Vec<Fault> {
        let Some(file) = self.settings.file.clone() else { return Vec::new() };
        match settings::load(Some(&file), Path::new("/")) {
            Ok((settings, faults)) => {
                if !faults.iter().any(Fault::is_error) {
                    self.settings = settings;
                }
                faults
            }
            Err(error) => vec![Fault::of_file(&file, definition::Code::Unreadable, error.to_string())],
        }
    }
}

impl Stamp {
    fn of(file: PathBuf) -> Self {
        let found = std::fs::metadata(&file).ok();
        Self {
            inode: found.as_ref().map_or(0, MetadataExt::ino),
            bytes: found.as_ref().map_or(0, std::fs::Metadata::len),
            modified: found.and_then(|found| found.modified().ok()),
            file,
        }
    }

    fn is_fresh(&self) -> bool {
        let age = self.modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
        age.is_some_and(|age| age < SETTLED)
    }
}

fn stamps(settings: &Settings) -> Vec<Stamp> {
    let (files, _) = definition::list(&there(settings), settings);
    settings.file.iter().cloned().chain(files).map(Stamp::of).collect()
}

/// A default folder that nobody has made is no fault.
fn there(settings: &Settings) -> Vec<PathBuf> {
    let named = |path: &&PathBuf| settings.file.is_some() || path.exists();
    settings.drills.iter().filter(named).cloned().collect()
}

/// New drills over old ones; an old one stays where its own file, a folder above it or what it takes from `defaults` has
/// an error and does not give a valid drill of that name. Returns the names of those that stay.
fn merge(old: &Drills, parsed: &Parsed, broken: &[BrokenFile]) -> (Drills, Vec<DrillName>) {
    let mut drills: Drills =
        parsed.drills.iter().map(|drill| (drill.name.clone(), Arc::new(drill.clone()))).collect();
    let stays = |drill: &Drill| {
        broken.iter().any(|file| {
            drill.file.starts_with(&file.file) || file.drills.iter().any(|lost| lost.name == drill.name)
        })
    };
    let mut kept = Vec::new();
    for (name, drill) in old {
        if !drills.contains_key(name) && stays(drill) {
            drills.insert(name.clone(), drill.clone());
            kept.push(name.clone());
        }
    }
    (drills, kept)
}

fn tell(fault: &Fault) {
    let place = format!("{}:{}", visible(&fault.file.display().to_string()), fault.line);
    let (message, code) = (visible(&fault.message), fault.code.word());
    match fault.code {
        _ if fault.is_error() => tracing::error!(%place, code, "{message}"),
        // Whoever only reads the log would take it for obeyed, or for sent.
        definition::Code::NotInThisVersion | definition::Code::NotSent => {
            tracing::warn!(%place, code, "{message}");
        }
        _ => tracing::debug!(%place, code, "{message}"),
    }
}

#[cfg(test)]
#[path = "definitions_tests.rs"]
mod tests;
