//! Addresses as people type them: `host:port`, `[::1]:80`, `:9000`. Must never resolve a name: that is the network's work.

mod unix_path;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
pub use unix_path::{UnixPath, UnixPathError};

/// One end of a socket: an IP address and port, or a place of a Unix-domain socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Address {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A file, an abstract name, or nothing (a socket that was not bound).
    Unix(UnixPath),
}

impl Address {
    /// The IP address and port; `None` for a Unix-domain socket.
    pub fn ip(self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(address),
            Self::Unix(_) => None,
        }
    }

    /// The port; `None` for a Unix-domain socket.
    pub fn port(self) -> Option<u16> {
        self.ip().map(|address| address.port())
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<UnixPath> for Address {
    fn from(path: UnixPath) -> Self {
        Self::Unix(path)
    }
}

impl PartialEq<SocketAddr> for Address {
    fn eq(&self, other: &SocketAddr) -> bool {
        self.ip() == Some(*other)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

/// The text is neither `IP:PORT` nor `unix:PATH`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no address of a socket")]
pub struct NotAnAddress(String);

impl std::str::FromStr for Address {
    type Err = NotAnAddress;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not = || NotAnAddress(text.to_owned());
        match text.strip_prefix("unix:") {
            Some(path) => UnixPath::shown(path).map(Self::Unix).map_err(|_| not()),
            None => text.parse().map(Self::Ip).map_err(|_| not()),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

/// A host name or an IP literal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Host {
    /// An IPv4 or IPv6 literal.
    Ip(IpAddr),
    /// A name for the resolver; also an IPv6 literal with a zone (`fe80::1%eth0`), which `getaddrinfo` understands (RFC 4007).
    Name(String),
}

/// A host and a port: where a client connects or a datagram goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// Who.
    pub host: Host,
    /// 1 to 65,535.
    pub port: u16,
}

/// What is wrong with a typed address. The window and the twin put it into words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing was typed.
    #[error("no host given")]
    NoHost,
    /// There is no `:port`.
    #[error("no port given")]
    NoPort,
    /// Not a number from 0 to 65,535.
    #[error("'{0}' is not a port (0 to 65535)")]
    BadPort(String),
    /// Port 0 names no one; it is only good for binding.
    #[error("port 0 can be bound but not connected to")]
    PortZero,
    /// Neither an IP literal nor a possible host name.
    #[error("'{0}' is neither an IP address nor a host name")]
    BadHost(String),
    /// A local address has to be one of this machine's IP addresses, not a name.
    #[error("'{0}' is not an IP address of this machine")]
    NotAnIp(String),
}

impl AddressError {
    /// The key of its wording in the locale files.
    pub fn key(&self) -> &'static str {
        match self {
            Self::NoHost => "address.no_host",
            Self::NoPort => "address.no_port",
            Self::BadPort(_) => "address.bad_port",
            Self::PortZero => "address.port_zero",
            Self::BadHost(_) => "address.bad_host",
            Self::NotAnIp(_) => "address.not_an_ip",
        }
    }

    /// The typed text that is wrong, where the wording quotes it.
    pub fn quoted(&self) -> &str {
        match self {
            Self::BadPort(text) | Self::BadHost(text) | Self::NotAnIp(text) => text,
            Self::NoHost | Self::NoPort | Self::PortZero => "",
        }
    }
}

impl Host {
    /// Reads a host name, an IPv4 or IPv6 literal (with or without brackets).
    ///
    /// # Errors
    /// `NoHost` for nothing; `BadHost` for text that no resolver could know (RFC 1123's rules, widened to
    /// non-ASCII letters and `_`), and for dotted numbers that are no IPv4 address (`999.1.1.1`).
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if bare.is_empty() {
            return Err(AddressError::NoHost);
        }
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Self::Ip(ip));
        }
        if let Some((ip, zone)) = bare.split_once('%')
            && ip.parse::<Ipv6Addr>().is_ok()
            && !zone.is_empty()
        {
            return Ok(Self::Name(bare.to_owned()));
        }
        let label_is_possible = |label: &str| {
            !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        };
        let name = bare.strip_suffix('.').unwrap_or(bare);
        let only_numbers = name.chars().all(|c| c.is_ascii_digit() || c == '.');
        if name.len() > 253 || only_numbers || !name.split('.').all(label_is_possible) {
            return Err(AddressError::BadHost(bare.to_owned()));
        }
        Ok(Self::Name(bare.to_owned()))
    }
}

impl TryFrom<String> for Host {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.to_string()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.to_string();
        if host.contains(':') { write!(f, "[{host}]:{}", self.port) } else { write!(f, "{host}:{}", self.port) }
    }
}

impl Endpoint {
    /// Reads `host:port` or `[v6]:port`.
    ///
    /// # Errors
    /// What is wrong with the host or the port; port 0 is refused, since nobody can be reached there.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (host, port) = split(text)?;
        Self::new(Host::parse(host)?, parse_port(port)?)
    }

    /// Puts the two typed fields together.
    ///
    /// # Errors
    /// `PortZero`.
    pub fn new(host: Host, port: u16) -> Result<Self, AddressError> {
        if port == 0 {
            return Err(AddressError::PortZero);
        }
        Ok(Self { host, port })
    }
}

impl Endpoint {
    /// The address itself; `None` for a name.
    pub fn address(self) -> Option<Address> {
        match self.host {
            Host::Ip(ip) => Some(Address::Ip(SocketAddr::new(ip, self.port))),
            Host::Name(_) => None,
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        let host = match address {
            // A link-local address says nothing without its zone (RFC 4007 section 6), and only the resolver's form has room for it.
            SocketAddr::V6(v6) if v6.scope_id() != 0 => Host::Name(format!("{}%{}", v6.ip(), v6.scope_id())),
            _ => Host::Ip(address.ip()),
        };
        Self { host, port: address.port() }
    }
}

/// Splits `host:port` at the last colon; an IPv6 host must be in brackets.
fn split(text: &str) -> Result<(&str, &str), AddressError> {
    let text = text.trim();
    if let Some(end) = text.rfind(']') {
        let port = text[end + 1..].strip_prefix(':').ok_or(AddressError::NoPort)?;
        return Ok((&text[..=end], port));
    }
    let (host, port) = text.rsplit_once(':').ok_or(AddressError::NoPort)?;
    if host.contains(':') {
        return Err(AddressError::BadHost(text.to_owned()));
    }
    Ok((host, port))
}

/// Reads a port: decimal digits only, 0 to 65,535 (socat wraps 70000 round to 4464; we refuse it).
///
/// # Errors
/// `NoPort` for nothing, `BadPort` otherwise.
pub fn parse_port(text: &str) -> Result<u16, AddressError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressError::NoPort);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AddressError::BadPort(text.to_owned()));
    }
    text.parse().map_err(|_| AddressError::BadPort(text.to_owned()))
}

/// Reads the IP of a local address: a literal, `localhost`, `*` (all of IPv4), or nothing (127.0.0.1, the safe default).
///
/// # Errors
/// `NotAnIp`.
pub fn parse_local_ip(text: &str) -> Result<IpAddr, AddressError> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match bare {
        "" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ if bare.eq_ignore_ascii_case("localhost") => Ok(Ipv4Addr::LOCALHOST.into()),
        "*" => Ok(Ipv4Addr::UNSPECIFIED.into()),
        _ => bare.parse().map_err(|_| AddressError::NotAnIp(bare.to_owned())),
    }
}

/// Reads `[HOST]:PORT` for binding; port 0 lets the system choose.
///
/// # Errors
/// What is wrong with the host or the port.
pub fn parse_local(text: &str) -> Result<SocketAddr, AddressError> {
    let (host, port) = split(text)?;
    Ok(SocketAddr::new(parse_local_ip(host)?, parse_port(port)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddrV6;

    #[test]
    fn endpoints_as_people_type_them() {
        let table: &[(&str, Result<&str, AddressError>)] = &[
            ("127.0.0.1:9000", Ok("127.0.0.1:9000")),
            (" example.com:80 ", Ok("example.com:80")),
            ("[::1]:80", Ok("[::1]:80")),
            ("[fe80::1%eth0]:80", Ok("[fe80::1%eth0]:80")),
            ("本机.测试:1", Ok("本机.测试:1")),
            ("a_b-c.d.:65535", Ok("a_b-c.d.:65535")),
            ("::1:80", Err(AddressError::BadHost("::1:80".into()))),
            ("999.1.1.1:80", Err(AddressError::BadHost("999.1.1.1".into()))),
            ("host", Err(AddressError::NoPort)),
            ("host:", Err(AddressError::NoPort)),
            (":80", Err(AddressError::NoHost)),
            ("host:70000", Err(AddressError::BadPort("70000".into()))),
            ("host:+80", Err(AddressError::BadPort("+80".into()))),
            ("host:0", Err(AddressError::PortZero)),
            ("ho st:1", Err(AddressError::BadHost("ho st".into()))),
            ("a..b:1", Err(AddressError::BadHost("a..b".into()))),
        ];
        for (typed, expected) in table {
            let read = Endpoint::parse(typed).map(|endpoint| endpoint.to_string());
            assert_eq!(read, expected.clone().map(str::to_owned), "{typed}");
        }
    }

    #[test]
    fn a_link_local_sender_keeps_its_zone() {
        let address = SocketAddr::V6(SocketAddrV6::new("fe80::1".parse().unwrap(), 9, 0, 2));
        assert_eq!(Endpoint::from(address), Endpoint::parse("[fe80::1%2]:9").unwrap());
        let plain: SocketAddr = "[::1]:9".parse().unwrap();
        assert_eq!(Endpoint::from(plain).host, Host::Ip(plain.ip()));
    }

    #[test]
    fn local_addresses_default_to_this_machine_alone() {
        assert_eq!(parse_local(":0"), Ok("127.0.0.1:0".parse().unwrap()));
        assert_eq!(parse_local("localhost:9"), Ok("127.0.0.1:9".parse().unwrap()));
        assert_eq!(parse_local("*:9"), Ok("0.0.0.0:9".parse().unwrap()));
        assert_eq!(parse_local("[::]:9"), Ok("[::]:9".parse().unwrap()));
        assert_eq!(parse_local("example.com:9"), Err(AddressError::NotAnIp("example.com".into())));
    }
}
