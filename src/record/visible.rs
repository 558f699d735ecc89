//! Foreign text made harmless: names out of a backup, errors of a server, names of files.
//!
//! Whoever can name a table must not be able to move a cursor, recolour a terminal, turn the reading direction of a
//! verdict around or fill a page. Control characters are shown by their numbers instead of being dropped, so that a
//! person sees that there is something to see.

use std::borrow::Cow;

/// Longest foreign text that a report shows, in characters; JSON is not cut.
const LONGEST: usize = 300;
/// Characters of `… (61 more characters)`.
const STANDS_FOR_THE_REST: usize = 22;

/// The text on one line, with control and direction characters as visible marks, cut after 300 characters.
pub fn visible(text: &str) -> String {
    clipped(text, LONGEST)
}

/// Like [`visible`], cut after `longest` characters. What would be no longer than the words that stand for it is shown.
pub fn clipped(text: &str, longest: usize) -> String {
    let shown = |most: usize| text.chars().take(most).map(mark).collect::<String>();
    match text.chars().count().saturating_sub(longest) {
        ..=STANDS_FOR_THE_REST => shown(longest + STANDS_FOR_THE_REST),
        left => format!("{}… ({left} more characters)", shown(longest)),
    }
}

fn mark(character: char) -> Cow<'static, str> {
    match character {
        '\t' | '\n' | '\r' => Cow::Borrowed(" "),
        _ if is_invisible(character) => Cow::Owned(format!("⟨U+{:04X}⟩", u32::from(character))),
        _ => Cow::Owned(character.to_string()),
    }
}

/// Controls, marks and overrides of direction, separators of lines, and characters of no width that hide in names.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j9_control_characters_are_shown_and_not_obeyed() {
        assert_eq!(visible("a\u{1b}[31mred\u{7}"), "a⟨U+001B⟩[31mred⟨U+0007⟩");
        assert_eq!(visible("one\r\ntwo\tthree"), "one  two three");
        assert_eq!(visible("\u{9b}31m\u{7f}"), "⟨U+009B⟩31m⟨U+007F⟩");
        assert_eq!(visible("gpj.\u{202e}exe\u{200b}"), "gpj.⟨U+202E⟩exe⟨U+200B⟩");
        assert_eq!(visible("Größe 表 🙂"), "Größe 表 🙂");
    }

    #[test]
    fn a_long_name_is_cut_and_says_so() {
        let shown = visible(&"x".repeat(5000));
        assert!(shown.ends_with("x… (4700 more characters)"), "{shown}");
        for short in [300, 322] {
            assert_eq!(
                visible(&"x".repeat(short)),
                "x".repeat(short),
                "its rest is no longer than its words"
            );
        }
        assert!(visible(&"x".repeat(323)).ends_with("x… (23 more characters)"));
    }
}
