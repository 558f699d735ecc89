//! A server that answers in the sandbox's place and can't show the nonce gets nothing but the question for it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use drillyard::database::postgres::start;
use drillyard::engine::Engine;
use drillyard::sandbox::wire::{Login, Wire, WireError};

use crate::rig::engine::docker;
use crate::rig::within;

const IMAGE: &str = "drillyard/postgres:15";

/// A server started by hand that logs every statement; its process 1 holds on to our end of its standard input.
struct Other {
    name: String,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Other {
    fn with_nonce(nonce: Option<&str>) -> Self {
        let name = format!("drillyard-other-{}", ulid::Ulid::new()).to_lowercase();
        let mut settings = drillyard::database::postgres::settings::containing();
        settings.insert("log_statement".to_owned(), "all".to_owned());
        settings.insert("log_replication_commands".to_owned(), "on".to_owned());
        settings.insert("log_error_verbosity".to_owned(), "default".to_owned());
        settings.insert("log_min_error_statement".to_owned(), "error".to_owned());
        settings.extend(nonce.map(|nonce| (start::NONCE.to_owned(), nonce.to_owned())));
        let command = start::command(Duration::from_mins(2), start::DATA, None, &settings);
        let mut docker = Command::new("docker");
        docker.args(["run", "--rm", "--interactive", "--network=none", "--user=postgres", "--name", &name]);
        docker.args(["--entrypoint", &command[0], IMAGE]).args(&command[1..]);
        let mut child =
            docker.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (seen, lines) = (Arc::clone(&log), BufReader::new(child.stderr.take().unwrap()).lines());
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| seen.lock().unwrap().push(line));
        });
        let other = Self { name, child, log };
        within(Duration::from_secs(40), "the other server", || {
            other.has_logged("ready to accept connections")
        });
        other
    }

    fn has_logged(&self, words: &str) -> bool {
        self.log.lock().unwrap().iter().any(|line| line.contains(words))
    }

    fn statements(&self) -> Vec<String> {
        let of_line = |line: &String| line.split_once("statement: ").map(|(_, text)| text.to_owned());
        let of_protocol = |line: &String| line.split_once("execute ").map(|(_, text)| text.to_owned());
        self.log
            .lock()
            .unwrap()
            .iter()
            .filter_map(|line| of_line(line).or_else(|| of_protocol(line)))
            .collect()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        docker(&["rm", "--force", "--volumes", &self.name]);
        let _ = self.child.wait();
    }
}

async fn engine() -> Engine {
    Engine::connect(&["unix:///var/run/docker.sock".to_owned()]).await.expect("run docker/prepare")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_another_nonce_or_none_is_refused_and_asked_nothing_else() {
    for nonce in [Some("another"), Some(""), Some("ours and more"), None] {
        let other = Other::with_nonce(nonce);
        let wire = Wire::new(engine().await, other.name.clone(), "ours".to_owned());
        for login in [Login::Superuser, Login::Superuser] {
            match wire.connect("template1", login).await {
                Err(WireError::NonceMissing) => {}
                Err(error) => panic!("{nonce:?}: refused, and for another reason: {error}"),
                Ok(_) => panic!("{nonce:?}: a server that is not ours was taken for ours"),
            }
        }
        within(Duration::from_secs(10), "the log to be read", || other.has_logged(start::NONCE));
        std::thread::sleep(Duration::from_millis(300));
        let mut statements = other.statements();
        statements.dedup();
        assert_eq!(statements, [format!("SHOW {}", start::NONCE)], "{nonce:?}");
    }
}

/// The control: with the right nonce the same server is taken, and the log shows what it is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_the_nonce_is_taken() {
    let other = Other::with_nonce(Some("ours"));
    let wire = Wire::new(engine().await, other.name.clone(), "ours".to_owned());
    let Ok(session) = wire.connect("template1", Login::Superuser).await else {
        panic!("our own server is refused")
    };
    session.run("select 'something else'").await.unwrap();
    within(Duration::from_secs(10), "the log to be read", || other.has_logged("something else"));
    assert_eq!(other.statements()[0], format!("SHOW {}", start::NONCE));
}
