//! Stand up: an RDS snapshot restored to a temporary instance that only this run can log in to, and that was found to be
//! what was asked for.

use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio::time::timeout;

use super::super::emit::Story;
use super::super::halt::Halt;
use super::prepare::{Prepared, instance_name, tags};
use crate::definition::{Drill, RdsSource};
use crate::failpoint;
use crate::listen::Progress;
use crate::model::{Candidate, Effect, EffectKind, Fact, NotComparable, Phase, Reason};
use crate::record::Journal;
use crate::source::rds::instance::{Available, Wanted};

/// Longest that a call may hang beyond `restore.timeout`.
const BEYOND: Duration = Duration::from_secs(45);
/// What the record says of the instance's network.
const NOT_ASKED_FOR: &str = "what the temporary instance's security groups let out: they are the drill's, and their rules were not looked at";

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
    // A call that hangs in spite of its own deadlines must not hold the run; each wait inside tells more.
    let rope = drill.restore.timeout + BEYOND;
    let standing = Box::pin(stand_up_within(drill, source, chosen, prepared, phase, story));
    timeout(rope, standing).await.map_err(|_| late(drill.restore.timeout, "an instance"))?
}

async fn stand_up_within<J: Journal>(
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
    story.tell(Fact::NotComparable { why: NotComparable::LazyLoading }).await?;

    let watch = |what: &str, status: &str, after: Duration| {
        note(phase, story, format!("{what}: {status} for {} s", after.as_secs()));
    };
    account.available(&name, left(), |status, after| watch("temporary instance", status, after)).await?;
    let available_after = begun.elapsed();
    let recovery_point = snapshot.state_of.unwrap_or(chosen.modified_at);
    let facts = account.inspect(source, snapshot, &wanted, recovery_point, left()).await?;
    story.tell(Fact::InstanceInspected(Box::new(facts))).await?;
    story.not_verified(NOT_ASKED_FOR).await?;

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
    let restored = prepared.account.restore(source, &prepared.snapshot, wanted).await;
    failpoint::reach("after_instance_restore").await;
    match restored {
        Ok(()) => story.tell(Fact::EffectMade { effect }).await,
        Err(error) => {
            // Refused: nothing was made. The teardown looks all the same.
            if error.is_an_answer() {
                story.tell(Fact::EffectUndone { effect }).await?;
            }
            Err(error.into())
        }
    }
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
    fn no_two_passwords_are_the_same() {
        let (one, other) = (new_password().unwrap(), new_password().unwrap());
        assert_eq!(one.expose_secret().len(), 64);
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
