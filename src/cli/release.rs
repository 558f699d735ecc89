//! `drillyard release`: destroys a kept sandbox before its time is over.

use serde_json::{Value, json};

use super::context::{Context, engine_hosts, explain, fail};
use super::{Exit, help, kept, print};
use crate::engine::Engine;
use crate::model::RunId;
use crate::run::sweep::{self, Swept};
use crate::run::world::wall_clock;

pub(super) async fn release(context: &Context, run: &str) -> u8 {
    let run = match kept::find(context, run).await {
        Ok(kept) => kept.run,
        Err(code) => return code,
    };
    let engine = match Engine::connect(&engine_hosts(&context.settings)).await {
        Ok(engine) => engine,
        Err(error) => return explain(&error, Exit::Errored),
    };
    if let Err(error) = context.store.forget_kept(run).await {
        return explain(&error, Exit::Errored);
    }
    // What is no longer kept is what a sweep removes.
    let mut swept = Swept::default();
    match sweep::sweep(&context.store, Some(&engine), &[], wall_clock(), false, &mut swept).await {
        Ok(()) if swept.failed.is_empty() => released(context, run, &swept).await,
        Ok(()) => fail(&format!("not removed: {}", swept.failed.join("; ")), None, Exit::Leaked),
        Err(halt) => fail(&halt.0.detail, halt.0.hint.as_deref(), Exit::Errored),
    }
}

async fn released(context: &Context, run: RunId, swept: &Swept) -> u8 {
    let others = match kept::still_kept(context, wall_clock()).await {
        Ok(others) => others,
        Err(code) => return code,
    };
    if context.json {
        let kept: Vec<Value> =
            others.iter().map(|kept| json!({ "run": kept.run, "until": kept.until })).collect();
        return print(&help::pretty(
            &json!({ "schema": "drillyard/release/1", "run": run, "removed": swept.removed, "kept": kept }),
        ));
    }
    let others = kept::others(&others).map_or_else(String::new, |others| format!("; {others}"));
    print(&format!("released: nothing of run {run} is kept any more{others}"))
}
