//! `s3` of a drill's source, and what every service in the cloud is reached by.

use std::net::SocketAddr;

use super::cloud::{CloudAccess, CloudCredentials, RdsSource, S3Source, SnapshotWanted, Then};
use super::decode::glob;
use super::fault::{Code, Faults};
use super::paths::Place;
use super::value::Map;

/// Reads a bucket.
pub(super) fn s3(map: &Map, place: &Place, out: &mut Faults) -> Option<S3Source> {
    glob(map, out);
    let access = access(map, place, out);
    let bucket = map.text("bucket")?.to_owned();
    if bucket.contains('/') || bucket.contains(char::is_whitespace) {
        out.error(map.at("bucket"), Code::BadValue, "a bucket's name has no slashes and no spaces")
            .hint("write the rest of the path in `prefix`");
    }
    Some(S3Source {
        bucket,
        prefix: map.text("prefix").unwrap_or_default().to_owned(),
        pattern: map.text("match").map(str::to_owned),
        path_style: map.boolean("path_style").unwrap_or(false),
        access,
    })
}

/// Reads the snapshots of an instance; `backup` is what the drill says beside its source.
pub(super) fn rds(map: &Map, backup: &Map, place: &Place, out: &mut Faults) -> Option<RdsSource> {
    let access = access(map, place, out);
    let then = match map.word("then") {
        Some("instance") => Then::Instance,
        _ => Then::Container,
    };
    let database = map.map("database");
    let address = database.and_then(|database| {
        let text = database.text("address")?;
        let parsed: Option<SocketAddr> = text.parse().ok();
        match parsed {
            None => {
                out.error(database.at("address"), Code::BadValue, "an address is a number and a port")
                    .hint("write 172.17.0.1:6000, the near end of the tunnel");
            }
            Some(address) if address.ip().is_loopback() && then == Then::Container => {
                let told = "a container can't reach this machine's loopback";
                out.error(database.at("address"), Code::Impossible, told)
                    .hint("let the tunnel listen where containers reach it: on Docker's bridge, 172.17.0.1");
            }
            Some(_) => {}
        }
        parsed
    });
    let authority = database
        .and_then(|database| database.one("ca"))
        .and_then(|(_, file)| Some(place.of_the_runner(file.at, file.text()?, out)));
    let group = map.text("parameter_group").unwrap_or_default();
    if group.to_ascii_lowercase().starts_with("default.") {
        let told = "RDS's own parameter group lets restored data act: it runs subscriptions";
        out.error(map.at("parameter_group"), Code::Impossible, told)
            .hint("name one of the drills' own, with max_logical_replication_workers = 0 and without pg_cron (docs/aws.md)");
    }
    Some(RdsSource {
        instance: map.text("instance")?.to_owned(),
        snapshot: match map.text("snapshot") {
            None | Some("newest_automated") => SnapshotWanted::Automated,
            Some("newest_manual") => SnapshotWanted::Manual,
            Some("newest") => SnapshotWanted::Any,
            Some(name) => SnapshotWanted::Named(name.to_owned()),
        },
        subnet_group: map.text("subnet_group")?.to_owned(),
        security_groups: texts(map, "security_groups"),
        parameter_group: map.text("parameter_group")?.to_owned(),
        class: map.text("class").map(str::to_owned),
        then,
        address,
        authority: authority?,
        database: one_database(backup, out)?,
        access,
    })
}

fn texts(map: &Map, key: &str) -> Vec<String> {
    map.list(key).iter().filter_map(|item| item.text().map(str::to_owned)).collect()
}

/// A snapshot holds a whole server, and one of its databases is drawn from it: `Some(None)` for its own.
// The outer option is a fault that was told, the inner one the drill's silence.
#[allow(clippy::option_option)]
fn one_database(backup: &Map, out: &mut Faults) -> Option<Option<String>> {
    let named = texts(backup, "databases");
    if named.len() > 1 {
        out.error(
            backup.at("databases"),
            Code::NotInThisVersion,
            "several databases of one snapshot are not in this version",
        )
        .hint("write a drill for each of them");
        return None;
    }
    if backup.word("format").is_some_and(|format| !matches!(format, "auto" | "pg_dump_custom")) {
        out.error(backup.at("format"), Code::Impossible, "a snapshot is drawn as pg_dump_custom")
            .hint("remove `format`");
    }
    Some(named.into_iter().next())
}

/// What a drill that asks the instance itself says of a container, which it has none of; told, not ignored. What all
/// drills share by the settings' defaults is about the others.
pub(super) fn asks_no_container(drill: &Map, out: &mut Faults) {
    const COPY: &str = "no rollback is rehearsed: a rehearsal copies a container's data directory";
    let mut refuse = |map: &Map, key: &str, why: &str| {
        let at = map.at(key);
        if map.has(key) && !at.in_settings {
            out.error(at, Code::Impossible, format!("with then: instance {why}"))
                .hint("remove it, or write then: container");
        }
    };
    refuse(drill, "sandbox", "there is no container that `sandbox` could be about");
    refuse(drill, "rollbacks", COPY);
    let Some(restore) = drill.map("restore") else { return };
    for (key, _) in restore.entries.iter().filter(|(key, _)| *key != "timeout") {
        refuse(restore, key, &format!("nothing is restored by us, and `restore.{key}` means nothing"));
    }
}

/// Reads how a service is reached.
pub(super) fn access(map: &Map, place: &Place, out: &mut Faults) -> CloudAccess {
    let endpoint = map.text("endpoint").map(str::to_owned);
    let is_address = |text: &String| text.starts_with("https://") || text.starts_with("http://");
    if endpoint.as_ref().is_some_and(|text| !is_address(text)) {
        out.error(map.at("endpoint"), Code::BadValue, "an endpoint is an address with its scheme")
            .hint("write https://s3.example.com");
    }
    let authority = map.one("ca").and_then(|(_, file)| place.file(file.at, file.text()?, out));
    let credentials = map.map("credentials").and_then(|given| {
        let mut secret = |key| Some(place.secret(given.at(key), given.secret(key)?, out));
        let session_token = secret("session_token");
        let (access_key_id, secret_access_key) = (secret("access_key_id"), secret("secret_access_key"));
        Some(CloudCredentials {
            access_key_id: access_key_id?,
            secret_access_key: secret_access_key?,
            session_token,
        })
    });
    CloudAccess { region: map.text("region").map(str::to_owned), endpoint, authority, credentials }
}
