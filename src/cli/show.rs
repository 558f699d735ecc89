//! `drillyard show`: one run again, from its events.

use std::path::PathBuf;

use super::context::{Context, explain, fail, style, write_file};
use super::select::former_name;
use super::{Exit, help, print};
use crate::model::{DrillName, RunId};
use crate::notify::Notifier;
use crate::record::{Conclusion, RunRecord, RunSummary, words};
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

/// The word for the newest run.
pub(super) const LAST: &str = "last";

pub(super) async fn show(context: &Context, run: &str, drill: Option<String>, files: Files) -> u8 {
    match try_to_show(context, run, drill, &files).await {
        Ok(text) => print(&text),
        Err(code) => code,
    }
}

async fn try_to_show(
    context: &Context,
    run: &str,
    drill: Option<String>,
    files: &Files,
) -> Result<String, u8> {
    let run = find(context, run, drill).await?;
    let record = record_of(context, run).await?;
    let summary = context.store.summary(run).await.map_err(|error| explain(&error, Exit::Errored))?;
    if summary.is_some_and(|summary| summary.verdict.is_none()) {
        return still_running(context, &record, files);
    }
    let conclusion = Conclusion::of(&record);
    let written = write_files(context, &record, &conclusion, files).await?;
    Ok(if context.json {
        help::pretty(&report::json(&record, &conclusion))
    } else if written.is_empty() {
        report::text(&record, &conclusion, style())
    } else {
        written.join("\n")
    })
}

/// What a run means nobody knows before its end: it has no page, no mail and no document.
fn still_running(context: &Context, record: &RunRecord, files: &Files) -> Result<String, u8> {
    let opening = &record.opening;
    let phase = record.phases.iter().rfind(|span| span.end.is_none());
    let place =
        phase.map_or_else(|| "between two phases".to_owned(), |span| format!("in phase {}", span.phase));
    let since = words::instant(opening.started_at);
    let told = format!("run {} of {} is still running, since {since}, {place}", opening.run, opening.drill);
    if context.json || files.html.is_some() || files.mail.is_some() {
        let hint = "wait for its end, or look at `drillyard history`";
        return Err(fail(&told, Some(hint), Exit::Invalid));
    }
    Ok(told)
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
    let filter = HistoryFilter {
        drill: Some(opening.drill.clone()),
        was: former_name(&context.settings, &opening.drill),
        ended: true,
        ..HistoryFilter::default()
    };
    let runs = context.store.history(filter).await.map_err(|error| explain(&error, Exit::Errored))?;
    let earlier = |run: &RunSummary| run.run < opening.run;
    let history: Vec<RunSummary> = runs.into_iter().filter(earlier).take(20).collect();
    let previous = match history.first() {
        Some(run) => Some(record_of(context, run.run).await?),
        None => None,
    };
    let previous = previous.map(|record| (Conclusion::of(&record), record));
    let previous = previous.as_ref().map(|(conclusion, record)| (record, conclusion));
    Ok(report::mail::letter(record, conclusion, previous, &history))
}

/// Which run a person means.
pub(super) async fn find(context: &Context, run: &str, drill: Option<String>) -> Result<RunId, u8> {
    let drill = drill.map(|name| name.parse::<DrillName>()).transpose();
    let drill = drill.map_err(|error| fail(&error.to_string(), None, Exit::Invalid))?;
    let was = drill.as_ref().and_then(|drill| former_name(&context.settings, drill));
    let error = match context.store.find(run, drill.as_ref(), was.as_ref()).await {
        Ok(run) => return Ok(run),
        Err(error) => error,
    };
    Err(match &error {
        FindError::NotFound { text } if text == LAST => none_has_ended(context, drill.as_ref()).await,
        FindError::Store(_) => explain(&error, Exit::Errored),
        _ => explain(&error, Exit::Invalid),
    })
}

async fn none_has_ended(context: &Context, drill: Option<&DrillName>) -> u8 {
    let of = drill.map_or_else(String::new, |drill| format!(" of `{drill}`"));
    let running = context.store.unfinished().await.unwrap_or_default();
    let told = match running.iter().find(|run| drill.is_none_or(|drill| run.drill == *drill)) {
        Some(run) => format!("no run{of} has ended yet; {} is still running", run.run),
        None => format!("no runs{of} yet"),
    };
    fail(&told, Some("see what was run with `drillyard history`"), Exit::Invalid)
}

/// A run as its events tell it, with what later sweeps found.
pub(super) async fn record_of(context: &Context, run: RunId) -> Result<RunRecord, u8> {
    let store_error = |error| explain(&error, Exit::Errored);
    let events = context.store.events(run).await.map_err(store_error)?;
    let mut record = RunRecord::fold(&events)
        .map_err(|error| fail(&format!("run {run} can't be shown: {error}"), None, Exit::Errored))?;
    if let Some(late) = context.store.cleanups(run).await.map_err(store_error)?.pop() {
        record.cleanup = Some(late.found);
    }
    Ok(record)
}
