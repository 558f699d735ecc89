//! Our calendar beside another one: CronSim, which does what Debian's cron does. Where they differ, a rule of CronSim's
//! that is none of ours predicts its answer, to the second.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

#[path = "support/random.rs"]
mod random;
#[path = "calendar/rules.rs"]
mod rules;
#[path = "support/venv.rs"]
mod venv;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use drillyard::definition::Calendar;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use random::Random;
use rules::{Answer, Case, Rule, predict};

const CASES: usize = 100_000;
const SEED: u64 = 20_261_121;

/// Zones whose clocks change by an hour, by half an hour, at midnight, by a day, often, and never.
const ZONES: [&str; 16] = [
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Havana",
    "America/Asuncion",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Tehran",
    "Asia/Gaza",
    "Pacific/Apia",
    "Asia/Kolkata",
    "UTC",
];

/// A zone with its changes from 1980 to 2037.
struct Zone {
    name: &'static str,
    changes: Vec<Timestamp>,
}

fn zones() -> Vec<Zone> {
    let (from, until) = (at(315_532_800), at(2_114_380_800));
    let zone = |name: &'static str| {
        let zone = TimeZone::get(name).unwrap();
        let changes = zone.following(from).map(|change| change.timestamp());
        Zone { name, changes: changes.take_while(|change| *change < until).collect() }
    };
    ZONES.map(zone).into()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn case(random: &mut Random, zones: &[Zone]) -> Case {
    let zone = random.of(zones);
    let second = if zone.changes.is_empty() || random.once_in(4) {
        random.between(315_532_800, 2_114_380_800)
    } else {
        // Before, inside of and after a change, now and then on a whole minute.
        random.of(&zone.changes).as_second() + random.between(-7_200, 10_800)
    };
    let second = if random.once_in(2) { second - second % 60 } else { second };
    let fields = [
        field(random, 0, 59, &["0", "30", "59", "0,30", "*", "*/30", "*/7"]),
        field(random, 0, 23, &["0", "1", "2", "3", "0-3", "1,2", "*", "*/2", "*/6"]),
        if random.once_in(6) {
            field(random, 1, 31, &["L", "1-7", "29", "31", "*/2", "1,15"])
        } else {
            "*".into()
        },
        if random.once_in(8) {
            field(random, 1, 12, &["2", "Mar,Oct", "3-4", "*/3", "Nov"])
        } else {
            "*".into()
        },
        if random.once_in(5) {
            field(random, 0, 7, &["Mon", "Sun", "1-5", "5L", "Mon#1", "7", "*/2"])
        } else {
            "*".into()
        },
    ];
    Case { expression: fields.join(" "), zone: zone.name, after: at(second) }
}

/// A field: one that people write, or any number, list, range or step.
fn field(random: &mut Random, least: i64, most: i64, usual: &[&str]) -> String {
    let (one, other) = (random.between(least, most), random.between(least, most));
    let (low, high) = (one.min(other), one.max(other));
    match random.between(0, 9) {
        0..=5 => (*random.of(usual)).to_owned(),
        6 => one.to_string(),
        7 => format!("{one},{other}"),
        8 => format!("{low}-{high}"),
        _ if low < high => format!("{low}-{high}/{}", random.between(1, high - low)),
        _ => one.to_string(),
    }
}

fn cronsim(cases: &[Case]) -> Vec<Answer> {
    let line = |case: &Case| format!("{}\t{}\t{}\n", case.expression, case.zone, case.after.as_second());
    let questions: String = cases.iter().map(line).collect();
    let mut program = Command::new(venv::program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calendar/ask_cronsim.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = program.stdin.take().unwrap();
    let asking = std::thread::spawn(move || stdin.write_all(questions.as_bytes()).unwrap());
    let output = program.wait_with_output().unwrap();
    asking.join().unwrap();
    assert!(output.status.success(), "CronSim did not answer");
    let answers = String::from_utf8(output.stdout).unwrap();
    let answer = |line| match line {
        "never" => Answer::Never,
        "refused" => Answer::Refused,
        "hangs" => Answer::Hangs,
        second => Answer::Next(at(second.parse().unwrap())),
    };
    let answers: Vec<_> = answers.lines().map(answer).collect();
    assert_eq!(answers.len(), cases.len());
    answers
}

/// Why the two may differ: the fewest rules that predict what CronSim says.
const EXPLANATIONS: [&[Rule]; 7] = [
    &[Rule::RefusesWhatNeverComes],
    &[Rule::OnlyStarsAreDistances],
    &[Rule::ForgetsThePass],
    &[Rule::DaysBeginAtMidnight],
    &[Rule::GoesByWholeHours],
    &[Rule::OnlyStarsAreDistances, Rule::ForgetsThePass],
    &[Rule::DaysBeginAtMidnight, Rule::GoesByWholeHours],
];

const ALL: [Rule; 5] = [
    Rule::RefusesWhatNeverComes,
    Rule::OnlyStarsAreDistances,
    Rule::ForgetsThePass,
    Rule::DaysBeginAtMidnight,
    Rule::GoesByWholeHours,
];

/// The rules are the whole difference: without them the prediction is our answer, and with them CronSim's.
fn why(case: &Case, ours: Answer, theirs: Answer) -> Option<&'static [Rule]> {
    let explains = |rules: &&&[Rule]| predict(case, rules) == theirs;
    (predict(case, &[]) == ours).then(|| EXPLANATIONS.iter().find(explains).copied()).flatten()
}

#[test]
fn f3_our_calendar_is_cronsim_s_but_for_rules_that_predict_its_answers() {
    let (mut random, zones) = (Random::new(SEED), zones());
    let cases: Vec<Case> = (0..CASES).map(|_| case(&mut random, &zones)).collect();
    let parsed =
        |case: &Case| Calendar::parse(&case.expression, TimeZone::get(case.zone).unwrap(), "").unwrap();
    // Both are asked at the same time.
    let (theirs, ours) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| cronsim(&cases));
        let ours: Vec<_> = cases.iter().map(|case| parsed(case).next_after(case.after)).collect();
        (theirs.join().unwrap(), ours)
    });
    let mut explained: BTreeMap<(&[Rule], bool), usize> = BTreeMap::new();
    let (mut unexplained, mut runs) = (Vec::new(), 0);
    for (number, ((case, ours), theirs)) in cases.iter().zip(ours).zip(theirs).enumerate() {
        assert!(ours.is_none_or(|ours| ours > case.after), "{} in {}", case.expression, case.zone);
        runs += usize::from(ours.is_some());
        let ours = ours.map_or(Answer::Never, Answer::Next);
        // All rules together predict what CronSim says, whether we say the same or not.
        if ours != theirs || number % 50 == 0 {
            assert_eq!(predict(case, &ALL), theirs, "{case:?}");
        }
        if ours == theirs {
            continue;
        }
        match why(case, ours, theirs) {
            Some(rules) => *explained.entry((rules, theirs == Answer::Hangs)).or_default() += 1,
            None => unexplained.push(format!(
                "{} in {} after {}: ours {ours:?}, CronSim {theirs:?}, without rules {:?}",
                case.expression,
                case.zone,
                case.after,
                predict(case, &[])
            )),
        }
    }
    println!("{explained:?}");
    let count = unexplained.len();
    unexplained.truncate(20);
    assert!(
        unexplained.is_empty(),
        "seed {SEED}, {count} unexplained, {explained:?}\n{}",
        unexplained.join("\n")
    );
    assert!(runs > CASES * 9 / 10, "only {runs} cases have a run");
    // A rule that was never met would have been tried by nothing.
    for rules in EXPLANATIONS {
        assert!(explained.keys().any(|(met, _)| *met == rules), "{rules:?} explains nothing: {explained:?}");
    }
    assert!(explained.keys().any(|(_, hangs)| *hangs), "CronSim has never gone in circles: {explained:?}");
}
