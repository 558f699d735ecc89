//! Which drills a person means: a file or a directory, or a name among the settings' drills.

use std::path::{Path, PathBuf};

use super::check::show_faults;
use super::context::fail;
use super::{Exit, Global};
use crate::definition::{self, Defined, Drill, Fault, Parsed, Settings};
use crate::model::DrillName;
use crate::record::visible::visible;
use crate::record::words::many;

/// Likeness (Jaro-Winkler, 0 to 1) from which on another name is taken for what was meant.
const ALIKE: f64 = 0.7;
/// Most names that a hint lists.
const LISTED: usize = 8;

/// The drills of these names or files, in that order, each once. A fault in a file that was named, or anywhere in
/// the drills where a name was given and not found, has been told already.
pub(super) fn select(global: &Global, settings: &Settings, wanted: &[String]) -> Result<Vec<Drill>, u8> {
    let mut chosen: Vec<Drill> = Vec::new();
    let mut all: Option<Parsed> = None;
    for word in wanted {
        let found = if looks_like_a_file(word) {
            from_file(global, settings, word)?
        } else {
            let all = all.get_or_insert_with(|| load_all(settings));
            by_name(global, settings, all, word)?
        };
        for drill in found {
            match chosen.iter().find(|other| other.name == drill.name) {
                None => chosen.push(drill),
                Some(other) if same_file(&other.file, &drill.file) => {}
                Some(other) => return Err(two_of_one_name(other, &drill)),
            }
        }
    }
    Ok(chosen)
}

/// Drills to tell of, and the files that tell of none because they have errors.
pub(super) struct Told {
    pub(super) defined: Defined,
    faults: Vec<Fault>,
}

/// The drills of these names or files; without any, those of the settings that are valid, be there one or none: a broken
/// file is told of, and hides nothing (2026-11-22).
pub(super) fn wanted_or_readable(
    global: &Global,
    settings: &Settings,
    wanted: &[String],
) -> Result<Told, u8> {
    if !wanted.is_empty() {
        let defined = Defined { drills: select(global, settings, wanted)?, broken: Vec::new() };
        return Ok(Told { defined, faults: Vec::new() });
    }
    let all = load_all(settings);
    let broken = all.broken();
    let faults: Vec<Fault> = all.faults.into_iter().filter(Fault::is_error).collect();
    Ok(Told { defined: Defined { drills: all.drills, broken }, faults })
}

impl Told {
    /// Says below the result which files it is silent about.
    pub(super) fn warn(&self) {
        let mut files: Vec<&Fault> = self.faults.iter().collect();
        files.sort_by(|one, other| one.file.cmp(&other.file));
        files.dedup_by(|one, other| one.file == other.file);
        let some = |fault: &&Fault| {
            format!(
                "{}:{} {}",
                visible(&fault.file.display().to_string()),
                fault.line,
                visible(&fault.message)
            )
        };
        if files.is_empty() {
            return;
        }
        let mut told: Vec<String> = files.iter().take(LISTED).map(some).collect();
        told.extend(files.len().checked_sub(LISTED + 1).map(|more| format!("and {} more", more + 1)));
        let told = format!("{} can't be read: {}", many(files.len(), "drill file"), told.join("; "));
        fail(&told, Some("run `drillyard check`"), Exit::Invalid);
    }
}

/// The name that a drill of the settings had before.
pub(super) fn former_name(settings: &Settings, drill: &DrillName) -> Option<DrillName> {
    load_all(settings).drills.into_iter().find(|one| one.name == *drill)?.was
}

/// The drills of these names or files; without any, those of the settings that are valid.
pub(super) fn wanted_or_valid(
    global: &Global,
    settings: &Settings,
    wanted: &[String],
) -> Result<Vec<Drill>, u8> {
    if wanted.is_empty() { Ok(load_all(settings).drills) } else { select(global, settings, wanted) }
}

/// The settings' drills; a default folder that nobody has made is no fault.
fn load_all(settings: &Settings) -> Parsed {
    let there = |path: &&PathBuf| settings.file.is_some() || path.exists();
    let paths: Vec<PathBuf> = settings.drills.iter().filter(there).cloned().collect();
    definition::load(&paths, settings)
}

fn looks_like_a_file(word: &str) -> bool {
    let ending = Path::new(word).extension();
    word.contains('/') || ending.is_some_and(|ending| ending == "yaml" || ending == "yml")
}

fn same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}

fn two_of_one_name(one: &Drill, other: &Drill) -> u8 {
    let told = format!(
        "two drills are called `{}`: one in {}, one in {}",
        one.name,
        one.file.display(),
        other.file.display()
    );
    fail(&told, Some("rename one, or run one at a time: a name is what their history goes by"), Exit::Invalid)
}

fn from_file(global: &Global, settings: &Settings, word: &str) -> Result<Vec<Drill>, u8> {
    let parsed = definition::load(&[PathBuf::from(word)], settings);
    if parsed.faults.iter().any(Fault::is_error) {
        return Err(show_faults(global, &parsed.faults));
    }
    if parsed.drills.is_empty() {
        return Err(fail(&format!("{word} holds no drill"), None, Exit::Invalid));
    }
    Ok(parsed.drills)
}

fn by_name(global: &Global, settings: &Settings, all: &Parsed, word: &str) -> Result<Vec<Drill>, u8> {
    if let Some(drill) = all.drills.iter().find(|drill| drill.name.as_str() == word) {
        return Ok(vec![drill.clone()]);
    }
    if Path::new(word).exists() {
        return from_file(global, settings, word);
    }
    if all.faults.iter().any(Fault::is_error) {
        show_faults(global, &all.faults);
        let told = format!("no valid drill is called `{word}`");
        return Err(fail(&told, Some("mend the faults above"), Exit::Invalid));
    }
    let hint = suggestion(settings, &all.drills, word);
    Err(fail(&format!("no drill is called `{word}`"), Some(&hint), Exit::Invalid))
}

fn suggestion(settings: &Settings, drills: &[Drill], word: &str) -> String {
    let likeness = |drill: &Drill| strsim::jaro_winkler(drill.name.as_str(), word);
    let nearest = drills.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest {
        Some(drill) if likeness(drill) >= ALIKE => format!("did you mean `{}`?", drill.name),
        Some(_) => {
            let names: Vec<_> = drills.iter().take(LISTED).map(|drill| drill.name.as_str()).collect();
            let more = if drills.len() > LISTED { ", …" } else { "" };
            format!("there are {}{more}", names.join(", "))
        }
        None => {
            let searched: Vec<_> = settings.drills.iter().map(|path| path.display().to_string()).collect();
            format!("there is no drill in {}; name a file with its path", searched.join(" or "))
        }
    }
}
