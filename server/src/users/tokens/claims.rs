//! Claims as JSON (RFC 7519 4): the ones that ipseity documents, and `jti`, `sid`, `iss`, `sub` besides.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::model::{Claims, Kind, Method, SKEW};

/// The claims of a token, in the order in which they are written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wire {
    user: String,
    iat: u64,
    nbf: u64,
    exp: u64,
    token_type: TokenType,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_method: Option<AuthenticationMethod>,
    /// Of refresh tokens: the account's id as 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    iss: String,
    sub: Uuid,
    sid: Uuid,
    jti: Uuid,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TokenType {
    AccessToken,
    RefreshToken,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AuthenticationMethod {
    Password,
    RefreshToken,
}

impl Wire {
    pub(super) fn of(claims: &Claims, issuer: &str) -> Self {
        let (token_type, method) = match claims.kind {
            Kind::Access(Method::Password) => (TokenType::AccessToken, Some(AuthenticationMethod::Password)),
            Kind::Access(Method::RefreshToken) => {
                (TokenType::AccessToken, Some(AuthenticationMethod::RefreshToken))
            }
            Kind::Refresh => (TokenType::RefreshToken, None),
        };
        Self {
            user: claims.user.clone(),
            iat: seconds(claims.issue_time),
            nbf: seconds(claims.issue_time),
            exp: seconds(claims.expire_time),
            token_type,
            authentication_method: method,
            uid: method.is_none().then(|| claims.account.simple().to_string()),
            iss: issuer.to_owned(),
            sub: claims.account,
            sid: claims.session,
            jti: claims.id,
        }
    }

    /// What it says, if it is good now and of this issuer.
    pub(super) fn read(self, issuer: &str, now: SystemTime) -> Option<Claims> {
        let kind = match (self.token_type, self.authentication_method) {
            (TokenType::AccessToken, Some(AuthenticationMethod::Password)) => Kind::Access(Method::Password),
            (TokenType::AccessToken, Some(AuthenticationMethod::RefreshToken)) => {
                Kind::Access(Method::RefreshToken)
            }
            (TokenType::RefreshToken, None) => Kind::Refresh,
            (TokenType::AccessToken, None) | (TokenType::RefreshToken, Some(_)) => return None,
        };
        // The maker's clock may be a little ahead; a token lasts not a second longer for it.
        let begun = self.nbf.max(self.iat) <= seconds(now + SKEW);
        let good = begun && seconds(now) < self.exp && self.iss == issuer;
        good.then(|| Claims {
            user: self.user,
            account: self.sub,
            kind,
            issue_time: time(self.iat),
            expire_time: time(self.exp),
            id: self.jti,
            session: self.sid,
        })
    }
}

/// Whole seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// A time of 1970 or later; one that is too far away to be a time is as far as there is.
fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.min(u64::from(u32::MAX) * 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(kind: Kind) -> Claims {
        Claims {
            user: "mara".into(),
            account: Uuid::from_u128(1),
            kind,
            issue_time: time(1000),
            expire_time: time(2000),
            id: Uuid::from_u128(2),
            session: Uuid::from_u128(3),
        }
    }

    #[test]
    fn claims_are_the_documented_ones_in_their_order_and_read_back() {
        let access = Wire::of(&claims(Kind::Access(Method::Password)), "atalaya");
        let json = serde_json::to_string(&access).unwrap();
        let known = r#"{"user":"mara","iat":1000,"nbf":1000,"exp":2000,"token_type":"access_token","authentication_method":"password","iss":"atalaya","#;
        assert!(json.starts_with(known), "{json}");
        let refresh = serde_json::to_string(&Wire::of(&claims(Kind::Refresh), "atalaya")).unwrap();
        assert!(refresh.contains(r#""uid":"00000000000000000000000000000001""#), "{refresh}");
        for kind in [Kind::Access(Method::Password), Kind::Access(Method::RefreshToken), Kind::Refresh] {
            assert_eq!(Wire::of(&claims(kind), "a").read("a", time(1500)), Some(claims(kind)));
        }
    }

    #[test]
    fn a_token_is_good_between_its_times_and_of_its_issuer_only() {
        let read = |now, issuer| Wire::of(&claims(Kind::Refresh), "a").read(issuer, time(now)).is_some();
        let skew = SKEW.as_secs();
        assert_eq!([999 - skew, 1000 - skew, 1000, 1999, 2000].map(|now| read(now, "a")), {
            [false, true, true, true, false]
        });
        assert!(!read(1500, "b"));
    }

    #[test]
    fn times_beyond_all_time_are_no_panic() {
        let mut wire = Wire::of(&claims(Kind::Refresh), "a");
        (wire.exp, wire.iat, wire.nbf) = (u64::MAX, 0, 0);
        assert!(wire.read("a", time(5)).is_some());
    }
}
