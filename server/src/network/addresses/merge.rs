//! Many findings made one, without mixing what contradicts itself.

use super::{
    countries,
    model::{Finding, Location, Network, Source},
};

/// One location, one network, and the sources that had a part in them, of findings in the order in which they are
/// believed. The location is that of the finding that knows most; others fill what it leaves open where they name the
/// same country. So it is with networks and the same autonomous system.
pub fn merge(findings: &[Finding]) -> (Option<Location>, Option<Network>, Vec<Source>) {
    let location = located(findings);
    let network = held(findings);
    let had_part = |finding: &&Finding| {
        let placed = location.as_ref().is_some_and(|at| fits(at, &finding.location));
        placed || network.as_ref().is_some_and(|of| belongs(of, &finding.network))
    };
    let sources = findings.iter().filter(had_part).map(|finding| finding.source.clone()).collect();
    (location, network, sources)
}

fn located(findings: &[Finding]) -> Option<Location> {
    let locations =
        || findings.iter().map(|finding| &finding.location).filter(|at| **at != Location::default());
    // Of several that know as much, the first.
    let most = locations().rev().max_by_key(|at| depth(at))?;
    let mut merged = most.clone();
    for other in locations().filter(|other| fits(most, other)) {
        let city = merged.city.is_empty() || merged.city == other.city;
        let region = merged.region.is_empty() || merged.region == other.region;
        fill(&mut merged.country, &other.country);
        fill(&mut merged.time_zone, &other.time_zone);
        if region {
            fill(&mut merged.region, &other.region);
        }
        if region && city {
            fill(&mut merged.city, &other.city);
            fill(&mut merged.postal_code, &other.postal_code);
            merged.position = merged.position.or(other.position);
        }
    }
    if merged.country.is_empty() {
        merged.country = countries::name(&merged.country_code).unwrap_or_default().to_owned();
    }
    Some(merged)
}

/// How much a location tells.
fn depth(at: &Location) -> u8 {
    u8::from(!at.city.is_empty()) * 4 + u8::from(at.position.is_some()) * 2 + u8::from(!at.region.is_empty())
}

fn held(findings: &[Finding]) -> Option<Network> {
    let networks = || findings.iter().map(|finding| &finding.network).filter(|of| **of != Network::default());
    let asn = networks().map(|of| of.asn).find(|asn| *asn != 0).unwrap_or_default();
    let mut merged = Network { asn, ..Network::default() };
    let known = merged.clone();
    for other in networks().filter(|other| belongs(&known, other)) {
        fill(&mut merged.provider, &other.provider);
        fill(&mut merged.organization, &other.organization);
        fill(&mut merged.cidr, &other.cidr);
        fill(&mut merged.name, &other.name);
        fill(&mut merged.abuse_email, &other.abuse_email);
    }
    (merged != Network::default()).then_some(merged)
}

/// Whether what another says of a place goes with this one.
fn fits(at: &Location, other: &Location) -> bool {
    *other != Location::default() && other.country_code == at.country_code
}

/// Whether what another says of a network goes with this one.
fn belongs(of: &Network, other: &Network) -> bool {
    *other != Network::default() && (other.asn == 0 || other.asn == of.asn)
}

fn fill(text: &mut String, other: &str) {
    if text.is_empty() {
        other.clone_into(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(country_code: &str, region: &str, city: &str) -> Finding {
        let [country_code, region, city] = [country_code, region, city].map(str::to_owned);
        let location = Location { country_code, region, city, ..Location::default() };
        Finding { location, ..Finding::default() }
    }

    fn of(asn: u32, provider: &str) -> Finding {
        let network = Network { asn, provider: provider.to_owned(), ..Network::default() };
        Finding { network, ..Finding::default() }
    }

    #[test]
    fn nothing_is_known_of_what_nobody_knows() {
        assert_eq!(merge(&[]), (None, None, Vec::new()));
        assert_eq!(merge(&[Finding::default()]), (None, None, Vec::new()));
    }

    #[test]
    fn the_location_that_tells_most_wins_and_is_not_mixed_with_another_country() {
        let mut middle = at("DE", "", "");
        middle.location.position = Some((51.2, 10.4));
        let mut exact = at("DE", "Berlin", "Berlin");
        exact.location.position = Some((52.5, 13.4));
        let mut french = at("FR", "Île-de-France", "");
        french.location.time_zone = "Europe/Paris".into();
        let berlin = at("DE", "Berlin", "Berlin");
        let (location, _, sources) = merge(&[french, middle, berlin, exact]);
        let location = location.expect("a location");
        assert_eq!((location.city.as_str(), location.country.as_str()), ("Berlin", "Germany"));
        // The city's, and not that of the middle of its country.
        assert_eq!((location.position, location.time_zone.as_str()), (Some((52.5, 13.4)), ""));
        assert_eq!(sources.len(), 3, "what is not believed is no source");
    }

    #[test]
    fn another_city_s_postal_code_and_position_are_not_taken() {
        let mut hamburg = at("DE", "Hamburg", "Hamburg");
        hamburg.location.postal_code = "20095".into();
        hamburg.location.position = Some((53.5, 10.0));
        let mut berlin = at("DE", "Berlin", "Berlin");
        berlin.location.position = Some((52.5, 13.4));
        let location = merge(&[berlin, hamburg]).0.expect("a location");
        assert_eq!((location.city.as_str(), location.postal_code.as_str()), ("Berlin", ""));
    }

    #[test]
    fn a_network_is_of_one_autonomous_system() {
        let registry =
            Finding { network: Network { name: "NET-1".into(), ..Network::default() }, ..Finding::default() };
        let (_, network, _) =
            merge(&[of(0, ""), of(64_500, ""), of(64_501, "Other"), of(64_500, "One"), registry]);
        let network = network.expect("a network");
        assert_eq!((network.asn, &*network.provider, &*network.name), (64_500, "One", "NET-1"));
    }
}
