//! Looks over a whole document for secrets that are written out, wherever they stand: a wrong key keeps its secret's
//! text from being refused by its form.

use super::fault::{At, Code, Faults};
use super::tree::{Kind, Node};
use super::{confidential, secret};

const HINT: &str = "write { env: NAME } or { file: PATH } where a secret is wanted, remove it elsewhere, and change it: it has been in this file";

/// Tells every scalar that looks like a secret, and keeps back what may be one by where it stands.
pub(super) fn secrets(root: &Node, out: &mut Faults) {
    for at in confidential::texts(root) {
        out.keep_back(at);
    }
    tell_all(root, out);
}

fn tell_all(node: &Node, out: &mut Faults) {
    match &node.kind {
        _ if out.is_full() => {}
        Kind::Scalar { text, .. } => text_is_harmless(node.at, text, out),
        Kind::Refused => {}
        Kind::List(items) => items.iter().for_each(|item| tell_all(item, out)),
        Kind::Map(entries) => {
            for entry in entries {
                text_is_harmless(entry.key_at, &entry.key, out);
                match &entry.value.kind {
                    Kind::Scalar { text, .. } if secret::names_a_secret(&entry.key) && !text.is_empty() => {
                        tell(entry.value.at, "a secret is written out", out);
                    }
                    _ => tell_all(&entry.value, out),
                }
            }
        }
    }
}

fn text_is_harmless(at: At, text: &str, out: &mut Faults) {
    if !secret::found(text).is_empty() {
        tell(at, "this text looks like a secret", out);
    }
}

/// Tells a literal secret, once for each text.
pub(super) fn tell(at: At, message: &str, out: &mut Faults) {
    tell_with(at, message, HINT, out);
}

/// The same, where it is known what should be written.
pub(super) fn tell_with(at: At, message: &str, hint: &str, out: &mut Faults) {
    if !out.has_secret_at(at) {
        out.error(at, Code::LiteralSecret, message).hint(hint);
    }
}
