//! The bytes of one way of a TCP connection on their way through a relay. Pure: it is told the time. Must never lose, change or reorder one.

use super::{Done, Impairment, Rechunk, Stall};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Bytes that may wait, each read counting [`OVERHEAD`] more. At the bound the relay stops reading ([`Stream::room`]), the sender's window closes
/// and nothing is lost; so a long delay also slows a fast sender down to a bound's worth in each delay.
const BOUND: usize = 256 << 10;
/// What a read costs besides its bytes.
const OVERHEAD: usize = 64;
/// A rate comes in pieces of a fiftieth of a second, so that it looks even and costs no more than that many writes.
const PIECES_PER_SECOND: u64 = 50;
/// The largest of those pieces.
const LARGEST_PIECE: u64 = 16 << 10;
/// A write that comes late by no more than this is made good by the next ones, so that a timer's step does not lower a rate.
const CATCH_UP: Duration = Duration::from_millis(40);

/// How the sender's end of a stream goes on to the receiver, behind all of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// With FIN.
    Finish,
    /// With RST.
    Reset,
}

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write these bytes of these, and tell how many were taken ([`Stream::wrote`]).
    Write(Arc<[u8]>, Range<usize>),
    /// A stall begins here. Told once.
    Stalled(Duration),
    /// Everything has left, and so does the end. Told once.
    Stop(Stop),
    /// So many bytes have left that both ends are to be reset.
    Reset,
    /// Nothing now: wait for [`Stream::poll_timeout`], or for more.
    Wait,
}

struct Chunk {
    bytes: Arc<[u8]>,
    done: usize,
    ready: Duration,
}

/// One way of one connection.
#[derive(Default)]
pub struct Stream {
    impairment: Impairment,
    chunks: VecDeque<Chunk>,
    waiting: usize,
    /// Bytes that have come.
    arrived: u64,
    /// Bytes that have left.
    left: u64,
    /// What rate, pieces and stalls wait for.
    not_before: Duration,
    /// The stall that has been.
    stalled: Option<Stall>,
    stop: Option<(Stop, Duration)>,
    stopped: bool,
}

impl Stream {
    /// Nothing is on its way yet.
    pub fn new(impairment: Impairment) -> Self {
        Self { impairment, ..Self::default() }
    }

    /// From now on this holds. What waits was delayed as it came.
    pub fn set(&mut self, impairment: Impairment) {
        if impairment.rate != self.impairment.rate || impairment.rechunk != self.impairment.rechunk {
            // A second at one byte a second is no longer owed.
            self.not_before = Duration::ZERO;
        }
        self.impairment = impairment;
    }

    /// How many bytes may come in one read; 0 when reading has to wait.
    pub fn room(&self) -> usize {
        BOUND.saturating_sub(self.waiting + OVERHEAD)
    }

    /// Where the next bytes stand in the stream, from 0.
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// How many bytes have left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// How many reads wait, and their bytes: what is lost if the connection ends now.
    pub fn unsent(&self) -> (u64, u64) {
        (self.chunks.len() as u64, self.arrived - self.left)
    }

    /// Takes in what one read gave, and says what is done to it.
    pub fn push(&mut self, bytes: Arc<[u8]>, now: Duration) -> Vec<Done> {
        let Impairment { delay, rechunk, rate, .. } = self.impairment;
        let mut done = Vec::new();
        if bytes.is_empty() {
            return done;
        }
        let (first, last) = (self.arrived, self.arrived + bytes.len() as u64 - 1);
        self.arrived = last + 1;
        self.waiting += bytes.len() + OVERHEAD;
        self.chunks.push_back(Chunk { bytes, done: 0, ready: now.saturating_add(delay) });
        if !delay.is_zero() {
            done.push(Done::Delayed(delay));
        }
        if let Some(Rechunk { size, .. }) = rechunk {
            let size = u64::from(size.get());
            let pieces = last / size - first / size + 1;
            if pieces > 1 {
                done.push(Done::Cut(pieces));
            }
        }
        if let Some(rate) = rate {
            done.push(Done::Slowed(rate.get()));
        }
        done
    }

    /// The sender has ended. The first end counts, except that a reset overrides a finish that has not left.
    pub fn end(&mut self, stop: Stop, now: Duration) {
        if self.stop.is_none_or(|(before, _)| before == Stop::Finish && stop == Stop::Reset && !self.stopped) {
            self.stop = Some((stop, now.saturating_add(self.impairment.delay)));
        }
    }

    /// Whether the end has left.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// What to do now. Called until it says [`Step::Wait`], or the socket takes no more.
    pub fn step(&mut self, now: Duration) -> Step {
        if self.stopped {
            return Step::Wait;
        }
        if self.impairment.reset.is_some_and(|after| self.left >= after) {
            self.stopped = true;
            return Step::Reset;
        }
        if let Some(stall) = self.impairment.stall
            && self.left >= stall.after
            && self.stalled != Some(stall)
        {
            self.stalled = Some(stall);
            self.not_before = self.not_before.max(now.saturating_add(stall.pause));
            return Step::Stalled(stall.pause);
        }
        if self.poll_timeout().is_none_or(|due| due > now) {
            return Step::Wait;
        }
        match (self.chunks.front(), self.stop) {
            (Some(chunk), _) => {
                let most = usize::try_from(self.piece()).unwrap_or(usize::MAX);
                let end = chunk.done + most.min(chunk.bytes.len() - chunk.done);
                Step::Write(chunk.bytes.clone(), chunk.done..end)
            }
            (None, Some((stop, _))) => {
                self.stopped = true;
                Step::Stop(stop)
            }
            (None, None) => Step::Wait,
        }
    }

    /// So many of the bytes to write were taken.
    pub fn wrote(&mut self, count: usize, now: Duration) {
        let Some(chunk) = self.chunks.front_mut() else { return };
        let count = count.min(chunk.bytes.len() - chunk.done);
        chunk.done += count;
        self.left += count as u64;
        self.waiting = self.waiting.saturating_sub(count);
        if chunk.done == chunk.bytes.len() {
            self.waiting = self.waiting.saturating_sub(OVERHEAD);
            self.chunks.pop_front();
        }
        if let Some(rate) = self.impairment.rate {
            let from = self.not_before.max(now.saturating_sub(CATCH_UP));
            let took = (count as u128 * 1_000_000_000).div_ceil(u128::from(rate.get()));
            self.not_before = from.saturating_add(Duration::from_nanos(u64::try_from(took).unwrap_or(u64::MAX)));
        }
        if let Some(Rechunk { size, pause }) = self.impairment.rechunk
            && self.left.is_multiple_of(u64::from(size.get()))
        {
            self.not_before = self.not_before.max(now.saturating_add(pause));
        }
    }

    /// When there is something to do again; `None` when only more bytes, or the end, can bring that.
    pub fn poll_timeout(&self) -> Option<Duration> {
        if self.stopped {
            return None;
        }
        let ready = self.chunks.front().map(|chunk| chunk.ready).or(self.stop.map(|(_, ready)| ready))?;
        Some(ready.max(self.not_before))
    }

    /// The most bytes that one write may have now: up to the next place where the stream is cut.
    fn piece(&self) -> u64 {
        let Impairment { rechunk, rate, stall, reset, .. } = self.impairment;
        let to_multiple = |size: u64| size - self.left % size;
        let pieces = rechunk.map(|rechunk| to_multiple(rechunk.size.get().into()));
        let rates = rate.map(|rate| to_multiple((rate.get() / PIECES_PER_SECOND).clamp(1, LARGEST_PIECE)));
        let stalls = stall.filter(|stall| stall.after > self.left).map(|stall| stall.after - self.left);
        let resets = reset.map(|after| after.saturating_sub(self.left));
        [pieces, rates, stalls, resets].into_iter().flatten().min().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::num::{NonZeroU32, NonZeroU64};

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn pieces(size: u32, pause: u64) -> Impairment {
        let rechunk = NonZeroU32::new(size).map(|size| Rechunk { size, pause: ms(pause) });
        Impairment { rechunk, ..Impairment::default() }
    }

    /// What is written, with the time of each write, until there is nothing more to do; how it ended.
    fn run_out(stream: &mut Stream, mut now: Duration) -> (Vec<(Duration, Vec<u8>)>, Vec<Step>) {
        let (mut written, mut others) = (Vec::new(), Vec::new());
        loop {
            match stream.step(now) {
                Step::Write(bytes, range) => {
                    stream.wrote(range.len(), now);
                    written.push((now, bytes[range].to_vec()));
                }
                Step::Wait => match stream.poll_timeout() {
                    Some(due) => now = due,
                    None => return (written, others),
                },
                other => others.push(other),
            }
        }
    }

    fn texts(written: &[(Duration, Vec<u8>)]) -> Vec<&str> {
        written.iter().map(|(_, bytes)| std::str::from_utf8(bytes).unwrap()).collect()
    }

    #[test]
    fn without_impairment_reads_leave_as_they_came() {
        let mut stream = Stream::default();
        assert_eq!(stream.push(b"hello".as_slice().into(), ms(0)), []);
        stream.push(b"!".as_slice().into(), ms(0));
        stream.end(Stop::Finish, ms(0));
        let (written, others) = run_out(&mut stream, ms(0));
        assert_eq!((texts(&written), others), (vec!["hello", "!"], vec![Step::Stop(Stop::Finish)]));
        assert_eq!((stream.waiting, stream.unsent(), stream.is_stopped()), (0, (0, 0), true));
    }

    #[test]
    fn cuts_stand_at_multiples_whatever_was_read_at_once() {
        let mut stream = Stream::new(pieces(3, 10));
        assert_eq!(stream.push(b"abcdefgh".as_slice().into(), ms(0)), [Done::Cut(3)]);
        let (written, _) = run_out(&mut stream, ms(0));
        assert_eq!(texts(&written), ["abc", "def", "gh"]);
        assert_eq!(written.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [ms(0), ms(10), ms(20)]);
        assert_eq!(stream.push(b"ijkl".as_slice().into(), ms(50)), [Done::Cut(2)]);
        assert_eq!(texts(&run_out(&mut stream, ms(50)).0), ["i", "jkl"], "the ninth byte ends a piece");
    }

    #[test]
    fn a_rate_is_kept_and_a_late_timer_made_good() {
        let mut stream = Stream::new(Impairment { rate: NonZeroU64::new(1000), ..Impairment::default() });
        assert_eq!(stream.push(vec![7; 1000].into(), ms(0)), [Done::Slowed(1000)]);
        let (written, _) = run_out(&mut stream, ms(0));
        assert_eq!((written.len(), written.last().unwrap().0), (50, ms(980)));
        let mut now = ms(2000);
        stream.push(vec![7; 1000].into(), now);
        let mut last = now;
        while let Some(due) = stream.poll_timeout() {
            // A timer that is 5 ms late each time.
            now = now.max(due + ms(5));
            while let Step::Write(_, range) = stream.step(now) {
                stream.wrote(range.len(), now);
                last = now;
            }
        }
        assert!(last < ms(3010), "{last:?}");
    }

    #[test]
    fn a_stall_comes_once_at_its_place() {
        let stall = Stall { after: 4, pause: ms(300) };
        let mut stream = Stream::new(Impairment { stall: Some(stall), ..Impairment::default() });
        stream.push(b"abcdefgh".as_slice().into(), ms(0));
        let (written, others) = run_out(&mut stream, ms(0));
        assert_eq!((texts(&written), others), (vec!["abcd", "efgh"], vec![Step::Stalled(ms(300))]));
        assert_eq!(written[1].0, ms(300));
        stream.push(b"i".as_slice().into(), ms(400));
        assert_eq!(run_out(&mut stream, ms(400)).0[0].0, ms(400));
        // Another one, asked for while it runs.
        stream.set(Impairment { stall: Some(Stall { after: 0, pause: ms(7) }), ..Impairment::default() });
        assert_eq!(stream.step(ms(500)), Step::Stalled(ms(7)));
    }

    #[test]
    fn a_reset_comes_after_exactly_so_many_bytes() {
        let mut stream = Stream::new(Impairment { reset: Some(5), ..Impairment::default() });
        stream.push(b"abc".as_slice().into(), ms(0));
        stream.push(b"defgh".as_slice().into(), ms(0));
        let (written, others) = run_out(&mut stream, ms(0));
        assert_eq!((texts(&written), others), (vec!["abc", "de"], vec![Step::Reset]));
        assert_eq!((stream.unsent(), stream.step(ms(9)), stream.poll_timeout()), ((1, 3), Step::Wait, None));
    }

    #[test]
    fn a_delay_holds_the_end_back_too_and_a_reset_goes_before_a_finish() {
        let mut stream = Stream::new(Impairment { delay: ms(20), ..Impairment::default() });
        assert_eq!(stream.push(b"a".as_slice().into(), ms(0)), [Done::Delayed(ms(20))]);
        stream.end(Stop::Finish, ms(5));
        stream.end(Stop::Reset, ms(6));
        stream.end(Stop::Finish, ms(7));
        assert_eq!((stream.step(ms(19)), stream.poll_timeout()), (Step::Wait, Some(ms(20))));
        let (written, others) = run_out(&mut stream, ms(20));
        assert_eq!((written[0].0, others), (ms(20), vec![Step::Stop(Stop::Reset)]));
    }

    #[test]
    fn reading_waits_while_too_much_waits() {
        let mut stream = Stream::new(Impairment { delay: ms(1000), ..Impairment::default() });
        let mut reads = 0;
        while stream.room() > 0 {
            stream.push(vec![0; stream.room().min(1)].into(), ms(0));
            reads += 1;
        }
        assert!((4000..4100).contains(&reads), "short reads fill it too: {reads}");
        run_out(&mut stream, ms(0));
        assert_eq!(stream.room(), BOUND - OVERHEAD);
    }

    fn any_impairment() -> impl Strategy<Value = Impairment> {
        let rechunk = proptest::option::of((1u32..40, 0u64..20));
        let rate = proptest::option::of(1u64..100_000);
        let stall = proptest::option::of((0u64..500, 0u64..500));
        (0u64..100, rechunk, rate, stall).prop_map(|(delay, rechunk, rate, stall)| Impairment {
            delay: ms(delay),
            rechunk: rechunk.and_then(|(size, pause)| Some(Rechunk { size: NonZeroU32::new(size)?, pause: ms(pause) })),
            rate: rate.and_then(NonZeroU64::new),
            stall: stall.map(|(after, pause)| Stall { after, pause: ms(pause) }),
            ..Impairment::default()
        })
    }

    proptest! {
        /// All bytes in their order, none crossing a cut, however they were read and however few the socket takes at once.
        #[test]
        fn bytes_and_order_are_kept(
            impairment in any_impairment(),
            reads in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 1..120), 0u64..30), 0..20),
            takes in 1usize..50,
        ) {
            let mut stream = Stream::new(impairment);
            let (mut now, mut came, mut out, mut ends) = (ms(0), Vec::new(), Vec::new(), 0);
            let mut reads = reads.into_iter();
            let mut open = true;
            while !stream.is_stopped() {
                match reads.next() {
                    Some((bytes, pause)) => {
                        now += ms(pause);
                        came.extend_from_slice(&bytes);
                        stream.push(bytes.into(), now);
                    }
                    None if open => {
                        open = false;
                        stream.end(Stop::Finish, now);
                    }
                    None => now = now.max(stream.poll_timeout().unwrap()),
                }
                loop {
                    match stream.step(now) {
                        Step::Write(bytes, range) => {
                            if let Some(Rechunk { size, .. }) = impairment.rechunk {
                                let (first, last) = (stream.left(), stream.left() + range.len() as u64 - 1);
                                prop_assert_eq!(first / u64::from(size.get()), last / u64::from(size.get()));
                            }
                            let taken = range.len().min(takes);
                            out.extend_from_slice(&bytes[range][..taken]);
                            stream.wrote(taken, now);
                        }
                        Step::Stop(_) => ends += 1,
                        Step::Stalled(_) => {}
                        Step::Reset => prop_assert!(false, "nobody asked for it"),
                        Step::Wait => break,
                    }
                }
            }
            prop_assert_eq!((out, ends, stream.waiting), (came, 1, 0));
        }
    }
}
