//! `drillyard show`: one run again, from its events.

use std::path::PathBuf;

use super::context::{Context, explain, fail, style, write_file};
use super::{Exit, help, print};
use crate::model::{DrillName, RunId};
use crate::notify::Notifier;
use crate::record::{Conclusion, RunRecord, RunSummary};
use crate::report;
use crate::report::mail::Letter;
use crate::store::{FindError, HistoryFilter};

/// Files that a run is written to, beside what is printed.
pub(super) struct Files {
    /// As a page.
    pub(super) html: Option<PathBuf>,
    /// As the mail about it.
    pub(super) mail: Option<PathBuf>,
}

pub(super) async fn show(context: &Context, run: &str, drill: Option<String>, files: Files) -> u8 {
    let (record, conclusion) = match load(context, run, drill).await {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    match write_files(context, &record, &conclusion, &files).await {
        Err(code) => code,
        Ok(_) if context.json => print(&help::pretty(&report::json(&record, &conclusion))),
        Ok(written) if !written.is_empty() => print(&written.join("\n")),
        Ok(_) => print(&report::text(&record, &conclusion, style())),
    }
}

/// Writes the files that were asked for; returns their names.
async fn write_files(
    context: &Context,
    record: &RunRecord,
    conclusion: &Conclusion,
    files: &Files,
) -> Result<Vec<String>, u8> {
    let mut written = Vec::new();
    if let Some(path) = &files.html {
        write_file(path, &report::html(record, conclusion))?;
        written.push(path.display().to_string());
    }
    if let Some(path) = &files.mail {
        let letter = letter(context, record, conclusion).await?;
        let notifier = Notifier::new(&context.settings, context.store.state());
        let mail = notifier.as_file(record, &letter);
        write_file(path, &mail.map_err(|error| fail(&error.to_string(), None, Exit::Errored))?)?;
        written.push(path.display().to_string());
    }
    Ok(written)
}

/// The letter about a run, as it was written when the run ended: with the runs before it, and none that came later.
async fn letter(context: &Context, record: &RunRecord, conclusion: &Conclusion) -> Result<Letter, u8> {
    let opening = &record.opening;
    let filter = HistoryFilter { drill: Some(opening.drill.clone()), ..HistoryFilter::default() };
    let runs = context.store.history(filter).await.map_err(|error| explain(&error, Exit::Errored))?;
    let earlier = |run: &RunSummary| run.verdict.is_some() && run.run < opening.run;
    let history: Vec<RunSummary> = runs.into_iter().filter(earlier).take(20).collect();
    let previous = match history.first() {
        Some(run) => Some(record_of(context, run.run).await?),
        None => None,
    };
    let previous = previous.as_ref().map(|(record, conclusion)| (record, conclusion));
    Ok(report::mail::letter(record, conclusion, previous, &history))
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

/// The run that a person means, as its events tell it.
pub(super) async fn load(
    context: &Context,
    run: &str,
    drill: Option<String>,
) -> Result<(RunRecord, Conclusion), u8> {
    let run = find(context, run, drill).await?;
    record_of(context, run).await
}

/// A run as its events tell it, with what later sweeps found.
async fn record_of(context: &Context, run: RunId) -> Result<(RunRecord, Conclusion), u8> {
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
