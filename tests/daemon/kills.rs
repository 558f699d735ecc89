//! `kill -9` at named points of the daemon's work: after its next start nothing is left, nothing is invented, nothing is
//! done twice, nothing is forgotten, and everybody is told once.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use crate::place::{PATIENCE, Place, QUICK};
use crate::rig::{REHEARSING, at_a_time, within};
use crate::smtp::Server;

/// Before the claim is on disk: the instant is still due, and the next daemon catches up with it.
const BEFORE: &[&str] = &["before_begin", "before_claim_commit"];

/// After it: the run is lost, and written down as lost.
const DURING: &[&str] = &[
    "after_claim",
    "after_locate",
    "after_fetch",
    "after_intent",
    "after_create",
    "after_start",
    "after_provision",
    "after_restore",
    "after_analyze",
    "after_verify",
    "before_teardown",
    "before_removal",
    "after_removal",
    "after_teardown",
    "before_result_commit",
];

/// While a rollback is rehearsed: a copy and a tool are there beside the sandbox, and last a second copy.
const REHEARSED: &[&str] = &[
    "after_copy",
    "after_tool_start",
    "after_forward",
    "after_back",
    "before_copy_removal",
    "after_copy=kill@2",
];

/// After the verdict: it stands, and people are told of it.
const AFTER: &[&str] = &[
    "after_commit",
    "before_delivery",
    "before_smtp",
    "after_smtp_250",
    "after_outbox_mark",
    "after_delivery",
];

#[test]
fn a1_killed_before_the_claim_the_instant_is_caught_up_with() {
    at_a_time(4, BEFORE.to_vec(), |point| {
        let place = Place::new(4, &[("orders", QUICK)]);
        dies_at(&place, point);
        comes_to(&place, point, "passed");
    });
}

#[test]
fn a10_killed_while_sweeping_the_next_daemon_sweeps() {
    at_a_time(2, vec!["before_sweep", "after_sweep"], |point| {
        // The sweep at the start is over before the instant comes, even on a busy machine.
        let place = Place::new(40, &[("orders", QUICK)]);
        dies_at(&place, point);
        comes_to(&place, point, "passed");
    });
}

#[test]
fn a2_a3_a5_a6_a7_a10_killed_in_a_run_it_is_aborted_and_nothing_stays() {
    at_a_time(4, DURING.to_vec(), |point| {
        let place = Place::new(4, &[("orders", QUICK)]);
        dies_at(&place, point);
        comes_to(&place, point, "aborted(daemon_lost)");
    });
}

#[test]
fn a6_killed_in_a_rehearsal_it_is_aborted_and_nothing_stays() {
    let (_, drill) = REHEARSING.split_once("\nsandbox:").unwrap();
    let drill = drill.replace("[up.sql]", "[../up.sql]").replace("[down.sql]", "[../down.sql]");
    let drill = format!("sandbox:{drill}    writes: {{ sql: [../down.sql, ../up.sql] }}\n");
    at_a_time(4, REHEARSED.to_vec(), |point| {
        let place = Place::new(4, &[("orders", &drill)]);
        dies_at(&place, point);
        comes_to(&place, point, "aborted(daemon_lost)");
    });
}

#[test]
fn a8_a9_killed_after_the_verdict_it_stands_and_is_told() {
    at_a_time(4, AFTER.to_vec(), |point| {
        let place = Place::new(4, &[("orders", QUICK)]);
        dies_at(&place, point);
        comes_to(&place, point, "passed");
    });
}

/// Files of mails can't be counted, because one takes the place of the other; a server counts.
#[test]
fn a8_a9_killed_around_the_delivery_a_server_has_the_mail_once_or_the_same_twice() {
    at_a_time(2, vec![("after_commit", 1), ("after_smtp_250", 2)], |(point, times)| {
        let server = Server::start();
        let place = Place::new(4, &[("orders", QUICK)]);
        place.settings(&server.settings(""));
        dies_at(&place, point);
        let daemon = place.start(None);
        assert_eq!(place.verdict("orders"), "passed", "{point}: {}", place.log());
        within(PATIENCE, &format!("the mail after {point}"), || server.received().len() >= times);
        // Looks go on; one mail more would come of one of them.
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(daemon.stop(), Some(0), "{point}: {}", place.log());
        let mails = server.looked_at();
        assert_eq!(mails.len(), times, "{point}: {}", place.log());
        assert!(
            mails.iter().all(|mail| mail["message_ids"] == mails[0]["message_ids"]),
            "{point}: {mails:?}"
        );
    });
}

/// A command by hand may find the lost run first; it has nobody to tell, and the daemon tells all the same.
#[test]
fn a2_killed_while_telling_of_a_lost_run_people_are_told_once() {
    at_a_time(4, vec!["after_abort", "before_lost", "after_lost", "by_hand"], |point| {
        let place = Place::new(4, &[("orders", QUICK)]);
        dies_at(&place, "after_claim");
        if point == "by_hand" {
            assert_eq!(place.verdict("orders"), "aborted(daemon_lost)");
        } else {
            dies_at(&place, point);
        }
        comes_to(&place, point, "aborted(daemon_lost)");
    });
}

#[test]
fn f8_killed_while_writing_down_a_missed_instant_it_is_missed_once() {
    at_a_time(2, vec!["before_unstarted", "after_unstarted"], |point| {
        let place = Place::new(15, &[]);
        place.write_drill("orders", &place.schedule("if_missed: skip"), QUICK);
        let mut first = place.start(None);
        // From here on the drill is known, and its instants are the daemon's to answer for.
        first.says("ready");
        first.kill();
        // The instant comes while nobody is there.
        place.waits_until_due();
        dies_at(&place, point);
        comes_to(&place, point, "missed(down)");
    });
}

#[test]
fn i6_killed_while_reading_touched_files_every_drill_runs() {
    at_a_time(2, vec!["before_files", "after_files"], |point| {
        let place = Place::new(40, &[("orders", QUICK)]);
        let mut first = place.start(Some(point));
        first.says("answers over HTTP");
        place.write_drill("late", &place.schedule(""), QUICK);
        assert_eq!(first.ends().signal(), Some(9), "{point}: {}", place.log());
        let second = place.start(None);
        assert_eq!(place.verdict("late"), "passed", "{point}: {}", place.log());
        assert_eq!(place.verdict("orders"), "passed", "{point}: {}", place.log());
        assert_eq!(second.stop(), Some(0));
        place.rig.assert_nothing_remains(point);
    });
}

fn dies_at(place: &Place, point: &str) {
    let status = place.start(Some(point)).ends();
    assert_eq!(status.signal(), Some(9), "{point}: {}", place.log());
}

/// The next daemon comes to this one verdict, tells it once, leaves nothing, and does nothing more.
fn comes_to(place: &Place, point: &str, verdict: &str) {
    let daemon = place.start(None);
    assert_eq!(place.verdict("orders"), verdict, "{point}: {}", place.log());
    within(PATIENCE, &format!("the engine to be clean after {point}"), || place.rig.on_engine().is_empty());
    within(PATIENCE, &format!("a mail after {point}: {}", place.log()), || !place.mails().is_empty());
    // Looks go on; a second run or a second mail would come of one of them.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(place.verdict("orders"), verdict, "{point}");
    assert_eq!(place.mails().len(), 1, "{point}: {:?}", place.mails());
    assert_eq!(daemon.stop(), Some(0), "{point}: {}", place.log());
    place.rig.assert_nothing_remains(point);
}
