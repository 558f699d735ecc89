//! `notify` and `retries` of a drill, and the addresses that mail goes to.

use lettre::message::Mailbox;

use super::fault::{Code, Faults};
use super::notice::{Notice, Retries, WebhookStyle, When};
use super::paths::Place;
use super::value::{Item, Map};

/// The most that a run is repeated: more is a loop.
const MOST_RETRIES: u64 = 10;

/// Reads who is told.
pub(super) fn notices(drill: &Map, place: &Place, out: &mut Faults) -> Vec<Notice> {
    drill.list("notify").iter().filter_map(|item| notice(item, place, out)).collect()
}

fn notice(item: &Item, place: &Place, out: &mut Faults) -> Option<Notice> {
    let (kind, below) = item.one()?;
    let map = below.map()?;
    let mut url = |map: &Map| Some(place.secret(map.at("url"), map.secret("url")?, out));
    Some(match kind {
        "email" => Notice::Email { to: addresses(map, "to", out), when: when(map) },
        "webhook" => Notice::Webhook {
            url: url(map)?,
            style: match map.word("style") {
                Some("slack") => WebhookStyle::Slack,
                _ => WebhookStyle::Json,
            },
            when: when(map),
        },
        _ => Notice::Ping { url: url(map)? },
    })
}

fn when(map: &Map) -> When {
    match map.word("when") {
        Some("always") => When::Always,
        Some("on_problem") => When::OnProblem,
        _ => When::OnChange,
    }
}

/// The addresses of a list, each of a form that a mail server takes.
pub(super) fn addresses(map: &Map, key: &str, out: &mut Faults) -> Vec<String> {
    let items = map.list(key).iter();
    items.filter_map(|item| is_address(item, out).then(|| item.text().map(str::to_owned)).flatten()).collect()
}

/// Whether a text is `name@host` or `Name <name@host>`; the fault is told.
pub(super) fn is_address(item: &Item, out: &mut Faults) -> bool {
    let good = item.text().is_some_and(|text| text.parse::<Mailbox>().is_ok());
    if !good {
        out.error(item.at, Code::BadValue, "this is no mail address")
            .hint("write name@example.com or \"Name <name@example.com>\"");
    }
    good
}

/// A person who reads only mail would never hear of the drill.
pub(super) fn tell_unsent(drill: &Map, out: &mut Faults) {
    let by_mail = |item: &&Item| item.one().is_some_and(|(kind, _)| kind == "email");
    if let Some(item) = drill.list("notify").iter().find(by_mail) {
        out.warning(item.at, Code::NotSent, "nothing is sent: the settings have no `mail`")
            .hint("write mail: { smtp: { host: … }, from: … } in drillyard.yaml; until then .eml files are written to `mail` below `state`");
    }
}

/// Reads how often an errored run is repeated.
pub(super) fn retries(drill: &Map, out: &mut Faults) -> Retries {
    let Some(map) = drill.map("retries") else { return Retries::default() };
    let default = Retries::default();
    let asked = map.count("errored");
    if asked.is_some_and(|count| count > MOST_RETRIES) {
        out.error(
            map.at("errored"),
            Code::BadValue,
            format!("more than {MOST_RETRIES} repetitions are a loop"),
        )
        .hint("a drill that errs so often needs a person");
    }
    let errored = asked.and_then(|count| u32::try_from(count).ok()).unwrap_or(default.errored);
    Retries { errored, after: map.duration("after").unwrap_or(default.after) }
}
