//! A run tells its story to the store, and may be cancelled in the middle of a word.

use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use drillyard::listen::{Listener, LogListener};
use drillyard::model::event::Stop;
use drillyard::model::{Event, Fact, Phase, Reason, RunId};
use drillyard::record::{Journal, JournalError};
use drillyard::run::emit::Story;
use drillyard::store::Store;
use tokio::sync::Notify;

use crate::scene::{Scene, by_hand, failed, new_run};

/// The store, whose answer to one event comes too late for whoever asked.
struct Late<'s> {
    store: &'s Store,
    one: AtomicBool,
    written: Notify,
}

impl<'s> Late<'s> {
    fn of(store: &'s Store) -> Self {
        Self { store, one: AtomicBool::new(true), written: Notify::new() }
    }
}

impl Journal for Late<'_> {
    async fn append(&self, run: RunId, events: &[Event]) -> Result<(), JournalError> {
        Journal::append(self.store, run, events).await?;
        if self.one.swap(false, Ordering::SeqCst) {
            self.written.notify_one();
            pending::<()>().await;
        }
        Ok(())
    }
}

fn warned(what: &str) -> Fact {
    Fact::Warned { what: what.to_owned() }
}

/// Whoever tells is cancelled when its event is on disk and the answer is not there yet. Then the run stops, or ends at
/// once, and its verdict is taken.
async fn ends_after_a_late_answer(stops: bool) {
    let scene = Scene::new();
    let claim = by_hand(new_run());
    let Fact::RunStarted(opening) = &claim.opening.fact else { panic!("no opening") };
    let _lease = scene.store.claim(claim.clone()).await.unwrap();
    let journal = Late::of(&scene.store);
    let listener: Mutex<Box<dyn Listener>> = Mutex::new(Box::new(LogListener::default()));
    let story = Story::after_opening(&journal, &listener, &claim.opening, opening, Instant::now());
    tokio::select! {
        told = story.tell(warned("late")) => panic!("the answer came: {told:?}"),
        () = journal.written.notified() => {}
    }
    let mut expected = vec![claim.opening.fact.clone(), warned("late")];
    if stops {
        let stop = Stop {
            reason: Reason::SandboxLost,
            phase: Some(Phase::Restore),
            detail: "it ended".to_owned(),
            hint: None,
        };
        story.stop(stop.clone()).await.unwrap();
        expected.push(Fact::Stopped(stop));
    }
    let (events, record) = story.last_events(warned("the end")).await;
    expected.push(warned("the end"));
    assert_eq!(record.warnings, ["late", "the end"]);
    scene.store.finish(failed(&claim), &events, &[]).await.unwrap();
    let written = scene.store.events(claim.run).await.unwrap();
    let facts: Vec<Fact> = written.into_iter().map(|event| event.fact).collect();
    assert_eq!(facts, expected);
    assert_eq!(scene.store.summary(claim.run).await.unwrap(), Some(failed(&claim)));
}

#[tokio::test]
async fn a_run_that_is_cancelled_while_it_tells_something_stops_with_its_own_verdict() {
    ends_after_a_late_answer(true).await;
}

#[tokio::test]
async fn a_run_that_ends_right_after_it_was_cancelled_has_its_verdict_too() {
    ends_after_a_late_answer(false).await;
}

#[tokio::test]
async fn what_the_store_refuses_takes_no_number() {
    let scene = Scene::new();
    let claim = by_hand(new_run());
    let Fact::RunStarted(opening) = &claim.opening.fact else { panic!("no opening") };
    let _lease = scene.store.claim(claim.clone()).await.unwrap();
    let listener: Mutex<Box<dyn Listener>> = Mutex::new(Box::new(LogListener::default()));
    let story = Story::after_opening(&scene.store, &listener, &claim.opening, opening, Instant::now());
    scene.refuse_inserts_into("events");
    story.tell(warned("refused")).await.unwrap_err();
    scene.sql().execute_batch("DROP TRIGGER broken").unwrap();
    story.tell(warned("taken")).await.unwrap();
    assert_eq!(story.record().await.warnings, ["taken"]);
    let written = scene.store.events(claim.run).await.unwrap();
    assert_eq!(written.iter().map(|event| event.sequence).collect::<Vec<_>>(), [0, 1]);
}
