//! When a dump began: the header's local time, and the zone that it lacks.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::model::ArchiveHeader;

/// Zones whose abbreviation means the same everywhere, in hours from UTC. CST, IST, BST, EST, MST and PST mean
/// several and are left to `backup.dump_time_zone`.
const ABBREVIATIONS: [(&str, i8); 19] = [
    ("UTC", 0),
    ("GMT", 0),
    ("UCT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("JST", 9),
    ("KST", 9),
    ("EDT", -4),
    ("MDT", -6),
    ("PDT", -7),
    ("HST", -10),
    ("NZST", 12),
    ("NZDT", 13),
];

/// When the dump began, and the assumption or contradiction behind that.
///
/// A zone that the dump names wins over `dump_time_zone`; `zone_given` says whether the drill names that one itself.
/// `pg_dump` begins before its file is last written, so a beginning behind `modified_at` is a contradiction: then
/// there is no beginning, and the note says what to set.
pub fn backup_started_at(
    header: &ArchiveHeader,
    dump_time_zone: &TimeZone,
    zone_given: bool,
    modified_at: Timestamp,
) -> (Option<Timestamp>, Option<String>) {
    let Some(local) = header.started_local else { return (None, None) };
    let named = header.started_zone.as_deref().and_then(|name| Some((name, zone_of(name)?)));
    let (zone, by) = match &named {
        Some((name, zone)) => (zone, format!("in {name}, as the dump says")),
        None if zone_given => (dump_time_zone, format!("in {}, as the drill says", name_of(dump_time_zone))),
        None => (dump_time_zone, format!("in {}, which is assumed", name_of(dump_time_zone))),
    };
    let Ok(started) = zone.to_ambiguous_timestamp(local).compatible() else { return (None, None) };
    if started > modified_at {
        let note = format!(
            "the dump's header says {local}; read {by}, that is later than the file's last modification at {modified_at}: \
             set `backup.dump_time_zone` to the zone of the machine that ran pg_dump"
        );
        return (None, Some(note));
    }
    let assumed = named.is_none() && !zone_given;
    (Some(started), assumed.then(|| format!("the dump's header says {local} without a zone; read {by}")))
}

fn name_of(zone: &TimeZone) -> String {
    zone.iana_name().map_or_else(|| "the given offset".to_owned(), str::to_owned)
}

fn zone_of(name: &str) -> Option<TimeZone> {
    let known = ABBREVIATIONS.iter().find(|(known, _)| *known == name);
    let offset = known.map_or_else(|| numeric(name), |(_, hours)| Some(Offset::constant(*hours)));
    offset.map(TimeZone::fixed)
}

/// `+05`, `-0330`, `+05:30`.
fn numeric(name: &str) -> Option<Offset> {
    let sign = match name.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = name[1..].chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "0"),
        4 => digits.split_at(2),
        _ => return None,
    };
    let minutes = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
    Offset::from_seconds(sign * minutes * 60).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(zone: Option<&str>) -> ArchiveHeader {
        ArchiveHeader {
            started_local: "2026-11-20T19:26:00".parse().ok(),
            started_zone: zone.map(str::to_owned),
            ..ArchiveHeader::default()
        }
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_unsaid_zone_is_told_as_an_assumption_and_a_said_one_is_not() {
        let late = time("2026-11-20T20:00:00Z");
        let (started, note) = backup_started_at(&header(None), &TimeZone::UTC, false, late);
        assert_eq!(started, Some(time("2026-11-20T19:26:00Z")));
        assert!(note.unwrap().ends_with("read in UTC, which is assumed"));
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let (started, note) = backup_started_at(&header(None), &tokyo, true, late);
        assert_eq!((started, note), (Some(time("2026-11-20T10:26:00Z")), None));
    }

    #[test]
    fn a_beginning_behind_the_modification_is_a_contradiction() {
        // Dumped in Tokyo at 10:26 UTC and read as UTC.
        let (started, note) =
            backup_started_at(&header(None), &TimeZone::UTC, false, time("2026-11-20T10:26:04Z"));
        assert_eq!(started, None);
        assert!(note.unwrap().contains("`backup.dump_time_zone`"));
        // A dump of a second and a file of the same second do not contradict each other.
        let (started, _) =
            backup_started_at(&header(None), &TimeZone::UTC, true, time("2026-11-20T19:26:00.4Z"));
        assert!(started.is_some());
    }

    #[test]
    fn a_zone_that_the_dump_names_wins_if_it_means_one_thing() {
        let late = time("2026-11-21T20:00:00Z");
        for (zone, utc) in [
            ("CET", "2026-11-20T18:26:00Z"),
            ("+0530", "2026-11-20T13:56:00Z"),
            ("-03:30", "2026-11-20T22:56:00Z"),
            ("+05", "2026-11-20T14:26:00Z"),
        ] {
            let found = backup_started_at(&header(Some(zone)), &TimeZone::UTC, false, late);
            assert_eq!(found, (Some(time(utc)), None), "{zone}");
        }
        let (started, note) = backup_started_at(&header(Some("IST")), &TimeZone::UTC, false, late);
        assert_eq!(started, Some(time("2026-11-20T19:26:00Z")));
        assert!(note.unwrap().contains("assumed"));
    }

    #[test]
    fn a_dump_that_names_no_time_has_no_beginning() {
        let found = backup_started_at(&ArchiveHeader::default(), &TimeZone::UTC, true, Timestamp::UNIX_EPOCH);
        assert_eq!(found, (None, None));
    }
}
