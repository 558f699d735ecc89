//! The temporary instance that a snapshot becomes: restored with our tags from its first moment on, not public, in the
//! drill's own subnets and security groups, given a password of ours, deleted with its automated backups.

use aws_sdk_rds::types::{DbInstance, Tag};

/// What every name of ours begins with: nothing of another name is ever deleted.
pub const NAMES: &str = "drillyard-";

/// What a temporary instance is made like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name, which begins with [`NAMES`].
    pub name: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// An instance whose server can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Available {
    /// The name that its certificate is for.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The user whose password is set.
    pub master: String,
    /// The database that it was made with.
    pub database: Option<String>,
    /// Its class.
    pub class: String,
}

/// A tag's key and value by which an instance is known as ours.
pub type Mark<'a> = (&'a str, &'a str);

/// A temporary instance of somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl Listed {
    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.0 == key).map(|tag| tag.1.as_str())
    }
}

pub(super) fn tags_of(instance: &DbInstance) -> Vec<(String, String)> {
    let text = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    instance.tag_list().iter().filter_map(text).collect()
}
