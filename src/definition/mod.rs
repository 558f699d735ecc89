//! Text becomes valid values: a drill that parsed cannot be wrong in form.
//!
//! ```text
//! YAML ─tree→ nodes with places ─conform→ values of the right form ─decode→ Drill
//!                                  ↑ forms of every key (keys, keys_later) ─schema→ drill.schema.json
//! ```
//!
//! Every step collects its [`Fault`]s and goes on, so that a file's author is told everything at once. There is no serde
//! on the way of a drill: it stops at the first fault, and it can't say what a key means to an editor (2026-11-21).

mod broken;
mod calendar;
pub mod check;
pub mod cloud;
mod confidential;
mod conform;
mod decode;
mod decode_checks;
mod decode_cloud;
mod decode_daemon;
mod decode_notices;
mod decode_restore;
mod decode_rollbacks;
pub mod drill;
mod expression;
mod fault;
mod files;
mod form;
mod keys;
mod keys_later;
mod leaf;
mod lint;
pub mod notice;
mod paths;
mod render;
pub mod rollback;
mod scalar;
pub mod schedule;
mod schema;
mod secret;
pub mod secret_reference;
pub mod settings;
mod tree;
mod value;
mod vocabulary;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use broken::Defined;
pub use calendar::{Calendar, Note};
pub use check::{Bounds, Check, CheckBody, NotValid, NumberBounds, SqlExpectation, TableName};
pub use cloud::{CloudAccess, CloudCredentials, RdsSource, S3Source, SnapshotWanted, Then};
pub use drill::{
    AllowedError, BackupDefinition, Contains, Drill, LocalSource, NewestBy, RestoreDefinition, Roles,
    SandboxDefinition, Select, Source, Storage,
};
pub use fault::{Code, Fault, Severity, Span};
pub use files::{list, load};
pub use notice::{Notice, Retries, WebhookStyle, When};
pub use render::{render, to_json};
pub use rollback::{Expectation, ExpectedData, ExpectedSchema, Rollback, Step};
pub use scalar::{duration, is_too_long};
pub use schedule::{IfMissed, Schedule};
pub use schema::schema;
pub use secret_reference::{SecretError, SecretReference};
pub use settings::Settings;

use fault::{At, Faults};
use paths::Place;

use crate::model::DrillName;

/// What was found in files of drills.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The drills that may be run.
    pub drills: Vec<Drill>,
    /// Everything that was wrong or worth knowing.
    pub faults: Vec<Fault>,
    /// Names of all drills, the faulty ones included.
    names: Vec<Named>,
    /// Files with a drill whose name could not be read.
    nameless: Vec<PathBuf>,
}

/// A drill's name, and where it was given.
#[derive(Debug)]
struct Named {
    name: DrillName,
    was: Option<DrillName>,
    file: PathBuf,
    /// Where the faults of `defaults` are.
    settings: PathBuf,
    at: At,
}

/// Reads the drills of one file. A faulty document gives no drill and keeps no other from being read.
pub fn parse(text: &str, file: &Path, settings: &Settings) -> Parsed {
    let nowhere = PathBuf::from("drillyard.yaml");
    let settings_file = settings.file.as_ref().unwrap_or(&nowhere);
    let mut out = Faults::new(file, settings_file);
    let documents = tree::read(text, false, &mut out);
    if documents.is_empty() && out.errors() == 0 {
        let start = At { line: 1, column: 1, ..At::default() };
        out.warning(start, Code::NoDrill, "no drill in this file");
    }
    let (mut drills, mut names, mut nameless) = (Vec::new(), Vec::new(), Vec::new());
    for document in &documents {
        match broken::name(&document.root, file, settings_file) {
            Some(drill) => names.push(drill),
            None if broken::is_of_a_drill(&document.root) => nameless.push(file.to_owned()),
            None => {}
        }
        let errors = out.errors();
        lint::secrets(&document.root, &mut out);
        let drill = decode_document(text, &document.root, file, settings, &mut out);
        // Faults of the tree itself have made no document, but for duplicate keys, aliases and tags.
        drills.extend(drill.filter(|_| out.errors() == errors && document.errors == 0));
    }
    Parsed { drills, faults: out.into_list(), names, nameless }
}

fn decode_document(
    text: &str,
    root: &tree::Node,
    file: &Path,
    settings: &Settings,
    out: &mut Faults,
) -> Option<Drill> {
    let item = conform::conform(root, &keys::DRILL, out)?;
    let own = item.map()?;
    let map = match &settings.defaults.0 {
        Some(defaults) => own.clone().over(defaults),
        None => own.clone(),
    };
    if settings.file.is_some() && settings.mail.is_none() {
        decode_notices::tell_unsent(&map, out);
    }
    let span = root.at.span;
    let document = text.get(span.offset..span.offset + span.length).unwrap_or_default();
    decode::drill(&map, file, sha256(document.trim_end()), &place(file, settings), out)
}

fn place(file: &Path, settings: &Settings) -> Place {
    let file = paths::absolute(file);
    let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
    let settings_folder = settings.file.as_deref().and_then(Path::parent).unwrap_or(&folder).to_owned();
    let parent = folder.parent().unwrap_or(&folder).to_owned();
    let roots = settings.roots.clone().unwrap_or_else(|| vec![parent]);
    Place { folder, settings_folder, roots }
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
