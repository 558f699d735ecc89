//! Messages that wait: whose they are while they are sent, and what becomes of them.

use drillyard::model::{Reason, RunId};
use drillyard::record::RunSummary;
use drillyard::store::{Channel, OutboxClaim, OutboxEntry, Scope};
use jiff::Timestamp;

use crate::scene::{Scene, by_hand, drill, failed, instant, new_run, scheduled};

fn entry(id: &str) -> OutboxEntry {
    OutboxEntry {
        channel: Channel::Mail,
        recipient: "sre@example.org".to_owned(),
        message_id: id.to_owned(),
        body: "orders failed".to_owned(),
        short_body: Some("failed".to_owned()),
        fallback: Vec::new(),
        topic: None,
        stands_for: 1,
        not_before: instant("2026-11-21T03:00:00Z"),
    }
}

fn of_topic(id: &str, stands_for: u32) -> OutboxEntry {
    OutboxEntry { topic: Some("down orders".to_owned()), stands_for, ..entry(id) }
}

fn claim(holder: &str, now: &str, until: &str) -> OutboxClaim {
    OutboxClaim {
        channel: Channel::Mail,
        scope: Scope::Everything,
        holder: holder.to_owned(),
        now: instant(now),
        until: instant(until),
    }
}

/// Runs in the order of their numbers.
fn nth_run(number: u64) -> RunId {
    RunId::new(ulid::Ulid::from_parts(number, 0))
}

fn long_ago() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

#[tokio::test]
async fn a_message_is_one_deliverers_until_its_claim_is_over() {
    let scene = Scene::new();
    scene.store.post(None, &[entry("<1@x>")]).await.unwrap();
    let first = claim("daemon", "2026-11-21T03:01:00Z", "2026-11-21T03:05:00Z");
    let item = scene.store.outbox_claim_due(first.clone()).await.unwrap().unwrap();
    assert_eq!((&item.entry, item.run, item.attempts), (&entry("<1@x>"), None, 0));
    let by_hand = claim("run", "2026-11-21T03:02:00Z", "2026-11-21T03:06:00Z");
    assert_eq!(scene.store.outbox_claim_due(by_hand.clone()).await.unwrap(), None);
    assert_eq!(scene.store.outbox_next().await.unwrap(), Some(instant("2026-11-21T03:05:00Z")));

    let later = claim("run", "2026-11-21T03:05:00Z", "2026-11-21T03:09:00Z");
    assert!(scene.store.outbox_claim_due(later).await.unwrap().is_some(), "the claim of the dead is over");
    scene.store.outbox_release("daemon").await.unwrap();
    let again = claim("daemon", "2026-11-21T03:06:00Z", "2026-11-21T03:10:00Z");
    assert_eq!(scene.store.outbox_claim_due(again.clone()).await.unwrap(), None, "another's claim stays");
    scene.store.outbox_release("run").await.unwrap();
    assert!(scene.store.outbox_claim_due(again).await.unwrap().is_some());
}

#[tokio::test]
async fn eight_who_claim_at_once_get_each_message_once() {
    let scene = Scene::new();
    let entries: Vec<_> = (0..40).map(|number| entry(&format!("<{number}@x>"))).collect();
    scene.store.post(None, &entries).await.unwrap();
    let claimers = (0..8).map(|number| {
        let store = scene.store.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            let claim = claim(&number.to_string(), "2026-11-21T03:01:00Z", "2026-11-21T03:05:00Z");
            while let Some(item) = store.outbox_claim_due(claim.clone()).await.unwrap() {
                mine.push(item.id);
            }
            mine
        })
    });
    let mut all = Vec::new();
    for claimer in claimers.collect::<Vec<_>>() {
        all.extend(claimer.await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (1..=40).collect::<Vec<i64>>());
}

#[tokio::test]
async fn a_run_by_hand_claims_its_own_messages_and_a_digest_is_no_runs() {
    let scene = Scene::new();
    let hand = by_hand(new_run());
    let _lease = scene.store.claim(hand.clone()).await.unwrap();
    scene.store.finish(failed(&hand), &[], &[entry("<1@x>")]).await.unwrap();
    scene.store.post(None, &[entry("<2@x>")]).await.unwrap();
    let all = claim("x", "2026-11-21T03:01:00Z", "2026-11-21T03:05:00Z");
    let stranger = OutboxClaim { scope: Scope::Run(new_run()), ..all.clone() };
    assert_eq!(scene.store.outbox_claim_due(stranger).await.unwrap(), None);
    let digest = OutboxClaim { scope: Scope::Digests, ..all.clone() };
    assert_eq!(scene.store.outbox_claim_due(digest.clone()).await.unwrap().unwrap().entry, entry("<2@x>"));
    assert_eq!(scene.store.outbox_claim_due(digest).await.unwrap(), None);
    let own = OutboxClaim { scope: Scope::Run(hand.run), ..all };
    assert_eq!(scene.store.outbox_claim_due(own).await.unwrap().unwrap().run, Some(hand.run));
}

#[tokio::test]
async fn what_is_given_up_is_told_by_the_second_way_and_counted() {
    let scene = Scene::new();
    let second =
        OutboxEntry { channel: Channel::Webhook, recipient: "env HOOK".to_owned(), ..entry("undelivered") };
    let first = OutboxEntry { fallback: vec![second.clone()], ..entry("<1@x>") };
    scene.store.post(None, std::slice::from_ref(&first)).await.unwrap();
    let at = instant("2026-11-22T03:00:00Z");
    let item = scene
        .store
        .outbox_claim_due(claim("x", "2026-11-21T03:01:00Z", "2026-11-21T03:05:00Z"))
        .await
        .unwrap();
    let id = item.unwrap().id;
    scene.store.outbox_given_up(id, at, "550 no such user").await.unwrap();
    scene.store.outbox_given_up(id, at, "and again").await.unwrap();

    let depth = scene.store.outbox_depth().await.unwrap();
    assert_eq!((depth.waiting, depth.given_up, depth.oldest), (1, 1, Some(at)));
    let told = scene.store.undelivered(None, long_ago()).await.unwrap();
    assert_eq!((told.len(), told[0].refusal.as_str()), (1, "550 no such user"));
    let due = scene.store.outbox_due(at, 10).await.unwrap();
    assert_eq!(due[0].entry, OutboxEntry { not_before: at, ..second });
}

#[tokio::test]
async fn the_newest_of_a_topic_stands_for_those_that_nobody_has_tried() {
    let scene = Scene::new();
    assert_eq!(scene.store.outbox_stands_for("down orders").await.unwrap(), 0);
    scene.store.post(None, &[of_topic("<1@x>", 1)]).await.unwrap();
    scene.store.post(None, &[of_topic("<2@x>", 2)]).await.unwrap();
    assert_eq!((scene.store.outbox_stands_for("down orders").await.unwrap(), scene.count("outbox")), (2, 1));

    // One that was tried, and one that somebody is sending, stay.
    scene.store.outbox_failed(2, instant("2026-11-21T03:00:00Z"), "451").await.unwrap();
    scene.store.post(None, &[of_topic("<3@x>", 1)]).await.unwrap();
    let claimed = scene
        .store
        .outbox_claim_due(claim("x", "2026-11-21T03:01:00Z", "2026-11-21T03:05:00Z"))
        .await
        .unwrap();
    assert!(claimed.is_some());
    scene.store.post(None, &[of_topic("<4@x>", 1)]).await.unwrap();
    let other = OutboxEntry { recipient: "other@example.org".to_owned(), ..of_topic("<5@x>", 1) };
    scene.store.post(None, &[other]).await.unwrap();
    assert_eq!(scene.count("outbox"), 3);
}

/// Two runs that were lost with their daemon, a mail about each, with a second channel of its own.
async fn two_mails(scene: &Scene) -> [RunId; 2] {
    let runs = [nth_run(1), nth_run(2)];
    for run in runs {
        let hand = by_hand(run);
        drop(scene.store.claim(hand.clone()).await.unwrap());
        let second = OutboxEntry {
            channel: Channel::Webhook,
            recipient: "env HOOK".to_owned(),
            ..entry(&format!("{run} undelivered"))
        };
        let mail = OutboxEntry { fallback: vec![second], ..entry(&format!("<{run}@x>")) };
        let lost = RunSummary { reason: Some(Reason::DaemonLost), ..failed(&hand) };
        scene.store.finish(lost, &[], &[mail]).await.unwrap();
    }
    runs
}

/// Gathers all into one, and claims that.
async fn gathered(scene: &Scene) -> i64 {
    let crowds = scene.store.outbox_crowds(instant("2026-11-21T03:00:30Z"), 1).await.unwrap();
    let [crowd] = crowds.as_slice() else { panic!("{crowds:?}") };
    assert_eq!((crowd.mails.len(), crowd.mails[0].service.as_str()), (2, "orders-service"));
    scene.store.outbox_gather(crowd, &entry("<many@x>")).await.unwrap();
    let all = claim("x", "2026-11-21T03:01:00Z", "2026-11-21T03:05:00Z");
    let one = scene.store.outbox_claim_due(all.clone()).await.unwrap().unwrap();
    assert_eq!((one.entry.message_id.as_str(), one.run), ("<many@x>", None));
    assert_eq!(scene.store.outbox_claim_due(all).await.unwrap(), None, "the many wait no more by themselves");
    one.id
}

#[tokio::test]
async fn h12_many_that_were_gathered_into_one_share_its_fate() {
    let scene = Scene::new();
    let runs = two_mails(&scene).await;
    let one = gathered(&scene).await;
    let at = instant("2026-11-21T03:02:00Z");
    let undelivered = async |run| {
        let told = scene.store.undelivered(run, long_ago()).await.unwrap();
        told.iter().map(|message| (message.run, message.given_up_at)).collect::<Vec<_>>()
    };
    let told = async || scene.store.lost_untold(long_ago()).await.unwrap();
    assert_eq!((told().await, scene.store.outbox_depth().await.unwrap().waiting), (vec![], 1));

    scene.store.outbox_failed(one, at, "451 later").await.unwrap();
    assert_eq!(undelivered(None).await, runs.map(|run| (Some(run), None)));
    scene.store.outbox_given_up(one, at, "552 too big").await.unwrap();
    assert_eq!(undelivered(None).await, runs.map(|run| (Some(run), Some(at))));
    assert_eq!(undelivered(Some(runs[1])).await, [(Some(runs[1]), Some(at))]);
    // Then second channel, for each of them.
    let second = scene.store.outbox_due(at, 10).await.unwrap();
    let second: Vec<_> = second.iter().map(|item| (item.run, item.entry.message_id.clone())).collect();
    assert_eq!(second, runs.map(|run| (Some(run), format!("{run} undelivered"))));
    assert_eq!((told().await, scene.store.outbox_depth().await.unwrap().given_up), (vec![], 1));
}

#[tokio::test]
async fn h12_many_are_sent_with_the_one_that_stands_for_them() {
    let scene = Scene::new();
    two_mails(&scene).await;
    let one = gathered(&scene).await;
    scene.store.outbox_sent(one, instant("2026-11-21T03:02:00Z")).await.unwrap();
    assert_eq!((scene.count("outbox"), scene.count("outbox WHERE sent_at IS NOT NULL")), (3, 3));
    assert_eq!(scene.store.undelivered(None, long_ago()).await.unwrap(), []);
    assert_eq!(scene.store.lost_untold(long_ago()).await.unwrap(), []);
    assert_eq!(scene.store.outbox_crowds(instant("2026-11-21T03:03:00Z"), 1).await.unwrap(), []);
}

#[tokio::test]
async fn people_hear_of_runs_by_schedule_and_of_those_by_hand_that_told_them() {
    let scene = Scene::new();
    let heard = async |run| scene.store.heard_before(&drill("orders"), run).await.unwrap().map(|run| run.run);
    let quiet = by_hand(nth_run(1));
    drop(scene.store.claim(quiet.clone()).await.unwrap());
    scene.store.finish(failed(&quiet), &[], &[]).await.unwrap();
    let due = scheduled(nth_run(2), 1);
    assert_eq!(heard(due.run).await, None);
    drop(scene.store.claim(due.clone()).await.unwrap());
    scene.store.finish(failed(&due), &[], &[]).await.unwrap();
    assert_eq!(heard(due.run).await, None, "a run is not before itself");
    let told = by_hand(nth_run(3));
    assert_eq!(heard(told.run).await, Some(due.run));
    drop(scene.store.claim(told.clone()).await.unwrap());
    scene.store.finish(failed(&told), &[], &[entry("<1@x>")]).await.unwrap();
    assert_eq!(heard(nth_run(4)).await, Some(told.run));
}

#[tokio::test]
async fn a_message_that_was_refused_is_undelivered_until_it_is_taken() {
    let scene = Scene::new();
    let hand = by_hand(new_run());
    let _lease = scene.store.claim(hand.clone()).await.unwrap();
    scene.store.finish(failed(&hand), &[], &[entry("<1@x>")]).await.unwrap();
    scene.store.post(None, &[entry("<2@x>")]).await.unwrap();
    let undelivered =
        async |run| scene.store.undelivered(run, instant("2026-11-21T03:00:00Z")).await.unwrap();
    assert_eq!(undelivered(None).await, [], "nobody has tried to deliver them");

    scene.store.outbox_failed(1, instant("2026-11-21T04:00:00Z"), "451 later").await.unwrap();
    scene.store.outbox_failed(2, instant("2026-11-21T04:00:00Z"), "451 later").await.unwrap();
    let told = undelivered(None).await;
    let about = told.iter().map(|message| (message.run, message.drill.clone())).collect::<Vec<_>>();
    assert_eq!(about, [(Some(hand.run), Some(drill("orders"))), (None, None)]);
    assert_eq!(undelivered(Some(hand.run)).await, told[..1]);

    scene.store.outbox_sent(1, instant("2026-11-21T04:00:01Z")).await.unwrap();
    scene.store.outbox_given_up(2, instant("2026-11-21T02:59:59Z"), "550 no").await.unwrap();
    assert_eq!(undelivered(None).await, [], "one was taken, and one given up before anybody asks for");
}

#[tokio::test]
async fn a_digest_is_posted_with_its_instant_and_never_for_an_older_one() {
    let scene = Scene::new();
    let (monday, sunday) = (instant("2026-11-23T08:00:00Z"), instant("2026-11-22T08:00:00Z"));
    assert_eq!(scene.store.digest_watermark().await.unwrap(), None);
    assert!(scene.store.post_digest(monday, &[entry("<1@x>")]).await.unwrap());
    assert!(!scene.store.post_digest(monday, &[entry("<2@x>")]).await.unwrap());
    assert!(!scene.store.post_digest(sunday, &[entry("<3@x>")]).await.unwrap());
    assert_eq!((scene.count("outbox"), scene.store.digest_watermark().await.unwrap()), (1, Some(monday)));
    scene.refuse_inserts_into("outbox");
    let tuesday = instant("2026-11-24T08:00:00Z");
    scene.store.post_digest(tuesday, &[entry("<4@x>")]).await.unwrap_err();
    assert_eq!(scene.store.digest_watermark().await.unwrap(), Some(monday), "neither without the other");
}

#[tokio::test]
async fn f8_what_was_missed_is_told_before_the_run_that_catches_up() {
    let scene = Scene::new();
    let missed = scheduled(new_run(), 1);
    scene.store.claim(missed.clone()).await.unwrap();
    let gathered = OutboxEntry { not_before: instant("2026-11-21T03:00:30Z"), ..of_topic("<missed@x>", 1) };
    let topic = Some("down users".to_owned());
    let of_another = OutboxEntry { message_id: "<other@x>".to_owned(), topic, ..gathered.clone() };
    scene.store.post(Some(missed.run), &[gathered]).await.unwrap();
    scene.store.post(None, &[of_another]).await.unwrap();
    let now = || claim("daemon", "2026-11-21T03:00:10Z", "2026-11-21T03:05:00Z");
    assert_eq!(scene.store.outbox_claim_due(now()).await.unwrap(), None, "it waits for more of its kind");

    let late = by_hand(new_run());
    let run = late.run;
    let _lease = scene.store.claim(late).await.unwrap();
    let passed = OutboxEntry { not_before: instant("2026-11-21T03:00:07Z"), ..entry("<passed@x>") };
    scene.store.post(Some(run), &[passed]).await.unwrap();
    for id in ["<missed@x>", "<passed@x>"] {
        let item = scene.store.outbox_claim_due(now()).await.unwrap().unwrap();
        assert_eq!(item.entry.message_id, id);
    }
    assert_eq!(scene.store.outbox_claim_due(now()).await.unwrap(), None, "another's waits on");
}
