//! Which backup: pure over a listing.
//!
//! With `select: newest` an empty newest backup is chosen, never passed over for an older good one: else a dead backup
//! job would stay green. Only what is evidently not finished yet is passed over, and the record says so.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::definition::{NewestBy, Select};
use crate::model::{Candidate, SkipReason, SkippedCandidate};

/// Names that backup jobs give to files that they have not finished.
const UNFINISHED: [&str; 4] = [".partial", ".tmp", ".part", ".inprogress"];
/// Times that a record keeps of a listing.
const MOST_TIMES: usize = 1000;

/// The outcome of a choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The one; `None` where nothing can be chosen.
    pub chosen: Option<Candidate>,
    /// Newer ones that were passed over.
    pub skipped: Vec<SkippedCandidate>,
    /// Modification times of all candidates, newest first, at most 1,000.
    pub times: Vec<Timestamp>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Chooses among the candidates of a listing, those in `passed_over` excepted.
///
/// A backup that is asked for by name is chosen whatever its name looks like.
pub fn choose(
    listing: &[Candidate],
    passed_over: &[SkippedCandidate],
    newest_by: NewestBy,
    select: &Select,
) -> Choice {
    let times = newest_times(listing.iter());
    let excluded: BTreeSet<&str> = passed_over.iter().map(|skipped| skipped.id.as_str()).collect();
    let possible = |candidate: &&Candidate| !excluded.contains(candidate.id.as_str());
    if let Select::Id(id) = select {
        let chosen = listing.iter().find(|candidate| candidate.id == *id).filter(possible).cloned();
        return Choice { chosen, times, skipped: passed_over.to_vec(), warnings: Vec::new() };
    }
    let finished = || listing.iter().filter(possible).filter(|candidate| !is_unfinished(&candidate.id));
    let by_time = finished().max_by_key(|candidate| (candidate.modified_at, &candidate.id));
    let by_name = finished().max_by_key(|candidate| &candidate.id);
    let chosen = match newest_by {
        NewestBy::ModifiedTime => by_time,
        NewestBy::Name => by_name,
    };
    let mut skipped = passed_over.to_vec();
    skipped.extend(unfinished_and_newer(listing, chosen, newest_by));
    let warnings = by_time.zip(by_name).and_then(|(time, name)| contradiction(time, name, newest_by));
    Choice { chosen: chosen.cloned(), skipped, times, warnings: warnings.into_iter().collect() }
}

/// Whether the name says that the file is not finished.
pub fn is_unfinished(id: &str) -> bool {
    let id = id.to_ascii_lowercase();
    UNFINISHED.iter().any(|ending| id.ends_with(ending))
}

/// Those with an unfinished name that would have been chosen before the chosen one.
fn unfinished_and_newer<'a>(
    listing: &'a [Candidate],
    chosen: Option<&'a Candidate>,
    newest_by: NewestBy,
) -> impl Iterator<Item = SkippedCandidate> + 'a {
    let newer = move |candidate: &&Candidate| match (chosen, newest_by) {
        (None, _) => true,
        (Some(chosen), NewestBy::ModifiedTime) => candidate.modified_at >= chosen.modified_at,
        (Some(chosen), NewestBy::Name) => candidate.id > chosen.id,
    };
    listing
        .iter()
        .filter(|candidate| is_unfinished(&candidate.id))
        .filter(newer)
        .take(100)
        .map(|candidate| SkippedCandidate { id: candidate.id.clone(), why: SkipReason::UnfinishedName })
}

fn contradiction(by_time: &Candidate, by_name: &Candidate, newest_by: NewestBy) -> Option<String> {
    let word = match newest_by {
        NewestBy::ModifiedTime => "modified_time",
        NewestBy::Name => "name",
    };
    // Two of the same instant are told apart by name, so they don't contradict.
    (by_time.modified_at != by_name.modified_at).then(|| {
        format!(
            "the newest by modification time is {} ({}), the newest by name is {} ({}); newest_by: {word} decided",
            by_time.id, by_time.modified_at, by_name.id, by_name.modified_at
        )
    })
}

/// Modification times of the candidates from which nobody could recover: passed over, unfinished by their name, or of
/// fewer bytes than `least`. Newest first, at most 1,000.
pub fn unusable(listing: &[Candidate], passed_over: &[SkippedCandidate], least: u64) -> Vec<Timestamp> {
    let is_passed_over = |id: &str| passed_over.iter().any(|skipped| skipped.id == id);
    newest_times(listing.iter().filter(|candidate| {
        candidate.size_bytes < least || is_unfinished(&candidate.id) || is_passed_over(&candidate.id)
    }))
}

fn newest_times<'a>(candidates: impl Iterator<Item = &'a Candidate>) -> Vec<Timestamp> {
    let mut times: Vec<Timestamp> = candidates.map(|candidate| candidate.modified_at).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    times.truncate(MOST_TIMES);
    times
}

/// Keeps the newest of an endless listing, by either order, in bounded memory.
#[derive(Debug, Default)]
pub struct Newest {
    kept: Vec<Candidate>,
    forgotten: u64,
}

impl Newest {
    /// Kept by each order; twice as many are held before the older half is let go.
    const KEEP: usize = 5000;

    /// Takes one more.
    pub fn push(&mut self, candidate: Candidate) {
        self.kept.push(candidate);
        if self.kept.len() >= 4 * Self::KEEP {
            self.let_go();
        }
    }

    fn let_go(&mut self) {
        let before = self.kept.len();
        self.kept.sort_unstable_by(|a, b| (b.modified_at, &b.id).cmp(&(a.modified_at, &a.id)));
        let mut by_name = self.kept.split_off(Self::KEEP);
        by_name.sort_unstable_by(|a, b| b.id.cmp(&a.id));
        by_name.truncate(Self::KEEP);
        self.kept.append(&mut by_name);
        self.forgotten += (before - self.kept.len()) as u64;
    }

    /// What was kept, and how many older ones were let go.
    pub fn into_kept(self) -> (Vec<Candidate>, u64) {
        (self.kept, self.forgotten)
    }
}

/// `; passed over: a.partial (unfinished name), …`, or nothing.
pub(super) fn spell_out(passed_over: &[SkippedCandidate]) -> String {
    if passed_over.is_empty() {
        return String::new();
    }
    let some: Vec<String> =
        passed_over.iter().take(5).map(|skipped| format!("{} ({})", skipped.id, why(skipped.why))).collect();
    let more = passed_over.len().saturating_sub(some.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("; passed over: {}{more}", some.join(", "))
}

fn why(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::StillBeingWritten => "still being written",
        SkipReason::UnfinishedName => "an unfinished file's name",
        SkipReason::NotARegularFile => "not a regular file below the roots",
        SkipReason::Vanished => "vanished",
        SkipReason::NotAvailable => "not available",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, size_bytes: u64, hour: i64) -> Candidate {
        Candidate {
            id: id.to_owned(),
            size_bytes,
            modified_at: Timestamp::new(1_795_000_000 + hour * 3600, 0).unwrap(),
            multipart: false,
        }
    }

    fn newest(listing: &[Candidate], newest_by: NewestBy) -> Choice {
        choose(listing, &[], newest_by, &Select::Newest)
    }

    fn id(choice: &Choice) -> Option<&str> {
        choice.chosen.as_ref().map(|candidate| candidate.id.as_str())
    }

    #[test]
    fn c6_an_empty_newest_is_chosen_and_not_passed_over() {
        let choice = newest(&[candidate("a", 100, 1), candidate("b", 0, 2)], NewestBy::ModifiedTime);
        assert_eq!(id(&choice), Some("b"));
        assert_eq!((choice.skipped, choice.warnings), (vec![], vec![]));
    }

    #[test]
    fn c10_newest_by_name_and_by_time_are_both_told_where_they_differ() {
        let listing = [candidate("2026-11-20", 1, 9), candidate("2026-11-21", 1, 3)];
        let by_time = newest(&listing, NewestBy::ModifiedTime);
        let by_name = newest(&listing, NewestBy::Name);
        assert_eq!((id(&by_time), id(&by_name)), (Some("2026-11-20"), Some("2026-11-21")));
        for choice in [by_time, by_name] {
            let [warning] = choice.warnings.as_slice() else { panic!("{:?}", choice.warnings) };
            assert!(warning.contains("2026-11-20") && warning.contains("2026-11-21"), "{warning}");
        }
    }

    #[test]
    fn of_two_of_the_same_instant_the_larger_name_is_newer_and_nothing_is_warned() {
        let choice = newest(&[candidate("b", 1, 1), candidate("a", 1, 1)], NewestBy::ModifiedTime);
        assert_eq!((id(&choice), choice.warnings.len()), (Some("b"), 0));
    }

    #[test]
    fn unfinished_names_are_passed_over_and_told_if_they_are_newer() {
        let listing = [
            candidate("old.dump.tmp", 1, 0),
            candidate("a.dump", 1, 1),
            candidate("b.dump.partial", 1, 2),
            candidate("C.INPROGRESS", 1, 3),
        ];
        let choice = newest(&listing, NewestBy::ModifiedTime);
        assert_eq!(id(&choice), Some("a.dump"));
        let skipped: Vec<&str> = choice.skipped.iter().map(|skipped| skipped.id.as_str()).collect();
        assert_eq!(skipped, ["b.dump.partial", "C.INPROGRESS"]);
        assert_eq!(choice.times.len(), 4);
        assert!(choice.times.is_sorted_by(|a, b| a >= b));
        assert_eq!(id(&newest(&listing[2..], NewestBy::ModifiedTime)), None);
    }

    #[test]
    fn nobody_recovers_from_what_is_unfinished_too_small_or_passed_over() {
        let listing = [
            candidate("a.dump", 100, 1),
            candidate("b.dump.partial", 100, 2),
            candidate("c.dump", 0, 3),
            candidate("d.dump", 99, 4),
            candidate("e.dump", 100, 5),
            candidate("f.dump", 100, 6),
        ];
        let passed = [SkippedCandidate { id: "e.dump".into(), why: SkipReason::StillBeingWritten }];
        let times = |of: &[usize]| of.iter().map(|n| listing[*n].modified_at).collect::<Vec<_>>();
        assert_eq!(unusable(&listing, &passed, 100), times(&[4, 3, 2, 1]));
        assert_eq!(unusable(&listing, &[], 0), times(&[1]));
    }

    #[test]
    fn what_was_passed_over_before_is_not_chosen_again() {
        let listing = [candidate("a", 1, 1), candidate("b", 1, 2)];
        let passed = [SkippedCandidate { id: "b".into(), why: SkipReason::StillBeingWritten }];
        let choice = choose(&listing, &passed, NewestBy::ModifiedTime, &Select::Newest);
        assert_eq!((id(&choice), choice.skipped.as_slice()), (Some("a"), passed.as_slice()));
    }

    #[test]
    fn a_backup_asked_for_by_name_is_chosen_whatever_its_name() {
        let listing = [candidate("a.partial", 1, 1), candidate("b", 1, 2)];
        let by_id = |id: &str| choose(&listing, &[], NewestBy::ModifiedTime, &Select::Id(id.into()));
        assert_eq!(id(&by_id("a.partial")), Some("a.partial"));
        assert_eq!(id(&by_id("c")), None);
    }

    #[test]
    fn a_huge_listing_keeps_the_newest_by_time_and_by_name() {
        let mut newest = Newest::default();
        for n in 0..100_000_i64 {
            newest.push(candidate(&format!("{n:06}"), 1, (n * 7919) % 100_000));
        }
        let (kept, forgotten) = newest.into_kept();
        assert!(kept.len() <= 4 * Newest::KEEP);
        assert_eq!(kept.len() as u64 + forgotten, 100_000);
        assert!(kept.iter().any(|c| c.id == "099999"), "the newest by name");
        let newest_time = candidate("", 0, 99_999).modified_at;
        assert!(kept.iter().any(|c| c.modified_at == newest_time), "the newest by time");
    }
}
