//! drillyard.yaml: found, read, and laid under every drill.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use drillyard::definition::settings::{Digest, Mail, MailWay, Smtp, SmtpSecurity, TextOrSecret};
use drillyard::definition::{self, Calendar, Code, Roles, SecretReference, Settings, Severity, settings};
use jiff::tz::TimeZone;

use crate::support::{MINIMAL, codes};

const ALL: &str = r#"
drills: [drills, /etc/more-drills]
roots: [., /backups]
state: ./.drillyard
store: { sqlite: {} }
engine: { host: "unix:///var/run/docker.sock" }
runner: { name: host-a, memory: 12GiB, at_once: 3, disk: 200GiB, staging: 100GiB }
mail: { smtp: { host: mail.example.com, port: 2525, security: tls, username: drills, password: { env: SMTP_PASSWORD } }, from: "Drillyard <drills@example.com>" }
http: { listen: "127.0.0.1:9000" }
digest: { cron: "0 8 * * Mon", time_zone: Europe/Berlin, to: [managers@example.com] }
shutdown_grace: 90s
"#;

const LATER: &str = r"
runner: { labels: { region: eu } }
evidence: { sign_with: { file: /run/key } }
retention: { runs: 400d }
";

fn parse(text: &str) -> (Settings, Vec<definition::Fault>) {
    settings::parse(text, Path::new("/etc/drillyard/drillyard.yaml"))
}

#[test]
fn settings_are_read_relative_to_their_folder() {
    let (settings, faults) = parse(ALL);
    assert_eq!(faults, []);
    let expected = Settings {
        drills: vec!["/etc/drillyard/drills".into(), "/etc/more-drills".into()],
        roots: Some(vec!["/etc/drillyard".into(), "/backups".into()]),
        state: Some("/etc/drillyard/.drillyard".into()),
        engine_host: Some("unix:///var/run/docker.sock".to_owned()),
        runner_memory: Some(12 << 30),
        runner_name: Some("host-a".to_owned()),
        runner_at_once: Some(3),
        runner_disk: Some(200 << 30),
        runner_staging: Some(100 << 30),
        mail: Some(Mail {
            way: MailWay::Smtp(Smtp {
                host: "mail.example.com".to_owned(),
                port: 2525,
                security: SmtpSecurity::Tls,
                username: Some(TextOrSecret::Text("drills".to_owned())),
                password: Some(SecretReference::Environment("SMTP_PASSWORD".to_owned())),
                authority: None,
            }),
            from: "Drillyard <drills@example.com>".to_owned(),
        }),
        http_listen: Some("127.0.0.1:9000".parse().unwrap()),
        digest: Some(Digest {
            calendar: Calendar::parse("0 8 * * Mon", TimeZone::get("Europe/Berlin").unwrap(), "digest")
                .unwrap(),
            to: vec!["managers@example.com".to_owned()],
        }),
        shutdown_grace: Some(Duration::from_secs(90)),
        file: Some("/etc/drillyard/drillyard.yaml".into()),
        ..Settings::default()
    };
    assert_eq!(settings, expected);
}

#[test]
fn without_a_key_the_file_s_folder_is_root_and_holds_the_drills() {
    let (settings, _) = parse("engine: {}\n");
    assert_eq!(settings.roots, Some(vec![PathBuf::from("/etc/drillyard")]));
    assert_eq!(settings.drills, [PathBuf::from("/etc/drillyard/drills")]);
}

#[test]
fn mail_has_ports_ways_and_files_of_its_own() {
    let mail = |text: &str| {
        let (settings, faults) = parse(&format!("mail: {{ {text}, from: drills@example.com }}\n"));
        assert_eq!(faults, [], "{text}");
        settings.mail.unwrap().way
    };
    let port = |text: &str| match mail(&format!("smtp: {{ host: localhost, {text} }}")) {
        MailWay::Smtp(smtp) => smtp.port,
        MailWay::Directory(_) => 0,
    };
    assert_eq!((port("security: starttls"), port("security: tls"), port("security: none")), (587, 465, 587));
    assert_eq!(mail("directory: outbox/"), MailWay::Directory("/etc/drillyard/outbox".into()));
    let MailWay::Smtp(smtp) =
        mail("smtp: { host: localhost, username: { env: SMTP_USER }, password: { file: secrets/smtp } }")
    else {
        panic!("not by SMTP")
    };
    let user = TextOrSecret::Secret(SecretReference::Environment("SMTP_USER".to_owned()));
    assert_eq!(smtp.username, Some(user));
    assert_eq!(smtp.password, Some(SecretReference::File("/etc/drillyard/secrets/smtp".into())));
}

#[test]
fn settings_of_a_later_version_that_change_nothing_are_warnings() {
    let (_, faults) = parse(LATER);
    assert!(
        faults.iter().all(|f| f.code == Code::NotInThisVersion && f.severity == Severity::Warning),
        "{faults:#?}"
    );
    assert_eq!(faults.len(), 3);
}

#[test]
fn faults_of_settings_are_told_all_at_once() {
    let text =
        "drlls: [a]\nrunner: { memory: 12 }\nhttp: { listen: x, token: abc }\ndigest: { cron: x, to: [] }\n";
    let (_, faults) = parse(text);
    let errors: Vec<Code> = faults.iter().filter(|fault| fault.is_error()).map(|fault| fault.code).collect();
    assert_eq!(
        errors,
        [
            Code::UnknownKey,
            Code::WrongType,
            Code::BadValue,
            Code::NotInThisVersion,
            Code::LiteralSecret,
            Code::BadValue,
            Code::BadValue
        ]
    );
}

#[test]
fn settings_are_searched_in_the_working_directory() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, faults) = settings::load(None, folder.path()).unwrap();
    assert_eq!(settings.drills, [folder.path().join("drills")]);
    assert_eq!((settings.file, faults.len()), (None, 0));
    fs::write(folder.path().join("drillyard.yaml"), ALL).unwrap();
    let (settings, _) = settings::load(None, folder.path()).unwrap();
    assert_eq!(settings.file, Some(folder.path().join("drillyard.yaml")));
    fs::write(folder.path().join("other.yaml"), "state: other\n").unwrap();
    let (settings, _) = settings::load(Some(Path::new("other.yaml")), folder.path()).unwrap();
    assert_eq!(settings.state, Some(folder.path().join("other")));
    assert!(settings::load(Some(Path::new("missing.yaml")), folder.path()).is_err());
}

/// Settings whose defaults are these, with a file of SQL beside them.
fn defaults(folder: &Path, text: &str) -> Settings {
    fs::create_dir_all(folder.join("drills")).unwrap();
    fs::write(folder.join("roles.sql"), "select 1;").unwrap();
    let (settings, faults) = settings::parse(text, &folder.join("drillyard.yaml"));
    assert!(!faults.iter().any(definition::Fault::is_error), "{faults:#?}");
    settings
}

#[test]
fn defaults_lie_under_every_drill() {
    let folder = tempfile::tempdir().unwrap();
    let text = "defaults: { owner: platform, labels: { tier: \"1\", team: x }, objectives: { rto: 1h, rpo: 48h }, \
        sandbox: { memory: 4GiB, cpus: 2 }, restore: { roles: { file: roles.sql } }, backup: { min_size: 1MB } }\n";
    let settings = defaults(folder.path(), text);
    let own = "owner: payments\nlabels: { tier: \"2\" }\nsandbox: { cpus: 3 }\n";
    let drill = MINIMAL.replace("rpo: 24h", "rpo: 25h") + own;
    let parsed = definition::parse(&drill, &folder.path().join("drills/a.yaml"), &settings);
    assert_eq!(parsed.faults, []);
    let drill = &parsed.drills[0];
    assert_eq!(drill.owner.as_deref(), Some("payments"));
    assert_eq!(drill.labels.get("tier").map(String::as_str), Some("2"));
    assert_eq!(drill.labels.get("team").map(String::as_str), Some("x"));
    assert_eq!(drill.objectives.rpo.unwrap().as_secs(), 25 * 3600);
    assert_eq!((drill.sandbox.memory, drill.sandbox.milli_cpus), (Some(4 << 30), Some(3000)));
    assert_eq!(drill.backup.min_size, 1_000_000);
    // A path in the settings is relative to them, not to the drill.
    assert_eq!(drill.restore.roles, Roles::File(folder.path().join("roles.sql")));
}

#[test]
fn a_fault_in_the_defaults_is_told_of_the_settings_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let settings = defaults(folder.path(), "defaults: { sandbox: { memory: 1MiB } }\n");
    let text = format!("{MINIMAL}---\n{}", MINIMAL.replace("orders\n", "other\n"));
    let parsed = definition::parse(&text, &folder.path().join("drills/a.yaml"), &settings);
    assert_eq!(codes(&parsed.faults), [Code::Impossible]);
    assert!(parsed.faults[0].file.ends_with("drillyard.yaml"));
    assert!(parsed.drills.is_empty());
    let broken = parsed.broken();
    let drills: Vec<&str> = broken[0].drills.iter().map(|drill| drill.name.as_str()).collect();
    assert_eq!((broken.len(), drills, broken[0].unread), (1, vec!["orders", "other"], false));
}

#[test]
fn defaults_hold_no_name_and_no_checks() {
    let (_, faults) = parse("defaults: { drill: x, checks: [], backup: { source: {} } }\n");
    assert_eq!(codes(&faults), [Code::UnknownKey; 3]);
}

#[test]
fn the_example_of_an_installation_is_good() {
    let text = include_str!("../../docs/drillyard.yaml");
    let (settings, faults) = parse(text);
    // The secret's file is there only where systemd has handed it over.
    assert_eq!(faults.iter().filter(|fault| fault.is_error()).count(), 0, "{faults:#?}");
    assert!(settings.mail.is_some() && settings.digest.is_some() && settings.runner_memory.is_some());
}
