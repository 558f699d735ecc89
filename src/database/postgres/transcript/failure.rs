//! How a client can fail by itself. The texts are those of `pg_restore` 15 and 17, collected in `tests/transcripts`.

use crate::model::Reason;

/// The client did not come to its end. In order of weight: of several, the first counts, because what a parallel
/// restore says of the archive is worth more than what it says of its workers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientFailure {
    /// The archive ends before its end, or lacks data that its table of contents names.
    EndsEarly,
    /// Not an archive, or its header or table of contents cannot be read.
    NotAnArchive,
    /// A block of data is damaged.
    Corrupt,
    /// The archive has a version that this `pg_restore` does not know, such as `1.16`.
    UnsupportedVersion(String),
    /// The archive is compressed in a way that this `pg_restore` was not built with.
    UnsupportedCompression,
    /// The client ran out of memory.
    OutOfMemory,
    /// The client was called wrongly, or its input was not there: a fault of Drillyard.
    Usage,
    /// The connection to the server could not be made, or was lost.
    ConnectionLost,
    /// `psql` stopped at an error because the dump told it to, so that the rest was not restored.
    StoppedAtError,
    /// The client crashed with this signal, as it does on a damaged table of contents (measured).
    Crashed(u8),
    /// The client was killed (signal 9).
    Killed,
    /// The client was asked to stop.
    Terminated,
    /// The client failed with this exit code in words that are not known here; empty where it said nothing.
    Unexplained {
        /// Its exit code.
        exit_code: i64,
        /// Its words. May hold anything that the dump holds.
        text: String,
    },
    /// Nothing is known of the client's end.
    Vanished,
}

const ENDS_EARLY: [&str; 7] = [
    "could not read from input file: end of file",
    "input file is too short",
    "could not find block ID",
    "incomplete tar header found",
    "could not find header for file",
    "unexpected end of file",
    "actual file length",
];
const NOT_AN_ARCHIVE: [&str; 13] = [
    "does not appear to be a valid archive",
    "appears to be a text format dump",
    "did not find magic string in file header",
    "corrupt TOC",
    "perhaps a corrupt archive",
    "corrupt tar header found",
    "differs from format found in file",
    "sanity check on integer size",
    "file offset in dump file is too large",
    "invalid ENCODING item",
    "invalid STDSTRINGS item",
    "invalid SEARCHPATH item",
    "unexpected section code",
];
const CORRUPT: [&str; 9] = [
    "could not uncompress data",
    "could not decompress",
    "compressed data is corrupt",
    "invalid compression code",
    "found unexpected block ID",
    "unrecognized data block type",
    "invalid OID for large object",
    "could not end decompression",
    "could not close compression",
];
const CONNECTION: [&str; 7] = [
    "connection to server at",
    "connection to server was lost",
    "connection to server on socket",
    "server closed the connection",
    "could not connect to database",
    "reconnection failed",
    "no connection to the server",
];
const USAGE: [&str; 6] = [
    "unrecognized option",
    "could not open input file",
    "parallel restore is not supported",
    "cannot be used together",
    "too many command-line arguments",
    "option requires an argument",
];

impl ClientFailure {
    /// Reads the words of a client after `error: `; `None` where they are not known.
    pub(super) fn read(text: &str) -> Option<Self> {
        let has = |texts: &[&str]| texts.iter().any(|known| text.contains(known));
        if let Some((_, rest)) = text.split_once("unsupported version (") {
            return Some(Self::version(rest.split(')').next().unwrap_or_default()));
        }
        if text.contains("does not support compression") {
            let damaged = text.contains("???");
            return Some(if damaged { Self::NotAnArchive } else { Self::UnsupportedCompression });
        }
        [
            (has(&ENDS_EARLY), Self::EndsEarly),
            (has(&NOT_AN_ARCHIVE), Self::NotAnArchive),
            (has(&CORRUPT), Self::Corrupt),
            (text.starts_with("out of memory") || has(&["Cannot allocate memory"]), Self::OutOfMemory),
            (has(&CONNECTION), Self::ConnectionLost),
            (has(&USAGE), Self::Usage),
            (text == "terminated by user", Self::Terminated),
        ]
        .into_iter()
        .find_map(|(found, failure)| found.then_some(failure))
    }

    /// Archives of living servers are of versions 1.10 to 1.16; a flipped bit makes 17.14 (measured).
    fn version(version: &str) -> Self {
        let minor = version.strip_prefix("1.").and_then(|minor| minor.split('-').next()?.parse::<u8>().ok());
        match minor {
            Some(minor) if minor < 40 => Self::UnsupportedVersion(format!("1.{minor}")),
            _ => Self::NotAnArchive,
        }
    }

    /// What an exit code alone tells, where it tells anything.
    pub(super) fn of_exit(exit_code: Option<i64>) -> Option<Self> {
        match exit_code {
            None => Some(Self::Vanished),
            Some(126 | 127) => Some(Self::Usage),
            Some(137) => Some(Self::Killed),
            Some(130 | 143) => Some(Self::Terminated),
            Some(code @ 129..=192) => u8::try_from(code - 128).ok().map(Self::Crashed),
            Some(_) => None,
        }
    }

    /// What it makes of the run.
    pub fn reason(&self) -> Reason {
        match self {
            Self::EndsEarly => Reason::Truncated,
            Self::NotAnArchive => Reason::WrongFormat,
            Self::Corrupt | Self::Crashed(_) => Reason::UnpackFailed,
            Self::UnsupportedVersion(_) => Reason::Version,
            Self::UnsupportedCompression => Reason::ImageWrong,
            Self::OutOfMemory | Self::Killed => Reason::SandboxOutOfMemory,
            Self::ConnectionLost | Self::Terminated | Self::Vanished => Reason::SandboxLost,
            Self::StoppedAtError => Reason::RestoreFailed,
            // Words without a known meaning are the client's last word on the archive; silence is nobody's fault but ours.
            Self::Unexplained { text, .. } if !text.is_empty() => Reason::RestoreFailed,
            Self::Unexplained { .. } | Self::Usage => Reason::Internal,
        }
    }

    /// Whether it ended the client's sessions from the client's side, so that the server's complaints about lost
    /// clients follow from it.
    pub fn ends_sessions(&self) -> bool {
        !matches!(self, Self::StoppedAtError | Self::ConnectionLost)
    }

    /// What was found, in a sentence without any text of the dump.
    pub fn detail(&self) -> String {
        match self {
            Self::EndsEarly => {
                "the archive ends before its end, or lacks data that its table of contents names".into()
            }
            Self::NotAnArchive => {
                "the header or the table of contents cannot be read as an archive of pg_dump".into()
            }
            Self::Corrupt => "a block of data in the archive is damaged".into(),
            Self::UnsupportedVersion(version) => {
                format!("the archive is of version {version}, which the sandbox's pg_restore does not know")
            }
            Self::UnsupportedCompression => {
                "the sandbox's pg_restore was built without the archive's compression".into()
            }
            Self::OutOfMemory => "the client ran out of memory".into(),
            Self::Usage => "the client could not be called".into(),
            Self::ConnectionLost => "the client lost its connection to the server".into(),
            Self::StoppedAtError => {
                "the dump tells psql to stop at errors, and it did: the rest was not restored".into()
            }
            Self::Crashed(signal) => {
                format!("pg_restore crashed (signal {signal}) while it read the archive")
            }
            Self::Killed => "the client was killed (signal 9)".into(),
            Self::Terminated => "the client was asked to stop".into(),
            Self::Unexplained { exit_code, text } => {
                let text = super::super::redact::redact(UNKNOWN, text);
                let said =
                    if text.is_empty() { "and said nothing".to_owned() } else { format!("saying: {text}") };
                format!("the client ended with exit code {exit_code} {said}")
            }
            Self::Vanished => "nothing is known of the client's end".into(),
        }
    }

    /// What to do next, where something can be done.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::EndsEarly => "look whether the backup was still being written, or its disk was full",
            Self::UnsupportedVersion(_) => {
                "set sandbox.image to the major version of the pg_dump that wrote it, or newer"
            }
            Self::UnsupportedCompression => "use an image whose pg_restore has it, such as the official one",
            Self::OutOfMemory | Self::Killed => "raise sandbox.memory",
            Self::StoppedAtError => "remove the line that sets ON_ERROR_STOP from the dump",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// The SQLSTATE of what the server never saw.
pub(super) const UNKNOWN: &str = "-----";
