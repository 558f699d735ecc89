//! The example of `drills/`, run as a user runs it, from a real bucket.

use std::fs;

use crate::servers::{KEY, SECRET, seaweed};
use crate::support::{Scene, root, usual_production};

#[test]
fn the_drill_in_s3_yaml_passes_from_a_real_bucket_and_shows_no_secret() {
    let server = seaweed();
    let backup = fs::read(usual_production().backup(&[])).unwrap();
    server.bucket("acme-backups", &[("shop/shop-2026-11-21.dump", &backup)]);
    let scene = Scene::empty();
    let text = fs::read_to_string(root().join("drills/s3.yaml")).unwrap();
    let here = text.replace("127.0.0.1:8333", &format!("127.0.0.1:{}", server.port));
    assert_ne!(text, here, "the example names its endpoint");
    scene.write("drills/s3.yaml", here);
    let run = scene.run_file_with("drills/s3.yaml", &[("SHOP_S3_KEY", KEY), ("SHOP_S3_SECRET", SECRET)]);
    run.must_be("passed");
    assert_eq!(run.json["backup"]["source"], "s3");
    assert_eq!(run.json["backup"]["id"], "shop/shop-2026-11-21.dump");
    assert!(run.json["backup"]["sha256"].is_string());
    assert!(!run.json.to_string().contains(SECRET));
}
