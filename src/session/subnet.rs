//! Addresses as a course teaches them: the network and the host part, what a range is for, and whose hardware address a frame to another
//! host carries. Pure. Must never know which addresses this machine has.

mod hop;
mod range;

pub use hop::{Hop, HopError, hop, mac_text};
pub use range::{Range, Use, range_of};

use ipnet::{IpNet, Ipv4Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address of a host and how many of its bits name the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subnet {
    net: IpNet,
}

/// Why what was typed is no address with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubnetError {
    /// Nothing was typed.
    #[error("an address is missing")]
    Empty,
    /// Neither IPv4 nor IPv6.
    #[error("'{0}' is not an IPv4 or IPv6 address")]
    NotAnAddress(String),
    /// Neither a number of bits nor a mask.
    #[error("'{0}' is neither a prefix length nor a mask")]
    NotAMask(String),
    /// The prefix is longer than an address of the family.
    #[error("a prefix of {length} bits is longer than the {most} bits of the address")]
    TooLong {
        /// As typed.
        length: u32,
        /// What there is.
        most: u8,
    },
    /// Ones after a zero: the network part must be the first bits, without a hole (RFC 4632 section 5.1).
    #[error("the mask {0} has ones after a zero")]
    Holes(Ipv4Addr),
    /// IPv6 has no dotted masks (RFC 4291 section 2.3).
    #[error("IPv6 has prefix lengths, no masks")]
    MaskOnV6,
}

impl SubnetError {
    /// The key of it in words.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Empty => "desk.error.empty",
            Self::NotAnAddress(_) => "desk.error.not_an_address",
            Self::NotAMask(_) => "desk.error.not_a_mask",
            Self::TooLong { .. } => "desk.error.too_long",
            Self::Holes(_) => "desk.error.holes",
            Self::MaskOnV6 => "desk.error.mask_on_v6",
        }
    }

    /// What fills the places of those words.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Empty | Self::MaskOnV6 => Vec::new(),
            Self::NotAnAddress(text) | Self::NotAMask(text) => vec![("text", text.clone())],
            Self::TooLong { length, most } => vec![("length", length.to_string()), ("most", most.to_string())],
            Self::Holes(mask) => vec![("mask", mask.to_string())],
        }
    }
}

/// How many addresses a network has. 2¹²⁸ does not fit into any number here, so it is the exponent that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The bits that name the host.
    pub host_bits: u8,
}

impl Size {
    /// All addresses; `None` for 2¹²⁸.
    pub fn addresses(self) -> Option<u128> {
        1_u128.checked_shl(self.host_bits.into())
    }
}

impl Subnet {
    /// An address and a prefix length.
    ///
    /// # Errors
    /// [`SubnetError::TooLong`].
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, SubnetError> {
        let most = bits(address);
        let net = IpNet::new(address, prefix).map_err(|_| SubnetError::TooLong { length: prefix.into(), most })?;
        Ok(Self { net })
    }

    /// Reads `192.168.1.10/24`, or an address and beside it the prefix (`24`, `/24`) or the mask (`255.255.255.0`). What stands behind a
    /// slash in the address comes first; with neither, the prefix that the address had in the time of classes, or 64 for IPv6.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(address: &str, mask: &str) -> Result<Self, SubnetError> {
        let (address, own_mask) = match address.trim().split_once('/') {
            Some((address, mask)) => (address.trim(), Some(mask.trim())),
            None => (address.trim(), None),
        };
        if address.is_empty() {
            return Err(SubnetError::Empty);
        }
        let ip = parse_ip(address)?;
        let mask = own_mask.unwrap_or(mask.trim().trim_start_matches('/'));
        let prefix = if mask.is_empty() && own_mask.is_none() { usual_prefix(ip) } else { parse_mask(mask, ip)? };
        Self::new(ip, prefix)
    }

    /// The host's address.
    pub fn address(&self) -> IpAddr {
        self.net.addr()
    }

    /// How many bits name the network.
    pub fn prefix(&self) -> u8 {
        self.net.prefix_len()
    }

    /// How many bits an address has.
    pub fn bits(&self) -> u8 {
        self.net.max_prefix_len()
    }

    /// The mask: ones where the network is named.
    pub fn mask(&self) -> IpAddr {
        self.net.netmask()
    }

    /// The address AND the mask.
    pub fn network(&self) -> IpAddr {
        self.net.network()
    }

    /// The address of all hosts in the network. IPv6 has none (RFC 4291 section 2), nor have the two ends of a /31 (RFC 3021) or a /32.
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        match self.net {
            IpNet::V4(net) if net.prefix_len() < 31 => Some(net.broadcast()),
            _ => None,
        }
    }

    /// The first and the last address that a host can have. With IPv4 that is neither the network's own nor the broadcast address,
    /// except in a /31 and a /32; with IPv6 not the first of all, at which any router answers (RFC 4291 section 2.6.1), except in a
    /// /127 (RFC 6164) and a /128.
    pub fn hosts(&self) -> (IpAddr, IpAddr) {
        match self.net {
            IpNet::V4(net) => {
                let (low, high) = (u32::from(net.network()), u32::from(net.broadcast()));
                let edge = u32::from(net.prefix_len() < 31);
                (Ipv4Addr::from(low + edge).into(), Ipv4Addr::from(high - edge).into())
            }
            IpNet::V6(net) => {
                let (low, high) = (u128::from(net.network()), u128::from(net.broadcast()));
                let edge = u128::from(net.prefix_len() < 127);
                (Ipv6Addr::from(low + edge).into(), Ipv6Addr::from(high).into())
            }
        }
    }

    /// How many addresses there are.
    pub fn size(&self) -> Size {
        Size { host_bits: self.bits() - self.prefix() }
    }

    /// How many of them hosts can have; `None` for more than fit into a number.
    pub fn host_count(&self) -> Option<u128> {
        let all = self.size().addresses()?;
        let edges = match self.net {
            IpNet::V4(net) if net.prefix_len() < 31 => 2,
            IpNet::V6(net) if net.prefix_len() < 127 => 1,
            IpNet::V4(_) | IpNet::V6(_) => 0,
        };
        Some(all - edges)
    }

    /// Whether an address is in the network.
    pub fn contains(&self, other: IpAddr) -> bool {
        self.net.contains(&other)
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.net.fmt(f)
    }
}

/// An address of either family, with or without brackets. What is behind a `%` names an interface and is no part of the bits.
///
/// # Errors
/// [`SubnetError::NotAnAddress`].
pub fn parse_ip(text: &str) -> Result<IpAddr, SubnetError> {
    let bare = text.trim();
    let bare = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(bare);
    let bare = bare.split('%').next().unwrap_or(bare);
    bare.parse().map_err(|_| SubnetError::NotAnAddress(text.trim().to_owned()))
}

fn parse_mask(text: &str, address: IpAddr) -> Result<u8, SubnetError> {
    let wrong = || SubnetError::NotAMask(text.to_owned());
    if text.contains('.') {
        let mask: Ipv4Addr = text.parse().map_err(|_| wrong())?;
        let IpAddr::V4(address) = address else { return Err(SubnetError::MaskOnV6) };
        return Ipv4Net::with_netmask(address, mask).map(|net| net.prefix_len()).map_err(|_| SubnetError::Holes(mask));
    }
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let length: u32 = text.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
    let most = bits(address);
    u8::try_from(length).ok().filter(|length| *length <= most).ok_or(SubnetError::TooLong { length, most })
}

fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// What there is without a mask: the prefix of the class, or that of every IPv6 link (RFC 4291 section 2.5.1).
fn usual_prefix(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(v4) => class(v4).prefix().unwrap_or(32),
        IpAddr::V6(_) => 64,
    }
}

/// What the first bits of an IPv4 address said before there were prefixes (RFC 791 section 3.2; given up by RFC 4632).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 0…: a network has 2²⁴ addresses.
    A,
    /// 10…: 2¹⁶.
    B,
    /// 110…: 256.
    C,
    /// 1110…: groups.
    D,
    /// 1111…: kept for later.
    E,
}

impl Class {
    /// How many bits named the network.
    pub fn prefix(self) -> Option<u8> {
        match self {
            Self::A => Some(8),
            Self::B => Some(16),
            Self::C => Some(24),
            Self::D | Self::E => None,
        }
    }

    /// Its letter.
    pub fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::B => 'B',
            Self::C => 'C',
            Self::D => 'D',
            Self::E => 'E',
        }
    }
}

/// The class of an address.
pub fn class(address: Ipv4Addr) -> Class {
    match address.octets()[0].leading_ones() {
        0 => Class::A,
        1 => Class::B,
        2 => Class::C,
        3 => Class::D,
        _ => Class::E,
    }
}

/// The octets of an address, for whoever shows its bits.
pub fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests;
