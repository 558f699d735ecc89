//! Webhooks and dead man's switches, to a real HTTP server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use drillyard::model::Reason;
use serde_json::Value;

use crate::scene::Scene;

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
async fn a_switch_that_does_not_answer_holds_no_run_up() {
    let (web, scene) = (Web::start().await, Scene::new("{}"));
    let notifier = scene.notifier();
    let url = secret(&scene, "ping", &format!("{}/silent", web.address));
    let drill = scene.drill(&format!("  - ping: {{ url: {url} }}"));
    let begun = tokio::time::timeout(Duration::from_secs(10), notifier.begun(&drill)).await;
    assert!(begun.is_ok(), "the start waited for the switch");
    assert_eq!(web.asked().len(), 1);
}
