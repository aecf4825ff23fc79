//! The algorithms that can sign tokens (RFC 7518 3.1, RFC 8037 3.1). `none` is not among them.

use std::str::FromStr;

/// How tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// HMAC with SHA-256, -384 or -512: one shared secret.
    Hs(Hash),
    /// RSASSA-PKCS1-v1_5.
    Rs(Hash),
    /// RSASSA-PSS.
    Ps(Hash),
    /// ECDSA on P-256, P-384 or P-521.
    Es(Hash),
}

/// The hash of an algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::EdDsa,
        Self::Hs(Hash::Sha256),
        Self::Hs(Hash::Sha384),
        Self::Hs(Hash::Sha512),
        Self::Rs(Hash::Sha256),
        Self::Rs(Hash::Sha384),
        Self::Rs(Hash::Sha512),
        Self::Ps(Hash::Sha256),
        Self::Ps(Hash::Sha384),
        Self::Ps(Hash::Sha512),
        Self::Es(Hash::Sha256),
        Self::Es(Hash::Sha384),
        Self::Es(Hash::Sha512),
    ];

    /// Its name in the header `alg`.
    pub fn name(self) -> &'static str {
        let of = |names: [&'static str; 3], hash: Hash| match hash {
            Hash::Sha256 => names[0],
            Hash::Sha384 => names[1],
            Hash::Sha512 => names[2],
        };
        match self {
            Self::EdDsa => "EdDSA",
            Self::Hs(hash) => of(["HS256", "HS384", "HS512"], hash),
            Self::Rs(hash) => of(["RS256", "RS384", "RS512"], hash),
            Self::Ps(hash) => of(["PS256", "PS384", "PS512"], hash),
            Self::Es(hash) => of(["ES256", "ES384", "ES512"], hash),
        }
    }

    /// Whether signer and verifier share one secret.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs(_))
    }
}

impl FromStr for Algorithm {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("`{name}` is none of {names}")
        })
    }
}
