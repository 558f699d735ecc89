//! Which of the files is the backup, and what is told of the others.

use super::*;

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
                std::thread::sleep(Duration::from_millis(100));
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
    assert!(before.elapsed() >= Duration::from_secs(2));
    assert_eq!((located.candidate().id.as_str(), located.waited_for.is_some()), ("fresh.dump", true));
    age(&place.path("fresh.dump"), 100);
    let before = std::time::Instant::now();
    let located = place.locate(None).await.unwrap();
    assert!(before.elapsed() < Duration::from_secs(1));
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
    assert_eq!(error.reason(), Reason::BackupNotThere);
    let other = by_name("x").await.unwrap_err().hint().unwrap();
    assert_eq!(other, "The newest that are there: `orders-2026-11-21.dump`, `orders-2026-11-20.dump`.");
    assert!(error.hint().unwrap().starts_with("Did you mean `orders-2026-11-2"), "{:?}", error.hint());
}

#[tokio::test]
async fn a_directory_dump_is_told_as_what_it_is() {
    let place = Place::new();
    place.write("toc.dat", b"PGDMP");
    assert_eq!(reason(place.source(None).list().await), Reason::FormatUnsupported);
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
