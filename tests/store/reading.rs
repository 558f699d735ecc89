//! Questions: which runs, which run, and that asking is in nobody's way.

use drillyard::model::RunId;
use drillyard::model::event::Trigger;
use drillyard::store::{Fault, FindError, HistoryFilter, Store};
use jiff::Timestamp;

use crate::scene::{Scene, by_hand, claim, drill, failed, instant, new_run, warning};

/// Six runs of two drills, a day apart, with ids that begin alike; oldest first.
async fn week(store: &Store) -> Vec<RunId> {
    let mut runs = Vec::new();
    for day in 0..6_u8 {
        let run: RunId = format!("01KAJ0000000000000000000{day}Z").parse().unwrap();
        let name = if day % 2 == 0 { "orders" } else { "users" };
        let at: Timestamp = instant(&format!("2026-11-1{day}T03:00:00Z"));
        drop(store.claim(claim(run, name, Trigger::Manual, at)).await.unwrap());
        runs.push(run);
    }
    runs
}

async fn listed(store: &Store, filter: HistoryFilter) -> Vec<RunId> {
    store.history(filter).await.unwrap().into_iter().map(|run| run.run).collect()
}

#[tokio::test]
async fn history_lists_the_newest_first_and_only_what_is_asked_for() {
    let scene = Scene::new();
    let runs = week(&scene.store).await;
    let newest_first: Vec<RunId> = runs.iter().rev().copied().collect();
    assert_eq!(listed(&scene.store, HistoryFilter::default()).await, newest_first);
    let since = Some(instant("2026-11-13T03:00:00Z"));
    let recent = HistoryFilter { since, ..HistoryFilter::default() };
    assert_eq!(listed(&scene.store, recent.clone()).await, newest_first[..3]);
    let users = HistoryFilter { drill: Some(drill("users")), ..recent };
    assert_eq!(listed(&scene.store, users.clone()).await, [runs[5], runs[3]]);
    assert_eq!(listed(&scene.store, HistoryFilter { limit: Some(1), ..users.clone() }).await, [runs[5]]);
    let renamed = HistoryFilter { was: Some(drill("orders")), ..users };
    assert_eq!(listed(&scene.store, renamed.clone()).await, newest_first[..3]);
    scene.sql().execute("UPDATE runs SET proof = 1 WHERE run = ?1", [runs[2].to_string()]).unwrap();
    let proofs = HistoryFilter { proof: true, since: None, ..renamed };
    assert_eq!(listed(&scene.store, proofs.clone()).await, [runs[2]]);
    assert_eq!(listed(&scene.store, HistoryFilter { ended: true, ..proofs }).await, []);
}

#[tokio::test]
async fn a_run_is_found_by_last_by_its_id_and_by_the_beginning_of_it() {
    let scene = Scene::new();
    let store = &scene.store;
    assert!(matches!(store.find("last", None, None).await, Err(FindError::NotFound { .. })));
    let runs = week(store).await;
    let id = runs[2].to_string();
    assert!(matches!(store.find("last", None, None).await, Err(FindError::NotFound { .. })), "all go on");
    for (run, name) in [(runs[3], "users"), (runs[2], "orders")] {
        let at = instant("2026-11-13T03:00:00Z");
        store.finish(failed(&claim(run, name, Trigger::Manual, at)), &[], &[]).await.unwrap();
    }
    let (orders, users) = (drill("orders"), drill("users"));
    assert_eq!(store.find("last", None, None).await.unwrap(), runs[3]);
    assert_eq!(store.find("last", Some(&orders), None).await.unwrap(), runs[2]);
    assert_eq!(store.find("last", Some(&orders), Some(&users)).await.unwrap(), runs[3], "its former name's");
    assert_eq!(store.find(&id, Some(&users), Some(&orders)).await.unwrap(), runs[2]);
    assert!(store.find(&id, Some(&users), None).await.is_err());
    assert_eq!(store.find(&id, None, None).await.unwrap(), runs[2]);
    assert_eq!(store.find(&id[..25].to_lowercase(), None, None).await.unwrap(), runs[2]);
    for nothing in ["", "%", "*", "01KAJ*", "ZZZ", "first"] {
        assert!(
            matches!(store.find(nothing, None, None).await, Err(FindError::NotFound { .. })),
            "{nothing}"
        );
    }
}

#[tokio::test]
async fn an_ambiguous_beginning_names_five_of_the_runs_it_could_be() {
    let scene = Scene::new();
    let runs = week(&scene.store).await;
    let error = scene.store.find("01KAJ", None, None).await.unwrap_err();
    let shown = runs[1..].iter().rev().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    assert_eq!(error.to_string(), format!("`01KAJ` is the beginning of several runs: {shown}, …"));
    let three = scene.store.find("01KAJ", Some(&drill("users")), None).await.unwrap_err();
    assert!(!three.to_string().contains('…'), "{three}");
}

#[tokio::test]
async fn an_event_of_a_newer_program_is_a_clear_error() {
    let scene = Scene::new();
    let run = new_run();
    drop(scene.store.claim(by_hand(run)).await.unwrap());
    let newer = "INSERT INTO events VALUES (?1, 1, 7, 0, '{}')";
    scene.sql().execute(newer, [run.to_string()]).unwrap();
    let error = scene.store.events(run).await.unwrap_err();
    assert_eq!(error.fault, Fault::UnknownEventVersion { run, sequence: 1, version: 7 });
    let lost = scene.store.abort_lost(instant("2026-11-21T09:00:00Z")).await.unwrap();
    assert_eq!(lost.len(), 1, "and its run can be written down as lost all the same");
}

#[tokio::test]
async fn g1_whoever_only_reads_opens_a_store_that_somebody_writes_to() {
    let scene = Scene::new();
    let run = new_run();
    drop(scene.store.claim(by_hand(run)).await.unwrap());
    let writer = scene.sql();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let reader = Store::open(scene.store.state()).unwrap();
    assert_eq!(reader.events(run).await.unwrap().len(), 1);
    assert_eq!(reader.id(), scene.store.id());
    writer.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test]
async fn g1_fifty_readers_are_in_no_writers_way() {
    let scene = Scene::new();
    let run = new_run();
    let _lease = scene.store.claim(by_hand(run)).await.unwrap();
    let seen = |reader: &rusqlite::Connection| -> i64 {
        reader.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap()
    };
    let readers: Vec<_> = (0..50).map(|_| scene.sql()).collect();
    for reader in &readers {
        reader.execute_batch("BEGIN").unwrap();
        assert_eq!(seen(reader), 1);
    }
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let store = scene.store.clone();
            tokio::spawn(async move { store.events(run).await.unwrap() })
        })
        .collect();
    for sequence in 1..=100 {
        scene.store.append(run, &[warning(sequence)]).await.unwrap();
    }
    for question in asking {
        let events = question.await.unwrap();
        assert!((0..).zip(&events).all(|(place, event)| event.sequence == place));
    }
    assert!(readers.iter().all(|reader| seen(reader) == 1), "each still sees the state it began with");
    assert_eq!(scene.store.events(run).await.unwrap().len(), 101);
}
