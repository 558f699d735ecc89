//! `drillyard next`: when drills will run, and what jitter and the zone's clock do to it.

use serde_json::json;

use crate::place::{ABSENT, Place};

fn place() -> Place {
    let drill = |name: &str, schedule: &str| format!("drill: {name}\n{schedule}{ABSENT}");
    Place::with(&[
        (
            "drills/nightly.yaml",
            &drill("nightly", "schedule: { cron: \"30 2 * * *\", time_zone: Europe/Berlin }\n"),
        ),
        (
            "drills/often.yaml",
            &drill("often", "schedule: { cron: \"0 */6 * * *\", time_zone: Europe/Berlin }\n"),
        ),
        ("drills/hand.yaml", &drill("hand", "")),
        ("jitter.yaml", &drill("spread", "schedule: { cron: \"@daily\", jitter: 1h }\n")),
    ])
}

#[test]
fn coming_runs_are_told_with_what_the_clock_does() {
    let place = place();
    let spring = place.run(&["next", "nightly", "-n", "3", "--from", "2026-03-28"]).ends_with(0);
    assert_eq!(
        spring.out,
        "Sat 2026-03-28 02:30 +01:00  Europe/Berlin  nightly\n\
         Sun 2026-03-29 03:00 +02:00  Europe/Berlin  nightly  02:30 does not exist on this day: moved past the gap\n\
         Mon 2026-03-30 02:30 +02:00  Europe/Berlin  nightly\n"
    );
    let autumn = place.run(&["next", "nightly", "-n", "1", "--from", "2026-10-24T12:00:00Z"]).ends_with(0);
    assert!(
        autumn.out.contains("02:30 +02:00") && autumn.out.contains("the first time only"),
        "{}",
        autumn.out
    );
    assert_eq!(spring.err, "");
}

#[test]
fn every_scheduled_drill_is_listed_in_the_order_of_time() {
    let listed = place().run(&["next", "-n", "4", "--from", "2026-06-01T00:00:00Z"]).ends_with(0);
    let drills: Vec<&str> = listed.out.lines().filter_map(|line| line.split_whitespace().last()).collect();
    assert_eq!(drills, ["nightly", "often", "often", "often"]);
}

#[test]
fn jitter_is_told_beside_the_nominal_instant() {
    let place = place();
    let told =
        place.run(&["next", "jitter.yaml", "--from", "2026-06-01T12:00:00Z", "--json"]).ends_with(0).json();
    assert_eq!(told["schema"], "drillyard/next/1");
    assert_eq!(told["from"], "2026-06-01T12:00:00Z");
    let runs = told["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 20);
    assert_eq!(runs[0]["scheduled_at"], "2026-06-02T00:00:00Z");
    let jitter = runs[0]["jitter_seconds"].as_u64().unwrap();
    assert!((1..=3600).contains(&jitter), "{jitter}");
    let starts: jiff::Timestamp = runs[0]["starts_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        starts.as_second() - "2026-06-02T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second(),
        i64::try_from(jitter).unwrap()
    );
    assert_eq!((&runs[0]["note"], &runs[0]["time_zone"]), (&json!(null), &json!("UTC")));
    // The same store draws the same again; the text says it too.
    let text = place.run(&["next", "jitter.yaml", "-n", "1", "--from", "2026-06-01T12:00:00Z"]).ends_with(0);
    assert!(text.out.contains(&format!("starts {} (jitter ", starts.strftime("%H:%M:%S"))), "{}", text.out);
    assert!(text.out.starts_with("Tue 2026-06-02 00:00 +00:00"), "{}", text.out);
    let moved =
        place.run(&["--json", "next", "nightly", "--from", "2026-03-28T12:00:00Z"]).ends_with(0).json();
    assert_eq!(moved["runs"][0]["note"], "moved");
    assert_eq!(moved["runs"][0]["clock"], "2026-03-29T03:00:00+02:00");
}

#[test]
fn a_drill_without_a_schedule_is_no_error() {
    let place = place();
    assert_eq!(place.run(&["next", "hand"]).ends_with(0).out, "`hand` has no schedule: it runs by hand\n");
    assert_eq!(place.run(&["next", "hand", "--json"]).ends_with(0).json()["runs"], json!([]));
    assert_eq!(Place::new().run(&["next"]).ends_with(0).out, "no drill has a schedule\n");
}

#[test]
fn what_can_not_be_listed_is_invalid() {
    let place = place();
    place.run(&["next", "nightli"]).ends_with(2).complains(&["did you mean `nightly`?"]);
    place.run(&["next", "--from", "tomorrow"]).ends_with(2).complains(&["`tomorrow` is no instant"]);
    place.run(&["next", "-n", "0"]).ends_with(2).complains(&["0 is not in 1"]);
    place.write("drills/bad.yaml", "drill: bad\nschedule: { cron: \"0 0 30 2 *\" }\n");
    place.run(&["next", "bad"]).ends_with(2).complains(&["never comes due"]);
    let others = place.run(&["next"]).ends_with(0);
    assert!(
        others.out.contains("nightly") && others.err.contains("1 drill file can't be read"),
        "{}",
        others.err
    );
}
