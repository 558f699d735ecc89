//! Mail to a real server, and every trouble that one can make.

use drillyard::model::Reason;
use drillyard::notify::Delivered;
use serde_json::json;

use crate::scene::Scene;
use crate::smtp::Server;

fn mail_to(addresses: &str) -> String {
    format!("  - email: {{ to: [{addresses}], when: always }}")
}

/// A run that failed, for these recipients, with everything else as the server needs it.
async fn told(server: &Server, more: &str, addresses: &str) -> (Scene, drillyard::notify::Notifier) {
    let scene = Scene::new(&server.settings(more));
    let notifier = scene.notifier();
    scene.run(&scene.drill(&mail_to(addresses)), &notifier, Reason::NoBackup, 0).await;
    (scene, notifier)
}

#[tokio::test]
async fn a_mail_arrives_over_starttls_with_a_login_and_reads_the_same_to_another_program() {
    let server = Server::start();
    let (scene, notifier) = told(&server, "", "\"Chief <cto@example.com>\", sre@example.com").await;
    let delivered = scene.deliver(&notifier, 1).await;
    assert_eq!(delivered, Delivered { sent: 2, ..Delivered::default() });
    assert_eq!(server.connections(), 1, "one connection for the mails of a pass");

    let about: Vec<_> = [1, 2].map(|number| server.about(number)).to_vec();
    for (about, to) in about.iter().zip(["cto@example.com", "sre@example.com"]) {
        assert_eq!(
            *about,
            json!({"from": "drills@example.com", "to": [to], "tls": true, "login": "drillyard"})
        );
    }
    let mails = server.looked_at();
    for mail in &mails {
        assert_eq!(mail["defects"], json!([]));
        assert_eq!((&mail["eight_bit"], &mail["bare"]), (&json!(false), &json!(0)));
        assert_eq!(mail["message_ids"].as_array().unwrap().len(), 1);
        assert_eq!(mail["headers"]["to"], "Chief <cto@example.com>, sre@example.com");
        assert_eq!(mail["headers"]["auto-submitted"], "auto-generated");
        assert_eq!(mail["shape"][0], "multipart/alternative");
        let kinds: Vec<_> = mail["parts"].as_array().unwrap().iter().map(|part| &part["kind"]).collect();
        assert_eq!(kinds[..2], ["text/plain", "text/html"]);
        for part in mail["parts"].as_array().unwrap() {
            assert!(["quoted-printable", "base64"].contains(&part["encoding"].as_str().unwrap()), "{part}");
        }
        let size = mail["size"].as_u64().unwrap();
        assert!(size < 100_000, "{size} bytes");
    }
    assert_ne!(mails[0]["message_ids"], mails[1]["message_ids"]);
}

#[tokio::test]
async fn h2_a_greylisted_mail_comes_later_with_the_same_identity() {
    let server = Server::start();
    let (scene, notifier) = told(&server, "", "greylist@example.com").await;
    let first = scene.deliver(&notifier, 1).await;
    assert_eq!((first.sent, first.waiting), (0, 1));
    assert!(first.refusal.as_ref().unwrap().contains("451"), "{first:?}");
    assert_eq!(scene.outbox("attempts"), [Some("1".to_owned())]);
    let identity = scene.outbox("message_id").remove(0).unwrap();

    assert_eq!(scene.deliver(&notifier, 1).await.sent, 0, "not before its time");
    assert_eq!(scene.deliver(&notifier, 3).await.sent, 1);
    assert_eq!(server.looked_at()[0]["message_ids"], json!([identity]));
}

#[tokio::test]
async fn h3_one_refused_recipient_of_three_concerns_only_itself() {
    let server = Server::start();
    let (scene, notifier) = told(&server, "", "cto@example.com, refused@example.com, sre@example.com").await;
    let delivered = scene.deliver(&notifier, 1).await;
    assert_eq!((delivered.sent, delivered.waiting, delivered.given_up), (2, 0, 1));
    assert_eq!(server.received().len(), 2);
    let told = scene.store.undelivered(None, crate::scene::at(0)).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].recipient, "refused@example.com");
    assert!(told[0].refusal.contains("550 5.1.1 no such user here"), "{told:?}");
}

#[tokio::test]
async fn h4_a_mail_that_is_too_big_comes_short() {
    let server = Server::start();
    let (scene, notifier) = told(&server, "", "big@example.com").await;
    let long = "a long line of html <br>\r\n".repeat(2_000);
    let body = scene.outbox("body").remove(0).unwrap().replace("--\r\n", &format!("--\r\n{long}"));
    scene.sql().execute("UPDATE outbox SET body = ?1", [body]).unwrap();
    assert_eq!(scene.deliver(&notifier, 1).await.sent, 1);
    let mail = server.looked_at().remove(0);
    assert_eq!(mail["shape"], json!(["text/plain"]));
    assert_eq!(mail["message_ids"], json!([scene.outbox("message_id").remove(0).unwrap()]));
}

#[tokio::test]
async fn h4_a_mail_about_many_that_is_too_big_comes_short() {
    let server = Server::start();
    let scene = Scene::new(&server.settings(""));
    let notifier = scene.notifier();
    let drill = scene.drill(&mail_to("big@example.com"));
    for minute in 0..250 {
        scene.run(&drill, &notifier, Reason::NoBackup, minute).await;
    }
    let delivered = scene.deliver(&notifier, 250).await;
    assert_eq!((delivered.sent, delivered.given_up), (1, 0), "{delivered:?}");
    let mail = server.looked_at().remove(0);
    assert!(mail["headers"]["subject"].as_str().unwrap().contains("250 runs at once: 250 failed"), "{mail}");
    let text = std::fs::read_to_string(&server.received()[0]).unwrap().replace("=\r\n", "");
    let named = text.matches("drillyard show").count();
    assert!((50..250).contains(&named) && text.contains(&format!("and {} more", 250 - named)), "{text}");
    assert!(scene.outbox("sent_at").iter().all(Option::is_some));
}

#[tokio::test]
async fn a_mail_arrives_over_tls_from_the_first_byte() {
    let server = Server::with(&["--tls"], "DNS:localhost");
    let (scene, notifier) = told(&server, ", security: tls", "cto@example.com").await;
    assert_eq!(scene.deliver(&notifier, 1).await, Delivered { sent: 1, ..Delivered::default() });
    let wanted =
        json!({"from": "drills@example.com", "to": ["cto@example.com"], "tls": true, "login": "drillyard"});
    assert_eq!(server.about(1), wanted);

    // To a server that speaks first and in the clear, nothing is said.
    let plain = Server::start();
    let (scene, notifier) = told(&plain, ", security: tls", "cto@example.com").await;
    let delivered = scene.deliver(&notifier, 1).await;
    assert_eq!((delivered.sent, delivered.waiting, plain.received().len()), (0, 1, 0), "{delivered:?}");
}

#[tokio::test]
async fn a_certificate_by_another_authority_is_refused_over_tls_too() {
    let (server, stranger) = (Server::with(&["--tls"], "DNS:localhost"), Server::start());
    let authority = |server: &Server| server.authority().display().to_string();
    let text = server.settings(", security: tls").replace(&authority(&server), &authority(&stranger));
    let scene = Scene::new(&text);
    let notifier = scene.notifier();
    scene.run(&scene.drill(&mail_to("cto@example.com")), &notifier, Reason::NoBackup, 0).await;
    let delivered = scene.deliver(&notifier, 1).await;
    assert_eq!((delivered.sent, delivered.waiting, server.received().len()), (0, 1, 0));
    assert!(delivered.refusal.as_ref().unwrap().contains("certificate"), "{delivered:?}");
}

#[tokio::test]
async fn a_mail_goes_in_the_clear_only_where_the_settings_say_so_and_without_a_login() {
    // It offers neither TLS nor a login.
    let server = Server::stripped();
    let text = |security: &str| {
        format!(
            "mail: {{ smtp: {{ host: localhost, port: {}{security} }}, from: drills@example.com }}",
            server.port
        )
    };
    for (security, sent) in [("", 0), (", security: none", 1)] {
        let scene = Scene::new(&text(security));
        let notifier = scene.notifier();
        scene.run(&scene.drill(&mail_to("cto@example.com")), &notifier, Reason::NoBackup, 0).await;
        assert_eq!(scene.deliver(&notifier, 1).await.sent, sent, "{security}");
    }
    let wanted =
        json!({"from": "drills@example.com", "to": ["cto@example.com"], "tls": false, "login": null});
    assert_eq!((server.received().len(), server.about(1)), (1, wanted));
    let (_, faults) = drillyard::definition::settings::parse(
        &text(", security: none, username: drillyard, password: { env: HOME }"),
        std::path::Path::new("/drillyard.yaml"),
    );
    assert!(
        faults.iter().any(|fault| fault.is_error() && fault.message.contains("in the clear")),
        "{faults:#?}"
    );
}

#[tokio::test]
async fn a9_a_connection_that_ends_after_the_message_costs_one_duplicate_of_the_same_identity() {
    let server = Server::start();
    let (scene, notifier) = told(&server, "", "dropped@example.com").await;
    assert_eq!(scene.deliver(&notifier, 1).await.waiting, 1);
    assert_eq!(scene.deliver(&notifier, 5).await.sent, 1);
    let mails = server.looked_at();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0]["message_ids"], mails[1]["message_ids"]);
}

#[tokio::test]
async fn h6_a_stripped_starttls_is_never_a_mail_in_the_clear() {
    let server = Server::stripped();
    let (scene, notifier) = told(&server, "", "cto@example.com").await;
    let delivered = scene.deliver(&notifier, 1).await;
    assert_eq!((delivered.sent, delivered.waiting), (0, 1));
    assert!(delivered.refusal.unwrap().contains("STARTTLS"));
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn h6_a_certificate_by_another_authority_or_for_another_name_is_refused() {
    let other = Server::with(&[], "DNS:mail.example.com");
    let stranger = Server::start();
    let (scene, notifier) = told(&other, "", "cto@example.com").await;
    let wrong_name = scene.deliver(&notifier, 1).await;
    let text = stranger
        .settings("")
        .replace(&stranger.authority().display().to_string(), &other.authority().display().to_string());
    let scene = Scene::new(&text);
    let notifier = scene.notifier();
    scene.run(&scene.drill(&mail_to("cto@example.com")), &notifier, Reason::NoBackup, 0).await;
    let wrong_authority = scene.deliver(&notifier, 1).await;
    for refused in [wrong_name, wrong_authority] {
        assert_eq!((refused.sent, refused.waiting, refused.given_up), (0, 1, 0), "{refused:?}");
        assert!(refused.refusal.as_ref().unwrap().contains("certificate"), "{refused:?}");
    }
    assert_eq!((other.received().len(), stranger.received().len()), (0, 0));
}

#[tokio::test]
async fn a_refused_password_keeps_the_mail_waiting_and_appears_nowhere() {
    let server = Server::start();
    let (scene, notifier) = told(&server, "", "cto@example.com, sre@example.com").await;
    server.set_password("wr0ng-h0rse");
    let delivered = scene.deliver(&notifier, 1).await;
    assert_eq!((delivered.sent, delivered.waiting), (0, 2), "a password can be mended");
    assert_eq!(server.connections(), 1, "the second mail does not ask again");
    let refusal = delivered.refusal.unwrap();
    assert!(refusal.contains("refuses name and password: 535"), "{refusal}");
    for column in ["refusal", "body", "recipient"] {
        let all = format!("{:?}", scene.outbox(column));
        assert!(!all.contains("h0rse") && !all.contains("d3IwbmctaDByc2U"), "{column}");
    }
    server.set_password(crate::smtp::PASSWORD);
    assert_eq!(scene.deliver(&notifier, 5).await.sent, 2);
}

#[tokio::test]
async fn h1_a_server_that_is_down_is_tried_again() {
    let mut server = Server::start();
    let (scene, notifier) = told(&server, "", "cto@example.com").await;
    server.stop();
    let delivered = scene.deliver(&notifier, 1).await;
    assert_eq!((delivered.sent, delivered.waiting, delivered.given_up), (0, 1, 0), "{delivered:?}");
    assert!(delivered.next_at.unwrap() > crate::scene::at(1));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_and_the_next_recipient_has_their_mail() {
    let server = Server::start();
    let (scene, notifier) = told(&server, "", "stall@example.com, cto@example.com").await;
    let begun = std::time::Instant::now();
    let delivered = scene.deliver(&notifier, 1).await;
    assert_eq!((delivered.sent, delivered.waiting), (1, 1), "{delivered:?}");
    assert!(delivered.refusal.unwrap().contains("did not answer to the recipient in time"));
    assert!(begun.elapsed() < std::time::Duration::from_secs(90), "{:?}", begun.elapsed());
}
