//! The rules of verdicts and clocks, each on a run that differs from a good one in one thing.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

#[path = "support/story.rs"]
mod story;

use std::time::Duration;

use drillyard::model::event::RestoreErrorClass::{Fatal, Harmless};
use drillyard::model::{
    Effect, EffectKind, Fact, Integrity, Milestone, Outcome, Phase, Reason, RtoUntil, Verdict,
};
use drillyard::record::{Clocks, Conclusion, RunSummary};
use story::{Story, at, but, fresh, rows};

fn judged(story: &Story) -> (Verdict, Option<Reason>) {
    let (_, conclusion) = story.concluded();
    (conclusion.verdict, conclusion.reason)
}

fn clocks(story: &Story) -> Clocks {
    Clocks::of(&story.record())
}

fn failed_rows() -> Fact {
    story::finding(but(rows("12"), Outcome::Failed, Reason::CheckFailed, None))
}

fn is_finding(name: &'static str) -> impl Fn(&Fact) -> bool {
    move |fact| matches!(fact, Fact::CheckFinished(finding) if finding.name == name)
}

/// A good run in which the `rows` check found too few.
fn too_few_rows() -> Story {
    Story::passed().without(is_finding("rows public.orders")).fact(38_300, failed_rows())
}

#[test]
fn a_run_with_evidence_for_everything_passes() {
    let (record, conclusion) = Story::passed().concluded();
    assert_eq!((conclusion.verdict, conclusion.reason), (Verdict::Passed, None));
    assert_eq!(conclusion.integrity, Integrity::Plausible);
    assert!(conclusion.is_proof(&record));
}

#[test]
fn a_run_that_only_began_has_not_earned_a_verdict_about_the_backup() {
    for story in [Story::begun(), Story::begun().located(), Story::restored()] {
        assert_eq!(judged(&story), (Verdict::Errored, Some(Reason::Internal)));
    }
}

#[test]
fn a_check_without_a_finding_is_no_pass() {
    for check in ["rows public.orders", "fresh public.orders.created_at", "foreign_keys"] {
        assert_eq!(
            judged(&Story::passed().without(is_finding(check))),
            (Verdict::Errored, Some(Reason::Internal))
        );
    }
}

#[test]
fn e6_a_drill_without_checks_never_passes() {
    let story = Story::passed().with(|opening| opening.checks.clear());
    assert_eq!(judged(&story), (Verdict::Errored, Some(Reason::Internal)));
}

#[test]
fn a_phase_without_a_good_end_is_no_pass() {
    for wanted in
        [Phase::Locate, Phase::Fetch, Phase::Provision, Phase::Restore, Phase::Analyze, Phase::Verify]
    {
        let is_end = |fact: &Fact| matches!(fact, Fact::PhaseEnded { phase, .. } if *phase == wanted);
        let unended = Story::passed().without(is_end);
        assert_eq!(judged(&unended).0, Verdict::Errored, "{wanted} has no end");
        let failed = unended.fact(
            41_150,
            Fact::PhaseEnded { phase: wanted, succeeded: false, bytes: None, waited_for: None },
        );
        assert_eq!(judged(&failed).0, Verdict::Errored, "{wanted} ended badly");
    }
}

#[test]
fn a_leak_is_a_mark_and_changes_no_verdict() {
    let left =
        drillyard::model::CleanUp { proven: false, leftovers: vec!["container x".into()], ..story::clean() };
    for planned in [false, true] {
        let story = Story::restored()
            .verified()
            .failed_phase(Phase::Teardown, 41_200, 50_000)
            .fact(50_000, Fact::CleanedUp(left.clone()))
            .with(|opening| opening.phases.extend(planned.then_some(Phase::Teardown)));
        let (record, conclusion) = story.concluded();
        assert_eq!(conclusion.verdict, Verdict::Passed);
        assert!(record.leaked() && RunSummary::of(&record, &conclusion).leaked);
    }
}

#[test]
fn what_is_kept_on_purpose_is_no_leak() {
    let story = Story::passed().fact(43_000, Fact::CleanedUp(story::kept()));
    assert!(!story.record().leaked());
}

#[test]
fn a_run_that_could_not_look_is_a_leak() {
    let blind = drillyard::model::CleanUp { proven: false, ..story::clean() };
    assert!(Story::passed().fact(43_000, Fact::CleanedUp(blind)).record().leaked());
}

#[test]
fn a_check_that_asks_for_too_much_memory_hides_no_failed_one_and_a_lost_sandbox_does() {
    let with = |reason| {
        let fresh = but(fresh(), Outcome::Errored, reason, None);
        too_few_rows()
            .without(is_finding("fresh public.orders.created_at"))
            .fact(38_500, story::finding(fresh))
    };
    assert_eq!(judged(&with(Reason::SandboxOutOfMemory)), (Verdict::Failed, Some(Reason::CheckFailed)));
    assert_eq!(judged(&with(Reason::SandboxLost)), (Verdict::Errored, Some(Reason::SandboxLost)));
    // Where the sandbox itself ran out of it, the run has stopped for that.
    let stopped =
        with(Reason::SandboxLost).stopped(38_600, Reason::SandboxOutOfMemory, Phase::Verify, "", None);
    assert_eq!(judged(&stopped), (Verdict::Errored, Some(Reason::SandboxOutOfMemory)));
}

#[test]
fn the_reason_is_the_first_in_phase_order() {
    let gone = but(fresh(), Outcome::Failed, Reason::ObjectMissing, None);
    // The second check ends first; the first in the drill's order gives the reason all the same.
    let story = too_few_rows()
        .without(is_finding("fresh public.orders.created_at"))
        .fact(38_100, story::finding(gone));
    assert_eq!(judged(&story), (Verdict::Failed, Some(Reason::CheckFailed)));
    // The restore comes before the checks.
    let truncated = too_few_rows().stopped(35_000, Reason::Truncated, Phase::Restore, "", None);
    assert_eq!(judged(&truncated), (Verdict::Failed, Some(Reason::Truncated)));
    // A rollback comes after them.
    let rollback = too_few_rows().stopped(41_190, Reason::RollbackFailed, Phase::Rehearse, "", None);
    assert_eq!(judged(&rollback), (Verdict::Failed, Some(Reason::CheckFailed)));
    // Objectives come last.
    let late = too_few_rows().with(|opening| opening.objectives.rto = Some(Duration::from_secs(1)));
    assert_eq!(judged(&late), (Verdict::Failed, Some(Reason::CheckFailed)));
}

#[test]
fn failed_and_errored_checks_together_are_failed() {
    let invalid = but(fresh(), Outcome::Errored, Reason::CheckInvalid, None);
    let story = too_few_rows()
        .without(is_finding("fresh public.orders.created_at"))
        .fact(38_100, story::finding(invalid));
    assert_eq!(judged(&story), (Verdict::Failed, Some(Reason::CheckFailed)));
}

#[test]
fn an_errored_check_alone_is_errored() {
    let invalid = but(rows("?"), Outcome::Errored, Reason::CheckInvalid, None);
    let story =
        Story::passed().without(is_finding("rows public.orders")).fact(38_300, story::finding(invalid));
    assert_eq!(judged(&story), (Verdict::Errored, Some(Reason::CheckInvalid)));
}

#[test]
fn trouble_after_a_failed_check_does_not_take_the_finding_back() {
    for reason in [Reason::EngineUnreachable, Reason::Timeout, Reason::DiskFull, Reason::Internal] {
        let story = too_few_rows().stopped(40_000, reason, Phase::Verify, "", None);
        assert_eq!(judged(&story), (Verdict::Failed, Some(Reason::CheckFailed)), "{reason}");
    }
}

#[test]
fn a_lost_sandbox_takes_every_answer_back() {
    for reason in [Reason::SandboxLost, Reason::SandboxOutOfMemory] {
        let stopped = too_few_rows().stopped(40_000, reason, Phase::Verify, "", None);
        assert_eq!(judged(&stopped), (Verdict::Errored, Some(reason)));
    }
}

#[test]
fn evidence_that_could_not_be_written_changes_the_verdict() {
    let story = Story::passed().stopped(41_190, Reason::StoreFailed, Phase::Verify, "", None);
    assert_eq!(judged(&story), (Verdict::Errored, Some(Reason::StoreFailed)));
}

#[test]
fn a_person_or_a_lost_process_ends_a_run_whatever_it_had_found() {
    for (reason, verdict) in [
        (Reason::ByPerson, Verdict::Cancelled),
        (Reason::Shutdown, Verdict::Cancelled),
        (Reason::ProcessLost, Verdict::Aborted),
        (Reason::DaemonLost, Verdict::Aborted),
    ] {
        assert_eq!(
            judged(&too_few_rows().stopped(40_000, reason, Phase::Verify, "", None)),
            (verdict, Some(reason))
        );
    }
}

#[test]
fn every_reason_gives_the_verdict_that_it_belongs_to() {
    for reason in Reason::ALL {
        let story = Story::begun().located().stopped(6000, *reason, Phase::Restore, "what was found", None);
        let (_, conclusion) = story.concluded();
        assert_eq!((conclusion.verdict, conclusion.reason), (reason.verdict(), Some(*reason)));
        assert!(
            conclusion.sentence.starts_with("orders: ") && conclusion.sentence.ends_with('.'),
            "{}",
            conclusion.sentence
        );
        assert_eq!(conclusion.integrity, Integrity::Unknown);
    }
}

#[test]
fn harmless_restore_errors_are_no_failure() {
    let harmless =
        story::restore_errors("42P06", "SCHEMA public", "exists", 1, Harmless("always there".into()));
    assert_eq!(judged(&Story::passed().fact(30_000, harmless)).0, Verdict::Passed);
}

#[test]
fn a_fatal_restore_error_gives_its_own_reason_even_if_nobody_stopped() {
    for (reason, verdict) in
        [(Reason::RestoreFailed, Verdict::Failed), (Reason::ExtensionMissing, Verdict::Errored)]
    {
        let fatal = story::restore_errors("23505", "CONSTRAINT x", "", 1, Fatal(reason));
        assert_eq!(judged(&Story::passed().fact(30_000, fatal)), (verdict, Some(reason)));
    }
}

#[test]
fn errors_of_a_first_restore_do_not_count_for_the_second() {
    let fatal = story::restore_errors("57P01", "TABLE x", "", 1, Fatal(Reason::RestoreFailed));
    let story = Story::passed()
        .fact(5300, fatal)
        .fact(5400, Fact::RestoreRepeated { detail: "no progress for 60 s".into() });
    assert_eq!(judged(&story), (Verdict::Passed, None));
}

#[test]
fn a_missed_recovery_time_is_judged_by_the_chosen_clock() {
    let within = |seconds, until| {
        Story::passed().with(|opening| {
            opening.objectives.rto = Some(Duration::from_secs(seconds));
            opening.objectives.rto_until = until;
        })
    };
    assert_eq!(judged(&within(40, RtoUntil::Verified)), (Verdict::Failed, Some(Reason::RtoMissed)));
    assert_eq!(judged(&within(40, RtoUntil::Restored)), (Verdict::Passed, None));
    assert_eq!(judged(&within(37, RtoUntil::Restored)), (Verdict::Failed, Some(Reason::RtoMissed)));
    assert_eq!(within(40, RtoUntil::Verified).concluded().1.integrity, Integrity::Plausible);
}

#[test]
fn an_objective_counts_as_met_at_the_very_second() {
    let at_most = |rto: u64| Story::passed().with(|o| o.objectives.rto = Some(Duration::from_millis(rto)));
    assert_eq!(judged(&at_most(41_200)), (Verdict::Passed, None));
    assert_eq!(judged(&at_most(41_199)), (Verdict::Failed, Some(Reason::RtoMissed)));
}

#[test]
fn what_has_no_objective_is_measured_and_not_judged() {
    let story = Story::passed().with(|opening| {
        opening.objectives.rto = None;
        opening.objectives.rpo = None;
    });
    let clocks = clocks(&story);
    assert_eq!(clocks.time_to_verified.value, Some(Duration::from_millis(41_200)));
    assert_eq!((clocks.time_to_verified.met(), clocks.recovery_point_age.met()), (None, None));
    assert_eq!(judged(&story), (Verdict::Passed, None));
}

/// Good but for its recovery point, which nothing tells.
fn untold() -> Story {
    Story::passed()
        .reading(|read| (read.started_at, read.started_at_note) = (None, None))
        .finding(|finding| finding.newest_row_age_seconds = None)
}

#[test]
fn unknown_never_meets_an_objective() {
    assert_eq!(judged(&untold()), (Verdict::Failed, Some(Reason::RpoNotProvable)));
    let clock = clocks(&untold()).recovery_point_age;
    assert_eq!((clock.value, clock.met()), (None, Some(false)));
    assert!(clock.basis.contains("give backup.dump_time_zone"), "{}", clock.basis);
    let unasked = untold().without(is_finding("fresh public.orders.created_at"));
    let clock = clocks(&unasked).recovery_point_age;
    assert!(clock.basis.contains("give the drill a `fresh` check"), "{}", clock.basis);
}

#[test]
fn rows_of_an_unknown_zone_prove_no_recovery_point() {
    // As `fresh` answers on a column without a zone: passed, and no age.
    let (_, conclusion) = untold().concluded();
    assert_eq!((conclusion.verdict, conclusion.reason), (Verdict::Failed, Some(Reason::RpoNotProvable)));
    assert_eq!(conclusion.clocks.data_age.value, None);
    assert!(
        conclusion.clocks.data_age.basis.contains("has no time zone"),
        "{}",
        conclusion.clocks.data_age.basis
    );
}

#[test]
fn the_best_basis_of_the_recovery_point_wins() {
    let basis = |story: &Story| clocks(story).recovery_point_age.basis;
    assert_eq!(basis(&Story::passed()), "archive_header");
    let headless = Story::passed().reading(|read| read.started_at = None);
    assert_eq!(basis(&headless), "newest_row");
    assert_eq!(
        basis(&untold().with(|opening| opening.objectives.modified_time_allowed = true)),
        "modified_time"
    );
    // A dump that begins after the run is a contradiction, not an age.
    let future = Story::passed().reading(|read| read.started_at = Some(at("2026-11-21T04:00:00Z")));
    assert_eq!(basis(&future), "newest_row");
}

#[test]
fn a_recovery_point_that_is_too_old_is_missed() {
    let story = Story::passed().with(|opening| opening.objectives.rpo = Some(Duration::from_secs(3599)));
    assert_eq!(judged(&story), (Verdict::Failed, Some(Reason::RpoMissed)));
    assert!(story.concluded().1.sentence.contains("1 h 0 min old"), "{}", story.concluded().1.sentence);
}

#[test]
fn a_drill_right_after_the_dump_does_not_hide_a_gap_between_backups() {
    let story = Story::passed().with(|opening| opening.objectives.rpo = Some(Duration::from_hours(24)));
    assert_eq!(clocks(&story).recovery_point_age.met(), Some(true));
    assert_eq!(judged(&story), (Verdict::Failed, Some(Reason::RpoMissed)));
    assert!(story.concluded().1.sentence.contains("apart"), "{}", story.concluded().1.sentence);
}

#[test]
fn a_backup_that_a_person_chose_is_not_judged_on_the_recovery_point_and_proves_nothing() {
    let story = Story::passed()
        .choosing(|chosen| chosen.chosen_by_hand = true)
        .with(|opening| opening.objectives.rpo = Some(Duration::from_secs(1)));
    let (record, conclusion) = story.concluded();
    assert_eq!(conclusion.verdict, Verdict::Passed);
    assert_eq!(conclusion.clocks.recovery_point_age.met(), None);
    assert_eq!(conclusion.clocks.worst_exposure.met(), None);
    assert!(!conclusion.is_proof(&record));
}

/// The worst exposure of a listing, in whole seconds, and whether it is judged.
fn exposure(listing: &[&str]) -> (Option<u64>, Option<bool>) {
    let story =
        Story::passed().choosing(|chosen| chosen.listing = listing.iter().map(|text| at(text)).collect());
    let clock = clocks(&story).worst_exposure;
    (clock.value.map(|value| value.as_secs()), clock.met())
}

#[test]
fn the_worst_exposure_needs_two_backups() {
    assert_eq!(exposure(&[]), (None, None));
    assert_eq!(exposure(&["2026-11-21T02:33:10Z"]), (None, None));
}

#[test]
fn the_worst_exposure_is_the_largest_gap_and_the_dumps_length() {
    const DUMP: u64 = 190;
    let day = 86_400;
    assert_eq!(exposure(&["2026-11-21T02:33:10Z", "2026-11-20T02:33:10Z"]), (Some(day + DUMP), Some(true)));
    let gap =
        ["2026-11-21T02:33:10Z", "2026-11-20T02:33:10Z", "2026-11-18T02:33:10Z", "2026-11-17T02:33:10Z"];
    assert_eq!(exposure(&gap), (Some(2 * day + DUMP), Some(false)));
    let shuffled = [gap[2], gap[0], gap[3], gap[1]];
    assert_eq!(exposure(&shuffled), exposure(&gap));
}

#[test]
fn gaps_before_the_window_do_not_count_but_the_newest_always_does() {
    let old =
        ["2026-11-21T02:33:10Z", "2026-11-20T02:33:10Z", "2026-11-10T02:33:10Z", "2026-10-01T02:33:10Z"];
    // The gap from the 10th to the 20th ends inside the window of 7 days, the one before it does not.
    assert_eq!(exposure(&old).0, Some(10 * 86_400 + 190));
    let dead = ["2026-10-21T02:33:10Z", "2026-10-20T02:33:10Z", "2026-10-01T02:33:10Z"];
    assert_eq!(exposure(&dead).0, Some(86_400 + 190));
}

#[test]
fn what_nobody_could_recover_from_is_no_recovery_point() {
    // A dump a night, and at 14:00 one that was broken off.
    let nights = ["2026-11-21T02:33:10Z", "2026-11-20T02:33:10Z"].map(at);
    let broken_off = at("2026-11-20T14:00:00Z");
    let story = |unusable: &[jiff::Timestamp]| {
        let unusable = unusable.to_vec();
        Story::passed()
            .choosing(move |chosen| {
                chosen.listing = vec![nights[0], broken_off, nights[1]];
                chosen.unusable.clone_from(&unusable);
            })
            .with(|opening| opening.objectives.rpo = Some(Duration::from_hours(13)))
    };
    let exposure = |unusable: &[jiff::Timestamp]| {
        let clock = clocks(&story(unusable)).worst_exposure;
        (clock.value.map(|value| value.as_secs()), clock.met())
    };
    assert_eq!(exposure(&[broken_off]), (Some(86_400 + 190), Some(false)));
    assert_eq!(judged(&story(&[broken_off])), (Verdict::Failed, Some(Reason::RpoMissed)));
    assert_eq!(exposure(&[]).1, Some(true), "and three real ones meet it");
    assert_eq!(exposure(&[broken_off, nights[1]]), (None, None), "one is no listing");
}

#[test]
fn a_job_that_has_died_is_exposed_for_as_long_as_it_is_dead() {
    let story = Story::passed()
        .choosing(move |chosen| {
            chosen.candidate.modified_at = at("2026-11-11T02:33:10Z");
            chosen.listing = vec![at("2026-11-11T02:33:10Z"), at("2026-11-10T02:33:10Z")];
        })
        .reading(|read| read.started_at = Some(at("2026-11-11T02:30:00Z")));
    let dead = clocks(&story).worst_exposure;
    assert_eq!(dead.value, clocks(&story).recovery_point_age.value);
    assert_eq!(dead.value.map(|value| value.as_secs() / 86_400), Some(10));
    assert_eq!(dead.basis, "age of the recovery point: no newer backup has come");
    // How old a backup is that a person chose says nothing of the listing.
    let by_hand = story.choosing(|chosen| chosen.chosen_by_hand = true);
    assert_eq!(clocks(&by_hand).worst_exposure.value.map(|value| value.as_secs()), Some(86_400 + 190));
}

#[test]
fn of_an_upload_in_parts_a_dumps_length_is_not_known() {
    let story = Story::passed().choosing(|chosen| chosen.candidate.multipart = true);
    let (whole, parts) = (clocks(&Story::passed()).worst_exposure, clocks(&story).worst_exposure);
    assert_eq!(whole.value, parts.value.map(|value| value + Duration::from_secs(190)));
    assert!(
        parts.basis.ends_with("a dump's length not known (of an upload in parts, S3 tells the beginning)")
    );
}

#[test]
fn pulling_an_image_is_subtracted_where_it_stands_alone() {
    let pulled =
        |from, to| clocks(&Story::passed().phase(Phase::ImagePull, from, to, None)).time_to_verified.value;
    assert_eq!(pulled(2200, 4800), Some(Duration::from_millis(41_200)), "fetch and provision cover it");
    let alone = Story::begun()
        .phase(Phase::Locate, 0, 1000, None)
        .phase(Phase::ImagePull, 1000, 21_000, None)
        .phase(Phase::Provision, 20_000, 22_000, None)
        .fact(30_000, Fact::Reached { milestone: Milestone::Verified });
    assert_eq!(clocks(&alone).time_to_verified.value, Some(Duration::from_secs(11)));
}

#[test]
fn a_clock_is_covered_by_the_union_of_its_phases() {
    let (record, conclusion) = Story::passed().concluded();
    let clock = conclusion.clocks.time_to_verified.value.unwrap().as_secs_f64();
    let end = record.reached(Milestone::Verified).unwrap();
    let millis = |at: drillyard::model::Offset| at.as_micros() / 1000;
    let inside = |moment: u64| {
        record.phases.iter().any(|span| millis(span.start) <= moment && moment < span.end.map_or(0, millis))
    };
    let covered = (0..millis(end)).filter(|moment| inside(*moment)).count();
    #[expect(clippy::cast_precision_loss)]
    let covered = covered as f64 / 1000.0;
    assert!((covered - clock).abs() <= clock / 100.0, "{covered} s of {clock} s");
}

#[test]
fn a_repeated_restore_counts_from_the_same_start_to_its_own_end() {
    let story = Story::passed()
        .fact(60_000, Fact::RestoreRepeated { detail: "no progress".into() })
        .fact(90_000, Fact::Reached { milestone: Milestone::Verified });
    assert_eq!(clocks(&story).time_to_verified.value, Some(Duration::from_secs(90)));
}

#[test]
fn an_effect_is_outstanding_until_it_is_undone() {
    let staging = Effect { kind: EffectKind::Staging, name: "/var/lib/drillyard/staging/x".into() };
    let story = Story::passed().fact(2000, Fact::EffectIntended { effect: staging.clone() });
    assert_eq!(story.record().outstanding, std::slice::from_ref(&staging));
    assert!(story.fact(42_000, Fact::EffectUndone { effect: staging }).record().outstanding.is_empty());
}

#[test]
fn the_same_events_always_give_the_same_conclusion() {
    let events = too_few_rows().events();
    let stored = serde_json::to_string(&events).unwrap();
    let read: Vec<drillyard::model::Event> = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, events);
    let again = drillyard::record::RunRecord::fold(&read).unwrap();
    assert_eq!(Conclusion::of(&again), too_few_rows().concluded().1);
}

#[test]
fn sentences_say_what_a_stranger_needs() {
    for (story, sentence) in [
        (
            Story::passed(),
            "orders is recoverable: restored and verified in 41.2 s to a recovery point 1 h 0 min old; 3 of 3 checks passed.",
        ),
        (
            too_few_rows(),
            "orders: restored, but 1 of 3 checks failed: rows public.orders: expected >= 100000, observed 12.",
        ),
        (
            Story::passed().with(|opening| opening.objectives.rto = Some(Duration::from_secs(30))),
            "orders: recovery took too long: 41.2 s against an objective of 30.0 s.",
        ),
        (
            Story::begun().stopped(100, Reason::NoBackup, Phase::Locate, "/srv holds no *.dump.", None),
            "orders: not recoverable from this backup: there is no backup (/srv holds no *.dump).",
        ),
        (
            Story::begun().stopped(100, Reason::ByPerson, Phase::Locate, "SIGINT", None),
            "orders: the drill was stopped: a person stopped it.",
        ),
    ] {
        assert_eq!(story.concluded().1.sentence, sentence);
    }
}

#[test]
fn durations_are_as_long_as_they_need_to_be() {
    let shown = |millis| drillyard::record::sentence::duration(Duration::from_millis(millis));
    for (millis, text) in [
        (0, "0.00 s"),
        (9_994, "9.99 s"),
        (9_999, "10.0 s"),
        (41_240, "41.2 s"),
        (59_960, "1 min 0 s"),
        (200_000, "3 min 20 s"),
        (11_520_000, "3 h 12 min"),
        (187_200_000, "2 d 4 h"),
    ] {
        assert_eq!(shown(millis), text);
    }
}
