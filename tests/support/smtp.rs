//! A real mail server (aiosmtpd, `tests/support/sink.py`) with STARTTLS, AUTH and an authority of its own, and a second
//! pair of eyes on what it received.

#![allow(dead_code)]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::venv::program;

/// What the server lets in.
pub const PASSWORD: &str = "c0rrect-horse";

pub struct Server {
    pub folder: TempDir,
    pub port: u16,
    process: Child,
}

impl Server {
    /// With STARTTLS required and a certificate for `localhost`.
    pub fn start() -> Self {
        Self::with(&[], "DNS:localhost")
    }

    /// Whose offer of STARTTLS somebody has stripped.
    pub fn stripped() -> Self {
        Self::with(&["--no-starttls"], "DNS:localhost")
    }

    /// With options, and a certificate for these names.
    pub fn with(options: &[&str], names: &str) -> Self {
        let folder = TempDir::new().unwrap();
        certify(folder.path(), names);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/sink.py");
        let mut process = Command::new(program("python"))
            .arg(script)
            .args([folder.path(), Path::new("0")])
            .arg("--certificate")
            .arg(folder.path().join("leaf.pem"))
            .arg("--key")
            .arg(folder.path().join("leaf.key"))
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port =
            line.trim().strip_prefix("ready ").expect("the mail server did not start").parse().unwrap();
        Self { folder, port, process }
    }

    /// The authority that signed its certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// `mail:` of the settings that fit it; `more` stands among the keys of `smtp`.
    pub fn settings(&self, more: &str) -> String {
        let password = self.folder.path().join("password");
        self.set_password(PASSWORD);
        format!(
            "mail: {{ smtp: {{ host: localhost, port: {}, username: drillyard, password: {{ file: {} }}, ca: {{ file: {} }}{more} }}, \
             from: \"Drillyard <drills@example.com>\" }}",
            self.port,
            password.display(),
            self.authority().display()
        )
    }

    /// What the client believes the password to be.
    pub fn set_password(&self, text: &str) {
        let password = self.folder.path().join("password");
        std::fs::write(&password, text).unwrap();
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Goes away, and leaves its files.
    pub fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// The files of the messages that it took, in order.
    pub fn received(&self) -> Vec<PathBuf> {
        let name = |number: usize| self.folder.path().join(format!("{number}.eml"));
        (1..=u32::MAX as usize).map(name).take_while(|file| file.exists()).collect()
    }

    /// What it knows of a message: envelope, TLS, who logged in.
    pub fn about(&self, number: usize) -> Value {
        let text = std::fs::read(self.folder.path().join(format!("{number}.json"))).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        let lines = std::fs::read_to_string(self.folder.path().join("connections"));
        lines.unwrap_or_default().lines().count()
    }

    /// What Python's parser makes of the messages that were taken.
    pub fn looked_at(&self) -> Vec<Value> {
        look_at(&self.received())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What Python's parser makes of these files.
pub fn look_at(files: &[PathBuf]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/look_at_mail.py");
    let seen = Command::new(program("python")).arg(script).args(files).output().unwrap();
    assert!(seen.status.success(), "{}", String::from_utf8_lossy(&seen.stderr));
    serde_json::from_slice(&seen.stdout).unwrap()
}

/// An authority and a certificate by it: rustls takes no certificate that is its own authority.
fn certify(folder: &Path, names: &str) {
    let openssl = |line: &str| {
        let done = Command::new("openssl").args(line.split(' ')).current_dir(folder).output();
        let done = done.expect("openssl is missing: run tests/prepare");
        assert!(done.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
    openssl(&format!("req {key} -keyout leaf.key -out leaf.csr -subj /CN=leaf"));
    std::fs::write(folder.join("names"), format!("subjectAltName={names}\n")).unwrap();
    openssl(
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 2 -extfile names",
    );
}
