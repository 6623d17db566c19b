//! This machine's network interfaces in full: hardware address, MTU, addresses, gateway. Must never be asked on a thread that others wait
//! for: it reads the routing table and the neighbours.

use crate::session::subnet::Subnet;
use std::net::IpAddr;

/// An interface. What the system does not tell is `None` or empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// `eth0`; where the system has one, the name that people know it by.
    pub name: String,
    /// The system's number for it.
    pub index: u32,
    /// Its hardware address, 48 bits.
    pub mac: Option<[u8; 6]>,
    /// The most bytes that a packet of it can have.
    pub mtu: Option<u32>,
    /// Its addresses with their prefixes.
    pub addresses: Vec<Subnet>,
    /// Where packets go whose destination is elsewhere.
    pub gateways: Vec<IpAddr>,
    /// The gateway's hardware address, which frames to elsewhere carry.
    pub gateway_mac: Option<[u8; 6]>,
    /// Whom names are asked of.
    pub resolvers: Vec<IpAddr>,
    /// Whether it is up.
    pub up: bool,
    /// Whether it never leaves the machine.
    pub loopback: bool,
    /// Whether packets go out here when no other interface is nearer.
    pub default: bool,
}

/// All of them, the loopback first.
pub fn list() -> Vec<Card> {
    let mut cards: Vec<Card> = netdev::get_interfaces().into_iter().map(card).collect();
    cards.sort_by_key(|card| (!card.loopback, card.index));
    cards
}

fn card(found: netdev::Interface) -> Card {
    let (up, loopback) = (found.is_up(), found.is_loopback());
    let v4 = found.ipv4.iter().map(|net| (IpAddr::V4(net.addr()), net.prefix_len()));
    let v6 = found.ipv6.iter().map(|net| (IpAddr::V6(net.addr()), net.prefix_len()));
    let addresses = v4.chain(v6).filter_map(|(address, prefix)| Subnet::new(address, prefix).ok()).collect();
    let gateway = found.gateway.as_ref();
    let gateways = gateway.map_or_else(Vec::new, |gateway| {
        gateway.ipv4.iter().copied().map(IpAddr::V4).chain(gateway.ipv6.iter().copied().map(IpAddr::V6)).collect()
    });
    Card {
        name: found.friendly_name.unwrap_or(found.name),
        index: found.index,
        mac: real(found.mac_addr.map(|mac| mac.octets())),
        mtu: found.mtu,
        addresses,
        gateways,
        gateway_mac: real(gateway.map(|gateway| gateway.mac_addr.octets())),
        resolvers: found.dns_servers,
        up,
        loopback,
        default: found.default,
    }
}

/// All zeros is what the loopback has, and what stands for an address that is not known.
fn real(mac: Option<[u8; 6]>) -> Option<[u8; 6]> {
    mac.filter(|mac| *mac != [0; 6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_stands_first_with_its_network() {
        let cards = list();
        let loopback = cards.first().unwrap();
        assert!(loopback.loopback && loopback.mac.is_none(), "{loopback:?}");
        assert!(loopback.addresses.iter().any(|address| address.to_string() == "127.0.0.1/8"), "{loopback:?}");
    }
}
