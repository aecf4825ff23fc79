//! RTSP (RFC 2326), SIP (RFC 3261) and SOCKS 5 (RFC 1928): what they can, and who they are.

use super::Probe;
use crate::scans::probe::{
    fingerprints::kinds,
    services::finding::{Clue, Finding},
};

/// Longest value of a header.
const MAX_VALUE: usize = 1024;

/// What a server of streams can.
pub(super) const RTSP: Probe = Probe {
    ports: &[554, 8554, 322],
    request: || b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".to_vec(),
    is_whole: ends,
    then: None,
    read: |heard| {
        heard.starts_with(b"RTSP/1.").then(|| headers("rtsp", heard, &[("server", kinds::RTSP_SERVER)]))
    },
};

/// What a server of calls can; nobody is called.
pub(super) const SIP: Probe = Probe {
    ports: &[5060, 5061],
    request: || {
        b"OPTIONS sip:nobody@atalaya.invalid SIP/2.0\r\n\
        Via: SIP/2.0/TCP atalaya.invalid;branch=z9hG4bK-atalaya;rport\r\n\
        Max-Forwards: 70\r\nFrom: <sip:nobody@atalaya.invalid>;tag=atalaya\r\nTo: <sip:nobody@atalaya.invalid>\r\n\
        Call-ID: atalaya@atalaya.invalid\r\nCSeq: 1 OPTIONS\r\nContact: <sip:nobody@atalaya.invalid;transport=tcp>\r\n\
        Accept: application/sdp\r\nContent-Length: 0\r\n\r\n"
            .to_vec()
    },
    is_whole: ends,
    then: None,
    read: |heard| {
        let wanted = [("server", kinds::SIP_SERVER), ("user-agent", kinds::SIP_AGENT)];
        heard.starts_with(b"SIP/2.0 ").then(|| headers("sip", heard, &wanted))
    },
};

/// Whether it would let us in without a login.
pub(super) const SOCKS: Probe = Probe {
    ports: &[1080, 9050, 9150],
    request: || vec![5, 1, 0],
    is_whole: |heard| heard.len() >= 2,
    then: None,
    read: |heard| match heard {
        [5, 0] => Some(Finding::bare("socks").noting("SOCKS 5, open to everyone")),
        [5, 0xff] => Some(Finding::bare("socks").noting("SOCKS 5, asks for a login")),
        _ => None,
    },
};

fn ends(heard: &[u8]) -> bool {
    heard.ends_with(b"\r\n\r\n")
}

fn headers(service: &'static str, heard: &[u8], wanted: &[(&str, &'static str)]) -> Finding {
    let mut finding = Finding::bare(service);
    for line in heard.split(|byte| *byte == b'\n').skip(1).take_while(|line| !line.trim_ascii().is_empty()) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        let kind = wanted.iter().find(|(wanted, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
        finding.clues.extend(kind.map(|(_, kind)| Clue::new(kind, &value[..value.len().min(MAX_VALUE)])));
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_name_themselves_in_headers() {
        let heard =
            b"SIP/2.0 404 Not Found\r\nVia: x\r\nServer: Asterisk PBX 18\r\nUser-Agent: y\r\n\r\nServer: z";
        let finding = (SIP.read)(heard).expect("a finding");
        assert_eq!(
            finding.clues,
            [Clue::new(kinds::SIP_SERVER, "Asterisk PBX 18"), Clue::new(kinds::SIP_AGENT, "y")]
        );
        let heard = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer:  GStreamer RTSP server\r\n\r\n";
        assert_eq!(
            (RTSP.read)(heard).map(|f| f.clues),
            Some(vec![Clue::new(kinds::RTSP_SERVER, "GStreamer RTSP server")])
        );
        assert_eq!((SIP.read)(b"HTTP/1.1 400 Bad Request\r\n\r\n"), None);
        assert_eq!((SOCKS.read)(&[5, 0]).map(|f| f.service), Some("socks"));
        assert_eq!((SOCKS.read)(&[5, 0, 0]), None);
    }
}
