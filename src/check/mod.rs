//! Asking a restored database the questions of a drill, and answering with findings.
//!
//! [`ask_all`] takes checks, some connections and a deadline for each check; [`ask()`] is one check on one connection.
//! What the database holds is not trusted: functions, operators and views that came out of a backup run when they are
//! asked. So a check runs
//!
//! - as the role of [`prepare_role_sql`], which reads everything, also behind row-level security, and owns nothing;
//! - in one READ ONLY, REPEATABLE READ transaction with its settings pinned, which is rolled back ([`session`]);
//! - through the extended protocol, which takes one statement at a time;
//! - under a deadline outside the server ([`deadline`]), because a function may switch `statement_timeout` off.
//!
//! What remains is the sandbox's part: a `SECURITY DEFINER` function of a superuser may do in its session whatever a
//! superuser may, within a READ ONLY transaction.
//!
//! A server's error text may hold values of rows. None is passed on: a finding says the SQLSTATE, our own sentence
//! for it, names of objects, and an excerpt of what the drill itself wrote ([`trouble`]).
//!
//! To add a kind: a variant of `CheckBody` and of `CheckKind`, a file here with an `ask` and an `expected`, a line in
//! each match of [`mod@ask`], and tests for passed, failed, missing and invalid in `tests/check/`.

mod answer;
mod ask;
mod deadline;
mod foreign_keys;
mod fresh;
mod relation;
mod role;
mod rows;
mod sequences;
mod session;
mod spelling;
mod sql;
mod tables;
mod trouble;
mod words;

pub use ask::ask;
pub use deadline::ask_all;
pub use role::{CHECK_ROLE, UNSEEN_ROWS, make_role_sql, prepare_role_sql};

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::definition::Check;

/// What checks need to know of their run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The databases that were restored, never none; checks that name none ask the first.
    pub databases: Vec<String>,
    /// Wall clock at the run's offset zero. Rows later than this are from the future.
    pub run_started_at: Timestamp,
    /// The recovery point of a backup that is older on purpose: `fresh` judges ages from here instead.
    pub data_as_of: Option<Timestamp>,
    /// The zone that columns without one are read in, where the drill says it. `None` is an assumption, and proves nothing.
    pub time_zone: Option<TimeZone>,
}

impl Context {
    /// The database of checks that name none.
    pub fn first_database(&self) -> &str {
        self.databases.first().map_or("", String::as_str)
    }

    /// Restored databases that none of these checks asks.
    pub fn unasked(&self, checks: &[Check]) -> Vec<&str> {
        let asked: BTreeSet<&str> =
            checks.iter().map(|check| check.database.as_deref().unwrap_or(self.first_database())).collect();
        self.databases.iter().map(String::as_str).filter(|database| !asked.contains(database)).collect()
    }

    /// Which of several databases a check asks that names none: its author may have meant another.
    fn which_database(&self, check: &Check) -> Option<String> {
        let is_guessed = check.database.is_none() && self.databases.len() > 1;
        let (first, all) = (words::safe_name(self.first_database()), self.databases.len());
        is_guessed.then(|| format!("asked of the database {first}, the first of {all}: the check names none"))
    }
}
