//! The HTML part of a letter: one table layout that mail programs accept, no script, nothing remote.
//!
//! What every program obeys stands inline; the style sheet in the head adds the dark and the narrow, for those that
//! read it. The template escapes everything.

use askama::Template;

use super::body::Body;
use crate::report::status::{Measured, Row};
use crate::report::view::Tone;

#[derive(Template)]
#[template(path = "mail/letter.html", config = "src/report/askama.toml")]
struct LetterPage<'a> {
    body: &'a Body,
    chart: bool,
}

/// The page; refers to its chart, where it has one, as `cid:chart`.
pub(super) fn html(body: &Body, chart: bool) -> String {
    let page = LetterPage { body, chart };
    page.render().unwrap_or_else(|error| format!("<!doctype html><title>Drillyard</title><p>{error}"))
}

/// Inline colours of the light page, which every mail program obeys.
impl Tone {
    pub(super) fn ink(self) -> &'static str {
        match self {
            Self::Good => "#0b6338",
            Self::Bad => "#a3161b",
            Self::Unsure => "#7a4600",
        }
    }

    pub(super) fn paper(self) -> &'static str {
        match self {
            Self::Good => "#e2f4e9",
            Self::Bad => "#fde7e6",
            Self::Unsure => "#fff0d3",
        }
    }
}

/// Ordinary text of the light page.
const INK: &str = "#1b2330";

/// Only what is bad needs a colour in a table of numbers.
impl Measured {
    pub(super) fn class(&self) -> &'static str {
        self.tone.filter(|tone| *tone == Tone::Bad).map_or("text", Tone::class)
    }

    pub(super) fn ink(&self) -> &'static str {
        self.tone.filter(|tone| *tone == Tone::Bad).map_or(INK, Tone::ink)
    }
}

impl Row {
    /// What is held against an objective.
    pub(super) fn measured(&self) -> [(&'static str, &Measured); 2] {
        [("Recovery time", &self.recovery_time), ("Loss", &self.recovery_point)]
    }

    pub(super) fn rollback_class(&self) -> &'static str {
        self.rollback_tone.filter(|tone| *tone != Tone::Good).map_or("text", Tone::class)
    }

    pub(super) fn rollback_ink(&self) -> &'static str {
        self.rollback_tone.filter(|tone| *tone != Tone::Good).map_or(INK, Tone::ink)
    }
}
