//! What web servers answer, page by page.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use atalaya_server::network::{
    targets::Permit,
    web::{Page, Unreached, Visit},
};

/// Pages and certificates. Where nothing was said, nobody listens.
#[derive(Debug, Default)]
pub struct Web(Mutex<Script>);

#[derive(Debug, Default)]
struct Script {
    pages: HashMap<(SocketAddr, String), Page>,
    certificates: HashMap<SocketAddr, Vec<String>>,
    visits: Vec<(SocketAddr, String)>,
}

impl Web {
    /// A server has a page at a path, of whatever host.
    pub fn page(&self, server: &str, path: &str, page: Page) {
        self.with(|script| script.pages.insert((socket(server), path.to_owned()), page));
    }

    /// A page with a title.
    pub fn title(&self, server: &str, title: &str) {
        let body = format!("<!doctype html><title>{title}</title>").into_bytes();
        let content_type = Some("text/html; charset=utf-8".to_owned());
        self.page(server, "/", Page { status: 200, content_type, body, location: None });
    }

    /// A page that points elsewhere.
    pub fn redirect(&self, server: &str, path: &str, location: &str) {
        let location = Some(location.to_owned());
        self.page(server, path, Page { status: 302, location, ..Page::default() });
    }

    /// A server's certificate is for these names.
    pub fn certify(&self, server: &str, names: &[&str]) {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        self.with(|script| script.certificates.insert(socket(server), names));
    }

    /// Every server that was visited, and for which page.
    pub fn visits(&self) -> Vec<(SocketAddr, String)> {
        self.with(|script| script.visits.clone())
    }

    pub(super) fn certified(&self, server: Permit, port: u16) -> Result<Vec<String>, Unreached> {
        let server = server.socket(port)?;
        self.with(|script| script.certificates.get(&server).cloned().ok_or_else(refused))
    }

    pub(super) fn answer(&self, visit: &Visit) -> Result<Page, Unreached> {
        let server = visit.server.socket(visit.port)?;
        self.with(|script| {
            script.visits.push((server, visit.path.clone()));
            script.pages.get(&(server, visit.path.clone())).cloned().ok_or_else(refused)
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn refused() -> Unreached {
    Unreached::Connection("connection refused".into())
}

fn socket(text: &str) -> SocketAddr {
    text.parse().expect("an address with a port")
}
