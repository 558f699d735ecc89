//! What the engine tells by itself: that a sandbox ran out of memory, that it ended.

use std::collections::HashMap;
use std::pin::Pin;

use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::{Stream, StreamExt};

use super::Engine;

/// Something that happened to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineEvent {
    /// A process in it was killed for memory. The container may go on running, and its state won't tell (measured).
    OutOfMemory,
    /// Process 1 ended.
    Ended {
        /// Its exit code; 137 is SIGKILL.
        exit_code: Option<i64>,
    },
}

/// Events of one container, from now on.
pub type EngineEvents = Pin<Box<dyn Stream<Item = EngineEvent> + Send>>;

impl Engine {
    /// Subscribes to the events of a container, by its name or its identity. `since` is in whole seconds since 1970 by
    /// the engine's clock: the engine replays what happened between then and the subscription.
    pub fn events_of(&self, container: &str, since: i64) -> EngineEvents {
        let filters = HashMap::from([
            ("container".to_owned(), vec![container.to_owned()]),
            ("event".to_owned(), vec!["oom".to_owned(), "die".to_owned()]),
        ]);
        let options = EventsOptionsBuilder::default().since(&since.to_string()).filters(&filters).build();
        let wanted = container.to_owned();
        let events = self.docker.events(Some(options)).filter_map(move |item| {
            let event = item.ok().and_then(|message| event_of(&wanted, message));
            std::future::ready(event)
        });
        Box::pin(events)
    }
}

/// The engine's filter takes every container whose name begins so (measured): a copy's end is not its origin's.
fn event_of(container: &str, message: EventMessage) -> Option<EngineEvent> {
    let actor = message.actor?;
    let attributes = actor.attributes?;
    let is_its_name = attributes.get("name").is_none_or(|name| name == container);
    if !is_its_name && actor.id.as_deref() != Some(container) {
        return None;
    }
    match message.action.as_deref()? {
        "oom" => Some(EngineEvent::OutOfMemory),
        "die" => Some(EngineEvent::Ended { exit_code: attributes.get("exitCode")?.parse().ok() }),
        _ => None,
    }
}
