//! How a message is cut for a link: a datagram into IP fragments (RFC 791, RFC 8200), a stream into segments (RFC 9293). Must never lose a
//! byte: the pieces in a row are the whole.

use super::subject::{Subject, Transport};
use std::ops::Range;

/// What a link of the Internet must be able to carry at least, by IPv4 (RFC 791) and IPv6 (RFC 8200).
pub const LEAST_MTU: usize = 68;
const LEAST_MTU_V6: usize = 1280;
/// The largest that is offered: a jumbo frame.
pub const MOST_MTU: usize = 9000;
/// That of Ethernet.
pub const ETHERNET_MTU: usize = 1500;
/// Fragments begin at multiples of this.
pub const UNIT: usize = 8;
/// The header that a fragment has in IPv6.
pub const FRAGMENT_HEADER: usize = 8;
/// The most an IP packet can be: its length has 16 bits. IPv6 counts without its header.
const MOST_PACKET: usize = 65_535;

/// A message is too long for one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// How long it is, in bytes.
    pub length: usize,
    /// How long it may be.
    pub most: usize,
}

/// How pieces are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It fits: one packet.
    Whole,
    /// IP fragments; each carries so many bytes of the datagram, a multiple of [`UNIT`], the last one the rest.
    Fragments(usize),
    /// Segments; each carries so many bytes of the message, the last one the rest.
    Segments(usize),
}

/// All pieces of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The largest IP packet of the link, as it was taken.
    pub mtu: usize,
    /// How they are made.
    pub cut: Cut,
    /// Bytes that are cut: of fragments those of the datagram with its header, of segments those of the message.
    pub total: usize,
}

/// One piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The bytes of [`Plan::total`] that it carries.
    pub data: Range<usize>,
    /// Whether another one comes.
    pub more: bool,
}

impl Plan {
    /// Cuts a message for a link.
    ///
    /// # Errors
    /// A datagram can't be longer than 65,535 bytes less its headers.
    pub fn new(subject: &Subject, mtu: usize) -> Result<Self, TooLong> {
        let mtu = mtu.clamp(least_mtu(subject), MOST_MTU.max(least_mtu(subject)));
        let (ip, own, length) = (subject.ip_header(), subject.transport_header(), subject.payload.len());
        let (cut, total) = match subject.transport {
            Transport::Tcp { .. } => {
                let most = mtu - ip - own;
                (if length > most { Cut::Segments(most) } else { Cut::Whole }, length)
            }
            Transport::Udp => {
                let most = if subject.is_v4() { MOST_PACKET - ip - own } else { MOST_PACKET - own };
                if length > most {
                    return Err(TooLong { length, most });
                }
                let (total, extra) = (own + length, if subject.is_v4() { 0 } else { FRAGMENT_HEADER });
                let most = (mtu - ip - extra) / UNIT * UNIT;
                (if ip + total > mtu { Cut::Fragments(most) } else { Cut::Whole }, total)
            }
        };
        Ok(Self { mtu, cut, total })
    }

    /// How many pieces there are; at least one.
    pub fn count(&self) -> usize {
        match self.cut {
            Cut::Whole => 1,
            Cut::Fragments(most) | Cut::Segments(most) => self.total.div_ceil(most.max(1)),
        }
    }

    /// A piece, counted from 0; the last one where there are not so many.
    pub fn piece(&self, index: usize) -> Piece {
        let index = index.min(self.count() - 1);
        match self.cut {
            Cut::Whole => Piece { data: 0..self.total, more: false },
            Cut::Fragments(most) | Cut::Segments(most) => {
                let data = index * most..self.total.min((index + 1) * most);
                Piece { more: data.end < self.total, data }
            }
        }
    }

    /// All pieces in order.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        (0..self.count()).map(|index| self.piece(index))
    }
}

/// The least MTU that makes sense for a message: there must be room for more than headers.
pub fn least_mtu(subject: &Subject) -> usize {
    let headers = subject.ip_header() + subject.transport_header() + UNIT;
    if subject.is_v4() { LEAST_MTU.max(headers) } else { LEAST_MTU_V6 }
}
