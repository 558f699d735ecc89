//! One object, in concurrent ranged parts, each pinned, each resumed where it broke off.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, TryStreamExt};

use super::{Object, trouble};
use crate::aws::failure::{Meaning, classify};
use crate::source::SourceError;
use crate::source::growing::Growing;

/// Bytes of the parts of a large object. Of 16 MiB each, they cost the server a third more processor time than the object
/// in one piece; of 64 MiB, nothing that could be seen (2026-11-22, SeaweedFS 4.48, 1 GiB that it keeps packed: 8.4, 6.7
/// and 6.4 s).
const LARGEST_PART: u64 = 64 << 20;
/// What the bytes of a part are a multiple of: the usual part of an upload, which stores read best from its beginning.
const GRAIN: u64 = 8 << 20;
/// Parts at a time; each may hold a block in memory.
const AT_A_TIME: usize = 6;
/// Bytes that are written to the file at once.
const BLOCK: usize = 1 << 20;
/// Times that a part is taken up again without having moved.
const FRUITLESS: u32 = 5;
/// The first pause before a part is taken up again; each later one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);
/// A part that yields nothing for so long is taken up again.
const SILENCE: Duration = Duration::from_secs(20);
/// The window in which the download as a whole must move ...
const WINDOW: Duration = Duration::from_secs(30);
/// ... at least so many bytes: 64 KiB/s is no link that a backup could be restored over.
const FLOOR: u64 = 64 * 1024 * 30;

/// Bytes of an object's parts but the last: a small object has no more of them than are brought at a time.
pub(super) fn part_bytes(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(AT_A_TIME as u64).next_multiple_of(GRAIN).clamp(GRAIN, LARGEST_PART)
}

/// How many parts an object has.
pub(super) fn parts(size_bytes: u64) -> usize {
    usize::try_from(size_bytes.div_ceil(part_bytes(size_bytes))).unwrap_or(usize::MAX)
}

/// Brings an object into a file of its size; the file has the object's time of modification then.
pub(super) async fn download(
    client: &Client,
    bucket: &str,
    object: &Object,
    file: Arc<File>,
    growing: &Growing,
    deadline: Duration,
) -> Result<(), SourceError> {
    let moved = AtomicU64::new(0);
    let whole = Download { client, bucket, object, file: &file, growing, moved: &moved };
    let all = stream::iter((0..parts(object.size_bytes)).map(Ok))
        .try_for_each_concurrent(AT_A_TIME, |part| whole.part(part));
    let slow = |how: String| SourceError::Slow { what: object.key.clone(), how };
    tokio::select! {
        done = all => done?,
        bytes = below_the_floor(&moved) => {
            let seconds = WINDOW.as_secs();
            return Err(slow(format!("{bytes} bytes arrived within {seconds} s")));
        }
        () = tokio::time::sleep(deadline) => {
            return Err(slow(format!("it was not there within {} s", deadline.as_secs())));
        }
    }
    let modified = SystemTime::from(object.modified_at);
    file.set_modified(modified).map_err(|error| SourceError::Unreachable { what: object.key.clone(), error })
}

/// Returns once too little has arrived within the window.
async fn below_the_floor(moved: &AtomicU64) -> u64 {
    let mut before = 0;
    loop {
        tokio::time::sleep(WINDOW).await;
        let now = moved.load(Ordering::Relaxed);
        if now - before < FLOOR {
            return now - before;
        }
        before = now;
    }
}

struct Download<'a> {
    client: &'a Client,
    bucket: &'a str,
    object: &'a Object,
    file: &'a Arc<File>,
    growing: &'a Growing,
    moved: &'a AtomicU64,
}

impl Download<'_> {
    /// Takes a part up again where it broke off, as long as that leads anywhere.
    async fn part(&self, part: usize) -> Result<(), SourceError> {
        let bytes = part_bytes(self.object.size_bytes);
        let start = part as u64 * bytes;
        let end = (start + bytes).min(self.object.size_bytes);
        let mut at = start;
        let mut fruitless = 0;
        while at < end {
            let before = at;
            let outcome = self.stretch(part, &mut at, end).await;
            fruitless = if at > before { 0 } else { fruitless + 1 };
            match outcome {
                Ok(()) => {}
                Err(error) if fruitless > FRUITLESS || !is_worth_another_try(&error) => return Err(error),
                Err(_) => tokio::time::sleep(pause(fruitless, part)).await,
            }
        }
        Ok(())
    }

    /// One request: from `at` as far as it goes.
    async fn stretch(&self, part: usize, at: &mut u64, end: u64) -> Result<(), SourceError> {
        let mut answer = ask(self.client, self.bucket, self.object, &(*at..end)).await?;
        let mut block = BytesMut::with_capacity(BLOCK);
        loop {
            let chunk = next_chunk(&mut answer, self.object).await;
            if let Ok(Some(bytes)) = &chunk {
                // A server that sends more than it was asked for must not write over its neighbour.
                let room = usize::try_from(end - *at).unwrap_or(usize::MAX) - block.len();
                self.moved.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                block.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            let is_over = !matches!(chunk, Ok(Some(_)));
            if block.len() >= BLOCK || (is_over && !block.is_empty()) {
                self.write(part, at, block.split().freeze()).await?;
            }
            match chunk? {
                Some(_) if *at + block.len() as u64 >= end => {
                    return if block.is_empty() {
                        Ok(())
                    } else {
                        self.write(part, at, block.freeze()).await
                    };
                }
                Some(_) => {}
                None if *at < end => return Err(cut_short(self.object, *at)),
                None => return Ok(()),
            }
        }
    }

    async fn write(&self, part: usize, at: &mut u64, block: Bytes) -> Result<(), SourceError> {
        let (file, offset, length) = (Arc::clone(self.file), *at, block.len() as u64);
        let written = tokio::task::spawn_blocking(move || file.write_all_at(&block, offset)).await;
        let staging = |error| SourceError::Staging { directory: "the staging directory".to_owned(), error };
        written.map_err(|error| staging(error.into()))?.map_err(staging)?;
        *at += length;
        self.growing.arrived(part, length);
        Ok(())
    }
}

/// Longer from time to time, and not the same for all parts.
fn pause(fruitless: u32, part: usize) -> Duration {
    let jitter = Duration::from_millis((part as u64 * 37) % 100);
    PAUSE * 2_u32.saturating_pow(fruitless.min(6)) + jitter
}

fn is_worth_another_try(error: &SourceError) -> bool {
    matches!(error, SourceError::Unreachable { .. })
}

fn cut_short(object: &Object, at: u64) -> SourceError {
    trouble::strange(&object.key, &format!("the answer ended at byte {at} of {}", object.size_bytes))
}

/// A part of the object and of no other: version, ETag, range and length are compared by us.
async fn ask(
    client: &Client,
    bucket: &str,
    object: &Object,
    range: &Range<u64>,
) -> Result<GetObjectOutput, SourceError> {
    let asked = client
        .get_object()
        .bucket(bucket)
        .key(&object.key)
        .set_version_id(object.version.clone())
        .if_match(&object.etag)
        .range(format!("bytes={}-{}", range.start, range.end - 1))
        .send();
    let answer = asked.await.map_err(|error| {
        let failure = classify(&error);
        match failure.meaning {
            Meaning::NotFound => changed(object, "it was deleted"),
            Meaning::Changed => changed(object, "another object has its name now"),
            _ => trouble::told(&object.key, &failure),
        }
    })?;
    if answer.e_tag().is_some_and(|etag| etag != object.etag) {
        return Err(changed(object, "a part came from another object of the same name"));
    }
    let wanted = format!("bytes {}-{}/{}", range.start, range.end - 1, object.size_bytes);
    let is_everything = range.start == 0 && range.end == object.size_bytes;
    let strange = |how: &str| Err(trouble::strange(&object.key, how));
    match (answer.content_range(), answer.e_tag()) {
        (Some(given), _) if given != wanted => {
            strange(&format!("asked for {wanted}, the store answered with {given}"))
        }
        (None, _) if !is_everything => {
            strange(&format!("asked for {wanted}, the store answered with the whole object"))
        }
        (_, None) => strange("the store answered without an ETag, so that nobody knows with which object"),
        (_, Some(_)) => Ok(answer),
    }
}

fn changed(object: &Object, how: &str) -> SourceError {
    SourceError::Changed { id: object.key.clone(), how: how.to_owned() }
}

async fn next_chunk(answer: &mut GetObjectOutput, object: &Object) -> Result<Option<Bytes>, SourceError> {
    match tokio::time::timeout(SILENCE, answer.body.next()).await {
        Ok(chunk) => chunk
            .transpose()
            .map_err(|error| trouble::strange(&object.key, &crate::aws::failure::chain(&error))),
        Err(_) => Err(trouble::strange(&object.key, &format!("no byte came for {} s", SILENCE.as_secs()))),
    }
}

/// Some bytes, for a header without a download.
pub(super) async fn range(
    client: &Client,
    bucket: &str,
    object: &Object,
    range: Range<u64>,
) -> Result<Vec<u8>, SourceError> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let mut answer = ask(client, bucket, object, &range).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = next_chunk(&mut answer, object).await? {
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(usize::try_from(range.end - range.start).unwrap_or(usize::MAX));
    Ok(bytes)
}
