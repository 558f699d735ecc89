//! Waiting for an instance: until its server can be asked, until it takes a password, until it is gone.
//!
//! The SDK's waiters say only "operation failed while waiting", so states are polled here (2026-11-21).

use std::time::Duration;

use aws_sdk_rds::types::{DbInstance, DbParameterGroupStatus};
use secrecy::SecretString;

use super::account::Account;
use super::error::InstanceError;
use super::instance::{Available, Mark};
use super::looks::Looks;

/// An instance that was made may not be seen for so long.
const VISIBLE: Duration = Duration::from_mins(1);

impl Account {
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
            let instance = self.seen(name, &mut looks).await?;
            let status = instance.db_instance_status().unwrap_or("of no state").to_owned();
            watch(&status, looks.elapsed());
            if is_usable(&status)
                && !is_changing(&instance)
                && let Some(available) = answering(&instance)
            {
                return Ok(available);
            }
            if is_final(&status) {
                return Err(InstanceError::Failed { call, detail: format!("{name} came to be `{status}`") });
            }
            looks.wait_or(late(name, &status)).await?;
        }
    }

    /// The instance as it is now: a moment's silence is waited out, and so is that it can't be seen yet.
    pub(super) async fn seen(&self, name: &str, looks: &mut Looks) -> Result<DbInstance, InstanceError> {
        loop {
            let seen = looks.answered(self.describe(name).await)?;
            let absent_for_long = seen.as_ref().is_some_and(|seen| looks.absent_for(seen.is_some(), VISIBLE));
            let status = match seen {
                Some(Some(instance)) => return Ok(instance),
                Some(None) if absent_for_long => {
                    let call = "looking at the temporary instance";
                    return Err(InstanceError::Failed { call, detail: format!("{name} is not there") });
                }
                Some(None) => "not to be seen",
                None => "silent",
            };
            looks.wait_or(late(name, status)).await?;
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
        loop {
            let status = match looks.answered(self.takes_password(name, password).await)? {
                Some(true) => return Ok(()),
                Some(false) => "not ready for a password",
                None => "silent",
            };
            looks.wait_or(late(name, status)).await?;
        }
    }

    /// Tells an instance to go, until it is on its way or gone.
    pub async fn tell_to_go(
        &self,
        name: &str,
        mark: Mark<'_>,
        deadline: Duration,
        watch: impl Fn(&str, Duration),
    ) -> Result<(), InstanceError> {
        self.removed(name, mark, deadline, watch, |status| status == "deleting").await
    }

    /// Deletes an instance, and waits until it is not there any more.
    pub async fn remove(
        &self,
        name: &str,
        mark: Mark<'_>,
        deadline: Duration,
        watch: impl Fn(&str, Duration),
    ) -> Result<(), InstanceError> {
        self.removed(name, mark, deadline, watch, |_| false).await
    }

    async fn removed(
        &self,
        name: &str,
        mark: Mark<'_>,
        deadline: Duration,
        watch: impl Fn(&str, Duration),
        is_enough: impl Fn(&str) -> bool,
    ) -> Result<(), InstanceError> {
        let mut looks = Looks::until(deadline);
        loop {
            let seen = looks.answered(self.describe(name).await)?;
            let gone = seen.as_ref().is_some_and(|seen| looks.is_gone(seen.is_some()));
            let status = match seen {
                Some(None) if gone => return Ok(()),
                Some(None) => "not to be seen".to_owned(),
                Some(Some(instance)) => instance.db_instance_status().unwrap_or_default().to_owned(),
                None => "silent".to_owned(),
            };
            if is_enough(&status) {
                return Ok(());
            }
            watch(&status, looks.elapsed());
            if !matches!(status.as_str(), "deleting" | "silent" | "not to be seen") {
                looks.answered(self.delete(name, mark).await)?;
            }
            looks.wait_or(late(name, &status)).await?;
        }
    }
}

fn late(name: &str, status: &str) -> impl FnOnce(Duration) -> InstanceError {
    let (name, status) = (name.to_owned(), status.to_owned());
    |after| InstanceError::Late { name, status, after }
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

/// A new password is there only once it is not pending any more, and parameters contain only once they are applied.
fn is_changing(instance: &DbInstance) -> bool {
    let pending = instance.pending_modified_values();
    let applying = |group: &DbParameterGroupStatus| group.parameter_apply_status() == Some("applying");
    pending.is_some_and(|pending| pending.master_user_password().is_some())
        || instance.db_parameter_groups().iter().any(applying)
}

/// States in which the server answers, by the same list: blocks still arrive in some of them, for hours perhaps.
fn is_usable(status: &str) -> bool {
    matches!(status, "available" | "storage-initialization" | "storage-optimization" | "backing-up")
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

    #[test]
    fn a_server_that_answers_while_its_blocks_arrive_is_asked() {
        for usable in ["available", "storage-initialization", "storage-optimization", "backing-up"] {
            assert!(is_usable(usable) && !is_final(usable), "{usable}");
        }
        for not_yet in ["creating", "modifying", "resetting-master-credentials", "rebooting", "deleting"] {
            assert!(!is_usable(not_yet), "{not_yet}");
        }
    }
}
