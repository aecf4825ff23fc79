//! Text with holes: `{{name}}` is what was captured under the name before, `{{kind}}` is anything of a kind,
//! `{{name=kind}}` captures it.

use std::collections::BTreeMap;

use uuid::Uuid;

/// What was captured so far, by name.
pub(super) type Captured = BTreeMap<String, String>;

/// What a hole can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A UUID in lower case.
    Uuid,
    /// A session's token: a JWT.
    Token,
    /// The token of a device that has logged in.
    Device,
    /// 64 hexadecimal digits.
    Sha256,
    /// A whole number.
    Int,
    /// A date as HTTP writes it.
    Date,
    /// A time as JSON has it (RFC 3339), in UTC.
    Time,
    /// Bytes in base64, in either of its alphabets (RFC 4648).
    Base64,
    /// Eight hexadecimal digits in lower case.
    Hex8,
    /// A token of the operator of site scans.
    Operator,
    /// A number with a fraction.
    Float,
    /// The name of a report without its end, with the absolute path of its folder or without.
    Report,
}

impl Kind {
    const ALL: [(&str, Self); 12] = [
        ("uuid", Self::Uuid),
        ("token", Self::Token),
        ("device", Self::Device),
        ("sha256", Self::Sha256),
        ("int", Self::Int),
        ("date", Self::Date),
        ("time", Self::Time),
        ("base64", Self::Base64),
        ("hex8", Self::Hex8),
        ("operator", Self::Operator),
        ("float", Self::Float),
        ("report", Self::Report),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }

    /// How much of the text's beginning is of this kind.
    fn taken(self, text: &str) -> Option<&str> {
        let run = |fits: fn(char) -> bool| {
            let end = text.find(|c| !fits(c)).unwrap_or(text.len());
            (end > 0).then_some(&text[..end])
        };
        match self {
            Self::Uuid => text
                .get(..36)
                .filter(|id| Uuid::try_parse(id).is_ok_and(|parsed| parsed.hyphenated().to_string() == **id)),
            Self::Token => run(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
                .filter(|token| token.split('.').count() == 3),
            Self::Device => run(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
                .filter(|token| token.starts_with("atd_") && token.len() == 79),
            Self::Sha256 => {
                run(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)).filter(|hex| hex.len() == 64)
            }
            Self::Base64 => run(|c| c.is_ascii_alphanumeric() || "+/-_=".contains(c)),
            Self::Int => run(|c| c.is_ascii_digit()),
            Self::Hex8 => {
                run(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)).filter(|hex| hex.len() == 8)
            }
            Self::Operator => run(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
                .filter(|token| token.starts_with("ato_") && token.len() == 47),
            Self::Float => run(|c| c.is_ascii_digit() || c == '.').filter(|number| number.contains('.')),
            Self::Report => report(text),
            // Such as `1994-11-06T08:49:37.123Z`.
            Self::Time => run(|c| c.is_ascii_digit() || "-:.TZ".contains(c))
                .filter(|time| time.ends_with('Z') && humantime::parse_rfc3339(time).is_ok()),
            // Such as `Sun, 06 Nov 1994 08:49:37 GMT`.
            Self::Date => {
                text.get(..29).filter(|date| date.ends_with(" GMT") && date.get(3..5) == Some(", "))
            }
        }
    }
}

/// `scan_report_20251114_103000` with what stands before it, if that is a path.
fn report(text: &str) -> Option<&str> {
    const NAME: &str = "scan_report_";
    let begin = text.find(NAME).filter(|begin| *begin == 0 || text.starts_with('/'))?;
    let end = begin + NAME.len() + "20251114_103000".len();
    let (folder, name) = (&text[..begin], text.get(begin + NAME.len()..end)?);
    let is_stamp = name.char_indices().all(|(at, c)| if at == 8 { c == '_' } else { c.is_ascii_digit() });
    (is_stamp && !folder.contains(['"', ' ', ','])).then(|| &text[..end])
}

/// What a template's pieces are.
enum Piece<'t> {
    Literal(&'t str),
    Known(&'t str),
    Hole { name: Option<&'t str>, kind: Kind },
}

/// The text with what was captured in its holes.
pub(super) fn render(template: &str, captured: &Captured) -> Result<String, String> {
    let mut text = String::new();
    for piece in pieces(template)? {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Known(name) => text.push_str(value(captured, name)?),
            Piece::Hole { .. } => return Err("a request can only hold what was captured before".to_owned()),
        }
    }
    Ok(text)
}

/// Compares a text with the template, and captures what its holes say; otherwise where they part.
pub(super) fn matches(template: &str, text: &str, captured: &mut Captured) -> Result<(), String> {
    let mut rest = text;
    let mut found = Captured::new();
    for piece in pieces(template)? {
        let taken = match piece {
            Piece::Literal(literal) => literal,
            Piece::Known(name) => value(captured, name)?,
            Piece::Hole { name, kind } => {
                let taken = kind.taken(rest).ok_or_else(|| format!("expected a {kind:?} at: {rest}"))?;
                found.extend(name.map(|name| (name.to_owned(), taken.to_owned())));
                taken
            }
        };
        rest = rest.strip_prefix(taken).ok_or_else(|| format!("expected: {taken}\n     saw: {rest}"))?;
    }
    if !rest.is_empty() {
        return Err(format!("expected the end, saw: {rest}"));
    }
    captured.extend(found);
    Ok(())
}

fn value<'c>(captured: &'c Captured, name: &str) -> Result<&'c str, String> {
    captured.get(name).map(String::as_str).ok_or_else(|| format!("nothing was captured as {name}"))
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once("{{") {
        let (hole, after) = after.split_once("}}").ok_or("a hole has no end")?;
        pieces.extend([Piece::Literal(literal), piece(hole)?]);
        rest = after;
    }
    pieces.push(Piece::Literal(rest));
    Ok(pieces)
}

fn piece(hole: &str) -> Result<Piece<'_>, String> {
    match (hole.split_once('='), Kind::named(hole)) {
        (Some((name, kind)), _) => {
            let kind = Kind::named(kind).ok_or_else(|| format!("there is no kind {kind}"))?;
            Ok(Piece::Hole { name: Some(name), kind })
        }
        (None, Some(kind)) => Ok(Piece::Hole { name: None, kind }),
        (None, None) => Ok(Piece::Known(hole)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0c8ba68a-299d-42d9-aca6-5b4056d3fd0f";

    #[test]
    fn a_hole_captures_what_later_templates_must_find() {
        let mut captured = Captured::new();
        assert_eq!(
            matches("{\"id\":\"{{user=uuid}}\"}", &format!("{{\"id\":\"{ID}\"}}"), &mut captured),
            Ok(())
        );
        assert_eq!(render("/id/{{user}}/", &captured), Ok(format!("/id/{ID}/")));
        assert_eq!(matches("id {{user}}", &format!("id {ID}"), &mut captured), Ok(()));
        assert!(matches("id {{user}}", &format!("id {}", Uuid::nil()), &mut captured).is_err());
        assert!(render("{{nobody}}", &captured).is_err());
    }

    #[test]
    fn what_differs_by_one_character_does_not_match() {
        for (template, text) in [
            ("abc", "abcd"),
            ("abcd", "abc"),
            ("a {{int}} b", "a x b"),
            ("{{uuid}}", &ID.to_uppercase()),
            ("{{uuid}}", &ID[..35]),
            ("{{token}}", "a.b"),
            ("{{sha256}}", "abc"),
            ("{{date}}", "yesterday"),
            ("{{time}}", "1994-11-06T08:49:37"),
        ] {
            assert!(matches(template, text, &mut Captured::new()).is_err(), "{template} {text}");
        }
    }

    #[test]
    fn every_kind_matches_its_like() {
        let hex = "a1".repeat(32);
        for (template, text) in [
            ("<{{token}}; x", "<a.b-c.d_e; x"),
            ("\"{{sha256}}\"", format!("\"{hex}\"").as_str()),
            ("{{int}}.", "120."),
            ("{{date}}", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("\"{{time}}\"", "\"1994-11-06T08:49:37.123Z\""),
            ("<{{base64}}>", "<aB+/-_9==>"),
        ] {
            assert_eq!(matches(template, text, &mut Captured::new()), Ok(()), "{template}");
        }
    }
}
