//! Small pieces of sentences.

use std::fmt::Display;
use std::time::Duration;

/// An age or a limit in its two largest units: `3 h 12 min`, `45 s`, `12 d`.
pub(super) fn age(seconds: f64) -> String {
    // A negative or absurd number saturates, it does not panic.
    let total = Duration::try_from_secs_f64(seconds.max(0.0)).map_or(u64::MAX, |d| d.as_secs());
    let (large, large_unit, small, small_unit) = match total {
        0..60 => return format!("{total} s"),
        60..3600 => (total / 60, "min", total % 60, "s"),
        3600..86400 => (total / 3600, "h", total % 3600 / 60, "min"),
        _ => (total / 86400, "d", total % 86400 / 3600, "h"),
    };
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

/// At most ten of them; a list of thousands helps nobody.
pub(super) fn list(items: &[impl Display]) -> String {
    let mut shown: Vec<String> = items.iter().take(10).map(ToString::to_string).collect();
    if items.len() > shown.len() {
        shown.push(format!("and {} more", items.len() - shown.len()));
    }
    shown.join(", ")
}

/// A name that came out of a backup: what would steer a terminal or turn the reading direction is a question mark.
pub(super) fn safe_name(name: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    name.chars().map(|c| if steers(c) { '?' } else { c }).collect()
}

/// `schema.table` of a restored database, safe to print.
pub(super) fn safe_pair(schema: &str, name: &str) -> String {
    format!("{}.{}", safe_name(schema), safe_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_their_two_largest_units() {
        let told = [0.0, 59.9, 60.0, 3599.0, 11_520.0, 93_600.0, -5.0, f64::NAN, f64::INFINITY].map(age);
        assert_eq!(told[..6], ["0 s", "59 s", "1 min", "59 min 59 s", "3 h 12 min", "1 d 2 h"]);
        assert_eq!(told[6..8], ["0 s", "0 s"]);
        assert!(told[8].ends_with(" h"), "an endless age must still be told: {}", told[8]);
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        assert_eq!(list(&[1, 2]), "1, 2");
        assert!(list(&(0..13).collect::<Vec<_>>()).ends_with("9, and 3 more"));
    }

    #[test]
    fn a_name_cannot_steer_a_terminal() {
        assert_eq!(safe_pair("a\u{1b}[2J", "b\u{202e}c"), "a?[2J.b?c");
    }
}
