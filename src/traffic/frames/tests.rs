//! Frames over records, as a conversation.

use super::*;
use crate::codec::decoder::escaped;
use crate::codec::encoding::Encoding;
use crate::codec::framing::Rule;
use crate::session::event::{EndedBy, Ending, SessionEvent, What};
use crate::session::id::{ConnectionId, SessionId};
use crate::traffic::filing::Streams;
use crate::traffic::log::Log;
use crate::traffic::text;

/// A session's records, as the recorder files them.
#[derive(Default)]
pub(super) struct Session {
    pub log: Log,
    streams: Streams,
    pub now: i64,
}

pub(super) fn peer(connection: u32) -> Peer {
    Peer::connected(ConnectionId(connection), "127.0.0.1:9".parse().unwrap())
}

pub(super) fn ending() -> Ending {
    Ending { by: EndedBy::Us, received: 0, sent: 0 }
}

impl Session {
    pub fn add(&mut self, what: What) {
        let event = SessionEvent { session: SessionId(1), at: Timestamp(self.now), what };
        if let Some((_, record)) = self.streams.file(&event) {
            self.log.push(record);
        }
    }

    pub fn received(&mut self, connection: u32, bytes: &[u8]) {
        self.add(What::Received { peer: peer(connection), bytes: bytes.into() });
    }

    pub fn ids(&self) -> impl Iterator<Item = RecordId> + use<> {
        (self.log.first().0..self.log.next().0).map(RecordId)
    }

    pub fn index(&self, rule: &str, limits: Limits) -> FrameIndex {
        let mut index = FrameIndex::new(&rule.parse().unwrap(), limits);
        for id in self.ids() {
            index.push(id, self.log.in_memory(id).unwrap());
        }
        index
    }
}

pub(super) const TINY: Limits = Limits { records: 3, bytes: 20 };

/// All rows, chunk by chunk.
pub(super) fn rows(index: &FrameIndex, log: &Log) -> Vec<Row> {
    let mut rows = Vec::new();
    while let Some(chunk) = index.chunk_of(index.rows().start + rows.len() as u64) {
        let of_chunk = index.frames(chunk, log).unwrap();
        let numbers = index.rows_of(chunk).unwrap();
        assert_eq!((numbers.start - index.rows().start, numbers.end - numbers.start), (rows.len() as u64, of_chunk.len() as u64));
        for row in &of_chunk {
            let last = match row {
                Row::Record(id) => *id,
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
        Row::Record(_) => "note".to_owned(),
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
    assert_eq!(text::Reading::of_frame(&session.log, &frame, Encoding::GBK).unwrap().text(99).len(), 1);
    assert_eq!(escaped(&text::Reading::of_frame(&session.log, &frame, Encoding::GBK).unwrap().text(3)), "你");
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
        assembler.push(session.log.get(id).unwrap(), &mut |row, _| {
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
        assembler.push(session.log.get(RecordId(0)).unwrap(), &mut |_, _| rows += 1);
    }
    for (now, expected, deadline) in [(19_999, 0, Some(20_000)), (20_000, 1, Some(25_000)), (90_000, 2, None)] {
        assembler.expire(Timestamp(now), &mut |_, _| rows += 1);
        assert_eq!((rows, assembler.deadline()), (expected, deadline.map(Timestamp)));
    }
}
