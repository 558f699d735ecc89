//! Files of drills: found, read with a limit, and no two drills of one name among them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::fault::{Code, Fault};
use super::{Drill, Named, Parsed, Settings, parse, tree};
use crate::model::DrillName;

/// Why a file's text is not there.
pub(super) enum ReadError {
    Io(io::Error),
    Fault(Box<Fault>),
}

/// The text of a file that is small enough.
pub(super) fn read(file: &Path) -> Result<String, ReadError> {
    let limit = tree::MOST_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let fault = |code, told: &str| ReadError::Fault(Box::new(Fault::of_file(file, code, told)));
    if !fs::metadata(file).map_err(ReadError::Io)?.is_file() {
        return Err(fault(Code::Unreadable, "not a regular file"));
    }
    File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(ReadError::Io)?;
    if bytes.len() > tree::MOST_BYTES {
        return Err(fault(Code::TooLarge, &format!("the file has more than {} bytes", tree::MOST_BYTES)));
    }
    String::from_utf8(bytes).map_err(|_| fault(Code::Unreadable, "the file is not UTF-8"))
}

/// Reads the drills of files and directories: `*.yaml` and `*.yml` at any depth, hidden ones and the settings left out.
pub fn load(paths: &[PathBuf], settings: &Settings) -> Parsed {
    let (files, faults) = list(paths, settings);
    let mut all = Parsed { faults, ..Parsed::default() };
    for file in files {
        match read(&file) {
            Ok(text) => {
                let parsed = parse(&text, &file, settings);
                all.drills.extend(parsed.drills);
                all.names.extend(parsed.names);
                all.nameless.extend(parsed.nameless);
                all.faults.extend(parsed.faults);
            }
            Err(ReadError::Fault(fault)) => all.faults.push(*fault),
            Err(ReadError::Io(error)) => {
                all.faults.push(Fault::of_file(
                    &file,
                    Code::Unreadable,
                    format!("could not be read: {error}"),
                ));
            }
        }
    }
    refuse_duplicates(&mut all);
    refuse_names_in_use(&mut all);
    all
}

/// The files that [`load`] reads, sorted, and the paths that could not be looked into.
pub fn list(paths: &[PathBuf], settings: &Settings) -> (Vec<PathBuf>, Vec<Fault>) {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for path in paths {
        if let Err(error) = find(path, settings, &mut files, 0) {
            faults.push(Fault::of_file(path, Code::Unreadable, format!("could not be read: {error}")));
        }
    }
    files.sort();
    files.dedup();
    (files, faults)
}

/// A file that is named is read whatever it is called.
fn find(path: &Path, settings: &Settings, files: &mut Vec<PathBuf>, level: usize) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let hidden = name.as_encoded_bytes().starts_with(b".");
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        let is_settings = settings.file.as_deref() == Some(super::paths::absolute(&path).as_path());
        if entry.file_type()?.is_dir() && !hidden && level < 16 {
            find(&path, settings, files, level + 1)?;
        } else if yaml && !hidden && !is_settings && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Neither of two drills with one name is run, because nobody can tell which one was meant; not even if one of them is
/// faulty, because its fault may be the next thing that is mended.
fn refuse_duplicates(all: &mut Parsed) {
    let mut by_name: BTreeMap<&DrillName, Vec<&Named>> = BTreeMap::new();
    for named in &all.names {
        by_name.entry(&named.name).or_default().push(named);
    }
    let twice: Vec<Vec<&Named>> = by_name.into_values().filter(|places| places.len() > 1).collect();
    let faults: Vec<Fault> =
        twice.iter().flat_map(|places| places.iter().map(|place| duplicate(place, places))).collect();
    let names: BTreeSet<DrillName> = twice.iter().flatten().map(|place| place.name.clone()).collect();
    all.drills.retain(|drill| !names.contains(&drill.name));
    all.faults.extend(faults);
}

/// A former name that another drill has now would count that drill's runs for both, and its proofs too.
fn refuse_names_in_use(all: &mut Parsed) {
    let names: BTreeSet<&DrillName> = all.names.iter().map(|named| &named.name).collect();
    let taken = |drill: &Drill| drill.was.clone().filter(|was| names.contains(was));
    let fault = |drill: &Drill| {
        let told = format!("`was` names the drill `{}`, which is another one now", taken(drill)?);
        let hint = "remove `was`, or rename the other drill";
        Some(Fault::of_file(&drill.file, Code::Impossible, told).hint(hint))
    };
    let faults: Vec<Fault> = all.drills.iter().filter_map(fault).collect();
    all.drills.retain(|drill| taken(drill).is_none());
    all.faults.extend(faults);
}

fn duplicate(place: &Named, places: &[&Named]) -> Fault {
    let files: Vec<String> =
        places.iter().map(|place| format!("{}:{}", place.file.display(), place.at.line)).collect();
    let told = format!("the drill `{}` is defined {} times: {}", place.name, places.len(), files.join(", "));
    let fault = Fault::of_file(&place.file, Code::DuplicateDrill, told)
        .hint("rename all but one; none of them is run");
    Fault { line: place.at.line, column: place.at.column, span: place.at.span, ..fault }
}
