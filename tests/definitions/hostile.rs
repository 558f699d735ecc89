//! Input that is meant to hurt: it is answered with a fault, and nothing it says makes the parser panic (I3).

use drillyard::definition::{self, Code, Settings};
use proptest::prelude::*;

use crate::support::{FULL, LATER, MINIMAL, REHEARSED, SNAPSHOT, codes, parse, render};

#[test]
fn i3_an_alias_bomb_is_refused_unexpanded() {
    let level = |level: usize| match level {
        0 => "a0: &a0 [x, x, x, x, x, x, x, x, x]".to_owned(),
        _ => format!("a{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 9].join(", ")),
    };
    let text = (0..10).map(level).collect::<Vec<_>>().join("\n");
    let faults = parse(&text).faults;
    assert!(codes(&faults).contains(&Code::Alias));
    assert!(faults.len() <= 101, "{} faults", faults.len());
}

#[test]
fn i3_deep_nesting_is_refused_in_flow_and_block_style() {
    let flow = "[".repeat(100_000);
    let block = "- ".repeat(100_000);
    let map = (0..400).map(|level| " ".repeat(level) + "a:\n").collect::<String>();
    for text in [flow, block, map] {
        let faults = parse(&text).faults;
        assert_eq!(codes(&faults), [Code::TooDeep]);
    }
    // Just past the limit, where the scanner has nothing against it yet.
    let faults = parse(&format!("{}{}", "[".repeat(70), "]".repeat(70))).faults;
    assert_eq!(codes(&faults), [Code::TooDeep]);
    // Nesting just short of the limit is told for what it is.
    let faults = parse(&format!("{}{}", "[".repeat(60), "]".repeat(60))).faults;
    assert_eq!(codes(&faults), [Code::WrongType]);
}

#[test]
fn after_a_document_that_is_too_deep_the_next_one_is_read() {
    let parsed = parse(&format!("{}\n---\n{MINIMAL}", "[".repeat(1_000)));
    assert_eq!(codes(&parsed.faults), [Code::TooDeep]);
    assert_eq!(parsed.drills.len(), 1);
}

#[test]
fn i3_a_file_of_ten_megabytes_is_not_parsed() {
    let text = "drill: orders # ".to_owned() + &"x".repeat(10_000_000);
    assert_eq!(codes(&parse(&text).faults), [Code::TooLarge]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("large.yaml"), text).unwrap();
    let loaded = definition::load(&[folder.path().to_owned()], &Settings::default());
    assert_eq!(codes(&loaded.faults), [Code::TooLarge]);
}

#[test]
fn i3_many_small_values_are_too_many() {
    for text in
        ["- a\n".repeat(60_000), "[],".repeat(80_000), "a: b\n".repeat(45_000), "---\n".repeat(60_000)]
    {
        let faults = parse(&text).faults;
        let given_up = [Code::TooLarge, Code::Syntax, Code::MoreFaults];
        assert!(faults.iter().any(|fault| given_up.contains(&fault.code)), "{:?}", &text[..8]);
        assert!(faults.len() <= 101, "{} faults", faults.len());
    }
}

#[test]
fn bytes_that_are_no_text_are_a_fault_of_their_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("binary.yaml"), [0x64, 0xff, 0xfe, 0x00]).unwrap();
    std::fs::write(folder.path().join("good.yml"), MINIMAL).unwrap();
    let loaded = definition::load(&[folder.path().to_owned()], &Settings::default());
    assert_eq!(codes(&loaded.faults), [Code::Unreadable]);
    assert_eq!(loaded.drills.len(), 1);
}

#[test]
fn control_characters_never_reach_the_terminal() {
    for name in ["a\u{1b}[31mred", "a\r\nBcc: x", "a\u{7}", "a\u{9b}2J"] {
        let escaped: String = name.escape_default().to_string().replace("\\u{", "\\x").replace('}', "");
        let text = format!("{MINIMAL}\"{escaped}\": 1\ncontact: \"{escaped}\"\n");
        let faults = parse(&text).faults;
        assert!(!faults.is_empty());
        let told = render(&faults, &text);
        assert!(!told.contains(|c: char| c.is_control() && c != '\n'), "{told:?}");
        // YAML has no such characters, so that the excerpt of the syntax error has them.
        let text = format!("drill: orders # {name} \u{202e}\n}}\n");
        let told = render(&parse(&text).faults, &text);
        assert!(!told.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}'), "{told:?}");
    }
}

#[test]
fn a_line_of_a_megabyte_is_not_drawn() {
    let text = "[],".repeat(10_000);
    let told = render(&parse(&text).faults, &text);
    assert!(told.len() < 2_000, "{} bytes", told.len());
}

/// Pieces that break grammars.
const PIECES: [&str; 24] = [
    "\n",
    "\t",
    ":",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "&a ",
    "*a",
    "!!",
    "|\n",
    ">",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "\u{feff}",
    "\u{2028}",
    "ö",
    "\0",
    "0x",
];

fn parse_and_tell(text: &str) {
    let parsed = parse(text);
    // Every place is inside of the file, or the excerpt would be of nothing.
    for fault in &parsed.faults {
        assert!(fault.span.offset + fault.span.length <= text.len(), "{fault:?}");
        assert!(fault.line >= 1 && fault.column >= 1, "{fault:?}");
    }
    assert!(parsed.drills.len() <= 4);
    render(&parsed.faults, text);
    definition::to_json(&parsed.faults);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn i3_no_edit_of_a_good_drill_makes_the_parser_panic(
        which in 0..5_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..20_usize, prop::sample::select(&PIECES[..])), 1..6),
    ) {
        let mut text = [MINIMAL, FULL, REHEARSED, SNAPSHOT, LATER][which].to_owned();
        for (at, length, piece) in edits {
            let boundary = |mut at: usize, text: &str| { while !text.is_char_boundary(at) { at -= 1; } at };
            let start = boundary(at.index(text.len() + 1), &text);
            let end = boundary((start + length).min(text.len()), &text).max(start);
            text.replace_range(start..end, piece);
        }
        parse_and_tell(&text);
    }

    #[test]
    fn i3_no_text_at_all_makes_the_parser_panic(text in "(?s).{0,300}") {
        parse_and_tell(&text);
    }
}
