//! Which drills a person means: a file, or a name among the settings' drills.

use std::path::PathBuf;

use super::check::show_faults;
use super::context::fail;
use super::{Exit, Global};
use crate::definition::{self, Drill, Fault, Parsed, Settings};

/// The drills of these names or files, in that order, each once. A fault in a file that was named, or anywhere in
/// the drills where a name was given and not found, has been told already.
pub(super) fn select(global: &Global, settings: &Settings, wanted: &[String]) -> Result<Vec<Drill>, u8> {
    let mut chosen: Vec<Drill> = Vec::new();
    let mut all: Option<Parsed> = None;
    for word in wanted {
        let found = if looks_like_a_file(word) {
            from_file(global, settings, word)?
        } else {
            let all = all.get_or_insert_with(|| definition::load(&settings.drills, settings));
            vec![by_name(global, all, word)?]
        };
        for drill in found {
            if !chosen.iter().any(|other| other.name == drill.name) {
                chosen.push(drill);
            }
        }
    }
    Ok(chosen)
}

fn looks_like_a_file(word: &str) -> bool {
    let path = PathBuf::from(word);
    word.contains('/') || path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
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

fn by_name(global: &Global, all: &Parsed, word: &str) -> Result<Drill, u8> {
    let named = |drill: &&Drill| drill.name.as_str() == word;
    if let Some(drill) = all.drills.iter().find(named) {
        return Ok(drill.clone());
    }
    if all.faults.iter().any(Fault::is_error) {
        show_faults(global, &all.faults);
        return Err(fail(
            &format!("no valid drill is called `{word}`"),
            Some("mend the faults above"),
            Exit::Invalid,
        ));
    }
    let nearest = all.drills.iter().max_by(|a, b| {
        let likeness = |drill: &Drill| strsim::jaro_winkler(drill.name.as_str(), word);
        likeness(a).total_cmp(&likeness(b))
    });
    let hint = match nearest {
        Some(drill) => format!("did you mean `{}`? A file is named with its path", drill.name),
        None => "there are no drills yet; name a file with its path".to_owned(),
    };
    Err(fail(&format!("no drill is called `{word}`"), Some(&hint), Exit::Invalid))
}
