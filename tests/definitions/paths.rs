//! Paths in drills stay below the roots, symbolic links included (I11).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use drillyard::definition::{self, Code, Parsed, Settings, Source};

use crate::support::{MINIMAL, codes};

/// A folder with `drills`, `backups` and, outside of the root, `secret`.
struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for below in ["root/drills", "root/backups", "secret"] {
            fs::create_dir_all(folder.path().join(below)).unwrap();
        }
        fs::write(folder.path().join("root/backups/orders.dump"), "x").unwrap();
        fs::write(folder.path().join("secret/shadow"), "x").unwrap();
        Self { folder }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The smallest drill with this backup, read as `root/drills/orders.yaml`.
    fn parse(&self, backup: &str, settings: &Settings) -> Parsed {
        let text = MINIMAL.replace("../fixtures/orders.dump", backup);
        definition::parse(&text, &self.path("root/drills/orders.yaml"), settings)
    }
}

#[test]
fn i11_the_parent_of_the_drill_s_folder_is_the_root_without_settings() {
    let fixture = Fixture::new();
    for good in ["../backups/orders.dump", "orders.dump", "../backups/later.dump", "./../drills/../backups"] {
        let parsed = fixture.parse(good, &Settings::default());
        assert_eq!(parsed.faults, [], "{good}");
        let Source::Local(source) = &parsed.drills[0].backup.source else { panic!() };
        assert!(
            source.path.is_absolute() && source.path.starts_with(fixture.path("root")),
            "{}",
            source.path.display()
        );
        assert_eq!(source.roots, [fixture.path("root")]);
    }
    for bad in ["../../secret/shadow", "/etc/shadow", "../..", "../backups/../../secret", "/"] {
        let parsed = fixture.parse(bad, &Settings::default());
        assert_eq!(codes(&parsed.faults), [Code::PathOutsideRoots], "{bad}");
        assert!(parsed.drills.is_empty());
    }
}

#[test]
fn i11_a_symbolic_link_does_not_lead_out() {
    let fixture = Fixture::new();
    symlink(fixture.path("secret"), fixture.path("root/backups/link")).unwrap();
    symlink(fixture.path("secret/shadow"), fixture.path("root/backups/shadow")).unwrap();
    symlink(fixture.path("root/backups"), fixture.path("root/drills/inside")).unwrap();
    for bad in
        ["../backups/link/shadow", "../backups/link", "../backups/shadow", "../backups/link/later.dump"]
    {
        let parsed = fixture.parse(bad, &Settings::default());
        assert_eq!(codes(&parsed.faults), [Code::PathOutsideRoots], "{bad}");
        assert!(parsed.faults[0].message.contains("symbolic link"), "{}", parsed.faults[0].message);
    }
    assert_eq!(fixture.parse("inside/orders.dump", &Settings::default()).faults, []);
}

#[test]
fn the_fault_prints_the_root_that_it_needs_and_that_root_is_enough() {
    let fixture = Fixture::new();
    let parsed = fixture.parse("../../secret/shadow", &Settings::default());
    let needed = fixture.path("secret");
    let hint = parsed.faults[0].hint.clone().unwrap();
    assert!(hint.contains(&needed.display().to_string()), "{hint}");
    let settings = Settings { roots: Some(vec![fixture.path("root"), needed]), ..Settings::default() };
    assert_eq!(fixture.parse("../../secret/shadow", &settings).faults, []);
}

#[test]
fn a_root_that_is_a_symbolic_link_is_the_folder_it_leads_to() {
    let fixture = Fixture::new();
    symlink(fixture.path("root"), fixture.path("alias")).unwrap();
    let settings = Settings { roots: Some(vec![fixture.path("alias")]), ..Settings::default() };
    let text = MINIMAL.replace("../fixtures/orders.dump", "../backups/orders.dump");
    let parsed = definition::parse(&text, &fixture.path("alias/drills/orders.yaml"), &settings);
    assert_eq!(parsed.faults, []);
}

#[test]
fn a_backup_may_come_later_and_a_file_of_sql_may_not() {
    let fixture = Fixture::new();
    assert_eq!(fixture.parse("../backups/tomorrow.dump", &Settings::default()).faults, []);
    let text =
        format!("{MINIMAL}restore: {{ roles: {{ file: roles.sql }}, after: {{ sql: [after.sql] }} }}\n");
    let file = fixture.path("root/drills/orders.yaml");
    let parsed = definition::parse(&text, &file, &Settings::default());
    assert_eq!(codes(&parsed.faults), [Code::MissingFile, Code::MissingFile]);
    for name in ["roles.sql", "after.sql"] {
        fs::write(Path::new(&file).with_file_name(name), "select 1;").unwrap();
    }
    assert_eq!(definition::parse(&text, &file, &Settings::default()).faults, []);
}
