//! This machine's network interfaces. Must never keep the list: addresses come and go.

use crate::session::spec::{Interface, Membership};
use std::net::{IpAddr, Ipv4Addr};

/// Every interface with at least one address, the loopback first.
pub fn list() -> Vec<Interface> {
    let mut interfaces: Vec<Interface> = netdev::get_interfaces()
        .into_iter()
        .map(|found| Interface {
            addresses: found
                .ipv4
                .iter()
                .map(|net| (IpAddr::V4(net.addr()), net.prefix_len()))
                .chain(found.ipv6.iter().map(|net| (IpAddr::V6(net.addr()), net.prefix_len())))
                .collect(),
            up: found.is_up(),
            loopback: found.is_loopback(),
            index: found.index,
            name: found.name,
        })
        .filter(|interface| !interface.addresses.is_empty())
        .collect();
    interfaces.sort_by_key(|interface| (!interface.loopback, interface.index));
    interfaces
}

/// The index and, for IPv4, an address of the interface a membership names; `None` when there is no such interface.
/// Without a name: index 0, which lets the system choose.
pub fn of_membership(membership: &Membership) -> Option<(u32, Ipv4Addr)> {
    let Some(wanted) = &membership.interface else { return Some((0, Ipv4Addr::UNSPECIFIED)) };
    let found = list().into_iter().find(|interface| {
        interface.name == *wanted
            || interface.index.to_string() == *wanted
            || interface.addresses.iter().any(|(address, _)| address.to_string() == *wanted)
    })?;
    let v4 = found.addresses.iter().find_map(|(address, _)| match address {
        IpAddr::V4(v4) => Some(*v4),
        IpAddr::V6(_) => None,
    });
    Some((found.index, v4.unwrap_or(Ipv4Addr::UNSPECIFIED)))
}
