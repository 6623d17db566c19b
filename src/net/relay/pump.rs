//! One conversation through a TCP relay: what comes from either end goes to the other, through the impairment of its way, until both ends are
//! done. Must never lose a byte in silence: what does not leave is told.
//!
//! 1. FIN and RST of one end follow its bytes to the other end, behind them and as late as they.
//! 2. An end that takes nothing makes the other end wait: what waits is bounded ([`Stream::room`]), and reading stops at the bound.
//! 3. An end that is gone is written to no more, and the other end gets what the first had still sent, and then its RST.

use super::super::calls::{self, Trace};
use super::super::error;
use super::super::outbox::Reporter;
use super::control::{Ask, Control};
use super::{Ends, Shared, at};
use crate::session::call::{Call, Function};
use crate::session::event::{EndedBy, Ending, Origin, Unsent, What};
use crate::session::failure::{Cause, Operation, OptionName};
use crate::session::id::Peer;
use crate::session::impairment::{Done, Impairment, Spot, Step, Stop, Stream, Way};
use socket2::SockRef;
use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// The most one read takes, and so the longest row, as for any connection.
const READ_SIZE: usize = 64 << 10;
/// Writes before the other way, and other conversations, get their turn.
const BURST: usize = 64;

thread_local! {
    /// One read buffer for the whole thread: a read never waits, so no two tasks hold it at once.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into());
}

/// One of the two connections.
struct Side {
    stream: TcpStream,
    peer: Peer,
    /// The other end has sent its FIN.
    peer_finished: bool,
    /// Our FIN went out before theirs came.
    finished_first: bool,
    /// It ended by itself.
    gone: Option<EndedBy>,
}

impl Side {
    fn new(stream: TcpStream, peer: Peer) -> Self {
        Self { stream, peer, peer_finished: false, finished_first: false, gone: None }
    }

    /// What its connection ends with when both directions were closed in order.
    fn orderly(&self) -> EndedBy {
        if self.peer_finished && !self.finished_first { EndedBy::PeerFin } else { EndedBy::Us }
    }
}

/// A conversation between two connections that are up.
pub struct Conversation<'a> {
    shared: &'a Shared,
    control: &'a Control,
    ends: Ends,
    /// The side that a way leads to stands at the way's index.
    sides: [Side; 2],
    streams: [Stream; 2],
    impairment: Impairment,
    /// Ways whose socket took no more.
    blocked: [bool; 2],
}

/// How a conversation is over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    /// Everything was said, or the user closed.
    Closed,
    /// With RST to whoever is still there.
    Reset,
}

impl<'a> Conversation<'a> {
    /// Between a client and a target.
    pub fn new(shared: &'a Shared, control: &'a Control, ends: Ends, client: TcpStream, target: TcpStream) -> Self {
        let impairment = shared.impairment.get();
        let sides = [Side::new(target, ends.target), Side::new(client, ends.client)];
        let streams = [Stream::new(impairment), Stream::new(impairment)];
        Self { shared, control, ends, sides, streams, impairment, blocked: [false; 2] }
    }

    /// Runs until both connections have ended: how each of them did, the client's first. What could not leave is told before this returns.
    pub async fn run(mut self) -> [(Peer, Ending); 2] {
        let over = loop {
            if let Some(over) = self.turn().await {
                break over;
            }
        };
        for way in Way::BOTH {
            let (messages, bytes) = self.streams[way.index()].unsent();
            if bytes > 0 {
                let peer = Some(self.ends.into(way));
                self.shared.reporter.report(What::Unsent { peer, messages, bytes, reason: Unsent::Ended }).await;
            }
        }
        let ends = self.ends;
        let mut endings = Vec::new();
        for way in [Way::ToClient, Way::ToTarget] {
            let side = &self.sides[way.index()];
            let by = match (&side.gone, over) {
                (Some(by), _) => by.clone(),
                (None, Over::Closed) => side.orderly(),
                (None, Over::Reset) => linger_to_reset(&side.stream, side.peer, &self.shared.reporter).await,
            };
            endings.push((side.peer, self.control.totals[way.index()].ending(by)));
        }
        let [target, client] = self.sides;
        for (Side { stream, peer, .. }, (_, ending)) in [client, target].into_iter().zip(&endings) {
            close(stream, peer, &ending.by, &self.shared.reporter).await;
        }
        let mut endings = endings.into_iter();
        let nothing = || (ends.client, Ending { by: EndedBy::Us, received: 0, sent: 0 });
        [(); 2].map(|()| endings.next().unwrap_or_else(nothing))
    }

    /// One turn: pass on what may leave, then wait for whichever comes first.
    async fn turn(&mut self) -> Option<Over> {
        let asked = self.shared.impairment.get();
        if asked != self.impairment {
            self.impairment = asked;
            self.streams.iter_mut().for_each(|stream| stream.set(asked));
        }
        while let Some(ask) = self.control.next() {
            match ask {
                Ask::Close => return Some(Over::Closed),
                Ask::Reset => return Some(Over::Reset),
                Ask::Finish(way) => self.streams[way.index()].end(Stop::Finish, self.shared.now()),
            }
        }
        for way in Way::BOTH {
            if !self.blocked[way.index()]
                && let Some(over) = self.pass(way).await
            {
                return Some(over);
            }
        }
        if let over @ Some(_) = self.over() {
            return over;
        }
        self.wait().await;
        None
    }

    /// Whether there is nothing more to wait for: both ways have ended, or an end is gone and the other one has nothing more to get.
    fn over(&self) -> Option<Over> {
        let stopped = |way: Way| self.streams[way.index()].is_stopped();
        let gone = |way: Way| self.sides[way.index()].gone.is_some();
        if Way::BOTH.into_iter().any(|way| gone(way) && (stopped(way.other()) || gone(way.other()))) {
            return Some(Over::Reset);
        }
        Way::BOTH.into_iter().all(stopped).then_some(Over::Closed)
    }

    async fn wait(&mut self) {
        let [target, client] = &self.sides;
        let outbox = self.shared.reporter.outbox();
        let held = outbox.is_held();
        let may_read = |way: Way| !held && self.may_read(way);
        let may_fail = |side: &Side| side.peer_finished && side.gone.is_none();
        let wakes = Way::BOTH.into_iter().filter(|way| !self.blocked[way.index()] && self.may_write(*way));
        let due = wakes.filter_map(|way| self.streams[way.index()].poll_timeout()).min();
        let due = due.and_then(|due| self.shared.moment(due));
        enum Woke {
            Read(Way),
            Write(Way),
            Error(Way),
            Else,
        }
        let woke = tokio::select! {
            _ = client.stream.readable(), if may_read(Way::ToTarget) => Woke::Read(Way::ToTarget),
            _ = target.stream.readable(), if may_read(Way::ToClient) => Woke::Read(Way::ToClient),
            _ = target.stream.writable(), if self.blocked[0] => Woke::Write(Way::ToTarget),
            _ = client.stream.writable(), if self.blocked[1] => Woke::Write(Way::ToClient),
            // After a FIN nothing more can be read, but a RST can still come.
            _ = target.stream.ready(Interest::ERROR), if may_fail(target) => Woke::Error(Way::ToTarget),
            _ = client.stream.ready(Interest::ERROR), if may_fail(client) => Woke::Error(Way::ToClient),
            () = outbox.released(), if held => Woke::Else,
            () = self.control.changed() => Woke::Else,
            () = at(due) => Woke::Else,
        };
        match woke {
            Woke::Read(way) => self.read(way).await,
            Woke::Write(way) => self.blocked[way.index()] = false,
            Woke::Error(into) => {
                if let Ok(Some(problem)) | Err(problem) = SockRef::from(&self.sides[into.index()].stream).take_error() {
                    self.lost(into, Operation::Receive, &problem);
                }
            }
            Woke::Else => {}
        }
    }

    /// Whether what comes along this way may be read now: its source is there, there is room, and there is someone to take it.
    fn may_read(&self, way: Way) -> bool {
        let source = &self.sides[way.other().index()];
        !source.peer_finished && source.gone.is_none() && self.may_write(way) && self.streams[way.index()].room() > 0
    }

    fn may_write(&self, way: Way) -> bool {
        self.sides[way.index()].gone.is_none()
    }

    /// One read along a way. Credit comes first: without it the sender's window closes and nothing is lost.
    async fn read(&mut self, way: Way) {
        let room = self.streams[way.index()].room().min(READ_SIZE);
        let mut credit = self.shared.reporter.outbox().credit(room).await;
        let source = &mut self.sides[way.other().index()];
        let read = BUFFER.with_borrow_mut(|buffer| {
            let count = source.stream.try_read(&mut buffer[..room])?;
            io::Result::Ok(Arc::<[u8]>::from(&buffer[..count]))
        });
        let now = self.shared.now();
        let stream = &mut self.streams[way.index()];
        match read {
            Ok(bytes) if bytes.is_empty() => {
                drop(credit);
                source.peer_finished = true;
                stream.end(Stop::Finish, now);
                let peer = source.peer;
                self.tell_call(way.other(), Function::Recv, &format!("\"\", {room}, 0"), Ok(0)).await;
                self.shared.reporter.report(What::PeerFinished { peer }).await;
            }
            Ok(bytes) => {
                credit.shrink(bytes.len());
                self.control.totals[way.other().index()].count(bytes.len() as u64, 0);
                self.shared.reporter.post(What::Received { peer: source.peer, bytes: bytes.clone() }, credit);
                let (spot, length) = (Spot::Stream(stream.arrived()), bytes.len());
                let done = stream.push(bytes, now);
                self.tell(way, spot, length, done).await;
            }
            Err(problem) if problem.kind() == ErrorKind::WouldBlock => {}
            Err(problem) => {
                drop(credit);
                self.tell_call(way.other(), Function::Recv, &format!("…, {room}, 0"), Err(&problem)).await;
                self.lost(way.other(), Operation::Receive, &problem);
            }
        }
    }

    /// Writes along a way what may leave now.
    async fn pass(&mut self, way: Way) -> Option<Over> {
        let index = way.index();
        for _ in 0..BURST {
            if !self.may_write(way) {
                return None;
            }
            let now = self.shared.now();
            match self.streams[index].step(now) {
                Step::Wait => return None,
                Step::Write(bytes, range) => {
                    let side = &mut self.sides[index];
                    match side.stream.try_write(&bytes[range.clone()]) {
                        Ok(count) => {
                            self.control.totals[index].count(0, count as u64);
                            self.streams[index].wrote(count, now);
                            let whole = count == bytes.len();
                            let left = if whole { bytes } else { Arc::from(&bytes[range.start..range.start + count]) };
                            let what = What::Sent { peer: side.peer, bytes: left, origin: Origin::Relayed };
                            self.shared.reporter.report_bytes(what, count).await;
                        }
                        Err(problem) if problem.kind() == ErrorKind::WouldBlock => {
                            self.blocked[index] = true;
                            return None;
                        }
                        Err(problem) => {
                            self.tell_call(way, Function::Send, &format!("…, {}, MSG_NOSIGNAL", range.len()), Err(&problem))
                                .await;
                            self.refused(way, &problem).await;
                        }
                    }
                }
                Step::Stalled(pause) => self.tell_here(way, Done::Stalled(pause)).await,
                Step::Stop(Stop::Finish) => {
                    let shut = SockRef::from(&self.sides[index].stream).shutdown(Shutdown::Write);
                    self.tell_call(way, Function::Shutdown, "SHUT_WR", shut.as_ref().map(|()| 0)).await;
                    let side = &mut self.sides[index];
                    match shut {
                        Ok(()) => {
                            side.finished_first = !side.peer_finished;
                            self.shared.reporter.report(What::Finished { peer: side.peer }).await;
                        }
                        Err(problem) => self.refused(way, &problem).await,
                    }
                    return None;
                }
                Step::Stop(Stop::Reset) => return Some(Over::Reset),
                Step::Reset => {
                    self.tell_here(way, Done::Reset).await;
                    return Some(Over::Reset);
                }
            }
        }
        None
    }

    /// A write or FIN that failed. What that end had sent before its RST may still wait to be read, and belongs to the other end.
    async fn refused(&mut self, way: Way, problem: &io::Error) {
        let back = way.other();
        let pending = SockRef::from(&self.sides[way.index()].stream).take_error().ok().flatten();
        while self.may_read(back) && has_more(&self.sides[way.index()].stream) {
            // Tokio may not have heard of it yet.
            if self.sides[way.index()].stream.readable().await.is_err() {
                break;
            }
            self.read(back).await;
        }
        match pending {
            Some(pending) => self.lost(way, Operation::Send, &pending),
            None => self.lost(way, Operation::Send, problem),
        }
    }

    /// The end that this way leads to is gone; the other end hears of it behind what the lost one had sent.
    fn lost(&mut self, into: Way, operation: Operation, problem: &io::Error) {
        let side = &mut self.sides[into.index()];
        if side.gone.is_some() {
            return;
        }
        side.gone = Some(match error::cause(problem, operation, Some(side.peer.address)) {
            // Not connected: an earlier call was given the error that ended the connection.
            Cause::Reset | Cause::BrokenPipe | Cause::NotConnected => EndedBy::PeerReset,
            Cause::TimedOut => EndedBy::TimedOut,
            _ => EndedBy::Error(error::at(operation, side.peer.address, problem)),
        });
        self.streams[into.other().index()].end(Stop::Reset, self.shared.now());
    }

    /// Tells a call on the side that a way leads to.
    async fn tell_call(&self, into: Way, function: Function, arguments: &str, result: Result<i64, &io::Error>) {
        let side = &self.sides[into.index()];
        let descriptor = calls::descriptor(&SockRef::from(&side.stream));
        let call = calls::call(function, descriptor, arguments, result, calls::Instant::now());
        self.shared.reporter.report(What::Called(Call { connection: side.peer.connection, ..call })).await;
    }

    async fn tell(&self, way: Way, spot: Spot, length: usize, done: Vec<Done>) {
        if let Some(what) = self.ends.impaired(way, spot, length, done) {
            self.shared.reporter.report(what).await;
        }
    }

    /// Something that happens between two bytes.
    async fn tell_here(&self, way: Way, done: Done) {
        let spot = Spot::Stream(self.streams[way.index()].left());
        self.tell(way, spot, 0, vec![done]).await;
    }
}

/// What makes the close send RST instead of FIN, and what the connection ends with then.
pub async fn linger_to_reset(stream: &TcpStream, peer: Peer, reporter: &Reporter) -> EndedBy {
    let socket = SockRef::from(stream);
    let mut trace = Trace::of(calls::descriptor(&socket));
    let set = trace.call(Function::SetSockOpt, "SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8", || {
        socket.set_linger(Some(Duration::ZERO))
    });
    trace.tell(reporter, peer.connection).await;
    match set {
        Ok(()) => EndedBy::OurReset,
        Err(problem) => {
            let failure = error::at(Operation::Option(OptionName("SO_LINGER")), peer.address, &problem);
            reporter.report(What::Trouble(failure)).await;
            EndedBy::Us
        }
    }
}

/// Gives the descriptor back. What is not read makes an orderly close send RST (RFC 2525 section 2.17): it is looked for, and told.
pub async fn close(stream: TcpStream, peer: Peer, by: &EndedBy, reporter: &Reporter) {
    let descriptor = calls::descriptor(&SockRef::from(&stream));
    if matches!(by, EndedBy::Us) && has_more(&stream) {
        let call = calls::call(Function::Recv, descriptor, "\"…\", 1, MSG_PEEK", Ok(1), calls::Instant::now());
        reporter.report(What::Called(Call { connection: peer.connection, ..call })).await;
    }
    let begun = calls::Instant::now();
    drop(stream);
    let call = calls::call(Function::Close, descriptor, "", Ok(0), begun);
    reporter.report(What::Called(Call { connection: peer.connection, ..call })).await;
}

/// Whether a read would give something now.
fn has_more(stream: &TcpStream) -> bool {
    let mut byte = [std::mem::MaybeUninit::uninit()];
    SockRef::from(stream).peek(&mut byte).is_ok_and(|count| count > 0)
}
