//! `rollbacks` of a drill: steps that can be taken, names that tell rehearsals apart.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::decode_checks::checks_of;
use super::fault::{At, Code, Faults};
use super::paths::Place;
use super::rollback::{
    AcceptedLoss, ColumnName, EnvironmentValue, Expectation, ExpectedData, ExpectedSchema, Rollback, Step,
};
use super::value::{Item, Map, Value};

/// Reads all rehearsals, and sees that their names differ.
pub(super) fn rollbacks(drill: &Map, place: &Place, out: &mut Faults) -> Vec<Rollback> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut rollbacks = Vec::new();
    for item in drill.list("rollbacks") {
        let Some(map) = item.map() else { continue };
        let Some(rollback) = rollback(map, place, out) else { continue };
        // A faulty name has been told, and is not the one that stands in for it.
        let faulty = map.has("name") && map.text("name").is_none();
        let first = if faulty { None } else { names.insert(rollback.name.clone(), item.at.line) };
        if let Some(line) = first {
            let told = format!("two rehearsals are called `{}`, the first in line {line}", rollback.name);
            out.error(item.at, Code::DuplicateCheck, told).hint("give one of them a `name`");
        }
        rollbacks.push(rollback);
    }
    rollbacks
}

fn rollback(map: &Map, place: &Place, out: &mut Faults) -> Option<Rollback> {
    for key in ["forward", "back"] {
        if !map.has(key) && !map.has("directory") && !map.has("app") {
            out.error(map.at, Code::MissingKey, format!("`{key}` is missing"))
                .hint("a rehearsal needs the way forward and the way back");
        }
    }
    let forward = map.map("forward").and_then(|step| self::step(step, place, out));
    let back = map.map("back").and_then(|step| self::step(step, place, out));
    let writes = map.map("writes").and_then(|step| self::step(step, place, out));
    if map.has("survives") && !map.has("writes") {
        out.error(
            map.at("survives"),
            Code::Impossible,
            "`survives` asks for rows of `writes`, which is not there",
        )
        .hint("add `writes`, or ask in checks.after_back");
    }
    let expect = map.map("expect").map(|expect| expectation(expect, out)).unwrap_or_default();
    let between = map.map("checks");
    let asked =
        |key, out: &mut Faults| between.map_or_else(Vec::new, |checks| checks_of(checks.list(key), out));
    let (after_forward, after_back) = (asked("after_forward", out), asked("after_back", out));
    let survives = checks_of(map.list("survives"), out);
    let (forward, back) = (forward?, back?);
    Some(Rollback {
        name: map.text("name").map_or_else(|| name_of(&forward), str::to_owned),
        forward,
        back,
        writes,
        survives,
        migrator: map.text("as").map(str::to_owned),
        show_keys: map.boolean("show_keys").unwrap_or(false),
        expect,
        after_forward,
        after_back,
    })
}

/// `0042.up` of `migrations/0042.up.sql`; the image of a command.
fn name_of(forward: &Step) -> String {
    match forward {
        Step::Sql { files, .. } => {
            let stem = files.first().and_then(|file| Path::new(file).file_stem());
            stem.map_or_else(|| "rollback".to_owned(), |stem| stem.to_string_lossy().into_owned())
        }
        Step::Command { image, .. } => image.clone(),
    }
}

fn step(map: &Map, place: &Place, out: &mut Faults) -> Option<Step> {
    match (map.has("sql"), map.has("command")) {
        (true, false) => {
            let items = map.list("sql");
            let files: Vec<_> =
                items.iter().filter_map(|item| place.file(item.at, item.text()?, out)).collect();
            let single_transaction = map.boolean("single_transaction").unwrap_or(false);
            (files.len() == items.len() && !files.is_empty())
                .then_some(Step::Sql { files, single_transaction })
        }
        (false, true) => command(map, map.map("command")?, place, out),
        // Of a later version: the fault is told already.
        (false, false) if map.has("pitr") => None,
        (true, true) => {
            out.error(map.at, Code::Impossible, "`sql` and `command` exclude each other")
                .hint("keep one of them");
            None
        }
        (false, false) => {
            out.error(map.at, Code::MissingKey, "a step does nothing")
                .hint("write sql: [file.sql], or command: { image: …, run: [ … ] }");
            None
        }
    }
}

fn command(step: &Map, map: &Map, place: &Place, out: &mut Faults) -> Option<Step> {
    if step.has("single_transaction") {
        out.error(step.at("single_transaction"), Code::Impossible, "a command's transactions are its own")
            .hint("remove `single_transaction`");
    }
    let texts = |key| map.list(key).iter().filter_map(|item| item.text().map(str::to_owned)).collect();
    let mounts =
        map.list("mount").iter().filter_map(|item| mount(item.at, item.text()?, place, out)).collect();
    let environment = map
        .free("env")
        .iter()
        .filter_map(|(name, item)| Some((name.clone(), environment_value(item, place, out)?)));
    Some(Step::Command {
        image: map.text("image")?.to_owned(),
        run: texts("run"),
        environment: environment.collect::<BTreeMap<_, _>>(),
        mounts,
    })
}

fn mount(at: At, text: &str, place: &Place, out: &mut Faults) -> Option<std::path::PathBuf> {
    let path = place.resolve(at, text, out)?;
    if path.exists() {
        return Some(path);
    }
    out.error(at, Code::MissingFile, format!("{} does not exist", path.display()))
        .hint("paths are relative to the file that they stand in");
    None
}

fn environment_value(item: &Item, place: &Place, out: &mut Faults) -> Option<EnvironmentValue> {
    match &item.value {
        Value::Scalar { text, .. } | Value::Text(text) => Some(EnvironmentValue::Text(text.clone())),
        Value::Secret(reference) => Some(EnvironmentValue::Secret(place.secret(item.at, reference, out))),
        _ => None,
    }
}

fn expectation(map: &Map, out: &mut Faults) -> Expectation {
    let column = |item: &Item, out: &mut Faults| {
        let column = ColumnName::parse(item.text()?);
        if column.is_none() {
            out.error(item.at, Code::BadValue, "this names no column").hint("write schema.table.column");
        }
        column
    };
    let losses = map.list("accept_loss").iter().filter_map(|item| {
        let loss = item.map()?;
        let column = column(loss.item("column")?, out)?;
        Some(AcceptedLoss { column, reason: loss.text("reason")?.to_owned() })
    });
    let accept_loss = losses.collect();
    Expectation {
        data: match map.word("data") {
            Some("lossless") => ExpectedData::Lossless,
            _ => ExpectedData::Identical,
        },
        schema: match map.word("schema") {
            Some("any") => ExpectedSchema::Any,
            _ => ExpectedSchema::Identical,
        },
        within: map.duration("within"),
        blocking_max: map.duration("blocking_max"),
        ignore: map.list("ignore").iter().filter_map(|item| column(item, out)).collect(),
        accept_loss,
    }
}
