//! Where a command works: settings, state directory, engine, terminal. Beside `definition::secret`, the only place
//! that reads the environment.

use std::env;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tracing_subscriber::EnvFilter;

use super::{Exit, Global, LogFormat};
use crate::definition::{Fault, Settings, settings};
use crate::error::Explain;
use crate::failpoint;
use crate::listen::{Listener, PlainListener, Silent, TerminalListener};
use crate::report::Style;
use crate::run::world::{self, wall_clock};
use crate::store::Store;

/// What every command that touches records has.
pub struct Context {
    /// The settings in force.
    pub settings: Settings,
    /// The record store.
    pub store: Store,
    /// Whether JSON is wanted.
    pub json: bool,
}

impl Context {
    /// Reads the settings and opens the store; writes down runs that were lost with their process. An error has
    /// been told already and is an exit code.
    pub(super) async fn open(global: &Global) -> Result<Self, u8> {
        let context = Self::open_as_it_is(global)?;
        let lost = context.store.abort_lost(wall_clock()).await;
        lost.map_err(|error| explain(&error, Exit::Errored))?;
        Ok(context)
    }

    /// For a command that only reads: a directory that a person named, and in which nothing was ever recorded, is a slip
    /// and no new store. The settings' and the usual one may be empty yet (2026-11-22).
    pub(super) async fn open_to_read(global: &Global) -> Result<Self, u8> {
        is_no_slip(global)?;
        Self::open(global).await
    }

    /// For a sweep, which tells of the lost runs itself, and finds nothing in a directory where nothing was recorded.
    pub(super) fn open_to_sweep(global: &Global) -> Result<Self, u8> {
        is_no_slip(global)?;
        Self::open_as_it_is(global)
    }

    fn open_as_it_is(global: &Global) -> Result<Self, u8> {
        let settings = valid_settings(global)?;
        let state = state_directory(global, &settings);
        let store = Store::open(&state).map_err(|error| explain(&error, Exit::Errored))?;
        Ok(Self { settings, store, json: global.json })
    }
}

/// Refuses a directory that a person named and that holds no store. One that may not be looked into is opened, which tells
/// why it can't be.
fn is_no_slip(global: &Global) -> Result<(), u8> {
    let Some(named) = global.state.as_deref().filter(|named| Store::is_missing_in(named)) else {
        return Ok(());
    };
    let told = format!("there is no record store in {}", named.display());
    let hint = "name the directory of the runs with --state; `drillyard run` and the daemon make a new one";
    Err(fail(&told, Some(hint), Exit::Invalid))
}

/// The settings, or an exit code after all their faults were shown.
pub(super) fn valid_settings(global: &Global) -> Result<Settings, u8> {
    let (settings, faults) = read_settings(global)?;
    if faults.iter().any(Fault::is_error) {
        return Err(super::check::show_faults(global, &faults));
    }
    Ok(settings)
}

/// The settings with their faults.
pub(super) fn read_settings(global: &Global) -> Result<(Settings, Vec<Fault>), u8> {
    let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    settings::load(global.config.as_deref(), &here).map_err(|error| {
        fail(
            &error.to_string(),
            Some("name another file with --config, or leave it out for defaults"),
            Exit::Invalid,
        )
    })
}

/// `--state`, the settings, or the place that suits the user.
pub(super) fn state_directory(global: &Global, settings: &Settings) -> PathBuf {
    let named = global.state.clone().or_else(|| settings.state.clone());
    named.unwrap_or_else(|| {
        if is_root() {
            return PathBuf::from("/var/lib/drillyard");
        }
        let base = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/".into())).join(".local/state");
        base.unwrap_or_else(home).join("drillyard")
    })
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Where an engine may answer, in order: the settings alone, or `DOCKER_HOST` alone, or the usual sockets.
pub(super) fn engine_hosts(settings: &Settings) -> Vec<String> {
    if let Some(host) =
        settings.engine_host.clone().or_else(|| env::var("DOCKER_HOST").ok().filter(|h| !h.is_empty()))
    {
        return vec![host];
    }
    let runtime = env::var("XDG_RUNTIME_DIR").ok();
    let of_user = |name: &str| runtime.as_ref().map(|directory| format!("unix://{directory}/{name}"));
    [
        Some("unix:///var/run/docker.sock".to_owned()),
        of_user("docker.sock"),
        of_user("podman/podman.sock"),
        Some("unix:///run/podman/podman.sock".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whoever is shown a run while it goes on: a person at a terminal, a file, nobody.
pub(super) fn listener(global: &Global) -> Box<dyn Listener> {
    if global.quiet {
        Box::new(Silent)
    } else if std::io::stderr().is_terminal() && !dumb() && !global.json && global.verbose == 0 {
        // Not among log lines, which know nothing of a line that moves.
        Box::new(TerminalListener::new(colour_on(true)))
    } else {
        Box::new(PlainListener::new(std::io::stderr()))
    }
}

/// How text on standard output is to look.
pub(super) fn style() -> Style {
    Style { colour: colour_on(std::io::stdout().is_terminal()), width: terminal_width() }
}

/// How text on standard error is to look.
pub(super) fn error_style() -> Style {
    Style { colour: colour_on(std::io::stderr().is_terminal()), width: terminal_width() }
}

/// `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR` and the terminal, in this order, as clap decides for its own help.
fn colour_on(terminal: bool) -> bool {
    let value = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    if value("NO_COLOR").is_some() {
        return false;
    }
    let forced = value("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let off = value("CLICOLOR").is_some_and(|value| value == "0");
    forced || (terminal && !off && !dumb())
}

/// A terminal that can't move its cursor, such as an editor's.
fn dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn terminal_width() -> usize {
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let asked = || comfy_table::Table::new().width().map(usize::from);
    columns.or_else(asked).filter(|width| *width > 0).unwrap_or(100).clamp(60, 200)
}

/// Logs go to standard error. bollard prints request bodies at its lower levels and tokio-postgres the text of notices,
/// which may hold values of rows, so neither gets there.
pub(super) fn log_to_stderr(global: &Global) {
    log(level(global, "warn"), LogFormat::Text);
    tell_panics();
}

/// A daemon tells of its runs in its log, because nobody watches it.
pub(super) fn log_of_the_daemon(global: &Global, format: LogFormat) {
    log(level(global, "info"), format);
    tell_panics();
}

/// A panic's message may hold anything, so that the log says where it was and no more.
fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "a fault of Drillyard: please report it");
    }));
}

fn level(global: &Global, usual: &'static str) -> &'static str {
    match (global.quiet, global.verbose) {
        (true, _) => "error",
        (_, 0) => usual,
        (_, 1) => "debug",
        _ => "trace",
    }
}

fn log(ours: &str, format: LogFormat) {
    let others = if ours == "error" { "error" } else { "warn" };
    let filter = EnvFilter::new(format!("{others},tokio_postgres=off,aws_config=off,drillyard={ours}"));
    let colour = colour_on(std::io::stderr().is_terminal());
    let logging = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only a second subscriber in one process is refused, and the first one does.
    match format {
        LogFormat::Text => drop(logging.with_ansi(colour).try_init()),
        LogFormat::Json => drop(logging.json().flatten_event(true).try_init()),
    }
}

/// Points at which a test lets the process die, and a clock that a test has shifted. Nothing in a release.
pub(super) fn prepare_for_tests() {
    if cfg!(debug_assertions) {
        if let Ok(point) = env::var("DRILLYARD_FAIL_AT") {
            failpoint::set(&point);
        }
        let shift = env::var("DRILLYARD_NOW_OFFSET").ok().and_then(|seconds| seconds.parse().ok());
        if let Some(seconds) = shift {
            world::shift_clock(jiff::SignedDuration::from_secs(seconds));
        }
    }
}

/// Tells an error with its hint; returns the exit code.
pub(super) fn explain(error: &dyn Explain, exit: Exit) -> u8 {
    fail(&error.to_string(), error.hint().as_deref(), exit)
}

/// Tells a failure with a hint; returns the exit code.
pub(super) fn fail(message: &str, hint: Option<&str>, exit: Exit) -> u8 {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "drillyard: {message}");
    if let Some(hint) = hint {
        let _ = writeln!(out, "  hint: {hint}");
    }
    exit.code()
}

/// Writes a file that a person named.
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), u8> {
    std::fs::write(path, text)
        .map_err(|error| fail(&format!("could not write {}: {error}", path.display()), None, Exit::Errored))
}
