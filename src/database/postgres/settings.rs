//! The server's settings: all come from us on the command line, none from the backup.

use std::collections::BTreeMap;

use crate::model::Durability;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A check or a digest looks at every table in one transaction, and holds a lock on each with its indexes and sequences
/// until the end: the usual 64 are used up by some 1,500 tables. 30 MiB of shared memory, half of it touched at the start
/// (measured on 15 and 17, 2026-11-22).
const LOCKS: &str = "1024";

/// What the settings are made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizing {
    /// Memory limit of the sandbox in bytes.
    pub memory_bytes: u64,
    /// Processors in thousandths of a core.
    pub milli_cpus: u64,
    /// Parallel jobs of the restore.
    pub jobs: u16,
    /// Whether `fsync` and its kin stay on.
    pub durability: Durability,
}

impl Sizing {
    /// Size of `/dev/shm` in bytes: a parallel hash fails in the engine's default of 64 MB (measured).
    pub fn shm_bytes(&self) -> u64 {
        (self.memory_bytes / 4).clamp(64 * MIB, 4 * GIB)
    }
}

/// Settings that contain: what came out of a backup must neither wake up nor print rows. Nothing may override them.
pub fn containing() -> BTreeMap<String, String> {
    let settings = [
        ("listen_addresses", "127.0.0.1"),
        ("port", "5432"),
        ("unix_socket_directories", ""),
        ("archive_mode", "off"),
        ("max_wal_senders", "0"),
        ("max_logical_replication_workers", "0"),
        ("shared_preload_libraries", ""),
        ("session_preload_libraries", ""),
        ("local_preload_libraries", ""),
        ("autovacuum", "off"),
        ("logging_collector", "off"),
        ("log_destination", "stderr"),
        ("log_min_messages", "warning"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
        ("log_line_prefix", "%e %p "),
        ("log_statement", "none"),
        ("log_duration", "off"),
        ("log_min_duration_statement", "-1"),
        ("log_checkpoints", "off"),
        ("log_connections", "off"),
        ("log_disconnections", "off"),
        ("log_lock_waits", "off"),
        ("log_temp_files", "-1"),
        ("log_parameter_max_length_on_error", "0"),
        ("lc_messages", "C"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("ssl", "off"),
    ];
    owned(settings)
}

/// Settings that a good administrator would restore with: none of them weakens durability, all are recorded.
/// Figures: `wal_level=minimal` alone took a fifth off a parallel restore, and parallel index builds fight parallel
/// jobs for the same cores (measured, PostgreSQL 15 on two cores, 2026-11-21).
pub fn tuned(sizing: &Sizing) -> BTreeMap<String, String> {
    let memory = sizing.memory_bytes;
    let jobs = u64::from(sizing.jobs.max(1));
    let shared_buffers = (memory / 4).clamp(16 * MIB, GIB);
    let maintenance = (memory / 4 / jobs).clamp(16 * MIB, 512 * MIB);
    let work = (memory / 128).clamp(4 * MIB, 64 * MIB);
    let mut settings = owned([
        ("wal_level", "minimal"),
        ("max_wal_size", "16GB"),
        ("checkpoint_timeout", "1h"),
        ("jit", "off"),
        ("max_parallel_maintenance_workers", if jobs > 1 { "0" } else { "2" }),
        ("max_connections", "60"),
        ("max_locks_per_transaction", LOCKS),
    ]);
    settings.insert("shared_buffers".to_owned(), kilobytes(shared_buffers));
    settings.insert("maintenance_work_mem".to_owned(), kilobytes(maintenance));
    settings.insert("work_mem".to_owned(), kilobytes(work));
    if sizing.durability == Durability::Relaxed {
        settings.extend(owned([
            ("fsync", "off"),
            ("full_page_writes", "off"),
            ("synchronous_commit", "off"),
        ]));
    }
    settings
}

fn kilobytes(bytes: u64) -> String {
    format!("{}kB", bytes / 1024)
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizing(durability: Durability) -> Sizing {
        Sizing { memory_bytes: 4 * GIB, milli_cpus: 2000, jobs: 2, durability }
    }

    #[test]
    fn production_durability_is_never_weakened_by_tuning() {
        let settings = tuned(&sizing(Durability::Production));
        for name in ["fsync", "full_page_writes", "synchronous_commit"] {
            assert!(!settings.contains_key(name), "{name}");
        }
        assert!(tuned(&sizing(Durability::Relaxed)).contains_key("fsync"));
    }

    #[test]
    fn memory_settings_fit_into_the_sandbox() {
        for memory_bytes in [64 * MIB, 256 * MIB, GIB, 64 * GIB] {
            for jobs in [1, 2, 16] {
                let sizing = Sizing { memory_bytes, jobs, ..sizing(Durability::Production) };
                let settings = tuned(&sizing);
                let size = |name: &str| settings[name].trim_end_matches("kB").parse::<u64>().unwrap() * 1024;
                let most = size("shared_buffers") + u64::from(jobs) * size("maintenance_work_mem");
                assert!(most <= memory_bytes.max(512 * MIB), "{memory_bytes} {jobs}: {most}");
            }
        }
    }
}
