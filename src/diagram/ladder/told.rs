//! What the calls of a session tell of its connections, so that no record tells it again. Fed each call once. Must never keep a call.

use crate::session::address::Address;
use crate::session::call::{Call, Function, Returned};
use crate::session::id::ConnectionId;
use crate::session::timestamp::Timestamp;
use crate::traffic::calls::{Calls, Placed};
use crate::traffic::conversation::Conversations;
use crate::traffic::record::RecordId;
use std::collections::{BTreeMap, BTreeSet};

/// What a call that ends a direction or a connection sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// FIN.
    Fin,
    /// RST.
    Reset,
}

/// What a call found to have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arriving {
    /// FIN.
    Fin,
    /// RST.
    Reset,
}

/// Connections and connects that are remembered, the newest; of older ones the records tell.
const REMEMBERED: usize = 8192;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Told {
    next: u64,
    /// The oldest call that there was, so that a list that was cleared is noticed.
    first: u64,
    closing: BTreeMap<u64, Closing>,
    arriving: BTreeMap<u64, Arriving>,
    /// Calls of sockets in which nothing travels but the bytes.
    inside: BTreeSet<u64>,
    connects: BTreeMap<RecordId, (Timestamp, Option<i32>)>,
    /// The descriptor of the socket that was bound last.
    bound: Option<i32>,
    connections: BTreeMap<ConnectionId, OfConnection>,
}

#[derive(Clone, Copy, Debug, Default)]
struct OfConnection {
    descriptor: Option<i32>,
    /// Its FIN has left with a call.
    fin: bool,
    /// It was closed by a call.
    closed: bool,
    /// A read gave the peer's end.
    end_read: bool,
    /// A read or a write told of the peer's RST.
    reset_read: bool,
    /// A call told that the connection is no more.
    dead: bool,
    /// SO_LINGER is 0, or the last look found bytes that were not read.
    will_reset: bool,
}

impl Told {
    /// Takes in the calls since the last time.
    pub fn take(&mut self, calls: &Calls, conversations: &Conversations) {
        if calls.next() < self.next || calls.first() < self.first {
            // The list was cleared, and counts from the beginning.
            *self = Self::default();
        }
        self.first = calls.first();
        for number in self.next.max(calls.first())..calls.next() {
            if let Some(placed) = calls.get(number) {
                self.take_one(number, placed, conversations);
            }
        }
        self.next = calls.next();
        while self.connections.len() > REMEMBERED {
            self.connections.pop_first();
        }
        while self.connects.len() > REMEMBERED {
            self.connects.pop_first();
        }
        self.closing = self.closing.split_off(&calls.first());
        self.arriving = self.arriving.split_off(&calls.first());
        self.inside = self.inside.split_off(&calls.first());
    }

    fn take_one(&mut self, number: u64, placed: &Placed, conversations: &Conversations) {
        let Call { function, connection, result, arguments, took, .. } = &placed.call;
        if *function == Function::Connect {
            let took = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
            let began = Timestamp(placed.at.0.saturating_sub(took));
            self.connects.insert(placed.before, (began, placed.call.descriptor));
        }
        if *function == Function::Bind {
            self.bound = placed.call.descriptor;
        }
        if arguments.starts_with("AF_UNIX") || arguments.contains("sun_path") {
            self.inside.insert(number);
        }
        let Some(connection) = connection else { return };
        let peer = conversations.get(*connection).map(|conversation| conversation.peer.address);
        if matches!(peer, Some(Address::Unix(_))) {
            self.inside.insert(number);
        }
        let of = self.connections.entry(*connection).or_default();
        of.descriptor = match (function, result) {
            (Function::Accept, Returned::Value(value)) => i32::try_from(*value).ok(),
            _ => placed.call.descriptor,
        };
        let worked = matches!(result, Returned::Value(_));
        match function {
            Function::SetSockOpt if worked && arguments.contains("SO_LINGER") => of.will_reset = true,
            Function::Recv if arguments.contains("MSG_PEEK") => of.will_reset |= matches!(result, Returned::Value(1..)),
            Function::Recv if *result == Returned::Value(0) && !of.end_read => {
                of.end_read = true;
                self.arriving.insert(number, Arriving::Fin);
            }
            Function::Recv | Function::Send | Function::GetSockOpt => {
                if let Some(error) = told_error(&placed.call) {
                    of.dead = true;
                    // One RST may be told of by several calls.
                    if is_reset(error) && !of.reset_read {
                        of.reset_read = true;
                        self.arriving.insert(number, Arriving::Reset);
                    }
                }
            }
            Function::Shutdown if worked && arguments.contains("WR") && !of.fin => {
                of.fin = true;
                self.closing.insert(number, Closing::Fin);
            }
            Function::Close if !of.closed => {
                of.closed = true;
                if of.will_reset && !of.dead {
                    self.closing.insert(number, Closing::Reset);
                } else if !of.fin && !of.dead {
                    of.fin = true;
                    self.closing.insert(number, Closing::Fin);
                }
            }
            _ => {}
        }
    }

    fn of(&self, connection: Option<ConnectionId>) -> OfConnection {
        connection.and_then(|connection| self.connections.get(&connection)).copied().unwrap_or_default()
    }

    /// Whether a call connects that stands right before this record.
    pub fn connects_before(&self, record: RecordId) -> bool {
        self.connects.contains_key(&record)
    }

    /// When the connect began whose end this record tells of.
    pub fn connect_began(&self, record: RecordId) -> Option<Timestamp> {
        self.connects.get(&record).map(|(began, _)| *began)
    }

    /// Whether a call has sent FIN.
    pub fn fin(&self, connection: Option<ConnectionId>) -> bool {
        self.of(connection).fin
    }

    /// Whether a call has closed it.
    pub fn closes(&self, connection: Option<ConnectionId>) -> bool {
        self.of(connection).closed
    }

    /// Whether a read gave the peer's end.
    pub fn end_read(&self, connection: Option<ConnectionId>) -> bool {
        self.of(connection).end_read
    }

    /// Whether a call told of the peer's RST.
    pub fn reset_read(&self, connection: Option<ConnectionId>) -> bool {
        self.of(connection).reset_read
    }

    /// The descriptor of a connection, or of the socket for datagrams; `None` where no call told of it.
    pub fn descriptor(&self, connection: Option<ConnectionId>, conversations: &Conversations) -> Option<i32> {
        let Some(connection) = connection else { return self.bound };
        let told = self.connections.get(&connection).and_then(|of| of.descriptor);
        told.or_else(|| self.connects.get(&conversations.get(connection)?.began)?.1)
    }

    /// What leaves with a call that ends something.
    pub fn closing(&self, number: u64) -> Option<Closing> {
        self.closing.get(&number).copied()
    }

    /// What had come that a call told of.
    pub fn arriving(&self, number: u64) -> Option<Arriving> {
        self.arriving.get(&number).copied()
    }

    /// Whether segments leave or come with a call.
    pub fn travels(&self, number: u64) -> bool {
        !self.inside.contains(&number)
    }
}

/// The error that a call gave, or that it found at the socket.
fn told_error(call: &Call) -> Option<&str> {
    match &call.result {
        Returned::Error { name, .. } => Some(name),
        // `SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]`
        Returned::Value(_) => {
            let found = call.arguments.split_once("SO_ERROR, [").and_then(|(_, rest)| rest.split_once(']'));
            found.map(|(error, _)| error).filter(|error| *error != "0")
        }
    }
}

fn is_reset(name: &str) -> bool {
    matches!(name, "ECONNRESET" | "EPIPE" | "ECONNABORTED")
}
