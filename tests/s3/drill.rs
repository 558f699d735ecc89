//! Drills of buckets, run as a user runs them: the example of `drills/`, and what only a whole run shows.

use std::fs;
use std::time::Duration;

use crate::chaos::{Chaos, Mode, refusal};
use crate::place::sha256;
use crate::servers::{KEY, SECRET, rclone, seaweed};
use crate::support::scene::age;
use crate::support::{Run, Scene, root, usual_production};

const REFERENCES: &str = "      credentials:
        access_key_id: { env: SHOP_S3_KEY }
        secret_access_key: { env: SHOP_S3_SECRET }
";
const SECRETS: [(&str, &str); 2] = [("SHOP_S3_KEY", KEY), ("SHOP_S3_SECRET", SECRET)];
/// What an object's recovery point may be read from, the store's time at last.
const BASES: &str = "replay, baseline, label, archive_header, newest_row, modified_time";
/// No machine in the cloud is asked for credentials, which here would only take its time.
const NO_CLOUD: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

/// `drills/s3.yaml` with words of it exchanged for those of this machine.
fn example(exchanged: &[(&str, &str)]) -> String {
    let text = fs::read_to_string(root().join("drills/s3.yaml")).unwrap();
    exchanged.iter().fold(text, |text, (there, here)| {
        assert!(text.contains(there), "the example says {there}");
        text.replace(there, here)
    })
}

/// The example on a bucket at a port.
fn of_bucket(port: u16, bucket: &str) -> String {
    example(&[("127.0.0.1:8333", &format!("127.0.0.1:{port}")), ("acme-backups", bucket)])
}

fn run(scene: &Scene, drill: &str, environment: &[(&str, &str)]) -> Run {
    scene.write("drills/s3.yaml", drill);
    let run = scene.run_file_with("drills/s3.yaml", environment);
    assert!(!run.json.to_string().contains(SECRET) && !run.standard_error.contains(SECRET));
    run
}

fn backup(arguments: &[&str]) -> Vec<u8> {
    fs::read(usual_production().backup(arguments)).unwrap()
}

#[test]
fn the_drill_in_s3_yaml_passes_from_a_real_bucket_and_shows_no_secret() {
    let server = seaweed();
    server.bucket("acme-backups", &[("shop/shop-2026-11-21.dump", &backup(&[]))]);
    let run = run(&Scene::empty(), &of_bucket(server.port, "acme-backups"), &SECRETS);
    run.must_be("passed");
    assert_eq!(run.json["backup"]["source"], "s3");
    assert_eq!(run.json["backup"]["id"], "shop/shop-2026-11-21.dump");
    assert!(run.json["backup"]["sha256"].is_string());
}

#[test]
fn credentials_of_the_environment_are_enough() {
    let server = seaweed();
    server.bucket("by-environment", &[("shop/shop-1.dump", &backup(&[]))]);
    let drill = of_bucket(server.port, "by-environment").replace(REFERENCES, "");
    let scene = Scene::empty();
    let own = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    run(&scene, &drill, &own).must_be("passed");
    // The same without them: nothing else on this machine has let it in.
    let home = scene.path("");
    let nobody = run(&scene, &drill, &[NO_CLOUD, ("HOME", home.to_str().unwrap())]);
    nobody.must_be("errored(source_denied)").without_a_container();
}

#[test]
fn c15_credentials_of_a_profile_are_enough_and_so_is_an_authority_of_one_s_own() {
    let server = seaweed();
    server.bucket("by-profile", &[("shop/shop-1.dump", &backup(&[]))]);
    let scene = Scene::empty();
    let profiles = format!(
        "[default]\naws_access_key_id = {KEY}\naws_secret_access_key = of-another-account\n\
         [drills]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
    );
    scene.write("home/.aws/credentials", profiles);
    scene.write("drills/ca.pem", fs::read(server.folder.path().join("ca.crt")).unwrap());
    let endpoint = format!("https://127.0.0.1:{}", server.tls_port.unwrap());
    let drill = example(&[
        ("http://127.0.0.1:8333", &endpoint),
        ("acme-backups", "by-profile"),
        ("path_style: true", "path_style: true\n      ca: { file: ca.pem }"),
        (REFERENCES, ""),
    ]);
    let home = scene.path("home");
    let environment = [("HOME", home.to_str().unwrap()), ("AWS_PROFILE", "drills"), NO_CLOUD];
    run(&scene, &drill, &environment).must_be("passed");
    let default = run(&scene, &drill, &[environment[0], NO_CLOUD]);
    default.must_be("errored(source_denied)").without_a_container();
}

#[tokio::test(flavor = "multi_thread")]
async fn c4_an_object_that_is_replaced_while_it_is_read_gives_way_to_the_new_newest() {
    let server = seaweed();
    let (first, newer) = (backup(&[]), backup(&["--format=custom", "--compress=9"]));
    assert_ne!(first, newer);
    server.bucket("replaced-in-a-run", &[("shop/shop-1.dump", &first)]);
    let chaos = Chaos::before(server.port).await;
    chaos.set(Mode::CutThenWait(64 << 10));
    let drill = of_bucket(chaos.port, "replaced-in-a-run");
    let running = tokio::task::spawn_blocking(move || run(&Scene::empty(), &drill, &SECRETS));
    // Some of the old one's bytes are there, and the next are asked for.
    while chaos.reads() < 2 {
        assert!(!running.is_finished(), "{:?}", running.await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.put("replaced-in-a-run", "shop/shop-1.dump", &newer);
    server.put("replaced-in-a-run", "shop/shop-2.dump", &newer);
    chaos.set(Mode::Pass);
    let run = running.await.unwrap();
    run.must_be("passed");
    assert_eq!(run.phases()[..4], ["locate", "fetch", "locate", "fetch"]);
    assert_eq!(run.json["backup"]["id"], "shop/shop-2.dump");
    assert_eq!(run.json["backup"]["sha256"], sha256(&newer));
    assert!(run.lists("warnings", "shop/shop-1.dump changed while it was read"), "{}", run.told());
    assert!(run.lists("warnings", "the source was asked once more"), "{}", run.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn c4_an_object_that_is_replaced_again_and_again_is_told_as_that() {
    let server = seaweed();
    server.bucket("never-the-same", &[("shop/shop-1.dump", &backup(&[]))]);
    let chaos = Chaos::before(server.port).await;
    let with = refusal("412 Precondition Failed", "PreconditionFailed", "It is another one.");
    chaos.set(Mode::Answer { holding: "GET /never-the-same/shop/shop-1.dump", with, left: 1000 });
    let drill = of_bucket(chaos.port, "never-the-same");
    let run = tokio::task::spawn_blocking(move || run(&Scene::empty(), &drill, &SECRETS)).await.unwrap();
    run.must_be("errored(source_changed)").without_a_container();
    assert_eq!(chaos.reads(), 2, "once more, and no third time");
}

#[test]
fn c9_a_newest_object_that_is_too_old_fails_although_it_restores() {
    let server = rclone();
    let folder = server.folder.path().join("data/backups/shop");
    fs::create_dir_all(&folder).unwrap();
    let object = folder.join("shop-old.dump");
    // Plain SQL does not say when it was made: the store does.
    fs::write(&object, backup(&["--format=plain"])).unwrap();
    age(&object, Duration::from_hours(48));
    // The rows are of today, and would prove a newer state than the object's.
    let drill = example(&[
        ("127.0.0.1:8333", &format!("127.0.0.1:{}", server.port)),
        ("acme-backups", "backups"),
        ("  - fresh: { table: public.orders, column: created_at, within: 26h }\n", ""),
        ("backup:\n", &format!("backup:\n  recovery_point_basis: [{BASES}]\n")),
    ]);
    let run = run(&Scene::empty(), &drill, &SECRETS);
    run.must_be("failed(rpo_missed)");
    let checks = run.json["checks"].as_array().unwrap();
    assert!(checks.len() == 3 && checks.iter().all(|check| check["outcome"] == "passed"), "{}", run.told());
    let age = &run.json["clocks"]["recovery_point_age"];
    assert!(age["seconds"].as_f64().unwrap() >= 48.0 * 3600.0, "{age}");
    assert!(
        run.json["sentence"].as_str().unwrap().contains("the recovery point is 2 d 0 h old"),
        "{}",
        run.told()
    );
}
