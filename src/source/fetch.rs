//! From the chosen backup to one that is read, judged and ready to be restored.

use std::path::Path;
use std::time::Duration;

use super::artifact::Artifact;
use super::completeness::judge_holdings;
use super::started::backup_started_at;
use super::{BackupSource, FetchRequest, Progress, SourceError};
use crate::definition::{BackupDefinition, Contains, Source};
use crate::model::Candidate;
use crate::model::event::BackupRead;

/// A backup that has been read.
#[derive(Debug)]
pub struct Fetched {
    /// What is restored.
    pub artifact: Artifact,
    /// What the record says of it.
    pub read: BackupRead,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Reads the chosen backup and judges what can be judged without a server: size, format, whether it is whole and holds
/// what the drill says. The rest of a plain dump is judged while it is streamed
/// ([`judge_end`](super::completeness::judge_end)).
///
/// `staging` is a directory of the run's own; `unpack_budget` the most bytes that unpacking may yield,
/// `deadline` the longest that it may take.
pub async fn fetch(
    source: &impl BackupSource,
    candidate: &Candidate,
    definition: &BackupDefinition,
    staging: &Path,
    unpack_budget: u64,
    deadline: Duration,
    progress: Progress,
) -> Result<Fetched, SourceError> {
    judge_size(candidate, definition.min_size)?;
    let request = FetchRequest {
        staging: staging.to_owned(),
        format: definition.format,
        progress,
        unpack_budget,
        deadline,
    };
    let artifact = source.fetch(candidate, &request).await?;
    let mut warnings = Vec::new();
    if let Artifact::Archive(archive) = &artifact {
        let contents = &archive.toc.contents;
        judge_holdings(contents.into(), definition.contains, definition.allow_empty)?;
        warnings.extend(bytes_behind(archive.bytes_behind));
        if definition.contains == Contains::Full {
            warnings.extend(without_rows(&contents.tables_without_data));
        }
    }
    let mut read = backup_read(&artifact, definition);
    if let Source::Rds(_) = definition.source {
        // What the header tells is when the archive was drawn from the snapshot, and of what that was drawn.
        read.started_at = Some(candidate.modified_at);
        read.started_at_note = None;
        read.header.started_local = None;
    }
    Ok(Fetched { artifact, read, warnings })
}

fn judge_size(candidate: &Candidate, min_size: u64) -> Result<(), SourceError> {
    let Candidate { id, size_bytes, .. } = candidate.clone();
    match size_bytes {
        0 => Err(SourceError::Empty { id, once_unpacked: false }),
        _ if size_bytes < min_size => Err(SourceError::TooSmall { id, size_bytes, min_size }),
        _ => Ok(()),
    }
}

fn bytes_behind(count: u64) -> Option<String> {
    (count > 0).then(|| {
        format!("{count} bytes follow the end of the archive; pg_dump writes none, pg_restore ignores them")
    })
}

/// An empty table's rows, none, are in an archive as well: where they are not, somebody left them out.
fn without_rows(tables: &[String]) -> Option<String> {
    let some = tables.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if tables.len() > 5 { ", …" } else { "" };
    (!tables.is_empty()).then(|| format!("the backup leaves out the rows of {some}{more}"))
}

fn backup_read(artifact: &Artifact, definition: &BackupDefinition) -> BackupRead {
    let (origin, header) = (artifact.origin(), artifact.header());
    let (started_at, started_at_note) = backup_started_at(
        header,
        &definition.dump_time_zone,
        definition.dump_time_zone_given,
        origin.identity.modified_at,
    );
    BackupRead {
        format: artifact.format(),
        compression: origin.compression,
        sha256: Some(origin.sha256.clone()),
        size_bytes: origin.identity.size_bytes,
        header: header.clone(),
        started_at,
        started_at_note,
    }
}
