use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::model::Compression;

macro_rules! archive {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives/corner-", $name)).as_slice()
    };
}

const CUSTOM: [(&str, &[u8], u16); 3] = [
    ("1.14.0", archive!("15.dump"), 15),
    ("1.16.0", archive!("17.dump"), 17),
    ("1.16.0", archive!("18.dump"), 18),
];

/// What a restore would notice before it starts; bytes behind the end are an error here.
fn whole(bytes: &[u8]) -> Result<Toc, ArchiveError> {
    let mut input = Cursor::new(bytes);
    let (toc, behind) = if tar_start(bytes).is_some() {
        walk_tar(&mut input)?
    } else {
        let toc = Toc::read(&mut input)?;
        let behind = walk_blocks(&mut input, &toc)?;
        (toc, behind)
    };
    if behind == 0 { Ok(toc) } else { Err(ArchiveError::Damaged(format!("{behind} bytes behind the end"))) }
}

#[test]
fn a_header_says_what_was_dumped_by_what() {
    for (version, bytes, major) in CUSTOM {
        let header = whole(bytes).unwrap().header;
        assert_eq!(header.kind, ArchiveKind::Custom);
        assert_eq!(header.inner_compression, Compression::Gzip);
        assert_eq!(header.facts.archive_version.as_deref(), Some(version));
        assert_eq!(header.facts.database.as_deref(), Some("corner"));
        assert_eq!(header.facts.server_version.unwrap().major.0, major);
        assert_eq!(header.facts.pg_dump_version.unwrap().major.0, major);
        let started = header.facts.started_local.unwrap();
        assert_eq!((started.year(), started.month(), started.day()), (2026, 11, 21));
    }
    assert_eq!(whole(archive!("15-uncompressed.dump")).unwrap().header.inner_compression, Compression::None);
}

#[test]
fn the_table_of_contents_says_what_a_restore_needs() {
    for (bytes, major) in
        CUSTOM.map(|(_, bytes, major)| (bytes, major)).into_iter().chain([(archive!("15.tar"), 15)])
    {
        let contents = whole(bytes).unwrap().contents;
        let roles: Vec<&str> = contents.roles.iter().map(String::as_str).collect();
        let public_owner =
            ["Corner \"Grantee\"", "corner_owner", "corner_policy", "corner_reader", "postgres"];
        assert_eq!(roles, public_owner, "{major}");
        assert_eq!(contents.superuser_owners.iter().collect::<Vec<_>>(), ["postgres"], "{major}");
        assert_eq!(contents.extensions.iter().collect::<Vec<_>>(), ["pg_trgm"], "{major}");
        assert_eq!(contents.encoding.as_deref(), Some("UTF8"));
        assert_eq!(
            (contents.tables, contents.table_data),
            (4, 4),
            "{major}: the partitioned one holds no rows"
        );
        assert_eq!((contents.sequences, contents.sequence_positions), (2, 2), "{major}");
        assert_eq!(contents.large_objects, 1, "{major}");
        assert_eq!(contents.tables_without_data, Vec::<String>::new());
        assert!(contents.has_schema() && contents.has_data());
        let database = contents.database.unwrap();
        assert_eq!(database.name, "corner");
        assert_eq!(database.owner.as_deref(), Some("corner_owner"));
        assert_eq!(database.encoding.as_deref(), Some("UTF8"));
        assert_eq!(database.collate.as_deref(), Some("C.UTF-8"));
        assert_eq!(database.locale_provider.as_deref(), Some("libc"));
        assert!(database.statement.starts_with("CREATE DATABASE corner WITH"));
    }
}

#[test]
fn a_dump_without_rows_or_without_definitions_shows() {
    let schema = whole(archive!("15-schema.dump")).unwrap().contents;
    assert!(schema.has_schema() && !schema.has_data(), "{schema:?}");
    assert_eq!(schema.tables_without_data, ["side.by_year_2026", "side.empty", "side.fruits", "side.to"]);
    let data = whole(archive!("15-data.dump")).unwrap().contents;
    assert!(!data.has_schema() && data.has_data(), "{data:?}");
}

#[test]
fn d2_an_archive_cut_at_any_byte_is_noticed() {
    // Every byte of three, and of the larger ones every thirteenth and all of the end.
    let every =
        [archive!("15.dump"), archive!("15-data.dump"), archive!("15-schema.dump")].map(|bytes| (bytes, 1));
    let some = [archive!("15-uncompressed.dump"), archive!("15.tar")].map(|bytes| (bytes, 13));
    for (bytes, step) in every.into_iter().chain(some) {
        let cuts = (0..bytes.len() - 1500).step_by(step).chain(bytes.len() - 1500..bytes.len());
        for cut in cuts {
            let error = whole(&bytes[..cut]).expect_err("a cut archive was taken for a whole one");
            let known = matches!(error, ArchiveError::EndsEarly(_)) || cut < 512;
            assert!(known, "cut at {cut} of {}: {error}", bytes.len());
        }
        whole(bytes).unwrap();
    }
}

#[test]
fn a_table_of_contents_behind_the_data_belongs_to_the_archive() {
    let bytes = archive!("18.dump");
    let toc = whole(bytes).unwrap();
    assert!(
        toc.data.iter().all(|entry| entry.place == DataPlace::Anywhere),
        "not the archive that this test is about"
    );
    let data_ends = bytes.len() - usize::try_from(toc.length - toc.table_start).unwrap();
    for cut in data_ends - 300..bytes.len() {
        let verdict = whole(&bytes[..cut]);
        // Without the second table it is what pg_dump writes to a pipe: nothing is missing.
        assert_eq!(verdict.is_ok(), cut == data_ends, "cut at {cut}: {verdict:?}");
    }
}

#[test]
fn the_message_of_a_cut_names_what_is_cut() {
    let bytes = archive!("15-uncompressed.dump");
    let error = whole(&bytes[..bytes.len() - 10]).unwrap_err().to_string();
    assert_eq!(error, "it ends within TABLE DATA side.to");
    let error = whole(&bytes[..200]).unwrap_err().to_string();
    assert_eq!(error, "it ends within the table of contents");
}

#[test]
fn a_lost_disk_block_in_the_chain_is_noticed() {
    let mut bytes = archive!("15-uncompressed.dump").to_vec();
    let end = bytes.len();
    bytes[end - 3000..end - 1000].fill(0);
    assert!(matches!(whole(&bytes), Err(ArchiveError::Damaged(_))), "{:?}", whole(&bytes));
}

#[test]
fn bytes_behind_the_end_are_counted() {
    for bytes in [archive!("15.dump"), archive!("15.tar")] {
        let longer = [bytes, b"tail"].concat();
        assert_eq!(whole(&longer).unwrap_err().to_string(), "4 bytes behind the end");
    }
}

#[test]
fn a_tar_without_one_of_its_members_is_damaged() {
    let tar = archive!("15.tar");
    let heads =
        |name: &str| tar.chunks(512).position(|block| block.starts_with(name.as_bytes())).unwrap() * 512;
    for (name, label) in [("4076.dat", "TABLE DATA side.empty"), ("blobs.toc", "BLOBS BLOBS")] {
        // A head and one block of content.
        let without = [&tar[..heads(name)], &tar[heads(name) + 1024..]].concat();
        assert_eq!(whole(&without).unwrap_err().to_string(), format!("{label} is not in the tar"));
    }
}

#[test]
fn a_future_format_is_told_from_damage() {
    let mut bytes = archive!("15.dump").to_vec();
    bytes[6] = 17;
    assert!(matches!(whole(&bytes), Err(ArchiveError::UnknownVersion(version)) if version == "1.17.0"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Hostile bytes end in an error or in a table of contents, never in a panic or a huge allocation.
    #[test]
    fn no_bytes_can_make_the_reader_panic(
        which in 0..4_usize,
        changes in proptest::collection::vec((0..40_000_usize, any::<u8>()), 1..12),
        cut in 0..50_000_usize,
    ) {
        let archive = [archive!("15.dump"), archive!("17.dump"), archive!("15.tar"), archive!("15-uncompressed.dump")][which];
        let mut bytes = archive.to_vec();
        let length = bytes.len();
        for (at, value) in changes {
            bytes[at % length] = value;
        }
        bytes.truncate(cut.max(1));
        if let Ok(toc) = whole(&bytes) {
            prop_assert!(toc.data.len() < 10_000);
        }
    }
}
