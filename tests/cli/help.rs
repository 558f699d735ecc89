//! What explains the program is itself a contract: scripts and shells are written after it.

use std::fs;

use crate::place::{Place, of_the_repository};

/// Every command that `drillyard --help` lists.
const COMMANDS: [&str; 14] = [
    "check",
    "run",
    "history",
    "show",
    "status",
    "digest",
    "next",
    "psql",
    "release",
    "sweep",
    "daemon",
    "schema",
    "completions",
    "exit-codes",
];

#[test]
fn every_command_explains_itself() {
    let place = Place::new();
    let help = place.run(&["--help"]).ends_with(0);
    let listed = help.out.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed: Vec<&str> = listed
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(listed, [&COMMANDS[..], &["help"]].concat());
    insta::assert_snapshot!("help", help.out);
    for command in COMMANDS {
        let help = place.run(&[command, "--help"]).ends_with(0);
        assert_eq!(help.err, "");
        if command != "exit-codes" {
            assert_eq!(place.run(&["help", command]).out, help.out);
        }
        insta::assert_snapshot!(format!("help-{command}"), help.out);
    }
}

#[test]
fn help_says_nothing_of_the_caller_s_own_variables() {
    let place = Place::new();
    let help = place.shell("DRILLYARD_STATE=/canary/state DRILLYARD_CONFIG=/canary/config drillyard --help");
    assert!(help.out.contains("DRILLYARD_STATE") && !help.out.contains("canary"), "{}", help.out);
}

#[test]
fn the_version_is_the_crate_s() {
    let version = format!("drillyard {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(Place::new().run(&["--version"]).ends_with(0).out, version);
    assert_eq!(Place::new().run(&["-V"]).ends_with(0).out, version);
}

#[test]
fn exit_codes_are_a_topic_of_help() {
    let codes = Place::new().run(&["help", "exit-codes"]).ends_with(0);
    insta::assert_snapshot!("exit-codes", codes.out);
    assert_eq!(Place::new().run(&["exit-codes"]).out, codes.out);
    for arguments in [["help", "exit-codes", "--json"], ["--json", "help", "exit-codes"]] {
        let json = Place::new().run(&arguments).ends_with(0).json();
        assert_eq!(json["schema"], "drillyard/exit-codes/1");
        assert_eq!(
            (&json["codes"][5]["code"], &json["codes"][5]["word"]),
            (&130.into(), &"cancelled".into())
        );
    }
}

#[test]
fn completions_know_every_command_and_every_option() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Place::new().run(&["completions", shell]).ends_with(0).out;
        for word in
            COMMANDS.into_iter().chain(["keep", "backup", "since", "html", "dry-run", "state", "json"])
        {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    Place::new().run(&["completions", "klingon"]).ends_with(2).complains(&["klingon", "bash"]);
}

#[test]
fn completions_are_scripts_that_bash_takes() {
    let place = Place::new();
    let line = "eval \"$(drillyard completions bash)\"; COMP_WORDS=(drillyard sw); COMP_CWORD=1; \
        _drillyard drillyard sw drillyard; echo \"${COMPREPLY[*]}\"";
    assert_eq!(place.shell(line).ends_with(0).out.trim(), "sweep");
}

#[test]
fn the_schema_is_the_repository_s() {
    let printed = Place::new().run(&["schema"]).ends_with(0).out;
    let kept = fs::read_to_string(of_the_repository("drills/drill.schema.json")).unwrap();
    assert_eq!(printed, kept);
}

#[test]
fn durations_are_those_of_drills() {
    let place = Place::new();
    for since in ["1w", "1d12h", "90s", "26h"] {
        assert_eq!(place.run(&["history", "--since", since]).ends_with(0).out, "no such runs\n");
    }
}

#[test]
fn a_slip_on_the_command_line_is_invalid_and_says_what_was_meant() {
    let place = Place::new();
    for (arguments, parts) in [
        (&["chek"][..], &["chek", "'check'"][..]),
        (&["run"], &["<DRILL>", "Usage"]),
        (&["run", "--kep", "x.yaml"], &["--kep", "'--keep'"]),
        (&["history", "--since", "5"], &["`5` is not a duration", "90s, 10m, 26h or 8d"]),
        (&["history", "--since", "0s"], &["`0s` is not a duration"]),
        (&["history", "--since", "1d1w"], &["`1d1w` is not a duration"]),
        (&["run", "--keep=-2h", "x.yaml"], &["not a duration"]),
        (&["run", "--keep", "x.yaml"], &["`x.yaml` is not a duration", "`--keep` after the drill"]),
        (&["run", "x.yaml", "--keep", "0s"], &["`0s` is not a duration"]),
        (&["history", "--limit", "0"], &["0 is not in 1"]),
        (&["history", "--drill", "Not A Name"], &["Not A Name"]),
        (&["-q", "-v", "history"], &["cannot be used with"]),
        (&[], &["Usage", "check"]),
    ] {
        let ran = place.run(arguments).ends_with(2);
        ran.complains(parts);
    }
}
