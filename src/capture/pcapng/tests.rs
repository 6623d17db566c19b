//! Our own files: what was written reads back exactly, cut anywhere, and damaged in any way without a panic.

use super::Writer;
use crate::capture::{Capture, Kind, Options, open};
use crate::codec::encoding::Encoding;
use crate::session::event::{EndedBy, Ending, Origin, Place, SessionEvent, Unsent, What};
use crate::session::failure::{Cause, Failure, Operation, OptionName, Owner};
use crate::session::id::{ConnectionId, Peer, SessionId};
use crate::session::reply::Reply;
use crate::session::spec::{Membership, Reading, SessionSpec, Switch, UdpSpec};
use crate::session::timestamp::Timestamp;
use crate::traffic::filing::Streams;
use crate::traffic::record::{Record, RecordId};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::io::Cursor;
use std::net::SocketAddr;
use std::time::Duration;

fn options() -> Options {
    Options { encoding: Encoding::UTF_8, zone: TimeZone::UTC }
}

fn read(file: &[u8]) -> Capture {
    open(Cursor::new(file.to_vec()), &options()).unwrap()
}

/// Events as they can be compared.
fn shown(capture: &mut Capture) -> Vec<String> {
    capture.by_ref().map(|seen| seen.map(|seen| format!("{:?} {:?}", seen.at, seen.what)).unwrap()).collect()
}

fn filed(events: &[(i64, What)]) -> Vec<(RecordId, Record)> {
    let mut streams = Streams::default();
    let event = |(at, what): &(i64, What)| SessionEvent { session: SessionId(3), at: Timestamp(*at), what: what.clone() };
    events.iter().map(event).filter_map(|event| streams.file(&event)).collect()
}

fn written(records: &[(RecordId, Record)]) -> Vec<u8> {
    let mut writer = Writer::new();
    let mut file = Vec::new();
    writer.header(&mut file);
    for (id, record) in records {
        writer.record(*id, record, &mut file);
    }
    file
}

fn failure() -> Failure {
    let owner = Owner { pid: 7, name: Some("占用者".into()) };
    let cause = Cause::AddressInUse(Some(owner));
    Failure { operation: Operation::Option(OptionName("SO_LINGER")), address: "[::1]:9".into(), cause, os_code: Some(98) }
}

/// Every kind of note, at least once.
fn notes(peer: Peer) -> Vec<What> {
    let group = Membership { group: "239.1.1.1".parse().unwrap(), interface: Some("lo".into()) };
    let local: SocketAddr = "0.0.0.0:9".parse().unwrap();
    let spec = UdpSpec {
        local,
        remote: None,
        broadcast: Switch::On,
        groups: vec![group.clone()],
        time_to_live: Some(3),
        multicast_loop: Switch::Off,
        reuse_address: Switch::On,
        receive_buffer: None,
        send_buffer: Some(1),
        reading: Reading::default(),
        reply: Some(Reply::Fixed([1, 2, 255].as_slice().into())),
    };
    let ending = |by| Ending { by, received: 1 << 50, sent: 0 };
    vec![
        What::Opening { spec: Box::new(SessionSpec::Udp(spec)) },
        What::Resolved { host: "例子.cn".into(), addresses: peer.address.ip().into_iter().collect() },
        What::Trying { remote: local },
        What::TryFailed(failure()),
        What::Connected { peer, local: local.into() },
        What::Retrying { after: Duration::from_millis(1500), attempt: 2 },
        What::Listening { local: local.into() },
        What::Bound { local: local.into(), receive_buffer: 425_984 },
        What::PeerJoined { peer, local: local.into() },
        What::Gap { datagrams: 3, bytes: None, place: Place::Kernel },
        What::Gap { datagrams: 1, bytes: Some(9), place: Place::Sockscope },
        What::Gap { datagrams: 0, bytes: Some(9), place: Place::Capture },
        What::PeerFinished { peer },
        What::Finished { peer },
        What::PeerLeft { peer, ending: ending(EndedBy::OurReset) },
        What::Unsent { peer: Some(peer), messages: 1, bytes: 2, reason: Unsent::QueueFull },
        What::Trouble(failure()),
        What::SentPartly { peer, sent: 1, length: 2 },
        What::RepeatStarted { every: Duration::from_micros(1), times: None },
        What::RepeatEnded { sent: u64::MAX },
        What::BroadcastSet(Switch::On),
        What::GroupJoined(group.clone()),
        What::GroupLeft(group),
        What::Failed(failure()),
        What::Closed { ending: ending(EndedBy::Error(failure())) },
    ]
}

fn peers() -> Vec<Peer> {
    let addresses = ["127.0.0.1:80", "10.1.2.3:65535", "[::1]:1", "[fe80::1%3]:7", "[::ffff:10.0.0.1]:5", "[2001:db8::1]:443"];
    let addresses = addresses.map(|address| address.parse().unwrap());
    let tcp = addresses.iter().enumerate().map(|(id, address)| Peer::connected(ConnectionId(id as u32), *address));
    tcp.chain(addresses.iter().map(|address| Peer::datagram(*address))).collect()
}

fn event() -> impl Strategy<Value = (i64, What)> {
    let bytes = prop_oneof![
        8 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => (65_000usize..140_000).prop_map(|length| vec![b'x'; length]),
    ];
    let origin = prop_oneof![Just(Origin::User), Just(Origin::Repeat), Just(Origin::Reply)];
    let at = prop_oneof![8 => 0i64..2_000_000_000_000_000, 1 => any::<i64>()];
    (at, proptest::sample::select(peers()), bytes, origin, 0usize..60).prop_map(|(at, peer, bytes, origin, kind)| {
        let notes = notes(peer);
        let what = match kind {
            0..25 => notes[kind].clone(),
            25..42 => What::Received { peer, bytes: bytes.into() },
            _ => What::Sent { peer, bytes: bytes.into(), origin },
        };
        (at, what)
    })
}

/// A small file with a bit of everything.
fn small() -> Vec<u8> {
    let peer = peers()[3];
    let mut events: Vec<(i64, What)> = notes(peer).into_iter().map(|what| (5, what)).collect();
    events.insert(9, (6, What::Received { peer, bytes: b"hello".as_slice().into() }));
    events.insert(10, (7, What::Sent { peer: peers()[6], bytes: b"".as_slice().into(), origin: Origin::Reply }));
    written(&filed(&events))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Written and opened: the same events, and from them the same records with their places in their streams.
    #[test]
    fn a_recording_reads_back_exactly(events in proptest::collection::vec(event(), 0..40)) {
        let records = filed(&events);
        let mut capture = read(&written(&records));
        prop_assert_eq!(capture.kind(), Kind::Own);
        let seen: Vec<(i64, What)> = capture.by_ref().map(|seen| { let seen = seen.unwrap(); (seen.at.0, seen.what) }).collect();
        prop_assert_eq!(format!("{:?}", filed(&seen)), format!("{records:?}"));
        prop_assert_eq!(capture.summary(), &crate::capture::Summary::default());
    }

    /// A damaged file is read as far as it goes: no panic, no end that never comes.
    #[test]
    fn damaged_files(damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20), cut: prop::sample::Index) {
        let mut file = small();
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        file.truncate(cut.index(file.len()) + 1);
        if let Ok(capture) = open(Cursor::new(file), &options()) {
            prop_assert!(capture.count() < 10_000);
        }
    }

    /// So is garbage behind a section header.
    #[test]
    fn garbage(bytes in proptest::collection::vec(any::<u8>(), 0..2000), big: bool) {
        let mut file = vec![0x0A, 0x0D, 0x0D, 0x0A];
        let order = 0x1A2B_3C4Du32;
        if big {
            file.extend([0, 0, 0, 28]);
            file.extend(order.to_be_bytes());
        } else {
            file.extend([28, 0, 0, 0]);
            file.extend(order.to_le_bytes());
        }
        file.extend(bytes);
        prop_assert!(open(Cursor::new(file), &options()).unwrap().count() < 10_000);
    }
}

#[test]
fn cut_at_any_byte_it_is_good_to_the_last_whole_block() {
    let file = small();
    let all = shown(&mut read(&file));
    for length in 1..file.len() {
        let mut capture = read(&file[..length.max(4)]);
        let seen = shown(&mut capture);
        assert_eq!(seen[..], all[..seen.len()], "cut at {length}");
        let cut = capture.summary().cut as usize;
        assert!(cut <= length.max(4) && capture.position() as usize == length.max(4));
        // What was read is whole: without the cut tail the file says the same.
        let whole = length.max(4) - cut;
        if whole >= 4 {
            assert_eq!(shown(&mut read(&file[..whole])), seen);
        }
    }
    let mut zeros = file.clone();
    zeros.resize(file.len() + 4096, 0);
    let mut capture = read(&zeros);
    assert_eq!(shown(&mut capture), all);
    assert_eq!(capture.summary().cut, 4096);
}

#[test]
fn a_recording_from_the_middle_knows_this_end() {
    let peer = peers()[1];
    let local = "10.1.2.4:5000".parse().unwrap();
    let mut events = vec![(1, What::Received { peer, bytes: b"before".as_slice().into() })];
    events.push((2, What::Received { peer, bytes: b"after".as_slice().into() }));
    let records = filed(&events);
    let mut writer = Writer::new();
    let mut file = Vec::new();
    writer.header(&mut file);
    writer.knows(peer, local);
    writer.record(records[1].0, &records[1].1, &mut file);
    let seen: Vec<_> = read(&file).map(Result::unwrap).collect();
    assert_eq!((seen.len(), seen[0].local), (1, Some(local)));
}

#[test]
fn a_note_cannot_empty_the_log() {
    let mut file = Vec::new();
    Writer::new().header(&mut file);
    for what in
        [r#""Cleared""#, r#""Forgotten""#, r#"{"Received":{"peer":{"address":"1.1.1.1:1","connection":null},"bytes":[1]}}"#, "{"]
    {
        super::block::custom(format!(r#"{{"at":1,"what":{what}}}"#).as_bytes(), &mut file);
    }
    let mut capture = read(&file);
    assert_eq!((shown(&mut capture).len(), capture.summary().unread), (0, 4));
}
