//! Several processes on one file. The others are this executable again, asked for one ignored test.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use drillyard::model::event::{Stop, Trigger};
use drillyard::model::{Effect, EffectKind, Fact, Phase, Reason, Verdict};
use drillyard::record::{Conclusion, RunRecord};
use drillyard::store::{Claim, ClaimError, Store};

use crate::scene::{Scene, by_hand, claim, event, instant, new_run, scheduled, warning};

const STATE: &str = "DRILLYARD_TEST_STATE";
const PART: &str = "DRILLYARD_TEST_PART";

/// Another process that plays a part and tells one line.
fn play(part: &str, state: &Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::the_other_process", "--ignored", "--nocapture"])
        .envs([(STATE, state.as_os_str()), (PART, part.as_ref())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = lines.map(Result::unwrap).find_map(|line| line.split("told: ").nth(1).map(str::to_owned));
    (child, told.expect("the other process failed"))
}

fn tell(line: impl std::fmt::Display) {
    println!("told: {line}");
    std::io::stdout().flush().unwrap();
}

#[tokio::test]
#[ignore = "a part in the other tests of this file"]
async fn the_other_process() {
    // Whoever runs the ignored tests too has no part for it.
    let Ok(part) = std::env::var(PART) else { return };
    let store = Store::open(Path::new(&std::env::var_os(STATE).unwrap())).unwrap();
    let run = new_run();
    match part.as_str() {
        "hold by hand" => hold(&store, by_hand(run)).await,
        "hold scheduled" => hold(&store, scheduled(run, 1)).await,
        "race" => race(&store).await,
        other => panic!("no part is called {other}"),
    }
}

/// Begins a run, goes as far as the restore, and never comes back.
async fn hold(store: &Store, claim: Claim) {
    let run = claim.run;
    let _lease = store.claim(claim).await.unwrap();
    let effect = Effect { kind: EffectKind::Container, name: "drillyard-x".to_owned() };
    let events = [
        event(1, Fact::PhaseStarted { phase: Phase::Provision }),
        event(2, Fact::EffectIntended { effect }),
        event(3, Fact::PhaseStarted { phase: Phase::Restore }),
    ];
    store.append(run, &events).await.unwrap();
    tell(run);
    std::thread::sleep(Duration::from_mins(10));
}

/// Writes as fast as it can, and tries to get one occurrence that all the others want too.
async fn race(store: &Store) {
    let run = new_run();
    let lease =
        store.claim(claim(run, "race", Trigger::Manual, instant("2026-11-21T00:00:00Z"))).await.unwrap();
    for sequence in 1..=40 {
        store.append(run, &[warning(sequence)]).await.unwrap();
    }
    let won = match store.claim(scheduled(new_run(), 1)).await {
        Ok(_) => "won",
        Err(ClaimError::AlreadyClaimed(_)) => "lost",
        Err(ClaimError::Store(error)) => panic!("{error}"),
    };
    drop(lease);
    tell(format!("{} {won}", store.id()));
    // Nobody listens any more, and the harness would complain of that.
    std::process::exit(0);
}

#[tokio::test]
async fn a2_a_killed_run_is_written_down_as_lost_and_a_live_one_is_not() {
    for (part, reason) in [("hold by hand", Reason::ProcessLost), ("hold scheduled", Reason::DaemonLost)] {
        let scene = Scene::new();
        let (mut child, run) = play(part, &scene.state());
        let run = run.parse().unwrap();
        let now = instant("2026-11-21T09:00:00Z");

        assert!(scene.store.is_live(run).unwrap());
        assert_eq!(scene.store.live_runs().await.unwrap(), [run]);
        assert_eq!(scene.store.abort_lost(now).await.unwrap(), [], "a live run is left alone");
        assert_eq!(scene.store.unfinished().await.unwrap().len(), 1);

        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!scene.store.is_live(run).unwrap());
        let lost = scene.store.abort_lost(now).await.unwrap();
        assert_eq!(lost.len(), 1);
        assert_eq!(scene.store.summary(run).await.unwrap().as_ref(), Some(&lost[0]));
        assert_eq!((lost[0].verdict, lost[0].reason), (Some(Verdict::Aborted), Some(reason)));
        assert_eq!((lost[0].finished_at, lost[0].leaked, lost[0].proof), (Some(now), true, false));

        let record = RunRecord::fold(&scene.store.events(run).await.unwrap()).unwrap();
        let stop = record.stop.unwrap();
        assert_eq!((stop.reason, stop.phase), (reason, Some(Phase::Restore)));
        assert_eq!(scene.store.abort_lost(now).await.unwrap(), [], "once");
        assert_eq!(scene.locks(), 0);
    }
}

#[tokio::test]
async fn a_run_of_this_process_lives_until_its_lease_is_dropped() {
    let scene = Scene::new();
    let run = new_run();
    let now = instant("2026-11-21T09:00:00Z");
    let lease = scene.store.claim(by_hand(run)).await.unwrap();
    let neighbour = Store::open(&scene.state()).unwrap();
    assert!(neighbour.is_live(run).unwrap());
    assert_eq!(neighbour.abort_lost(now).await.unwrap(), []);
    drop(lease);
    assert!(!neighbour.is_live(run).unwrap());
    assert_eq!(neighbour.abort_lost(now).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a7_what_a_killed_run_had_found_is_not_made_its_verdict() {
    let scene = Scene::new();
    let run = new_run();
    let lease = scene.store.claim(by_hand(run)).await.unwrap();
    let stop = Stop {
        reason: Reason::RestoreFailed,
        phase: Some(Phase::Restore),
        detail: "3 errors".to_owned(),
        hint: None,
    };
    scene.store.append(run, &[event(1, Fact::Stopped(stop))]).await.unwrap();
    drop(lease);
    let lost = scene.store.abort_lost(instant("2026-11-21T09:00:00Z")).await.unwrap();
    let events = scene.store.events(run).await.unwrap();
    let judged = Conclusion::of(&RunRecord::fold(&events).unwrap());
    assert_eq!(
        (lost[0].reason, lost[0].sentence.as_deref()),
        (judged.reason, Some(judged.sentence.as_str()))
    );
    assert_eq!(lost[0].reason, Some(Reason::ProcessLost));
}

#[tokio::test]
async fn a_lost_run_is_told_by_one_of_those_who_look_at_once() {
    let scene = Scene::new();
    for _ in 0..20 {
        drop(scene.store.claim(by_hand(new_run())).await.unwrap());
    }
    let stores = [0; 4].map(|_| Store::open(&scene.state()).unwrap());
    let now = instant("2026-11-21T09:00:00Z");
    let looks = stores.map(|store| tokio::spawn(async move { store.abort_lost(now).await.unwrap().len() }));
    let mut told = 0;
    for look in looks {
        told += look.await.unwrap();
    }
    assert_eq!((told, scene.store.unfinished().await.unwrap().len()), (20, 0));
}

#[tokio::test]
async fn processes_that_open_and_write_one_new_store_at_once_agree() {
    let directory = tempfile::TempDir::new().unwrap();
    let state = directory.path().join("state");
    let players: Vec<_> = (0..4)
        .map(|_| {
            let state = state.clone();
            std::thread::spawn(move || {
                let (mut child, told) = play("race", &state);
                assert!(child.wait().unwrap().success());
                told
            })
        })
        .collect();
    let told: Vec<String> = players.into_iter().map(|player| player.join().unwrap()).collect();
    let store = Store::open(&state).unwrap();
    assert!(told.iter().all(|line| line.starts_with(store.id().as_str())), "one store: {told:?}");
    assert_eq!(told.iter().filter(|line| line.ends_with(" won")).count(), 1, "{told:?}");

    let runs = store.unfinished().await.unwrap();
    assert_eq!(runs.len(), 5);
    for run in runs.iter().filter(|run| run.drill.as_str() == "race") {
        assert_eq!(store.events(run.run).await.unwrap().len(), 41);
    }
}
