//! DNS messages as hickory reads them, and what of them becomes values of our own.

use hickory_proto::{
    dnssec::rdata::DNSSECRData,
    op::{DnsRequest, DnsRequestOptions, Message, OpCode, Query, ResponseCode},
    rr::{self, RData, RecordType, rdata},
    serialize::binary::BinDecodable,
};

use crate::network::dns::{Data, Kind, Owner, Question, Record, Reply, Soa, Srv, Unanswered};

/// What a message says of itself: its code, and its answers.
pub(super) struct Part {
    /// What was answered.
    pub(super) code: ResponseCode,
    /// The records.
    pub(super) records: Vec<Record>,
}

/// Reads a message that came over TCP or UDP. Pointers of compressed names must point backwards, and what is not all
/// there is an error.
pub(super) fn part(bytes: &[u8]) -> Result<Part, Unanswered> {
    let message = Message::from_bytes(bytes).map_err(|_| Unanswered::Garbled)?;
    let records = message.answers.iter().map(record).collect();
    Ok(Part { code: message.response_code, records })
}

/// A question as it is sent.
pub(super) fn query(question: &Question) -> Result<Query, Unanswered> {
    let name = name(&question.owner)?;
    Ok(Query::query(name, RecordType::from(question.kind.number())))
}

/// A question to a resolver, with an id that nobody can guess.
pub(super) fn request(query: Query) -> DnsRequest {
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    DnsRequest::from_query(query, options)
}

/// A message that asks for a zone, and its id.
pub(super) fn transfer(zone: &Owner) -> Result<(u16, Vec<u8>), Unanswered> {
    let mut message = Message::query();
    message.metadata.op_code = OpCode::Query;
    message.metadata.recursion_desired = false;
    message.add_query(Query::query(name(zone)?, RecordType::AXFR));
    let bytes = message.to_vec().map_err(|_| Unanswered::Garbled)?;
    Ok((message.id, bytes))
}

/// What a resolver's message says.
pub(super) fn reply(message: &Message) -> Result<Reply, Unanswered> {
    let records: Vec<Record> = message.answers.iter().map(record).collect();
    let code = message.response_code;
    if code == ResponseCode::NoError {
        Ok(Reply { exists: true, records })
    } else if code == ResponseCode::NXDomain {
        // The alias is there, what it stands for is not.
        Ok(Reply { exists: !records.is_empty(), records })
    } else {
        Err(Unanswered::Failed(code_name(code)))
    }
}

/// Codes as the registry writes them (IANA, DNS Parameters, DNS RCODEs).
const CODES: [(ResponseCode, &str); 6] = [
    (ResponseCode::FormErr, "FORMERR"),
    (ResponseCode::ServFail, "SERVFAIL"),
    (ResponseCode::NXDomain, "NXDOMAIN"),
    (ResponseCode::NotImp, "NOTIMP"),
    (ResponseCode::Refused, "REFUSED"),
    (ResponseCode::NotAuth, "NOTAUTH"),
];

/// A code as the registry writes it, such as `SERVFAIL`.
pub(super) fn code_name(code: ResponseCode) -> String {
    let known = CODES.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| code.to_string(), |(_, name)| (*name).to_owned())
}

/// A name as hickory has it.
pub(super) fn name(owner: &Owner) -> Result<rr::Name, Unanswered> {
    // By its labels: of its text hickory reads no control characters.
    let labels = owner.labels();
    let mut name = rr::Name::from_labels(labels.iter().map(Vec::as_slice))
        .map_err(|_| Unanswered::Failed("the name is longer than names are".into()))?;
    name.set_fqdn(true);
    Ok(name)
}

fn owner(name: &rr::Name) -> Owner {
    Owner::from_labels(name.iter())
}

fn record(record: &rr::Record) -> Record {
    Record { owner: owner(&record.name), ttl: record.ttl, data: data(&record.data) }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "types without a meaning to us are many, and become more")]
fn data(data: &RData) -> Data {
    match data {
        RData::A(v4) => Data::A(v4.0),
        RData::AAAA(v6) => Data::Aaaa(v6.0),
        RData::MX(mx) => Data::Mx(mx.preference, owner(&mx.exchange)),
        RData::NS(ns) => Data::Ns(owner(&ns.0)),
        RData::CNAME(cname) => Data::Cname(owner(&cname.0)),
        RData::PTR(ptr) => Data::Ptr(owner(&ptr.0)),
        RData::TXT(txt) => Data::Txt(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
        RData::SOA(zone) => Data::Soa(Box::new(soa(zone))),
        RData::SRV(srv) => Data::Srv(Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: owner(&srv.target),
        }),
        RData::CAA(caa) => {
            let value = String::from_utf8_lossy(&caa.value);
            Data::Other(Kind::Caa, format!("{} {} {value}", caa.flags(), caa.tag))
        }
        RData::DNSSEC(DNSSECRData::NSEC(nsec)) => Data::Nsec(owner(nsec.next_domain_name())),
        other => Data::Other(Kind::of(other.record_type().into()), other.to_string()),
    }
}

fn soa(zone: &rdata::SOA) -> Soa {
    // Seconds are never negative; hickory reads them with a sign.
    let seconds = [zone.refresh, zone.retry, zone.expire].map(i32::cast_unsigned);
    let [refresh, retry, expire] = seconds;
    Soa {
        primary: owner(&zone.mname),
        mailbox: owner(&zone.rname),
        serial: zone.serial,
        seconds: [refresh, retry, expire, zone.minimum],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_name_was_read_can_be_asked_for_again() {
        let wild: Vec<u8> = (0..=62).collect();
        for labels in
            [vec![], vec![&b"\0"[..]], vec![&wild[..], b"a.b\\c", b"com"], vec![b"*", b"example", b"com"]]
        {
            let read = Owner::from_labels(labels);
            let asked = name(&read).expect("a name");
            assert!(asked.is_fqdn());
            assert_eq!(owner(&asked), read);
        }
        let long = Owner::from_labels([&[b'a'; 63][..]; 5]);
        assert!(name(&long).is_err());
    }
}
