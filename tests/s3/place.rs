//! What a drill would make of a bucket: located, fetched, judged.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use drillyard::definition::{self, BackupDefinition, Select, Settings, Source};
use drillyard::error::Explain;
use drillyard::model::Reason;
use drillyard::source::{self, Fetched, Located, SourceError};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// A complete plain dump of about so many bytes; the same for the same seed.
pub fn dump(bytes: usize, seed: u64) -> Vec<u8> {
    let mut text = String::from(
        "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18\n-- Dumped by pg_dump version 15.18\n\n",
    );
    let mut state = seed | 1;
    while text.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        writeln!(text, "-- {state:016x}").unwrap();
    }
    text.push_str("--\n-- PostgreSQL database dump complete\n--\n\n");
    text.into_bytes()
}

/// As a record says it.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The backup definition of a drill in YAML, as a user would write it.
pub fn definition(source: &str, more: &str) -> BackupDefinition {
    let text = format!(
        "drill: x\nbackup:\n  source:\n    s3: {{ {source}, region: us-east-1, path_style: true }}\n{more}checks:\n  - tables: {{ at_least: 1 }}\n"
    );
    let parsed = definition::parse(&text, Path::new("/tmp/x.yaml"), &Settings::default());
    let errors: Vec<_> = parsed.faults.iter().filter(|fault| fault.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{text}");
    parsed.drills.into_iter().next().unwrap().backup
}

/// A bucket at a port, with the right keys in files.
pub fn at(port: u16, bucket: &str, more: &str) -> BackupDefinition {
    with_secret(port, bucket, more, crate::servers::SECRET)
}

pub fn with_secret(port: u16, bucket: &str, more: &str, secret: &str) -> BackupDefinition {
    let folder = tempfile::tempdir().unwrap().keep();
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        format!("{{ file: {} }}", file.display())
    };
    let keys = format!(
        "credentials: {{ access_key_id: {}, secret_access_key: {} }}",
        write("id", crate::servers::KEY),
        write("key", secret)
    );
    let comma = if more.is_empty() { "" } else { ", " };
    definition(&format!("bucket: {bucket}, endpoint: \"http://127.0.0.1:{port}\", {keys}{comma}{more}"), "")
}

pub async fn locate(definition: &BackupDefinition) -> Result<Located, SourceError> {
    // As if some minutes had passed: a fresh object costs two seconds, and most tests need not pay them.
    let now = Timestamp::now() + Duration::from_mins(10);
    source::locate(&source::open(&definition.source), definition, now).await
}

pub struct Brought {
    pub fetched: Fetched,
    pub staging: tempfile::TempDir,
}

pub async fn fetch(definition: &BackupDefinition) -> Result<Brought, SourceError> {
    let located = locate(definition).await?;
    fetch_located(definition, &located).await
}

pub async fn fetch_located(definition: &BackupDefinition, located: &Located) -> Result<Brought, SourceError> {
    fetch_within(Duration::from_mins(5), definition, located).await
}

pub async fn fetch_within(
    deadline: Duration,
    definition: &BackupDefinition,
    located: &Located,
) -> Result<Brought, SourceError> {
    let staging = tempfile::tempdir().unwrap();
    let source = source::open(&definition.source);
    let progress: source::Progress = Arc::new(|_, _| {});
    let fetched =
        source::fetch(&source, located.candidate(), definition, staging.path(), 1 << 40, deadline, progress)
            .await?;
    Ok(Brought { fetched, staging })
}

pub fn reason<T>(outcome: Result<T, SourceError>) -> Reason {
    told(outcome).0
}

/// What a person is told, with the hint.
pub fn told<T>(outcome: Result<T, SourceError>) -> (Reason, String) {
    match outcome {
        Ok(_) => panic!("it should not have worked"),
        Err(error) => (error.reason(), format!("{error}\n{}", error.hint().unwrap_or_default())),
    }
}

pub fn by_id(definition: &BackupDefinition, id: &str) -> BackupDefinition {
    assert!(matches!(definition.source, Source::S3(_)));
    BackupDefinition { select: Select::Id(id.to_owned()), ..definition.clone() }
}
