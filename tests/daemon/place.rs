//! A store with drills that come due a few seconds after the daemon's start, and the daemon itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::rig::{Rig, within};

/// Longest wait for something that takes seconds on a machine at rest.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// A drill that is as quick as a drill can be, due in the minute that is to come.
pub const QUICK: &str = "
sandbox: { memory: 256MiB, cpus: 1, durability: relaxed }
checks:
  - tables: { at_least: 1 }
";

/// One store, its drills, and a clock of its own.
pub struct Place {
    pub rig: Rig,
    /// When its drills are due on the daemon's clock, and how many seconds after the daemon's first start that is;
    /// `None` for the real clock.
    due: Option<(Timestamp, i64)>,
    /// Seconds by which the daemon's clock is ahead of the real one, from its first start on.
    offset: OnceLock<i64>,
    cron: String,
}

/// A daemon at work. Dropping it kills it.
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Place {
    /// With these drills (names and what they are made of), all due once, `lead` seconds after the daemon's first start.
    pub fn new(lead: i64, drills: &[(&str, &str)]) -> Self {
        let now = Timestamp::now().as_second();
        let due_at = Timestamp::from_second(now / 60 * 60 + 120).unwrap();
        let cron = due_at.to_zoned(TimeZone::UTC).strftime("%-M %-H %-d %-m *").to_string();
        let place = Self { rig: rig(), due: Some((due_at, lead)), offset: OnceLock::new(), cron };
        for (name, drill) in drills {
            place.write_drill(name, &place.schedule(""), drill);
        }
        place.settings("");
        place
    }

    /// With the real clock, and no drill yet.
    pub fn in_real_time() -> Self {
        let place = Self { rig: rig(), due: None, offset: OnceLock::new(), cron: "* * * * *".to_owned() };
        place.settings("");
        place
    }

    /// The one instant.
    pub fn due_at(&self) -> Timestamp {
        self.due.unwrap().0
    }

    /// The one instant as a zone's clock shows it.
    pub fn cron_in(&self, zone: &str) -> String {
        self.due_at().in_tz(zone).unwrap().strftime("%-M %-H %-d %-m *").to_string()
    }

    /// Daily, so many minutes after the one instant.
    pub fn daily_after(&self, minutes: i64) -> String {
        let at = self.due_at() + jiff::SignedDuration::from_mins(minutes);
        at.to_zoned(TimeZone::UTC).strftime("%-M %-H * * *").to_string()
    }

    /// The one instant, and what else a schedule may say.
    pub fn schedule(&self, more: &str) -> String {
        format!("cron: \"{}\", {more}", self.cron)
    }

    /// A drill that is not done again when it errs.
    pub fn write_drill(&self, name: &str, schedule: &str, drill: &str) {
        self.write_drill_with(name, schedule, "retries: { errored: 0 }", drill);
    }

    pub fn write_drill_with(&self, name: &str, schedule: &str, retries: &str, drill: &str) {
        let head = format!(
            "drill: {name}\nschedule: {{ {schedule} }}\n{retries}\n\
             notify: [{{ email: {{ to: [dba@example.org], when: always }} }}]\n\
             backup: {{ source: {{ local: {{ path: ../backups/corner.dump }} }} }}\n"
        );
        fs::write(self.rig.path(&format!("drills/{name}.yaml")), head + drill).unwrap();
    }

    pub fn settings(&self, more: &str) {
        let settings = format!("roots: [.]\nhttp: {{ listen: \"127.0.0.1:0\" }}\n{more}");
        fs::write(self.rig.path("drillyard.yaml"), settings).unwrap();
    }

    /// Starts the daemon; `fail_at` names a fail-point.
    pub fn start(&self, fail_at: Option<&str>) -> Daemon {
        self.start_with(&fail_at.map(|point| ("DRILLYARD_FAIL_AT", point)).into_iter().collect::<Vec<_>>())
    }

    /// Starts the daemon so many seconds later on its clock than it would be.
    pub fn start_later(&self, seconds: i64) -> Daemon {
        self.start_later_with(seconds, &[])
    }

    /// The same, with these variables in its environment besides.
    pub fn start_later_with(&self, seconds: i64, environment: &[(&str, &str)]) -> Daemon {
        let offset = (self.offset() + seconds).to_string();
        self.start_with(&[&[("DRILLYARD_NOW_OFFSET", offset.as_str())], environment].concat())
    }

    /// Starts the daemon with these variables in its environment.
    pub fn start_with(&self, environment: &[(&str, &str)]) -> Daemon {
        self.start_as(&["daemon"], environment)
    }

    pub fn start_as(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Daemon {
        let log = self.rig.path("daemon.log");
        let out = fs::File::options().create(true).append(true).open(&log).unwrap();
        let mut command = self.program(arguments);
        command.envs(environment.iter().copied());
        Daemon { child: command.stderr(out).stdout(Stdio::null()).spawn().unwrap(), log }
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = self.rig.program(arguments);
        command.env("DRILLYARD_NOW_OFFSET", self.offset().to_string());
        command
    }

    /// Past runs: drill, verdict, reason; those that go on have no verdict.
    pub fn runs(&self) -> Vec<(String, String, String)> {
        let asked = self.rig.ask(&["history"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let runs = asked.json["runs"].as_array().cloned().unwrap_or_default();
        runs.iter().map(|run| (text(&run["drill"]), text(&run["verdict"]), text(&run["reason"]))).collect()
    }

    /// The verdict of a drill's only run, once it has one; a second run fails the test.
    pub fn verdict(&self, drill: &str) -> String {
        let mut found = None;
        within(PATIENCE, &format!("a verdict of {drill}; the log:\n{}", self.log()), || {
            let runs: Vec<_> = self.runs().into_iter().filter(|(name, _, _)| name == drill).collect();
            assert!(runs.len() < 2, "{drill} ran more than once: {runs:?}\n{}", self.log());
            found = runs.into_iter().next().filter(|(_, verdict, _)| !verdict.is_empty());
            found.is_some()
        });
        let (_, verdict, reason) = found.unwrap();
        if reason.is_empty() { verdict } else { format!("{verdict}({reason})") }
    }

    /// Names of the mails that were delivered.
    pub fn mails(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.rig.path("state/mail")) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "eml")).collect()
    }

    /// Makes this process's own clock the daemon's, for a daemon inside it.
    pub fn shift_our_clock(&self) {
        drillyard::run::world::shift_clock(jiff::SignedDuration::from_secs(self.offset()));
    }

    fn offset(&self) -> i64 {
        let ahead =
            |(due_at, lead): (Timestamp, i64)| due_at.as_second() - lead - Timestamp::now().as_second();
        *self.offset.get_or_init(|| self.due.map_or(0, ahead))
    }

    /// Waits until its drills have been due.
    pub fn waits_until_due(&self) {
        let due_at = self.due_at().as_second();
        within(PATIENCE, "the instant", || Timestamp::now().as_second() + self.offset() > due_at);
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.rig.path("daemon.log")).unwrap_or_default()
    }
}

fn rig() -> Rig {
    let rig = Rig::new("");
    fs::remove_file(rig.path("drill.yaml")).unwrap();
    fs::create_dir(rig.path("drills")).unwrap();
    rig
}

impl Daemon {
    /// Sends a signal, once the daemon hears signals: one that comes earlier ends a process that has not begun.
    pub fn signal(&self, signal: &str) {
        within(PATIENCE, "the daemon to hear signals", || self.hears_signals());
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
    }

    /// Whether it catches SIGTERM, or has ended.
    fn hears_signals(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
        let caught = u64::from_str_radix(field("SigCgt:"), 16).unwrap();
        caught & (1 << 14) != 0 || field("State:").starts_with('Z')
    }

    /// Waits until the log holds these words.
    pub fn says(&self, words: &str) {
        within(PATIENCE, words, || self.said(words));
    }

    pub fn said(&self, words: &str) -> bool {
        fs::read_to_string(&self.log).unwrap_or_default().contains(words)
    }

    /// Waits for its end.
    pub fn ends(&mut self) -> ExitStatus {
        let mut status = None;
        within(PATIENCE, "the daemon to end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGTERM, and its exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.ends().code()
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}
