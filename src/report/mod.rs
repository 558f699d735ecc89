//! A record as bytes, for whoever reads it: a program ([`json()`]), a terminal ([`text()`]), a browser ([`html()`]).
//!
//! Pure: nothing here knows the time, a file or an environment. Text and page are drawn from one `view`, in which
//! every foreign string has already been made harmless ([`crate::record::visible`]); JSON carries the strings as they are, because
//! its own escaping is enough and a program wants the very name.

mod history;
mod html;
mod json;
mod json_parts;
mod json_rehearsals;
pub mod mail;
mod page;
mod status;
mod text;
mod view;

pub use history::{history_json, history_text};
pub use html::html;
pub use json::{json, outward_json};
pub use status::{broken_files_json, status_json, status_text};
pub use text::text;

/// How a text is to look: decided by the shell, which knows the terminal and the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours, beside the words that say the same.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
}
