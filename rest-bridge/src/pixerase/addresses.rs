//! Internet Protocol: what is known of an address (facts 1.3, decision 14).

use atalaya_client::Error;
use atalaya_proto::network::v1 as pb;
use axum::Json;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use super::{
    Pixerase,
    error::{Answer, Fault},
    form::Valid,
    internet_forms::Address,
    responses::{BadValue, NotAuthenticated, NotFound, TooMany, Unavailable, WrongShape},
};
use crate::{Door, dialect::Caller};

/// What stands where no part of a text is known.
const UNKNOWN: &str = "Unknown";

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 1] {
    [routes!(info)]
}

/// What is known of an address; null is unknown.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ReadIPInfoResponse)]
struct Info {
    #[schema(example = "192.0.2.1")]
    ip_address: String,
    /// Who announces it.
    isp: Option<String>,
    /// Who holds it, or what it is set aside for.
    organization: Option<String>,
    #[schema(example = "Germany")]
    country: Option<String>,
    region_name: Option<String>,
    city: Option<String>,
    zip_code: Option<String>,
    #[schema(minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    #[schema(minimum = -180, maximum = 180)]
    longitude: Option<f64>,
    /// Whether its latitude and longitude are known.
    has_location: bool,
    /// Whether its provider or organisation is known.
    #[expect(clippy::struct_field_names, reason = "the document calls it so")]
    has_network_info: bool,
    #[schema(example = "Berlin, Land Berlin, Germany")]
    location_string: String,
    network_string: String,
}

impl Info {
    /// `None` if this dialect has no words for what is known.
    fn of(answer: pb::GetAddressResponse) -> Option<Self> {
        if answer.special.is_none() && answer.location.is_none() && answer.network.is_none() {
            return None;
        }
        let (location, network) = (answer.location.unwrap_or_default(), answer.network.unwrap_or_default());
        let special = answer.special.map(|range| format!("{} ({})", range.name, range.document));
        let isp = known(network.provider);
        let organization = known(network.organization).or(special);
        let [country, region_name, city] = [location.country, location.region, location.city].map(known);
        let parts: Vec<&str> =
            [&city, &region_name, &country].into_iter().flatten().map(String::as_str).collect();
        let location_string = if parts.is_empty() { UNKNOWN.to_owned() } else { parts.join(", ") };
        let network_string = match (&isp, &organization) {
            (Some(isp), Some(organization)) => format!("{isp} ({organization})"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => UNKNOWN.to_owned(),
        };
        Some(Self {
            ip_address: answer.address,
            has_location: location.latitude.is_some() && location.longitude.is_some(),
            has_network_info: isp.is_some() || organization.is_some(),
            isp,
            organization,
            country,
            region_name,
            city,
            zip_code: known(location.postal_code),
            latitude: location.latitude,
            longitude: location.longitude,
            location_string,
            network_string,
        })
    }
}

fn known(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Retrieves geolocation and network information for an IP address.
#[utoipa::path(
    get, path = "/api/v1/ip/info/", tag = "Internet Protocol", params(Address),
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, body = Info),
        BadValue, NotAuthenticated, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn info(caller: Caller<Pixerase>, Valid(asked): Valid<Address>) -> Answer<Json<Info>> {
    let address = asked.destination_address;
    let request = pb::GetAddressRequest { address: address.clone() };
    let answer = caller.network().get_address(request).await.map_err(Error::from)?.into_inner();
    // Its names alone are nothing that this dialect tells.
    let unknown =
        || Fault::described(StatusCode::NOT_FOUND, format!("IP information not found for {address}"));
    Info::of(answer).map(Json).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> pb::GetAddressResponse {
        pb::GetAddressResponse { address: "192.0.2.1".into(), ..Default::default() }
    }

    #[test]
    fn strings_are_of_the_parts_that_are_known() {
        for (city, region, country, shown) in [
            ("Berlin", "Land Berlin", "Germany", "Berlin, Land Berlin, Germany"),
            ("", "", "Germany", "Germany"),
            ("Berlin", "", "Germany", "Berlin, Germany"),
            ("", "", "", UNKNOWN),
        ] {
            let [city, region, country] = [city, region, country].map(str::to_owned);
            let location = Some(pb::Location { city, region, country, ..Default::default() });
            let info = Info::of(pb::GetAddressResponse { location, ..answer() }).expect("it is known");
            assert_eq!((info.location_string.as_str(), info.has_location), (shown, false));
        }
        for (isp, organization, shown) in
            [("Net", "Org", "Net (Org)"), ("Net", "", "Net"), ("", "Org", "Org"), ("", "", UNKNOWN)]
        {
            let [provider, organization] = [isp, organization].map(str::to_owned);
            let network = Some(pb::Network { provider, organization, ..Default::default() });
            let info = Info::of(pb::GetAddressResponse { network, ..answer() }).expect("it is known");
            assert_eq!((info.network_string.as_str(), info.has_network_info), (shown, shown != UNKNOWN));
        }
    }

    #[test]
    fn what_is_known_by_name_only_is_unknown_here() {
        assert_eq!(Info::of(pb::GetAddressResponse { names: vec!["a.example".into()], ..answer() }), None);
    }

    #[test]
    fn a_special_range_is_told_as_its_organisation() {
        let special = pb::SpecialRange {
            name: "Private-Use".into(),
            document: "RFC 1918".into(),
            ..Default::default()
        };
        let info =
            Info::of(pb::GetAddressResponse { special: Some(special), ..answer() }).expect("it is known");
        assert_eq!(info.network_string, "Private-Use (RFC 1918)");
        assert!(!info.has_location && info.latitude.is_none() && info.country.is_none());
    }
}
