//! The digest of all services, sent by the daemon itself: when it is due by the settings in force.

use std::fs;

use crate::place::{PATIENCE, Place, QUICK};
use crate::rig::{at_a_time, within};

/// Enough for a slow machine to start the daemon and to read the settings again before the instant.
const LEAD: i64 = 30;

/// Since when the settings ask for the digest of the one instant.
#[derive(Debug, Clone, Copy)]
enum Settings {
    FromTheStart,
    SwitchedOn,
    /// Another one was wanted before.
    Changed,
}

#[test]
fn the_digest_is_sent_at_its_instant_also_by_settings_that_were_read_again() {
    at_a_time(3, vec![Settings::FromTheStart, Settings::SwitchedOn, Settings::Changed], |settings| {
        let place = Place::new(LEAD, &[]);
        // One that is never due here: what wakes the daemon must be the digest alone.
        place.write_drill("orders", &format!("cron: \"{}\"", place.daily_after(600)), QUICK);
        let digest = |cron: &str| format!("digest: {{ cron: \"{cron}\", to: [boss@example.org] }}\n");
        let due = digest(&place.cron_in("UTC"));
        let before = match settings {
            Settings::FromTheStart => due.clone(),
            Settings::SwitchedOn => String::new(),
            Settings::Changed => digest(&place.daily_after(300)),
        };
        place.settings(&before);
        let daemon = place.start(None);
        daemon.says("ready");
        if before != due {
            place.settings(&due);
            daemon.signal("HUP");
        }
        within(PATIENCE, &format!("the digest, wanted {settings:?}"), || !place.mails().is_empty());
        assert_eq!(daemon.stop(), Some(0), "{}", place.log());
        let mails = place.mails();
        assert_eq!(mails.len(), 1, "{mails:?}");
        let mail = fs::read_to_string(place.rig.path("state/mail").join(&mails[0])).unwrap();
        assert!(mail.contains("To: boss@example.org") && mail.contains("X-Drillyard-Run: digest"), "{mail}");
        place.rig.assert_nothing_remains("a digest");
    });
}
