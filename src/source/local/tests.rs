use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::artifact::FileIdentity;
use super::super::{Located, fetch, locate};
use super::*;
use crate::definition::{BackupDefinition, Contains, NewestBy, Select, Source};
use crate::error::Explain;
use crate::model::{BackupFormat, Compression, Reason, SkipReason};

/// Longer than any of these.
const DEADLINE: std::time::Duration = std::time::Duration::from_mins(5);
const ARCHIVES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives");

/// A directory with backups, the only root, and one for staging.
struct Place {
    backups: tempfile::TempDir,
    staging: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { backups: tempfile::tempdir().unwrap(), staging: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.backups.path().join(name)
    }

    /// Writes a file and makes it an hour old, so that one look is enough.
    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        age(&path, 3600);
        path
    }

    fn definition(&self, pattern: Option<&str>) -> BackupDefinition {
        let root = self.backups.path().to_owned();
        BackupDefinition {
            source: Source::Local(LocalSource {
                path: root.clone(),
                pattern: pattern.map(str::to_owned),
                roots: vec![root],
            }),
            newest_by: NewestBy::ModifiedTime,
            select: Select::Newest,
            format: None,
            contains: Contains::Full,
            allow_empty: false,
            databases: vec![],
            dump_time_zone: TimeZone::UTC,
            dump_time_zone_given: false,
            min_size: 1,
        }
    }

    fn source(&self, pattern: Option<&str>) -> LocalBackups {
        let Source::Local(local) = self.definition(pattern).source else { panic!() };
        LocalBackups::new(local)
    }

    async fn locate(&self, pattern: Option<&str>) -> Result<Located, SourceError> {
        locate(&self.source(pattern), &self.definition(pattern), Timestamp::now()).await
    }

    /// What a run would make of the one file that is there.
    async fn fetch(&self, name: &str) -> Result<super::super::Fetched, SourceError> {
        self.fetch_as(name, &self.definition(None)).await
    }

    async fn fetch_as(
        &self,
        name: &str,
        definition: &BackupDefinition,
    ) -> Result<super::super::Fetched, SourceError> {
        let source = self.source(None);
        let candidate = source.look_again(name).await?.expect("the test's own file");
        fetch(&source, &candidate, definition, self.staging.path(), 1 << 40, DEADLINE, Arc::new(|_, _| {}))
            .await
    }
}

fn age(path: &Path, seconds: u64) {
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
    fs::File::options().append(true).open(path).unwrap().set_modified(then).unwrap();
}

fn archive(name: &str) -> Vec<u8> {
    fs::read(Path::new(ARCHIVES).join(name)).unwrap()
}

fn packed_with(program: &str, content: &[u8]) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, content).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let output = Command::new(program).arg("-c").stdin(file).output().expect("gzip is on every machine");
    assert!(output.status.success());
    output.stdout
}

fn gzip(content: &[u8]) -> Vec<u8> {
    packed_with("gzip", content)
}

fn reason<T: std::fmt::Debug>(outcome: Result<T, SourceError>) -> Reason {
    outcome.unwrap_err().reason()
}

async fn text_of(plain: &super::super::PlainFile) -> Result<Vec<u8>, SourceError> {
    let mut stream = plain.open();
    let mut text = Vec::new();
    while let Some(chunk) = stream.next().await? {
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}

// Listing and choosing ------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_pattern_stays_within_a_directory_unless_it_says_otherwise() {
    let place = Place::new();
    for name in ["a.dump", "b.sql", "deep/c.dump", "deep/er/d.dump", ".hidden.dump", "a.dump.baseline.json"] {
        place.write(name, b"x");
    }
    let list = async |pattern: Option<&str>| {
        let listing = place.source(pattern).list().await.unwrap();
        let mut ids: Vec<String> = listing.candidates.into_iter().map(|candidate| candidate.id).collect();
        ids.sort();
        ids.join(" ")
    };
    assert_eq!(list(None).await, "a.dump b.sql");
    assert_eq!(list(Some("*.dump")).await, "a.dump");
    assert_eq!(list(Some("deep/*.dump")).await, "deep/c.dump");
    assert_eq!(list(Some("**/*.dump")).await, "a.dump deep/c.dump deep/er/d.dump");
    assert_eq!(list(Some("*")).await, "a.dump b.sql");
}

#[tokio::test]
async fn c17_fifos_devices_and_links_out_of_the_roots_are_no_backups() {
    let place = Place::new();
    let outside = tempfile::NamedTempFile::new().unwrap();
    place.write("good.dump", b"x");
    symlink("good.dump", place.path("latest.dump")).unwrap();
    symlink(outside.path(), place.path("outside.dump")).unwrap();
    symlink("/dev/zero", place.path("zero.dump")).unwrap();
    symlink("/nowhere/at/all", place.path("nothing.dump")).unwrap();
    assert!(Command::new("mkfifo").arg(place.path("fifo.dump")).status().unwrap().success());
    let listing = place.source(Some("*.dump")).list().await.unwrap();
    let mut ids: Vec<&str> = listing.candidates.iter().map(|candidate| candidate.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["good.dump", "latest.dump"]);
    let mut skipped: Vec<_> =
        listing.skipped.iter().map(|skipped| (skipped.id.as_str(), skipped.why)).collect();
    skipped.sort_by_key(|(id, _)| *id);
    assert_eq!(
        skipped,
        [
            ("fifo.dump", SkipReason::NotARegularFile),
            ("nothing.dump", SkipReason::Vanished),
            ("outside.dump", SkipReason::NotARegularFile),
            ("zero.dump", SkipReason::NotARegularFile),
        ]
    );
    // Nor are they if a person asks for them by name.
    let source = place.source(None);
    assert_eq!(source.look_again("fifo.dump").await.unwrap(), None);
    assert_eq!(reason(source.look_again("outside.dump").await), Reason::SourceDenied);
    assert_eq!(source.look_again("../good.dump").await.unwrap(), None);
    assert_eq!(source.look_again("/etc/passwd").await.unwrap(), None);
}

#[tokio::test]
async fn c6_an_empty_newest_backup_is_a_finding() {
    let place = Place::new();
    age(&place.write("old.dump", b"good"), 7200);
    place.write("new.dump", b"");
    let located = place.locate(None).await.unwrap();
    assert_eq!(located.candidate().id, "new.dump");
    assert_eq!(located.chosen.unusable, [located.candidate().modified_at], "nobody recovers from it");
    assert_eq!(reason(place.fetch("new.dump").await), Reason::EmptyBackup);
    let definition = BackupDefinition { min_size: 5, ..place.definition(None) };
    assert_eq!(reason(place.fetch_as("old.dump", &definition).await), Reason::TooSmall);
}

#[tokio::test]
async fn c8_no_backup_is_a_finding_and_no_directory_is_an_error() {
    let place = Place::new();
    assert_eq!(reason(place.locate(Some("*.dump")).await), Reason::NoBackup);
    place.write("half.dump.partial", b"x");
    let error = place.locate(None).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NoBackup);
    assert!(error.to_string().contains("half.dump.partial (an unfinished file's name)"), "{error}");
    let in_place = |path: PathBuf| {
        let local = LocalSource { path, pattern: None, roots: vec![place.backups.path().to_owned()] };
        LocalBackups::new(local)
    };
    let missing_file = in_place(place.path("gone.dump"));
    assert_eq!(
        reason(locate(&missing_file, &place.definition(None), Timestamp::now()).await),
        Reason::NoBackup
    );
    let missing_directory = in_place(place.path("not-mounted/orders.dump"));
    let outcome = locate(&missing_directory, &place.definition(None), Timestamp::now()).await;
    assert_eq!(reason(outcome), Reason::SourceUnreachable);
}

#[tokio::test]
async fn c7_a_file_that_grows_is_passed_over_and_told() {
    let place = Place::new();
    place.write("finished.dump", b"finished");
    let growing = place.path("growing.dump");
    fs::write(&growing, b"x").unwrap();
    let writer = {
        let growing = growing.clone();
        tokio::task::spawn_blocking(move || {
            for _ in 0..50 {
                std::io::Write::write_all(
                    &mut fs::File::options().append(true).open(&growing).unwrap(),
                    b"x",
                )
                .unwrap();
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        })
    };
    let located = place.locate(None).await.unwrap();
    assert_eq!(located.candidate().id, "finished.dump");
    let [skipped] = located.chosen.skipped.as_slice() else { panic!("{:?}", located.chosen.skipped) };
    assert_eq!((skipped.id.as_str(), skipped.why), ("growing.dump", SkipReason::StillBeingWritten));
    writer.await.unwrap();
}

#[tokio::test]
async fn a_fresh_file_that_rests_is_chosen_after_a_second_look_and_an_old_one_at_once() {
    let place = Place::new();
    fs::write(place.path("fresh.dump"), b"x").unwrap();
    let before = std::time::Instant::now();
    let located = place.locate(None).await.unwrap();
    assert!(before.elapsed() >= std::time::Duration::from_secs(2));
    assert_eq!((located.candidate().id.as_str(), located.waited_for.is_some()), ("fresh.dump", true));
    age(&place.path("fresh.dump"), 100);
    let before = std::time::Instant::now();
    let located = place.locate(None).await.unwrap();
    assert!(before.elapsed() < std::time::Duration::from_secs(1));
    assert_eq!(located.waited_for, None);
}

#[tokio::test]
async fn a_backup_asked_for_by_name_is_found_or_a_similar_one_is_named() {
    let place = Place::new();
    place.write("orders-2026-11-20.dump", b"x");
    place.write("orders-2026-11-21.dump", b"x");
    let by_name = async |id: &str| {
        let definition =
            BackupDefinition { select: Select::Id(id.to_owned()), ..place.definition(Some("*.dump")) };
        locate(&place.source(Some("*.dump")), &definition, Timestamp::now()).await
    };
    let located = by_name("orders-2026-11-20.dump").await.unwrap();
    assert_eq!(located.candidate().id, "orders-2026-11-20.dump");
    assert!(located.chosen.chosen_by_hand);
    let error = by_name("orders-2026-11-2.dump").await.unwrap_err();
    assert_eq!(error.reason(), Reason::NoBackup);
    assert!(error.hint().unwrap().starts_with("Did you mean `orders-2026-11-2"), "{:?}", error.hint());
}

#[tokio::test]
async fn a_directory_dump_is_told_as_what_it_is() {
    let place = Place::new();
    place.write("toc.dat", b"PGDMP");
    assert_eq!(reason(place.source(None).list().await), Reason::Version);
    let place = Place::new();
    place.write("orders/toc.dat", b"PGDMP");
    let listing = place.source(Some("*")).list().await.unwrap();
    assert_eq!((listing.candidates.len(), listing.skipped.len()), (0, 1));
}

#[tokio::test]
async fn a_link_that_could_have_been_the_newest_backup_is_warned_of() {
    let place = Place::new();
    place.write("old.dump", b"x");
    symlink("/nowhere/newest.dump", place.path("latest.dump")).unwrap();
    let located = place.locate(None).await.unwrap();
    assert_eq!(located.candidate().id, "old.dump");
    let [warning] = located.warnings.as_slice() else { panic!("{:?}", located.warnings) };
    assert!(warning.contains("latest.dump (vanished)"), "{warning}");
}

#[tokio::test]
async fn who_was_refused_by_which_mode_is_told() {
    let place = Place::new();
    let file = place.write("secret.dump", b"x");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    // Root is refused nothing, so the error is made by hand; its words come from the real file.
    let error = open::explain(&file, std::io::ErrorKind::PermissionDenied.into());
    assert_eq!(error.reason(), Reason::SourceDenied);
    let text = error.to_string();
    assert!(text.contains("asked as ") && text.contains("has mode 0600"), "{text}");
}

// Fetching ------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_readable_archive_is_mounted_as_it_is() {
    let place = Place::new();
    let file = place.write("corner.dump", &archive("corner-15.dump"));
    let fetched = place.fetch("corner.dump").await.unwrap();
    let Artifact::Archive(archive_file) = &fetched.artifact else { panic!("{:?}", fetched.artifact) };
    assert_eq!(archive_file.path, fs::canonicalize(&file).unwrap());
    assert_eq!(archive_file.identity, FileIdentity::of(&fs::metadata(&file).unwrap()));
    assert_eq!(fs::read_dir(place.staging.path()).unwrap().count(), 0, "no copy was needed");
    let read = &fetched.read;
    assert_eq!((read.format, read.compression), (BackupFormat::PgDumpCustom, Compression::None));
    let sum = Command::new("sha256sum").arg(&file).output().unwrap().stdout;
    assert_eq!(read.sha256.as_deref(), std::str::from_utf8(&sum[..64]).ok());
    assert_eq!(read.header.database.as_deref(), Some("corner"));
    assert_eq!(fetched.warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_private_or_wrapped_archive_is_staged_so_that_any_user_can_read_it() {
    for (name, wrap) in [
        ("corner-15.dump", false),
        ("corner-15.dump", true),
        ("corner-15.tar", false),
        ("corner-15.tar", true),
    ] {
        let place = Place::new();
        let original = archive(name);
        let content = if wrap { gzip(&original) } else { original.clone() };
        let file = place.write("backup.bin", &content);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let fetched = place.fetch("backup.bin").await.unwrap();
        let Artifact::Archive(archive_file) = &fetched.artifact else { panic!("{:?}", fetched.artifact) };
        assert!(archive_file.path.starts_with(place.staging.path()));
        assert_eq!(fs::read(&archive_file.path).unwrap(), original, "{name} wrapped: {wrap}");
        assert_eq!(fs::metadata(&archive_file.path).unwrap().permissions().mode() & 0o777, 0o444);
        assert_eq!(archive_file.identity, FileIdentity::of(&fs::metadata(&archive_file.path).unwrap()));
        let sum = Command::new("sha256sum").arg(&file).output().unwrap().stdout;
        assert_eq!(
            fetched.read.sha256.as_deref(),
            std::str::from_utf8(&sum[..64]).ok(),
            "of the bytes as they lie"
        );
        assert_eq!(fetched.read.compression, if wrap { Compression::Gzip } else { Compression::None });
    }
}

#[tokio::test]
async fn d2_a_cut_backup_of_any_sort_is_truncated() {
    let place = Place::new();
    let sql = archive("corner-15.sql");
    for (name, content) in [
        ("custom", archive("corner-15.dump")),
        ("tar", archive("corner-15.tar")),
        ("custom.gz", gzip(&archive("corner-15.dump"))),
        ("sql", sql.clone()),
    ] {
        for percent in [10, 50, 90, 99] {
            place.write(name, &content[..content.len() * percent / 100]);
            assert_eq!(reason(place.fetch(name).await), Reason::Truncated, "{name} cut at {percent} %");
            let _ = fs::remove_file(place.staging.path().join("backup"));
        }
    }
    // Packed plain text is read through only once, on its way to the server.
    let packed = gzip(&sql);
    for cut in [packed.len() / 2, packed.len() - 1] {
        place.write("sql.gz", &packed[..cut]);
        let Artifact::Plain(plain) = place.fetch("sql.gz").await.unwrap().artifact else { panic!() };
        assert_eq!(reason(text_of(&plain).await), Reason::Truncated, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_flipped_bit_in_a_packed_dump_is_found_while_unpacking() {
    let place = Place::new();
    let mut packed = gzip(&archive("corner-15.sql"));
    let last = packed.len() - 6;
    packed[last] ^= 1;
    place.write("sql.gz", &packed);
    let Artifact::Plain(plain) = place.fetch("sql.gz").await.unwrap().artifact else { panic!() };
    assert_eq!(reason(text_of(&plain).await), Reason::UnpackFailed);
}

#[tokio::test]
async fn several_members_and_frames_unpack_to_one_text() {
    let place = Place::new();
    let sql = archive("corner-15.sql");
    let (first, second) = sql.split_at(9000);
    let zstd = |part: &[u8]| zstd::encode_all(part, 3).unwrap();
    for (name, compression, content) in [
        ("plain", Compression::None, sql.clone()),
        ("gz", Compression::Gzip, [gzip(first), gzip(second)].concat()),
        ("zst", Compression::Zstd, [zstd(first), zstd(second)].concat()),
    ] {
        place.write(name, &content);
        let fetched = place.fetch(name).await.unwrap();
        assert_eq!((fetched.read.format, fetched.read.compression), (BackupFormat::PlainSql, compression));
        assert_eq!(fetched.read.header.server_version.as_ref().unwrap().major.0, 15);
        let Artifact::Plain(plain) = &fetched.artifact else { panic!() };
        for _ in 0..2 {
            assert_eq!(text_of(plain).await.unwrap(), sql, "{name} can be streamed twice");
        }
    }
}

#[tokio::test]
async fn c18_a_decompression_bomb_is_no_backup() {
    let place = Place::new();
    let zeros = zstd::encode_all(std::io::Read::take(std::io::repeat(b'\n'), 200 << 20), 3).unwrap();
    place.write("bomb.sql.zst", &[zstd::encode_all(&b"SELECT 1;\n"[..], 3).unwrap(), zeros].concat());
    let source = place.source(None);
    let candidate = source.look_again("bomb.sql.zst").await.unwrap().unwrap();
    let (definition, staging) = (place.definition(None), place.staging.path());
    let fetched = fetch(&source, &candidate, &definition, staging, 50 << 20, DEADLINE, Arc::new(|_, _| {}))
        .await
        .unwrap();
    let Artifact::Plain(plain) = fetched.artifact else { panic!() };
    let mut stream = plain.open();
    let mut bytes = 0;
    let error = loop {
        match stream.next().await {
            Ok(Some(chunk)) => bytes += chunk.len(),
            Ok(None) => panic!("the bomb went off: {bytes} bytes"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.reason(), Reason::UnpackFailed);
    assert!(bytes <= 50 << 20, "{bytes}");
}

#[tokio::test]
async fn an_empty_text_in_a_good_wrapping_is_empty() {
    let place = Place::new();
    place.write("orders.sql.gz", &gzip(b""));
    assert_eq!(reason(place.fetch("orders.sql.gz").await), Reason::EmptyBackup);
}

#[tokio::test]
async fn d4_what_is_no_backup_or_another_format_than_the_drill_says_is_the_wrong_format() {
    let place = Place::new();
    place.write("html", b"<!DOCTYPE html><title>secret-canary</title>");
    place.write("html.gz", &gzip(b"<!DOCTYPE html><title>secret-canary</title>"));
    place.write("custom", &archive("corner-15.dump"));
    for name in ["html", "html.gz"] {
        let error = place.fetch(name).await.unwrap_err();
        assert_eq!(error.reason(), Reason::WrongFormat);
        assert_eq!(error.to_string(), format!("{name} is an HTML page"));
    }
    let definition = BackupDefinition { format: Some(BackupFormat::PlainSql), ..place.definition(None) };
    let error = place.fetch_as("custom", &definition).await.unwrap_err();
    assert_eq!(error.reason(), Reason::WrongFormat);
    assert_eq!(error.to_string(), "custom is pg_dump_custom, and the drill says plain_sql");
    place.write("age", b"age-encryption.org/v1\n-> X25519 abc");
    assert_eq!(reason(place.fetch("age").await), Reason::KeyMissing);
    place.write("xz", b"\xfd7zXZ\0\0\x04");
    assert_eq!(reason(place.fetch("xz").await), Reason::Version);
}

#[tokio::test]
async fn d12_a_dump_without_rows_is_incomplete_unless_the_drill_says_so() {
    let place = Place::new();
    place.write("schema", &archive("corner-15-schema.dump"));
    place.write("data", &archive("corner-15-data.dump"));
    for (name, contains) in [("schema", Contains::Schema), ("data", Contains::Data)] {
        assert_eq!(reason(place.fetch(name).await), Reason::Incomplete, "{name}");
        let definition = BackupDefinition { contains, ..place.definition(None) };
        place.fetch_as(name, &definition).await.unwrap();
    }
}

#[tokio::test]
async fn c16_a_file_that_is_replaced_or_written_while_it_is_read_has_changed() {
    let content = archive("corner-15.dump");
    for replaced in [true, false] {
        let place = Place::new();
        let path = place.write("corner.dump", &content);
        let (other, again) = (place.write("other", &content), path.clone());
        let once = Mutex::new(Some(move || {
            if replaced {
                fs::rename(other, again).unwrap();
            } else {
                age(&again, 10);
            }
        }));
        let progress: crate::source::Progress = Arc::new(move |_, _| {
            if let Some(change) = once.lock().unwrap().take() {
                change();
            }
        });
        let source = place.source(None);
        let candidate = source.look_again("corner.dump").await.unwrap().unwrap();
        let outcome = fetch(
            &source,
            &candidate,
            &place.definition(None),
            place.staging.path(),
            1 << 40,
            DEADLINE,
            progress,
        )
        .await;
        assert_eq!(reason(outcome), Reason::SourceChanged, "replaced: {replaced}");
    }
}

#[tokio::test]
async fn c16_a_file_that_changed_since_it_was_chosen_is_not_read() {
    let place = Place::new();
    place.write("corner.dump", &archive("corner-15.dump"));
    let source = place.source(None);
    let candidate = source.look_again("corner.dump").await.unwrap().unwrap();
    place.write("corner.dump", &archive("corner-17.dump"));
    assert_eq!(reason(source.read_range(&candidate, 0, 10).await), Reason::SourceChanged);
}

#[tokio::test]
async fn a_range_is_read_without_the_rest() {
    let place = Place::new();
    place.write("a", b"0123456789");
    let source = place.source(None);
    let candidate = source.look_again("a").await.unwrap().unwrap();
    assert_eq!(source.read_range(&candidate, 3, 4).await.unwrap(), b"3456");
    assert_eq!(source.read_range(&candidate, 8, 4).await.unwrap(), b"89");
    assert_eq!(source.read_range(&candidate, 20, 4).await.unwrap(), b"");
}

#[tokio::test]
async fn c16_what_looks_cut_short_because_it_still_grows_has_changed() {
    let place = Place::new();
    let content = archive("corner-15.dump");
    let path = place.write("corner.dump", &content[..content.len() / 2]);
    let progress: crate::source::Progress = Arc::new(move |_, _| {
        std::io::Write::write_all(&mut fs::File::options().append(true).open(&path).unwrap(), b"more")
            .unwrap();
    });
    let source = place.source(None);
    let candidate = source.look_again("corner.dump").await.unwrap().unwrap();
    let (definition, staging) = (place.definition(None), place.staging.path());
    let outcome = fetch(&source, &candidate, &definition, staging, 1 << 40, DEADLINE, progress).await;
    assert_eq!(reason(outcome), Reason::SourceChanged);
}

#[tokio::test]
async fn c16_a_plain_dump_that_is_written_to_after_it_was_hashed_is_not_streamed_to_its_end() {
    let place = Place::new();
    let path = place.write("corner.sql", &archive("corner-15.sql"));
    let Artifact::Plain(plain) = place.fetch("corner.sql").await.unwrap().artifact else { panic!() };
    // Replaced is no matter: the stream reads the file that was hashed.
    fs::rename(place.write("other", b"DROP DATABASE x;"), &path).unwrap();
    assert_eq!(text_of(&plain).await.unwrap(), archive("corner-15.sql"));
    let path = place.write("again.sql", &archive("corner-15.sql"));
    let Artifact::Plain(plain) = place.fetch("again.sql").await.unwrap().artifact else { panic!() };
    std::io::Write::write_all(&mut fs::File::options().append(true).open(&path).unwrap(), b"SELECT 1;")
        .unwrap();
    assert_eq!(reason(text_of(&plain).await), Reason::SourceChanged);
}
