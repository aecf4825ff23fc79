//! The list of what a document promises: each method, path and status, once.
//!
//! `POST /api/v1/auth/signup/ 201` needs an exchange. `GET .. 404 unreachable: why` must have none.
//! `beyond: POST .. 413 why` stands for an answer that the document does not name. `missing: GET ..` is an
//! operation of the document that the server does not have.

use super::Exchange;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The method.
    pub method: String,
    /// The path; what stands in braces is anything.
    pub path: String,
    /// The status.
    pub status: u16,
    /// Whether the document names it.
    pub documented: bool,
    /// Whether it can't be reached.
    pub unreachable: bool,
}

/// The list.
#[derive(Clone, Debug)]
pub struct Endpoints {
    lines: Vec<Endpoint>,
    /// Methods and paths.
    missing: Vec<(String, String)>,
}

impl Endpoints {
    /// Reads the list.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (missing, lines): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with(MISSING));
        let unreadable = |line: &str| -> ! { panic!("can't be read: {line}") };
        let missing = missing.into_iter().map(|line| absent(line).unwrap_or_else(|| unreadable(line)));
        let lines = lines.into_iter().map(|line| endpoint(line).unwrap_or_else(|| unreadable(line)));
        Self { missing: missing.collect(), lines: lines.collect() }
    }

    /// Methods and paths of the document that the server does not have.
    pub fn missing(&self) -> &[(String, String)] {
        &self.missing
    }

    /// Each documented method and path once.
    pub fn documented(&self) -> Vec<(String, String)> {
        let documented = self.lines.iter().filter(|line| line.documented);
        let mut operations: Vec<_> =
            documented.map(|line| (line.method.clone(), line.path.clone())).collect();
        operations.sort();
        operations.dedup();
        operations
    }

    /// What the list and the exchanges do not agree on, each as a sentence.
    pub fn complaints(&self, exchanges: &[Exchange]) -> Vec<String> {
        let shown = |line: &Endpoint| exchanges.iter().any(|exchange| line.is_shown_by(exchange));
        let name = |line: &Endpoint| format!("{} {} {}", line.method, line.path, line.status);
        let unshown = self.lines.iter().filter(|line| !line.unreachable && !shown(line));
        let reached = self.lines.iter().filter(|line| line.unreachable && shown(line));
        let unlisted =
            exchanges.iter().filter(|exchange| !self.lines.iter().any(|line| line.is_shown_by(exchange)));
        let double = self
            .lines
            .iter()
            .enumerate()
            .filter(|(at, line)| self.lines[..*at].iter().any(|other| name(other) == name(line)));
        unshown
            .map(|line| format!("no exchange shows {}", name(line)))
            .chain(reached.map(|line| format!("{} is said to be unreachable, and is shown", name(line))))
            .chain(unlisted.map(|e| format!("{} {} {} is not in the list", e.method, e.target, e.status)))
            .chain(double.map(|(_, line)| format!("{} is listed twice", name(line))))
            .collect()
    }
}

/// What a line begins with that names what the server does not have.
const MISSING: &str = "missing:";

fn absent(line: &str) -> Option<(String, String)> {
    let (method, path) = line.strip_prefix(MISSING)?.trim().split_once(' ')?;
    let is_path = path.starts_with('/') && !path.contains(' ');
    is_path.then(|| (method.to_owned(), path.to_owned()))
}

impl Endpoint {
    fn is_shown_by(&self, exchange: &Exchange) -> bool {
        let path = exchange.target.split('?').next().unwrap_or_default();
        self.method == exchange.method && self.status == exchange.status && fits(&self.path, path)
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let same = |(pattern, part): (&&str, &&str)| pattern.starts_with('{') || pattern == part;
    pattern.len() == path.len() && pattern.iter().zip(&path).all(same)
}

fn endpoint(line: &str) -> Option<Endpoint> {
    let (documented, line) = match line.strip_prefix("beyond:") {
        Some(rest) => (false, rest.trim()),
        None => (true, line),
    };
    let mut words = line.splitn(4, ' ').filter(|word| !word.is_empty());
    let (method, path, status) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
    let reason = words.next().map(str::trim);
    let why =
        reason.filter(|_| documented).map(|reason| reason.strip_prefix("unreachable:").unwrap_or_default());
    // A documented line has no reason, or one that says why it is unreachable; another always has one.
    let is_well_formed = why.is_none_or(|why| !why.trim().is_empty()) && (documented || reason.is_some());
    let unreachable = why.is_some();
    is_well_formed.then(|| Endpoint {
        method: method.to_owned(),
        path: path.to_owned(),
        status,
        documented,
        unreachable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(method: &str, target: &str, status: u16) -> Exchange {
        Exchange { method: method.into(), target: target.into(), status, ..Exchange::default() }
    }

    #[test]
    fn a_line_without_an_exchange_and_an_exchange_without_a_line_are_complaints() {
        let list = Endpoints::parse(
            "# A comment.\nGET /a/{id}/ 200\nGET /a/{id}/ 404 unreachable: never\nbeyond: GET /a/{id}/ 413 large\n",
        );
        let good = [exchange("GET", "/a/{{x}}/?y=/", 200), exchange("GET", "/a/7/", 413)];
        assert_eq!(list.complaints(&good), Vec::<String>::new());
        assert_eq!(list.complaints(&good[1..]).len(), 1);
        let [ok, large] = good;
        assert_eq!(list.complaints(&[ok.clone(), large.clone(), exchange("GET", "/a/7/", 404)]).len(), 1);
        assert_eq!(list.complaints(&[ok.clone(), large.clone(), exchange("GET", "/b/", 200)]).len(), 1);
        assert_eq!(list.complaints(&[ok, large, exchange("POST", "/a/7/", 200)]).len(), 1);
    }

    #[test]
    fn what_is_missing_is_neither_documented_nor_shown() {
        let list = Endpoints::parse("GET /a/ 200\nmissing: POST /b/{id}/\n");
        assert_eq!(list.missing(), [("POST".to_owned(), "/b/{id}/".to_owned())]);
        assert_eq!(list.documented(), [("GET".to_owned(), "/a/".to_owned())]);
        assert_eq!(list.complaints(&[exchange("GET", "/a/", 200)]), Vec::<String>::new());
        assert_eq!((absent("missing: GET"), absent("missing: GET /a/ 404")), (None, None));
    }

    #[test]
    fn a_line_needs_its_reason_and_no_other() {
        for line in
            ["GET /a/", "GET /a/ x", "GET /a/ 200 because", "beyond: GET /a/ 413", "GET /a/ 404 unreachable:"]
        {
            assert_eq!(endpoint(line), None, "{line}");
        }
    }
}
