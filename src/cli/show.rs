//! `drillyard show`: one run again, from its events.

use std::path::PathBuf;

use super::context::{Context, explain, fail, style, write_file};
use super::{Exit, help, print};
use crate::model::{DrillName, RunId};
use crate::record::{Conclusion, RunRecord};
use crate::report;
use crate::store::FindError;

pub(super) async fn show(context: &Context, run: &str, drill: Option<String>, html: Option<PathBuf>) -> u8 {
    let (record, conclusion) = match load(context, run, drill).await {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    if let Some(path) = &html
        && let Err(code) = write_file(path, &report::html(&record, &conclusion))
    {
        return code;
    }
    match html {
        _ if context.json => print(&help::pretty(&report::json(&record, &conclusion))),
        Some(path) => print(&path.display().to_string()),
        None => print(&report::text(&record, &conclusion, style())),
    }
}

/// Which run a person means.
pub(super) async fn find(context: &Context, run: &str, drill: Option<String>) -> Result<RunId, u8> {
    let drill = drill.map(|name| name.parse::<DrillName>()).transpose();
    let drill = drill.map_err(|error| fail(&error.to_string(), None, Exit::Invalid))?;
    context.store.find(run, drill.as_ref()).await.map_err(|error| match &error {
        FindError::NotFound { text } if text == "last" => {
            let told = drill.map_or("no runs yet".to_owned(), |drill| format!("no runs of `{drill}` yet"));
            fail(&told, Some("see what was run with `drillyard history`"), Exit::Invalid)
        }
        FindError::Store(_) => explain(&error, Exit::Errored),
        _ => explain(&error, Exit::Invalid),
    })
}

/// A run as its events tell it, with what later sweeps found.
async fn load(context: &Context, run: &str, drill: Option<String>) -> Result<(RunRecord, Conclusion), u8> {
    let run = find(context, run, drill).await?;
    let store_error = |error| explain(&error, Exit::Errored);
    let events = context.store.events(run).await.map_err(store_error)?;
    let mut record = RunRecord::fold(&events)
        .map_err(|error| fail(&format!("run {run} can't be shown: {error}"), None, Exit::Errored))?;
    if let Some(late) = context.store.cleanups(run).await.map_err(store_error)?.pop() {
        record.cleanup = Some(late.found);
    }
    let conclusion = Conclusion::of(&record);
    Ok((record, conclusion))
}
