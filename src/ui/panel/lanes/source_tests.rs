//! Windows of long logs: what is read belongs to what is written, wherever the view stands, and nothing out of view is called unread.

use super::*;
use crate::diagram::lanes::turns;
use crate::session::event::{Event, Origin, SessionEvent};
use crate::session::id::Peer;
use crate::store::archive::Readers;
use crate::traffic::filing::Filing;

const WRITER: SessionId = SessionId(1);
const READER: SessionId = SessionId(2);
const WRITES: u64 = 20_000;
const LENGTH: usize = 10;

/// A long talk: each write of 10 bytes, reads of 25; and on the reader's side another client that says something in between.
struct Talk {
    model: Model,
    pages: Pages,
}

fn peer(number: u32) -> Peer {
    Peer::connected(ConnectionId(number), "127.0.0.1:9".parse().unwrap())
}

impl Talk {
    fn new() -> Self {
        let (mut model, mut filing) = (Model::new(1 << 30, crate::traffic::model::Keeping::InMemory), Filing::default());
        let mut tell = |session: SessionId, at: u64, what: What| {
            let event = SessionEvent { session, at: Timestamp(at as i64), what };
            model.apply(filing.file(Event::Session(event)));
        };
        let mut pending = 0;
        for write in 0..WRITES {
            let bytes = vec![(write % 251) as u8; LENGTH];
            tell(WRITER, write * 100, What::Sent { peer: peer(1), bytes: bytes.into(), origin: Origin::User });
            tell(READER, write * 100 + 1, What::Received { peer: peer(9), bytes: vec![0; 3].into() });
            pending += LENGTH;
            while pending >= 25 || (write == WRITES - 1 && pending > 0) {
                let length = pending.min(25);
                pending -= length;
                tell(READER, write * 100 + 2, What::Received { peer: peer(7), bytes: vec![1; length].into() });
            }
        }
        let pages = Pages::start(Readers::default(), Box::new(|| {})).unwrap();
        Self { model, pages }
    }

    fn sight(&self) -> Sight<'_> {
        Sight::new(&self.model, &self.pages, Tails::new(), None)
    }

    fn ends(&self) -> StreamEnds {
        let end = |session, connection| Some(End { session, connection: Some(ConnectionId(connection)) });
        StreamEnds { writer: end(WRITER, 1), reader: end(READER, 7), open: true, title: String::new() }
    }
}

#[test]
fn a_window_anywhere_has_the_reads_of_its_writes() {
    let talk = Talk::new();
    let mut numbering = Numbering::default();
    let reader_length = talk.model.session(READER).unwrap().log.next().0;
    let anchors = [
        (Direction::Sent, Anchor::Newest),
        (Direction::Sent, Anchor::At(RecordId(100))),
        (Direction::Sent, Anchor::At(RecordId(WRITES / 2))),
        (Direction::Sent, Anchor::At(RecordId(WRITES - 1))),
        (Direction::Received, Anchor::Newest),
        (Direction::Received, Anchor::At(RecordId(reader_length / 2))),
    ];
    for (leading, anchor) in anchors {
        let mut sight = talk.sight();
        let found = stream(&mut sight, &talk.ends(), (leading, anchor), &Rule::None, &mut numbering);
        assert!(!sight.is_short());
        let (writes, reads) = (found.part.writes.unwrap().chunks, found.part.reads.unwrap().chunks);
        assert!(writes.len() <= MOST_CHUNKS && reads.len() <= MOST_READS, "{} {}", writes.len(), reads.len());
        let turns = turns(&writes, &reads);
        assert!(turns.len() > 10, "{leading:?} {anchor:?}: {}", turns.len());
        assert_eq!(turns.iter().map(|turn| turn.unread).sum::<u64>(), 0, "{leading:?} {anchor:?}");
        // Five writes of 10 are two reads of 25.
        let whole: Vec<_> = turns.iter().filter(|turn| turn.whole).collect();
        assert!(whole.iter().all(|turn| (turn.writes, turn.reads) == (5, 2)), "{leading:?} {anchor:?}");
        assert!(whole.len() + 2 >= turns.len());
        // A record of the window itself is in it.
        if let (Direction::Sent, Anchor::At(record)) = (leading, anchor) {
            assert!(writes.iter().any(|write| write.record.0 + 3 >= record.0), "{anchor:?}");
        }
    }
}

#[test]
fn numbers_stay_while_the_window_moves_in_steps() {
    let talk = Talk::new();
    let mut numbering = Numbering::default();
    let mut first = |anchor| {
        let mut sight = talk.sight();
        let found = stream(&mut sight, &talk.ends(), (Direction::Sent, anchor), &Rule::None, &mut numbering).part;
        (found.writes.unwrap().chunks[0].record.0, found.first_number)
    };
    // From the beginning on they are counted.
    for record in [100, 350, 600, 900, 700, 400, 50] {
        let (record, number) = first(Anchor::At(RecordId(record)));
        assert_eq!(number, record + 1);
    }
}

#[test]
fn a_quiet_stream_is_found_again_behind_a_flood_of_others() {
    let mut talk = Talk::new();
    let end = End { session: READER, connection: Some(ConnectionId(7)) };
    let mut sight = talk.sight();
    let before = sight.window(end, Direction::Received, Anchor::Newest, (10, 0)).chunks;
    let (_, tails) = sight.end();
    let mut filing = Filing::default();
    filing.adopt(READER, crate::traffic::filing::Streams::starting_at(talk.model.session(READER).unwrap().log.next()));
    for at in 0..2 * SCAN {
        let what = What::Received { peer: peer(9), bytes: vec![0; 3].into() };
        let event = SessionEvent { session: READER, at: Timestamp(WRITES as i64 * 100 + at as i64), what };
        talk.model.apply(filing.file(Event::Session(event)));
    }
    let mut sight = Sight::new(&talk.model, &talk.pages, tails, None);
    assert_eq!(sight.window(end, Direction::Received, Anchor::Newest, (10, 0)).chunks, before);
}

#[test]
fn datagrams_of_another_peer_are_left_out_and_cuts_belong_to_theirs() {
    let (mut model, mut filing) = (Model::default(), Filing::default());
    let address = |port: u16| Address::Ip(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
    let whats = [
        What::Received { peer: Peer::datagram(address(1)), bytes: b"one".to_vec().into() },
        What::Truncated { peer: Peer::datagram(address(1)), kept: 3, whole: Some(9) },
        What::Received { peer: Peer::datagram(address(2)), bytes: b"two".to_vec().into() },
        What::Received { peer: Peer::datagram(address(1)), bytes: b"six".to_vec().into() },
    ];
    for what in whats {
        model.apply(filing.file(Event::Session(SessionEvent { session: READER, at: Timestamp(0), what })));
    }
    let pages = Pages::start(Readers::default(), Box::new(|| {})).unwrap();
    let mut sight = Sight::new(&model, &pages, Tails::new(), None);
    let (found, older) = sight.datagrams(READER, (Direction::Received, Some(address(1))), RecordId(4));
    let told: Vec<_> = found.iter().map(|datagram| (datagram.chunk.record.0, datagram.cut)).collect();
    assert_eq!(told, [(0, Some(Cut { whole: Some(9) })), (3, None)]);
    assert!(!older);
}
