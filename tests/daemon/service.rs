//! The daemon under a service manager.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::place::{Place, QUICK};

#[test]
fn the_service_manager_is_told_of_readiness_life_and_the_end() {
    let place = Place::new(900, &[("orders", QUICK)]);
    let path = place.rig.path("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    // A watchdog of six seconds: the loop must turn every two.
    let mut daemon =
        place.start_with(&[("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "6000000")]);
    let hears = |what: &str| {
        let mut bytes = [0; 4096];
        loop {
            let length = socket.recv(&mut bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            if text.lines().any(|line| line == what) {
                return text;
            }
        }
    };
    let ready = hears("READY=1");
    assert!(ready.contains("STATUS=1 drills, 0 running, 0 waiting"), "{ready}");
    for _ in 0..3 {
        let begun = std::time::Instant::now();
        hears("WATCHDOG=1");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    daemon.signal("TERM");
    hears("STOPPING=1");
    assert_eq!(daemon.ends().code(), Some(0));
}

#[test]
fn the_unit_says_nothing_that_systemd_does_not_know() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/drillyard.service");
    let text = std::fs::read_to_string(unit).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("drillyard.service");
    std::fs::write(&here, text.replace("/usr/bin/drillyard", env!("CARGO_BIN_EXE_drillyard"))).unwrap();
    let checked = Command::new("systemd-analyze").arg("verify").arg(&here).output();
    let checked = checked.expect("systemd-analyze is needed: apt-get install systemd");
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    let about_it: Vec<&str> = said.lines().filter(|line| line.contains("drillyard")).collect();
    assert_eq!(about_it, Vec::<&str>::new());
}
