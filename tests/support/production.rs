//! The production of `fixtures/`, started once per test process and gone with it, and its dumps, each made once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::{Lease, done, fixture, root, usual_major};

/// A running server with the shop in it.
pub struct Production {
    major: u16,
    name: String,
    /// Dumps that were made, by what they are.
    made: Mutex<BTreeMap<String, PathBuf>>,
    _lease: Lease,
}

/// The production of this major version; started at the first call.
pub fn production(major: u16) -> &'static Production {
    static BY_MAJOR: [OnceLock<Production>; 32] = [const { OnceLock::new() }; 32];
    BY_MAJOR[usize::from(major)].get_or_init(|| Production::start(major))
}

/// The production of the major version that most tests use.
pub fn usual_production() -> &'static Production {
    production(usual_major())
}

/// Where dumps are kept until this process ends.
pub fn cache() -> &'static Path {
    static CACHE: OnceLock<(PathBuf, Lease)> = OnceLock::new();
    let (path, _) = CACHE.get_or_init(|| {
        let folder = tempfile::Builder::new().prefix("drillyard-dumps-").tempdir().expect("a folder");
        let path = folder.keep();
        let lease = Lease::new("rm -rf -- \"$1\"", &[&path]);
        (path, lease)
    });
    path
}

impl Production {
    fn start(major: u16) -> Self {
        let name = format!("drillyard-test-production-{}-{major}", std::process::id());
        let stop = format!("DRILLYARD_PRODUCTION_NAME={name} \"$1\" stop");
        let lease = Lease::new(&stop, &[&root().join("fixtures/production")]);
        let production = Self { major, name, made: Mutex::default(), _lease: lease };
        done(production.script().arg("start"));
        production
    }

    fn script(&self) -> Command {
        let mut script = fixture("production");
        script
            .env("DRILLYARD_PRODUCTION_NAME", &self.name)
            .env("DRILLYARD_PRODUCTION_MAJOR", self.major.to_string())
            .stdin(Stdio::null());
        script
    }

    /// `pg_dump` of the shop with these arguments; a custom archive unless they say otherwise.
    pub fn backup(&self, arguments: &[&str]) -> PathBuf {
        self.dump(&["backup"], arguments)
    }

    /// `pg_dumpall` with these arguments.
    pub fn backup_all(&self, arguments: &[&str]) -> PathBuf {
        self.dump(&["backup-all"], arguments)
    }

    /// A dump that lacks something: kinds in fixtures/README.md.
    pub fn damaged(&self, kind: &str, arguments: &[&str]) -> PathBuf {
        self.dump(&["damaged", kind], arguments)
    }

    fn dump(&self, command: &[&str], arguments: &[&str]) -> PathBuf {
        let what = format!("{} {}", command.join(" "), arguments.join(" "));
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let number = made.len();
        let dumped = || {
            let path = cache().join(format!("{}-{number}.dump", self.major));
            done(self.script().args(command).arg(&path).args(arguments));
            path
        };
        made.entry(what).or_insert_with(dumped).clone()
    }

    /// Runs SQL as its superuser, in one database; returns bare values.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.script();
        psql.args(["psql", "-XAtq", "--set=ON_ERROR_STOP=1", "--dbname", database, "--command", sql]);
        done(&mut psql).trim().to_owned()
    }

    /// A program inside the production's container; the bytes that it prints.
    pub fn exec(&self, program: &[&str]) -> Vec<u8> {
        let mut command = Command::new("docker");
        command.args(["exec", &self.name]).args(program).stdin(Stdio::null());
        let ended = command.output().expect("docker is needed");
        assert!(ended.status.success(), "{program:?}: {}", String::from_utf8_lossy(&ended.stderr));
        ended.stdout
    }

    /// A shell script inside the production's container.
    pub fn exec_as_root(&self, script: &str) {
        done(Command::new("docker").args(["exec", "--user", "root", &self.name, "bash", "-ec", script]));
    }
}

/// A damaged copy of a backup file: kinds in fixtures/README.md. Made once.
pub fn damage(kind: &str, of: &Path) -> PathBuf {
    static MADE: Mutex<BTreeMap<(String, PathBuf), PathBuf>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let number = made.len();
    let damaged = || {
        let path = cache().join(format!("damaged-{number}"));
        done(fixture("damage").arg(kind).arg(of).arg(&path));
        path
    };
    made.entry((kind.to_owned(), of.to_owned())).or_insert_with(damaged).clone()
}
