//! Prepare: everything that is known and read before an instance is made and paid for.

use std::path::Path;
use std::time::Duration;

use super::super::halt::Halt;
use super::super::world::{World, wall_clock};
use crate::definition::{Drill, RdsSource};
use crate::model::{Reason, RunId};
use crate::sandbox::profile::{self, EXPIRES, Labels, RUN, STORE};
use crate::source::rds::account::Account;
use crate::source::rds::instance::NAMES;
use crate::source::rds::{RdsSnapshots, Snapshot};

/// An instance that outlived its run by so much is nobody's.
const TIME_BESIDE: Duration = Duration::from_hours(2);

/// A snapshot that was chosen, and what its instance is made with.
pub(in crate::run) struct Prepared {
    pub account: Account,
    pub snapshot: Snapshot,
    pub labels: Labels,
    /// In PEM form.
    pub authorities: String,
}

/// Name of a run's temporary instance: short enough for RDS, and found by its run.
pub(super) fn instance_name(run: RunId) -> String {
    format!("{NAMES}{}", run.to_string().to_lowercase())
}

/// Asks for the snapshot's version and what its parameter group would let it do, and reads what is needed before an instance is made.
pub(in crate::run) async fn prepare(
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
    let account = Account::open(source).await?;
    account.check_group(&source.parameter_group).await?;
    let labels =
        Labels { store: world.store.id().clone(), run, drill: drill.name.clone(), fence: 1, expires };
    Ok(Prepared { account, snapshot, labels, authorities })
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

pub(super) fn tags(labels: &Labels) -> Vec<(String, String)> {
    [
        (STORE, labels.store.to_string()),
        (RUN, labels.run.to_string()),
        (profile::DRILL, labels.drill.to_string()),
        (EXPIRES, labels.expires.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .to_vec()
}

#[cfg(test)]
mod tests {
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
}
