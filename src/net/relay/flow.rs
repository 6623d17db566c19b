//! One client's datagrams through a relay: a socket of its own to the target, so that answers find their way back, and both ways' waiting.
//! Must never glue, cut or lose a datagram in silence.

use super::super::outbox::Reporter;
use super::super::udp::{errors, kernel};
use super::super::{error, family};
use super::{Ends, Shared, at};
use crate::session::event::{EndedBy, Ending, Origin, Place, Unsent, What};
use crate::session::failure::{Cause, Operation};
use crate::session::impairment::{Datagrams, Done, Leaving, Spot, Turn, Way};
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Datagrams read before other work gets its turn.
const BURST: usize = 64;
/// Larger than any datagram, so that none is ever cut.
const BUFFER: usize = 65_536;
/// How long a close goes on reading what has already arrived; a flood has no end.
pub const CLOSE_READS_FOR: Duration = Duration::from_millis(200);
/// How long a close waits for one more word from the system.
pub const DRAIN_PAUSE: Duration = Duration::from_millis(1);
/// How often datagrams that can't be kept are summed up into one row while no other comes between them.
const GAP_ROW_EVERY: Duration = Duration::from_millis(250);

thread_local! {
    /// One read buffer for the whole thread: a read never waits, so no two tasks hold it at once.
    static BUFFER_OF_ALL: RefCell<Box<[u8]>> = RefCell::new(vec![0; BUFFER].into());
}

/// How a burst of reads ended.
#[derive(PartialEq)]
pub enum Burst {
    /// There was no more to read.
    Done,
    /// Other work gets its turn before the rest.
    Full,
}

/// One datagram that was read.
pub struct Arrived {
    pub from: SocketAddr,
    pub bytes: Arc<[u8]>,
    /// Datagrams dropped by the system since the socket was made, where it tells.
    pub dropped: Option<u32>,
}

/// Reads one datagram without waiting; its bytes are its own.
pub fn read(socket: &UdpSocket) -> io::Result<Arrived> {
    BUFFER_OF_ALL.with_borrow_mut(|buffer| {
        // The buffer holds the largest datagram there is.
        let kernel::Arrival { length, from, dropped, cut: _ } = kernel::try_receive(socket, buffer)?;
        Ok(Arrived { from, bytes: Arc::from(&buffer[..length]), dropped })
    })
}

/// The system's count of what it dropped, and how much of it is told.
#[derive(Default)]
pub struct Drops(Cell<u32>);

impl Drops {
    /// Tells what is new in a count. A look-up may be older than what came with a datagram.
    pub async fn tell(&self, count: u32, reporter: &Reporter) {
        let new = count.wrapping_sub(self.0.get());
        if new == 0 || new > u32::MAX / 2 {
            return;
        }
        self.0.set(count);
        reporter.report_gap(What::Gap { datagrams: u64::from(new), bytes: None, place: Place::Kernel }).await;
    }
}

/// Datagrams that found no credit, since the last time they were told.
#[derive(Default)]
pub struct Missed {
    datagrams: Cell<u64>,
    bytes: Cell<u64>,
    due: Cell<Option<Instant>>,
}

impl Missed {
    /// Counts one.
    pub fn add(&self, bytes: usize) {
        self.datagrams.set(self.datagrams.get() + 1);
        self.bytes.set(self.bytes.get() + bytes as u64);
        if self.due.get().is_none() {
            // While reading is held a row for each burst would fill the very disk that has no room.
            self.due.set(Some(Instant::now() + GAP_ROW_EVERY));
        }
    }

    /// When they are told, if no other datagram comes before.
    pub fn due(&self) -> Option<Instant> {
        self.due.get()
    }

    /// Tells them in one row, if there are any.
    pub async fn tell(&self, reporter: &Reporter) {
        self.due.take();
        let (datagrams, bytes) = (self.datagrams.take(), self.bytes.take());
        if datagrams > 0 {
            reporter.report_gap(What::Gap { datagrams, bytes: Some(bytes), place: Place::Sockscope }).await;
        }
    }
}

/// Reports every ICMP error that waits at a socket; `false` when there was none.
pub async fn take_errors(socket: &UdpSocket, reporter: &Reporter) -> bool {
    let mut any = false;
    while let Some(returned) = kernel::try_returned(socket) {
        let problem = io::Error::from_raw_os_error(returned.os_code);
        // A send that the system itself refuses (too long) lands here too, and was already told.
        if !matches!(error::cause(&problem, Operation::Send, None), Cause::MessageTooLong { .. }) {
            reporter.report_gap(What::Trouble(errors::returned(Some(returned.to), &problem))).await;
        }
        any = true;
    }
    any
}

/// One client's conversation.
pub struct Flow {
    pub ends: Ends,
    /// Where its datagrams go on to the target, and the target's answers come.
    upstream: UdpSocket,
    /// Both ways.
    datagrams: RefCell<Datagrams>,
    changed: Notify,
    ended: RefCell<Option<EndedBy>>,
    /// Its task does no more.
    over: Cell<bool>,
    drops: Drops,
    missed: Missed,
    /// Bytes received from and sent to whom a way leads.
    received: [Cell<u64>; 2],
    sent: [Cell<u64>; 2],
}

impl Flow {
    /// For a client, over a socket that is connected to the target.
    pub fn new(ends: Ends, upstream: UdpSocket, shared: &Shared) -> Self {
        Self {
            ends,
            upstream,
            datagrams: RefCell::new(Datagrams::new(shared.impairment.get())),
            changed: Notify::new(),
            ended: RefCell::default(),
            over: Cell::new(false),
            drops: Drops::default(),
            missed: Missed::default(),
            received: Default::default(),
            sent: Default::default(),
        }
    }

    /// Takes in a datagram that goes this way, and says what is done to it. What it waits for is its task's work.
    pub async fn take(&self, way: Way, bytes: Arc<[u8]>, shared: &Shared) {
        let length = bytes.len();
        let source = &self.received[way.other().index()];
        source.set(source.get() + length as u64);
        let (number, done) = self.datagrams.borrow_mut().push(way, bytes, shared.now());
        self.changed.notify_one();
        if let Some(what) = self.ends.impaired(way, Spot::Datagram(number), length, done) {
            shared.reporter.report_gap(what).await;
        }
    }

    /// From the next datagram on another impairment holds.
    pub fn set(&self, shared: &Shared) {
        self.datagrams.borrow_mut().set(shared.impairment.get());
        self.changed.notify_one();
    }

    /// Whether it can do no more.
    pub fn is_over(&self) -> bool {
        self.over.get()
    }

    /// Ends it.
    pub fn end(&self, by: EndedBy) {
        self.ended.borrow_mut().get_or_insert(by);
        self.changed.notify_one();
    }

    /// Runs until it is ended from outside; `socket` is the one that the clients know. How both of its ends ended, the client's first.
    pub async fn run(self: Rc<Self>, shared: Rc<Shared>, socket: Rc<UdpSocket>) -> [Ending; 2] {
        let by = loop {
            self.pass(&shared, &socket).await;
            if let Some(by) = self.ended.borrow_mut().take() {
                break by;
            }
            let due = self.datagrams.borrow().poll_timeout().and_then(|due| shared.moment(due));
            tokio::select! {
                ready = self.upstream.ready(Interest::READABLE | Interest::ERROR) => match ready {
                    Ok(_) => {
                        self.receive(&shared).await;
                    }
                    Err(problem) => {
                        shared.reporter.report(What::Trouble(errors::returned(None, &problem))).await;
                        break EndedBy::Us;
                    }
                },
                () = self.changed.notified() => {}
                () = at(due) => {}
                () = at(self.missed.due()) => self.missed.tell(&shared.reporter).await,
            }
        };
        self.over.set(true);
        self.drain(&shared, &socket).await;
        self.missed.tell(&shared.reporter).await;
        if let Some(count) = kernel::dropped(&self.upstream) {
            self.drops.tell(count, &shared.reporter).await;
        }
        for way in Way::BOTH {
            let (messages, bytes) = self.datagrams.borrow().left(way);
            if messages > 0 {
                let peer = Some(self.ends.into(way));
                shared.reporter.report(What::Unsent { peer, messages, bytes, reason: Unsent::Ended }).await;
            }
        }
        let ending = |index: usize| Ending { by: by.clone(), received: self.received[index].get(), sent: self.sent[index].get() };
        let endings = [Way::ToClient, Way::ToTarget].map(|way| ending(way.index()));
        for (peer, ending) in [self.ends.client, self.ends.target].into_iter().zip(endings.clone()) {
            shared.reporter.report(What::PeerLeft { peer, ending }).await;
        }
        endings
    }

    /// Reads what had arrived before the end: it waits in the system's buffer, and is part of what was sent.
    async fn drain(&self, shared: &Shared, socket: &UdpSocket) {
        let until = Instant::now() + CLOSE_READS_FOR;
        while Instant::now() < until {
            let more = self.receive(shared).await == Burst::Full;
            self.pass(shared, socket).await;
            // Tokio may not have heard yet of what has arrived since the last read.
            if !more && !matches!(tokio::time::timeout(DRAIN_PAUSE, self.upstream.readable()).await, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// Reads what the target has answered, up to a burst; whether that was all.
    async fn receive(&self, shared: &Shared) -> Burst {
        let reporter = &shared.reporter;
        let mut burst = Burst::Full;
        for _ in 0..BURST {
            match read(&self.upstream) {
                Ok(Arrived { bytes, dropped, .. }) => {
                    if let Some(count) = dropped {
                        self.drops.tell(count, reporter).await;
                    }
                    let Some(credit) = reporter.outbox().try_credit(bytes.len()) else {
                        self.missed.add(bytes.len());
                        continue;
                    };
                    // The hole stands before the datagram that follows it.
                    self.missed.tell(reporter).await;
                    reporter.post(What::Received { peer: self.ends.target, bytes: bytes.clone() }, credit);
                    self.take(Way::ToClient, bytes, shared).await;
                }
                Err(problem) if problem.kind() == ErrorKind::WouldBlock => {
                    burst = Burst::Done;
                    break;
                }
                // Left there by ICMP: the error queue says more.
                Err(problem) => {
                    if !take_errors(&self.upstream, reporter).await {
                        reporter.report_gap(What::Trouble(errors::returned(self.ends.target.address.ip(), &problem))).await;
                    }
                }
            }
        }
        take_errors(&self.upstream, reporter).await;
        burst
    }

    /// Sends what may leave now, both ways.
    async fn pass(&self, shared: &Shared, socket: &UdpSocket) {
        loop {
            // Not in the loop's head: the borrow would last through the sends.
            let leaving = self.datagrams.borrow_mut().pop(shared.now());
            let Some(Leaving { way, number, bytes, turn }) = leaving else { return };
            if turn == Turn::Alone
                && let Some(what) = self.ends.impaired(way, Spot::Datagram(number), bytes.len(), vec![Done::NotOvertaken])
            {
                shared.reporter.report_gap(what).await;
            }
            self.send(way, bytes, shared, socket).await;
        }
    }

    async fn send(&self, way: Way, bytes: Arc<[u8]>, shared: &Shared, socket: &UdpSocket) {
        let peer = self.ends.into(way);
        let Some(to) = peer.address.ip() else { return };
        let from = match way {
            Way::ToTarget => &self.upstream,
            Way::ToClient => socket,
        };
        loop {
            // A full socket is empty again in no time; what waits meanwhile is bounded.
            let sent = match way {
                Way::ToTarget => from.send(&bytes).await,
                Way::ToClient => {
                    let own = socket.local_addr().unwrap_or(to);
                    from.send_to(&bytes, family::as_sent(to, own)).await
                }
            };
            match sent {
                Ok(_) => {
                    let count = &self.sent[way.index()];
                    count.set(count.get() + bytes.len() as u64);
                    let length = bytes.len();
                    let what = What::Sent { peer, bytes, origin: Origin::Relayed };
                    return shared.reporter.report_bytes(what, length).await;
                }
                // An earlier datagram's ICMP error is returned by the next call, whatever that sends.
                Err(problem) if is_from_earlier(&problem) && take_errors(from, &shared.reporter).await => {}
                Err(problem) => {
                    return shared.reporter.report(What::Trouble(errors::of_send(to, bytes.len(), &problem))).await;
                }
            }
        }
    }
}

/// Whether an error returned by a send can stem from an earlier datagram.
fn is_from_earlier(problem: &io::Error) -> bool {
    matches!(
        problem.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::ConnectionReset
    )
}
