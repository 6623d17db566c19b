//! NetAssist's text logs, in the dialects that people keep:
//!
//! ```text
//! V4         [2019-05-15 16:32:52.893]# RECV ASCII>
//! V4 net     [2026-01-12 17:17:40.121]# RECV ASCII FROM 192.168.2.4 :9023>      # SEND ASCII TO 192.168.2.4 :9023>
//! V5         [2026-07-21 08:20:34.093]# RECV HEX/21 <<<                         # SEND ASCII/26 >>>
//! ```
//!
//! The payload stands in the lines after the header, and a blank line after it. Must never show a log's text as bytes of another
//! encoding than the one it was told.
//!
//! 1. Without FROM and TO all records are one connection to an unknown peer (0.0.0.0:0), so that a character cut in two is whole in the
//!    text; with them they are datagrams, because the log does not tell a datagram from a server's client.
//! 2. The file is UTF-8 or GBK (NetAssist writes the system's code page): a payload that is no UTF-8 is GBK, and so are all after it.
//! 3. V5 tells lengths in bytes. They say where a payload with blank lines ends; `\xHH` in text is then the byte that our own export wrote
//!    so; and a character cut in two, which our export shows in the record that ends it, is cut in two again.

use super::flow::Told;
use super::input::{Input, LONGEST};
use super::log_text::{Cutter, Text};
use super::{Options, Seen};
use crate::codec::hex;
use crate::session::event::{Origin, What};
use crate::session::id::{ConnectionId, Peer};
use crate::session::timestamp::Timestamp;
use crate::traffic::record::Direction;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// A log that is being read.
pub struct NetAssist {
    zone: TimeZone,
    text: Text,
    /// The cuts of the text, where the log tells lengths.
    cutter: Cutter,
    /// The record whose payload is being read.
    open: Option<Open>,
    line: Vec<u8>,
}

struct Open {
    header: Header,
    /// How the header's line ended, and so how the log's lines do.
    line_end: &'static [u8],
    payload: Vec<u8>,
}

/// A header line.
#[derive(Clone, Debug, PartialEq)]
struct Header {
    time: DateTime,
    direction: Direction,
    hex: bool,
    /// The payload's length in bytes.
    length: Option<usize>,
    peer: Option<SocketAddr>,
}

/// Whether a file begins like such a log: a header is among its first lines.
pub fn is_netassist(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').take(64).any(|line| Header::parse(without_mark(line)).is_some())
}

fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
}

impl NetAssist {
    /// Reads with these answers to what the log does not say.
    pub fn new(options: &Options) -> Self {
        let text = Text::new(options.encoding);
        Self { zone: options.zone.clone(), text, cutter: Cutter::default(), open: None, line: Vec::new() }
    }

    /// Reads a line; `false` at the end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn step(&mut self, input: &mut Input, told: &mut Told) -> io::Result<bool> {
        self.line.clear();
        if !input.line(&mut self.line)? {
            self.close(told);
            self.cutter.flush(told);
            return Ok(false);
        }
        let line = std::mem::take(&mut self.line);
        self.take(&line, told);
        self.line = line;
        Ok(true)
    }

    fn take(&mut self, line: &[u8], told: &mut Told) {
        let header = Header::parse(without_mark(line));
        match header {
            // Text that looks like a header, inside a payload that is known to go on.
            Some(header) if !self.open.as_ref().is_some_and(|open| self.text.lacks(open.header.length, &open.payload)) => {
                self.close(told);
                let line_end: &[u8] = if line.ends_with(b"\r\n") { b"\r\n" } else { b"\n" };
                self.open = Some(Open { header, line_end, payload: Vec::new() });
            }
            _ => match &mut self.open {
                Some(open) if open.payload.len() + line.len() <= LONGEST => open.payload.extend_from_slice(line),
                // Nothing of ours before the first header, and nothing beyond what can be one record.
                _ => told.summary.unread += u64::from(!line.trim_ascii().is_empty()),
            },
        }
    }

    /// The record's payload is complete.
    fn close(&mut self, told: &mut Told) {
        let Some(Open { header, line_end, payload }) = self.open.take() else { return };
        let at = self.moment(header.time);
        // Behind the payload stand its line's end and a blank line.
        let payload = payload.strip_suffix(line_end).unwrap_or(&payload);
        let payload = payload.strip_suffix(line_end).unwrap_or(payload);
        let bytes = if header.hex {
            match hex::parse(&String::from_utf8_lossy(payload)) {
                Ok(bytes) => {
                    told.summary.misfits += u64::from(header.length.is_some_and(|length| length != bytes.len()));
                    bytes
                }
                Err(_) => {
                    told.summary.unread += 1;
                    return;
                }
            }
        } else {
            match self.text.bytes(payload, header.length, self.cutter.owed(header.direction)) {
                Ok(bytes) => bytes,
                // A character that the encoding lacks: what was sent is not known.
                Err(bytes) => {
                    told.summary.misfits += 1;
                    bytes
                }
            }
        };
        // Hex is never cut within a byte.
        let length = if header.hex { None } else { header.length };
        self.cutter.push(header.direction, seen(at, &header), bytes, length, told);
    }

    /// A time that the zone has twice is the first, one that it has not is taken as if the clock had not jumped.
    fn moment(&self, time: DateTime) -> Timestamp {
        let zoned = self.zone.to_ambiguous_zoned(time).compatible();
        Timestamp(zoned.map_or(0, |zoned| zoned.timestamp().as_microsecond()))
    }
}

/// An event without its bytes.
fn seen(at: Timestamp, header: &Header) -> Seen {
    let unknown = || Peer::connected(ConnectionId(1), SocketAddr::from(([0, 0, 0, 0], 0)).into());
    let peer = header.peer.map_or_else(unknown, |address| Peer::datagram(address.into()));
    let bytes = [].into();
    let what = match header.direction {
        Direction::Received => What::Received { peer, bytes },
        Direction::Sent => What::Sent { peer, bytes, origin: Origin::User },
    };
    Seen { at, what, local: None }
}

/// The event with its bytes.
pub fn filled(mut seen: Seen, content: Vec<u8>) -> Seen {
    if let What::Received { bytes, .. } | What::Sent { bytes, .. } = &mut seen.what {
        *bytes = content.into();
    }
    seen
}

impl Header {
    fn parse(line: &[u8]) -> Option<Self> {
        // All of it is ASCII; the longest has two IPv6 addresses' worth of room.
        let line = std::str::from_utf8(line.get(..line.len().min(200))?).ok()?.trim_end();
        let (time, rest) = line.strip_prefix('[')?.split_once("]# ")?;
        let time = DateTime::strptime("%Y-%m-%d %H:%M:%S%.f", time).ok()?;
        let (verb, rest) = rest.split_once(' ')?;
        let direction = match verb {
            "RECV" => Direction::Received,
            "SEND" => Direction::Sent,
            _ => return None,
        };
        let rest = rest.trim_end_matches(['<', '>']);
        if rest.len() == line.len() || !line.ends_with(['<', '>']) {
            return None;
        }
        let (kind, rest) = rest.trim_end().split_once(' ').unwrap_or((rest.trim_end(), ""));
        let (kind, length) = match kind.split_once('/') {
            Some((kind, length)) => (kind, Some(length.parse().ok()?)),
            None => (kind, None),
        };
        let hex = match kind {
            "HEX" => true,
            "ASCII" => false,
            _ => return None,
        };
        Some(Self { time, direction, hex, length, peer: peer(rest)? })
    }
}

/// `FROM 192.168.2.4 :9023`, `TO 192.168.2.4:9023`, or nothing.
fn peer(text: &str) -> Option<Option<SocketAddr>> {
    if text.is_empty() {
        return Some(None);
    }
    let address = text.strip_prefix("FROM ").or_else(|| text.strip_prefix("TO "))?;
    let (ip, port) = address.rsplit_once(':')?;
    let ip: IpAddr = ip.trim().trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    Some(Some(SocketAddr::new(ip, port.trim().parse().ok()?)))
}
