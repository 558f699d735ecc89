//! A state directory that is full, or takes no writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use drillyard::store::{Fault, Store};
use tempfile::TempDir;

use crate::rig::{QUICK, Rig, within};

/// A small disk of its own.
struct Disk(TempDir);

impl Disk {
    fn of(size: &str) -> Self {
        let folder = TempDir::with_prefix("drillyard-disk-").unwrap();
        let disk = Self(folder);
        disk.mount(&["-t", "tmpfs", "-o", &format!("mode=0700,size={size}"), "tmpfs"]);
        disk
    }

    /// Busy for as long as a store that was just closed still has its files open.
    fn mount(&self, arguments: &[&str]) {
        let what =
            "a small disk to be mounted, which needs root: run the tests as root or in a user namespace";
        within(Duration::from_secs(5), what, || {
            Command::new("mount").args(arguments).arg(self.0.path()).output().unwrap().status.success()
        });
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    /// Fills it up but for so many bytes.
    fn fill_but(&self, left: u64) -> PathBuf {
        let filler = self.0.path().join("filler");
        let mut file = fs::File::create(&filler).unwrap();
        let all = std::io::copy(&mut std::io::repeat(7), &mut file).unwrap_err();
        assert_eq!(all.kind(), std::io::ErrorKind::StorageFull);
        file.set_len(file.metadata().unwrap().len().saturating_sub(left)).unwrap();
        filler
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

fn rig_on(state: &Path) -> Rig {
    let rig = Rig::with_state(QUICK, Some(state));
    assert!(!rig.store.is_empty());
    rig
}

#[test]
fn a_disk_that_is_full_or_fills_up_during_the_run_is_told_and_leaves_nothing_on_the_engine() {
    for left in [0, 24_000, 120_000] {
        let disk = Disk::of("1m");
        let rig = rig_on(&disk.state());
        let filler = disk.fill_but(left);
        let ran = rig.run(&[]);
        assert_eq!(ran.code, Some(3), "{left} bytes: {}", ran.stderr);
        assert!(ran.stderr.contains("full"), "{left} bytes: the disk is not named: {}", ran.stderr);
        assert_ne!(ran.verdict().0, "passed");
        assert_ne!(ran.verdict().0, "failed");
        assert_eq!(rig.on_engine(), Vec::<String>::new(), "{left} bytes");

        fs::remove_file(filler).unwrap();
        assert_eq!(rig.sweep().code, Some(0));
        rig.assert_nothing_remains("a full disk and a sweep");
        for (verdict, reason) in rig.history() {
            let told = (verdict.as_str(), reason.as_deref());
            assert!(
                matches!(
                    told,
                    ("aborted", Some("process_lost")) | ("errored", Some("store_failed" | "disk_full"))
                ),
                "{left} bytes: {told:?}"
            );
        }
        let next = rig.run(&[]);
        assert_eq!(next.code, Some(0), "with space again: {}", next.stderr);
    }
}

#[tokio::test]
async fn a_store_on_a_full_disk_says_so_before_a_run_needs_it() {
    let disk = Disk::of("1m");
    let store = Store::open(&disk.state()).unwrap();
    store.can_write().await.unwrap();
    let filler = disk.fill_but(0);
    assert_eq!(store.can_write().await.unwrap_err().fault, Fault::DiskFull);
    fs::remove_file(filler).unwrap();
    store.can_write().await.unwrap();
}

#[test]
fn a_state_directory_that_takes_no_writes_is_told() {
    let disk = Disk::of("4m");
    let rig = rig_on(&disk.state());
    disk.mount(&["-o", "remount,ro"]);
    let ran = rig.run(&[]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(&*disk.state().to_string_lossy()),
        "the directory is not named: {}",
        ran.stderr
    );
    assert!(ran.stderr.contains("hint:"), "{}", ran.stderr);
    assert_eq!(rig.on_engine(), Vec::<String>::new());
}

#[test]
fn a_state_directory_that_cannot_be_made_is_told() {
    let rig = Rig::new(QUICK);
    fs::write(rig.path("file"), "").unwrap();
    let mut program = rig.program(&["run", "drill.yaml"]);
    let output = program.env("DRILLYARD_STATE", rig.path("file/state")).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("file/state") && stderr.contains("hint:"), "{stderr}");
}
