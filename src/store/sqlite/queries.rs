//! What readers ask.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::column::{from_word, instant, instant_from, read_drill, read_instant, read_run};
use super::event;
use crate::model::{DrillName, Event, Reason, RunId, Watermark};
use crate::record::RunSummary;
use crate::record::standing::Tally;
use crate::store::error::Fault;
use crate::store::values::{HistoryFilter, LastOccurrence, Occurrence};

/// A run's line. What the newest sweep found stands above what the run knew of itself.
const SUMMARY: &str = "SELECT run, drill, service, started_at, finished_at, verdict, reason, sentence,
    time_to_verified_seconds, recovery_point_age_seconds, proof, chosen_by_hand,
    (SELECT max(scheduled_at) FROM occurrences WHERE occurrences.run = runs.run) AS due_at,
    coalesce((SELECT leaked FROM cleanups WHERE cleanups.run = runs.run ORDER BY id DESC LIMIT 1), leaked) AS leaked
    FROM runs";

/// Runs whose id lies between a prefix and the same with the highest character; one more than a message shows.
const FIND: &str = "SELECT run FROM runs WHERE run >= ?1 AND run < ?2 AND (?3 IS NULL OR drill IN (?3, ?4))
    ORDER BY run DESC LIMIT 6";

/// Runs, newest first.
pub(in crate::store) fn history(
    connection: &Connection,
    filter: &HistoryFilter,
) -> Result<Vec<RunSummary>, Fault> {
    let (sql, values) = history_query(filter);
    summaries(connection, &sql, values)
}

/// Only the conditions that are asked for, so that each question finds its index.
fn history_query(filter: &HistoryFilter) -> (String, Vec<Value>) {
    let mut values = Vec::new();
    let mut conditions = Vec::new();
    if let Some(drill) = &filter.drill {
        // Two names have to be sorted together; one is read in the order of its index.
        conditions.push(if filter.was.is_some() { "drill IN (?, ?)" } else { "drill = ?" });
        values.extend([drill].into_iter().chain(&filter.was).map(|name| Value::Text(name.to_string())));
    }
    if let Some(since) = filter.since {
        conditions.push("started_at >= ?");
        values.push(Value::Integer(instant(since)));
    }
    conditions.extend(filter.ended.then_some("finished_at IS NOT NULL"));
    conditions.extend(filter.proof.then_some("proof"));
    let condition =
        if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    // A negative limit is none.
    values.push(Value::Integer(filter.limit.map_or(-1, i64::from)));
    (format!("{SUMMARY} {condition} ORDER BY started_at DESC, run DESC LIMIT ?"), values)
}

/// The newest run of each drill that ran since an instant, the newest first.
pub(in crate::store) fn newest_of_each(
    connection: &Connection,
    since: Timestamp,
) -> Result<Vec<RunSummary>, Fault> {
    summaries(connection, &newest_of_each_query(), vec![Value::Integer(instant(since))])
}

/// An id begins with its run's start. The plus keeps the grouping from reading the whole index of drills.
fn newest_of_each_query() -> String {
    let newest = "SELECT max(run) FROM runs WHERE started_at >= ?1 GROUP BY +drill";
    format!("{SUMMARY} WHERE run IN ({newest}) ORDER BY run DESC")
}

/// The runs of a drill under either name by their verdict.
const TALLY: &str = "SELECT verdict, count(*) FROM runs
    WHERE drill IN (?1, ?4) AND started_at >= ?2 AND started_at < ?3 AND verdict IS NOT NULL GROUP BY verdict";

/// How a drill's runs ended that began in `[since, until)`.
pub(in crate::store) fn tally(
    connection: &Connection,
    drill: &DrillName,
    was: Option<&DrillName>,
    since: Timestamp,
    until: Timestamp,
) -> Result<Tally, Fault> {
    let mut statement = connection.prepare_cached(TALLY)?;
    let was = was.map(DrillName::as_str);
    let mut rows = statement.query(params![drill.as_str(), instant(since), instant(until), was])?;
    let mut tally = Tally::default();
    while let Some(row) = rows.next()? {
        tally = tally
            .and(Tally::of(from_word(&row.get::<_, String>(0)?)?, row.get::<_, isize>(1)?.unsigned_abs()));
    }
    Ok(tally)
}

/// Runs without an ending, oldest first.
pub(in crate::store) fn unfinished(connection: &Connection) -> Result<Vec<RunSummary>, Fault> {
    summaries(connection, &format!("{SUMMARY} WHERE finished_at IS NULL ORDER BY run"), Vec::new())
}

/// One run's line.
pub(in crate::store) fn summary(connection: &Connection, run: RunId) -> Result<Option<RunSummary>, Fault> {
    let values = vec![Value::Text(run.to_string())];
    Ok(summaries(connection, &format!("{SUMMARY} WHERE run = ?"), values)?.pop())
}

/// A run's events.
pub(in crate::store) fn events(connection: &Connection, run: RunId) -> Result<Vec<Event>, Fault> {
    event::of(connection, run)
}

/// The runs that `text` may mean: none, one, or the newest few of several. `last` has ended: nobody can be shown how a
/// run went that still goes on.
pub(in crate::store) fn find(
    connection: &Connection,
    text: &str,
    drill: Option<&DrillName>,
    was: Option<&DrillName>,
) -> Result<Vec<RunId>, Fault> {
    if text == "last" {
        let (drill, was) = (drill.cloned(), was.cloned());
        let newest = HistoryFilter { drill, was, ended: true, limit: Some(1), ..HistoryFilter::default() };
        return Ok(history(connection, &newest)?.into_iter().map(|run| run.run).collect());
    }
    let [drill, was] = [drill, was].map(|name| name.map(DrillName::as_str));
    // Only letters and digits make an id, and anything else could be a pattern.
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(FIND)?;
    let (from, to) = (text.to_ascii_uppercase(), format!("{}~", text.to_ascii_uppercase()));
    let mut rows = statement.query(params![from, to, drill, was])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read_run(row, "run")?);
    }
    Ok(found)
}

/// A drill's watermark.
pub(in crate::store) fn watermark(
    connection: &Connection,
    drill: &DrillName,
) -> Result<Option<Watermark>, Fault> {
    let sql = "SELECT scheduled_at, calendar FROM watermarks WHERE drill = ?1";
    let read = |row: &Row<'_>| Ok((row.get("scheduled_at")?, row.get("calendar")?));
    let found: Option<(i64, _)> = connection.query_row(sql, [drill.as_str()], read).optional()?;
    found.map(|(at, calendar)| Ok(Watermark { scheduled_at: instant_from(at)?, calendar })).transpose()
}

/// Runs that were lost with a daemon and that no message is about.
pub(in crate::store) fn lost_untold(connection: &Connection, since: Timestamp) -> Result<Vec<RunId>, Fault> {
    let mut statement = connection.prepare(
        "SELECT run FROM runs WHERE started_at >= ?1 AND reason = ?2
             AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.run = runs.run) ORDER BY started_at",
    )?;
    let mut rows = statement.query(params![instant(since), Reason::DaemonLost.word()])?;
    let mut lost = Vec::new();
    while let Some(row) = rows.next()? {
        lost.push(read_run(row, "run")?);
    }
    Ok(lost)
}

/// A drill's newest occurrence.
pub(in crate::store) fn last_occurrence(
    connection: &Connection,
    drill: &DrillName,
) -> Result<Option<LastOccurrence>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT o.scheduled_at, o.attempt, o.outcome, runs.finished_at FROM occurrences AS o LEFT JOIN runs USING (run)
         WHERE o.drill = ?1 ORDER BY o.scheduled_at DESC LIMIT 1",
    )?;
    let mut rows = statement.query([drill.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let occurrence = Occurrence {
        drill: drill.clone(),
        scheduled_at: read_instant(row, "scheduled_at")?,
        attempt: row.get("attempt")?,
    };
    let verdict = row.get::<_, Option<String>>("outcome")?.as_deref().map(from_word).transpose()?;
    let ended_at = row.get::<_, Option<i64>>("finished_at")?.map(instant_from).transpose()?;
    Ok(Some(LastOccurrence { occurrence, verdict, ended_at }))
}

/// What is to be said of an unfinished run whose process has died.
pub(super) fn reason_if_lost(connection: &Connection, run: RunId) -> Result<Reason, Fault> {
    let sql = "SELECT started_by = 'scheduled' FROM runs WHERE run = ?1";
    let scheduled: bool = connection.query_row(sql, [run.to_string()], |row| row.get(0))?;
    Ok(if scheduled { Reason::DaemonLost } else { Reason::ProcessLost })
}

fn summaries(connection: &Connection, sql: &str, values: Vec<Value>) -> Result<Vec<RunSummary>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read_summary(row)?);
    }
    Ok(found)
}

fn read_summary(row: &Row<'_>) -> Result<RunSummary, Fault> {
    let word = |column: &str| row.get::<_, Option<String>>(column);
    Ok(RunSummary {
        run: read_run(row, "run")?,
        drill: read_drill(row, "drill")?,
        service: row.get("service")?,
        due_at: row.get::<_, Option<i64>>("due_at")?.map(instant_from).transpose()?,
        started_at: read_instant(row, "started_at")?,
        finished_at: row.get::<_, Option<i64>>("finished_at")?.map(instant_from).transpose()?,
        verdict: word("verdict")?.as_deref().map(from_word).transpose()?,
        reason: word("reason")?.as_deref().map(from_word).transpose()?,
        sentence: row.get("sentence")?,
        time_to_verified_seconds: row.get("time_to_verified_seconds")?,
        recovery_point_age_seconds: row.get("recovery_point_age_seconds")?,
        leaked: row.get("leaked")?,
        proof: row.get("proof")?,
        chosen_by_hand: row.get("chosen_by_hand")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred thousand runs of a thousand drills, made by SQLite itself.
    fn many_runs() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for schema in [
            include_str!("schema_1.sql"),
            include_str!("schema_2.sql"),
            include_str!("schema_3.sql"),
            include_str!("schema_4.sql"),
        ] {
            connection.execute_batch(schema).unwrap();
        }
        let sql = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
            INSERT INTO runs (run, drill, service, started_by, started_at, finished_at, verdict)
            SELECT printf('01KAJ%021d', i), printf('drill-%d', i % 1000), 's', 'manual', i, i + 1, 'passed' FROM n";
        assert_eq!(connection.execute(sql, []).unwrap(), 100_000);
        connection
    }

    fn plan(connection: &Connection, sql: &str, values: Vec<Value>) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps =
            statement.query_map(params_from_iter(values), |row| row.get::<_, String>("detail")).unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn g12_no_question_reads_all_runs() {
        let connection = many_runs();
        let drill: Option<DrillName> = Some("drill-7".parse().unwrap());
        let since = Some(Timestamp::UNIX_EPOCH);
        let by_drill = "SEARCH runs USING INDEX runs_by_drill (drill=?";
        for (filter, index) in [
            (HistoryFilter::default(), "SCAN runs USING INDEX runs_by_start"),
            (
                HistoryFilter { since, ..Default::default() },
                "SEARCH runs USING INDEX runs_by_start (started_at>?",
            ),
            (HistoryFilter { drill: drill.clone(), ..Default::default() }, by_drill),
            (
                HistoryFilter { drill: drill.clone(), ended: true, proof: true, ..Default::default() },
                by_drill,
            ),
            (
                HistoryFilter { drill, since, limit: Some(20), ..Default::default() },
                "runs_by_drill (drill=? AND started_at>?)",
            ),
        ] {
            let (sql, values) = history_query(&filter);
            let plan = plan(&connection, &sql, values);
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
            assert!(plan.contains("SEARCH cleanups USING INDEX cleanups_by_run"), "{filter:?}: {plan}");
        }
        let text = |text: &str| Value::Text(text.to_owned());
        let period = vec![text("drill-7"), Value::Integer(0), Value::Integer(9), text("drill-8")];
        let tally = plan(&connection, TALLY, period);
        let by_period = "SEARCH runs USING INDEX runs_by_drill (drill=? AND started_at>? AND started_at<?)";
        assert!(tally.contains(by_period), "{tally}");
        let newest = plan(&connection, &newest_of_each_query(), vec![Value::Integer(99_000)]);
        for step in
            ["SEARCH runs USING PRIMARY KEY (run=?)", "SEARCH runs USING INDEX runs_by_start (started_at>?)"]
        {
            assert!(newest.contains(step), "{newest}");
        }
        let find = plan(&connection, FIND, vec![text("01KAJ"), text("01KAJ~"), Value::Null, Value::Null]);
        assert!(find.contains("SEARCH runs USING PRIMARY KEY (run>? AND run<?)"), "{find}");
        let unfinished =
            plan(&connection, &format!("{SUMMARY} WHERE finished_at IS NULL ORDER BY run"), Vec::new());
        assert!(unfinished.contains("USING INDEX runs_unfinished"), "{unfinished}");
    }
}
