//! A token's JSON payload, as the token itself has it.

use atalaya_client::Error;
use atalaya_proto::users::v1::{AuthenticationMethod, CheckTokenResponse};
use serde::Serialize;

/// The claims of an access token, in the order in which tokens write them.
#[derive(Serialize)]
pub(super) struct Payload {
    user: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    token_type: &'static str,
    authentication_method: &'static str,
    iss: String,
    sub: String,
    sid: String,
    jti: String,
}

impl Payload {
    /// What a check found.
    pub(super) fn of(checked: CheckTokenResponse) -> Result<Self, Error> {
        let claims = checked.claims.ok_or_else(|| Error::missing("claims"))?;
        let authentication_method = match claims.authentication_method() {
            AuthenticationMethod::Password => "password",
            AuthenticationMethod::RefreshToken => "refresh_token",
            AuthenticationMethod::Unspecified => return Err(Error::missing("authentication method")),
        };
        let [iat, nbf, exp] = [claims.issue_time, claims.not_before, claims.expire_time]
            .map(|time| time.map(|time| time.seconds).ok_or_else(|| Error::missing("time of a token")));
        Ok(Self {
            user: claims.user,
            iat: iat?,
            nbf: nbf?,
            exp: exp?,
            token_type: "access_token",
            authentication_method,
            iss: claims.issuer,
            sub: claims.account_id,
            sid: claims.session_id,
            jti: claims.id,
        })
    }
}
