//! One value of a request: reads it as pydantic does, or notes in its form why it can't be read.

use std::{
    num::{IntErrorKind, ParseIntError},
    ops::RangeInclusive,
};

use serde_json::Value;
use uuid::Uuid;

use super::{
    email,
    form::Form,
    problem::{Place, Problem},
};

/// What stands in a problem's input for a secret.
pub(super) const MASK: &str = "**********";

/// The largest whole number below which no other reads as the same float: 2^53.
const EXACT_LIMIT: f64 = 9_007_199_254_740_992.0;

/// A value was wrong; the form knows why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrong;

/// One value, about to be read.
pub(super) struct Field<'f> {
    form: &'f mut Form,
    part: &'static str,
    name: &'static str,
    value: Option<Value>,
    masked: bool,
    readable: bool,
}

impl<'f> Field<'f> {
    pub(super) fn new(
        form: &'f mut Form,
        part: &'static str,
        name: &'static str,
        value: Option<Value>,
    ) -> Self {
        Self { form, part, name, value, masked: false, readable: true }
    }

    /// Whether there is anything to read it from; if not, the form has told so already.
    pub(super) fn readable(mut self, readable: bool) -> Self {
        self.readable = readable;
        self
    }

    /// Whether it is a secret, which is not shown.
    pub(super) fn masked(mut self, masked: bool) -> Self {
        self.masked = masked;
        self
    }

    /// What it is when it is not there.
    pub(super) fn or(mut self, default: impl Into<Value>) -> Self {
        self.value.get_or_insert(default.into());
        self
    }

    /// The same, if it is there.
    pub(super) fn given(self) -> Option<Self> {
        self.value.is_some().then_some(self)
    }

    /// Without white space around it.
    pub(super) fn trimmed(mut self) -> Self {
        if let Some(Value::String(text)) = &mut self.value {
            *text = text.trim().to_owned();
        }
        self
    }

    /// A string of so many characters.
    pub(super) fn text(self, length: RangeInclusive<usize>) -> Result<String, Wrong> {
        self.read(|value| {
            let text = string(value)?;
            let count = text.chars().count();
            if count < *length.start() {
                Err(Problem::too_short(*length.start()))
            } else if count > *length.end() {
                Err(Problem::too_long(*length.end()))
            } else {
                Ok(text.to_owned())
            }
        })
    }

    /// A string that looks like an e-mail address.
    pub(super) fn email(self) -> Result<String, Wrong> {
        self.read(|value| {
            let text = string(value)?;
            email::fault(text).map_or_else(|| Ok(text.to_owned()), |fault| Err(Problem::no_email(fault)))
        })
    }

    /// A string that `take` takes; `pattern` says which it does.
    pub(super) fn matching<T>(self, pattern: &str, take: impl Fn(&str) -> Option<T>) -> Result<T, Wrong> {
        self.read(|value| take(string(value)?).ok_or_else(|| Problem::no_match(pattern)))
    }

    /// A whole number, also as text.
    pub(super) fn int(self, range: RangeInclusive<i64>) -> Result<i64, Wrong> {
        self.read(|value| {
            let number = integer(value)?;
            if number < *range.start() {
                Err(Problem::too_small(*range.start()))
            } else if number > *range.end() {
                Err(Problem::too_great(*range.end()))
            } else {
                Ok(number)
            }
        })
    }

    /// A number, also as text.
    pub(super) fn number(self, range: RangeInclusive<f64>) -> Result<f64, Wrong> {
        self.read(|value| {
            let number = real(value)?;
            if number < *range.start() {
                Err(Problem::too_small(*range.start()))
            } else if number > *range.end() {
                Err(Problem::too_great(*range.end()))
            } else {
                Ok(number)
            }
        })
    }

    /// A list of what each entry is for `take`. What is wrong is told of each entry.
    pub(super) fn list<T>(mut self, take: impl Fn(&Value) -> Result<T, Problem>) -> Result<Vec<T>, Wrong> {
        let Some(Value::Array(entries)) = self.value.take_if(|value| value.is_array()) else {
            return self.read(|_| Err(Problem::no_list()));
        };
        let mut taken = Vec::with_capacity(entries.len());
        for (place, entry) in entries.into_iter().enumerate() {
            match take(&entry) {
                Ok(good) => taken.push(good),
                Err(mut problem) => {
                    problem.input = entry;
                    let loc = [Place::Name(self.part), Place::Name(self.name), Place::Offset(place)];
                    self.form.problems.push(problem.at(loc));
                }
            }
        }
        Ok(taken)
    }

    /// One of some names.
    pub(super) fn choice<T: Copy>(self, choices: &[(&str, T)]) -> Result<T, Wrong> {
        self.read(|value| {
            let chosen = choices.iter().find(|(name, _)| value.as_str() == Some(*name));
            let names = || choices.iter().map(|(name, _)| *name).collect::<Vec<_>>();
            chosen.map(|(_, choice)| *choice).ok_or_else(|| Problem::no_choice(&names()))
        })
    }

    /// A UUID in any spelling; given back in the usual one.
    pub(super) fn uuid(self) -> Result<String, Wrong> {
        self.read(|value| match Uuid::parse_str(string(value)?) {
            Ok(id) => Ok(id.hyphenated().to_string()),
            Err(error) => Err(Problem::no_uuid(&error)),
        })
    }

    fn read<T>(self, take: impl FnOnce(&Value) -> Result<T, Problem>) -> Result<T, Wrong> {
        if !self.readable {
            return Err(Wrong);
        }
        let (outcome, input) = match self.value {
            Some(value) => (take(&value), value),
            None => (Err(Problem::missing()), Value::Null),
        };
        outcome.map_err(|mut problem| {
            problem.input = if self.masked && !input.is_null() { MASK.into() } else { input };
            self.form.problems.push(problem.at([Place::Name(self.part), Place::Name(self.name)]));
            Wrong
        })
    }
}

fn string(value: &Value) -> Result<&str, Problem> {
    value.as_str().ok_or_else(Problem::no_string)
}

pub(super) fn integer(value: &Value) -> Result<i64, Problem> {
    match value {
        Value::String(text) => integer_in(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(whole),
            (None, Some(real)) if real.fract() != 0.0 => Err(Problem::fractional()),
            (None, Some(real)) if real.abs() <= EXACT_LIMIT => Ok(real as i64),
            (None, _) => Err(Problem::oversized()),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(Problem::no_int()),
    }
}

fn real(value: &Value) -> Result<f64, Problem> {
    let number = match value {
        Value::String(text) => text.trim().parse().map_err(|_| Problem::no_number_in_text())?,
        Value::Number(number) => number.as_f64().ok_or_else(Problem::no_number)?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(Problem::no_number()),
    };
    if f64::is_finite(number) { Ok(number) } else { Err(Problem::infinite()) }
}

/// `90`, `+90`, `-90`, ` 90.00 `.
fn integer_in(text: &str) -> Result<i64, Problem> {
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return Err(Problem::no_int_in_text()),
        None => text,
    };
    whole.parse().map_err(|error: ParseIntError| {
        let overflows = matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow);
        if overflows { Problem::oversized() } else { Problem::no_int_in_text() }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<T>(value: Value, take: impl FnOnce(Field<'_>) -> Result<T, Wrong>) -> Result<T, &'static str> {
        let mut form = Form::default();
        take(Field::new(&mut form, "query", "x", Some(value))).map_err(|Wrong| form.problems[0].kind)
    }

    #[test]
    fn numbers_come_as_numbers_and_as_text_and_are_finite() {
        let number = |value: Value| read(value, |field| field.number(0.1..=30.0));
        for (value, is) in [(json!(1), 1.0), (json!(0.1), 0.1), (json!(" 30.0 "), 30.0), (json!("1e1"), 10.0)]
        {
            assert_eq!(number(value.clone()), Ok(is), "{value}");
        }
        for (value, kind) in [
            (json!(0.05), "greater_than_equal"),
            (json!("30.1"), "less_than_equal"),
            (json!("inf"), "finite_number"),
            (json!("NaN"), "finite_number"),
            (json!("soon"), "float_parsing"),
            (json!(true), "float_type"),
        ] {
            assert_eq!(number(value.clone()), Err(kind), "{value}");
        }
    }

    #[test]
    fn every_entry_of_a_list_is_told_of() {
        let mut form = Form::default();
        let entries = json!([1, "x", 3, null]);
        let taken = Field::new(&mut form, "body", "ports", Some(entries)).list(integer);
        assert_eq!(taken.map_err(|Wrong| ()), Ok(vec![1, 3]));
        let told: Vec<_> = form.problems.iter().map(|problem| (problem.kind, problem.loc.len())).collect();
        assert_eq!(told, [("int_parsing", 3), ("int_type", 3)]);
        assert_eq!(read(json!("1,2"), |field| field.list(integer)), Err("list_type"));
    }

    #[test]
    fn whole_numbers_come_as_numbers_and_as_text() {
        let int = |value: Value| read(value, |field| field.int(-5..=i64::MAX));
        for value in [json!(4), json!(4.0), json!("4"), json!(" +4.00 "), json!("004")] {
            assert_eq!(int(value.clone()), Ok(4), "{value}");
        }
        assert_eq!(int(json!(i64::MAX.to_string())), Ok(i64::MAX));
        for value in
            [json!(1e30), json!(u64::MAX), json!("9223372036854775808"), json!("-99999999999999999999")]
        {
            assert_eq!(int(value.clone()), Err("int_parsing_size"), "{value}");
        }
        assert_eq!(int(json!("-6")), Err("greater_than_equal"));
        for value in ["", "four", "4.5", "4.", ".0", "-", "+-4", "0x4", "4 4"] {
            assert_eq!(int(json!(value)), Err("int_parsing"), "{value}");
        }
        assert_eq!(int(json!(4.5)), Err("int_from_float"));
        for value in [json!(null), json!(true), json!([4]), json!({})] {
            assert_eq!(int(value.clone()), Err("int_type"), "{value}");
        }
    }

    #[test]
    fn a_number_is_within_its_range_ends_included() {
        let int = |value: i64| read(json!(value), |field| field.int(0..=100));
        assert_eq!(
            [int(0), int(100), int(-1), int(101)],
            [Ok(0), Ok(100), Err("greater_than_equal"), Err("less_than_equal")]
        );
    }

    #[test]
    fn text_is_counted_in_characters_after_trimming() {
        let text = |value: &str| read(json!(value), |field| field.trimmed().text(2..=3));
        assert_eq!(text(" яя "), Ok("яя".into()));
        assert_eq!(text("  я  "), Err("string_too_short"));
        assert_eq!(text("яяяя"), Err("string_too_long"));
        assert_eq!(read(json!(7), |field| field.trimmed().text(0..=9)), Err("string_type"));
    }

    #[test]
    fn a_choice_is_by_its_exact_name() {
        let choice = |value: Value| read(value, |field| field.choice(&[("ASC", 1), ("DESC", 2)]));
        assert_eq!(choice(json!("DESC")), Ok(2));
        for value in [json!("desc"), json!(1), json!(null)] {
            assert_eq!(choice(value.clone()), Err("enum"), "{value}");
        }
    }

    #[test]
    fn a_uuid_is_given_back_in_its_usual_spelling() {
        let uuid = |value: Value| read(value, |field: Field<'_>| field.uuid());
        let usual = "0c8ba68a-299d-42d9-aca6-5b4056d3fd0f";
        for value in [usual, "0C8BA68A299D42D9ACA65B4056D3FD0F", "{0c8ba68a-299d-42d9-aca6-5b4056d3fd0f}"] {
            assert_eq!(uuid(json!(value)), Ok(usual.into()), "{value}");
        }
        assert_eq!(uuid(json!("0c8ba68a")), Err("uuid_parsing"));
        assert_eq!(uuid(json!(12)), Err("string_type"));
    }

    #[test]
    fn what_is_not_there_is_missing_or_its_default() {
        let mut form = Form::default();
        assert_eq!(form.query("limit").or(20).int(1..=100).ok(), Some(20));
        assert!(form.query("limit").int(1..=100).is_err());
        assert_eq!(form.problems[0].kind, "missing");
        assert_eq!(form.problems[0].input, Value::Null);
    }
}
