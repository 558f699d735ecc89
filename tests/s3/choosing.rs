//! Which object, and which were passed over.

use std::io::Write;
use std::time::{Duration, SystemTime};

use drillyard::model::{Reason, SkipReason};
use drillyard::source;
use jiff::Timestamp;

use crate::place::{at, by_id, dump, fetch, fetch_located, locate, reason, told};
use crate::servers::{moto, rclone, seaweed};
use crate::support::scene::age;

#[tokio::test]
async fn the_newest_of_a_prefix_by_glob_is_chosen_and_the_unfinished_one_is_told() {
    let server = seaweed();
    let small = dump(500, 1);
    server.bucket(
        "choosing",
        &[("orders/a.dump", &small), ("other/z.dump", &small), ("orders/notes.txt", b"no")],
    );
    std::thread::sleep(Duration::from_millis(1100));
    server.put("choosing", "orders/b.dump", &small);
    server.put("choosing", "orders/c.dump.partial", &small);
    server.put("choosing", "orders/b.dump.baseline.json", b"{}");
    let located = locate(&at(server.port, "choosing", "prefix: orders/, match: \"*.dump*\"")).await.unwrap();
    assert_eq!(located.candidate().id, "orders/b.dump");
    assert_eq!(located.chosen.source, "s3");
    assert!(located.chosen.location.contains("s3://choosing/orders/"), "{}", located.chosen.location);
    let skipped: Vec<_> = located.chosen.skipped.iter().map(|skipped| skipped.id.as_str()).collect();
    assert_eq!(skipped, ["orders/c.dump.partial"]);
    assert_eq!(located.chosen.listing.len(), 3, "a baseline is no backup");
}

#[tokio::test]
async fn c6_an_empty_newest_object_is_a_finding_and_not_passed_over() {
    let server = seaweed();
    server.bucket("empty", &[("good.dump", &dump(500, 1))]);
    std::thread::sleep(Duration::from_millis(1100));
    server.put("empty", "new.dump", b"");
    assert_eq!(reason(fetch(&at(server.port, "empty", "")).await), Reason::EmptyBackup);
}

#[tokio::test]
async fn c6_an_empty_newest_object_is_a_finding_in_its_first_minute_too() {
    let server = rclone();
    let folder = server.folder.path().join("data/backups");
    let half_a_minute_ago = SystemTime::now() - Duration::from_secs(30);
    for (name, content, age) in [("fresh-1.dump", dump(500, 1), 86_400), ("fresh-2.dump", vec![], 0)] {
        let file = folder.join(name);
        std::fs::write(&file, content).unwrap();
        let modified = half_a_minute_ago - Duration::from_secs(age);
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    }
    let definition = at(server.port, "backups", "match: \"fresh-*.dump\"");
    let source = source::open(&definition.source);
    let located = source::locate(&source, &definition, Timestamp::now()).await.unwrap();
    let listed = located.chosen.listing[0];
    assert_ne!(listed.subsec_nanosecond(), 0, "a listing of whole seconds shows nothing: {listed}");
    assert_eq!((located.candidate().id.as_str(), located.chosen.skipped.len()), ("fresh-2.dump", 0));
    assert_eq!(reason(fetch_located(&definition, &located).await), Reason::EmptyBackup);
}

#[tokio::test]
async fn c7_an_object_that_is_still_being_written_is_passed_over_and_told() {
    let server = rclone();
    let folder = server.folder.path().join("data/backups");
    let (finished, growing) = (folder.join("grows-1.dump"), folder.join("grows-2.dump"));
    std::fs::write(&finished, dump(500, 1)).unwrap();
    age(&finished, Duration::from_mins(10));
    std::fs::write(&growing, dump(500, 2)).unwrap();
    let definition = at(server.port, "backups", "match: \"grows-*.dump\"");
    let writing = async {
        loop {
            let mut file = std::fs::File::options().append(true).open(&growing).unwrap();
            file.write_all(b"-- one more row\n").unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let source = source::open(&definition.source);
    let located = tokio::select! {
        located = source::locate(&source, &definition, Timestamp::now()) => located.unwrap(),
        () = writing => unreachable!(),
    };
    assert_eq!(located.candidate().id, "grows-1.dump");
    let [skipped] = located.chosen.skipped.as_slice() else { panic!("{:?}", located.chosen.skipped) };
    assert_eq!((skipped.id.as_str(), skipped.why), ("grows-2.dump", SkipReason::StillBeingWritten));
}

/// S3 itself shows an upload once it is whole, and no sooner.
#[tokio::test]
async fn c7_an_upload_that_has_not_ended_is_no_object_yet() {
    let server = seaweed();
    server.bucket("uploading", &[("a.dump", &dump(500, 1))]);
    let begin = "u = s3.create_multipart_upload(Bucket='uploading', Key='b.dump')['UploadId']\n\
                 s3.upload_part(Bucket='uploading', Key='b.dump', UploadId=u, PartNumber=1, Body=b'x' * (5 << 20))";
    server.python(begin).unwrap();
    let located = locate(&at(server.port, "uploading", "")).await.unwrap();
    assert_eq!((located.candidate().id.as_str(), located.chosen.listing.len()), ("a.dump", 1));
}

#[tokio::test]
async fn c8_a_prefix_without_objects_is_no_backup_and_loud() {
    let server = seaweed();
    server.bucket("nothing", &[("elsewhere/a.dump", b"x")]);
    let (reason, said) = told(locate(&at(server.port, "nothing", "prefix: orders/")).await);
    assert_eq!(reason, Reason::NoBackup);
    assert!(said.contains("s3://nothing/orders/"), "{said}");
}

#[tokio::test]
async fn c10_newest_by_name_and_by_time_are_both_told() {
    let server = seaweed();
    server.bucket("skewed", &[("2026-11-21.dump", &dump(500, 1))]);
    std::thread::sleep(Duration::from_millis(1100));
    server.put("skewed", "2026-11-20.dump", &dump(500, 2));
    let located = locate(&at(server.port, "skewed", "")).await.unwrap();
    assert_eq!(located.candidate().id, "2026-11-20.dump");
    let [warning] = located.warnings.as_slice() else { panic!("{:?}", located.warnings) };
    assert!(warning.contains("2026-11-21.dump"), "{warning}");
}

#[tokio::test]
async fn c11_a_listing_of_many_pages_is_read_to_its_end() {
    let server = moto();
    server
        .python(
            "s3.create_bucket(Bucket='many')\nfor n in range(2500): s3.put_object(Bucket='many', Key='k/%05d.dump' % n, Body=b'x')",
        )
        .unwrap();
    let located = locate(&at(server.port, "many", "prefix: k/")).await.unwrap();
    assert_eq!(located.chosen.listing.len(), 1000, "a record keeps the newest thousand times");
    let last = locate(&by_id(&at(server.port, "many", "prefix: k/"), "k/02499.dump")).await.unwrap();
    assert_eq!(last.candidate().id, "k/02499.dump");
}

#[tokio::test]
async fn a_key_that_is_asked_for_and_not_there_is_told_with_one_like_it() {
    let server = seaweed();
    server.bucket("asked", &[("orders-2026-11-20.dump", &dump(500, 1))]);
    let (reason, said) = told(locate(&by_id(&at(server.port, "asked", ""), "orders-2026-11-21.dump")).await);
    assert_eq!(reason, Reason::BackupNotThere);
    assert!(said.contains("orders-2026-11-20.dump"), "{said}");
}
