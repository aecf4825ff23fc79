//! Pages of a list, as this dialect counts them: from one, with at most a hundred things.

use atalaya_proto::scans::v1::{ListScansRequest, ScanState};
use http::StatusCode;

use super::{
    error::{Answer, Fault},
    fields,
};

/// Things of a page that nobody has asked to be larger or smaller, and at most (decision 21).
const PER_PAGE: u32 = 20;
const MAX_PER_PAGE: u32 = 100;

/// Which page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paging {
    /// From 1.
    pub(super) page: u32,
    /// 1 to 100.
    pub(super) per_page: u32,
    /// Those in this state; unspecified means all.
    state: ScanState,
}

impl Paging {
    /// Reads it from a query. A page far beyond any end is as good as one just beyond it.
    pub(super) fn read(query: Option<&str>) -> Answer<Self> {
        let plain = Self::plain(query)?;
        let state = match parameter(query, "status").filter(|status| !status.is_empty()) {
            Some(status) => fields::state(&status).ok_or_else(bad_status)?,
            None => ScanState::Unspecified,
        };
        Ok(Self { state, ..plain })
    }

    /// The same of what has no state.
    pub(super) fn plain(query: Option<&str>) -> Answer<Self> {
        let number_of = |name| parameter(query, name).map(|text| number(&text)).transpose();
        let page = number_of("page")?.unwrap_or(1);
        let per_page = number_of("per_page")?.unwrap_or(PER_PAGE).min(MAX_PER_PAGE);
        Ok(Self { page, per_page, state: ScanState::Unspecified })
    }

    /// How many the server is to tell.
    pub(super) fn size(self) -> i32 {
        i32::try_from(self.per_page).unwrap_or(i32::MAX)
    }

    /// How many it is to pass over.
    pub(super) fn skip(self) -> i32 {
        i32::try_from((self.page - 1).saturating_mul(self.per_page)).unwrap_or(i32::MAX)
    }

    /// The same for the server.
    pub(super) fn request(self) -> ListScansRequest {
        ListScansRequest { page_size: self.size(), skip: self.skip(), state: self.state.into() }
    }

    /// On a page of HTML at a path: to the pages before and after, called so.
    pub(super) fn ways(self, path: &str, pages: u32, [before, after]: [&str; 2]) -> String {
        let link = |page: u32, text: &str| {
            format!("<a href=\"{path}?page={page}&amp;per_page={}\">{text}</a>", self.per_page)
        };
        let mut ways = String::new();
        if self.page > 1 {
            ways += &link((self.page - 1).min(pages.max(1)), before);
        }
        if self.page < pages {
            ways += &link(self.page + 1, after);
        }
        if ways.is_empty() { ways } else { format!("<p class=\"ways\">{ways}</p>\n") }
    }

    /// How many pages so many things have.
    pub(super) fn pages(self, total: u32) -> u32 {
        total.div_ceil(self.per_page)
    }
}

/// What a query says first under a name.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// A whole number from 1. One that is too large to count with is the largest.
fn number(text: &str) -> Answer<u32> {
    let digits = text.trim();
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad_paging());
    }
    match digits.parse().unwrap_or(u32::MAX) {
        0 => Err(bad_paging()),
        number => Ok(number),
    }
}

fn bad_paging() -> Fault {
    let message = "Page and per_page must be positive integers";
    Fault::said(StatusCode::BAD_REQUEST, "Invalid pagination parameters", message)
}

fn bad_status() -> Fault {
    let message = "Status must be one of running, completed, failed, cancelled";
    Fault::said(StatusCode::BAD_REQUEST, "Invalid status", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Option<(u32, u32)> {
        Paging::read(Some(query)).ok().map(|paging| (paging.page, paging.per_page))
    }

    #[test]
    fn a_page_is_counted_from_one_and_is_not_too_large() {
        assert_eq!(read(""), Some((1, 20)));
        assert_eq!(read("page=2&per_page=50"), Some((2, 50)));
        assert_eq!(read("per_page=101"), Some((1, 100)));
        assert_eq!(read("page=%2B3&other=x"), Some((3, 20)));
        assert_eq!(read("page=99999999999999999999"), Some((u32::MAX, 20)));
        let far = Paging::read(Some("page=99999999999&per_page=100")).expect("a page").request();
        assert_eq!((far.page_size, far.skip), (100, i32::MAX));
        let second = Paging::read(Some("page=2&per_page=50&status=failed")).expect("a page");
        assert_eq!((second.request().skip, second.request().state()), (50, ScanState::Failed));
        assert_eq!((second.pages(0), second.pages(50), second.pages(51)), (0, 1, 2));
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for query in [
            "page=0",
            "per_page=0",
            "page=-1",
            "page=a",
            "page=",
            "page=1.5",
            "per_page=1e2",
            "page=%D9%A1",
            "status=queued",
            "page=0&page=1",
        ] {
            assert_eq!(read(query), None, "{query}");
        }
    }
}
