//! A conforming map becomes a drill; what contradicts itself is told. Nothing is read here that the forms don't know.

use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::drill::{
    BackupDefinition, Contains, Drill, LocalSource, NewestBy, SandboxDefinition, Select, Source, Storage,
};
use super::fault::{At, Code, Faults};
use super::paths::Place;
use super::value::{Item, Map, Value};
use super::{decode_checks, decode_cloud, decode_notices, decode_restore, decode_rollbacks, schedule};
use crate::model::{BackupFormat, DrillName, Durability, Objectives, RtoUntil};

/// A server does not start with less.
const LEAST_MEMORY: u64 = 64 << 20;

/// Reads a drill; `None` where a part that has no default is faulty. Whether the drill may run is for the caller, who
/// knows whether any error was told.
pub(super) fn drill(
    map: &Map,
    file: &Path,
    text_sha256: String,
    place: &Place,
    out: &mut Faults,
) -> Option<Drill> {
    let name = map.text("drill").and_then(|name| name.parse::<DrillName>().ok());
    let was = map.text("was").and_then(|name| name.parse::<DrillName>().ok());
    if was.is_some() && was == name {
        out.error(map.at("was"), Code::Impossible, "the drill's former name is its name")
            .hint("remove `was`");
    }
    let objectives = objectives(map, out);
    let backup = backup(map, place, out);
    let sandbox = sandbox(map, out);
    let restore = decode_restore::restore(map, objectives.rto, place, out);
    let checks = decode_checks::checks(map, out);
    let hashed_by = name.as_ref().map_or("", DrillName::as_str);
    let schedule = map.map("schedule").and_then(|schedule| schedule::decode(schedule, hashed_by, out));
    schedule::outlasts_its_gaps(map, schedule.as_ref(), out);
    let rollbacks = decode_rollbacks::rollbacks(map, place, out);
    if !rollbacks.is_empty() && sandbox.storage == Storage::Tmpfs {
        out.error(
            map.at("rollbacks"),
            Code::Impossible,
            "a rehearsal copies the data directory, and one in memory can't be copied",
        )
        .hint("write sandbox: { storage: volume }, which is the default");
    }
    let notices = decode_notices::notices(map, place, out);
    let retries = decode_notices::retries(map, out);
    let backup = backup?;
    if backup.asks_the_instance() {
        decode_cloud::asks_no_container(map, out);
    }
    decode_checks::databases_are_restored(map, &backup.databases, out);
    let name = name?;
    let text = |key| map.text(key).map(str::to_owned);
    Some(Drill {
        service: text("service").unwrap_or_else(|| name.to_string()),
        name,
        was,
        owner: text("owner"),
        contact: text("contact"),
        runbook: text("runbook"),
        labels: map
            .free("labels")
            .iter()
            .filter_map(|(key, item)| Some((key.clone(), item.text()?.to_owned())))
            .collect(),
        objectives,
        proof_max_age: map.map("objectives").and_then(|map| map.duration("proof_max_age")),
        backup,
        sandbox,
        restore,
        checks,
        schedule,
        rollbacks,
        retries,
        notices,
        file: file.to_owned(),
        text_sha256,
    })
}

fn objectives(drill: &Map, out: &mut Faults) -> Objectives {
    let map = drill.map("objectives");
    let given = |key| map.and_then(|map| map.duration(key));
    let bases = drill.map("backup").map_or(&[][..], |backup| backup.list("recovery_point_basis"));
    let objectives = Objectives {
        rto: given("rto"),
        rpo: given("rpo"),
        rto_until: match map.and_then(|map| map.word("rto_until")) {
            Some("restored") => RtoUntil::Restored,
            _ => RtoUntil::Verified,
        },
        exposure_window: given("exposure_window").unwrap_or(Duration::from_hours(7 * 24)),
        modified_time_allowed: bases.iter().any(|item| item.value == Value::Word("modified_time")),
    };
    let absent = ["rto", "rpo"].into_iter().filter(|key| !map.is_some_and(|map| map.has(key)));
    let absent: Vec<String> = absent.map(|key| format!("`{key}`")).collect();
    let faulty = drill.has("objectives") && map.is_none();
    if !faulty && !absent.is_empty() {
        let told = format!("{} not given: measured and not judged", absent.join(" and "));
        out.note(drill.at("drill"), Code::NotJudged, told).hint("write objectives: { rto: 30m, rpo: 26h }");
    }
    objectives
}

fn backup(drill: &Map, place: &Place, out: &mut Faults) -> Option<BackupDefinition> {
    let map = drill.map("backup")?;
    let source = source(map, place, out);
    bases(map, out);
    Some(BackupDefinition {
        newest_by: match map.word("newest_by") {
            Some("name") => NewestBy::Name,
            _ => NewestBy::ModifiedTime,
        },
        select: match map.one("select") {
            Some(("id", id)) => Select::Id(id.text()?.to_owned()),
            _ => Select::Newest,
        },
        format: match map.word("format") {
            Some("pg_dump_custom") => Some(BackupFormat::PgDumpCustom),
            Some("pg_dump_tar") => Some(BackupFormat::PgDumpTar),
            Some("plain_sql") => Some(BackupFormat::PlainSql),
            _ => None,
        },
        contains: match map.word("contains") {
            Some("schema") => Contains::Schema,
            Some("data") => Contains::Data,
            _ => Contains::Full,
        },
        allow_empty: map.boolean("allow_empty").unwrap_or(false),
        databases: map.list("databases").iter().filter_map(|item| item.text().map(str::to_owned)).collect(),
        dump_time_zone: map
            .text("dump_time_zone")
            .and_then(|name| TimeZone::get(name).ok())
            .unwrap_or(TimeZone::UTC),
        dump_time_zone_given: map.has("dump_time_zone"),
        min_size: map.size("min_size").unwrap_or(1),
        source: source?,
    })
}

fn source(backup: &Map, place: &Place, out: &mut Faults) -> Option<Source> {
    match backup.one("source")? {
        ("local", item) => local(item.map()?, place, out).map(Source::Local),
        ("s3", item) => decode_cloud::s3(item.map()?, place, out).map(Source::S3),
        ("rds", item) => decode_cloud::rds(item.map()?, backup, place, out).map(Source::Rds),
        // Of a later version: the fault is told already.
        _ => None,
    }
}

fn local(map: &Map, place: &Place, out: &mut Faults) -> Option<LocalSource> {
    let at = map.at("path");
    let path = place.resolve(at, map.text("path")?, out)?;
    let pattern = map.text("match").map(str::to_owned);
    if glob(map, out) && path.is_file() {
        out.error(
            map.at("match"),
            Code::Impossible,
            "`match` chooses among the files of a directory; `path` is a file",
        )
        .hint("remove `match`, or let `path` be the directory");
    }
    Some(LocalSource { path, pattern, roots: place.roots.clone() })
}

/// Whether `match` is given and a glob that stays where it is asked; if not, the fault is told.
pub(super) fn glob(map: &Map, out: &mut Faults) -> bool {
    let Some(glob) = map.text("match") else { return false };
    if let Err(error) = globset::Glob::new(glob) {
        out.error(map.at("match"), Code::BadValue, format!("not a glob: {}", error.kind()));
        return false;
    }
    if glob.starts_with('/') || glob.split('/').any(|part| part == "..") {
        out.error(map.at("match"), Code::BadValue, "a glob that leads out of the directory")
            .hint("it is matched against the path below `path` or `prefix`");
        return false;
    }
    true
}

/// This version tells the recovery point in one order; another one would have to be obeyed, because verdicts hang on it.
fn bases(backup: &Map, out: &mut Faults) {
    let items = backup.list("recovery_point_basis");
    if items.is_empty() {
        return;
    }
    let given: Vec<&str> =
        items.iter().filter_map(Item::word).filter(|word| *word != "modified_time").collect();
    let all: Vec<&str> =
        super::keys::BASES.iter().map(|word| word.name).filter(|word| *word != "modified_time").collect();
    if given != all {
        let at = backup.at("recovery_point_basis");
        out.error(at, Code::NotInThisVersion, "an order of its own for the recovery point's basis")
            .hint(format!("the order is {}; modified_time may be added", all.join(", ")));
    }
}

fn sandbox(drill: &Map, out: &mut Faults) -> SandboxDefinition {
    let none = Map { at: At::default(), entries: Vec::new() };
    let map = drill.map("sandbox").unwrap_or(&none);
    let memory = map.size("memory");
    if memory.is_some_and(|bytes| bytes < LEAST_MEMORY) {
        out.error(map.at("memory"), Code::Impossible, "a database server does not start in less than 64MiB")
            .hint("write at least 64MiB; 512MiB is a good beginning");
    }
    if let Some(image) = map.text("image")
        && image.contains(char::is_whitespace)
    {
        out.error(map.at("image"), Code::BadValue, "an image's name has no spaces").hint("write postgres:16");
    }
    SandboxDefinition {
        image: map.text("image").map(str::to_owned),
        memory,
        milli_cpus: cpus(map, out),
        disk: map.size("disk"),
        storage: match map.word("storage") {
            Some("tmpfs") => Storage::Tmpfs,
            _ => Storage::Volume,
        },
        durability: match map.word("durability") {
            Some("relaxed") => Durability::Relaxed,
            _ => Durability::Production,
        },
        keep_on_failure: map.duration("keep_on_failure"),
    }
}

fn cpus(sandbox: &Map, out: &mut Faults) -> Option<u64> {
    let number = sandbox.number("cpus")?;
    let thousandths = super::scalar::thousandths(number).and_then(|cpus| u64::try_from(cpus).ok());
    let sensible = thousandths.filter(|cpus| (10..=1_024_000).contains(cpus));
    if sensible.is_none() {
        out.error(sandbox.at("cpus"), Code::BadValue, format!("`{number}` processors are not possible"))
            .hint("write a number from 0.01 to 1024 with at most three decimals");
    }
    sensible
}
