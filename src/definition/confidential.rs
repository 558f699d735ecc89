//! What may be a secret by where it stands, whatever it looks like: all that is below a key which holds secrets, a
//! misspelt one included; and, of a document that could not be read, every word that the format does not have
//! (2026-11-22). Nothing of it is in a message or an excerpt.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::fault::{At, Faults};
use super::render::LONGEST_LINE;
use super::tree::{self, Entry, Kind, Node};
use super::vocabulary::{FORMAT, is_word};
use super::{keys, scalar, secret_reference};

/// Lines on either side of a fault that are covered; an excerpt has one.
const CONTEXT: usize = 3;

/// What stands between the words of YAML, and shows how a text is built.
const PUNCTUATION: &[char] =
    &['{', '}', '[', ']', ',', ':', '"', '\'', '#', '|', '>', '*', '&', '!', '?', '%', '@', '`'];

/// The texts of a tree, keys as well, that may be secrets by where they stand.
pub(super) fn texts(root: &Node) -> Vec<At> {
    let mut found = Found::default();
    found.node(root, Standing::Harmless);
    found.texts.into_iter().map(|(_, at)| at).collect()
}

/// What may stand at a place, with the offset behind its key.
#[derive(Debug, Clone, Copy)]
enum Standing {
    Harmless,
    /// A map somewhere in which is a secret: a text in its stead may be just that.
    InsteadOfMap(usize),
    /// The same, of variables whose values may be secrets.
    Variables(usize),
    Secret(usize),
}

/// What of a tree may be a secret. Ranges are in the order of the text, and apart from each other.
#[derive(Debug, Default)]
struct Found {
    /// Each with an offset before it: a password that begins with `*`, `&` or `!` is no scalar, or not all of one.
    texts: Vec<(usize, At)>,
    /// The whole of what belongs to a key that holds secrets.
    regions: Vec<Range<usize>>,
    /// What is shown all the same: references, and keys that are misspelt.
    shown: Vec<Range<usize>>,
}

impl Found {
    fn node(&mut self, node: &Node, standing: Standing) {
        match (&node.kind, standing) {
            (Kind::Scalar { text, .. }, _) if is_word(text) => {}
            (Kind::Scalar { .. } | Kind::Refused, _) => {
                self.texts.extend(standing.offset().map(|from| (from, node.at)));
            }
            (Kind::List(items), _) => {
                for item in items {
                    self.node(item, standing.from(item.at.span.offset));
                }
            }
            (Kind::Map(entries), _) => entries.iter().for_each(|entry| self.entry(entry, standing)),
        }
    }

    fn entry(&mut self, entry: &Entry, standing: Standing) {
        if is_reference(&entry.key, &entry.value) {
            self.shown.push(span(entry.value.at));
            return;
        }
        self.key(entry, standing);
        let from = end(entry.key_at) + 1;
        let below = match standing {
            Standing::Secret(_) | Standing::Variables(_) => Standing::Secret(from),
            _ => Standing::below(&entry.key, from),
        };
        if matches!(below, Standing::Secret(_)) && !matches!(standing, Standing::Secret(_)) {
            self.regions.push(end(entry.key_at)..end(entry.value.at));
        }
        self.node(&entry.value, below);
    }

    /// `password: { hunter2 }` is a map, and `password:hunter2` in braces is a key.
    fn key(&mut self, entry: &Entry, standing: Standing) {
        let confidential = match standing {
            Standing::Secret(_) if is_misspelt(entry) => {
                self.shown.push(span(entry.key_at));
                false
            }
            Standing::Secret(_) => true,
            Standing::InsteadOfMap(_) | Standing::Variables(_) if is_nothing(&entry.value) => true,
            _ => entry.key.split_once([':', '=', ' ']).is_some_and(|(word, _)| FORMAT.is_place(word)),
        };
        if confidential && !is_word(&entry.key) {
            self.texts.push((entry.key_at.span.offset, entry.key_at));
        }
    }
}

impl Standing {
    fn below(key: &str, from: usize) -> Self {
        if FORMAT.is_place(key) {
            Self::Secret(from)
        } else if FORMAT.is_of_variables(key) {
            Self::Variables(from)
        } else if FORMAT.is_above(key) {
            Self::InsteadOfMap(from)
        } else {
            Self::Harmless
        }
    }

    fn from(self, offset: usize) -> Self {
        match self {
            Self::Harmless => Self::Harmless,
            Self::InsteadOfMap(_) => Self::InsteadOfMap(offset),
            Self::Variables(_) => Self::Variables(offset),
            Self::Secret(_) => Self::Secret(offset),
        }
    }

    fn offset(self) -> Option<usize> {
        match self {
            Self::Harmless => None,
            Self::InsteadOfMap(from) | Self::Variables(from) | Self::Secret(from) => Some(from),
        }
    }
}

/// A key with a value that is written almost as one of the format: nobody's password.
fn is_misspelt(entry: &Entry) -> bool {
    let letters = entry.key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    letters && !is_nothing(&entry.value) && FORMAT.is_like_a_word(&entry.key)
}

fn is_nothing(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar { text, plain: true } if scalar::plain(text) == scalar::Plain::Null)
}

fn end(at: At) -> usize {
    at.span.offset + at.span.length
}

fn span(at: At) -> Range<usize> {
    at.span.offset..end(at)
}

/// Where a secret is found is told wherever it is used.
fn is_reference(key: &str, value: &Node) -> bool {
    let Kind::Scalar { text, .. } = &value.kind else { return false };
    match key {
        "env" => secret_reference::is_variable(text),
        _ => keys::SECRET.iter().any(|reference| reference.name == key),
    }
}

/// The parts of a file's text that may be secrets by where they stand, in no order; of what could not be read, those near
/// the offsets that are shown.
pub(super) fn found_in_file(text: &str, shown: &[usize]) -> Vec<Range<usize>> {
    let mut faults = Faults::new(Path::new(""), Path::new(""));
    let documents = tree::read(text, false, &mut faults);
    let mut found = Found::default();
    for document in &documents {
        found.node(&document.root, Standing::Harmless);
    }
    let mut all: Vec<_> = found.texts.iter().map(|(from, at)| *from..end(*at)).collect();
    let read: Vec<_> = documents.iter().map(|document| span(document.root.at)).collect();
    let comments = comments(text);
    let covered = |word: &Range<usize>| {
        let unread = faults.is_unread() && !lies_in(&read, word);
        unread || lies_in(&comments, word) || lies_in(&found.regions, word) && !lies_in(&found.shown, word)
    };
    all.extend(words(text, shown).filter(covered));
    all
}

/// `# was hunter2`. In doubt a piece of a text: nobody is harmed by that.
fn comments(text: &str) -> Vec<Range<usize>> {
    let mut end = 0;
    let lines = text.split_inclusive('\n').filter_map(|line| {
        end += line.len();
        let begins = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
        let sign = line.match_indices('#').map(|(at, _)| at).find(begins)?;
        Some(end - line.len() + sign..end)
    });
    lines.collect()
}

/// Whether a word begins in one of some ranges that are in order.
fn lies_in(ranges: &[Range<usize>], word: &Range<usize>) -> bool {
    let before = ranges.partition_point(|range| range.start <= word.start);
    ranges[..before].last().is_some_and(|range| range.contains(&word.start))
}

/// Words near the faults that nobody knows the meaning of: those of the format and its punctuation left out. What no
/// excerpt shows is not looked at, or a large file would cost more than its reading.
fn words<'a>(text: &'a str, faults: &[usize]) -> impl Iterator<Item = Range<usize>> + use<'a> {
    let lines: BTreeMap<usize, &str> = faults.iter().flat_map(|fault| lines_near(text, *fault)).collect();
    let drawn = lines.into_iter().filter(|(_, line)| line.len() <= LONGEST_LINE + 2);
    drawn.flat_map(|(start, line)| words_of(start, line))
}

/// More lines than an excerpt has, each with its offset.
fn lines_near(text: &str, offset: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut before = text.get(..text.floor_char_boundary(offset)).unwrap_or_default();
    for _ in 0..CONTEXT {
        before = before.rfind('\n').and_then(|line_break| before.get(..line_break)).unwrap_or_default();
    }
    let start = before.rfind('\n').map_or(0, |line_break| line_break + 1);
    let lines = text.get(start..).unwrap_or_default().split_inclusive('\n').take(2 * CONTEXT + 1);
    lines.scan(start, |end, line| {
        let start = *end;
        *end += line.len();
        Some((start, line))
    })
}

fn words_of(start: usize, line: &str) -> impl Iterator<Item = Range<usize>> {
    let between = |c: char| c.is_whitespace() || PUNCTUATION.contains(&c);
    let mut end = start;
    let pieces = line.split_inclusive(between).map(move |piece| {
        let start = end;
        end += piece.len();
        (start, piece.trim_end_matches(between))
    });
    let known = |word: &str| is_word(word) || word.chars().all(|c| c == '-');
    pieces.filter(move |(_, word)| !known(word)).map(|(start, word)| start..start + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_could_not_be_read_the_format_s_words_are_left() {
        let text = "- pasword: \"swordfish, --x";
        let covered: Vec<&str> = words(text, &[0]).map(|word| &text[word]).collect();
        assert_eq!(covered, ["pasword", "swordfish", "--x"]);
    }
}
