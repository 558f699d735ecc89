//! A store that takes nothing for a while under a living daemon: nothing is invented, nothing is lost, and nobody is
//! asked without end.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;

use crate::http::{address, get};
use crate::place::{Daemon, PATIENCE, Place, QUICK};
use crate::rig::within;

/// A watchdog of so many microseconds has the daemon look every second.
const OFTEN: (&str, &str) = ("WATCHDOG_USEC", "3000000");

fn sql(place: &Place, text: &str) {
    Connection::open(place.rig.state().join("drillyard.sqlite")).unwrap().execute_batch(text).unwrap();
}

fn is_ready(at: &str) -> (u16, String) {
    get(at, "/readyz", "localhost")
}

/// A dead man's switch; returns its address and what it was asked.
fn switch() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
    let heard = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            heard.lock().unwrap().push(line.trim().to_owned());
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (format!("http://{address}/abc"), asked)
}

#[test]
fn g2_a_claim_that_the_store_refuses_is_tried_seldom_and_made_when_it_takes_it() {
    let (url, asked) = switch();
    let place = Place::new(5, &[("orders", QUICK)]);
    let secret = place.rig.path("switch");
    fs::write(&secret, url).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let file = place.rig.path("drills/orders.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let with_ping = text
        .replace("notify: [", &format!("notify: [{{ ping: {{ url: {{ file: {} }} }} }}, ", secret.display()));
    assert_ne!(text, with_ping);
    fs::write(&file, with_ping).unwrap();

    sql(&place, "CREATE TRIGGER broken BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'broken'); END");
    let daemon = place.start_with(&[OFTEN]);
    let at = address(&place, &daemon);
    daemon.says("the run could not begin");
    within(PATIENCE, "the daemon to lack its store", || {
        let (status, lacking) = is_ready(&at);
        status == 503 && lacking.contains("the store did not take what became of orders")
    });
    std::thread::sleep(Duration::from_secs(4));
    let tries = place.log().matches("the run could not begin").count();
    assert!(tries < 8, "{tries} tries: {}", place.log());
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new(), "a start was told of a run that did not begin");

    sql(&place, "DROP TRIGGER broken");
    assert_eq!(place.verdict("orders"), "passed", "{}", place.log());
    within(PATIENCE, "the daemon to be ready", || is_ready(&at).0 == 200);
    within(PATIENCE, "the end to be told", || asked.lock().unwrap().len() == 2);
    assert_eq!(asked.lock().unwrap()[0], "GET /abc/start HTTP/1.1");
    stops(&place, daemon);
    assert_eq!(place.runs().len(), 1);
}

#[test]
fn a7_a_verdict_that_the_store_refuses_is_on_no_metric_and_its_run_is_told_as_lost() {
    let place = Place::new(5, &[("orders", QUICK)]);
    let refused = "CREATE TRIGGER broken BEFORE UPDATE ON runs WHEN NEW.verdict = 'passed'
        BEGIN SELECT RAISE(ABORT, 'broken'); END";
    sql(&place, refused);
    let daemon = place.start_with(&[OFTEN]);
    let at = address(&place, &daemon);
    daemon.says("the verdict could not be recorded");
    // The command finds the run first, and has nobody to tell.
    assert_eq!(place.verdict("orders"), "aborted(daemon_lost)", "{}", place.log());
    within(PATIENCE, "a mail about the lost run", || !place.mails().is_empty());
    let page = get(&at, "/metrics", "localhost").1;
    let unproven = "drillyard_last_proof_timestamp_seconds{drill=\"orders\"} 0.0";
    assert!(page.contains(unproven) && !page.contains("verdict=\"passed\""), "{page}");
    stops(&place, daemon);
    assert_eq!(place.mails().len(), 1);
}

#[test]
fn g2_missed_instants_that_the_store_refuses_are_written_down_later_in_their_order() {
    let place = Place::new(900, &[]);
    place.write_drill("orders", &format!("cron: \"{}\", if_missed: skip", place.daily_after(0)), QUICK);
    let daemon = place.start(None);
    daemon.says("ready");
    stops(&place, daemon);
    let first = place.due_at().as_nanosecond();
    let refused = format!(
        "CREATE TRIGGER broken BEFORE INSERT ON occurrences WHEN NEW.scheduled_at = {first}
         BEGIN SELECT RAISE(ABORT, 'broken'); END"
    );
    sql(&place, &refused);
    let daemon = place.start_later_with(3 * 86_400, &[OFTEN]);
    daemon.says("could not be written down");
    sql(&place, "DROP TRIGGER broken");
    within(PATIENCE, "every night to have its row", || place.runs().len() == 3);
    let missed = |run: &(String, String, String)| run.1 == "missed" && run.2 == "down";
    assert!(place.runs().iter().all(missed), "{:?}", place.runs());
    stops(&place, daemon);
}

#[test]
fn a11_a_stop_is_heard_among_a_thousand_missed_instants() {
    let place = Place::new(900, &[]);
    place.write_drill("orders", "cron: \"* * * * *\", start_within: 1s", QUICK);
    let daemon = place.start(None);
    daemon.says("ready");
    stops(&place, daemon);
    let daemon = place.start_later(86_400);
    daemon.says("came due while the daemon was down");
    stops(&place, daemon);
    let told = place.log().matches("reason=\"down\"").count();
    assert!((1..900).contains(&told), "{told} instants were written down before the stop was heard");
}

fn stops(place: &Place, daemon: Daemon) {
    assert_eq!(daemon.stop(), Some(0), "{}", place.log());
}
