//! Whose a bearer token is: a session's, an access token's, a personal token's or the operator's of site scans, told
//! apart by its shape.

use super::{
    personal_tokens::{self, model::Secret},
    sessions::{self, model::Authenticated},
    tokens,
};
use crate::{
    auth::{Origin, Role, SiteOperator, jws::Unverified},
    scans::operator,
};

/// Why a bearer token opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is nobody's.
    #[error("not authenticated")]
    NotAuthenticated,
    /// It opens other services than this.
    #[error("not authorized")]
    NotAuthorized,
    /// Its scopes do not cover the method. The scope that would; empty where none does.
    #[error("the token's scopes do not cover this method")]
    ScopeMissing(String),
    /// Whose it is can't be found out.
    #[error(transparent)]
    Session(sessions::Error),
    /// Whose it is can't be found out.
    #[error(transparent)]
    Token(tokens::Error),
    /// Whose it is can't be found out.
    #[error(transparent)]
    PersonalToken(personal_tokens::Error),
    /// Whose it is can't be found out.
    #[error(transparent)]
    Operator(operator::Error),
}

/// Who calls.
pub enum Principal {
    /// An account.
    Account(Authenticated),
    /// The operator of site scans.
    Operator(SiteOperator),
}

impl Principal {
    /// Where the call comes from.
    pub fn origin(&self) -> Origin {
        match self {
            Self::Account(account) => account.caller.origin(),
            Self::Operator(operator) => operator.origin(),
        }
    }

    /// An account's role; the operator has none.
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::Account(account) => Some(account.caller.role()),
            Self::Operator(_) => None,
        }
    }
}

/// What the operator's token opens, and nothing else.
const SITE_SCANS: &str = "/atalaya.scans.v1.";

/// All that can open a door.
#[derive(Clone)]
pub struct Credentials {
    /// Logins.
    pub sessions: sessions::Service,
    /// Access tokens.
    pub tokens: tokens::Service,
    /// Personal tokens.
    pub personal_tokens: personal_tokens::Service,
    /// Sessions of the operator of site scans.
    pub operator: operator::Service,
}

impl Credentials {
    /// Who calls a method, such as `/atalaya.images.v1.ImageService/GetImage`, with a bearer token.
    pub async fn authenticate(&self, token: &str, method: &str, origin: Origin) -> Result<Principal, Error> {
        if operator::model::Token::is_meant(token) {
            let operator = self.operator.authenticate(token, origin).await?;
            let is_open = method.starts_with(SITE_SCANS);
            return if is_open { Ok(Principal::Operator(operator)) } else { Err(Error::NotAuthorized) };
        }
        self.authenticate_account(token, method, origin).await.map(Principal::Account)
    }

    async fn authenticate_account(
        &self,
        token: &str,
        method: &str,
        origin: Origin,
    ) -> Result<Authenticated, Error> {
        if Secret::is_meant(token) {
            let (caller, scopes) = self.personal_tokens.authenticate(token, origin).await?;
            return match scopes.lacking(method) {
                None => Ok(Authenticated { caller, renewed: None }),
                Some(scope) => Err(Error::ScopeMissing(scope)),
            };
        }
        // Keys of access tokens have names; sessions need none.
        if let Some(signed) = Unverified::parse(token).filter(|token| !token.kid().is_empty()) {
            let caller = self.tokens.authenticate(&signed, origin).await?;
            return Ok(Authenticated { caller, renewed: None });
        }
        Ok(self.sessions.authenticate(token, origin).await?)
    }
}

impl From<sessions::Error> for Error {
    fn from(error: sessions::Error) -> Self {
        let nobody = matches!(error, sessions::Error::NotAuthenticated);
        if nobody { Self::NotAuthenticated } else { Self::Session(error) }
    }
}

impl From<tokens::Error> for Error {
    fn from(error: tokens::Error) -> Self {
        use tokens::Error::{AccountInactive, Invalid, TypeWrong};

        let nobody = matches!(error, Invalid | TypeWrong | AccountInactive);
        if nobody { Self::NotAuthenticated } else { Self::Token(error) }
    }
}

impl From<operator::Error> for Error {
    fn from(error: operator::Error) -> Self {
        let nobody = matches!(error, operator::Error::NotAuthenticated);
        if nobody { Self::NotAuthenticated } else { Self::Operator(error) }
    }
}

impl From<personal_tokens::Error> for Error {
    fn from(error: personal_tokens::Error) -> Self {
        let nobody = matches!(error, personal_tokens::Error::NotAuthenticated);
        if nobody { Self::NotAuthenticated } else { Self::PersonalToken(error) }
    }
}
