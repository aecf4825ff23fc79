//! The Tensamin dialect: `/api/get`, `/api/change`, `/api/register` and `/api/delete`, no cookies, and one
//! envelope for whatever happens. Its files are the headings of its document, and one for each oddity.

mod avatar;
mod cors;
mod envelope;
mod error;
mod form;
mod iotas;
mod omikrons;
mod paths;
mod reasons;
mod telling;
mod users;

use std::sync::Arc;

use atalaya_client::Credentials;
use axum::{
    Router,
    extract::{Request, State},
    middleware,
    response::{IntoResponse, Response},
    routing::any,
};
use http::request::Parts;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use self::{
    error::{Cause, Fault},
    paths::Place,
};
use crate::{
    Door,
    dialect::{Dialect, Visitor},
    headers,
    routes::crashed,
};

/// The first words of paths that are this dialect's, with all that lies below them.
const WORDS: [&str; 4] = ["get", "change", "register", "delete"];
/// What stands before those words: doubled slashes are as good as one.
const LEADS: [&str; 4] = ["/api/", "/api//", "//api/", "//api//"];
/// How many bodies that may carry an avatar are read at once; each is up to 12 MiB.
const MAX_LARGE: usize = 16;

/// The dialect.
pub(crate) struct Tensamin;

impl Dialect for Tensamin {
    type Fault = Fault;

    /// None: identities and relays prove themselves by what they say, and an account is of no use here.
    fn credentials(_: &Parts) -> Option<Credentials> {
        None
    }
}

/// What an operation can reach.
type Calls = Visitor<Tensamin>;

/// Everything under the dialect's words.
pub(crate) fn router(door: Door) -> Router {
    let large = Arc::new(Semaphore::new(MAX_LARGE));
    let serve = move |State(door): State<Door>, request: Request| serve(door, Arc::clone(&large), request);
    let paths = LEADS.into_iter().flat_map(|lead| WORDS.map(|word| format!("{lead}{word}")));
    let every = paths.flat_map(|path| [format!("{path}/{{*rest}}"), format!("{path}/"), path]);
    every
        .fold(Router::new(), |router, path| router.route(&path, any(serve.clone())))
        .layer(middleware::from_fn_with_state(door.clone(), cors::guard))
        .layer(CatchPanicLayer::custom(crashed::<Tensamin>))
        // Outside of what may answer in a handler's place, so that those answers have them too.
        .layer(middleware::from_fn(headers::defaults))
        .with_state(door)
}

async fn serve(door: Door, large: Arc<Semaphore>, request: Request) -> Response {
    let place = match paths::find(request.method(), request.uri().path()) {
        Ok(place) => place,
        Err(fault) => return fault.into_response(),
    };
    let telling = place.telling();
    match answer(door, &large, place, request).await {
        Ok(response) => response,
        Err(cause) => telling.fault(cause).into_response(),
    }
}

/// The operation of a place.
async fn answer(door: Door, large: &Semaphore, place: Place, request: Request) -> Result<Response, Cause> {
    let (mut parts, body) = request.into_parts();
    let calls = calls(&mut parts, &door).await;
    match place {
        Place::Find(name) => users::find(calls, name).await,
        Place::Profile(id) => users::profile(calls, id).await,
        Place::Change(id) => {
            let _turn = large.try_acquire().map_err(|_| Cause::Busy)?;
            users::change(calls, id, form::read(body, form::LARGE).await?).await
        }
        Place::ChangeIota(id) => users::change_iota(calls, id, form::read(body, form::SMALL).await?).await,
        Place::ChangeKeys(id) => users::change_keys(calls, id, form::read(body, form::SMALL).await?).await,
        Place::Init => iotas::init(calls).await,
        Place::Complete => iotas::complete(calls, form::read(body, form::SMALL).await?).await,
        Place::Delete(id) => iotas::delete(calls, id, form::read(body, form::SMALL).await?).await,
        Place::KeyHash(id) => omikrons::key_hash(calls, id, &parts.headers).await,
        Place::Iota(id) => omikrons::iota(calls, id, &parts.headers).await,
    }
}

async fn calls(parts: &mut Parts, door: &Door) -> Calls {
    use axum::extract::FromRequestParts;

    match Calls::from_request_parts(parts, door).await {
        Ok(calls) => calls,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests;
