//! The digest of all services: the worst first, then what was missed and what nobody covers.

use askama::Template;
use jiff::Timestamp;

use super::Letter;
use super::subject::cut;
use crate::record::standing::{Standing, State};
use crate::record::{Beside, words};
use crate::report::Style;
use crate::report::page::{Page, plain};
use crate::report::status::{BROKEN, Row, STRAYS, missed_words, place, stray};
use crate::report::view::Tone;

/// Services that a digest shows; the best are counted. A list holds half as many items.
const MOST: usize = 40;
/// Bytes of text and page as they are sent; with what encloses them, a mail stays below 100 KB.
const ROOM: usize = 98_500;
/// Characters of a name.
const LONGEST: usize = 60;
/// Characters of the subject.
const LONGEST_SUBJECT: usize = 120;

#[derive(Template)]
#[template(path = "mail/digest.html", config = "src/report/askama.toml")]
struct DigestPage<'a> {
    body: &'a Body,
}

impl DigestPage<'_> {
    const COLUMNS: [&'static str; 7] =
        ["Service", "Last proof", "Recovery time", "Loss", "Trend", "Rollback", "Next run"];
}

/// Everything that a digest says.
struct Body {
    subject: String,
    headline: String,
    tone: Tone,
    period: String,
    tally: String,
    rows: Vec<Row>,
    /// Services beyond those in `rows`.
    more: usize,
    lists: Vec<(&'static str, Vec<String>)>,
}

/// The digest of the services as they stand at `until`, and of what is told beside them, with what happened since `since`.
/// Shows so many of them that it stays below 100 KB as it is sent: mail programs cut what is longer.
pub fn digest(services: &[Standing], beside: &Beside, since: Timestamp, until: Timestamp) -> Letter {
    let mut most = MOST;
    loop {
        let letter = with_the_worst(most, services, beside, since, until);
        if most == 1 || encoded(&letter.text) + encoded(&letter.html) < ROOM {
            return letter;
        }
        most = most * 4 / 5;
    }
}

fn with_the_worst(
    most: usize,
    services: &[Standing],
    beside: &Beside,
    since: Timestamp,
    until: Timestamp,
) -> Letter {
    let body = Body::of(services, beside, most, since, until);
    let page = DigestPage { body: &body };
    let html =
        page.render().unwrap_or_else(|error| format!("<!doctype html><title>Drillyard</title><p>{error}"));
    Letter { text: text(&body), html, subject: body.subject, chart: None }
}

/// Bytes of a text in quoted-printable, at most: what is not plain takes three, and so does the break of a long line.
fn encoded(text: &str) -> usize {
    let bytes = text.bytes().map(|byte| match byte {
        b'\n' => 2,
        b' '..=b'~' if byte != b'=' => 1,
        _ => 3,
    });
    let bytes: usize = bytes.sum();
    bytes + bytes / 72 * 3
}

impl Body {
    fn of(services: &[Standing], beside: &Beside, most: usize, since: Timestamp, until: Timestamp) -> Self {
        let mut rows: Vec<Row> =
            services.iter().filter_map(|standing| Row::of(standing, beside.daemon, until)).collect();
        rows.iter_mut().for_each(shorten);
        let items = most.div_ceil(2);
        let mut lists = lists(&rows, items);
        // A message may quote its file, which is for those who may read it.
        lists.insert(0, (BROKEN, shortened(beside.broken.iter().map(place).collect(), items)));
        lists.push((STRAYS, shortened(beside.strays.iter().map(|run| stray(run, until)).collect(), items)));
        lists.retain(|(_, items)| !items.is_empty());
        let more = rows.len().saturating_sub(most);
        let tally = tally(&rows);
        let headline = headline(services, beside);
        let day = |at: Timestamp| at.strftime("%-d %b");
        rows.truncate(most);
        Self {
            subject: subject(services, &headline, until),
            tone: if services.iter().any(|service| service.state != State::Proven) {
                Tone::Bad
            } else if beside.broken.is_empty() {
                Tone::Good
            } else {
                Tone::Unsure
            },
            headline,
            period: format!("{} to {} {}", day(since), day(until), until.strftime("%Y")),
            tally,
            rows,
            more,
            lists,
        }
    }
}

impl Body {
    /// `1 more service`.
    fn more_services(&self) -> String {
        words::many(self.more, "more service")
    }
}

fn shorten(row: &mut Row) {
    row.service = cut(&row.service, LONGEST);
    row.owner = row.owner.as_deref().map(|owner| cut(owner, LONGEST));
    row.why = cut(&row.why, 200);
    for what in &mut row.not_verified {
        *what = cut(what, 200);
    }
    for left in &mut row.left_behind {
        *left = cut(left, 200);
    }
}

/// `5 of 7 services NOT proven recoverable`; `all 7 services are proven recoverable; 1 drill file has an error` where the
/// last good version of its drills is in force.
fn headline(services: &[Standing], beside: &Beside) -> String {
    let proven = services.iter().filter(|service| service.state == State::Proven).count();
    let told = services.iter().any(|service| service.state == State::Broken);
    let broken = match beside.broken.len() {
        _ if told => String::new(),
        0 => String::new(),
        1 => "; 1 drill file has an error".to_owned(),
        files => format!("; {files} drill files have errors"),
    };
    let said = match (services.len(), services.len() - proven) {
        (0, _) => "no service is drilled".to_owned(),
        (1, 0) => "the one service is proven recoverable".to_owned(),
        (all, 0) => format!("all {all} services are proven recoverable"),
        (1, _) => "the one service is NOT proven recoverable".to_owned(),
        (all, open) => format!("{open} of {all} services NOT proven recoverable"),
    };
    said + &broken
}

/// The headline, and the worst services by name for as long as there is room.
fn subject(services: &[Standing], headline: &str, until: Timestamp) -> String {
    let end = format!(" (digest of {})", until.strftime("%-d %b"));
    let open = services.iter().filter(|service| service.state != State::Proven);
    let names = open.map(|service| {
        let state = match service.state {
            State::Broken => "has a broken file",
            State::Failing => "failing",
            State::Never => "never proven",
            State::Stale | State::Proven => "proof too old",
        };
        format!("{} {state}", cut(&service.service, 24))
    });
    let mut said = format!("Recovery: {headline}");
    for (n, name) in names.enumerate() {
        let next = format!("{said}{} {name}", if n == 0 { ":" } else { "," });
        if next.chars().count() + end.chars().count() + 2 > LONGEST_SUBJECT {
            said.push_str(if n == 0 { "" } else { ", …" });
            break;
        }
        said = next;
    }
    format!("{said}{end}")
}

/// How all runs of the period ended.
fn tally(rows: &[Row]) -> String {
    let sum =
        rows.iter().map(|row| row.tally).reduce(crate::record::standing::Tally::and).unwrap_or_default();
    let before =
        rows.iter().map(|row| row.before).reduce(crate::record::standing::Tally::and).unwrap_or_default();
    format!(
        "{}: {} passed, {} failed, {} could not find out, {} missed ({} missed in the period before)",
        words::many(sum.total(), "run"),
        sum.passed,
        sum.failed,
        sum.errored,
        sum.missed,
        before.missed
    )
}

fn lists(rows: &[Row], most: usize) -> Vec<(&'static str, Vec<String>)> {
    let who = |row: &Row| {
        row.owner.clone().map_or_else(|| "nobody owns it".to_owned(), |owner| format!("{owner} acts"))
    };
    let named = |wanted: &dyn Fn(&Row) -> bool, said: &dyn Fn(&Row) -> String| -> Vec<String> {
        rows.iter().filter(|row| wanted(row)).map(|row| format!("{}: {}", row.service, said(row))).collect()
    };
    // What a file that can't be read says of all this, nobody knows.
    let lacking = |wanted: &dyn Fn(&Row) -> bool| -> Vec<String> {
        let lacking = rows.iter().filter(|row| row.state != State::Broken && wanted(row));
        lacking.map(|row| row.service.clone()).collect()
    };
    let lists = [
        ("Not proven", named(&|row| row.state != State::Proven, &|row| format!("{}; {}", row.why, who(row)))),
        (
            "Proven, but look at",
            named(&|row| row.state == State::Proven && row.why != "proven", &|row| row.why.clone()),
        ),
        ("Missed", named(&|row| row.tally.missed > 0, &missed_words)),
        ("Slower", named(&|row| row.slower, &|row| format!("{} than the median before", row.trend))),
        ("Rollback failed", named(&|row| row.rollback_tone == Some(Tone::Bad), &|row| row.rollback.clone())),
        (
            "Left something behind",
            named(&|row| !row.left_behind.is_empty(), &|row| row.left_behind.join("; ")),
        ),
        ("Without a rehearsed rollback", lacking(&|row| ["none", "never"].contains(&row.rollback.as_str()))),
        ("Without an owner", lacking(&|row| row.owner.is_none())),
        ("Without a schedule", lacking(&|row| !row.scheduled)),
        (
            "Not verified by the newest proof",
            named(&|row| !row.not_verified.is_empty(), &|row| row.not_verified.join("; ")),
        ),
    ];
    let lists = lists.into_iter().filter(|(_, items)| !items.is_empty());
    lists.map(|(heading, items)| (heading, shortened(items, most))).collect()
}

fn shortened(mut items: Vec<String>, most: usize) -> Vec<String> {
    let more = items.len().saturating_sub(most);
    items.truncate(most);
    for item in &mut items {
        *item = cut(item, 300);
    }
    items.extend((more > 0).then(|| format!("and {more} more, in `drillyard status`")));
    items
}

fn text(body: &Body) -> String {
    let mut page = Page::new(Style { colour: false, width: 76 });
    page.hang("", 0, &plain(format!("Recovery: {}.", body.headline)));
    page.hang("", 0, &plain(format!("{}. {}.", body.period, body.tally)));
    for (heading, items) in &body.lists {
        page.heading(heading, "");
        for item in items {
            page.hang("  - ", 4, &plain(item));
        }
    }
    for row in &body.rows {
        page.heading(&row.service, row.state.word());
        let owner = row.owner.as_deref().unwrap_or("nobody");
        let said = row.rollback_said.as_ref().map_or_else(String::new, |said| format!(": {said}"));
        let rollback = format!("{}{said}", row.rollback);
        let facts = [
            ("owner", owner),
            ("last proof", row.proof.as_str()),
            ("recovery time", row.recovery_time.told.as_str()),
            ("recovery point", row.recovery_point.told.as_str()),
            ("trend", row.trend.as_str()),
            ("rollback", rollback.as_str()),
            ("next run", row.next_run.as_str()),
        ];
        page.columns(facts.into_iter().map(|(label, value)| vec![plain(label), plain(value)]).collect());
    }
    if body.more > 0 {
        page.line("");
        page.hang("", 0, &plain(format!("And {}, in `drillyard status`.", body.more_services())));
    }
    page.line("");
    page.hang("", 0, &plain("All services now: drillyard status"));
    page.finish()
}
