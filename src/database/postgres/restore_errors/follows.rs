//! Which errors follow from an earlier one, so that a record tells the root and is not drowned. An error that follows
//! never stands without its root.

use std::collections::HashMap;

use super::{Met, cause, sandbox_made};
use crate::database::postgres::transcript::ClientFailure;
use crate::model::Reason;

/// The most names that are remembered.
const MOST_NAMES: usize = 20_000;

/// What has failed so far.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The client failed by itself and took its sessions along.
    client_ended: Option<String>,
    /// The sandbox is broken from here on: nothing that comes later proves anything against the backup.
    broken: Option<String>,
    /// A part of the sandbox is missing: whatever does not exist later may be of it.
    incomplete: Option<String>,
    /// Rows were lost by this.
    rows_lost: Option<String>,
    /// Bare names of objects whose making failed, with their roots.
    names: HashMap<String, String>,
    /// The last root.
    last: Option<String>,
}

impl History {
    pub(super) fn new(failure: Option<&ClientFailure>) -> Self {
        let ended = failure.filter(|failure| failure.ends_sessions());
        Self { client_ended: ended.map(|_| "the end of the client".to_owned()), ..Self::default() }
    }

    /// The root that an error follows from, as a record names it.
    pub(super) fn root_of(&self, met: &Met, reason: Reason) -> Option<String> {
        if let Some(ended) = self.client_ended.as_ref().filter(|_| lost_with_client(met)) {
            return Some(ended.clone());
        }
        if let Some(broken) = &self.broken {
            return Some(broken.clone());
        }
        if sandbox_made(reason) {
            return None;
        }
        match met.sqlstate.as_str() {
            "25P02" => self.last.clone(),
            "42P01" | "42704" | "42883" | "3F000" | "3D000" | "42703" | "42830" | "42P10"
                if !is_role(&met.message) =>
            {
                let missing =
                    met.message.contains(" does not exist") && !met.message.starts_with("large object");
                self.named(&met.message).or_else(|| self.incomplete.clone().filter(|_| missing))
            }
            "23503" => self.rows_lost.clone(),
            _ => None,
        }
    }

    /// Remembers a root.
    pub(super) fn failed(&mut self, met: &Met, reason: Reason) {
        let label = label(met);
        match reason {
            Reason::DiskFull | Reason::SandboxOutOfMemory | Reason::SandboxLost => {
                self.broken.get_or_insert_with(|| label.clone());
            }
            Reason::ExtensionMissing | Reason::LocaleMissing => {
                self.incomplete.get_or_insert_with(|| label.clone());
            }
            // What the sandbox's version can't make.
            Reason::Version if met.sqlstate == cause::SYNTAX => {
                self.incomplete.get_or_insert_with(|| label.clone());
            }
            _ => {}
        }
        if met.object.starts_with("TABLE DATA")
            || ["22", "23"].iter().any(|class| met.sqlstate.starts_with(class))
        {
            self.rows_lost.get_or_insert_with(|| label.clone());
        }
        self.remember(met, &label);
        self.last = Some(label);
    }

    /// Remembers an error that follows: more may follow from it, and their root is the same.
    pub(super) fn followed(&mut self, met: &Met, root: &str) {
        self.remember(met, root);
    }

    fn remember(&mut self, met: &Met, root: &str) {
        if self.names.len() >= MOST_NAMES {
            return;
        }
        let key = made(&met.object);
        let constraint = unique_index(&met.message);
        for name in key.into_iter().chain(constraint) {
            self.names.entry(name.to_owned()).or_insert_with(|| root.to_owned());
        }
    }

    /// The root of an object that the message names, quoted or as a function.
    fn named(&self, message: &str) -> Option<String> {
        let function = message.strip_prefix("function ").and_then(|rest| rest.split('(').next());
        let mut names = message.split('"').skip(1).step_by(2).chain(function).map(bare);
        names.find_map(|name| self.names.get(name).or_else(|| self.index_of(message, name))).cloned()
    }

    /// A foreign key misses the unique index of the table that it references. The index is named after the table.
    fn index_of(&self, message: &str, table: &str) -> Option<&String> {
        if !message.starts_with("there is no unique constraint matching given keys") {
            return None;
        }
        let of_table = |name: &&String| name.strip_prefix(table).is_some_and(|rest| rest.starts_with('_'));
        let mut found: Vec<&String> = self.names.keys().filter(of_table).collect();
        found.sort();
        found.first().and_then(|name| self.names.get(*name))
    }
}

/// How a record names a root: by its object, else by its SQLSTATE.
fn label(met: &Met) -> String {
    if met.object.is_empty() { format!("an error {}", met.sqlstate) } else { met.object.clone() }
}

/// Errors that the server tells when a client goes away.
fn lost_with_client(met: &Met) -> bool {
    let cancelled = met.sqlstate == "57014" && met.message == "canceling statement due to user request";
    cancelled || cause::lost_client(&met.message)
}

fn is_role(message: &str) -> bool {
    message.starts_with("role \"")
}

/// The bare name of the object that was to be made, but for entries that make nothing.
fn made(object: &str) -> Option<&str> {
    const MAKES_NOTHING: [&str; 6] = ["line ", "ACL ", "COMMENT ", "TABLE DATA ", "SEQUENCE SET ", "SET "];
    if MAKES_NOTHING.iter().any(|kind| object.starts_with(kind)) {
        return None;
    }
    let name = object.split('(').next().unwrap_or(object).trim_end();
    name.rsplit(' ').next().map(bare).filter(|name| !name.is_empty())
}

fn unique_index(message: &str) -> Option<&str> {
    message.strip_prefix("could not create unique index \"").and_then(|rest| rest.split('"').next())
}

/// A name without its schema and quotes.
fn bare(name: &str) -> &str {
    let name = name.trim_matches('"');
    name.rsplit('.').next().unwrap_or(name).trim_matches('"')
}
