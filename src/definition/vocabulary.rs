//! The format's own words, and which of its keys hold secrets: read once from the tables that the decoder uses, so that a
//! new key is known without being told twice.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::form::{Form, Key, Support};
use super::{keys, keys_later, secret};

/// Similarity from which a key is taken for a misspelt one. Far from strict: what is covered in vain harms nobody.
const MISSPELT: f64 = 0.7;

pub(super) static FORMAT: LazyLock<Format> = LazyLock::new(|| {
    let mut format = Format::default();
    format.read(&keys::DRILL);
    format.read(&keys_later::SETTINGS);
    format
});

/// The format's own vocabulary.
#[derive(Debug, Default)]
pub(super) struct Format {
    /// Keys, and words that values may be: they give nothing of a file away.
    words: HashSet<&'static str>,
    /// Keys whose value is a secret, or that hold one beside other things.
    places: HashSet<&'static str>,
    /// Keys whose value is no text, and holds a secret at any depth.
    above: HashSet<&'static str>,
    /// Keys of a map from any word to what may be a secret.
    variables: HashSet<&'static str>,
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
        if matches!(key.form, Form::Free(inner) if holds_a_secret(inner)) {
            self.variables.insert(key.name);
        }
        if holds_a_secret(&key.form) {
            self.above.insert(key.name);
        }
        self.read(&key.form);
    }

    /// Whether what belongs to a key is a secret, or a map with one beside other things.
    pub fn is_place(&self, key: &str) -> bool {
        secret::may_name_a_secret(key) || is_near(key, &self.places)
    }

    /// Whether a map belongs to a key in which a secret is at any depth.
    pub fn is_above(&self, key: &str) -> bool {
        // `restore` is not a misspelt `store`.
        if is_word(key) { self.above.contains(key) } else { is_near(key, &self.above) }
    }

    /// Whether what belongs to a key are variables that may be secrets.
    pub fn is_of_variables(&self, key: &str) -> bool {
        self.variables.contains(key)
    }

    /// Whether a text is almost a word of the format.
    pub fn is_like_a_word(&self, text: &str) -> bool {
        is_near(text, &self.words)
    }
}

fn is_near(key: &str, words: &HashSet<&'static str>) -> bool {
    let key: String = key.to_lowercase().replace('-', "_").chars().take(64).collect();
    words.iter().any(|word| {
        // Before the distance, which costs a hundred times as much: it is no less than the lengths' difference.
        let (short, long) = (key.len().min(word.len()), key.len().max(word.len()));
        short * 10 >= long * 7 && strsim::normalized_damerau_levenshtein(&key, word) >= MISSPELT
    })
}

fn holds_a_secret(form: &Form) -> bool {
    match form {
        Form::Secret => true,
        Form::Named(_, inner) | Form::Free(inner) | Form::List(inner, _) => holds_a_secret(inner),
        Form::Either(forms) => forms.iter().any(holds_a_secret),
        _ => form.keys().iter().any(|key| holds_a_secret(&key.form)),
    }
}

/// A key that is refused takes no secret.
fn is_secret(key: &Key) -> bool {
    let secret = |form: &Form| matches!(form, Form::Secret);
    let either = matches!(key.form, Form::Either(forms) if forms.iter().any(secret));
    key.support != Support::Refused && (secret(&key.form) || either)
}

/// Whether a text is a word of the format, which gives nothing of a file away.
pub(super) fn is_word(text: &str) -> bool {
    FORMAT.words.contains(text)
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
}
