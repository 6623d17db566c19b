//! Tables of what is concluded and how it is joined: a conversation in, its arrows out as one line each.
//!
//! `own SYN ┄ 0→·` is a dashed arrow from the own end's line 0 that ends level with it; `═` is solid, `✕` was lost, `…` is out of the part
//! that is looked at.

use super::infer::Acks;
use super::join::{Arrow, Fate, Foot, join};
use super::step::{End, Mark, Step};
use super::told::Told;
use super::window::{Block, Ladder, Lane, Places};
use super::wire::Wire;
use super::{Spacing, pair, words};
use crate::diagram::scene::Certainty;
use crate::session::call::{Call, Function, Returned};
use crate::session::draft::Draft;
use crate::session::event::{EndedBy, Ending, Event, Origin, Place, SessionEvent, What};
use crate::session::failure::{Cause, Failure, Operation};
use crate::session::id::{ConnectionId, Peer, SessionId};
use crate::session::spec::Role;
use crate::session::timestamp::Timestamp;
use crate::traffic::filing::Filing;
use crate::traffic::model::{Keeping, Model};
use crate::traffic::record::{Record, RecordId, Records};
use std::cell::RefCell;
use std::time::Duration;

const CLIENT: SessionId = SessionId(1);
const SERVER: SessionId = SessionId(2);
const AT_CLIENT: &str = "127.0.0.1:51000";
const AT_SERVER: &str = "127.0.0.1:9000";

/// Two programs that talk, event by event, a millisecond apart.
struct Talk {
    model: Model,
    filing: Filing,
    now: i64,
}

impl Talk {
    fn new() -> Self {
        Self { model: Model::new(64 << 20, Keeping::InMemory), filing: Filing::default(), now: 0 }
    }

    fn event(&mut self, session: SessionId, what: What) -> &mut Self {
        self.now += 1_000;
        self.model.apply(self.filing.file(Event::Session(SessionEvent { session, at: Timestamp(self.now), what })));
        self
    }

    fn opens(&mut self, session: SessionId, role: Role) -> &mut Self {
        let draft = Draft { remote_port: "9000".into(), local_port: "9000".into(), ..Draft::new(role) };
        self.event(session, What::Opening { spec: Box::new(draft.spec().unwrap()) })
    }

    fn sends(&mut self, session: SessionId, bytes: &[u8]) -> &mut Self {
        self.event(session, What::Sent { peer: peer(session), bytes: bytes.into(), origin: Origin::User })
    }

    fn receives(&mut self, session: SessionId, bytes: &[u8]) -> &mut Self {
        self.event(session, What::Received { peer: peer(session), bytes: bytes.into() })
    }

    fn calls(&mut self, session: SessionId, function: Function, arguments: &str, result: Result<i64, &str>) -> &mut Self {
        let result = match result {
            Ok(value) => Returned::Value(value),
            Err(name) => Returned::Error { code: 1, name: name.into() },
        };
        let connection = peer(session).connection;
        let took = Duration::ZERO;
        let call = Call { function, descriptor: Some(7), connection, arguments: arguments.into(), result, took };
        self.event(session, What::Called(call))
    }

    fn closes(&mut self, session: SessionId, by: EndedBy) -> &mut Self {
        let ending = Ending { by, received: 0, sent: 0 };
        match session {
            CLIENT => self.event(session, What::Closed { ending }),
            _ => self.event(session, What::PeerLeft { peer: peer(session), ending }),
        }
    }

    /// Both are connected.
    fn connected(&mut self) -> &mut Self {
        self.event(CLIENT, What::Connected { peer: peer(CLIENT), local: address(AT_CLIENT) });
        self.event(SERVER, What::PeerJoined { peer: peer(SERVER), local: address(AT_SERVER) })
    }

    /// The ladder of one of them, all of it.
    fn ladder(&self, own: SessionId, acks: Acks) -> (Vec<Step>, Vec<Arrow>) {
        self.part(own, acks, |all| all)
    }

    fn part(
        &self,
        own: SessionId,
        acks: Acks,
        blocks: impl FnOnce(std::ops::Range<u64>) -> std::ops::Range<u64>,
    ) -> (Vec<Step>, Vec<Arrow>) {
        let pairing = pair::other_end(&self.model, own, None);
        let told = |id| {
            let session = self.model.session(id).unwrap();
            let mut told = Told::default();
            told.take(&session.calls, &session.conversations);
            told
        };
        let (own_told, other_told) = (told(own), pairing.as_ref().map(|pairing| told(pairing.session)));
        let lane = |id, told| {
            let session = self.model.session(id).unwrap();
            Lane {
                records: &session.log,
                kept: session.log.first().0..session.log.next().0,
                admitted: None,
                calls: &session.calls,
                conversations: &session.conversations,
                told,
                connections: None,
                local: session.local,
            }
        };
        let places = RefCell::new(Places::default());
        let wire = Wire::default();
        let other =
            pairing.as_ref().zip(other_told.as_ref()).map(|(pairing, told)| (lane(pairing.session, told), &pairing.talks));
        let ladder = Ladder { own: lane(own, &own_told), other, wire: &wire, acks, spacing: Spacing::Even, places: &places };
        let mut steps = Vec::new();
        for position in blocks(ladder.blocks()) {
            match ladder.block(position) {
                Block::Steps(lines) => steps.extend(lines.into_iter().map(|(step, _)| step)),
                Block::Coming => panic!("everything is in memory"),
            }
        }
        let arrows = join(&steps, ladder.seen(), &ladder);
        (steps, arrows)
    }

    /// Its arrows as lines.
    fn arrows(&self, own: SessionId) -> Vec<String> {
        self.ladder(own, Acks::Hidden).1.iter().map(drawn).collect()
    }
}

fn drawn(arrow: &Arrow) -> String {
    let sender = if arrow.sender == End::Own { "own" } else { "other" };
    let style = match (arrow.fate, arrow.certainty) {
        (Fate::Lost, _) => "✕",
        (Fate::Came, Certainty::Observed) => "═",
        (Fate::Came, Certainty::Inferred) => "┄",
    };
    let foot = |foot| match foot {
        Foot::At(step) => step.to_string(),
        Foot::Level => "·".into(),
        Foot::Off => "…".into(),
    };
    format!("{sender} {} {style} {}→{}", words::arrow(&arrow.segment), foot(arrow.from), foot(arrow.to))
}

/// The same without the places.
fn kinds(arrows: &[String]) -> Vec<&str> {
    arrows.iter().map(|arrow| arrow.rsplit_once(' ').unwrap().0).collect()
}

fn address(text: &str) -> crate::session::address::Address {
    text.parse::<std::net::SocketAddr>().unwrap().into()
}

/// The other end, as one of them sees it.
fn peer(session: SessionId) -> Peer {
    match session {
        CLIENT => Peer::connected(ConnectionId(1), address(AT_SERVER)),
        _ => Peer::connected(ConnectionId(2), address(AT_CLIENT)),
    }
}

fn failure(operation: Operation, cause: Cause) -> Failure {
    Failure { operation, address: AT_SERVER.into(), cause, os_code: None }
}

#[test]
fn a_client_alone_sees_its_own_side() {
    let mut talk = Talk::new();
    talk.opens(CLIENT, Role::TcpClient).event(CLIENT, What::Trying { remote: AT_SERVER.parse().unwrap() });
    talk.event(CLIENT, What::Connected { peer: peer(CLIENT), local: address(AT_CLIENT) });
    talk.sends(CLIENT, b"hello").receives(CLIENT, b"hel").closes(CLIENT, EndedBy::Us);
    assert_eq!(
        talk.arrows(CLIENT),
        [
            "own SYN ┄ 1→·",
            "other SYN, ACK ┄ ·→2",
            "own ACK ┄ 3→·",
            "own 5 B ┄ 4→·",
            "other 3 B ═ ·→5",
            "own FIN ┄ 6→·",
            "other ACK ┄ ·→7",
        ],
        "what left was not seen to arrive, what was read was"
    );
}

#[test]
fn both_ends_see_what_travelled_and_nothing_is_told_twice() {
    let mut talk = Talk::new();
    talk.opens(SERVER, Role::TcpServer).opens(CLIENT, Role::TcpClient);
    talk.event(CLIENT, What::Trying { remote: AT_SERVER.parse().unwrap() }).connected();
    talk.sends(CLIENT, b"hello").receives(SERVER, b"hello").sends(SERVER, b"ok").receives(CLIENT, b"ok");
    talk.closes(CLIENT, EndedBy::Us).closes(SERVER, EndedBy::PeerFin);
    let expected = [
        "own SYN ┄",
        "other SYN, ACK ┄",
        "own ACK ┄",
        "own 5 B ═",
        "other 2 B ═",
        "own FIN ┄",
        "own ACK ┄", // of the FIN that the server sends when it has read the client's
    ];
    let arrows = talk.arrows(CLIENT);
    let client = kinds(&arrows);
    for arrow in expected {
        assert!(client.contains(&arrow), "{arrow} is missing in {arrows:#?}");
    }
    // Seen from the server it is the same, with the ends changed.
    let turned: Vec<String> = talk.arrows(SERVER);
    assert_eq!(turned.len(), arrows.len(), "{turned:#?} {arrows:#?}");
    let fins = |arrows: &[String]| arrows.iter().filter(|arrow| arrow.contains("FIN")).count();
    assert_eq!((fins(&arrows), fins(&turned)), (2, 2));
}

#[test]
fn reads_that_split_and_coalesce_are_joined_by_their_bytes() {
    let mut talk = Talk::new();
    talk.connected().sends(CLIENT, b"aaaa").sends(CLIENT, b"bb").sends(CLIENT, b"cccc");
    talk.receives(SERVER, b"aaaabbc").receives(SERVER, b"ccc");
    // Lines: 0 SYN-ACK, 1 ACK, 2 accepted, 3 to 5 writes, 6 and 7 reads.
    let data: Vec<String> = talk.arrows(CLIENT).into_iter().filter(|arrow| arrow.contains(" B ")).collect();
    assert_eq!(data, ["own 4 B ═ 3→6", "own 2 B ═ 4→6", "own 1 B ═ 5→6", "own 3 B ═ 5→7"]);
}

#[test]
fn what_nobody_has_read_yet_is_dashed() {
    let mut talk = Talk::new();
    talk.connected().sends(CLIENT, b"aaaa").receives(SERVER, b"aa");
    let data: Vec<String> = talk.arrows(CLIENT).into_iter().filter(|arrow| arrow.contains(" B ")).collect();
    assert_eq!(data, ["own 2 B ═ 3→4", "own 2 B ┄ 3→·"]);
}

#[test]
fn what_is_read_out_of_sight_runs_off_the_picture() {
    let mut talk = Talk::new();
    talk.connected().sends(CLIENT, b"aaaa").sends(CLIENT, b"bb");
    for byte in [&b"aa"[..], b"aa", b"bb"] {
        talk.receives(SERVER, byte);
    }
    // Only the blocks of the client's own records, and not what came after the last of them.
    let (_, arrows) = talk.part(CLIENT, Acks::Hidden, |all| all.start..all.end - 1);
    let data: Vec<String> = arrows.iter().map(drawn).filter(|arrow| arrow.contains(" B ")).collect();
    assert_eq!(data, ["own 4 B ═ 3→…", "own 2 B ═ 4→…"]);
    // And from below.
    let (_, arrows) = talk.part(CLIENT, Acks::Hidden, |all| all.end - 1..all.end);
    let data: Vec<String> = arrows.iter().map(drawn).collect();
    assert_eq!(data, ["own 2 B ═ …→0", "own 2 B ═ …→1", "own 2 B ═ …→2"]);
}

#[test]
fn a_half_close_is_one_fin_and_the_other_direction_goes_on() {
    let mut talk = Talk::new();
    talk.connected().event(CLIENT, What::Finished { peer: peer(CLIENT) });
    talk.event(SERVER, What::PeerFinished { peer: peer(SERVER) });
    talk.sends(SERVER, b"late").receives(CLIENT, b"late");
    talk.closes(SERVER, EndedBy::Us).closes(CLIENT, EndedBy::PeerFin);
    let after: Vec<String> = talk.arrows(CLIENT).into_iter().skip(2).collect();
    assert_eq!(kinds(&after), ["own FIN ┄", "other ACK ┄", "other 4 B ═", "other FIN ┄", "own ACK ┄"], "{after:#?}");
}

#[test]
fn two_that_close_at_once_send_crossing_fins() {
    let mut talk = Talk::new();
    talk.connected();
    for session in [CLIENT, SERVER] {
        talk.calls(session, Function::Shutdown, "SHUT_WR", Ok(0));
        talk.event(session, What::Finished { peer: peer(session) });
    }
    for session in [CLIENT, SERVER] {
        talk.calls(session, Function::Recv, "\"\", 65536, 0", Ok(0)).calls(session, Function::Close, "", Ok(0));
        talk.closes(session, EndedBy::PeerFin);
    }
    let (steps, arrows) = talk.ladder(CLIENT, Acks::Hidden);
    let feet: Vec<(usize, usize)> = arrows
        .iter()
        .filter(|arrow| words::arrow(&arrow.segment) == "FIN")
        .map(|arrow| match (arrow.from, arrow.to) {
            (Foot::At(from), Foot::At(to)) => (from, to),
            _ => panic!("both were seen: {arrow:?}"),
        })
        .collect();
    assert_eq!(feet.len(), 2);
    let [(from, to), (back, there)] = [feet[0], feet[1]];
    assert!(from < there && back < to, "they cross: {feet:?} {steps:#?}");
}

#[test]
fn calls_tell_what_records_then_need_not() {
    let mut talk = Talk::new();
    talk.event(CLIENT, What::Trying { remote: AT_SERVER.parse().unwrap() });
    talk.calls(CLIENT, Function::Connect, "{…}, 16", Ok(0));
    talk.event(CLIENT, What::Connected { peer: peer(CLIENT), local: address(AT_CLIENT) });
    talk.calls(CLIENT, Function::Recv, "\"\", 65536, 0", Ok(0)).calls(CLIENT, Function::Close, "", Ok(0));
    talk.closes(CLIENT, EndedBy::PeerFin);
    let (steps, arrows) = talk.ladder(CLIENT, Acks::Hidden);
    let drawn: Vec<String> = arrows.iter().map(drawn).collect();
    let expected = ["own SYN ┄", "other SYN, ACK ┄", "own ACK ┄", "other FIN ┄", "own ACK ┄", "own FIN ┄", "other ACK ┄"];
    assert_eq!(kinds(&drawn), expected, "{steps:#?}");
    let at_calls = |kind: &str| {
        arrows.iter().filter(|arrow| words::arrow(&arrow.segment) == kind).all(|arrow| matches!(arrow.mark, Mark::Call(..)))
    };
    assert!(at_calls("SYN") && at_calls("FIN"));
}

/// A call: its function, its arguments, what it returned.
type Made = (Function, &'static str, Result<i64, &'static str>);

#[test]
fn endings_by_their_kind() {
    let linger = ("SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=0}, 8", Function::SetSockOpt);
    let table: [(&str, EndedBy, &[Made], &[&str]); 9] = [
        ("we close", EndedBy::Us, &[], &["own FIN ┄", "other ACK ┄"]),
        ("the peer closes", EndedBy::PeerFin, &[], &["other FIN ┄", "own ACK ┄", "own FIN ┄", "other ACK ┄"]),
        ("we reset", EndedBy::OurReset, &[], &["own RST ┄"]),
        ("the peer resets", EndedBy::PeerReset, &[], &["other RST ┄"]),
        ("silence", EndedBy::TimedOut, &[], &[]),
        ("we reset, by calls", EndedBy::OurReset, &[(linger.1, linger.0, Ok(0)), (Function::Close, "", Ok(0))], &["own RST ┄"]),
        (
            "we close with bytes that were not read",
            EndedBy::Us,
            &[(Function::Shutdown, "SHUT_WR", Ok(0)), (Function::Recv, "…, 1, MSG_PEEK", Ok(1)), (Function::Close, "", Ok(0))],
            &["own FIN ┄", "other ACK ┄", "own RST ┄"],
        ),
        (
            "the peer resets, by calls",
            EndedBy::PeerReset,
            &[(Function::Recv, "", Err("ECONNRESET")), (Function::Close, "", Ok(0))],
            &["other RST ┄"],
        ),
        (
            "we shut and close",
            EndedBy::Us,
            &[(Function::Shutdown, "SHUT_WR", Ok(0)), (Function::Close, "", Ok(0))],
            &["own FIN ┄", "other ACK ┄"],
        ),
    ];
    for (name, by, calls, expected) in table {
        let mut talk = Talk::new();
        talk.event(CLIENT, What::Connected { peer: peer(CLIENT), local: address(AT_CLIENT) });
        for (function, arguments, result) in calls {
            talk.calls(CLIENT, *function, arguments, *result);
        }
        talk.closes(CLIENT, by);
        let arrows: Vec<String> = talk.arrows(CLIENT).into_iter().skip(2).collect();
        assert_eq!(kinds(&arrows), expected, "{name}");
    }
}

#[test]
fn a_connect_that_fails_by_its_cause() {
    let table: [(Cause, i64, &[&str]); 4] = [
        (Cause::Refused, 0, &["own SYN ┄", "other RST ┄"]),
        (Cause::TimedOut, 8, &["own SYN ┄", "own SYN ┄", "own SYN ┄", "own SYN ┄"]),
        (Cause::NetworkUnreachable, 0, &[]),
        (Cause::AddressNotAvailable, 0, &[]),
    ];
    for (cause, seconds, expected) in table {
        let mut talk = Talk::new();
        talk.event(CLIENT, What::Trying { remote: AT_SERVER.parse().unwrap() });
        talk.now += seconds * 1_000_000;
        talk.event(CLIENT, What::Failed(failure(Operation::Connect, cause.clone())));
        assert_eq!(kinds(&talk.arrows(CLIENT)), expected, "{cause:?}");
    }
    let mut talk = Talk::new();
    talk.event(CLIENT, What::Trying { remote: AT_SERVER.parse().unwrap() });
    assert_eq!(kinds(&talk.arrows(CLIENT)), ["own SYN ┄"], "it waits");
}

/// Two UDP sockets.
fn datagrams() -> Talk {
    let mut talk = Talk::new();
    for session in [CLIENT, SERVER] {
        talk.opens(session, Role::Udp);
        let local = if session == CLIENT { AT_CLIENT } else { AT_SERVER };
        talk.event(session, What::Bound { local: address(local), receive_buffer: 0 });
    }
    talk
}

impl Talk {
    fn throws(&mut self, from: SessionId, bytes: &[u8]) -> &mut Self {
        let peer = Peer::datagram(peer(from).address);
        self.event(from, What::Sent { peer, bytes: bytes.into(), origin: Origin::User })
    }

    fn catches(&mut self, at: SessionId, bytes: &[u8]) -> &mut Self {
        let peer = Peer::datagram(peer(at).address);
        self.event(at, What::Received { peer, bytes: bytes.into() })
    }
}

#[test]
fn a_datagram_that_never_came_ends_in_a_cross() {
    let mut talk = datagrams();
    talk.throws(CLIENT, b"one").catches(SERVER, b"one").throws(CLIENT, b"two").throws(CLIENT, b"three").catches(SERVER, b"three");
    talk.throws(CLIENT, b"four");
    let arrows = talk.arrows(CLIENT);
    assert_eq!(kinds(&arrows), ["own UDP 3 B ═", "own UDP 3 B ✕", "own UDP 5 B ═", "own UDP 4 B ┄"], "the last may still come");
    talk.event(SERVER, What::Gap { datagrams: 1, bytes: None, place: Place::Kernel });
    assert_eq!(kinds(&talk.arrows(CLIENT))[3], "own UDP 4 B ✕");
    talk.event(CLIENT, What::Trouble(failure(Operation::Receive, Cause::PortUnreachable)));
    assert_eq!(kinds(&talk.arrows(CLIENT)).last(), Some(&"other ICMP ┄"));
}

#[test]
fn a_datagram_socket_alone_does_not_know_what_came_of_it() {
    let mut talk = Talk::new();
    talk.opens(CLIENT, Role::Udp).throws(CLIENT, b"one").catches(CLIENT, b"two");
    assert_eq!(kinds(&talk.arrows(CLIENT)), ["own UDP 3 B ┄", "other UDP 3 B ═"]);
}

#[test]
fn acknowledgements_of_data_are_shown_on_request() {
    let mut talk = Talk::new();
    talk.connected().sends(CLIENT, b"aaaa").receives(SERVER, b"aaaa");
    let count = |acks| talk.ladder(CLIENT, acks).1.iter().filter(|arrow| words::arrow(&arrow.segment) == "ACK").count();
    assert_eq!((count(Acks::Shown), count(Acks::Hidden)), (2, 1), "that of the handshake always");
}

#[test]
fn a_long_stretch_of_the_other_end_is_counted_and_not_walked() {
    let mut talk = datagrams();
    talk.throws(CLIENT, b"go");
    for number in 0..1_000u32 {
        talk.throws(SERVER, &number.to_be_bytes());
    }
    talk.throws(CLIENT, b"stop");
    let (steps, _) = talk.ladder(CLIENT, Acks::Shown);
    assert!(steps.len() < 60, "{}", steps.len());
    let more = steps.iter().find_map(|step| if let super::step::Says::More(count) = step.says { Some(count) } else { None });
    assert_eq!(more, Some(1_000 - 32));
}

/// Records that count how often they are looked at.
struct Counting<'a> {
    records: &'a crate::traffic::log::Log,
    looks: RefCell<u64>,
}

impl Records for Counting<'_> {
    fn get(&self, id: RecordId) -> Option<Record> {
        *self.looks.borrow_mut() += 1;
        self.records.get(id)
    }

    fn continues(&self, id: RecordId) -> bool {
        self.records.continues(id)
    }
}

/// At a million records a block is found with a few looks, wherever it is.
#[test]
fn a_place_in_a_long_log_is_found_with_few_looks() {
    let mut talk = Talk::new();
    talk.connected();
    for _ in 0..50_000 {
        talk.sends(CLIENT, b"x").receives(SERVER, b"x");
    }
    let pairing = pair::other_end(&talk.model, CLIENT, None).unwrap();
    let (client, server) = (talk.model.session(CLIENT).unwrap(), talk.model.session(SERVER).unwrap());
    let counting = |session: &'static str| match session {
        "client" => Counting { records: &client.log, looks: RefCell::default() },
        _ => Counting { records: &server.log, looks: RefCell::default() },
    };
    let (mine, theirs) = (counting("client"), counting("server"));
    let (told, places, wire) = (Told::default(), RefCell::new(Places::default()), Wire::default());
    let lane = |session: &'_ crate::traffic::model::Session| session.log.first().0..session.log.next().0;
    let own = Lane {
        records: &mine,
        kept: lane(client),
        admitted: None,
        calls: &client.calls,
        conversations: &client.conversations,
        told: &told,
        connections: None,
        local: None,
    };
    let other = Lane {
        records: &theirs,
        kept: lane(server),
        admitted: None,
        calls: &server.calls,
        conversations: &server.conversations,
        told: &told,
        connections: None,
        local: None,
    };
    let other = Some((other, &pairing.talks));
    let ladder = Ladder { own, other, wire: &wire, acks: Acks::Shown, spacing: Spacing::Even, places: &places };
    for position in [40_000, 40_001, 40_002, 10, 49_999] {
        *theirs.looks.borrow_mut() = 0;
        assert!(matches!(ladder.block(position), Block::Steps(_)));
        let looks = *theirs.looks.borrow();
        assert!(looks < 120, "{looks} looks at the other end for block {position}");
    }
}

#[test]
fn a_datagram_to_someone_else_is_no_arrow_to_the_other_end() {
    let mut talk = datagrams();
    talk.throws(CLIENT, b"one").catches(SERVER, b"one");
    let stranger = Peer::datagram(address("127.0.0.1:4"));
    talk.event(CLIENT, What::Sent { peer: stranger, bytes: b"psst".as_slice().into(), origin: Origin::User });
    talk.throws(CLIENT, b"two").catches(SERVER, b"two");
    assert_eq!(kinds(&talk.arrows(CLIENT)), ["own UDP 3 B ═", "own UDP 3 B ═"]);
}

mod properties {
    use super::*;
    use crate::diagram::ladder::paint::{self, Frame, Line, Speaks};
    use crate::diagram::scene::Shape;
    use crate::i18n::Language;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    /// Anything that a log may hold, in any order.
    fn event() -> impl Strategy<Value = (SessionId, u8, Vec<u8>)> {
        let session = prop_oneof![Just(CLIENT), Just(SERVER)];
        (session, 0u8..14, proptest::collection::vec(any::<u8>(), 0..9))
    }

    fn happen(talk: &mut Talk, (session, kind, bytes): (SessionId, u8, Vec<u8>)) {
        let ending = |by| Ending { by, received: 0, sent: 0 };
        match kind {
            0..4 => talk.sends(session, &bytes),
            4..7 => talk.receives(session, &bytes),
            7 => talk.event(session, What::Finished { peer: peer(session) }),
            8 => talk.event(session, What::PeerFinished { peer: peer(session) }),
            9 => talk.event(session, What::PeerLeft { peer: peer(session), ending: ending(EndedBy::PeerReset) }),
            10 => talk.calls(session, Function::Shutdown, "SHUT_WR", Ok(0)),
            11 => talk.calls(session, Function::Recv, "", Err("ECONNRESET")),
            12 => talk.calls(session, Function::Close, "", Ok(0)),
            _ => talk.event(session, What::Failed(failure(Operation::Connect, Cause::TimedOut))),
        };
    }

    proptest! {
        /// Whatever a log holds: nothing that was concluded is drawn as seen, and what was read comes to as many bytes as were read.
        #[test]
        fn only_bytes_are_ever_solid(events in proptest::collection::vec(event(), 0..60), own in prop_oneof![Just(CLIENT), Just(SERVER)]) {
            let mut talk = Talk::new();
            talk.connected();
            for event in events {
                happen(&mut talk, event);
            }
            let (steps, arrows) = talk.ladder(own, Acks::Shown);
            for arrow in &arrows {
                let bytes = matches!(arrow.segment, super::super::step::Segment::Data { .. });
                prop_assert!(bytes || arrow.certainty == Certainty::Inferred, "{arrow:?}");
            }
            for end in [End::Own, End::Other] {
                let read: u64 = steps.iter().filter(|step| step.end == end).map(|step| match step.says {
                    super::super::step::Says::Receive(bytes) => bytes,
                    _ => 0,
                }).sum();
                let drawn: u64 = arrows.iter().filter(|arrow| arrow.sender != end && matches!(arrow.to, Foot::At(_)))
                    .map(|arrow| match arrow.segment {
                        super::super::step::Segment::Data { bytes, .. } => bytes,
                        _ => 0,
                    }).sum();
                prop_assert_eq!(read, drawn, "{:#?}", arrows);
            }
            let zone = TimeZone::UTC;
            let lines: Vec<Line> = steps.iter().enumerate()
                .map(|(index, step)| Line { y: index as f32 * 24.0, step: step.clone(), pause: Some(index as u64) }).collect();
            let frame = Frame {
                width: 700.0,
                height: 400.0,
                own: ["a", "b"],
                other: ["c", "d"],
                left: End::Own,
                other_speaks: Speaks::Yes,
                spacing: Spacing::Even,
                language: Language::Chinese,
                zone: &zone,
            };
            let scene = paint::scene(&lines, &arrows, &frame);
            for item in &scene.items {
                if let Shape::Line { from, to, .. } = &item.shape {
                    prop_assert!(from.y <= 400.0 && to.y <= 400.0, "nothing lies outside of the picture: {item:?}");
                }
            }
        }
    }
}
