//! Versions of database servers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// PostgreSQL's major version: `15`, `17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MajorVersion(pub u16);

impl fmt::Display for MajorVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A server's version as it writes it of itself (`15.18`, `15.18 (Debian 15.18-0+deb12u1)`), and its major.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerVersion {
    /// The number without the vendor's addition: `15.18`.
    pub number: String,
    /// The major version.
    pub major: MajorVersion,
}

impl ServerVersion {
    /// Reads `15.18 (Debian …)`, `17.2`, `18beta1`, `9.6.24`; `None` where no number leads the text.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.split_whitespace().next()?;
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        let major = MajorVersion(digits.parse().ok()?);
        let safe = number.len() <= 20 && number.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
        safe.then(|| Self { number: number.to_owned(), major })
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_servers_write_them() {
        let read = |text| ServerVersion::parse(text).map(|v| (v.number, v.major.0));
        assert_eq!(read("15.18 (Debian 15.18-0+deb12u1)"), Some(("15.18".into(), 15)));
        assert_eq!(read("18beta1"), Some(("18beta1".into(), 18)));
        assert_eq!(read("9.6.24"), Some(("9.6.24".into(), 9)));
        assert_eq!(read("unknown"), None);
        assert_eq!(read("15;<script>"), None);
    }
}
