//! Webhooks and dead man's switches, to a real HTTP server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use drillyard::definition::Drill;
use drillyard::model::{Channel, Reason, RunId, Verdict};
use drillyard::record::{Conclusion, RunRecord};
use serde_json::Value;

use crate::scene::{Scene, answered};

/// What was asked: method, path with its query, body.
type Asked = Arc<Mutex<Vec<(String, String, String)>>>;

struct Web {
    address: String,
    asked: Asked,
    task: tokio::task::JoinHandle<()>,
}

impl Web {
    async fn start() -> Self {
        let asked = Asked::default();
        let app = Router::new().fallback(answer).with_state(asked.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, asked, task }
    }

    fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().iter().map(|(method, path, _)| (method.clone(), path.clone())).collect()
    }

    fn body(&self, number: usize) -> Value {
        serde_json::from_str(&self.asked.lock().unwrap()[number].2).unwrap()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The first part of the path says what is answered.
async fn answer(State(asked): State<Asked>, request: Request) -> Response {
    let (method, uri) = (request.method().to_string(), request.uri().to_string());
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    asked.lock().unwrap().push((method, uri.clone(), String::from_utf8(body.to_vec()).unwrap()));
    let canary = "an answer with a secret of theirs: canary-body";
    match uri.trim_start_matches('/').split('/').next().unwrap_or_default() {
        "ok" => StatusCode::OK.into_response(),
        "gone" => (StatusCode::GONE, canary).into_response(),
        "busy" => (StatusCode::SERVICE_UNAVAILABLE, canary).into_response(),
        "moved" => (StatusCode::TEMPORARY_REDIRECT, [("Location", "/ok/elsewhere")]).into_response(),
        _ => std::future::pending().await,
    }
}

/// A secret's file with this address.
fn secret(scene: &Scene, name: &str, address: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let file = scene.directory.path().join(name);
    std::fs::write(&file, address).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("{{ file: {} }}", file.display())
}

fn hook(scene: &Scene, address: &str, style: &str) -> String {
    let url = secret(scene, "hook", address);
    format!("  - webhook: {{ url: {url}, style: {style}, when: always }}")
}

#[tokio::test]
async fn a_webhook_is_posted_the_document_of_json_and_its_address_is_nowhere() {
    let (web, scene) = (Web::start().await, Scene::new("{}"));
    let notifier = scene.notifier();
    let drill = scene.drill(&hook(&scene, &format!("{}/ok/canary-address", web.address), "json"));
    let (run, _) = scene.run(&drill, &notifier, Reason::NoBackup, 0).await;
    assert_eq!(scene.deliver(&notifier, 1).await.sent, 1);
    assert_eq!(web.asked(), [("POST".to_owned(), "/ok/canary-address".to_owned())]);
    let posted = web.body(0);
    assert_eq!(posted["schema"], "drillyard/run/1");
    assert_eq!(
        (posted["run"].as_str(), posted["reason"].as_str()),
        (Some(run.to_string().as_str()), Some("no_backup"))
    );
    let file = std::fs::read(scene.store.state().join("drillyard.sqlite")).unwrap();
    assert!(!String::from_utf8_lossy(&file).contains("canary-address"), "the address is in the store");
}

#[tokio::test]
async fn h9_no_webhook_is_posted_the_value_of_a_row() {
    let (web, scene) = (Web::start().await, Scene::new("{}"));
    let notifier = scene.notifier();
    for (minute, style) in [(0, "json"), (1, "slack")] {
        let drill = scene.drill(&hook(&scene, &format!("{}/ok", web.address), style));
        scene.run_that_found(&answered("canary-row"), &drill, &notifier, minute).await;
    }
    assert_eq!(scene.deliver(&notifier, 2).await.sent, 2);
    let (json, slack) = (web.body(0), web.body(1));
    assert_eq!(json["checks"][0]["name"], "newest customer");
    assert_eq!(
        (&json["checks"][0]["expected"], &json["checks"][0]["observed"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(json["sentence"], "shop: failed: a check found something else than expected");
    for posted in [json, slack] {
        assert!(!posted.to_string().contains("canary-row"), "{posted}");
    }
}

#[tokio::test]
async fn slack_is_posted_text_and_blocks_without_links() {
    let (web, scene) = (Web::start().await, Scene::new("{}"));
    let notifier = scene.notifier();
    let drill = scene.drill(&hook(&scene, &format!("{}/ok", web.address), "slack"));
    scene.run(&drill, &notifier, Reason::NoBackup, 0).await;
    assert_eq!(scene.deliver(&notifier, 1).await.sent, 1);
    let posted = web.body(0);
    assert!(posted["text"].as_str().unwrap().contains("shop"), "{posted}");
    assert_eq!(posted["blocks"][1]["text"]["type"], "plain_text");
    assert!(!posted.to_string().contains("mrkdwn\":true"));
}

#[tokio::test]
async fn a_refused_webhook_is_given_up_told_by_mail_and_its_answer_is_not_kept() {
    let (web, scene) = (Web::start().await, Scene::new("{}"));
    let notifier = scene.notifier();
    let mail = "  - email: { to: [cto@example.com], when: on_problem }";
    let drill = scene.drill(&format!("{}\n{mail}", hook(&scene, &format!("{}/gone", web.address), "json")));
    scene.run(&drill, &notifier, Reason::NoBackup, 0).await;
    let delivered = scene.deliver(&notifier, 1).await;
    assert_eq!((delivered.sent, delivered.given_up), (1, 1), "the drill's own mail went its way");
    assert_eq!(scene.deliver(&notifier, 2).await.sent, 1, "and then one about the webhook");
    let mails = std::fs::read_dir(scene.mail_folder()).unwrap();
    let texts: Vec<String> =
        mails.map(|mail| std::fs::read_to_string(mail.unwrap().path()).unwrap()).collect();
    assert_eq!(texts.iter().filter(|text| text.contains("did not arrive")).count(), 1, "{texts:?}");
    let kept = format!("{:?}{:?}", scene.outbox("refusal"), texts);
    assert!(kept.contains("answered 410") && !kept.contains("canary-body"), "{kept}");
}

#[tokio::test]
async fn of_two_refused_webhooks_each_is_told_by_mail() {
    let (web, scene) = (Web::start().await, Scene::new("{}"));
    let notifier = scene.notifier();
    let hooks = ["one", "two"].map(|name| {
        let url = secret(&scene, name, &format!("{}/gone", web.address));
        format!("  - webhook: {{ url: {url}, style: json, when: always }}\n")
    });
    let mail = "  - email: { to: [cto@example.com], when: on_problem }";
    let drill = scene.drill(&format!("{}{mail}", hooks.concat()));
    scene.run(&drill, &notifier, Reason::NoBackup, 0).await;
    assert_eq!(scene.deliver(&notifier, 1).await.given_up, 2);
    assert_eq!(scene.deliver(&notifier, 2).await.sent, 2, "one about each webhook");
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_holds_up_no_webhook() {
    let web = Web::start().await;
    // Connections are made, and nobody ever speaks.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let scene = Scene::new(&format!(
        "mail: {{ smtp: {{ host: 127.0.0.1, port: {port}, security: none }}, from: drills@example.com }}"
    ));
    let notifier = scene.notifier();
    let mail = "  - email: { to: [cto@example.com], when: always }";
    let drill = scene.drill(&format!("{mail}\n{}", hook(&scene, &format!("{}/ok", web.address), "json")));
    scene.run(&drill, &notifier, Reason::NoBackup, 0).await;
    let asked = async {
        while web.asked().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        delivered = scene.deliver(&notifier, 1) => panic!("the mail was not waited for: {delivered:?}"),
        () = asked => {}
    }
    let tries = scene.outbox("channel || ' ' || attempts || ' ' || coalesce(claimed_by, '-')");
    assert!(tries.contains(&Some("mail 0 daemon".to_owned())), "the mail's turn was over before: {tries:?}");
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_a_redirect_is_not_followed() {
    let (web, scene) = (Web::start().await, Scene::new("{}"));
    let notifier = scene.notifier();
    for (place, told) in [("busy", "answered 503"), ("moved", "answered 307")] {
        let drill = scene.drill(&hook(&scene, &format!("{}/{place}", web.address), "json"));
        scene.run(&drill, &notifier, Reason::NoBackup, 0).await;
        let delivered = scene.deliver(&notifier, 1).await;
        assert_eq!((delivered.sent, delivered.waiting), (0, 1), "{place}");
        assert!(delivered.refusal.unwrap().contains(told));
        scene.sql().execute("DELETE FROM outbox", []).unwrap();
        scene.sql().execute("DELETE FROM occurrences", []).unwrap();
    }
    assert!(!web.asked().iter().any(|(_, path)| path.contains("elsewhere")), "{:?}", web.asked());
}

#[tokio::test]
async fn a_dead_mans_switch_hears_of_the_start_the_success_and_the_failure() {
    let (web, scene) = (Web::start().await, Scene::new("{}"));
    let notifier = scene.notifier();
    let url = secret(&scene, "ping", &format!("{}/ok/abc?key=1", web.address));
    let drill = scene.drill(&format!("  - ping: {{ url: {url} }}"));
    notifier.begun(&drill).await;
    scene.run(&drill, &notifier, Reason::Down, 0).await;
    assert_eq!(scene.deliver(&notifier, 1).await.sent, 1, "a missed run is a failure, and at once");
    let get = |path: &str| ("GET".to_owned(), path.to_owned());
    assert_eq!(web.asked(), [get("/ok/abc/start?key=1"), get("/ok/abc/fail?key=1")]);
}

#[tokio::test]
async fn b13_what_was_left_behind_is_told_although_the_run_passed() {
    let scene = Scene::new("{}");
    let notifier = scene.notifier();
    let nobody = secret(&scene, "ping", "http://127.0.0.1:1/abc");
    let mail = "  - email: { to: [cto@example.com], when: on_problem }";
    let drill = scene.drill(&format!("{mail}\n  - ping: {{ url: {nobody} }}"));
    let (run, _) = scene.run(&drill, &notifier, Reason::NoBackup, 0).await;
    let mut record = RunRecord::fold(&scene.store.events(run).await.unwrap()).unwrap();
    record.opening.run = RunId::new(ulid::Ulid::new());
    let passed = Conclusion { verdict: Verdict::Passed, reason: None, ..Conclusion::of(&record) };
    let cleanup = record.cleanup.as_mut().unwrap();
    cleanup.leftovers = vec!["container drillyard-orders".to_owned()];
    scene.sql().execute("DELETE FROM outbox", []).unwrap();
    let told = notifier.messages(&drill, &record, &passed, &scene.store).await;
    let told: Vec<_> = told.iter().map(|entry| (entry.channel, entry.body.as_str())).collect();
    let [(Channel::Mail, mail), (Channel::Ping, "fail")] = told.as_slice() else { panic!("{told:?}") };
    assert!(mail.contains("NOT cleaned up"), "{mail}");
}

#[tokio::test]
async fn a_late_ping_does_not_tell_yesterdays_state() {
    let scene = Scene::new("{}");
    let notifier = scene.notifier();
    let nobody = secret(&scene, "ping", "http://127.0.0.1:1/abc");
    let drill = scene.drill(&format!("  - ping: {{ url: {nobody} }}"));
    scene.run(&drill, &notifier, Reason::NoBackup, 0).await;
    assert_eq!(scene.deliver(&notifier, 1).await.waiting, 1);
    let (run, _) = scene.run(&drill, &notifier, Reason::NoBackup, 10).await;
    assert_eq!(scene.outbox("run"), [Some(run.to_string())], "only the newest waits");
}

#[tokio::test]
async fn of_two_drills_with_one_switch_none_takes_the_others_failure_back() {
    let scene = Scene::new("{}");
    let notifier = scene.notifier();
    let nobody = secret(&scene, "ping", "http://127.0.0.1:1/abc");
    let orders = scene.drill(&format!("  - ping: {{ url: {nobody} }}"));
    let users = Drill { name: "users".parse().unwrap(), ..orders.clone() };
    let (first, _) = scene.run(&orders, &notifier, Reason::NoBackup, 0).await;
    let (second, _) = scene.run(&users, &notifier, Reason::NoBackup, 1).await;
    assert_eq!(scene.outbox("run"), [first, second].map(|run| Some(run.to_string())));
}

#[tokio::test]
async fn a_switch_that_does_not_answer_holds_no_run_up() {
    let (web, scene) = (Web::start().await, Scene::new("{}"));
    let notifier = scene.notifier();
    let url = secret(&scene, "ping", &format!("{}/silent", web.address));
    let drill = scene.drill(&format!("  - ping: {{ url: {url} }}"));
    let begun = tokio::time::timeout(Duration::from_secs(10), notifier.begun(&drill)).await;
    assert!(begun.is_ok(), "the start waited for the switch");
    assert_eq!(web.asked().len(), 1);
}
