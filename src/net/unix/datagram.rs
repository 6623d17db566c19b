//! A Unix-domain datagram session: one socket, messages with their boundaries both ways, and none lost. Must never glue or cut one.
//!
//! The system loses no datagram between Unix-domain sockets: whoever finds the receiver's queue full has to wait (unix(7)). So reading
//! waits for credit as TCP does, and there are no gaps to count but one: what a close could not read in its time.

use super::super::automation;
use super::super::calls::{self, Trace};
use super::super::clock::now;
use super::super::hub::Actions;
use super::super::outbox::Reporter;
use super::super::repeat::{self, Repeat};
use super::arrival::{self, Arrival};
use super::file::SocketFile;
use super::sending::{Outgoing, Queued};
use super::{bound, error};
use crate::session::address::UnixPath;
use crate::session::call::Function;
use crate::session::command::{Action, Message, Target};
use crate::session::event::{EndedBy, Ending, Origin, Place, What};
use crate::session::failure::{Cause, Failure, Operation, OptionName};
use crate::session::id::Peer;
use crate::session::knob::{Buffers, Knob, Parts};
use crate::session::reply::{Answer, Responder};
use crate::session::spec::{Reading, UnixDatagramSpec};
use socket2::{SockRef, Type};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixDatagram;
use tokio::time::Instant;

/// Datagrams read before other work gets its turn.
const BURST: usize = 64;
/// How long a close goes on reading what has already arrived.
const CLOSE_READS_FOR: Duration = Duration::from_millis(200);
/// How long a close waits for one more word from the system.
const DRAIN_PAUSE: Duration = Duration::from_millis(1);
/// Datagrams that a close counts after that; a sender that goes on has no end.
const MOST_COUNTED: usize = 4096;
/// Senders remembered for group chat, the latest ones.
const CHAT_MEMBERS: usize = 256;

/// Runs the session to its end; the caller reports the ending.
///
/// # Errors
/// The failure that kept it from binding.
pub async fn run(spec: UnixDatagramSpec, actions: &mut Actions, reporter: &Reporter) -> Result<Ending, Failure> {
    let mut trace = Trace::default();
    let bound = bind(&spec, &mut trace).await;
    trace.tell(reporter, None).await;
    let (socket, file) = bound?;
    let local = spec.path.unwrap_or(UnixPath::UNNAMED);
    let receive_buffer = SockRef::from(&socket).recv_buffer_size().unwrap_or(0);
    reporter.report(What::Bound { local: local.into(), receive_buffer }).await;
    let responder = RefCell::<Responder>::default();
    responder.borrow_mut().set(spec.reply.clone());
    let mut session = Datagrams {
        outgoing: Outgoing::new(reporter.clone()),
        socket,
        local,
        remote: spec.remote,
        reporter,
        responder,
        reading: Reading::default(),
        rests_until: None,
        reads_until: None,
        last_sender: None,
        members: VecDeque::new(),
        received: 0,
    };
    let mut repetition: Option<Repeat> = None;
    loop {
        let held = reporter.outbox().is_held();
        // While answers pile up nothing more is read: the senders wait, as they would for any receiver that is slow.
        let must_wait = session.responder.borrow().is_active() && session.outgoing.is_high();
        tokio::select! {
            ready = session.socket.readable(), if !held && !must_wait && session.may_receive() => match ready {
                Ok(()) => {
                    session.receive().await;
                }
                Err(problem) => session.trouble(error::at(Operation::Receive, local, &problem)).await,
            },
            () = reporter.outbox().released(), if held => {}
            action = actions.next() => match action {
                None | Some(Action::Close | Action::Forget | Action::End { .. }) => break,
                Some(Action::Send(message)) => {
                    session.queue(message, Origin::User).await;
                }
                Some(Action::SendInParts { message, parts }) => session.queue_parts(message, parts).await,
                Some(Action::SetReading(reading)) => {
                    session.reading = reading;
                    session.rests_until = None;
                    reporter.report(What::Turned(Knob::Reading(reading))).await;
                }
                Some(Action::SetBuffers(buffers)) => session.set_buffers(buffers).await,
                Some(other) => automation::change(other, reporter, &session.responder, &mut repetition).await,
            },
            due = repeat::due(&mut repetition) => match due {
                Some(message) => {
                    if session.queue(message, Origin::Repeat).await == Queued::Nowhere {
                        repeat::unreached(reporter, &mut repetition).await;
                    }
                }
                None => repeat::ended(reporter, &mut repetition).await,
            },
            () = moment(session.rests_until) => session.rests_until = None,
            () = session.outgoing.due() => session.outgoing.push_on(&session.socket).await,
        }
    }
    // First, so that nobody sends here any more.
    drop(file);
    repeat::ended(reporter, &mut repetition).await;
    session.drain().await;
    session.outgoing.abandon(&session.socket).await;
    let (received, sent) = (session.received, session.outgoing.sent());
    let descriptor = calls::descriptor(&SockRef::from(&session.socket));
    let begun = calls::Instant::now();
    drop(session);
    reporter.report(What::Called(calls::call(Function::Close, descriptor, "", Ok(0), begun))).await;
    Ok(Ending { by: EndedBy::Us, received, sent })
}

async fn bind(spec: &UnixDatagramSpec, trace: &mut Trace) -> Result<(UnixDatagram, Option<SocketFile>), Failure> {
    let place = spec.path.unwrap_or(UnixPath::UNNAMED);
    let made = bound::new(Type::DGRAM, place, trace)?;
    if let Some(bytes) = spec.send_buffer {
        let named = |problem| error::at(Operation::Option(OptionName("SO_SNDBUF")), place, &problem);
        let set = trace.option("SOL_SOCKET, SO_SNDBUF", bytes, || made.set_send_buffer_size(bytes as usize));
        set.map_err(named)?;
    }
    let file = match spec.path {
        Some(place) => bound::take(&made, place, spec.replace_stale, trace).await?,
        None => None,
    };
    let socket = UnixDatagram::from_std(made.into()).map_err(|problem| error::at(Operation::Bind, place, &problem))?;
    Ok((socket, file))
}

struct Datagrams<'a> {
    socket: UnixDatagram,
    local: UnixPath,
    /// Where datagrams go unless the send says otherwise.
    remote: Option<UnixPath>,
    reporter: &'a Reporter,
    responder: RefCell<Responder>,
    outgoing: Outgoing,
    reading: Reading,
    /// When it may be read again, where it rests between reads.
    rests_until: Option<Instant>,
    /// How long a read waits for credit at most: once it closes.
    reads_until: Option<Instant>,
    last_sender: Option<UnixPath>,
    members: VecDeque<UnixPath>,
    received: u64,
}

/// How a burst of reads ended.
#[derive(PartialEq)]
enum Burst {
    /// There was no more to read.
    Done,
    /// Other work gets its turn before the rest.
    Full,
}

impl Datagrams<'_> {
    /// Whether it is to be read now.
    fn may_receive(&self) -> bool {
        !self.reading.held.is_on() && self.rests_until.is_none()
    }

    /// Reads what has arrived, up to a burst; one datagram where it rests after each.
    async fn receive(&mut self) -> Burst {
        for _ in 0..if self.reading.pause.is_some() { 1 } else { BURST } {
            match self.read().await {
                Ok(()) => {}
                Err(problem) if matches!(problem.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Burst::Done,
                Err(problem) => {
                    self.trouble(error::at(Operation::Receive, self.local, &problem)).await;
                    return Burst::Done;
                }
            }
        }
        Burst::Full
    }

    /// Reads one datagram. Credit comes first: without it the datagram stays in the queue and its sender waits.
    async fn read(&mut self) -> io::Result<()> {
        let whole = arrival::next_length(&self.socket)?;
        let room = self.reading.size.map_or(usize::MAX, |size| size as usize).min(whole.unwrap_or(arrival::LARGEST));
        let credit = self.reporter.outbox().credit(room);
        let credit = match self.reads_until {
            Some(until) => tokio::time::timeout_at(until, credit).await?,
            None => credit.await,
        };
        let Arrival { bytes, from, is_cut } = arrival::try_receive(&self.socket, room)?;
        self.rests_until = self.reading.pause.map(|pause| Instant::now() + pause);
        let bytes: Arc<[u8]> = bytes.into();
        self.received += bytes.len() as u64;
        self.last_sender = Some(from);
        let peer = Peer::datagram(from.into());
        self.reporter.post(What::Received { peer, bytes: bytes.clone() }, credit);
        if is_cut {
            let (kept, whole) = (bytes.len() as u64, whole.map(|whole| whole as u64));
            self.reporter.report(What::Truncated { peer, kept, whole }).await;
        }
        // An echo of one's own words would never end.
        if from.is_unnamed() || from != self.local {
            self.answer(from, &bytes).await;
        }
        Ok(())
    }

    async fn answer(&mut self, from: UnixPath, bytes: &Arc<[u8]>) {
        let answer = self.responder.borrow_mut().answer(Peer::datagram(from.into()), bytes, now());
        match answer {
            None => {}
            Some(Answer::Back(bytes)) => self.outgoing.send(&self.socket, bytes, from, Origin::Reply).await,
            Some(Answer::Others(bytes)) => {
                let others: Vec<UnixPath> = self.members.iter().copied().filter(|member| *member != from).collect();
                for other in others {
                    self.outgoing.send(&self.socket, bytes.clone(), other, Origin::Reply).await;
                }
                if !from.is_unnamed() && !self.members.contains(&from) {
                    self.members.push_back(from);
                    if self.members.len() > CHAT_MEMBERS {
                        self.members.pop_front();
                    }
                }
            }
        }
    }

    /// Sends a message after those that wait.
    async fn queue(&mut self, message: Message, origin: Origin) -> Queued {
        let Some(to) = self.destination(message.target).await else { return Queued::Nowhere };
        self.outgoing.send(&self.socket, message.bytes, to, origin).await;
        Queued::Somewhere
    }

    /// The same in parts, each a datagram of its own.
    async fn queue_parts(&mut self, message: Message, parts: Parts) {
        if let Some(to) = self.destination(message.target).await {
            self.outgoing.send_in_parts(&self.socket, message.bytes, to, parts).await;
        }
    }

    /// Where a message goes; where that is nowhere it is told.
    async fn destination(&self, target: Target) -> Option<UnixPath> {
        let to = match target {
            Target::Path(to) => Ok(to),
            Target::LastSender => match self.last_sender {
                Some(sender) if sender.is_unnamed() => Err(Cause::UnnamedSender),
                sender => sender.ok_or(Cause::NoSender),
            },
            Target::Everyone | Target::Connections(_) | Target::Address(_) => self.remote.ok_or(Cause::NoTarget),
        };
        match to {
            Ok(to) => Some(to),
            Err(cause) => {
                self.trouble(Failure { operation: Operation::Send, address: String::new(), cause, os_code: None }).await;
                None
            }
        }
    }

    /// Asks for other buffers, and tells what the system granted.
    async fn set_buffers(&self, Buffers { receive, send }: Buffers) {
        let failed = |name, problem: &io::Error| error::at(Operation::Option(OptionName(name)), self.local, problem);
        let mut failures = Vec::new();
        let (receive, send) = {
            let socket = SockRef::from(&self.socket);
            if let Some(Err(problem)) = receive.map(|bytes| socket.set_recv_buffer_size(bytes as usize)) {
                failures.push(failed("SO_RCVBUF", &problem));
            }
            if let Some(Err(problem)) = send.map(|bytes| socket.set_send_buffer_size(bytes as usize)) {
                failures.push(failed("SO_SNDBUF", &problem));
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

    /// Reads what had arrived before the close, also where reading was held; what can't be read in time is counted and told. Its file is
    /// gone, so nothing comes after it but from who was connected.
    async fn drain(&mut self) {
        let until = Instant::now() + CLOSE_READS_FOR;
        self.reading = Reading { size: self.reading.size, ..Reading::default() };
        self.reads_until = Some(until);
        while Instant::now() < until {
            if self.reporter.outbox().is_held() {
                tokio::time::timeout_at(until, self.reporter.outbox().released()).await.ok();
                continue;
            }
            let more = self.receive().await == Burst::Full;
            // Tokio may not have heard yet of what has arrived since the last read.
            if !more && tokio::time::timeout(DRAIN_PAUSE, self.socket.readable()).await.is_err() {
                break;
            }
        }
        self.count_rest().await;
    }

    /// Tells what is lost with the socket.
    async fn count_rest(&mut self) {
        let (mut datagrams, mut bytes) = (0, 0);
        for length in std::iter::from_fn(|| arrival::discard(&self.socket).ok()).take(MOST_COUNTED) {
            datagrams += 1;
            bytes += length as u64;
        }
        if datagrams > 0 {
            self.received += bytes;
            self.reporter.report_gap(What::Gap { datagrams, bytes: Some(bytes), place: Place::Sockscope }).await;
        }
    }
}

async fn moment(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::outbox::{Outbox, Parcel};
    use super::*;
    use crate::session::event::{Event, SessionEvent};
    use crate::session::id::SessionId;
    use crate::session::spec::Switch;

    fn whats(inbox: &crossbeam_channel::Receiver<Parcel>) -> Vec<What> {
        let what = |parcel: Parcel| match parcel.event {
            Event::Session(SessionEvent { what, .. }) => Some(what),
            _ => None,
        };
        inbox.try_iter().filter_map(what).collect()
    }

    fn datagrams(socket: UnixDatagram, reporter: &Reporter, reading: Reading) -> Datagrams<'_> {
        Datagrams {
            outgoing: Outgoing::new(reporter.clone()),
            socket,
            local: UnixPath::UNNAMED,
            remote: None,
            reporter,
            responder: RefCell::default(),
            reading,
            rests_until: None,
            reads_until: None,
            last_sender: None,
            members: VecDeque::new(),
            received: 0,
        }
    }

    #[tokio::test]
    async fn a_close_reads_what_was_held_and_what_has_just_come() {
        let (outbox, inbox, _gate) = Outbox::new();
        let reporter = Reporter::new(SessionId(1), outbox);
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let reading = Reading { held: Switch::On, pause: Some(Duration::from_secs(3600)), ..Reading::default() };
        let mut session = datagrams(ours, &reporter, reading);
        // The look that finds nothing makes tokio believe so until it hears of more.
        assert!(session.read().await.is_err());
        for message in [&b"one"[..], b"", b"three"] {
            theirs.try_send(message).unwrap();
        }
        session.drain().await;
        let received: Vec<Vec<u8>> = whats(&inbox)
            .into_iter()
            .map(|what| match what {
                What::Received { bytes, .. } => bytes.to_vec(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(received, [&b"one"[..], b"", b"three"]);
        assert_eq!(session.received, 8);
    }

    #[tokio::test]
    async fn what_a_close_cannot_keep_is_told() {
        let (outbox, inbox, gate) = Outbox::new();
        let reporter = Reporter::new(SessionId(1), outbox);
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let mut session = datagrams(ours, &reporter, Reading::default());
        gate.hold(true);
        for message in [&b"one"[..], b"", b"three"] {
            theirs.try_send(message).unwrap();
        }
        session.drain().await;
        let told = whats(&inbox);
        let is_gap = matches!(told[..], [What::Gap { datagrams: 3, bytes: Some(8), place: Place::Sockscope }]);
        assert!(is_gap, "{told:?}");
    }
}
