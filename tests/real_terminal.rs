//! The terminal listener on a real pseudo-terminal, which `script` provides.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

#[path = "support/stories.rs"]
mod stories;
#[path = "support/story.rs"]
mod story;

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use drillyard::listen::{Listener, Progress, TerminalListener};
use drillyard::model::{Fact, Phase};

/// Not a test of its own: what the tests below run inside a pseudo-terminal.
#[test]
#[ignore = "the part of the other tests here that runs on a terminal of their own"]
fn tell_a_run() {
    let mut listener = TerminalListener::new(true);
    for event in stories::failed_check().events() {
        listener.on_event(&event);
        if matches!(event.fact, Fact::PhaseStarted { phase: Phase::Restore }) {
            let note = Some("COPY public.orders".to_owned());
            let progress =
                Progress { phase: Phase::Restore, bytes: 86_000_000, total: Some(481_000_000), note };
            listener.on_progress(&progress);
            sleep(Duration::from_millis(400));
        }
    }
}

/// What the terminal was sent; `columns` wide.
fn sent(columns: u16) -> String {
    let this = std::env::current_exe().unwrap();
    let run =
        format!("stty rows 24 cols {columns} && {} --ignored --exact tell_a_run --nocapture", this.display());
    let output = Command::new("script").args(["-qec", &run, "/dev/null"]).output();
    let output =
        output.unwrap_or_else(|error| panic!("script: {error}; install it with: apt-get install bsdutils"));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn running_phases_move_and_finished_ones_leave_a_line() {
    let sent = sent(100);
    assert!(sent.contains("86.0 MB of 481.0 MB (17 %)"), "no progress: {sent}");
    for line in [
        "\u{1b}[32m✓\u{1b}[0m fetch      done in 3.12 s   191.2 MB, 61.3 MB/s",
        "\u{1b}[1;31m✕\u{1b}[0m verify     FAILED after 3.20 s",
        "FAILED rows public.orders: expected >= 100,000, observed 12",
    ] {
        assert!(sent.contains(line), "{line:?} is not in {sent}");
    }
    // After the last lasting line nothing of a moving one is left.
    let rest = sent.rsplit("teardown").next().unwrap();
    assert!(rest.contains("done in 1.40 s") && !rest.contains(" 0s"), "{rest:?}");
}

#[test]
fn a_moving_line_is_cut_at_the_edge_of_a_narrow_terminal() {
    let sent = sent(40);
    assert!(sent.contains("86.0 MB of") && !sent.contains("COPY public.orders"), "{sent}");
}
