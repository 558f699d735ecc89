//! `foreign_keys`: every validated foreign key holds on the data. A restore can leave a constraint in the catalog that
//! its rows break: triggers were off, or rows were lost afterwards.

use tokio_postgres::Row;

use super::answer::Answer;
use super::session::Session;
use super::trouble::Trouble;
use super::words;
use crate::definition::NotValid;

/// Constraints of their own: those that a partition has by its parent are asked there. Conditions are written by the
/// server, with the constraint's own operators, casts and collations, as PostgreSQL's own check does; a type without a
/// cast is polymorphic. Foreign keys with PERIOD (PostgreSQL 18) compare ranges in another way.
const CONSTRAINTS: &str = "\
SELECT con.conname AS name,
       referrer_schema.nspname AS schema, referrer.relname AS table,
       con.convalidated AS validated,
       coalesce(to_jsonb(con) ->> 'conperiod', 'false') = 'true' AS has_period,
       con.confmatchtype = 'f' AS match_full,
       CASE referrer.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END
           || format('%I.%I', referrer_schema.nspname, referrer.relname) AS referrer,
       CASE referred.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END
           || format('%I.%I', referred_schema.nspname, referred.relname) AS referred,
       pairs.columns, pairs.matches
FROM pg_catalog.pg_constraint AS con
JOIN pg_catalog.pg_class AS referrer ON referrer.oid = con.conrelid
JOIN pg_catalog.pg_namespace AS referrer_schema ON referrer_schema.oid = referrer.relnamespace
JOIN pg_catalog.pg_class AS referred ON referred.oid = con.confrelid
JOIN pg_catalog.pg_namespace AS referred_schema ON referred_schema.oid = referred.relnamespace
CROSS JOIN LATERAL (
    SELECT array_agg(format('fk.%I', fk.attname) ORDER BY place) AS columns,
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
    let (validated, unvalidated): (Vec<_>, Vec<_>) =
        constraints.iter().partition(|row| row.get::<_, bool>("validated"));
    let (with_period, asked): (Vec<_>, Vec<_>) =
        validated.into_iter().partition(|row| row.get::<_, bool>("has_period"));

    let mut broken = vec![];
    for constraint in &asked {
        let orphans: i64 = session.row(&count_orphans(constraint), &[]).await?.get(0);
        if orphans > 0 {
            broken.push(format!("{} ({orphans} rows)", name(constraint)));
        }
    }
    let expected = match asked.len() {
        1 => "the one foreign key holds".to_owned(),
        number => format!("every one of {number} foreign keys holds"),
    };
    let answer = judge(asked.len(), &broken, &names(&unvalidated), not_valid);
    let mut warnings = answer.warnings.clone();
    if !with_period.is_empty() {
        warnings
            .push(format!("not asked, because they have a PERIOD: {}", words::list(&names(&with_period))));
    }
    Ok(answer.expecting(expected).with_warnings(warnings))
}

fn judge(asked: usize, broken: &[String], unvalidated: &[String], not_valid: NotValid) -> Answer {
    let held = asked - broken.len();
    let not_asked = format!("NOT VALID: {}", words::list(unvalidated));
    let told = match (broken.is_empty(), asked) {
        (true, 0) => "there is none".to_owned(),
        (true, _) => format!("{held} hold"),
        (false, _) => format!("{} of {asked} do not hold: {}", broken.len(), words::list(broken)),
    };
    match (unvalidated.is_empty(), not_valid) {
        (false, NotValid::Fail) => Answer::failed(format!("{told}; {not_asked}"))
            .with_hint("Validate the constraints in production, or accept them without `not_valid: fail`."),
        (false, NotValid::Warn) => Answer::judged(broken.is_empty(), told).with_warnings(vec![not_asked]),
        // Nothing is broken where nothing is: the check holds, but a person should know.
        (true, _) if asked == 0 => Answer::passed(told)
            .with_warnings(vec!["the database has no foreign key: nothing was proven".to_owned()]),
        (true, _) => Answer::judged(broken.is_empty(), told),
    }
}

/// Rows that refer to nothing. MATCH SIMPLE lets a row go in which any column is NULL, MATCH FULL only one in which all
/// are. A plain anti join, which the planner can hash.
fn count_orphans(constraint: &Row) -> String {
    let text = |column| constraint.get::<_, String>(column);
    let columns: Vec<String> = constraint.get("columns");
    let counts: Vec<String> = columns.iter().map(|column| format!("{column} IS NOT NULL")).collect();
    let counts = counts.join(if constraint.get("match_full") { " OR " } else { " AND " });
    format!(
        "SELECT pg_catalog.count(*) FROM {} AS fk WHERE ({counts}) \
         AND NOT EXISTS (SELECT FROM {} AS pk WHERE {})",
        text("referrer"),
        text("referred"),
        text("matches"),
    )
}

fn name(constraint: &Row) -> String {
    let table = words::safe_pair(constraint.get("schema"), constraint.get("table"));
    format!("{table} {}", words::safe_name(constraint.get("name")))
}

fn names(constraints: &[&Row]) -> Vec<String> {
    constraints.iter().map(|row| name(row)).collect()
}
