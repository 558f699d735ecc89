use std::time::Duration;

use drillyard::definition::CheckBody;
use drillyard::model::{Finding, Outcome, Reason};

use crate::server::{Database, check, context, database, table};

fn body(name: &str, column: &str, hours: u64) -> CheckBody {
    let within = Duration::from_secs(hours * 3600);
    CheckBody::Fresh { table: table("public", name), column: column.into(), within }
}

async fn fresh(db: &Database, name: &str, hours: u64) -> Finding {
    db.ask(body(name, "at", hours)).await
}

// The run of these tests starts on 2026-11-21 at 12:00 UTC.
const TABLES: &str = "
    CREATE DOMAIN moment AS timestamptz;
    CREATE TABLE instants (at timestamptz);
    INSERT INTO instants VALUES ('2026-11-21 08:48 Z'), ('2026-11-20 00:00 Z'), (NULL), ('-infinity');
    CREATE INDEX ON instants (at);
    CREATE TABLE moments (at moment); INSERT INTO moments VALUES ('2026-11-21 10:48+02');
    CREATE TABLE locals (at timestamp); INSERT INTO locals VALUES ('2026-11-21 08:48');
    CREATE TABLE days (at date); INSERT INTO days VALUES ('2026-11-21'), ('2026-11-22');
    CREATE TABLE planned (at timestamptz);
    INSERT INTO planned VALUES ('2026-11-21 08:48 Z'), ('2027-01-01 00:00 Z'), ('infinity');
    CREATE TABLE only_planned (at timestamptz); INSERT INTO only_planned VALUES ('2027-01-01 00:00 Z');
    CREATE TABLE bare (at timestamptz);
    CREATE TABLE nulls (at timestamptz); INSERT INTO nulls VALUES (NULL);
    CREATE TABLE texts (at text, \"texts\" text);";

#[tokio::test]
async fn the_newest_row_is_held_against_its_limit() {
    let db = database(TABLES).await;
    let found = fresh(&db, "instants", 4).await;
    assert_eq!((found.outcome, found.reason), (Outcome::Passed, None), "{found:?}");
    assert_eq!(found.expected, "newest row at most 4 h old");
    assert_eq!(found.observed, "newest row is 3 h 12 min old");
    assert_eq!(found.newest_row_age_seconds, Some(11_520.0));
    assert!(found.warnings.is_empty(), "{found:?}");

    let stale = fresh(&db, "instants", 3).await;
    assert_eq!((stale.outcome, stale.reason), (Outcome::Failed, Some(Reason::CheckFailed)));
    assert_eq!(stale.newest_row_age_seconds, Some(11_520.0));
    assert_eq!(fresh(&db, "moments", 4).await.observed, "newest row is 3 h 12 min old");
}

#[tokio::test]
async fn rows_from_the_future_are_ignored_and_told() {
    let db = database(TABLES).await;
    let found = fresh(&db, "planned", 4).await;
    assert_eq!((found.outcome, found.observed.as_str()), (Outcome::Passed, "newest row is 3 h 12 min old"));
    assert_eq!(found.warnings, ["2 rows are later than the run's start and were ignored"]);

    let none = fresh(&db, "only_planned", 4).await;
    assert_eq!((none.outcome, none.reason), (Outcome::Failed, Some(Reason::CheckFailed)));
    assert_eq!(none.observed, "no row has a time before the run's start");
    assert_eq!(none.newest_row_age_seconds, None);
}

#[tokio::test]
async fn a_column_without_zone_or_time_of_day_is_read_as_utc_and_said_so() {
    let db = database(TABLES).await;
    let local = fresh(&db, "locals", 4).await;
    assert_eq!(local.observed, "newest row is 3 h 12 min old");
    let told = "it was read in UTC, which proves no recovery point; give backup.dump_time_zone";
    assert_eq!(local.warnings, [format!("public.locals.at has no time zone: {told}")]);
    let day = fresh(&db, "days", 13).await;
    assert_eq!((day.outcome, day.observed.as_str()), (Outcome::Passed, "newest row is 12 h old"));
    assert!(
        day.warnings[0].contains("midnight") && day.warnings[1].starts_with("1 rows are later"),
        "{day:?}"
    );
    // East of UTC these rows would look younger than they are.
    assert_eq!((local.newest_row_age_seconds, day.newest_row_age_seconds), (None, None));
}

#[tokio::test]
async fn a_column_without_zone_proves_the_older_of_both_readings_where_the_drill_gives_a_zone() {
    let sql = "
        CREATE TABLE locals (at timestamp);
        INSERT INTO locals VALUES ('2026-11-21 10:00'), ('2026-11-21 21:30'), (NULL), ('infinity');
        CREATE TABLE days (at date); INSERT INTO days VALUES ('2026-11-21'), ('2026-11-22');
        CREATE TABLE fold (at timestamp); INSERT INTO fold VALUES ('2026-10-25 02:30');";
    let db = database(sql).await;
    let asked = async |name: &str, zone: &str, hours: u64| {
        let mut context = context(&db.name);
        context.time_zone = Some(jiff::tz::TimeZone::get(zone).unwrap());
        db.ask_with(&[check(body(name, "at", hours))], &context).await.remove(0)
    };
    // 10:00 in Tokyo is 01:00 UTC, eleven hours before the run.
    let east = asked("locals", "Asia/Tokyo", 2).await;
    assert_eq!(
        (east.outcome, east.observed.as_str()),
        (Outcome::Passed, "newest row is 2 h old"),
        "{east:?}"
    );
    assert_eq!(east.newest_row_age_seconds, Some(11.0 * 3600.0));
    assert_eq!(
        east.warnings,
        [
            "public.locals.at has no time zone: it was read in UTC, the recovery point counts the older of this and the drill's zone",
            "2 rows are later than the run's start and were ignored"
        ]
    );
    assert_eq!(asked("locals", "Asia/Tokyo", 1).await.outcome, Outcome::Failed);
    // 10:00 in New York is after the run: an application that writes UTC must not look younger for that.
    let west = asked("locals", "America/New_York", 2).await;
    assert_eq!(west.newest_row_age_seconds, Some(2.0 * 3600.0));
    let day = asked("days", "Asia/Tokyo", 22).await;
    assert_eq!(day.newest_row_age_seconds, Some(21.0 * 3600.0), "from Tokyo's midnight: {day:?}");
    // 02:30 was twice that night in Berlin: the earlier one is the safe side.
    let fold = asked("fold", "Europe/Berlin", 1000).await;
    let earlier: jiff::Timestamp = "2026-10-25T00:30:00Z".parse().unwrap();
    let age = context(&db.name).run_started_at.duration_since(earlier).as_secs_f64();
    assert_eq!(fold.newest_row_age_seconds, Some(age));
}

#[tokio::test]
async fn no_rows_is_not_fresh() {
    let db = database(TABLES).await;
    let bare = fresh(&db, "bare", 4).await;
    assert_eq!((bare.outcome, bare.observed.as_str()), (Outcome::Failed, "no rows"));
    let nulls = fresh(&db, "nulls", 4).await;
    assert_eq!((nulls.outcome, nulls.reason), (Outcome::Failed, Some(Reason::CheckFailed)));
}

#[tokio::test]
async fn an_older_backup_is_judged_from_its_own_time() {
    let db = database(TABLES).await;
    let mut context = context(&db.name);
    context.data_as_of = Some("2026-11-21T09:00:00Z".parse().unwrap());
    let found = db.ask_with(&[check(body("instants", "at", 1))], &context).await.remove(0);
    assert_eq!(found.outcome, Outcome::Passed, "{found:?}");
    assert_eq!(found.observed, "newest row is 12 min older than the backup's own time");
    assert_eq!(
        found.newest_row_age_seconds,
        Some(11_520.0),
        "the clocks count from the run's start all the same"
    );
}

#[tokio::test]
async fn a_column_that_is_missing_or_tells_no_time_is_not_asked() {
    let db = database(TABLES).await;
    let missing = db.ask(body("instants", "att", 4)).await;
    assert_eq!((missing.outcome, missing.reason), (Outcome::Failed, Some(Reason::ObjectMissing)));
    assert_eq!(missing.observed, "public.instants.att is not there");
    assert!(missing.hint.unwrap().contains("meant as at."));
    // A table's name is a value of its row's type in SQL, and must not pass for a column.
    assert_eq!(db.ask(body("instants", "instants", 4)).await.reason, Some(Reason::ObjectMissing));

    let text = fresh(&db, "texts", 4).await;
    assert_eq!((text.outcome, text.reason), (Outcome::Errored, Some(Reason::CheckInvalid)));
    assert_eq!(text.observed, "public.texts.at is of type text");
    assert_eq!(fresh(&db, "lost", 4).await.reason, Some(Reason::ObjectMissing));
}
