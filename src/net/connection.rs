//! One connection (TCP or Unix) from established to ended: reads with credit, writes from its queue, and says why it ended.
//! Must never know whether it is a client's or a server's.

use super::calls;
use super::error;
use super::outbox::Reporter;
use super::queue::{Next, SendQueue};
use super::steering::Pending;
use super::stream::Stream;
use crate::session::call::{Call, Function};
use crate::session::event::{EndedBy, Ending, Origin, Unsent, What};
use crate::session::failure::{Cause, Failure, Operation, OptionName};
use crate::session::id::{ConnectionId, Peer};
use crate::session::knob::{Buffers, Knob, Parts};
use crate::session::spec::{AfterPeerFin, Switch};
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::Interest;
use tokio::time::Instant;

/// The most one read takes, and so the longest row. 64 KiB keeps a screenful of rows small and costs no speed on loopback.
const READ_SIZE: usize = 64 << 10;
/// How often refused messages are summed up into one row while the queue stays full.
const REFUSAL_ROW_EVERY: Duration = Duration::from_millis(500);

/// How long a close goes on reading what has already arrived.
const CLOSE_READS_FOR: Duration = Duration::from_millis(200);

/// The last number that a connection got.
static LAST: AtomicU32 = AtomicU32::new(0);

/// A number that no connection of this process has had. A session that is opened again keeps its log, so numbers that began at 1 again
/// would continue the streams of connections long gone.
pub fn next_id() -> ConnectionId {
    ConnectionId(LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
}

thread_local! {
    /// One read buffer for the whole thread: a read never waits, so no two tasks hold it at once. 10,000 buffers would be 640 MB.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_SIZE].into());
}

/// Byte counts that the owner can see while the connection lives.
#[derive(Default)]
pub struct Totals {
    received: Cell<u64>,
    sent: Cell<u64>,
}

impl Totals {
    /// Counts a connection that has ended into its session's totals.
    pub fn add(&self, ending: &Ending) {
        self.count(ending.received, ending.sent);
    }

    /// Counts bytes that came or left.
    pub fn count(&self, received: u64, sent: u64) {
        self.received.set(self.received.get() + received);
        self.sent.set(self.sent.get() + sent);
    }

    /// The ending with the counts so far.
    pub fn ending(&self, by: EndedBy) -> Ending {
        Ending { by, received: self.received.get(), sent: self.sent.get() }
    }
}

/// What happens to the bytes besides being reported.
pub trait Listener {
    /// Bytes arrived; an automatic answer goes into the queues from here.
    fn received(&self, peer: Peer, bytes: &Arc<[u8]>);
    /// Whether answers are given, so that reading must stop while they pile up.
    fn answers(&self) -> bool;
}

/// A connection that is up.
pub struct Connection<'a, L> {
    pub stream: Stream,
    pub peer: Peer,
    pub queue: Rc<SendQueue>,
    pub totals: Rc<Totals>,
    pub after_peer_fin: AfterPeerFin,
    pub reporter: &'a Reporter,
    pub listener: &'a L,
}

/// A message that is being written.
struct Writing {
    bytes: Arc<[u8]>,
    done: usize,
    origin: Origin,
    /// How it is cut, if it is.
    parts: Option<Parts>,
    /// Where the part in hand begins.
    from: usize,
    /// When the next part may leave.
    rests_until: Option<Instant>,
    /// How many writes the part in hand has taken so far.
    writes: u32,
}

impl Writing {
    fn new(bytes: Arc<[u8]>, origin: Origin, parts: Option<Parts>) -> Self {
        Self { bytes, done: 0, origin, parts, from: 0, rests_until: None, writes: 0 }
    }

    /// Where the part in hand ends.
    fn until(&self) -> usize {
        self.parts.map_or(self.bytes.len(), |parts| parts.end(self.from, self.bytes.len()))
    }

    /// The bytes from where the part in hand begins to a place.
    fn part(&self, until: usize) -> Arc<[u8]> {
        if self.from == 0 && until == self.bytes.len() { self.bytes.clone() } else { Arc::from(&self.bytes[self.from..until]) }
    }
}

/// Where a connection stands between two waits.
struct Progress {
    writing: Option<Writing>,
    peer_finished: bool,
    finished: bool,
    next_refusal_row: Option<Instant>,
    /// When the next read may come, of a connection that rests between reads.
    rests_until: Option<Instant>,
}

impl<L: Listener> Connection<'_, L> {
    /// Runs until the connection has ended; what could not be sent is reported before this returns.
    pub async fn run(self) -> Ending {
        let mut progress =
            Progress { writing: None, peer_finished: false, finished: false, next_refusal_row: None, rests_until: None };
        let by = loop {
            if let Some(by) = self.turn(&mut progress).await {
                break by;
            }
        };
        self.report_unsent(&mut progress).await;
        if matches!(by, EndedBy::Us) && self.stream.has_segments() && self.has_more() {
            // What is not read makes the close send RST (RFC 2525 section 2.17); the look for it is a call like others.
            self.tell(Function::Recv, "\"…\", 1, MSG_PEEK", Ok(1), calls::Instant::now()).await;
        }
        self.close_socket(by).await
    }

    /// Gives the descriptor back.
    async fn close_socket(self, by: EndedBy) -> Ending {
        let Self { stream, peer, reporter, totals, queue, .. } = self;
        let descriptor = calls::descriptor(&stream.socket());
        let begun = calls::Instant::now();
        drop(stream);
        let call = calls::call(Function::Close, descriptor, "", Ok(0), begun);
        reporter.report(What::Called(Call { connection: peer.connection, ..call })).await;
        // Others went on pushing while this waited for the recorder.
        while let Some(late) = queue.abandon() {
            let (messages, bytes, reason) = (late.messages, late.bytes, Unsent::Ended);
            reporter.report(What::Unsent { peer: Some(peer), messages, bytes, reason }).await;
        }
        totals.ending(by)
    }

    /// Tells a call that was made and began then.
    async fn tell(&self, function: Function, arguments: &str, result: Result<i64, &io::Error>, begun: calls::Instant) {
        let call = calls::call(function, calls::descriptor(&self.stream.socket()), arguments, result, begun);
        self.reporter.report(What::Called(Call { connection: self.peer.connection, ..call })).await;
    }

    /// One turn: pick up what is next to send, then wait for whichever comes first. `Some` when the connection has ended.
    async fn turn(&self, progress: &mut Progress) -> Option<EndedBy> {
        if self.queue.is_reset() {
            return Some(self.reset().await);
        }
        if let Some(pending) = self.queue.steering.take() {
            self.set(pending).await;
        }
        while progress.writing.is_none() {
            match self.queue.next() {
                Some(Next::Bytes(bytes, origin) | Next::Parts(bytes, origin, _)) if progress.finished => {
                    self.queue.left(bytes.len());
                    if origin == Origin::User {
                        let address = self.peer.address.to_string();
                        let failure = Failure { operation: Operation::Send, address, cause: Cause::BrokenPipe, os_code: None };
                        self.reporter.report(What::Trouble(failure)).await;
                    }
                    self.unsent(1, bytes.len() as u64, Unsent::Ended).await;
                }
                Some(Next::Bytes(bytes, origin)) => progress.writing = Some(Writing::new(bytes, origin, None)),
                Some(Next::Parts(bytes, origin, parts)) => progress.writing = Some(Writing::new(bytes, origin, Some(parts))),
                Some(Next::HalfClose) if progress.finished => {}
                Some(Next::HalfClose) => {
                    let begun = calls::Instant::now();
                    let shut = self.stream.socket().shutdown(std::net::Shutdown::Write);
                    self.tell(Function::Shutdown, "SHUT_WR", shut.as_ref().map(|()| 0), begun).await;
                    if let Err(problem) = shut {
                        return Some(self.ended_at_send(progress, &problem).await);
                    }
                    progress.finished = true;
                    if progress.peer_finished {
                        return Some(self.peer_closed());
                    }
                    self.reporter.report(What::Finished { peer: self.peer }).await;
                }
                Some(Next::Close) => return Some(self.close(progress).await),
                None if progress.peer_finished && self.after_peer_fin == AfterPeerFin::Close => return Some(self.peer_closed()),
                None => break,
            }
        }
        if progress.next_refusal_row.is_none_or(|at| at <= Instant::now())
            && let Some(refused) = self.queue.take_full()
        {
            progress.next_refusal_row = Some(Instant::now() + REFUSAL_ROW_EVERY);
            self.unsent(refused.messages, refused.bytes, Unsent::QueueFull).await;
        }
        let must_wait = self.listener.answers() && self.queue.is_high();
        let held = self.reporter.outbox().is_held();
        let reading = self.queue.steering.reading();
        if reading.pause.is_none() {
            progress.rests_until = None;
        }
        let rests = reading.held.is_on() || progress.rests_until.is_some();
        let may_read = !progress.peer_finished && !must_wait && !held && !rests;
        let gap = progress.writing.as_ref().and_then(|writing| writing.rests_until);
        tokio::select! {
            ready = self.stream.readable(), if may_read => match ready {
                Ok(()) => self.read(progress).await,
                Err(problem) => Some(self.ended_by(Operation::Receive, &problem)),
            },
            ready = self.stream.writable(), if progress.writing.is_some() && gap.is_none() => match ready {
                Ok(()) => self.write(progress).await,
                Err(problem) => Some(self.ended_by(Operation::Send, &problem)),
            },
            // After the peer's FIN nothing more can be read, but a RST can still come.
            _ = self.stream.ready(Interest::ERROR), if progress.peer_finished => self.pending_error().await,
            () = self.reporter.outbox().released(), if held => None,
            () = self.queue.changed() => None,
            () = at(self.queue.close_by()) => Some(EndedBy::Us),
            () = at(progress.rests_until), if !progress.peer_finished => { progress.rests_until = None; None }
            () = at(gap) => {
                if let Some(writing) = &mut progress.writing {
                    writing.rests_until = None;
                }
                None
            }
            () = at(progress.next_refusal_row) => { progress.next_refusal_row = None; None }
        }
    }

    /// Sets options that were asked for, and tells what the system made of them.
    async fn set(&self, pending: Pending) {
        let socket = self.stream.socket();
        let failed = |name, problem: &io::Error| error::at(Operation::Option(OptionName(name)), self.peer.address, problem);
        let mut failures = Vec::new();
        let mut trace = calls::Trace::of(calls::descriptor(&socket));
        // Only TCP holds small segments back (Nagle).
        if let Some(on) = pending.no_delay.filter(|_| self.stream.has_segments()).map(Switch::is_on)
            && let Err(problem) = trace.option("SOL_TCP, TCP_NODELAY", u8::from(on), || socket.set_tcp_nodelay(on))
        {
            failures.push(failed("TCP_NODELAY", &problem));
        }
        let mut granted = None;
        if let Some(Buffers { receive, send }) = pending.buffers {
            let set = |bytes| trace.option("SOL_SOCKET, SO_RCVBUF", bytes, || socket.set_recv_buffer_size(bytes as usize));
            if let Some(Err(problem)) = receive.map(set) {
                failures.push(failed("SO_RCVBUF", &problem));
            }
            let set = |bytes| trace.option("SOL_SOCKET, SO_SNDBUF", bytes, || socket.set_send_buffer_size(bytes as usize));
            if let Some(Err(problem)) = send.map(set) {
                failures.push(failed("SO_SNDBUF", &problem));
            }
            let size = |size: io::Result<usize>| size.map_or(0, |size| size as u64);
            granted = Some((size(socket.recv_buffer_size()), size(socket.send_buffer_size())));
        }
        trace.tell(self.reporter, self.peer.connection).await;
        for failure in failures {
            self.reporter.report(What::Trouble(failure)).await;
        }
        if let Some((receive, send)) = granted {
            self.reporter.report(What::Turned(Knob::Buffers { peer: Some(self.peer), receive, send })).await;
        }
    }

    /// One read of at most [`READ_SIZE`], or less if that was asked for. Credit comes first: without it the peer's window closes and nothing
    /// is lost.
    async fn read(&self, progress: &mut Progress) -> Option<EndedBy> {
        let reading = self.queue.steering.reading();
        let most = reading.size.map_or(READ_SIZE, |size| (size as usize).clamp(1, READ_SIZE));
        let mut credit = self.reporter.outbox().credit(most).await;
        let read = BUFFER.with_borrow_mut(|buffer| {
            let count = self.stream.try_read(&mut buffer[..most])?;
            // A record owns exactly its bytes: slices of a shared buffer would pin memory that nobody counts.
            io::Result::Ok(Arc::<[u8]>::from(&buffer[..count]))
        });
        match read {
            Ok(bytes) if bytes.is_empty() => {
                progress.peer_finished = true;
                drop(credit);
                self.tell(Function::Recv, &format!("\"\", {most}, 0"), Ok(0), calls::Instant::now()).await;
                if self.after_peer_fin == AfterPeerFin::StayOpen {
                    if progress.finished {
                        return Some(self.peer_closed());
                    }
                    self.reporter.report(What::PeerFinished { peer: self.peer }).await;
                }
                None
            }
            Ok(bytes) => {
                credit.shrink(bytes.len());
                progress.rests_until = reading.pause.map(|pause| Instant::now() + pause);
                self.totals.received.set(self.totals.received.get() + bytes.len() as u64);
                self.reporter.post(What::Received { peer: self.peer, bytes: bytes.clone() }, credit);
                self.listener.received(self.peer, &bytes);
                None
            }
            Err(problem) if problem.kind() == ErrorKind::WouldBlock => None,
            Err(problem) => {
                drop(credit);
                self.tell(Function::Recv, &format!("…, {most}, 0"), Err(&problem), calls::Instant::now()).await;
                Some(self.ended_by(Operation::Receive, &problem))
            }
        }
    }

    /// Writes as much of the message in hand as the system takes; reports it when it is through.
    async fn write(&self, progress: &mut Progress) -> Option<EndedBy> {
        let writing = progress.writing.as_mut()?;
        let until = writing.until();
        match self.stream.try_write(&writing.bytes[writing.done..until]) {
            Ok(count) => {
                writing.done += count;
                writing.writes += 1;
                self.totals.sent.set(self.totals.sent.get() + count as u64);
                if writing.done < until {
                    return None;
                }
                let (bytes, origin) = (writing.part(until), writing.origin);
                let writes = std::mem::take(&mut writing.writes);
                writing.from = until;
                writing.rests_until =
                    writing.parts.map(|parts| parts.gap).filter(|gap| !gap.is_zero()).map(|gap| Instant::now() + gap);
                if until == writing.bytes.len() {
                    self.queue.left(until);
                    progress.writing = None;
                }
                let length = bytes.len();
                if writes > 1 {
                    // The system took it in pieces: one call of as many as there were, so that a flood is not told call by call.
                    let arguments = format!("…, {length}, MSG_NOSIGNAL /* {writes} writes */");
                    self.tell(Function::Send, &arguments, Ok(length as i64), calls::Instant::now()).await;
                }
                self.reporter.report_bytes(What::Sent { peer: self.peer, bytes, origin }, length).await;
                None
            }
            Err(problem) if problem.kind() == ErrorKind::WouldBlock => None,
            Err(problem) => {
                let arguments = format!("…, {}, MSG_NOSIGNAL", until - writing.done);
                self.tell(Function::Send, &arguments, Err(&problem), calls::Instant::now()).await;
                Some(self.ended_at_send(progress, &problem).await)
            }
        }
    }

    /// A write or FIN that failed. What the peer sent before its RST may still wait to be read, and belongs into the log.
    async fn ended_at_send(&self, progress: &mut Progress, problem: &io::Error) -> EndedBy {
        // Before the reads, which take it away.
        let pending = self.stream.socket().take_error().ok().flatten();
        while !progress.peer_finished && self.has_more() && self.stream.readable().await.is_ok() {
            if let Some(by) = self.read(progress).await {
                return by;
            }
        }
        match pending {
            Some(pending) => self.ended_by(Operation::Send, &pending),
            // It was connected, and an earlier call was given the error that ended that: a RST.
            None if problem.kind() == ErrorKind::NotConnected => self.peer_broke_off(),
            None => self.ended_by(Operation::Send, problem),
        }
    }

    /// Whether a read would give something now.
    fn has_more(&self) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        self.stream.socket().peek(&mut byte).is_ok_and(|count| count > 0)
    }

    /// The socket's own error, if it has one.
    async fn pending_error(&self) -> Option<EndedBy> {
        let pending = self.stream.socket().take_error();
        match pending {
            Ok(Some(problem)) | Err(problem) => {
                let arguments = format!("SOL_SOCKET, SO_ERROR, [{}], [4]", calls::name(&problem));
                self.tell(Function::GetSockOpt, &arguments, Ok(0), calls::Instant::now()).await;
                Some(self.ended_by(Operation::Receive, &problem))
            }
            Ok(None) => None,
        }
    }

    /// FIN, then a short while of reading what is already here: closing a socket with unread bytes makes the system send RST
    /// instead (RFC 2525 section 2.17), which could cost the peer what was just sent to it. While reading is held nothing is read here
    /// either, and the RST tells the peer the truth: not everything was taken.
    async fn close(&self, progress: &mut Progress) -> EndedBy {
        let until = Instant::now() + CLOSE_READS_FOR;
        let begun = calls::Instant::now();
        let shut = self.stream.socket().shutdown(std::net::Shutdown::Write);
        if !progress.finished {
            self.tell(Function::Shutdown, "SHUT_WR", shut.as_ref().map(|()| 0), begun).await;
        }
        if shut.is_ok() {
            let held = || self.reporter.outbox().is_held();
            while !progress.peer_finished
                && !held()
                && Instant::now() < until
                && self.has_more()
                && self.stream.readable().await.is_ok()
            {
                if self.read(progress).await.is_some() {
                    break;
                }
            }
        }
        EndedBy::Us
    }

    /// How an orderly end by the peer is called: only TCP has a FIN.
    fn peer_closed(&self) -> EndedBy {
        if self.stream.has_segments() { EndedBy::PeerFin } else { EndedBy::PeerClosed }
    }

    /// The same for one that cost bytes: only TCP has a RST. A Unix-domain socket tells of bytes that its peer did not read before it
    /// closed (ECONNRESET), or of a write after that (EPIPE).
    fn peer_broke_off(&self) -> EndedBy {
        if self.stream.has_segments() { EndedBy::PeerReset } else { EndedBy::PeerClosedUnread }
    }

    async fn reset(&self) -> EndedBy {
        if !self.stream.has_segments() {
            // There is no RST to send; it is closed at once, and what waited is told as not sent.
            return EndedBy::Us;
        }
        let begun = calls::Instant::now();
        let set = self.stream.socket().set_linger(Some(Duration::ZERO));
        let arguments = "SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8";
        self.tell(Function::SetSockOpt, arguments, set.as_ref().map(|()| 0), begun).await;
        match set {
            Ok(()) => EndedBy::OurReset,
            Err(problem) => {
                self.reporter
                    .report(What::Trouble(error::at(Operation::Option(OptionName("SO_LINGER")), self.peer.address, &problem)))
                    .await;
                EndedBy::Us
            }
        }
    }

    fn ended_by(&self, operation: Operation, problem: &io::Error) -> EndedBy {
        match error::cause(problem, operation, Some(self.peer.address)) {
            Cause::Reset | Cause::BrokenPipe => self.peer_broke_off(),
            Cause::TimedOut => EndedBy::TimedOut,
            _ => EndedBy::Error(error::at(operation, self.peer.address, problem)),
        }
    }

    /// Tells what never left: the rest of the message in hand, and all that waited behind it.
    async fn report_unsent(&self, progress: &mut Progress) {
        self.queue.ended();
        if let Some(writing) = progress.writing.take() {
            let Writing { bytes, done, origin, from, .. } = &writing;
            let (done, origin) = (*done, *origin);
            self.queue.left(bytes.len());
            if done > 0 {
                // The parts before this one have rows of their own.
                if done > *from {
                    let left = writing.part(done);
                    self.reporter.report_bytes(What::Sent { peer: self.peer, bytes: left, origin }, done - from).await;
                }
                let (sent, length) = (done as u64, bytes.len() as u64);
                self.reporter.report(What::SentPartly { peer: self.peer, sent, length }).await;
            } else {
                self.unsent(1, bytes.len() as u64, Unsent::Ended).await;
            }
        }
        if let Some(refused) = self.queue.take_full() {
            self.unsent(refused.messages, refused.bytes, Unsent::QueueFull).await;
        }
        // Others go on pushing while this waits for the recorder: what came meanwhile is told as well.
        while let Some(waiting) = self.queue.abandon() {
            self.unsent(waiting.messages, waiting.bytes, Unsent::Ended).await;
        }
    }

    async fn unsent(&self, messages: u64, bytes: u64, reason: Unsent) {
        self.reporter.report(What::Unsent { peer: Some(self.peer), messages, bytes, reason }).await;
    }
}

/// Waits until then; forever without a moment.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
