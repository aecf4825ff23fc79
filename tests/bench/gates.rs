//! Authenticated reads behind two gates, in one process on two ports: the server's own, which looks an access
//! token's session up at each call, and one that believes whatever is signed and not over.
//! `gates FOLDER` prints both addresses and an access token as JSON, and serves until its input ends.

use std::{
    convert::Infallible,
    error::Error,
    io::{self, Read, Write},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use atalaya_client::Api;
use atalaya_proto::users::v1::account_service_server::AccountServiceServer;
use atalaya_server::{
    admission::AdmissionLayer,
    app::App,
    auth::{Caller, Origin, Role, layer::GateLayer},
    clock::SystemClock,
    config::Settings,
    edge::{self, Limits, RequestIdLayer},
    unexplained,
    users::tokens::{self, model::Kind},
};
use atalaya_tests::tokens::named;
use axum::{Router, body::Body, extract::Request, routing::Route};
use clap::{Args, Command, FromArgMatches};
use http::{HeaderMap, header::AUTHORIZATION};
use serde_json::json;
use tower::{Layer, Service, ServiceExt, util::MapResponseLayer};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // cargo may add flags of its own.
    let folder = std::env::args().skip(1).find(|word| !word.starts_with("--")).ok_or("a folder, please")?;
    let app = App::open(&settings(&folder)?, Arc::new(SystemClock), "/proc/self/exe".into()).await?;
    let reader = named(&Api::in_process(app.routes()?), "mara").await;
    let checked = serve(routes(&app, GateLayer::new(app.credentials.clone())))?;
    let believed = serve(routes(&app, Believing { tokens: app.credentials.tokens.clone() }))?;
    writeln!(io::stdout(), "{}", json!({ "checked": checked, "believed": believed, "token": reader.token }))?;
    tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

fn settings(folder: &str) -> Result<Settings, clap::Error> {
    let line = ["gates", "--data-dir", folder, "--rate-limits", "off"];
    Settings::from_arg_matches(&Settings::augment_args(Command::new("gates")).get_matches_from(line))
}

/// The accounts as the server puts them together, behind a gate.
fn routes<G>(app: &App, gate: G) -> Router
where
    G: Layer<Route> + Clone + Send + Sync + 'static,
    G::Service: Service<Request, Response = http::Response<tonic::body::Body>, Error = Infallible>,
    G::Service: Clone + Send + Sync + 'static,
    <G::Service as Service<Request>>::Future: Send,
{
    tonic::service::Routes::new(AccountServiceServer::new(app.accounts.clone()))
        .into_axum_router()
        .layer(AdmissionLayer::default())
        .layer(gate)
        .layer(MapResponseLayer::new(unexplained::explain))
}

/// Serves on a free port of loopback; its URL.
fn serve(routes: Router) -> io::Result<String> {
    let listener = edge::listen(([127, 0, 0, 1], 0).into())?;
    let url = format!("http://{}", listener.local_addr()?);
    let answering = tower::service_fn(move |request: http::Request<edge::Body>| {
        routes.clone().oneshot(request.map(Body::new))
    });
    tokio::spawn(edge::serve(
        listener,
        RequestIdLayer.layer(answering),
        Limits::default(),
        std::future::pending(),
    ));
    Ok(url)
}

/// Puts [`Belief`] before services.
#[derive(Clone)]
struct Believing {
    tokens: tokens::Service,
}

impl<S> Layer<S> for Believing {
    type Service = Belief<S>;

    fn layer(&self, inner: S) -> Belief<S> {
        Belief { tokens: self.tokens.clone(), inner }
    }
}

/// The gate without its question to the database. A token does not tell the role; for one's own account any
/// will do.
#[derive(Clone)]
struct Belief<S> {
    tokens: tokens::Service,
    inner: S,
}

impl<S, R> Service<Request> for Belief<S>
where
    S: Service<Request, Response = http::Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    R: http_body::Body<Data = bytes::Bytes, Error: Into<tower::BoxError>> + Send + 'static,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let tokens = self.tokens.clone();
        Box::pin(async move {
            // Without a caller the service refuses.
            if let Some(caller) = caller(&tokens, request.headers()).await {
                request.extensions_mut().insert(caller);
            }
            Ok(inner.call(request).await?.map(tonic::body::Body::new))
        })
    }
}

async fn caller(tokens: &tokens::Service, headers: &HeaderMap) -> Option<Caller> {
    let (_, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let claims = tokens.read(token).await.ok()?;
    let Kind::Access(method) = claims.kind else { return None };
    Some(Caller::new(claims.account, Role::User, claims.session, method.into(), Origin::NONE))
}
