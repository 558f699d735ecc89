//! What a file turns out to be, and how much of it is whole.

use super::*;

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
    place.write("zip", b"PK\x03\x04\x14\0orders.sql");
    for name in ["xz", "zip"] {
        assert_eq!(reason(place.fetch(name).await), Reason::FormatUnsupported, "{name}");
    }
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
