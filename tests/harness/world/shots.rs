//! What a browser shows, page by page.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use atalaya_server::network::shot::{HEIGHT, Screenshot, Shot, Unshot, WIDTH};

use crate::pictures;

/// Pages as they are shown. Where nothing was said, there is no browser.
#[derive(Debug, Default)]
pub struct Shots(Mutex<Script>);

#[derive(Debug, Default)]
struct Script {
    shown: HashMap<String, Result<Screenshot, Unshot>>,
    asked: Vec<String>,
}

impl Shots {
    /// A page is shown as a picture of four colours, with this title.
    pub fn show(&self, url: &str, title: &str) {
        let screenshot = Screenshot {
            png: pictures::png(&pictures::quarters(WIDTH as usize, HEIGHT as usize)),
            width: WIDTH,
            height: HEIGHT,
            url: url.to_owned(),
            title: title.to_owned(),
            denied: 0,
            cut: false,
        };
        self.answer_with(url, Ok(screenshot));
    }

    /// A page is answered like this.
    pub fn answer_with(&self, url: &str, answer: Result<Screenshot, Unshot>) {
        self.with(|script| script.shown.insert(url.to_owned(), answer));
    }

    /// Every page that was to be shown, in order.
    pub fn asked(&self) -> Vec<String> {
        self.with(|script| script.asked.clone())
    }

    pub(super) fn answer(&self, shot: &Shot) -> Result<Screenshot, Unshot> {
        let url = shot.url();
        self.with(|script| {
            script.asked.push(url.clone());
            script.shown.get(&url).cloned().unwrap_or(Err(Unshot::NoBrowser))
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
