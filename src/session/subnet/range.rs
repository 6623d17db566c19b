//! What ranges of addresses are for: the registries of special addresses (RFC 6890) and what came after. Must never be asked who has one.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a range is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// One's own address while one has none yet; bound to, it means all.
    Unspecified,
    /// "This network": a sender that does not know its address.
    ThisNetwork,
    /// Never leaves the machine.
    Loopback,
    /// Anyone's, never routed in the internet.
    Private,
    /// Between a provider and its customers.
    Shared,
    /// On one link only, given by oneself.
    LinkLocal,
    /// For texts and examples.
    Documentation,
    /// For measuring devices.
    Benchmarking,
    /// For protocols of the IETF.
    Protocols,
    /// Groups.
    Multicast,
    /// All hosts of one's own link.
    LimitedBroadcast,
    /// Kept for later.
    Reserved,
    /// An IPv4 address written as an IPv6 one.
    Mapped,
    /// IPv4 hosts for those that have IPv6 alone.
    Translated,
    /// IPv6 in IPv4, hardly used any more.
    SixToFour,
    /// In the internet.
    Global,
}

impl Use {
    /// The key of its name.
    pub fn key(self) -> &'static str {
        match self {
            Self::Unspecified => "desk.use.unspecified",
            Self::ThisNetwork => "desk.use.this_network",
            Self::Loopback => "desk.use.loopback",
            Self::Private => "desk.use.private",
            Self::Shared => "desk.use.shared",
            Self::LinkLocal => "desk.use.link_local",
            Self::Documentation => "desk.use.documentation",
            Self::Benchmarking => "desk.use.benchmarking",
            Self::Protocols => "desk.use.protocols",
            Self::Multicast => "desk.use.multicast",
            Self::LimitedBroadcast => "desk.use.limited_broadcast",
            Self::Reserved => "desk.use.reserved",
            Self::Mapped => "desk.use.mapped",
            Self::Translated => "desk.use.translated",
            Self::SixToFour => "desk.use.six_to_four",
            Self::Global => "desk.use.global",
        }
    }
}

/// A range, what it is for, and where that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// All addresses of it.
    pub net: IpNet,
    /// What for.
    pub used_for: Use,
    /// The number of the RFC.
    pub rfc: u16,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8, used_for: Use, rfc: u16) -> Range {
    Range { net: IpNet::V4(ipnet::Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)), used_for, rfc }
}

const fn v6(first: [u16; 4], last: u16, prefix: u8, used_for: Use, rfc: u16) -> Range {
    let address = Ipv6Addr::new(first[0], first[1], first[2], first[3], 0, 0, 0, last);
    Range { net: IpNet::V6(ipnet::Ipv6Net::new_assert(address, prefix)), used_for, rfc }
}

/// The narrower stands before the wider that holds it.
const RANGES: &[Range] = &[
    v4(0, 0, 0, 0, 32, Use::Unspecified, 1122),
    v4(0, 0, 0, 0, 8, Use::ThisNetwork, 791),
    v4(10, 0, 0, 0, 8, Use::Private, 1918),
    v4(100, 64, 0, 0, 10, Use::Shared, 6598),
    v4(127, 0, 0, 0, 8, Use::Loopback, 1122),
    v4(169, 254, 0, 0, 16, Use::LinkLocal, 3927),
    v4(172, 16, 0, 0, 12, Use::Private, 1918),
    v4(192, 0, 0, 0, 24, Use::Protocols, 6890),
    v4(192, 0, 2, 0, 24, Use::Documentation, 5737),
    v4(192, 88, 99, 0, 24, Use::SixToFour, 7526),
    v4(192, 168, 0, 0, 16, Use::Private, 1918),
    v4(198, 18, 0, 0, 15, Use::Benchmarking, 2544),
    v4(198, 51, 100, 0, 24, Use::Documentation, 5737),
    v4(203, 0, 113, 0, 24, Use::Documentation, 5737),
    v4(224, 0, 0, 0, 4, Use::Multicast, 5771),
    v4(255, 255, 255, 255, 32, Use::LimitedBroadcast, 919),
    v4(240, 0, 0, 0, 4, Use::Reserved, 1112),
    v4(0, 0, 0, 0, 0, Use::Global, 4632),
    v6([0, 0, 0, 0], 0, 128, Use::Unspecified, 4291),
    v6([0, 0, 0, 0], 1, 128, Use::Loopback, 4291),
    Range {
        net: IpNet::V6(ipnet::Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xFFFF, 0, 0), 96)),
        used_for: Use::Mapped,
        rfc: 4291,
    },
    v6([0x64, 0xFF9B, 0, 0], 0, 96, Use::Translated, 6052),
    v6([0x64, 0xFF9B, 1, 0], 0, 48, Use::Translated, 8215),
    v6([0x2001, 0x0DB8, 0, 0], 0, 32, Use::Documentation, 3849),
    v6([0x2001, 2, 0, 0], 0, 48, Use::Benchmarking, 5180),
    v6([0x2001, 0, 0, 0], 0, 23, Use::Protocols, 2928),
    v6([0x2002, 0, 0, 0], 0, 16, Use::SixToFour, 3056),
    v6([0x3FFF, 0, 0, 0], 0, 20, Use::Documentation, 9637),
    v6([0x2000, 0, 0, 0], 0, 3, Use::Global, 4291),
    v6([0xFC00, 0, 0, 0], 0, 7, Use::Private, 4193),
    v6([0xFE80, 0, 0, 0], 0, 10, Use::LinkLocal, 4291),
    // Site-local addresses, given up.
    v6([0xFEC0, 0, 0, 0], 0, 10, Use::Reserved, 3879),
    v6([0xFF00, 0, 0, 0], 0, 8, Use::Multicast, 4291),
    EVERYTHING_ELSE,
];

const EVERYTHING_ELSE: Range = v6([0, 0, 0, 0], 0, 0, Use::Reserved, 4291);

/// The narrowest range that an address is in.
pub fn range_of(address: IpAddr) -> Range {
    let found = RANGES.iter().find(|range| range.net.contains(&address));
    // The last of each family holds every address of it.
    found.copied().unwrap_or(EVERYTHING_ELSE)
}
