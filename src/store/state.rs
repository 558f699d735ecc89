//! The state directory: ours alone, and on a disk of this machine.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::{Fault, StoreError};

/// The database in the state directory.
pub(super) const DATABASE: &str = "drillyard.sqlite";
/// The directory of the runs' locks in the state directory.
pub(super) const RUNS: &str = "runs";

/// Makes the directory, or looks whether it may be used, and returns its absolute path.
pub(super) fn prepare(state: &Path) -> Result<PathBuf, StoreError> {
    let prepared = || -> Result<PathBuf, Fault> {
        private_directories().create(state).map_err(no_directory)?;
        let state = state.canonicalize()?;
        protect(&state)?;
        refuse_network(&state)?;
        private_directories().create(state.join(RUNS))?;
        Ok(state)
    };
    prepared().map_err(|fault| fault.at(state))
}

/// A file where the directory should be is a slip of whoever named it, and no trouble of the disk.
fn no_directory(error: io::Error) -> Fault {
    use io::ErrorKind::{AlreadyExists, NotADirectory, NotFound};
    match error.kind() {
        AlreadyExists | NotADirectory | NotFound => Fault::NoDirectory { detail: error.to_string() },
        _ => error.into(),
    }
}

fn private_directories() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

/// Takes others' permissions away where the directory is ours; refuses it where others could write and it is not.
fn protect(state: &Path) -> Result<(), Fault> {
    let found = fs::metadata(state)?;
    let mode = found.mode() & 0o7777;
    let private = mode & !0o077 == mode;
    if private {
        return Ok(());
    }
    if is_ours(state, &found)? {
        return Ok(fs::set_permissions(state, Permissions::from_mode(0o700))?);
    }
    let exposed = mode & 0o022 != 0;
    if exposed { Err(Fault::Exposed { owner: found.uid(), mode }) } else { Ok(()) }
}

/// Ours to change: we own it, and it holds our database or nothing. `--state /tmp` must not lock the others out of
/// `/tmp`, not even for root, who owns it.
fn is_ours(state: &Path, found: &Metadata) -> io::Result<bool> {
    // The owner of /proc/self is the effective user; asking the kernel directly would need unsafe code.
    let owned = found.uid() == fs::metadata("/proc/self")?.uid();
    let used = state.join(DATABASE).exists();
    Ok(owned && (used || fs::read_dir(state)?.next().is_none()))
}

fn refuse_network(state: &Path) -> Result<(), Fault> {
    // Where the kernel does not tell, SQLite's own locks are the next to notice.
    let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") else { return Ok(()) };
    match file_system_of(&mounts, state) {
        Some(kind) if is_network(&kind) => Err(Fault::NetworkFileSystem { kind }),
        _ => Ok(()),
    }
}

/// File systems whose pages are not shared between machines, so that two processes could see two logs. Overlays are
/// fine: all their processes are on one kernel.
fn is_network(kind: &str) -> bool {
    const NETWORK: &[&str] = &[
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "ceph",
        "lustre",
        "afs",
        "gfs2",
        "ocfs2",
        "beegfs",
        "fuse.sshfs",
        "fuse.s3fs",
        "fuse.rclone",
        "fuse.glusterfs",
        "fuse.ceph",
        "fuse.cephfs",
        "fuse.juicefs",
        "fuse.gcsfuse",
    ];
    NETWORK.contains(&kind)
}

/// The kernel's word for the file system of a path, by `proc_pid_mountinfo(5)`: of the mount points above it, the
/// longest; of equals, the last, which lies on top.
fn file_system_of(mounts: &str, path: &Path) -> Option<String> {
    let leads_here = |line: &str| {
        let (mount, tail) = line.split_once(" - ")?;
        let point = PathBuf::from(unescape(mount.split(' ').nth(4)?));
        let kind = tail.split(' ').next()?;
        path.starts_with(&point).then(|| (point.components().count(), kind.to_owned()))
    };
    mounts.lines().filter_map(leads_here).max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

/// The kernel writes blanks, tabs, line ends and backslashes of a path as three octal digits.
fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
        40 27 0:40 / /srv rw shared:5 - ext4 /dev/vdb rw\n\
        41 27 0:41 / /srv/our\\040share rw,relatime shared:4 master:2 - nfs4 filer:/x rw\n\
        42 27 0:42 / /over rw - ext4 /dev/vdc rw\n\
        43 27 0:43 / /over rw - cifs //filer/x rw\n";

    #[test]
    fn g5_the_file_system_of_a_path_is_that_of_its_deepest_and_last_mount() {
        let kind = |path: &str| file_system_of(MOUNTS, Path::new(path)).unwrap();
        assert_eq!(kind("/var/lib/drillyard"), "ext4");
        assert_eq!(kind("/srv/our share/drillyard"), "nfs4");
        assert_eq!(kind("/srv/our share-not"), "ext4");
        assert_eq!(kind("/over/x"), "cifs");
        assert!(is_network("nfs4") && is_network("cifs") && !is_network("ext4") && !is_network("overlay"));
    }
}
