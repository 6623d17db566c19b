//! Sums that a lesson works out before the student's eyes: a mask's AND, what a text is in an encoding, how much of a frame is payload.
//! Pure; must never look at anything that happened.

use crate::codec::decoder;
use crate::codec::encoding::Encoding;
use crate::codec::hex;
use crate::session::spec::LARGEST_DATAGRAM;
use minijinja::{Environment, Error, ErrorKind, Value};
use std::net::Ipv4Addr;

/// Bytes of an Ethernet II header: two addresses of 6 and a type of 2 (IEEE 802.3).
const ETHERNET_HEADER: u32 = 14;
/// The checksum behind a frame.
const ETHERNET_CHECKSUM: u32 = 4;
/// The least that a frame carries; what is missing is filled up with zeros.
const ETHERNET_LEAST: u32 = 46;
/// An IPv4 header without options (RFC 791).
const IPV4_HEADER: u32 = 20;
/// A UDP header (RFC 768).
const UDP_HEADER: u32 = 8;
/// A TCP header without options (RFC 9293).
const TCP_HEADER: u32 = 20;

/// Makes them known to expressions, by their names:
///
/// | call | what it gives |
/// | --- | --- |
/// | `bits("192.168.1.1")` | `11000000.10101000.00000001.00000001` |
/// | `mask(26)` | `255.255.255.192` |
/// | `network("192.168.1.130", 26)` | `192.168.1.128`: address AND mask |
/// | `broadcast("192.168.1.130", 26)` | `192.168.1.191` |
/// | `encoded("你", "gbk")` | `C4 E3` |
/// | `decoded("C4 E3", "utf-8")` | `\xC4\xE3` |
/// | `frame(5, "udp")` | bytes of an Ethernet frame that carries so many bytes of payload, checksum and padding included |
/// | `fragments(2000, 1500)` | how many IP packets a UDP payload takes on a link with this MTU |
/// | `largest_datagram` | 65507 |
pub fn add(scope: &mut Environment<'static>) {
    scope.add_function("bits", |address: &str| read(address).map(bits));
    scope.add_function("mask", |prefix: u32| mask(prefix).map(|mask| mask.to_string()));
    scope.add_function("network", |address: &str, prefix: u32| network(address, prefix).map(|network| network.to_string()));
    scope.add_function("broadcast", |address: &str, prefix: u32| {
        let last = u32::from(network(address, prefix)?) | !u32::from(mask(prefix)?);
        Ok::<_, Error>(Ipv4Addr::from(last).to_string())
    });
    scope.add_function("encoded", |text: &str, label: &str| {
        let bytes = encoding(label)?.encode(text).map_err(|error| refuse(error.to_string()))?;
        Ok::<_, Error>(hex::spaced(&bytes))
    });
    scope.add_function("decoded", |digits: &str, label: &str| {
        let bytes = hex::parse(digits).map_err(|error| refuse(error.to_string()))?;
        Ok::<_, Error>(decoder::escaped(&encoding(label)?.decode(&bytes)))
    });
    scope.add_function("frame", |payload: u32, transport: &str| {
        let header = match transport {
            "udp" => UDP_HEADER,
            "tcp" => TCP_HEADER,
            other => return Err(refuse(format!("{other:?} is neither udp nor tcp"))),
        };
        Ok(frame(payload, header))
    });
    scope.add_function("fragments", |payload: u32, mtu: u32| {
        fragments(payload, mtu).ok_or_else(|| refuse(format!("no IPv4 packet fits into an MTU of {mtu}")))
    });
    scope.add_global("largest_datagram", Value::from(LARGEST_DATAGRAM));
}

fn refuse(detail: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail)
}

fn read(address: &str) -> Result<Ipv4Addr, Error> {
    address.parse().map_err(|_| refuse(format!("{address:?} is no IPv4 address")))
}

fn encoding(label: &str) -> Result<Encoding, Error> {
    Encoding::for_label(label).ok_or_else(|| refuse(format!("unknown encoding {label:?}")))
}

fn bits(address: Ipv4Addr) -> String {
    address.octets().map(|octet| format!("{octet:08b}")).join(".")
}

fn mask(prefix: u32) -> Result<Ipv4Addr, Error> {
    if prefix > 32 {
        return Err(refuse(format!("{prefix} is no prefix length (0 to 32)")));
    }
    Ok(Ipv4Addr::from(u32::MAX.checked_shl(32 - prefix).unwrap_or(0)))
}

fn network(address: &str, prefix: u32) -> Result<Ipv4Addr, Error> {
    Ok(Ipv4Addr::from(u32::from(read(address)?) & u32::from(mask(prefix)?)))
}

/// A frame around a payload under a transport header of so many bytes, as long as on the wire: at least 64 bytes.
fn frame(payload: u32, header: u32) -> u32 {
    let packet = payload.saturating_add(header + IPV4_HEADER);
    packet.max(ETHERNET_LEAST).saturating_add(ETHERNET_HEADER + ETHERNET_CHECKSUM)
}

/// How many packets: every fragment but the last carries a multiple of 8 bytes (RFC 791 section 3.2), and the UDP header counts as
/// data. `None` for an MTU in which nothing fits.
fn fragments(payload: u32, mtu: u32) -> Option<u32> {
    let data = payload.checked_add(UDP_HEADER)?;
    let room = mtu.checked_sub(IPV4_HEADER)?;
    if data <= room {
        return Some(1);
    }
    let each = room / 8 * 8;
    // The last may use the rest of its room as well.
    (each > 0).then(|| 1 + data.saturating_sub(room).div_ceil(each))
}

#[cfg(test)]
mod tests {
    use crate::lesson::figures::{About, Figures};

    #[test]
    fn the_sums_of_the_manual() {
        let figures = Figures::default();
        let table = [
            ("bits('192.168.1.1')", "11000000.10101000.00000001.00000001"),
            ("mask(26)", "255.255.255.192"),
            ("mask(0)", "0.0.0.0"),
            ("mask(32)", "255.255.255.255"),
            ("network('192.168.1.130', 26)", "192.168.1.128"),
            ("broadcast('192.168.1.130', 26)", "192.168.1.191"),
            ("encoded('你', 'gbk')", "C4 E3"),
            ("decoded('C4 E3', 'gbk')", "你"),
            ("decoded('E4 BD A0 E5 A5 BD', 'gbk')", "浣犲ソ"),
            // 5 + 8 + 20 are fewer than 46.
            ("frame(5, 'udp')", "64"),
            ("frame(1472, 'udp')", "1518"),
            ("frame(1460, 'tcp')", "1518"),
            ("fragments(1472, 1500)", "1"),
            ("fragments(1473, 1500)", "2"),
            ("fragments(2952, 1500)", "2"),
            ("fragments(2953, 1500)", "3"),
            ("fragments(65507, 1500)", "45"),
            ("largest_datagram", "65507"),
        ];
        for (expression, expected) in table {
            let value = figures.value(expression, &About::nothing()).map(|value| value.to_string());
            assert_eq!(value.as_deref(), Ok(expected), "{expression}");
        }
        for expression in ["mask(33)", "bits('x')", "encoded('你', 'latin1')", "frame(5, 'sctp')", "fragments(1, 20)"] {
            assert!(figures.value(expression, &About::nothing()).is_err(), "{expression}");
        }
    }
}
