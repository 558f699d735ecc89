//! The JSON Schema of a drill, for editors: made from the forms that the decoder reads by.

use serde_json::{Map, Value, json};

use super::form::{Form, Key, Support};
use super::keys;

/// The schema that `drillyard schema` prints and `drills/drill.schema.json` holds.
pub fn schema() -> Value {
    let mut named = Map::new();
    let drill = of(&keys::DRILL, &mut named);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A drill of Drillyard, format version 1",
    });
    merge(&mut schema, drill);
    merge(&mut schema, json!({ "$defs": named }));
    schema
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn of(form: &Form, named: &mut Map<String, Value>) -> Value {
    match *form {
        Form::Map(groups) => map(&groups.iter().copied().flatten().collect::<Vec<_>>(), named),
        Form::OneOf(keys) => one_of(keys, named),
        Form::Free(inner) => json!({ "type": "object", "additionalProperties": of(inner, named) }),
        Form::List(inner, least) => json!({ "type": "array", "items": of(inner, named), "minItems": least }),
        Form::Either(forms) => {
            json!({ "anyOf": forms.iter().map(|form| of(form, named)).collect::<Vec<_>>() })
        }
        Form::Named(name, inner) => {
            if !named.contains_key(name) {
                // Taken before it is made, so that a form may hold itself.
                named.insert(name.to_owned(), Value::Null);
                let schema = of(inner, named);
                named.insert(name.to_owned(), schema);
            }
            json!({ "$ref": format!("#/$defs/{name}") })
        }
        Form::Words(words) => json!({ "enum": words.iter().map(|word| word.name).collect::<Vec<_>>() }),
        Form::Secret => one_of(keys::SECRET, named),
        _ => scalar(form),
    }
}

/// Counts with underscores are text to YAML 1.2, and durations always are.
fn scalar(form: &Form) -> Value {
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match form {
        Form::Boolean => json!({ "type": "boolean" }),
        Form::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Form::Count => {
            json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, pattern("^(0|[1-9][0-9]*(_[0-9]+)*)$")] })
        }
        Form::Number => {
            json!({ "anyOf": [{ "type": "number" }, pattern(r"^-?(0|[1-9][0-9]*(_[0-9]+)*)(\.[0-9]+(_[0-9]+)*)?$")] })
        }
        Form::Duration | Form::Delay => {
            pattern("^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$")
        }
        Form::Size => pattern(r"^[0-9]+(\.[0-9]{1,3})? *(B|[kK]B|[MGT]B|[KMGT]iB)$"),
        Form::Percent => pattern(r"^[0-9]+(\.[0-9]{1,3})?%$"),
        Form::DrillName => pattern("^[a-z0-9][a-z0-9-]{0,62}$"),
        Form::Sqlstate => json!({ "anyOf": [pattern("^[0-9A-Z]{5}$"), { "type": "number" }] }),
        Form::Instant => json!({ "type": "string", "format": "date-time" }),
        _ => json!({ "type": "string", "minLength": 1 }),
    }
}

fn map(keys: &[&Key], named: &mut Map<String, Value>) -> Value {
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema =
        json!({ "type": "object", "properties": properties(keys, named), "additionalProperties": false });
    if !required.is_empty() {
        merge(&mut schema, json!({ "required": required }));
    }
    schema
}

fn one_of(keys: &[Key], named: &mut Map<String, Value>) -> Value {
    let properties = properties(&keys.iter().collect::<Vec<_>>(), named);
    json!({ "type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1, "maxProperties": 1 })
}

fn properties(keys: &[&Key], named: &mut Map<String, Value>) -> Value {
    let property = |key: &&Key| {
        let mut schema = of(&key.form, named);
        merge(&mut schema, json!({ "description": description(key) }));
        (key.name.to_owned(), schema)
    };
    Value::Object(keys.iter().map(property).collect())
}

fn description(key: &Key) -> String {
    let default = key.default.map(|default| format!(" Default: {default}.")).unwrap_or_default();
    let support = match key.support {
        Support::Full => "",
        Support::Refused => " Not in this version: refused.",
        Support::Ignored => " Not in this version: ignored.",
    };
    format!("{}{default}{support}", key.doc)
}
