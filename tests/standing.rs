//! Where services stand: the rules of `measures.md`, and how `status` and the digest tell them.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests are tests; clippy sees only `#[test]`.

#[path = "support/letters.rs"]
mod letters;
#[path = "support/services.rs"]
mod services;
#[path = "support/stories.rs"]
mod stories;
#[path = "support/story.rs"]
mod story;

use std::time::Duration;

use drillyard::model::{BrokenDrill, BrokenFile, Channel, CheckKind, Finding, Outcome, Reason, Rehearsed};
use drillyard::notify::eml::{self, Head};
use drillyard::record::standing::{LastRehearsal, Standing, State, Trend, Watched};
use drillyard::record::{Beside, Undelivered};
use drillyard::report::mail::digest;
use drillyard::report::{Style, status_json, status_text};
use lettre::message::Mailbox;
use services::{crowd, digests, ended, nights, now, several, since, standing, watched};

fn state(drill: Watched) -> State {
    standing(vec![drill])[0].state
}

#[test]
fn a_service_is_proven_by_its_newest_proof_for_as_long_as_that_is_young_enough() {
    assert_eq!(state(watched("orders")), State::Proven);
    let aged = |hours| Watched { proof_max_age: Duration::from_hours(hours), ..watched("orders") };
    // The newest proof began at 03:30, and it is 08:00.
    assert_eq!(state(aged(5)), State::Proven);
    assert_eq!(state(aged(4)), State::Stale);
    assert_eq!(state(Watched { runs: vec![], ..watched("orders") }), State::Never);
}

#[test]
fn only_a_conclusive_verdict_makes_a_service_fail_or_recover() {
    let failed = |nights: &[usize]| ended(watched("orders"), nights, Reason::Truncated);
    assert_eq!(state(failed(&[0])), State::Failing);
    assert_eq!(state(failed(&[1])), State::Proven, "it has passed since");
    for reason in
        [Reason::EngineUnreachable, Reason::Down, Reason::Overlap, Reason::DaemonLost, Reason::ByPerson]
    {
        let trouble = ended(failed(&[1]), &[0], reason);
        assert_eq!(state(trouble), State::Failing, "{reason} has taken a failure back");
        assert_eq!(
            state(ended(watched("orders"), &[0], reason)),
            State::Proven,
            "{reason} has taken a proof back"
        );
    }
    let mut by_hand = failed(&[1]);
    by_hand.runs[0].proof = false;
    assert_eq!(state(by_hand), State::Failing, "a backup that a person chose has taken a failure back");
}

#[test]
fn a_backup_that_a_person_chose_makes_no_service_fail() {
    let mut mistyped = ended(watched("orders"), &[0], Reason::NoBackup);
    mistyped.runs[0].chosen_by_hand = true;
    let services = standing(vec![mistyped.clone()]);
    assert_eq!(services[0].state, State::Proven);
    let text = status_text(&services, &Beside::default(), now(), Style { colour: false, width: 160 });
    assert!(!text.contains("there is no backup"), "{text}");

    let failing = ended(mistyped, &[1], Reason::Truncated);
    let services = standing(vec![failing]);
    let text = status_text(&services, &Beside::default(), now(), Style { colour: false, width: 160 });
    assert_eq!(services[0].state, State::Failing);
    assert!(text.contains("the backup ends too early") && !text.contains("there is no backup"), "{text}");
}

#[test]
fn a_service_stands_as_its_worst_drill_and_the_worst_service_comes_first() {
    let services = standing(several());
    let states: Vec<(&str, State)> =
        services.iter().map(|service| (service.service.as_str(), service.state)).collect();
    assert_eq!(
        states,
        [
            ("orders", State::Failing),
            ("billing", State::Never),
            ("catalogue", State::Stale),
            ("accounts", State::Proven),
            ("ledger", State::Proven),
            ("reviews", State::Proven),
            ("search", State::Proven),
        ]
    );
    assert_eq!(services[0].drills.len(), 2);
    assert_eq!(services[0].drills[1].state, State::Proven);
}

#[test]
fn a_trend_is_told_from_three_proofs_on() {
    let trend = |seconds: &[f64]| {
        let drill = Watched { runs: nights(seconds), ..watched("orders") };
        standing(vec![drill])[0].drills[0].trend
    };
    assert_eq!(trend(&[80.0, 40.0]), Trend::Unknown);
    assert_eq!(trend(&[44.0, 40.0, 41.0]), Trend::Steady);
    assert_eq!(trend(&[2.0, 1.0, 1.0]), Trend::Steady, "a second is no trend");
    assert_eq!(trend(&[80.0, 40.0, 40.0]), Trend::Slower(1.0));
    assert_eq!(trend(&[20.0, 40.0, 40.0]), Trend::Faster(0.5));
    assert_eq!(trend(&[90.0, 20.0, 100.0]), Trend::Slower(0.5), "of two, the median lies between");
}

#[test]
fn missed_runs_are_counted_in_this_period_and_in_the_one_before() {
    let drill = ended(watched("orders"), &[0, 2, 7], Reason::Down);
    let drill = ended(drill, &[1], Reason::Overlap);
    let service = &standing(vec![drill])[0];
    assert_eq!((service.tally().missed, service.before().missed), (3, 1));
    assert_eq!((service.tally().passed, service.tally().total()), (4, 7));
}

#[test]
fn status_is_a_row_per_service() {
    let services = standing(several());
    for width in [80, 160] {
        let text = status_text(&services, &Beside::default(), now(), Style { colour: false, width });
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        insta::assert_snapshot!(format!("status_{width}"), text);
    }
    insta::assert_json_snapshot!(
        "status_json",
        status_json(&services[..2], &Beside::default(), since(), now())
    );
    assert_eq!(
        status_text(&[], &Beside::default(), now(), Style { colour: false, width: 80 }),
        "No drills.\n"
    );
}

#[test]
fn status_tells_which_messages_did_not_arrive() {
    let given_up = Undelivered {
        run: Some(letters::run(1, 41.0).run),
        drill: Some("orders".parse().unwrap()),
        channel: Channel::Mail,
        recipient: "ops@example.com".to_owned(),
        refusal: "refused: 550 no\u{1b}[31m such user".to_owned(),
        given_up_at: Some(now()),
    };
    let waiting = Undelivered {
        run: None,
        drill: None,
        channel: Channel::Webhook,
        recipient: "env HOOK".to_owned(),
        refusal: String::new(),
        given_up_at: None,
    };
    let services = standing(vec![watched("orders")]);
    let text = |messages: &[Undelivered], services: &[Standing]| {
        let beside = Beside { undelivered: messages.to_vec(), ..Beside::default() };
        status_text(services, &beside, now(), Style { colour: false, width: 200 })
    };
    let first = "\n2 messages could not be delivered; the oldest: to ops@example.com about orders, given up at \
        2026-11-21 08:00:00 UTC (refused: 550 no⟨U+001B⟩[31m such user).\n";
    assert!(text(&[given_up.clone(), waiting.clone()], &services).contains(first));
    let alone = "\n1 message could not be delivered: to the webhook of env HOOK about several drills, to be tried \
        again by the daemon.\n";
    assert!(text(std::slice::from_ref(&waiting), &services).contains(alone));
    assert!(
        text(std::slice::from_ref(&waiting), &[]).contains(alone),
        "nobody's drills are no reason to be silent"
    );
    assert!(!text(&[], &services).contains("delivered"));
    let beside = Beside { undelivered: vec![given_up, waiting], ..Beside::default() };
    let json = status_json(&services, &beside, since(), now());
    insta::assert_json_snapshot!("status_undelivered_json", json["undelivered"]);
}

#[test]
fn i1_a_drill_whose_file_is_broken_is_worst_whatever_it_has_proven() {
    let lost = Watched { broken: true, next_due_at: None, owner: None, ..watched("orders") };
    let failing = ended(watched("ledger"), &[0], Reason::CheckFailed);
    let services = standing(vec![failing, lost]);
    let states: Vec<State> = services.iter().map(|service| service.state).collect();
    assert_eq!(states, [State::Broken, State::Failing]);
    let file = BrokenFile {
        file: "/etc/drills/orders.yaml".into(),
        line: 3,
        message: "unknown key `bakup`".to_owned(),
        drills: vec![BrokenDrill { name: "orders-nightly".parse().unwrap(), was: None }],
        unread: false,
    };
    let beside = Beside { broken: vec![file], ..Beside::default() };
    insta::assert_snapshot!(
        "status_broken",
        status_text(&services, &beside, now(), Style { colour: false, width: 160 })
    );
    let held = Beside { daemon: Some(true), ..beside.clone() };
    let style = Style { colour: false, width: 160 };
    for told in [
        status_text(&services, &held, now(), style),
        digest(&services, &held, since(), now()).text.split_whitespace().collect::<Vec<_>>().join(" "),
    ] {
        let last_good =
            "no valid drill file defines orders-nightly; the daemon may still use the last good version";
        assert!(told.contains(last_good) && !told.contains("nothing starts it"), "{told}");
    }
    let letter = digest(&services, &beside, since(), now());
    insta::assert_snapshot!("digest_broken", format!("Subject: {}\n\n{}", letter.subject, letter.text));
    for told in ["/etc/drills/orders.yaml, line 3", "no valid drill file defines orders-nightly"] {
        assert!(letter.html.contains(told), "{told}: {}", letter.html);
    }

    // The last good version is in force, and all is well but for the file.
    let services = standing(vec![watched("orders")]);
    let letter = digest(&services, &beside, since(), now());
    let subject =
        "Recovery: the one service is proven recoverable; 1 drill file has an error (digest of 21 Nov)";
    assert_eq!(letter.subject, subject);
}

#[test]
fn the_digest_tells_the_worst_first() {
    for (name, letter) in digests().into_iter().filter(|(name, _)| *name != "digest_crowd") {
        insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", letter.subject, letter.text));
    }
}

#[test]
fn a_digest_tells_the_worst_rehearsal_and_no_value_of_a_row() {
    let rehearsed = |rehearsed| {
        let last = LastRehearsal { at: now(), rehearsed };
        digest(
            &standing(vec![Watched { rehearsed: Some(last), ..watched("orders") }]),
            &Beside::default(),
            since(),
            now(),
        )
    };
    let told = |rehearsals: Vec<Rehearsed>| {
        let letter = rehearsed(rehearsals);
        let text = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
        (text, letter.html)
    };
    let sentence = "Rolling back add-note is possible in 0.40 s; it loses orders.note in 12,431 rows";
    let (text, html) = told(vec![letters::returns(), letters::loses(), letters::returns()]);
    assert!(text.contains(sentence) && text.contains("And 2 more rehearsals."), "{text}");
    assert!(html.contains(sentence), "{html}");

    let mut shows = letters::loses();
    let answered = |text: &str| Finding {
        name: "names".to_owned(),
        kind: CheckKind::Sql,
        expected: text.to_owned(),
        observed: text.to_owned(),
        ..story::but(story::rows("1"), Outcome::Failed, Reason::CheckFailed, None)
    };
    shows.findings.push(answered("Ada Lovelace"));
    let (text, html) = told(vec![shows]);
    assert!(text.contains("names: expected another answer"), "{text}");
    assert!(!text.contains("Lovelace") && !html.contains("Lovelace"), "{text}");
}

#[test]
fn h11_a_digest_of_a_thousand_services_stays_below_100_kb() {
    let (long, wide) = ("x".repeat(500), "数".repeat(500));
    for (name, shown) in [("reporting", 32), (&long, 32), (&wide, 16)] {
        let said = Rehearsed { name: "x".repeat(5000), ..letters::loses() };
        let rehearsed = Some(LastRehearsal { at: now(), rehearsed: vec![said; 12] });
        let drills = crowd(1000, name).into_iter().map(|drill| ended(drill, &[0], Reason::CheckFailed));
        let drills: Vec<Watched> =
            drills.map(|drill| Watched { rehearsed: rehearsed.clone(), ..drill }).collect();
        let letter = digest(&standing(drills), &Beside::default(), since(), now());
        let from: Mailbox = "drills@example.com".parse().unwrap();
        let to = std::slice::from_ref(&from);
        let head = Head { from: &from, to, date: now(), message_id: "<1@example.com>", about: "digest" };
        let whole = eml::whole(&head, &letter).unwrap().len();
        assert!(whole < 100_000, "{whole} bytes as it is sent");
        assert!(letter.subject.chars().count() <= 120, "{}", letter.subject);
        let more = format!("And {} more services", 1000 - shown);
        assert!(letter.text.contains(&more), "cut without a word: {whole} bytes");
    }
}

#[test]
fn h7_h9_no_name_of_a_service_gets_out_of_its_place() {
    for text in letters::CORPUS {
        let drill = Watched {
            service: (*text).into(),
            owner: Some((*text).into()),
            not_verified: vec![(*text).into()],
            rehearsed: Some(LastRehearsal {
                at: now(),
                rehearsed: vec![Rehearsed { name: (*text).into(), ..letters::loses() }],
            }),
            ..watched("orders")
        };
        let services = standing(vec![ended(drill, &[0], Reason::CheckFailed)]);
        let letter = digest(&services, &Beside::default(), since(), now());
        let status = status_text(&services, &Beside::default(), now(), Style { colour: false, width: 200 });
        let live = |c: &char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(c) || *c == '\u{2028}';
        assert_eq!(letter.subject.chars().find(live), None, "{:?}", letter.subject);
        for told in [&letter.text, &letter.html, &status] {
            assert_eq!(told.chars().find(|c| live(c) && *c != '\n'), None);
        }
        let tags: Vec<&str> =
            letter.html.split('<').skip(1).filter_map(|tag| tag.split([' ', '>']).next()).collect();
        for foreign in ["script", "img", "iframe", "a"] {
            assert!(!tags.contains(&foreign), "{text:?} has made a <{foreign}>");
        }
    }
}

#[test]
fn a_rollback_that_fails_is_told_whichever_drill_of_the_service_was_rehearsed_last() {
    let rehearsed = |at: &str, rehearsed| Some(LastRehearsal { at: story::at(at), rehearsed });
    let lossy = Watched {
        rehearsed: rehearsed("2026-11-15T03:30:00Z", vec![letters::loses()]),
        drill: "orders-weekly".parse().unwrap(),
        ..watched("orders")
    };
    let fine = Watched {
        rehearsed: rehearsed("2026-11-21T03:30:00Z", vec![letters::returns()]),
        ..watched("orders")
    };
    let text = |drills: Vec<Watched>| {
        let services = standing(drills);
        let status = status_text(&services, &Beside::default(), now(), Style { colour: false, width: 200 });
        let digest = digest(&services, &Beside::default(), since(), now()).text;
        [status, digest].map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    for told in text(vec![lossy.clone(), fine]) {
        assert!(told.contains("failed 6 d ago"), "{told}");
        assert!(told.contains("orders-weekly: Rolling back add-note"), "{told}");
    }
    for told in text(vec![lossy]) {
        assert!(!told.contains("orders-weekly: Rolling back"), "of one drill the name says nothing: {told}");
    }
}

#[test]
fn what_a_run_has_left_behind_is_told_of_until_a_sweep_has_removed_it() {
    let mut drill = watched("orders");
    drill.runs[0].leaked = true;
    let services = standing(vec![drill.clone()]);
    let run = drill.runs[0].run;
    let said = format!("orders: orders-nightly 4 h ago, named by `drillyard show {run}`");
    let status = status_text(&services, &Beside::default(), now(), Style { colour: false, width: 200 });
    assert!(status.contains("Left something behind") && status.contains(&said), "{status}");
    let letter = digest(&services, &Beside::default(), since(), now());
    let text = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(&format!("Left something behind - {said}")), "{text}");
    assert!(letter.html.contains("Left something behind"), "{}", letter.html);
    let json = status_json(&services, &Beside::default(), since(), now());
    assert_eq!(json["services"][0]["drills"][0]["newest"]["leaked"], true);
    drill.runs[0].leaked = false;
    let services = standing(vec![drill]);
    assert!(
        !status_text(&services, &Beside::default(), now(), Style { colour: false, width: 200 })
            .contains("Left something")
    );
}

#[test]
fn one_of_a_kind_is_told_as_one() {
    let missed = Watched { runs: nights(&[41.0]), ..watched("orders") };
    let services = standing(vec![ended(missed, &[0], Reason::Down)]);
    let status = status_text(&services, &Beside::default(), now(), Style { colour: false, width: 200 });
    assert!(status.contains("orders: 1 of 1 run missed, 0 of 0 in the period before"), "{status}");
    let letter = digest(&services, &Beside::default(), since(), now());
    assert!(letter.text.contains("1 run: 0 passed"), "{}", letter.text);
    // Of whom less is told than of others, so that there is room for forty.
    let crowd = crowd(41, "reporting").into_iter().map(|drill| Watched { rehearsed: None, ..drill });
    let letter = digest(&standing(crowd.collect()), &Beside::default(), since(), now());
    assert!(letter.text.contains("And 1 more service, in"), "{}", letter.text);
    assert!(letter.html.contains("And 1 more service, in"), "{}", letter.html);
}
