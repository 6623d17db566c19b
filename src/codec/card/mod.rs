//! Protocol cards: what bytes say by a protocol, as a tree in which each field has its bytes. It must never change, keep or complete a
//! byte, and never call bytes by a protocol that they only resemble.
//!
//! What holds for every card, whatever the bytes (property-tested): a field's bytes lie within its parent's, siblings stand in order and
//! do not overlap, and there are at most [`MOST_NODES`] fields on at most [`DEEPEST`] levels.

mod dns;
mod http;
pub mod ipmsg;
mod modbus;
mod node;
mod prefix;

pub use node::{Card, DEEPEST, LONGEST_HEX, LONGEST_TEXT, MOST_NODES, Name, Node, Words};

use super::encoding::Encoding;
use super::framing::Length;

/// The protocols that there are cards for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// IP Messenger and FeiQ, of UDP port 2425.
    IpMsg,
    /// HTTP/1.0 and 1.1.
    Http1,
    /// DNS, mDNS and LLMNR.
    Dns,
    /// Modbus over TCP.
    ModbusTcp,
    /// Messages that say first how long they are.
    LengthPrefix,
}

impl Protocol {
    /// All of them, in the order of a menu.
    pub fn all() -> &'static [Self] {
        &[Self::IpMsg, Self::ModbusTcp, Self::Dns, Self::Http1, Self::LengthPrefix]
    }

    /// Its name in settings and scripts. Its words are at [`Protocol::words_key`].
    pub fn key(self) -> &'static str {
        match self {
            Self::IpMsg => "ipmsg",
            Self::ModbusTcp => "modbus",
            Self::Dns => "dns",
            Self::Http1 => "http",
            Self::LengthPrefix => "prefix",
        }
    }

    /// The key of its name in words.
    pub fn words_key(self) -> &'static str {
        match self {
            Self::IpMsg => "card.protocol.ipmsg",
            Self::ModbusTcp => "card.protocol.modbus",
            Self::Dns => "card.protocol.dns",
            Self::Http1 => "card.protocol.http",
            Self::LengthPrefix => "card.protocol.prefix",
        }
    }

    /// The ports that are its own. Those of HTTP are no hint: everything is found there.
    fn ports(self) -> &'static [u16] {
        match self {
            Self::IpMsg => &[2425],
            Self::ModbusTcp => &[502],
            Self::Dns => &[53, 5353, 5355],
            Self::Http1 | Self::LengthPrefix => &[],
        }
    }
}

/// How bytes came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// In a stream: a message may be cut, or be several.
    Stream,
    /// In one datagram.
    Datagram,
}

/// What is known about bytes besides themselves. Nothing, by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// How they came.
    pub transport: Option<Transport>,
    /// The port of who sent them.
    pub source: Option<u16>,
    /// The port of who they were sent to.
    pub destination: Option<u16>,
    /// Where the session's framing rule finds a length, if that is its rule.
    pub framing: Option<Length>,
}

impl Hint {
    /// Whether a port is one of the protocol's own.
    fn names(&self, protocol: Protocol) -> bool {
        let own = |port: Option<u16>| port.is_some_and(|port| protocol.ports().contains(&port));
        own(self.source) || own(self.destination)
    }
}

/// The protocols whose cards fit, best first. A whole message must be there and keep all of the protocol's rules; at the protocol's own
/// port its beginning is enough.
pub fn recognise(bytes: &[u8], hint: &Hint) -> Vec<Protocol> {
    let fits = |protocol: &Protocol| {
        let at_home = hint.names(*protocol);
        match protocol {
            Protocol::IpMsg => ipmsg::fits(bytes, at_home),
            Protocol::Http1 => http::fits(bytes),
            Protocol::Dns => dns::fits(bytes, hint, at_home),
            Protocol::ModbusTcp => modbus::fits(bytes, at_home),
            Protocol::LengthPrefix => prefix::fits(bytes, hint),
        }
    };
    let mut found: Vec<Protocol> = Protocol::all().iter().copied().filter(fits).collect();
    // The hardest to meet by chance stand first in the enum.
    found.sort_by_key(|protocol| (!hint.names(*protocol), *protocol));
    found
}

/// Whether bytes say that they are a message of a protocol. Those that break its rules too, so that they can be shown with the reason.
/// Cheap, because whole histories are asked.
pub fn claims(protocol: Protocol, bytes: &[u8]) -> bool {
    match protocol {
        Protocol::IpMsg => ipmsg::claims(bytes),
        Protocol::Http1 => http::fits(bytes),
        Protocol::Dns | Protocol::ModbusTcp | Protocol::LengthPrefix => recognise(bytes, &Hint::default()).contains(&protocol),
    }
}

/// The card of bytes by a protocol that was chosen, with nothing known about them. Text that names no encoding itself is read in
/// `encoding`.
pub fn read(protocol: Protocol, bytes: &[u8], encoding: Encoding) -> Card {
    read_with(protocol, bytes, encoding, &Hint::default())
}

/// As [`read`], with what is known about the bytes: ports tell requests from responses, the framing rule where a length stands.
pub fn read_with(protocol: Protocol, bytes: &[u8], encoding: Encoding, hint: &Hint) -> Card {
    match protocol {
        Protocol::IpMsg => ipmsg::read(bytes, encoding),
        Protocol::ModbusTcp => modbus::read(bytes, hint),
        Protocol::Dns => dns::read(bytes, hint),
        Protocol::Http1 => http::read(bytes, encoding),
        Protocol::LengthPrefix => prefix::read(bytes, encoding, hint),
    }
}

#[cfg(test)]
mod tests;
