//! `foreign_keys`: every validated foreign key holds on the data. A restore can leave a constraint in the catalog that
//! its rows break: triggers were off, or rows were lost afterwards. One that is NOT ENFORCED (PostgreSQL 18) promises
//! nothing: no row is asked to keep it, and nobody can validate it (2026-11-22).

use tokio_postgres::Row;

use super::answer::Answer;
use super::session::Session;
use super::trouble::Trouble;
use super::words;
use crate::definition::NotValid;

/// Constraints of their own: those that a partition has by its parent are asked there. Conditions are written by the
/// server, with the constraint's own operators, casts and collations, as PostgreSQL's own check does; a type without a
/// cast is polymorphic. Of a foreign key with PERIOD (PostgreSQL 18) the last pair are ranges, and their operator is overlap.
const CONSTRAINTS: &str = "\
SELECT con.conname AS name,
       referrer_schema.nspname AS schema, referrer.relname AS table,
       con.convalidated AS validated,
       coalesce(to_jsonb(con) ->> 'conenforced', 'true') = 'true' AS enforced,
       coalesce(to_jsonb(con) ->> 'conperiod', 'false') = 'true' AS has_period,
       con.confmatchtype = 'f' AS match_full,
       CASE referrer.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END
           || format('%I.%I', referrer_schema.nspname, referrer.relname) AS referrer,
       CASE referred.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END
           || format('%I.%I', referred_schema.nspname, referred.relname) AS referred,
       pairs.columns, pairs.referred_columns, pairs.matches
FROM pg_catalog.pg_constraint AS con
JOIN pg_catalog.pg_class AS referrer ON referrer.oid = con.conrelid
JOIN pg_catalog.pg_namespace AS referrer_schema ON referrer_schema.oid = referrer.relnamespace
JOIN pg_catalog.pg_class AS referred ON referred.oid = con.confrelid
JOIN pg_catalog.pg_namespace AS referred_schema ON referred_schema.oid = referred.relnamespace
CROSS JOIN LATERAL (
    SELECT array_agg(format('fk.%I', fk.attname) ORDER BY place) AS columns,
           array_agg(format('pk.%I', pk.attname) ORDER BY place) AS referred_columns,
           string_agg(format('pk.%I%s OPERATOR(%I.%s) fk.%I%s%s',
               pk.attname, pk_cast.text, operator_schema.nspname, operator.oprname, fk.attname, fk_cast.text,
               CASE WHEN pk.attcollation <> fk.attcollation AND pk.attcollation <> 0
                   THEN format(' COLLATE %I.%I', collation_schema.nspname, col.collname) ELSE '' END),
               ' AND ' ORDER BY place) AS matches
    FROM unnest(con.conkey, con.confkey, con.conpfeqop) WITH ORDINALITY AS pair (fk, pk, operator, place)
    JOIN pg_catalog.pg_attribute AS fk ON fk.attrelid = con.conrelid AND fk.attnum = pair.fk
    JOIN pg_catalog.pg_attribute AS pk ON pk.attrelid = con.confrelid AND pk.attnum = pair.pk
    JOIN pg_catalog.pg_operator AS operator ON operator.oid = pair.operator
    JOIN pg_catalog.pg_namespace AS operator_schema ON operator_schema.oid = operator.oprnamespace
    LEFT JOIN pg_catalog.pg_collation AS col ON col.oid = pk.attcollation
    LEFT JOIN pg_catalog.pg_namespace AS collation_schema ON collation_schema.oid = col.collnamespace
    CROSS JOIN LATERAL (SELECT CASE WHEN typtype = 'p' THEN '' ELSE '::' || format_type(oid, -1) END
                        FROM pg_catalog.pg_type WHERE oid = operator.oprleft) AS pk_cast (text)
    CROSS JOIN LATERAL (SELECT CASE WHEN typtype = 'p' THEN '' ELSE '::' || format_type(oid, -1) END
                        FROM pg_catalog.pg_type WHERE oid = operator.oprright) AS fk_cast (text)
) AS pairs
WHERE con.contype = 'f' AND con.conparentid = 0
ORDER BY 2, 3, 1";

pub(super) async fn ask(session: &Session<'_>, not_valid: NotValid) -> Result<Answer, Trouble> {
    let constraints = session.rows(CONSTRAINTS, &[]).await?;
    let (enforced, unenforced): (Vec<_>, Vec<_>) =
        constraints.iter().partition(|row| row.get::<_, bool>("enforced"));
    let (asked, unvalidated): (Vec<_>, Vec<_>) =
        enforced.into_iter().partition(|row| row.get::<_, bool>("validated"));

    let mut broken = vec![];
    for constraint in &asked {
        let orphans: i64 = session.row(&count_orphans(constraint), &[]).await?.get(0);
        if orphans > 0 {
            broken.push(format!("{} ({orphans} rows)", name(constraint)));
        }
    }
    let expected = match asked.len() {
        0 => "every foreign key holds".to_owned(),
        1 => "the one foreign key holds".to_owned(),
        number => format!("every one of {number} foreign keys holds"),
    };
    let told = told(asked.len(), &broken, constraints.len());
    let answer = judge(told, broken.is_empty(), &names(&unvalidated), not_valid);
    let mut warnings = answer.warnings.clone();
    if !unenforced.is_empty() {
        warnings.push(format!("not enforced, so not asked: {}", words::list(&names(&unenforced))));
    }
    // Nothing is broken where nothing is asked: the check holds, but a person should know.
    if asked.is_empty() {
        let what =
            if constraints.is_empty() { "no foreign key" } else { "no foreign key that could be asked" };
        warnings.push(format!("the database has {what}: nothing was proven"));
    }
    Ok(answer.expecting(expected).with_warnings(warnings))
}

fn told(asked: usize, broken: &[String], all: usize) -> String {
    match (broken.len(), asked) {
        (0, 0) if all == 0 => "there is none".to_owned(),
        (0, 0) => "none could be asked".to_owned(),
        (0, _) => format!("{asked} hold"),
        (number, _) => format!("{number} of {asked} do not hold: {}", words::list(broken)),
    }
}

fn judge(told: String, holds: bool, unvalidated: &[String], not_valid: NotValid) -> Answer {
    let not_asked = format!("NOT VALID: {}", words::list(unvalidated));
    match (unvalidated.is_empty(), not_valid) {
        (true, _) => Answer::judged(holds, told),
        (false, NotValid::Fail) => Answer::failed(format!("{told}; {not_asked}"))
            .with_hint("Validate the constraints in production, or accept them without `not_valid: fail`."),
        (false, NotValid::Warn) => Answer::judged(holds, told).with_warnings(vec![not_asked]),
    }
}

/// Rows that refer to nothing. MATCH SIMPLE lets a row go in which any column is NULL, MATCH FULL only one in which all
/// are. A plain anti join, which the planner can hash; with PERIOD the rows that overlap must cover the referring one
/// together.
fn count_orphans(constraint: &Row) -> String {
    let text = |column| constraint.get::<_, String>(column);
    let columns: Vec<String> = constraint.get("columns");
    let counts: Vec<String> = columns.iter().map(|column| format!("{column} IS NOT NULL")).collect();
    let counts = counts.join(if constraint.get("match_full") { " OR " } else { " AND " });
    let referred = format!("FROM {} AS pk WHERE {}", text("referred"), text("matches"));
    let covers = if constraint.get("has_period") {
        let referred_columns: Vec<String> = constraint.get("referred_columns");
        let (period, periods) = (last(&columns), last(&referred_columns));
        format!(
            "SELECT FROM (SELECT pg_catalog.range_agg({periods}) AS all_of_them {referred}) AS covered \
             WHERE {period} OPERATOR(pg_catalog.<@) covered.all_of_them"
        )
    } else {
        format!("SELECT {referred}")
    };
    format!(
        "SELECT pg_catalog.count(*) FROM {} AS fk WHERE ({counts}) AND NOT EXISTS ({covers})",
        text("referrer"),
    )
}

/// A foreign key has a column.
fn last(columns: &[String]) -> &str {
    columns.last().map_or("", String::as_str)
}

fn name(constraint: &Row) -> String {
    let table = words::safe_pair(constraint.get("schema"), constraint.get("table"));
    format!("{table} {}", words::safe_name(constraint.get("name")))
}

fn names(constraints: &[&Row]) -> Vec<String> {
    constraints.iter().map(|row| name(row)).collect()
}
