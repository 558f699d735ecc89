//! What a program inside a sandbox can reach and use. Each claim has a control: the same probe succeeds in an ordinary
//! container, or it would prove nothing.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, OnceLock};

use crate::rig::engine::{docker, docker_says, shell};
use crate::rig::{QUICK, Rig};

const IMAGE: &str = "drillyard/postgres:15";
/// Enough for a fork bomb to meet the limit on processes before the one on memory.
const MEMORY: &str = "1073741824";

/// A kept sandbox, one for each test: probes that use up what there is would disturb each other.
struct Kept {
    rig: Rig,
    name: String,
}

impl Kept {
    fn new() -> Self {
        let rig = Rig::new(&QUICK.replace("256MiB", "1GiB"));
        let ran = rig.run(&["--keep", "120s"]);
        assert_eq!((ran.code, ran.verdict()), (Some(0), ("passed", None)), "{}", ran.stderr);
        let name = rig.sandbox();
        Self { rig, name }
    }

    /// Succeeds in an ordinary container, fails inside, and says why.
    fn refuses(&self, script: &str, because: &str) {
        let (done, text) = shell(&ordinary().0, script);
        assert!(done, "the probe proves nothing: `{script}` fails in an ordinary container too: {text}");
        let (done, text) = shell(&self.name, script);
        assert!(!done && text.contains(because), "`{script}` inside: done {done}, {text}");
    }

    fn says(&self, script: &str) -> String {
        let (done, text) = shell(&self.name, script);
        assert!(done, "`{script}`: {text}");
        text
    }
}

/// A container as anybody starts one: root, on the bridge, everything at its default.
struct Ordinary(String);

fn ordinary() -> &'static Ordinary {
    static ONE: OnceLock<Ordinary> = OnceLock::new();
    ONE.get_or_init(|| {
        let name = format!("drillyard-ordinary-{}", std::process::id());
        // Ends by itself: nothing in a process of tests runs after the last of them.
        docker_says(&["run", "--detach", "--rm", "--user=root", "--name", &name, IMAGE, "sleep", "150"]);
        Ordinary(name)
    })
}

/// Listens on all of the host's addresses, and counts who comes.
struct Host {
    port: u16,
    visitors: Arc<Mutex<Vec<String>>>,
}

impl Host {
    fn listening() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let visitors = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&visitors);
        std::thread::spawn(move || {
            for mut visitor in listener.incoming().flatten() {
                let mut word = String::new();
                let _ = visitor.read_to_string(&mut word);
                seen.lock().unwrap().push(word.trim().to_owned());
                let _ = visitor.write_all(b"hello");
            }
        });
        Self { port, visitors }
    }
}

#[test]
fn b16_k9_nothing_outside_can_be_reached() {
    let sandbox = Kept::new();
    assert_eq!(sandbox.says("ls /sys/class/net"), "lo");
    assert_eq!(sandbox.says("tail -n +2 /proc/net/route"), "", "there is a route");

    let host = Host::listening();
    let gateway =
        docker_says(&["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]);
    let gateway = if gateway.is_empty() { "172.17.0.1".to_owned() } else { gateway };
    let knock = |word: &str, address: &str| {
        format!("timeout 5 bash -c 'echo {word} >/dev/tcp/{address}/{}'", host.port)
    };
    sandbox.refuses(&knock("gateway", &gateway), "unreachable");
    let (done, text) = shell(&sandbox.name, &knock("loopback", "127.0.0.1"));
    assert!(!done && text.contains("refused"), "the host's loopback answers inside: {text}");
    // The control of `refuses` has knocked once; nobody else has.
    let visitors = || host.visitors.lock().unwrap().clone();
    crate::rig::within(std::time::Duration::from_secs(5), "the control's knock", || !visitors().is_empty());
    assert_eq!(visitors(), ["gateway"]);

    sandbox.refuses("timeout 5 bash -c 'echo >/dev/udp/192.0.2.1/53'", "unreachable");
    let (resolved, text) = shell(&sandbox.name, "timeout 10 getent hosts deb.debian.org");
    assert!(!resolved, "a name was resolved: {text}");
    assert_eq!(docker_says(&["port", &sandbox.name]), "");
    for socket in ["/var/run/docker.sock", "/run/docker.sock", "/run/podman/podman.sock"] {
        assert!(!shell(&sandbox.name, &format!("test -e {socket}")).0, "{socket} is inside");
    }
}

#[test]
fn b16_nothing_can_be_gained_and_nothing_on_the_host_be_changed() {
    let sandbox = Kept::new();
    assert_ne!(sandbox.says("id -u"), "0");
    let status = sandbox.says("cat /proc/self/status /proc/1/status");
    for line in status.lines().filter(|line| line.starts_with("Cap")) {
        assert!(line.ends_with("0000000000000000"), "{line}");
    }
    assert_eq!(status.matches("CapEff:").count(), 2);
    assert_eq!(status.matches("NoNewPrivs:\t1").count(), 2, "{status}");
    assert_eq!(status.matches("Seccomp:\t2").count(), 2, "{status}");

    for place in ["/etc/x", "/usr/lib/x", "/var/lib/x", "/x"] {
        sandbox.refuses(&format!("touch {place}"), "Read-only file system");
    }
    let writable = "find / -path /proc -prune -o -type d -writable -print -prune 2>/dev/null | sort";
    assert_eq!(sandbox.says(writable), "/dev/mqueue\n/dev/shm\n/tmp\n/var/lib/postgresql");
    sandbox.refuses("cp /bin/true /tmp/copy && chmod +x /tmp/copy && /tmp/copy", "Permission denied");
    sandbox.says("test -x /bin/true && test -s /tmp/copy");
    sandbox.refuses("mknod /tmp/null c 1 3", "not permitted");
    sandbox.refuses("chown 1 /tmp", "not permitted");
    assert_eq!(sandbox.says("ulimit -Hc"), "0");

    let backup = sandbox.rig.path("backups/corner.dump");
    let before = std::fs::read(&backup).unwrap();
    let inside = drillyard::database::postgres::start::BACKUP;
    assert_eq!(sandbox.says(&format!("stat -c %s {inside}")), before.len().to_string());
    for change in [format!("echo x >> {inside}"), format!("rm -f {inside}"), format!("chmod 777 {inside}")] {
        assert!(!shell(&sandbox.name, &change).0, "`{change}` worked");
    }
    assert_eq!(std::fs::read(&backup).unwrap(), before);
}

#[test]
fn what_it_may_use_is_limited_and_what_it_prints_is_not_kept() {
    let sandbox = Kept::new();
    let cgroup = |one: &str, two: &str| {
        sandbox.says(&format!("cat /sys/fs/cgroup/{one} 2>/dev/null || cat /sys/fs/cgroup/{two}"))
    };
    assert_eq!(cgroup("memory/memory.limit_in_bytes", "memory.max"), MEMORY);
    assert_eq!(cgroup("pids/pids.max", "pids.max"), "512");

    // A fork bomb: each process says so once, and sleeps.
    let bomb = "for _ in {1..900}; do sleep 8 </dev/null >/dev/null 2>&1 & echo born; done";
    let (_, text) = shell(&sandbox.name, &format!("timeout -s KILL 4 bash -c '{bomb}'"));
    let born = text.matches("born").count();
    assert!((300..512).contains(&born), "{born} processes were born");
    assert!(text.contains("Resource temporarily unavailable"), "the limit was not met: {born}");
    let answer = "/usr/lib/postgresql/*/bin/psql -h 127.0.0.1 -U postgres -XAt -c 'select 6 * 7'";
    crate::rig::within(std::time::Duration::from_secs(20), "the server to survive a fork bomb", || {
        shell(&sandbox.name, answer) == (true, "42".to_owned())
    });

    shell(
        &sandbox.name,
        "/usr/lib/postgresql/*/bin/psql -h 127.0.0.1 -U postgres -c 'select secret_word_in_an_error'",
    );
    let logs = docker(&["logs", &sandbox.name]);
    assert!(!logs.status.success() && logs.stdout.is_empty(), "the engine keeps what the server prints");
}
