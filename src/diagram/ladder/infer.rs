//! What a record or a call tells about what travelled. Must never call seen what it has only concluded.
//!
//! For TCP (all sections of RFC 9293 unless another is named):
//!
//! 1. **A connect that was answered, refused, or is still waiting has sent a SYN** (3.5). One that failed otherwise has told nobody: the
//!    system may have refused it before anything left.
//! 2. **A client that is connected got SYN-ACK and sent ACK**; a server whose `accept` gave a connection got SYN, sent SYN-ACK and got ACK
//!    before, by the system's own doing (3.5). Where both ends are seen, the client's side tells it.
//! 3. **A connect that was refused got a RST** (3.10.7.1). One that timed out has sent its SYN again after 1, 3, 7, 15 … seconds (RFC 6298
//!    sections 2.1 and 5.5), and nothing came back.
//! 4. **Bytes that were read arrived**, and are acknowledged (3.8.6.3: with the next segment, or within 0.5 s at the latest). Bytes that
//!    were written left; whether they came no one knows who does not see the other end.
//! 5. **`shutdown(SHUT_WR)`, or the first `close` without it, sends FIN** (3.6), and the peer's system acknowledges that, unless the
//!    connection died.
//! 6. **A read that gave nothing got the peer's FIN**, which is acknowledged.
//! 7. **`close` with SO_LINGER 0, or with bytes that were not read, sends RST in place of FIN** (3.10.5; RFC 2525 section 2.17); a read or
//!    write that failed with ECONNRESET got one.
//! 8. **A connection that ended in silence has sent nothing more that is known of.** What was written last is among what never arrived.
//!
//! For UDP (RFC 768): what was received arrived, what was sent left. "Port unreachable" is an ICMP message of the other end's system
//! (RFC 792, RFC 1122 section 4.1.3.3).
//!
//! In a Unix-domain socket nothing travels but the bytes: there are no segments, so none is concluded.

use super::pair;
use super::step::{End, Failed, Mark, Note, Says, Segment, Step};
use super::told::{Arriving, Closing, Told};
use crate::session::address::Address;
use crate::session::call::{Call, Function, Returned};
use crate::session::event::What;
use crate::session::failure::{Cause, Operation};
use crate::session::id::{ConnectionId, Peer};
use crate::session::timestamp::Timestamp;
use crate::traffic::calls::Placed;
use crate::traffic::conversation::{Conversation, Conversations, Way};
use crate::traffic::record::{Data, Direction, Entry, Record, RecordId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether acknowledgements of data are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acks {
    /// They are.
    #[default]
    Shown,
    /// Only those that open and close a connection.
    Hidden,
}

/// What is known around the records of one end.
pub struct Around<'a> {
    /// Which.
    pub end: End,
    /// Its connections.
    pub conversations: &'a Conversations,
    /// What its calls tell.
    pub told: &'a Told,
    /// The end opposite, where that is seen too.
    pub facing: Option<Facing<'a>>,
    /// Whether acknowledgements of data are shown.
    pub acks: Acks,
}

/// The end opposite.
#[derive(Clone, Copy)]
pub struct Facing<'a> {
    /// Its connections.
    pub conversations: &'a Conversations,
    /// The own session's connections by the other's.
    pub talks: &'a BTreeMap<ConnectionId, ConnectionId>,
    /// Where its socket is bound.
    pub local: Option<Address>,
}

/// What stands beside a record in its log.
#[derive(Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The record after it, where it is at hand.
    pub next: Option<&'a Record>,
    /// When the record before it was made.
    pub since: Option<Timestamp>,
}

/// How long after the first SYN the others leave, in seconds, while there is no answer: waits of 1 s, doubled each time. Linux gives up
/// after six.
const SYNS_AGAIN: [i64; 6] = [1, 3, 7, 15, 31, 63];

impl Around<'_> {
    fn talk(&self, connection: Option<ConnectionId>) -> Option<ConnectionId> {
        let connection = connection?;
        match (self.end, &self.facing) {
            (End::Own, _) | (End::Other, None) => Some(connection),
            (End::Other, Some(facing)) => facing.talks.get(&connection).copied(),
        }
    }

    /// The same conversation as the end opposite knows it.
    fn opposite(&self, connection: Option<ConnectionId>) -> Option<&Conversation> {
        let (facing, connection) = (self.facing.as_ref()?, connection?);
        let there = match self.end {
            End::Own => facing.talks.iter().find(|(_, ours)| **ours == connection).map(|(theirs, _)| *theirs)?,
            End::Other => *facing.talks.get(&connection)?,
        };
        facing.conversations.get(there)
    }

    /// The steps of a record: at least one.
    pub fn record(&self, id: RecordId, record: &Record, beside: Beside<'_>) -> Vec<Step> {
        let mark = Mark::Record(self.end, id);
        let here = Step::new(self.end, record.at, mark).of(self.talk(record.peer().and_then(|peer| peer.connection)));
        match &record.entry {
            Entry::Data(data) => self.data(here, data),
            Entry::Note(what) => self.note(here, id, what, beside),
        }
    }

    fn data(&self, here: Step, data: &Data) -> Vec<Step> {
        let bytes = data.bytes.len() as u64;
        let segment = match data.peer.stream() {
            Some(_) => Segment::Data { offset: data.offset, bytes },
            None => Segment::Datagram(data.bytes.clone()),
        };
        let elsewhere = match (&self.facing, data.peer.stream()) {
            (Some(facing), None) => !facing.local.is_some_and(|local| pair::is(data.peer.address, local)),
            _ => false,
        };
        if elsewhere {
            return vec![here.saying(Says::Aside(data.direction, bytes, data.peer.address))];
        }
        match data.direction {
            Direction::Sent => vec![here.saying(Says::Send(bytes)).sending(segment)],
            Direction::Received => {
                let acknowledged = travels(data.peer) && self.acks == Acks::Shown;
                let ack = here.clone().sending(Segment::Ack);
                let mut steps = vec![here.saying(Says::Receive(bytes)).receiving(segment)];
                steps.extend(acknowledged.then_some(ack));
                steps
            }
        }
    }

    fn note(&self, here: Step, id: RecordId, what: &What, beside: Beside<'_>) -> Vec<Step> {
        let said = here.clone().saying(Says::Note(Note(Arc::new(what.clone()))));
        match what {
            // Rule 1.
            What::Trying { .. } if !self.told.connects_before(RecordId(id.0 + 1)) && may_have_left(beside.next) => {
                vec![said.sending(Segment::Syn)]
            }
            // Rule 2.
            What::Connected { peer, .. } if travels(*peer) && !self.told.connects_before(id) => {
                vec![here.getting(Segment::SynAck), said.sending(Segment::Ack)]
            }
            // A relay tells of it when all of it is over.
            What::Dialled(dialled) if travels(dialled.target) => {
                // They stand with the connect, where that is told of.
                if self.told.connects_before(id) {
                    return vec![said];
                }
                vec![here.clone().sending(Segment::Syn), here.getting(Segment::SynAck), said.sending(Segment::Ack)]
            }
            What::PeerJoined { peer, .. } if travels(*peer) && self.facing.is_none() => {
                vec![here.clone().getting(Segment::Syn), here.sending(Segment::SynAck), said.getting(Segment::Ack)]
            }
            // Rule 3.
            What::TryFailed(failure) | What::Failed(failure) if failure.operation == Operation::Connect => match failure.cause {
                Cause::Refused => vec![said.getting(Segment::Reset)],
                Cause::TimedOut => {
                    let begun = self.told.connect_began(id).or(beside.since);
                    let mut steps = syns_again(&here, begun);
                    steps.push(said);
                    steps
                }
                _ => vec![said],
            },
            What::Trouble(failure) if failure.cause == Cause::PortUnreachable => vec![said.getting(Segment::Unreachable)],
            // Rule 5.
            What::Finished { peer } if travels(*peer) && !self.told.fin(peer.connection) => self.fin(&here, said, *peer),
            // Rule 6.
            What::PeerFinished { peer } if travels(*peer) && !self.told.end_read(peer.connection) => {
                vec![said.getting(Segment::Fin), here.sending(Segment::Ack)]
            }
            What::PeerLeft { peer, ending } => self.ended(here, id, said, (*peer, Way::of(&ending.by))),
            What::Closed { ending } => match self.last_conversation(id) {
                Some(conversation) => {
                    let peer = conversation.peer;
                    let talk = self.talk(peer.connection);
                    self.ended(here.of(talk), id, said.of(talk), (peer, Way::of(&ending.by)))
                }
                None => vec![said],
            },
            _ => vec![said],
        }
    }

    /// The conversation that ends with its session, at this record.
    fn last_conversation(&self, id: RecordId) -> Option<&Conversation> {
        let ends_here = |conversation: &&Conversation| conversation.ended.is_some_and(|ended| ended.at == id);
        self.conversations.iter().rev().take(2).map(|(_, conversation)| conversation).find(ends_here)
    }

    fn conversation(&self, peer: Peer) -> Option<&Conversation> {
        peer.connection.and_then(|connection| self.conversations.get(connection))
    }

    /// FIN and its acknowledgement. Where both ends are seen, the other one acknowledges when it has read it.
    fn fin(&self, here: &Step, said: Step, peer: Peer) -> Vec<Step> {
        let mut steps = vec![said.sending(Segment::Fin)];
        if self.acknowledges_fin(peer) {
            steps.push(here.clone().getting(Segment::Ack));
        }
        steps
    }

    /// Whether our FIN was acknowledged and the other end's log does not tell.
    fn acknowledges_fin(&self, peer: Peer) -> bool {
        let way = self.conversation(peer).and_then(|conversation| conversation.ended).map(|ended| ended.way);
        let died = matches!(way, Some(Way::Silence | Way::Reset | Way::PeerReset | Way::Unknown));
        // Whoever reads our FIN acknowledges it in its own log; one that had closed before reads no more, and its system acknowledges.
        let read_there = match (self.facing.is_some(), self.opposite(peer.connection)) {
            (false, _) => false,
            (true, None) => true,
            (true, Some(there)) => there.ended.is_none_or(|ended| ended.way == Way::PeerClosed) || there.peer_finished.is_some(),
        };
        !died && !read_there
    }

    /// Rules 5 to 8, as far as no call tells it.
    fn ended(&self, here: Step, id: RecordId, said: Step, (peer, way): (Peer, Way)) -> Vec<Step> {
        if !travels(peer) {
            return vec![said];
        }
        let before = |at: Option<RecordId>| at.is_some_and(|at| at < id);
        let conversation = self.conversation(peer);
        let finished = self.told.fin(peer.connection) || before(conversation.and_then(|conversation| conversation.finished));
        let peer_finished =
            self.told.end_read(peer.connection) || before(conversation.and_then(|conversation| conversation.peer_finished));
        match way {
            Way::Closed if !finished && !self.told.closes(peer.connection) => self.fin(&here, said, peer),
            Way::PeerClosed => {
                let mut steps = Vec::new();
                if !peer_finished {
                    steps.push(here.clone().getting(Segment::Fin));
                    steps.push(here.clone().sending(Segment::Ack));
                }
                if finished {
                    steps.push(said);
                } else {
                    steps.extend(self.fin(&here, said, peer));
                }
                steps
            }
            Way::Reset if !self.told.closes(peer.connection) => vec![said.sending(Segment::Reset)],
            Way::PeerReset if !self.told.reset_read(peer.connection) => vec![said.getting(Segment::Reset)],
            Way::Closed | Way::Reset | Way::PeerReset | Way::Silence | Way::Unknown => vec![said],
        }
    }

    /// The steps of a call: at least one. It stands where it began, not where it was told.
    pub fn call(&self, number: u64, placed: &Placed) -> Vec<Step> {
        let Placed { at, call, .. } = placed;
        let took = i64::try_from(call.took.as_micros()).unwrap_or(i64::MAX);
        let begun = Timestamp(at.0.saturating_sub(took));
        let mark = Mark::Call(self.end, number);
        let here = Step::new(self.end, begun, mark).of(self.talk(call.connection));
        let said = here.clone().saying(said(call));
        if !self.told.travels(number) {
            return vec![said];
        }
        match call.function {
            // All three stand where the connect began: whoever accepts returns after them, and may be told of before the client is.
            Function::Connect if call.result == Returned::Value(0) => {
                vec![said.sending(Segment::Syn), here.clone().getting(Segment::SynAck), here.sending(Segment::Ack)]
            }
            Function::Connect if syn_left(&call.result) => vec![said.sending(Segment::Syn)],
            Function::Shutdown if self.told.closing(number) == Some(Closing::Fin) => self.fin_by_call(here, said, call),
            Function::Close => match self.told.closing(number) {
                Some(Closing::Fin) => self.fin_by_call(here, said, call),
                Some(Closing::Reset) => vec![said.sending(Segment::Reset)],
                None => vec![said],
            },
            Function::Recv | Function::Send | Function::GetSockOpt => match self.told.arriving(number) {
                Some(Arriving::Fin) => vec![said.getting(Segment::Fin), here.sending(Segment::Ack)],
                Some(Arriving::Reset) => vec![said.getting(Segment::Reset)],
                None => vec![said],
            },
            _ => vec![said],
        }
    }

    fn fin_by_call(&self, here: Step, said: Step, call: &Call) -> Vec<Step> {
        let conversation = call.connection.and_then(|connection| self.conversations.get(connection));
        match conversation {
            Some(conversation) => self.fin(&here, said, conversation.peer),
            None => vec![said.sending(Segment::Fin)],
        }
    }
}

/// Whether segments carry what is said to this peer: neither datagrams nor what stays within the system.
fn travels(peer: Peer) -> bool {
    peer.stream().is_some() && matches!(peer.address, Address::Ip(_))
}

/// Rule 1, for a connect of which no call tells: by what came after it.
fn may_have_left(next: Option<&Record>) -> bool {
    let Some(Entry::Note(what)) = next.map(|record| &record.entry) else { return true };
    match &**what {
        What::TryFailed(failure) | What::Failed(failure) | What::Trouble(failure) => {
            failure.operation != Operation::Connect || matches!(failure.cause, Cause::Refused | Cause::TimedOut)
        }
        _ => true,
    }
}

/// Rule 1, for a call.
fn syn_left(result: &Returned) -> bool {
    match result {
        Returned::Value(_) => true,
        Returned::Error { name, .. } => matches!(name.as_str(), "ECONNREFUSED" | "ETIMEDOUT" | "EINPROGRESS" | "ECANCELED"),
    }
}

/// Rule 3: the SYNs that left between the beginning of a connect and its end.
fn syns_again(here: &Step, begun: Option<Timestamp>) -> Vec<Step> {
    let Some(begun) = begun else { return Vec::new() };
    let again = SYNS_AGAIN.iter().map(|seconds| Timestamp(begun.0 + seconds * 1_000_000));
    let again = again.take_while(|at| *at < here.at);
    again.map(|at| Step { at, ..here.clone() }.sending(Segment::SynAgain)).collect()
}

fn said(call: &Call) -> Says {
    let arguments = match (call.function, call.descriptor) {
        // These give a descriptor, and are not given one of ours.
        (Function::Socket, _) | (_, None) => call.arguments.clone(),
        (_, Some(descriptor)) if call.arguments.is_empty() => descriptor.to_string(),
        (_, Some(descriptor)) => format!("{descriptor}, {}", call.arguments),
    };
    let (result, failed) = match &call.result {
        Returned::Value(value) => (value.to_string(), Failed::No),
        Returned::Error { name, .. } => (format!("-1 {name}"), Failed::Yes),
    };
    Says::Call { text: format!("{}({arguments})", call.function.name()), result, failed }
}
