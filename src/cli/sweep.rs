//! `drillyard sweep`: what interrupted runs left goes.

use serde_json::json;

use super::context::{Context, engine_hosts, explain, fail};
use super::{Exit, Global, help, print, select};
use crate::engine::Engine;
use crate::run::sweep::instances::rds_drills;
use crate::run::sweep::{self, Swept};
use crate::run::world::wall_clock;

pub(super) async fn sweep(global: &Global, context: &Context, drills: &[String], dry_run: bool) -> u8 {
    let drills = match select::wanted_or_valid(global, &context.settings, drills) {
        Ok(drills) => rds_drills(&drills),
        Err(code) => return code,
    };
    let engine = Engine::connect(&engine_hosts(&context.settings)).await;
    let mut swept = Swept::default();
    let asked = engine.as_ref().ok();
    let ended = sweep::sweep(&context.store, asked, &drills, wall_clock(), dry_run, &mut swept).await;
    let whole = engine.is_ok() && ended.is_ok();
    if whole || swept != Swept::default() {
        print(&if context.json {
            help::pretty(&as_json(&swept, dry_run, whole))
        } else {
            as_text(&swept, dry_run, whole)
        });
    }
    if let Err(error) = engine {
        return explain(&error, Exit::Errored);
    }
    if let Err(halt) = ended {
        return fail(&halt.0.detail, halt.0.hint.as_deref(), Exit::Errored);
    }
    if swept.failed.is_empty() { Exit::Passed.code() } else { Exit::Leaked.code() }
}

fn as_json(swept: &Swept, dry_run: bool, whole: bool) -> serde_json::Value {
    json!({
        "schema": "drillyard/sweep/1",
        "dry_run": dry_run,
        "whole": whole,
        "removed": swept.removed,
        "kept": swept.kept,
        "live": swept.live,
        "failed": swept.failed,
        "overdue": swept.overdue,
        "aborted": swept.aborted.iter().map(|run| run.run).collect::<Vec<_>>(),
    })
}

fn as_text(swept: &Swept, dry_run: bool, whole: bool) -> String {
    let mut lines = Vec::new();
    for run in &swept.aborted {
        lines.push(format!("lost     run {} of {}: its process had died", run.run, run.drill));
    }
    let removed = if dry_run { "would go" } else { "removed " };
    lines.extend(swept.removed.iter().map(|effect| format!("{removed} {effect}")));
    lines.extend(swept.kept.iter().map(|kept| format!("kept     {} until {}", kept.effect, kept.until)));
    lines.extend(swept.live.iter().map(|effect| format!("in use   {effect}")));
    lines.extend(swept.failed.iter().map(|failure| format!("NOT GONE {failure}")));
    lines.extend(swept.overdue.iter().map(|overdue| format!("not ours {overdue}")));
    if !whole {
        lines.push("not everything could be looked at".to_owned());
    } else if swept.removed.is_empty() && swept.failed.is_empty() {
        lines.push("nothing is left behind".to_owned());
    }
    lines.join("\n")
}
