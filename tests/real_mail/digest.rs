//! The digest: once for each instant of its schedule.

use drillyard::definition::{Defined, Drill};
use drillyard::model::rehearsal::{Blocked, Difference, StepTaken, TableDifference};
use drillyard::model::{BrokenDrill, BrokenFile, Outcome, Reason, Rehearsed};
use drillyard::notify::standings::standings;
use drillyard::record::standing::State;

use crate::scene::{Scene, at};

// The scene begins at 08:00 UTC of a Saturday.
const DAILY: &str = "digest: { cron: \"0 9 * * *\", to: [boss@example.com, cto@example.com] }";
const HOUR: i64 = 60;

fn of(drill: Drill) -> Defined {
    Defined { drills: vec![drill], ..Defined::default() }
}

#[tokio::test]
async fn a_digest_is_due_once_for_each_instant_and_none_for_the_time_before_it_was_asked_for() {
    let scene = Scene::new(DAILY);
    let notifier = scene.notifier();
    let digest = scene.settings.digest.clone().unwrap();
    let look = async |minute: i64| {
        let next = notifier.digest_due(&digest, &Defined::default(), &scene.store, at(minute)).await.unwrap();
        (next.unwrap().duration_since(at(0)).as_mins(), scene.outbox("recipient").len())
    };
    let nine = (1..=24 * HOUR).find(|minute| at(*minute).to_string().contains("T09:00:00Z")).unwrap();
    assert_eq!(look(nine - 30).await, (nine, 0));
    assert_eq!(look(nine - 1).await, (nine, 0));
    assert_eq!(look(nine).await, (nine + 24 * HOUR, 2), "one message for each recipient");
    assert_eq!(look(nine).await, (nine + 24 * HOUR, 2));
    assert_eq!(look(nine + 5).await, (nine + 24 * HOUR, 2), "and once only");
    assert_eq!(look(nine - 10).await.1, 2, "nor by a clock that jumps back");
    // A daemon that was down for a week has one digest to send.
    assert_eq!(look(nine + 7 * 24 * HOUR + 1).await.1, 4);

    let delivered = scene.deliver(&notifier, nine + 8 * 24 * HOUR).await;
    assert_eq!(delivered.sent, 4);
    assert_eq!(std::fs::read_dir(scene.mail_folder()).unwrap().count(), 4);
    assert!(scene.outbox("run").iter().all(Option::is_none));
}

#[tokio::test]
async fn two_who_look_at_once_make_one_digest() {
    let scene = Scene::new(DAILY);
    let (notifier, other) = (scene.notifier(), scene.notifier());
    let digest = scene.settings.digest.clone().unwrap();
    notifier.digest_due(&digest, &Defined::default(), &scene.store, at(0)).await.unwrap();
    let (day, none) = (at(24 * HOUR + 1), Defined::default());
    let (one, two) = tokio::join!(
        notifier.digest_due(&digest, &none, &scene.store, day),
        other.digest_due(&digest, &none, &scene.store, day)
    );
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(scene.outbox("id").len(), 2);
}

#[tokio::test]
async fn runs_are_counted_however_many_there_are() {
    let scene = Scene::new(DAILY);
    let drill = scene.drill("  - email: { to: [dba@example.com] }");
    // A run a minute: 300 of this period, the last 30 of them failed, and 40 of the one before.
    let runs = "WITH RECURSIVE n (i) AS (SELECT -40 UNION ALL SELECT i + 1 FROM n WHERE i < 299)
        INSERT INTO runs (run, drill, service, started_by, started_at, finished_at, verdict)
        SELECT printf('01KAJ%021d', i + 40), 'orders', 'shop', 'scheduled', ?1 + i * 60000000000, ?1,
            iif(i < 270, 'passed', 'failed') FROM n";
    let since = at(0);
    let nanoseconds = i64::try_from(since.as_nanosecond()).unwrap();
    assert_eq!(scene.sql().execute(runs, [nanoseconds]).unwrap(), 340);
    let (services, _) = standings(&of(drill), &scene.store, since, at(400)).await.unwrap();
    let [shop] = services.as_slice() else { panic!("{services:?}") };
    assert_eq!((shop.tally().passed, shop.tally().failed, shop.before().passed), (270, 30, 40));
}

/// A migration and its way back, which lost these rows.
fn lost(rows: u64) -> Rehearsed {
    let way = |seconds| {
        let nobody = Blocked::default();
        StepTaken {
            succeeded: true,
            seconds,
            canary_lost: false,
            readers_blocked: nobody.clone(),
            writers_blocked: nobody,
            locks: vec![],
        }
    };
    let table = TableDifference {
        table: "public.customers".to_owned(),
        rows_before: 20_000,
        rows_after: 20_000 - rows,
        rows_lost: rows,
        rows_gained: 0,
        rows_changed: 0,
        columns: vec![],
        paired: true,
        keys: vec![],
    };
    Rehearsed {
        outcome: Outcome::Failed,
        forward: Some(way(3.0)),
        back: Some(way(41.0)),
        difference: Some(Difference { tables: vec![table], ..Difference::default() }),
        ..Rehearsed::begun("0042")
    }
}

#[tokio::test]
async fn a_digest_tells_what_the_newest_rehearsal_of_a_rollback_found() {
    let scene = Scene::new(DAILY);
    let notifier = scene.notifier();
    for name in ["0042.up.sql", "0042.down.sql"] {
        std::fs::write(scene.directory.path().join(name), "select 1;\n").unwrap();
    }
    let drill = scene.drill(
        "  - email: { to: [dba@example.com] }\nrollbacks:\n  - name: \"0042\"\n    \
         forward: { sql: [0042.up.sql] }\n    back: { sql: [0042.down.sql] }",
    );
    let reason = Reason::RollbackLosesData;
    scene.run_that_rehearsed(&[lost(7)], &drill, &notifier, reason, 1).await;
    scene.run_that_rehearsed(&[lost(12_431)], &drill, &notifier, reason, 2).await;
    // Ended before it came to its rehearsals.
    scene.run(&drill, &notifier, Reason::Truncated, 3).await;
    let digest = scene.settings.digest.clone().unwrap();
    notifier.digest_due(&digest, &of(drill.clone()), &scene.store, at(4)).await.unwrap();
    notifier.digest_due(&digest, &of(drill), &scene.store, at(24 * HOUR)).await.unwrap();
    let mails = scene.outbox("body");
    let mail = mails.last().unwrap().as_deref().unwrap();
    // As it is sent, the words lie on lines of their own.
    let told = mail.replace("=\r\n", "").split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = "Rolling back 0042 is possible in 41.0 s; it loses 12,431 rows of customers.";
    assert!(told.contains(sentence), "{told}");
}

#[tokio::test]
async fn i1_a_digest_tells_of_the_drill_whose_file_can_not_be_read_any_more() {
    let scene = Scene::new(DAILY);
    let notifier = scene.notifier();
    let drill = scene.drill("  - email: { to: [dba@example.com] }");
    scene.run(&drill, &notifier, Reason::CheckFailed, 1).await;
    let named = |name: &&str| BrokenDrill { name: name.parse().unwrap(), was: None };
    let file = |drills: &[&str]| BrokenFile {
        file: "drills/orders.yaml".into(),
        line: 3,
        message: "not YAML".to_owned(),
        drills: drills.iter().map(named).collect(),
        unread: false,
    };
    let told = async |drills: Vec<Drill>, broken: Vec<BrokenFile>| {
        let defined = Defined { drills, broken };
        let (services, beside) = standings(&defined, &scene.store, at(0), at(9)).await.unwrap();
        let services: Vec<_> = services.iter().map(|one| (one.service.clone(), one.state)).collect();
        (services, beside.strays.len(), beside.broken.len())
    };
    let broken = || vec![("shop".to_owned(), State::Broken)];
    assert_eq!(told(vec![], vec![file(&["orders"])]).await, (broken(), 0, 1), "by its name");
    let unread = |drills| BrokenFile { unread: true, ..file(drills) };
    assert_eq!(told(vec![], vec![unread(&[])]).await, (broken(), 0, 1), "any may have been in it");
    let (services, strays, _) = told(vec![], vec![unread(&["users"])]).await;
    assert!(
        services.contains(&broken()[0]) && strays == 0,
        "behind the one whose name could be read: {services:?}"
    );
    assert_eq!(told(vec![], vec![file(&[])]).await, (vec![], 1, 1), "another program's file");
    let was = BrokenDrill { name: "shop".parse().unwrap(), was: Some("orders".parse().unwrap()) };
    let renamed = BrokenFile { drills: vec![was], ..file(&[]) };
    assert_eq!(
        told(vec![], vec![renamed]).await,
        (broken(), 0, 1),
        "its runs under the former name are its own"
    );
    assert_eq!(told(vec![], vec![file(&["users"])]).await.1, 1, "somebody has taken it away");
    assert_eq!(told(vec![], vec![]).await, (vec![], 1, 0));
    let in_force = told(vec![drill.clone()], vec![file(&["orders"])]).await;
    assert_eq!(in_force, (vec![("shop".to_owned(), State::Failing)], 0, 1), "its last good version");
    let renamed = Drill { name: "shop".parse().unwrap(), was: Some(drill.name.clone()), ..drill };
    assert_eq!(told(vec![renamed], vec![]).await.1, 0, "under its former name");
    let long_after = at(36 * 24 * HOUR);
    let (_, beside) = standings(&Defined::default(), &scene.store, at(0), long_after).await.unwrap();
    assert!(beside.strays.is_empty(), "what ran so long ago is history");
}
