//! The shell: what a person types becomes a call, what comes back becomes text and an exit code.

mod check;
mod context;
mod daemon;
mod exit;
mod help;
mod history;
mod kept;
mod next;
mod psql;
mod release;
mod run;
mod select;
mod show;
mod status;
mod sweep;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use context::Context;
pub use exit::Exit;

/// Rehearses disasters: restores the newest backup into a throwaway container, proves the data, measures recovery,
/// leaves nothing behind.
#[derive(Debug, Parser)]
#[command(name = "drillyard", version, max_term_width = 100, after_help = help::EXIT_CODES_SHORT)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// Settings file [default: ./drillyard.yaml, then /etc/drillyard/drillyard.yaml, then defaults]
    #[arg(long, global = true, value_name = "FILE", env = "DRILLYARD_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Directory of records, staging and locks [default: the settings', else /var/lib/drillyard for root, else
    /// ~/.local/state/drillyard]
    #[arg(long, global = true, value_name = "DIR", env = "DRILLYARD_STATE", hide_env_values = true)]
    state: Option<PathBuf>,
    /// One JSON document on standard output instead of text
    #[arg(long, global = true)]
    json: bool,
    /// Say more on standard error
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Validates settings and drills: all faults at once; restores nothing, contacts nothing
    Check {
        /// Drill files or directories [default: the settings' drills]
        paths: Vec<PathBuf>,
    },
    /// Runs drills now, by name or by file
    Run {
        /// Names of drills, or files that hold drills
        #[arg(required = true, value_name = "DRILL")]
        drills: Vec<String>,
        /// Keep the sandbox afterwards, for this long: 30m, 2h [default where no time is given: 2h]
        #[arg(long, value_name = "TTL", num_args = 0..=1, default_missing_value = "2h", value_parser = help::time_to_keep)]
        keep: Option<Duration>,
        /// Restore this backup and no other; such a run is no proof of the newest one
        #[arg(long, value_name = "ID")]
        backup: Option<String>,
        /// Tell everybody whom the drill tells of a run by schedule
        #[arg(long)]
        notify: bool,
    },
    /// Lists past runs, the newest first
    History {
        /// Only runs of this drill
        #[arg(long, value_name = "NAME")]
        drill: Option<String>,
        /// Only runs of the last so long: 12h, 30d
        #[arg(long, value_name = "DURATION", value_parser = help::duration)]
        since: Option<Duration>,
        /// At most so many
        #[arg(short = 'n', long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Shows one run again
    Show {
        /// The run's id, the beginning of one, or `last`: the newest that has ended
        #[arg(default_value = "last")]
        run: String,
        /// Only runs of this drill, or of its former name, for `last`
        #[arg(long, value_name = "NAME")]
        drill: Option<String>,
        /// Write it as a self-contained page to this file
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// Write the mail about it to this file, an .eml that mail programs open
        #[arg(long, value_name = "FILE")]
        mail: Option<PathBuf>,
    },
    /// Shows where every service stands: proven or not, how fast, with what loss
    Status,
    /// Prints the digest of all services, the worst first
    Digest {
        /// Send it to whom the settings say
        #[arg(long)]
        send: bool,
    },
    /// Lists coming runs, with what jitter and the zone's clock do to them
    Next {
        /// Names of drills, or files that hold drills [default: every drill with a schedule]
        #[arg(value_name = "DRILL")]
        drills: Vec<String>,
        /// At most so many
        #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        count: u32,
        /// Runs later than this instant: 2026-10-25T00:00:00Z, or 2026-10-25 [default: now]
        #[arg(long, value_name = "INSTANT", value_parser = next::instant)]
        from: Option<jiff::Timestamp>,
    },
    /// Opens psql in a kept sandbox
    Psql {
        /// The run's id, the beginning of one, or `last`: the newest that keeps a sandbox
        #[arg(default_value = "last")]
        run: String,
        /// In the kept copy of this rehearsal that failed, instead of the state before
        #[arg(long, value_name = "NAME")]
        rehearsal: Option<String>,
        /// Arguments for psql
        #[arg(last = true, value_name = "PSQL_ARGUMENT")]
        arguments: Vec<String>,
    },
    /// Destroys a kept sandbox
    Release {
        /// The run's id, the beginning of one, or `last`: the newest that keeps a sandbox
        #[arg(default_value = "last")]
        run: String,
    },
    /// Removes what interrupted runs left; touches nothing else
    Sweep {
        /// Drills in whose accounts temporary RDS instances are looked for [default: the settings' drills]
        #[arg(value_name = "DRILL")]
        drills: Vec<String>,
        /// Only say what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Runs drills on schedule, until it is stopped
    Daemon {
        /// How the log on standard error is written
        #[arg(long, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
        log_format: LogFormat,
    },
    /// Prints the JSON Schema of drill files
    Schema,
    /// Prints a completion script
    Completions {
        /// bash, zsh, fish, elvish, powershell
        shell: clap_complete::Shell,
    },
    /// Prints what each exit code means
    ExitCodes,
}

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Runs the program with the process's arguments; returns its exit code. Not generic: a generic function is compiled
/// where it is called, and everything that this one awaits with it, a second time (2026-11-21).
pub fn main(arguments: std::env::ArgsOs) -> u8 {
    let arguments = help::with_topics(arguments);
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Invalid.code() } else { 0 };
        }
    };
    match &cli.command {
        Command::Daemon { log_format } => context::log_of_the_daemon(&cli.global, *log_format),
        _ => context::log_to_stderr(&cli.global),
    }
    context::prepare_for_tests();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return context::fail(&format!("could not start: {error}"), None, Exit::Errored),
    };
    let code = runtime.block_on(dispatch(cli));
    // Whatever still waits for an engine that does not answer must not keep a finished command from ending.
    runtime.shutdown_timeout(Duration::from_millis(200));
    code
}

async fn dispatch(cli: Cli) -> u8 {
    let global = cli.global;
    match cli.command {
        Command::Schema => print(&help::pretty(&crate::definition::schema())),
        Command::Completions { shell } => print(&help::completions(shell, &mut Cli::command())),
        Command::ExitCodes => print(&help::exit_codes(global.json)),
        Command::Check { paths } => check::check(&global, &paths),
        Command::Run { drills, keep, backup, notify } => {
            Box::pin(run::run(&global, &drills, run::Asked { keep, backup, notify })).await
        }
        Command::History { drill, since, limit } => {
            reading(&global, async |context| history::history(context, drill, since, limit).await).await
        }
        Command::Show { run, drill, html, mail } => {
            let files = show::Files { html, mail };
            reading(&global, async |context| show::show(context, &run, drill, files).await).await
        }
        Command::Status => reading(&global, async |context| status::status(&global, context).await).await,
        Command::Digest { send } => {
            reading(&global, async |context| status::digest(&global, context, send).await).await
        }
        Command::Next { drills, count, from } => {
            next::next(&global, &drills, usize::try_from(count).unwrap_or(usize::MAX), from).await
        }
        Command::Psql { run, rehearsal, arguments } => {
            reading(&global, async |context| psql::psql(context, &run, rehearsal.as_deref(), arguments).await)
                .await
        }
        Command::Release { run } => {
            reading(&global, async |context| release::release(context, &run).await).await
        }
        Command::Daemon { .. } => Box::pin(daemon::daemon(&global)).await,
        Command::Sweep { drills, dry_run } => match Context::open_to_sweep(&global) {
            Ok(context) => sweep::sweep(&global, &context, &drills, dry_run).await,
            Err(code) => code,
        },
    }
}

async fn with_context(global: &Global, work: impl AsyncFnOnce(&Context) -> u8) -> u8 {
    match Context::open(global).await {
        Ok(context) => work(&context).await,
        Err(code) => code,
    }
}

/// For a command that has nothing to do where nothing was ever recorded.
async fn reading(global: &Global, work: impl AsyncFnOnce(&Context) -> u8) -> u8 {
    match Context::open_to_read(global).await {
        Ok(context) => work(&context).await,
        Err(code) => code,
    }
}

/// Writes a result to standard output; returns the exit code. A reader that has gone away is no fault of ours, but a
/// result that did not get where it was sent must not look like one.
fn print(text: &str) -> u8 {
    let mut out = std::io::stdout().lock();
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    match write!(out, "{text}{newline}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            context::fail(&format!("could not write to standard output: {error}"), None, Exit::Errored)
        }
        _ => Exit::Passed.code(),
    }
}
