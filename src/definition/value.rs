//! What conforms to a form: scalars are read, keys are known, and every value still knows where it was written.

use std::time::Duration;

use super::fault::At;
use super::secret_reference::SecretReference;

/// A value that has the form that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Map(Map),
    /// The one key of a `OneOf`, and what is below it.
    One(&'static str, Box<Item>),
    Free(Vec<(String, Item)>),
    List(Vec<Item>),
    Word(&'static str),
    Text(String),
    /// As it is written; `plain` without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    Boolean(bool),
    Count(u64),
    /// Decimal, without underscores.
    Number(String),
    Duration(Duration),
    /// Bytes.
    Size(u64),
    /// A reference to a secret, its path as it is written.
    Secret(SecretReference),
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub value: Value,
    pub at: At,
}

/// A map whose keys are all of its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Map {
    pub at: At,
    /// `None` where the value was faulty: the key was given, and what follows from its absence must not be told.
    pub entries: Vec<(&'static str, Option<Item>)>,
}

impl Map {
    /// Whether the key was written, well or not.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| *name == key)
    }

    pub fn item(&self, key: &str) -> Option<&Item> {
        self.entries.iter().find(|(name, _)| *name == key)?.1.as_ref()
    }

    /// Where the key's value stands; the map itself without one.
    pub fn at(&self, key: &str) -> At {
        self.item(key).map_or(self.at, |item| item.at)
    }

    pub fn map(&self, key: &str) -> Option<&Map> {
        match &self.item(key)?.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub fn one(&self, key: &str) -> Option<(&'static str, &Item)> {
        self.item(key)?.one()
    }

    pub fn list(&self, key: &str) -> &[Item] {
        match self.item(key).map(|item| &item.value) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    pub fn free(&self, key: &str) -> &[(String, Item)] {
        match self.item(key).map(|item| &item.value) {
            Some(Value::Free(entries)) => entries,
            _ => &[],
        }
    }

    pub fn word(&self, key: &str) -> Option<&'static str> {
        self.item(key)?.word()
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.item(key)?.text()
    }

    pub fn boolean(&self, key: &str) -> Option<bool> {
        match self.item(key)?.value {
            Value::Boolean(value) => Some(value),
            _ => None,
        }
    }

    pub fn count(&self, key: &str) -> Option<u64> {
        self.item(key)?.count()
    }

    pub fn number(&self, key: &str) -> Option<&str> {
        self.item(key)?.number()
    }

    pub fn duration(&self, key: &str) -> Option<Duration> {
        match self.item(key)?.value {
            Value::Duration(duration) => Some(duration),
            _ => None,
        }
    }

    pub fn secret(&self, key: &str) -> Option<&SecretReference> {
        self.item(key)?.secret()
    }

    pub fn size(&self, key: &str) -> Option<u64> {
        match self.item(key)?.value {
            Value::Size(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// This map on top of another: maps are merged, everything else is replaced as a whole.
    #[must_use]
    pub fn over(mut self, below: &Map) -> Self {
        for (name, lower) in &below.entries {
            match self.entries.iter_mut().find(|(own, _)| own == name) {
                None => self.entries.push((name, lower.clone())),
                Some((_, Some(Item { value: Value::Map(upper), .. }))) => {
                    if let Some(Item { value: Value::Map(lower), .. }) = lower {
                        *upper = upper.clone().over(lower);
                    }
                }
                Some((_, Some(Item { value: Value::Free(upper), .. }))) => {
                    if let Some(Item { value: Value::Free(lower), .. }) = lower {
                        let missing =
                            lower.iter().filter(|(key, _)| !upper.iter().any(|(own, _)| own == key));
                        let missing: Vec<_> = missing.cloned().collect();
                        upper.extend(missing);
                    }
                }
                Some(_) => {}
            }
        }
        self
    }
}

impl Item {
    pub fn one(&self) -> Option<(&'static str, &Item)> {
        match &self.value {
            Value::One(name, item) => Some((name, item)),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn word(&self) -> Option<&'static str> {
        match self.value {
            Value::Word(word) => Some(word),
            _ => None,
        }
    }

    pub fn count(&self) -> Option<u64> {
        match self.value {
            Value::Count(count) => Some(count),
            _ => None,
        }
    }

    pub fn secret(&self) -> Option<&SecretReference> {
        match &self.value {
            Value::Secret(reference) => Some(reference),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<&str> {
        match &self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub fn map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }
}
