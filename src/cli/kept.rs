//! Which kept sandbox a person means: a run's by its name, or the newest that is still there.

use jiff::Timestamp;

use super::context::{Context, explain, fail};
use super::{Exit, show};
use crate::record::words;
use crate::run::world::wall_clock;
use crate::store::KeptSandbox;

const HOW: &str = "keep one with `drillyard run DRILL --keep`";

/// `last` is the newest run that keeps a sandbox: a drill that ran since and kept none is not in its way (2026-11-22).
pub(super) async fn find(context: &Context, run: &str) -> Result<KeptSandbox, u8> {
    if run == show::LAST {
        let kept = still_kept(context, wall_clock()).await?;
        let newest = kept.into_iter().max_by_key(|kept| kept.run);
        return newest.ok_or_else(|| fail("no sandbox is kept", Some(HOW), Exit::Invalid));
    }
    let run = show::find(context, run, None).await?;
    let kept = still_kept(context, wall_clock()).await?;
    let others = others(&kept);
    kept.into_iter().find(|kept| kept.run == run).ok_or_else(|| {
        let hint = others.unwrap_or_else(|| HOW.to_owned());
        fail(&format!("run {run} keeps no sandbox"), Some(&hint), Exit::Invalid)
    })
}

/// Sandboxes whose time is not over, the one that ends first before the others.
pub(super) async fn still_kept(context: &Context, now: Timestamp) -> Result<Vec<KeptSandbox>, u8> {
    let kept = context.store.kept().await.map_err(|error| explain(&error, Exit::Errored))?;
    Ok(kept.into_iter().filter(|kept| kept.until > now).collect())
}

/// `still kept: run 01K… until 2026-11-22 03:30:00 UTC`; `None` where nothing is.
pub(super) fn others(kept: &[KeptSandbox]) -> Option<String> {
    let told = kept.iter().map(|kept| format!("run {} until {}", kept.run, words::instant(kept.until)));
    let told = told.collect::<Vec<_>>().join(", ");
    (!told.is_empty()).then(|| format!("still kept: {told}"))
}
