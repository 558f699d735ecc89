//! Ask: the checks are asked on the temporary instance that the snapshot became, as a recovery would go on with it.
//!
//! No container, and no archive: what is measured is what RDS takes. What contains the data is the instance's network
//! alone, which is why its profile is read back before anybody connects ([`super::stand_up`]).

use secrecy::ExposeSecret;
use tokio::time::timeout;
use tokio_postgres::{Client, Row};

use super::super::emit::{Done, Story};
use super::super::halt::Halt;
use super::super::world::{Order, World};
use super::super::{locate, verify};
use super::pg_dump::NEW_PASSWORD;
use super::prepare::{Prepared, prepare};
use super::stand_up::{self, Standing, late, new_password, note, stand_up};
use crate::check;
use crate::database::postgres::identifier;
use crate::definition::{Drill, RdsSource};
use crate::failpoint;
use crate::model::event::RunStarted;
use crate::model::{Candidate, MajorVersion, Milestone, Phase, Reason, RunId};
use crate::record::Journal;
use crate::sandbox::instance_wire::{Account, InstanceWire, InstanceWireError, Place};
use crate::sandbox::wire::Login;

/// The first that has `pg_read_all_data`.
const OLDEST: MajorVersion = MajorVersion(14);
/// So many tables that could not be read are named.
const SHOWN: usize = 5;
/// Not permitted, gone meanwhile, locked, ended by a limit, or a relation that holds no rows of its own.
const SAYS_NOTHING: [&str; 5] = ["42501", "42P01", "55P03", "57014", "55000"];
/// What the record says of containment.
const BY_ITS_NETWORK: &str = "containment: checks were asked on a temporary instance, which only its subnets and security groups keep from reaching others";

/// The largest tables that hold rows of their own, and that this role may read whole.
const LARGEST: &str = "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND NOT c.relrowsecurity AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    ORDER BY c.relpages DESC, c.oid LIMIT 100";

/// A server that has answered.
struct Answering {
    wire: InstanceWire,
    database: String,
}

/// The recovery itself, from the source to the last check.
pub(in crate::run) async fn recover<J: Journal>(
    drill: &Drill,
    source: &RdsSource,
    order: &Order,
    opening: &RunStarted,
    world: &World,
    story: &Story<'_, J>,
) -> Result<(), Halt> {
    let located = locate::locate(drill, order, story).await?;
    failpoint::reach("after_locate").await;
    let chosen = located.candidate();
    let prepared = prepare(drill, source, &chosen.id, opening.run, world).await?;
    if prepared.snapshot.major < OLDEST {
        return Err(too_old(&prepared));
    }
    let restoring = Box::pin(restore(drill, source, chosen, &prepared, story));
    let (answering, recovery_point) = story.phase(Phase::Restore, restoring).await?;
    story.reached(Milestone::Restored).await?;
    story.not_verified(BY_ITS_NETWORK).await?;
    failpoint::reach("after_restore").await;

    let context = check::Context {
        databases: vec![answering.database.clone()],
        run_started_at: opening.started_at,
        data_as_of: located.chosen.chosen_by_hand.then_some(recovery_point),
        time_zone: drill.backup.known_time_zone().cloned(),
    };
    let wire = &answering.wire;
    let connect = |database: String| async move { wire.connect(&database, Login::Checker).await };
    let asking = Box::pin(verify::ask(drill, &context, connect, story));
    story.phase(Phase::Verify, asking).await?;
    failpoint::reach("after_verify").await;
    if verify::all_passed(drill, story).await {
        story.reached(Milestone::Verified).await?;
    }
    Ok(())
}

fn too_old(prepared: &Prepared) -> Halt {
    let told = format!("the snapshot is of PostgreSQL {}", prepared.snapshot.version);
    Halt::new(Reason::Version, format!("{told}; checks on an instance need 14 or later"))
        .with_hint("write then: container, which makes a role of its own in the sandbox")
}

/// The instance stands, has a role for the checks, and has answered its first query.
async fn restore<J: Journal>(
    drill: &Drill,
    source: &RdsSource,
    chosen: &Candidate,
    prepared: &Prepared,
    story: &Story<'_, J>,
) -> Result<((Answering, jiff::Timestamp), Done), Halt> {
    let deadline = drill.restore.timeout;
    let standing = stand_up(drill, source, chosen, prepared, Phase::Restore, story).await?;
    let (recovery_point, begun) = (standing.recovery_point, standing.begun);
    let waited_for = format!(
        "a temporary instance {}, available after {} s",
        standing.instance.class,
        standing.available_after.as_secs()
    );
    let opening = Box::pin(open(source, prepared, standing, story));
    let left = deadline.saturating_sub(begun.elapsed());
    let answering = timeout(left, opening).await.map_err(|_| late(deadline, "answering queries"))??;
    Ok(((answering, recovery_point), Done { bytes: None, waited_for: Some(waited_for) }))
}

/// Logs in, makes the role, and reads the first row of the largest tables: an instance says that it is available long
/// before it has its blocks.
async fn open<J: Journal>(
    source: &RdsSource,
    prepared: &Prepared,
    standing: Standing,
    story: &Story<'_, J>,
) -> Result<Answering, Halt> {
    let database = stand_up::database(source, &standing.instance)?;
    let wire = wire(source, prepared, standing)?;
    note(Phase::Restore, story, "its role for checks".to_owned());
    make_role(&wire, &database).await?;
    let client = wire.connect(&database, Login::Checker).await?;
    let tables = wire.ask(&client, "did not list its tables", LARGEST).await?;
    story.reached(Milestone::Queryable).await?;
    let client = read_first_rows(&wire, &database, client, &tables, story).await?;
    if looks_not_everywhere(&wire, &client).await? {
        let hidden = "tables with row-level security: the master user of this instance may hand on no right to look behind it, so a check of such a table ends as an error";
        story.not_verified(hidden).await?;
    }
    Ok(Answering { wire, database })
}

/// Reads the first row of each table. One that is locked, not permitted or not read in time is told and ends nothing: the
/// checks ask for what they need themselves. A lost connection ends it, and so does what may be damage.
async fn read_first_rows<J: Journal>(
    wire: &InstanceWire,
    database: &str,
    mut client: Box<Client>,
    tables: &[Row],
    story: &Story<'_, J>,
) -> Result<Box<Client>, Halt> {
    let total = tables.len();
    let mut unread = Vec::new();
    for (done, row) in tables.iter().enumerate() {
        note(Phase::Restore, story, format!("first rows: {done} of {total} tables"));
        let (schema, table): (&str, &str) = (row.get(0), row.get(1));
        let first = format!("SELECT 1 FROM ONLY {} LIMIT 1", identifier::qualified(schema, table));
        match wire.ask(&client, "did not read a table's first row", &first).await {
            Ok(_) => {}
            // Anything else it refuses with may say that its data is damaged.
            Err(InstanceWireError::Refused { sqlstate, .. }) if SAYS_NOTHING.contains(&sqlstate.as_str()) => {
                unread.push(format!("{schema}.{table} ({sqlstate})"));
            }
            Err(InstanceWireError::Unanswered { after }) => {
                unread.push(format!("{schema}.{table} (no answer within {} s)", after.as_secs()));
                // On the old connection the next question would wait for this one.
                client = wire.connect(database, Login::Checker).await?;
            }
            Err(lost) => return Err(lost.into()),
        }
    }
    if !unread.is_empty() {
        let number = unread.len();
        unread.truncate(SHOWN);
        let names = unread.join(", ");
        story.warn(format!("{number} of {total} tables did not give their first row: {names}")).await?;
        let cold =
            "the first rows of all tables: some could not be read, and the measured times leave them out";
        story.not_verified(cold).await?;
    }
    Ok(client)
}

/// A new role for the checks, by a verifier in place of a password.
async fn make_role(wire: &InstanceWire, database: &str) -> Result<(), Halt> {
    let master = wire.connect_when_let_in(database, NEW_PASSWORD).await?;
    let checker = wire.checker();
    let verifier = postgres_protocol::password::scram_sha_256(checker.password.expose_secret().as_bytes());
    let sql = check::make_role_sql(&checker.role, &verifier);
    Ok(wire.run(&master, "did not make a role for checks", &sql).await?)
}

async fn looks_not_everywhere(wire: &InstanceWire, client: &Client) -> Result<bool, Halt> {
    let rows = wire.ask(client, "did not tell its row-level security", check::UNSEEN_ROWS).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

fn wire(source: &RdsSource, prepared: &Prepared, standing: Standing) -> Result<InstanceWire, Halt> {
    let place = Place {
        host: standing.instance.host,
        port: standing.instance.port,
        address: source.address,
        authorities: prepared.authorities.clone(),
    };
    let master = Account { role: standing.instance.master, password: standing.password };
    let checker = Account { role: checker_name(prepared.labels.run), password: new_password()? };
    Ok(InstanceWire::new(place, master, checker)?)
}

/// Of this run alone: a role of that name can't have come along with the snapshot.
fn checker_name(run: RunId) -> String {
    format!("drillyard_check_{}", run.to_string().to_lowercase())
}
