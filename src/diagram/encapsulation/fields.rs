//! Which fields headers have, in which order, how many bits wide. Must never hold a value.

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Ethernet: whose card takes it.
    MacDestination,
    /// Ethernet: whose card sent it.
    MacSource,
    /// Ethernet: what it carries.
    EtherType,
    /// Ethernet: zeros, so that the frame is long enough.
    Padding,
    /// Ethernet: the checksum after the frame.
    Fcs,
    /// IP: 4 or 6.
    Version,
    /// IPv4: length of the header.
    HeaderLength,
    /// IPv4: class of service.
    Dscp,
    /// IPv4: congestion.
    Ecn,
    /// IPv4: length of header and data.
    TotalLength,
    /// IPv4: which datagram a fragment is of.
    Identification,
    /// IPv4: whether it may be, and is, cut.
    IpFlags,
    /// Where a fragment begins.
    FragmentOffset,
    /// IPv4: hops left.
    TimeToLive,
    /// IPv4: what it carries.
    Protocol,
    /// IPv4: the header's checksum.
    HeaderChecksum,
    /// IPv4: whatever else.
    IpOptions,
    /// IP: from where.
    SourceAddress,
    /// IP: to where.
    DestinationAddress,
    /// IPv6: class of service and congestion.
    TrafficClass,
    /// IPv6: packets that belong together.
    FlowLabel,
    /// IPv6: length of the data.
    PayloadLength,
    /// IPv6: what it carries.
    NextHeader,
    /// IPv6: hops left.
    HopLimit,
    /// IPv6's fragment header: what the datagram carries.
    FragmentNextHeader,
    /// IPv6's fragment header: zeros.
    FragmentReserved,
    /// IPv6's fragment header: whether more come.
    FragmentMore,
    /// IPv6's fragment header: which datagram it is of.
    FragmentIdentification,
    /// UDP, TCP: from which port.
    SourcePort,
    /// UDP, TCP: to which port.
    DestinationPort,
    /// UDP: length of header and data.
    UdpLength,
    /// UDP: checksum.
    UdpChecksum,
    /// TCP: number of the first byte.
    Sequence,
    /// TCP: number of the next byte that is expected.
    Acknowledgment,
    /// TCP: length of the header.
    DataOffset,
    /// TCP: zeros.
    Reserved,
    /// TCP: the eight control bits.
    TcpFlags,
    /// TCP: how much may be sent.
    Window,
    /// TCP: checksum.
    TcpChecksum,
    /// TCP: where urgent data ends.
    Urgent,
    /// TCP: whatever else.
    TcpOptions,
    /// The message, or of a fragment the part of the datagram.
    Payload,
}

/// A layer of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The message.
    Application,
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// Ethernet II, in front of the packet.
    Ethernet,
    /// What of Ethernet comes after the packet.
    EthernetEnd,
}

/// Fields in order and how many bits each has.
pub type Widths = &'static [(Kind, usize)];

/// Ethernet II.
pub const ETHERNET: Widths = &[(Kind::MacDestination, 48), (Kind::MacSource, 48), (Kind::EtherType, 16)];
/// RFC 791, with RFC 2474 and RFC 3168; options follow.
pub const IPV4: Widths = &[
    (Kind::Version, 4),
    (Kind::HeaderLength, 4),
    (Kind::Dscp, 6),
    (Kind::Ecn, 2),
    (Kind::TotalLength, 16),
    (Kind::Identification, 16),
    (Kind::IpFlags, 3),
    (Kind::FragmentOffset, 13),
    (Kind::TimeToLive, 8),
    (Kind::Protocol, 8),
    (Kind::HeaderChecksum, 16),
    (Kind::SourceAddress, 32),
    (Kind::DestinationAddress, 32),
];
/// RFC 8200.
pub const IPV6: Widths = &[
    (Kind::Version, 4),
    (Kind::TrafficClass, 8),
    (Kind::FlowLabel, 20),
    (Kind::PayloadLength, 16),
    (Kind::NextHeader, 8),
    (Kind::HopLimit, 8),
    (Kind::SourceAddress, 128),
    (Kind::DestinationAddress, 128),
];
/// RFC 8200, section 4.5.
pub const IPV6_FRAGMENT: Widths = &[
    (Kind::FragmentNextHeader, 8),
    (Kind::FragmentReserved, 8),
    (Kind::FragmentOffset, 13),
    (Kind::FragmentMore, 3),
    (Kind::FragmentIdentification, 32),
];
/// RFC 768.
pub const UDP: Widths = &[(Kind::SourcePort, 16), (Kind::DestinationPort, 16), (Kind::UdpLength, 16), (Kind::UdpChecksum, 16)];
/// RFC 9293; options follow.
pub const TCP: Widths = &[
    (Kind::SourcePort, 16),
    (Kind::DestinationPort, 16),
    (Kind::Sequence, 32),
    (Kind::Acknowledgment, 32),
    (Kind::DataOffset, 4),
    (Kind::Reserved, 4),
    (Kind::TcpFlags, 8),
    (Kind::Window, 16),
    (Kind::TcpChecksum, 16),
    (Kind::Urgent, 16),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_as_long_as_they_are() {
        let bytes = |widths: Widths| widths.iter().map(|(_, bits)| bits).sum::<usize>() / 8;
        assert_eq!([ETHERNET, IPV4, IPV6, IPV6_FRAGMENT, UDP, TCP].map(bytes), [14, 20, 40, 8, 8, 20]);
    }
}
