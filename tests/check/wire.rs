//! The way that a run asks: over the wire of a real sandbox, which has no network.

use std::time::Duration;

use drillyard::check::{ask_all, prepare_role_sql};
use drillyard::database::postgres::settings::Sizing;
use drillyard::definition::check::NumberBounds;
use drillyard::definition::{Bounds, Check, CheckBody, SqlExpectation, Storage};
use drillyard::engine::Engine;
use drillyard::model::{Durability, Outcome, Reason, RunId, StoreId};
use drillyard::sandbox::profile::Labels;
use drillyard::sandbox::wire::Login;
use drillyard::sandbox::{Request, Sandbox};
use jiff::Timestamp;

use crate::server::{check, context, table};

async fn sandbox(engine: &Engine, time_to_live: Duration) -> Sandbox {
    let image = "drillyard/postgres:15";
    let now = Timestamp::now();
    let run = RunId::new(ulid::Ulid::new());
    let request = Request {
        own_database: "postgres",
        name: format!("drillyard-check-test-{run}").to_lowercase(),
        image: image.into(),
        image_facts: engine.image(image).await.unwrap().expect("run docker/prepare"),
        labels: Labels {
            store: StoreId::new("checks-over-the-wire"),
            run,
            drill: "checks-over-the-wire".parse().unwrap(),
            fence: 1,
            expires: now + jiff::SignedDuration::from_mins(2),
        },
        sizing: Sizing {
            memory_bytes: 512 << 20,
            milli_cpus: 1000,
            jobs: 1,
            durability: Durability::Relaxed,
        },
        extra_settings: vec![],
        storage: Storage::Volume,
        backup: None,
        origin: None,
        time_to_live,
    };
    Sandbox::start(engine, &request, now.as_second()).await.unwrap()
}

async fn engine() -> Engine {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
    Engine::connect(&[host]).await.expect("run docker/prepare")
}

#[tokio::test]
async fn a_sandbox_whose_time_is_over_says_so_and_was_not_lost() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, Duration::from_secs(6)).await;
    let trouble = tokio::time::timeout(Duration::from_secs(20), sandbox.watch.until_trouble()).await;
    assert_eq!(trouble, Ok(Reason::Timeout));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(sandbox.trouble(), Some(Reason::Timeout), "its end follows from that");
}

#[tokio::test]
async fn a_sandbox_is_asked_over_its_wire_and_a_session_that_hangs_is_ended() {
    let engine = engine().await;
    let sandbox = sandbox(&engine, Duration::from_mins(2)).await;
    let superuser = sandbox.wire.connect("postgres", Login::Superuser).await.unwrap();
    superuser.run("CREATE TABLE public.orders AS SELECT generate_series(1, 12) AS id").await.unwrap();
    superuser.run(prepare_role_sql()).await.unwrap();

    let bounds = Bounds { at_least: Some(12), at_most: Some(12) };
    let forever = "select 1 from pg_sleep(60), set_config('statement_timeout', '0', false)";
    let number = SqlExpectation::Number(NumberBounds { at_least: Some("1".into()), at_most: None });
    let checks = [
        check(CheckBody::Rows { table: table("public", "orders"), condition: None, bounds }),
        Check {
            timeout: Duration::from_secs(2),
            ..check(CheckBody::Sql { query: forever.into(), expectation: number })
        },
    ];
    let connect = |database: String| {
        let wire = sandbox.wire.clone();
        async move { wire.connect(&database, Login::Checker).await }
    };
    let findings = ask_all(&checks, &context("postgres"), 2, connect, |_| ()).await;
    assert_eq!((findings[0].outcome, findings[0].observed.as_str()), (Outcome::Passed, "12"), "{findings:?}");
    assert_eq!(findings[1].reason, Some(Reason::Timeout), "{findings:?}");
    assert!(findings[1].warnings.is_empty(), "{findings:?}");

    engine.remove(&sandbox.name, Duration::from_secs(30)).await.unwrap();
}
