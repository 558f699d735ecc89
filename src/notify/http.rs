//! Webhooks and dead man's switches: a request, of whose answer only the number is looked at.
//!
//! Addresses are secrets: they are resolved when they are used, and appear in no error and no log.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Request, RequestBuilder, StatusCode, Url};
use secrecy::ExposeSecret;

use super::trouble::Trouble;
use crate::definition::SecretReference;
use crate::store::{Channel, OutboxEntry};

/// The longest that an answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// The longest that the start of a run waits for a dead man's switch.
const START: Duration = Duration::from_secs(5);

/// Carries one message; its recipient is the reference to an address.
pub(super) async fn deliver(client: &Client, entry: &OutboxEntry) -> Result<(), Trouble> {
    let reference: SecretReference = entry
        .recipient
        .parse()
        .map_err(|()| Trouble::Permanent("this is no reference to an address".to_owned()))?;
    let url = address(&reference)?;
    let request = match entry.channel {
        Channel::Ping if entry.body == "success" => client.get(url),
        Channel::Ping => client.get(below(url, "fail")),
        // The same number for the same message, for a receiver that wants each once.
        _ => client
            .post(url)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", &entry.message_id)
            .body(entry.body.clone()),
    };
    ask(request.timeout(ANSWER), client).await
}

/// Tells a dead man's switch that a run begins.
pub(super) async fn begun(client: &Client, reference: &SecretReference) -> Result<(), Trouble> {
    let url = below(address(reference)?, "start");
    ask(client.get(url).timeout(START), client).await
}

/// A client that follows nobody anywhere: a redirect could carry a message to a host that nobody named (2026-11-21).
pub(super) fn client() -> Result<Client, Trouble> {
    let built = Client::builder().redirect(Policy::none()).connect_timeout(Duration::from_secs(10));
    let agent = concat!("drillyard/", env!("CARGO_PKG_VERSION"));
    built.user_agent(agent).build().map_err(|_| Trouble::Transient("HTTP could not be set up".to_owned()))
}

fn address(reference: &SecretReference) -> Result<Url, Trouble> {
    let secret = reference.resolve().map_err(|error| Trouble::Transient(error.to_string()))?;
    let url = Url::parse(secret.expose_secret()).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| Trouble::Transient(format!("{reference} holds no http or https address")))
}

/// `URL/start`, `URL/fail`, before the query where there is one.
fn below(mut url: Url, last: &str) -> Url {
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(last);
    }
    url
}

async fn ask(request: RequestBuilder, client: &Client) -> Result<(), Trouble> {
    let request: Request =
        request.build().map_err(|_| Trouble::Permanent("the request can't be written".to_owned()))?;
    match client.execute(request).await {
        Ok(answer) => judged(answer.status()),
        // The error's own text names the address.
        Err(error) if error.is_timeout() => Err(Trouble::Transient("no answer in time".to_owned())),
        Err(error) if error.is_connect() => Err(Trouble::Transient("no connection".to_owned())),
        Err(_) => Err(Trouble::Transient("the connection broke off".to_owned())),
    }
}

fn judged(status: StatusCode) -> Result<(), Trouble> {
    let told = format!("answered {}", status.as_u16());
    match status.as_u16() {
        200..=299 => Ok(()),
        300..=399 => Err(Trouble::Transient(format!(
            "{told}: it has moved, and nobody follows; write its new address"
        ))),
        408 | 425 | 429 => Err(Trouble::Transient(told)),
        400..=499 => Err(Trouble::Permanent(told)),
        _ => Err(Trouble::Transient(told)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_and_fail_stand_below_the_address() {
        for (address, wanted) in [
            ("https://hc.example/ping/abc", "https://hc.example/ping/abc/fail"),
            ("https://hc.example/ping/abc/", "https://hc.example/ping/abc/fail"),
            ("https://hc.example/ping?key=1", "https://hc.example/ping/fail?key=1"),
            ("https://hc.example", "https://hc.example/fail"),
        ] {
            assert_eq!(below(Url::parse(address).unwrap(), "fail").as_str(), wanted);
        }
    }

    #[test]
    fn what_may_be_mended_is_tried_again_and_what_was_refused_is_not() {
        let judged = |code| judged(StatusCode::from_u16(code).unwrap());
        for code in [301, 302, 307, 308, 408, 425, 429, 500, 502, 503, 599] {
            assert!(matches!(judged(code), Err(Trouble::Transient(_))), "{code}");
        }
        for code in [400, 401, 403, 404, 410, 413] {
            assert!(matches!(judged(code), Err(Trouble::Permanent(_))), "{code}");
        }
        assert_eq!((judged(200), judged(204)), (Ok(()), Ok(())));
    }
}
