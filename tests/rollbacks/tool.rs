//! A migration tool that is no friend: what it reaches, what it leaves running, what it says, and how it ended. The tool is
//! bash, in the sandbox's own image.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::ending;
use crate::support::{Scene, docker, usual_major};

/// Ends with a number of its own where something can be reached or gained; then migrates, and leaves a child in a session
/// of its own, which it has seen.
const FORWARD: &str = r#"
knock() { timeout 5 bash -c "echo $1 >/dev/tcp/$2/$PORT"; } 2>/dev/null
knock gateway "$GATEWAY" && exit 41
knock loopback 127.0.0.1 && exit 42
timeout 5 bash -c 'echo >/dev/udp/192.0.2.1/53' 2>/dev/null && exit 43
timeout 5 getent hosts deb.debian.org && exit 44
[ "$(ls /sys/class/net)" = lo ] || exit 45
[ "$(id -u)" -ge 60000 ] && [ "$(id -u)" != "$(stat -c %u /proc/1)" ] || exit 46
grep -q 'CapBnd:.0000000000000000' /proc/self/status || exit 47
grep -q 'NoNewPrivs:.1' /proc/self/status || exit 48
for place in /x /etc/x /var/lib/postgresql/x /drill/x; do touch "$place" 2>/dev/null && exit 49; done
for of_the_copy in root/run/drillyard/origin environ mem fd/0; do
  head -c 1 "/proc/1/$of_the_copy" 2>/dev/null && exit 50
  ls "/proc/1/$of_the_copy/" >/dev/null 2>&1 && exit 51
done
ls -d /run/drillyard/* /var/lib/postgresql/drillyard 2>/dev/null && exit 52
kill -9 1 2>/dev/null && exit 53
setsid bash -c 'exec -a left-behind sleep 600' </dev/null >/dev/null 2>&1 &
lives() { [[ $(cat /proc/*/cmdline 2>/dev/null | tr '\0' ' ') == *"left-behind 600"* ]]; }
for _ in {1..100}; do lives && break; sleep 0.1; done
lives || exit 54
exec /usr/lib/postgresql/*/bin/psql -XAtqc 'alter table customers add column points int'
"#;

/// It sees the processes of the copy, and so whatever the way forward has left among them.
const BACK: &str = r#"
[[ $(cat /proc/*/cmdline 2>/dev/null | tr '\0' ' ') == *"left-behind 600"* ]] && exit 61
exec /usr/lib/postgresql/*/bin/psql -XAtqc 'alter table customers drop column points'
"#;

/// A megabyte of rows and secrets, and a failure; the secret has come as it is.
const TALKS: &str = r#"
[ "$TOKEN" = canary-secret-4d1f ] || exit 71
for _ in {1..16384}; do echo "customer canary-row-77 of canary-table, token $TOKEN, and so on"; done
echo "customer canary-row-77 was not migrated: $TOKEN" >&2
exit 72
"#;

const DATABASE: &str = "create table customers (id int);\ninsert into customers values (1);\n";

fn step(script: &str, environment: &str) -> String {
    let image = format!("drillyard/postgres:{}", usual_major());
    format!(
        "{{ command: {{ image: \"{image}\", run: [bash, /drill/{script}], mount: [{script}]{environment} }} }}"
    )
}

fn scene(rollbacks: &str) -> Scene {
    let scene = Scene::with_bytes(DATABASE.as_bytes());
    for (name, script) in [("forward.sh", FORWARD), ("back.sh", BACK), ("talks.sh", TALKS)] {
        scene.write(name, script);
    }
    scene.write(
        "up.sh",
        "exec /usr/lib/postgresql/*/bin/psql -XAtqc 'alter table customers add column points int'",
    );
    scene.write("down.sql", "alter table customers drop column points;\n");
    scene.write(
        "drill.yaml",
        format!(
            "drill: tools\nbackup: {{ source: {{ local: {{ path: backups, match: \"*\" }} }} }}\n\
             sandbox: {{ memory: 512MiB, durability: relaxed }}\nchecks: [{{ tables: {{ equals: 1 }} }}]\n\
             rollbacks:\n{rollbacks}"
        ),
    );
    scene
}

#[test]
fn e15_e17_a_tool_reaches_the_copy_and_nothing_else_and_leaves_no_child() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let visitors = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&visitors);
    std::thread::spawn(move || {
        for mut visitor in listener.incoming().flatten() {
            let mut word = String::new();
            let _ = visitor.read_to_string(&mut word);
            seen.lock().unwrap().push(word.trim().to_owned());
        }
    });
    let gateway = docker(&["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]);
    let gateway = if gateway.trim().is_empty() { "172.17.0.1" } else { gateway.trim() };
    let environment = format!(", env: {{ GATEWAY: \"{gateway}\", PORT: \"{port}\" }}");
    let scene = scene(&format!(
        "  - name: probed\n    forward: {}\n    back: {}\n",
        step("forward.sh", &environment),
        step("back.sh", "")
    ));
    let run = scene.run_file("drill.yaml", &[]);
    let probed = &run.json["rehearsals"][0];
    assert_eq!(ending(probed), "passed", "{}", probed["sentence"]);

    // The control: an ordinary container meets the host at the first knock, and only it has.
    let ordinary = Command::new("docker")
        .args(["run", "--rm", "--entrypoint", "bash", "--env", &format!("PORT={port}")])
        .args(["--env", &format!("GATEWAY={gateway}"), &format!("drillyard/postgres:{}", usual_major())])
        .args(["-c", FORWARD])
        .status();
    assert_eq!(ordinary.unwrap().code(), Some(41), "the probe proves nothing");
    let begun = Instant::now();
    while visitors.lock().unwrap().is_empty() && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(*visitors.lock().unwrap(), ["gateway"]);
}

#[test]
fn e16_what_a_tool_prints_is_not_kept_and_a_failure_after_a_success_is_one() {
    let talks = step("talks.sh", ", env: { TOKEN: { env: TOKEN_OF_THE_TEST } }");
    let fails = step("back.sh", ", env: { PGDATABASE: nowhere }");
    let scene = scene(&format!(
        "  - name: talks\n    forward: {talks}\n    back: {{ sql: [down.sql] }}\n  - name: writes\n    \
         forward: {}\n    back: {{ sql: [down.sql] }}\n    writes: {fails}\n",
        step("up.sh", "")
    ));
    let run = scene.run_file_with("drill.yaml", &[("TOKEN_OF_THE_TEST", "canary-secret-4d1f")]);
    let rehearsals = run.json["rehearsals"].as_array().unwrap();
    assert_eq!(ending(&rehearsals[0]), "failed(rollback_failed)", "{:#}", rehearsals[0]);
    let sentence = rehearsals[0]["sentence"].as_str().unwrap();
    assert!(sentence.contains("ended with exit code 72") && sentence.len() < 500, "{sentence}");
    // A tool had succeeded under the same container's name in the second before.
    assert_eq!(ending(&rehearsals[1]), "errored(check_invalid)", "{:#}", rehearsals[1]);
    let sentence = rehearsals[1]["sentence"].as_str().unwrap();
    assert!(sentence.contains("the writes failed") && sentence.contains("exit code 2"), "{sentence}");

    for (arguments, file) in [(["show", "--mail"], "mail.eml"), (["show", "--html"], "page.html")] {
        let shown = scene.program().args(arguments).arg(file).output().unwrap();
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
        assert!(scene.path(file).metadata().unwrap().len() > 1000);
    }
    let mut said =
        vec![("output".to_owned(), run.json.to_string()), ("errors".to_owned(), run.standard_error)];
    texts(&scene.path(""), &mut said);
    let held: Vec<_> = said.iter().filter(|text| text.1.contains("canary-")).map(|text| &text.0).collect();
    assert_eq!(held, [&scene.path("talks.sh").display().to_string()], "the drill's own script alone");
    assert!(said.iter().any(|text| text.0.ends_with("drillyard.sqlite")), "the store was not looked into");
}

/// Everything below a folder.
fn texts(folder: &Path, into: &mut Vec<(String, String)>) {
    for path in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            texts(&path, into);
        } else if let Ok(bytes) = fs::read(&path) {
            into.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}
