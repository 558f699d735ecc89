//! References to secrets: where one is to be found when it is used, and never the secret itself.
//!
//! A secret is resolved at the moment of its use and dropped after it; what is printed, logged, stored or compared is
//! the reference.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;

/// The largest file that can be a secret, in bytes: more than any key, token or certificate.
const LARGEST: u64 = 64 << 10;
/// Permission bits: others than owner and group may write.
const OTHERS_WRITE: u32 = 0o002;

/// Where a secret is found. Shown as `env NAME` or `file PATH`, which [`FromStr`] reads back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretReference {
    /// An environment variable of this process.
    Environment(String),
    /// A file, absolute; its text without the line break at its end.
    File(PathBuf),
}

/// A secret that could not be had. Its text never holds any of the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or is empty.
    #[error("the environment variable {name} is not set")]
    Unset {
        /// Its name.
        name: String,
    },
    /// The file could not be read as text of one secret.
    #[error("the secret's file {} could not be used: {why}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What was found.
        why: String,
    },
}

/// Whether a text can be the name of an environment variable: what is none may be the secret itself (2026-11-22).
pub(super) fn is_variable(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl SecretReference {
    /// Reads the secret.
    pub fn resolve(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Environment(name) => match std::env::var(name) {
                Ok(value) if !value.is_empty() => Ok(value.into()),
                _ => Err(SecretError::Unset { name: name.clone() }),
            },
            Self::File(file) => read(file).map_err(|why| SecretError::Unusable { file: file.clone(), why }),
        }
    }

    /// What a person should know of the reference today: a file that others may read.
    pub fn warning(&self) -> Option<String> {
        let Self::File(file) = self else { return None };
        let readable = file.metadata().is_ok_and(|found| found.mode() & 0o004 != 0);
        readable
            .then(|| format!("the secret's file {} can be read by everybody on this machine", file.display()))
    }
}

fn read(file: &PathBuf) -> Result<SecretString, String> {
    let found = file.metadata().map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("it is not a file".to_owned());
    }
    if found.mode() & OTHERS_WRITE != 0 {
        return Err("everybody on this machine may write it: chmod o-w".to_owned());
    }
    if found.len() > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err("it is empty".to_owned()),
        secret => Ok(secret.to_owned().into()),
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env {name}"),
            Self::File(file) => write!(f, "file {}", file.display()),
        }
    }
}

impl FromStr for SecretReference {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(' ') {
            Some(("env", name)) => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) => Ok(Self::File(path.into())),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_reference_is_read_back_from_what_it_shows() {
        for reference in [
            SecretReference::Environment("SLACK_URL".to_owned()),
            SecretReference::File("/run/secrets/with space".into()),
        ] {
            assert_eq!(reference.to_string().parse(), Ok(reference));
        }
    }

    #[test]
    fn i10_a_file_that_others_may_write_is_refused_and_a_readable_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        write(&file, "s3cret\n").unwrap();
        let reference = SecretReference::File(file.clone());
        set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(reference.resolve().unwrap().expose_secret(), "s3cret");
        assert_eq!(reference.warning(), None);
        set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert!(reference.warning().is_some());
        set_permissions(&file, Permissions::from_mode(0o602)).unwrap();
        let error = reference.resolve().unwrap_err().to_string();
        assert!(error.contains("may write it") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn what_is_not_there_says_its_name() {
        let unset = SecretReference::Environment("DRILLYARD_NO_SUCH_VARIABLE".to_owned());
        assert!(unset.resolve().unwrap_err().to_string().contains("DRILLYARD_NO_SUCH_VARIABLE"));
        let absent = SecretReference::File("/nowhere/at/all".into());
        assert!(absent.resolve().unwrap_err().to_string().contains("/nowhere/at/all"));
    }
}
