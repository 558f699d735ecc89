use super::*;

fn tar(name: &str) -> Vec<u8> {
    let mut block = [0_u8; 1024];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..136].copy_from_slice(b"00000000001\0");
    let sum: u32 = block[..512].iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ');
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.to_vec()
}

fn utf16(text: &str) -> Vec<u8> {
    [0xff_u8, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

#[test]
fn d4_a_wrong_file_is_told_in_words() {
    let wrong: &[(&[u8], &str)] = &[
        (b"<!DOCTYPE html>\n<html><title>503</title>", "an HTML page"),
        (b"\n\n  <HTML><body>", "an HTML page"),
        (
            b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code>",
            "an XML document, perhaps a store's error message",
        ),
        (b"<Error><Code>AccessDenied</Code></Error>", "an XML document, perhaps a store's error message"),
        (b"<svg/>", "markup of some sort"),
        (b"{\"error\": \"not found\"}", "a JSON document"),
        (b"[section]\nkey = 1", "a JSON document or a configuration file"),
        (b"#!/bin/sh\npg_dump orders", "a script"),
        (b"-- MySQL dump 10.13  Distrib 8.0.36\nCREATE TABLE `a` (id int);", "a MySQL dump"),
        (b"-- MariaDB dump 10.19\n", "a MariaDB dump"),
        (b"/*M!999999\\- enable the sandbox mode */\n-- MariaDB dump", "a MariaDB dump"),
        (b"/*!40101 SET NAMES utf8 */;", "a MySQL or MariaDB dump"),
        (b"-- my own\n/*!40101 SET NAMES utf8 */;", "a MySQL or MariaDB dump"),
        (b"CREATE TABLE `orders` (\n  `id` int", "a dump in MySQL's dialect"),
        (b"-- phpMyAdmin SQL Dump\n", "a MySQL dump by phpMyAdmin"),
        (b"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;", "an SQLite dump"),
        (b"USE [master]\nGO\n", "a script for Microsoft SQL Server"),
        (b"-----BEGIN CERTIFICATE-----\n", "a key or certificate"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a pointer of Git LFS, not the file that it points to",
        ),
        (b"pg_dump: error: connection to server failed", "the error message of pg_dump, not a dump"),
        (b"ERROR: permission denied", "an error message"),
        (b"HTTP/1.1 503 Service Unavailable\r\n", "the answer of a web server with its headers"),
        (b"SQLite format 3\0\x10\0", "an SQLite database"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0", "a PNG image"),
        (b"\xff\xd8\xff\xe0\0", "a JPEG image"),
        (b"\x7fELF\x02\x01", "an ELF program"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"REDIS0009\xfa", "a Redis snapshot"),
        (b"TAPE\0\0\x03\0", "a backup of Microsoft SQL Server"),
        (b"PGCOPY\n\xff\r\n\0\0\0", "the binary COPY of one table"),
        (b"!<arch>\ndebian-binary", "an ar archive or a Debian package"),
        (&[0; 4096], "nothing but zero bytes as far as was looked"),
        (b"\x01\x02\x03\xff\xfe\x80\x00\x01", "binary data of no known sort"),
        (b"\x93\x11\x02\x07\x01\x88\x99\xaa\x03\x05\x1f\x06", "binary data of no known sort"),
        (b"id,name,email\n1,Alice,alice@example.com\n", "text that is not SQL"),
        (b"Dear operator,\nthe backup is on the other disk.\n", "text that is not SQL"),
        (b"2026-11-20 03:30:01 CET LOG:  database system is ready", "text that is not SQL"),
        (b"settings: true\n", "text that is not SQL"),
        (b"selection of things", "text that is not SQL"),
        (b"PGDM", "text that is not SQL"),
    ];
    assert!(wrong.len() >= 30);
    for (bytes, words) in wrong {
        assert_eq!(recognise(bytes), Found::Other(words), "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(recognise(&tar("etc/")), Found::Other("a tar archive that pg_dump did not write"));
    assert_eq!(recognise(&tar("etc/passwd")), Found::Other("a tar archive that pg_dump did not write"));
    assert!(matches!(recognise(&utf16("SET a = 1;")), Found::Other(words) if words.contains("PowerShell")));
}

#[test]
fn backups_are_recognised_whatever_they_are_called() {
    for (bytes, format) in [
        (&b"PGDMP\x01\x0e\0"[..], BackupFormat::PgDumpCustom),
        (&tar("toc.dat"), BackupFormat::PgDumpTar),
        (b"--\n-- PostgreSQL database dump\n--\n\nSET x = 1;", BackupFormat::PlainSql),
        (b"\xef\xbb\xbf-- with a byte order mark\nBEGIN;\n", BackupFormat::PlainSql),
        (b"-- nur ein Gru\xdf in Latin-1\ncreate table a (b text);", BackupFormat::PlainSql),
        (b"/* a\n comment */ -- another\r\n\r\n  \\connect orders\n", BackupFormat::PlainSql),
        (b"\\restrict abc\n", BackupFormat::PlainSql),
        (b"COPY a FROM stdin;\n1\t2\n\\.\n", BackupFormat::PlainSql),
        (b"insert into a values ('`x`', '`y`');", BackupFormat::PlainSql),
        (b"-- nothing but a comment", BackupFormat::PlainSql),
        (b"BEGIN;", BackupFormat::PlainSql),
    ] {
        assert_eq!(recognise(bytes), Found::Backup(format), "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn packed_encrypted_and_later_sorts_are_told_apart() {
    for (bytes, found) in [
        (&b"\x1f\x8b\x08\0"[..], Found::Packed(Compression::Gzip)),
        (b"\x28\xb5\x2f\xfd\x04", Found::Packed(Compression::Zstd)),
        (b"\x50\x2a\x4d\x18\x04\0\0\0", Found::Packed(Compression::Zstd)),
        (b"\x04\x22\x4d\x18\x64", Found::PackedOtherwise("an lz4 frame", "unlz4")),
        (b"\xfd7zXZ\0\0", Found::PackedOtherwise("an xz file", "unxz")),
        (b"BZh91AY", Found::PackedOtherwise("a bzip2 file", "bunzip2")),
        (b"PK\x03\x04\x14\0", Found::PackedOtherwise("a ZIP archive", "unzip")),
        (b"7z\xbc\xaf\x27\x1c\0", Found::PackedOtherwise("a 7z archive", "7z x")),
        (b"Rar!\x1a\x07\x01\0", Found::PackedOtherwise("a RAR archive", "unrar x")),
        (b"age-encryption.org/v1\n-> X25519", Found::Encrypted("age")),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\n", Found::Encrypted("age")),
        (b"-----BEGIN PGP MESSAGE-----\n\n", Found::Encrypted("gpg")),
        (b"\x85\x01\x0c\x03\x01\x02\x03\x04", Found::Encrypted("gpg")),
        (b"\x8c\x0d\x04\x09\x03\x02", Found::Encrypted("gpg")),
        (b"\xc1\xc0\x4c\x03\x01\x02", Found::Encrypted("gpg")),
        (b"Salted__\x01\x02", Found::Encrypted("openssl")),
        (&tar("backup_label"), Found::Later(BackupFormat::BaseBackup, "the tar of a base backup")),
    ] {
        assert_eq!(recognise(bytes), found, "{bytes:?}");
    }
    // As `tar c dump`, `tar c .` and `tar c dump/*` order them.
    for names in
        [&["./toc.dat"][..], &["dump/", "dump/toc.dat"], &["./", "./3052.dat.gz"], &["dump/3052.dat"]]
    {
        let head: Vec<u8> = names.iter().flat_map(|name| tar(name)[..512].to_vec()).collect();
        let found = Found::Later(BackupFormat::PgDumpDirectory, "a directory dump packed in a tar");
        assert_eq!(recognise(&head), found, "{names:?}");
    }
}

#[test]
fn no_beginning_however_short_is_taken_for_more_than_it_is() {
    let archive = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/archives/corner-15.tar"));
    for length in 1..512 {
        assert_ne!(recognise(&archive[..length]), Found::Backup(BackupFormat::PgDumpTar), "{length}");
    }
    assert_eq!(recognise(&archive[..512]), Found::Backup(BackupFormat::PgDumpTar));
}
