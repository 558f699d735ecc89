//! Object servers that end with this process: the shell around each waits for the end of our standard input.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::venv::program;

pub const KEY: &str = "drillkey";
pub const SECRET: &str = "drillsecret";

/// A server of objects.
pub struct Server {
    pub port: u16,
    /// Where SeaweedFS speaks TLS, with a certificate of `ca.crt` in the folder.
    pub tls_port: Option<u16>,
    pub folder: tempfile::TempDir,
    _lease: Child,
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs a program until this process ends, however it ends.
fn leased(command: &str, log: &Path) -> Child {
    let script = format!("{command} >{} 2>&1 & read -r _; kill -9 $!", log.display());
    Command::new("bash").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap()
}

fn wait_for(port: u16, log: &Path, ready: impl Fn() -> bool) {
    let begun = Instant::now();
    while !ready() {
        let said = || std::fs::read_to_string(log).unwrap_or_default();
        assert!(begun.elapsed() < Duration::from_mins(1), "the server at {port} does not answer: {}", said());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// SeaweedFS: signatures, versions, ranges, conditions. Each bucket takes seven volumes of its own. Its catalogs
/// of tables would listen at ports that are the same for all servers, and the second one would end (2026-11-22).
pub fn seaweed() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (log, config, data) = (path(&folder, "log"), path(&folder, "s3.json"), path(&folder, "data"));
        std::fs::create_dir(&data).unwrap();
        let identity = format!(
            r#"{{"identities":[{{"name":"drill","credentials":[{{"accessKey":"{KEY}","secretKey":"{SECRET}"}}],"actions":["Admin","Read","Write","List","Tagging"]}}]}}"#
        );
        std::fs::write(&config, identity).unwrap();
        certificates(folder.path());
        let [port, tls_port, master, volume, filer] = ports();
        let weed = program("weed");
        let command = format!(
            "exec {} server -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir={} -s3 -s3.port={port} -s3.port.iceberg=0 -s3.port.lance=0 \
             -s3.config={} -s3.port.https={tls_port} -s3.cert.file={} -s3.key.file={} -master.port={master} -volume.port={volume} -filer.port={filer} -volume.max=500 -master.volumeSizeLimitMB=256",
            weed.display(),
            data.display(),
            config.display(),
            path(&folder, "server.crt").display(),
            path(&folder, "server.key").display(),
        );
        let lease = leased(&command, &log);
        let server = Server { port, tls_port: Some(tls_port), folder, _lease: lease };
        wait_for(port, &log, || server.python("s3.create_bucket(Bucket='ready')").is_ok());
        server
    })
}

/// An authority, and a certificate of its own for this machine's loopback.
pub fn certificates(folder: &Path) {
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=drill-ca \
          -keyout ca.key -out ca.crt && \
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=s3 -keyout server.key -out server.csr && \
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt \
          -extfile <(printf 'subjectAltName=IP:127.0.0.1')";
    let made = Command::new("bash").args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// gRPC listens 10,000 above each port.
fn ports() -> [u16; 5] {
    let free = |port: u16| {
        TcpListener::bind(("127.0.0.1", port)).is_ok()
            && TcpListener::bind(("127.0.0.1", port + 10_000)).is_ok()
    };
    let first = u16::try_from(21_000 + std::process::id() % 20_000).unwrap();
    let mut found = (first..45_000).step_by(7).filter(|port| free(*port));
    [(); 5].map(|()| found.next().unwrap())
}

/// rclone: no versions, ignores `If-Match`.
pub fn rclone() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (log, data, port) = (path(&folder, "log"), path(&folder, "data"), free_port());
        std::fs::create_dir_all(data.join("backups")).unwrap();
        let command = format!(
            "exec {} serve s3 {} --addr 127.0.0.1:{port} --auth-key {KEY},{SECRET} --vfs-cache-mode off --dir-cache-time 0s",
            program("rclone").display(),
            data.display()
        );
        let lease = leased(&command, &log);
        let server = Server { port, tls_port: None, folder, _lease: lease };
        wait_for(port, &log, || server.python("s3.list_buckets()").is_ok());
        server
    })
}

/// moto: archive tiers.
pub fn moto() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (log, port) = (path(&folder, "log"), free_port());
        let command = format!("exec {} -H 127.0.0.1 -p {port}", program("moto_server").display());
        let lease = leased(&command, &log);
        let server = Server { port, tls_port: None, folder, _lease: lease };
        wait_for(port, &log, || server.python("s3.list_buckets()").is_ok());
        server
    })
}

fn path(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

impl Server {
    /// Lets another client than ours do something: `s3` is boto3's.
    pub fn python(&self, what: &str) -> Result<String, String> {
        let script = format!(
            "import boto3, sys, io\nfrom botocore.config import Config\n\
             s3 = boto3.client('s3', endpoint_url='http://127.0.0.1:{}', aws_access_key_id='{KEY}', \
             aws_secret_access_key='{SECRET}', region_name='us-east-1', config=Config(s3={{'addressing_style': 'path'}}, \
             request_checksum_calculation='when_required', response_checksum_validation='when_required', \
             retries={{'max_attempts': 1}}))\n{what}\n",
            self.port
        );
        let mut python = Command::new(program("python"))
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        python.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = python.wait_with_output().unwrap();
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// A bucket of the test's own with these objects.
    pub fn bucket(&self, name: &str, objects: &[(&str, &[u8])]) {
        self.python(&format!("s3.create_bucket(Bucket='{name}')")).unwrap();
        for (key, bytes) in objects {
            self.put(name, key, bytes);
        }
    }

    pub fn put(&self, bucket: &str, key: &str, bytes: &[u8]) {
        let file = self.folder.path().join(format!("upload-{}", ulid::Ulid::new()));
        std::fs::write(&file, bytes).unwrap();
        self.python(&format!("s3.upload_file('{}', '{bucket}', '{key}')", file.display())).unwrap();
        std::fs::remove_file(file).unwrap();
    }
}
