//! A real PostgreSQL in a container for the tests of this folder, and databases in it.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use drillyard::check::{CHECK_ROLE, Context, ask_all, prepare_role_sql};
use drillyard::definition::{Check, CheckBody, TableName};
use drillyard::error::Explain;
use drillyard::model::{Finding, Reason};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

/// A server that ends with this process: its first process waits for the end of our standard input.
pub struct Server {
    address: String,
    _lease: Child,
}

const START: &str = r#"
cd /var/lib/postgresql
mkdir -m 700 drillyard && tar -C drillyard -xf /usr/share/drillyard/data.tar
echo "host all all 0.0.0.0/0 trust" >> drillyard/pg_hba.conf
postgres -D drillyard -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off -c max_connections=200 &
cat
kill -INT %1
wait
"#;

static NUMBER: AtomicU32 = AtomicU32::new(0);

impl Server {
    pub async fn start(major: u16) -> Self {
        let image = format!("drillyard/postgres:{major}");
        assert!(docker(&["image", "inspect", &image]).is_some(), "{image} is missing: run docker/prepare");
        let name =
            format!("drillyard-check-test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let lease = Command::new("docker")
            .args(["run", "--rm", "--interactive", "--user", "postgres", "--entrypoint", "bash"])
            .args(["--name", &name, &image, "-c", START])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker is needed: run docker/prepare");
        let mut server = Self { address: String::new(), _lease: lease };
        for _ in 0..300 {
            let address = docker(&["inspect", "--format", "{{.NetworkSettings.IPAddress}}", &name]);
            if let Some(address) = address.filter(|address| !address.is_empty()) {
                server.address = address;
                return server.when_ready().await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{name} did not start");
    }

    async fn when_ready(self) -> Self {
        for _ in 0..300 {
            if self.connect("postgres", "postgres").await.is_ok() {
                return self;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the server at {} did not answer", self.address);
    }

    pub async fn connect(&self, database: &str, role: &str) -> Result<Box<Client>, ConnectError> {
        let mut config = tokio_postgres::Config::new();
        config.host(&self.address).user(role).dbname(database).connect_timeout(Duration::from_secs(5));
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(Box::new(client))
    }

    pub async fn superuser(&self, database: &str) -> Box<Client> {
        self.connect(database, "postgres").await.unwrap()
    }

    /// A new database of this server with what `sql` makes.
    pub async fn database(&'static self, sql: &str) -> Database {
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        self.superuser("postgres").await.batch_execute(&create).await.unwrap();
        self.superuser(&name).await.batch_execute(sql).await.unwrap();
        Database { server: self, name }
    }
}

fn docker(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("docker").args(arguments).output().expect("docker is needed: run docker/prepare");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The server that most tests share, with the role for checks.
async fn shared(major: u16) -> &'static Server {
    static FIFTEEN: OnceCell<Server> = OnceCell::const_new();
    static SEVENTEEN: OnceCell<Server> = OnceCell::const_new();
    let cell = if major == 15 { &FIFTEEN } else { &SEVENTEEN };
    cell.get_or_init(|| async {
        let server = Server::start(major).await;
        server.superuser("postgres").await.batch_execute(prepare_role_sql()).await.unwrap();
        server
    })
    .await
}

/// A new database on the shared PostgreSQL 15.
pub async fn database(sql: &str) -> Database {
    shared(15).await.database(sql).await
}

/// A new database on the shared PostgreSQL 17.
pub async fn database_17(sql: &str) -> Database {
    shared(17).await.database(sql).await
}

pub struct Database {
    pub server: &'static Server,
    pub name: String,
}

impl Database {
    pub async fn ask(&self, body: CheckBody) -> Finding {
        self.ask_check(check(body)).await
    }

    pub async fn ask_check(&self, check: Check) -> Finding {
        let mut findings = self.ask_all(&[check]).await;
        assert_eq!(findings.len(), 1);
        findings.remove(0)
    }

    pub async fn ask_all(&self, checks: &[Check]) -> Vec<Finding> {
        self.ask_with(checks, &context(&self.name)).await
    }

    /// On a task of its own, as a run does it: the future must be one that can be sent.
    pub async fn ask_with(&self, checks: &[Check], context: &Context) -> Vec<Finding> {
        let (server, checks, context) = (self.server, checks.to_vec(), context.clone());
        let mut told = vec![];
        let asking = async move {
            let connect = |database: String| async move { server.connect(&database, CHECK_ROLE).await };
            let findings = ask_all(&checks, &context, 4, connect, |finding| told.push(finding)).await;
            (findings, told)
        };
        let (findings, told) = tokio::spawn(asking).await.unwrap();
        assert_eq!(findings.len(), told.len(), "every finding is told as it ends");
        assert!(told.iter().all(|finding| findings.contains(finding)));
        findings
    }

    /// One value, as the superuser sees it.
    pub async fn look(&self, sql: &str) -> String {
        self.server.superuser(&self.name).await.query_one(sql, &[]).await.unwrap().get(0)
    }
}

pub fn context(database: &str) -> Context {
    Context {
        first_database: database.to_owned(),
        run_started_at: "2026-11-21T12:00:00Z".parse().unwrap(),
        data_as_of: None,
    }
}

pub fn check(body: CheckBody) -> Check {
    Check { name: "test".into(), body, timeout: Duration::from_secs(30), database: None, show_values: false }
}

pub fn table(schema: &str, table: &str) -> TableName {
    TableName { schema: schema.into(), table: table.into() }
}

#[derive(Debug, thiserror::Error)]
#[error("no connection")]
pub struct ConnectError(#[from] tokio_postgres::Error);

impl Explain for ConnectError {
    fn reason(&self) -> Reason {
        Reason::SandboxLost
    }
}

/// Everything that a person may get to read.
pub fn told(finding: &Finding) -> String {
    format!("{finding:?}")
}
