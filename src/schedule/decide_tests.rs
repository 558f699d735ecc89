//! Decisions at one instant; what comes of them over weeks is in `tests/simulation.rs`.

use jiff::tz::TimeZone;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedule(cron: &str) -> Schedule {
    Schedule {
        calendar: Calendar::parse(cron, TimeZone::UTC, "orders").unwrap(),
        jitter: Duration::ZERO,
        start_within: None,
        if_missed: IfMissed::RunOnce,
    }
}

/// Decides for the drill `orders`, whose watermark and daemon are of these instants.
fn decided(schedule: &Schedule, jitter: u64, watermark: &str, up_since: &str, now: &str) -> Decision {
    let drill: DrillName = "orders".parse().unwrap();
    let jitter = Duration::from_mins(jitter);
    let plan = Plan { drill: &drill, schedule, jitter, watermark: at(watermark) };
    decide(&[plan], &BTreeSet::new(), at(up_since), at(now))
}

fn reasons(decision: &Decision) -> Vec<(String, Reason)> {
    decision.unstarted.iter().map(|one| (one.scheduled_at.to_string(), one.reason)).collect()
}

#[test]
fn an_instant_is_due_from_its_second_on_and_once() {
    let daily = schedule("0 3 * * *");
    let up = "2026-11-01T00:00:00Z";
    let before = decided(&daily, 0, up, up, "2026-11-01T02:59:59.999Z");
    assert_eq!(before, Decision { wake_at: Some(at("2026-11-01T03:00:00Z")), ..Decision::default() });
    let due = decided(&daily, 0, up, up, "2026-11-01T03:00:00Z");
    let expected = DueInstant {
        drill: "orders".parse().unwrap(),
        scheduled_at: at("2026-11-01T03:00:00Z"),
        due_at: at("2026-11-01T03:00:00Z"),
        start_until: at("2026-11-02T03:00:00Z"),
        catch_up: false,
    };
    assert_eq!((due.due, due.unstarted.len()), (vec![expected], 0));
    assert_eq!(due.wake_at, Some(at("2026-11-02T03:00:00Z")));
    let after = decided(&daily, 0, "2026-11-01T03:00:00Z", up, "2026-11-01T03:00:01Z");
    assert_eq!((after.due.len(), after.wake_at), (0, Some(at("2026-11-02T03:00:00Z"))));
}

#[test]
fn f5_a_clock_that_jumps_back_fires_nothing() {
    let hourly = schedule("0 * * * *");
    let back = decided(&hourly, 0, "2026-11-01T12:00:00Z", "2026-11-01T00:00:00Z", "2026-11-01T10:00:30Z");
    assert_eq!((back.due.len(), back.unstarted.len()), (0, 0));
    assert_eq!(back.wake_at, Some(at("2026-11-01T13:00:00Z")));
}

#[test]
fn jitter_moves_the_start_and_not_the_instant() {
    let daily = schedule("0 3 * * *");
    let up = "2026-11-01T00:00:00Z";
    let early = decided(&daily, 10, up, up, "2026-11-01T03:09:59Z");
    assert_eq!((early.due.len(), early.wake_at), (0, Some(at("2026-11-01T03:10:00Z"))));
    let due = &decided(&daily, 10, up, up, "2026-11-01T03:10:00Z").due[0];
    assert_eq!(due.scheduled_at, at("2026-11-01T03:00:00Z"));
    assert_eq!(due.due_at, at("2026-11-01T03:10:00Z"));
    assert_eq!(due.start_until, at("2026-11-02T03:10:00Z"));
    assert!(!due.catch_up);
}

#[test]
fn f8_after_downtime_the_newest_runs_once_and_the_others_are_missed() {
    let hourly = schedule("0 * * * *");
    let back = decided(&hourly, 0, "2026-11-01T09:00:00Z", "2026-11-01T12:30:00Z", "2026-11-01T12:30:00Z");
    assert_eq!(
        reasons(&back),
        [
            ("2026-11-01T10:00:00Z".to_owned(), Reason::Down),
            ("2026-11-01T11:00:00Z".to_owned(), Reason::Down)
        ]
    );
    assert_eq!(back.due.len(), 1);
    assert!(back.due[0].catch_up);
    assert_eq!(back.due[0].scheduled_at, at("2026-11-01T12:00:00Z"));
    assert_eq!(back.due[0].start_until, at("2026-11-01T13:00:00Z"));
}

#[test]
fn f8_outside_of_its_window_the_newest_is_missed_as_well() {
    let weekly = schedule("0 3 * * Mon");
    let day_later =
        decided(&weekly, 0, "2026-10-26T03:00:00Z", "2026-11-03T02:59:00Z", "2026-11-03T02:59:59Z");
    assert_eq!((day_later.due.len(), day_later.unstarted.len()), (1, 0));
    let later = decided(&weekly, 0, "2026-10-26T03:00:00Z", "2026-11-03T03:00:00Z", "2026-11-03T03:00:00Z");
    assert_eq!(reasons(&later), [("2026-11-02T03:00:00Z".to_owned(), Reason::Down)]);
    assert!(later.unstarted[0].detail.contains("24h"), "{}", later.unstarted[0].detail);
    let short = Schedule { start_within: Some(Duration::from_mins(5)), ..schedule("0 3 * * *") };
    let up = "2026-11-01T00:00:00Z";
    let stalled = decided(&short, 0, up, up, "2026-11-01T03:05:00Z");
    assert_eq!(reasons(&stalled), [("2026-11-01T03:00:00Z".to_owned(), Reason::Window)]);
}

#[test]
fn what_lies_before_a_calendar_is_not_judged_by_it() {
    let now = "2026-11-03T12:30:00Z";
    let known = |calendar: Option<&str>| Watermark {
        scheduled_at: at("2026-11-01T03:00:00Z"),
        calendar: calendar.map(str::to_owned),
    };
    let hourly = schedule("0 * * * *");
    let missed = |known: Option<&Watermark>| {
        let watermark = judged_after(known, &hourly.calendar, at(now)).to_string();
        let decision = decided(&hourly, 0, &watermark, now, now);
        (decision.due.len(), decision.unstarted.len())
    };
    assert_eq!(missed(Some(&known(Some("0 * * * * UTC")))), (1, 56), "the same: it was down");
    assert_eq!(missed(Some(&known(None))), (1, 56), "an older store is believed to be of the same");
    for other in ["0 3 * * * UTC", "0 * * * * Europe/Berlin"] {
        assert_eq!(missed(Some(&known(Some(other)))), (0, 0), "{other}");
    }
    assert_eq!(missed(None), (0, 0), "new");
    let ahead = Watermark { scheduled_at: at("2027-01-01T00:00:00Z"), ..known(Some("0 3 * * * UTC")) };
    let after = judged_after(Some(&ahead), &hourly.calendar, at(now));
    assert_eq!(after, ahead.scheduled_at, "a clock that was set back makes nothing due again");
}

#[test]
fn a_drill_that_skips_what_it_missed_still_runs_on_time() {
    let skip = Schedule { if_missed: IfMissed::Skip, ..schedule("0 * * * *") };
    let (mark, now) = ("2026-11-01T10:00:00Z", "2026-11-01T12:00:20Z");
    let back = decided(&skip, 0, mark, "2026-11-01T12:00:10Z", now);
    assert_eq!((back.due.len(), back.unstarted.len()), (0, 2));
    assert!(back.unstarted[1].detail.contains("if_missed"));
    let up = decided(&skip, 0, mark, "2026-11-01T11:30:00Z", now);
    assert_eq!((up.due.len(), up.unstarted.len()), (1, 1));
    assert!(!up.due[0].catch_up);
}

#[test]
fn f9_a_drill_that_runs_or_waits_skips_what_comes_due() {
    let hourly = schedule("0 * * * *");
    let drill: DrillName = "orders".parse().unwrap();
    let watermark = at("2026-11-01T10:00:00Z");
    let plan = Plan { drill: &drill, schedule: &hourly, jitter: Duration::ZERO, watermark };
    let busy = BTreeSet::from([drill.clone()]);
    let decision = decide(&[plan], &busy, watermark, at("2026-11-01T12:00:00Z"));
    assert!(decision.due.is_empty());
    assert_eq!(
        reasons(&decision),
        [
            ("2026-11-01T11:00:00Z".to_owned(), Reason::Overlap),
            ("2026-11-01T12:00:00Z".to_owned(), Reason::Overlap)
        ]
    );
}

#[test]
fn f9_what_came_due_while_a_run_went_on_or_waited_is_no_downtime_after_its_end() {
    let hourly = schedule("0 * * * *");
    let late = decided(&hourly, 0, "2026-11-01T09:00:00Z", "2026-11-01T10:30:00Z", "2026-11-01T13:00:00Z");
    let expected = [("10", Reason::Down), ("11", Reason::Overlap), ("12", Reason::Overlap)]
        .map(|(hour, reason)| (format!("2026-11-01T{hour}:00:00Z"), reason));
    assert_eq!(reasons(&late), expected);
    assert!(late.unstarted[1].detail.contains("before a later one"), "{}", late.unstarted[1].detail);
    assert_eq!(late.due.len(), 1);
}

#[test]
fn what_is_cut_off_a_look_is_decided_again_in_the_next_one_and_nothing_overtakes_it() {
    let hourly = schedule("0 * * * *");
    let (now, mut mark) = ("2026-11-03T00:00:00Z", "2026-11-01T00:00:00Z".to_owned());
    let mut told = Vec::new();
    loop {
        let mut decision = decided(&hourly, 0, &mark, now, now);
        let more = decision.cut(20);
        told.extend(reasons(&decision));
        assert_eq!(decision.due.len(), usize::from(!more), "{told:?}");
        if !more {
            break;
        }
        mark = told.last().unwrap().0.clone();
    }
    assert_eq!(told.len(), 47);
    assert!(
        told.is_sorted_by_key(|(at, _)| at.clone()) && told.iter().all(|(_, reason)| *reason == Reason::Down),
        "{told:?}"
    );
}

#[test]
fn f6_thirty_years_ahead_are_told_in_bounds_and_at_once() {
    let started = std::time::Instant::now();
    for cron in ["* * * * *", "0 * * * *", "0 3 * * *", "* * 1 1 *", "0 0 29 2 *"] {
        let jumped = decided(
            &schedule(cron),
            0,
            "2026-11-01T00:00:00Z",
            "2056-11-01T00:00:30Z",
            "2056-11-01T00:00:30Z",
        );
        assert!(jumped.due.len() <= 1);
        assert!(jumped.unstarted.len() <= ONE_BY_ONE + 1);
        assert!(jumped.unstarted.is_sorted_by_key(|one| one.scheduled_at));
        let summary = cron != "0 0 29 2 *";
        assert_eq!(jumped.unstarted[0].detail.contains("stands for"), summary, "{cron}");
    }
    let minutes = decided(
        &schedule("* * * * *"),
        0,
        "2026-11-01T00:00:00Z",
        "2056-11-01T00:00:30Z",
        "2056-11-01T00:00:30Z",
    );
    assert!(minutes.unstarted[0].detail.contains("2026-11-01T00:01:00Z"));
    assert_eq!(minutes.unstarted.len(), ONE_BY_ONE);
    assert_eq!(minutes.unstarted[1].scheduled_at, at("2056-10-31T07:21:00Z"));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn runs_are_told_in_the_order_in_which_they_came_due() {
    let (three, four) = (schedule("0 3 * * *"), schedule("0 4 * * *"));
    let names: Vec<DrillName> = ["c", "b", "a"].map(|name| name.parse().unwrap()).into();
    let watermark = at("2026-11-01T00:00:00Z");
    let plan = |name, schedule, jitter| Plan {
        drill: &names[name],
        schedule,
        jitter: Duration::from_mins(jitter),
        watermark,
    };
    let plans = [plan(0, &four, 0), plan(1, &three, 90), plan(2, &four, 0)];
    let decision = decide(&plans, &BTreeSet::new(), watermark, at("2026-11-01T05:00:00Z"));
    let order: Vec<&str> = decision.due.iter().map(|due| due.drill.as_str()).collect();
    assert_eq!(order, ["a", "c", "b"]);
    assert_eq!(decision.wake_at, Some(at("2026-11-02T04:00:00Z")));
}
