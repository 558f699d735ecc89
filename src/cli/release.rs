//! `drillyard release`: destroys a kept sandbox before its time is over.

use serde_json::json;

use super::context::{Context, engine_hosts, explain, fail};
use super::{Exit, help, print, show};
use crate::engine::Engine;
use crate::run::sweep::{self, Swept};
use crate::run::world::wall_clock;

pub(super) async fn release(context: &Context, run: &str) -> u8 {
    let run = match show::find(context, run, None).await {
        Ok(run) => run,
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
    match sweep::sweep(&context.store, &engine, &[], wall_clock(), false, &mut swept).await {
        Ok(()) if swept.failed.is_empty() && context.json => print(&help::pretty(
            &json!({ "schema": "drillyard/release/1", "run": run, "removed": swept.removed }),
        )),
        Ok(()) if swept.failed.is_empty() => {
            print(&format!("released: nothing of run {run} is kept any more"))
        }
        Ok(()) => fail(&format!("not removed: {}", swept.failed.join("; ")), None, Exit::Leaked),
        Err(halt) => fail(&halt.0.detail, halt.0.hint.as_deref(), Exit::Errored),
    }
}
