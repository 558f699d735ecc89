//! What a table of contents tells of the database: enough to prepare a sandbox and to judge completeness.

use std::collections::{BTreeMap, BTreeSet};

use super::roles::roles_in;
use super::toc::RawEntry;
use super::tokens::{Token, statements};

/// What a restore of the archive would make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// How the database was created, where the archive says so.
    pub database: Option<DatabaseDefinition>,
    /// The encoding of the archive's texts: `UTF8`.
    pub encoding: Option<String>,
    /// Roles that own something or are granted something.
    pub roles: BTreeSet<String>,
    /// Those of them that own what only a superuser may own: event triggers, foreign data wrappers, publications of all
    /// tables.
    pub superuser_owners: BTreeSet<String>,
    /// Those of them that own subscriptions, which needed a superuser before PostgreSQL 16.
    pub subscription_owners: BTreeSet<String>,
    /// Extensions that the restore creates.
    pub extensions: BTreeSet<String>,
    /// Definitions of any sort: schemas, tables, functions, … but not the database itself.
    pub definitions: u64,
    /// Tables that can hold rows of their own: no partitioned, no foreign ones, no views.
    pub tables: u64,
    /// Tables whose rows are in the archive.
    pub table_data: u64,
    /// Tables that can hold rows and whose rows are not in the archive; at most a hundred names.
    pub tables_without_data: Vec<String>,
    /// Sequences.
    pub sequences: u64,
    /// Sequences whose position is in the archive.
    pub sequence_positions: u64,
    /// Entries that hold large objects.
    pub large_objects: u64,
    /// Entries that hold statistics (since 18).
    pub statistics: u64,
}

/// How the database was created.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatabaseDefinition {
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: Option<String>,
    /// `CREATE DATABASE …`, as the archive holds it.
    pub statement: String,
    /// `UTF8`, `SQL_ASCII`, …
    pub encoding: Option<String>,
    /// `libc`, `icu`, `builtin`; absent before PostgreSQL 15.
    pub locale_provider: Option<String>,
    /// Locale of the operating system for sorting: LOCALE or `LC_COLLATE`.
    pub collate: Option<String>,
    /// Locale of the operating system for characters: LOCALE or `LC_CTYPE`.
    pub ctype: Option<String>,
    /// The locale of the ICU or built-in provider.
    pub provider_locale: Option<String>,
}

impl Contents {
    /// Whether it defines anything beside the database itself.
    pub fn has_schema(&self) -> bool {
        self.definitions > 0
    }

    /// Whether it holds rows, positions of sequences or large objects.
    pub fn has_data(&self) -> bool {
        self.table_data + self.sequence_positions + self.large_objects > 0
    }
}

/// Folds entries, one by one.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    contents: Contents,
    /// Tables that can hold rows, until their data is met.
    waiting: BTreeSet<(String, String)>,
}

impl Gathering {
    pub(super) fn add(&mut self, entry: &RawEntry) {
        let contents = &mut self.contents;
        if !entry.owner.is_empty() && !entry.owner.starts_with("pg_") {
            contents.roles.insert(entry.owner.clone());
        }
        match entry.description.as_str() {
            "ENCODING" => contents.encoding = quoted_value(&entry.definition),
            "DATABASE" => contents.database = database(entry),
            "DATABASE PROPERTIES" => contents.roles.extend(roles_in(&entry.definition).needed),
            "TABLE DATA" => {
                contents.table_data += 1;
                self.waiting.remove(&(entry.namespace.clone(), entry.tag.clone()));
            }
            "SEQUENCE SET" => contents.sequence_positions += 1,
            "BLOBS" | "LARGE OBJECTS" => contents.large_objects += 1,
            "STATISTICS DATA" => contents.statistics += 1,
            "STDSTRINGS" | "SEARCHPATH" | "MATERIALIZED VIEW DATA" => {}
            description => self.define(description, entry),
        }
    }

    fn define(&mut self, description: &str, entry: &RawEntry) {
        let contents = &mut self.contents;
        // Comments and privileges follow the objects that they are of; a large object's are no schema.
        if !entry.tag.starts_with("LARGE OBJECT")
            && !description.starts_with("BLOB")
            && !of_the_database(entry)
        {
            contents.definitions += 1;
        }
        match description {
            "TABLE" if holds_rows(entry) => {
                contents.tables += 1;
                self.waiting.insert((entry.namespace.clone(), entry.tag.clone()));
            }
            "SEQUENCE" => contents.sequences += 1,
            "EXTENSION" => contents.extensions.extend([entry.tag.clone()]),
            "ACL" | "DEFAULT ACL" | "POLICY" | "ROW SECURITY" | "USER MAPPING" => {
                contents.roles.extend(roles_in(&entry.definition).needed);
            }
            "SUBSCRIPTION" if !entry.owner.is_empty() => {
                contents.subscription_owners.extend([entry.owner.clone()]);
            }
            _ if needs_superuser(entry) => contents.superuser_owners.extend([entry.owner.clone()]),
            _ => {}
        }
    }

    pub(super) fn finish(self) -> Contents {
        let mut contents = self.contents;
        contents.tables_without_data =
            self.waiting.into_iter().take(100).map(|(schema, table)| format!("{schema}.{table}")).collect();
        contents
    }
}

fn needs_superuser(entry: &RawEntry) -> bool {
    let always = ["EVENT TRIGGER", "FOREIGN DATA WRAPPER"].contains(&entry.description.as_str());
    let all_tables = entry.description == "PUBLICATION" && entry.definition.contains(" ALL TABLES");
    (always || all_tables) && !entry.owner.is_empty()
}

/// A partitioned table holds no rows of its own. Since 1.16 the archive says what a table is; before, its definition does.
fn holds_rows(entry: &RawEntry) -> bool {
    match entry.relation_kind {
        Some(kind) => kind == 'r',
        None => !entry.definition.contains("\nPARTITION BY "),
    }
}

/// The comment on the database, and what is granted on it.
fn of_the_database(entry: &RawEntry) -> bool {
    entry.tag.starts_with("DATABASE ")
        && matches!(entry.description.as_str(), "ACL" | "COMMENT" | "SECURITY LABEL")
}

fn quoted_value(definition: &str) -> Option<String> {
    statements(definition).into_iter().flatten().find_map(|token| match token {
        Token::Text(text) => Some(text),
        _ => None,
    })
}

/// `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'de_DE.UTF-8';`
fn database(entry: &RawEntry) -> Option<DatabaseDefinition> {
    let tokens = statements(&entry.definition).into_iter().next()?;
    let options: BTreeMap<&str, &str> = tokens.windows(3).filter_map(option).collect();
    let option = |name: &str| options.get(name).map(|value| (*value).to_owned());
    Some(DatabaseDefinition {
        name: entry.tag.clone(),
        owner: Some(entry.owner.clone()).filter(|owner| !owner.is_empty()),
        statement: entry.definition.trim().to_owned(),
        encoding: option("encoding"),
        locale_provider: option("locale_provider"),
        collate: option("lc_collate").or_else(|| option("locale")),
        ctype: option("lc_ctype").or_else(|| option("locale")),
        provider_locale: option("icu_locale").or_else(|| option("builtin_locale")),
    })
}

fn option(window: &[Token]) -> Option<(&str, &str)> {
    match window {
        [
            Token::Word(name),
            Token::Symbol('='),
            Token::Word(value) | Token::Text(value) | Token::Quoted(value),
        ] => Some((name, value)),
        _ => None,
    }
}
