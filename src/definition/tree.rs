//! YAML as a tree of our own, in which every node knows where it was written. Parser events go in, not a loaded value,
//! because a loader stops at the first fault, forgets places, and follows aliases (2026-11-21).

use std::collections::{HashMap, hash_map};

use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, Span as YamlSpan};

use super::fault::{At, Code, Faults, Span};
use super::scalar;
use super::vocabulary::is_word;

/// The largest file that is read: a drill has a few kilobytes, and what a hostile file costs grows with its size.
pub(super) const MOST_BYTES: usize = 250_000;
/// The deepest nesting that is read; a drill has about six levels.
const MOST_LEVELS: usize = 64;
/// Bounds the memory that a file of a million brackets takes.
const MOST_NODES: usize = 20_000;
const MOST_DOCUMENTS: usize = 1_000;

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// `plain` scalars may be numbers, booleans and nulls; quoted ones are text.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// An alias: told, and nothing follows from it.
    Refused,
}

/// A node and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub kind: Kind,
    pub at: At,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub key_at: At,
    pub value: Node,
    /// An earlier entry of this map has the same key, or the key is no word: the fault is told, the entry is not used, and
    /// kept only to be looked over for secrets.
    pub duplicate: bool,
}

/// One document of a file.
#[derive(Debug)]
pub(super) struct Document {
    pub root: Node,
    /// Duplicate keys, aliases and tags: the tree is there, and must not be used but to look for more faults.
    pub errors: usize,
}

/// Reads all documents. A syntax error ends its own document only.
pub(super) fn read(text: &str, in_settings: bool, out: &mut Faults) -> Vec<Document> {
    if text.len() > MOST_BYTES {
        let start = At { line: 1, column: 1, in_settings, ..At::default() };
        out.error(
            start,
            Code::TooLarge,
            format!("the file has {} bytes; at most {MOST_BYTES} are read", text.len()),
        )
        .hint("keep one drill, or a few, in a file");
        return Vec::new();
    }
    let options = granit_parser::options! { emit_unresolved_aliases: true, emit_anchor_events: true, emit_comments: false };
    let parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { parser, in_settings, nodes: 0, out };
    reader.documents()
}

struct Reader<'a, 'out, I: granit_parser::BorrowedInput<'a>> {
    parser: Parser<'a, I>,
    in_settings: bool,
    nodes: usize,
    out: &'out mut Faults,
}

/// Why a document was given up; the fault is already told.
enum GivenUp {
    Document,
    File,
}

impl<'a, I: granit_parser::BorrowedInput<'a>> Reader<'a, '_, I> {
    fn documents(&mut self) -> Vec<Document> {
        let mut documents = Vec::new();
        let mut begun = 0;
        loop {
            let document = match self.next() {
                Ok(Some((Event::DocumentStart(..), span))) => {
                    begun += 1;
                    if begun > MOST_DOCUMENTS {
                        let told = format!("more than {MOST_DOCUMENTS} documents in one file");
                        self.out.error(self.at(&span), Code::TooLarge, told).hint("split the file");
                        return documents;
                    }
                    self.document()
                }
                Ok(Some((Event::StreamEnd, _)) | None) => return documents,
                Ok(Some(_)) => continue,
                Err(given_up) => Err(given_up),
            };
            match document {
                Ok(document) => documents.extend(document),
                Err(GivenUp::File) => return documents,
                Err(GivenUp::Document) => match self.parser.proceed_next_document() {
                    Ok(true) => {}
                    Ok(false) | Err(_) => return documents,
                },
            }
        }
    }

    /// The root of a document, `None` where it is empty.
    fn document(&mut self) -> Result<Option<Document>, GivenUp> {
        let Some((event, span)) = self.next()? else { return Ok(None) };
        if matches!(event, Event::DocumentEnd) {
            return Ok(None);
        }
        let errors = self.out.errors();
        let root = self.node(event, span, 0)?;
        let errors = self.out.errors() - errors;
        let empty = matches!(&root.kind, Kind::Scalar { text, plain: true } if scalar::plain(text) == scalar::Plain::Null);
        Ok((!empty).then_some(Document { root, errors }))
    }

    fn node(&mut self, event: Event<'a>, span: YamlSpan, level: usize) -> Result<Node, GivenUp> {
        let at = self.at(&span);
        self.count(at, level)?;
        match event {
            Event::Scalar(text, style, _, tag) => {
                self.refuse_tag(tag.is_some(), &span);
                let plain = style == ScalarStyle::Plain;
                Ok(Node { kind: Kind::Scalar { text: text.into_owned(), plain }, at })
            }
            Event::SequenceStart(_, _, tag) => {
                self.refuse_tag(tag.is_some(), &span);
                self.list(at, level)
            }
            Event::MappingStart(_, _, tag) => {
                self.refuse_tag(tag.is_some(), &span);
                self.map(at, level)
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse_alias(at, "an alias");
                self.out
                    .hint("text that begins with * belongs in quotes, \"*.dump\"; else write the value out, or put what all drills share under `defaults` in drillyard.yaml");
                Ok(Node { kind: Kind::Refused, at })
            }
            _ => Err(GivenUp::Document),
        }
    }

    fn list(&mut self, start: At, level: usize) -> Result<Node, GivenUp> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                return Ok(Node { kind: Kind::List(items), at: until(start, &span) });
            }
            items.push(self.node(event, span, level + 1)?);
        }
        Err(GivenUp::Document)
    }

    fn map(&mut self, start: At, level: usize) -> Result<Node, GivenUp> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                return Ok(Node { kind: Kind::Map(entries), at: until(start, &span) });
            }
            let key = self.node(event, span, level + 1)?;
            let Some((event, span)) = self.next()? else { return Err(GivenUp::Document) };
            let value = self.node(event, span, level + 1)?;
            entries.push(self.entry(key, value, &mut seen));
        }
        Err(GivenUp::Document)
    }

    fn entry(&mut self, key: Node, value: Node, seen: &mut HashMap<String, usize>) -> Entry {
        let Kind::Scalar { text, plain } = key.kind else {
            self.out.error(key.at, Code::WrongType, "a key must be a word").hint("write `key: value`");
            return Entry { key: String::new(), key_at: key.at, value, duplicate: true };
        };
        if plain && text == "<<" {
            self.refuse_alias(key.at, "a merge key");
            return Entry { key: text, key_at: key.at, value, duplicate: true };
        }
        let duplicate = match seen.entry(text.clone()) {
            hash_map::Entry::Vacant(vacant) => {
                vacant.insert(key.at.line);
                false
            }
            hash_map::Entry::Occupied(first) => {
                // It is not yet known where this stands, and `password: { hunter2, hunter2 }` is a map.
                let name = if is_word(&text) { format!("`{text}`") } else { "this key".to_owned() };
                let told = format!("{name} is given twice, first in line {}", first.get());
                self.out.error(key.at, Code::DuplicateKey, told).hint("keep one of them");
                true
            }
        };
        Entry { key: text, key_at: key.at, value, duplicate }
    }

    /// The next event that is about nodes; `None` at the end of the file.
    fn next(&mut self) -> Result<Option<(Event<'a>, YamlSpan)>, GivenUp> {
        loop {
            match self.parser.next_event() {
                None => return Ok(None),
                Some(Ok((Event::Anchor(..), span))) => self.refuse_alias(self.at(&span), "an anchor"),
                Some(Ok(event)) => return Ok(Some(event)),
                Some(Err(error)) => {
                    let mark = *error.marker();
                    let at = self.at(&YamlSpan::new(mark, mark));
                    match error.kind() {
                        // The scanner runs ahead of the events, and has a limit of its own.
                        ErrorKind::RecursionLimitExceeded => self.too_deep(at),
                        kind => {
                            let told = format!("not YAML: {kind}");
                            self.out
                                .error(at, Code::Syntax, told)
                                .hint("the rest of this document was not read");
                        }
                    }
                    return Err(GivenUp::Document);
                }
            }
        }
    }

    fn count(&mut self, at: At, level: usize) -> Result<(), GivenUp> {
        self.nodes += 1;
        if self.out.is_full() {
            return Err(GivenUp::File);
        }
        if self.nodes > MOST_NODES {
            self.out
                .error(at, Code::TooLarge, format!("more than {MOST_NODES} values in one file"))
                .hint("split the file");
            return Err(GivenUp::File);
        }
        if level > MOST_LEVELS {
            self.too_deep(at);
            return Err(GivenUp::Document);
        }
        Ok(())
    }

    fn too_deep(&mut self, at: At) {
        self.out.error(at, Code::TooDeep, format!("nested deeper than {MOST_LEVELS} levels"));
    }

    /// One fault for each place: expansion is what makes a small file large, so nothing is ever expanded.
    fn refuse_alias(&mut self, at: At, what: &str) {
        self.out
            .error(at, Code::Alias, format!("{what} in a drill"))
            .hint("write the value out; what all drills share belongs under `defaults` in drillyard.yaml");
    }

    fn refuse_tag(&mut self, tagged: bool, span: &YamlSpan) {
        if tagged {
            let at = span.tag_span().map_or_else(|| self.at(span), |tag| self.at(&tag));
            self.out
                .error(at, Code::Tag, "a tag in a drill")
                .hint("remove it; put text in quotes where it looks like a number");
        }
    }

    fn at(&self, span: &YamlSpan) -> At {
        let bytes = span.byte_range().unwrap_or_default();
        At {
            line: span.start.line(),
            column: span.start.col() + 1,
            span: Span { offset: bytes.start, length: bytes.len() },
            in_settings: self.in_settings,
        }
    }
}

/// From a start to the end of an event.
fn until(start: At, end: &YamlSpan) -> At {
    let end = end.byte_range().unwrap_or_default().end;
    At { span: Span { offset: start.span.offset, length: end.saturating_sub(start.span.offset) }, ..start }
}
