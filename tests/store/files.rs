//! The files: whose they are, and what is refused without being touched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use drillyard::error::Explain;
use drillyard::model::Reason;
use drillyard::store::{Fault, Store, StoreError};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::scene::{Scene, by_hand, new_run, warning};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A state directory with a closed store in it, and its file's content.
async fn closed_store() -> (TempDir, Vec<u8>) {
    let Scene { directory, store } = Scene::new();
    for _ in 0..50 {
        let run = new_run();
        drop(store.claim(by_hand(run)).await.unwrap());
        store.append(run, &(1..20).map(warning).collect::<Vec<_>>()).await.unwrap();
    }
    drop(store);
    let state = directory.path().join("state");
    let patience = Instant::now() + Duration::from_secs(10);
    while state.join("drillyard.sqlite-wal").exists() {
        assert!(Instant::now() < patience, "the store was not closed");
        std::thread::sleep(Duration::from_millis(5));
    }
    let content = fs::read(state.join("drillyard.sqlite")).unwrap();
    (directory, content)
}

/// The refusal, which must name the file, have a hint, and leave the file as it is.
fn refused(directory: &TempDir) -> StoreError {
    let state = directory.path().join("state");
    let file = state.join("drillyard.sqlite");
    let before = fs::read(&file).unwrap();
    let error = Store::open(&state).unwrap_err();
    assert!(fs::read(&file).unwrap() == before, "the file was touched");
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    assert_eq!(error.reason(), Reason::StoreFailed);
    assert!(error.hint().is_some(), "{error}");
    error
}

#[tokio::test]
async fn only_the_owner_can_look_into_the_store() {
    let scene = Scene::new();
    let run = new_run();
    let _lease = scene.store.claim(by_hand(run)).await.unwrap();
    let state = scene.state();
    assert_eq!((mode(&state), mode(&state.join("runs"))), (0o700, 0o700));
    let lock = format!("runs/{run}.lock");
    for file in
        ["drillyard.sqlite", "drillyard.sqlite-wal", "drillyard.sqlite-shm", "open.lock", lock.as_str()]
    {
        assert_eq!(mode(&state.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_state_directory_of_our_own_is_closed_to_others() {
    let directory = TempDir::new().unwrap();
    set_mode(directory.path(), 0o777);
    Store::open(directory.path()).unwrap();
    assert_eq!(mode(directory.path()), 0o700, "empty, so nobody else uses it");
    set_mode(directory.path(), 0o775);
    set_mode(&directory.path().join("drillyard.sqlite"), 0o644);
    Store::open(directory.path()).unwrap();
    assert_eq!(mode(directory.path()), 0o700, "it holds our store");
    assert_eq!(mode(&directory.path().join("drillyard.sqlite")), 0o600);
}

#[test]
fn a_directory_that_others_use_is_refused_and_left_open() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("theirs"), "x").unwrap();
    set_mode(directory.path(), 0o1777);
    let error = Store::open(directory.path()).unwrap_err();
    assert!(matches!(error.fault, Fault::Exposed { mode: 0o1777, .. }), "{error}");
    assert!(error.hint().unwrap().contains("--state"));
    assert_eq!(mode(directory.path()), 0o1777);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing was put there");
}

#[tokio::test]
async fn g4_a_damaged_file_is_refused_and_kept() {
    let (directory, whole) = closed_store().await;
    let file = directory.path().join("state/drillyard.sqlite");
    let page = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    assert!(whole.len() > 10 * page, "a file of some pages");
    for damaged in (0..whole.len()).step_by(page) {
        let mut content = whole.clone();
        content[damaged..damaged + 40].fill(0xA5);
        fs::write(&file, &content).unwrap();
        let error = refused(&directory);
        assert!(matches!(error.fault, Fault::Corrupt { .. }), "page {}: {error}", damaged / page);
        assert!(error.hint().unwrap().contains("Copy the directory aside first"));
    }
    fs::write(&file, &whole[..whole.len() - page]).unwrap();
    assert!(matches!(refused(&directory).fault, Fault::Corrupt { .. }), "cut short");
    fs::write(&file, &whole).unwrap();
    Store::open(&directory.path().join("state")).unwrap();
}

#[tokio::test]
async fn g8_a_newer_store_is_refused_and_not_written() {
    let (directory, _) = closed_store().await;
    let newer = Connection::open(directory.path().join("state/drillyard.sqlite")).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(newer);
    let error = refused(&directory);
    assert_eq!(error.fault, Fault::TooNew { found: 99, known: 4 });
    assert!(error.to_string().contains("has schema 99, and this program knows schemas up to 4"), "{error}");
}

#[test]
fn another_programs_file_is_refused() {
    let directory = TempDir::new().unwrap();
    let state = directory.path().join("state");
    fs::create_dir(&state).unwrap();
    let file = state.join("drillyard.sqlite");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE songs (name TEXT)").unwrap();
    assert_eq!(refused(&directory).fault, Fault::NotAStore);
    fs::write(&file, "Dear diary, this is not a database at all.".repeat(50)).unwrap();
    assert!(matches!(refused(&directory).fault, Fault::Corrupt { .. }));
}

#[test]
fn a_store_keeps_its_identity() {
    let scene = Scene::new();
    let again = Store::open(&scene.state()).unwrap();
    assert_eq!(scene.store.id(), again.id());
    assert_ne!(scene.store.id(), Scene::new().store.id());
}
