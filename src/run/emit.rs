//! The run tells what happens: to the journal first, then to the fold, then to whoever listens.

use std::future::Future;
use std::sync::{Mutex as PlainMutex, PoisonError};
use std::time::Instant;

use tokio::sync::Mutex;

use super::halt::Halt;
use crate::listen::{Listener, Progress};
use crate::model::event::{RunStarted, Stop};
use crate::model::{Effect, Event, Fact, Milestone, Offset, Phase, RunId};
use crate::record::{Journal, RunRecord};

/// One run's stream of events, in the making.
pub struct Story<'w, J> {
    journal: &'w J,
    run: RunId,
    started: Instant,
    /// Held across the journal's acknowledgement, so that events are numbered and written in one order.
    told: Mutex<Told>,
    listener: &'w PlainMutex<Box<dyn Listener>>,
}

struct Told {
    next: u64,
    record: RunRecord,
    /// Given to the journal by somebody who may not have waited for the answer: it is there, or it is not.
    pending: Option<Event>,
}

/// What a phase says of itself when it has done what it was for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Bytes that it moved.
    pub bytes: Option<u64>,
    /// What it waited for.
    pub waited_for: Option<String>,
}

impl<'w, J: Journal> Story<'w, J> {
    /// Goes on after the opening, which the claim has already made durable.
    pub fn after_opening(
        journal: &'w J,
        listener: &'w PlainMutex<Box<dyn Listener>>,
        opening: &Event,
        of: &RunStarted,
        started: Instant,
    ) -> Self {
        let told = Told { next: opening.sequence + 1, record: RunRecord::opened(of.clone()), pending: None };
        let story = Self { journal, run: of.run, started, told: Mutex::new(told), listener };
        story.show(opening);
        story
    }

    /// Goes on with a run that broke off. Its clock goes on from its last sign of life.
    pub fn resumed(
        journal: &'w J,
        listener: &'w PlainMutex<Box<dyn Listener>>,
        run: RunId,
        events: &[Event],
        record: RunRecord,
    ) -> Self {
        let started = Instant::now().checked_sub(record.last.elapsed()).unwrap_or_else(Instant::now);
        let next = events.last().map_or(0, |event| event.sequence + 1);
        events.first().into_iter().for_each(|opening| show(listener, opening));
        Self { journal, run, started, told: Mutex::new(Told { next, record, pending: None }), listener }
    }

    /// The run's own clock.
    pub fn now(&self) -> Offset {
        Offset::from_elapsed(self.started.elapsed())
    }

    /// Tells a fact; returns when it is durable.
    pub async fn tell(&self, fact: Fact) -> Result<(), Halt> {
        let mut told = self.told.lock().await;
        self.settle(&mut told).await?;
        told.pending = Some(Event { sequence: told.next, at: self.now(), fact });
        let settled = self.settle(&mut told).await;
        if settled.is_err() {
            // The journal has refused it, so that the next event takes its number.
            told.pending = None;
        }
        settled
    }

    /// Whoever tells may be cancelled before the journal answers, and the journal carries on all the same. What is not
    /// known to be there is appended once more, with the same number (2026-11-21).
    async fn settle(&self, told: &mut Told) -> Result<(), Halt> {
        let Some(event) = told.pending.clone() else { return Ok(()) };
        self.journal.append(self.run, std::slice::from_ref(&event)).await?;
        told.pending = None;
        told.next += 1;
        told.record.apply(&event);
        self.show(&event);
        Ok(())
    }

    /// The run's last events, for the transaction that ends it; they are the caller's to write.
    pub async fn last_events(&self, fact: Fact) -> (Vec<Event>, RunRecord) {
        let told = self.told.lock().await;
        let mut events: Vec<Event> = told.pending.iter().cloned().collect();
        let sequence = told.next + u64::from(told.pending.is_some());
        events.push(Event { sequence, at: self.now(), fact });
        let mut record = told.record.clone();
        for event in &events {
            record.apply(event);
        }
        (events, record)
    }

    /// Shows an event that has become durable.
    pub fn show(&self, event: &Event) {
        show(self.listener, event);
    }

    /// Shows progress, which is no fact.
    pub fn progress(&self, progress: &Progress) {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).on_progress(progress);
    }

    /// What has been told so far.
    pub async fn record(&self) -> RunRecord {
        self.told.lock().await.record.clone()
    }

    /// Runs a phase between its beginning and its end, whichever way it ends.
    pub async fn phase<T>(
        &self,
        phase: Phase,
        work: impl Future<Output = Result<(T, Done), Halt>>,
    ) -> Result<T, Halt> {
        self.tell(Fact::PhaseStarted { phase }).await?;
        match work.await {
            Ok((product, Done { bytes, waited_for })) => {
                self.tell(Fact::PhaseEnded { phase, succeeded: true, bytes, waited_for }).await?;
                Ok(product)
            }
            Err(halt) => {
                self.tell(Fact::PhaseEnded { phase, succeeded: false, bytes: None, waited_for: None })
                    .await?;
                Err(halt.in_phase(phase))
            }
        }
    }

    /// Writes down what is about to be made.
    pub async fn intend(&self, effect: Effect) -> Result<(), Halt> {
        self.tell(Fact::EffectIntended { effect }).await
    }

    /// Marks an instant that ends a recovery clock.
    pub async fn reached(&self, milestone: Milestone) -> Result<(), Halt> {
        self.tell(Fact::Reached { milestone }).await
    }

    /// Says something that a person should know.
    pub async fn warn(&self, what: impl Into<String>) -> Result<(), Halt> {
        self.tell(Fact::Warned { what: what.into() }).await
    }

    /// Says what is not verified.
    pub async fn not_verified(&self, what: impl Into<String>) -> Result<(), Halt> {
        self.tell(Fact::NotVerified { what: what.into() }).await
    }

    /// Says why the run goes no further.
    pub async fn stop(&self, stop: Stop) -> Result<(), Halt> {
        self.tell(Fact::Stopped(stop)).await
    }
}

fn show(listener: &PlainMutex<Box<dyn Listener>>, event: &Event) {
    listener.lock().unwrap_or_else(PoisonError::into_inner).on_event(event);
}
