//! JSON Web Signatures in compact form (RFC 7515) with keys that are parsed once.
//!
//! Access tokens are checked at every call. jsonwebtoken parses its key anew each time and does not know
//! ES512, so the three parts are taken apart here; ring and p521 do the signing.

mod algorithm;
mod key;
mod public;
#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use key::{Error, Key};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The longest token that is looked at; ours have about 600 bytes, with RSA 900.
const MAX_TOKEN_BYTES: usize = 4096;

/// What a token says before its claims. `jku`, `x5u` and `jwk` are not read: a token never brings its key.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    typ: String,
    /// RFC 7515 4.1.11: whoever does not understand what is listed must refuse the token. We understand none.
    #[serde(default, skip_serializing)]
    crit: Option<serde_json::Value>,
}

/// A token taken apart, of which nothing has been believed yet.
pub struct Unverified<'a> {
    header: Header,
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// `None` for what is no token.
    pub fn parse(token: &'a str) -> Option<Self> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
        let signature = BASE64.decode(signature).ok()?;
        let known = header.crit.is_none() && (header.typ.is_empty() || header.typ == "JWT");
        known.then_some(Self { header, signed, claims, signature })
    }

    /// The name of the key that it claims to be signed with; empty for none.
    pub fn kid(&self) -> &str {
        &self.header.kid
    }

    /// Its claims, if this key has signed it with this key's own algorithm.
    pub fn verify<T: DeserializeOwned>(&self, key: &Key) -> Option<T> {
        let ours = self.header.alg == key.algorithm().name() && self.header.kid == key.kid();
        if !ours || !key.verify(self.signed.as_bytes(), &self.signature) {
            return None;
        }
        serde_json::from_slice(&BASE64.decode(self.claims).ok()?).ok()
    }
}

/// A token with these claims.
pub fn sign(claims: &impl Serialize, key: &Key) -> Result<String, Error> {
    let header = Header {
        alg: key.algorithm().name().to_owned(),
        kid: key.kid().to_owned(),
        typ: "JWT".to_owned(),
        crit: None,
    };
    let part =
        |json: serde_json::Result<Vec<u8>>| json.map(|json| BASE64.encode(json)).map_err(|_| Error::Unsigned);
    let signed = format!("{}.{}", part(serde_json::to_vec(&header))?, part(serde_json::to_vec(claims))?);
    let signature = key.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", BASE64.encode(signature)))
}
