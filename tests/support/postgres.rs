//! A real PostgreSQL in a container for tests of a part of the library, and databases in it.

#![allow(dead_code)] // Each test file uses its own part.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio_postgres::{Client, NoTls};

/// A server that ends with this process: its first process waits for the end of our standard input.
pub struct Server {
    name: String,
    address: String,
    _lease: Child,
}

/// `$0` holds settings beside the usual ones.
const START: &str = r#"
cd /var/lib/postgresql
mkdir -m 700 drillyard && tar -C drillyard -xf /usr/share/drillyard/data.tar
echo "host all all 0.0.0.0/0 trust" >> drillyard/pg_hba.conf
postgres -D drillyard -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off -c max_connections=200 $0 &
cat
kill -INT %1
wait
"#;

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// Starts a server of this major version with more settings: `-c jit=off`.
    pub async fn start(major: u16, settings: &str) -> Self {
        let image = format!("drillyard/postgres:{major}");
        assert!(docker(&["image", "inspect", &image]).is_some(), "{image} is missing: run docker/prepare");
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("drillyard-test-server-{}-{number}", std::process::id());
        let lease = Command::new("docker")
            .args(["run", "--rm", "--interactive", "--user", "postgres", "--entrypoint", "bash"])
            .args(["--shm-size", "256m", "--name", &name, &image, "-c", START, settings])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker is needed: run docker/prepare");
        let mut server = Self { name, address: String::new(), _lease: lease };
        for _ in 0..600 {
            let address = docker(&["inspect", "--format", "{{.NetworkSettings.IPAddress}}", &server.name]);
            server.address = address.unwrap_or_default();
            if !server.address.is_empty() && server.connect("postgres", "postgres").await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} did not start", server.name);
    }

    pub async fn connect(&self, database: &str, role: &str) -> Result<Client, tokio_postgres::Error> {
        let mut config = tokio_postgres::Config::new();
        config.host(&self.address).user(role).dbname(database).connect_timeout(Duration::from_secs(5));
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    pub async fn superuser(&self, database: &str) -> Client {
        self.connect(database, "postgres").await.unwrap()
    }

    /// A new database; its name.
    pub async fn create(&self, template: &str) -> String {
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
        self.superuser("postgres").await.batch_execute(&create).await.unwrap();
        name
    }

    /// Runs a command inside, which must succeed.
    pub fn inside(&self, command: &str) {
        let done = docker(&["exec", &self.name, "bash", "-o", "pipefail", "-c", command]);
        assert!(done.is_some(), "{command}");
    }
}

fn docker(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("docker").args(arguments).output().expect("docker is needed: run docker/prepare");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || arguments.first() != Some(&"exec"), "{arguments:?}: {said}");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
