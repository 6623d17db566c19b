//! Which peers are asked for, as typed: `127.0.0.1`, `:9000`, `10.0.0.0/8`, `[::1]:80`, `unix:/tmp/x.sock`, `unix:` (all such), several
//! of them with blanks or commas between.
//! Must never resolve a name.

use crate::session::address::{Address, AddressError, UnixPath, parse_port};
use std::net::IpAddr;

/// Addresses that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressRange {
    /// All in a network, all with a port, or both.
    Ip {
        /// The network and the length of its prefix.
        network: Option<(IpAddr, u8)>,
        /// The port.
        port: Option<u16>,
    },
    /// A Unix-domain place as it is shown, or all of them.
    Unix(Option<UnixPath>),
}

impl AddressRange {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with the address or the port.
    pub fn parse(typed: &str) -> Result<Self, AddressError> {
        let typed = typed.trim();
        if let Some(place) = typed.strip_prefix("unix:") {
            let wrong = |_| AddressError::NotAnIp(typed.to_owned());
            let place = (!place.is_empty()).then(|| UnixPath::shown(place)).transpose().map_err(wrong)?;
            return Ok(Self::Unix(place));
        }
        if !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Ip { network: None, port: Some(parse_port(typed)?) });
        }
        let alone = network(typed).map(|network| Self::Ip { network: Some(network), port: None });
        let Some((host, port)) = typed.rsplit_once(':').filter(|_| alone.is_err()) else { return alone };
        let port = Some(parse_port(port)?);
        match host {
            "" | "*" => Ok(Self::Ip { network: None, port }),
            host => Ok(Self::Ip { network: Some(network(host)?), port }),
        }
    }

    /// Reads several.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn parse_all(typed: &str) -> Result<Vec<Self>, AddressError> {
        let parts = typed.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '，' | '；' | '、'));
        parts.filter(|part| !part.is_empty()).map(Self::parse).collect()
    }

    /// Whether an address is among them. An IPv4 address that came through an IPv6 socket is that IPv4 address.
    pub fn contains(&self, address: Address) -> bool {
        match (self, address) {
            (Self::Ip { network, port }, Address::Ip(address)) => {
                port.is_none_or(|port| port == address.port())
                    && network.is_none_or(|(network, length)| shares(network, address.ip().to_canonical(), length))
            }
            (Self::Unix(wanted), Address::Unix(place)) => wanted.is_none_or(|wanted| wanted == place),
            // A Unix-domain socket has neither network nor port.
            (Self::Ip { .. }, Address::Unix(_)) | (Self::Unix(_), Address::Ip(_)) => false,
        }
    }
}

/// `10.0.0.0/8`, `::1`, `[::1]`; the whole address is the network of one.
fn network(typed: &str) -> Result<(IpAddr, u8), AddressError> {
    let wrong = || AddressError::NotAnIp(typed.to_owned());
    let (ip, length) = match typed.split_once('/') {
        Some((ip, length)) => (ip, Some(length)),
        None => (typed, None),
    };
    let bare = ip.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(ip);
    let ip = bare.parse::<IpAddr>().map_err(|_| wrong())?.to_canonical();
    let bits = if ip.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => bits,
        Some(length) => length.parse::<u8>().ok().filter(|length| *length <= bits).ok_or_else(wrong)?,
    };
    Ok((ip, length))
}

/// Whether the first `length` bits are the same.
fn shares(network: IpAddr, ip: IpAddr, length: u8) -> bool {
    match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => (network.to_bits() ^ ip.to_bits()).leading_zeros() >= u32::from(length),
        (IpAddr::V6(network), IpAddr::V6(ip)) => (network.to_bits() ^ ip.to_bits()).leading_zeros() >= u32::from(length),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_type_them() {
        for (typed, inside, outside) in [
            ("127.0.0.1", "127.0.0.1:9", "127.0.0.2:9"),
            (":9000", "1.2.3.4:9000", "1.2.3.4:9001"),
            ("9000", "[::1]:9000", "[::1]:900"),
            ("*:9000", "[::1]:9000", "[::1]:900"),
            ("10.0.0.0/8", "10.255.0.1:1", "11.0.0.1:1"),
            ("10.1.2.3/8", "10.255.0.1:1", "11.0.0.1:1"),
            ("[::1]:80", "[::1]:80", "[::1]:81"),
            ("::1", "[::1]:80", "[::2]:80"),
            ("fe80::/10", "[febf::1]:80", "[fec0::1]:80"),
            ("[fe80::]/10", "[febf::1]:80", "127.0.0.1:80"),
            ("1.2.3.4:5", "1.2.3.4:5", "1.2.3.4:6"),
            ("10.0.0.0/8:5", "10.2.3.4:5", "10.2.3.4:6"),
            ("1.2.3.4", "[::ffff:1.2.3.4]:5", "[::1.2.3.4]:5"),
            ("0.0.0.0/0", "1.2.3.4:5", "[::1]:5"),
            ("0.0.0.0/0", "1.2.3.4:5", "unix:/tmp/x"),
            ("unix:/tmp/x", "unix:/tmp/x", "unix:/tmp/xy"),
            ("unix:#2", "unix:#2", "unix:"),
            ("unix:", "unix:@name", "127.0.0.1:9"),
        ] {
            let range = AddressRange::parse(typed).unwrap();
            assert!(range.contains(inside.parse().unwrap()), "{typed} {inside}");
            assert!(!range.contains(outside.parse().unwrap()), "{typed} {outside}");
        }
        assert_eq!(AddressRange::parse_all(" 1.2.3.4, :80；::1 ").unwrap().len(), 3);
        assert_eq!(AddressRange::parse_all(" ").unwrap().len(), 0);
    }

    #[test]
    fn refusals() {
        for typed in [
            "",
            "host",
            "1.2.3",
            "1.2.3.4/33",
            "::1/129",
            "1.2.3.4:",
            "1.2.3.4:70000",
            "70000",
            "host:80",
            "[::1",
            "/8",
            "1.2.3.4/8/8",
        ] {
            assert!(AddressRange::parse(typed).is_err(), "{typed}");
        }
    }
}
