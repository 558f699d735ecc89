//! `drillyard sweep`: what interrupted runs left goes.

use serde_json::json;

use super::context::{Context, engine_hosts, explain, fail};
use super::{Exit, Global, help, print, select};
use crate::engine::Engine;
use crate::run::sweep::{self, Swept};
use crate::run::sweep_instances::rds_drills;
use crate::run::world::wall_clock;

pub(super) async fn sweep(global: &Global, context: &Context, drills: &[String], dry_run: bool) -> u8 {
    let drills = match select::wanted_or_valid(global, &context.settings, drills) {
        Ok(drills) => rds_drills(&drills),
        Err(code) => return code,
    };
    let engine = match Engine::connect(&engine_hosts(&context.settings)).await {
        Ok(engine) => engine,
        Err(error) => return explain(&error, Exit::Errored),
    };
    let mut swept = Swept::default();
    let ended = sweep::sweep(&context.store, &engine, &drills, wall_clock(), dry_run, &mut swept).await;
    if let Err(halt) = ended {
        return fail(&halt.0.detail, halt.0.hint.as_deref(), Exit::Errored);
    }
    print(&if context.json { help::pretty(&as_json(&swept, dry_run)) } else { as_text(&swept, dry_run) });
    if swept.failed.is_empty() { Exit::Passed.code() } else { Exit::Leaked.code() }
}

fn as_json(swept: &Swept, dry_run: bool) -> serde_json::Value {
    json!({
        "schema": "drillyard/sweep/1",
        "dry_run": dry_run,
        "removed": swept.removed,
        "kept": swept.kept,
        "live": swept.live,
        "failed": swept.failed,
        "aborted": swept.aborted.iter().map(|run| run.run).collect::<Vec<_>>(),
    })
}

fn as_text(swept: &Swept, dry_run: bool) -> String {
    let mut lines = Vec::new();
    for run in &swept.aborted {
        lines.push(format!("lost     run {} of {}: its process had died", run.run, run.drill));
    }
    let removed = if dry_run { "would go" } else { "removed " };
    lines.extend(swept.removed.iter().map(|effect| format!("{removed} {effect}")));
    lines.extend(swept.kept.iter().map(|kept| format!("kept     {} until {}", kept.effect, kept.until)));
    lines.extend(swept.live.iter().map(|effect| format!("in use   {effect}")));
    lines.extend(swept.failed.iter().map(|failure| format!("NOT GONE {failure}")));
    if swept.removed.is_empty() && swept.failed.is_empty() {
        lines.push("nothing is left behind".to_owned());
    }
    lines.join("\n")
}
