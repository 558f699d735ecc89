//! Scalars against their forms: each is read, or told why not, with an example of how it is written.

use jiff::tz::TimeZone;

use super::check::TableName;
use super::fault::{At, Code, Faults};
use super::form::Form;
use super::scalar::{self, Plain};
use super::secret::shown;
use super::value::Value;
use crate::model::DrillName;

/// The longest text of one line: no name, path or address is longer.
const LONGEST_LINE: usize = 4_096;

/// Reads a scalar as a form.
pub(super) fn read(at: At, text: &str, plain: bool, form: &Form, out: &mut Faults) -> Option<Value> {
    let kind = if plain { scalar::plain(text) } else { Plain::Text };
    if kind == Plain::Null {
        out.error(at, Code::WrongType, format!("{} is wanted, this is nothing", form.wanted()));
        if let Some(example) = form.example() {
            out.hint(example);
        }
        return None;
    }
    let value = match form {
        Form::Text | Form::Lines | Form::Path => return line(at, text, kind, form, out),
        Form::Scalar => {
            return line(at, text, Plain::Text, &Form::Lines, out).map(|_| as_written(text, plain));
        }
        Form::Boolean => match (text, plain) {
            ("true", true) => Some(Value::Boolean(true)),
            ("false", true) => Some(Value::Boolean(false)),
            _ => None,
        },
        Form::Count => scalar::count(text).map(Value::Count),
        Form::Number => scalar::number(text).map(Value::Number),
        Form::Delay => scalar::duration(text).map(Value::Duration),
        Form::Duration => scalar::duration(text).filter(|duration| !duration.is_zero()).map(Value::Duration),
        Form::Size => scalar::size(text).filter(|bytes| *bytes > 0).map(Value::Size),
        Form::Percent => {
            text.strip_suffix('%').and_then(scalar::thousandths).map(|_| as_written(text, plain))
        }
        Form::Instant => text.parse::<jiff::Timestamp>().ok().map(|_| as_written(text, plain)),
        Form::Zone => TimeZone::get(text).ok().map(|_| Value::Text(text.to_owned())),
        Form::DrillName => text.parse::<DrillName>().ok().map(|_| Value::Text(text.to_owned())),
        Form::Table => TableName::parse(text).map(|_| Value::Text(text.to_owned())),
        Form::Sqlstate => is_sqlstate(text).then(|| Value::Text(text.to_owned())),
        // Its meaning depends on its neighbours: `schedule` looks at it.
        Form::Cron => Some(Value::Text(text.to_owned())),
        // Not scalars, or decided before.
        Form::Map(_) | Form::OneOf(_) | Form::Free(_) | Form::List(..) | Form::Words(_) | Form::Secret => {
            None
        }
        Form::Either(_) | Form::Named(..) => return None,
    };
    if value.is_none() {
        refuse(at, text, kind, form, out);
    }
    value
}

fn as_written(text: &str, plain: bool) -> Value {
    Value::Scalar { text: text.to_owned(), plain }
}

/// A number where a duration belongs is of the wrong type; `15 minutes` is of the right one and badly written.
fn refuse(at: At, text: &str, kind: Plain, form: &Form, out: &mut Faults) {
    if matches!(form, Form::Duration | Form::Delay) && scalar::is_too_long(text) {
        let told = format!("`{}` is more than a hundred years", out.shown(at, text));
        out.error(at, Code::BadValue, told).hint(form.example().unwrap_or_default());
        return;
    }
    let numeric = kind == Plain::Number || text.starts_with(|c: char| c.is_ascii_digit());
    let code = match form {
        Form::Boolean => Code::WrongType,
        Form::Count | Form::Number if !numeric => Code::WrongType,
        Form::Count | Form::Number => Code::BadValue,
        _ if kind == Plain::Number => Code::WrongType,
        _ => Code::BadValue,
    };
    let told = format!("`{}` is not {}", out.shown(at, text), form.wanted());
    out.error(at, code, told);
    let unit = |unit: &str| format!("a unit is missing: write {text}{unit}");
    let hint = match form {
        Form::Duration | Form::Delay if scalar::count(text).is_some_and(|n| n > 0) => Some(unit("m")),
        Form::Size if scalar::count(text).is_some_and(|n| n > 0) => Some(unit("MB")),
        Form::Duration | Form::Size if text.starts_with('0') => {
            Some("it must be more than nothing".to_owned())
        }
        Form::Zone => zone_hint(text),
        Form::Table => table_hint(text).or_else(|| form.example().map(str::to_owned)),
        _ => form.example().map(str::to_owned),
    };
    if let Some(hint) = hint {
        out.hint(hint);
    }
}

/// `app.Weird Table`: what SQL wants in quotes.
fn table_hint(text: &str) -> Option<String> {
    let (schema, table) = text.split_once('.').unwrap_or(("public", text));
    let part = |part: &str| match TableName::parse(part) {
        Some(_) => part.to_owned(),
        None => format!("\"{part}\""),
    };
    let quoted = format!("{}.{}", part(schema), part(table));
    let can_be_meant =
        !text.contains(['"', '\'']) && shown(text) == text && TableName::parse(&quoted).is_some();
    can_be_meant.then(|| format!("put a name with spaces or signs in double quotes: '{quoted}'"))
}

/// `europe/berlin`, `Europe/Berlln`.
fn zone_hint(text: &str) -> Option<String> {
    let lower: String = text.to_lowercase().chars().take(64).collect();
    let score = |name: &str| strsim::jaro_winkler(&lower, &name.to_lowercase());
    let names = jiff::tz::db().available().map(|name| (score(name.as_str()), name.to_string()));
    let nearest = names.filter(|(score, _)| *score > 0.9).max_by(|a, b| a.0.total_cmp(&b.0));
    nearest
        .map(|(_, name)| format!("did you mean `{name}`?"))
        .or_else(|| Form::Zone.example().map(str::to_owned))
}

fn line(at: At, text: &str, kind: Plain, form: &Form, out: &mut Faults) -> Option<Value> {
    let lines = matches!(form, Form::Lines);
    let control = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\t' | '\r'));
    if kind != Plain::Text {
        let what = if kind == Plain::Number { "a number" } else { "a truth value" };
        let shown = out.shown(at, text);
        out.error(at, Code::WrongType, format!("text is wanted, `{shown}` is {what}"))
            .hint(format!("put it in quotes: \"{shown}\""));
    } else if text.trim().is_empty() {
        out.error(at, Code::BadValue, "the text is empty").hint("remove the key, or say something");
    } else if text.contains(control) {
        out.error(at, Code::BadValue, "a control character or line break in a text of one line")
            .hint("remove it");
    } else if !lines && text.len() > LONGEST_LINE {
        out.error(
            at,
            Code::BadValue,
            format!("a text of {} bytes; at most {LONGEST_LINE} make sense here", text.len()),
        );
    } else {
        return Some(Value::Text(text.to_owned()));
    }
    None
}

fn is_sqlstate(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}
