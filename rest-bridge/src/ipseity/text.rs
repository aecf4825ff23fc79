//! JSON values as text: what Python's `str()` makes of them, since arguments are coerced with it (facts 3.3).

use serde_json::value::RawValue;

/// What an argument's value comes to.
#[derive(Debug, PartialEq)]
pub(super) enum Text {
    /// Text, or what reads as text.
    Some(String),
    /// `null`.
    None,
    /// An empty list: no value at all.
    NoValue,
}

/// An object, or a list within a list: nobody means that as text.
#[derive(Debug, PartialEq)]
pub(super) struct NoText;

/// The text of a value; of a list, that of its first.
pub(super) fn of(value: &RawValue) -> Result<Text, NoText> {
    if !value.get().starts_with('[') {
        return of_one(value);
    }
    let list: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|_| NoText)?;
    list.first().map_or(Ok(Text::NoValue), |first| of_one(first))
}

fn of_one(value: &RawValue) -> Result<Text, NoText> {
    let json = value.get();
    let text = match json {
        "null" => return Ok(Text::None),
        "true" => "True".to_owned(),
        "false" => "False".to_owned(),
        _ if json.starts_with('"') => serde_json::from_str(json).map_err(|_| NoText)?,
        _ if json.starts_with(['[', '{']) => return Err(NoText),
        _ => number(json)?,
    };
    Ok(Text::Some(text))
}

/// Whole numbers are kept digit by digit, however long; with a point or an exponent they are `float`s.
fn number(json: &str) -> Result<String, NoText> {
    if json == "-0" {
        return Ok("0".to_owned());
    }
    if !json.contains(['.', 'e', 'E']) {
        return Ok(json.to_owned());
    }
    json.parse().map(float).map_err(|_| NoText)
}

/// Python's `repr`: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
fn float(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..16).contains(&exponent) && value != 0.0 => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => format!("{value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Text, NoText> {
        of(&serde_json::from_str::<Box<RawValue>>(json).expect("json"))
    }

    #[test]
    fn values_read_as_python_writes_them() {
        for (json, expected) in [
            ("\"mara\"", "mara"),
            ("\"\"", ""),
            ("\" a\\u0000\\n\\ud83d\\ude00 \"", " a\0\n\u{1f600} "),
            ("true", "True"),
            ("false", "False"),
            ("0", "0"),
            ("-0", "0"),
            ("-17", "-17"),
            ("12345678901234567890123456789", "12345678901234567890123456789"),
            ("1.0", "1.0"),
            ("-0.0", "-0.0"),
            ("1.50", "1.5"),
            ("0.1", "0.1"),
            ("1e3", "1000.0"),
            ("1e15", "1000000000000000.0"),
            ("123456789012345.67", "123456789012345.67"),
            ("1e16", "1e+16"),
            ("1.5E22", "1.5e+22"),
            ("1e100", "1e+100"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("-1.25e-7", "-1.25e-07"),
            ("5e-324", "5e-324"),
            ("1e400", "inf"),
            ("-1e400", "-inf"),
            ("[\"a\",\"b\"]", "a"),
            ("[ 7 , {} ]", "7"),
        ] {
            assert_eq!(read(json), Ok(Text::Some(expected.to_owned())), "{json}");
        }
    }

    #[test]
    fn null_is_none_and_an_empty_list_is_no_value() {
        assert_eq!(read("null"), Ok(Text::None));
        assert_eq!(read("[null, 1]"), Ok(Text::None));
        assert_eq!(read("[ ]"), Ok(Text::NoValue));
    }

    #[test]
    fn what_nobody_means_as_text_is_none() {
        for json in ["{}", "{\"a\":1}", "[[]]", "[{}]", "\"\\ud800\""] {
            assert_eq!(read(json), Err(NoText), "{json}");
        }
    }
}
