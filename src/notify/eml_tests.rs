#![allow(clippy::unwrap_used)]

use super::*;

fn mailbox(text: &str) -> Mailbox {
    text.parse().unwrap()
}

fn letter(subject: &str, text: &str) -> Letter {
    let html = format!("<p>{text}</p>");
    Letter {
        subject: subject.to_owned(),
        text: text.to_owned(),
        html,
        chart: Some(vec![0x89, b'P', b'N', b'G']),
    }
}

fn written(letter: &Letter) -> String {
    let from = mailbox("Drillyard <drills@example.com>");
    let to = [mailbox("cto@example.com"), mailbox("Ün Owner <sre@example.com>")];
    let date = "2026-11-21T04:00:00Z".parse().unwrap();
    let head = Head { from: &from, to: &to, date, message_id: "<01K.ab@example.com>", about: "01K" };
    whole(&head, letter).unwrap()
}

fn headers(message: &str) -> Vec<&str> {
    message.split("\r\n\r\n").next().unwrap().split("\r\n").collect()
}

/// Texts that want to be more than texts, one after the other.
fn hostile() -> Vec<String> {
    let mut all: Vec<String> = [
        "x\r\nBcc: everybody@example.org",
        "x\nBcc: everybody@example.org",
        "x\rBcc: everybody@example.org",
        "x\r\n.\r\nMAIL FROM:<a@b>",
        "x\n.\nMAIL FROM:<a@b>",
        "x\r.\rMAIL FROM:<a@b>",
        "x\r\n\r.\r\nQUIT",
        "\u{85}x\u{2028}y\u{2029}z",
        ".",
        "..",
        "=?utf-8?q?=0D=0ABcc:_a@b?=",
        "Größe 表 🙂",
    ]
    .map(str::to_owned)
    .to_vec();
    all.extend((0..=0x20_u8).chain([0x7f]).map(|byte| format!("a{}b", char::from(byte))));
    all.push("long ".repeat(4_000));
    all.push("x".repeat(20_000));
    all
}

#[test]
fn h7_no_subject_becomes_a_header() {
    let names = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Drillyard-Run",
        "MIME-Version",
        "Content-Type",
    ];
    for text in hostile() {
        let message = written(&letter(&text, "text"));
        let mut found: Vec<&str> = headers(&message)
            .into_iter()
            .filter(|line| !line.starts_with([' ', '\t']))
            .map(|line| line.split(':').next().unwrap())
            .collect();
        found.sort_unstable();
        let mut wanted = names.to_vec();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{text:?}");
    }
}

#[test]
fn h8_no_text_ends_the_mail_or_begins_another() {
    for text in hostile() {
        let message = written(&letter("subject", &text));
        assert!(message.is_ascii(), "{text:?}");
        let bare = message.replace("\r\n", "");
        assert!(!bare.contains(['\r', '\n', '\0']), "a bare CR or LF of {text:?}");
        assert!(message.split("\r\n").all(|line| line.len() <= 998), "a long line of {text:?}");
        let encodings = message.matches("Content-Transfer-Encoding: quoted-printable").count();
        assert_eq!((encodings, message.matches("Content-Transfer-Encoding:").count()), (2, 3), "{text:?}");
    }
}

#[test]
fn a_mail_says_that_a_program_wrote_it_and_when() {
    let message = written(&letter("orders: proven", "text"));
    for line in [
        "Auto-Submitted: auto-generated",
        "X-Drillyard-Run: 01K",
        "Date: Sat, 21 Nov 2026 04:00:00 +0000",
        "Message-ID: <01K.ab@example.com>",
        "Subject: orders: proven",
    ] {
        assert!(headers(&message).contains(&line), "{line} in\n{message}");
    }
}

#[test]
fn h4_the_short_version_is_short_and_has_the_same_head() {
    let from = mailbox("drills@example.com");
    let to = [mailbox("cto@example.com")];
    let head = Head { from: &from, to: &to, date: Timestamp::UNIX_EPOCH, message_id: "<1@x>", about: "1" };
    let long = letter("subject", &"a line of text\n".repeat(50_000));
    let short = short(&head, &long).unwrap();
    assert!(short.len() < 20_000 && !short.contains("text/html"), "{} bytes", short.len());
    assert!(short.contains("Message-ID: <1@x>\r\n") && short.contains("Subject: subject\r\n"));
}
