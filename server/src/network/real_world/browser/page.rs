//! One page in a window and a store of its own: opened, waited for, drawn, and gone.

use std::{collections::HashSet, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    pipe::{Event, Heard, Mute, Pipe},
    proxy::{Proxy, USER},
};
use crate::network::shot::{HEIGHT, MAX_PNG, MAX_TITLE, MAX_URL, Screenshot, Unshot, WIDTH};

/// How long a page may take until it is drawn as it is.
const DEADLINE: Duration = Duration::from_secs(15);
/// How long no request may be on its way until a page counts as whole: what scripts ask for comes after the page.
const QUIET: Duration = Duration::from_millis(100);
/// How long a page is waited for that never is quiet, once it is there.
const RESTLESS: Duration = Duration::from_secs(2);
/// How long drawing may take, deadline or not.
const DRAW: Duration = Duration::from_secs(5);
/// How often drawing is tried again while one page gives way to the next.
const TRIES: u32 = 5;
/// How long between.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// How long a window may take to open, and to close.
const WINDOW: Duration = Duration::from_secs(10);
/// Most requests on their way that are told apart.
const MAX_ASKED: usize = 4096;
/// Name that is told to sites, behind the browser's own.
const AGENT: &str = concat!(" Atalaya/", env!("CARGO_PKG_VERSION"));

/// What ends a picture without one.
enum Stop {
    /// The page's affair.
    Page(Unshot),
    /// The browser's, which is of no use any more.
    Browser(Mute),
}

impl From<Mute> for Stop {
    fn from(mute: Mute) -> Self {
        Self::Browser(mute)
    }
}

impl From<Unshot> for Stop {
    fn from(unshot: Unshot) -> Self {
        Self::Page(unshot)
    }
}

/// A page that is open.
struct Tab<'a> {
    pipe: &'a mut Pipe,
    proxy: &'a Proxy<'a>,
    /// Where the page keeps what it keeps, apart from all others.
    context: String,
    target: String,
    session: String,
    seen: Seen,
}

/// What was seen of it.
#[derive(Default)]
struct Seen {
    /// Whether it is on its way.
    begun: bool,
    /// Whether it is there.
    loaded: bool,
    crashed: bool,
    /// Requests on their way, but for those for documents.
    asked: HashSet<String>,
}

/// Draws the page at an address, through a proxy; and whether the browser is still of use.
pub(super) async fn draw(
    pipe: &mut Pipe,
    agent: &str,
    proxy: &Proxy<'_>,
    url: &str,
) -> (Result<Screenshot, Unshot>, bool) {
    let mut tab = match Tab::open(pipe, agent, proxy).await {
        Ok(tab) => tab,
        Err(mute) => {
            tracing::warn!(%mute, "no window opens in the browser");
            return (Err(Unshot::Broken), false);
        }
    };
    let drawn = tab.shoot(url).await;
    let closed = tab.close().await.is_ok();
    match drawn {
        Ok(screenshot) => (Ok(screenshot), closed),
        Err(Stop::Page(unshot)) => (Err(unshot), closed),
        Err(Stop::Browser(mute)) => {
            tracing::warn!(%mute, "a browser broke off");
            (Err(Unshot::Broken), false)
        }
    }
}

impl<'a> Tab<'a> {
    async fn open(pipe: &'a mut Pipe, agent: &str, proxy: &'a Proxy<'a>) -> Result<Self, Mute> {
        let until = Instant::now() + WINDOW;
        let none = String::new;
        let mut tab =
            Self { pipe, proxy, context: none(), target: none(), session: none(), seen: Seen::default() };
        let context = json!({
            "disposeOnDetach": true,
            "proxyServer": proxy.url(),
            "proxyBypassList": "<-loopback>",
        });
        let made = tab.ask_browser("Target.createBrowserContext", context, until).await?;
        tab.context = text(&made, "browserContextId")?;
        let context = &tab.context;
        let safety = [
            ("Browser.setDownloadBehavior", json!({ "behavior": "deny", "browserContextId": context })),
            // None is granted, and with that all others are refused.
            ("Browser.grantPermissions", json!({ "permissions": [], "browserContextId": context })),
        ];
        let window = json!({
            "url": "about:blank",
            "browserContextId": context,
            "width": WIDTH,
            "height": HEIGHT,
            "newWindow": true,
        });
        for (method, params) in safety {
            tab.pipe.send(None, method, params, until).await?;
        }
        let made = tab.ask_browser("Target.createTarget", window, until).await?;
        tab.target = text(&made, "targetId")?;
        let target = json!({ "targetId": tab.target, "flatten": true });
        let attached = tab.ask_browser("Target.attachToTarget", target, until).await?;
        tab.session = text(&attached, "sessionId")?;
        tab.prepare(agent, until).await?;
        Ok(tab)
    }

    async fn prepare(&mut self, agent: &str, until: Instant) -> Result<(), Mute> {
        let metrics = json!({ "width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
        for (method, params) in [
            ("Page.enable", json!({})),
            ("Inspector.enable", json!({})),
            ("Network.enable", json!({ "maxTotalBufferSize": 0, "maxResourceBufferSize": 0 })),
            ("Network.setUserAgentOverride", json!({ "userAgent": format!("{agent}{AGENT}") })),
            ("Emulation.setDeviceMetricsOverride", metrics),
        ] {
            self.pipe.send(Some(&self.session), method, params, until).await?;
        }
        // The proxy wants to know who asks, and so may sites, which get no answer.
        let fetch = json!({ "handleAuthRequests": true, "patterns": [{ "urlPattern": "*" }] });
        self.ask("Fetch.enable", fetch, until).await.map(drop)
    }

    async fn shoot(&mut self, url: &str) -> Result<Screenshot, Stop> {
        let deadline = Instant::now() + DEADLINE;
        self.navigate(url, deadline).await?;
        let cut = !self.settle(deadline).await?;
        let until = Instant::now() + DRAW;
        if cut {
            self.pipe.send(Some(&self.session), "Page.stopLoading", json!({}), until).await?;
        }
        let png = self.capture(until).await?;
        let target = json!({ "targetId": self.target });
        let told = self.ask_browser("Target.getTargetInfo", target, until).await?;
        let word = |name: &str| told["targetInfo"][name].as_str().unwrap_or_default();
        let (url, title) = (word("url"), word("title"));
        if let Some(denied) = self.proxy.denial_of(url) {
            return Err(Unshot::Denied(denied).into());
        }
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Unshot::NoPage.into());
        }
        let (width, height) = size(&png).ok_or(Unshot::BadPicture)?;
        Ok(Screenshot {
            png,
            width,
            height,
            url: at_most(url, MAX_URL),
            title: at_most(title, MAX_TITLE),
            denied: self.proxy.denied(),
            cut,
        })
    }

    /// Opens the page; comes back when there is something of it.
    async fn navigate(&mut self, url: &str, deadline: Instant) -> Result<(), Stop> {
        // What was seen until here was of the empty page in its place.
        self.seen = Seen::default();
        let reply = match self.ask("Page.navigate", json!({ "url": url }), deadline).await {
            Err(Mute::Late) => return Err(Unshot::TimedOut.into()),
            Err(Mute::Refused(why)) => return Err(Unshot::Unreached(why).into()),
            other => other?,
        };
        let Some(error) = reply["errorText"].as_str() else { return Ok(()) };
        // Until there is a page nothing else was asked for.
        if let Some(denied) = self.proxy.first_denial() {
            return Err(Unshot::Denied(denied).into());
        }
        Err(match error.trim_start_matches("net::") {
            "ERR_ABORTED" => Unshot::NoPage,
            "ERR_TIMED_OUT" | "ERR_CONNECTION_TIMED_OUT" => Unshot::TimedOut,
            // All that the browser knows of others it has from the proxy, which knows more.
            error => self.proxy.first_failure().unwrap_or_else(|| Unshot::Unreached(error.to_owned())),
        }
        .into())
    }

    /// Waits until the page is there, and for what it asks for afterwards; whether it is whole.
    async fn settle(&mut self, deadline: Instant) -> Result<bool, Stop> {
        let mut restless = None;
        loop {
            if self.seen.crashed {
                return Err(Unshot::Undrawn.into());
            }
            let now = Instant::now();
            let mut until = deadline;
            if self.seen.loaded {
                until = until.min(*restless.get_or_insert(now + RESTLESS));
                if self.seen.asked.is_empty() {
                    until = until.min(now + QUIET);
                }
            }
            match self.pipe.hear(until).await {
                Ok(heard) => self.take(heard, deadline + DRAW).await?,
                Err(Mute::Late) => return Ok(self.seen.loaded),
                Err(mute) => return Err(mute.into()),
            }
        }
    }

    async fn capture(&mut self, until: Instant) -> Result<Vec<u8>, Stop> {
        let params = json!({ "format": "png", "captureBeyondViewport": false });
        for _ in 0..TRIES {
            match self.ask("Page.captureScreenshot", params.clone(), until).await {
                Ok(picture) => {
                    let picture = picture["data"].as_str().unwrap_or_default();
                    let png = STANDARD.decode(picture).ok().filter(|png| png.len() <= MAX_PNG);
                    return png.ok_or(Unshot::BadPicture.into());
                }
                // A page that keeps its process busy is never drawn.
                Err(Mute::Late) => return Err(Unshot::Undrawn.into()),
                Err(Mute::Refused(_)) => self.wait(Instant::now() + BETWEEN_TRIES).await?,
                Err(Mute::Gone) => return Err(Mute::Gone.into()),
            }
            if self.seen.crashed {
                break;
            }
        }
        Err(Unshot::Undrawn.into())
    }

    async fn wait(&mut self, until: Instant) -> Result<(), Mute> {
        loop {
            match self.pipe.hear(until).await {
                Ok(heard) => self.take(heard, until + WINDOW).await?,
                Err(Mute::Late) => return Ok(()),
                Err(mute) => return Err(mute),
            }
        }
    }

    /// Forgets the page and all that it has kept.
    async fn close(mut self) -> Result<(), Mute> {
        let until = Instant::now() + WINDOW;
        let context = json!({ "browserContextId": self.context });
        self.ask_browser("Target.disposeBrowserContext", context, until).await.map(drop)
    }

    async fn ask(&mut self, method: &str, params: Value, until: Instant) -> Result<Value, Mute> {
        let id = self.pipe.send(Some(&self.session), method, params, until).await?;
        self.answer(id, until).await
    }

    async fn ask_browser(&mut self, method: &str, params: Value, until: Instant) -> Result<Value, Mute> {
        let id = self.pipe.send(None, method, params, until).await?;
        self.answer(id, until).await
    }

    async fn answer(&mut self, id: u64, until: Instant) -> Result<Value, Mute> {
        loop {
            let heard = self.pipe.hear(until).await?;
            if heard == Heard::Answer(id)
                && let Some(answer) = self.pipe.answer(id)
            {
                return answer;
            }
            self.take(heard, until + WINDOW).await?;
        }
    }

    /// Sees what happened, and does what has to be done about it.
    async fn take(&mut self, heard: Heard, until: Instant) -> Result<(), Mute> {
        let Heard::Event(event) = heard else { return Ok(()) };
        let Some((method, params)) = self.reaction(&event) else { return Ok(()) };
        self.pipe.send(event.session.as_deref(), method, params, until).await.map(drop)
    }

    fn reaction(&mut self, event: &Event) -> Option<(&'static str, Value)> {
        let params = &event.params;
        match event.method.as_str() {
            // Both are told by the browser itself, and not by the page's process, which speaks up too late at times.
            "Page.frameStartedLoading" if params["frameId"] == self.target => {
                (self.seen.begun, self.seen.loaded) = (true, false);
            }
            "Page.frameStoppedLoading" if params["frameId"] == self.target => {
                self.seen.loaded = self.seen.begun;
            }
            "Inspector.targetCrashed" => self.seen.crashed = true,
            // Documents are loaded when their frames are.
            "Network.requestWillBeSent" if params["type"] != "Document" => {
                let id = params["requestId"].as_str()?;
                if self.seen.asked.len() < MAX_ASKED {
                    self.seen.asked.insert(id.to_owned());
                }
            }
            "Network.loadingFinished" | "Network.loadingFailed" => {
                self.seen.asked.remove(params["requestId"].as_str()?);
            }
            "Fetch.requestPaused" => {
                return Some(("Fetch.continueRequest", json!({ "requestId": params["requestId"] })));
            }
            "Fetch.authRequired" => {
                let response = self.credentials(&params["authChallenge"]);
                let params = json!({ "requestId": params["requestId"], "authChallengeResponse": response });
                return Some(("Fetch.continueWithAuth", params));
            }
            "Page.javascriptDialogOpening" => {
                return Some(("Page.handleJavaScriptDialog", json!({ "accept": false })));
            }
            "Target.targetCreated" => return self.intruder(&params["targetInfo"]),
            _ => {}
        }
        None
    }

    /// What is said to whoever wants to know who asks: to the proxy its secret, to sites nothing.
    fn credentials(&self, challenge: &Value) -> Value {
        if challenge["source"] == "Proxy" && challenge["origin"] == self.proxy.url() {
            json!({
                "response": "ProvideCredentials",
                "username": USER,
                "password": self.proxy.secret(),
            })
        } else {
            json!({ "response": "CancelAuth" })
        }
    }

    /// Closes windows that the page has opened.
    fn intruder(&self, target: &Value) -> Option<(&'static str, Value)> {
        let is_window = target["type"] == "page" && !self.target.is_empty();
        let is_other = target["targetId"] != self.target;
        (is_window && is_other).then(|| ("Target.closeTarget", json!({ "targetId": target["targetId"] })))
    }
}

fn text(answer: &Value, name: &str) -> Result<String, Mute> {
    answer[name].as_str().map(str::to_owned).ok_or(Mute::Gone)
}

/// Width and height as the first chunk of a PNG tells them (ISO/IEC 15948, 11.2.2).
fn size(png: &[u8]) -> Option<(u32, u32)> {
    let rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let (width, rest) = rest.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// The first bytes of a text, without half a character.
fn at_most(text: &str, bytes: usize) -> String {
    text[..text.floor_char_boundary(bytes)].to_owned()
}
