//! Text logs: every dialect, round trips, and whatever else a file may hold.

use super::{Capture, CaptureError, Kind, Options, Summary, open};
use crate::codec::encoding::Encoding;
use crate::i18n::Language;
use crate::session::event::{Origin, SessionEvent, What};
use crate::session::id::{ConnectionId, Peer, SessionId};
use crate::session::timestamp::Timestamp;
use crate::traffic::encodings::Encodings;
use crate::traffic::filing::Streams;
use crate::traffic::format::{Format, Style, Writer};
use crate::traffic::record::Direction;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::io::Cursor;

/// Which way, and what.
type Row = (Direction, Vec<u8>);

fn zone() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(8))
}

fn read(file: &[u8], encoding: Encoding) -> Capture {
    open(Cursor::new(file.to_vec()), &Options { encoding, zone: zone() }).unwrap()
}

fn rows(capture: &mut Capture) -> Vec<Row> {
    capture
        .by_ref()
        .filter_map(|seen| match seen.unwrap().what {
            What::Received { bytes, .. } => Some((Direction::Received, bytes.to_vec())),
            What::Sent { bytes, .. } => Some((Direction::Sent, bytes.to_vec())),
            _ => None,
        })
        .collect()
}

fn exported(format: Format, encoding: Encoding, rows: &[Row]) -> Vec<u8> {
    let peer = Peer::connected(ConnectionId(1), "10.0.0.9:4000".parse().unwrap());
    let style =
        Style { format, encodings: Encodings::fixed(encoding, encoding), zone: zone(), language: Language::English, notes: true };
    let (mut streams, mut writer) = (Streams::default(), Writer::new(style));
    let mut file = Vec::new();
    let connected = What::Connected { peer, local: "10.0.0.1:5000".parse().unwrap() };
    let data = rows.iter().map(|(direction, bytes)| match direction {
        Direction::Received => What::Received { peer, bytes: bytes.as_slice().into() },
        Direction::Sent => What::Sent { peer, bytes: bytes.as_slice().into(), origin: Origin::User },
    });
    for what in std::iter::once(connected).chain(data) {
        let event = SessionEvent { session: SessionId(1), at: Timestamp(1_784_622_034_093_000), what };
        writer.record(&streams.file(&event).unwrap().1, &mut file);
    }
    file
}

const RECEIVED: Direction = Direction::Received;
const SENT: Direction = Direction::Sent;

#[test]
fn the_dialects() {
    let v4 = "[2019-05-15 16:32:52.893]# RECV ASCII>\nAT+OK\n\n[2019-05-15 16:32:53.001]# SEND ASCII>\n你好\n\n";
    let net = "[2026-01-12 17:17:40.121]# RECV ASCII FROM 192.168.2.4 :9023>\nhello\n\n\n[2026-01-12 17:17:41.000]# SEND HEX TO 192.168.2.4:9023>\n01 02 FF \n\n";
    let v5 = "[2026-07-21 08:20:34.093]# RECV HEX/3 <<<\n48 65 6C\n\n[2026-07-21 08:20:39.821]# SEND ASCII/26 >>>\na\n\nb [2026-07-21]# not one\n\n\n";
    let ni_hao = Encoding::GBK.encode("你好").unwrap();
    let table: [(&str, Encoding, Vec<Row>); 4] = [
        (v4, Encoding::GBK, vec![(RECEIVED, b"AT+OK".to_vec()), (SENT, ni_hao)]),
        (v4, Encoding::UTF_8, vec![(RECEIVED, b"AT+OK".to_vec()), (SENT, "你好".into())]),
        (net, Encoding::UTF_8, vec![(RECEIVED, b"hello\n".to_vec()), (SENT, vec![1, 2, 255])]),
        (v5, Encoding::UTF_8, vec![(RECEIVED, b"Hel".to_vec()), (SENT, b"a\n\nb [2026-07-21]# not one\n".to_vec())]),
    ];
    for (file, encoding, expected) in table {
        for file in [file.to_owned(), format!("\u{FEFF}{file}"), file.trim_end().to_owned() + "\n"] {
            let mut capture = read(file.as_bytes(), encoding);
            let mut seen = rows(&mut capture);
            // Without its last line ends the last payload has none either.
            if file.ends_with("one\n") {
                assert_eq!(seen[1].1, b"a\n\nb [2026-07-21]# not one");
                seen[1].1.push(b'\n');
            }
            assert_eq!((capture.kind(), &seen), (Kind::NetAssist, &expected), "{file}");
        }
    }
    // As a file of the system's code page, with the line ends of Windows.
    let file = Encoding::GBK.encode(&v4.replace('\n', "\r\n")).unwrap();
    assert_eq!(rows(&mut read(&file, Encoding::UTF_8))[1].1, "你好".as_bytes());
    let mut capture = read(net.as_bytes(), Encoding::UTF_8);
    let first = capture.next().unwrap().unwrap();
    assert_eq!(first.at, Timestamp(1_768_209_460_121_000));
    assert!(matches!(first.what, What::Received { peer, .. } if peer == Peer::datagram("192.168.2.4:9023".parse().unwrap())));
}

#[test]
fn lengths_tell_where_a_payload_ends() {
    let inner = "x\n[2026-07-21 08:20:34.093]# RECV ASCII/5 <<<\nstill the payload\n\n";
    let file =
        exported(Format::NetAssistText, Encoding::UTF_8, &[(SENT, inner.into()), (RECEIVED, b"\r\n".to_vec()), (SENT, vec![])]);
    let mut capture = read(&file, Encoding::UTF_8);
    assert_eq!(rows(&mut capture), [(SENT, inner.into()), (RECEIVED, b"\r\n".to_vec()), (SENT, vec![])]);
    assert_eq!(capture.summary(), &Summary::default());
}

#[test]
fn another_encoding_is_noticed() {
    let file = exported(Format::NetAssistText, Encoding::GBK, &[(SENT, Encoding::GBK.encode("你好，世界").unwrap())]);
    let mut capture = read(&file, Encoding::UTF_8);
    assert_eq!((rows(&mut capture).len(), capture.summary().misfits), (1, 1));
    assert_eq!(capture.summary().warnings(Language::English).len(), 1);
    let mut capture = read(&file, Encoding::GBK);
    assert_eq!((rows(&mut capture).len(), capture.summary().misfits), (1, 0));
}

#[test]
fn what_is_neither() {
    let open = |file: &'static [u8]| open(Cursor::new(file), &Options { encoding: Encoding::UTF_8, zone: zone() });
    assert!(matches!(open(b""), Err(CaptureError::Empty)));
    for file in [b"%PDF-1.7 and so on".as_slice(), b"\xd4\xc3\xb2\xa1", b"{}", b"[2026-07-21 08:20:34.093]", b"\x0a"] {
        match open(file) {
            Err(CaptureError::Unknown { first }) => assert_eq!(first, file[..file.len().min(16)]),
            _ => panic!("{file:?}"),
        }
    }
}

fn pieces(bytes: &[u8], cuts: &[(usize, bool)]) -> Vec<Row> {
    let mut rest = bytes;
    let mut rows = Vec::new();
    for (cut, sent) in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at((*cut).min(rest.len()));
        // The other direction has the same bytes, so that both are cut within characters.
        rows.push((RECEIVED, now.to_vec()));
        if *sent {
            rows.push((SENT, bytes.to_vec()));
        }
        rest = later;
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Our own log of text, cut anywhere, in any encoding, reads back to the same records.
    #[test]
    fn netassist_text(text in "[你好世界a-c 汉字㐀\r\n\\\\x]{0,40}", cuts in proptest::collection::vec((1usize..5, any::<bool>()), 1..9), encoding in 0usize..5) {
        let encoding = Encoding::all()[encoding];
        let kept: String = text.chars().filter(|c| encoding.encode(&c.to_string()).is_ok()).collect();
        let rows_written = pieces(&encoding.encode(&kept).unwrap(), &cuts);
        prop_assume!(!rows_written.is_empty());
        let mut capture = read(&exported(Format::NetAssistText, encoding, &rows_written), encoding);
        prop_assert_eq!(rows(&mut capture), rows_written);
        prop_assert_eq!(capture.summary(), &Summary::default());
    }

    /// Any bytes in hex, and in JSON lines, whatever they say as text.
    #[test]
    fn any_bytes(written in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..80)), 1..20)) {
        let written: Vec<Row> = written.into_iter().map(|(sent, bytes)| (if sent { SENT } else { RECEIVED }, bytes)).collect();
        for format in [Format::NetAssistHex, Format::JsonLines] {
            let mut capture = read(&exported(format, Encoding::GBK, &written), Encoding::GBK);
            prop_assert_eq!(&rows(&mut capture), &written);
            prop_assert_eq!(capture.summary(), &Summary::default());
        }
    }

    /// Undecodable bytes in a text log: all of them come back where no text looks like an escape.
    #[test]
    fn undecodable_bytes(bytes in proptest::collection::vec(prop_oneof![Just(0xFFu8), Just(0xC4), b'a'..=b'e', Just(b'\n')], 1..40)) {
        let written = vec![(RECEIVED, bytes)];
        let mut capture = read(&exported(Format::NetAssistText, Encoding::UTF_8, &written), Encoding::UTF_8);
        let seen = rows(&mut capture);
        // The start of a character that no record ends is in no text.
        let start = usize::from(written[0].1.last() == Some(&0xC4));
        prop_assert_eq!(&seen[0].1[..], &written[0].1[..written[0].1.len() - start]);
    }

    /// Any text, damaged, and any bytes: no panic, no end that never comes.
    #[test]
    fn anything(bytes in proptest::collection::vec(any::<u8>(), 0..2000), lines in "(\\[2026-07-21 08:20:34.093\\]# (RECV|SEND) (HEX|ASCII)(/[0-9]{1,20})? (<<<|>>>|>)\n|\\\\x[0-9A-F]{2}|你|\n|[{\"}a]){0,40}", kind in 0usize..5) {
        let head: &[u8] = [b"".as_slice(), b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"{\"event\":\"", b"[2019-05-15 16:32:52.893]# RECV ASCII>\n"][kind];
        for tail in [&bytes[..], lines.as_bytes()] {
            for encoding in [Encoding::UTF_8, Encoding::UTF_16LE, Encoding::GBK] {
                if let Ok(capture) = open(Cursor::new([head, tail].concat()), &Options { encoding, zone: zone() }) {
                    prop_assert!(capture.count() < 10_000);
                }
            }
        }
    }
}
