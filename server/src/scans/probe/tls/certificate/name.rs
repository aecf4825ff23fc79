//! Distinguished names as texts (RFC 4514): the last part first, parts between commas.

use x509_parser::{
    der_parser::asn1_rs::ToDer,
    x509::{AttributeTypeAndValue, X509Name},
};

use super::{hex, text};

/// Most bytes of a name that are shown.
const MAX_NAME: usize = 4096;

/// Types by OpenSSL's short names, which are those of RFC 4514 where that has one.
const TYPES: [(&str, &str); 30] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.16", "postalAddress"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.18", "postOfficeBox"),
    ("2.5.4.20", "telephoneNumber"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.45", "x500UniqueIdentifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"),
];

/// A name as a text.
pub(super) fn written(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    let parts: Vec<_> = name.iter_rdn().collect();
    for part in parts.into_iter().rev() {
        let separator = if text.is_empty() { "" } else { "," };
        // Attributes of one part come backwards as well, as OpenSSL has them.
        let attributes: Vec<_> = part.iter().collect();
        let attributes: Vec<_> = attributes.into_iter().rev().map(attribute).collect();
        text = text + separator + &attributes.join("+");
        if text.len() > MAX_NAME {
            break;
        }
    }
    text::shortened(text, MAX_NAME)
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    let name = TYPES.iter().find(|(known, _)| *known == oid).map(|(_, name)| *name);
    let any = attribute.attr_value();
    let value = text::decoded(any.tag().0, any.data).map(|text| value(&text));
    match (name, value) {
        (Some(name), Some(value)) => format!("{name}={value}"),
        // What is no text, or of an unknown type, is shown as it is encoded (RFC 4514, 2.4).
        (name, _) => format!("{}=#{}", name.unwrap_or(&oid), hex(&any.to_der_vec().unwrap_or_default())),
    }
}

/// A value with its special characters escaped.
fn value(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    text.chars().enumerate().fold(String::with_capacity(text.len()), |mut written, (at, character)| {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => written.extend(['\\', character]),
            '#' if at == 0 => written.push_str("\\#"),
            ' ' if at == 0 || at == last => written.push_str("\\ "),
            hidden if text::is_hidden(hidden) => written.push_str(&text::escaped(hidden)),
            plain => written.push(plain),
        }
        written
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_as_rfc_4514_has_it() {
        for (text, expected) in [
            ("Let's Encrypt", "Let's Encrypt"),
            ("James \"Jim\" Smith, III", "James \\\"Jim\\\" Smith\\, III"),
            ("Before\rAfter", "Before\\0DAfter"),
            ("#hash", "\\#hash"),
            (" both ", "\\ both\\ "),
            (" ", "\\ "),
            ("<script>\u{202E}", "\\<script\\>\\E2\\80\\AE"),
            ("Lučić", "Lučić"),
            ("", ""),
        ] {
            assert_eq!(value(text), expected);
        }
    }
}
