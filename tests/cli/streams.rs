//! Results on standard output, everything else on standard error, colour and movement on a terminal only.

use crate::place::{ABSENT, Place, has_escapes, lab};

fn errored() -> Place {
    Place::with(&[("x.yaml", &format!("drill: x\n{ABSENT}")), ("bad.yaml", "drill: [\n")])
}

#[test]
fn progress_is_told_on_standard_error_alone() {
    let passed = &lab().passed;
    for phase in ["locate", "fetch", "provision", "restore", "verify", "teardown"] {
        assert!(passed.err.contains(phase), "{phase} is not in {}", passed.err);
    }
    assert!(!lab().failed.out.contains("started\n"), "{}", lab().failed.out);
}

#[test]
fn nothing_is_coloured_where_nobody_looks() {
    let lab = lab();
    for text in [&lab.passed.out, &lab.passed.err, &lab.failed.out, &lab.failed.err, &lab.errored.err] {
        assert!(!has_escapes(text), "{text:?}");
    }
    let place = errored();
    for arguments in [
        &["--help"][..],
        &["check", "bad.yaml"],
        &["run", "bad.yaml"],
        &["history"],
        &["chek"],
        &["-vv", "run", "x.yaml"],
        &["-v", "sweep"],
    ] {
        let ran = place.run(arguments);
        assert!(!has_escapes(&ran.out) && !has_escapes(&ran.err), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn quiet_is_silent_unless_something_is_wrong() {
    let place = errored();
    let ran = place.run(&["-q", "run", "x.yaml"]).ends_with(3);
    assert_eq!(ran.err, "");
    assert!(ran.out.starts_with("ERRORED  x: "), "{}", ran.out);
    assert_eq!(place.run(&["-q", "--json", "run", "x.yaml"]).ends_with(3).err, "");
    place.run(&["-q", "run", "nothing"]).ends_with(2).complains(&["no drill is called"]);
}

#[test]
fn verbose_tells_more_and_only_on_standard_error() {
    let place = errored();
    let sweep = |arguments: &[&str]| place.run(&[arguments, &["sweep", "--dry-run"]].concat()).ends_with(0);
    let (plain, verbose) = (sweep(&[]), sweep(&["-v"]));
    assert_eq!(plain.out, verbose.out);
    assert_eq!(plain.err, "");
    assert!(verbose.err.contains("DEBUG drillyard"), "{}", verbose.err);
}

#[test]
fn a_terminal_gets_colour_and_the_variables_take_it_away() {
    let place = errored();
    for line in ["drillyard history", "drillyard check bad.yaml", "drillyard show 2>&1"] {
        place.run(&["run", "x.yaml"]).ends_with(3);
        assert!(has_escapes(&place.terminal(line)), "no colour: {line}");
        for off in ["NO_COLOR=1", "CLICOLOR=0", "TERM=dumb", "NO_COLOR=1 CLICOLOR_FORCE=1"] {
            let sent = place.terminal(&format!("export {off}; {line}"));
            assert!(!sent.is_empty() && !has_escapes(&sent), "{off} {line}: {sent:?}");
        }
        assert!(!has_escapes(&place.terminal(&format!("{line} | cat"))), "into a pipe: {line}");
        assert!(has_escapes(&place.shell("CLICOLOR_FORCE=1 drillyard history").out));
    }
}

#[test]
fn a_run_moves_on_a_terminal_and_its_result_stays() {
    let place = errored();
    let sent = place.terminal("drillyard run x.yaml");
    assert!(sent.contains("\u{1b}[1;31m✕\u{1b}[0m locate"), "{sent:?}");
    assert!(sent.contains("ERRORED"), "{sent:?}");
    // Only what stands still is left, where the cursor can't move, nobody looks, or log lines come between.
    for line in [
        "TERM=dumb drillyard run x.yaml",
        "drillyard run x.yaml 2>&1 | cat",
        "NO_COLOR=1 drillyard -v run x.yaml",
    ] {
        let sent = place.terminal(line);
        assert!(sent.contains("locate     started") && !has_escapes(&sent), "{line}: {sent:?}");
    }
    // JSON on a terminal is JSON.
    let sent = place.terminal("drillyard --json run x.yaml 2>/dev/null");
    assert!(serde_json::from_str::<serde_json::Value>(&sent).is_ok(), "{sent:?}");
}

#[test]
fn without_colour_a_terminal_still_sees_phases_move() {
    let sent = errored().terminal("NO_COLOR=1 drillyard run x.yaml");
    assert!(sent.contains("✕ locate") && !sent.contains("\u{1b}[1;31m"), "{sent:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let place = errored();
    place.run(&["run", "x.yaml"]).ends_with(3);
    for (command, code) in [
        ("history", 0),
        ("--json history", 0),
        ("show", 0),
        ("schema", 0),
        ("completions bash", 0),
        ("--help", 0),
        ("help exit-codes", 0),
        ("check bad.yaml", 2),
        ("run x.yaml", 3),
    ] {
        // The reader is gone before the first byte.
        let line = format!("(sleep 0.2; drillyard {command}; echo ended $? >&2) > >(exec <&-; sleep 1)");
        let ran = place.shell(&line);
        assert!(ran.err.ends_with(&format!("ended {code}\n")), "{command}: {}", ran.err);
        assert!(!ran.err.contains("panicked") && !ran.err.contains("ipe"), "{command}: {}", ran.err);
    }
    let head = place.shell("drillyard schema | head -1; exit ${PIPESTATUS[0]}").ends_with(0);
    assert_eq!((head.out.as_str(), head.err.as_str()), ("{\n", ""));
}

#[test]
fn a_result_that_could_not_be_written_is_an_error() {
    let place = errored();
    for command in ["history", "schema", "check x.yaml", "--json history"] {
        let ran = place.shell(&format!("drillyard {command} >/dev/full")).ends_with(3);
        ran.complains(&["could not write to standard output", "No space left"]);
    }
}
