//! What usually listens at a port, by the names of IANA's Service Name and Transport Protocol Port Number Registry
//! (RFC 6335), except for a few well-known services that never registered.

use super::model::{Port, Protocol};

/// The name of what usually listens at a port; `None` where nothing is known.
pub fn name(port: Port, protocol: Protocol) -> Option<&'static str> {
    let number = port.number();
    let start = SERVICES.partition_point(|(other, _, _)| *other < number);
    let here = SERVICES[start..].iter().take_while(|(other, _, _)| *other == number);
    here.filter(|(_, carrier, _)| carrier.is_none_or(|carrier| carrier == protocol)).map(|row| row.2).next()
}

/// Each port whose name is known, in order.
pub fn named() -> impl Iterator<Item = Port> {
    let mut last = 0;
    let numbers = SERVICES
        .iter()
        .map(|row| row.0)
        .filter(move |number| std::mem::replace(&mut last, *number) != *number);
    numbers.filter_map(Port::new)
}

const T: Option<Protocol> = Some(Protocol::Tcp);
const U: Option<Protocol> = Some(Protocol::Udp);
const B: Option<Protocol> = None;

/// Port, what carries it (`B` for both), name; in the order of ports.
#[rustfmt::skip]
const SERVICES: &[(u16, Option<Protocol>, &str)] = &[
    (1, B, "tcpmux"), (5, B, "rje"), (7, B, "echo"), (9, B, "discard"), (11, B, "systat"),
    (13, B, "daytime"), (15, T, "netstat"), (17, B, "qotd"), (19, B, "chargen"), (20, B, "ftp-data"),
    (21, B, "ftp"), (22, B, "ssh"), (23, B, "telnet"), (25, B, "smtp"), (37, B, "time"),
    (42, B, "nameserver"), (43, B, "nicname"), (49, B, "tacacs"), (53, B, "domain"), (67, B, "bootps"),
    (68, B, "bootpc"), (69, B, "tftp"), (70, B, "gopher"), (79, B, "finger"), (80, B, "http"),
    (88, B, "kerberos"), (102, B, "iso-tsap"), (104, B, "acr-nema"), (106, B, "3com-tsmux"),
    (109, B, "pop2"), (110, B, "pop3"), (111, B, "sunrpc"), (113, B, "auth"), (119, B, "nntp"),
    (123, B, "ntp"), (135, B, "epmap"), (137, B, "netbios-ns"), (138, B, "netbios-dgm"),
    (139, B, "netbios-ssn"), (143, B, "imap"), (161, B, "snmp"), (162, B, "snmptrap"), (177, B, "xdmcp"),
    (179, B, "bgp"), (194, B, "irc"), (199, B, "smux"), (201, B, "at-rtmp"), (210, B, "z39-50"),
    (213, B, "ipx"), (264, B, "bgmp"), (318, B, "pkix-timestamp"), (319, B, "ptp-event"),
    (320, B, "ptp-general"), (366, B, "odmr"), (369, B, "rpc2portmap"), (370, B, "codaauth2"),
    (371, B, "clearcase"), (383, B, "hp-alarm-mgr"), (387, B, "aurp"), (389, B, "ldap"), (401, B, "ups"),
    (407, B, "timbuktu"), (427, B, "svrloc"), (433, B, "nnsp"), (434, B, "mobileip-agent"),
    (443, B, "https"), (444, B, "snpp"), (445, B, "microsoft-ds"), (464, B, "kpasswd"),
    (465, T, "submissions"), (497, B, "retrospect"), (500, B, "isakmp"), (502, B, "mbap"), (512, T, "exec"),
    (512, U, "comsat"), (513, T, "login"), (513, U, "who"), (514, T, "shell"), (514, U, "syslog"),
    (515, B, "printer"), (517, B, "talk"), (518, B, "ntalk"), (520, T, "efs"), (520, U, "router"),
    (521, B, "ripng"), (525, B, "timed"), (530, B, "courier"), (531, B, "conference"), (532, B, "netnews"),
    (540, B, "uucp"), (543, B, "klogin"), (544, B, "kshell"), (546, B, "dhcpv6-client"),
    (547, B, "dhcpv6-server"), (548, B, "afpovertcp"), (554, B, "rtsp"), (556, B, "remotefs"),
    (563, B, "nntps"), (587, B, "submission"), (593, B, "http-rpc-epmap"), (601, B, "syslog-conn"),
    (607, B, "nqs"), (623, B, "asf-rmcp"), (625, B, "dec-dlm"), (631, B, "ipp"), (636, B, "ldaps"),
    (639, B, "msdp"), (646, B, "ldp"), (647, B, "dhcp-failover"), (648, B, "rrp"), (654, B, "aodv"),
    (657, B, "rmc"), (660, B, "mac-srvr-admin"), (666, B, "mdqs"), (674, B, "acap"), (688, B, "realm-rusd"),
    (691, B, "msexch-routing"), (694, B, "ha-cluster"), (695, B, "ieee-mms-ssl"), (698, B, "olsr"),
    (700, B, "epp"), (701, B, "lmp"), (702, B, "iris-beep"), (706, B, "silc"), (711, B, "cisco-tdp"),
    (749, B, "kerberos-adm"), (765, B, "webster"), (800, B, "mdbs-daemon"), (802, B, "mbap-s"),
    (830, B, "netconf-ssh"), (831, B, "netconf-beep"), (847, B, "dhcp-failover2"), (848, B, "gdoi"),
    (853, B, "domain-s"), (860, B, "iscsi"), (861, B, "owamp-control"), (862, B, "twamp-control"),
    (873, B, "rsync"), (886, B, "iclcnet-locate"), (902, B, "ideafarm-door"), (903, B, "ideafarm-panic"),
    (910, B, "kink"), (953, B, "rndc"), (989, B, "ftps-data"), (990, B, "ftps"), (992, B, "telnets"),
    (993, B, "imaps"), (995, B, "pop3s"), (1080, B, "socks"), (1085, B, "webobjects"),
    (1099, B, "rmiregistry"), (1113, B, "ltp-deepspace"), (1194, B, "openvpn"), (1214, B, "kazaa"),
    (1270, B, "opsmgr"), (1311, B, "rxmon"), (1352, B, "lotusnote"), (1414, B, "ibm-mqseries"),
    (1433, B, "ms-sql-s"), (1434, B, "ms-sql-m"), (1494, B, "ica"), (1512, B, "wins"),
    (1521, B, "ncube-lm"), (1524, B, "ingreslock"), (1604, B, "icabrowser"), (1645, B, "sightline"),
    (1646, B, "sa-msg-port"), (1701, B, "l2tp"), (1719, B, "h323gatestat"), (1720, B, "h323hostcall"),
    (1723, B, "pptp"), (1755, B, "ms-streaming"), (1801, B, "msmq"), (1812, B, "radius"),
    (1813, B, "radius-acct"), (1863, B, "msnp"), (1883, B, "mqtt"), (1900, B, "ssdp"),
    (1935, B, "macromedia-fcs"), (1984, B, "bb"), (1985, B, "hsrp"), (1998, B, "x25-svc-port"),
    (2000, B, "cisco-sccp"), (2049, B, "nfs"), (2086, B, "gnunet"), (2102, B, "zephyr-srv"),
    (2103, B, "zephyr-clt"), (2104, B, "zephyr-hm"), (2121, B, "scientia-ssdb"), (2152, B, "gtp-user"),
    (2181, B, "eforward"), (2222, B, "EtherNet-IP-1"), (2375, T, "docker"), (2376, T, "docker-s"),
    (2377, T, "swarm"), (2379, T, "etcd-client"), (2380, T, "etcd-server"), (2401, B, "cvspserver"),
    (2404, B, "iec-104"), (2427, B, "mgcp-gateway"), (2430, B, "venus"), (2483, B, "ttc"),
    (2484, B, "ttc-ssl"), (2628, B, "dict"), (2638, B, "sybaseanywhere"), (2727, B, "mgcp-callagent"),
    (2809, B, "corbaloc"), (2869, B, "icslap"), (2947, B, "gpsd"), (3000, B, "hbci"), (3020, B, "cifs"),
    (3050, B, "gds-db"), (3128, B, "ndl-aas"), (3130, B, "icpv2"), (3205, B, "isns"), (3225, B, "fcip"),
    (3260, B, "iscsi-target"), (3268, B, "msft-gc"), (3269, B, "msft-gc-ssl"), (3283, B, "net-assistant"),
    (3288, B, "cops"), (3306, B, "mysql"), (3386, B, "gprs-data"), (3389, B, "ms-wbt-server"),
    (3391, B, "savant"), (3478, B, "stun"), (3493, B, "nut"), (3544, B, "teredo"), (3632, B, "distcc"),
    (3689, B, "daap"), (3690, B, "svn"), (3702, B, "ws-discovery"), (3868, B, "diameter"),
    (3880, B, "igrs"), (3999, B, "remoteanything"), (4000, B, "terabase"), (4045, B, "npp"),
    (4062, B, "icpp"), (4190, T, "sieve"), (4222, B, "vrml-multi-use"), (4321, B, "rwhois"),
    (4333, B, "msql"), (4369, B, "epmd"), (4444, B, "krb524"), (4500, B, "ipsec-nat-t"), (4569, B, "iax"),
    (4662, B, "oms"), (4711, B, "trinity-dist"), (4786, B, "smart-install"), (4789, U, "vxlan"),
    (4840, B, "opcua-tcp"), (4843, B, "opcua-tls"), (4899, B, "radmin-port"), (5000, B, "commplex-main"),
    (5001, B, "commplex-link"), (5002, B, "rfe"), (5003, B, "fmpro-internal"), (5004, B, "avt-profile-1"),
    (5005, B, "avt-profile-2"), (5009, B, "winfs"), (5050, B, "mmcc"), (5060, B, "sip"), (5061, B, "sips"),
    (5093, B, "sentinel-lm"), (5190, B, "aol"), (5222, B, "xmpp-client"), (5223, B, "hpvirtgrp"),
    (5269, B, "xmpp-server"), (5280, B, "xmpp-bosh"), (5298, B, "presence"), (5349, B, "stuns"),
    (5351, B, "nat-pmp"), (5353, B, "mdns"), (5354, B, "mdnsresponder"), (5355, B, "llmnr"),
    (5357, B, "wsdapi"), (5358, B, "wsdapi-s"), (5405, B, "netsupport"), (5432, B, "postgresql"),
    (5445, B, "smbdirect"), (5550, B, "cbus"), (5555, B, "personal-agent"), (5631, B, "pcanywheredata"),
    (5632, B, "pcanywherestat"), (5666, T, "nrpe"), (5671, B, "amqps"), (5672, B, "amqp"),
    (5683, B, "coap"), (5684, B, "coaps"), (5723, B, "omhs"), (5900, B, "rfb"), (5938, B, "teamviewer"),
    (5984, B, "couchdb"), (5985, B, "wsman"), (5986, B, "wsmans"), (6000, B, "x11"), (6001, B, "x11"),
    (6080, B, "gue"), (6081, U, "geneve"), (6343, B, "sflow"), (6346, B, "gnutella-svc"),
    (6347, B, "gnutella-rtr"), (6379, T, "redis"), (6443, T, "sun-sr-https"), (6514, B, "syslog-tls"),
    (6566, T, "sane-port"), (6600, B, "mshvlm"), (6619, B, "odette-ftps"), (6653, B, "openflow"),
    (6665, T, "ircu"), (6666, T, "ircu"), (6667, T, "ircu"), (6668, T, "ircu"), (6669, T, "ircu"),
    (6697, T, "ircs-u"), (7000, B, "afs3-fileserver"), (7001, B, "afs3-callback"),
    (7002, B, "afs3-prserver"), (7070, B, "arcp"), (7400, B, "rtps-discovery"), (7547, B, "cwmp"),
    (7680, T, "pando-pub"), (7777, B, "cbt"), (8000, B, "irdmi"), (8008, B, "http-alt"),
    (8009, T, "nvme-disc"), (8021, B, "intu-ec-client"), (8030, B, "zarkov"), (8080, B, "http-alt"),
    (8081, B, "sunproxyadmin"), (8086, B, "d-s-n"), (8088, B, "radan-http"), (8118, B, "privoxy"),
    (8140, T, "puppet"), (8181, B, "intermapper"), (8194, B, "sophos"), (8200, B, "trivnet1"),
    (8291, T, "rtimecorba"), (8333, B, "bitcoin"), (8383, B, "m2mservices"), (8443, B, "pcsync-https"),
    (8471, B, "pim-port"), (8554, B, "rtsp-alt"), (8600, B, "asterix"), (8610, B, "canon-mfnp"),
    (8611, B, "canon-bjnp1"), (8766, B, "amcs"), (8834, T, "nessus-xmlrpc"), (8883, B, "secure-mqtt"),
    (8888, B, "ddi-tcp-1"), (9000, B, "cslistener"), (9001, B, "etlservicemgr"), (9050, B, "versiera"),
    (9080, B, "glrpc"), (9090, B, "websm"), (9091, B, "xmltec-xmlmail"), (9092, T, "XmlIpcRegSvc"),
    (9100, B, "hp-pdl-datastr"), (9101, B, "bacula-dir"), (9102, B, "bacula-fd"), (9103, B, "bacula-sd"),
    (9160, T, "apani1"), (9200, B, "wap-wsp"), (9300, B, "vrace"), (9389, B, "adws"), (9418, B, "git"),
    (9443, B, "tungsten-https"), (9800, B, "davsrc"), (9875, B, "sapv1"), (9876, B, "sd"),
    (9987, B, "dsm-scm-target"), (9999, B, "distinct"), (10000, B, "ndmp"), (10050, B, "zabbix-agent"),
    (10051, B, "zabbix-trapper"), (10080, B, "amanda"), (10161, B, "snmptls"), (10514, B, "gap"),
    (11211, B, "memcache"), (11371, B, "hkp"), (12345, B, "italk"), (13720, B, "bprd"),
    (13722, T, "bpjava-msvc"), (15345, B, "xpilot"), (17500, B, "db-lsp"), (19999, B, "dnp-sec"),
    (20000, B, "dnp"), (22000, B, "snapenetio"), (22273, B, "wnn6"), (24465, B, "tonidods"),
    (24554, B, "binkp"), (27017, T, "mongodb"), (27500, B, "quakeworld"), (34962, B, "profinet-rt"),
    (34963, B, "profinet-rtm"), (34964, B, "profinet-cm"), (44818, B, "EtherNet-IP-2"),
    (47808, B, "bacnet"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_in_the_order_of_ports_and_each_once() {
        for pair in SERVICES.windows(2) {
            let (one, other) = (pair[0], pair[1]);
            let apart = one.0 < other.0 || (one.0 == other.0 && one.1 == T && other.1 == U);
            assert!(apart, "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_port_may_mean_another_service_over_another_carrier() {
        let name = |port, carrier| name(Port::new(port).unwrap(), carrier);
        assert_eq!(name(514, Protocol::Tcp), Some("shell"));
        assert_eq!(name(514, Protocol::Udp), Some("syslog"));
        assert_eq!(name(22, Protocol::Tcp), Some("ssh"));
        assert_eq!(name(6379, Protocol::Udp), None);
        assert_eq!(name(65_535, Protocol::Tcp), None);
    }
}
