//! Databases of a real PostgreSQL for the tests of this folder, and their states.

use drillyard::digest::{self, Options, State};
use drillyard::model::rehearsal::{Change, Difference};
use tokio::sync::OnceCell;
use tokio_postgres::Client;

use crate::major::usual_major;
use crate::postgres::Server;

const SETTINGS: &str = "-c shared_buffers=600MB -c jit=off -c autovacuum=off";

/// Every role of these tests: a role is the server's, and one made meanwhile would be a difference of any two databases.
const ROLES: &str = "CREATE ROLE digest_owner; CREATE ROLE digest_reader; GRANT digest_reader TO digest_owner; \
     CREATE ROLE digest_nobody LOGIN";

async fn shared(major: u16) -> &'static Server {
    static BY_MAJOR: [OnceCell<Server>; 32] = [const { OnceCell::const_new() }; 32];
    let start = || async {
        let server = Server::start(major, SETTINGS).await;
        server.superuser("postgres").await.batch_execute(ROLES).await.unwrap();
        server
    };
    BY_MAJOR[usize::from(major)].get_or_init(start).await
}

/// A new database on the shared server of the usual version with what `sql` makes.
pub async fn database(sql: &str) -> Database {
    database_of(usual_major(), sql).await
}

pub async fn database_of(major: u16, sql: &str) -> Database {
    let database = Database::new(shared(major).await, "template0").await;
    database.run(sql).await;
    database
}

pub struct Database {
    server: &'static Server,
    pub name: String,
}

impl Database {
    async fn new(server: &'static Server, template: &str) -> Self {
        Self { server, name: server.create(template).await }
    }

    pub async fn client(&self) -> Client {
        self.server.superuser(&self.name).await
    }

    pub async fn client_as(&self, role: &str) -> Client {
        self.server.connect(&self.name, role).await.unwrap()
    }

    pub async fn run(&self, sql: &str) {
        if let Err(error) = self.client().await.batch_execute(sql).await {
            panic!("{sql}: {error:?}");
        }
    }

    /// A copy as a rehearsal has one: the same files.
    pub async fn copy(&self) -> Database {
        Database::new(self.server, &self.name).await
    }

    /// A copy by dump and restore.
    pub async fn restored(&self) -> Database {
        let copy = Database::new(self.server, "template0").await;
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
