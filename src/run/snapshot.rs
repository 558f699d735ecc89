//! Snapshot: an RDS snapshot restored to a temporary instance that only this run can log in to, and that was found to be
//! what was asked for. Its database is drawn from it ([`super::draw`]), or it is asked itself ([`super::instance`]).

use std::path::Path;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::emit::Story;
use super::halt::Halt;
use super::world::{World, wall_clock};
use crate::definition::{Drill, RdsSource};
use crate::failpoint;
use crate::listen::Progress;
use crate::model::{Candidate, Effect, EffectKind, Fact, NotComparable, Phase, Reason, RunId};
use crate::record::Journal;
use crate::sandbox::profile::{self, EXPIRES, Labels, RUN, STORE};
use crate::source::rds::instance::{Account, Available, NAMES, Wanted};
use crate::source::rds::{RdsSnapshots, Snapshot};

/// An instance that outlived its run by so much is nobody's.
const TIME_BESIDE: Duration = Duration::from_hours(2);

/// A snapshot that was chosen, and what its instance is made with.
pub(super) struct Prepared {
    pub account: Account,
    pub snapshot: Snapshot,
    pub labels: Labels,
    /// In PEM form.
    pub authorities: String,
}

/// A temporary instance that can be logged in to.
pub(super) struct Standing {
    pub name: String,
    pub instance: Available,
    pub password: SecretString,
    /// When its restore was asked for.
    pub begun: Instant,
    /// From then until RDS said that it is available.
    pub available_after: Duration,
    /// What it holds ends here.
    pub recovery_point: jiff::Timestamp,
}

/// Name of a run's temporary instance: short enough for RDS, and found by its run.
pub(super) fn instance_name(run: RunId) -> String {
    format!("{NAMES}{}", run.to_string().to_lowercase())
}

/// Asks for the snapshot's version, and reads what is needed before an instance is made.
pub(super) async fn prepare(
    drill: &Drill,
    source: &RdsSource,
    id: &str,
    run: RunId,
    world: &World,
) -> Result<Prepared, Halt> {
    let authorities = certificates(&source.authority)?;
    let snapshot = RdsSnapshots::new(source.clone()).snapshot(id).await?;
    let expires =
        wall_clock().checked_add(drill.restore.timeout * 2 + TIME_BESIDE).unwrap_or(jiff::Timestamp::MAX);
    let labels =
        Labels { store: world.store.id().clone(), run, drill: drill.name.clone(), fence: 1, expires };
    Ok(Prepared { account: Account::open(source).await?, snapshot, labels, authorities })
}

/// Restores the snapshot, waits, reads back what it became, and gives it a password of ours; all of it within
/// `restore.timeout`, and told as progress of `phase`.
pub(super) async fn stand_up<J: Journal>(
    drill: &Drill,
    source: &RdsSource,
    chosen: &Candidate,
    prepared: &Prepared,
    phase: Phase,
    story: &Story<'_, J>,
) -> Result<Standing, Halt> {
    let begun = Instant::now();
    let left = || drill.restore.timeout.saturating_sub(begun.elapsed());
    let Prepared { account, snapshot, labels, .. } = prepared;
    let wanted = Wanted { name: instance_name(labels.run), tags: tags(labels) };
    let name = wanted.name.clone();
    restore(source, prepared, &wanted, story).await?;
    failpoint::reach("after_instance_restore").await;
    story.tell(Fact::NotComparable { why: NotComparable::LazyLoading }).await?;

    let watch = |what: &str, status: &str, after: Duration| {
        note(phase, story, format!("{what}: {status} for {} s", after.as_secs()));
    };
    account.available(&name, left(), |status, after| watch("temporary instance", status, after)).await?;
    let available_after = begun.elapsed();
    let recovery_point = snapshot.state_of.unwrap_or(chosen.modified_at);
    let facts = account.inspect(source, snapshot, &wanted, recovery_point).await?;
    story.tell(Fact::InstanceInspected(Box::new(facts))).await?;

    let password = new_password()?;
    account.set_password(&name, &password, left()).await?;
    let instance =
        account.available(&name, left(), |status, after| watch("its password", status, after)).await?;
    failpoint::reach("after_instance_password").await;
    Ok(Standing { name, instance, password, begun, available_after, recovery_point })
}

/// The intent, then the effect.
async fn restore<J: Journal>(
    source: &RdsSource,
    prepared: &Prepared,
    wanted: &Wanted,
    story: &Story<'_, J>,
) -> Result<(), Halt> {
    let effect = Effect { kind: EffectKind::RdsInstance, name: wanted.name.clone() };
    story.intend(effect.clone()).await?;
    failpoint::reach("after_instance_intent").await;
    if let Err(error) = prepared.account.restore(source, &prepared.snapshot, wanted).await {
        if error.is_an_answer() {
            // Refused: nothing was made, and nothing that is there under this name is ours.
            story.tell(Fact::EffectUndone { effect }).await?;
        }
        return Err(error.into());
    }
    Ok(())
}

/// Shows what goes on.
pub(super) fn note<J: Journal>(phase: Phase, story: &Story<'_, J>, note: String) {
    story.progress(&Progress { phase, bytes: 0, total: None, note: Some(note) });
}

/// It was not done in time.
pub(super) fn late(deadline: Duration, what: &str) -> Halt {
    Halt::new(Reason::Timeout, format!("the snapshot was not {what} within {} s", deadline.as_secs()))
        .with_hint("raise `restore.timeout`, or give `class` a larger one: a fresh instance reads its blocks from afar")
}

/// The database that is drilled.
pub(super) fn database(source: &RdsSource, instance: &Available) -> Result<String, Halt> {
    source.database.clone().or_else(|| instance.database.clone()).ok_or_else(|| {
        Halt::new(Reason::RdsFailed, "the snapshot does not tell the name of a database")
            .with_hint("name one in backup.databases")
    })
}

/// The certificates of a file and nothing else in it: what a drill names is shown to a container that has a network.
fn certificates(file: &Path) -> Result<String, Halt> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let untrusted = |why: String| {
        Halt::new(Reason::SourceUnreachable, format!("the authorities of RDS in {}: {why}", file.display()))
            .with_hint("put AWS's global-bundle.pem there: a server that nobody vouches for is not asked")
    };
    let text = std::fs::read_to_string(file).map_err(|error| untrusted(error.to_string()))?;
    let found: Vec<&str> = text
        .split(BEGIN)
        .skip(1)
        .filter_map(|rest| rest.split_once(END).map(|(inside, _)| inside))
        .filter(|inside| inside.chars().all(|c| c.is_ascii_alphanumeric() || "+/=\r\n".contains(c)))
        .collect();
    if found.is_empty() {
        return Err(untrusted("no certificate in PEM form".to_owned()));
    }
    Ok(found.iter().flat_map(|inside| [BEGIN, inside, END, "\n"]).collect())
}

fn tags(labels: &Labels) -> Vec<(String, String)> {
    [
        (STORE, labels.store.to_string()),
        (RUN, labels.run.to_string()),
        (profile::DRILL, labels.drill.to_string()),
        (EXPIRES, labels.expires.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec()
}

/// 256 bits of the system's randomness. Known to this process and the instance alone, and gone with both.
pub(super) fn new_password() -> Result<SecretString, Halt> {
    let mut halves = [[0_u8; 16]; 2];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut source| {
        halves.iter_mut().try_for_each(|half| std::io::Read::read_exact(&mut source, half))
    });
    read.map_err(|error| Halt::new(Reason::Internal, format!("no randomness for a password: {error}")))?;
    let [first, second] = halves.map(u128::from_le_bytes);
    Ok(format!("{first:032x}{second:032x}").into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_run_has_one_name_for_its_instance_and_rds_takes_it() {
        let name = instance_name(RunId::new(ulid::Ulid::from_parts(1, 1)));
        assert!(name.len() <= 63 && !name.contains("--") && name.starts_with(NAMES), "{name}");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
    }

    #[test]
    fn of_a_file_only_its_certificates_leave_this_process() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.pem");
        let one = "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        std::fs::write(&file, format!("secret: x\n{one}{key}{one}")).unwrap();
        assert_eq!(certificates(&file).unwrap(), format!("{one}{one}"));
        std::fs::write(&file, "[default]\naws_secret_access_key = x\n-----BEGIN CERTIFICATE-----\nno: pem\n-----END CERTIFICATE-----").unwrap();
        let halt = certificates(&file).unwrap_err();
        assert_eq!(halt.0.reason, Reason::SourceUnreachable);
        assert!(!halt.0.detail.contains("aws_secret"));
        assert!(certificates(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn no_two_passwords_are_the_same() {
        let (one, other) = (new_password().unwrap(), new_password().unwrap());
        assert_eq!(one.expose_secret().len(), 64);
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
