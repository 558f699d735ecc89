//! Databases of a real PostgreSQL for the tests of this folder, and checks that are asked of them.

use std::time::Duration;

use drillyard::check::{CHECK_ROLE, Context, ask_all, prepare_role_sql};
use drillyard::definition::{Check, CheckBody, TableName};
use drillyard::error::Explain;
use drillyard::model::{Finding, Reason};
use tokio::sync::OnceCell;

use crate::major::usual_major;
use crate::postgres::Server;

/// The server that most tests share, with the role for checks.
async fn shared(major: u16) -> &'static Server {
    static BY_MAJOR: [OnceCell<Server>; 32] = [const { OnceCell::const_new() }; 32];
    let start = || async {
        let server = Server::start(major, "").await;
        server.superuser("postgres").await.batch_execute(prepare_role_sql()).await.unwrap();
        server
    };
    BY_MAJOR[usize::from(major)].get_or_init(start).await
}

/// A new database on the shared server of the usual version.
pub async fn database(sql: &str) -> Database {
    Database::new(shared(usual_major()).await, sql).await
}

/// A new database on the shared PostgreSQL 17.
pub async fn database_17(sql: &str) -> Database {
    Database::new(shared(17).await, sql).await
}

/// A new database on the shared PostgreSQL 18.
pub async fn database_18(sql: &str) -> Database {
    Database::new(shared(18).await, sql).await
}

pub struct Database {
    pub server: &'static Server,
    pub name: String,
}

impl Database {
    /// A new database with what `sql` makes.
    pub async fn new(server: &'static Server, sql: &str) -> Self {
        let name = server.create("template0").await;
        server.superuser(&name).await.batch_execute(sql).await.unwrap();
        Self { server, name }
    }

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
            let connect = |database: String| async move {
                Ok::<_, ConnectError>(Box::new(server.connect(&database, CHECK_ROLE).await?))
            };
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
        databases: vec![database.to_owned()],
        run_started_at: "2026-11-21T12:00:00Z".parse().unwrap(),
        data_as_of: None,
        time_zone: None,
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
