//! Names of things: runs, stores, drills.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A run's identity: a ULID, 26 characters, sortable by the time the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(ulid::Ulid);

impl RunId {
    /// Wraps an identifier that the shell has drawn (the model draws nothing: it has no clock and no randomness).
    pub fn new(id: ulid::Ulid) -> Self {
        Self(id)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self).map_err(|_| InvalidId { text: text.to_owned() })
    }
}

/// A store's identity: every object on an engine carries it as a label, and nothing without it is ever touched.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoreId(String);

impl StoreId {
    /// Wraps the identifier that a store drew when it was created.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The text that labels carry.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A drill's name: `a-z`, `0-9` and `-`, beginning with a letter or digit, at most 63 characters, so that it is safe
/// in container names, labels, file names and mail headers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DrillName(String);

impl DrillName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DrillName {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let valid = text.len() <= 63 && text.starts_with(plain) && text.chars().all(|c| plain(c) || c == '-');
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidId { text: text.to_owned() }) }
    }
}

impl TryFrom<String> for DrillName {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<DrillName> for String {
    fn from(name: DrillName) -> Self {
        name.0
    }
}

impl fmt::Display for DrillName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid name")]
pub struct InvalidId {
    /// What was found.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h7_a_drill_name_is_safe_everywhere_it_is_written() {
        for good in ["orders", "0-a", "orders-nightly-2"] {
            assert!(good.parse::<DrillName>().is_ok(), "{good}");
        }
        let long = "x".repeat(64);
        for bad in ["", "-a", "Orders", "a b", "a_b", "a\r\nBcc: x", "ö", long.as_str()] {
            assert!(bad.parse::<DrillName>().is_err(), "{bad:?}");
        }
    }
}
