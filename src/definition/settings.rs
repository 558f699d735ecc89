//! `drillyard.yaml` as a value: every key has a default that works on one machine.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::conform::conform;
use super::fault::{Code, Fault, Faults};
use super::paths;
use super::value::{Item, Map};
use super::{Calendar, SecretReference, decode_daemon, files, keys_later, lint, schedule, tree};

/// Where settings are looked for without `--config`, in this order; the first is relative to the working directory.
const FILES: [&str; 2] = ["drillyard.yaml", "/etc/drillyard/drillyard.yaml"];

/// Settings of one installation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Files or directories that hold drills, absolute.
    pub drills: Vec<PathBuf>,
    /// Paths in drills stay below these, absolute; `None` without a drillyard.yaml: the parent of the drill's folder.
    pub roots: Option<Vec<PathBuf>>,
    /// Records, staging, locks; 0700. Absolute; `None`: `/var/lib/drillyard` for root, else `$XDG_STATE_HOME/drillyard`.
    pub state: Option<PathBuf>,
    /// Engine's address, `unix:///var/run/docker.sock`; `None`: `DOCKER_HOST`, then the usual sockets.
    pub engine_host: Option<String>,
    /// Memory in bytes that sandboxes may take together; `None`: what the engine says it has.
    pub runner_memory: Option<u64>,
    /// The runner's name.
    pub runner_name: Option<String>,
    /// Runs of the daemon at the same time; `None`: 2.
    pub runner_at_once: Option<u64>,
    /// Disk in bytes that sandboxes may take together.
    pub runner_disk: Option<u64>,
    /// Disk in bytes that staged backups may take.
    pub runner_staging: Option<u64>,
    /// How mail is sent; `None`: as files in `mail` below the state directory.
    pub mail: Option<Mail>,
    /// Where the daemon answers HTTP, a loopback address; `None`: `127.0.0.1:8629`.
    pub http_listen: Option<SocketAddr>,
    /// The digest of all services.
    pub digest: Option<Digest>,
    /// How long a stopping daemon waits for its runs; `None`: 60 s.
    pub shutdown_grace: Option<Duration>,
    /// The file that they were read from, absolute; `None` where there is none.
    pub file: Option<PathBuf>,
    /// What lies under every drill.
    pub defaults: Defaults,
}

/// How mail is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// By which way.
    pub way: MailWay,
    /// The sender: `name@host` or `Name <name@host>`.
    pub from: String,
}

/// The way that mail takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailWay {
    /// To a mail server.
    Smtp(Smtp),
    /// Into a folder, a `.eml` file each. Absolute.
    Directory(PathBuf),
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: SmtpSecurity,
    /// Who sends: a name, or where it is found.
    pub username: Option<TextOrSecret>,
    /// The password.
    pub password: Option<SecretReference>,
    /// The authority of its certificate, a PEM file; the system's by default.
    pub authority: Option<PathBuf>,
}

/// A text, or where it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOrSecret {
    /// As it is written.
    Text(String),
    /// A reference.
    Secret(SecretReference),
}

/// How the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// STARTTLS, required.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all; refused where a password would be sent.
    None,
}

/// The digest of all services.
#[derive(Debug, Clone, PartialEq)]
pub struct Digest {
    /// When it is due.
    pub calendar: Calendar,
    /// To whom.
    pub to: Vec<String>,
}

/// The `defaults` of drillyard.yaml: conforming values that are merged under every drill.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defaults(pub(super) Option<Map>);

/// Settings that could not even be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file that was named is not there, or may not be read.
    #[error("could not read the settings {}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Reads the settings: the named file, or `./drillyard.yaml`, or `/etc/drillyard/drillyard.yaml`, or the defaults.
/// With an error among the faults nothing should be run by them.
pub fn load(explicit: Option<&Path>, cwd: &Path) -> Result<(Settings, Vec<Fault>), SettingsError> {
    let found = match explicit {
        Some(file) => Some(cwd.join(file)),
        None => FILES.iter().map(|file| cwd.join(file)).find(|file| file.exists()),
    };
    let Some(file) = found else {
        let drills = vec![paths::absolute(&cwd.join("drills"))];
        return Ok((Settings { drills, ..Settings::default() }, Vec::new()));
    };
    match files::read(&file) {
        Ok(text) => Ok(parse(&text, &file)),
        Err(files::ReadError::Io(source)) => Err(SettingsError::Unreadable { file, source }),
        Err(files::ReadError::Fault(fault)) => Ok((Settings::default(), vec![*fault])),
    }
}

/// Reads the text of a drillyard.yaml.
pub fn parse(text: &str, file: &Path) -> (Settings, Vec<Fault>) {
    let absolute = paths::absolute(file);
    let folder = absolute.parent().unwrap_or(Path::new("/")).to_owned();
    let mut settings = Settings {
        drills: vec![folder.join("drills")],
        roots: Some(vec![folder.clone()]),
        file: Some(absolute.clone()),
        ..Settings::default()
    };
    let mut out = Faults::new(file, file);
    let documents = tree::read(text, true, &mut out);
    for document in documents.iter().skip(1) {
        out.error(document.root.at, Code::TooLarge, "settings are one document")
            .hint("put drills in files of their own");
    }
    if let Some(document) = documents.first() {
        lint::secrets(&document.root, &mut out);
        if let Some(item) = conform(&document.root, &keys_later::SETTINGS, &mut out) {
            fill(&mut settings, &item, &folder, &mut out);
        }
    }
    (settings, out.into_list())
}

/// A socket of this machine: what a drill mounts has to be where the engine is.
fn engine_host(engine: &Map, out: &mut Faults) -> Option<String> {
    let host = engine.text("host")?;
    if !host.starts_with("unix:///") {
        out.error(
            engine.at("host"),
            Code::NotInThisVersion,
            "an engine that is not behind a socket of this machine",
        )
        .hint("write unix:///var/run/docker.sock, or leave it out");
        return None;
    }
    Some(host.to_owned())
}

fn fill(settings: &mut Settings, item: &Item, folder: &Path, out: &mut Faults) {
    let Some(map) = item.map() else { return };
    let path = |text: &str| paths::normal(&folder.join(text));
    let paths =
        |key| -> Vec<PathBuf> { map.list(key).iter().filter_map(|item| item.text().map(path)).collect() };
    if map.has("drills") {
        settings.drills = paths("drills");
    }
    if map.has("roots") {
        settings.roots = Some(paths("roots"));
    }
    settings.state = map.text("state").map(path);
    settings.engine_host = map.map("engine").and_then(|engine| engine_host(engine, out));
    let runner = map.map("runner");
    settings.runner_memory = runner.and_then(|runner| runner.size("memory"));
    settings.runner_name = runner.and_then(|runner| runner.text("name")).map(str::to_owned);
    settings.defaults = Defaults(map.map("defaults").cloned());
    let schedules = [map.map("defaults").and_then(|defaults| defaults.map("schedule"))];
    for map in schedules.into_iter().flatten() {
        schedule::judge(map, "defaults", jiff::Timestamp::now(), out);
    }
    decode_daemon::fill(settings, map, folder, out);
}
