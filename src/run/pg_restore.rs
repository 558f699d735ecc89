//! Archives of `pg_dump`: restored by `pg_restore` inside the sandbox, from the mounted file, in parallel.

use std::collections::BTreeSet;

use super::halt::Halt;
use super::program::{postgres_program, run_program};
use super::restore::{Loaded, OWN_DATABASE, create_role, make_own_database};
use crate::database::postgres::restore_errors::DropLines;
use crate::database::postgres::start;
use crate::database::postgres::transcript::PgRestoreTranscript;
use crate::definition::{Drill, Roles};
use crate::model::{BackupFormat, MajorVersion};
use crate::sandbox::Sandbox;
use crate::sandbox::wire::Session;
use crate::source::ArchiveFile;

pub(super) async fn load(
    drill: &Drill,
    archive: &ArchiveFile,
    sandbox: &Sandbox,
    session: &Session,
    jobs: u16,
) -> Result<Loaded, Halt> {
    let mut roles_created = BTreeSet::new();
    if drill.restore.roles == Roles::CreateMissing {
        roles_created = create_missing_roles(archive, sandbox.major, session).await?;
    }
    let brings_database = archive.toc.contents.database.is_some();
    make_room(session, archive, brings_database).await?;
    let command = postgres_program("pg_restore", &arguments(drill, archive, sandbox, brings_database, jobs));
    let mut transcript = PgRestoreTranscript::default();
    let exit_code = run_program(&sandbox.wire, command, |bytes| transcript.feed(bytes)).await?;
    let own_database = (!brings_database).then(|| OWN_DATABASE.to_owned());
    Ok(Loaded {
        transcript: transcript.finish(exit_code),
        roles_created,
        own_database,
        drops: DropLines::default(),
        version_guessed: false,
        ended_early: false,
    })
}

/// Owners and grantees of the archive that the server lacks. An event trigger needs a superuser for its owner, and so did
/// a subscription before 16; who is one without need can do what nobody could in production (2026-11-22).
async fn create_missing_roles(
    archive: &ArchiveFile,
    server: MajorVersion,
    session: &Session,
) -> Result<BTreeSet<String>, Halt> {
    let mut created: BTreeSet<String> = BTreeSet::new();
    let contents = &archive.toc.contents;
    for role in &contents.roles {
        let superuser = contents.superuser_owners.contains(role)
            || server < MajorVersion(16) && contents.subscription_owners.contains(role);
        if create_role(session, role, superuser).await? {
            created.insert(role.clone());
        }
    }
    Ok(created)
}

/// The sandbox's own empty database `postgres` makes room for one of that name.
async fn make_room(session: &Session, archive: &ArchiveFile, brings_database: bool) -> Result<(), Halt> {
    if !brings_database {
        return make_own_database(session, archive.toc.contents.encoding.as_deref()).await;
    }
    if archive.toc.contents.database.as_ref().is_some_and(|database| database.name == "postgres") {
        session.run("DROP DATABASE postgres").await?;
    }
    Ok(())
}

fn arguments(
    drill: &Drill,
    archive: &ArchiveFile,
    sandbox: &Sandbox,
    brings_database: bool,
    jobs: u16,
) -> Vec<String> {
    let mut arguments: Vec<String> = Vec::new();
    let mut add = |text: &str| arguments.push(text.to_owned());
    // Else an error names no entry of the archive (measured, 15 and 17).
    add("--verbose");
    if brings_database {
        add("--create");
        add(&format!("--dbname={}", sandbox.own_database));
    } else {
        add(&format!("--dbname={OWN_DATABASE}"));
    }
    if drill.restore.no_tablespaces {
        add("--no-tablespaces");
    }
    if drill.restore.roles == Roles::Ignore {
        add("--no-owner");
        add("--no-privileges");
    }
    // pg_restore refuses -j for tar archives (measured).
    if archive.format == BackupFormat::PgDumpCustom && jobs > 1 {
        add(&format!("--jobs={jobs}"));
    }
    add(start::BACKUP);
    arguments
}
