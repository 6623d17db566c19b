//! One piece of a message as a frame: exactly its bytes, and the field that each belongs to. Must never change a byte of the message.

use super::fields::{self, Kind, Layer, Widths};
use super::overhead::{ETHERNET_HEADER, LEAST_FRAME};
use super::pieces::{Cut, Piece, Plan, UNIT};
use super::subject::{Captured, Subject, Transport, Truth};
use super::sum::{Of, Part, Sum, Whose, pseudo_header};
use etherparse::{
    EtherType, Ethernet2Header, IpFragOffset, IpHeaders, IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6FragmentHeader, Ipv6Header,
    TcpHeader, TransportHeader, UdpHeader,
};
use std::net::IpAddr;
use std::ops::Range;

/// Example values: locally administered addresses (IEEE 802), hops as most systems send them, numbers that are seen to be made up.
const MAC_SOURCE: [u8; 6] = [2, 0, 0, 0, 0, 1];
const MAC_DESTINATION: [u8; 6] = [2, 0, 0, 0, 0, 2];
const HOPS: u8 = 64;
const IDENTIFICATION: u16 = 0x1234;
/// The number of the SYN; the first byte has the next one.
const FIRST_SEQUENCE: u32 = 1000;
const ACKNOWLEDGMENT: u32 = 2001;
const WINDOW: u16 = 64_240;

/// A field of a frame and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Which.
    pub kind: Kind,
    /// Of which layer.
    pub layer: Layer,
    /// Its bits within the frame, counted from the first one.
    pub bits: Range<usize>,
    /// Whether it is so in the real packet.
    pub truth: Truth,
}

/// Consecutive bytes of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which layer.
    pub layer: Layer,
    /// Its bytes within the frame.
    pub bytes: Range<usize>,
}

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// All of it, its checksum at the end included.
    pub bytes: Vec<u8>,
    /// Its layers, in the order of their bytes.
    pub layers: Vec<Span>,
    /// Its fields, in the order of their bits.
    pub fields: Vec<Field>,
    /// Its checksums worked out, that of IPv4 first. Of fragments that of the whole datagram.
    pub sums: Vec<Sum>,
    /// What the captured packet has in place of the UDP or TCP checksum, where it is another one: the card was to fill it in.
    pub offloaded: Option<u16>,
    /// Which piece it carries.
    pub piece: Piece,
}

impl Field {
    /// Its bytes; those that it shares with others included.
    pub fn bytes(&self) -> Range<usize> {
        self.bits.start / 8..self.bits.end.div_ceil(8)
    }
}

impl Frame {
    /// The frame of a piece of a message.
    pub fn new(subject: &Subject, plan: &Plan, index: usize) -> Self {
        let piece = plan.piece(index);
        let whole = Datagram::new(subject, plan, &piece);
        let mut sheet = Sheet::default();
        let packet = whole.packet(subject, plan, &piece);
        sheet.ethernet(subject.is_v4());
        sheet.packet(&packet, subject, plan.cut);
        sheet.carried(&whole, subject, plan, &piece);
        sheet.end();
        let mut sums = Vec::new();
        if let IpHeaders::Ipv4(header, _) = &packet {
            sums.push(sheet.header_sum(header));
        }
        sums.push(whole.sum);
        let Sheet { bytes, layers, fields } = sheet;
        Self { bytes, layers, fields, sums, offloaded: whole.offloaded, piece }
    }

    /// A field, if the frame has it.
    pub fn field(&self, kind: Kind) -> Option<&Field> {
        self.fields.iter().find(|field| field.kind == kind)
    }

    /// The number that a field's bits are; of long ones the lowest 64.
    pub fn number(&self, field: &Field) -> u64 {
        field.bits.clone().fold(0, |number, bit| {
            let byte = self.bytes.get(bit / 8).copied().unwrap_or_default();
            number << 1 | u64::from(byte >> (7 - bit % 8) & 1)
        })
    }
}

/// The UDP datagram or TCP segment that a piece belongs to, with its checksum.
struct Datagram {
    /// Header and, of UDP, nothing else.
    header: Vec<u8>,
    sum: Sum,
    offloaded: Option<u16>,
}

impl Datagram {
    fn new(subject: &Subject, plan: &Plan, piece: &Piece) -> Self {
        let captured = subject.captured.as_ref();
        let (source, destination) = (subject.source.address, subject.destination.address);
        match subject.transport {
            Transport::Udp => {
                let length = subject.transport_header() + subject.payload.len();
                let mut header = UdpHeader {
                    source_port: source.port(),
                    destination_port: destination.port(),
                    // A plan refuses what is longer.
                    length: length as u16,
                    checksum: 0,
                };
                let parts = (pseudo(subject, length), fields::UDP, Kind::UdpChecksum);
                let sum = segment_sum(Whose::Udp, parts, &header.to_bytes(), &subject.payload);
                header.checksum = sum.result;
                let seen = captured.and_then(|captured| captured.transport.clone().udp()).map(|seen| seen.checksum);
                let offloaded = seen.filter(|seen| *seen != sum.result);
                header.checksum = offloaded.unwrap_or(header.checksum);
                Self { header: header.to_bytes().to_vec(), sum, offloaded }
            }
            Transport::Tcp { offset } => {
                let payload = subject.payload.get(piece.data.clone()).unwrap_or_default();
                let mut header = match captured.map(|captured| &captured.transport) {
                    Some(TransportHeader::Tcp(seen)) => seen.clone(),
                    _ => {
                        // The numbers go round after 4 GiB.
                        let sequence = FIRST_SEQUENCE.wrapping_add(1).wrapping_add(offset as u32);
                        let mut header = TcpHeader::new(source.port(), destination.port(), sequence, WINDOW);
                        (header.ack, header.acknowledgment_number, header.psh) = (true, ACKNOWLEDGMENT, true);
                        header
                    }
                };
                let seen = header.checksum;
                header.sequence_number = header.sequence_number.wrapping_add(piece.data.start as u32);
                header.psh &= !piece.more;
                header.checksum = 0;
                let bytes = header.to_bytes();
                let parts = (pseudo(subject, bytes.len() + payload.len()), fields::TCP, Kind::TcpChecksum);
                let sum = segment_sum(Whose::Tcp, parts, &bytes, payload);
                let whole = captured.is_some() && plan.cut == Cut::Whole;
                let offloaded = Some(seen).filter(|seen| whole && *seen != sum.result);
                header.checksum = offloaded.unwrap_or(sum.result);
                Self { header: header.to_bytes().to_vec(), sum, offloaded }
            }
        }
    }

    /// The IP header of a piece.
    fn packet(&self, subject: &Subject, plan: &Plan, piece: &Piece) -> IpHeaders {
        let protocol = match subject.transport {
            Transport::Udp => IpNumber::UDP,
            Transport::Tcp { .. } => IpNumber::TCP,
        };
        let carried = match plan.cut {
            Cut::Fragments(_) => piece.data.len(),
            Cut::Whole => self.header.len() + subject.payload.len(),
            Cut::Segments(_) => self.header.len() + piece.data.len(),
        };
        let fragment = matches!(plan.cut, Cut::Fragments(_));
        let offset = if fragment { piece.data.start / UNIT } else { 0 };
        let offset = IpFragOffset::try_new(offset as u16).unwrap_or_default();
        let mut packet = match &subject.captured {
            Some(Captured { ip, .. }) => ip.clone(),
            None => example_header(subject, protocol),
        };
        match &mut packet {
            IpHeaders::Ipv4(header, _) => {
                header.total_len = (header.header_len() + carried) as u16;
                header.dont_fragment &= !fragment;
                header.more_fragments = fragment && piece.more;
                header.fragment_offset = offset;
                header.header_checksum = header.calc_header_checksum();
            }
            IpHeaders::Ipv6(header, extensions) => {
                header.payload_length = carried as u16;
                if fragment {
                    header.payload_length += Ipv6FragmentHeader::LEN as u16;
                    header.next_header = IpNumber::IPV6_FRAGMENTATION_HEADER;
                    let identification = u32::from(IDENTIFICATION);
                    extensions.fragment = Some(Ipv6FragmentHeader::new(protocol, offset, piece.more, identification));
                }
            }
        }
        packet
    }
}

/// The header of a packet that nobody saw.
fn example_header(subject: &Subject, protocol: IpNumber) -> IpHeaders {
    match (subject.source.address.ip(), subject.destination.address.ip()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let header = Ipv4Header {
                identification: IDENTIFICATION,
                dont_fragment: true,
                time_to_live: HOPS,
                protocol,
                source: source.octets(),
                destination: destination.octets(),
                ..Ipv4Header::default()
            };
            IpHeaders::Ipv4(header, Default::default())
        }
        (source, destination) => {
            let octets = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                IpAddr::V6(ip) => ip.octets(),
            };
            let header = Ipv6Header {
                traffic_class: 0,
                flow_label: Ipv6FlowLabel::ZERO,
                payload_length: 0,
                next_header: protocol,
                hop_limit: HOPS,
                source: octets(source),
                destination: octets(destination),
            };
            IpHeaders::Ipv6(header, Default::default())
        }
    }
}

fn pseudo(subject: &Subject, length: usize) -> Vec<Part> {
    let protocol = match subject.transport {
        Transport::Udp => IpNumber::UDP,
        Transport::Tcp { .. } => IpNumber::TCP,
    };
    pseudo_header(subject.source.address.ip(), subject.destination.address.ip(), protocol.0, length)
}

/// The checksum over a pseudo-header, a header in which it is 0, and a message.
fn segment_sum(whose: Whose, (mut parts, widths, own): (Vec<Part>, Widths, Kind), header: &[u8], payload: &[u8]) -> Sum {
    parts.extend(header_parts(widths, own, header));
    parts.push(Part::new(Of::Payload, payload));
    Sum::new(whose, parts)
}

/// The words of a header, those together that belong to the same fields. `own` is the checksum itself, which counts as 0.
fn header_parts(widths: Widths, own: Kind, header: &[u8]) -> Vec<Part> {
    let mut starts = Vec::new();
    let mut at = 0;
    for (kind, bits) in widths {
        starts.push((*kind, at..at + bits));
        at += bits;
    }
    let options = if own == Kind::HeaderChecksum { Kind::IpOptions } else { Kind::TcpOptions };
    starts.push((options, at..header.len() * 8));
    let mut groups: Vec<(Vec<Kind>, Vec<u8>)> = Vec::new();
    for (index, pair) in header.chunks(2).enumerate() {
        let word = index * 16..index * 16 + 16;
        let meets = |bits: &Range<usize>| bits.start < word.end && word.start < bits.end;
        let kinds: Vec<Kind> = starts.iter().filter(|(_, bits)| meets(bits)).map(|(kind, _)| *kind).collect();
        let pair = if kinds == [own] { &[0, 0][..] } else { pair };
        match groups.last_mut() {
            Some((last, bytes)) if *last == kinds => bytes.extend_from_slice(pair),
            _ => groups.push((kinds, pair.to_vec())),
        }
    }
    groups.into_iter().map(|(kinds, bytes)| Part::new(Of::Fields(kinds), &bytes)).collect()
}

/// A frame under construction.
#[derive(Default)]
struct Sheet {
    bytes: Vec<u8>,
    layers: Vec<Span>,
    fields: Vec<Field>,
}

impl Sheet {
    /// Appends bytes of a layer.
    fn layer(&mut self, layer: Layer, bytes: &[u8]) -> usize {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > start {
            self.layers.push(Span { layer, bytes: start..self.bytes.len() });
        }
        start
    }

    /// Appends a header and its fields; what it has beyond them is `options`.
    fn header(&mut self, (layer, bytes): (Layer, &[u8]), widths: Widths, options: Kind, truth: impl Fn(Kind) -> Truth) {
        let start = self.layer(layer, bytes);
        let mut at = start * 8;
        for (kind, bits) in widths {
            self.fields.push(Field { kind: *kind, layer, bits: at..at + bits, truth: truth(*kind) });
            at += bits;
        }
        let end = self.bytes.len() * 8;
        if at < end {
            self.fields.push(Field { kind: options, layer, bits: at..end, truth: truth(options) });
        }
    }

    fn single(&mut self, layer: Layer, kind: Kind, bytes: &[u8], truth: Truth) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        if !bytes.is_empty() {
            self.fields.push(Field { kind, layer, bits: start * 8..self.bytes.len() * 8, truth });
        }
    }

    fn ethernet(&mut self, v4: bool) {
        let ether_type = if v4 { EtherType::IPV4 } else { EtherType::IPV6 };
        let header = Ethernet2Header { source: MAC_SOURCE, destination: MAC_DESTINATION, ether_type };
        // The link is never seen: it may be another one.
        self.header((Layer::Ethernet, &header.to_bytes()), fields::ETHERNET, Kind::EtherType, |_| Truth::Example);
    }

    fn packet(&mut self, packet: &IpHeaders, subject: &Subject, cut: Cut) {
        let seen = subject.captured.is_some();
        let of_packet = if seen { Truth::Real } else { Truth::Example };
        // A datagram that fits has its length; a stream may have travelled in other pieces, and pieces depend on the link.
        let is_datagram = subject.transport == Transport::Udp && cut == Cut::Whole;
        let of_length = if seen || is_datagram { Truth::Real } else { Truth::Example };
        let truth = |kind: Kind| match kind {
            Kind::SourceAddress => subject.source.host,
            Kind::DestinationAddress => subject.destination.host,
            Kind::TotalLength | Kind::PayloadLength | Kind::FragmentOffset | Kind::FragmentMore => of_length,
            // A fragment header comes before what the packet carries.
            Kind::NextHeader if matches!(cut, Cut::Fragments(_)) => Truth::Example,
            Kind::Dscp
            | Kind::Ecn
            | Kind::TrafficClass
            | Kind::FlowLabel
            | Kind::Identification
            | Kind::IpFlags
            | Kind::TimeToLive
            | Kind::HopLimit
            | Kind::IpOptions
            | Kind::HeaderChecksum => of_packet,
            Kind::FragmentReserved | Kind::FragmentIdentification => Truth::Example,
            // What follows from the message.
            _ => Truth::Real,
        };
        match packet {
            IpHeaders::Ipv4(header, _) => {
                self.header((Layer::Ipv4, &header.to_bytes()), fields::IPV4, Kind::IpOptions, truth);
            }
            IpHeaders::Ipv6(header, extensions) => {
                let start = self.bytes.len();
                self.header((Layer::Ipv6, &header.to_bytes()), fields::IPV6, Kind::IpOptions, truth);
                if let Some(fragment) = &extensions.fragment {
                    self.header((Layer::Ipv6, &fragment.to_bytes()), fields::IPV6_FRAGMENT, Kind::IpOptions, truth);
                    // Both are one header in the picture.
                    self.layers.pop();
                    if let Some(last) = self.layers.last_mut() {
                        last.bytes = start..self.bytes.len();
                    }
                }
            }
        }
    }

    /// The UDP or TCP header, where the piece has it, and the message, or its part.
    fn carried(&mut self, whole: &Datagram, subject: &Subject, plan: &Plan, piece: &Piece) {
        let header = whole.header.len();
        let (has_header, data) = match plan.cut {
            Cut::Whole => (true, 0..subject.payload.len()),
            Cut::Segments(_) => (true, piece.data.clone()),
            Cut::Fragments(_) => {
                (piece.data.start == 0, piece.data.start.saturating_sub(header)..piece.data.end.saturating_sub(header))
            }
        };
        if has_header {
            let (source, destination) = (subject.source, subject.destination);
            let ends = source.host.max(destination.host).max(source.port).max(destination.port);
            let of_packet = if subject.captured.is_some() { Truth::Real } else { Truth::Example };
            let truth = |kind: Kind| match kind {
                Kind::SourcePort => source.port,
                Kind::DestinationPort => destination.port,
                // Nothing but addresses, ports, length and message is in it.
                Kind::UdpChecksum => ends,
                Kind::UdpLength | Kind::Reserved => Truth::Real,
                _ => of_packet,
            };
            match subject.transport {
                Transport::Udp => self.header((Layer::Udp, &whole.header), fields::UDP, Kind::Payload, truth),
                Transport::Tcp { .. } => self.header((Layer::Tcp, &whole.header), fields::TCP, Kind::TcpOptions, truth),
            }
        }
        let data = subject.payload.get(data).unwrap_or_default();
        let start = self.bytes.len();
        self.single(Layer::Application, Kind::Payload, data, Truth::Real);
        if !data.is_empty() {
            self.layers.push(Span { layer: Layer::Application, bytes: start..self.bytes.len() });
        }
    }

    /// Zeros up to the least length, and the checksum over all, its lowest byte first (IEEE 802.3).
    fn end(&mut self) {
        let start = self.bytes.len();
        let padding = LEAST_FRAME.saturating_sub(start);
        self.single(Layer::EthernetEnd, Kind::Padding, &[0; LEAST_FRAME][..padding], Truth::Example);
        let checksum = crc32fast::hash(&self.bytes);
        self.single(Layer::EthernetEnd, Kind::Fcs, &checksum.to_le_bytes(), Truth::Example);
        self.layers.push(Span { layer: Layer::EthernetEnd, bytes: start..self.bytes.len() });
    }

    fn header_sum(&self, header: &Ipv4Header) -> Sum {
        let end = (ETHERNET_HEADER + header.header_len()).min(self.bytes.len());
        let bytes = &self.bytes[ETHERNET_HEADER.min(end)..end];
        Sum::new(Whose::Ipv4, header_parts(fields::IPV4, Kind::HeaderChecksum, bytes))
    }
}
