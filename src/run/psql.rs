//! Plain SQL: streamed into `psql` inside the sandbox, every statement tried. Roles are created as they are named,
//! just before the statement that names them is handed on.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::Ordering;

use tokio::io::AsyncWriteExt;

use super::emit::Story;
use super::halt::Halt;
use super::program::{Input, feed_program, postgres_program};
use super::pulse::Fed;
use super::restore::{Loaded, OWN_DATABASE, create_role, make_own_database};
use crate::database::postgres::restore_errors::{DropLines, DropScanner};
use crate::database::postgres::transcript::PsqlTranscript;
use crate::definition::{Drill, Roles};
use crate::model::Reason;
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::sandbox::wire::Session;
use crate::source::PlainFile;
use crate::source::completeness::{Holdings, judge_end, judge_holdings};
use crate::source::scan::{PlainScanner, PlainSummary};

/// What a stream into `psql` has shown on the way.
struct Streamed {
    summary: PlainSummary,
    roles_created: BTreeSet<String>,
    drops: DropLines,
}

pub(super) async fn load<J: Journal>(
    drill: &Drill,
    plain: &PlainFile,
    sandbox: &Sandbox,
    session: &Session,
    fed: &Fed,
    story: &Story<'_, J>,
) -> Result<Loaded, Halt> {
    make_own_database(session, plain.header.client_encoding.as_deref()).await?;
    let end = EndMark::new();
    let mut seen = end.clone();
    let mut transcript = PsqlTranscript::default();
    let command = postgres_program("psql", &arguments(OWN_DATABASE, &[]));
    let streaming = |input| stream(drill, plain, session, input, fed, end.command());
    let (streamed, exit_code) = feed_program(&sandbox.wire, command, streaming, |bytes| {
        seen.look(bytes);
        transcript.feed(bytes);
    })
    .await?;
    let transcript = transcript.finish(exit_code);
    let own_database = Some(OWN_DATABASE.to_owned());
    let version_guessed = drill.sandbox.image.is_none() && plain.header.facts.server_version.is_none();
    let Some(Streamed { summary, roles_created, drops }) = streamed else {
        // psql has ended by itself; what it met is judged first, and that it ended is a finding of its own.
        let drops = DropLines::default();
        return Ok(Loaded {
            transcript,
            roles_created: BTreeSet::new(),
            own_database,
            drops,
            version_guessed,
            ended_early: true,
        });
    };
    if let Some(unproven) = judge_end(&plain.origin.id, plain.header.kind, &summary)? {
        story.not_verified(unproven).await?;
    }
    judge_holdings(Holdings::from(&summary), drill.backup.contains, drill.backup.allow_empty)?;
    Ok(Loaded { transcript, roles_created, own_database, drops, version_guessed, ended_early: !seen.found })
}

/// Hands the dump on, chunk by chunk, and at its end asks `psql` to show that it came that far.
async fn stream(
    drill: &Drill,
    plain: &PlainFile,
    session: &Session,
    mut input: Input,
    fed: &Fed,
    end: String,
) -> Result<Streamed, Halt> {
    let mut dump = plain.open();
    let mut scanner = PlainScanner::new();
    let mut drops = DropScanner::default();
    let mut roles_created = BTreeSet::new();
    loop {
        fed.waits_for_source.store(true, Ordering::Relaxed);
        let next = dump.next().await?;
        fed.waits_for_source.store(false, Ordering::Relaxed);
        let Some(chunk) = next else { break };
        drops.feed(&chunk);
        let needed = scanner.feed(&chunk);
        if drill.restore.roles == Roles::CreateMissing {
            for role in needed {
                if create_role(session, &role, false).await? {
                    roles_created.insert(role);
                }
            }
        }
        if input.write_all(&chunk).await.is_err() {
            // The program has ended; its own output says why.
            std::future::pending::<()>().await;
        }
        fed.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
    }
    // A dump that ends early has told so; whatever psql would make of the mark then is no matter.
    let _ = input.write_all(end.as_bytes()).await;
    let _ = input.shutdown().await;
    Ok(Streamed { summary: scanner.finish(), roles_created, drops: drops.finish() })
}

/// A text that `psql` prints when it has come to the end: a dump that quits (`\q`) or skips (`\if false`) ends with exit
/// code 0 and its closing line in place (measured).
#[derive(Clone)]
pub(super) struct EndMark {
    text: String,
    tail: Vec<u8>,
    /// Whether it was printed.
    pub(super) found: bool,
}

impl EndMark {
    pub(super) fn new() -> Self {
        Self { text: format!("drillyard-{}", ulid::Ulid::new()), tail: Vec::new(), found: false }
    }

    /// The command that prints it.
    pub(super) fn command(&self) -> String {
        format!("\n\\warn {}\n", self.text)
    }

    /// Looks for it in what `psql` prints.
    pub(super) fn look(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        self.found |= memchr::memmem::find(&self.tail, self.text.as_bytes()).is_some();
        let surplus = self.tail.len().saturating_sub(self.text.len());
        self.tail.drain(..surplus);
    }
}

/// Runs a file of roles, as `pg_dumpall --globals-only` writes it, every statement tried: it creates `postgres` too.
pub(super) async fn load_roles(sandbox: &Sandbox, file: &Path) -> Result<Loaded, Halt> {
    let text = read(file)?;
    let mut drops = DropScanner::default();
    drops.feed(&text);
    let mut transcript = PsqlTranscript::default();
    let command = postgres_program("psql", &arguments(sandbox.own_database, &[]));
    let (_, exit_code) =
        feed_program(&sandbox.wire, command, |input| hand_on(text, input), |bytes| transcript.feed(bytes))
            .await?;
    Ok(Loaded {
        transcript: transcript.finish(exit_code),
        roles_created: BTreeSet::new(),
        own_database: None,
        drops: drops.finish(),
        version_guessed: false,
        ended_early: false,
    })
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>, Halt> {
    std::fs::read(file).map_err(|error| {
        Halt::new(Reason::CheckInvalid, format!("the drill's file {} can't be read: {error}", file.display()))
    })
}

pub(super) async fn hand_on(text: Vec<u8>, mut input: Input) -> Result<(), Halt> {
    // A program that has ended early says why by its exit code.
    let _ = input.write_all(&text).await;
    let _ = input.shutdown().await;
    Ok(())
}

pub(super) fn arguments(database: &str, more: &[String]) -> Vec<String> {
    let mut arguments: Vec<String> = [
        "--no-psqlrc",
        "--quiet",
        // With these errors have a line and a statement, and so an object.
        "--echo-errors",
        "--file=-",
        "--set=VERBOSITY=verbose",
        "--set=SHOW_CONTEXT=never",
        "--output=/dev/null",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.extend_from_slice(more);
    arguments.push(format!("--dbname={database}"));
    arguments
}
