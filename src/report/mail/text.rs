//! The plain part of a letter: all of it, in 76 columns, for those who read mail without pictures or aloud.

use super::body::Body;
use crate::report::Style;
use crate::report::page::{Page, Paint, painted, plain};

/// Mail is read in narrow windows, and quoted.
const STYLE: Style = Style { colour: false, width: 76 };

pub(super) fn text(body: &Body) -> String {
    let mut page = Page::new(STYLE);
    page.hang("", 0, &plain(format!("{}: {}.", body.service, body.headline)));
    let leaked = if body.leaked { ", and something of it was LEFT BEHIND" } else { "" };
    let verdict = body.verdict.to_uppercase();
    page.hang("", 0, &plain(format!("Drill {} of {}: {verdict}{leaked}.", body.drill, body.started)));
    for answer in &body.answers {
        page.heading(&format!("{} {}", answer.question, answer.word), "");
        for said in &answer.said {
            page.hang("  ", 2, &plain(said));
        }
    }
    act(&mut page, body);
    changes(&mut page, body);
    times(&mut page, body);
    checks(&mut page, body);
    for list in &body.lists {
        page.heading(list.heading, "");
        for item in &list.items {
            page.hang("  - ", 4, &plain(item));
        }
    }
    page.heading("About this run", "");
    let about = body.about.iter().map(|(label, value)| vec![plain(*label), plain(value)]);
    page.columns(about.collect());
    page.line("");
    page.hang("", 0, &plain(format!("Everything that was found: drillyard show {}", body.run)));
    page.finish()
}

fn act(page: &mut Page, body: &Body) {
    let act = &body.act;
    page.heading("Who acts?", &act.who);
    let rows = [
        ("next step", act.next_step.as_deref()),
        ("owner", act.owner.as_deref()),
        ("contact", act.contact.as_deref()),
        ("runbook", act.runbook.as_deref()),
        ("next run", Some(act.next_run.as_str())),
    ];
    let known = rows.into_iter().filter_map(|(label, value)| Some(vec![plain(label), plain(value?)]));
    page.columns(known.collect());
}

fn changes(page: &mut Page, body: &Body) {
    let Some(before) = &body.before else { return };
    if body.changes.is_empty() {
        page.heading("Nothing has changed since the run before", before);
        return;
    }
    page.heading("Changed since the run before", before);
    let rows =
        body.changes.iter().map(|change| vec![plain(change.word()), plain(format!("{}.", change.said))]);
    page.columns(rows.collect());
}

fn times(page: &mut Page, body: &Body) {
    let Some(times) = &body.times else { return };
    page.heading("Recovery times of the last runs", "");
    let rows = times.rows.iter();
    page.columns(rows.map(|row| vec![plain(&row.when), plain(&row.took), plain(row.verdict)]).collect());
    // A text has no dashed line.
    page.hang(
        "  ",
        2,
        &painted(
            times.caption.replace("The dashed line is the objective,", "The objective is"),
            Paint::Plain,
        ),
    );
}

fn checks(page: &mut Page, body: &Body) {
    if body.checks.is_empty() {
        return;
    }
    page.heading(&body.checks_heading, "");
    for check in &body.checks {
        page.hang(
            "  - ",
            4,
            &plain(format!("{}: {}: {}", check.outcome.to_uppercase(), check.name, check.said)),
        );
        if let Some(hint) = &check.hint {
            page.hang("    ", 4, &plain(format!("hint: {hint}")));
        }
    }
}
