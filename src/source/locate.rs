//! From a source to the one backup: list, choose, and look again where the file may still be written.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::choose::{choose, spell_out, unusable};
use super::{BackupSource, SourceError};
use crate::definition::{BackupDefinition, Select, Source};
use crate::model::event::BackupChosen;
use crate::model::{Candidate, SkipReason, SkippedCandidate};

/// Between two looks at the same file.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// A file untouched for so long is not looked at twice: a writer that pauses longer would not show within two seconds
/// either, and an old file must not cost the recovery clock two seconds (2026-11-21).
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// A backup that was found and chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// What the record says of the choice.
    pub chosen: BackupChosen,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// What the phase waited for.
    pub waited_for: Option<String>,
}

impl Located {
    /// The chosen one.
    pub fn candidate(&self) -> &Candidate {
        &self.chosen.candidate
    }
}

/// Lists a source and chooses. `now` is the wall clock, against which a file is fresh.
pub async fn locate(
    source: &impl BackupSource,
    definition: &BackupDefinition,
    now: Timestamp,
) -> Result<Located, SourceError> {
    let listing = source.list().await?;
    let mut candidates = listing.candidates;
    add_the_one_asked_for(source, &definition.select, &mut candidates).await?;
    let mut passed_over = Vec::new();
    let mut waited_for = None;
    loop {
        let mut choice = choose(&candidates, &passed_over, definition.newest_by, &definition.select);
        let Some(chosen) = choice.chosen else {
            choice.skipped.extend(listing.skipped);
            return Err(nothing(source, definition, &candidates, choice.skipped));
        };
        let why = match look_twice(source, &chosen, now, &mut waited_for).await? {
            Look::Settled(candidate) => {
                choice.warnings.extend(not_looked_into(&listing.skipped));
                choice.skipped.extend(listing.skipped);
                let chosen = BackupChosen {
                    source: source.kind().to_owned(),
                    location: source.location(),
                    candidate,
                    skipped: choice.skipped,
                    listing: choice.times,
                    unusable: unusable(&candidates, &passed_over, least(definition)),
                    chosen_by_hand: matches!(definition.select, Select::Id(_)),
                };
                return Ok(Located { chosen, warnings: choice.warnings, waited_for });
            }
            Look::Changing => SkipReason::StillBeingWritten,
            Look::Gone => SkipReason::Vanished,
        };
        passed_over.push(SkippedCandidate { id: chosen.id, why });
    }
}

/// The fewest bytes that a backup has: none is empty. A snapshot's size is its volume's, and says nothing of its rows.
fn least(definition: &BackupDefinition) -> u64 {
    match definition.source {
        Source::Rds(_) => 0,
        Source::Local(_) | Source::S3(_) => definition.min_size.max(1),
    }
}

/// What bears a backup's name and is no file that may be read could be the newest backup, if it were set up right.
fn not_looked_into(skipped: &[SkippedCandidate]) -> Option<String> {
    (!skipped.is_empty())
        .then(|| format!("not everything that is named like a backup could be one{}", spell_out(skipped)))
}

enum Look {
    Settled(Candidate),
    Changing,
    Gone,
}

/// Two looks at a file that is fresh by the wall clock, or from the future. The listing is no look: that of a bucket may
/// tell milliseconds where a look tells whole seconds, and what rests would seem to change (2026-11-21).
async fn look_twice(
    source: &impl BackupSource,
    chosen: &Candidate,
    now: Timestamp,
    waited_for: &mut Option<String>,
) -> Result<Look, SourceError> {
    if now.duration_since(chosen.modified_at) > FRESH {
        return Ok(Look::Settled(chosen.clone()));
    }
    let Some(before) = source.look_again(&chosen.id).await? else { return Ok(Look::Gone) };
    *waited_for = Some("a second look at a fresh file".to_owned());
    tokio::time::sleep(BETWEEN_LOOKS).await;
    Ok(match source.look_again(&chosen.id).await? {
        None => Look::Gone,
        Some(after) if after != before => Look::Changing,
        Some(after) => Look::Settled(after),
    })
}

/// A backup that a person asks for need not match the pattern, nor be among the newest of a huge listing.
async fn add_the_one_asked_for(
    source: &impl BackupSource,
    select: &Select,
    candidates: &mut Vec<Candidate>,
) -> Result<(), SourceError> {
    if let Select::Id(id) = select
        && !candidates.iter().any(|candidate| candidate.id == *id)
    {
        candidates.extend(source.look_again(id).await?);
    }
    Ok(())
}

/// The newest of a listing, by name, as many as a message bears.
fn newest(candidates: &[Candidate]) -> Vec<String> {
    let mut candidates: Vec<&Candidate> = candidates.iter().collect();
    candidates.sort_unstable_by(|a, b| (b.modified_at, &b.id).cmp(&(a.modified_at, &a.id)));
    candidates.into_iter().take(3).map(|candidate| candidate.id.clone()).collect()
}

fn nothing(
    source: &impl BackupSource,
    definition: &BackupDefinition,
    candidates: &[Candidate],
    passed_over: Vec<SkippedCandidate>,
) -> SourceError {
    let location = source.location();
    match &definition.select {
        Select::Id(id) if !passed_over.iter().any(|skipped| skipped.id == *id) => {
            let similarity = |candidate: &&Candidate| strsim::jaro_winkler(id, &candidate.id);
            let similar = candidates
                .iter()
                .filter(|candidate| similarity(candidate) > 0.8)
                .max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
                .map(|candidate| candidate.id.clone());
            SourceError::NotThere { id: id.clone(), location, similar, newest: newest(candidates) }
        }
        Select::Id(id) => SourceError::NoBackup { looked_for: format!("{id} in {location}"), passed_over },
        Select::Newest => SourceError::NoBackup { looked_for: location, passed_over },
    }
}
