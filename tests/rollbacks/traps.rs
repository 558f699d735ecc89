//! Rollbacks that look good and are not, or that cannot be found out, on a database written by hand.

use serde_json::Value;

use super::{ending, told};
use crate::support::{Run, Scene};

const DATABASE: &str = "
create table customers (id int primary key, nick text, \"nickName\" text, email text);
insert into customers select n, 'nick', 'name', 'email' from generate_series(1, 100) as n;
create table visits (id int primary key, at int);
insert into visits select n, 0 from generate_series(1, 50) as n;
create unlogged table sessions (id int primary key);
insert into sessions select n from generate_series(1, 30) as n;
create table measures (at int, note text, primary key (at)) partition by range (at);
create table measures_old partition of measures for values from (0) to (50);
create table measures_new partition of measures default;
insert into measures select n, 'note' from generate_series(1, 80) as n;
create sequence releases;
create table parcels (id int);
alter table parcels owner to migrator;
alter database restored set app.jwt_secret = 'canary-7f3-old';
";

const HEAD: &str = "drill: traps\nbackup: { source: { local: { path: backups, match: \"*\" } } }\n\
    sandbox: { memory: 512MiB, durability: relaxed }\nchecks:\n  \
    - rows: { table: public.customers, equals: 100 }\nrollbacks:\n";

/// One rehearsal, and what must be said of it.
#[derive(Default, Clone, Copy)]
pub struct Trap {
    pub name: &'static str,
    pub forward: &'static str,
    pub back: &'static str,
    pub writes: Option<&'static str>,
    /// As in a drill; nothing where it is empty.
    pub expect: &'static str,
    /// One more key, as in a drill; nothing where it is empty.
    pub more: &'static str,
    /// Whether the way forward is one transaction.
    pub wrapped: bool,
    pub ends: &'static str,
    /// A part of the sentence.
    pub says: &'static str,
}

pub const FORWARD: &str = "alter table customers add column points int;\n";
pub const BACK: &str = "alter table customers drop column points;\n";
/// After somebody has written, it takes thirty old customers with it.
const TAKES_OLD_ROWS: &str = "delete from customers where id <= 30 and exists (select from customers where points > 0);\n\
     alter table customers drop column points;";

/// Rehearses them in one run, and says of all of them what is wrong.
pub fn rehearsed(traps: &[Trap]) -> Run {
    rehearsed_on(DATABASE, HEAD, traps)
}

/// The same on another database, under another head of the drill.
fn rehearsed_on(database: &str, head: &str, traps: &[Trap]) -> Run {
    let scene = Scene::with_bytes(database.as_bytes());
    let mut drill = vec![head.to_owned()];
    for Trap { name, forward, back, writes, expect, more, wrapped, .. } in traps {
        let key =
            |text: String, is_there: bool| if is_there { format!("    {text}\n") } else { String::new() };
        let expect = key(format!("expect: {expect}"), !expect.is_empty());
        let more = key((*more).to_owned(), !more.is_empty());
        drill.push(format!("  - name: {name}\n{expect}{more}"));
        for (step, sql) in [("forward", Some(*forward)), ("back", Some(*back)), ("writes", *writes)] {
            let Some(sql) = sql else { continue };
            scene.write(&format!("{name}.{step}.sql"), sql);
            let wrapped = if *wrapped && step == "forward" { ", single_transaction: true" } else { "" };
            drill.push(format!("    {step}: {{ sql: [{name}.{step}.sql]{wrapped} }}\n"));
        }
    }
    scene.write("drill.yaml", drill.concat());
    let run = scene.run_file("drill.yaml", &[]);
    assert_eq!(run.json["rehearsals"].as_array().map(Vec::len), Some(traps.len()), "{}", run.told());
    let mut wrong = Vec::new();
    for (trap, rehearsal) in traps.iter().zip(run.json["rehearsals"].as_array().unwrap()) {
        let sentence = rehearsal["sentence"].as_str().unwrap();
        if ending(rehearsal) != trap.ends || !sentence.contains(trap.says) {
            wrong.push(format!("{}: {}: {sentence}\n    {rehearsal}", trap.name, ending(rehearsal)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    run
}

pub fn of<'a>(run: &'a Run, name: &str) -> &'a Value {
    let rehearsals = run.json["rehearsals"].as_array().unwrap();
    rehearsals.iter().find(|rehearsal| rehearsal["name"] == name).unwrap()
}

#[test]
fn a_way_that_was_not_taken_to_its_end_is_no_way() {
    let trap = Trap { back: BACK, ends: "errored(check_invalid)", ..Trap::default() };
    rehearsed(&[
        Trap {
            name: "both-ways-in-one-file",
            forward: "alter table customers add column points int;\nalter table customers drop column points;\n",
            back: "alter table customers add column points int;\nalter table customers drop column points;\n",
            says: "the way forward changed nothing",
            ..trap
        },
        Trap {
            name: "open-transaction",
            forward: "begin;\nalter table customers add column points int;\n",
            says: "open-transaction.forward.sql ends inside of a transaction",
            ..trap
        },
        Trap {
            name: "quits",
            forward: "alter table customers add column points int;\n\\q\nselect 1;\n",
            says: "psql did not come to the end of quits.forward.sql",
            ..trap
        },
        Trap {
            name: "without-a-semicolon",
            forward: "\\set AUTOCOMMIT off\nalter table customers add column points int;\ncommit;\n",
            back: "alter table customers drop column points -- the last line",
            ends: "passed",
            says: "data and schema are what they were",
            ..trap
        },
    ]);
}

#[test]
fn e14_what_a_canary_gives_up_is_not_told_as_the_steps_error() {
    let run = rehearsed(&[Trap {
        name: "locked",
        // Longer than a canary asks at a time; then psql's own error, of which the server knows nothing.
        forward: "begin;\nlock table customers;\nselect pg_sleep(3);\n\\i nowhere.sql\n",
        back: BACK,
        ends: "failed(rollback_failed)",
        says: "locked.forward.sql, line 4",
        ..Trap::default()
    }]);
    assert!(!run.json.to_string().contains("55P03"), "{:#}", of(&run, "locked"));
}

#[test]
fn e11_e13_what_a_way_back_leaves_is_found_wherever_it_is() {
    let trap = Trap { forward: FORWARD, back: BACK, ..Trap::default() };
    let run = rehearsed(&[
        Trap {
            name: "unlogged-emptied",
            back: "alter table customers drop column points; truncate sessions;",
            ends: "failed(rollback_loses_data)",
            says: "it loses 30 rows of sessions",
            ..trap
        },
        Trap {
            name: "secret-changed",
            back: "alter table customers drop column points;\n\
                   alter database restored set app.jwt_secret = 'canary-7f3-new';",
            ends: "failed(rollback_leaves_change)",
            says: "it leaves setting app.jwt_secret changed (value)",
            ..trap
        },
        Trap {
            name: "accepted-in-quotes",
            forward: "alter table customers drop column \"nickName\";",
            back: "alter table customers add column \"nickName\" text;",
            expect: "{ accept_loss: [{ column: 'public.customers.\"nickName\"', reason: moved }] }",
            ends: "passed",
            says: "it loses customers.nickName in 100 rows (accepted)",
            ..trap
        },
        Trap {
            name: "accepted-gone",
            forward: "alter table customers drop column \"nickName\";",
            back: "alter table customers add column other int; alter table customers drop column other;",
            expect: "{ accept_loss: [{ column: 'public.customers.\"nickName\"', reason: moved }] }",
            ends: "passed",
            says: "it loses customers.nickName in 100 rows (accepted)",
            ..trap
        },
        Trap {
            name: "accepted-in-partitions",
            forward: "alter table measures drop column note;",
            back: "alter table measures add column note text;",
            expect: "{ accept_loss: [{ column: measures.note, reason: moved }] }",
            ends: "passed",
            says: "it loses measures_old.note in 49 rows (accepted)",
            ..trap
        },
        Trap {
            name: "ignored-in-partitions",
            back: "alter table customers drop column points; update measures set note = 'other';",
            expect: "{ ignore: [measures.note, measures.nothing] }",
            ends: "passed",
            says: "data and schema are what they were",
            ..trap
        },
        Trap {
            name: "only-once",
            forward: "do $$ begin if nextval('releases') > 1 then alter table customers add column b int; \
                      else alter table customers add column a int; end if; end $$;",
            back: "alter table customers drop column if exists a, drop column if exists b;",
            ends: "failed(rollback_leaves_change)",
            says: "forward once more: expected the same schema as the first time, observed",
            ..trap
        },
    ]);
    let warned = of(&run, "ignored-in-partitions")["warnings"].to_string();
    assert!(
        warned.contains("expect.ignore names public.measures.nothing, and there is no such column"),
        "{warned}"
    );
    assert!(!warned.contains("measures.note"), "{warned}");
    assert_eq!(told(&of(&run, "accepted-gone")["lost"]).len(), 2);
    assert!(!run.json.to_string().contains("canary-7f3"), "a secret is in the record");
}

#[test]
fn e14_whoever_waits_for_a_table_or_its_index_is_seen() {
    let trap = Trap { forward: FORWARD, back: BACK, ..Trap::default() };
    let run = rehearsed(&[
        Trap {
            name: "locked",
            forward: "begin;\nalter table customers add column points int;\nselect pg_sleep(0.7);\ncommit;",
            expect: "{ blocking_max: 300ms }",
            ends: "failed(rollback_blocks)",
            says: "readers are blocked for",
            ..trap
        },
        Trap {
            name: "index-rebuilt",
            forward: "alter table customers add column points int;\n\
                      begin;\nreindex table visits;\nselect pg_sleep(0.7);\ncommit;",
            expect: "{ blocking_max: 300ms }",
            ends: "failed(rollback_blocks)",
            says: "readers are blocked for",
            ..trap
        },
        Trap {
            name: "unwatched",
            forward: "alter table customers add column points int;\nselect pg_terminate_backend(pid) \
                      from pg_stat_activity where query like '%pg_locks%' and pid <> pg_backend_pid();\n\
                      select pg_sleep(0.2);",
            expect: "{ blocking_max: 10s }",
            ends: "errored(check_invalid)",
            ..trap
        },
    ]);
    let locked = of(&run, "locked");
    let strongest = locked["locks"]["forward"].as_array().unwrap().iter();
    let strongest = strongest.filter(|lock| lock["table"] == "public.customers");
    assert_eq!(strongest.map(|lock| &lock["mode"]).collect::<Vec<_>>(), ["AccessExclusiveLock"]);
    for (name, table) in [("locked", "public.customers"), ("index-rebuilt", "public.visits")] {
        let readers = &of(&run, name)["blocked"]["forward"]["readers"];
        assert!(readers["table"] == table && readers["seconds"].as_f64() > Some(0.3), "{name}: {readers}");
    }
    let unwatched = of(&run, "unwatched");
    assert_eq!(unwatched["blocking_seconds"]["forward"], Value::Null, "{unwatched}");
}

#[test]
fn rows_that_a_way_back_loses_only_after_writes_are_excused_by_no_other() {
    let trap = Trap { forward: FORWARD, ..Trap::default() };
    rehearsed(&[
        Trap {
            name: "beside-an-accepted-loss",
            forward: "alter table customers drop column nick; alter table customers add column points int;",
            back: "delete from customers where id <= 30 and exists (select from customers where points > 0);\n\
                   alter table customers drop column points; alter table customers add column nick text;",
            writes: Some("insert into customers (id, points) values (1000, 1);"),
            expect: "{ accept_loss: [{ column: customers.nick, reason: moved }] }",
            ends: "failed(rollback_loses_data)",
            says: "public.customers: 30 rows lost, 0 changed, and the writes touched 0",
            ..trap
        },
        Trap {
            name: "beside-another-table",
            back: TAKES_OLD_ROWS,
            writes: Some(
                "insert into customers (id, points) values (1000, 1);\nupdate visits set at = 1;\n\
                 update visits set at = 2;\nupdate visits set at = 3;",
            ),
            ends: "failed(rollback_loses_data)",
            says: "public.customers: 30 rows lost, 0 changed, and the writes touched 0",
            ..trap
        },
        Trap {
            name: "changed-schema",
            back: "do $$ begin if exists (select from customers where points > 0) then \
                   alter table visits alter at set not null; end if; end $$;\n\
                   alter table customers drop column points;",
            writes: Some("insert into customers (id, points) values (1000, 1);"),
            ends: "failed(rollback_leaves_change)",
            says: "schema and sequences after the writes",
            ..trap
        },
        Trap {
            name: "emptied-by-the-writes",
            back: BACK,
            writes: Some("truncate visits;\nupdate customers set email = 'new' where id <= 3;"),
            ends: "passed",
            says: "data and schema are what they were",
            ..trap
        },
    ]);
}

/// One keeps a table, one keeps everybody out who names himself as our own sessions do.
const EVENT_TRIGGERS: &str = "
create function on_drop() returns event_trigger language plpgsql as $$ begin raise exception 'tables stay'; end $$;
create event trigger tables_stay on sql_drop when tag in ('DROP TABLE') execute function on_drop();
create function on_login() returns event_trigger language plpgsql as $$ begin
  if current_setting('application_name') like 'drillyard%' then raise exception 'nobody enters'; end if;
end $$;
create event trigger nobody_enters on login execute function on_login();
alter event trigger nobody_enters enable always;
";

#[test]
fn k7_a_migration_meets_the_event_triggers_of_its_database_and_our_own_sessions_do_not() {
    let trap = Trap { forward: FORWARD, back: BACK, ..Trap::default() };
    let head = HEAD.replace("relaxed }", "relaxed, image: \"drillyard/postgres:17\" }");
    let run = rehearsed_on(
        &format!("{DATABASE}{EVENT_TRIGGERS}"),
        &head,
        &[
            Trap {
                name: "kept-by-a-trigger",
                forward: "create table brief (id int);",
                back: "drop table brief;",
                ends: "failed(rollback_failed)",
                says: "kept-by-a-trigger.back.sql, line 1",
                ..trap
            },
            Trap {
                name: "beside-the-triggers",
                writes: Some("insert into customers (id, points) values (1000, 1);"),
                expect: "{}\n    checks: { after_forward: [{ rows: { table: public.customers, equals: 100 } }] }",
                ends: "passed",
                says: "data and schema are what they were",
                ..trap
            },
        ],
    );
    assert_eq!(run.json["sandbox"]["server_version"].as_str().map(|version| &version[..3]), Some("17."));
}
