//! Where a log-in leads: back to the page that was asked for, and never to another site.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Where it leads by itself.
pub(super) const HOME: &str = "/dashboard";
/// Bytes of a path that is led back to.
const LIMIT: usize = 2048;
/// What stands in a query as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The log-in that leads back to a path.
pub(super) fn door(path: &str) -> String {
    format!("/auth/login?next={}", utf8_percent_encode(path, KEPT))
}

/// A path of ours, as it may stand in `Location`; whatever else is the dashboard.
pub(super) fn safe(asked: Option<&str>) -> &str {
    asked.filter(|path| is_ours(path)).unwrap_or(HOME)
}

/// Browsers take `//host`, `/\host` and what becomes that without its tabs and line ends for other sites.
fn is_ours(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    path.len() <= LIMIT && path.starts_with('/') && !path.starts_with("//") && path.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_ours_are_kept() {
        for path in ["/", "/scans/42", "/dashboard?page=2&x=%20#top"] {
            assert_eq!(safe(Some(path)), path);
        }
        assert_eq!(safe(None), HOME);
        assert_eq!(door("/scans/4?a=b&c"), "/auth/login?next=/scans/4%3Fa%3Db%26c");
    }

    #[test]
    fn other_sites_are_not() {
        let long = format!("/{}", "x".repeat(LIMIT));
        for path in [
            "",
            "scans",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/x\r\nSet-Cookie: a=b",
            "https://evil.example",
            "javascript:alert(1)",
            " /scans",
            "/sc\u{e4}ns",
            &long,
        ] {
            assert_eq!(safe(Some(path)), HOME, "{path}");
        }
    }
}
