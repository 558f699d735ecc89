//! Mail as files, and what is decided before any way is taken.

use std::fs;

use drillyard::model::Reason;
use drillyard::notify::Delivered;

use crate::scene::{Scene, answered, at};

const TWO: &str = "  - email: { to: [\"Chief <cto@example.com>\", sre@example.com], when: always }";

fn files(scene: &Scene) -> Vec<String> {
    let Ok(folder) = fs::read_dir(scene.mail_folder()) else { return Vec::new() };
    let mut texts: Vec<String> =
        folder.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    texts.sort();
    texts
}

#[tokio::test]
async fn without_settings_mail_is_a_file_for_each_recipient_that_names_all() {
    let scene = Scene::new("{}");
    let notifier = scene.notifier();
    scene.run(&scene.drill(TWO), &notifier, Reason::NoBackup, 0).await;

    let delivered = scene.deliver(&notifier, 0).await;
    assert_eq!(
        (delivered.sent, delivered.waiting, delivered.next_at),
        (0, 0, Some(at(0) + std::time::Duration::from_millis(1)))
    );
    let delivered = scene.deliver(&notifier, 1).await;
    assert_eq!(delivered, Delivered { sent: 2, ..Delivered::default() });
    let files = files(&scene);
    assert_eq!(files.len(), 2);
    for file in &files {
        assert!(file.contains("To: Chief <cto@example.com>, sre@example.com\r\n"), "{file}");
    }
    assert_eq!(scene.deliver(&notifier, 2).await, Delivered::default(), "and once only");
}

#[tokio::test]
async fn a_thousand_missed_instants_are_one_mail_that_says_so() {
    let scene = Scene::new("{}");
    let notifier = scene.notifier();
    let drill = scene.drill("  - email: { to: [cto@example.com], when: always }");
    for minute in 0..40 {
        scene.run(&drill, &notifier, Reason::Down, minute).await;
    }
    let delivered = scene.deliver(&notifier, 60).await;
    assert_eq!(delivered.sent, 1);
    let text = files(&scene).remove(0).replace("=\r\n", "");
    assert!(text.contains("stands for 40 due instants"), "{text}");
    assert_eq!(scene.outbox("stands_for"), [Some("40".to_owned())]);

    // The next one that is missed, after the mail, is told again.
    scene.run(&drill, &notifier, Reason::Down, 100).await;
    assert_eq!(scene.deliver(&notifier, 101).await.sent, 1);
}

#[tokio::test]
async fn a9_a_mail_whose_mark_was_lost_is_the_same_mail_again() {
    let scene = Scene::new("{}");
    let notifier = scene.notifier();
    scene.run(&scene.drill(TWO), &notifier, Reason::NoBackup, 0).await;
    scene.deliver(&notifier, 1).await;
    let first = files(&scene);
    scene.sql().execute("UPDATE outbox SET sent_at = NULL", []).unwrap();
    assert_eq!(scene.deliver(&notifier, 2).await.sent, 2);
    assert_eq!(files(&scene), first, "the same names, the same bytes");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_keeps_the_mail_waiting_for_a_day_and_then_gives_up() {
    let scene = Scene::new("mail: { directory: blocked/mail, from: drills@example.com }");
    fs::write(scene.directory.path().join("blocked"), "").unwrap();
    let notifier = scene.notifier();
    scene.run(&scene.drill(TWO), &notifier, Reason::NoBackup, 0).await;
    let mut now = 1;
    let mut tries = 0;
    while let Some(next) = scene.deliver(&notifier, now).await.next_at {
        tries += 1;
        assert!(next > at(now), "no busy waiting");
        now = next.duration_since(at(0)).as_mins() + 1;
    }
    assert_eq!((tries, now / 60), (28, 23), "twenty-eight tries in vain, and the last of them was the end");
    let depth = scene.store.outbox_depth().await.unwrap();
    assert_eq!((depth.waiting, depth.given_up), (0, 2));
    let told = scene.store.undelivered(None, at(0)).await.unwrap();
    assert!(told[0].refusal.contains("could not write to"), "{told:?}");
    assert_eq!(told[0].recipient, "cto@example.com");
}

#[tokio::test]
async fn two_who_deliver_at_once_send_each_message_once() {
    let scene = Scene::new("{}");
    let notifier = scene.notifier();
    let drill = scene.drill(TWO);
    let mut runs = Vec::new();
    for minute in 0..10 {
        runs.push(scene.run(&drill, &notifier, Reason::NoBackup, minute).await.0);
    }
    let other = scene.notifier();
    let by_hand = async {
        let mut sent = 0;
        for run in &runs {
            sent += other.flush(&scene.store, *run, at(20)).await.sent;
        }
        sent
    };
    let (daemon, by_hand) = tokio::join!(scene.deliver(&notifier, 20), by_hand);
    assert_eq!(daemon.sent + by_hand, 20, "{} by the daemon, {by_hand} by hand", daemon.sent);
}

#[tokio::test]
async fn h12_many_results_at_once_are_one_mail_that_names_them_all() {
    let scene = Scene::new("{}");
    let notifier = scene.notifier();
    let drill = scene.drill("  - email: { to: [cto@example.com], when: always }");
    let mut runs = Vec::new();
    for minute in 0..20 {
        runs.push(scene.run(&drill, &notifier, Reason::NoBackup, minute).await.0);
    }
    assert_eq!(scene.deliver(&notifier, 20).await.sent, 20, "twenty are not many");
    runs.clear();
    for minute in 21..42 {
        let reason = if minute % 2 == 0 { Reason::NoBackup } else { Reason::EngineUnreachable };
        runs.push(scene.run(&drill, &notifier, reason, minute).await.0);
    }
    assert_eq!(scene.deliver(&notifier, 42).await.sent, 1);
    let mut mails = files(&scene);
    mails.retain(|mail| mail.contains("runs at once"));
    let text = mails.remove(0).replace("=\r\n", "");
    assert!(text.contains("Subject: Drillyard: 21 runs at once: 10 failed, 11 errored"), "{text}");
    assert!(runs.iter().all(|run| text.contains(&run.to_string())), "{text}");
    assert_eq!(scene.deliver(&notifier, 50).await, Delivered::default());
}

#[tokio::test]
async fn h12_the_mail_about_many_holds_no_value_of_a_row() {
    let scene = Scene::new("{}");
    let notifier = scene.notifier();
    let drill = scene.drill("  - email: { to: [cto@example.com], when: always }");
    for minute in 0..21 {
        scene.run_that_found(&answered("canary-row"), &drill, &notifier, minute).await;
    }
    let stored = scene.store.summary(scene.newest().await).await.unwrap().unwrap().sentence.unwrap();
    assert!(stored.contains("canary-row"), "the record may hold it: {stored}");
    assert_eq!(scene.deliver(&notifier, 21).await.sent, 1);
    let text = files(&scene).remove(0).replace("=\r\n", "");
    assert!(text.contains("shop: failed: a check found something else than expected"), "{text}");
    assert!(!text.contains("canary-row"), "{text}");
}

#[tokio::test]
async fn h14_a_store_that_fails_costs_nobody_the_verdict() {
    let scene = Scene::new("{}");
    let notifier = scene.notifier();
    let drill = scene.drill(TWO);
    let (_, entries) = scene.run(&drill, &notifier, Reason::NoBackup, 0).await;
    scene.sql().execute_batch("ALTER TABLE runs RENAME TO gone").unwrap();
    let record = {
        let events = scene.store.events(entries_run(&entries)).await.unwrap();
        drillyard::record::RunRecord::fold(&events).unwrap()
    };
    let conclusion = drillyard::record::Conclusion::of(&record);
    let again = notifier.messages(&drill, &record, &conclusion, &scene.store).await;
    assert_eq!(again.len(), 2);
    assert_eq!(again[0].message_id, entries[0].message_id, "the same run, recipient and way");
}

fn entries_run(entries: &[drillyard::store::OutboxEntry]) -> drillyard::model::RunId {
    let id = entries[0].message_id.trim_start_matches('<').split('.').next().unwrap();
    id.parse().unwrap()
}
