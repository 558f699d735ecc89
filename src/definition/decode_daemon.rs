//! What the daemon needs of drillyard.yaml: capacity, mail, HTTP, the digest.

use std::net::SocketAddr;
use std::path::Path;

use super::decode_notices::{addresses, is_address};
use super::fault::{Code, Faults};
use super::paths::{Place, normal};
use super::schedule;
use super::settings::{Digest, Mail, MailWay, Settings, Smtp, SmtpSecurity, TextOrSecret};
use super::value::{Map, Value};

/// Most runs at the same time that one runner can mean.
const MOST_AT_ONCE: u64 = 256;

/// Reads the daemon's part of the settings.
pub(super) fn fill(settings: &mut Settings, map: &Map, folder: &Path, out: &mut Faults) {
    let place = Place { folder: folder.to_owned(), settings_folder: folder.to_owned(), roots: Vec::new() };
    if let Some(runner) = map.map("runner") {
        settings.runner_at_once = runner.count("at_once");
        if settings.runner_at_once.is_some_and(|count| count == 0 || count > MOST_AT_ONCE) {
            out.error(runner.at("at_once"), Code::BadValue, "so many runs at the same time make no sense")
                .hint(format!("write a number from 1 to {MOST_AT_ONCE}"));
        }
        settings.runner_disk = runner.size("disk");
        settings.runner_staging = runner.size("staging");
    }
    settings.mail = map.map("mail").and_then(|mail| self::mail(mail, &place, out));
    settings.http_listen = map.map("http").and_then(|http| listen(http, out));
    settings.digest = map.map("digest").and_then(|digest| self::digest(digest, out));
    settings.shutdown_grace = map.duration("shutdown_grace");
}

fn mail(map: &Map, place: &Place, out: &mut Faults) -> Option<Mail> {
    let from = map.item("from").filter(|from| is_address(from, out)).and_then(|from| from.text());
    let way = match (map.map("smtp"), map.text("directory")) {
        (Some(smtp), None) => MailWay::Smtp(self::smtp(smtp, place, out)?),
        (None, Some(directory)) => MailWay::Directory(normal(&place.folder.join(directory))),
        (Some(_), Some(_)) => {
            out.error(map.at("directory"), Code::Impossible, "`smtp` and `directory` exclude each other")
                .hint("keep one of them");
            return None;
        }
        (None, None) => {
            // A faulty `smtp` has been told.
            if !map.has("smtp") {
                out.error(map.at, Code::MissingKey, "mail has no way to go")
                    .hint("write smtp: { host: … }, or directory: outbox/ for .eml files");
            }
            return None;
        }
    };
    Some(Mail { way, from: from?.to_owned() })
}

fn smtp(map: &Map, place: &Place, out: &mut Faults) -> Option<Smtp> {
    let security = match map.word("security") {
        Some("tls") => SmtpSecurity::Tls,
        Some("none") => SmtpSecurity::None,
        _ => SmtpSecurity::StartTls,
    };
    let username = map.item("username").and_then(|item| match &item.value {
        Value::Text(text) => Some(TextOrSecret::Text(text.clone())),
        Value::Secret(reference) => Some(TextOrSecret::Secret(place.secret(item.at, reference, out))),
        _ => None,
    });
    let password = map.secret("password").map(|reference| place.secret(map.at("password"), reference, out));
    if password.is_some() && security == SmtpSecurity::None {
        out.error(map.at("security"), Code::Impossible, "a password would be sent in the clear")
            .hint("write security: starttls or tls, or remove the password");
    }
    // An address or a login would be told by every failed delivery.
    if map.text("host").is_some_and(|host| host.contains(['@', '/'])) {
        out.error(map.at("host"), Code::BadValue, "this is no name of a mail server")
            .hint("write its name alone; `username` and `password` have keys of their own");
    }
    // A faulty one has been told.
    if map.has("username") != map.has("password") {
        out.error(map.at, Code::Impossible, "`username` and `password` go together");
    }
    let port = map.count("port").unwrap_or(match security {
        SmtpSecurity::Tls => 465,
        _ => 587,
    });
    let port = u16::try_from(port).ok().filter(|port| *port > 0);
    if port.is_none() {
        out.error(map.at("port"), Code::BadValue, "a port is a number from 1 to 65535");
    }
    let authority = map.one("ca").and_then(|(_, file)| Some((file.at, file.text()?)));
    let authority = authority.and_then(|(at, file)| {
        let path = normal(&place.folder.join(file));
        if !path.is_file() {
            out.error(at, Code::MissingFile, format!("{} does not exist", path.display()));
            return None;
        }
        Some(path)
    });
    Some(Smtp { host: map.text("host")?.to_owned(), port: port?, security, username, password, authority })
}

/// Other addresses than loopback need a token and TLS, which this version does not have.
fn listen(map: &Map, out: &mut Faults) -> Option<SocketAddr> {
    let text = map.text("listen")?;
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Some(address),
        Ok(_) => {
            out.error(map.at("listen"), Code::Impossible, "the daemon answers on loopback only")
                .hint("write 127.0.0.1:8629, and put a proxy with TLS in front");
            None
        }
        Err(_) => {
            out.error(map.at("listen"), Code::BadValue, "this is no address with a port")
                .hint("write 127.0.0.1:8629");
            None
        }
    }
}

fn digest(map: &Map, out: &mut Faults) -> Option<Digest> {
    let to = addresses(map, "to", out);
    Some(Digest { calendar: schedule::decode(map, "digest", out)?.calendar, to })
}
