//! Dump: `pg_dump` in a container of its own, until it has drawn the database or said why not.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

use super::super::emit::Story;
use super::super::halt::Halt;
use super::super::one_shot::run_to_end;
use super::stand_up::note;
use crate::database::postgres::redact::redact;
use crate::engine::Engine;
use crate::model::{Phase, Reason};
use crate::record::{Journal, words};
use crate::sandbox::dump_client::{self, DumpClient, Server};

/// How long a server may refuse the password that it was just given.
pub(super) const NEW_PASSWORD: Duration = Duration::from_mins(2);
/// Between two looks at the archive's size.
const BEAT: Duration = Duration::from_secs(1);
/// Between two tries at a password: the engine's memory of how the last try ended must be over.
const AGAIN: Duration = Duration::from_secs(3);

/// A server may refuse a password for some seconds after RDS has said that it is set. Returns what `pg_dump` said.
pub(super) async fn dump_when_let_in<J: Journal>(
    engine: &Engine,
    client: &DumpClient,
    password: &SecretString,
    story: &Story<'_, J>,
) -> Result<String, Halt> {
    let begun = Instant::now();
    loop {
        let (exit_code, said) = tokio::select! {
            dumped = dump(engine, client, password) => dumped?,
            never = tell_size(&client.archive, story) => never,
        };
        if exit_code == Some(0) {
            return Ok(said);
        }
        if !said.contains("password authentication failed") || begun.elapsed() >= NEW_PASSWORD {
            return Err(explained(exit_code, &said));
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Tells how large the archive has become, until it is not asked any more.
async fn tell_size<T, J: Journal>(archive: &(PathBuf, String), story: &Story<'_, J>) -> T {
    loop {
        tokio::time::sleep(BEAT).await;
        let size = std::fs::metadata(archive.0.join(&archive.1)).map_or(0, |metadata| metadata.len());
        note(Phase::Fetch, story, format!("drawing the database: {} so far", words::bytes(size)));
    }
}

/// One try: its exit code, and the end of what it said.
async fn dump(
    engine: &Engine,
    client: &DumpClient,
    password: &SecretString,
) -> Result<(Option<i64>, String), Halt> {
    let line: SecretString = Server::password_line(password.expose_secret()).into();
    let (exit_code, said) = run_to_end(engine, &dump_client::container(client), Some(&line)).await?;
    Ok((Some(exit_code), String::from_utf8_lossy(&said).into_owned()))
}

/// Why `pg_dump` failed, by its own and the server's messages: a query that it quotes holds names of tables, which mean
/// nothing. Its messages hold names; a value between quotation marks is redacted.
fn explained(exit_code: Option<i64>, said: &str) -> Halt {
    let code =
        exit_code.map_or_else(|| "an unknown exit code".to_owned(), |code| format!("exit code {code}"));
    let quoted = |line: &&str| ["query was:", "command was:"].iter().any(|q| line.to_lowercase().contains(q));
    let lines: Vec<&str> = said.lines().filter(|line| !quoted(line)).collect();
    let of_server = |line: &&&str| line.contains("ERROR:") || line.contains("FATAL:");
    let last = lines.iter().rfind(of_server).or_else(|| lines.iter().rfind(|line| line.contains("error:")));
    let last = last.or(lines.last()).copied().unwrap_or("nothing was said").trim();
    let has = |words: &[&str]| words.iter().any(|word| lines.iter().any(|line| line.contains(word)));
    let (reason, hint) = if has(&["permission denied", "row-level security"]) {
        (
            Reason::SourceDenied,
            "let the master user read everything: GRANT pg_read_all_data, and BYPASSRLS where rows are hidden",
        )
    } else if has(&["authentication failed", "no pg_hba.conf entry"]) {
        (Reason::SourceDenied, "look at the instance's log in RDS: the password that was set is not taken")
    } else if has(&["certificate verify failed", "does not match host name", "SSL error"]) {
        (Reason::SourceUnreachable, "give `database.ca` the authorities of RDS, AWS's global-bundle.pem")
    } else if has(&[
        "could not translate host",
        "Connection refused",
        "timeout expired",
        "unreachable",
        "timed out",
    ]) {
        (
            Reason::SourceUnreachable,
            "let the engine's machine in by the security group, or give `database.address` a tunnel",
        )
    } else if has(&["could not write to", "could not close"]) && has(&["No space left"]) {
        (Reason::DiskFull, "free space below `state` of drillyard.yaml: the archive is staged there")
    } else if has(&["server version mismatch"]) {
        (
            Reason::Version,
            "run docker/prepare: the image of the snapshot's major version is older than the server",
        )
    } else if has(&["no pg_dump in this image"]) {
        (Reason::ImageWrong, "run docker/prepare")
    } else {
        (Reason::RdsFailed, "look at the instance's log in RDS")
    };
    let last = redact("-----", last);
    Halt::new(reason, format!("pg_dump of the temporary instance ended with {code}: {last}")).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c20_what_pg_dump_says_becomes_a_reason() {
        for (said, reason) in [
            (
                "pg_dump: error: connection to server at \"x\" failed: Connection refused",
                Reason::SourceUnreachable,
            ),
            ("pg_dump: error: could not translate host name \"x\" to address", Reason::SourceUnreachable),
            ("pg_dump: error: SSL error: certificate verify failed", Reason::SourceUnreachable),
            ("pg_dump: error: query failed: ERROR:  permission denied for table a", Reason::SourceDenied),
            (
                "pg_dump: error: query failed: ERROR:  permission denied\npg_dump: detail: Query was: LOCK TABLE public.\"Connection refused\"",
                Reason::SourceDenied,
            ),
            ("pg_dump: error: query failed: SSL SYSCALL error: EOF detected", Reason::RdsFailed),
            (
                "pg_dump: error: query failed: ERROR:  could not extend file: No space left on device",
                Reason::RdsFailed,
            ),
            ("pg_dump: error: could not write to output file: No space left on device", Reason::DiskFull),
            ("pg_dump: error: aborting because of server version mismatch", Reason::Version),
            ("", Reason::RdsFailed),
        ] {
            let halt = explained(Some(1), said);
            assert_eq!(halt.0.reason, reason, "{said}");
            assert!(halt.0.hint.is_some());
        }
    }
}
