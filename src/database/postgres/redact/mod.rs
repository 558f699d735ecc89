//! The one redactor: error text leaves the sandbox through here, or not at all.
//!
//! Names stay, values go. The server's messages quote both alike (`type integer: "4711"`, `role "app"`), a function can
//! raise any text under any SQLSTATE, and the list of messages is open. So nothing is searched for that looks like a
//! value; instead a text keeps only what is known to be none (2026-11-21):
//!
//! - words of the server's own vocabulary (`words.txt`, the frequent words of PostgreSQL 17's messages, and those that 18's
//!   messages about definitions and rows have beside them),
//! - names in double quotes after the word for their kind (`relation "public.orders"`), up to a colon or the first
//!   part that is not shown: a value can hold quotes and words of its own, and what follows it can't be told from it,
//! - types and operators of an undefined function or operator, locale names, and libraries in `$libdir`,
//! - the numbers of lines and positions.
//!
//! Everything else becomes `…`. What remains is a name that a function put into a message of the server's own form.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use super::transcript::object::shown;

/// The longest result, in characters.
const LONGEST: usize = 200;
/// Two names of 63 bytes and a dot.
const LONGEST_NAME: usize = 127;
/// Stands for what is not shown.
const MASK: &str = "…";

static WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("words.txt").split_whitespace().collect());

/// Kinds whose quoted names follow them directly. Not `value`, `key`, `near`, `label`: those quote values.
const KINDS: &[&str] = &[
    "class",
    "relation",
    "table",
    "view",
    "column",
    "constraint",
    "index",
    "sequence",
    "schema",
    "type",
    "domain",
    "function",
    "procedure",
    "aggregate",
    "role",
    "database",
    "extension",
    "tablespace",
    "language",
    "trigger",
    "rule",
    "policy",
    "publication",
    "subscription",
    "server",
    "collation",
    "parameter",
    "encoding",
    "conversion",
    "configuration",
    "method",
    "locale",
];

/// Classes of SQLSTATEs that the server itself uses (PostgreSQL's appendix A), but for `P0`, whose texts come from
/// functions. Any other class was made up by a function.
const CLASSES: &[&str] = &[
    "00", "01", "02", "03", "08", "09", "0A", "0B", "0F", "0L", "0P", "0Z", "20", "21", "22", "23", "24",
    "25", "26", "27", "28", "2B", "2D", "2F", "34", "38", "39", "3B", "3D", "3F", "40", "42", "44", "53",
    "54", "55", "57", "58", "72", "F0", "HV", "XX",
];

macro_rules! pattern {
    ($name:ident, $text:literal) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
    };
}
// Messages are at most 512 bytes long here, so that no repetition needs a bound, which would make the patterns huge.
pattern!(
    FUNCTION,
    r#"^(?:function|procedure|aggregate) [A-Za-z0-9_."$]+\([A-Za-z0-9_ ,."\[\]]*\) (?:does not exist|is not unique)$"#
);
pattern!(
    OPERATOR,
    r#"^operator (?:does not exist|is not unique): (?:[A-Za-z0-9_ ."\[\]]+ )?[A-Za-z0-9_."]*[-+*/<>=~!@#%^&|`?]+(?: [A-Za-z0-9_ ."\[\]]+)?$"#
);
pattern!(LOCALE, r#"^invalid (?:LC_[A-Z]+ )?locale name: "[A-Za-z0-9_.@-]+"$"#);

/// Makes the first line of an error's message fit to leave the sandbox. `sqlstate` is the server's, or `-----`.
/// The result has at most 200 characters and no control character.
pub fn redact(sqlstate: &str, message: &str) -> String {
    let class = sqlstate.get(..2).unwrap_or_default();
    if !CLASSES.contains(&class) && sqlstate != "-----" {
        return "message of a function, not shown".to_owned();
    }
    let message = super::transcript::comparable(message);
    if known_whole(sqlstate, message) {
        return shown_message(message);
    }
    let mut kept = Kept::default();
    for (index, part) in message.split('"').enumerate() {
        if index % 2 == 0 { kept.plain(part) } else { kept.quoted(part) }
    }
    kept.finish()
}

/// Messages of which every part is known to be no value.
fn known_whole(sqlstate: &str, message: &str) -> bool {
    let is = |pattern: &LazyLock<Option<Regex>>| pattern.as_ref().is_some_and(|p| p.is_match(message));
    match sqlstate {
        "42883" | "42725" => is(&FUNCTION) || is(&OPERATOR),
        "42809" | "22023" => is(&LOCALE),
        _ => false,
    }
}

fn shown_message(message: &str) -> String {
    shown(message).chars().take(LONGEST).collect()
}

#[derive(Default)]
struct Kept {
    text: String,
    /// The last word outside quotes, where nothing but a space followed it.
    last_word: String,
    words: usize,
    /// Something was not shown, or can be a value from here on.
    masked: bool,
}

impl Kept {
    fn plain(&mut self, part: &str) {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let word = |c: char| c.is_alphanumeric() || c == '_' || c == '\'' || c == '\\';
            let end = rest.find(|c: char| word(c) != word(first)).unwrap_or(rest.len());
            let (piece, tail) = rest.split_at(end);
            if word(first) {
                self.word(piece);
            } else {
                self.between(piece);
            }
            rest = tail;
        }
    }

    fn word(&mut self, word: &str) {
        let place = matches!(self.last_word.as_str(), "line" | "character");
        let number = word.len() <= 12 && word.bytes().all(|b| b.is_ascii_digit());
        let known = word.chars().count() > 0 && WORDS.contains(word.to_ascii_lowercase().as_str());
        if known || (place && number) {
            self.text.push_str(word);
            self.words += 1;
        } else {
            self.mask();
        }
        word.clone_into(&mut self.last_word);
    }

    fn between(&mut self, piece: &str) {
        let harmless = |c: &char| " :,;.()-/".contains(*c);
        self.text.extend(piece.chars().filter(harmless));
        // What follows a colon is what the message is about: `invalid byte sequence for encoding "UTF8": 0xc3`.
        self.masked |= piece.contains(':');
        if piece != " " {
            self.last_word.clear();
        }
    }

    fn quoted(&mut self, name: &str) {
        let kind = KINDS.contains(&self.last_word.as_str());
        let library = name.strip_prefix("$libdir/").is_some_and(|rest| rest.len() < 64 && is_plain(rest));
        let named = kind && !name.is_empty() && name.len() <= LONGEST_NAME;
        self.text.push('"');
        if !self.masked && (library || named) {
            self.text.push_str(&shown(name));
        } else {
            self.text.push_str(MASK);
            self.masked = true;
        }
        self.text.push('"');
        self.last_word.clear();
    }

    fn mask(&mut self) {
        self.masked = true;
        let last = self.text.trim_end_matches([' ', '.', '-', ',', ':', '/', '(', ')', ';']);
        if last.ends_with(MASK) {
            self.text.truncate(last.len());
        } else {
            self.text.push_str(MASK);
        }
    }

    fn finish(self) -> String {
        if self.words == 0 {
            return if self.text.is_empty() { String::new() } else { "message not shown".to_owned() };
        }
        let text = self.text.trim();
        if text.chars().count() <= LONGEST {
            return text.to_owned();
        }
        text.chars().take(LONGEST - 1).chain(['…']).collect()
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests;
