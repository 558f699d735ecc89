//! From a run's claim to its verdict, each step all or nothing.

use drillyard::error::Explain;
use drillyard::model::{CleanUp, Event, Reason, Verdict, Watermark};
use drillyard::record::Journal;
use drillyard::store::{Channel, ClaimError, Fault, KeptSandbox, OutboxEntry, StoreError};

use crate::scene::{Scene, by_hand, drill, failed, instant, new_run, scheduled, warning};

fn fault<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Fault {
    result.unwrap_err().fault
}

fn message(id: &str) -> OutboxEntry {
    OutboxEntry {
        channel: Channel::Mail,
        recipient: "sre@example.org".to_owned(),
        message_id: id.to_owned(),
        body: "orders failed".to_owned(),
        short_body: None,
        fallback: Vec::new(),
        topic: None,
        stands_for: 1,
        not_before: instant("2026-11-21T03:01:00Z"),
    }
}

#[tokio::test]
async fn a_run_is_remembered_as_it_was_told() {
    let scene = Scene::new();
    let claim = by_hand(new_run());
    let lease = scene.store.claim(claim.clone()).await.unwrap();
    let begun = scene.store.summary(claim.run).await.unwrap().unwrap();
    assert_eq!((begun.verdict, begun.started_at), (None, claim.started_at));

    scene.store.append(claim.run, &[warning(1), warning(2)]).await.unwrap();
    scene.store.finish(failed(&claim), &[warning(3)], &[]).await.unwrap();
    drop(lease);

    assert_eq!(scene.store.summary(claim.run).await.unwrap(), Some(failed(&claim)));
    let told = [claim.opening, warning(1), warning(2), warning(3)];
    assert_eq!(scene.store.events(claim.run).await.unwrap(), told);
    assert_eq!(scene.locks(), 0);
}

#[tokio::test]
async fn an_occurrence_is_claimed_once() {
    let scene = Scene::new();
    let (first, second) = (new_run(), new_run());
    let _lease = scene.store.claim(scheduled(first, 1)).await.unwrap();
    let again = scene.store.claim(scheduled(second, 1)).await.unwrap_err();
    assert!(matches!(again, ClaimError::AlreadyClaimed(_)), "{again}");
    assert_eq!(scene.store.summary(second).await.unwrap(), None);
    assert_eq!(scene.locks(), 1, "the lock of the refused run is gone");
}

#[tokio::test]
async fn a_retry_is_the_next_attempt_at_the_same_occurrence() {
    let scene = Scene::new();
    let first = scheduled(new_run(), 1);
    drop(scene.store.claim(first.clone()).await.unwrap());
    scene.store.finish(failed(&first), &[], &[]).await.unwrap();

    let skipped = scene.store.claim(scheduled(new_run(), 3)).await.unwrap_err();
    assert!(matches!(skipped, ClaimError::AlreadyClaimed(_)));
    let _second = scene.store.claim(scheduled(new_run(), 2)).await.unwrap();
    let twice = scene.store.claim(scheduled(new_run(), 2)).await.unwrap_err();
    assert!(matches!(twice, ClaimError::AlreadyClaimed(_)));
    assert_eq!((scene.count("occurrences"), scene.count("runs")), (1, 2));
}

#[tokio::test]
async fn a1_run_occurrence_watermark_and_first_event_come_together_or_not_at_all() {
    for table in ["runs", "occurrences", "watermarks", "events"] {
        let scene = Scene::new();
        scene.refuse_inserts_into(table);
        let refused = scene.store.claim(scheduled(new_run(), 1)).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::StoreFailed, "{table}");
        let left = ["runs", "occurrences", "watermarks", "events"].map(|table| scene.count(table));
        assert_eq!(left, [0, 0, 0, 0], "{table}");
        assert_eq!(scene.locks(), 0, "{table}");

        scene.sql().execute_batch("DROP TRIGGER broken").unwrap();
        let _lease = scene.store.claim(scheduled(new_run(), 1)).await.unwrap();
        let watermark = scene.store.watermark(&drill("orders")).await.unwrap().unwrap();
        assert_eq!(watermark.scheduled_at, instant("2026-11-21T03:00:00Z"), "{table}");
    }
}

#[tokio::test]
async fn the_watermark_never_moves_back_and_a_run_by_hand_leaves_it() {
    let scene = Scene::new();
    let _by_hand = scene.store.claim(by_hand(new_run())).await.unwrap();
    assert_eq!(scene.store.watermark(&drill("orders")).await.unwrap(), None);
    let _newer = scene.store.claim(scheduled(new_run(), 1)).await.unwrap();
    let mut older = scheduled(new_run(), 1);
    older.occurrence.as_mut().unwrap().scheduled_at = instant("2026-11-20T03:00:00Z");
    let _older = scene.store.claim(older).await.unwrap();
    let watermark = scene.store.watermark(&drill("orders")).await.unwrap().unwrap();
    assert_eq!(watermark.scheduled_at, instant("2026-11-21T03:00:00Z"));
}

#[tokio::test]
async fn a_watermark_keeps_its_calendar_through_claims_until_another_one_is_told() {
    let scene = Scene::new();
    let orders = drill("orders");
    let of = |at: &str, calendar: &str| Watermark {
        scheduled_at: instant(at),
        calendar: Some(calendar.to_owned()),
    };
    let nightly = of("2026-11-20T12:00:00Z", "0 3 * * * UTC");
    scene.store.advance_watermark(&orders, nightly.clone()).await.unwrap();
    assert_eq!(scene.store.watermark(&orders).await.unwrap(), Some(nightly));
    let _lease = scene.store.claim(scheduled(new_run(), 1)).await.unwrap();
    let claimed = of("2026-11-21T03:00:00Z", "0 3 * * * UTC");
    assert_eq!(scene.store.watermark(&orders).await.unwrap(), Some(claimed));
    scene.store.advance_watermark(&orders, of("2026-11-20T00:00:00Z", "0 4 * * * UTC")).await.unwrap();
    let changed = of("2026-11-21T03:00:00Z", "0 4 * * * UTC");
    assert_eq!(scene.store.watermark(&orders).await.unwrap(), Some(changed), "and it never goes back");
}

#[tokio::test]
async fn nothing_is_added_to_a_run_after_its_verdict() {
    let scene = Scene::new();
    let claim = by_hand(new_run());
    let run = claim.run;
    let _lease = scene.store.claim(claim.clone()).await.unwrap();
    scene.store.finish(failed(&claim), &[], &[]).await.unwrap();

    assert_eq!(fault(scene.store.append(run, &[warning(1)]).await), Fault::Finished { run });
    assert_eq!(fault(scene.store.finish(failed(&claim), &[], &[]).await), Fault::Finished { run });
    assert!(
        Journal::append(&scene.store, run, &[warning(1)]).await.unwrap_err().message.contains("has ended")
    );
    for sql in ["UPDATE runs SET verdict = 'passed'", "UPDATE events SET body = '{}'"] {
        assert!(scene.sql().execute(sql, []).is_err(), "the file itself refuses `{sql}`");
    }
    assert_eq!(scene.store.events(run).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_event_that_is_there_already_is_taken_and_another_one_of_its_number_is_not() {
    let scene = Scene::new();
    let run = new_run();
    let _lease = scene.store.claim(by_hand(run)).await.unwrap();
    scene.store.append(run, &[warning(1)]).await.unwrap();
    scene.store.append(run, &[warning(1), warning(2)]).await.unwrap();
    assert_eq!(scene.store.events(run).await.unwrap()[1..], [warning(1), warning(2)]);
    let other = Event { fact: warning(7).fact, ..warning(2) };
    assert_eq!(fault(scene.store.append(run, &[other]).await), Fault::Gap { run, expected: 3, found: 2 });
    assert_eq!(scene.store.events(run).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_gap_between_events_is_refused_with_everything_that_came_along() {
    let scene = Scene::new();
    let run = new_run();
    let _lease = scene.store.claim(by_hand(run)).await.unwrap();
    let gap = scene.store.append(run, &[warning(1), warning(3)]).await;
    assert_eq!(fault(gap), Fault::Gap { run, expected: 2, found: 3 });
    let twice = scene.store.append(run, &[warning(0)]).await;
    assert_eq!(fault(twice), Fault::Gap { run, expected: 1, found: 0 });
    assert_eq!(scene.store.events(run).await.unwrap().len(), 1);

    let stranger = new_run();
    assert_eq!(fault(scene.store.append(stranger, &[warning(0)]).await), Fault::UnknownRun { run: stranger });
}

#[tokio::test]
async fn a8_a_verdict_and_the_messages_about_it_are_one_transaction() {
    let scene = Scene::new();
    let claim = by_hand(new_run());
    let run = claim.run;
    let _lease = scene.store.claim(claim.clone()).await.unwrap();
    scene.refuse_inserts_into("outbox");
    scene.store.finish(failed(&claim), &[warning(1)], &[message("<1@drillyard>")]).await.unwrap_err();
    assert_eq!(
        scene.store.summary(run).await.unwrap().unwrap().verdict,
        None,
        "no verdict without its message"
    );
    assert_eq!((scene.store.events(run).await.unwrap().len(), scene.count("outbox")), (1, 0));

    scene.sql().execute_batch("DROP TRIGGER broken").unwrap();
    let twins = [message("<1@drillyard>"), message("<1@drillyard>")];
    scene.store.finish(failed(&claim), &[warning(1)], &twins).await.unwrap();
    assert_eq!(scene.store.summary(run).await.unwrap().unwrap().verdict, Some(Verdict::Failed));
    assert_eq!(scene.store.outbox_due(instant("2026-11-21T03:00:59Z"), 10).await.unwrap(), []);
    let due = scene.store.outbox_due(instant("2026-11-21T03:01:00Z"), 10).await.unwrap();
    assert_eq!((due.len(), &due[0].entry, due[0].run), (1, &message("<1@drillyard>"), Some(run)));

    scene.store.outbox_failed(due[0].id, instant("2026-11-21T04:00:00Z"), "451 later").await.unwrap();
    assert_eq!(scene.store.outbox_due(instant("2026-11-21T03:30:00Z"), 10).await.unwrap(), []);
    let again = scene.store.outbox_due(instant("2026-11-21T05:00:00Z"), 10).await.unwrap();
    assert_eq!(again[0].attempts, 1);
    scene.store.outbox_sent(again[0].id, instant("2026-11-21T05:00:01Z")).await.unwrap();
    assert_eq!(scene.store.outbox_due(instant("2027-01-01T00:00:00Z"), 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_run_without_a_verdict_cannot_end() {
    let scene = Scene::new();
    let claim = by_hand(new_run());
    let _lease = scene.store.claim(claim.clone()).await.unwrap();
    let mut endless = failed(&claim);
    endless.verdict = None;
    assert_eq!(fault(scene.store.finish(endless, &[], &[]).await), Fault::NoVerdict { run: claim.run });
}

#[tokio::test]
async fn a10_a_late_clean_up_is_added_and_the_list_shows_it() {
    let scene = Scene::new();
    let claim = by_hand(new_run());
    let run = claim.run;
    let _lease = scene.store.claim(claim.clone()).await.unwrap();
    scene.store.finish(failed(&claim), &[], &[]).await.unwrap();
    assert!(scene.store.summary(run).await.unwrap().unwrap().leaked);

    let found = |leftovers: &[&str]| CleanUp {
        proven: leftovers.is_empty(),
        leftovers: leftovers.iter().map(ToString::to_string).collect(),
        kept: Vec::new(),
        late: true,
    };
    let sweeps = [("2026-11-21T04:00:00Z", found(&["container x"])), ("2026-11-21T05:00:00Z", found(&[]))];
    for ((at, found), leaked) in sweeps.iter().zip([true, false]) {
        scene.store.note_late_cleanup(run, instant(at), found).await.unwrap();
        assert_eq!(scene.store.summary(run).await.unwrap().unwrap().leaked, leaked);
    }
    let cleanups = scene.store.cleanups(run).await.unwrap();
    assert_eq!(
        cleanups.iter().map(|cleanup| &cleanup.found).collect::<Vec<_>>(),
        [&sweeps[0].1, &sweeps[1].1]
    );
    assert_eq!(cleanups[0].at, instant("2026-11-21T04:00:00Z"));
}

#[tokio::test]
async fn what_is_kept_is_listed_until_it_is_forgotten() {
    let scene = Scene::new();
    let run = new_run();
    let _lease = scene.store.claim(by_hand(run)).await.unwrap();
    let until = |text| KeptSandbox { run, container: "drillyard-x".to_owned(), until: instant(text) };
    scene.store.keep(until("2026-11-21T04:00:00Z")).await.unwrap();
    scene.store.keep(until("2026-11-21T06:00:00Z")).await.unwrap();
    assert_eq!(scene.store.kept().await.unwrap(), [until("2026-11-21T06:00:00Z")]);
    scene.store.forget_kept(run).await.unwrap();
    assert_eq!(scene.store.kept().await.unwrap(), []);
}
