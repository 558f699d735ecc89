//! Why there is no temporary instance, or why it is still there.

use std::time::Duration;

use super::super::{SourceError, trouble};
use crate::aws::failure::{Failure, Meaning};
use crate::error::Explain;
use crate::model::Reason;

/// Why there is no instance, or why it is still there.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// The service refused or did not answer, as any source can.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A quota of the account is used up.
    #[error("tried {call} and met a quota ({detail})")]
    Quota {
        /// What was tried.
        call: &'static str,
        /// What the service said.
        detail: String,
    },
    /// The service did not do it.
    #[error("tried {call}: {detail}")]
    Failed {
        /// What was tried.
        call: &'static str,
        /// What the service said, or the state that the instance came to.
        detail: String,
    },
    /// The service has not said whether it did it.
    #[error("tried {call}, and whether it was done is not known: {detail}")]
    Unknown {
        /// What was tried.
        call: &'static str,
        /// What the service said, or did not.
        detail: String,
    },
    /// Restored data could act in an instance with this parameter group.
    #[error("the parameter group {group} would let restored data act: {}", found.join("; "))]
    Group {
        /// The group.
        group: String,
        /// Each parameter with what was found.
        found: Vec<String>,
    },
    /// It is not what was asked for.
    #[error("the temporary instance {name} is not as it was asked for: {}", missing.join("; "))]
    Profile {
        /// The instance.
        name: String,
        /// Each property with what was found instead.
        missing: Vec<String>,
    },
    /// It took too long.
    #[error("{name} was still `{status}` after {} s", after.as_secs())]
    Late {
        /// The instance.
        name: String,
        /// Its last state.
        status: String,
        /// How long was waited.
        after: Duration,
    },
}

impl InstanceError {
    /// The service has answered: what was asked for was not done. Otherwise nobody knows; a connection that broke off
    /// can look like one that could not be trusted.
    pub fn is_an_answer(&self) -> bool {
        let silence =
            matches!(self, Self::Source(SourceError::Unreachable { .. } | SourceError::Untrusted { .. }));
        !silence && !matches!(self, Self::Unknown { .. })
    }
}

impl Explain for InstanceError {
    fn reason(&self) -> Reason {
        match self {
            Self::Source(error) => error.reason(),
            Self::Quota { .. } => Reason::RdsQuota,
            Self::Failed { .. } | Self::Unknown { .. } => Reason::RdsFailed,
            Self::Group { .. } | Self::Profile { .. } => Reason::ProfileNotApplied,
            Self::Late { .. } => Reason::Timeout,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Source(SourceError::Denied { .. }) => {
                "Give these credentials what docs/aws.md lists, and the key of an encrypted snapshot.".to_owned()
            }
            Self::Source(error) => return error.hint(),
            Self::Quota { .. } => "Raise the quota, or let fewer drills run at once: an instance lives as long as a drill.".to_owned(),
            Self::Failed { .. } => {
                "Look at the events of the instance in RDS; compare class, subnet group and parameter group with the snapshot's version."
                    .to_owned()
            }
            Self::Unknown { .. } => {
                "Run the drill again; whatever was made carries the run's tag, and is looked for and deleted.".to_owned()
            }
            Self::Group { .. } => {
                "Set max_logical_replication_workers to 0 and take pg_cron out of shared_preload_libraries in it, or name a group of the drills' own: docs/aws.md says why."
                    .to_owned()
            }
            Self::Profile { .. } => {
                "Look at who changes instances in this account: nobody has connected, and it is being deleted.".to_owned()
            }
            Self::Late { .. } => "Raise `restore.timeout`, or give `class` a larger one: large snapshots take their time.".to_owned(),
        })
    }
}

/// Nobody answered, or somebody who can't for the moment.
fn is_passing(code: &str) -> bool {
    code.is_empty()
        || code.contains("Throttl")
        || matches!(
            code,
            "RequestLimitExceeded" | "ServiceUnavailable" | "InternalFailure" | "RequestTimeout"
        )
}

/// A refusal as what it means for the drill; `call` says what was tried.
pub(super) fn told(call: &'static str, failure: &Failure) -> InstanceError {
    let detail = failure.detail.clone();
    match failure.meaning {
        Meaning::Quota => InstanceError::Quota { call, detail },
        // A key that may not be used is refused with a fault of its own.
        Meaning::Denied => InstanceError::Source(trouble::told(call, failure)),
        _ if failure.code.starts_with("KMSKeyNotAccessible") => {
            InstanceError::Source(SourceError::Denied { what: call.to_owned(), detail })
        }
        Meaning::Tls => InstanceError::Source(trouble::told(call, failure)),
        Meaning::Unreachable | Meaning::NotFound if is_passing(&failure.code) => {
            InstanceError::Source(trouble::told(call, failure))
        }
        _ => InstanceError::Failed { call, detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c20_refusals_have_their_reasons() {
        let of = |meaning, code: &str| {
            let failure = Failure { meaning, code: code.to_owned(), detail: "said".to_owned() };
            told("restoring", &failure).reason()
        };
        assert_eq!(of(Meaning::Quota, "InstanceQuotaExceeded"), Reason::RdsQuota);
        assert_eq!(of(Meaning::Denied, "AccessDenied"), Reason::SourceDenied);
        assert_eq!(of(Meaning::Unreachable, "KMSKeyNotAccessibleFault"), Reason::SourceDenied);
        assert_eq!(of(Meaning::Unreachable, "InvalidDBSnapshotState"), Reason::RdsFailed);
        assert_eq!(of(Meaning::NotFound, "DBSubnetGroupNotFoundFault"), Reason::RdsFailed);
        assert_eq!(of(Meaning::Unreachable, ""), Reason::SourceUnreachable);
        assert_eq!(of(Meaning::Tls, ""), Reason::SourceUnreachable);
    }

    /// Of what nobody has answered, nobody knows that it was not done.
    #[test]
    fn only_a_service_s_own_code_is_an_answer() {
        let of = |meaning, code: &str| {
            let failure = Failure { meaning, code: code.to_owned(), detail: "said".to_owned() };
            told("restoring", &failure).is_an_answer()
        };
        assert!(of(Meaning::Quota, "InstanceQuotaExceeded") && of(Meaning::Denied, "AccessDenied"));
        for (meaning, code) in [
            (Meaning::Unreachable, ""),
            (Meaning::Tls, ""),
            (Meaning::NotFound, ""),
            (Meaning::Unreachable, "RequestLimitExceeded"),
            (Meaning::Unreachable, "Throttling"),
        ] {
            assert!(!of(meaning, code), "{meaning:?} {code}");
        }
        assert!(!InstanceError::Unknown { call: "restoring", detail: String::new() }.is_an_answer());
    }
}
