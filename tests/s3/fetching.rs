//! Bytes from a bucket: all of them, of one object, whatever breaks on the way.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use drillyard::model::Reason;
use drillyard::source;

use crate::chaos::{Chaos, Mode, refusal};
use crate::place::{at, dump, fetch, fetch_located, fetch_within, locate, sha256, told};
use crate::servers::{KEY, SECRET, rclone, seaweed};

#[tokio::test]
async fn an_object_of_several_parts_arrives_as_it_lies_there() {
    let server = seaweed();
    let bytes = dump(40 << 20, 7);
    server.bucket("whole", &[("big.sql", &bytes)]);
    let brought = fetch(&at(server.port, "whole", "")).await.unwrap();
    assert_eq!(brought.fetched.read.sha256, Some(sha256(&bytes)));
    assert_eq!(brought.fetched.read.size_bytes, bytes.len() as u64);
    let staged = brought.staging.path().join("download");
    assert!(std::fs::read(&staged).unwrap() == bytes, "the staged file is the object");
}

#[tokio::test]
async fn c5_a_multipart_etag_is_not_taken_for_a_digest() {
    let server = seaweed();
    let bytes = dump(20 << 20, 8);
    server.bucket("multipart", &[]);
    let file = server.folder.path().join("multipart");
    std::fs::write(&file, &bytes).unwrap();
    let upload = format!(
        "from boto3.s3.transfer import TransferConfig\n\
         s3.upload_file('{}', 'multipart', 'm.sql', Config=TransferConfig(multipart_threshold=5<<20, multipart_chunksize=5<<20))\n\
         print(s3.head_object(Bucket='multipart', Key='m.sql')['ETag'])",
        file.display()
    );
    let etag = server.python(&upload).unwrap();
    assert!(etag.contains('-'), "{etag}");
    let brought = fetch(&at(server.port, "multipart", "")).await.unwrap();
    assert_eq!(brought.fetched.read.sha256, Some(sha256(&bytes)));
}

#[tokio::test]
async fn c3_answers_that_are_cut_short_are_taken_up_where_they_broke_off() {
    let server = seaweed();
    for (size, cut, least) in [(6 << 20, 1_500_000, 4), (1 << 20, 64 << 10, 16)] {
        let (bucket, bytes) = (format!("cut-{cut}"), dump(size, 9));
        server.bucket(&bucket, &[("cut.sql", &bytes)]);
        let chaos = Chaos::before(server.port).await;
        let located = locate(&at(chaos.port, &bucket, "")).await.unwrap();
        chaos.set(Mode::CutAfter(cut));
        let brought = fetch_located(&at(chaos.port, &bucket, ""), &located).await.unwrap();
        assert_eq!(brought.fetched.read.sha256, Some(sha256(&bytes)), "cut after {cut}");
        assert!(chaos.reads() >= least, "{} requests, cut after {cut}", chaos.reads());
    }
}

#[tokio::test]
async fn c3_an_answer_that_always_ends_at_once_is_no_backup_that_is_cut_short() {
    let server = seaweed();
    server.bucket("never", &[("never.sql", &dump(2 << 20, 9))]);
    let chaos = Chaos::before(server.port).await;
    let located = locate(&at(chaos.port, "never", "")).await.unwrap();
    chaos.set(Mode::CutAfter(100));
    let (reason, said) = told(fetch_located(&at(chaos.port, "never", ""), &located).await);
    assert_eq!(reason, Reason::SourceUnreachable, "{said}");
}

#[tokio::test]
async fn c1_a_service_that_is_busy_for_a_moment_is_asked_again() {
    tokio::join!(
        busy("slow-down", "503 Slow Down", "SlowDown"),
        busy("unavailable", "503 Service Unavailable", "ServiceUnavailable"),
        busy("internal-error", "500 Internal Server Error", "InternalError"),
    );
}

/// Refused twice and then answered; refused for ever.
async fn busy(bucket: &str, status: &str, code: &str) {
    let server = seaweed();
    let bytes = dump(1 << 20, 10);
    server.bucket(bucket, &[("busy.sql", &bytes)]);
    let chaos = Chaos::before(server.port).await;
    let with = refusal(status, code, "Please try again later.");
    let located = locate(&at(chaos.port, bucket, "")).await.unwrap();
    chaos.set(Mode::Answer { holding: "GET /", with: with.clone(), left: 2 });
    let brought = fetch_located(&at(chaos.port, bucket, ""), &located).await.unwrap();
    assert_eq!(brought.fetched.read.sha256, Some(sha256(&bytes)), "{code}");
    chaos.set(Mode::Answer { holding: "GET /", with, left: 1000 });
    let (reason, said) = told(fetch(&at(chaos.port, bucket, "")).await);
    assert_eq!(reason, Reason::SourceUnreachable, "{code}");
    assert!(said.contains(code), "{said}");
}

#[tokio::test]
async fn c2_a_link_that_has_collapsed_is_too_slow_and_not_waited_for_for_ever() {
    let server = seaweed();
    server.bucket("slow", &[("slow.sql", &dump(3 << 20, 11))]);
    let chaos = Chaos::before(server.port).await;
    let located = locate(&at(chaos.port, "slow", "")).await.unwrap();
    chaos.set(Mode::Drip(2));
    let begun = Instant::now();
    let (reason, said) = told(fetch_located(&at(chaos.port, "slow", ""), &located).await);
    assert_eq!(reason, Reason::SourceSlow, "{said}");
    assert!(begun.elapsed() < Duration::from_secs(90));
}

#[tokio::test]
async fn c2_a_download_that_moves_and_never_ends_meets_the_deadline() {
    let server = seaweed();
    server.bucket("dripping", &[("slow.sql", &dump(3 << 20, 11))]);
    let chaos = Chaos::before(server.port).await;
    let located = locate(&at(chaos.port, "dripping", "")).await.unwrap();
    // Faster than what counts as collapsed, and half a minute for the whole.
    chaos.set(Mode::Drip(100_000));
    let definition = at(chaos.port, "dripping", "");
    let (reason, said) = told(fetch_within(Duration::from_secs(3), &definition, &located).await);
    assert_eq!(reason, Reason::SourceSlow, "{said}");
    assert!(said.contains("not there within 3 s"), "{said}");
}

#[tokio::test]
async fn b3_a_store_that_takes_connections_and_answers_nothing_is_given_up() {
    let server = seaweed();
    let chaos = Chaos::before(server.port).await;
    chaos.set(Mode::Silent);
    let begun = Instant::now();
    let (reason, said) = told(locate(&at(chaos.port, "silent", "")).await);
    assert_eq!(reason, Reason::SourceUnreachable, "{said}");
    assert!(begun.elapsed() < Duration::from_mins(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn c4_an_object_that_is_written_anew_while_it_is_read_is_told_as_that() {
    let server = seaweed();
    server.bucket("replaced", &[("r.sql", &dump(1 << 20, 12))]);
    let definition = at(server.port, "replaced", "");
    let located = locate(&definition).await.unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    server.put("replaced", "r.sql", &dump(1 << 20, 13));
    let (reason, said) = told(fetch_located(&definition, &located).await);
    assert_eq!(reason, Reason::SourceChanged, "{said}");
}

#[tokio::test]
async fn c4_a_store_that_ignores_conditions_cannot_mix_two_objects() {
    mixed("of-a-size.sql", 40 << 20).await;
    mixed("larger.sql", 41 << 20).await;
}

/// Exchanges an object for another one while its parts are asked for.
async fn mixed(name: &str, size_of_the_other: usize) {
    let server = rclone();
    let (object, replacement) =
        (server.folder.path().join("data/backups").join(name), server.folder.path().join(name));
    std::fs::write(&object, dump(40 << 20, 14)).unwrap();
    // Two of a size and of the same second are one and the same to this store.
    let earlier = std::time::SystemTime::now() - Duration::from_hours(1);
    std::fs::File::options().write(true).open(&object).unwrap().set_modified(earlier).unwrap();
    std::fs::write(&replacement, dump(size_of_the_other, 15)).unwrap();
    let chaos = Chaos::before(server.port).await;
    let definition = at(chaos.port, "backups", &format!("match: \"{name}\""));
    let located = locate(&definition).await.unwrap();
    // Every answer ends early, so that each part is asked for again and again; a store exchanges whole objects.
    chaos.set(Mode::CutAfter(1 << 20));
    let fetching = fetch_located(&definition, &located);
    let replacing = async {
        let asked = format!("GET /backups/{name}");
        while chaos.requests().iter().filter(|line| line.starts_with(&asked)).count() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        std::fs::rename(&replacement, &object).unwrap();
    };
    let (fetched, ()) = tokio::join!(fetching, replacing);
    let (reason, said) = told(fetched);
    assert_eq!(reason, Reason::SourceChanged, "{said}");
}

#[tokio::test]
async fn c4_what_looks_damaged_may_be_the_bytes_of_two_objects() {
    let server = seaweed();
    let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives/corner-15.dump");
    let mut damaged = std::fs::read(archive).unwrap();
    let half = damaged.len() / 2;
    damaged[half..].fill(0xff);
    damaged.resize(40 << 20, 0xff);
    server.bucket("exchanged", &[("r.dump", &damaged)]);
    let chaos = Chaos::before(server.port).await;
    let definition = at(chaos.port, "exchanged", "");
    let located = locate(&definition).await.unwrap();
    let (reason, said) = told(fetch_located(&definition, &located).await);
    assert_eq!(reason, Reason::UnpackFailed, "{said}");

    let another = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nLast-Modified: Sat, 21 Nov 2026 03:30:00 GMT\r\n\
         ETag: \"another\"\r\nConnection: close\r\n\r\n",
        damaged.len()
    );
    let chaos = Chaos::before(server.port).await;
    chaos.set(Mode::HeadOnceRead(another));
    let (reason, said) = told(fetch_located(&at(chaos.port, "exchanged", ""), &located).await);
    assert_eq!(reason, Reason::SourceChanged, "{said}");
}

#[tokio::test]
async fn c4_a_part_that_does_not_say_of_which_object_it_is_is_not_taken() {
    let server = seaweed();
    let bytes = dump(1000, 18);
    server.bucket("nameless", &[("n.sql", &bytes)]);
    let chaos = Chaos::before(server.port).await;
    let located = locate(&at(chaos.port, "nameless", "")).await.unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let with =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", bytes.len());
    chaos.set(Mode::Answer { holding: "GET /nameless/n.sql", with, left: 1000 });
    let (reason, said) = told(fetch_located(&at(chaos.port, "nameless", ""), &located).await);
    assert_eq!(reason, Reason::SourceUnreachable);
    assert!(said.contains("without an ETag"), "{said}");
}

#[tokio::test]
async fn a_plain_dump_is_hashed_while_it_arrives() {
    let server = seaweed();
    let bytes = dump(40 << 20, 19);
    server.bucket("arriving", &[("a.sql", &bytes)]);
    let chaos = Chaos::before(server.port).await;
    let definition = at(chaos.port, "arriving", "");
    let located = locate(&definition).await.unwrap();
    // The last of its three parts never comes.
    chaos.set(Mode::Hold("bytes=33554432-"));
    let (staging, moved) = (tempfile::tempdir().unwrap(), Arc::new(tokio::sync::Notify::new()));
    let told = Arc::clone(&moved);
    let progress: source::Progress = Arc::new(move |bytes, _| {
        if bytes > 0 {
            told.notify_one();
        }
    });
    let source = source::open(&definition.source);
    let deadline = Duration::from_mins(5);
    let fetching =
        source::fetch(&source, located.candidate(), &definition, staging.path(), 1 << 40, deadline, progress);
    tokio::select! {
        ended = fetching => panic!("nothing was hashed before the end: {:?}", ended.err()),
        () = moved.notified() => {}
    }
}

#[tokio::test]
async fn c19_a_server_that_ignores_ranges_is_noticed() {
    let server = seaweed();
    let bytes = dump(40 << 20, 16);
    server.bucket("ranges", &[("all.sql", &bytes)]);
    let chaos = Chaos::before(server.port).await;
    let located = locate(&at(chaos.port, "ranges", "")).await.unwrap();
    let whole =
        "HTTP/1.1 200 OK\r\nContent-Length: 41943040\r\nConnection: close\r\n\r\nthe whole object".to_owned();
    chaos.set(Mode::Answer { holding: "GET /ranges/all.sql", with: whole, left: 100_000 });
    let (reason, said) = told(fetch_located(&at(chaos.port, "ranges", ""), &located).await);
    assert_eq!(reason, Reason::SourceUnreachable);
    assert!(said.contains("the whole object"), "{said}");
}

#[tokio::test]
async fn an_object_that_is_no_backup_is_not_downloaded_to_its_end() {
    let server = seaweed();
    let mut page = b"<!DOCTYPE html><html><body>login".to_vec();
    page.resize(64 << 20, b' ');
    server.bucket("page", &[("page.dump", &page)]);
    let chaos = Chaos::before(server.port).await;
    let located = locate(&at(chaos.port, "page", "")).await.unwrap();
    // The last of its four parts never comes, and is not waited for.
    chaos.set(Mode::Hold("bytes=50331648-"));
    let (reason, _) = told(fetch_located(&at(chaos.port, "page", ""), &located).await);
    assert_eq!(reason, Reason::WrongFormat);
}

/// The gate is 0.8; here because it needs the same server. Run by `make bench-s3`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement of some minutes: make bench-s3"]
async fn throughput_beside_curl() {
    let server = seaweed();
    server.bucket("fast", &[("fast.sql", &dump(1 << 30, 17))]);
    let definition = at(server.port, "fast", "");
    let located = locate(&definition).await.unwrap();
    let url = format!("http://127.0.0.1:{}/fast/fast.sql", server.port);
    let target = server.folder.path().join("by-curl");
    let (mut ours, mut curls) = (Vec::new(), Vec::new());
    // The object was made in this process: its peak of memory is counted from here.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    for round in 0..6 {
        let begun = Instant::now();
        drop(fetch_located(&definition, &located).await.unwrap());
        let our = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let curl = Command::new("curl")
            .args([
                "--silent",
                "--fail",
                "--aws-sigv4",
                "aws:amz:us-east-1:s3",
                "--user",
                &format!("{KEY}:{SECRET}"),
            ])
            .arg("--output")
            .arg(&target)
            .arg(&url)
            .status()
            .unwrap();
        assert!(curl.success());
        let curl = begun.elapsed().as_secs_f64();
        std::fs::remove_file(&target).unwrap();
        println!("round {round}: ours {our:.2} s, curl {curl:.2} s, throughput {:.2} x curl's", curl / our);
        if round > 0 {
            ours.push(our);
            curls.push(curl);
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (our, curl) = (median(&mut ours), median(&mut curls));
    let peak = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")).unwrap();
    let mebibytes = peak.parse::<u64>().unwrap() >> 10;
    println!(
        "median of 5: ours {our:.2} s, curl {curl:.2} s, throughput {:.2} x curl's; memory peak {mebibytes} MiB",
        curl / our
    );
    // 45 MiB were seen (2026-11-22); a part held whole would be 64 MiB, and six of them are brought at a time.
    assert!(mebibytes < 128, "{mebibytes} MiB of memory for one object");
    assert!(our * 0.8 <= curl, "less than 0.8 of curl's throughput");
}
