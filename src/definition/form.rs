//! What may stand where: one description of the format, from which the decoder, the JSON Schema and the tests are made,
//! so that they cannot disagree. The tables themselves are in [`super::keys`].

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// A map with these keys, in groups so that common ones are written once.
    Map(&'static [&'static [Key]]),
    /// A map with exactly one of these keys.
    OneOf(&'static [Key]),
    /// A map from any word to this.
    Free(&'static Form),
    /// A list of these, with at least so many.
    List(&'static Form, usize),
    /// The first of these that fits what kind of node it is.
    Either(&'static [Form]),
    /// A form that the schema names, because it is used in several places.
    Named(&'static str, &'static Form),
    /// One of these words.
    Words(&'static [Word]),
    /// Text of one line.
    Text,
    /// Text of possibly several lines.
    Lines,
    /// Text, number or boolean, as it is written.
    Scalar,
    /// `true` or `false`.
    Boolean,
    /// A whole number from 0, underscores allowed.
    Count,
    /// A decimal number, underscores allowed.
    Number,
    /// `90s`, `1h30m`, `8d`; more than nothing.
    Duration,
    /// A duration that may be `0s`.
    Delay,
    /// `10MB`, `4GiB`; more than nothing.
    Size,
    /// `1%`.
    Percent,
    /// RFC 3339.
    Instant,
    /// IANA name of a time zone.
    Zone,
    /// Five fields of cron.
    Cron,
    /// A drill's name.
    DrillName,
    /// `orders`, `public.orders`, `"My Schema"."Orders"`.
    Table,
    /// Five characters.
    Sqlstate,
    /// A path, relative to the file that holds it.
    Path,
    /// A reference to a secret: `{ env: NAME }` or `{ file: PATH }`.
    Secret,
}

/// One key of a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub name: &'static str,
    pub form: Form,
    /// For people, in editors: what it means.
    pub doc: &'static str,
    /// For people: what holds without it.
    pub default: Option<&'static str>,
    pub required: bool,
    pub support: Support,
}

/// One of the words that a value may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub name: &'static str,
    pub support: Support,
}

/// Whether this version does what the format promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    Full,
    /// Known and checked for form. A run without it would do something else, so there is no run.
    Refused,
    /// Known and checked for form. Every run does the same without it.
    Ignored,
}

/// A key with its meaning.
pub(super) const fn key(name: &'static str, form: Form, doc: &'static str) -> Key {
    Key { name, form, doc, default: None, required: false, support: Support::Full }
}

impl Key {
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// Not in this version, and without it the run would be another one.
    pub const fn refused(self) -> Self {
        Self { support: Support::Refused, ..self }
    }

    /// Not in this version, and every run is the same without it.
    pub const fn ignored(self) -> Self {
        Self { support: Support::Ignored, ..self }
    }
}

/// A word that this version knows.
pub(super) const fn word(name: &'static str) -> Word {
    Word { name, support: Support::Full }
}

/// A word of a later version.
pub(super) const fn later(name: &'static str) -> Word {
    Word { name, support: Support::Refused }
}

impl Form {
    /// The keys that a map of this form may have, if it is one.
    pub fn keys(&self) -> Vec<&'static Key> {
        match *self {
            Self::Map(groups) => groups.iter().copied().flatten().collect(),
            Self::OneOf(keys) => keys.iter().collect(),
            Self::Named(_, form) => form.keys(),
            Self::Either(forms) => forms.iter().flat_map(Self::keys).collect(),
            Self::Secret => super::keys::SECRET.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// What is wanted, for a message: "a duration such as 15m".
    pub fn wanted(&self) -> &'static str {
        match *self {
            Self::Map(_) | Self::OneOf(_) | Self::Free(_) => "a map of keys",
            Self::List(..) => "a list",
            Self::Either(forms) => forms.first().map_or("a value", Self::wanted),
            Self::Named(_, form) => form.wanted(),
            Self::Words(_) => "a word",
            Self::Text | Self::Lines => "text",
            Self::Scalar => "text or a number",
            Self::Boolean => "true or false",
            Self::Count => "a whole number",
            Self::Number => "a number",
            Self::Duration | Self::Delay => "a duration",
            Self::Size => "a size",
            Self::Percent => "a percentage",
            Self::Instant => "an instant",
            Self::Zone => "a time zone",
            Self::Cron => "a cron expression",
            Self::DrillName => "a drill's name",
            Self::Table => "a table's name",
            Self::Sqlstate => "an SQLSTATE",
            Self::Path => "a path",
            Self::Secret => "a reference to a secret",
        }
    }

    /// How it is written, for a hint.
    pub fn example(&self) -> Option<&'static str> {
        Some(match *self {
            Self::Either(forms) => forms.iter().find_map(Self::example)?,
            Self::Named(_, form) => form.example()?,
            Self::Boolean => "write true or false, without quotes",
            Self::Count => "write digits, such as 1000 or 1_000_000",
            Self::Number => "write a decimal number, such as 1000 or 0.5",
            Self::Duration => "write 15m, 26h or 8d",
            Self::Delay => "write 0s, 15m or 8d",
            Self::Size => "write 10MB or 4GiB",
            Self::Percent => "write 1%",
            Self::Instant => "write an instant with its zone, such as 2026-11-01T00:00:00Z",
            Self::Zone => "write a name of the IANA database, such as Europe/Berlin",
            Self::Cron => "write five fields in quotes, such as \"30 3 * * Mon-Fri\"",
            Self::DrillName => "use a-z, 0-9 and -, beginning with a letter or digit, at most 63 characters",
            Self::Table => "write schema.table, such as public.orders",
            Self::Sqlstate => "write five digits or capital letters, such as 42P06",
            Self::Secret => "write { env: NAME } or { file: PATH }",
            Self::List(..) => "write [ … ], or one item a line, each after a -",
            _ => return None,
        })
    }
}
