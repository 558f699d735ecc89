//! A real PostgreSQL in a container for the tests of this folder, and databases in it.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use drillyard::digest::{self, Options, State};
use drillyard::model::rehearsal::{Change, Difference};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

/// A server that ends with this process: its first process waits for the end of our standard input.
pub struct Server {
    name: String,
    address: String,
    _lease: Child,
}

const START: &str = r#"
cd /var/lib/postgresql
mkdir -m 700 drillyard && tar -C drillyard -xf /usr/share/drillyard/data.tar
echo "host all all 0.0.0.0/0 trust" >> drillyard/pg_hba.conf
postgres -D drillyard -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off -c max_connections=200 \
  -c shared_buffers=600MB -c jit=off -c autovacuum=off &
cat
kill -INT %1
wait
"#;

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Server {
    async fn start(major: u16) -> Self {
        let image = format!("drillyard/postgres:{major}");
        assert!(docker(&["image", "inspect", &image]).is_some(), "{image} is missing: run docker/prepare");
        let name = format!("drillyard-digest-test-{}-{major}", std::process::id());
        let lease = Command::new("docker")
            .args(["run", "--rm", "--interactive", "--user", "postgres", "--entrypoint", "bash"])
            .args(["--shm-size", "256m", "--name", &name, &image, "-c", START])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker is needed: run docker/prepare");
        let mut server = Self { name, address: String::new(), _lease: lease };
        for _ in 0..600 {
            let address = docker(&["inspect", "--format", "{{.NetworkSettings.IPAddress}}", &server.name]);
            server.address = address.unwrap_or_default();
            if !server.address.is_empty() && server.connect("postgres").await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} did not start", server.name);
    }

    async fn connect(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        self.connect_as(database, "postgres").await
    }

    async fn connect_as(&self, database: &str, role: &str) -> Result<Client, tokio_postgres::Error> {
        let mut config = tokio_postgres::Config::new();
        config.host(&self.address).user(role).dbname(database).connect_timeout(Duration::from_secs(5));
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Runs a command inside, which must succeed.
    fn inside(&self, command: &str) {
        let done = docker(&["exec", &self.name, "bash", "-o", "pipefail", "-c", command]);
        assert!(done.is_some(), "{command}");
    }

    async fn database(&'static self, template: &str) -> Database {
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
        self.connect("postgres").await.unwrap().batch_execute(&create).await.unwrap();
        Database { server: self, name }
    }
}

fn docker(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("docker").args(arguments).output().expect("docker is needed: run docker/prepare");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || arguments.first() != Some(&"exec"), "{arguments:?}: {said}");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

async fn shared(major: u16) -> &'static Server {
    static FIFTEEN: OnceCell<Server> = OnceCell::const_new();
    static SEVENTEEN: OnceCell<Server> = OnceCell::const_new();
    let cell = if major == 15 { &FIFTEEN } else { &SEVENTEEN };
    cell.get_or_init(|| Server::start(major)).await
}

/// A new database on the shared PostgreSQL 15 with what `sql` makes.
pub async fn database(sql: &str) -> Database {
    database_of(15, sql).await
}

pub async fn database_of(major: u16, sql: &str) -> Database {
    let database = shared(major).await.database("template0").await;
    database.run(sql).await;
    database
}

pub struct Database {
    server: &'static Server,
    pub name: String,
}

impl Database {
    pub async fn client(&self) -> Client {
        self.server.connect(&self.name).await.unwrap()
    }

    pub async fn client_as(&self, role: &str) -> Client {
        self.server.connect_as(&self.name, role).await.unwrap()
    }

    pub async fn run(&self, sql: &str) {
        if let Err(error) = self.client().await.batch_execute(sql).await {
            panic!("{sql}: {error:?}");
        }
    }

    /// A copy as a rehearsal has one: the same files.
    pub async fn copy(&self) -> Database {
        self.server.database(&self.name).await
    }

    /// A copy by dump and restore.
    pub async fn restored(&self) -> Database {
        let copy = self.server.database("template0").await;
        let command = format!(
            "pg_dump -h /tmp -Fc {} | pg_restore -h /tmp --exit-on-error -d {}",
            self.name, copy.name
        );
        self.server.inside(&command);
        copy
    }

    pub async fn state(&self) -> State {
        self.state_with(&Options::default()).await
    }

    pub async fn state_with(&self, options: &Options) -> State {
        digest::take(&self.client().await, options).await.unwrap()
    }

    /// What differs between this database and another.
    pub async fn against(&self, other: &Database, options: &Options) -> Difference {
        let (before, after) = (self.client().await, other.client().await);
        let states =
            (digest::take(&before, options).await.unwrap(), digest::take(&after, options).await.unwrap());
        digest::compare(&before, &states.0, &after, &states.1, options).await.unwrap()
    }

    /// What differs after `sql` has run on a copy.
    pub async fn after(&self, sql: &str) -> Difference {
        let copy = self.copy().await;
        copy.run(sql).await;
        self.against(&copy, &Options::default()).await
    }
}

/// Objects that differ as lines: `lost index public.a: detail`.
pub fn told(difference: &Difference) -> Vec<String> {
    let word = |change| match change {
        Change::Lost => "lost",
        Change::Added => "added",
        Change::Changed => "changed",
    };
    let line = |object: &drillyard::model::rehearsal::ObjectDifference| {
        let detail = object.detail.as_ref().map_or_else(String::new, |detail| format!(": {detail}"));
        format!("{} {} {}{detail}", word(object.change), object.kind, object.name)
    };
    difference.objects.iter().map(line).collect()
}
