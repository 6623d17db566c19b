//! What fields and layers are called, what they are for, where that is written, and what a field says. Must never hold a sentence itself.

use super::fields::{Kind, Layer};
use super::frame::{Field, Frame};
use super::subject::Truth;
use crate::codec::hex;
use crate::i18n::Language;
use etherparse::IpNumber;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Bytes of options that are shown.
const OPTIONS: usize = 40;

/// A field's name, what it is for, and the standard that says so.
struct Words {
    name: &'static str,
    about: &'static str,
    source: &'static str,
}

fn words(kind: Kind) -> Words {
    let (name, about, source) = match kind {
        Kind::MacDestination => ("encap.field.mac_destination", "encap.about.mac_destination", "IEEE 802.3"),
        Kind::MacSource => ("encap.field.mac_source", "encap.about.mac_source", "IEEE 802.3"),
        Kind::EtherType => ("encap.field.ether_type", "encap.about.ether_type", "IEEE 802.3, RFC 894, RFC 2464"),
        Kind::Padding => ("encap.field.padding", "encap.about.padding", "IEEE 802.3"),
        Kind::Fcs => ("encap.field.fcs", "encap.about.fcs", "IEEE 802.3"),
        Kind::Version => ("encap.field.version", "encap.about.version", "RFC 791, RFC 8200"),
        Kind::HeaderLength => ("encap.field.header_length", "encap.about.header_length", "RFC 791"),
        Kind::Dscp => ("encap.field.dscp", "encap.about.dscp", "RFC 2474"),
        Kind::Ecn => ("encap.field.ecn", "encap.about.ecn", "RFC 3168"),
        Kind::TotalLength => ("encap.field.total_length", "encap.about.total_length", "RFC 791"),
        Kind::Identification => ("encap.field.identification", "encap.about.identification", "RFC 791, RFC 6864"),
        Kind::IpFlags => ("encap.field.ip_flags", "encap.about.ip_flags", "RFC 791"),
        Kind::FragmentOffset => ("encap.field.fragment_offset", "encap.about.fragment_offset", "RFC 791, RFC 8200"),
        Kind::TimeToLive => ("encap.field.time_to_live", "encap.about.time_to_live", "RFC 791"),
        Kind::Protocol => ("encap.field.protocol", "encap.about.protocol", "RFC 791"),
        Kind::HeaderChecksum => ("encap.field.header_checksum", "encap.about.header_checksum", "RFC 791, RFC 1071"),
        Kind::IpOptions => ("encap.field.ip_options", "encap.about.ip_options", "RFC 791"),
        Kind::SourceAddress => ("encap.field.source_address", "encap.about.source_address", "RFC 791, RFC 8200"),
        Kind::DestinationAddress => ("encap.field.destination_address", "encap.about.destination_address", "RFC 791, RFC 8200"),
        Kind::TrafficClass => ("encap.field.traffic_class", "encap.about.traffic_class", "RFC 8200"),
        Kind::FlowLabel => ("encap.field.flow_label", "encap.about.flow_label", "RFC 8200, RFC 6437"),
        Kind::PayloadLength => ("encap.field.payload_length", "encap.about.payload_length", "RFC 8200"),
        Kind::NextHeader => ("encap.field.next_header", "encap.about.next_header", "RFC 8200"),
        Kind::HopLimit => ("encap.field.hop_limit", "encap.about.hop_limit", "RFC 8200"),
        Kind::FragmentNextHeader => ("encap.field.fragment_next_header", "encap.about.fragment_next_header", "RFC 8200"),
        Kind::FragmentReserved => ("encap.field.reserved", "encap.about.fragment_reserved", "RFC 8200"),
        Kind::FragmentMore => ("encap.field.fragment_more", "encap.about.fragment_more", "RFC 8200"),
        Kind::FragmentIdentification => ("encap.field.identification", "encap.about.fragment_identification", "RFC 8200"),
        Kind::SourcePort => ("encap.field.source_port", "encap.about.source_port", "RFC 768, RFC 9293"),
        Kind::DestinationPort => ("encap.field.destination_port", "encap.about.destination_port", "RFC 768, RFC 9293"),
        Kind::UdpLength => ("encap.field.udp_length", "encap.about.udp_length", "RFC 768"),
        Kind::UdpChecksum => ("encap.field.checksum", "encap.about.udp_checksum", "RFC 768, RFC 8200"),
        Kind::Sequence => ("encap.field.sequence", "encap.about.sequence", "RFC 9293"),
        Kind::Acknowledgment => ("encap.field.acknowledgment", "encap.about.acknowledgment", "RFC 9293"),
        Kind::DataOffset => ("encap.field.data_offset", "encap.about.data_offset", "RFC 9293"),
        Kind::Reserved => ("encap.field.reserved", "encap.about.reserved", "RFC 9293"),
        Kind::TcpFlags => ("encap.field.tcp_flags", "encap.about.tcp_flags", "RFC 9293, RFC 3168"),
        Kind::Window => ("encap.field.window", "encap.about.window", "RFC 9293, RFC 7323"),
        Kind::TcpChecksum => ("encap.field.checksum", "encap.about.tcp_checksum", "RFC 9293, RFC 1071"),
        Kind::Urgent => ("encap.field.urgent", "encap.about.urgent", "RFC 9293, RFC 6093"),
        Kind::TcpOptions => ("encap.field.tcp_options", "encap.about.tcp_options", "RFC 9293, RFC 7323"),
        Kind::Payload => ("encap.field.payload", "encap.about.payload", ""),
    };
    Words { name, about, source }
}

/// What a field is called.
pub fn name(language: Language, kind: Kind) -> String {
    language.tr(words(kind).name).into_owned()
}

/// All there is to say about a field, several lines.
pub fn hint(language: Language, frame: &Frame, field: &Field) -> String {
    let Words { name, about, source } = words(field.kind);
    let truth = match field.truth {
        Truth::Real => "encap.real",
        Truth::Example => "encap.example",
    };
    let bytes = field.bytes();
    let told = [("from", &bytes.start as &dyn std::fmt::Display), ("bits", &field.bits.len()), ("truth", &language.tr(truth))];
    let place = language.tr_with("encap.place", &told);
    let value = value(language, frame, field);
    let mut lines = vec![format!("{}  {value}", language.tr(name)), language.tr(about).into_owned()];
    lines.push(place);
    if !source.is_empty() {
        lines.push(source.to_owned());
    }
    lines.join("\n")
}

/// What a field says, as it can stand in a box.
pub fn value(language: Language, frame: &Frame, field: &Field) -> String {
    let number = frame.number(field);
    let bytes = frame.bytes.get(field.bytes()).unwrap_or_default();
    match field.kind {
        Kind::MacDestination | Kind::MacSource => bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"),
        Kind::EtherType => match number {
            0x0800 => "0x0800 IPv4".into(),
            0x86DD => "0x86DD IPv6".into(),
            other => format!("0x{other:04X}"),
        },
        Kind::Identification | Kind::HeaderChecksum | Kind::UdpChecksum | Kind::TcpChecksum => format!("0x{number:04X}"),
        Kind::FragmentIdentification => format!("0x{number:08X}"),
        Kind::FlowLabel => format!("0x{number:05X}"),
        Kind::HeaderLength | Kind::DataOffset => format!("{number} × 4 = {} B", number * 4),
        Kind::FragmentOffset if number > 0 => format!("{number} × 8 = {}", number * 8),
        Kind::IpFlags => named(number, &[(0b010, "DF"), (0b001, "MF")]),
        Kind::FragmentMore => named(number, &[(0b001, "M")]),
        Kind::TcpFlags => {
            let bits =
                [(0x80, "CWR"), (0x40, "ECE"), (0x20, "URG"), (0x10, "ACK"), (8, "PSH"), (4, "RST"), (2, "SYN"), (1, "FIN")];
            named(number, &bits)
        }
        Kind::Protocol | Kind::NextHeader | Kind::FragmentNextHeader => {
            let name = match IpNumber(number as u8) {
                IpNumber::TCP => " TCP",
                IpNumber::UDP => " UDP",
                IpNumber::IPV6_FRAGMENTATION_HEADER => " Fragment",
                _ => "",
            };
            format!("{number}{name}")
        }
        Kind::SourceAddress | Kind::DestinationAddress => match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
            (Ok(v4), _) => Ipv4Addr::from(v4).to_string(),
            (_, Ok(v6)) => Ipv6Addr::from(v6).to_string(),
            _ => hex::spaced(bytes),
        },
        Kind::Fcs => hex::spaced(bytes),
        Kind::IpOptions | Kind::TcpOptions => hex::spaced(bytes.get(..OPTIONS).unwrap_or(bytes)),
        Kind::Payload | Kind::Padding => language.tr_with("encap.bytes", &[("count", &bytes.len())]),
        Kind::Version
        | Kind::Dscp
        | Kind::Ecn
        | Kind::TotalLength
        | Kind::FragmentOffset
        | Kind::TimeToLive
        | Kind::TrafficClass
        | Kind::PayloadLength
        | Kind::HopLimit
        | Kind::FragmentReserved
        | Kind::SourcePort
        | Kind::DestinationPort
        | Kind::UdpLength
        | Kind::Sequence
        | Kind::Acknowledgment
        | Kind::Reserved
        | Kind::Window
        | Kind::Urgent => number.to_string(),
    }
}

/// The names of the bits that are set.
fn named(number: u64, names: &[(u64, &str)]) -> String {
    let set: Vec<&str> = names.iter().filter(|(bit, _)| number & bit != 0).map(|(_, name)| *name).collect();
    if set.is_empty() { "0".to_owned() } else { set.join(" ") }
}

/// What a layer's header is called, the same in every language.
pub fn layer(language: Language, layer: Layer) -> String {
    match layer {
        Layer::Application => language.tr("encap.payload").into_owned(),
        Layer::Udp => "UDP".into(),
        Layer::Tcp => "TCP".into(),
        Layer::Ipv4 => "IPv4".into(),
        Layer::Ipv6 => "IPv6".into(),
        Layer::Ethernet => "Ethernet II".into(),
        Layer::EthernetEnd => language.tr("encap.trailer").into_owned(),
    }
}
