//! A container with `pg_dump` in it, which draws a database out of a server elsewhere into the run's staging directory.
//!
//! It is as closed as a sandbox but for its network, and no restored data is ever *served* in it. The password comes by
//! standard input, which is its lease as well: no argument, no environment and no file of the host ever holds it.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;

use super::profile::{Labels, MIB, PIDS};
use crate::engine::{ContainerSpec, ImageFacts, Network};

/// Where the staging directory is mounted.
const STAGING: &str = "/run/drillyard/staging";
/// Where the authorities of the server's certificate are mounted.
const AUTHORITIES: &str = "/run/drillyard/authorities.pem";
/// Memory: `pg_dump` holds the catalogue's objects, not their rows.
const MEMORY: u64 = 1024 * MIB;

/// Process 1: takes the line of the password file, then dumps; ends when its standard input does. `--compress=1`, because
/// what is packed here is unpacked again within the hour, and recovery waits for both (2026-11-21).
const PROCESS_1: &str = r#"
set -u
for bin in /usr/lib/postgresql/*/bin /usr/local/bin /usr/local/pgsql/bin /usr/bin; do
  [ -x "$bin/pg_dump" ] && PATH=$bin:$PATH && break
done
command -v pg_dump >/dev/null || { echo "drillyard: no pg_dump in this image" >&2; exit 78; }
umask 077
IFS= read -r line || exit 70
printf '%s\n' "$line" > /tmp/password
unset line
exec 3<&0
pg_dump --no-password --format=custom --compress=1 --file="$2" --dbname="$1" </dev/null 3<&- &
dump=$!
{ cat <&3 >/dev/null; kill -KILL "$dump"; } &
exec 3<&-
wait "$dump"
"#;

/// What is drawn, and where from.
#[derive(Debug, Clone)]
pub struct DumpClient {
    /// The container's name.
    pub name: String,
    /// An image with `pg_dump` of the server's version.
    pub image: ImageFacts,
    /// Labels by which it is found again.
    pub labels: Labels,
    /// Processors in thousandths of a core.
    pub milli_cpus: u64,
    /// User and group inside: those of whoever owns the staging directory.
    pub user: (u32, u32),
    /// The staging directory on the host, and the name of the archive in it.
    pub archive: (PathBuf, String),
    /// The server.
    pub server: Server,
}

/// A server that speaks TLS, whose certificate must be for its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The name.
    pub host: String,
    /// Port of that name.
    pub port: u16,
    /// Address in place of what the name stands for.
    pub address: Option<SocketAddr>,
    /// User.
    pub user: String,
    /// Database.
    pub database: String,
    /// The authorities, a PEM file of the host.
    pub authorities: PathBuf,
}

impl Server {
    /// The port that is connected to.
    fn port(&self) -> u16 {
        self.address.map_or(self.port, |address| address.port())
    }

    /// libpq's words for it, without the password.
    fn connection(&self) -> String {
        let address = self.address.map(|address| address.ip().to_string());
        let port = self.port().to_string();
        let words = [
            ("host", Some(self.host.as_str())),
            ("hostaddr", address.as_deref()),
            ("port", Some(port.as_str())),
            ("user", Some(self.user.as_str())),
            ("dbname", Some(self.database.as_str())),
            ("sslmode", Some("verify-full")),
            ("sslrootcert", Some(AUTHORITIES)),
            ("passfile", Some("/tmp/password")),
            ("connect_timeout", Some("20")),
            ("application_name", Some("drillyard")),
        ];
        let said = words.iter().filter_map(|(word, value)| Some(format!("{word}={}", quoted((*value)?))));
        said.collect::<Vec<_>>().join(" ")
    }

    /// The one line of libpq's password file. What it is for is said by the connection alone.
    pub fn password_line(password: &str) -> String {
        let escaped = password.replace('\\', "\\\\").replace(':', "\\:");
        format!("*:*:*:*:{escaped}\n")
    }
}

/// A value between quotation marks, as libpq reads it.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The container of a dump client.
pub fn container(client: &DumpClient) -> ContainerSpec {
    let mut tmpfs =
        HashMap::from([("/tmp".to_owned(), format!("rw,noexec,nosuid,nodev,mode=1777,size={}", 16 * MIB))]);
    for path in &client.image.volumes {
        tmpfs.insert(path.clone(), format!("rw,noexec,nosuid,nodev,size={MIB}"));
    }
    let (folder, archive) = &client.archive;
    let command = [
        "bash",
        "-c",
        PROCESS_1,
        "drillyard-dump",
        &client.server.connection(),
        &format!("{STAGING}/{archive}"),
    ];
    ContainerSpec {
        name: client.name.clone(),
        image: client.image.id.clone(),
        labels: client.labels.to_map(),
        command: command.map(str::to_owned).to_vec(),
        environment: BTreeMap::from([("HOME".to_owned(), "/tmp".to_owned())]),
        network: Network::Outward,
        user: format!("{}:{}", client.user.0, client.user.1),
        memory_bytes: MEMORY,
        milli_cpus: client.milli_cpus,
        pids: PIDS,
        shm_bytes: 64 * MIB,
        volume_at: None,
        tmpfs,
        read_only_mounts: vec![(client.server.authorities.display().to_string(), AUTHORITIES.to_owned())],
        writable_mounts: vec![(folder.display().to_string(), STAGING.to_owned())],
        read_only_volumes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server {
            host: "drillyard-1.aaaa.eu-central-1.rds.amazonaws.com".into(),
            port: 5432,
            address: None,
            user: "o'brien \\ co".into(),
            database: "shop sslmode=disable".into(),
            authorities: "/etc/rds.pem".into(),
        }
    }

    #[test]
    fn a_hostile_name_stays_a_name_and_tls_stays_verified() {
        assert_eq!(
            server().connection(),
            "host='drillyard-1.aaaa.eu-central-1.rds.amazonaws.com' port='5432' user='o\\'brien \\\\ co' \
             dbname='shop sslmode=disable' sslmode='verify-full' sslrootcert='/run/drillyard/authorities.pem' \
             passfile='/tmp/password' connect_timeout='20' application_name='drillyard'"
        );
    }

    #[test]
    fn a_tunnel_changes_the_address_and_not_the_name() {
        let tunnel = Server { address: "127.0.0.1:6000".parse().ok(), ..server() };
        let said = tunnel.connection();
        assert!(said.contains("hostaddr='127.0.0.1' port='6000'"), "{said}");
        assert!(said.starts_with("host='drillyard-1."), "{said}");
    }

    #[test]
    fn a_password_with_marks_is_one_field() {
        assert_eq!(Server::password_line(r"a:b\c"), "*:*:*:*:a\\:b\\\\c\n");
    }
}
