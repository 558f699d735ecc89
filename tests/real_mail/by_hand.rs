//! `drillyard run --notify`, the real program: what it says, and what is left when it is killed on the way.

use std::path::Path;
use std::process::{Command, Output};

use crate::scene::{Scene, at};
use crate::smtp::Server;

/// A drill whose backup is empty ends in a verdict without an engine.
fn run(scene: &Scene, arguments: &[&str], die_at: Option<&str>) -> Output {
    scene.drill("  - email: { to: [cto@example.com, sre@example.com], when: on_problem }");
    let folder = scene.directory.path();
    let mut command = Command::new(env!("CARGO_BIN_EXE_drillyard"));
    command.arg("--config").arg(folder.join("drillyard.yaml"));
    command.arg("--state").arg(folder.join("state"));
    command.args(["run", "orders.yaml"]).args(arguments).current_dir(folder);
    command.env_remove("DRILLYARD_FAIL_AT");
    if let Some(point) = die_at {
        command.env("DRILLYARD_FAIL_AT", point);
    }
    command.output().unwrap()
}

fn mails(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_run_by_hand_tells_nobody_unless_it_is_asked_to() {
    let scene = Scene::new("{}");
    let quiet = run(&scene, &[], None);
    let stderr = String::from_utf8_lossy(&quiet.stderr).into_owned();
    assert_eq!(quiet.status.code(), Some(1), "{stderr}");
    assert_eq!((mails(&scene.mail_folder()), scene.outbox("id").len()), (0, 0));
    assert!(!stderr.contains("message"), "{stderr}");

    let told = run(&scene, &["--notify"], None);
    let stderr = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("2 messages sent"), "{stderr}");
    assert_eq!(mails(&scene.mail_folder()), 2);
}

#[tokio::test]
async fn a_mail_server_that_is_down_changes_no_verdict_and_is_said() {
    let mut server = Server::start();
    let scene = Scene::new(&server.settings(""));
    server.stop();
    let told = run(&scene, &["--notify"], None);
    let stderr = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("no message sent; 2 not taken"), "{stderr}");
    assert!(!stderr.contains(crate::smtp::PASSWORD));
}

/// Killed there, and then the daemon comes by.
async fn killed_at(point: &str) -> (Vec<serde_json::Value>, Scene) {
    let server = Server::start();
    let scene = Scene::new(&server.settings(""));
    let killed = run(&scene, &["--notify"], Some(point));
    assert_eq!(killed.status.code(), None, "{point}: {}", String::from_utf8_lossy(&killed.stderr));
    // After the claim of the dead is over; the run is of today, which is before the scene's clock or after it.
    let now = drillyard::run::world::wall_clock().max(at(0)) + std::time::Duration::from_mins(10);
    scene.notifier().deliver_due(&scene.store, now).await;
    let mails = server.looked_at();
    let identities: std::collections::BTreeSet<String> =
        mails.iter().map(|mail| mail["message_ids"].to_string()).collect();
    assert_eq!(identities.len(), 2, "{point}: each recipient has their mail");
    assert!(scene.outbox("sent_at").iter().all(Option::is_some), "{point}");
    (mails, scene)
}

#[tokio::test]
async fn a8_killed_between_verdict_and_mail_the_mail_is_sent_all_the_same() {
    for point in ["after_commit", "before_smtp", "after_outbox_mark"] {
        assert_eq!(killed_at(point).await.0.len(), 2, "{point}: once each");
    }
}

#[tokio::test]
async fn a9_killed_between_the_servers_yes_and_the_mark_there_is_one_duplicate_of_the_same_identity() {
    assert_eq!(killed_at("after_smtp_250").await.0.len(), 3);
}

#[tokio::test]
async fn h14_a_panic_on_the_way_to_the_messages_costs_neither_the_verdict_nor_the_mail() {
    let scene = Scene::new("{}");
    let told = run(&scene, &["--notify"], Some("while_writing_messages=panic"));
    let stderr = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("2 messages sent"), "{stderr}");
    let text = std::fs::read_dir(scene.mail_folder()).unwrap().next().unwrap().unwrap();
    let text = std::fs::read_to_string(text.path()).unwrap();
    assert!(text.contains("The record: drillyard show"), "{text}");
}

#[tokio::test]
async fn h14_a_message_whose_delivery_panics_is_parked_for_an_hour_and_the_others_go() {
    let scene = Scene::new("{}");
    let told = run(&scene, &["--notify"], Some("before_smtp=panic"));
    let stderr = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(stderr.contains("1 message sent; 1 not taken"), "{stderr}");
    let parked = scene.sql().query_row(
        "SELECT (not_before - (SELECT sent_at FROM outbox WHERE sent_at IS NOT NULL)) / 1000000000
         FROM outbox WHERE sent_at IS NULL",
        [],
        |row| row.get::<_, i64>(0),
    );
    assert!((3_500..=3_600).contains(&parked.unwrap()), "an hour");
}
