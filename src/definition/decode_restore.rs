//! `restore` of a drill: roles, accepted errors, server settings.

use std::collections::BTreeMap;
use std::time::Duration;

use super::drill::{AllowedError, RestoreDefinition, Roles};
use super::fault::{At, Code, Faults};
use super::paths::Place;
use super::value::{Item, Map, Value};

const DEFAULT_TIMEOUT: Duration = Duration::from_hours(12);
const MOST_JOBS: u64 = 256;

/// Server settings that a drill may choose: memory, planner, parallelism, WAL volume, checkpoints, maintenance and how
/// text is read. Everything else is refused, because much of the rest breaks containment (loading libraries, archiving,
/// listening, running commands) or the honesty of the clocks (2026-11-21).
const SETTINGS: &[&str] = &[
    "autovacuum_max_workers",
    "autovacuum_work_mem",
    "backend_flush_after",
    "bgwriter_delay",
    "bgwriter_flush_after",
    "bgwriter_lru_maxpages",
    "bgwriter_lru_multiplier",
    "bytea_output",
    "checkpoint_completion_target",
    "checkpoint_flush_after",
    "checkpoint_timeout",
    "check_function_bodies",
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "datestyle",
    "default_statistics_target",
    "default_toast_compression",
    "effective_cache_size",
    "effective_io_concurrency",
    "extra_float_digits",
    "file_copy_method",
    "hash_mem_multiplier",
    "huge_pages",
    "intervalstyle",
    "io_combine_limit",
    "io_max_combine_limit",
    "io_max_concurrency",
    "io_method",
    "io_workers",
    "jit",
    "jit_above_cost",
    "logical_decoding_work_mem",
    "maintenance_io_concurrency",
    "maintenance_work_mem",
    "max_locks_per_transaction",
    "max_parallel_maintenance_workers",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "max_pred_locks_per_transaction",
    "max_prepared_transactions",
    "max_stack_depth",
    "max_wal_size",
    "max_worker_processes",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "min_wal_size",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "plan_cache_mode",
    "random_page_cost",
    "seq_page_cost",
    "shared_buffers",
    "standard_conforming_strings",
    "temp_buffers",
    "vacuum_buffer_usage_limit",
    "wal_buffers",
    "wal_compression",
    "wal_init_zero",
    "wal_recycle",
    "wal_writer_delay",
    "wal_writer_flush_after",
    "work_mem",
    "xmlbinary",
    "xmloption",
];

/// Reads `restore`, or its defaults.
pub(super) fn restore(
    drill: &Map,
    rto: Option<Duration>,
    place: &Place,
    out: &mut Faults,
) -> RestoreDefinition {
    let none = Map { at: At::default(), entries: Vec::new() };
    let map = drill.map("restore").unwrap_or(&none);
    let after = map.map("after").map_or(&[][..], |after| after.list("sql"));
    RestoreDefinition {
        jobs: jobs(drill, map, out),
        roles: roles(map, place, out),
        allow_errors: map
            .list("allow_errors")
            .iter()
            .filter_map(Item::map)
            .filter_map(allowed_error)
            .collect(),
        no_tablespaces: map.boolean("no_tablespaces").unwrap_or(true),
        settings: settings(map, out),
        after_sql: after.iter().filter_map(|item| place.file(item.at, item.text()?, out)).collect(),
        timeout: map
            .duration("timeout")
            .unwrap_or_else(|| rto.map_or(DEFAULT_TIMEOUT, |rto| rto.saturating_mul(4))),
    }
}

fn jobs(drill: &Map, map: &Map, out: &mut Faults) -> Option<u16> {
    let jobs = map.count("jobs")?;
    let at = map.at("jobs");
    if !(1..=MOST_JOBS).contains(&jobs) {
        out.error(at, Code::Impossible, format!("{jobs} jobs can't restore anything"))
            .hint(format!("write a number from 1 to {MOST_JOBS}"));
        return None;
    }
    if jobs > 1 && drill.map("backup").and_then(|backup| backup.word("format")) == Some("plain_sql") {
        out.warning(at, Code::Impossible, "plain SQL is restored by one job").hint("remove `jobs`");
    }
    u16::try_from(jobs).ok()
}

fn roles(map: &Map, place: &Place, out: &mut Faults) -> Roles {
    match map.item("roles").map(|item| &item.value) {
        Some(Value::Word("ignore")) => Roles::Ignore,
        Some(Value::One("file", item)) => {
            let path = item.text().and_then(|text| place.file(item.at, text, out));
            path.map_or(Roles::CreateMissing, Roles::File)
        }
        _ => Roles::CreateMissing,
    }
}

fn allowed_error(map: &Map) -> Option<AllowedError> {
    Some(AllowedError {
        sqlstate: map.text("sqlstate")?.to_owned(),
        object: map.text("object").map(str::to_owned),
        reason: map.text("reason")?.to_owned(),
    })
}

fn settings(map: &Map, out: &mut Faults) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for (name, item) in map.free("settings") {
        let Value::Scalar { text, .. } = &item.value else { continue };
        let lower = name.to_lowercase();
        if SETTINGS.contains(&lower.as_str()) || lower.starts_with("enable_") && is_plain(&lower) {
            settings.insert(lower, text.clone());
        } else {
            let told =
                format!("the server setting `{}` is not a drill's to choose", super::secret::shown(name));
            out.error(item.at, Code::BadValue, told).hint(settings_hint(&lower));
        }
    }
    settings
}

fn is_plain(name: &str) -> bool {
    name.len() < 64 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

fn settings_hint(name: &str) -> String {
    let similar = |known: &&&str| strsim::jaro_winkler(name, known) > 0.9;
    match name {
        "fsync" | "full_page_writes" | "synchronous_commit" => "write sandbox.durability: relaxed".to_owned(),
        "shared_preload_libraries" | "session_preload_libraries" | "local_preload_libraries" => {
            "libraries are chosen by sandbox.preload, which is not in this version".to_owned()
        }
        _ => match SETTINGS.iter().find(similar) {
            Some(known) => format!("did you mean `{known}`?"),
            None => "settings of memory, planner, parallelism, WAL volume, checkpoints and maintenance may be chosen".to_owned(),
        },
    }
}
