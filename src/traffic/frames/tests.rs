//! Frames over records: as a conversation, and against a second, naive way to find them.

use super::*;
use crate::codec::decoder::escaped;
use crate::codec::encoding::Encoding;
use crate::codec::framing::{Rule, Splitter, State};
use crate::session::draft::Draft;
use crate::session::event::{EndedBy, Ending, SessionEvent, What};
use crate::session::id::{ConnectionId, SessionId};
use crate::session::spec::Role;
use crate::traffic::filing::Streams;
use crate::traffic::log::Log;
use crate::traffic::text;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A session's records, as the recorder files them.
#[derive(Default)]
struct Session {
    log: Log,
    streams: Streams,
    now: i64,
}

fn peer(connection: u32) -> Peer {
    Peer::connected(ConnectionId(connection), "127.0.0.1:9".parse().unwrap())
}

fn ending() -> Ending {
    Ending { by: EndedBy::Us, received: 0, sent: 0 }
}

impl Session {
    fn add(&mut self, what: What) {
        let event = SessionEvent { session: SessionId(1), at: Timestamp(self.now), what };
        if let Some((_, record)) = self.streams.file(&event) {
            self.log.push(record);
        }
    }

    fn received(&mut self, connection: u32, bytes: &[u8]) {
        self.add(What::Received { peer: peer(connection), bytes: bytes.into() });
    }

    fn ids(&self) -> impl Iterator<Item = RecordId> + use<> {
        (self.log.first().0..self.log.next().0).map(RecordId)
    }

    fn index(&self, rule: &str, limits: Limits) -> FrameIndex {
        let mut index = FrameIndex::new(&rule.parse().unwrap(), limits);
        for id in self.ids() {
            index.push(id, self.log.in_memory(id).unwrap());
        }
        index
    }
}

const TINY: Limits = Limits { records: 3, bytes: 20 };

/// All rows, chunk by chunk.
fn rows(index: &FrameIndex, log: &Log) -> Vec<Row> {
    let mut rows = Vec::new();
    while let Some(chunk) = index.chunk_of(index.rows().start + rows.len() as u64) {
        let of_chunk = index.frames(chunk, log).unwrap();
        let numbers = index.rows_of(chunk).unwrap();
        assert_eq!((numbers.start - index.rows().start, numbers.end - numbers.start), (rows.len() as u64, of_chunk.len() as u64));
        for row in &of_chunk {
            let last = match row {
                Row::Note(id) => *id,
                Row::Frame(frame) => frame.last_record().unwrap(),
            };
            assert!(index.chunk_of_record(last).is_some_and(|home| home <= chunk), "{row:?}");
        }
        rows.extend(of_chunk);
    }
    assert_eq!(index.rows().end - index.rows().start, rows.len() as u64);
    rows
}

/// Each row as text: connection, arrow, bytes and how it ends.
fn told(session: &Session, rows: &[Row]) -> Vec<String> {
    let tell = |row: &Row| match row {
        Row::Note(_) => "note".to_owned(),
        Row::Frame(frame) => {
            let bytes = frame.bytes(&session.log).unwrap();
            let who = frame.peer.connection.map_or("datagram".to_owned(), |id| id.0.to_string());
            let end = if frame.end == End::Complete { String::new() } else { format!(" {:?}", frame.end) };
            format!("{who} {} {}{end}", frame.direction.arrow(), bytes.escape_ascii())
        }
    };
    rows.iter().map(tell).collect()
}

#[test]
fn lines_of_two_clients() {
    let mut session = Session::default();
    session.received(1, b"he");
    session.received(2, b"one\ntw");
    session.received(1, b"llo\n$ ");
    session.add(What::Sent { peer: peer(1), bytes: b"ls\n"[..].into(), origin: Origin::User });
    session.add(What::Received { peer: Peer::datagram("127.0.0.1:9".parse().unwrap()), bytes: b"a\nb"[..].into() });
    session.add(What::Received { peer: Peer::datagram("127.0.0.1:9".parse().unwrap()), bytes: b""[..].into() });
    session.add(What::PeerLeft { peer: peer(2), ending: ending() });
    let index = session.index("line", TINY);
    let so_far = [
        "2 ← one\\n",
        "1 ← hello\\n",
        "1 → ls\\n",
        "datagram ← a\\n",
        "datagram ← b Unfinished",
        "datagram ← ",
        "2 ← tw Unfinished",
        "note",
    ];
    assert_eq!(told(&session, &rows(&index, &session.log)), so_far);
    let open: Vec<Row> = index.unfinished(&session.log).into_iter().map(Row::Frame).collect();
    assert_eq!(told(&session, &open), ["1 ← $  Unfinished"]);
    session.add(What::Closed { ending: ending() });
    let index = session.index("line", TINY);
    assert_eq!(told(&session, &rows(&index, &session.log))[so_far.len()..], ["1 ← $  Unfinished", "note"]);
    assert!(index.unfinished(&session.log).is_empty());
}

#[test]
fn without_a_rule_a_row_is_a_read() {
    let mut session = Session::default();
    session.received(1, b"a\nb");
    session.add(What::Received { peer: Peer::datagram("127.0.0.1:9".parse().unwrap()), bytes: b""[..].into() });
    session.add(What::Closed { ending: ending() });
    let index = session.index("none", TINY);
    assert_eq!(told(&session, &rows(&index, &session.log)), ["1 ← a\\nb", "datagram ← ", "note"]);
}

#[test]
fn a_frame_is_a_record_with_its_place_and_text() {
    let mut session = Session { now: 5, ..Session::default() };
    session.received(1, b"x\n\xc4\xe3");
    session.now = 7;
    session.received(1, b"\xba\xc3\n");
    let index = session.index("line", TINY);
    let Some(Row::Frame(frame)) = rows(&index, &session.log).pop() else { panic!("no frame") };
    assert_eq!((frame.parts.as_slice(), frame.length()), (&[(RecordId(0), 2..4), (RecordId(1), 0..3)][..], 5));
    let record = frame.as_record(&session.log).unwrap();
    let data = record.data().unwrap();
    assert_eq!((record.at, data.offset, data.previous, &data.bytes[..]), (Timestamp(7), 2, None, &b"\xc4\xe3\xba\xc3\n"[..]));
    assert_eq!(text::of_frame(&session.log, &frame, Encoding::GBK, 99).len(), 1);
    assert_eq!(escaped(&text::of_frame(&session.log, &frame, Encoding::GBK, 3)), "你");
}

#[test]
fn a_frame_that_silence_ended_is_as_old_as_its_bytes() {
    let mut session = Session::default();
    session.received(1, b"a");
    session.now = 50_000;
    session.received(1, b"b");
    let index = session.index("idle:20", TINY);
    let Row::Frame(frame) = &rows(&index, &session.log)[0] else { panic!("no frame") };
    assert_eq!((frame.at, frame.end, frame.length()), (Timestamp(0), End::Complete, 1));
    assert_eq!(index.unfinished(&session.log).len(), 1);
}

#[test]
fn what_is_gone_is_not_waited_for() {
    let mut session = Session::default();
    for line in ["a1", "b2\nc", "d\ne", "f", "g\n", "h\ni\n"] {
        session.received(1, line.as_bytes());
    }
    let mut index = session.index("line", Limits { records: 2, bytes: 99 });
    let all = rows(&index, &session.log);
    for _ in 0..3 {
        session.log.evict();
    }
    assert_eq!(index.frames(1, &session.log), None, "not at hand");
    index.forget_before(session.log.first());
    // The chunk of records 2 and 3 went with record 2; the rows keep their numbers.
    assert_eq!(
        (index.rows(), index.chunk_of(1), index.chunk_of(2), index.chunk_of_record(RecordId(3))),
        (2..5, None, Some(2), None)
    );
    assert_eq!(told(&session, &rows(&index, &session.log)), ["1 ← fg\\n", "1 ← h\\n", "1 ← i\\n"], "e is gone");
    assert_eq!(all.len(), 5);
    session.received(1, b"j\n");
    index.push(RecordId(6), session.log.in_memory(RecordId(6)).unwrap());
    assert_eq!(index.rows(), 2..6);
    index.forget_before(RecordId(7));
    assert_eq!((index.rows(), index.chunk_of(5)), (6..6, None));
}

#[test]
fn streams_that_ended_leave_the_tables() {
    let mut session = Session::default();
    for connection in 0..100 {
        session.received(connection, b"no end");
        session.received(connection, b"\n");
        session.received(connection, b"prompt");
        if connection % 2 == 0 {
            session.add(What::PeerLeft { peer: peer(connection), ending: ending() });
        }
    }
    let index = session.index("line", Limits::default());
    assert_eq!(index.unfinished(&session.log).len(), 50);
    session.add(What::Closed { ending: ending() });
    let mut index = session.index("line", Limits::default());
    assert!(index.unfinished(&session.log).is_empty());
    index.forget_before(index.next());
    assert_eq!(index.rows(), 251..251);
}

#[test]
fn rows_as_they_become_complete() {
    let mut session = Session::default();
    session.received(1, b"he");
    session.add(What::Sent { peer: peer(1), bytes: b"ls"[..].into(), origin: Origin::User });
    session.received(1, b"llo\n$ ");
    session.add(What::Closed { ending: ending() });
    let mut assembler = Assembler::new(&Rule::Line);
    let mut rows = Vec::new();
    for id in session.ids() {
        assembler.push(session.log.get(id).unwrap(), &mut |row| {
            rows.push(row.data().map(|data| String::from_utf8(data.bytes.to_vec()).unwrap()));
        });
    }
    assert_eq!(rows, [Some("ls".into()), Some("hello\n".into()), Some("$ ".into()), None]);
    assert_eq!(assembler.deadline(), None);

    let mut assembler = Assembler::new(&"idle:20".parse().unwrap());
    let mut rows = 0;
    for (at, connection) in [(0, 1), (5000, 2)] {
        let mut session = Session { now: at, ..Session::default() };
        session.received(connection, b"x");
        assembler.push(session.log.get(RecordId(0)).unwrap(), &mut |_| rows += 1);
    }
    for (now, expected, deadline) in [(19_999, 0, Some(20_000)), (20_000, 1, Some(25_000)), (90_000, 2, None)] {
        assembler.expire(Timestamp(now), &mut |_| rows += 1);
        assert_eq!((rows, assembler.deadline()), (expected, deadline.map(Timestamp)));
    }
}

/// A row without how it is stored: each byte by its place; an empty list and a record for a note.
#[derive(Debug, PartialEq)]
enum Plain {
    Note(RecordId),
    Frame { at: i64, direction: Direction, offset: u64, bytes: Vec<(RecordId, u32)>, end: End },
}

fn plain(row: Row) -> Plain {
    match row {
        Row::Note(id) => Plain::Note(id),
        Row::Frame(Frame { at, direction, offset, parts, end, .. }) => {
            let bytes = parts.into_iter().flat_map(|(id, range)| range.map(move |place| (id, place))).collect();
            Plain::Frame { at: at.0, direction, offset, bytes, end }
        }
    }
}

/// A stream as the naive way knows it.
#[derive(Default)]
struct Naive {
    state: State,
    length: u64,
    at: i64,
    bytes: Vec<(RecordId, u32)>,
}

impl Naive {
    fn frame(&mut self, direction: Direction, end: End) -> Plain {
        let bytes = std::mem::take(&mut self.bytes);
        Plain::Frame { at: self.at, direction, offset: self.length - bytes.len() as u64, bytes, end }
    }
}

/// The rows and the unfinished frames, found byte by byte with everything kept.
fn naive(session: &Session, rule: &str) -> (Vec<Plain>, Vec<Plain>) {
    let splitter = Splitter::new(&rule.parse().unwrap());
    let mut rows = Vec::new();
    let mut streams: BTreeMap<(u32, Direction), Naive> = BTreeMap::new();
    let finish = |stream: &mut Naive, direction, rows: &mut Vec<Plain>| {
        rows.extend(splitter.finish(&stream.state).map(|end| stream.frame(direction, end)));
    };
    for id in session.ids() {
        let record = session.log.get(id).unwrap();
        match record.entry {
            Entry::Data(data) => {
                let connection = data.peer.connection.map(|connection| connection.0);
                // A datagram's stream is begun afresh each time.
                let key = (connection.unwrap_or(99), data.direction);
                let stream = streams.entry(key).or_default();
                let before = rows.len();
                for (place, byte) in data.bytes.iter().enumerate() {
                    let mut ends = Vec::new();
                    splitter.push(&mut stream.state, &[*byte], record.at.0, &mut |cut| ends.push(cut));
                    for cut in ends.iter().filter(|cut| cut.end == 0) {
                        rows.push(stream.frame(data.direction, cut.why));
                    }
                    stream.bytes.push((id, place as u32));
                    stream.length += 1;
                    stream.at = record.at.0;
                    for cut in ends.iter().filter(|cut| cut.end == 1) {
                        rows.push(stream.frame(data.direction, cut.why));
                    }
                }
                if connection.is_none() {
                    finish(stream, data.direction, &mut rows);
                    if rows.len() == before {
                        let end = if data.bytes.is_empty() { End::Complete } else { End::Unfinished };
                        stream.at = record.at.0;
                        rows.push(stream.frame(data.direction, end));
                    }
                    streams.remove(&key);
                }
            }
            Entry::Note(what) => {
                let ended: Vec<_> = match *what {
                    What::PeerLeft { peer, .. } => {
                        streams.keys().copied().filter(|key| Some(ConnectionId(key.0)) == peer.connection).collect()
                    }
                    What::Closed { .. } | What::Opening { .. } => streams.keys().copied().collect(),
                    _ => Vec::new(),
                };
                for key in ended {
                    finish(&mut streams.remove(&key).unwrap(), key.1, &mut rows);
                }
                rows.push(Plain::Note(id));
            }
        }
    }
    let mut open: Vec<_> = streams.into_iter().filter(|(_, stream)| splitter.finish(&stream.state).is_some()).collect();
    open.sort_by_key(|(_, stream)| stream.bytes.last().copied());
    (rows, open.into_iter().map(|((_, direction), mut stream)| stream.frame(direction, End::Unfinished)).collect())
}

#[derive(Clone, Debug)]
enum Step {
    Bytes { connection: u32, is_sent: bool, bytes: Vec<u8>, wait: i64 },
    Datagram(Vec<u8>),
    Left(u32),
    Note,
    Closed,
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = || proptest::collection::vec(proptest::sample::select(&b"{}[]\",:1ab \r\n\0\x01\x02\xc4\xe3"[..]), 1..12);
    let data = (0u32..3, any::<bool>(), bytes(), 0i64..30);
    prop_oneof![
        12 => data.prop_map(|(connection, is_sent, bytes, wait)| Step::Bytes { connection, is_sent, bytes, wait }),
        2 => bytes().prop_map(Step::Datagram),
        1 => Just(Step::Datagram(Vec::new())),
        1 => (0u32..3).prop_map(Step::Left),
        1 => Just(Step::Note),
        1 => Just(Step::Closed),
    ]
}

fn played(steps: &[Step]) -> Session {
    let mut session = Session::default();
    for step in steps {
        let what = match step {
            Step::Bytes { connection, is_sent, bytes, wait } => {
                session.now += wait * 1000;
                let (peer, bytes) = (peer(*connection), bytes.as_slice().into());
                if *is_sent { What::Sent { peer, bytes, origin: Origin::User } } else { What::Received { peer, bytes } }
            }
            Step::Datagram(bytes) => {
                What::Received { peer: Peer::datagram("127.0.0.1:9".parse().unwrap()), bytes: bytes.as_slice().into() }
            }
            Step::Left(connection) => What::PeerLeft { peer: peer(*connection), ending: ending() },
            Step::Note => What::Opening { spec: Box::new(Draft::new(Role::TcpClient).spec().unwrap()) },
            Step::Closed => What::Closed { ending: ending() },
        };
        session.add(what);
    }
    session
}

/// Without `none`, whose frames are the reads and not the bytes.
const RULES: [&str; 9] = [
    "line",
    "fixed:3",
    "fixed:7",
    "length:1",
    "length:2le,offset=1,adjust=-3",
    "delimiter:0d0a",
    "delimiter:6161",
    "idle:20",
    "json",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn chunk_by_chunk_is_as_in_one_pass(
        steps in proptest::collection::vec(step(), 0..60), rule in proptest::sample::select(&RULES[..]), records in 1u64..9, bytes in 1usize..40
    ) {
        let session = played(&steps);
        let index = session.index(rule, Limits { records, bytes });
        let (expected, open) = naive(&session, rule);
        let found: Vec<Plain> = rows(&index, &session.log).into_iter().map(plain).collect();
        prop_assert_eq!(found, expected);
        let unfinished: Vec<Plain> = index.unfinished(&session.log).into_iter().map(|frame| plain(Row::Frame(frame))).collect();
        prop_assert_eq!(unfinished, open);
    }

    /// The frames' texts in a row are the stream's text, wherever the rule cuts its characters.
    #[test]
    fn texts_of_frames_join_to_the_stream(text in "[你好世界a-c 汉字㐀𠀀\n]{0,60}", cut in 1usize..9, length in 1u32..9, encoding in 0usize..8) {
        let encoding = Encoding::all()[encoding];
        let kept: String = text.chars().filter(|c| encoding.encode(&c.to_string()).is_ok()).collect();
        let mut session = Session::default();
        for read in encoding.encode(&kept).unwrap().chunks(cut) {
            session.received(1, read);
            session.received(2, b"\xc4");
        }
        let index = session.index(&format!("fixed:{length}"), TINY);
        let mut frames: Vec<Frame> = rows(&index, &session.log).into_iter().filter_map(|row| match row {
            Row::Frame(frame) => Some(frame),
            Row::Note(_) => None,
        }).collect();
        frames.extend(index.unfinished(&session.log));
        frames.retain(|frame| frame.peer == peer(1));
        let shown: String = frames.iter().map(|frame| escaped(&text::of_frame(&session.log, frame, encoding, usize::MAX))).collect();
        prop_assert_eq!(shown, kept);
    }
}
