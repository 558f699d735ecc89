//! Backups in a bucket of S3, or of a store that speaks its language.
//!
//! An object is pinned by its version, where the bucket has versions, and by its ETag, which is never taken for a
//! digest: it is compared with that of every part, because some stores ignore `If-Match` (measured: rclone).

mod download;
mod list;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_s3::Client;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::artifact::FileIdentity;
use super::growing::Growing;
use super::intake::{Opened, take_in};
use super::trouble;
use super::{Artifact, BackupSource, FetchRequest, Listing, SourceError};
use crate::aws;
use crate::definition::S3Source;
use crate::error::Explain;
use crate::model::{Candidate, Verdict};

/// Name of the download in the staging directory.
const DOWNLOAD: &str = "download";

/// Objects of one bucket.
pub struct S3Backups {
    source: S3Source,
    client: OnceCell<Client>,
}

/// One state of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub key: String,
    pub etag: String,
    /// `None` in a bucket without versions.
    pub version: Option<String>,
    pub size_bytes: u64,
    pub modified_at: Timestamp,
}

impl S3Backups {
    /// No I/O yet.
    pub fn new(source: S3Source) -> Self {
        Self { source, client: OnceCell::new() }
    }

    async fn client(&self) -> Result<&Client, SourceError> {
        self.client
            .get_or_try_init(|| async {
                let shared = aws::configuration(&self.source.access)
                    .await
                    .map_err(|error| trouble::no_access(&error))?;
                let own = aws_sdk_s3::config::Builder::from(&shared).force_path_style(self.source.path_style);
                Ok(Client::from_conf(own.build()))
            })
            .await
    }

    /// The object as it is now; `None` where there is none.
    async fn head(&self, key: &str) -> Result<Option<Object>, SourceError> {
        let asked = self.client().await?.head_object().bucket(&self.source.bucket).key(key).send();
        let found = match asked.await {
            Ok(found) => found,
            Err(error) => return self.none_if_not_there(key, &aws::failure::classify(&error)),
        };
        let modified_at = found.last_modified().and_then(list::instant);
        let size_bytes = found.content_length().and_then(|size| u64::try_from(size).ok());
        match (modified_at, size_bytes, found.e_tag()) {
            (Some(modified_at), Some(size_bytes), Some(etag)) => Ok(Some(Object {
                key: key.to_owned(),
                etag: etag.to_owned(),
                version: found.version_id().filter(|version| *version != "null").map(str::to_owned),
                size_bytes,
                modified_at,
            })),
            _ => Err(trouble::strange(&self.location(), "it tells no size, time or ETag of an object")),
        }
    }

    fn none_if_not_there(
        &self,
        key: &str,
        failure: &aws::failure::Failure,
    ) -> Result<Option<Object>, SourceError> {
        match failure.meaning {
            aws::failure::Meaning::NotFound => Ok(None),
            _ => Err(trouble::told(&format!("{key} in {}", self.location()), failure)),
        }
    }

    /// Whether the object is the one whose parts were read: a store with a cache may say an old ETag with new bytes
    /// (measured: rclone). A version never changes, whatever has come after it.
    async fn is_still(&self, object: &Object) -> Result<(), SourceError> {
        if object.version.is_some() || self.head(&object.key).await?.as_ref() == Some(object) {
            return Ok(());
        }
        let how = "it was written anew or deleted while it was read".to_owned();
        Err(SourceError::Changed { id: object.key.clone(), how })
    }

    /// The chosen object, in the state in which it was listed.
    async fn pinned(&self, candidate: &Candidate) -> Result<Object, SourceError> {
        let changed = |how: &str| SourceError::Changed { id: candidate.id.clone(), how: how.to_owned() };
        let object = self.head(&candidate.id).await?.ok_or_else(|| changed("it was deleted"))?;
        // Headers tell whole seconds, listings may tell more.
        let same_time = object.modified_at.as_second() == candidate.modified_at.as_second();
        if object.size_bytes != candidate.size_bytes || !same_time {
            return Err(changed("it was written anew after it had been listed"));
        }
        Ok(object)
    }
}

impl BackupSource for S3Backups {
    fn kind(&self) -> &'static str {
        "s3"
    }

    fn location(&self) -> String {
        let S3Source { bucket, prefix, pattern, .. } = &self.source;
        match pattern {
            Some(pattern) => format!("{pattern} in s3://{bucket}/{prefix}"),
            None => format!("s3://{bucket}/{prefix}"),
        }
    }

    async fn list(&self) -> Result<Listing, SourceError> {
        list::list(self.client().await?, &self.source, &self.location()).await
    }

    async fn look_again(&self, id: &str) -> Result<Option<Candidate>, SourceError> {
        let found = self.head(id).await?;
        Ok(found.map(|object| Candidate {
            multipart: list::is_multipart(&object.etag),
            id: object.key,
            size_bytes: object.size_bytes,
            modified_at: object.modified_at,
        }))
    }

    async fn read_range(
        &self,
        candidate: &Candidate,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, SourceError> {
        let object = self.pinned(candidate).await?;
        let until = object.size_bytes.min(offset.saturating_add(length as u64));
        download::range(self.client().await?, &self.source.bucket, &object, offset..until).await
    }

    /// The download runs ahead on this task; the intake follows it on a blocking thread, reading what is there.
    async fn fetch(&self, candidate: &Candidate, request: &FetchRequest) -> Result<Artifact, SourceError> {
        let object = self.pinned(candidate).await?;
        let (file, opened, growing) = stage(&object, request)?;
        let ending = EndOnDrop { growing: Arc::clone(&growing), stop: Arc::default() };
        let (asked, stop) = (request.clone(), Arc::clone(&ending.stop));
        let mut intake = tokio::task::spawn_blocking(move || take_in(opened, &asked, &stop));
        let broken = |error: tokio::task::JoinError| SourceError::Unreachable {
            what: candidate.id.clone(),
            error: error.into(),
        };
        let client = self.client().await?;
        let downloading =
            download::download(client, &self.source.bucket, &object, file, &growing, request.deadline);
        tokio::select! {
            // What the first bytes are is known long before the last: a wrong format need not be downloaded.
            taken_in = &mut intake => {
                let taken_in = taken_in.map_err(broken)?;
                if taken_in.as_ref().is_err_and(says_that_it_is_bad) {
                    self.is_still(&object).await?;
                }
                return taken_in;
            }
            downloaded = downloading => downloaded?,
        }
        self.is_still(&object).await?;
        growing.complete();
        intake.await.map_err(broken)?
    }
}

/// A finding about the backup, which the bytes of two objects would look like as well.
fn says_that_it_is_bad(error: &SourceError) -> bool {
    error.reason().verdict() == Verdict::Failed
}

/// A file of the object's size in the staging directory, with its time of modification: for everything behind it, the
/// file is the object.
fn stage(object: &Object, request: &FetchRequest) -> Result<(Arc<File>, Opened, Arc<Growing>), SourceError> {
    let path = request.staging.join(DOWNLOAD);
    let staging = |error| SourceError::Staging { directory: request.staging.display().to_string(), error };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(staging)?;
    // Said once more, because a umask of 077 would keep the sandbox's user from reading what is mounted.
    file.set_permissions(PermissionsExt::from_mode(0o444)).map_err(staging)?;
    file.set_len(object.size_bytes).map_err(staging)?;
    let metadata = file.metadata().map_err(staging)?;
    let identity = FileIdentity { modified_at: object.modified_at, ..FileIdentity::of(&metadata) };
    let (parts, part_bytes) = (download::parts(object.size_bytes), download::part_bytes(object.size_bytes));
    let growing = Arc::new(Growing::new(parts, part_bytes));
    let reader = file.try_clone().map_err(staging)?;
    let opened = Opened {
        id: object.key.clone(),
        path,
        file: reader,
        identity,
        readable_for_all: true,
        growing: Some(Arc::clone(&growing)),
    };
    Ok((Arc::new(file), opened, growing))
}

/// A blocking thread cannot be cancelled from outside: it is told, and woken.
struct EndOnDrop {
    growing: Arc<Growing>,
    stop: Arc<AtomicBool>,
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.growing.give_up();
    }
}
