//! Faults: what is wrong in a file, where, and what to write instead. All of a file's are collected before any is told.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::secret;

/// Faults of one file that are told one by one; a file with more is broken as a whole.
const MOST_FAULTS: usize = 100;
/// A file with so many is not looked at any further.
const MOST_KEPT: usize = 200;

/// How bad a fault is. Only an error keeps a drill from running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The drill is not run.
    Error,
    /// The drill runs, but perhaps not as its author thinks.
    Warning,
    /// Worth knowing; nothing is wrong.
    Note,
}

/// What kind of fault it is. The words are part of `drillyard check --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The file could not be read, or is not UTF-8.
    Unreadable,
    /// Not YAML. The rest of its document was not read.
    Syntax,
    /// More bytes, nodes or documents than a file of drills ever needs.
    TooLarge,
    /// More than 64 levels of nesting.
    TooDeep,
    /// An anchor, an alias or a merge key.
    Alias,
    /// A tag, `!!str`.
    Tag,
    /// A key that the format does not have.
    UnknownKey,
    /// A key that its map has already.
    DuplicateKey,
    /// A key that must be there.
    MissingKey,
    /// Text where a number belongs, a list where a map belongs.
    WrongType,
    /// Of the right type, and still nothing that can be meant.
    BadValue,
    /// Values that contradict each other.
    Impossible,
    /// A secret written out, where only a reference to one may stand.
    LiteralSecret,
    /// A secret's file that everybody on this machine may read.
    ExposedSecret,
    /// Part of the format, but this version can't do it.
    NotInThisVersion,
    /// A path that leads out of the settings' roots.
    PathOutsideRoots,
    /// A file that the drill needs and that is not there.
    MissingFile,
    /// Two drills of the same name.
    DuplicateDrill,
    /// Two checks of the same name in one drill.
    DuplicateCheck,
    /// A file without any drill.
    NoDrill,
    /// A schedule that is valid and seldom meant.
    Schedule,
    /// An objective that is measured and not judged.
    NotJudged,
    /// Mails that are written to a folder, because the settings name no server.
    NotSent,
    /// There were more faults than are told.
    MoreFaults,
}

impl Code {
    /// The word that people and programs see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Syntax => "syntax",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::Alias => "alias",
            Self::Tag => "tag",
            Self::UnknownKey => "unknown_key",
            Self::DuplicateKey => "duplicate_key",
            Self::MissingKey => "missing_key",
            Self::WrongType => "wrong_type",
            Self::BadValue => "bad_value",
            Self::Impossible => "impossible",
            Self::LiteralSecret => "literal_secret",
            Self::ExposedSecret => "exposed_secret",
            Self::NotInThisVersion => "not_in_this_version",
            Self::PathOutsideRoots => "path_outside_roots",
            Self::MissingFile => "missing_file",
            Self::DuplicateDrill => "duplicate_drill",
            Self::DuplicateCheck => "duplicate_check",
            Self::NoDrill => "no_drill",
            Self::Schedule => "schedule",
            Self::NotJudged => "not_judged",
            Self::NotSent => "not_sent",
            Self::MoreFaults => "more_faults",
        }
    }
}

/// Bytes of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Span {
    /// Bytes before it.
    pub offset: usize,
    /// Its own bytes; 0 where a place is meant and not a text.
    pub length: usize,
}

/// One fault. `message` says what was found, `hint` what to write instead; neither ever holds a secret's text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: Code,
    /// The file, as it was named.
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The text in question.
    pub span: Span,
    /// What was found.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Fault {
    /// A fault of a file as a whole.
    pub fn of_file(file: &Path, code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            file: file.to_owned(),
            line: 1,
            column: 1,
            span: Span::default(),
            message: message.into(),
            hint: None,
        }
    }

    /// With a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether it is about its file as a whole, and not about a place in it.
    pub fn is_of_file(&self) -> bool {
        self.span == Span::default() && self.line == 1
    }

    /// Whether it keeps its drill from running.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Where a node was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct At {
    pub line: usize,
    pub column: usize,
    pub span: Span,
    /// In drillyard.yaml, whose `defaults` lie under every drill, and not in the drill's file.
    pub in_settings: bool,
}

/// Collects the faults of one file (and those of the settings' defaults that its drills inherit).
#[derive(Debug)]
pub(super) struct Faults {
    file: PathBuf,
    settings_file: PathBuf,
    list: Vec<Fault>,
    errors: usize,
    not_kept: usize,
    /// Offsets of texts that were found to be secrets.
    secrets: HashSet<usize>,
    /// Offsets of texts that may be secrets by where they stand.
    confidential: HashSet<usize>,
}

impl Faults {
    pub fn new(file: &Path, settings_file: &Path) -> Self {
        let (file, settings_file) = (file.to_owned(), settings_file.to_owned());
        let (secrets, confidential) = (HashSet::new(), HashSet::new());
        Self { file, settings_file, list: Vec::new(), errors: 0, not_kept: 0, secrets, confidential }
    }

    fn add(&mut self, severity: Severity, at: At, code: Code, message: String) -> &mut Self {
        self.errors += usize::from(severity == Severity::Error);
        if code == Code::LiteralSecret {
            self.secrets.insert(at.span.offset);
        }
        if self.is_full() && code != Code::TooLarge {
            self.not_kept += 1;
            return self;
        }
        let file = if at.in_settings { &self.settings_file } else { &self.file };
        self.list.push(Fault {
            severity,
            line: at.line,
            column: at.column,
            span: at.span,
            ..Fault::of_file(file, code, message)
        });
        self
    }

    pub fn error(&mut self, at: At, code: Code, message: impl Into<String>) -> &mut Self {
        self.add(Severity::Error, at, code, message.into())
    }

    pub fn warning(&mut self, at: At, code: Code, message: impl Into<String>) -> &mut Self {
        self.add(Severity::Warning, at, code, message.into())
    }

    pub fn note(&mut self, at: At, code: Code, message: impl Into<String>) -> &mut Self {
        self.add(Severity::Note, at, code, message.into())
    }

    /// Gives the fault that was added last its hint.
    pub fn hint(&mut self, hint: impl Into<String>) {
        if let Some(last) = self.list.last_mut().filter(|_| self.not_kept == 0) {
            last.hint = Some(hint.into());
        }
    }

    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Whether enough was told: every step gives up then.
    pub fn is_full(&self) -> bool {
        self.list.len() >= MOST_KEPT
    }

    /// Whether a literal secret was already found in this text.
    pub fn has_secret_at(&self, at: At) -> bool {
        self.secrets.contains(&at.span.offset)
    }

    /// Keeps a text of this file out of all messages to come.
    pub fn keep_back(&mut self, at: At) {
        self.confidential.insert(at.span.offset);
    }

    /// A text of this file for a message, without what may be a secret.
    pub fn shown(&self, at: At, text: &str) -> String {
        if self.confidential.contains(&at.span.offset) {
            secret::COVERED.to_owned()
        } else {
            secret::shown(text)
        }
    }

    /// Whether a part of the file did not become a tree.
    pub fn is_unread(&self) -> bool {
        let unread = |fault: &Fault| matches!(fault.code, Code::Syntax | Code::TooDeep | Code::TooLarge);
        self.is_full() || self.list.iter().any(unread)
    }

    /// All of them in the order of the text. Of a file with very many, the first errors.
    pub fn into_list(mut self) -> Vec<Fault> {
        let place = |fault: &Fault| (fault.file != self.file, fault.span.offset, fault.severity);
        self.list.sort_by_key(place);
        self.list.dedup();
        if self.list.len() > MOST_FAULTS {
            let more = self.list.len() - MOST_FAULTS + self.not_kept;
            self.list.sort_by_key(|fault| (fault.code != Code::TooLarge, fault.severity));
            self.list.truncate(MOST_FAULTS);
            self.list.sort_by_key(place);
            let severity = Severity::Note;
            let at_least = if self.not_kept > 0 { "at least " } else { "" };
            let told = format!("{at_least}{more} more faults in this file are not shown");
            self.list.push(Fault { severity, ..Fault::of_file(&self.file, Code::MoreFaults, told) });
        }
        self.list
    }
}
