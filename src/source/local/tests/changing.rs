//! Files that change, are exchanged or stop answering while they are read.

use super::*;

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

#[tokio::test]
async fn a_file_system_that_does_not_answer_is_not_waited_for() {
    let place = Place::new();
    let Source::Local(source) = place.definition(None).source else { unreachable!() };
    let (answer, never) = std::sync::mpsc::channel::<()>();
    let (backups, read) = (LocalBackups::new(source), AtomicU64::default());
    let stuck = backups.blocking(&read, Duration::from_millis(50), move |_| {
        let _ = never.recv();
        Ok(())
    });
    let error = stuck.await.unwrap_err();
    assert_eq!(error.reason(), Reason::SourceSlow, "{error}");
    drop(answer);
}
