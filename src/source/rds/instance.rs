//! The temporary instance that a snapshot becomes: restored with our tags from its first moment on, not public, in the
//! drill's own subnets and security groups, given a password of ours, deleted with its automated backups.
//!
//! The SDK's waiters say only "operation failed while waiting", so states are polled here (2026-11-21).

use std::time::Duration;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbInstance, Tag};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::super::{SourceError, trouble};
use super::Snapshot;
pub use super::error::InstanceError;
use super::error::told;
use super::inspect::inspect;
use super::looks::Looks;
use crate::aws;
use crate::aws::failure::Meaning;
use crate::definition::RdsSource;
use crate::model::InstanceFacts;

/// What every name of ours begins with: nothing of another name is ever deleted.
pub const NAMES: &str = "drillyard-";

/// What a temporary instance is made like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name, which begins with [`NAMES`].
    pub name: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// An instance whose server can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Available {
    /// The name that its certificate is for.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The user whose password is set.
    pub master: String,
    /// The database that it was made with.
    pub database: Option<String>,
    /// Its class.
    pub class: String,
}

/// A temporary instance of somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl Listed {
    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.0 == key).map(|tag| tag.1.as_str())
    }
}

/// The account that a drill's instances are made in.
pub struct Account {
    client: Client,
}

impl Account {
    /// Reads configuration and credentials; asks nobody yet.
    pub async fn open(source: &RdsSource) -> Result<Self, SourceError> {
        let shared = aws::configuration(&source.access).await.map_err(|error| trouble::no_access(&error))?;
        Ok(Self { client: Client::new(&shared) })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
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
                // An answer can get lost on its way and the call be made again: then the instance is there, and ours.
                if failure.code.starts_with("DBInstanceAlreadyExists") && self.is_ours(wanted).await? {
                    return Ok(());
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
    ) -> Result<InstanceFacts, InstanceError> {
        let call = "looking at the temporary instance";
        let gone = || InstanceError::Failed { call, detail: format!("{} is gone", wanted.name) };
        let found = self.describe(&wanted.name).await?.ok_or_else(gone)?;
        Ok(InstanceFacts {
            name: wanted.name.clone(),
            resource_id: found.dbi_resource_id().unwrap_or("without an identity").to_owned(),
            class: found.db_instance_class().unwrap_or_default().to_owned(),
            server_version: found.engine_version().unwrap_or(&snapshot.version).to_owned(),
            profile: inspect(&found, source, wanted)?,
            recovery_point,
        })
    }

    async fn is_ours(&self, wanted: &Wanted) -> Result<bool, InstanceError> {
        let found = self.describe(&wanted.name).await?;
        Ok(found.is_some_and(|instance| wanted.tags.iter().all(|tag| tags_of(&instance).contains(tag))))
    }

    /// Waits until the server can be asked. `watch` is told each state with the time since the beginning.
    pub async fn available(
        &self,
        name: &str,
        deadline: Duration,
        watch: impl Fn(&str, Duration),
    ) -> Result<Available, InstanceError> {
        let call = "waiting for the temporary instance";
        let mut looks = Looks::until(deadline);
        loop {
            let gone = || InstanceError::Failed { call, detail: format!("{name} is gone") };
            let Some(seen) = looks.answered(self.describe(name).await)? else {
                looks
                    .wait_or(|after| InstanceError::Late {
                        name: name.to_owned(),
                        status: "silent".into(),
                        after,
                    })
                    .await?;
                continue;
            };
            let instance = seen.ok_or_else(gone)?;
            let status = instance.db_instance_status().unwrap_or("of no state").to_owned();
            watch(&status, looks.elapsed());
            if status == "available"
                && !is_changing(&instance)
                && let Some(available) = answering(&instance)
            {
                return Ok(available);
            }
            if is_final(&status) {
                return Err(InstanceError::Failed { call, detail: format!("{name} came to be `{status}`") });
            }
            looks.wait_or(|after| InstanceError::Late { name: name.to_owned(), status, after }).await?;
        }
    }

    /// Gives the master user a password that nobody else knows; waits while the instance's state does not allow it.
    pub async fn set_password(
        &self,
        name: &str,
        password: &SecretString,
        deadline: Duration,
    ) -> Result<(), InstanceError> {
        let mut looks = Looks::until(deadline);
        while !self.takes_password(name, password).await? {
            let status = "not ready for a password".to_owned();
            looks.wait_or(|after| InstanceError::Late { name: name.to_owned(), status, after }).await?;
        }
        Ok(())
    }

    async fn takes_password(&self, name: &str, password: &SecretString) -> Result<bool, InstanceError> {
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
    pub async fn delete(&self, name: &str) -> Result<bool, InstanceError> {
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
        match asked.send().await {
            Ok(_) => Ok(true),
            Err(error) => match aws::failure::classify(&error) {
                failure if failure.meaning == Meaning::NotFound => Ok(true),
                failure if failure.code.starts_with("InvalidDBInstanceState") => Ok(false),
                failure => Err(told(call, &failure)),
            },
        }
    }

    /// Deletes an instance, and waits until it is not there any more.
    pub async fn remove(
        &self,
        name: &str,
        deadline: Duration,
        watch: impl Fn(&str, Duration),
    ) -> Result<(), InstanceError> {
        let mut looks = Looks::until(deadline);
        loop {
            let status = match looks.answered(self.describe(name).await)? {
                Some(None) => return Ok(()),
                Some(Some(instance)) => instance.db_instance_status().unwrap_or_default().to_owned(),
                None => "silent".to_owned(),
            };
            watch(&status, looks.elapsed());
            if !matches!(status.as_str(), "deleting" | "silent") {
                looks.answered(self.delete(name).await)?;
            }
            looks.wait_or(|after| InstanceError::Late { name: name.to_owned(), status, after }).await?;
        }
    }

    /// Every instance whose tag has this value.
    pub async fn tagged(&self, key: &str, value: &str) -> Result<Vec<Listed>, InstanceError> {
        let pages = self.client.describe_db_instances().into_paginator().items().send();
        let listed = pages.collect::<Result<Vec<_>, _>>().await;
        let listed = listed.map_err(|error| told("listing instances", &aws::failure::classify(&error)))?;
        let all = listed.iter().filter_map(|instance| {
            Some(Listed { name: instance.db_instance_identifier()?.to_owned(), tags: tags_of(instance) })
        });
        Ok(all.filter(|listed| listed.name.starts_with(NAMES) && listed.tag(key) == Some(value)).collect())
    }

    async fn describe(&self, name: &str) -> Result<Option<DbInstance>, InstanceError> {
        match self.client.describe_db_instances().db_instance_identifier(name).send().await {
            Ok(found) => Ok(found.db_instances().first().cloned()),
            Err(error) => match aws::failure::classify(&error) {
                failure if failure.meaning == Meaning::NotFound => Ok(None),
                failure => Err(told("looking at the temporary instance", &failure)),
            },
        }
    }
}

fn answering(instance: &DbInstance) -> Option<Available> {
    let endpoint = instance.endpoint()?;
    Some(Available {
        host: endpoint.address()?.to_owned(),
        port: u16::try_from(endpoint.port()?).ok()?,
        master: instance.master_username()?.to_owned(),
        database: instance.db_name().filter(|name| !name.is_empty()).map(str::to_owned),
        class: instance.db_instance_class().unwrap_or_default().to_owned(),
    })
}

/// A new password is there only once it is not pending any more.
fn is_changing(instance: &DbInstance) -> bool {
    instance.pending_modified_values().is_some_and(|pending| pending.master_user_password().is_some())
}

/// States that no instance leaves by itself, by the list of RDS's documentation ("Viewing DB instance status").
fn is_final(status: &str) -> bool {
    status.starts_with("incompatible-")
        || status.starts_with("inaccessible-encryption-credentials")
        || matches!(
            status,
            "failed" | "restore-error" | "insufficient-capacity" | "storage-full" | "stopped" | "deleting"
        )
}

pub(super) fn tags_of(instance: &DbInstance) -> Vec<(String, String)> {
    let text = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    instance.tag_list().iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c20_states_that_come_to_nothing_end_the_wait_and_the_others_do_not() {
        for lost in [
            "failed",
            "incompatible-parameters",
            "incompatible-restore",
            "inaccessible-encryption-credentials-recoverable",
            "storage-full",
            "deleting",
        ] {
            assert!(is_final(lost), "{lost}");
        }
        for on_its_way in
            ["creating", "backing-up", "modifying", "resetting-master-credentials", "a new word"]
        {
            assert!(!is_final(on_its_way), "{on_its_way}");
        }
    }
}
