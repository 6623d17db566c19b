//! A search equals a naive scan: streams are decoded whole, character by character, and compared one by one.

use super::*;
use crate::codec::encoding::Encoding;
use crate::session::event::{EndedBy, Ending, SessionEvent, What};
use crate::session::id::{ConnectionId, Peer, SessionId};
use crate::session::timestamp::Timestamp;
use crate::traffic::encodings::Encodings;
use crate::traffic::filing::Streams;
use crate::traffic::log::Log;
use crate::traffic::record::{Direction, Record, RecordId};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// One read or send.
#[derive(Clone, Debug)]
struct Part {
    connection: u32,
    direction: Direction,
    bytes: Vec<u8>,
}

/// A stream joined, and for each byte the record that has it and its place there.
type Joined = (Vec<u8>, Vec<(u64, usize)>);

const ENCODINGS: [Encoding; 8] = [
    Encoding::UTF_8,
    Encoding::GBK,
    Encoding::GB18030,
    Encoding::BIG5,
    Encoding::UTF_16LE,
    Encoding::UTF_16BE,
    Encoding::SHIFT_JIS,
    Encoding::EUC_KR,
];

/// Where each character or malformed sequence of a stream begins and ends, and which it is, by encoding_rs alone.
fn characters(encoding: Encoding, bytes: &[u8]) -> Vec<(std::ops::Range<usize>, Option<String>)> {
    let inner = encoding_rs::Encoding::for_label(encoding.name().as_bytes()).unwrap();
    let mut found = Vec::new();
    let mut at = 0;
    'next: while at < bytes.len() {
        let mut decoder = inner.new_decoder_without_bom_handling();
        let mut text = String::with_capacity(64);
        for end in at + 1..=bytes.len() {
            let (result, _) = decoder.decode_to_string_without_replacement(&bytes[end - 1..end], &mut text, false);
            if let encoding_rs::DecoderResult::Malformed(length, _) = result {
                let length = usize::from(length);
                found.push((at..at + length, None));
                at += length;
                continue 'next;
            }
            if !text.is_empty() {
                found.push((at..end, Some(text)));
                at = end;
                continue 'next;
            }
        }
        break;
    }
    found
}

fn same(left: &str, right: &str, ignore_case: bool) -> bool {
    left == right || ignore_case && left.to_lowercase() == right.to_lowercase()
}

/// The bytes of a stream that belong to a match of a text.
fn naive_text(encoding: Encoding, stream: &[u8], typed: &str, ignore_case: bool) -> Vec<std::ops::Range<usize>> {
    let typed: Vec<String> = typed.chars().map(String::from).collect();
    let stream = characters(encoding, stream);
    let fits = |window: &&[(std::ops::Range<usize>, Option<String>)]| {
        window.iter().zip(&typed).all(|((_, one), other)| one.as_ref().is_some_and(|one| same(one, other, ignore_case)))
    };
    stream.windows(typed.len()).filter(fits).map(|window| window[0].0.start..window[window.len() - 1].0.end).collect()
}

fn naive_hex(stream: &[u8], typed: &[(Option<u8>, Option<u8>)]) -> Vec<std::ops::Range<usize>> {
    let fits = |window: &[u8]| {
        window
            .iter()
            .zip(typed)
            .all(|(byte, (high, low))| high.is_none_or(|high| high == byte >> 4) && low.is_none_or(|low| low == byte & 15))
    };
    (0..(stream.len() + 1).saturating_sub(typed.len()))
        .map(|at| at..at + typed.len())
        .filter(|range| fits(&stream[range.clone()]))
        .collect()
}

/// The records that parts become, and a log of them.
fn file(parts: &[Part]) -> (Log, Vec<(RecordId, Record)>) {
    let mut log = Log::default();
    let mut streams = Streams::default();
    let mut records = Vec::new();
    for part in parts {
        let peer = Peer::connected(ConnectionId(part.connection), "127.0.0.1:9".parse().unwrap());
        let bytes = part.bytes.as_slice().into();
        let what = match part.direction {
            Direction::Received => What::Received { peer, bytes },
            Direction::Sent => What::Sent { peer, bytes, origin: crate::session::event::Origin::User },
        };
        let (id, record) = streams.file(&SessionEvent { session: SessionId(1), at: Timestamp(0), what }).unwrap();
        log.push(record.clone());
        records.push((id, record));
    }
    (log, records)
}

fn touched(query: &Query, records: &[(RecordId, Record)]) -> BTreeSet<u64> {
    let mut finder = Finder::new(query.clone());
    let mut found = BTreeSet::new();
    for (id, record) in records {
        finder.push(*id, record.data().unwrap().into(), &mut |hit| assert!(found.insert(hit.0), "{hit:?} is told twice"));
    }
    found
}

/// Compares the finder and the highlights with a naive scan of the joined streams.
fn agrees(query: &Query, parts: &[Part], naive: impl Fn(&[u8]) -> Vec<std::ops::Range<usize>>) -> Result<(), TestCaseError> {
    let (log, records) = file(parts);
    let mut joined: BTreeMap<(u32, bool), Joined> = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        let (bytes, owners) = joined.entry((part.connection, part.direction == Direction::Sent)).or_default();
        bytes.extend_from_slice(&part.bytes);
        owners.extend((0..part.bytes.len()).map(|at| (number as u64, at)));
    }
    let mut expected: BTreeSet<(u64, usize)> = BTreeSet::new();
    for (bytes, owners) in joined.values() {
        for range in naive(bytes) {
            expected.extend(&owners[range]);
        }
    }
    prop_assert_eq!(touched(query, &records), expected.iter().map(|(record, _)| *record).collect::<BTreeSet<_>>());
    let mut marked = BTreeSet::new();
    for (id, record) in &records {
        let data = record.data().unwrap();
        let key = (data.peer.connection.unwrap().0, data.direction == Direction::Sent);
        let after = &joined[&key].0[data.offset as usize + data.bytes.len()..];
        let ranges = query.highlights(&log, *id, &after[..after.len().min(query.reach())]);
        if ranges.len() == 1000 {
            // No more are told of one record.
            expected.retain(|(record, _)| *record != id.0);
            continue;
        }
        prop_assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
        marked.extend(ranges.into_iter().flatten().map(|at| (id.0, at)));
    }
    prop_assert_eq!(marked, expected);
    Ok(())
}

/// Streams cut into parts, in turns. `length` says how long the parts are.
fn cut(streams: &[Vec<u8>], cuts: &[usize]) -> Vec<Part> {
    let mut rest: Vec<&[u8]> = streams.iter().map(Vec::as_slice).collect();
    let mut parts = Vec::new();
    for (turn, cut) in cuts.iter().cycle().enumerate() {
        if rest.iter().all(|rest| rest.is_empty()) {
            return parts;
        }
        // Not always that one, or others would never have their turn.
        let mut which = (turn + cut) % streams.len();
        while rest[which].is_empty() {
            which = (which + 1) % streams.len();
        }
        let (now, later) = rest[which].split_at((*cut).min(rest[which].len()));
        rest[which] = later;
        let direction = if which.is_multiple_of(2) { Direction::Received } else { Direction::Sent };
        if !now.is_empty() {
            parts.push(Part { connection: which as u32 / 2, direction, bytes: now.to_vec() });
        }
    }
    parts
}

/// What the encoding has of a text.
fn kept(encoding: Encoding, text: &str) -> String {
    text.chars().filter(|c| encoding.encode(&c.to_string()).is_ok()).collect()
}

/// A few letters, so that matches are frequent, some stray bytes, and rarely a stretch that makes a record long.
fn stream(encoding: Encoding) -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![8 => "[aA1好你éÉЖж汉 \u{20000}]{0,6}", 1 => "[a好]{2000,3000}"];
    let bytes = prop_oneof![6 => Just(Vec::new()), 1 => proptest::collection::vec(0x80u8.., 1..3)];
    proptest::collection::vec((text, bytes), 0..8).prop_map(move |pieces| {
        let of = |(text, bytes): &(String, Vec<u8>)| [encoding.encode(&kept(encoding, text)).unwrap(), bytes.clone()].concat();
        pieces.iter().flat_map(of).collect()
    })
}

fn case() -> impl Strategy<Value = (Encoding, Vec<Vec<u8>>, String)> {
    (0..ENCODINGS.len()).prop_flat_map(|which| {
        let encoding = ENCODINGS[which];
        let typed = "[aA1好你éÉЖж汉]{1,3}".prop_map(move |typed| kept(encoding, &typed)).prop_filter("empty", |t| !t.is_empty());
        (Just(encoding), proptest::collection::vec(stream(encoding), 4), typed)
    })
}

proptest! {
    #[test]
    fn a_text((encoding, streams, typed) in case(), cuts in proptest::collection::vec(prop_oneof![6 => 1usize..8, 1 => 500usize..9000], 1..40), ignore_case: bool) {
        let pattern = Pattern { kind: Kind::Text, typed: typed.clone(), ignore_case };
        let query = Query::compile(&pattern, &Encodings::fixed(encoding, encoding)).unwrap().unwrap();
        agrees(&query, &cut(&streams, &cuts), |stream| naive_text(encoding, stream, &typed, ignore_case))?;
    }

    #[test]
    fn hex_with_wildcards(streams in proptest::collection::vec(proptest::collection::vec(prop_oneof![6 => 0x10u8..0x14, 1 => any::<u8>()], 0..6000), 4),
            typed in proptest::collection::vec((prop_oneof![Just(Some(1u8)), Just(None)], prop_oneof![(0u8..4).prop_map(Some), Just(None)]), 1..6),
            cuts in proptest::collection::vec(prop_oneof![3 => 1usize..8, 1 => 500usize..9000], 1..40)) {
        let digit = |nibble: &Option<u8>| nibble.map_or("?".to_owned(), |nibble| format!("{nibble:X}"));
        let text: Vec<String> = typed.iter().map(|(high, low)| digit(high) + &digit(low)).collect();
        let pattern = Pattern { kind: Kind::Hex, typed: text.join(" "), ignore_case: false };
        let query = Query::compile(&pattern, &Encodings::fixed(Encoding::UTF_8, Encoding::UTF_8)).unwrap().unwrap();
        agrees(&query, &cut(&streams, &cuts), |stream| naive_hex(stream, &typed))?;
    }

    /// However the stream is cut, a regex touches what it matches in the whole.
    #[test]
    fn a_regex(stream in "[ab1 ]{0,60}", cuts in proptest::collection::vec(1usize..6, 1..20),
            typed in prop_oneof![Just("a+b"), Just("[0-9]+"), Just("ab|b1a"), Just("a.b"), Just("a[^1]{1,5}b"), Just("a[^a]*b")]) {
        let pattern = Pattern { kind: Kind::Regex, typed: typed.to_owned(), ignore_case: false };
        let query = Query::compile(&pattern, &Encodings::fixed(Encoding::GBK, Encoding::GBK)).unwrap().unwrap();
        let (_, records) = file(&cut(&[stream.clone().into_bytes()], &cuts));
        let found = touched(&query, &records);
        let whole = query.find_going(stream.as_bytes(), Direction::Received);
        for (id, record) in &records {
            let data = record.data().unwrap();
            let own = data.offset as usize..data.offset as usize + data.bytes.len();
            if whole.iter().any(|range| range.start < own.end && own.start < range.end) {
                prop_assert!(found.contains(&id.0), "{id:?} of {whole:?}");
            }
        }
    }

    #[test]
    fn nothing_typed_panics(typed in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..200), ignore_case: bool) {
        for kind in [Kind::Text, Kind::Hex, Kind::Regex] {
            let pattern = Pattern { kind, typed: typed.clone(), ignore_case };
            for (receive, send) in [(Encoding::UTF_8, Encoding::GBK), (Encoding::UTF_16LE, Encoding::LATIN_1)] {
                match Query::compile(&pattern, &Encodings::fixed(receive, send)) {
                    Ok(Some(query)) => {
                        query.find_going(&bytes, Direction::Received);
                        query.find_going(&bytes, Direction::Sent);
                    }
                    Ok(None) => {}
                    Err(error) => { error.values(); }
                }
            }
        }
    }
}

#[test]
fn a_match_never_crosses_streams_or_their_end() {
    let pattern = Pattern { typed: "ab".into(), ..Pattern::default() };
    let query = Query::compile(&pattern, &Encodings::fixed(Encoding::GBK, Encoding::GBK)).unwrap().unwrap();
    let peer = |connection| Peer::connected(ConnectionId(connection), "127.0.0.1:9".parse().unwrap());
    let datagram = Peer::datagram("127.0.0.1:9".parse().unwrap());
    let got = |peer, bytes: &[u8]| What::Received { peer, bytes: bytes.into() };
    let ending = || Ending { by: EndedBy::Us, received: 0, sent: 0 };
    let stories: [(Vec<What>, &[u64]); 6] = [
        (vec![got(peer(1), b"a"), got(peer(2), b"b"), got(peer(1), b"b")], &[0, 2]),
        (vec![got(datagram, b"a"), got(datagram, b"b"), got(datagram, b"xab")], &[2]),
        (vec![got(peer(1), b"a"), What::PeerLeft { peer: peer(1), ending: ending() }, got(peer(1), b"b")], &[]),
        (vec![got(peer(1), b"a"), What::PeerLeft { peer: peer(2), ending: ending() }, got(peer(1), b"b")], &[0, 2]),
        (vec![got(peer(1), b"a"), What::Closed { ending: ending() }, got(peer(1), b"b")], &[]),
        (vec![got(peer(1), b"a"), got(peer(1), b""), got(peer(1), b"b")], &[0, 2]),
    ];
    for (story, expected) in stories {
        let mut streams = Streams::default();
        let mut sieve = Sieve::new(Conditions {
            pattern: Some(conditions::Sought { query: query.clone(), wanted: conditions::Wanted::Touched }),
            ..Conditions::default()
        });
        let mut shown = BTreeSet::new();
        for what in story {
            let (id, record) = streams.file(&SessionEvent { session: SessionId(1), at: Timestamp(0), what }).unwrap();
            sieve.push(id, &record, &mut |change| {
                let Change::Shown(id) = change else { panic!("withdrawn") };
                shown.insert(id.0);
            });
        }
        assert_eq!(shown, expected.iter().copied().collect());
    }
}
