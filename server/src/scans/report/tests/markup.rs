//! Whether a page is well made, and harmless.

/// Elements that have no end.
const VOID: [&str; 8] = ["br", "img", "meta", "link", "hr", "input", "col", "wbr"];

/// The page's elements as they begin: names with their attributes. Every element ends where it must, every attribute
/// is quoted and there once, and no text holds a bare `<` or `&`.
fn elements(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let (mut found, mut stack): (Vec<_>, Vec<String>) = (Vec::new(), Vec::new());
    let body = html.strip_prefix("<!DOCTYPE html>\n").expect("a doctype");
    for part in body.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("a tag ends");
        check_text(text, stack.last().is_some_and(|name| name == "style"));
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(stack.pop().as_deref(), Some(name), "{part}");
            continue;
        }
        let closed = tag.ends_with('/');
        let (name, attributes) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag, ""));
        assert!(name.chars().all(|one| one.is_ascii_alphanumeric()), "{tag}");
        found.push((name.to_owned(), parse_attributes(attributes)));
        if !closed && !VOID.contains(&name) {
            stack.push(name.to_owned());
        }
    }
    assert!(stack.is_empty(), "{stack:?}");
    found
}

fn check_text(text: &str, is_style: bool) {
    for after in text.split('&').skip(1).filter(|_| !is_style) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|entity| after.starts_with(entity));
        assert!(known, "&{after}");
    }
}

fn parse_attributes(text: &str) -> Vec<(String, String)> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("an attribute: {rest}"));
        let (value, after) = after.split_once('"').expect("a quote");
        check_text(value, false);
        assert!(attributes.iter().all(|(other, _)| other != name), "{name} twice in {text}");
        attributes.push((name.to_owned(), value.to_owned()));
        rest = after.trim();
    }
    attributes
}

fn values<'a>(elements: &'a [(String, Vec<(String, String)>)], name: &str) -> Vec<&'a str> {
    let all = elements.iter().flat_map(|(_, attributes)| attributes);
    all.filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
}

/// That a page is well made, does nothing and fetches nothing.
pub(super) fn check(html: &str) {
    let elements = elements(html);
    for (name, attributes) in &elements {
        assert!(
            !["script", "iframe", "object", "embed", "link", "form", "base"].contains(&name.as_str()),
            "{name}"
        );
        let event = attributes.iter().find(|(name, _)| name.starts_with("on"));
        assert!(event.is_none(), "{event:?}");
        assert!(name != "img" || attributes.iter().any(|(name, value)| name == "alt" && !value.is_empty()));
        assert!(name != "th" || attributes.iter().any(|(name, _)| name == "scope"));
    }
    let mut ids = values(&elements, "id");
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "every id is there once");
    for link in values(&elements, "href") {
        assert!(
            ids.binary_search(&link.strip_prefix('#').expect("a link within the page")).is_ok(),
            "{link}"
        );
    }
    for label in values(&elements, "aria-labelledby") {
        assert!(ids.binary_search(&label).is_ok(), "{label}");
    }
    assert!(values(&elements, "src").iter().all(|src| src.starts_with("data:image/png;base64,")));
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
    assert!(html.contains(&format!("content=\"{policy}\"")));
}
