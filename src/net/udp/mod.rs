//! A UDP session: one socket, datagrams both ways, groups, ICMP errors, and honest counts of what was lost.
//! Must never glue or cut a datagram.

pub(super) mod bound;
pub(super) mod errors;
pub(super) mod kernel;
mod sending;

use super::automation;
use super::calls::{self, Trace};
use super::clock::now;
use super::error;
use super::hub::Actions;
use super::outbox::Reporter;
use super::queue::Refused;
use super::repeat::{self, Repeat};
use crate::session::address::Endpoint;
use crate::session::call::Function;
use crate::session::command::Action;
use crate::session::event::{EndedBy, Ending, Origin, Place, What};
use crate::session::failure::{Cause, Failure, Operation, OptionName};
use crate::session::id::Peer;
use crate::session::knob::{Buffers, Knob};
use crate::session::reply::{Answer, Responder};
use crate::session::spec::{Membership, Switch, UdpSpec};
use sending::{Parted, Queued, Resolving, To, Waiting, resolved};
use socket2::SockRef;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::Instant;

/// Datagrams read before other work gets its turn.
const BURST: usize = 256;
/// Larger than any datagram, so that none is ever cut.
const BUFFER: usize = 65_536;
/// How long after the last datagram the system's drop count is looked up: a burst's tail may have been dropped with nothing behind it.
const DROPS_AFTER: Duration = Duration::from_millis(200);
/// How long a close goes on reading what has already arrived; a flood has no end.
const CLOSE_READS_FOR: Duration = Duration::from_millis(200);
/// How long a close waits for one more word from the system.
const DRAIN_PAUSE: Duration = Duration::from_millis(1);
/// How often datagrams that can't be kept are summed up into one row while no other comes between them.
const GAP_ROW_EVERY: Duration = Duration::from_millis(250);
/// Senders remembered for group chat, the latest ones.
const CHAT_MEMBERS: usize = 256;

/// Runs the session to its end; the caller reports the ending.
///
/// # Errors
/// The failure that kept it from binding.
pub async fn run(spec: UdpSpec, actions: &mut Actions, reporter: &Reporter) -> Result<Ending, Failure> {
    let mut trace = Trace::default();
    let bound = bound::bind(&spec, &mut trace).await;
    trace.tell(reporter, None).await;
    let socket = bound?;
    let local = socket.local_addr().map_err(|problem| error::at(Operation::Bind, spec.local, &problem))?;
    let receive_buffer = SockRef::from(&socket).recv_buffer_size().unwrap_or(0);
    reporter.report(What::Bound { local: local.into(), receive_buffer }).await;
    let mut trace = Trace::of(calls::descriptor(&SockRef::from(&socket)));
    let enabled = trace.option("SOL_SOCKET, SO_RXQ_OVFL", 1, || kernel::enable(&socket, local));
    if cfg!(target_os = "linux") {
        trace.tell(reporter, None).await;
    }
    if let Err(problem) = enabled {
        reporter.report(What::Trouble(error::at(Operation::Option(OptionName("SO_RXQ_OVFL")), local, &problem))).await;
    }
    let mut session = Udp::new(socket, local, spec, reporter);
    for group in session.spec.groups.clone() {
        session.join(group).await;
    }
    let mut repetition: Option<Repeat> = None;
    loop {
        session.start_resolving();
        let next_part = session.next_part();
        tokio::select! {
            ready = session.socket.ready(Interest::READABLE | Interest::ERROR), if session.may_receive() => match ready {
                Ok(_) => {
                    session.receive().await;
                }
                Err(problem) => reporter.report(What::Trouble(error::at(Operation::Receive, local, &problem))).await,
            },
            action = actions.next() => match action {
                None | Some(Action::Close | Action::Forget | Action::End { .. }) => break,
                Some(action) => session.act(action, &mut repetition).await,
            },
            due = repeat::due(&mut repetition) => match due {
                Some(message) => {
                    if session.queue(message, Origin::Repeat).await == Queued::Nowhere {
                        repeat::unreached(reporter, &mut repetition).await;
                    }
                }
                None => repeat::ended(reporter, &mut repetition).await,
            },
            found = resolved(&mut session.resolving) => session.learn(found).await,
            _ = session.socket.writable(), if session.may_send() => session.send_waiting().await,
            () = moment(session.rests_until) => session.rests_until = None,
            () = moment(next_part) => session.send_part().await,
            () = moment(session.look_for_drops) => session.look_for_drops().await,
            () = moment(session.tell_refused) => session.tell_refused().await,
            () = moment(session.tell_lost) => session.tell_lost().await,
        }
    }
    repeat::ended(reporter, &mut repetition).await;
    session.drain().await;
    session.tell_lost().await;
    session.look_for_drops().await;
    session.abandon().await;
    let (received, sent) = (session.received, session.sent);
    let descriptor = calls::descriptor(&SockRef::from(&session.socket));
    let begun = calls::Instant::now();
    drop(session);
    reporter.report(What::Called(calls::call(Function::Close, descriptor, "", Ok(0), begun))).await;
    Ok(Ending { by: EndedBy::Us, received, sent })
}

struct Udp<'a> {
    socket: UdpSocket,
    local: SocketAddr,
    spec: UdpSpec,
    reporter: &'a Reporter,
    responder: RefCell<Responder>,
    buffer: Box<[u8]>,
    waiting: VecDeque<Waiting>,
    /// Messages that leave in parts with pauses between them.
    parted: VecDeque<Parted>,
    /// When it may be read again, where it rests between reads.
    rests_until: Option<Instant>,
    /// With what each message costs besides its bytes.
    waiting_bytes: usize,
    refused: Refused,
    /// When refused messages are told next; meanwhile they are summed up.
    tell_refused: Option<Instant>,
    /// The look-up for the first datagram that waits.
    resolving: Option<Resolving>,
    /// Names that were looked up in this session.
    known: HashMap<Endpoint, SocketAddr>,
    last_sender: Option<SocketAddr>,
    members: VecDeque<SocketAddr>,
    /// Which senders with our port are addresses of this machine.
    own_ips: HashMap<IpAddr, bool>,
    kernel_drops: u32,
    look_for_drops: Option<Instant>,
    /// What could not be kept and is not told yet.
    lost: Lost,
    tell_lost: Option<Instant>,
    received: u64,
    sent: u64,
}

impl<'a> Udp<'a> {
    fn new(socket: UdpSocket, local: SocketAddr, spec: UdpSpec, reporter: &'a Reporter) -> Self {
        let responder = RefCell::<Responder>::default();
        responder.borrow_mut().set(spec.reply.clone());
        Self {
            socket,
            local,
            spec,
            reporter,
            responder,
            buffer: vec![0; BUFFER].into(),
            waiting: VecDeque::new(),
            parted: VecDeque::new(),
            rests_until: None,
            waiting_bytes: 0,
            refused: Refused::default(),
            tell_refused: None,
            resolving: None,
            known: HashMap::new(),
            last_sender: None,
            members: VecDeque::new(),
            own_ips: HashMap::new(),
            kernel_drops: 0,
            look_for_drops: None,
            lost: Lost::default(),
            tell_lost: None,
            received: 0,
            sent: 0,
        }
    }

    /// Reads what had arrived before the close: it waits in the system's buffer, and is part of what was sent.
    async fn drain(&mut self) {
        let until = Instant::now() + CLOSE_READS_FOR;
        while Instant::now() < until {
            let more = self.receive().await == Burst::Full;
            // Tokio may not have heard yet of what has arrived since the last read.
            if !more && tokio::time::timeout(DRAIN_PAUSE, self.socket.readable()).await.is_err() {
                return;
            }
        }
    }

    /// Whether it is to be read now.
    fn may_receive(&self) -> bool {
        !self.spec.reading.held.is_on() && self.rests_until.is_none()
    }

    fn descriptor(&self) -> Option<i32> {
        calls::descriptor(&SockRef::from(&self.socket))
    }

    /// Reads what has arrived, up to a burst; one datagram where it rests after each.
    async fn receive(&mut self) -> Burst {
        let mut burst = Burst::Full;
        let reading = self.spec.reading;
        let room = reading.size.map_or(BUFFER, |size| (size as usize).min(BUFFER));
        for _ in 0..if reading.pause.is_some() { 1 } else { BURST } {
            match kernel::try_receive(&self.socket, &mut self.buffer[..room]) {
                Ok(arrival) => {
                    if let Some(dropped) = arrival.dropped {
                        self.kernel_dropped(dropped).await;
                    }
                    self.rests_until = reading.pause.map(|pause| Instant::now() + pause);
                    self.keep(&arrival).await;
                }
                Err(problem) if problem.kind() == ErrorKind::WouldBlock => {
                    burst = Burst::Done;
                    break;
                }
                Err(problem) => self.take_returned(&problem).await,
            }
        }
        self.take_error_queue().await;
        self.look_for_drops = Some(Instant::now() + DROPS_AFTER);
        burst
    }

    /// Reports a datagram, or counts it as lost when the recorder is behind: the socket must go on being read.
    async fn keep(&mut self, arrival: &kernel::Arrival) {
        let kernel::Arrival { length, from, .. } = *arrival;
        self.received += length as u64;
        self.last_sender = Some(from);
        let Some(credit) = self.reporter.outbox().try_credit(length) else {
            self.lost.datagrams += 1;
            // As it was sent: what the read cut off is lost with the rest.
            self.lost.bytes += arrival.cut.as_ref().and_then(|cut| cut.whole).unwrap_or(length) as u64;
            // While reading is held a row for each burst would fill the very disk that has no room.
            self.tell_lost.get_or_insert_with(|| Instant::now() + GAP_ROW_EVERY);
            return;
        };
        // The hole stands before the datagram that follows it.
        self.tell_lost().await;
        let bytes: Arc<[u8]> = Arc::from(&self.buffer[..length]);
        let peer = Peer::datagram(from.into());
        self.reporter.post(What::Received { peer, bytes: bytes.clone() }, credit);
        if let Some(cut) = &arrival.cut {
            let (kept, whole) = (length as u64, cut.whole.map(|whole| whole as u64));
            self.reporter.report_gap(What::Truncated { peer, kept, whole }).await;
        }
        if self.is_own(from) {
            return;
        }
        let answer = self.responder.borrow_mut().answer(Peer::datagram(from.into()), &bytes, now());
        match answer {
            None => {}
            Some(Answer::Back(bytes)) => self.transmit(bytes, To::Address(from), Origin::Reply).await,
            Some(Answer::Others(bytes)) => {
                let others: Vec<SocketAddr> = self.members.iter().copied().filter(|member| *member != from).collect();
                for other in others {
                    self.transmit(bytes.clone(), To::Address(other), Origin::Reply).await;
                }
                if !self.members.contains(&from) {
                    self.members.push_back(from);
                    if self.members.len() > CHAT_MEMBERS {
                        self.members.pop_front();
                    }
                }
            }
        }
    }

    /// Whether a datagram came from this very socket: a member of a group, or whoever broadcasts, hears itself, and an echo of one's own
    /// words would never end.
    fn is_own(&mut self, from: SocketAddr) -> bool {
        if from.port() != self.local.port() {
            return false;
        }
        let ip = from.ip();
        if self.own_ips.len() > CHAT_MEMBERS {
            self.own_ips.clear();
        }
        // Bound to every address, it is this machine's if a socket can have it. Another program here that shares the port cannot be
        // told apart, and gets no answer either.
        ip == self.local.ip()
            || self.local.ip().is_unspecified()
                && *self.own_ips.entry(ip).or_insert_with(|| std::net::UdpSocket::bind((ip, 0)).is_ok())
    }

    /// Reports what could not be kept since the last time.
    async fn tell_lost(&mut self) {
        self.tell_lost = None;
        let Lost { datagrams, bytes } = std::mem::take(&mut self.lost);
        if datagrams > 0 {
            self.reporter.report_gap(What::Gap { datagrams, bytes: Some(bytes), place: Place::Sockscope }).await;
        }
    }

    async fn kernel_dropped(&mut self, count: u32) {
        let new = count.wrapping_sub(self.kernel_drops);
        // The table may have been read after a datagram that carries an older count.
        if new == 0 || new > u32::MAX / 2 {
            return;
        }
        self.kernel_drops = count;
        self.reporter.report_gap(What::Gap { datagrams: u64::from(new), bytes: None, place: Place::Kernel }).await;
    }

    async fn look_for_drops(&mut self) {
        self.look_for_drops = None;
        if let Some(dropped) = kernel::dropped(&self.socket) {
            self.kernel_dropped(dropped).await;
        }
    }

    /// An error that a read or send returned was left there by ICMP; the error queue says for which address.
    async fn take_returned(&mut self, problem: &io::Error) {
        let call = calls::call(Function::Recv, self.descriptor(), "…, 65536, 0", Err(problem), calls::Instant::now());
        self.reporter.report(What::Called(call)).await;
        if !self.take_error_queue().await {
            self.reporter.report(What::Trouble(errors::returned(None, problem))).await;
        }
    }

    /// Reports every ICMP error that waits; `false` when there was none.
    async fn take_error_queue(&mut self) -> bool {
        let mut any = false;
        while let Some(returned) = kernel::try_returned(&self.socket) {
            let problem = io::Error::from_raw_os_error(returned.os_code);
            // A send that the system itself refuses (too long) lands here too, and was already told.
            if !matches!(error::cause(&problem, Operation::Send, None), Cause::MessageTooLong { .. }) {
                self.reporter.report(What::Trouble(errors::returned(Some(returned.to), &problem))).await;
            }
            any = true;
        }
        any
    }

    async fn act(&mut self, action: Action, repetition: &mut Option<Repeat>) {
        match action {
            Action::Send(message) => {
                self.queue(message, Origin::User).await;
            }
            Action::SendInParts { message, parts } => self.queue_parts(message, parts).await,
            Action::SetReading(reading) => {
                self.spec.reading = reading;
                self.rests_until = None;
                self.reporter.report(What::Turned(Knob::Reading(reading))).await;
            }
            Action::SetBuffers(buffers) => self.set_buffers(buffers).await,
            Action::SetBroadcast(switch) => match self.set_broadcast(switch).await {
                Ok(()) => {
                    self.spec.broadcast = switch;
                    self.reporter.report(What::BroadcastSet(switch)).await;
                }
                Err(problem) => {
                    self.trouble(error::at(Operation::Option(OptionName("SO_BROADCAST")), self.local, &problem)).await
                }
            },
            Action::Join(group) => self.join(group).await,
            Action::Leave(group) => self.leave(group).await,
            other => automation::change(other, self.reporter, &self.responder, repetition).await,
        }
    }

    /// Asks for other buffers, and tells what the system granted.
    async fn set_buffers(&mut self, Buffers { receive, send }: Buffers) {
        let option = |name, problem: &io::Error| error::at(Operation::Option(OptionName(name)), self.local, problem);
        let mut failures = Vec::new();
        let (receive, send) = {
            let socket = SockRef::from(&self.socket);
            if let Some(Err(problem)) = receive.map(|bytes| socket.set_recv_buffer_size(bytes as usize)) {
                failures.push(option("SO_RCVBUF", &problem));
            }
            if let Some(Err(problem)) = send.map(|bytes| socket.set_send_buffer_size(bytes as usize)) {
                failures.push(option("SO_SNDBUF", &problem));
            }
            let size = |size: io::Result<usize>| size.map_or(0, |size| size as u64);
            (size(socket.recv_buffer_size()), size(socket.send_buffer_size()))
        };
        for failure in failures {
            self.trouble(failure).await;
        }
        self.reporter.report(What::Turned(Knob::Buffers { peer: None, receive, send })).await;
    }

    async fn trouble(&self, failure: Failure) {
        self.reporter.report(What::Trouble(failure)).await;
    }

    async fn set_broadcast(&self, switch: Switch) -> io::Result<()> {
        let on = switch.is_on();
        let mut trace = Trace::of(self.descriptor());
        let set = trace.option("SOL_SOCKET, SO_BROADCAST", u8::from(on), || self.socket.set_broadcast(on));
        trace.tell(self.reporter, None).await;
        set
    }

    async fn change_membership(&self, operation: Operation, group: &Membership) -> Result<(), Failure> {
        let mut trace = Trace::of(self.descriptor());
        let changed = bound::change_membership(&self.socket, self.local, operation, group, &mut trace).await;
        trace.tell(self.reporter, None).await;
        changed
    }

    async fn join(&mut self, group: Membership) {
        match self.change_membership(Operation::Join, &group).await {
            Ok(()) => self.reporter.report(What::GroupJoined(group)).await,
            Err(failure) => self.trouble(failure).await,
        }
    }

    async fn leave(&mut self, group: Membership) {
        match self.change_membership(Operation::Leave, &group).await {
            Ok(()) => self.reporter.report(What::GroupLeft(group)).await,
            Err(failure) => self.trouble(failure).await,
        }
    }
}

/// How a burst of reads ended.
#[derive(PartialEq)]
enum Burst {
    /// There was no more to read.
    Done,
    /// Other work gets its turn before the rest.
    Full,
}

/// Datagrams of one hole.
#[derive(Default)]
struct Lost {
    datagrams: u64,
    bytes: u64,
}

async fn moment(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::outbox::Outbox;
    use super::*;
    use crate::session::event::{Event, SessionEvent};
    use crate::session::id::SessionId;
    use crate::session::spec::Reading;

    #[tokio::test]
    async fn a_datagram_that_was_cut_and_lost_counts_whole() {
        let (outbox, inbox, gate) = Outbox::new();
        gate.hold(true);
        let reporter = Reporter::new(SessionId(1), outbox);
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let local = socket.local_addr().unwrap();
        let spec = UdpSpec {
            local,
            remote: None,
            broadcast: Switch::Off,
            groups: Vec::new(),
            time_to_live: None,
            multicast_loop: Switch::On,
            reuse_address: Switch::Off,
            receive_buffer: None,
            send_buffer: None,
            reading: Reading { size: Some(4), ..Reading::default() },
            reply: None,
        };
        let mut session = Udp::new(socket, local, spec, &reporter);
        std::net::UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"0123456789", local).unwrap();
        session.socket.readable().await.unwrap();
        session.receive().await;
        session.tell_lost().await;
        let Event::Session(SessionEvent { what, .. }) = inbox.try_recv().unwrap().event else { panic!("of no session") };
        assert!(matches!(what, What::Gap { datagrams: 1, bytes: Some(10), place: Place::Sockscope }), "{what:?}");
    }
}
