//! The account that a drill's instances are made in: one call each.

use std::time::Duration;

use aws_sdk_rds::Client;
use aws_sdk_rds::config::timeout::TimeoutConfig;
use aws_sdk_rds::types::{DbInstance, Tag};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::super::{SourceError, trouble};
use super::Snapshot;
use super::error::{InstanceError, told};
use super::group;
use super::inspect::inspect;
use super::instance::{Listed, Mark, NAMES, Wanted, tags_of};
use super::looks::Looks;
use crate::aws;
use crate::aws::failure::Failure;
use crate::definition::RdsSource;
use crate::model::InstanceFacts;

/// Longest wait for a whole answer, its body included: one that drips or stalls is made again (2026-11-22).
const ANSWER: Duration = Duration::from_secs(30);
/// So long an instance of this run's name that is said to be there may take to be seen.
const SEEN: Duration = Duration::from_secs(10);

/// The account that a drill's instances are made in.
pub struct Account {
    client: Client,
}

impl Account {
    /// Reads configuration and credentials; asks nobody yet.
    pub async fn open(source: &RdsSource) -> Result<Self, SourceError> {
        let shared = aws::configuration(&source.access).await.map_err(|error| trouble::no_access(&error))?;
        let timeouts = shared.timeout_config().map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
        let config = aws_sdk_rds::config::Builder::from(&shared)
            .timeout_config(timeouts.operation_attempt_timeout(ANSWER).build());
        Ok(Self { client: Client::from_conf(config.build()) })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// A parameter group that would let restored data act is refused before anything is made.
    pub async fn check_group(&self, name: &str) -> Result<(), InstanceError> {
        let pages = self.client.describe_db_parameters().db_parameter_group_name(name).into_paginator();
        let listed = pages.items().send().collect::<Result<Vec<_>, _>>().await;
        let parameters =
            listed.map_err(|error| told("reading the parameter group", &aws::failure::classify(&error)))?;
        group::check(name, &parameters)
    }

    /// Begins the restore of a snapshot.
    pub async fn restore(
        &self,
        source: &RdsSource,
        snapshot: &Snapshot,
        wanted: &Wanted,
    ) -> Result<(), InstanceError> {
        let call = "restoring the snapshot to a temporary instance";
        let tags = wanted.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let asked = self
            .client
            .restore_db_instance_from_db_snapshot()
            .db_instance_identifier(&wanted.name)
            .db_snapshot_identifier(&snapshot.id)
            .set_db_instance_class(source.class.clone())
            .db_subnet_group_name(&source.subnet_group)
            .set_vpc_security_group_ids(Some(source.security_groups.clone()))
            .db_parameter_group_name(&source.parameter_group)
            .set_tags(Some(tags.collect()))
            .publicly_accessible(false)
            .multi_az(false)
            // No backup of the copy is made: it would cost minutes and money, and outlive it.
            .backup_retention_period(0)
            .deletion_protection(false)
            .auto_minor_version_upgrade(false)
            .copy_tags_to_snapshot(false);
        match asked.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let failure = aws::failure::classify(&error);
                if failure.code.starts_with("DBInstanceAlreadyExists") {
                    return self.made_before(call, wanted, &failure).await;
                }
                Err(told(call, &failure))
            }
        }
    }

    /// Reads back what an instance became.
    pub async fn inspect(
        &self,
        source: &RdsSource,
        snapshot: &Snapshot,
        wanted: &Wanted,
        recovery_point: Timestamp,
        deadline: Duration,
    ) -> Result<InstanceFacts, InstanceError> {
        let found = self.seen(&wanted.name, &mut Looks::until(deadline)).await?;
        Ok(InstanceFacts {
            name: wanted.name.clone(),
            resource_id: found.dbi_resource_id().unwrap_or("without an identity").to_owned(),
            class: found.db_instance_class().unwrap_or_default().to_owned(),
            server_version: found.engine_version().unwrap_or(&snapshot.version).to_owned(),
            profile: inspect(&found, source, wanted)?,
            recovery_point,
        })
    }

    /// An answer can get lost on its way and the call be made again: then the instance is there, and ours. Nobody else
    /// makes this run's name: what can't be seen as ours is not known, and never nothing.
    async fn made_before(
        &self,
        call: &'static str,
        wanted: &Wanted,
        failure: &Failure,
    ) -> Result<(), InstanceError> {
        let unknown = |why: &str| InstanceError::Unknown { call, detail: format!("{}{why}", failure.detail) };
        let mut looks = Looks::until(SEEN);
        loop {
            match self.describe(&wanted.name).await {
                Ok(Some(found)) if wanted.tags.iter().all(|tag| tags_of(&found).contains(tag)) => {
                    return Ok(());
                }
                Err(error) if error.is_an_answer() => return Err(unknown(&format!("; {error}"))),
                _ => looks.wait_or(|_| unknown("")).await?,
            }
        }
    }

    pub(super) async fn takes_password(
        &self,
        name: &str,
        password: &SecretString,
    ) -> Result<bool, InstanceError> {
        let call = "setting a password of the temporary instance";
        let asked = self
            .client
            .modify_db_instance()
            .db_instance_identifier(name)
            .master_user_password(password.expose_secret())
            .apply_immediately(true);
        match asked.send().await {
            Ok(_) => Ok(true),
            Err(error) => match aws::failure::classify(&error) {
                failure if failure.code.starts_with("InvalidDBInstanceState") => Ok(false),
                failure => Err(told(call, &failure)),
            },
        }
    }

    /// Tells an instance to go; false while its state does not allow it. Gone already is told.
    pub async fn delete(&self, name: &str, mark: Mark<'_>) -> Result<bool, InstanceError> {
        let call = "deleting the temporary instance";
        if !name.starts_with(NAMES) {
            return Err(InstanceError::Failed { call, detail: format!("{name} is none of ours") });
        }
        let asked = self
            .client
            .delete_db_instance()
            .db_instance_identifier(name)
            .skip_final_snapshot(true)
            .delete_automated_backups(true);
        let Err(error) = asked.send().await else { return Ok(true) };
        let failure = aws::failure::classify(&error);
        let is = |code: &str| failure.code.starts_with(code);
        if is("DBInstanceNotFound") {
            return Ok(true);
        }
        if is("InvalidDBInstanceState")
            || (is("InvalidParameterCombination") && self.unprotect(name, mark).await?)
        {
            return Ok(false);
        }
        Err(told(call, &failure))
    }

    /// Takes the deletion protection off that somebody has put on an instance of ours, a rule of the account perhaps: it
    /// would cost money for ever. False where that is not what keeps it.
    async fn unprotect(&self, name: &str, (key, value): Mark<'_>) -> Result<bool, InstanceError> {
        let Some(found) = self.describe(name).await? else { return Ok(false) };
        let ours = tags_of(&found).iter().any(|tag| tag.0 == key && tag.1 == value);
        if !ours || found.deletion_protection() != Some(true) {
            return Ok(false);
        }
        let asked = self.client.modify_db_instance().db_instance_identifier(name);
        let Err(error) = asked.deletion_protection(false).apply_immediately(true).send().await else {
            return Ok(true);
        };
        match aws::failure::classify(&error) {
            failure if failure.code.starts_with("InvalidDBInstanceState") => Ok(true),
            failure => Err(told("taking the deletion protection off the temporary instance", &failure)),
        }
    }

    /// Every instance whose tag has this value.
    pub async fn tagged(&self, (key, value): Mark<'_>) -> Result<Vec<Listed>, InstanceError> {
        let all = self.named_like_ours().await?;
        Ok(all.into_iter().filter(|listed| listed.tag(key) == Some(value)).collect())
    }

    /// Every temporary instance, whosever it is.
    pub async fn named_like_ours(&self) -> Result<Vec<Listed>, InstanceError> {
        let pages = self.client.describe_db_instances().into_paginator().items().send();
        let listed = pages.collect::<Result<Vec<_>, _>>().await;
        let listed = listed.map_err(|error| told("listing instances", &aws::failure::classify(&error)))?;
        let all = listed.iter().filter_map(|instance| {
            Some(Listed { name: instance.db_instance_identifier()?.to_owned(), tags: tags_of(instance) })
        });
        Ok(all.filter(|listed| listed.name.starts_with(NAMES)).collect())
    }

    /// One look; `None` where RDS says so in its own word. An empty answer is none.
    pub(super) async fn describe(&self, name: &str) -> Result<Option<DbInstance>, InstanceError> {
        let call = "looking at the temporary instance";
        match self.client.describe_db_instances().db_instance_identifier(name).send().await {
            Ok(found) => match found.db_instances().first() {
                Some(instance) => Ok(Some(instance.clone())),
                None => Err(trouble::strange(call, "an answer without an instance").into()),
            },
            Err(error) => match aws::failure::classify(&error) {
                failure if failure.code.starts_with("DBInstanceNotFound") => Ok(None),
                failure => Err(told(call, &failure)),
            },
        }
    }
}
