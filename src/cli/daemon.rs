//! `drillyard daemon`: drills on schedule, until somebody says stop.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::context::{engine_hosts, explain, fail, state_directory, valid_settings};
use super::{Exit, Global};
use crate::daemon::wake::{self, Wake, Waker};
use crate::daemon::{Daemon, Setup};
use crate::store::Store;

/// The longest sleep of the daemon.
const LOOK: Duration = Duration::from_secs(30);

pub(super) async fn daemon(global: &Global) -> u8 {
    let settings = match valid_settings(global) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let store = match Store::open(&state_directory(global, &settings)) {
        Ok(store) => store,
        Err(error) => return explain(&error, Exit::Errored),
    };
    let (waker, inbox) = wake::channel();
    if let Err(error) = listen_to_signals(&waker) {
        return fail(&format!("signals can't be heard: {error}"), None, Exit::Errored);
    }
    let setup = Setup { store, engine_hosts: engine_hosts(&settings), settings, look: LOOK, timer: true };
    match Daemon::start(setup, waker, inbox).await {
        Ok(daemon) => match Box::pin(daemon.run()).await {
            0 => Exit::Passed.code(),
            left => {
                let told =
                    format!("stopped with {left} runs unfinished; the next start cleans up after them");
                fail(&told, None, Exit::Cancelled)
            }
        },
        Err(error) => explain(&error, Exit::Errored),
    }
}

/// SIGTERM and SIGINT stop, SIGHUP reads the drills again.
fn listen_to_signals(waker: &Waker) -> std::io::Result<()> {
    for (kind, wake) in [
        (SignalKind::terminate(), (|| Wake::Stop) as fn() -> Wake),
        (SignalKind::interrupt(), || Wake::Stop),
        (SignalKind::hangup(), || Wake::Reload),
    ] {
        let (mut signals, waker) = (signal(kind)?, waker.clone());
        tokio::spawn(async move { while signals.recv().await.is_some() && waker.send(wake()).is_ok() {} });
    }
    Ok(())
}
