//! The kinds of texts that fingerprints know, by the names that recog gives them; the others are ours.

/// What stands behind `SSH-2.0-` (RFC 4253, 4.2).
pub const SSH: &str = "ssh.banner";
/// A greeting of FTP without its code (RFC 959).
pub const FTP: &str = "ftp.banner";
/// A greeting of SMTP without its code (RFC 5321).
pub const SMTP: &str = "smtp.banner";
/// A greeting of IMAP without `* OK` (RFC 9051).
pub const IMAP: &str = "imap4.banner";
/// A greeting of POP3 without `+OK` (RFC 1939).
pub const POP3: &str = "pop3.banner";
/// A greeting of NNTP without its code (RFC 3977).
pub const NNTP: &str = "nntp.banner";
/// What a telnet server shows, without its options (RFC 854).
pub const TELNET: &str = "telnet.banner";
/// The version in MySQL's greeting.
pub const MYSQL: &str = "mysql.banners";
/// The error in place of MySQL's greeting.
pub const MYSQL_ERROR: &str = "mysql.error";
/// The header `Server` of HTTP.
pub const HTTP_SERVER: &str = "http_header.server";
/// A header `Set-Cookie`.
pub const HTTP_SET: &str = "http_header.cookie";
/// A header `WWW-Authenticate`.
pub const HTTP_AUTHENTICATE: &str = "http_header.wwwauth";
/// The header `X-Powered-By`.
pub const HTTP_POWERED_BY: &str = "http_header.x-powered-by";
/// The title of a page.
pub const HTML_TITLE: &str = "html_title";
/// All headers of an answer of HTTP, one a line.
pub const HTTP_HEADERS: &str = "http_headers";
/// The header `Location`.
pub const HTTP_LOCATION: &str = "http_header.location";
/// The body of an answer of HTTP that is JSON or plain text.
pub const HTTP_BODY: &str = "http_body";
/// The header `Server` of SIP (RFC 3261).
pub const SIP_SERVER: &str = "sip_header.server";
/// The header `User-Agent` of SIP.
pub const SIP_AGENT: &str = "sip_header.user_agent";
/// The header `Server` of RTSP (RFC 7826).
pub const RTSP_SERVER: &str = "rtsp_header.server";
/// The text at `version.bind` (RFC 4892).
pub const DNS_VERSION: &str = "dns.versionbind";
/// The variables of a server of NTP (RFC 9327).
pub const NTP: &str = "ntp.readvar";
/// `sysDescr` of SNMP (RFC 3418).
pub const SNMP: &str = "snmp.sys_description";
/// `sysName` of SNMP.
pub const SNMP_NAME: &str = "snmp.sys_name";
/// What a directory says of itself, bytes of LDAP (RFC 4512, 5.1).
pub const LDAP: &str = "ldap.search_result";
/// The answer to `INFO` of Redis.
pub const REDIS: &str = "redis.info";
/// The answer to `version` of memcached.
pub const MEMCACHED: &str = "memcached.version";
/// Keys and values that MongoDB tells, one a line.
pub const MONGODB: &str = "mongodb.hello";
/// The fields of an error of PostgreSQL, one a line.
pub const POSTGRES: &str = "postgresql.error";
/// Properties of an AMQP server, one a line.
pub const AMQP: &str = "amqp.properties";
/// What MQTT's `$SYS/broker/version` holds.
pub const MQTT: &str = "mqtt.version";
/// What ZooKeeper answers to `srvr`.
pub const ZOOKEEPER: &str = "zookeeper.srvr";
/// The dialect and flags of SMB 2 and 3, one a line.
pub const SMB: &str = "smb.dialect";
/// The version of a Microsoft SQL Server.
pub const TDS: &str = "tds.version";
/// A greeting of none of the protocols above.
pub const OTHER: &str = "greeting";

/// All of them.
const ALL: [&str; 35] = [
    SSH,
    FTP,
    SMTP,
    IMAP,
    POP3,
    NNTP,
    TELNET,
    MYSQL,
    MYSQL_ERROR,
    HTTP_SERVER,
    HTTP_SET,
    HTTP_AUTHENTICATE,
    HTTP_POWERED_BY,
    HTML_TITLE,
    HTTP_HEADERS,
    HTTP_LOCATION,
    HTTP_BODY,
    SIP_SERVER,
    SIP_AGENT,
    RTSP_SERVER,
    DNS_VERSION,
    NTP,
    SNMP,
    SNMP_NAME,
    LDAP,
    REDIS,
    MEMCACHED,
    MONGODB,
    POSTGRES,
    AMQP,
    MQTT,
    ZOOKEEPER,
    SMB,
    TDS,
    OTHER,
];

/// Whether we ever see such a text. Fingerprints of other kinds are not kept.
pub(super) fn is_known(kind: &str) -> bool {
    ALL.contains(&kind)
}

/// The kind of a file that does not tell it: recog takes the file's name, and one of its files has none.
pub(super) fn of_file(file: &str) -> &str {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    if stem == "telnet_banners" { TELNET } else { stem }
}
