//! A socket in front of the engine's own that records the calls of a run and spoils one of them.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

const ENGINE: &str = "/var/run/docker.sock";

/// A call as `POST /containers/*/start`, and its number among those of the same name, from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    pub name: String,
    pub number: usize,
}

/// What becomes of the chosen call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    /// The engine never sees it, and this status is the answer.
    Status(u16),
    /// The engine never sees it, and the connection breaks.
    Close,
    /// The engine does what it was asked, and the connection breaks before its answer arrives.
    CloseAfter,
    /// The engine never sees it, and nothing answers.
    Stall,
    /// The engine sees it, and answers, when the test says so.
    Delay,
    /// Nothing answers; the engine sees it when the test says so.
    HoldBefore,
    /// The engine does what it was asked, and nothing answers.
    HoldAfter,
}

/// Dropping it lets go of what it holds.
pub struct Proxy {
    folder: TempDir,
    calls: Arc<Mutex<Vec<Call>>>,
    reached: Receiver<()>,
    go_on: Sender<()>,
    done: Receiver<()>,
}

#[derive(Clone)]
struct Plan {
    chosen: Option<(Call, Spoil)>,
    calls: Arc<Mutex<Vec<Call>>>,
    reached: Sender<()>,
    go_on: Arc<Mutex<Receiver<()>>>,
    done: Sender<()>,
}

impl Proxy {
    pub fn recording() -> Self {
        Self::start(None)
    }

    pub fn spoiling(call: Call, spoil: Spoil) -> Self {
        Self::start(Some((call, spoil)))
    }

    fn start(chosen: Option<(Call, Spoil)>) -> Self {
        let folder = TempDir::with_prefix("drillyard-proxy-").unwrap();
        let listener = UnixListener::bind(folder.path().join("engine.sock")).unwrap();
        let (reached_in, reached) = mpsc::channel();
        let (go_on, go_on_out) = mpsc::channel();
        let (done_in, done) = mpsc::channel();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let go_on_out = Arc::new(Mutex::new(go_on_out));
        let plan =
            Plan { chosen, calls: Arc::clone(&calls), reached: reached_in, go_on: go_on_out, done: done_in };
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let plan = plan.clone();
                std::thread::spawn(move || plan.serve(client));
            }
        });
        Self { folder, calls, reached, go_on, done }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    /// What `DOCKER_HOST` takes.
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// The calls so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Waits until the chosen call has come (and, with [`Spoil::HoldAfter`], was answered by the engine).
    pub fn wait_for_call(&self) {
        self.reached.recv_timeout(Duration::from_mins(1)).expect("the chosen call did not come");
    }

    /// Lets the held call go on to the engine, and waits until the engine has done it.
    pub fn let_go(&self) {
        self.go_on.send(()).unwrap();
        self.done.recv_timeout(Duration::from_mins(1)).expect("the engine did not answer the held call");
    }
}

impl Plan {
    /// One connection is one call: the engine is asked to close, so that the client opens another for its next.
    fn serve(&self, mut client: UnixStream) {
        let Some(head) = read_head(&mut client) else { return };
        let call = self.record(&head);
        match self.chosen.as_ref().filter(|(chosen, _)| *chosen == call).map(|(_, spoil)| *spoil) {
            None => forward(client, &head),
            Some(Spoil::Close) => {}
            Some(Spoil::CloseAfter) => swallow(&client, &head),
            Some(Spoil::Status(status)) => answer(client, status),
            Some(Spoil::Stall) => {
                // Until the client gives up.
                let _ = client.read_to_end(&mut Vec::new());
            }
            Some(Spoil::Delay) => {
                let _ = self.reached.send(());
                self.wait();
                forward(client, &head);
                let _ = self.done.send(());
            }
            Some(Spoil::HoldBefore) => {
                let _ = self.reached.send(());
                self.wait();
                swallow(&client, &head);
                let _ = self.done.send(());
            }
            Some(Spoil::HoldAfter) => {
                swallow(&client, &head);
                let _ = self.reached.send(());
                self.wait();
                let _ = self.done.send(());
            }
        }
    }

    fn record(&self, head: &[u8]) -> Call {
        let name = name_of(head);
        let mut calls = self.calls.lock().unwrap();
        let number = calls.iter().filter(|call| call.name == name).count() + 1;
        calls.push(Call { name, number });
        calls[calls.len() - 1].clone()
    }

    fn wait(&self) {
        let _ = self.go_on.lock().unwrap().recv();
    }
}

/// Reads up to the empty line that ends a request's head; more may have come with it.
fn read_head(client: &mut UnixStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = client.read(&mut piece).ok().filter(|count| *count > 0)?;
        head.extend_from_slice(&piece[..count]);
    }
    Some(head)
}

/// `POST /v1.41/containers/drillyard-x/start?t=5` is `POST /containers/*/start`.
fn name_of(head: &[u8]) -> String {
    let line = String::from_utf8_lossy(head).lines().next().unwrap_or_default().to_owned();
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.first().is_some_and(|part| part.starts_with("v1.")) {
        parts.remove(0);
    }
    let last = parts.last().copied().unwrap_or_default();
    let verb = ["json", "start", "attach", "exec", "create"].contains(&last).then(|| format!("/{last}"));
    let name = match parts.as_slice() {
        [one] => format!("/{one}"),
        [one, "json" | "create"] => format!("/{one}/{last}"),
        [one, ..] => format!("/{one}/*{}", verb.unwrap_or_default()),
        [] => "/".to_owned(),
    };
    format!("{method} {name}")
}

fn is_hijacked(head: &[u8]) -> bool {
    String::from_utf8_lossy(head).to_ascii_lowercase().contains("\r\nupgrade:")
}

/// The request as it goes to the engine.
fn single(head: &[u8]) -> Vec<u8> {
    if is_hijacked(head) {
        return head.to_vec();
    }
    let end = head.windows(2).position(|window| window == b"\r\n").unwrap_or_default();
    [&head[..end], b"\r\nConnection: close", &head[end..]].concat()
}

fn open(client: &UnixStream, head: &[u8]) -> Option<UnixStream> {
    let mut engine = UnixStream::connect(Path::new(ENGINE)).ok()?;
    engine.write_all(&single(head)).ok()?;
    let (mut from, mut to) = (client.try_clone().ok()?, engine.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    Some(engine)
}

fn forward(mut client: UnixStream, head: &[u8]) {
    let Some(mut engine) = open(&client, head) else { return };
    let _ = std::io::copy(&mut engine, &mut client);
    let how = if is_hijacked(head) { Shutdown::Write } else { Shutdown::Both };
    let _ = client.shutdown(how);
}

/// The engine does it, and nobody hears.
fn swallow(client: &UnixStream, head: &[u8]) {
    let Some(mut engine) = open(client, head) else { return };
    if is_hijacked(head) {
        let _ = engine.read(&mut [0; 4096]);
    } else {
        let _ = engine.read_to_end(&mut Vec::new());
    }
    let _ = client.shutdown(Shutdown::Both);
}

fn answer(mut client: UnixStream, status: u16) {
    let body = r#"{"message":"spoiled by the test"}"#;
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Spoiled\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let _ = client.write_all(head.as_bytes());
    let _ = client.shutdown(Shutdown::Write);
    // Closing with the request's body unread would take the answer back.
    let _ = client.set_read_timeout(Some(Duration::from_secs(1)));
    let _ = client.read_to_end(&mut Vec::new());
}
