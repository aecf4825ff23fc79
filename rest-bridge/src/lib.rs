//! The documented HTTP APIs over the contract: each a dialect with its own paths, credentials and
//! error bodies, all of them callers of [`Api`] and nothing more.

mod cookies;
mod dialect;
mod drain;
#[cfg(fuzzing)]
pub mod fuzzing;
mod headers;
mod ipseity;
mod multipart;
mod origin;
mod pixerase;
mod routes;
mod sneakyscanner;
mod tensamin;
mod unexplained;

use std::sync::Arc;

use atalaya_client::Api;
use axum::{Router, middleware};

/// What the dialects may be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether cookies are marked `Secure`: right wherever browsers come by https.
    pub secure_cookies: bool,
    /// Bytes of an uploaded file; what is larger is refused while it comes in.
    pub max_upload_bytes: u64,
    /// Origins besides our own whose pages may send a browser's cookies with changes, and use the directory of
    /// identities, each such as `https://app.example.com`.
    pub allowed_origins: Vec<String>,
}

impl Default for Settings {
    /// Plain http, files of at most 32 MiB, no other origin.
    fn default() -> Self {
        Self { secure_cookies: false, max_upload_bytes: 32 * 1024 * 1024, allowed_origins: Vec::new() }
    }
}

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) api: Api,
    pub(crate) settings: Arc<Settings>,
}

/// Every dialect's routes. What is outside of their paths stays the caller's.
///
/// Two headers of a request are passed on with its calls and must be trustworthy when they come here:
/// `x-forwarded-for` is the one address the request is from, `x-request-id` its name in the log.
pub fn router(api: Api, settings: Settings) -> Router {
    let door = Door { api, settings: Arc::new(settings) };
    Router::new()
        .merge(ipseity::router(door.clone()))
        .merge(pixerase::router(door.clone()))
        .merge(sneakyscanner::router(door.clone()))
        .merge(tensamin::router(door))
        // Outermost: whatever refuses a request, its sender must be able to read the answer.
        .layer(middleware::from_fn(drain::drain))
}
