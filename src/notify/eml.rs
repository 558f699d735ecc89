//! A letter as the bytes of a mail (RFC 5322), ready to be sent or kept as a file.
//!
//! Every part is quoted-printable or base64: no line of a body begins or ends as a foreign text wants it to, so nothing
//! in it can end the mail early or begin another (RUSTSEC-2026-0561, 2026-11-21).

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::Message;
use lettre::message::header::{
    ContentDisposition, ContentId, ContentTransferEncoding, ContentType, HeaderName, HeaderValue,
};
use lettre::message::{Body, Mailbox, MessageBuilder, MultiPart, SinglePart};

use crate::record::visible::visible;
use crate::report::mail::Letter;

/// What stands above a letter.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// The sender.
    pub from: &'a Mailbox,
    /// All recipients, as everybody may see them.
    pub to: &'a [Mailbox],
    /// When it was written.
    pub date: Timestamp,
    /// With its angle brackets.
    pub message_id: &'a str,
    /// What it is about: a run's id.
    pub about: &'a str,
}

/// A mail that could not be put together.
#[derive(Debug, thiserror::Error)]
#[error("the mail could not be written: {0}")]
pub struct EmlError(String);

/// The whole letter: text, and beside it HTML with its picture. Seven-bit, lines end with CR LF.
pub fn whole(head: &Head<'_>, letter: &Letter) -> Result<String, EmlError> {
    let text = readable(ContentType::TEXT_PLAIN, &letter.text)?;
    if letter.html.is_empty() {
        return finished(start(head, letter).singlepart(text));
    }
    let html = readable(ContentType::TEXT_HTML, &letter.html)?;
    let alternative = MultiPart::alternative().singlepart(text);
    let alternative = match &letter.chart {
        Some(chart) => {
            alternative.multipart(MultiPart::related().singlepart(html).singlepart(picture(chart)?))
        }
        None => alternative.singlepart(html),
    };
    finished(start(head, letter).multipart(alternative))
}

/// Only its text, for a server to which the whole is too big.
pub fn short(head: &Head<'_>, letter: &Letter) -> Result<String, EmlError> {
    let text: String = letter.text.chars().take(8_000).collect();
    finished(start(head, letter).singlepart(readable(ContentType::TEXT_PLAIN, &text)?))
}

fn start(head: &Head<'_>, letter: &Letter) -> MessageBuilder {
    let plain = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), visible(value));
    let builder =
        head.to.iter().cloned().fold(Message::builder().from(head.from.clone()), MessageBuilder::to);
    builder
        .subject(visible(&letter.subject))
        .date(SystemTime::from(head.date))
        .message_id(Some(head.message_id.to_owned()))
        // No robot answers a robot: holiday notices would come back for every drill (RFC 3834).
        .raw_header(plain("Auto-Submitted", "auto-generated"))
        .raw_header(plain("X-Drillyard-Run", head.about))
}

fn readable(kind: ContentType, text: &str) -> Result<SinglePart, EmlError> {
    Ok(SinglePart::builder()
        .header(kind)
        .body(encoded(text.to_owned(), ContentTransferEncoding::QuotedPrintable)?))
}

fn picture(png: &[u8]) -> Result<SinglePart, EmlError> {
    let kind = ContentType::parse("image/png").map_err(|error| EmlError(error.to_string()))?;
    let body = encoded(png.to_vec(), ContentTransferEncoding::Base64)?;
    let part = SinglePart::builder().header(kind).header(ContentDisposition::inline());
    Ok(part.header(ContentId::from("<chart>".to_owned())).body(body))
}

fn encoded(
    content: impl Into<lettre::message::MaybeString>,
    encoding: ContentTransferEncoding,
) -> Result<Body, EmlError> {
    Body::new_with_encoding(content, encoding).map_err(|_| EmlError("a part has no encoding".to_owned()))
}

fn finished(message: Result<Message, lettre::error::Error>) -> Result<String, EmlError> {
    let message = message.map_err(|error| EmlError(error.to_string()))?;
    String::from_utf8(message.formatted()).map_err(|error| EmlError(error.to_string()))
}

#[cfg(test)]
#[path = "eml_tests.rs"]
mod tests;
