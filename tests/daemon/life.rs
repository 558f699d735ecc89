//! A daemon's ordinary life: drills on schedule, one that hangs, one that panics, a stop, another daemon beside it.

use std::fs;
use std::time::{Duration, Instant};

use crate::place::{PATIENCE, Place, QUICK};
use crate::rig::{at_a_time, within};

/// A drill whose restore takes longer than any test waits.
const LONG: &str = "
sandbox: { memory: 256MiB, cpus: 1, durability: relaxed }
restore: { after: { sql: [../sleep-long.sql] } }
checks:
  - tables: { at_least: 1 }
";

#[test]
fn a_drill_that_is_due_runs_once_and_is_remembered() {
    let place = Place::new(4, &[("orders", QUICK)]);
    let daemon = place.start(None);
    assert_eq!(place.verdict("orders"), "passed", "{}", place.log());
    let shown = place.rig.ask(&["show"]);
    assert_eq!(shown.json["trigger"], "scheduled");
    assert_eq!(daemon.stop(), Some(0), "{}", place.log());
    // The same instant is not due again after a restart.
    let daemon = place.start(None);
    within(PATIENCE, "the drills to be read", || place.log().matches("read the drills").count() == 2);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(place.runs().len(), 1);
    assert_eq!(daemon.stop(), Some(0));
    place.rig.assert_nothing_remains("a daemon that was stopped");
}

#[test]
fn a15_a_second_daemon_is_refused_with_the_process_of_the_first() {
    let place = Place::new(900, &[("orders", QUICK)]);
    let daemon = place.start(None);
    daemon.says("read the drills");
    let mut second = place.start(None);
    assert_eq!(second.ends().code(), Some(3));
    assert!(place.log().contains("another daemon (process "), "{}", place.log());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a12_a_drill_that_panics_is_errored_and_the_others_go_on() {
    let place = Place::new(4, &[("bad", QUICK), ("good", QUICK)]);
    place.settings("runner: { at_once: 1 }\n");
    let mut daemon = place.start(Some("after_restore=panic"));
    // Whoever reads the history before the daemon has caught the panic writes the run down as lost.
    daemon.says("a fault of Drillyard: please report it");
    assert_eq!(place.verdict("bad"), "errored(internal)", "{}", place.log());
    assert_eq!(place.verdict("good"), "passed", "{}", place.log());
    assert!(daemon.is_running());
    place.rig.assert_nothing_remains("a panic");
    assert_eq!(daemon.stop(), Some(0));
}

/// One with a container of its own as well as one before it has any; the others share the slot that is left.
#[test]
fn a13_a_drill_that_hangs_does_not_hold_the_others() {
    at_a_time(2, vec![("after_claim", 0), ("after_start", 1)], |(point, containers)| {
        let place = Place::new(4, &[("first", QUICK), ("second", QUICK), ("third", QUICK)]);
        place.settings("runner: { at_once: 2 }\nshutdown_grace: 1s\n");
        let daemon = place.start(Some(&format!("{point}=hang")));
        let passed = |(_, verdict, _): &(String, String, String)| verdict == "passed";
        within(PATIENCE, &format!("two of three drills to pass beside one that hangs {point}"), || {
            place.runs().iter().filter(|run| passed(run)).count() == 2
        });
        within(PATIENCE, "the sandboxes of the others to go", || place.rig.running().len() == containers);
        let goes_on = |(_, verdict, _): &(String, String, String)| verdict.is_empty();
        assert_eq!(place.runs().iter().filter(|run| goes_on(run)).count(), 1, "{:?}", place.runs());
        daemon.signal("TERM");
        daemon.says("runs are cancelled");
        daemon.signal("TERM");
        drop(daemon);
        let daemon = place.start(None);
        within(PATIENCE, "the hung run to be written down", || {
            place.runs().iter().any(|(_, _, reason)| reason == "daemon_lost")
        });
        let staged = || fs::read_dir(place.rig.state().join("staging")).map_or(0, Iterator::count);
        within(PATIENCE, "a sweep", || place.rig.on_engine().is_empty() && staged() == 0);
        assert_eq!(daemon.stop(), Some(0));
        place.rig.assert_nothing_remains(point);
    });
}

#[test]
fn a11_a_stop_lets_runs_finish_within_the_grace_and_cancels_them_after_it() {
    let place = Place::new(4, &[("orders", QUICK), ("long", LONG)]);
    place.settings("shutdown_grace: 30s\n");
    let daemon = place.start(None);
    daemon.says("orders");
    within(PATIENCE, "both runs to begin", || place.runs().len() == 2);
    let asked = Instant::now();
    assert_eq!(daemon.stop(), Some(0), "{}", place.log());
    assert!(asked.elapsed() > Duration::from_secs(29), "the grace was not given");
    assert_eq!(place.verdict("orders"), "passed", "{}", place.log());
    assert_eq!(place.verdict("long"), "cancelled(shutdown)", "{}", place.log());
    place.rig.assert_nothing_remains("a stop with a long run");
}

#[test]
fn a11_a_second_stop_is_now() {
    let place = Place::new(4, &[("long", LONG)]);
    let mut daemon = place.start(None);
    place.rig.sandbox();
    daemon.signal("TERM");
    daemon.says("stopping: no run begins any more");
    let asked = Instant::now();
    daemon.signal("TERM");
    assert_eq!(daemon.ends().code(), Some(130));
    assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
    let daemon = place.start(None);
    assert_eq!(place.verdict("long"), "aborted(daemon_lost)", "{}", place.log());
    within(PATIENCE, "the sandbox to go", || place.rig.on_engine().is_empty());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn i6_a_new_file_is_seen_and_a_broken_one_keeps_its_drill() {
    let place = Place::new(25, &[("orders", QUICK)]);
    let daemon = place.start(None);
    daemon.says("read the drills");
    let orders = place.rig.path("drills/orders.yaml");
    place.write_drill("late", &place.schedule(""), QUICK);
    fs::write(&orders, "drill: orders\nbackup: [\n").unwrap();
    daemon.says("its last good version stays in force");
    assert_eq!(place.verdict("orders"), "passed", "{}", place.log());
    assert_eq!(place.verdict("late"), "passed", "{}", place.log());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_schedule_that_was_changed_while_nobody_was_there_is_not_held_to_the_time_before() {
    let place = Place::new(900, &[("changed", QUICK), ("same", QUICK)]);
    let daemon = place.start(None);
    daemon.says("ready");
    assert_eq!(daemon.stop(), Some(0));
    // By the new calendar an instant lies in the hours in which no daemon is there.
    place.write_drill("changed", &format!("cron: \"{}\"", place.daily_after(60)), QUICK);
    let six_hours = 6 * 3600;
    let daemon = place.start_later(six_hours);
    daemon.says("its schedule was changed");
    // Whoever was due by the calendar that it still has is caught up with, and so would have been the other one.
    assert_eq!(place.verdict("same"), "passed", "{}", place.log());
    assert_eq!(daemon.stop(), Some(0));
    let daemon = place.start_later(six_hours);
    within(PATIENCE, "a third start", || place.log().matches("ready").count() == 3);
    assert_eq!(daemon.stop(), Some(0));
    assert_eq!(place.runs().len(), 1, "{:?}\n{}", place.runs(), place.log());
    assert_eq!(place.log().matches("its schedule was changed").count(), 1, "{}", place.log());
}

#[test]
fn b1_an_engine_that_does_not_answer_errors_the_run_and_not_the_daemon() {
    let mut place = Place::new(4, &[("orders", QUICK)]);
    let nowhere = place.rig.path("no.sock");
    place.rig = place.rig.through(&nowhere);
    let mut daemon = place.start(None);
    assert_eq!(place.verdict("orders"), "errored(engine_unreachable)", "{}", place.log());
    assert!(daemon.is_running());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn an_errored_run_is_done_again_as_its_drill_says_and_no_more() {
    let mut place = Place::new(4, &[]);
    let nowhere = place.rig.path("no.sock");
    place.rig = place.rig.through(&nowhere);
    place.write_drill_with("orders", &place.schedule(""), "retries: { errored: 2, after: 1s }", QUICK);
    let daemon = place.start(None);
    let errored = |(_, verdict, _): &(String, String, String)| verdict == "errored";
    within(PATIENCE, "three attempts", || place.runs().iter().filter(|run| errored(run)).count() == 3);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(place.runs().len(), 3, "{}", place.log());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn a_run_that_is_to_be_done_again_is_not_forgotten_by_a_restart() {
    let mut place = Place::new(4, &[]);
    let nowhere = place.rig.path("no.sock");
    place.rig = place.rig.through(&nowhere);
    place.write_drill_with("orders", &place.schedule(""), "retries: { errored: 1, after: 12s }", QUICK);
    let mut daemon = place.start(None);
    daemon.says("the run is to be done again");
    daemon.kill();
    assert_eq!(place.runs().len(), 1);
    let daemon = place.start(None);
    within(PATIENCE, "the second attempt", || {
        place.runs().iter().filter(|(_, verdict, _)| verdict == "errored").count() == 2
    });
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn sighup_reads_all_files_again_and_the_log_is_json_where_that_is_asked() {
    let place = Place::new(4, &[("orders", QUICK)]);
    let daemon = place.start_as(&["daemon", "--log-format", "json"], &[]);
    daemon.says(r#""verdict":"passed""#);
    daemon.signal("HUP");
    within(PATIENCE, "a second reading", || place.log().matches("read the drills").count() == 2);
    assert_eq!(daemon.stop(), Some(0));
    let log = place.log();
    let parsed = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    let lines: Vec<serde_json::Value> = log.lines().map(parsed).collect();
    for line in &lines {
        assert!(line["message"].is_string() && line["level"].is_string(), "{line}");
    }
    // Nobody else has anything to say while the only run goes on.
    let run = &place.rig.ask(&["show"]).json["run"];
    let first = lines.iter().position(|line| line["run"] == *run).expect("a line of the run");
    let last = lines.iter().rposition(|line| line["verdict"] == "passed").expect("its verdict");
    assert!(last - first > 5, "{log}");
    for line in &lines[first..=last] {
        assert!(line["run"] == *run && line["drill"] == "orders", "{line}");
    }
}

/// The scheduler's timers may fail in any way: the looks find every instant by themselves.
#[tokio::test(flavor = "multi_thread")]
async fn with_every_wake_up_dropped_a_due_drill_starts_by_the_next_look() {
    use drillyard::daemon::{Daemon, Setup, wake};
    use drillyard::definition::settings;

    let place = Place::new(4, &[("orders", QUICK), ("users", QUICK)]);
    place.shift_our_clock();
    let (settings, faults) =
        settings::load(Some(&place.rig.path("drillyard.yaml")), &place.rig.path("")).unwrap();
    assert_eq!(faults, []);
    let (waker, inbox) = wake::channel();
    let setup = Setup {
        store: drillyard::store::Store::open(&place.rig.state()).unwrap(),
        settings,
        engine_hosts: vec!["unix:///var/run/docker.sock".to_owned()],
        look: Duration::from_secs(1),
        timer: false,
    };
    let daemon = Daemon::start(setup, waker.clone(), inbox).await.unwrap();
    let working = tokio::spawn(daemon.run());
    let verdicts = tokio::task::spawn_blocking(move || {
        let verdicts = [place.verdict("orders"), place.verdict("users")];
        (verdicts, place)
    });
    let (verdicts, place) = verdicts.await.unwrap();
    assert_eq!(verdicts, ["passed", "passed"]);
    waker.send(wake::Wake::Stop).unwrap();
    assert_eq!(working.await.unwrap(), 0);
    place.rig.assert_nothing_remains("a daemon without a timer");
}
