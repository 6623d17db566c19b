//! Frames over records, against a second, naive way to find them.

use super::tests::{Session, TINY, ending, peer, rows};
use super::*;
use crate::codec::decoder::escaped;
use crate::codec::encoding::Encoding;
use crate::codec::framing::{Splitter, State};
use crate::session::draft::Draft;
use crate::session::event::What;
use crate::session::id::ConnectionId;
use crate::session::spec::Role;
use crate::traffic::text;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A row without how it is stored: each byte by its place; an empty list and a record for a note.
#[derive(Debug, PartialEq)]
enum Plain {
    Note(RecordId),
    Frame { at: i64, direction: Direction, offset: u64, bytes: Vec<(RecordId, u32)>, end: End },
}

fn plain(row: Row) -> Plain {
    match row {
        Row::Record(id) => Plain::Note(id),
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
        steps in proptest::collection::vec(step(), 0..60), rule in proptest::sample::select(&RULES[..]), records in 1u64..9, bytes in 1usize..40,
        from in 0usize..60
    ) {
        let session = played(&steps);
        let index = session.index(rule, Limits { records, bytes });
        let (expected, open) = naive(&session, rule);
        let all = rows(&index, &session.log);
        let some = from.min(all.len())..all.len().min(from + 7);
        let numbers = some.start as u64..some.end as u64;
        prop_assert_eq!(index.rows_at(numbers, &session.log), Some(all[some].to_vec()));
        let found: Vec<Plain> = all.into_iter().map(plain).collect();
        prop_assert_eq!(found, expected);
        let unfinished: Vec<Plain> = index.unfinished(&session.log).into_iter().map(|frame| plain(Row::Frame(frame))).collect();
        prop_assert_eq!(unfinished, open);
    }

    /// What a replay shows: as many rows as there were when no more records had come.
    #[test]
    fn the_rows_by_then_are_those_of_the_records_by_then(
        steps in proptest::collection::vec(step(), 0..40), rule in proptest::sample::select(&RULES[..]), records in 1u64..9, until in 0u64..42
    ) {
        let session = played(&steps);
        let limits = Limits { records, bytes: 30 };
        let mut by_then = FrameIndex::new(&rule.parse().unwrap(), limits);
        for id in session.ids().filter(|id| id.0 < until) {
            by_then.push(id, session.log.in_memory(id).unwrap());
        }
        let whole = session.index(rule, limits);
        prop_assert_eq!(whole.row_before(RecordId(until), &session.log), Some(by_then.rows().end));
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
            Row::Record(_) => None,
        }).collect();
        frames.extend(index.unfinished(&session.log));
        frames.retain(|frame| frame.peer == peer(1));
        let shown: String = frames.iter().map(|frame| escaped(&text::Reading::of_frame(&session.log, frame, encoding).unwrap().text(usize::MAX))).collect();
        prop_assert_eq!(shown, kept);
    }
}
