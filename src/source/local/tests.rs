//! Files of a real directory: what is shared by the tests of choosing, reading and changing ones.

mod changing;
mod choosing;
mod reading;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::artifact::FileIdentity;
use super::super::{Located, fetch, locate};
use super::*;
use crate::definition::{BackupDefinition, Contains, NewestBy, Select, Source};
use crate::error::Explain;
use crate::model::{BackupFormat, Compression, Reason, SkipReason};

/// Longer than any of these.
const DEADLINE: Duration = Duration::from_mins(5);
const ARCHIVES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives");

/// A directory with backups, the only root, and one for staging.
struct Place {
    backups: tempfile::TempDir,
    staging: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { backups: tempfile::tempdir().unwrap(), staging: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.backups.path().join(name)
    }

    /// Writes a file and makes it an hour old, so that one look is enough.
    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        age(&path, 3600);
        path
    }

    fn definition(&self, pattern: Option<&str>) -> BackupDefinition {
        let root = self.backups.path().to_owned();
        BackupDefinition {
            source: Source::Local(LocalSource {
                path: root.clone(),
                pattern: pattern.map(str::to_owned),
                roots: vec![root],
            }),
            newest_by: NewestBy::ModifiedTime,
            select: Select::Newest,
            format: None,
            contains: Contains::Full,
            allow_empty: false,
            databases: vec![],
            dump_time_zone: TimeZone::UTC,
            dump_time_zone_given: false,
            min_size: 1,
        }
    }

    fn source(&self, pattern: Option<&str>) -> LocalBackups {
        let Source::Local(local) = self.definition(pattern).source else { panic!() };
        LocalBackups::new(local)
    }

    async fn locate(&self, pattern: Option<&str>) -> Result<Located, SourceError> {
        locate(&self.source(pattern), &self.definition(pattern), Timestamp::now()).await
    }

    /// What a run would make of the one file that is there.
    async fn fetch(&self, name: &str) -> Result<super::super::Fetched, SourceError> {
        self.fetch_as(name, &self.definition(None)).await
    }

    async fn fetch_as(
        &self,
        name: &str,
        definition: &BackupDefinition,
    ) -> Result<super::super::Fetched, SourceError> {
        let source = self.source(None);
        let candidate = source.look_again(name).await?.expect("the test's own file");
        fetch(&source, &candidate, definition, self.staging.path(), 1 << 40, DEADLINE, Arc::new(|_, _| {}))
            .await
    }
}

fn age(path: &Path, seconds: u64) {
    let then = std::time::SystemTime::now() - Duration::from_secs(seconds);
    fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
}

fn archive(name: &str) -> Vec<u8> {
    fs::read(Path::new(ARCHIVES).join(name)).unwrap()
}

fn packed_with(program: &str, content: &[u8]) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, content).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let output = Command::new(program).arg("-c").stdin(file).output().expect("gzip is on every machine");
    assert!(output.status.success());
    output.stdout
}

fn gzip(content: &[u8]) -> Vec<u8> {
    packed_with("gzip", content)
}

fn reason<T: std::fmt::Debug>(outcome: Result<T, SourceError>) -> Reason {
    outcome.unwrap_err().reason()
}

async fn text_of(plain: &super::super::PlainFile) -> Result<Vec<u8>, SourceError> {
    let mut stream = plain.open();
    let mut text = Vec::new();
    while let Some(chunk) = stream.next().await? {
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

// Listing and choosing ------------------------------------------------------------------------------------------------
