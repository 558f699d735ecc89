//! What the daemon answers over HTTP, and to whom.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::place::{Daemon, PATIENCE, Place, QUICK};
use crate::rig::within;

/// An answer: its status and its body.
pub fn get(address: &str, path: &str, host: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, text.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// The real port of a daemon that was asked for port 0.
pub fn address(place: &Place, daemon: &Daemon) -> String {
    daemon.says("answers over HTTP");
    let log = place.log();
    let told = log.lines().rfind(|line| line.contains("answers over HTTP")).unwrap();
    told.rsplit('=').next().unwrap().trim().to_owned()
}

fn metric(page: &str, sample: &str) -> f64 {
    let line = page.lines().find(|line| line.starts_with(&format!("{sample} ")));
    let line = line.unwrap_or_else(|| panic!("no {sample} in\n{page}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn what_a_drill_proved_is_on_the_metrics_and_promtool_has_nothing_against_them() {
    let place = Place::new(3, &[("orders", QUICK)]);
    let daemon = place.start(None);
    let at = address(&place, &daemon);
    assert_eq!(place.verdict("orders"), "passed", "{}", place.log());
    let mut page = String::new();
    within(PATIENCE, "the run to be on the metrics", || {
        page = get(&at, "/metrics", "localhost").1;
        page.contains("drillyard_runs_total{drill=\"orders\",verdict=\"passed\"} 1")
    });
    assert!(metric(&page, "drillyard_last_proof_timestamp_seconds{drill=\"orders\"}") > 1.7e9);
    assert!(metric(&page, "drillyard_recovery_time_seconds{drill=\"orders\"}") > 0.1);
    assert!(metric(&page, "drillyard_recovery_point_age_seconds{drill=\"orders\"}") > 60.0);
    assert!(metric(&page, "drillyard_next_due_timestamp_seconds{drill=\"orders\"}") > 1.7e9);
    assert!(metric(&page, "drillyard_loop_tick_age_seconds") < 60.0);
    assert!((metric(&page, "drillyard_drills") - 1.0).abs() < 0.1);
    promtool(&page);
    within(PATIENCE, "the daemon to be ready", || get(&at, "/readyz", "127.0.0.1").0 == 200);
    assert_eq!(get(&at, "/healthz", "[::1]:80"), (200, "ok\n".to_owned()));
    assert_eq!(daemon.stop(), Some(0));
    // A restart takes no proof off the metrics.
    let daemon = place.start(None);
    within(PATIENCE, "the second daemon", || place.log().matches("answers over HTTP").count() == 2);
    let page = get(&address(&place, &daemon), "/metrics", "localhost").1;
    assert!(metric(&page, "drillyard_last_proof_timestamp_seconds{drill=\"orders\"}") > 1.7e9);
    assert_eq!(daemon.stop(), Some(0));
}

fn promtool(page: &str) {
    let started = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut promtool = started.expect("promtool is needed: apt-get install prometheus");
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let ended = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
    assert!(ended.status.success() && said.is_empty(), "promtool: {said}\n{page}");
}

#[test]
fn j2_j3_other_names_get_nothing_and_dripping_requests_hold_nobody_up() {
    let place = Place::new(900, &[("orders", QUICK)]);
    let daemon = place.start(None);
    let at = address(&place, &daemon);
    for host in ["evil.example", "localhost.evil.example", ""] {
        assert_eq!(get(&at, "/metrics", host).0, 421, "{host:?}");
    }
    assert_eq!(get(&at, "/", "localhost").0, 404);
    let begun = Instant::now();
    let mut slow: Vec<TcpStream> = (0..80).map(|_| TcpStream::connect(&at).unwrap()).collect();
    for stream in &mut slow {
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc");
    }
    // More connections than there may be, none of which ends its request: the next one is answered all the same.
    assert_eq!(get(&at, "/healthz", "localhost").0, 200);
    assert!(begun.elapsed() < Duration::from_secs(25), "it took {:?}", begun.elapsed());
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn an_address_that_is_taken_is_told_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new(900, &[("orders", QUICK)]);
    let settings = format!("roots: [.]\nhttp: {{ listen: \"{}\" }}\n", taken.local_addr().unwrap());
    std::fs::write(place.rig.path("drillyard.yaml"), settings).unwrap();
    let mut daemon = place.start(None);
    assert_eq!(daemon.ends().code(), Some(3));
    let log = place.log();
    assert!(log.contains("could not listen on 127.0.0.1:") && log.contains("http.listen"), "{log}");
}

#[test]
fn an_engine_that_does_not_answer_is_what_a_daemon_lacks() {
    let mut place = Place::new(900, &[("orders", QUICK)]);
    let nowhere = place.rig.path("no.sock");
    place.rig = place.rig.through(&nowhere);
    let daemon = place.start(None);
    let at = address(&place, &daemon);
    within(PATIENCE, "the engine to be missed", || {
        get(&at, "/readyz", "localhost") == (503, "the container engine does not answer\n".to_owned())
    });
    assert_eq!(get(&at, "/healthz", "localhost").0, 200);
    assert_eq!(daemon.stop(), Some(0));
}
