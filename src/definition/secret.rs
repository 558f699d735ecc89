//! What looks like a secret. Secrets are references in a drill, so text that looks like one is refused wherever it
//! stands, and is never printed: not in a message, not in an excerpt.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// Shapes of secrets, each so typical that it is hardly ever anything else.
const SHAPES: &[&str] = &[
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b",
    r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*-----|\z)",
    r"AGE-SECRET-KEY-1[0-9A-Z]{20,}",
    // A password inside an address, and inside a connection string or a query of an address.
    r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@]*:[^\s/@]+@",
    r#"(?i)\b(?:[a-z_]*password|passwd|pgpass|passphrase|secret|token|api_?key|access_?key|sslpassword)=['"]?[^\s'"&;,)$]{3,}"#,
    r"(?i)\bauthorization\s*:\s*\S+\s+\S{8,}",
    r"\bgh[pousr]_[A-Za-z0-9]{30,}\b",
    r"\bgithub_pat_[A-Za-z0-9_]{30,}\b",
    r"\bglpat-[A-Za-z0-9_-]{20,}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"https://hooks\.slack\.com/(?:services|workflows)/\S+",
    r"https://(?:\w+\.)?(?:discord|discordapp)\.com/api/webhooks/\S+",
    r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",
    r"\bsk-[A-Za-z0-9_-]{32,}",
    r"\bAIza[0-9A-Za-z_-]{35}",
    r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    r"\bnpm_[A-Za-z0-9]{36}\b",
    r"\bhvs\.[A-Za-z0-9_-]{20,}",
    r"\bdop_v1_[a-f0-9]{64}\b",
];

/// Asked first: most texts have none of the shapes.
static ANY_SHAPE: LazyLock<Option<RegexSet>> = LazyLock::new(|| RegexSet::new(SHAPES).ok());
static EACH_SHAPE: LazyLock<Vec<Regex>> =
    LazyLock::new(|| SHAPES.iter().filter_map(|shape| Regex::new(shape).ok()).collect());

/// Words that are long enough to be a key.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9+/_-]{32,}={0,2}").ok());

/// A key whose value is a secret, whatever it looks like.
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = r"password|passwd|passphrase|secret|secret_?access_?key|token|secret_?key|api_?key|access_?key|private_?key|client_?secret";
    Regex::new(&format!(r"(?i)(?:^|[_-])(?:{names})$")).ok()
});

/// A key whose value may be a secret, and may be `auth: oidc`: covered, and not refused.
static PERHAPS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = r"pass|pwd|pw|passcode|auth|bearer|routing_?key|webhook(?:_?url)?|creds|credentials|secrets|tokens|passwords";
    Regex::new(&format!(r"(?i)(?:^|[_-])(?:{names})$")).ok()
});

/// A line `password: text` in a text that is perhaps not even YAML.
static LINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key)["']?\s*:\s*([^\s{\[#][^\r\n]*)"#).ok()
});

/// What an address holds besides its kind: its path or its query may be the secret. And a login that has no address.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"\b[a-zA-Z][a-zA-Z0-9+.-]*://([^\s"']*[^\s"',}\]])|([^\s"'/:@]+:[^\s"'/@]+)@"#).ok()
});

/// Stands for a text that must not be shown.
pub(super) const COVERED: &str = "••••";

/// The parts of a text that look like secrets, in order, possibly overlapping.
pub(super) fn found(text: &str) -> Vec<Range<usize>> {
    let has_shape = ANY_SHAPE.as_ref().is_some_and(|any| any.is_match(text));
    let shapes = EACH_SHAPE.iter().filter(|_| has_shape);
    let shapes = shapes.flat_map(|shape| shape.find_iter(text).map(|hit| hit.range()));
    let words = WORD.iter().flat_map(|word| word.find_iter(text)).filter(|word| random(word.as_str()));
    let mut all: Vec<_> = shapes.chain(words.map(|word| word.range())).collect();
    all.sort_by_key(|range| range.start);
    all
}

/// What must not be printed of a whole file: what looks like a secret by itself or by its key.
pub(super) fn found_in_file(text: &str) -> Vec<Range<usize>> {
    let mut all = found(text);
    let values = LINE.iter().flat_map(|line| line.captures_iter(text));
    all.extend(values.filter_map(|line| line.get(1).map(|value| value.range())));
    all.extend(addresses(text));
    all
}

/// No secrets for that alone, since a runbook has an address as well; but nobody needs to be shown them.
fn addresses(text: &str) -> impl Iterator<Item = Range<usize>> {
    let all = ADDRESS.iter().flat_map(|address| address.captures_iter(text));
    let parts = all.filter_map(|address| address.get(1).or(address.get(2)).map(|part| part.range()));
    // An image with its digest, `postgres:16@sha256:…`.
    parts.filter(|part| !text[part.end..].starts_with("@sha256:"))
}

/// Whether a key's value is a secret by the key's name.
pub(super) fn names_a_secret(key: &str) -> bool {
    KEY.as_ref().is_some_and(|names| names.is_match(&with_underscores(key)))
}

/// Whether it may be one by the key's name.
pub(super) fn may_name_a_secret(key: &str) -> bool {
    names_a_secret(key) || PERHAPS.as_ref().is_some_and(|names| names.is_match(&with_underscores(key)))
}

/// `dbPassword` as `db_Password`.
fn with_underscores(key: &str) -> String {
    let mut written = String::with_capacity(key.len());
    let mut lower = false;
    for c in key.chars() {
        if lower && c.is_uppercase() {
            written.push('_');
        }
        lower = c.is_lowercase();
        written.push(c);
    }
    written
}

/// A piece of the file for a message: short, on one line, and without what looks like a secret.
pub(super) fn shown(text: &str) -> String {
    if !found(text).is_empty() || addresses(text).next().is_some() {
        return COVERED.to_owned();
    }
    let line: String = text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).take(60).collect();
    if line.chars().count() < text.chars().count() { format!("{line}…") } else { line }
}

/// Moves the cursor, hides text or turns its direction round: a file must not be able to lie about itself on a terminal.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Bytes of a word that are looked at.
const SAMPLED: usize = 1_024;

/// Drawn, not written: upper case, lower case and digits that alternate as in no name, path or date.
fn random(word: &str) -> bool {
    // What was drawn looks drawn from its beginning, and a file can hold a word of 240 KB. All of it is ASCII.
    let core = word.trim_end_matches('=');
    let core = core.get(..SAMPLED).unwrap_or(core);
    // A path has slashes between words; AWS secret keys have exactly 40 characters, slashes included.
    if core.contains('/') && core.len() != 40 {
        return core.split('/').any(|part| part.len() >= 32 && random(part));
    }
    let classes: Vec<u8> = core.bytes().filter_map(class).collect();
    let has = |wanted| classes.contains(&wanted);
    let changes = classes.windows(2).filter(|pair| pair.first() != pair.last()).count();
    has(0) && has(1) && has(2) && changes * 3 >= classes.len() && entropy(core) >= 4.0
}

fn class(byte: u8) -> Option<u8> {
    match byte {
        b'a'..=b'z' => Some(0),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        _ => None,
    }
}

/// Shannon entropy in bits a character.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let total = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let bits = |count: u32| -f64::from(count) / total * (f64::from(count) / total).log2();
    counts.into_iter().filter(|count| *count > 0).map(bits).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_a_regular_expression() {
        assert!(ANY_SHAPE.is_some());
        assert_eq!(EACH_SHAPE.len(), SHAPES.len());
        assert!([&WORD, &KEY, &PERHAPS, &LINE, &ADDRESS].iter().all(|one| one.is_some()));
    }
}
