//! Whether an authority that browsers trust vouches for a server: by the roots of Mozilla's program.

use std::time::{SystemTime, UNIX_EPOCH};

use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use webpki::{EndEntityCert, Error, KeyUsage};
use webpki_roots::TLS_SERVER_ROOTS;

/// Checks a chain in DER, the server's own certificate first, for a name if there is one. Why not is one sentence.
/// Neither revocation nor transparency is looked at.
pub(crate) fn trusted(chain: &[Vec<u8>], host: Option<&str>, now: SystemTime) -> Result<(), String> {
    let (first, others) = chain.split_first().ok_or("there is no certificate")?;
    let first = CertificateDer::from(first.as_slice());
    let others: Vec<_> = others.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let now = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
    let certificate = EndEntityCert::try_from(&first).map_err(|error| why(&error))?;
    let algorithms = ring::default_provider().signature_verification_algorithms.all;
    let usage = KeyUsage::server_auth();
    certificate
        .verify_for_usage(algorithms, TLS_SERVER_ROOTS, &others, now, usage, None, None)
        .map_err(|error| why(&error))?;
    let Some(host) = host else { return Ok(()) };
    let name = ServerName::try_from(host).map_err(|_| "the name that was asked for is none for TLS")?;
    certificate.verify_is_valid_for_subject_name(&name).map_err(|_| format!("it is not for {host}"))
}

fn why(error: &Error) -> String {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list is long and grows: the others say what they are"
    )]
    match error {
        Error::CertExpired { .. } => "it has expired".into(),
        Error::CertNotValidYet { .. } => "it is not valid yet".into(),
        Error::UnknownIssuer => "no trusted authority has signed it".into(),
        Error::CaUsedAsEndEntity => "it is an authority's own".into(),
        Error::InvalidSignatureForPublicKey => "a signature in its chain is wrong".into(),
        other => format!("it can't be verified: {other}"),
    }
}
