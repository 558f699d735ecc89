//! Words of a SQL statement, as far as names can be found by them: this is no parser of SQL.

use std::iter::Peekable;
use std::str::CharIndices;

/// A word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word in lower case, as the server folds it: `grant`, `shop_owner`.
    Word(String),
    /// What stood in double quotes: a name, whatever it looks like.
    Quoted(String),
    /// What stood in single quotes.
    Text(String),
    /// Any other character.
    Symbol(char),
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(found) if found == word)
    }

    pub(super) fn is_symbol(&self, symbol: char) -> bool {
        matches!(self, Self::Symbol(found) if *found == symbol)
    }
}

/// Splits a text into statements, and each into its tokens outside of parentheses: arguments of functions and lists
/// of columns would otherwise be taken for keywords.
pub(super) fn statements(text: &str) -> Vec<Vec<Token>> {
    let mut statements = vec![Vec::new()];
    let mut depth = 0_u32;
    for token in tokens(text) {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth = depth.saturating_sub(1),
            Token::Symbol(';') if depth == 0 => statements.push(Vec::new()),
            token if depth == 0 => {
                if let Some(statement) = statements.last_mut() {
                    statement.push(token);
                }
            }
            _ => {}
        }
    }
    statements.retain(|statement| !statement.is_empty());
    statements
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        match first {
            '"' => tokens.push(Token::Quoted(quoted(&mut rest, '"'))),
            '\'' => tokens.push(Token::Text(quoted(&mut rest, '\''))),
            '-' if text[start..].starts_with("--") => while rest.next_if(|(_, c)| *c != '\n').is_some() {},
            c if is_word(c) => {
                let mut word: String = c.to_lowercase().collect();
                while let Some((_, c)) = rest.next_if(|(_, c)| is_word(*c)) {
                    word.extend(c.to_lowercase());
                }
                tokens.push(Token::Word(word));
            }
            c if c.is_whitespace() => {}
            c => tokens.push(Token::Symbol(c)),
        }
    }
    tokens
}

/// Up to the closing quote; a doubled quote stands for itself.
fn quoted(rest: &mut Peekable<CharIndices<'_>>, quote: char) -> String {
    let mut inner = String::new();
    while let Some((_, c)) = rest.next() {
        if c == quote && rest.next_if(|(_, next)| *next == quote).is_none() {
            break;
        }
        inner.push(c);
    }
    inner
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}
