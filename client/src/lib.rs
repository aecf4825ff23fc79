//! What a caller of Atalaya holds: one [`Api`] over a channel or over the services of this process,
//! typed clients that carry [`Credentials`], one typed [`Error`], and whole uploads and downloads.
//!
//! ```no_run
//! # async fn example() -> Result<(), atalaya_client::Error> {
//! use atalaya_client::{Api, Credentials, Error};
//! use atalaya_proto::users::v1::{CreateSessionRequest, GetOwnAccountRequest};
//!
//! let api = Api::connect("http://127.0.0.1:8080")?;
//! let login = CreateSessionRequest { email: "mara@example.com".into(), password: "correct horse".into() };
//! let session = api.anonymous().sessions().create_session(login).await?.into_inner().session;
//!
//! let credentials = Credentials::bearer(&session.ok_or_else(|| Error::missing("session"))?.token)?;
//! let mara = api.with(credentials);
//! let account = mara.accounts().get_own_account(GetOwnAccountRequest {}).await?.into_inner().account;
//! # let _ = account;
//! # Ok(())
//! # }
//! ```

mod calls;
mod credentials;
mod error;
mod lanes;
mod transfer;
mod upstream;

pub use calls::{Calls, has_ended};
pub use credentials::Credentials;
pub use error::Error;
pub use transfer::{CopyError, Download, UploadError};
pub use upstream::Upstream;

use tonic::{service::Routes, transport::Channel};

/// Where calls go. Cheap to clone; clones share their connection.
#[derive(Clone, Debug)]
pub struct Api {
    upstream: Upstream,
}

impl Api {
    /// Calls a server by its address, such as `http://127.0.0.1:8080`. Connects at the first call and
    /// again whenever the connection is lost. Transfers have connections of their own.
    ///
    /// Fails with `INVALID_ARGUMENT` for what is no `http://` address; [`Api::over`] takes channels with TLS.
    pub fn connect(address: &str) -> Result<Self, Error> {
        let endpoint = upstream::endpoint(address)?;
        Ok(Self { upstream: lanes::lanes(|| upstream::remote(endpoint.connect_lazy())) })
    }

    /// Calls over a channel that the caller has set up.
    pub fn over(channel: Channel) -> Self {
        Self { upstream: upstream::remote(channel) }
    }

    /// Calls the services of this process: no socket, no copy.
    pub fn in_process(routes: Routes) -> Self {
        Self { upstream: upstream::local(routes) }
    }

    /// Clients whose calls carry no credentials.
    pub fn anonymous(&self) -> Calls {
        Calls::new(self.upstream.clone(), None)
    }

    /// Clients whose calls carry these credentials, and keep them fresh as the server renews them.
    pub fn with(&self, credentials: Credentials) -> Calls {
        Calls::new(self.upstream.clone(), Some(credentials))
    }
}
