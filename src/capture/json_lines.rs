//! JSON lines as this program writes them (`--format jsonl`): bytes, where connections begin and end, and gaps. Must never read the text
//! of a record: its bytes are in hex.
//!
//! A line does not hold all that a note does: failures and what a relay did are counted and left out, and a peer is a connection where the
//! lines before say that it connected, joined or was dialled.

use super::Seen;
use super::flow::Told;
use super::input::{Input, LONGEST};
use crate::codec::hex;
use crate::session::address::Address;
use crate::session::credentials::Credentials;
use crate::session::event::{Dialled, EndedBy, Ending, Origin, Place, What};
use crate::session::id::{ConnectionId, Peer};
use crate::session::timestamp::Timestamp;
use serde::Deserialize;
use std::collections::HashMap;
use std::io;

/// Lines that are being read.
#[derive(Default)]
pub struct JsonLines {
    /// The connections that are open, by both of their ends: a relay has many to one target.
    open: HashMap<(Option<Address>, Address), Peer>,
    /// Whether the session is one of datagrams; a relay's have two numbered ends.
    datagrams: bool,
    next: u32,
    line: Vec<u8>,
}

/// What is read of a line.
#[derive(Deserialize)]
struct Line {
    event: String,
    at: String,
    local: Option<Address>,
    peer: Option<Address>,
    target: Option<Address>,
    hex: Option<String>,
    len: Option<u64>,
    receive_buffer: Option<usize>,
    datagrams: Option<u64>,
    bytes: Option<u64>,
    r#where: Option<String>,
    by: Option<String>,
    pid: Option<u32>,
    name: Option<String>,
    uid: Option<u32>,
    gid: Option<u32>,
    received: Option<u64>,
    sent: Option<u64>,
}

/// Whether a file begins with such a line, whole or longer than what is looked at.
pub fn is_json_lines(head: &[u8]) -> bool {
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    serde_json::from_slice::<Line>(first).is_ok() || first.starts_with(br#"{"event":""#) && first.len() == head.len()
}

impl JsonLines {
    /// Reads a line; `false` at the end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn step(&mut self, input: &mut Input, told: &mut Told) -> io::Result<bool> {
        self.line.clear();
        if !input.line(&mut self.line)? {
            return Ok(false);
        }
        let whole = self.line.ends_with(b"\n");
        let buffer = std::mem::take(&mut self.line);
        let line = buffer.trim_ascii();
        if line.is_empty() {
            return Ok(true);
        }
        match serde_json::from_slice(line).ok().and_then(|line| self.seen(line)) {
            Some(seen) => told.out.push_back(seen),
            // The last line of a file that was cut, or one without end.
            None if !whole && line.len() < LONGEST => told.summary.cut += line.len() as u64,
            None => told.summary.unread += 1,
        }
        self.line = buffer;
        Ok(true)
    }

    fn seen(&mut self, line: Line) -> Option<Seen> {
        let local = line.local;
        let at = Timestamp(line.at.parse::<jiff::Timestamp>().ok()?.as_microsecond());
        Some(Seen { at, what: self.what(line)?, local })
    }

    fn what(&mut self, line: Line) -> Option<What> {
        Some(match line.event.as_str() {
            "data" => What::Received { peer: self.peer(line.local, line.peer?), bytes: bytes(&line)?.into() },
            "sent" => {
                let peer = self.peer(line.local, line.peer?);
                What::Sent { peer, bytes: bytes(&line)?.into(), origin: Origin::User }
            }
            "listening" => {
                self.datagrams = line.receive_buffer.is_some();
                match line.receive_buffer {
                    Some(receive_buffer) => What::Bound { local: line.local?, receive_buffer },
                    None => What::Listening { local: line.local? },
                }
            }
            "connected" => What::Connected { peer: self.begin(line.local?, line.peer?), local: line.local? },
            "peer-joined" => What::PeerJoined { peer: self.begin(line.local?, line.peer?), local: line.local? },
            "dialled" => {
                let (local, client) = (line.local?, line.peer?);
                // The client stands at the other end of the relay.
                let client = self.of_peer(client).unwrap_or(Peer { address: client, connection: None });
                What::Dialled(Box::new(Dialled { client, target: self.begin(local, line.target?), local }))
            }
            "peer-credentials" => {
                let (process, user, group) = (line.pid, line.uid?, line.gid?);
                let peer = self.peer(line.local, line.peer?);
                What::PeerIs { peer, credentials: Credentials { process, name: line.name, user, group } }
            }
            "peer-left" => {
                let peer = self.peer(line.local, line.peer?);
                self.open.retain(|_, open| *open != peer);
                What::PeerLeft { peer, ending: ending(&line)? }
            }
            "closed" => {
                self.open.clear();
                What::Closed { ending: ending(&line)? }
            }
            "gap" => What::Gap { datagrams: line.datagrams?, bytes: line.bytes, place: place(line.r#where.as_deref()?)? },
            _ => return None,
        })
    }

    fn begin(&mut self, local: Address, address: Address) -> Peer {
        self.next = self.next.wrapping_add(1);
        let id = ConnectionId(self.next);
        let peer = if self.datagrams { Peer::flow(id, address) } else { Peer::connected(id, address) };
        self.open.insert((Some(local), address), peer);
        peer
    }

    /// The connection of these ends; where a line does not say its own end as those before did, that of the peer.
    fn peer(&self, local: Option<Address>, address: Address) -> Peer {
        let exact = self.open.get(&(local, address)).copied();
        exact.or_else(|| self.of_peer(address)).unwrap_or(Peer { address, connection: None })
    }

    fn of_peer(&self, address: Address) -> Option<Peer> {
        self.open.values().find(|peer| peer.address == address).copied()
    }
}

/// The bytes of a record; `None` where they are not as many as it says.
fn bytes(line: &Line) -> Option<Vec<u8>> {
    let digits = line.hex.as_deref()?;
    let bytes = if digits.is_empty() { Vec::new() } else { hex::parse(digits).ok()? };
    line.len.is_none_or(|length| length == bytes.len() as u64).then_some(bytes)
}

fn place(word: &str) -> Option<Place> {
    [Place::Kernel, Place::Sockscope, Place::Capture].into_iter().find(|place| place.word() == word)
}

/// How something ended; `None` for an error, whose words are not what it was.
fn ending(line: &Line) -> Option<Ending> {
    let orderly = [
        EndedBy::Us,
        EndedBy::Cancelled,
        EndedBy::OurReset,
        EndedBy::PeerFin,
        EndedBy::PeerReset,
        EndedBy::Idle,
        EndedBy::PeerClosed,
        EndedBy::PeerClosedUnread,
        EndedBy::TimedOut,
    ];
    let word = line.by.as_deref()?;
    let by = orderly.into_iter().find(|by| by.word() == word)?;
    Some(Ending { by, received: line.received?, sent: line.sent? })
}
