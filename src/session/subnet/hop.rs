//! Where a frame to another host goes first, and whose hardware address it carries. Must never ask the system: the answer follows from
//! the addresses alone.

use super::range::{Use, range_of};
use super::{Subnet, SubnetError};
use std::net::IpAddr;

/// Where a frame goes first. Everything but [`Hop::Gateway`] stays on one's own link or machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// To oneself or a loopback address: no frame at all.
    Inside,
    /// To every host of the link: `ff:ff:ff:ff:ff:ff`.
    Broadcast,
    /// To a group: an address made from the group's last bits, 23 of IPv4 (RFC 1112 section 6.4), 32 of IPv6 (RFC 2464 section 7).
    Group {
        /// The hardware address.
        mac: [u8; 6],
    },
    /// The other host is in the same network: the frame carries its own hardware address, found by ARP or neighbour discovery.
    Direct,
    /// The other host is elsewhere: the frame carries the gateway's hardware address, the packet in it the other host's address.
    Gateway {
        /// The gateway, which is asked for by ARP instead of the other host.
        gateway: IpAddr,
    },
    /// The other host is elsewhere and no gateway is known: "network is unreachable".
    Nowhere,
}

/// Why no answer follows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HopError {
    /// IPv4 and IPv6 hosts do not meet without a translator.
    #[error("one address is IPv4 and the other IPv6")]
    Families,
    /// A gateway is of one's own network, or no frame could reach it.
    #[error("the gateway {0} is not in one's own network")]
    GatewayOutside(IpAddr),
    /// What was typed is no address.
    #[error(transparent)]
    Typed(#[from] SubnetError),
}

impl HopError {
    /// The key of it in words.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Families => "desk.error.families",
            Self::GatewayOutside(_) => "desk.error.gateway_outside",
            Self::Typed(problem) => problem.key(),
        }
    }

    /// What fills the places of those words.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Families => Vec::new(),
            Self::GatewayOutside(gateway) => vec![("gateway", gateway.to_string())],
            Self::Typed(problem) => problem.values(),
        }
    }
}

/// Where a frame from `own` to `other` goes first:
///
/// 1. to oneself or the loopback network, nowhere;
/// 2. to a group or to all, to the link, whatever the mask says (RFC 1122 section 3.3.6);
/// 3. into one's own network, which is what the AND with the mask tells, to the host itself (RFC 1122 section 3.3.1.1);
/// 4. anywhere else, to the gateway.
///
/// # Errors
/// Addresses of two families, or a gateway that is not in one's own network.
pub fn hop(own: &Subnet, other: IpAddr, gateway: Option<IpAddr>) -> Result<Hop, HopError> {
    if own.address().is_ipv4() != other.is_ipv4() {
        return Err(HopError::Families);
    }
    match range_of(other).used_for {
        _ if other == own.address() => return Ok(Hop::Inside),
        Use::Loopback => return Ok(Hop::Inside),
        Use::Multicast => return Ok(Hop::Group { mac: group_mac(other) }),
        Use::LimitedBroadcast => return Ok(Hop::Broadcast),
        _ if own.broadcast().map(IpAddr::from) == Some(other) => return Ok(Hop::Broadcast),
        // On its link whatever the mask says (RFC 3927 section 2.6.2, RFC 4861 section 5.2).
        Use::LinkLocal => return Ok(Hop::Direct),
        _ => {}
    }
    if own.contains(other) {
        return Ok(Hop::Direct);
    }
    match gateway {
        // Routers of IPv6 are known by their link-local addresses (RFC 4861 section 4.2).
        Some(gateway) if own.contains(gateway) || range_of(gateway).used_for == Use::LinkLocal => Ok(Hop::Gateway { gateway }),
        Some(gateway) => Err(HopError::GatewayOutside(gateway)),
        None => Ok(Hop::Nowhere),
    }
}

fn group_mac(group: IpAddr) -> [u8; 6] {
    match group {
        IpAddr::V4(v4) => {
            let [_, b, c, d] = v4.octets();
            [0x01, 0x00, 0x5E, b & 0x7F, c, d]
        }
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            [0x33, 0x33, octets[12], octets[13], octets[14], octets[15]]
        }
    }
}

/// Six bytes as people write a hardware address.
pub fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}
