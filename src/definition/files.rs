//! Files of drills: found, read with a limit, and no two drills of one name among them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::fault::{Code, Fault};
use super::{Drill, Parsed, Settings, parse, tree};

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
    let mut all = Parsed::default();
    let mut files = Vec::new();
    for path in paths {
        if let Err(error) = find(path, settings, &mut files, 0) {
            all.faults.push(Fault::of_file(path, Code::Unreadable, format!("could not be read: {error}")));
        }
    }
    files.sort();
    files.dedup();
    for file in files {
        match read(&file) {
            Ok(text) => {
                let parsed = parse(&text, &file, settings);
                all.drills.extend(parsed.drills);
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
    all
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

/// Neither of two drills with one name is run, because nobody can tell which one was meant.
fn refuse_duplicates(all: &mut Parsed) {
    let mut by_name: HashMap<&str, Vec<&Drill>> = HashMap::new();
    for drill in &all.drills {
        by_name.entry(drill.name.as_str()).or_default().push(drill);
    }
    let twice: Vec<Vec<&Drill>> = by_name.into_values().filter(|drills| drills.len() > 1).collect();
    let mut faults: Vec<Fault> =
        twice.iter().flat_map(|drills| drills.iter().map(|drill| duplicate(drill, drills))).collect();
    faults.sort_by(|a, b| (&a.file, &a.message).cmp(&(&b.file, &b.message)));
    let names: Vec<_> =
        twice.iter().filter_map(|drills| drills.first().map(|drill| drill.name.clone())).collect();
    all.drills.retain(|drill| !names.contains(&drill.name));
    all.faults.extend(faults);
}

fn duplicate(drill: &Drill, drills: &[&Drill]) -> Fault {
    let files: Vec<String> = drills.iter().map(|drill| drill.file.display().to_string()).collect();
    let told =
        format!("the drill `{}` is defined {} times, in {}", drill.name, drills.len(), files.join(" and "));
    Fault::of_file(&drill.file, Code::DuplicateDrill, told).hint("rename all but one; none of them is run")
}
