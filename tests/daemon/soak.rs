//! Half an hour of drills and random kills: then store, mailbox, engine and disk tell the same story.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use drillyard::model::{Fact, RunId, Verdict};
use drillyard::store::{HistoryFilter, Store};

use crate::place::{PATIENCE, Place, QUICK};
use crate::rig::within;

/// Any number; printed with every failure because it is in the source.
const SEED: u64 = 20_261_121;

#[test]
#[ignore = "takes half an hour: make soak-test"]
fn half_an_hour_of_drills_under_random_kills_tells_one_story() {
    let minutes = std::env::var("SOAK_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let place = Place::in_real_time();
    place.write_drill("orders", "cron: \"* * * * *\", start_within: 50s", QUICK);
    let begun = Instant::now();
    let mut random = SEED;
    let mut kills = 0;
    let mut daemon = place.start(None);
    while begun.elapsed() < Duration::from_mins(minutes) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(5_000 + (random >> 33) % 50_000));
        daemon.kill();
        kills += 1;
        daemon = place.start(None);
    }
    // The last lost run is written down, told and cleaned up after.
    within(PATIENCE, "the runs to end", || place.runs().iter().all(|(_, verdict, _)| !verdict.is_empty()));
    within(PATIENCE, "the engine to be clean", || place.rig.on_engine().is_empty());
    assert_eq!(daemon.stop(), Some(0), "{}", place.log());
    place.rig.assert_nothing_remains("the soak");
    let told = one_story(&place, minutes);
    eprintln!("{minutes} minutes, {kills} kills, runs by verdict: {told:?}");
}

/// Every minute is in the store once, every run that began has one mail, and no other mail is there.
fn one_story(place: &Place, minutes: u64) -> BTreeMap<&'static str, usize> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = Store::open(&place.rig.state()).unwrap();
    let runs = runtime.block_on(store.history(HistoryFilter::default())).unwrap();
    let mut instants = Vec::new();
    let mut verdicts = BTreeMap::new();
    let mails = place.mails();
    for run in &runs {
        let verdict = run.verdict.unwrap();
        *verdicts.entry(verdict.word()).or_default() += 1;
        let events = runtime.block_on(store.events(run.run)).unwrap();
        let Some(Fact::RunStarted(opening)) = events.first().map(|event| &event.fact) else {
            panic!("a run without its opening");
        };
        instants.push(opening.due.as_ref().unwrap().scheduled_at);
        let of_it = mails_of(&mails, run.run);
        // Missed instants may be told together.
        let one = !matches!(verdict, Verdict::Missed | Verdict::Skipped);
        assert!(of_it == 1 || !one && of_it == 0, "{of_it} mails of {verdict} {}: {mails:?}", run.run);
    }
    instants.sort();
    for pair in instants.windows(2) {
        let apart = pair[0].duration_until(pair[1]).as_secs();
        assert_eq!(apart, 60, "{} and {}: twice or never", pair[0], pair[1]);
    }
    let expected = usize::try_from(minutes).unwrap();
    assert!(instants.len() >= expected, "{} instants in {minutes} minutes", instants.len());
    assert!(mails.len() <= runs.len(), "{} mails of {} runs", mails.len(), runs.len());
    verdicts
}

fn mails_of(mails: &[String], run: RunId) -> usize {
    mails.iter().filter(|name| name.contains(&run.to_string())).count()
}
