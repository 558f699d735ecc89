//! What the server refuses, in our own words: its text may hold values of rows, so none of it is passed on.

use tokio_postgres::Client;
use tokio_postgres::error::{DbError, ErrorPosition};

use super::answer::Answer;
use super::session::Session;
use super::spelling;
use super::words;
use crate::definition::Check;
use crate::model::Reason;

/// Why a check ended before its judgement.
pub(super) enum Trouble {
    /// There is nothing left to ask.
    Settled(Answer),
    /// The server refused, or the connection ended.
    Server {
        error: tokio_postgres::Error,
        /// The drill's own part of the statement, which may be quoted.
        own: Option<OwnText>,
    },
}

/// Text of the drill's own inside a statement of ours.
pub(super) struct OwnText {
    pub text: String,
    /// Characters of the statement before it.
    pub starts_at: usize,
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server { error, own: None }
    }
}

impl Trouble {
    /// Whether the server objects to the statement itself, not to what it met when it ran.
    pub(super) fn is_syntax(&self) -> bool {
        matches!(self, Self::Server { error, .. } if error.code().is_some_and(|code| matches!(&code.code()[..2], "42" | "0A")))
    }

    /// Asks the catalog once more where an object is missing, for the nearest name.
    pub(super) async fn into_answer(self, check: &Check, client: &Client) -> Answer {
        let (error, own) = match self {
            Self::Settled(answer) => return answer,
            Self::Server { error, own } => (error, own),
        };
        let Some(refused) = error.as_db_error() else {
            return Answer::errored(Reason::SandboxLost, "the connection to the sandbox ended");
        };
        let place = own.as_ref().and_then(|own| own.place(refused));
        match refused.code().code() {
            // PostgreSQL gives an alias that is not in FROM the same code: that is the query's own fault.
            "42P01" | "42703" | "3F000" if refused.routine() != Some("errorMissingRTE") => {
                missing(check, client, refused.code().code(), place).await
            }
            "57014" | "25P04" => timed_out(check),
            _ => classify(refused, place),
        }
    }
}

/// The check did not end in time.
pub(super) fn timed_out(check: &Check) -> Answer {
    let limit = words::age(check.timeout.as_secs_f64());
    Answer::errored(Reason::Timeout, format!("no answer within {limit}"))
        .with_hint("Give the check a larger `timeout`, or a cheaper question.")
}

async fn missing(check: &Check, client: &Client, sqlstate: &str, place: Option<Place<'_>>) -> Answer {
    let what = if sqlstate == "42703" { "a column" } else { "a table or schema" };
    let Some(name) = place.map(Place::name).filter(|name| !name.is_empty()) else {
        return Answer::missing(format!("{what} that it asks for is not there (SQLSTATE {sqlstate})"))
            .with_hint("The backup may have lost it.");
    };
    let hint = async {
        let session = Session::reopen(client, check.timeout).await?;
        match sqlstate {
            "42703" => spelling::column_hint(&session, None, name.rsplit('.').next().unwrap_or(&name)).await,
            _ => spelling::table_hint(&session, &name).await,
        }
    };
    let answer = Answer::missing(format!("{name} is not there"));
    // Without a hint the finding stands all the same.
    match hint.await {
        Ok(hint) => answer.with_hint(hint),
        Err(_) => answer,
    }
}

fn classify(refused: &DbError, place: Option<Place<'_>>) -> Answer {
    let sqlstate = refused.code().code();
    let unreadable = || {
        Answer::failed(format!("the data cannot be read (SQLSTATE {sqlstate})"))
            .with_hint("Pages, indexes or files of the restored database are damaged.")
    };
    match sqlstate {
        // The same code for a lost file of a table and for the library of a function.
        "58P01" if refused.file() == Some("dfmgr.c") => Answer::errored(
            Reason::ExtensionMissing,
            "the library of a function is not in the sandbox's image",
        ),
        "XX001" | "XX002" | "58P01" => unreadable(),
        "53200" if refused.file() == Some("lock.c") => {
            Answer::errored(Reason::SandboxOutOfMemory, "it needs more locks than the server has room for")
                .with_hint("Raise max_locks_per_transaction in `restore.settings`.")
        }
        "53200" => {
            Answer::errored(Reason::SandboxOutOfMemory, "the server ran out of memory (SQLSTATE 53200)")
                .with_hint("Give the sandbox more `memory`.")
        }
        "53100" if refused.file() == Some("dsm_impl.c") => {
            Answer::errored(Reason::SandboxOutOfMemory, "the sandbox's shared memory is used up")
                .with_hint("Give the sandbox more `memory`.")
        }
        "53100" => Answer::errored(Reason::DiskFull, "the sandbox's disk is full (SQLSTATE 53100)")
            .with_hint("Give the sandbox more `disk`."),
        "57P01" | "57P02" | "57P03" | "57P04" | "58030" => {
            Answer::errored(Reason::SandboxLost, format!("the server went away (SQLSTATE {sqlstate})"))
        }
        "53300" | "XX000" => {
            Answer::errored(Reason::Internal, format!("the server refused (SQLSTATE {sqlstate})"))
        }
        _ => {
            let (meaning, hint) = refusal(sqlstate);
            let near = place.map(|place| place.to_string()).unwrap_or_default();
            Answer::invalid(format!("{meaning} (SQLSTATE {sqlstate}){near}"), hint)
        }
    }
}

/// What is wrong with the question, and what to do.
fn refusal(sqlstate: &str) -> (&'static str, &'static str) {
    const REWRITE: &str = "Correct the check's SQL.";
    match sqlstate {
        "42601" => ("not valid SQL, or more than one statement", REWRITE),
        "42883" => (
            "a function or operator that it uses is not there",
            "Cast the arguments, or qualify the name with its schema.",
        ),
        "42501" => (
            "the role for checks may not do that",
            "Checks read tables, views and sequences; they call no restricted function, and on an instance of RDS \
             they see rows behind row-level security only with BYPASSRLS.",
        ),
        "25006" | "25001" => {
            ("it writes", "A check only reads: its transaction is READ ONLY and rolled back.")
        }
        "42804" | "42846" | "42P18" => ("its types do not fit", "Cast the values."),
        "55000" => ("an object that it reads is not ready", "A materialized view may hold no data."),
        _ => match &sqlstate[..sqlstate.len().min(2)] {
            "08" | "HV" => {
                ("it asks another server", "A sandbox reaches nothing: ask for data of this database.")
            }
            "0A" => ("not supported by this server", REWRITE),
            "21" => ("a subquery yields more than one row", REWRITE),
            "22" => ("its values cannot be computed: a division, a cast or a range", REWRITE),
            "23" => ("it breaks a constraint", REWRITE),
            "54" => ("too large for the server", REWRITE),
            "P0" => ("a function that it calls raised an error", "Ask without that function."),
            _ => ("the server refused it", REWRITE),
        },
    }
}

/// Where in the drill's own text.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// Characters from the text's start, from 1.
    at: usize,
    rest: &'a str,
}

impl OwnText {
    fn place(&self, refused: &DbError) -> Option<Place<'_>> {
        let &ErrorPosition::Original(at) = refused.position()? else { return None };
        let at = usize::try_from(at).ok()?.checked_sub(self.starts_at).filter(|at| *at > 0)?;
        let (from, _) = self.text.char_indices().nth(at - 1)?;
        Some(Place { at, rest: &self.text[from..] })
    }
}

impl Place<'_> {
    /// The name that stands there, possibly qualified, without quotes.
    fn name(self) -> String {
        let mut name = String::new();
        let mut quoted = false;
        for c in self.rest.chars() {
            match c {
                '"' => quoted = !quoted,
                _ if quoted => name.push(c),
                '.' | '_' | '$' => name.push(c),
                _ if c.is_alphanumeric() => name.extend(c.to_lowercase()),
                _ => break,
            }
        }
        name
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let excerpt: Vec<&str> = self.rest.split_whitespace().collect();
        let excerpt: String = excerpt.join(" ").chars().take(40).collect();
        write!(f, " at character {}, near `{excerpt}`", self.at)
    }
}
