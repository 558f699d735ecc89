//! The listing of a bucket.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::Object;
use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;

use super::trouble;
use crate::aws;
use crate::definition::S3Source;
use crate::model::Candidate;
use crate::source::choose::Newest;
use crate::source::{Listing, SourceError};

/// Longest time for a whole listing: a million keys take some minutes.
const LISTING: Duration = Duration::from_mins(15);
/// A baseline lies beside its backup and is none.
const SIDECAR: &str = ".baseline.json";

/// Every object that could be a backup, page by page, in bounded memory.
pub(super) async fn list(client: &Client, source: &S3Source, location: &str) -> Result<Listing, SourceError> {
    match tokio::time::timeout(LISTING, pages(client, source, location)).await {
        Ok(listed) => listed,
        Err(_) => Err(SourceError::Slow {
            what: location.to_owned(),
            how: format!("its listing was not over within {} s", LISTING.as_secs()),
        }),
    }
}

async fn pages(client: &Client, source: &S3Source, location: &str) -> Result<Listing, SourceError> {
    let matcher = source.pattern.as_deref().map(matcher).transpose()?;
    let mut newest = Newest::default();
    let asked = client.list_objects_v2().bucket(&source.bucket).prefix(&source.prefix);
    let mut pages = asked.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| trouble::told(location, &aws::failure::classify(&error)))?;
        let fitting = page.contents().iter().filter(|object| fits(object, source, matcher.as_ref()));
        fitting.filter_map(candidate).for_each(|candidate| newest.push(candidate));
    }
    let (candidates, _) = newest.into_kept();
    Ok(Listing { candidates, skipped: Vec::new() })
}

fn matcher(pattern: &str) -> Result<GlobMatcher, SourceError> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| SourceError::Unreachable {
        what: pattern.to_owned(),
        error: std::io::Error::other(error.to_string()),
    })
}

/// A key that ends with a slash is a folder that some console has made.
fn fits(object: &Object, source: &S3Source, matcher: Option<&GlobMatcher>) -> bool {
    let Some(rest) = object.key().and_then(|key| key.strip_prefix(source.prefix.as_str())) else {
        return false;
    };
    !rest.ends_with('/') && !rest.ends_with(SIDECAR) && matcher.is_none_or(|matcher| matcher.is_match(rest))
}

fn candidate(object: &Object) -> Option<Candidate> {
    Some(Candidate {
        id: object.key()?.to_owned(),
        size_bytes: u64::try_from(object.size()?).ok()?,
        modified_at: instant(object.last_modified()?)?,
        multipart: object.e_tag().is_some_and(is_multipart),
    })
}

/// Whether an object was uploaded in parts: its ETag ends with their number, `"9b2c…-17"`.
pub(super) fn is_multipart(etag: &str) -> bool {
    let parts = etag.trim_matches('"').rsplit_once('-').map_or("", |(_, parts)| parts);
    !parts.is_empty() && parts.bytes().all(|byte| byte.is_ascii_digit())
}

/// The SDK's instant as ours.
pub(super) fn instant(time: &aws_sdk_s3::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}
