//! `drillyard history`: past runs, a line each.

use std::io::IsTerminal;
use std::time::Duration;

use super::context::{Context, explain, fail, style};
use super::select::former_name;
use super::{Exit, help, print};
use crate::model::DrillName;
use crate::report::{self, Style};
use crate::run::world::wall_clock;
use crate::store::HistoryFilter;

pub(super) async fn history(
    context: &Context,
    drill: Option<String>,
    since: Option<Duration>,
    limit: u32,
) -> u8 {
    let drill = match drill.map(|name| name.parse::<DrillName>()).transpose() {
        Ok(drill) => drill,
        Err(error) => return fail(&error.to_string(), None, Exit::Invalid),
    };
    let was = drill.as_ref().and_then(|drill| former_name(&context.settings, drill));
    let since = since.and_then(|since| wall_clock().checked_sub(since).ok());
    let filtered = drill.is_some() || since.is_some();
    let filter = HistoryFilter { drill, was, since, limit: Some(limit), ..HistoryFilter::default() };
    match context.store.history(filter).await {
        Ok(runs) if context.json => print(&help::pretty(&report::history_json(&runs))),
        Ok(runs) if runs.is_empty() => print(if filtered { "no such runs" } else { "no runs yet" }),
        Ok(runs) => print(&report::history_text(&runs, one_line_for_a_program(style()))),
        Err(error) => explain(&error, Exit::Errored),
    }
}

/// A terminal is as wide as it is; `grep` wants a run whole.
fn one_line_for_a_program(style: Style) -> Style {
    if std::io::stdout().is_terminal() { style } else { Style { width: usize::MAX, ..style } }
}
