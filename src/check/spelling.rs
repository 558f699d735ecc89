//! "Did you mean": the nearest name that is there.

use super::session::Session;
use super::trouble::Trouble;
use super::words::{safe_name, safe_pair};

const TABLES: &str = "\
SELECT schema.nspname, relation.relname
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE relation.relkind IN ('r', 'p', 'v', 'm', 'f') AND schema.nspname NOT LIKE 'pg\\_%'
  AND schema.nspname <> 'information_schema'
ORDER BY 1, 2 LIMIT 20000";

const COLUMNS: &str = "\
SELECT DISTINCT attribute.attname
FROM pg_catalog.pg_attribute AS attribute
JOIN pg_catalog.pg_class AS relation ON relation.oid = attribute.attrelid
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relation.relnamespace
WHERE attribute.attnum > 0 AND NOT attribute.attisdropped AND relation.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND schema.nspname NOT LIKE 'pg\\_%' AND schema.nspname <> 'information_schema'
  AND ($1::text IS NULL OR (schema.nspname = $1::text AND relation.relname = $2::text))
ORDER BY 1 LIMIT 20000";

const LOST: &str = "The backup may have lost it";

/// A sentence on a missing table, `schema.table` or `table` as the drill wrote it.
pub(super) async fn table_hint(session: &Session<'_>, missing: &str) -> Result<String, Trouble> {
    let rows = session.rows(TABLES, &[]).await?;
    if rows.is_empty() {
        return Ok(format!("{LOST}; there is no table at all."));
    }
    let names: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let wanted = missing.rsplit('.').next().unwrap_or(missing);
    let elsewhere = names.iter().find(|(_, table)| table == wanted);
    let near = || {
        nearest(missing, names.iter().map(|(schema, table)| format!("{schema}.{table}"))).or_else(|| {
            nearest(
                &format!("public.{missing}"),
                names.iter().map(|(schema, table)| format!("{schema}.{table}")),
            )
        })
    };
    Ok(
        match elsewhere
            .map(|(schema, table)| safe_pair(schema, table))
            .or_else(|| near().map(|name| safe_name(&name)))
        {
            Some(name) => format!("{LOST}, or it is meant as {name}."),
            None => format!("{LOST}; no table has a similar name."),
        },
    )
}

/// A sentence on a missing column; of one table where it is known.
pub(super) async fn column_hint(
    session: &Session<'_>,
    table: Option<(&str, &str)>,
    missing: &str,
) -> Result<String, Trouble> {
    let (schema, table) = table.unzip();
    let rows = session.rows(COLUMNS, &[&schema, &table]).await?;
    Ok(match nearest(missing, rows.iter().map(|row| row.get::<_, String>(0))) {
        Some(name) => format!("{LOST}, or it is meant as {}.", safe_name(&name)),
        None => format!("{LOST}; no column has a similar name."),
    })
}

/// The nearest by edits, where not more than a third of the name would have to be edited.
fn nearest(wanted: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let limit = (wanted.chars().count() / 3).clamp(1, 5);
    names
        .map(|name| (strsim::damerau_levenshtein(&wanted.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(edits, _)| *edits <= limit)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_offered() {
        let names = || ["public.orders", "public.payments"].map(str::to_owned).into_iter();
        assert_eq!(nearest("public.ordres", names()).as_deref(), Some("public.orders"));
        assert_eq!(nearest("PUBLIC.ORDERS", names()).as_deref(), Some("public.orders"));
        assert_eq!(nearest("public.customers_archive", names()), None);
    }
}
