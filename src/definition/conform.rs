//! The collecting decoder: a tree and a form go in, values come out, and every fault on the way is told. Nothing here
//! knows what a drill is; the forms do.

use std::collections::HashSet;

use super::fault::{At, Code, Faults, Span};
use super::form::{Form, Key, Support, Word};
use super::secret::COVERED;
use super::secret_reference::{SecretReference, is_variable};
use super::tree::{Entry, Kind, Node};
use super::value::{Item, Map, Value};
use super::{leaf, scalar};

/// Reads a node as a form; `None` where it is not of the form, and then the fault is told.
pub(super) fn conform(node: &Node, form: &'static Form, out: &mut Faults) -> Option<Item> {
    let value = match (*form, &node.kind) {
        // Told by the tree, or enough was told.
        (_, Kind::Refused) => return None,
        _ if out.is_full() => return None,
        (Form::Named(_, inner), _) => return conform(node, inner, out),
        (Form::Either(forms), _) => return conform(node, choose(node, forms), out),
        (Form::Secret, _) => secret(node, out),
        (Form::Map(groups), Kind::Map(entries)) => {
            let keys: Vec<&'static Key> = groups.iter().copied().flatten().collect();
            Some(Value::Map(map(node.at, entries, &keys, out)))
        }
        (Form::OneOf(keys), Kind::Map(entries)) => one_of(node.at, entries, keys, out),
        (Form::Free(inner), Kind::Map(entries)) => Some(Value::Free(free(entries, inner, out))),
        (Form::List(inner, least), Kind::List(items)) => list(node, items, inner, least, out),
        (Form::Words(words), Kind::Scalar { text, .. }) => one_word(node, text, words, out),
        (Form::Map(_) | Form::OneOf(_) | Form::Free(_) | Form::List(..), _)
        | (_, Kind::Map(_) | Kind::List(_)) => {
            wrong_type(node, form, out);
            None
        }
        (_, Kind::Scalar { text, plain }) => leaf::read(node.at, text, *plain, form, out),
    };
    value.map(|value| Item { value, at: node.at })
}

/// The alternative that fits the kind of node; where none does, the first one says what is wrong.
fn choose(node: &Node, forms: &'static [Form]) -> &'static Form {
    let fits = |form: &&Form| match (form, &node.kind) {
        (Form::Words(words), Kind::Scalar { text, .. }) => words.iter().any(|word| word.name == text),
        (Form::Map(_) | Form::OneOf(_) | Form::Free(_) | Form::Secret, kind) => matches!(kind, Kind::Map(_)),
        (Form::List(..), kind) => matches!(kind, Kind::List(_)),
        (Form::Instant, Kind::Scalar { text, .. }) => text.starts_with(|c: char| c.is_ascii_digit()),
        (_, kind) => matches!(kind, Kind::Scalar { .. }),
    };
    forms.iter().find(fits).unwrap_or(&forms[0])
}

fn wrong_type(node: &Node, form: &Form, out: &mut Faults) {
    if let Some(hint) = secret_in_its_stead(node, form) {
        super::lint::tell_with(node.at, "a secret is written out", &hint, out);
        return;
    }
    let found = match &node.kind {
        Kind::Map(_) => "a map".to_owned(),
        Kind::List(_) => "a list".to_owned(),
        Kind::Scalar { text, plain } if is_nothing(text, *plain) => "nothing".to_owned(),
        Kind::Refused => return,
        Kind::Scalar { text, .. } => match out.shown(node.at, text) {
            shown if shown == COVERED => "a text".to_owned(),
            shown => format!("`{shown}`"),
        },
    };
    out.error(node.at, Code::WrongType, format!("{} is wanted, this is {found}", form.wanted()));
    let hint = form.example().map(str::to_owned).or_else(|| keys_hint(node, form));
    if let Some(hint) = hint {
        out.hint(hint);
    }
}

/// `webhook: https://…` instead of `webhook: { url: { env: NAME } }`.
fn secret_in_its_stead(node: &Node, form: &Form) -> Option<String> {
    let Kind::Scalar { text, plain } = &node.kind else { return None };
    let wanted = form.keys().into_iter().filter(|key| key.required && matches!(key.form, Form::Secret));
    let wanted: Vec<String> = wanted.map(|key| format!("{}: {{ env: NAME }}", key.name)).collect();
    let hint = format!("write {{ {} }}, and change it: it has been in this file", wanted.join(", "));
    (!wanted.is_empty() && !is_nothing(text, *plain)).then_some(hint)
}

/// `- sequences` instead of `- sequences: {}` is the mistake that everybody makes once.
fn keys_hint(node: &Node, form: &Form) -> Option<String> {
    let keys = form.keys();
    match (&node.kind, form) {
        (Kind::Scalar { text, .. }, _) if keys.iter().any(|key| key.name == text) => {
            Some(format!("write `{text}: {{}}`"))
        }
        (Kind::Scalar { text, plain }, Form::Map(_))
            if is_nothing(text, *plain) && keys.iter().all(|key| !key.required) =>
        {
            Some("write {} where nothing is to be said".to_owned())
        }
        (_, Form::Free(_)) => Some("write { key: value }".to_owned()),
        _ => (!keys.is_empty()).then(|| format!("it takes {}", names(&keys))),
    }
}

/// A key without a value; the parser writes it as `~`.
fn is_nothing(text: &str, plain: bool) -> bool {
    plain && scalar::plain(text) == scalar::Plain::Null
}

fn names(keys: &[&'static Key]) -> String {
    let names: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
    names.join(", ")
}

fn map(at: At, entries: &[Entry], keys: &[&'static Key], out: &mut Faults) -> Map {
    let mut map = Map { at, entries: Vec::new() };
    let written: HashSet<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let absent: Vec<&'static Key> = keys.iter().filter(|key| !written.contains(key.name)).copied().collect();
    for entry in entries.iter().filter(|entry| !entry.duplicate) {
        if out.is_full() {
            break;
        }
        match keys.iter().find(|key| key.name == entry.key) {
            Some(key) => map.entries.push((key.name, value(entry, key, out))),
            None => unknown_key(entry, keys, &absent, &mut map, out),
        }
    }
    for key in keys.iter().filter(|key| key.required) {
        if !map.has(key.name) {
            let start = At { span: Span { length: 1, ..at.span }, ..at };
            out.error(start, Code::MissingKey, format!("`{}` is missing", key.name)).hint(key.doc);
            map.entries.push((key.name, None));
        }
    }
    map
}

/// A key's value, and whether this version can do what it asks for.
fn value(entry: &Entry, key: &'static Key, out: &mut Faults) -> Option<Item> {
    let item = conform(&entry.value, &key.form, out);
    // What holds without the key may be written down.
    let nothing = match &entry.value.kind {
        Kind::List(items) => items.is_empty(),
        Kind::Scalar { text, .. } => key.default == Some(text),
        Kind::Map(_) | Kind::Refused => false,
    };
    if !nothing {
        not_in_this_version(entry.key_at, key.name, key.support, out);
    }
    item
}

fn not_in_this_version(at: At, name: &str, support: Support, out: &mut Faults) {
    let told = format!("`{name}` is not in this version");
    match support {
        Support::Full => {}
        Support::Refused => {
            out.error(at, Code::NotInThisVersion, told)
                .hint("remove it; without it the run would not do what the drill says");
        }
        Support::Ignored => {
            out.warning(at, Code::NotInThisVersion, told)
                .hint("it is ignored; every run is the same without it");
        }
    }
}

fn unknown_key(
    entry: &Entry,
    keys: &[&'static Key],
    absent: &[&'static Key],
    map: &mut Map,
    out: &mut Faults,
) {
    let nearest = nearest(&entry.key, absent.iter().map(|key| key.name));
    let told = format!("unknown key `{}`", out.shown(entry.key_at, &entry.key));
    if let Some(key) = absent.iter().find(|key| Some(key.name) == nearest) {
        let name = key.name;
        out.error(entry.key_at, Code::UnknownKey, format!("{told}, did you mean `{name}`?"));
        if matches!((key.form, &entry.value.kind), (Form::Secret, Kind::Scalar { .. })) {
            conform(&entry.value, &key.form, out);
        }
        // What the misspelt key was meant to say is not missing.
        if !map.has(name) {
            map.entries.push((name, None));
        }
        return;
    }
    let hint = match super::keys::homes(&entry.key) {
        homes if homes.is_empty() => format!("it takes {}", names(keys)),
        homes => format!("`{}` belongs under {}", entry.key, homes.join(" or ")),
    };
    out.error(entry.key_at, Code::UnknownKey, told).hint(hint);
}

/// The most similar of some names, where one is similar at all.
fn nearest(word: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let word: String = word.chars().take(64).collect();
    let scored_of =
        |name: &str| similarity(&word, name).max(strsim::normalized_damerau_levenshtein(&word, name));
    let scored = names.map(|name| (scored_of(name), name)).filter(|(score, _)| *score >= 0.75);
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// Jaro's measure, lifted by a common beginning however small it is: `row_count` is meant as `rows`.
fn similarity(word: &str, name: &str) -> f64 {
    let beginning = word.chars().zip(name.chars()).take(4).take_while(|(a, b)| a == b).count();
    let jaro = strsim::jaro(word, name);
    [0.0, 0.1, 0.2, 0.3, 0.4].get(beginning).map_or(jaro, |lift| jaro + lift * (1.0 - jaro))
}

fn one_of(at: At, entries: &[Entry], keys: &'static [Key], out: &mut Faults) -> Option<Value> {
    let all: Vec<&'static Key> = keys.iter().collect();
    let map = map(at, entries, &all, out);
    match map.entries.as_slice() {
        [(name, item)] => item.clone().map(|item| Value::One(name, Box::new(item))),
        [] if entries.is_empty() => {
            out.error(at, Code::MissingKey, "nothing is chosen")
                .hint(format!("write one of {}", names(&all)));
            None
        }
        [] => None,
        several => {
            let found: Vec<String> = several.iter().map(|(name, _)| format!("`{name}`")).collect();
            let told = format!("{} exclude each other", found.join(" and "));
            let hint = "keep one; in a list, begin each with a - of its own";
            out.error(at, Code::Impossible, told).hint(hint);
            None
        }
    }
}

fn free(entries: &[Entry], form: &'static Form, out: &mut Faults) -> Vec<(String, Item)> {
    let entries = entries.iter().filter(|entry| !entry.duplicate);
    entries.filter_map(|entry| Some((entry.key.clone(), conform(&entry.value, form, out)?))).collect()
}

fn list(node: &Node, items: &[Node], form: &'static Form, least: usize, out: &mut Faults) -> Option<Value> {
    if items.len() < least {
        let told = format!("{} of at least {least} {}", "a list", if least == 1 { "item" } else { "items" });
        out.error(node.at, Code::BadValue, format!("{told} is wanted, this one has {}", items.len()));
        return None;
    }
    let read: Vec<Item> = items.iter().filter_map(|item| conform(item, form, out)).collect();
    // A list with a faulty item is kept, so that the others are looked at; the fault alone refuses the drill. It may have been
    // told before, of an alias or a secret somewhere inside.
    debug_assert!(
        read.len() == items.len() || out.errors() > 0 || out.is_full(),
        "an item vanished without a fault"
    );
    Some(Value::List(read))
}

fn one_word(node: &Node, text: &str, words: &'static [Word], out: &mut Faults) -> Option<Value> {
    if let Some(word) = words.iter().find(|word| word.name == text) {
        not_in_this_version(node.at, word.name, word.support, out);
        return Some(Value::Word(word.name));
    }
    let told = format!("`{}` is none of the words that it can be", out.shown(node.at, text));
    let all: Vec<&str> = words.iter().map(|word| word.name).collect();
    let hint = match nearest(text, words.iter().map(|word| word.name)) {
        Some(name) => format!("did you mean `{name}`? It can be {}", all.join(", ")),
        None => format!("it can be {}", all.join(", ")),
    };
    out.error(node.at, Code::BadValue, told).hint(hint);
    None
}

fn variable(name: &Item, out: &mut Faults) -> Option<Value> {
    let text = name.text()?;
    if !is_variable(text) {
        let hint = "write the name of an environment variable, of letters, digits and _; and change what stands here if it is the secret itself";
        super::lint::tell_with(name.at, "this can't be the name of an environment variable", hint, out);
        return None;
    }
    Some(Value::Secret(SecretReference::Environment(text.to_owned())))
}

fn secret(node: &Node, out: &mut Faults) -> Option<Value> {
    match &node.kind {
        Kind::Map(entries) => match one_of(node.at, entries, super::keys::SECRET, out)? {
            Value::One("env", name) => variable(&name, out),
            Value::One(_, path) => Some(Value::Secret(SecretReference::File(path.text()?.into()))),
            _ => None,
        },
        Kind::Scalar { text, plain } if !is_nothing(text, *plain) => {
            super::lint::tell(node.at, "a secret is written out", out);
            None
        }
        _ => {
            wrong_type(node, &Form::Secret, out);
            None
        }
    }
}
