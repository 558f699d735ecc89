//! What a service refuses is told as what it is, with what to do, and without any secret.

use std::path::Path;
use std::process::{Command, Stdio};

use drillyard::model::Reason;

use crate::chaos::{Chaos, Mode, refusal};
use crate::place::{at, definition, dump, fetch, locate, told, with_secret};
use crate::servers::{KEY, SECRET, free_port, moto, seaweed};

#[tokio::test]
async fn c12_a_wrong_key_is_denied_and_never_shown() {
    let server = seaweed();
    server.bucket("denied", &[("a.sql", &dump(500, 1))]);
    let (reason, said) = told(locate(&with_secret(server.port, "denied", "", "WrongSecret0123")).await);
    assert_eq!(reason, Reason::SourceDenied);
    assert!(said.contains("s3://denied/") && said.contains("s3:GetObject"), "{said}");
    assert!(!said.contains("WrongSecret0123") && !said.contains("drillkey"), "{said}");
}

#[tokio::test]
async fn c12_credentials_that_have_expired_are_denied() {
    let server = seaweed();
    let chaos = Chaos::before(server.port).await;
    let with = refusal("400 Bad Request", "ExpiredToken", "The provided token has expired.");
    chaos.set(Mode::Answer { holding: "GET /", with, left: 100 });
    let (reason, said) = told(locate(&at(chaos.port, "any-bucket", "")).await);
    assert_eq!(reason, Reason::SourceDenied);
    assert!(said.contains("ExpiredToken"), "{said}");
}

#[tokio::test]
async fn c13_a_key_of_kms_that_may_not_be_used_is_named() {
    let server = seaweed();
    server.bucket("encrypted", &[("a.sql", &dump(500, 1))]);
    let chaos = Chaos::before(server.port).await;
    let message = "User: arn:aws:iam::1:user/drill is not authorized to perform: kms:Decrypt";
    let with = refusal("403 Forbidden", "AccessDenied", message);
    chaos.set(Mode::Answer { holding: "GET /encrypted/a.sql", with, left: 100 });
    let (reason, said) = told(fetch(&at(chaos.port, "encrypted", "")).await);
    assert_eq!(reason, Reason::SourceDenied);
    assert!(said.contains("kms:Decrypt"), "{said}");
}

#[tokio::test]
async fn c14_an_object_in_an_archive_tier_is_not_brought_back_for_money() {
    let server = moto();
    server
        .python("s3.create_bucket(Bucket='cold')\ns3.put_object(Bucket='cold', Key='a.dump', Body=b'x'*100, StorageClass='GLACIER')")
        .unwrap();
    let (reason, said) = told(fetch(&at(server.port, "cold", "")).await);
    assert_eq!(reason, Reason::SourceArchived, "{said}");
}

#[tokio::test]
async fn c15_nobody_at_the_endpoint_is_unreachable_and_says_where() {
    let (reason, said) = told(locate(&at(free_port(), "nowhere", "")).await);
    assert_eq!(reason, Reason::SourceUnreachable);
    assert!(said.contains("s3://nowhere/") && said.contains("endpoint"), "{said}");
}

#[tokio::test]
async fn c15_a_certificate_that_nobody_vouches_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .status()
        .expect("openssl is missing: run tests/prepare");
    assert!(made.success());
    let mut server = Command::new("openssl")
        .args([
            "s_server",
            "-quiet",
            "-accept",
            &port.to_string(),
            "-key",
            "key.pem",
            "-cert",
            "certificate.pem",
        ])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let bucket = format!(
        "bucket: secure, endpoint: \"https://127.0.0.1:{port}\", credentials: {{ access_key_id: {{ env: HOME }}, secret_access_key: {{ env: HOME }} }}"
    );
    let (reason, said) = told(locate(&definition(&bucket, "")).await);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(reason, Reason::SourceUnreachable);
    assert!(said.contains("could not trust") && said.contains("`ca`"), "{said}");
}

#[tokio::test]
async fn c15_a_certificate_is_trusted_by_its_own_authority_and_by_no_other() {
    let server = seaweed();
    server.bucket("vouched", &[("a.sql", &dump(500, 1))]);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        format!("{{ file: {} }}", folder.path().join(name).display())
    };
    let keys = format!(
        "credentials: {{ access_key_id: {}, secret_access_key: {} }}",
        write("id", KEY),
        write("key", SECRET)
    );
    let trusting = |authority: &Path| {
        let (port, authority) = (server.tls_port.unwrap(), authority.display());
        let bucket = format!(
            "bucket: vouched, endpoint: \"https://127.0.0.1:{port}\", ca: {{ file: {authority} }}, {keys}"
        );
        definition(&bucket, "")
    };
    let brought = fetch(&trusting(&server.folder.path().join("ca.crt"))).await.unwrap();
    assert_eq!(brought.fetched.read.size_bytes, dump(500, 1).len() as u64);
    crate::servers::certificates(folder.path());
    let (reason, said) = told(locate(&trusting(&folder.path().join("ca.crt"))).await);
    assert_eq!(reason, Reason::SourceUnreachable);
    assert!(said.contains("could not trust") && said.contains("`ca`"), "{said}");
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_named_and_nothing_is_asked() {
    let bucket = "bucket: b, endpoint: \"http://127.0.0.1:1\", credentials: { access_key_id: { env: DRILLYARD_TEST_NO_SUCH_KEY }, secret_access_key: { env: HOME } }";
    let (reason, said) = told(locate(&definition(bucket, "")).await);
    assert_eq!(reason, Reason::SourceDenied);
    assert!(said.contains("DRILLYARD_TEST_NO_SUCH_KEY"), "{said}");
}
