//! Fields of a body that change something: what is there has its type, what is null is nothing.

use http::StatusCode;
use serde_json::{Map, Value};

use super::error::{Answer, Fault};

/// The fields, and how a wrong one is told.
pub(super) struct Given {
    pub(super) fields: Map<String, Value>,
    pub(super) error: &'static str,
}

impl Given {
    /// A text; null is an empty one.
    pub(super) fn text(&self, name: &str) -> Answer<Option<String>> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(String::new())),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    /// A whole number from 0; null is 0.
    pub(super) fn number(&self, name: &str) -> Answer<Option<u32>> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(0)),
            Some(value) => {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                number.map(Some).ok_or_else(|| self.wrong(name, "a whole number"))
            }
        }
    }

    /// True or false.
    pub(super) fn truth(&self, name: &str) -> Answer<Option<bool>> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::Bool(is)) => Ok(Some(*is)),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    fn wrong(&self, name: &str, what: &str) -> Fault {
        Fault::said(StatusCode::BAD_REQUEST, self.error, format!("{name} must be {what}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_there_has_its_type_and_what_is_not_changes_nothing() {
        let Value::Object(fields) = json!({ "t": "x", "n": 7, "b": true, "z": null, "f": 1.5, "m": -1 })
        else {
            unreachable!("an object");
        };
        let given = Given { fields, error: "Invalid thing" };
        assert_eq!(given.text("t").ok(), Some(Some("x".to_owned())));
        assert_eq!(given.text("z").ok(), Some(Some(String::new())));
        assert_eq!(given.number("n").ok(), Some(Some(7)));
        assert_eq!(given.number("z").ok(), Some(Some(0)));
        assert_eq!(given.truth("b").ok(), Some(Some(true)));
        assert!(matches!(
            (given.text("none"), given.number("none"), given.truth("none")),
            (Ok(None), Ok(None), Ok(None))
        ));
        for wrong in [given.number("f").err(), given.number("m").err(), given.number("t").err()] {
            assert_eq!(wrong.expect("refused").status(), StatusCode::BAD_REQUEST);
        }
        assert!(given.text("n").is_err() && given.truth("z").is_err() && given.truth("n").is_err());
    }
}
