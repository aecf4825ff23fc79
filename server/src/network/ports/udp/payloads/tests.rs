//! Each payload is what its document says.

use hickory_proto::{
    op::Message,
    rr::{DNSClass, RecordType},
    serialize::binary::BinDecodable,
};

use super::*;

fn sent(port: u16) -> Vec<Vec<u8>> {
    of(Port::new(port).unwrap(), 7).datagrams
}

fn only(port: u16) -> Vec<u8> {
    let [datagram] = <[_; 1]>::try_from(sent(port)).unwrap();
    datagram
}

#[test]
fn questions_of_names_are_read_by_others() {
    for (port, name, kind) in
        [(53, ".", RecordType::NS), (5353, "_services._dns-sd._udp.local.", RecordType::PTR)]
    {
        let message = Message::from_bytes(&only(port)).unwrap();
        let [question] = message.queries.as_slice() else { panic!("{message:?}") };
        assert_eq!((question.name().to_ascii().as_str(), question.query_type()), (name, kind));
        assert_eq!(question.query_class(), DNSClass::IN);
    }
    let netbios = only(137);
    assert_eq!(&netbios[12..], b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01");
}

#[test]
fn times_descriptions_and_versions_are_asked_for_as_the_documents_say() {
    let ntp = only(123);
    assert_eq!((ntp.len(), ntp[0]), (48, 0x23));
    assert_ne!(ntp[40..], [0; 8]);
    for (version, snmp) in sent(161).into_iter().enumerate() {
        assert_eq!(snmp[..13], [0x30, 41, 2, 1, version as u8, 4, 6, b'p', b'u', b'b', b'l', b'i', b'c']);
        assert_eq!(snmp[13..17], [0xA0, 28, 2, 4]);
        assert_eq!(snmp[21..], [2, 1, 0, 2, 1, 0, 0x30, 14, 0x30, 12, 6, 8, 43, 6, 1, 2, 1, 1, 1, 0, 5, 0]);
    }
    let memcached = only(11_211);
    assert_eq!(memcached[2..], *b"\0\0\0\x01\0\0version\r\n");
    let coap = only(5683);
    assert_eq!((coap[0], coap[1], &coap[4..]), (0x40, 1, &b"\xBB.well-known\x04core"[..]));
    let stun = only(3478);
    assert_eq!((stun.len(), &stun[..8]), (20, &[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42][..]));
}

#[test]
fn texts_end_as_messages_do() {
    for port in [1900, 5060] {
        let text = String::from_utf8(only(port)).unwrap();
        assert!(text.ends_with("\r\n\r\n") && !text.contains(" \r\n") && !text.contains("\n "), "{text}");
    }
}

#[test]
fn first_messages_of_key_exchanges_are_as_long_as_they_say() {
    let quic = only(443);
    assert_eq!((quic.len(), quic[0] & 0xC0, &quic[1..6]), (1200, 0xC0, &[0x1A, 0x2A, 0x3A, 0x4A, 8][..]));
    let openvpn = only(1194);
    assert_eq!((openvpn.len(), openvpn[0]), (14, 0x38));
    for ike in sent(500) {
        assert_eq!(u32::from_be_bytes(ike[24..28].try_into().unwrap()), ike.len() as u32);
        let mut next = ike[16];
        let mut rest = &ike[28..];
        while next != 0 {
            next = rest[0];
            rest = &rest[usize::from(u16::from_be_bytes([rest[2], rest[3]]))..];
        }
        assert!(rest.is_empty());
    }
    let behind_nat = sent(4500);
    assert!(behind_nat.iter().zip(sent(500)).all(|(nat, ike)| nat[..4] == [0; 4] && nat[4..] == ike));
}

#[test]
fn numbers_are_of_the_seed_and_unknown_ports_get_an_empty_datagram() {
    let ntp = |seed| of(Port::new(123).unwrap(), seed);
    assert_eq!(ntp(1), ntp(1));
    assert_ne!(ntp(1), ntp(2));
    assert_eq!(sent(40_000), [Vec::<u8>::new()]);
    assert!(of(Port::new(69).unwrap(), 1).answered_elsewhere);
}
