//! Whole handshakes with servers that speak TLS 1.3 only, where certificates are encrypted: who it is gets told, not
//! judged.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, IpAddr, ServerName, UnixTime},
    version::TLS13,
};
use tokio::io::{AsyncReadExt, join, split};
use tokio_rustls::TlsConnector;

use super::{
    answer::MAX_CHAIN,
    knock::{End, Heard, MAX_HEARD, Probe},
};

/// A kind of key that a certificate may be asked for with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    Rsa,
    Ecdsa,
    EdDsa,
}

impl Keys {
    pub(super) const ALL: [Self; 3] = [Self::Rsa, Self::Ecdsa, Self::EdDsa];

    /// The kind of a key as certificates have it, such as `EC P-256`.
    pub(super) fn of(key: &str) -> Option<Self> {
        match key {
            "RSA" | "RSA-PSS" => Some(Self::Rsa),
            "Ed25519" | "Ed448" => Some(Self::EdDsa),
            curve => curve.starts_with("EC").then_some(Self::Ecdsa),
        }
    }

    fn schemes(self) -> Vec<SignatureScheme> {
        use SignatureScheme as S;
        match self {
            // PKCS #1 is for the signatures of authorities only (RFC 8446, 4.2.3).
            Self::Rsa => vec![
                S::RSA_PSS_SHA256,
                S::RSA_PSS_SHA384,
                S::RSA_PSS_SHA512,
                S::RSA_PKCS1_SHA256,
                S::RSA_PKCS1_SHA384,
                S::RSA_PKCS1_SHA512,
                S::RSA_PKCS1_SHA1,
            ],
            Self::Ecdsa => vec![S::ECDSA_NISTP256_SHA256, S::ECDSA_NISTP384_SHA384, S::ECDSA_NISTP521_SHA512],
            Self::EdDsa => vec![S::ED25519, S::ED448],
        }
    }
}

/// The certificates that a server shows to who can check such keys only; `None` if it has none of them.
pub(super) async fn chain(probe: &Probe<'_>, keys: Keys) -> Result<Option<Vec<Vec<u8>>>, End> {
    let recorder = Arc::new(Recorder { keys, shown: Mutex::default() });
    let config = config(Arc::clone(&recorder)).map_err(|error| End::Wrong(error.to_string()))?;
    let connector = TlsConnector::from(Arc::new(config));
    let name = probe.host.and_then(|host| ServerName::try_from(host.to_owned()).ok());
    let name = name.unwrap_or_else(|| ServerName::IpAddress(IpAddr::from(probe.address())));
    let shake = move |stream| -> Heard<'static, std::io::Result<()>> {
        Box::pin(async move {
            let (read, write) = split(stream);
            let stream = join(read.take(MAX_HEARD as u64), write);
            Ok(connector.connect(name, stream).await.map(drop))
        })
    };
    let shaken = probe.connect(shake).await;
    let shown = std::mem::take(&mut *recorder.shown.lock().unwrap_or_else(PoisonError::into_inner));
    match shaken {
        // Whatever came after them, they were shown.
        _ if !shown.is_empty() => Ok(Some(shown)),
        Ok(Err(error)) if is_refusal(&error) => Ok(None),
        Ok(Err(error)) => Err(End::Wrong(error.to_string())),
        Ok(Ok(())) => Ok(None),
        Err(end) => Err(end),
    }
}

/// Whether a server says that it has no such certificate, or hangs up for it.
fn is_refusal(error: &std::io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::AlertReceived(_)))
        || matches!(
            error.kind(),
            std::io::ErrorKind::UnexpectedEof
                | std::io::ErrorKind::ConnectionReset
                | std::io::ErrorKind::BrokenPipe
        )
}

fn config(recorder: Arc<Recorder>) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(&[&TLS13])?;
    Ok(builder.dangerous().with_custom_certificate_verifier(recorder).with_no_client_auth())
}

/// Takes every certificate and keeps it: nothing secret is sent, and what is read is shown as what it is.
#[derive(Debug)]
struct Recorder {
    keys: Keys,
    shown: Mutex<Vec<Vec<u8>>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        first: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let all = [first].into_iter().chain(others).take(MAX_CHAIN);
        let chain = all.map(|certificate| certificate.to_vec()).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.keys.schemes()
    }
}
