//! The names of services, by IANA's Service Name and Transport Protocol Port Number Registry (RFC 6335).

/// What a service is called when TLS is spoken from the first byte on, where it has a name of its own then.
const SECURE: [(&str, &str); 16] = [
    ("amqp", "amqps"),
    ("domain", "domain-s"),
    ("ftp", "ftps"),
    ("http", "https"),
    ("imap", "imaps"),
    ("irc", "ircs-u"),
    ("ldap", "ldaps"),
    ("mqtt", "secure-mqtt"),
    ("nntp", "nntps"),
    ("pop3", "pop3s"),
    ("rtsp", "rtsps"),
    ("sip", "sips"),
    ("smtp", "submissions"),
    ("telnet", "telnets"),
    ("xmpp-client", "xmpps-client"),
    ("docker", "docker-s"),
];

/// A service's name.
pub(super) fn name(service: &str, port: u16, is_tls: bool) -> &str {
    if is_tls {
        return SECURE.iter().find(|(plain, _)| *plain == service).map_or(service, |(_, secure)| secure);
    }
    match (service, port) {
        ("smtp", 587) => "submission",
        ("microsoft-ds", 139) => "netbios-ssn",
        ("xmpp-client", 5269) => "xmpp-server",
        _ => service,
    }
}
