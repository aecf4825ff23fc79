//! What is wrong with a request's shape, as `FastAPI` 422 bodies tell it (facts 0.3): every problem at once.

use std::fmt::Display;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The body of a 422.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HTTPValidationError)]
pub(super) struct Problems {
    /// Every problem, in the order path, query, body.
    pub(super) detail: Vec<Problem>,
}

/// One problem of one value.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ValidationError)]
pub(crate) struct Problem {
    /// Which rule is broken, such as `string_too_short`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Where: `path`, `query`, `header` or `body`, then the name, or the offset where JSON ends being JSON.
    pub(super) loc: Vec<Place>,
    /// A sentence for people.
    pub(super) msg: String,
    /// The offending value; never a secret.
    pub(super) input: Value,
    /// The rule's own numbers and names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ctx: Option<Box<Value>>,
}

/// A step on the way to a value.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Place {
    /// A part of the request or a name in it.
    Name(&'static str),
    /// Characters from the start, or entries of a list.
    Offset(usize),
}

impl Problem {
    fn new(kind: &'static str, msg: impl Into<String>) -> Self {
        Self { kind, loc: Vec::new(), msg: msg.into(), input: Value::Null, ctx: None }
    }

    fn with(mut self, ctx: Value) -> Self {
        self.ctx = Some(Box::new(ctx));
        self
    }

    /// The same problem, of this part of the request.
    pub(super) fn at<const N: usize>(mut self, loc: [Place; N]) -> Self {
        self.loc = loc.into();
        self
    }

    /// A value, or the whole body, is not there.
    pub(super) fn missing() -> Self {
        Self::new("missing", "Field required")
    }

    /// The body is JSON, or something else, but no object. It is not shown: nobody knows what is in it.
    pub(super) fn no_object() -> Self {
        let msg = "Input should be a valid dictionary or object to extract fields from";
        Self::new("model_attributes_type", msg).at([Place::Name("body")])
    }

    /// The body says it is JSON and is not.
    pub(super) fn no_json(offset: usize, error: &str) -> Self {
        let mut problem = Self::new("json_invalid", "JSON decode error").with(json!({ "error": error }));
        problem.input = json!({});
        problem.at([Place::Name("body"), Place::Offset(offset)])
    }

    /// A header's value is refused.
    pub(super) fn of_header(name: &'static str, why: &str) -> Self {
        let problem = Self::new("value_error", format!("Value error, {why}"));
        problem.with(json!({ "error": why })).at([Place::Name("header"), Place::Name(name)])
    }

    pub(super) fn no_string() -> Self {
        Self::new("string_type", "Input should be a valid string")
    }

    pub(super) fn too_short(min: usize) -> Self {
        let msg = format!("String should have at least {min} character{}", if min == 1 { "" } else { "s" });
        Self::new("string_too_short", msg).with(json!({ "min_length": min }))
    }

    pub(super) fn too_long(max: usize) -> Self {
        let msg = format!("String should have at most {max} characters");
        Self::new("string_too_long", msg).with(json!({ "max_length": max }))
    }

    pub(super) fn no_match(pattern: &str) -> Self {
        let msg = format!("String should match pattern '{pattern}'");
        Self::new("string_pattern_mismatch", msg).with(json!({ "pattern": pattern }))
    }

    pub(super) fn no_email(reason: &str) -> Self {
        let msg = format!("value is not a valid email address: {reason}");
        Self::new("value_error", msg).with(json!({ "reason": reason }))
    }

    pub(super) fn no_int() -> Self {
        Self::new("int_type", "Input should be a valid integer")
    }

    pub(super) fn no_int_in_text() -> Self {
        let msg = "Input should be a valid integer, unable to parse string as an integer";
        Self::new("int_parsing", msg)
    }

    pub(super) fn fractional() -> Self {
        let msg = "Input should be a valid integer, got a number with a fractional part";
        Self::new("int_from_float", msg)
    }

    pub(super) fn oversized() -> Self {
        let msg = "Unable to parse input string as an integer, exceeded maximum size";
        Self::new("int_parsing_size", msg)
    }

    pub(super) fn no_number() -> Self {
        Self::new("float_type", "Input should be a valid number")
    }

    pub(super) fn no_number_in_text() -> Self {
        let msg = "Input should be a valid number, unable to parse string as a number";
        Self::new("float_parsing", msg)
    }

    pub(super) fn infinite() -> Self {
        Self::new("finite_number", "Input should be a finite number")
    }

    pub(super) fn no_list() -> Self {
        Self::new("list_type", "Input should be a valid list")
    }

    pub(super) fn no_items() -> Self {
        let msg = "List should have at least 1 item after validation, not 0";
        let ctx = json!({ "field_type": "List", "min_length": 1, "actual_length": 0 });
        Self { input: json!([]), ..Self::new("too_short", msg).with(ctx) }
    }

    /// A value that is of its type, and yet none.
    pub(super) fn bad(why: &str) -> Self {
        Self::new("value_error", format!("Value error, {why}")).with(json!({ "error": why }))
    }

    pub(super) fn too_small(min: impl Into<Value> + Display) -> Self {
        let msg = format!("Input should be greater than or equal to {min}");
        Self::new("greater_than_equal", msg).with(json!({ "ge": min.into() }))
    }

    pub(super) fn too_great(max: impl Into<Value> + Display) -> Self {
        let msg = format!("Input should be less than or equal to {max}");
        Self::new("less_than_equal", msg).with(json!({ "le": max.into() }))
    }

    pub(super) fn no_choice(choices: &[&str]) -> Self {
        let quoted: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
        let expected = match quoted.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => quoted.concat(),
        };
        let msg = format!("Input should be {expected}");
        Self::new("enum", msg).with(json!({ "expected": expected }))
    }

    pub(super) fn no_uuid(error: &uuid::Error) -> Self {
        let msg = format!("Input should be a valid UUID, {error}");
        Self::new("uuid_parsing", msg).with(json!({ "error": error.to_string() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_fastapi_writes_it() {
        let mut problem = Problem::too_short(1).at([Place::Name("body"), Place::Name("name")]);
        problem.input = json!("");
        assert_eq!(
            serde_json::to_string(&problem).expect("json"),
            r#"{"type":"string_too_short","loc":["body","name"],"msg":"String should have at least 1 character","input":"","ctx":{"min_length":1}}"#
        );
        assert_eq!(
            serde_json::to_string(&Problem::no_json(3, "expected value")).expect("json"),
            r#"{"type":"json_invalid","loc":["body",3],"msg":"JSON decode error","input":{},"ctx":{"error":"expected value"}}"#
        );
    }

    #[test]
    fn choices_are_listed_with_commas_and_an_or() {
        let msg = |choices: &[&str]| Problem::no_choice(choices).msg;
        assert_eq!(msg(&["a"]), "Input should be 'a'");
        assert_eq!(msg(&["a", "b"]), "Input should be 'a' or 'b'");
        assert_eq!(msg(&["a", "b", "c"]), "Input should be 'a', 'b' or 'c'");
    }
}
