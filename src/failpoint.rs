//! Named points at which a test lets the process die, hang or panic. They exist in debug builds only; a release has none.
//!
//! The shell reads which one from the environment and [`set`]s it; [`reach`] is called where the design names a point.

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// What happens at which point.
    pub(super) static ARMED: OnceLock<Armed> = OnceLock::new();

    pub(super) struct Armed {
        pub point: String,
        pub action: Action,
        /// At the how-manieth time, counted down.
        pub left: AtomicU32,
    }

    #[derive(Clone, Copy)]
    pub(super) enum Action {
        Kill,
        Panic,
        Hang,
    }

    impl Armed {
        /// `point`, `point=panic`, `point=kill@3`.
        pub(super) fn parse(text: &str) -> Self {
            let (point, rest) = text.split_once('=').unwrap_or((text, "kill"));
            let (action, count) = rest.split_once('@').unwrap_or((rest, "1"));
            let action = match action {
                "panic" => Action::Panic,
                "hang" => Action::Hang,
                _ => Action::Kill,
            };
            Self { point: point.to_owned(), action, left: AtomicU32::new(count.parse().unwrap_or(1)) }
        }

        pub(super) fn is_due(&self, point: &str) -> bool {
            self.point == point && self.left.fetch_sub(1, Ordering::SeqCst) == 1
        }
    }
}

/// Arms a point, once per process: `point`, `point=panic`, `point=hang`, `point=kill@3` for the third time. Nothing in a
/// release.
pub fn set(text: &str) {
    #[cfg(debug_assertions)]
    let _ = armed::ARMED.set(armed::Armed::parse(text));
    #[cfg(not(debug_assertions))]
    let _ = text;
}

/// Dies, panics or hangs here, if this is the point that was armed.
#[allow(clippy::unused_async, reason = "a release has no failpoints, and the callers must not differ")]
#[allow(clippy::missing_panics_doc, reason = "it panics where a test asks for it")]
pub async fn reach(point: &str) {
    #[cfg(debug_assertions)]
    if let Some(armed) = armed::ARMED.get().filter(|armed| armed.is_due(point)) {
        match armed.action {
            armed::Action::Kill => kill(),
            #[expect(clippy::panic, reason = "that is what the test asks for")]
            armed::Action::Panic => panic!("failpoint {point}"),
            armed::Action::Hang => std::future::pending().await,
        }
    }
    #[cfg(not(debug_assertions))]
    let _ = point;
}

/// SIGKILL to ourselves: no destructor, no flush, as from outside.
#[cfg(debug_assertions)]
fn kill() {
    let _ = std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
    std::thread::sleep(std::time::Duration::from_mins(1));
}
