//! A proxy on loopback that breaks what lies between a client and a server, as it is told at run time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to connections from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Pass,
    /// The server's bytes end after so many, each connection anew.
    CutAfter(usize),
    /// The server's bytes come at this many a second, after the first 4 KiB.
    Drip(u64),
    /// The first answer that brings bytes of an object ends after so many; who asks for more waits for another mode.
    CutThenWait(usize),
    /// The connection is taken and nothing ever answered.
    Silent,
    /// Requests that hold the text are answered with this, as often as there are left; others pass.
    Answer { holding: &'static str, with: String, left: usize },
    /// Once something was read with GET, whoever asks with HEAD is answered with this; all else passes.
    HeadOnceRead(String),
    /// Requests that hold the text are taken and never answered; others pass.
    Hold(&'static str),
}

/// A proxy in front of a server.
pub struct Chaos {
    pub port: u16,
    mode: Arc<Mutex<Mode>>,
    seen: Arc<Mutex<VecDeque<String>>>,
}

impl Chaos {
    pub async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, seen) = (Arc::new(Mutex::new(Mode::Pass)), Arc::default());
        let chaos = Self { port, mode: Arc::clone(&mode), seen: Arc::clone(&seen) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mode, seen) = (Arc::clone(&mode), Arc::clone(&seen));
                tokio::spawn(async move { serve(client, server, mode, seen).await });
            }
        });
        chaos
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    /// First lines of requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().cloned().collect()
    }

    /// How many of them asked for bytes of an object.
    pub fn reads(&self) -> usize {
        self.requests().iter().filter(|line| is_read(line)).count()
    }
}

/// One request a connection: every answer carries `Connection: close` of the server's or is ended by us.
async fn serve(
    mut client: TcpStream,
    server: u16,
    mode: Arc<Mutex<Mode>>,
    seen: Arc<Mutex<VecDeque<String>>>,
) -> Option<()> {
    let mut request = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match client.read(&mut buffer).await.ok()? {
            0 => return None,
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let first_line = text.lines().next().unwrap_or_default().to_owned();
    let asks_for_more = is_read(&first_line) && was_read(&seen);
    seen.lock().unwrap().push_back(first_line.clone());
    while asks_for_more && matches!(*mode.lock().unwrap(), Mode::CutThenWait(_)) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let now = {
        let mut mode = mode.lock().unwrap();
        match &mut *mode {
            Mode::Answer { holding, with, left } if *left > 0 && text.contains(*holding) => {
                *left -= 1;
                Mode::Answer { holding, with: with.clone(), left: 1 }
            }
            Mode::HeadOnceRead(with) if text.starts_with("HEAD ") && was_read(&seen) => {
                Mode::Answer { holding: "HEAD ", with: with.clone(), left: 1 }
            }
            Mode::Hold(holding) if text.contains(*holding) => Mode::Silent,
            Mode::CutThenWait(limit) if is_read(&first_line) => Mode::CutAfter(*limit),
            Mode::Answer { .. } | Mode::HeadOnceRead(_) | Mode::Hold(_) | Mode::CutThenWait(_) => Mode::Pass,
            other => other.clone(),
        }
    };
    match now {
        Mode::Silent => std::future::pending().await,
        Mode::Answer { with, .. } => client.write_all(with.as_bytes()).await.ok(),
        now => {
            let mut upstream = TcpStream::connect(("127.0.0.1", server)).await.ok()?;
            let closing = text.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
            upstream.write_all(closing.as_bytes()).await.ok()?;
            forward(upstream, client, now).await
        }
    }
}

fn was_read(seen: &Mutex<VecDeque<String>>) -> bool {
    seen.lock().unwrap().iter().any(|line| is_read(line))
}

/// Whether a request asks for bytes of an object.
fn is_read(line: &str) -> bool {
    line.starts_with("GET ") && !line.contains("list-type")
}

async fn forward(mut upstream: TcpStream, mut client: TcpStream, mode: Mode) -> Option<()> {
    let mut buffer = vec![0; 64 << 10];
    let mut sent = 0;
    loop {
        let limit = match mode {
            Mode::CutAfter(limit) => limit.saturating_sub(sent),
            Mode::Drip(rate) if sent >= 4096 => usize::try_from(rate / 20).unwrap().max(1),
            Mode::Drip(_) => 4096 - sent,
            _ => buffer.len(),
        };
        if limit == 0 {
            return None;
        }
        let room = limit.min(buffer.len());
        let read = upstream.read(&mut buffer[..room]).await.ok().filter(|read| *read > 0)?;
        client.write_all(&buffer[..read]).await.ok()?;
        sent += read;
        if let Mode::Drip(rate) = mode
            && sent >= 4096
        {
            tokio::time::sleep(Duration::from_millis(1000 / rate.clamp(1, 20))).await;
        }
    }
}

/// A refusal as S3 writes it.
pub fn refusal(status: &str, code: &str, message: &str) -> String {
    let body =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
