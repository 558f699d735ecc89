//! What others may ask the daemon over HTTP: whether it lives, whether it is ready, what it has measured. It only
//! answers; nothing here can make it do anything.
//!
//! It listens on loopback, answers only to loopback's names (a page in a browser that points another name at this
//! address gets nothing), keeps a connection no longer than a few seconds and no more than [`MOST`] of them.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, serve};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

use super::health::Health;

/// Connections at the same time.
const MOST: usize = 64;
/// The life of a connection. Nobody needs more for a page of metrics, and who drips its request byte by byte gets no
/// more.
const LIFE: Duration = Duration::from_secs(10);
/// What Prometheus calls its text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The address can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("could not listen on {address}: {source}")]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// Listens, and answers until the process ends; returns the real address, for port 0.
pub async fn listen(address: SocketAddr, health: Arc<Health>) -> Result<SocketAddr, ListenError> {
    let failed = |source| ListenError { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let real = listener.local_addr().map_err(failed)?;
    let listener = Capped { listener, free: Arc::new(Semaphore::new(MOST)) };
    tokio::spawn(async move { serve(listener, router(health)).await });
    Ok(real)
}

fn router(health: Arc<Health>) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn(only_by_our_names))
        .with_state(health)
}

async fn alive(State(health): State<Arc<Health>>) -> Response {
    if health.is_alive() {
        return (StatusCode::OK, "ok\n").into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "the loop stands still\n").into_response()
}

async fn ready(State(health): State<Arc<Health>>) -> Response {
    let lacking = health.lacking().await;
    if lacking.is_empty() {
        return (StatusCode::OK, "ready\n").into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, lacking.join("\n") + "\n").into_response()
}

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    ([(header::CONTENT_TYPE, TEXT_FORMAT)], health.metrics().await).into_response()
}

/// Another host's name here is a page that was led to us by its name server.
async fn only_by_our_names(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(is_ours) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "not a name of this daemon\n").into_response()
}

fn is_ours(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

/// No more connections than there are permits; who comes later waits in the kernel's queue.
struct Capped {
    listener: TcpListener,
    free: Arc<Semaphore>,
}

impl serve::Listener for Capped {
    type Io = Short;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Short, SocketAddr) {
        // The semaphore is never closed.
        let permit = self.free.clone().acquire_owned().await.ok();
        let (stream, address) = serve::Listener::accept(&mut self.listener).await;
        (Short { stream, life: Box::pin(sleep(LIFE)), _permit: permit }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection with a short life.
struct Short {
    stream: TcpStream,
    life: Pin<Box<Sleep>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Short {
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.life.as_mut().poll(context).is_ready()
    }
}

fn over<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}

impl AsyncRead for Short {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(context) { over() } else { Pin::new(&mut self.stream).poll_read(context, buffer) }
    }
}

impl AsyncWrite for Short {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_over(context) { over() } else { Pin::new(&mut self.stream).poll_write(context, bytes) }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j2_only_loopbacks_own_names_are_answered() {
        for ours in ["localhost", "LOCALHOST:8629", "127.0.0.1:8629", "127.0.0.1", "[::1]:1", "[::1]"] {
            assert!(is_ours(ours), "{ours}");
        }
        let others =
            ["", "evil.example", "localhost.evil.example:8629", "127.0.0.1.evil.example", "localhost:80a"];
        for other in others {
            assert!(!is_ours(other), "{other}");
        }
    }
}
