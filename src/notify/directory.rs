//! Mail as files: a `.eml` each, in a folder that a person or another program looks into.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::trouble::Trouble;

/// Writes one message. A second time is the same file again, so that nothing is there twice.
pub(super) async fn deliver(folder: &Path, message_id: &str, message: &str) -> Result<(), Trouble> {
    let (folder, name, message) = (folder.to_owned(), file_name(message_id), message.to_owned());
    let shown = folder.display().to_string();
    let written = tokio::task::spawn_blocking(move || write(&folder, &name, &message)).await;
    let told = |error: String| Trouble::Transient(format!("could not write to {shown}: {error}"));
    written.map_err(|error| told(error.to_string()))?.map_err(|error| told(error.to_string()))
}

/// Nobody sees half of a message: it gets its name when it is whole and on disk.
fn write(folder: &Path, name: &str, message: &str) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let partial = folder.join(format!(".{name}.partial"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    file.write_all(message.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, folder.join(format!("{name}.eml")))?;
    File::open(folder)?.sync_all()
}

/// The message's own name, without what a file's name can't be.
fn file_name(message_id: &str) -> String {
    let local = message_id.trim_start_matches('<').split('@').next().unwrap_or_default();
    let name: String = local.chars().filter(|c| c.is_ascii_alphanumeric() || ".-_".contains(*c)).collect();
    name.trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_its_file_and_no_other_folder() {
        assert_eq!(file_name("<01KAJ2.0011aabb@example.com>"), "01KAJ2.0011aabb");
        assert_eq!(file_name("<../../etc/passwd@x>"), "etcpasswd");
    }

    #[tokio::test]
    async fn a_message_that_comes_twice_is_there_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("mail/new");
        for text in ["first\r\n", "first\r\n"] {
            deliver(&place, "<1.a@example.com>", text).await.unwrap();
        }
        let files: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(files, ["1.a.eml"]);
        assert_eq!(fs::read_to_string(place.join("1.a.eml")).unwrap(), "first\r\n");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let refused = deliver(&file.join("mail"), "<1.a@x>", "text").await.unwrap_err();
        assert!(
            matches!(&refused, Trouble::Transient(told) if told.contains("could not write to")),
            "{refused}"
        );
    }
}
