//! What may be a secret by where it stands, whatever it looks like: all that is below a key which holds secrets, a
//! misspelt one included; and, of a document that could not be read, every word that the format does not have
//! (2026-11-22). Nothing of it is in a message or an excerpt.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use super::fault::{At, Faults};
use super::form::{Form, Key, Support};
use super::render::LONGEST_LINE;
use super::tree::{self, Kind, Node};
use super::{keys, keys_later, secret};

/// Similarity from which a key is taken for a misspelt one. Far from strict: what is covered in vain harms nobody.
const MISSPELT: f64 = 0.7;

/// Lines on either side of a fault that are covered; an excerpt has one.
const CONTEXT: usize = 3;

/// What stands between the words of YAML, and shows how a text is built.
const PUNCTUATION: &[char] =
    &['{', '}', '[', ']', ',', ':', '"', '\'', '#', '|', '>', '*', '&', '!', '?', '%', '@', '`'];

static FORMAT: LazyLock<Format> = LazyLock::new(|| {
    let mut format = Format::default();
    format.read(&keys::DRILL);
    format.read(&keys_later::SETTINGS);
    format
});

/// The format's own vocabulary.
#[derive(Debug, Default)]
struct Format {
    /// Keys, and words that values may be: they give nothing of a file away.
    words: HashSet<&'static str>,
    /// Keys whose value is a secret, or that hold one beside other things.
    places: HashSet<&'static str>,
}

impl Format {
    fn read(&mut self, form: &Form) {
        match *form {
            Form::Named(_, inner) | Form::Free(inner) | Form::List(inner, _) => self.read(inner),
            Form::Either(forms) => forms.iter().for_each(|form| self.read(form)),
            Form::Words(words) => self.words.extend(words.iter().map(|word| word.name)),
            Form::Map(_) | Form::OneOf(_) | Form::Secret => {
                form.keys().into_iter().for_each(|key| self.key(key));
            }
            _ => {}
        }
    }

    fn key(&mut self, key: &'static Key) {
        self.words.insert(key.name);
        if is_secret(key) || key.form.keys().into_iter().any(is_secret) {
            self.places.insert(key.name);
        }
        self.read(&key.form);
    }

    fn is_place(&self, key: &str) -> bool {
        let key: String = key.to_lowercase().replace('-', "_").chars().take(64).collect();
        let near = |place: &&str| {
            // Before the distance, which costs a hundred times as much: it is no less than the lengths' difference.
            let (short, long) = (key.len().min(place.len()), key.len().max(place.len()));
            short * 10 >= long * 7 && strsim::normalized_damerau_levenshtein(&key, place) >= MISSPELT
        };
        secret::names_a_secret(&key) || self.places.iter().any(near)
    }
}

/// A key that is refused takes no secret.
fn is_secret(key: &Key) -> bool {
    let secret = |form: &Form| matches!(form, Form::Secret);
    let either = matches!(key.form, Form::Either(forms) if forms.iter().any(secret));
    key.support != Support::Refused && (secret(&key.form) || either)
}

/// The scalars of a tree that may be secrets by where they stand.
pub(super) fn scalars(root: &Node) -> Vec<At> {
    let mut all = Vec::new();
    collect(root, None, &mut all);
    all.into_iter().map(|found| found.at).collect()
}

struct Found {
    at: At,
    /// Offset behind its key: a password that begins with `*`, `&` or `!` is no scalar, or not all of one.
    from: usize,
}

fn collect(node: &Node, confidential_from: Option<usize>, all: &mut Vec<Found>) {
    match &node.kind {
        Kind::Scalar { text, .. } if FORMAT.words.contains(text.as_str()) => {}
        Kind::Scalar { .. } | Kind::Refused => {
            all.extend(confidential_from.map(|from| Found { at: node.at, from }));
        }
        Kind::List(items) => {
            for item in items {
                collect(item, confidential_from.map(|_| item.at.span.offset), all);
            }
        }
        Kind::Map(entries) => {
            for entry in entries.iter().filter(|entry| !is_reference(&entry.key, &entry.value)) {
                let confidential = confidential_from.is_some() || FORMAT.is_place(&entry.key);
                collect(&entry.value, confidential.then(|| end(entry.key_at) + 1), all);
            }
        }
    }
}

fn end(at: At) -> usize {
    at.span.offset + at.span.length
}

/// Where a secret is found is told wherever it is used.
fn is_reference(key: &str, value: &Node) -> bool {
    keys::SECRET.iter().any(|reference| reference.name == key) && matches!(value.kind, Kind::Scalar { .. })
}

/// The parts of a file's text that may be secrets by where they stand, in no order; of what could not be read, those near
/// the offsets that are shown.
pub(super) fn found_in_file(text: &str, shown: &[usize]) -> Vec<Range<usize>> {
    let mut faults = Faults::new(Path::new(""), Path::new(""));
    let documents = tree::read(text, false, &mut faults);
    let mut scalars = Vec::new();
    for document in &documents {
        collect(&document.root, None, &mut scalars);
    }
    let mut all: Vec<_> = scalars.into_iter().map(|found| found.from..end(found.at)).collect();
    if faults.is_unread() {
        let read: Vec<At> = documents.iter().map(|document| document.root.at).collect();
        // They stand in the file's order, so that thousands of them cost little.
        let unread = |word: &Range<usize>| {
            let begun = read.partition_point(|at| at.span.offset <= word.start);
            begun.checked_sub(1).and_then(|last| read.get(last)).is_none_or(|at| end(*at) <= word.start)
        };
        all.extend(words(text, shown).filter(unread));
    }
    all
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
    let known = |word: &str| FORMAT.words.contains(word) || word.chars().all(|c| c == '-');
    pieces.filter(move |(_, word)| !known(word)).map(|(start, word)| start..start + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_hold_secrets_are_known_from_the_format() {
        for key in ["webhook", "ping", "smtp", "credentials", "password", "pasword", "web_hook", "Web-Hook"] {
            assert!(FORMAT.is_place(key), "{key}");
        }
        for key in ["drill", "backup", "image", "checks", "owner", "query", "path", "match", "email", "rto"] {
            assert!(!FORMAT.is_place(key), "{key}");
        }
    }

    #[test]
    fn of_what_could_not_be_read_the_format_s_words_are_left() {
        let text = "- pasword: \"swordfish, --x";
        let covered: Vec<&str> = words(text, &[0]).map(|word| &text[word]).collect();
        assert_eq!(covered, ["pasword", "swordfish", "--x"]);
    }
}
