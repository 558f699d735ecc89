//! Dumps that try to break out, lie, or never end: each ends as the head of its file says, and nothing gets out.
//!
//! The trap for what gets out is proven first: the same SQL in a plain container with a network sets it off.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests are tests.

mod support;

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::scene::Drill;
use support::{Run, Scene, root, with_each};

/// Where the fixtures try to connect to: the bridge's gateway is what a container would reach the host by.
const ADDRESSES: [&str; 2] = ["172.17.0.1:5999", "127.0.0.1:5999"];
const HOSTILE: Drill<'static> = Drill {
    backup: "",
    sandbox: "",
    restore: "",
    objectives: "",
    checks: "rows: { table: public.orders, equals: 3, timeout: 20s }",
};

/// Listens where the fixtures call, and remembers every caller.
struct Trap {
    heard: Arc<Mutex<Vec<String>>>,
}

impl Trap {
    fn set() -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        for address in ADDRESSES {
            let listener = TcpListener::bind(address).unwrap_or_else(|error| {
                panic!("{address}: {error}; this test needs Docker's default bridge")
            });
            let heard = heard.clone();
            std::thread::spawn(move || {
                for mut caller in listener.incoming().flatten() {
                    let mut said = [0; 256];
                    caller.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
                    let length = caller.read(&mut said).unwrap_or(0);
                    heard.lock().unwrap().push(String::from_utf8_lossy(&said[..length]).into_owned());
                }
            });
        }
        Self { heard }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

/// Files that the fixtures try to write, on this host.
fn markers() -> Vec<PathBuf> {
    let temporary = fs::read_dir("/tmp").unwrap().flatten().map(|entry| entry.path());
    let planted =
        [".bashrc", ".profile", ".psqlrc", ".pgpass"].map(|name| Path::new("/var/lib/postgresql").join(name));
    let is_marker = |path: &PathBuf| path.to_string_lossy().starts_with("/tmp/drillyard-hostile");
    temporary.filter(is_marker).chain(planted.into_iter().filter(|path| path.exists())).collect()
}

/// Runs a fixture where nothing holds it: a server with a network, and the host's /tmp as its own.
fn unleash(name: &str) {
    let script = "cd /var/lib/postgresql
        mkdir -m 700 drillyard && tar -C drillyard -xf /usr/share/drillyard/data.tar
        postgres -D drillyard -c unix_socket_directories= -c listen_addresses=127.0.0.1 >/dev/null 2>&1 &
        until pg_isready --quiet --host 127.0.0.1; do sleep 0.1; done
        psql --host 127.0.0.1 --dbname postgres --quiet";
    let dump = fs::File::open(root().join("fixtures/hostile").join(name)).unwrap();
    let ended = Command::new("docker")
        .args(["run", "--rm", "--interactive", "--user", "postgres", "--volume", "/tmp:/tmp"])
        .args(["--entrypoint", "bash", "drillyard/postgres:15", "-c", script])
        .stdin(dump)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(ended.success(), "{name} could not be unleashed: {ended}");
}

/// The markers belong to another user: only a container's root may be sure to remove them.
fn remove_markers() {
    support::docker(&[
        "run",
        "--rm",
        "--user",
        "root",
        "--volume",
        "/tmp:/tmp",
        "--entrypoint",
        "bash",
        "drillyard/postgres:15",
        "-c",
        "rm -f /tmp/drillyard-hostile-*",
    ]);
}

/// A line of the head: `Verdict: failed|errored`.
fn verdicts(dump: &Path) -> Vec<String> {
    let text = String::from_utf8_lossy(&fs::read(dump).unwrap()).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("-- Verdict: "));
    let due = line.unwrap_or_else(|| panic!("{} says no verdict", dump.display()));
    due.split('|').map(str::to_owned).collect()
}

/// What is asked beside the rows, of what only a query can tell.
fn more_checks(name: &str) -> &'static str {
    match name {
        "read-file" => {
            "sql: { name: nothing of the program's, query: \"select count(*) from public.stolen where content like '%canary-environment%'\", equals: 0 }
             sql: { name: no engine socket, query: \"select count(*) from public.stolen where path = '/var/run/docker.sock' and content like '%No such file%'\", equals: 1 }"
        }
        "dblink-out" => {
            "sql: { name: tried, query: \"select count(*) from public.reached\", equals: 3 }
             sql: { name: reached, query: \"select count(*) from public.reached where outcome = 'connected'\", equals: 0 }"
        }
        "superuser-role" => {
            "sql: { name: no superuser, query: \"select count(*) from pg_roles where rolname = current_user and rolsuper\", equals: 0 }"
        }
        "subscription" => {
            "sql: { name: no worker, query: \"select count(*) from pg_stat_activity where backend_type like 'logical%'\", equals: 0 }"
        }
        "alter-system" => {
            "sql: { name: k4 archive, query: \"select count(*) from pg_settings where name = 'archive_mode' and setting = 'off'\", equals: 1 }"
        }
        "view-that-writes" => "rows: { table: public.real_orders, equals: 3 }",
        _ => "",
    }
}

fn run(name: &str, scene: &Scene) -> Run {
    let checks = [HOSTILE.checks, more_checks(name)].join("\n");
    let drill = Drill { checks: checks.trim(), ..HOSTILE };
    match name {
        // These two never end by themselves; the second one does not even move.
        "endless-function" => scene.run(&Drill { restore: "timeout: 8s", ..drill }),
        "sleep-for-ever" => scene.run_beside(&drill, &[]),
        _ => scene.run(&drill),
    }
}

/// No value of the dump's and no control character is in what was shown, nor in what is remembered.
fn keeps_quiet(scene: &Scene, run: &Run) {
    let shown = scene.program().args(["show", "last"]).output().unwrap();
    let mut said = vec![run.json.to_string().into_bytes(), run.standard_error.clone().into_bytes()];
    assert!(!shown.stdout.is_empty(), "the run is not shown");
    said.push(shown.stdout);
    for text in &said {
        assert!(!text.contains(&0x1b), "an escape code is shown");
        assert!(text.len() < 200_000, "{} bytes are shown", text.len());
    }
    let stored = fs::read_dir(scene.path("state")).unwrap().flatten().map(|entry| entry.path());
    said.extend(stored.filter(|path| path.is_file()).map(|path| fs::read(path).unwrap()));
    assert!(said.len() > 3, "no record was found");
    for text in said {
        let text = String::from_utf8_lossy(&text);
        let at = text.find("canary-");
        assert!(at.is_none(), "a canary got out: {}", &text[at.unwrap()..][..40]);
    }
}

/// No process of the run's containers is left on this host.
fn no_process_is_left(run: &Run) {
    let Some(container) = run.json["sandbox"]["container"].as_str() else { return };
    let listed = support::docker(&["ps", "--all", "--quiet", "--filter", &format!("name={container}")]);
    assert_eq!(listed, "", "{container} is still there");
}

fn is_contained(dump: &Path) {
    let name = dump.file_stem().unwrap().to_str().unwrap();
    let scene = Scene::with(dump);
    let run = run(name, &scene);
    let due = verdicts(dump);
    let verdict = run.json["verdict"].as_str().unwrap();
    assert!(due.iter().any(|due| due == "any" || due == verdict), "{due:?} was due: {}", run.told());
    if verdict == "passed" {
        let rows = run.check("rows public.orders");
        assert_eq!((&rows["outcome"], &rows["observed"]), (&"passed".into(), &"3".into()), "{rows}");
    } else {
        assert!(run.json["reason"].is_string(), "an ending without a name: {}", run.told());
    }
    keeps_quiet(&scene, &run);
    no_process_is_left(&run);
    assert_eq!(markers(), Vec::<PathBuf>::new(), "files on the host");
    match name {
        "sleep-for-ever" => {
            run.must_be("failed(restore_hang)");
            assert_eq!(run.phases().iter().filter(|phase| **phase == "restore").count(), 2, "two attempts");
        }
        "endless-function" => {
            run.must_be("errored(timeout)");
        }
        // Were the rows of another table missing, no check would tell.
        "quit-early" => {
            run.must_be("failed(restore_failed)");
        }
        "invalid-encoding" => assert!(run.lists("restore_errors", "22021"), "{}", run.told()),
        "eat-memory" => {
            run.must_be("errored(sandbox_out_of_memory)");
        }
        "view-that-writes" => {
            assert_eq!(run.check("rows public.real_orders")["outcome"], "passed", "{}", run.told());
        }
        _ => {}
    }
}

#[test]
fn d3_d19_k1_k3_k4_k6_k8_hostile_dumps_end_as_they_should_and_nothing_gets_out() {
    let trap = Trap::set();
    assert_eq!(markers(), Vec::<PathBuf>::new(), "left by an earlier test");

    unleash("shell-command.sql");
    unleash("dblink-out.sql");
    let (written, heard) = (markers(), trap.take());
    remove_markers();
    assert!(!written.is_empty(), "the trap for files does not notice");
    assert!(heard.len() >= 2, "the trap for connections does not notice: {heard:?}");

    let mut dumps: Vec<PathBuf> =
        fs::read_dir(root().join("fixtures/hostile")).unwrap().map(|entry| entry.unwrap().path()).collect();
    dumps.sort();
    assert!(dumps.len() >= 40, "the fixtures were not found");
    with_each(&dumps, |dump| dump.display().to_string(), |dump| is_contained(dump));
    assert_eq!(trap.take(), Vec::<String>::new(), "somebody called");
}

#[test]
fn k7_a_login_trigger_of_postgresql_17_does_not_hold_us_up() {
    let dump = root().join("fixtures/hostile/login-trigger.sql");
    let scene = Scene::with(&dump);
    let run = scene.run(&Drill { sandbox: "image: drillyard/postgres:17", ..HOSTILE });
    run.must_be("passed");
    assert_eq!(run.check("rows public.orders")["observed"], "3");
}

#[test]
fn k3_a_check_that_would_connect_outward_does_not_pass() {
    let scene = Scene::with(&root().join("fixtures/hostile/dblink-out.sql"));
    let checks = "rows: { table: public.outward, at_least: 0 }";
    let run = scene.run(&Drill { checks, ..HOSTILE });
    assert_ne!(run.json["verdict"], "passed", "{}", run.told());
}
