//! What an error concerns, by the names that the dump gives.

use std::fmt::Write;

const LONGEST: usize = 128;

/// An object: `FK CONSTRAINT` and `public.payments payments_order_fk`. Both are text of the dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its kind, in the words of a table of contents.
    pub kind: String,
    /// Its name, with schema where that is known.
    pub name: String,
}

impl Object {
    pub(super) fn new(kind: &str, name: &str) -> Self {
        Self { kind: shown(kind), name: shown(name) }
    }

    /// Kind and name, escaped, at most 128 characters.
    pub fn text(&self) -> String {
        shown(format!("{} {}", self.kind, self.name).trim_end())
    }

    /// Entries of a table of contents have no schema; the object that was begun last has one.
    pub(super) fn with_schema(self, begun: Option<&Self>) -> Self {
        let same =
            |begun: &&Self| begun.kind == self.kind && begun.name.ends_with(&format!(".{}", self.name));
        begun.filter(same).cloned().unwrap_or(self)
    }
}

/// A name out of a dump as it may be shown: control and direction characters escaped, at most 128 characters.
pub fn shown(name: &str) -> String {
    let mut text = String::new();
    for (count, c) in name.chars().enumerate() {
        if count >= LONGEST - 1 {
            text.push('…');
            break;
        }
        let direction = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || direction {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}", c.escape_unicode());
        } else {
            text.push(c);
        }
    }
    text.chars().take(LONGEST).collect()
}

/// Reads `4042; 2606 16652 FK CONSTRAINT payments payments_order_fk app_owner`: the kind is what is in capitals, the
/// owner is the last word.
pub(super) fn of_entry(entry: &str) -> Option<Object> {
    let (_, rest) = entry.split_once("; ")?;
    let mut words = rest.splitn(3, ' ');
    let numbers = [words.next()?, words.next()?];
    if !numbers.iter().all(|number| number.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let rest = words.next()?;
    let rest = rest.strip_suffix(" (no owner)").or_else(|| Some(rest.rsplit_once(' ')?.0))?;
    let capital = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase());
    let kind: Vec<&str> = rest.split(' ').take_while(capital).collect();
    let kind = kind.join(" ");
    let name = rest[kind.len()..].trim_start();
    (!kind.is_empty()).then(|| Object::new(&kind, name))
}

/// Reads the object out of the beginning of a statement as `pg_dump` writes it.
pub(super) fn of_statement(statement: &str) -> Option<Object> {
    let words = words(statement);
    let at = |index: usize| words.get(index).map_or("", String::as_str);
    match at(0) {
        "CREATE" => created(&words),
        "ALTER" | "DROP" => altered(&words),
        "COMMENT" => named(&words, 2).map(|object| Object::new("COMMENT", &object.text())),
        "GRANT" | "REVOKE" => granted(&words),
        "COPY" => Some(Object::new("TABLE DATA", at(1))),
        "INSERT" => Some(Object::new("TABLE DATA", at(2))),
        "REFRESH" => Some(Object::new("MATERIALIZED VIEW DATA", at(3))),
        "SET" => Some(Object::new("SET", at(1))),
        "SELECT" if at(1) == "pg_catalog.setval" => {
            Some(Object::new("SEQUENCE SET", at(3).trim_matches('\'')))
        }
        _ => None,
    }
}

const MODIFIERS: [&str; 13] = [
    "OR",
    "REPLACE",
    "UNIQUE",
    "UNLOGGED",
    "TEMP",
    "TEMPORARY",
    "GLOBAL",
    "LOCAL",
    "TRUSTED",
    "PROCEDURAL",
    "RECURSIVE",
    "CONSTRAINT",
    "DEFAULT",
];
const FILLERS: [&str; 5] = ["IF", "NOT", "EXISTS", "ONLY", "CONCURRENTLY"];

fn created(words: &[String]) -> Option<Object> {
    let start = 1 + words.iter().skip(1).take_while(|word| MODIFIERS.contains(&word.as_str())).count();
    let object = named(words, start)?;
    let on = || words.iter().position(|word| word == "ON").and_then(|on| words.get(on + 1));
    match object.kind.as_str() {
        "TRIGGER" | "RULE" | "POLICY" => {
            let table = on().map_or("", String::as_str);
            Some(Object::new(&object.kind, &format!("{table} {}", object.name)))
        }
        _ => Some(object),
    }
}

fn altered(words: &[String]) -> Option<Object> {
    let object = named(words, 1)?;
    let constraint = words.windows(3).find(|three| three[0] == "ADD" && three[1] == "CONSTRAINT");
    let Some(constraint) = constraint else { return Some(object) };
    let foreign = words.windows(2).any(|two| two[0] == "FOREIGN" && two[1] == "KEY");
    let kind = if foreign { "FK CONSTRAINT" } else { "CONSTRAINT" };
    Some(Object::new(kind, &format!("{} {}", object.name, constraint[2])))
}

fn granted(words: &[String]) -> Option<Object> {
    let on = words.iter().position(|word| word == "ON")?;
    let object = named(words, on + 1).filter(|object| !object.kind.is_empty());
    let object = object.or_else(|| Some(Object::new("TABLE", words.get(on + 1)?)))?;
    Some(Object::new("ACL", &object.text()))
}

/// Kind and name from `start` on: words in capitals, then a name.
fn named(words: &[String], start: usize) -> Option<Object> {
    let rest = words.get(start..)?;
    let capital = |word: &&String| word.bytes().all(|b| b.is_ascii_uppercase());
    let all: Vec<&str> = rest.iter().take_while(capital).map(String::as_str).collect();
    let kind: Vec<&str> = all.iter().copied().filter(|word| !FILLERS.contains(word)).collect();
    let name = rest.get(all.len())?;
    (!kind.is_empty() && kind.len() <= 4).then(|| Object::new(&kind.join(" "), name))
}

/// The first words of a statement: names with their dots and quotes stay together, punctuation stands alone.
fn words(statement: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in statement.chars().take(1024) {
        let ends_word = quote.is_none() && (c.is_whitespace() || "(),;".contains(c));
        if ends_word {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if c == '(' {
                words.push(c.to_string());
            }
            continue;
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
        word.push(c);
        if words.len() > 48 {
            return words;
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
