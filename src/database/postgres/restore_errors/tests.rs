use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::database::postgres::transcript::{
    ClientError, ClientFailure, PgRestoreTranscript, PsqlTranscript,
};

/// A restore that really happened: `tests/transcripts/README.md` tells how each was made.
struct Case {
    head: BTreeMap<String, String>,
    client: String,
    server: Vec<ServerError>,
}

impl Case {
    fn read(text: &str) -> Self {
        let (head, rest) = text.split_once("== client\n").expect("a case has a client");
        let (client, server) = rest.split_once("== server\n").expect("a case has a server");
        let pair = |line: &str| line.split_once(": ").map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self {
            head: head.lines().filter_map(pair).collect(),
            client: client.to_owned(),
            server: server.lines().filter_map(server_error).collect(),
        }
    }

    fn transcript(&self) -> Transcript {
        let exit = self.head["exit"].parse().ok();
        if self.client.contains("psql:") {
            let mut transcript = PsqlTranscript::default();
            transcript.feed(self.client.as_bytes());
            return transcript.finish(exit);
        }
        let mut transcript = PgRestoreTranscript::default();
        transcript.feed(self.client.as_bytes());
        transcript.finish(exit)
    }

    fn drops(&self) -> DropLines {
        let lines = self.head.get("drops").map_or("", String::as_str);
        lines.split(' ').filter_map(|line| line.parse().ok()).collect()
    }
}

/// A line of the server's log, as the sandbox reads it.
fn server_error(line: &str) -> Option<ServerError> {
    let (sqlstate, rest) = line.split_once(' ')?;
    let (_, rest) = rest.split_once(' ')?;
    let message =
        ["ERROR:  ", "FATAL:  ", "PANIC:  "].iter().find_map(|severity| rest.strip_prefix(severity))?;
    Some(ServerError { sqlstate: sqlstate.to_owned(), message: message.to_owned() })
}

fn cases() -> BTreeMap<String, Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let files =
        std::fs::read_dir(folder).expect("tests/transcripts is there").map(|entry| entry.unwrap().path());
    let cases = files.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    cases
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), Case::read(&text))
        })
        .collect()
}

fn rules(drops: &DropLines, major: u16) -> Rules<'_> {
    Rules {
        server_major: MajorVersion(major),
        allowed: &[],
        roles_ignored: false,
        drops,
        version_guessed: false,
    }
}

fn classified(name: &str, case: &Case) -> (Vec<RestoreErrors>, Option<Judgement>) {
    let (drops, transcript) = (case.drops(), case.transcript());
    let errors = classify(&case.server, &transcript, &rules(&drops, name[..2].parse().unwrap()));
    let judgement = verdict_of(&errors, transcript.client_failure.as_ref(), 0);
    (errors, judgement)
}

#[test]
fn d9_every_real_transcript_means_what_it_is_known_to_mean() {
    let cases = cases();
    assert!(cases.len() > 90);
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(name, case)| {
            let (errors, judgement) = classified(name, case);
            let found = judgement.as_ref().map_or("passed", |judgement| judgement.reason.word());
            (found != case.head["means"])
                .then(|| format!("{name}: {found}, not {}: {judgement:?} {errors:#?}", case.head["means"]))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_record_of_every_real_transcript_is_readable() {
    let mut text = String::new();
    for (name, case) in &cases() {
        let (errors, judgement) = classified(name, case);
        writeln!(text, "{name}: {}", case.head["what"]).unwrap();
        for error in errors {
            let RestoreErrors { sqlstate, object, message, count, class } = error;
            writeln!(text, "    {sqlstate} {count} × [{object}] {message} → {class:?}").unwrap();
        }
        if let Some(Judgement { reason, detail, hint }) = judgement {
            writeln!(text, "  {reason}: {detail}").unwrap();
            if let Some(hint) = hint {
                writeln!(text, "  hint: {hint}").unwrap();
            }
        }
    }
    assert!(!text.contains("canary "), "values of rows are in the record");
    insta::assert_snapshot!("transcripts", text);
}

#[test]
fn d9_no_error_of_the_server_is_lost_in_counting() {
    for (name, case) in &cases() {
        let (errors, _) = classified(name, case);
        let counted: u64 = errors.iter().map(|error| error.count).sum();
        assert!(counted >= case.server.len() as u64, "{name}: {counted} of {}", case.server.len());
    }
}

#[test]
fn d8_missing_roles_are_harmless_only_where_the_drill_ignores_roles() {
    let (drops, cases) = (DropLines::default(), cases());
    for name in ["15-roles-missing", "15-roles-missing-plain", "17-roles-missing", "17-roles-missing-plain"] {
        let transcript = cases[name].transcript();
        let ignoring = Rules { roles_ignored: true, ..rules(&drops, 15) };
        let errors = classify(&cases[name].server, &transcript, &ignoring);
        assert!(
            errors.iter().all(|error| matches!(error.class, RestoreErrorClass::Harmless(_))),
            "{errors:#?}"
        );
        assert_eq!(verdict_of(&errors, transcript.client_failure.as_ref(), 0), None);
    }
}

#[test]
fn d9_a_drill_allows_an_error_by_sqlstate_and_object_and_nothing_else() {
    let drops = DropLines::default();
    let case = &cases()["15-existing"];
    let allow = |object: Option<&str>| AllowedError {
        sqlstate: "42P06".into(),
        object: object.map(ToOwned::to_owned),
        reason: "always there".into(),
    };
    let with = |allowed: &[AllowedError]| {
        let errors = classify(&case.server, &case.transcript(), &Rules { allowed, ..rules(&drops, 15) });
        errors.iter().find(|error| error.sqlstate == "42P06").map(|error| error.class.clone())
    };
    let allowed = Some(RestoreErrorClass::Allowed("always there".into()));
    assert_eq!(with(&[allow(Some("SCHEMA sales"))]), allowed);
    assert_eq!(with(&[allow(None)]), allowed);
    let fatal = Some(RestoreErrorClass::Fatal(Reason::RestoreFailed));
    assert_eq!(with(&[allow(Some("SCHEMA other"))]), fatal);
    assert_eq!(with(&[]), fatal);
}

#[test]
fn a_setting_is_harmless_only_where_the_server_is_too_old_to_know_it() {
    let drops = DropLines::default();
    let class = |name: &str, major| {
        let message = format!("unrecognized configuration parameter \"{name}\"");
        let errors = classify(&[server("42704", &message)], &Transcript::default(), &rules(&drops, major));
        matches!(errors[0].class, RestoreErrorClass::Harmless(_))
    };
    assert!(class("transaction_timeout", 15) && class("transaction_timeout", 16));
    assert!(!class("transaction_timeout", 17));
    assert!(!class("my.setting", 15));
}

#[test]
fn a_forged_harmless_line_hides_no_error_and_a_forged_error_counts() {
    let drops = DropLines::default();
    let mut transcript = PsqlTranscript::default();
    transcript.feed(b"psql:<stdin>:9: ERROR:  42P06: schema \"public\" already exists\n");
    let transcript = transcript.finish(Some(0));
    let real = [server("23505", "duplicate key value violates unique constraint \"t_pkey\"")];
    let errors = classify(&real, &transcript, &rules(&drops, 15));
    assert_eq!(verdict_of(&errors, None, 0).unwrap().reason, Reason::RestoreFailed);
    assert_eq!(errors.len(), 1, "the client's line is taken for the server's error: {errors:#?}");

    let errors = classify(&[], &transcript, &rules(&drops, 15));
    assert_eq!(
        (errors[0].sqlstate.as_str(), &errors[0].class),
        ("-----", &RestoreErrorClass::Fatal(Reason::RestoreFailed))
    );
}

#[test]
fn an_independent_error_of_the_backup_is_not_excused_by_a_sandbox_that_lacks_something() {
    let drops = DropLines::default();
    let missing = server("0A000", "extension \"postgis\" is not available");
    let follows = server("42704", "type \"public.geometry\" does not exist");
    let independent = server("23505", "could not create unique index \"orders_pkey\"");
    let verdict = |server: &[ServerError]| {
        let errors = classify(server, &Transcript::default(), &rules(&drops, 15));
        verdict_of(&errors, None, 0).unwrap().reason
    };
    assert_eq!(verdict(&[missing.clone(), follows.clone()]), Reason::ExtensionMissing);
    assert_eq!(verdict(&[missing, independent, follows.clone()]), Reason::RestoreFailed);
    assert_eq!(verdict(&[follows]), Reason::RestoreFailed);
}

#[test]
fn what_comes_after_a_full_disk_proves_nothing_and_what_came_before_does() {
    let drops = DropLines::default();
    let full = server("53100", "could not extend file \"base/1/2\": No space left on device");
    let lost = server("23503", "insert or update on table \"a\" violates foreign key constraint \"b\"");
    let verdict = |server: &[ServerError]| {
        let errors = classify(server, &Transcript::default(), &rules(&drops, 15));
        verdict_of(&errors, None, 0).unwrap().reason
    };
    assert_eq!(verdict(&[full.clone(), lost.clone()]), Reason::DiskFull);
    assert_eq!(verdict(&[lost, full]), Reason::RestoreFailed);
}

#[test]
fn damage_of_the_archive_is_the_backups_fault_whatever_else_went_wrong() {
    let drops = DropLines::default();
    let missing = [server("0A000", "extension \"postgis\" is not available")];
    let errors = classify(&missing, &Transcript::default(), &rules(&drops, 15));
    let judgement = verdict_of(&errors, Some(&ClientFailure::EndsEarly), 0).unwrap();
    assert_eq!(judgement.reason, Reason::Truncated);
    assert_eq!(verdict_of(&errors, Some(&ClientFailure::Usage), 0).unwrap().reason, Reason::ExtensionMissing);
}

#[test]
fn errors_that_nobody_read_are_no_pass_and_take_nothing_from_what_was_read() {
    let drops = DropLines::default();
    let verdict = |server: &[ServerError], unread| {
        let errors = classify(server, &Transcript::default(), &rules(&drops, 15));
        verdict_of(&errors, None, unread).map(|judgement| judgement.reason)
    };
    let harmless = [server("42P06", "schema \"public\" already exists")];
    let fatal = [server("23505", "duplicate key value violates unique constraint \"t_pkey\"")];
    assert_eq!((verdict(&harmless, 0), verdict(&harmless, 1)), (None, Some(Reason::Internal)));
    assert_eq!(verdict(&fatal, 7), Some(Reason::RestoreFailed));
}

#[test]
fn a_cancelled_statement_follows_from_a_client_that_failed_and_is_a_timeout_otherwise() {
    let drops = DropLines::default();
    let cancelled = [server("57014", "canceling statement due to user request")];
    let ended = Transcript { client_failure: Some(ClientFailure::EndsEarly), ..Transcript::default() };
    assert!(matches!(
        classify(&cancelled, &ended, &rules(&drops, 15))[0].class,
        RestoreErrorClass::Follows(_)
    ));
    let alone = classify(&cancelled, &Transcript::default(), &rules(&drops, 15));
    assert_eq!(alone[0].class, RestoreErrorClass::Fatal(Reason::Timeout));
}

#[test]
fn ten_thousand_different_errors_are_two_hundred_groups_and_all_are_counted() {
    let drops = DropLines::default();
    let many: Vec<ServerError> =
        (0..10_000).map(|n| server("42P01", &format!("relation \"public.t{n}\" does not exist"))).collect();
    let errors = classify(&many, &Transcript::default(), &rules(&drops, 15));
    assert!(errors.len() <= 201);
    assert_eq!(errors.iter().map(|error| error.count).sum::<u64>(), 10_000);
    assert_eq!(errors.last().unwrap().class, RestoreErrorClass::Fatal(Reason::RestoreFailed));
}

#[test]
fn d6_syntax_that_a_guessed_version_does_not_know_is_nothing_against_the_backup() {
    let error = |sqlstate: &str, message: &str| ServerError {
        sqlstate: sqlstate.to_owned(),
        message: message.to_owned(),
    };
    let virtual_column = error("42601", "syntax error at or near \"VIRTUAL\"");
    let its_table = error("42P01", "relation \"public.t\" does not exist");
    let lost_row = error("23505", "duplicate key value violates unique constraint \"t_pkey\"");
    let drops = DropLines::default();
    let judged = |errors: &[&ServerError], version_guessed| {
        let errors: Vec<ServerError> = errors.iter().copied().cloned().collect();
        let rules = Rules { version_guessed, ..rules(&drops, 17) };
        verdict_of(&classify(&errors, &Transcript::default(), &rules), None, 0).unwrap()
    };
    let guessed = judged(&[&virtual_column, &its_table], true);
    assert_eq!(guessed.reason, Reason::Version);
    assert!(guessed.hint.is_some_and(|hint| hint.contains("sandbox.image")));
    assert_eq!(judged(&[&virtual_column, &its_table], false).reason, Reason::RestoreFailed);
    assert_eq!(judged(&[&virtual_column, &lost_row], true).reason, Reason::RestoreFailed);
    // A file that was cut, a flipped bit, a mistake: damage, whatever the version.
    for damage in ["at end of input", "at or near \"INS\u{15}RT\"", "at or near \")\""] {
        let damage = error("42601", &format!("syntax error {damage}"));
        assert_eq!(judged(&[&damage, &its_table], true).reason, Reason::RestoreFailed);
    }
}

#[test]
fn drops_are_found_where_pg_dump_writes_them_in_pieces_of_any_size() {
    let dump = "SET x = 1;\nALTER TABLE ONLY public.a DROP CONSTRAINT b;\nDROP TABLE public.a;\n\nCREATE TABLE a (\n\
                DROP TABLE;\n);\nSELECT pg_catalog.lo_unlink('1');\nDROP\n\
                ALTER DOMAIN public.d DROP CONSTRAINT d_pos;\nALTER DOMAIN public.d OWNER TO o;\n";
    for size in 1..dump.len() {
        let mut scanner = DropScanner::default();
        dump.as_bytes().chunks(size).for_each(|piece| scanner.feed(piece));
        assert_eq!(scanner.finish(), [2, 3, 6, 8, 10].into_iter().collect());
    }
}

#[test]
fn a_view_that_pg_dump_empties_before_it_drops_what_it_depends_on_is_no_definition() {
    let lines = |dump: &str| {
        let mut scanner = DropScanner::default();
        scanner.feed(dump.as_bytes());
        scanner.finish()
    };
    let emptied = "DROP TABLE a;\nCREATE OR REPLACE VIEW public.v AS\nSELECT\n    NULL::integer AS id,\n    \
                   NULL::public.status AS status;\n";
    assert_eq!(lines(emptied), [1, 5].into_iter().collect());
    let real =
        "CREATE OR REPLACE VIEW public.v AS\n SELECT a.id,\n    NULL::public.status AS status\n   FROM a;\n";
    assert_eq!(lines(real), DropLines::default());
    let between = "CREATE VIEW public.v AS\nSELECT\n    NULL::public.status AS status;\n";
    assert_eq!(lines(between), DropLines::default(), "a later definition needs this one");
}

#[test]
fn what_the_sandbox_uses_is_kept_only_from_a_drop() {
    let message = "current user cannot be dropped";
    let at = |line: u64, drops: &DropLines| {
        let mut transcript = PsqlTranscript::default();
        transcript.feed(format!("psql:<stdin>:{line}: ERROR:  55006: {message}\n").as_bytes());
        let errors = classify(&[server("55006", message)], &transcript.finish(Some(0)), &rules(drops, 15));
        matches!(errors[0].class, RestoreErrorClass::Harmless(_))
    };
    let drops = [3].into_iter().collect();
    assert!(at(3, &drops));
    assert!(!at(4, &drops));
}

fn server(sqlstate: &str, message: &str) -> ServerError {
    ServerError { sqlstate: sqlstate.to_owned(), message: message.to_owned() }
}

proptest! {
    #[test]
    fn no_fatal_error_of_the_server_becomes_harmless_by_what_the_client_prints(
        lines in proptest::collection::vec(
            "(psql:<stdin>:[0-9]{1,3}: |pg_restore: )?(ERROR:  (42P06: )?|error: |STATEMENT:  |Command was: )\
             (schema \"public\" already exists|out of memory|duplicate key|DROP TABLE x;|.{0,20})", 0..12),
        exit in 0_i64..4,
    ) {
        let (drops, text) = (DropLines::default(), lines.join("\n"));
        let real = [server("22P02", "invalid input syntax for type integer: \"x\"")];
        let mut psql = PsqlTranscript::default();
        psql.feed(text.as_bytes());
        let mut archive = PgRestoreTranscript::default();
        archive.feed(text.as_bytes());
        for transcript in [psql.finish(Some(exit)), archive.finish(Some(exit))] {
            let errors = classify(&real, &transcript, &rules(&drops, 15));
            let verdict = verdict_of(&errors, transcript.client_failure.as_ref(), 0);
            prop_assert!(errors.iter().any(|error| error.class == RestoreErrorClass::Fatal(Reason::RestoreFailed)));
            prop_assert!(verdict.is_some());
        }
    }
}

#[test]
fn more_errors_than_a_transcript_keeps_are_not_forgotten() {
    let error = ClientError {
        message: "x".into(),
        object: String::new(),
        entry_kind: None,
        line: None,
        by_client: true,
    };
    let transcript = Transcript { errors: vec![error], further_errors: 7, ..Transcript::default() };
    let errors = classify(&[], &transcript, &rules(&DropLines::default(), 15));
    assert_eq!(errors.iter().map(|error| error.count).sum::<u64>(), 8);
}
