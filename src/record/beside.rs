//! What is told beside the services of the drills that can be read: a word about one of these must not be missing
//! because no drill is there to say it.

use std::path::PathBuf;

use super::{RunSummary, Undelivered};
use crate::model::BrokenFile;

/// What `status` and the digest tell beside the services.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Files of drills with errors, by their names.
    pub broken: Vec<BrokenFile>,
    /// The newest run of each drill that has run of late and is defined nowhere, the newest first.
    pub strays: Vec<RunSummary>,
    /// Messages that did not arrive, the oldest first.
    pub undelivered: Vec<Undelivered>,
    /// Where drills are looked for; empty where nobody says so.
    pub places: Vec<PathBuf>,
    /// Whether a daemon is there to start what is due; `None` where nobody has looked.
    pub daemon: Option<bool>,
}
