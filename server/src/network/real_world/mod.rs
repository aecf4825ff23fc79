//! The real outside. Only here are sockets to others opened, each with a `Permit`.

mod names;

use std::net::IpAddr;

use super::{
    model::Name,
    world::{Answer, Unresolved, World},
};

/// The world that this machine is in.
#[derive(Debug, Default)]
pub struct RealWorld;

impl World for RealWorld {
    fn resolve<'a>(&'a self, name: &'a Name) -> Answer<'a, Result<Vec<IpAddr>, Unresolved>> {
        Box::pin(names::resolve(name))
    }
}
