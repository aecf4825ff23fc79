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
        let pairs: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
        let find =
            |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref());
        let page = find("page").map_or(Ok(1), number)?;
        let per_page = find("per_page").map_or(Ok(PER_PAGE), number)?.min(MAX_PER_PAGE);
        let state = match find("status").filter(|status| !status.is_empty()) {
            Some(status) => fields::state(status).ok_or_else(bad_status)?,
            None => ScanState::Unspecified,
        };
        Ok(Self { page, per_page, state })
    }

    /// The same for the server.
    pub(super) fn request(self) -> ListScansRequest {
        let (page_size, skip) = self.window();
        ListScansRequest { page_size, skip, state: self.state.into() }
    }

    /// How many things at most, after passing over how many.
    pub(super) fn window(self) -> (i32, i32) {
        let skip = (self.page - 1).saturating_mul(self.per_page);
        (i32::try_from(self.per_page).unwrap_or(i32::MAX), i32::try_from(skip).unwrap_or(i32::MAX))
    }

    /// How many pages so many things have.
    pub(super) fn pages(self, total: u32) -> u32 {
        total.div_ceil(self.per_page)
    }
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
