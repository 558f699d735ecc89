//! Checks as values: what is asked, what is expected, the sentence that says so.

use std::fmt;
use std::time::Duration;

use crate::model::CheckKind;

/// A check of a drill.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Its own name, or one made from its values: `rows public.orders`. Unique in its drill.
    pub name: String,
    /// What is asked and expected.
    pub body: CheckBody,
    /// The longest that it may take; 5 minutes by default.
    pub timeout: Duration,
    /// The database that it asks; the first restored by default.
    pub database: Option<String>,
    /// Whether values of rows may leave the sandbox in this check's finding.
    pub show_values: bool,
}

impl Check {
    /// Its kind.
    pub fn kind(&self) -> CheckKind {
        match self.body {
            CheckBody::Rows { .. } => CheckKind::Rows,
            CheckBody::Fresh { .. } => CheckKind::Fresh,
            CheckBody::Sql { .. } => CheckKind::Sql,
            CheckBody::Tables { .. } => CheckKind::Tables,
            CheckBody::ForeignKeys { .. } => CheckKind::ForeignKeys,
            CheckBody::Sequences => CheckKind::Sequences,
        }
    }
}

/// What is asked and expected.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckBody {
    /// Number of rows of a table, possibly of those that fulfil a condition.
    Rows {
        /// The table.
        table: TableName,
        /// SQL condition.
        condition: Option<String>,
        /// Expected number.
        bounds: Bounds,
    },
    /// Age of the newest row that is not from the future.
    Fresh {
        /// The table.
        table: TableName,
        /// A column of a date or timestamp type.
        column: String,
        /// Largest age.
        within: Duration,
    },
    /// One statement that yields one value.
    Sql {
        /// The statement.
        query: String,
        /// What it must yield.
        expectation: SqlExpectation,
    },
    /// Number of user tables, and named ones.
    Tables {
        /// Expected number.
        count: Option<Bounds>,
        /// Must be there.
        present: Vec<TableName>,
    },
    /// Every validated foreign key holds on the data.
    ForeignKeys {
        /// What a NOT VALID constraint means.
        not_valid: NotValid,
    },
    /// No sequence is behind the column that it feeds.
    Sequences,
}

/// What a NOT VALID constraint means for `foreign_keys`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NotValid {
    /// A warning.
    #[default]
    Warn,
    /// A failure.
    Fail,
}

/// What a statement must yield: exactly one row of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlExpectation {
    /// A number within bounds.
    Number(NumberBounds),
    /// This text.
    Text(String),
    /// This truth value.
    Boolean(bool),
}

/// Bounds on a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Smallest acceptable.
    pub at_least: Option<u64>,
    /// Largest acceptable.
    pub at_most: Option<u64>,
}

impl Bounds {
    /// Whether a count is acceptable.
    pub fn hold(self, count: u64) -> bool {
        self.at_least.is_none_or(|least| count >= least) && self.at_most.is_none_or(|most| count <= most)
    }
}

/// As the record's `expected` prints it: `>= 1000`, `<= 5`, `= 7`, `7..9`.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (Some(least), Some(most)) if least == most => write!(f, "= {least}"),
            (Some(least), Some(most)) => write!(f, "{least}..{most}"),
            (Some(least), None) => write!(f, ">= {least}"),
            (None, Some(most)) => write!(f, "<= {most}"),
            (None, None) => f.write_str("any"),
        }
    }
}

/// Bounds on a number as the drill wrote them; compared by the server as `numeric`, so that nothing is rounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberBounds {
    /// Smallest acceptable, a decimal number as written without underscores.
    pub at_least: Option<String>,
    /// Largest acceptable.
    pub at_most: Option<String>,
}

/// A table's name: schema and table, without quotes. `orders` alone means `public.orders`; parts with a dot or quotes
/// are written in double quotes as in SQL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// The schema, unquoted.
    pub schema: String,
    /// The table, unquoted.
    pub table: String,
}

impl TableName {
    /// Reads `orders`, `public.orders`, `"My Schema"."Orders"`. Without quotes a part is taken as it is written, capital
    /// letters included; it may hold neither dots nor spaces nor quotes. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, rest) = identifier(text)?;
        match rest.strip_prefix('.') {
            None if rest.is_empty() => Some(Self { schema: "public".to_owned(), table: first }),
            None => None,
            Some(second) => match identifier(second)? {
                (table, "") => Some(Self { schema: first, table }),
                _ => None,
            },
        }
    }

    /// Quoted for SQL: `"public"."orders"`.
    pub fn quoted(&self) -> String {
        format!("{}.{}", quote_identifier(&self.schema), quote_identifier(&self.table))
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

/// The parts of a name of any length, unquoted; `None` where one is no identifier.
pub(super) fn name_parts(text: &str) -> Option<Vec<String>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    loop {
        let (part, behind) = identifier(rest)?;
        parts.push(part);
        match behind.strip_prefix('.') {
            Some(next) => rest = next,
            None => return behind.is_empty().then_some(parts),
        }
    }
}

/// The identifier that a text begins with, unquoted, and what follows it. PostgreSQL cuts identifiers at 63 bytes.
fn identifier(text: &str) -> Option<(String, &str)> {
    let (name, rest) = match text.strip_prefix('"') {
        None => {
            let (word, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
            let plain = word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
            plain.then(|| (word.to_owned(), rest))?
        }
        Some(quoted) => {
            let end = closing_quote(quoted)?;
            (quoted[..end].replace("\"\"", "\""), &quoted[end + 1..])
        }
    };
    let valid = !name.is_empty() && name.len() <= 63 && !name.contains(char::is_control);
    valid.then_some((name, rest))
}

/// The first quote that is not doubled.
fn closing_quote(quoted: &str) -> Option<usize> {
    let mut marks = quoted.match_indices('"').map(|(at, _)| at).peekable();
    while let Some(at) = marks.next() {
        if marks.next_if_eq(&(at + 1)).is_none() {
            return Some(at);
        }
    }
    None
}

/// An identifier in double quotes, as SQL wants it.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named_as_in_sql() {
        let read = |text| TableName::parse(text).map(|name| (name.schema, name.table));
        let name = |schema: &str, table: &str| Some((schema.to_owned(), table.to_owned()));
        assert_eq!(read("orders"), name("public", "orders"));
        assert_eq!(read("sales.Orders_2"), name("sales", "Orders_2"));
        assert_eq!(read(r#""My Schema"."a.b""#), name("My Schema", "a.b"));
        assert_eq!(read(r#""say ""hi""""#), name("public", r#"say "hi""#));
        assert_eq!(read(r#"sales."ö""#), name("sales", "ö"));
        for bad in
            ["", ".", "a.", ".a", "a.b.c", "a b", "\"a", "\"\"", "\"a\"b", "a;drop", "a--", &"x".repeat(64)]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
