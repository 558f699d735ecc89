//! The example of `drills/` that has a schedule, run by the daemon as a user's daemon runs it.

use std::fs;
use std::time::{Duration, SystemTime};

use drillyard::definition::{self, Settings};
use drillyard::model::StoreId;
use drillyard::schedule::jitter;

use crate::place::{PATIENCE, Place};
use crate::rig::within;
use crate::support::{root, usual_production};

/// Seconds from a daemon's start to the instant.
const LEAD: i64 = 4;

#[test]
fn the_drill_in_scheduled_yaml_runs_when_it_is_due_and_tells_the_team() {
    let place = Place::new(900, &[]);
    let dump = place.rig.path("backups/shop-2026-11-21.dump");
    fs::copy(usual_production().backup(&[]), &dump).unwrap();
    let an_hour_ago = SystemTime::now() - Duration::from_hours(1);
    fs::File::options().write(true).open(&dump).unwrap().set_modified(an_hour_ago).unwrap();
    let text = fs::read_to_string(root().join("drills/scheduled.yaml")).unwrap();
    let cron = place.cron_in("Europe/Berlin");
    let here = [("../.demo/backups", "../backups"), ("30 3 * * *", cron.as_str())].into_iter().fold(
        text,
        |text, (theirs, ours)| {
            assert_eq!(text.matches(theirs).count(), 1, "{theirs}");
            text.replace(theirs, ours)
        },
    );
    fs::write(place.rig.path("drills/scheduled.yaml"), here).unwrap();

    // A daemon that has not seen the instant coming owes it nothing.
    let daemon = place.start(None);
    daemon.says("ready");
    assert_eq!(daemon.stop(), Some(0));
    let daemon = place.start_later(900 + jitter_of(&place) - LEAD);
    assert_eq!(place.verdict("shop-nightly"), "passed", "{}", place.log());
    within(PATIENCE, "a mail", || !place.mails().is_empty());
    assert_eq!(daemon.stop(), Some(0));

    let run = place.rig.ask(&["show"]).json;
    assert_eq!(run["trigger"], "scheduled");
    let mails = place.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = fs::read_to_string(place.rig.path("state/mail").join(&mails[0])).unwrap();
    assert!(mail.contains("To: shop-team@example.com"), "{mail}");
    assert!(mail.contains("Subject: shop: recoverable in "), "{mail}");
    place.rig.assert_nothing_remains("the example");
}

/// Seconds by which the drill's start is moved in this store.
fn jitter_of(place: &Place) -> i64 {
    let file = place.rig.path("drills/scheduled.yaml");
    let settings = Settings { roots: Some(vec![place.rig.path("")]), ..Settings::default() };
    let parsed = definition::load(&[file], &settings);
    let drill = &parsed.drills[0];
    let store = StoreId::new(place.rig.store.as_str());
    let offset = jitter::offset(&drill.name, &store, drill.schedule.as_ref().unwrap());
    offset.as_secs().try_into().unwrap()
}
