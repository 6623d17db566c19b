//! The codec from outside. One line of a table is one case; properties hold for every encoding.

use proptest::prelude::*;
use sockscope::codec::decoder::{Piece, escaped};
use sockscope::codec::detect::{self, Guess, settled};
use sockscope::codec::encoding::Encoding;
use sockscope::codec::{escape, hex, literal};

/// Ordinary text in the scripts that the encodings are for.
const PROSE: &[&str] = &[
    "你好，世界！温度：25℃，湿度 60%。\r\n",
    "联通移动电信，网络调试助手；第3次测试 OK。",
    "繁體中文測試：歡迎使用網路偵錯工具，謝謝。",
    "こんにちは、世界。ネットワークのテスト ｶﾅ 123\n",
    "안녕하세요 세계, 네트워크 시험 1.\n",
    "Привет, мир! Ёж. ",
    "naïve café — “quoted” €5 ÿ",
    "𠮷野家 😀 ḿ ㆐ 〇 ",
];

fn stateful(encoding: Encoding) -> bool {
    encoding.name() == "ISO-2022-JP"
}

/// The decoder of encoding_rs that judges ours; ISO-8859-1 has none.
fn judge(encoding: Encoding) -> Option<&'static encoding_rs::Encoding> {
    let name = if encoding == Encoding::GB2312 { "gbk" } else { encoding.name() };
    (encoding != Encoding::LATIN_1).then(|| encoding_rs::Encoding::for_label(name.as_bytes()).unwrap())
}

fn judged(encoding: Encoding, bytes: &[u8]) -> String {
    match judge(encoding) {
        Some(judge) => judge.decode_without_bom_handling(bytes).0.into_owned(),
        None => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn replaced(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| if let Piece::Text(text) = piece { text } else { "\u{FFFD}" }).collect()
}

fn join(pieces: &mut Vec<Piece>, more: Vec<Piece>) {
    for piece in more {
        match (pieces.last_mut(), piece) {
            (Some(Piece::Text(text)), Piece::Text(more)) => text.push_str(&more),
            (_, piece) => pieces.push(piece),
        }
    }
}

/// Decodes in the given parts. After each, what was put out and what is pending together are what came in.
fn in_parts<'a>(encoding: Encoding, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<Piece> {
    let mut decoder = encoding.decoder();
    let mut pieces = Vec::new();
    let mut read: Vec<u8> = Vec::new();
    for part in parts {
        read.extend_from_slice(part);
        join(&mut pieces, decoder.push(part));
        assert!(decoder.pending().len() <= 3);
        assert!(read.ends_with(decoder.pending()));
        if read.len() < 40 && !stateful(encoding) {
            let settled = &read[..read.len() - decoder.pending().len()];
            assert_eq!(pieces, encoding.decode(settled), "{encoding:?}: settled part of {read:02X?}");
        }
    }
    join(&mut pieces, decoder.finish());
    assert!(decoder.pending().is_empty());
    pieces
}

/// Each piece must be the very bytes of its place: an `Invalid` literally, a `Text` as the decoding of the bytes there.
fn conserved(encoding: Encoding, bytes: &[u8], pieces: &[Piece]) {
    let mut place = 0;
    for piece in pieces {
        match piece {
            Piece::Invalid(invalid) => {
                assert_eq!(bytes.get(place..place + invalid.len()), Some(&invalid[..]), "{encoding:?} {bytes:02X?} {pieces:?}");
                place += invalid.len();
            }
            Piece::Text(_) => {
                let end =
                    (place + 1..=bytes.len()).find(|end| encoding.decode(&bytes[place..*end]) == std::slice::from_ref(piece));
                place = end.unwrap_or_else(|| panic!("{encoding:?}: {piece:?} is not in {bytes:02X?} at {place}"));
            }
        }
    }
    assert_eq!(place, bytes.len(), "{encoding:?}: {bytes:02X?} {pieces:?}");
}

fn check(encoding: Encoding, bytes: &[u8], cuts: &[usize]) {
    let whole = encoding.decode(bytes);
    assert_eq!(replaced(&whole), judged(encoding, bytes), "{encoding:?} {bytes:02X?}");
    assert!(!whole.windows(2).any(|two| matches!(two, [Piece::Text(_), Piece::Text(_)])));
    if !stateful(encoding) {
        conserved(encoding, bytes, &whole);
    }
    assert_eq!(in_parts(encoding, bytes.chunks(1)), whole, "{encoding:?} byte by byte {bytes:02X?}");
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).chain([0, bytes.len()]).collect();
    cuts.sort_unstable();
    let parts = cuts.windows(2).map(|two| &bytes[two[0]..two[1]]);
    assert_eq!(in_parts(encoding, parts), whole, "{encoding:?} {cuts:?} {bytes:02X?}");
}

/// Bytes that matter to some decoder: leads, trails, digits, escapes, surrogates, gaps of tables.
fn telling_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        3 => any::<u8>(),
        4 => prop::sample::select(b"\x1B\x1B($BJI@\x00\x0A 09A\x5C~\x7F\x80\x81\x81\x82\x88\x62\x66\xA3\xA5\x84\x8E\x8F\x90\xA0\xA1\xBF\xC1\xC6\xD8\xD8\xDB\xDC\xDF\xE0\xE3\xED\xEF\xF0\xF4\xF7\xF8\xFC\xFD\xFE\xFF30".to_vec()),
    ]
}

fn garbage(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(telling_byte(), 0..most)
}

/// Prose in the encoding (of each text what it can express), with garbage between.
fn mixed(encoding: Encoding) -> impl Strategy<Value = Vec<u8>> {
    let part = (0..PROSE.len(), any::<prop::sample::Index>(), garbage(4));
    prop::collection::vec(part, 0..6).prop_map(move |parts| {
        let mut bytes = Vec::new();
        for (text, cut, noise) in parts {
            let text: String = PROSE[text].chars().filter(|c| encoding.encode(&c.to_string()).is_ok()).collect();
            let text = encoding.encode(&text).unwrap();
            bytes.extend_from_slice(&text[cut.index(text.len() + 1)..]);
            bytes.extend(noise);
        }
        bytes
    })
}

fn any_encoding() -> impl Strategy<Value = Encoding> {
    prop::sample::select(Encoding::all().to_vec())
}

fn multi_byte() -> impl Strategy<Value = Encoding> {
    let labels =
        ["utf-8", "gbk", "gb18030", "big5", "utf-16le", "utf-16be", "shift_jis", "euc-jp", "euc-kr", "iso-2022-jp", "gb2312"];
    prop::sample::select(labels.map(|label| Encoding::for_label(label).unwrap()).to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decoding_garbage(encoding in multi_byte(), bytes in garbage(24), cuts in prop::collection::vec(0..40usize, 0..5)) {
        check(encoding, &bytes, &cuts);
    }

    #[test]
    fn decoding_prose((encoding, bytes) in any_encoding().prop_flat_map(|encoding| (Just(encoding), mixed(encoding))), cuts in prop::collection::vec(any::<usize>(), 0..6)) {
        check(encoding, &bytes, &cuts);
    }

    /// A fresh decoder from the safe start goes on exactly as the one that has read everything.
    #[test]
    fn safe_start(
        (encoding, bytes, after) in multi_byte().prop_flat_map(|encoding| (Just(encoding), prop_oneof![mixed(encoding), garbage(40)], garbage(12))),
        window in any::<prop::sample::Index>(),
    ) {
        let from = window.index(bytes.len() + 1);
        let seen = &bytes[from..];
        if let Some(start) = encoding.safe_start(seen, from as u64) {
            let mut whole = encoding.decoder();
            whole.push(&bytes);
            let mut fresh = encoding.decoder();
            fresh.push(&seen[start..]);
            prop_assert_eq!(whole.pending(), fresh.pending());
            if !stateful(encoding) {
                prop_assert_eq!(fresh.pending().len(), seen.len() - start, "not the largest");
            }
            for part in after.chunks(3) {
                prop_assert_eq!(whole.push(part), fresh.push(part));
            }
            prop_assert_eq!(whole.finish(), fresh.finish());
        } else {
            prop_assert!(from > 0);
        }
    }

    #[test]
    fn hex_round_trips(bytes in prop::collection::vec(any::<u8>(), 0..80), offset in 0..u64::from(u32::MAX)) {
        prop_assert_eq!(hex::parse(&hex::spaced(&bytes)), Ok(bytes.clone()));
        prop_assert_eq!(hex::parse(&hex::compact(&bytes)), Ok(bytes.clone()));
        prop_assert_eq!(hex::parse(&hex::dump(&bytes, offset)), Ok(bytes.clone()));
        prop_assert_eq!(hex::parse(&literal::c_array(&bytes)), Ok(bytes.clone()));
    }

    /// Nothing that is typed makes a panic, and an error marks a part of the text.
    #[test]
    fn typed_text_never_panics(text in prop_oneof![any::<String>(), r"([0-9a-fx \\,:*|>.\n{}u好-]|0000 |00000010  ){0,40}"]) {
        if let Err(error) = hex::parse(&text) {
            prop_assert!(!text[error.range.clone()].is_empty());
            prop_assert!(error.line >= 1 && error.column >= 1);
        }
        for encoding in [Encoding::UTF_8, Encoding::GB2312, Encoding::UTF_16BE] {
            if let Err(error) = escape::parse(&text, encoding) {
                prop_assert!(!text[error.range].is_empty());
            }
        }
    }

    /// `\xHH` of everything shown as undecodable, typed again, gives the bytes back.
    #[test]
    fn shown_bytes_can_be_typed(bytes in garbage(20)) {
        let shown: String = Encoding::UTF_8.decode(&bytes).into_iter().map(|piece| match piece {
            Piece::Text(text) => text.replace('\\', "\\\\"),
            invalid => escaped(&[invalid]),
        }).collect();
        prop_assert_eq!(escape::parse(&shown, Encoding::UTF_8), Ok(bytes.clone()));
    }

    #[test]
    fn ranking_anything(bytes in prop_oneof![garbage(40), mixed(Encoding::GBK), mixed(Encoding::BIG5), mixed(Encoding::UTF_16LE), mixed(Encoding::UTF_8)]) {
        let verdict = detect::judge(&bytes);
        let ranked = verdict.candidates;
        prop_assert_eq!(verdict.length, bytes.len());
        prop_assert!(verdict.rival.is_none_or(|rival| rival.guess != ranked[0].guess));
        // What the light one stays with reads as this one's best does.
        let same = |guess| ranked.iter().any(|one| one.guess == guess && one.text == ranked[0].text);
        prop_assert!(settled(&bytes).is_none_or(same));
        prop_assert!(ranked.is_sorted_by(|a, b| a.confidence >= b.confidence));
        prop_assert!(ranked.iter().all(|one| (0.0..=1.0).contains(&one.confidence)));
        prop_assert!(ranked.iter().any(|one| one.guess == Guess::Binary));
        for (place, one) in ranked.iter().enumerate() {
            prop_assert!(!ranked[..place].iter().any(|other| other.guess == one.guess));
        }
    }

    #[test]
    fn what_encodes_decodes(encoding in any_encoding(), text in prop_oneof![any::<String>(), prop::sample::select(PROSE.to_vec()).prop_map(String::from)]) {
        match encoding.encode(&text) {
            Ok(bytes) if text.is_empty() => prop_assert!(bytes.is_empty()),
            Ok(bytes) => prop_assert_eq!(encoding.decode(&bytes), vec![Piece::Text(text)]),
            Err(error) => {
                prop_assert_eq!(text[error.byte_offset..].chars().next(), Some(error.character));
                prop_assert_eq!(text.chars().nth(error.index), Some(error.character));
                prop_assert!(encoding.encode(&text[..error.byte_offset]).is_ok());
                prop_assert!(encoding.encode(&error.character.to_string()).is_err());
                prop_assert!(error.encodings.contains(&Encoding::UTF_8));
                for able in error.encodings {
                    prop_assert!(able.encode(&text).is_ok());
                }
            }
        }
    }
}

/// Every cut into two and three of short inputs that have been trouble somewhere.
#[test]
fn every_cut() {
    let inputs: &[&[u8]] = &[
        b"\xE4\xBD\xA0\xE5\xA5\xBD",
        b"\xC1\xAA\xCD\xA8",
        b"\x95\x34\xB2\x35",
        b"\x81\x30\x81x",
        b"\x81\x30\x81\x30",
        b"\x81\x30\x81",
        b"\x84\x31\xA5\x30\x20",
        b"\x81\x30\x81\xFF\xFE\x39\xFE\x39",
        b"\x88\x62\x88\x64\x88\xA3\x88\xA5",
        b"\x88\x20\x88",
        b"\xEF\xBB\xBFa\xEF\xBB\xBF",
        b"\xFF\xFEa\0",
        b"\xFE\xFF\0a",
        b"\x3D\xD8\xA9\xDC\x3D\xD8\x3D\xD8\x41\0\xA9\xDC\x3D",
        b"\xD8\x3D\xDC\xA9\xD8\x3D\0A\xDC\xA9\xD8",
        b"\x1B$B$\x22\x1B(Ba",
        b"\x1B$B\x1B(B\x1B(J",
        b"\x1B(\x1B$",
        b"\x1B$B\x1B$A!",
        b"\x1B$B\x30\x1B(Ba\x1B(",
        b"\x1B(I\x31\x0E\x7F",
        b"\x8F\xA1\xA2\x8E\xB1\x8F\xA1A\x8F",
        b"\x82\xA0\xB1\x81\x20\x81",
        b"\xF0\x9F\x98\x80\xF0\x9F\x98",
        b"\xED\xA0\x80\xF4\x90\x80\x80\xE4\xB8A",
        b"\xEF\xBF\xBD\x80\xFF",
    ];
    for encoding in Encoding::all() {
        for bytes in inputs {
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    check(*encoding, bytes, &[first, second]);
                }
            }
        }
    }
}

#[test]
fn decoding_table() {
    for (label, bytes, text) in [
        ("gbk", &b"\xC1\xAA\xCD\xA8"[..], "联通"),
        ("utf-8", b"\xC1\xAA\xCD\xA8", r"\xC1\xAA\u{368}"),
        ("gb18030", b"\x95\x34\xB2\x35", "𠮷"),
        ("gbk", b"\xEF\xBF\xBD\xEF\xBF\xBD", "锟斤拷"),
        ("gbk", b"\xE4\xBD\xA0\xE5\xA5\xBD", "浣犲ソ"),
        ("gb2312", b"\x80", "€"),
        ("utf-8", b"\xEF\xBB\xBFa", "\u{FEFF}a"),
        ("utf-16le", b"\xFF\xFEa\0", "\u{FEFF}a"),
        ("utf-16le", b"a\0\x3D\xD8", r"a\x3D\xD8"),
        ("utf-8", b"a\xE4\xBD", r"a\xE4\xBD"),
        ("gbk", b"a\xC4\nb", "a\\xC4\nb"),
        ("latin1", b"\x80\xE9\xFF", "\u{80}éÿ"),
        ("windows-1252", b"\x80\x81", "€\u{81}"),
        ("big5", b"\x88\x62", "\u{CA}\u{304}"),
        ("iso-2022-jp", b"\x1B$B$\"\x1B(Ba", "あa"),
        ("x-user-defined", b"\x80", "\u{F780}"),
    ] {
        let text = text.replace(r"\u{368}", "\u{368}");
        assert_eq!(escaped(&Encoding::for_label(label).unwrap().decode(bytes)), text, "{label}");
    }
}

#[test]
fn encoding_table() {
    for (label, text, bytes) in [
        ("utf-8", "你好", Some(&b"\xE4\xBD\xA0\xE5\xA5\xBD"[..])),
        ("gbk", "联通€", Some(b"\xC1\xAA\xCD\xA8\x80")),
        ("gb2312", "联通", Some(b"\xC1\xAA\xCD\xA8")),
        ("gb2312", "啊€", None),
        ("gb2312", "镕", None),
        ("gbk", "镕", Some(b"\xE9\x46")),
        ("gb2312", "ⅰ", None),
        ("gbk", "𠮷", None),
        ("gb18030", "𠮷", Some(b"\x95\x34\xB2\x35")),
        ("utf-16le", "a😀", Some(b"a\0\x3D\xD8\x00\xDE")),
        ("utf-16be", "a😀", Some(b"\0a\xD8\x3D\xDE\x00")),
        ("latin1", "\u{80}ÿ", Some(b"\x80\xFF")),
        ("latin1", "€", None),
        ("windows-1252", "€", Some(b"\x80")),
        ("shift_jis", "a\\~", Some(b"a\\~")),
        ("shift_jis", "¥", None),
        ("euc-jp", "‾", None),
        ("iso-2022-jp", "あ", Some(b"\x1B$B$\"\x1B(B")),
        ("iso-2022-jp", "あ\x1B", None),
        ("big5", "謝", Some(b"\xC1\xC2")),
        ("big5", "谢", None),
    ] {
        assert_eq!(Encoding::for_label(label).unwrap().encode(text).ok().as_deref(), bytes, "{label} {text}");
    }
    let error = Encoding::GBK.encode("好a😀").unwrap_err();
    assert_eq!((error.character, error.index, error.byte_offset), ('😀', 2, 4));
    assert_eq!(error.encodings, [Encoding::UTF_8, Encoding::GB18030, Encoding::UTF_16LE, Encoding::UTF_16BE]);
    assert!(error.to_string().contains("GBK cannot express '😀' (U+1F600), character 3"), "{error}");
    let esc = Encoding::for_label("iso-2022-jp").unwrap().encode("あ\x1B").unwrap_err();
    assert_eq!(esc.character, '\x1B');
}

/// GB/T 2312-1980 has 682 symbols and 6763 hanzi.
#[test]
fn gb2312_has_its_7445_characters() {
    let count = (0x80..0x1_0000).filter_map(char::from_u32).filter(|c| Encoding::GB2312.encode(&c.to_string()).is_ok()).count();
    assert_eq!(count, 682 + 6763);
}

#[test]
fn names() {
    let all = Encoding::all();
    assert_eq!(all.len(), 39 + 2);
    let first: Vec<&str> = all.iter().take(8).map(|encoding| encoding.name()).collect();
    assert_eq!(first, ["UTF-8", "GBK", "GB2312", "GB18030", "Big5", "UTF-16LE", "UTF-16BE", "ISO-8859-1"]);
    for (place, encoding) in all.iter().enumerate() {
        assert!(!all[..place].contains(encoding), "{encoding:?} twice");
        assert_eq!(Encoding::for_label(encoding.name()), Some(*encoding));
        let json = serde_json::to_string(encoding).unwrap();
        assert_eq!(json, format!("\"{encoding:?}\""));
        assert_eq!(serde_json::from_str::<Encoding>(&json).unwrap(), *encoding);
    }
    assert!(serde_json::from_str::<Encoding>("\"klingon\"").is_err());
}

#[test]
fn safe_start_table() {
    for (label, bytes, offset, expected) in [
        ("utf-8", &b"abc"[..], 7, Some(3)),
        ("utf-8", b"\xBD\xA0", 7, None),
        ("utf-8", b"\xBD\xA0\x80", 7, Some(3)),
        ("utf-8", b"a\xE4\xBD", 7, Some(1)),
        ("utf-16le", b"a\0b", 6, Some(2)),
        ("utf-16le", b"a\0b\0", 7, Some(3)),
        ("utf-16le", b"a\0\x3D\xD8", 8, Some(2)),
        ("utf-16le", b"\0", 7, None),
        ("gbk", b"\xC4\xE3\xBA", 8, None),
        ("gbk", b"\xC4\xE3\xBA", 0, Some(2)),
        ("gbk", b" \xC4\xE3\xBA", 8, Some(3)),
        ("gb18030", b"A\x950", 8, Some(1)),
        ("gb18030", b"\x950", 8, None),
        ("latin1", b"\x950", 8, Some(2)),
        ("iso-2022-jp", b"ab", 8, None),
        ("iso-2022-jp", b"a\x1B$B$", 8, Some(1)),
        ("big5", b"", 0, Some(0)),
        ("big5", b"", 5, None),
    ] {
        assert_eq!(Encoding::for_label(label).unwrap().safe_start(bytes, offset), expected, "{label} {bytes:02X?}");
    }
}
