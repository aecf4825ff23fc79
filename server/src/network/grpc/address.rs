//! What is known of addresses, on the wire.

use atalaya_proto::network::v1 as pb;

use crate::network::{
    Name,
    addresses::{Known, Location, Network, Source},
    targets::special::Special,
};

pub(super) fn answer(known: Known) -> pb::GetAddressResponse {
    pb::GetAddressResponse {
        address: known.address.to_string(),
        special: known.special.map(special),
        location: known.location.map(location),
        network: known.network.map(network),
        names: known.names.iter().map(Name::to_string).collect(),
        sources: known.sources.into_iter().map(source).collect(),
        failures: known.failures,
    }
}

fn special(range: Special) -> pb::SpecialRange {
    pb::SpecialRange {
        cidr: range.cidr.to_string(),
        name: range.name.to_owned(),
        document: range.document.to_owned(),
        global: range.global,
    }
}

fn location(location: Location) -> pb::Location {
    pb::Location {
        country_code: location.country_code,
        country: location.country,
        region: location.region,
        city: location.city,
        postal_code: location.postal_code,
        latitude: location.position.map(|(latitude, _)| latitude),
        longitude: location.position.map(|(_, longitude)| longitude),
        time_zone: location.time_zone,
    }
}

fn network(network: Network) -> pb::Network {
    pb::Network {
        asn: network.asn,
        provider: network.provider,
        organization: network.organization,
        cidr: network.cidr,
        name: network.name,
        abuse_email: network.abuse_email,
    }
}

fn source(source: Source) -> pb::AddressSource {
    pb::AddressSource {
        name: source.name,
        data_time: source.data_time.map(Into::into),
        attribution: source.attribution,
    }
}
