//! Backups in files: one file, or those of a directory that match a pattern.
//!
//! A name is followed to a regular file below the roots, or not at all: a FIFO would block, a device would never end,
//! and a symbolic link could lead anywhere (`latest.dump → orders-2026-11-20.dump` is common and fine).

mod open;
mod walk;

use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::intake::take_in;
use super::{Artifact, BackupSource, FetchRequest, Listing, SourceError};
use crate::definition::LocalSource;
use crate::model::Candidate;

/// Longest time for a look into a directory, and longest silence of a reading: a million names take some minutes.
const LOOKING: Duration = Duration::from_mins(15);

/// Files of this machine.
#[derive(Debug, Clone)]
pub struct LocalBackups {
    source: LocalSource,
}

impl LocalBackups {
    /// No I/O yet.
    pub fn new(source: LocalSource) -> Self {
        Self { source }
    }

    /// Runs what blocks where blocking is allowed, and gives it up where nothing was read for so long: a file system that
    /// has lost its server answers nothing, for ever. The thread is left behind then; nothing but the end of the process
    /// could end it. How long a reading that moves may take is not this file's to say.
    async fn blocking<T: Send + 'static>(
        &self,
        read: &AtomicU64,
        silence: Duration,
        work: impl FnOnce(&LocalSource) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let source = self.source.clone();
        let what = source.path.display().to_string();
        let working = tokio::task::spawn_blocking(move || work(&source));
        tokio::select! {
            done = working => {
                done.unwrap_or_else(|error| Err(SourceError::Unreachable { what, error: error.into() }))
            }
            () = silent(read, silence) => {
                let how = format!("its file system gave nothing for {} s", silence.as_secs());
                Err(SourceError::Slow { what, how })
            }
        }
    }
}

impl BackupSource for LocalBackups {
    fn kind(&self) -> &'static str {
        "local"
    }

    fn location(&self) -> String {
        location(&self.source)
    }

    async fn list(&self) -> Result<Listing, SourceError> {
        self.blocking(&AtomicU64::default(), LOOKING, walk::list).await
    }

    async fn look_again(&self, id: &str) -> Result<Option<Candidate>, SourceError> {
        let id = id.to_owned();
        self.blocking(&AtomicU64::default(), LOOKING, move |source| open::look(source, &id)).await
    }

    async fn read_range(
        &self,
        candidate: &Candidate,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, SourceError> {
        let candidate = candidate.clone();
        self.blocking(&AtomicU64::default(), LOOKING, move |source| {
            let opened = open::open(source, &candidate)?;
            let mut bytes = Vec::new();
            let mut block = vec![0; length.min(1 << 20)];
            while bytes.len() < length {
                let wanted = block.len().min(length - bytes.len());
                let read = opened.file.read_at(&mut block[..wanted], offset + bytes.len() as u64);
                match read.map_err(|error| SourceError::Unreachable { what: candidate.id.clone(), error })? {
                    0 => break,
                    read => bytes.extend_from_slice(&block[..read]),
                }
            }
            Ok(bytes)
        })
        .await
    }

    async fn fetch(&self, candidate: &Candidate, request: &FetchRequest) -> Result<Artifact, SourceError> {
        let (candidate, mut request) = (candidate.clone(), request.clone());
        let read = Arc::new(AtomicU64::default());
        let (told, progress) = (Arc::clone(&read), Arc::clone(&request.progress));
        request.progress = Arc::new(move |bytes, total| {
            told.store(bytes, Ordering::Relaxed);
            progress(bytes, total);
        });
        let stop = StopOnDrop(Arc::default());
        let stopped = stop.0.clone();
        self.blocking(&read, LOOKING, move |source| {
            let opened = open::open(source, &candidate)?;
            let path = opened.path.clone();
            let artifact = take_in(opened, &request, &stopped)?;
            open::is_still(&path, &candidate.id, &artifact.origin().identity)?;
            Ok(artifact)
        })
        .await
    }
}

/// Returns once this number has stood still for so long.
async fn silent(read: &AtomicU64, silence: Duration) {
    let mut before = read.load(Ordering::Relaxed);
    loop {
        tokio::time::sleep(silence).await;
        let now = read.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        before = now;
    }
}

/// A blocking thread cannot be cancelled from outside: it is told, and looks every megabyte.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn location(source: &LocalSource) -> String {
    let path: &PathBuf = &source.path;
    match &source.pattern {
        Some(pattern) => format!("{} in {}", pattern, path.display()),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests;
