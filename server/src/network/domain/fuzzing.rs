//! What the fuzzer reaches of domains.

use super::model::MAX_TITLE;

/// Reads a page's title: the first line is its header `Content-Type`.
pub fn title(bytes: &[u8]) {
    let (header, page) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or_default());
    let header = std::str::from_utf8(header).ok().filter(|header| !header.is_empty());
    if let Some(title) = super::title(page, header) {
        let length = title.chars().count();
        assert!((1..=MAX_TITLE).contains(&length), "{length} characters");
        assert!(!title.chars().any(char::is_control) && title.trim() == title, "{title:?}");
    }
}
