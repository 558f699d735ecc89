//! Restore: roles, data, and the judgement of every error that the server printed.

use std::collections::BTreeSet;

use tokio::time::timeout;

use super::emit::{Done, Story};
use super::halt::Halt;
use super::pulse::{Fed, until_stalled};
use super::{pg_restore, psql};
use crate::database::postgres::identifier::quoted;
use crate::database::postgres::restore_errors::{
    AllowedError, DropLines, Rules, ServerError, classify, verdict_of,
};
use crate::database::postgres::transcript::Transcript;
use crate::definition::{Drill, Roles};
use crate::model::{Fact, Phase, Reason};
use crate::record::Journal;
use crate::sandbox::Sandbox;
use crate::sandbox::wire::{Login, Session, WireError};
use crate::source::Artifact;

/// Where that goes that does not say in which database it belongs: most plain SQL, and archives of `pg_dump -n`, `-t`.
pub(super) const OWN_DATABASE: &str = "restored";

/// What the restore has made, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Restored {
    /// Databases that came out of the backup, the first one first.
    pub databases: Vec<String>,
}

/// What a restore's program left to judge.
pub(super) struct Loaded {
    /// What the program printed, read.
    pub transcript: Transcript,
    /// Roles that were created on the way.
    pub roles_created: BTreeSet<String>,
    /// The database that we made for a backup that brings none along.
    pub own_database: Option<String>,
    /// Lines of a plain dump that drop what is to be made anew.
    pub drops: DropLines,
    /// Nobody said which version the backup is of.
    pub version_guessed: bool,
    /// The program has not come to the end of what it was given.
    pub ended_early: bool,
}

/// Restores once, under the drill's deadline.
pub(super) async fn restore<J: Journal>(
    drill: &Drill,
    artifact: &Artifact,
    sandbox: &Sandbox,
    jobs: u16,
    story: &Story<'_, J>,
) -> Result<(Restored, Done), Halt> {
    let limit = drill.restore.timeout;
    match timeout(limit, restore_within(drill, artifact, sandbox, jobs, story)).await {
        Ok(ended) => ended,
        Err(_) => Err(out_of_time(drill, "the restore made progress, but was not done", story).await),
    }
}

/// Past the objective it is a finding; before, the limit was ours (measures.md). Measured as the clock is that the
/// objective is held against: without the waiting that production would not have (2026-11-22).
async fn out_of_time<J: Journal>(drill: &Drill, what: &str, story: &Story<'_, J>) -> Halt {
    let limit = drill.restore.timeout.as_secs();
    let detail = format!("{what} after {limit} s (restore.timeout)");
    let counted = story.record().await.counted(story.now());
    match drill.objectives.rto {
        Some(rto) if counted >= rto => Halt::new(Reason::RtoMissed, detail),
        _ => Halt::new(Reason::Timeout, detail)
            .with_hint("raise restore.timeout, or give the sandbox more of the machine"),
    }
}

async fn restore_within<J: Journal>(
    drill: &Drill,
    artifact: &Artifact,
    sandbox: &Sandbox,
    jobs: u16,
    story: &Story<'_, J>,
) -> Result<(Restored, Done), Halt> {
    let session = sandbox.admin().await?;
    let before = databases(&session).await?;
    if let Roles::File(file) = &drill.restore.roles {
        let loaded = psql::load_roles(sandbox, file).await?;
        judge(drill, sandbox, &session, &loaded, story).await.map_err(|Halt(mut stop)| {
            stop.detail = format!("the drill's file {}: {}", file.display(), stop.detail);
            Halt(stop)
        })?;
    }
    sandbox.log.take_errors();
    let fed = Fed::default();
    let load = async {
        match artifact {
            Artifact::Archive(archive) => pg_restore::load(drill, archive, sandbox, &session, jobs).await,
            Artifact::Plain(plain) => psql::load(drill, plain, sandbox, &session, &fed, story).await,
        }
    };
    let loaded = tokio::select! {
        loaded = load => loaded?,
        stalled = until_stalled(sandbox, Phase::Restore, &fed, story) => return Err(stalled),
    };
    // What the backup ran may have ended our session.
    let session = sandbox.admin().await.map_err(locked)?;
    tell_roles(drill, &loaded, story).await?;
    judge(drill, sandbox, &session, &loaded, story).await?;
    if loaded.ended_early {
        return Err(Halt::new(Reason::RestoreFailed, "psql ended before it had come to the end of the dump")
            .with_hint("the dump makes psql quit or skip: look for lines that begin with a backslash"));
    }
    let own = loaded.own_database.as_deref();
    let brought = restored_databases(sandbox, &session, &before, own).await?;
    let restored = Restored { databases: wanted_databases(&drill.backup.databases, brought)? };
    if own.is_some_and(|own| restored.databases.iter().any(|name| name == own)) {
        story.not_verified("encoding and collation: the backup does not say which its database had").await?;
    }
    let bytes = session.text(STORED).await?.and_then(|bytes| bytes.parse().ok());
    Ok((restored, Done { bytes, waited_for: None }))
}

/// What the restore has brought: an empty database's own catalog is none of its work, and each has one.
const STORED: &str = "\
select sum(greatest(pg_database_size(oid) - coalesce((select pg_database_size(oid) from pg_database
                                                      where datname = 'template0'), 0), 0))::bigint
from pg_database where not datistemplate";

async fn tell_roles<J: Journal>(drill: &Drill, loaded: &Loaded, story: &Story<'_, J>) -> Result<(), Halt> {
    if drill.restore.roles == Roles::Ignore {
        story.not_verified("ownership and grants: restore.roles is `ignore`").await?;
    }
    if !loaded.roles_created.is_empty() {
        let names = loaded.roles_created.iter().cloned().collect();
        story.tell(Fact::RolesCreated { names }).await?;
    }
    Ok(())
}

/// Classifies every error that the server printed during the restore; what is not excused ends the run.
async fn judge<J: Journal>(
    drill: &Drill,
    sandbox: &Sandbox,
    session: &Session,
    loaded: &Loaded,
    story: &Story<'_, J>,
) -> Result<(), Halt> {
    read_log_to_here(sandbox, session).await?;
    let printed = sandbox.log.take_printed();
    let unread = printed.unread;
    let printed: Vec<ServerError> = printed
        .errors
        .into_iter()
        .map(|error| ServerError { sqlstate: error.sqlstate, message: error.message })
        .collect();
    let allowed: Vec<AllowedError> = drill.restore.allow_errors.iter().map(allowed).collect();
    let rules = Rules {
        server_major: sandbox.major,
        allowed: &allowed,
        roles_ignored: drill.restore.roles == Roles::Ignore,
        drops: &loaded.drops,
        version_guessed: loaded.version_guessed,
    };
    let errors = classify(&printed, &loaded.transcript, &rules);
    for group in &errors {
        story.tell(Fact::RestoreErrors(group.clone())).await?;
    }
    match verdict_of(&errors, loaded.transcript.client_failure.as_ref(), unread) {
        None => Ok(()),
        Some(judgement) => {
            let halt = Halt::new(judgement.reason, judgement.detail);
            Err(match judgement.hint {
                Some(hint) => halt.with_hint(hint),
                None => halt,
            })
        }
    }
}

fn allowed(error: &crate::definition::AllowedError) -> AllowedError {
    let crate::definition::AllowedError { sqlstate, object, reason } = error.clone();
    AllowedError { sqlstate, object, reason }
}

/// The log comes by another way than the programs' output: it is read up to a mark of our own.
pub(super) async fn read_log_to_here(sandbox: &Sandbox, session: &Session) -> Result<(), Halt> {
    let mark = ulid::Ulid::new().to_string();
    session.run(&format!("do $$ begin raise log 'drillyard mark {mark}'; end $$")).await?;
    sandbox.log.read_up_to(&mark).await;
    Ok(())
}

/// Databases other than templates with their object ids, the oldest first.
async fn databases(session: &Session) -> Result<Vec<(u32, String)>, Halt> {
    let listed =
        session.query("select oid, datname from pg_database where not datistemplate order by oid", &[]).await;
    let rows = listed.map_err(|error| WireError::of("did not list its databases", &error))?;
    Ok(rows.iter().filter_map(|row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?))).collect())
}

/// Databases that the backup brought along, then those of ours that it put something into: the server's `postgres`,
/// and the one that we made for it.
async fn restored_databases(
    sandbox: &Sandbox,
    session: &Session,
    before: &[(u32, String)],
    own: Option<&str>,
) -> Result<Vec<String>, Halt> {
    let now = databases(session).await?.into_iter().filter(|(_, name)| Some(name.as_str()) != own);
    // By id: an archive can bring a database `postgres` in place of the server's.
    let (ours, brought): (Vec<_>, Vec<_>) =
        now.partition(|(id, _)| before.iter().any(|(known, _)| known == id));
    let mut brought: Vec<String> = brought.into_iter().map(|(_, name)| name).collect();
    for (_, name) in ours {
        if holds_relations(sandbox, &name).await? {
            brought.push(name);
        }
    }
    if let Some(own) = own
        && (brought.is_empty() || holds_relations(sandbox, own).await?)
    {
        brought.push(own.to_owned());
    }
    if brought.is_empty() {
        return Err(Halt::new(
            Reason::RestoreFailed,
            "the restore ended without an error, and without a database",
        ));
    }
    Ok(brought)
}

/// Those that the drill names, in its order; all where it names none. A named one that is not there is missing from the
/// backup.
fn wanted_databases(named: &[String], brought: Vec<String>) -> Result<Vec<String>, Halt> {
    let missing: Vec<&String> = named.iter().filter(|name| !brought.contains(name)).collect();
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.into_iter().map(String::as_str).collect();
        let (held, missing) = (brought.join(", "), missing.join(", "));
        let detail = format!("`backup.databases` names {missing}, and the backup holds {held}");
        return Err(Halt::new(Reason::Incomplete, detail));
    }
    Ok(if named.is_empty() { brought } else { named.to_vec() })
}

async fn holds_relations(sandbox: &Sandbox, database: &str) -> Result<bool, Halt> {
    const ANY: &str = "select 1 from pg_class where oid >= 16384 and relkind in ('r', 'p', 'v', 'm') limit 1";
    let one = if database == sandbox.own_database {
        sandbox.admin().await?.text(ANY).await?
    } else {
        sandbox.wire.connect(database, Login::Superuser).await?.text(ANY).await?
    };
    Ok(one.is_some())
}

/// A server that refuses its own superuser now was locked by what it was given.
pub(super) fn locked(error: WireError) -> Halt {
    match error {
        WireError::Server { sqlstate: Some(state), .. } if state.starts_with("28") => {
            let detail = format!("after the restore the server refuses its own superuser ({state})");
            Halt::new(Reason::RestoreFailed, detail)
                .with_hint("the backup changes roles or access rules of the server")
        }
        other => other.into(),
    }
}

/// Makes the database for what brings none. Bytes of no known encoding are no valid UTF-8, and only a database of no known
/// encoding takes them; every other one the server converts (2026-11-22).
pub(super) async fn make_own_database(session: &Session, encoding: Option<&str>) -> Result<(), Halt> {
    let bytes = match encoding {
        Some("SQL_ASCII") => " ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
        _ => "",
    };
    Ok(session.run(&format!("CREATE DATABASE {} TEMPLATE template0{bytes}", quoted(OWN_DATABASE))).await?)
}

/// Creates a role without login where it is not there; true where it was created.
pub(super) async fn create_role(session: &Session, name: &str, superuser: bool) -> Result<bool, Halt> {
    // The restore's own superuser is always there; to try would put an error into the record.
    if name == "postgres" {
        return Ok(false);
    }
    let rights = if superuser { "SUPERUSER NOLOGIN" } else { "NOLOGIN" };
    match session.run(&format!("CREATE ROLE {} {rights}", quoted(name))).await {
        Ok(()) => Ok(true),
        // 42710: it is there; 42939: the name is the server's own.
        Err(WireError::Server { sqlstate: Some(state), .. }) if state == "42710" || state == "42939" => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
