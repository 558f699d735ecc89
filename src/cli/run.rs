//! `drillyard run`: drills, now, one after the other.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::context::{Context, engine_hosts, explain, fail, listener, style, valid_settings};
use super::select::select;
use super::{Exit, Global, help, print};
use crate::definition::{Drill, Notice};
use crate::notify::Notifier;
use crate::report;
use crate::run::world::wall_clock;
use crate::run::{self, Ended, Order, World, broken};

/// What the command line asks of a run.
pub(super) struct Asked {
    /// Keep the sandbox for so long.
    pub keep: Option<Duration>,
    /// This backup and no other.
    pub backup: Option<String>,
    /// Tell those whom the drill names.
    pub notify: bool,
}

pub(super) async fn run(global: &Global, wanted: &[String], asked: Asked) -> u8 {
    let Asked { keep, backup, notify } = asked;
    let drills = match valid_settings(global).and_then(|settings| select(global, &settings, wanted)) {
        Ok(drills) => drills,
        Err(code) => return code,
    };
    if backup.is_some() && drills.len() > 1 {
        return fail("--backup goes with one drill", None, Exit::Invalid);
    }
    let of_instance = drills.iter().find(|drill| drill.backup.asks_the_instance());
    if let (Some(_), Some(drill)) = (keep, of_instance) {
        let told = format!("--keep keeps a container, and {} asks the temporary instance itself", drill.name);
        return fail(&told, Some("run it without --keep, or write then: container"), Exit::Invalid);
    }
    let context = match Context::open(global).await {
        Ok(context) => context,
        Err(code) => return code,
    };
    let notifier = notify.then(|| Notifier::new(&context.settings, context.store.state()));
    let cancel = cancelled_by_signals(context.store.state().to_owned());
    let order = Order { backup, keep, due: None };
    let mut ended = Vec::new();
    let mut exits = Vec::new();
    let mut printed = Exit::Passed.code();
    for drill in &drills {
        if cancel.is_cancelled() {
            exits.push(Exit::Cancelled);
            break;
        }
        match Box::pin(run_one(global, &context, drill, &order, &cancel, notifier.as_ref())).await {
            Ok(run) => {
                if !global.json {
                    printed = printed.max(print(&report::text(&run.record, &run.conclusion, style())));
                }
                exits.push(Exit::of(&run));
                ended.push(run);
            }
            // What could not begin has no record; what ended before it is shown all the same.
            Err(exit) => {
                exits.push(exit);
                break;
            }
        }
    }
    if global.json && !(ended.is_empty() && drills.len() == 1) {
        printed = print(&as_json(&ended, drills.len()));
    }
    match Exit::worst(exits) {
        Exit::Passed => printed,
        worst => worst.code(),
    }
}

async fn run_one(
    global: &Global,
    context: &Context,
    drill: &Drill,
    order: &Order,
    cancel: &CancellationToken,
    notifier: Option<&Notifier>,
) -> Result<Ended, Exit> {
    let mut world = World::new(
        context.store.clone(),
        engine_hosts(&context.settings),
        context.settings.runner_memory,
        listener(global),
        cancel.clone(),
    );
    if let Some(notifier) = notifier {
        world = world.with_notifier(notifier.clone());
    }
    let running = AssertUnwindSafe(Box::pin(run::run(drill, order, &world))).catch_unwind().await;
    let ended = match running {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => {
            explain(&error, Exit::Errored);
            return Err(Exit::Errored);
        }
        Err(_) => broken_off(drill, &world).await?,
    };
    if let Some(why) = &ended.unrecorded {
        fail(&format!("the verdict could not be recorded: {why}"), None, Exit::Errored);
    }
    if let Some(notifier) = notifier {
        tell(global, context, notifier, drill, &ended).await;
    }
    Ok(ended)
}

/// A fault of ours must not leave production data behind, nor a run without a verdict.
async fn broken_off(drill: &Drill, world: &World) -> Result<Ended, Exit> {
    match Box::pin(broken::finish(drill, world)).await {
        Ok(Some(ended)) => Ok(ended),
        Ok(None) => Err(Exit::Errored),
        Err(error) => {
            explain(&error, Exit::Errored);
            Err(Exit::Errored)
        }
    }
}

/// Delivers the messages about a run, and says what became of them: whoever waits for a mail should know. The verdict is
/// not changed by a mail server.
async fn tell(global: &Global, context: &Context, notifier: &Notifier, drill: &Drill, ended: &Ended) {
    if drill.notices.is_empty() {
        let hint = Some("write notify: [ { email: { to: [you@example.com] } } ] into it");
        fail(&format!("the drill {} names nobody to tell", drill.name), hint, Exit::Passed);
        return;
    }
    let run = ended.record.opening.run;
    let delivered = notifier.flush(&context.store, run, wall_clock()).await;
    if !global.quiet || delivered.waiting + delivered.given_up > 0 {
        let by_mail = drill.notices.iter().any(|notice| matches!(notice, Notice::Email { .. }));
        let unsent = by_mail && context.settings.mail.is_none();
        let folder = context.store.state().join("mail");
        let hint = format!("the settings have no `mail`: mails are files in {}", folder.display());
        fail(&delivered.to_string(), unsent.then_some(hint.as_str()), Exit::Passed);
    }
}

/// One object where one drill was asked for, an array for several, however many came to their end. A single one that could
/// not begin has no document: standard output stays empty, and the error is told.
fn as_json(ended: &[Ended], asked: usize) -> String {
    let mut documents = ended.iter().map(|run| report::json(&run.record, &run.conclusion));
    let document = if asked == 1 { documents.next().unwrap_or_default() } else { documents.collect() };
    help::pretty(&document)
}

/// The first signal asks for a clean end, the second ends at once: the lease and the sweeper do the rest.
fn cancelled_by_signals(state: PathBuf) -> CancellationToken {
    let cancel = CancellationToken::new();
    let asked = cancel.clone();
    tokio::spawn(async move {
        wait_for_signal(true).await;
        asked.cancel();
        fail("stopping and cleaning up; once more to stop at once", None, Exit::Cancelled);
        // A terminal that goes away may say so twice, and asks for nothing at once.
        wait_for_signal(false).await;
        fail(
            "stopped at once: something of the run may be left behind",
            Some(&format!("drillyard sweep --state {} removes it", state.display())),
            Exit::Cancelled,
        );
        std::process::exit(i32::from(Exit::Cancelled.code()));
    });
    cancel
}

/// SIGINT, SIGTERM, and the SIGHUP of a terminal that is gone, unless whoever started us lets it be ignored (`nohup`).
async fn wait_for_signal(or_hangup: bool) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    let hangup = async {
        match (or_hangup && !ignores_hangup()).then(|| signal(SignalKind::hangup())) {
            Some(Ok(mut hangup)) => hangup.recv().await,
            _ => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup => {}
    }
}

/// As the kernel tells it: the lowest bit of the mask of ignored signals.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
