//! `sql`: one query of the drill's own, exactly one row of one column, held against a typed expectation.
//!
//! The query is prepared as it stands, so that errors point into the drill's own text and its type is known; then it
//! is asked inside a query of ours, which judges on the server. So no value leaves the sandbox but what is shown, ten
//! million rows cost as much as two, and numbers are compared as `numeric`, exactly.
//!
//! Numbers and truth values are shown, because they are nearly always counts and comparisons and a finding without
//! them helps nobody; texts are shown only with `show_values` (2026-11-21).

use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Row, Statement};

use super::answer::Answer;
use super::session::Session;
use super::trouble::Trouble;
use super::words;
use crate::definition::SqlExpectation;
use crate::definition::check::NumberBounds;

pub(super) fn expected(expectation: &SqlExpectation) -> String {
    match expectation {
        SqlExpectation::Number(NumberBounds { at_least, at_most }) => match (at_least, at_most) {
            (Some(least), Some(most)) if least == most => format!("= {least}"),
            (Some(least), Some(most)) => format!("{least}..{most}"),
            (Some(least), None) => format!(">= {least}"),
            (None, Some(most)) => format!("<= {most}"),
            (None, None) => "any number".to_owned(),
        },
        SqlExpectation::Text(text) => format!("= {text:?}"),
        SqlExpectation::Boolean(truth) => format!("= {truth}"),
    }
}

pub(super) async fn ask(
    session: &Session<'_>,
    query: &str,
    expectation: &SqlExpectation,
    show_values: bool,
) -> Result<Answer, Trouble> {
    session.see_public().await?;
    let bare = session.prepare_own("", query).await?;
    require_one_column(&bare, expectation)?;
    let judged = session
        .prepare(&judging(query, expectation))
        .await
        .map_err(|trouble| if trouble.is_syntax() { not_one_query() } else { trouble })?;
    let answers = match expectation {
        SqlExpectation::Number(bounds) => session.run(&judged, &[&bounds.at_least, &bounds.at_most]).await?,
        SqlExpectation::Text(text) => session.run(&judged, &[text, &show_values]).await?,
        SqlExpectation::Boolean(_) => session.run(&judged, &[]).await?,
    };
    match answers.as_slice() {
        [] => Err(wrong_shape("no row")),
        [row] if row.get(0) => Err(wrong_shape("NULL")),
        [row] => judge(row, expectation),
        _ => Err(wrong_shape("more than one row")),
    }
}

fn require_one_column(statement: &Statement, expectation: &SqlExpectation) -> Result<(), Trouble> {
    if !statement.params().is_empty() {
        return Err(Trouble::Settled(Answer::invalid(
            "the query has a parameter",
            "Write its value instead.",
        )));
    }
    let kind = match statement.columns() {
        [] => return Err(not_one_query()),
        [column] => column.type_(),
        columns => return Err(wrong_shape(&format!("{} columns", columns.len()))),
    };
    let (fits, wanted) = match expectation {
        SqlExpectation::Number(_) => (is_number(kind), "a number"),
        SqlExpectation::Text(_) => (is_text(kind), "a text"),
        SqlExpectation::Boolean(_) => (*kind == Type::BOOL, "a boolean"),
    };
    if fits {
        return Ok(());
    }
    let yields = words::safe_name(kind.name());
    let answer = Answer::invalid(
        format!("the query yields a value of type {yields}, the expectation is {wanted}"),
        "Cast the value in the query, or change the expectation.",
    );
    Err(Trouble::Settled(answer))
}

fn is_number(kind: &Type) -> bool {
    [Type::INT2, Type::INT4, Type::INT8, Type::NUMERIC, Type::FLOAT4, Type::FLOAT8].contains(kind)
}

fn is_text(kind: &Type) -> bool {
    [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME].contains(kind)
        || matches!(kind.kind(), Kind::Enum(_))
        || kind.name() == "citext"
}

/// The first column says whether the value is NULL. `OFFSET 0` keeps the planner from computing the drill's query once
/// for every mention of its value; the line breaks end a comment. A float is compared by its shortest exact text.
fn judging(query: &str, expectation: &SqlExpectation) -> String {
    let query = query.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    let text = "answer.value::pg_catalog.text";
    let judgement = match expectation {
        SqlExpectation::Number(_) => {
            let bound = |operator, parameter| {
                format!(
                    "coalesce({text}::pg_catalog.numeric OPERATOR(pg_catalog.{operator}) \
                     {parameter}::pg_catalog.text::pg_catalog.numeric, true)"
                )
            };
            format!(
                "{text} OPERATOR(pg_catalog.=) ANY ('{{NaN,Infinity,-Infinity}}'::pg_catalog.text[]), \
                 {} AND {}, pg_catalog.\"left\"({text}, 60)",
                bound(">=", "$1"),
                bound("<=", "$2")
            )
        }
        SqlExpectation::Text(_) => format!(
            "{text} COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.=) $1::pg_catalog.text, \
             CASE WHEN $2::pg_catalog.bool THEN pg_catalog.\"left\"({text}, 200) END"
        ),
        SqlExpectation::Boolean(_) => "answer.value".to_owned(),
    };
    format!(
        "SELECT answer.value IS NULL, {judgement} \
         FROM (SELECT * FROM (\n{query}\n) AS asked OFFSET 0) AS answer (value) LIMIT 2"
    )
}

fn judge(row: &Row, expectation: &SqlExpectation) -> Result<Answer, Trouble> {
    Ok(match expectation {
        SqlExpectation::Number(_) if row.get(1) => return Err(wrong_shape("a number that is not finite")),
        SqlExpectation::Number(_) => Answer::judged(row.get(2), row.get::<_, String>(3)),
        SqlExpectation::Boolean(wanted) => {
            let truth: bool = row.get(1);
            Answer::judged(truth == *wanted, truth.to_string())
        }
        SqlExpectation::Text(_) => {
            let equal: bool = row.get(1);
            let shown = match row.get::<_, Option<String>>(2) {
                Some(text) => format!("{text:?}"),
                None if equal => "the expected text".to_owned(),
                None => "a text that differs".to_owned(),
            };
            Answer::judged(equal, shown)
        }
    })
}

fn wrong_shape(yields: &str) -> Trouble {
    let hint = "Write a query that always yields exactly one row of one column that is not NULL.";
    Trouble::Settled(Answer::invalid(format!("the query yields {yields}"), hint))
}

fn not_one_query() -> Trouble {
    let hint = "Write one SELECT, WITH, VALUES or TABLE, and nothing after it.";
    Trouble::Settled(Answer::invalid("not a query that yields a value", hint))
}
