//! Verdicts and their reasons: two closed lists.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a run means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Restored, every check passed, every objective met.
    Passed,
    /// The drill worked and proved a problem with the backup or the rollback.
    Failed,
    /// Drillyard could not find out.
    Errored,
    /// A due run was not started in its window.
    Missed,
    /// Not started because the last one still ran.
    Skipped,
    /// Lost with its process.
    Aborted,
    /// Stopped by a person or a shutdown, and cleaned up.
    Cancelled,
}

impl Verdict {
    /// The word that records use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::Missed => "missed",
            Self::Skipped => "skipped",
            Self::Aborted => "aborted",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

macro_rules! reasons {
    ($($verdict:ident { $($variant:ident $word:literal $meaning:literal,)* })*) => {
        /// Why a run did not pass. A new reason is a new line here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[doc = $meaning] #[serde(rename = $word)] $variant,)*)*
        }

        impl Reason {
            /// Every reason, in the order of the list.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// The word that records use.
            pub fn word(self) -> &'static str {
                match self { $($(Self::$variant => $word,)*)* }
            }

            /// What it means, in a few words for a person.
            pub fn meaning(self) -> &'static str {
                match self { $($(Self::$variant => $meaning,)*)* }
            }

            /// The verdict that it belongs to.
            pub fn verdict(self) -> Verdict {
                match self { $($(Self::$variant => Verdict::$verdict,)*)* }
            }
        }
    };
}

reasons! {
    Failed {
        NoBackup "no_backup" "there is no backup",
        EmptyBackup "empty_backup" "the newest backup is empty",
        TooSmall "too_small" "the newest backup is smaller than it may be",
        WrongFormat "wrong_format" "the file is not a backup in a known format",
        Truncated "truncated" "the backup ends too early",
        Incomplete "incomplete" "the backup lacks a part that it should hold",
        Altered "altered" "the backup differs from its sealed digest",
        KeyRefused "key_refused" "the configured key does not open the backup",
        UnpackFailed "unpack_failed" "the backup cannot be unpacked",
        RestoreFailed "restore_failed" "the restore met errors that are not harmless",
        RestoreHang "restore_hang" "the restore made no progress, twice",
        WalMissing "wal_missing" "write-ahead log is missing",
        TargetNotReached "target_not_reached" "recovery ended before its target",
        BaselineDiffers "baseline_differs" "the restored data is not the data that was sealed",
        CheckFailed "check_failed" "a check found something else than expected",
        ObjectMissing "object_missing" "a table, column or schema that a check asks for is not there",
        RtoMissed "rto_missed" "recovery took longer than its objective",
        RpoMissed "rpo_missed" "more data would be lost than the objective allows",
        RpoNotProvable "rpo_not_provable" "the age of the recovery point cannot be proven",
        RollbackFailed "rollback_failed" "the way back failed",
        RollbackLosesData "rollback_loses_data" "the way back loses data",
        RollbackLeavesChange "rollback_leaves_change" "the way back leaves a change behind",
        RollbackTooSlow "rollback_too_slow" "the way back takes longer than allowed",
        RollbackBlocks "rollback_blocks" "the migration blocks for longer than allowed",
    }
    Errored {
        EngineUnreachable "engine_unreachable" "the container engine does not answer",
        EngineTimeout "engine_timeout" "the container engine did not answer in time",
        ImageMissing "image_missing" "the sandbox's image is not there",
        ImageWrong "image_wrong" "the sandbox's image cannot run the database",
        ProfileNotApplied "profile_not_applied" "a property of the sandbox's profile was not applied",
        NonceMissing "nonce_missing" "a server answered that is not the sandbox's",
        ExtensionMissing "extension_missing" "an extension is not in the sandbox's image",
        LocaleMissing "locale_missing" "a locale is not in the sandbox's image",
        Version "version" "the sandbox's version does not fit the backup",
        DiskFull "disk_full" "the engine's disk is full",
        SandboxOutOfMemory "sandbox_out_of_memory" "the sandbox ran out of memory",
        SandboxLost "sandbox_lost" "the sandbox ended on its own",
        SourceUnreachable "source_unreachable" "the source does not answer",
        SourceDenied "source_denied" "the source refuses access",
        SourceArchived "source_archived" "the backup is in an archive tier",
        SourceSlow "source_slow" "the source is too slow",
        SourceChanged "source_changed" "the backup changed while it was read",
        BackupNotThere "backup_not_there" "the backup that was asked for by name is not there",
        FormatUnsupported "format_unsupported" "this version of Drillyard cannot restore backups of this format",
        KeyMissing "key_missing" "no key is configured for an encrypted backup",
        CheckInvalid "check_invalid" "a check cannot be asked as it is written",
        Timeout "timeout" "it took longer than allowed",
        RdsQuota "rds_quota" "an RDS quota is used up",
        RdsFailed "rds_failed" "RDS did not do what was asked",
        StoreFailed "store_failed" "the record could not be written",
        Internal "internal" "a fault of Drillyard itself",
    }
    Missed {
        Down "down" "the daemon was down",
        NoSlot "no_slot" "no slot became free in time",
        Paused "paused" "the drill is paused",
        Window "window" "the window had passed",
    }
    Skipped {
        Overlap "overlap" "the last run was still going on",
    }
    Aborted {
        DaemonLost "daemon_lost" "the daemon was lost",
        ProcessLost "process_lost" "the process was killed",
        Fenced "fenced" "another daemon had taken over",
    }
    Cancelled {
        ByPerson "by_person" "a person stopped it",
        Shutdown "shutdown" "the daemon shut down",
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How much is known of the restored data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Integrity {
    /// Content equals the sealed baseline.
    Proven,
    /// Restored; schema and rows checked against rules.
    Plausible,
    /// Nothing is known.
    Unknown,
}

impl Integrity {
    /// The word that records use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Plausible => "plausible",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_written_as_its_word() {
        for reason in Reason::ALL {
            let json = serde_json::to_string(reason).unwrap();
            assert_eq!(json, format!("\"{}\"", reason.word()));
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), *reason);
        }
    }
}
