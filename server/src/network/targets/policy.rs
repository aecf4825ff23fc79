//! The policy itself: who, what for, where to. A [`Permit`] is its yes, and nothing else makes one.

use std::{
    net::{IpAddr, SocketAddr},
    sync::OnceLock,
};

use super::{
    embedded,
    model::{Allowed, Class, Clearance, Denied, Purpose, Rule},
    special,
};
use crate::edge::Cidr;

/// The right to send packets to one address. Sockets to others are opened with one only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permit {
    address: IpAddr,
    purpose: Purpose,
    /// The port at which this server listens, if the address is its own.
    own_port: Option<u16>,
}

impl Permit {
    /// Where to.
    pub fn address(self) -> IpAddr {
        self.address
    }

    /// What for.
    pub fn purpose(self) -> Purpose {
        self.purpose
    }

    /// Whether the port may be connected to: not where this server itself listens.
    pub fn allows(self, port: u16) -> bool {
        self.own_port != Some(port)
    }

    /// The address with a port, if that may be connected to.
    pub fn socket(self, port: u16) -> Result<SocketAddr, Denied> {
        if self.allows(port) {
            Ok(SocketAddr::new(self.address, port))
        } else {
            Err(Denied { address: self.address, class: Class::Own, rule: Rule::Class })
        }
    }
}

/// The rules: those of the settings, and the defaults of each [`Class`].
#[derive(Debug, Default)]
pub struct TargetPolicy {
    allow: Vec<Cidr>,
    deny: Vec<Cidr>,
    listener: OnceLock<SocketAddr>,
}

impl TargetPolicy {
    /// With what the settings allow and deny.
    pub fn new(allow: Vec<Cidr>, deny: Vec<Cidr>) -> Self {
        Self { allow, deny, listener: OnceLock::new() }
    }

    /// Keeps everyone from the address and port at which this process listens. Once.
    pub fn listens_at(&self, address: SocketAddr) {
        // A second call would be another listener, which there isn't.
        let _ = self.listener.set(address);
    }

    /// Whether somebody may send packets to an address.
    pub fn check(&self, who: &Clearance, purpose: Purpose, address: IpAddr) -> Result<Permit, Denied> {
        let address = address.to_canonical();
        self.judge(who, address).inspect_err(
            |denied| tracing::info!(%address, ?purpose, class = denied.class.name(), "denied"),
        )?;
        Ok(self.permit(purpose, address))
    }

    /// A resolver that the operator has named, or the system: it may be asked wherever it is.
    pub fn resolver(&self, address: IpAddr) -> Permit {
        self.permit(Purpose::Dns, address)
    }

    /// Whether somebody may look at an address, and why, without a permit. The strictest of what it carries counts.
    pub fn judge(&self, who: &Clearance, address: IpAddr) -> Result<Allowed, Denied> {
        let mut strictest = None;
        for part in embedded::all(address) {
            let allowed = self.judge_one(who, part).map_err(|denied| Denied { address, ..denied })?;
            strictest = strictest.max_by_class(allowed);
        }
        strictest.ok_or(Denied { address, class: Class::Reserved, rule: Rule::Class })
    }

    fn judge_one(&self, who: &Clearance, address: IpAddr) -> Result<Allowed, Denied> {
        let class = special::class(address);
        let named = |list: &[Cidr]| list.iter().any(|cidr| cidr.contains(address));
        if named(&self.deny) {
            return Err(Denied { address, class, rule: Rule::DenySetting });
        }
        if named(&self.allow) {
            return Ok(Allowed { class, rule: Rule::AllowSetting });
        }
        match class {
            Class::Public => Ok(Allowed { class, rule: Rule::Class }),
            Class::Private if who.has_private() => Ok(Allowed { class, rule: Rule::Class }),
            Class::Private if who.is_granted(address) => Ok(Allowed { class, rule: Rule::Grant }),
            Class::Private
            | Class::Loopback
            | Class::LinkLocal
            | Class::Multicast
            | Class::Reserved
            | Class::Own => Err(Denied { address, class, rule: Rule::Class }),
        }
    }

    fn permit(&self, purpose: Purpose, address: IpAddr) -> Permit {
        let own = self.listener.get().filter(|listener| is_own(address, listener.ip()));
        Permit { address, purpose, own_port: own.map(SocketAddr::port) }
    }
}

trait Strictest {
    fn max_by_class(self, other: Allowed) -> Option<Allowed>;
}

impl Strictest for Option<Allowed> {
    fn max_by_class(self, other: Allowed) -> Option<Allowed> {
        match self {
            Some(first) if first.class >= other.class => Some(first),
            Some(_) | None => Some(other),
        }
    }
}

/// Whether packets to `address` reach a socket that is bound to `listener`.
fn is_own(address: IpAddr, listener: IpAddr) -> bool {
    if !listener.is_unspecified() {
        // All of 127.0.0.0/8 is this machine, but a listener at 127.0.0.1 hears only what is sent to it.
        return address == listener.to_canonical() || address.is_unspecified();
    }
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let mut addresses = interfaces.filter_map(|interface| ip(interface.address?));
    address.is_loopback() || address.is_unspecified() || addresses.any(|own| own == address)
}

fn ip(address: nix::sys::socket::SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::auth::Role;

    fn cidrs(list: &[&str]) -> Vec<Cidr> {
        list.iter().map(|text| text.parse().expect("a range")).collect()
    }

    fn user(grants: &[&str]) -> Clearance {
        Clearance::Account(Role::User, cidrs(grants).into())
    }

    fn allowed(policy: &TargetPolicy, who: &Clearance, address: &str) -> bool {
        policy.check(who, Purpose::Scan, address.parse().expect("an address")).is_ok()
    }

    #[test]
    fn the_defaults_hold_for_each_class_and_each_asker() {
        let policy = TargetPolicy::default();
        let admin = Clearance::Account(Role::Admin, Arc::new([]));
        for (address, for_user, for_admin) in [
            ("1.1.1.1", true, true),
            ("2606:4700::1", true, true),
            ("10.0.0.1", false, true),
            ("fd00::1", false, true),
            ("100.64.0.1", false, true),
            ("127.0.0.1", false, false),
            ("::1", false, false),
            ("0.0.0.0", false, false),
            ("169.254.169.254", false, false),
            ("fe80::1", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("198.18.0.1", false, false),
            ("::ffff:127.0.0.1", false, false),
            ("2002:7f00:1::1", false, false),
            ("64:ff9b::10.0.0.1", false, true),
            ("2001:0:102:304:0:0:80ff:fffe", false, false),
        ] {
            assert_eq!(allowed(&policy, &user(&[]), address), for_user, "{address} for a user");
            assert_eq!(allowed(&policy, &admin, address), for_admin, "{address} for an admin");
            assert_eq!(
                allowed(&policy, &Clearance::Operator, address),
                for_admin,
                "{address} for the operator"
            );
        }
    }

    #[test]
    fn a_grant_opens_private_networks_and_nothing_else() {
        let policy = TargetPolicy::default();
        let who = user(&["10.1.0.0/16", "127.0.0.0/8", "169.254.0.0/16"]);
        assert!(allowed(&policy, &who, "10.1.2.3") && allowed(&policy, &who, "::ffff:10.1.2.3"));
        assert!(!allowed(&policy, &who, "10.2.0.1"));
        assert!(!allowed(&policy, &who, "127.0.0.1") && !allowed(&policy, &who, "169.254.169.254"));
    }

    #[test]
    fn the_settings_win_over_the_defaults_and_denying_over_allowing() {
        let policy =
            TargetPolicy::new(cidrs(&["127.0.0.0/8", "10.0.0.0/8"]), cidrs(&["10.9.0.0/16", "1.1.1.1"]));
        assert!(allowed(&policy, &user(&[]), "127.0.0.1") && allowed(&policy, &user(&[]), "10.8.0.1"));
        for denied in ["10.9.0.1", "1.1.1.1", "::ffff:1.1.1.1", "2002:a09:1::1"] {
            assert!(!allowed(&policy, &Clearance::Operator, denied), "{denied}");
        }
    }

    #[test]
    fn where_the_server_listens_nobody_connects() {
        let policy = TargetPolicy::new(cidrs(&["127.0.0.0/8"]), Vec::new());
        policy.listens_at("127.0.0.1:8080".parse().expect("an address"));
        let permit = |address: &str| {
            policy
                .check(&Clearance::Operator, Purpose::Scan, address.parse().expect("an address"))
                .expect("a permit")
        };
        assert!(!permit("127.0.0.1").allows(8080) && permit("127.0.0.1").allows(8081));
        assert!(permit("127.0.0.2").allows(8080));
        assert_eq!(permit("127.0.0.1").socket(8080).map_err(|denied| denied.class), Err(Class::Own));
        let everywhere = TargetPolicy::new(cidrs(&["127.0.0.0/8"]), Vec::new());
        everywhere.listens_at("0.0.0.0:8080".parse().expect("an address"));
        let address = "127.0.0.2".parse().expect("an address");
        let permit = everywhere.check(&Clearance::Operator, Purpose::Scan, address).expect("a permit");
        assert!(!permit.allows(8080));
    }
}
