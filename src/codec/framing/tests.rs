//! Every rule by example, and what holds for all of them by property.

use super::*;
use proptest::prelude::*;

type Framed = (Vec<u8>, End);

/// The frames of reads that come at these milliseconds, and what would end with them if nothing more came.
fn framed_at(rule: &str, reads: &[(i64, &[u8])]) -> (Vec<Framed>, Option<Framed>) {
    let splitter = Splitter::new(&rule.parse().unwrap_or_else(|error| panic!("{rule}: {error}")));
    let mut state = State::default();
    let (mut frames, mut pending) = (Vec::new(), Vec::new());
    for (millis, bytes) in reads {
        let mut from = 0;
        splitter.push(&mut state, bytes, millis * 1000, &mut |cut| {
            pending.extend_from_slice(&bytes[from..cut.end]);
            from = cut.end;
            frames.push((std::mem::take(&mut pending), cut.why));
        });
        pending.extend_from_slice(&bytes[from..]);
        assert_eq!(state.pending(), pending.len(), "{rule}");
    }
    let rest = splitter.finish(&state).map(|why| (pending, why));
    (frames, rest)
}

fn framed(rule: &str, reads: &[&[u8]]) -> (Vec<Framed>, Option<Framed>) {
    framed_at(rule, &reads.iter().map(|read| (0, *read)).collect::<Vec<_>>())
}

/// `"a\n" "b\n" … "c"`: each frame, marked where it is not complete, and after dots what is pending.
fn shown(rule: &str, bytes: &[u8]) -> String {
    let (frames, rest) = framed(rule, &[bytes]);
    let show = |(bytes, why): &Framed| {
        let mark = match why {
            End::Complete => "",
            End::Cut => "+",
            End::BadLength => "?",
            End::NotJson => "!",
            End::Unfinished => "~",
        };
        // A quotation mark needs no backslash here.
        format!("{}{mark}", bytes.escape_ascii().to_string().replace("\\\"", "\""))
    };
    let mut all: Vec<String> = frames.iter().map(show).collect();
    all.extend(rest.iter().map(|rest| format!("…{}", show(rest))));
    all.join("|")
}

#[test]
fn every_rule() {
    let table: &[(&str, &[u8], &str)] = &[
        ("none", b"a\nb", "a\\nb"),
        ("none", b"", ""),
        ("line", b"a\r\n\nb\rc\n", "a\\r\\n|\\n|b\\rc\\n"),
        ("line", b"login: ", "…login: ~"),
        ("fixed:3", b"abcdefgh", "abc|def|…gh~"),
        ("fixed:1", b"ab", "a|b"),
        ("delimiter:0d0a", b"a\rb\r\n\r\r\nc\r", "a\\rb\\r\\n|\\r\\r\\n|…c\\r~"),
        ("delimiter:\\r\\n", b"a\r\n", "a\\r\\n"),
        ("delimiter:61616162", b"aaaaab", "aaaaab"),
        ("delimiter:00", b"a\0\0", "a\\x00|\\x00"),
        ("length:1", b"\x02ab\x00\x01c\x05x", "\\x02ab|\\x00|\\x01c|…\\x05x~"),
        ("length:2be", b"\0\x01a\0\0\0", "\\x00\\x01a|\\x00\\x00|…\\x00~"),
        ("length:2le", b"\x01\0a", "\\x01\\x00a"),
        ("length:4le", b"\x01\0\0\0ab", "\\x01\\x00\\x00\\x00a|…b~"),
        ("length:8le", b"\x01\0\0\0\0\0\0\0a", "\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00a"),
        ("length:8be", b"\0\0\0\0\0\0\0\x01a", "\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01a"),
        // The number counts the whole frame, and stands behind two bytes of something else.
        ("length:2be,offset=2,adjust=-4", b"hd\0\x06abhd\0\x04", "hd\\x00\\x06ab|hd\\x00\\x04"),
        ("length:2be,offset=2,adjust=-4", b"hd\0\x03hd\0\x05c", "hd\\x00\\x03?|hd\\x00\\x05c"),
        // A checksum that the number does not count.
        ("length:1,adjust=2", b"\x01acs\x00cs", "\\x01acs|\\x00cs"),
        // No length at all: the header alone, and what follows has its chance.
        ("length:4be", b"\xff\xff\xff\xff\0\0\0\x01a", "\\xff\\xff\\xff\\xff?|\\x00\\x00\\x00\\x01a"),
        ("length:8be", b"\xff\xff\xff\xff\xff\xff\xff\xff", "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff?"),
        ("length:8le,adjust=16777216", b"\xff\xff\xff\xff\xff\xff\xff\xff", "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff?"),
        ("json", b"{\"a\":[1,{\"b\":\"}\\\"\"}]}{}\n[ ]\n", "{\"a\":[1,{\"b\":\"}\\\\\"\"}]}|{}|\\n[ ]"),
        ("json", b"1 -2.5e3 true null\"x\"7", "1| -2.5e3| true| null|\"x\"|…7"),
        ("json", b"{\"a\":", "…{\"a\":~"),
        ("json", b"{} \r\n", "{}"),
        ("json", b"\x1e{}\n\x1e[]\n", "\\x1e{}|\\n\\x1e[]"),
        // What is no JSON stands apart.
        ("json", b"ready {\"a\":1}\nOK\n{}", "ready !|{\"a\":1}|\\nOK\\n!|{}"),
        ("json", b"test\n1", "test\\n!|…1"),
        ("json", b"\xef\xbb\xbf{}", "\\xef\\xbb\\xbf!|{}"),
        ("json", b"1,2\n", "1|,2\\n!"),
        // One that lost its end takes no other with it.
        ("json", b"{\"a\":\"b\n{\"c\":1}\n", "{\"a\":\"b!|\\n{\"c\":1}"),
        ("json", b"{\"a\":1\n{\"b\":2}\n", "{\"a\":1\\n!|{\"b\":2}"),
        ("json", b"[\x01", "[!|…\\x01!"),
    ];
    for (rule, bytes, expected) in table {
        assert_eq!(&shown(rule, bytes), expected, "{rule}");
    }
}

#[test]
fn silence_ends_a_frame() {
    let whole = |bytes: &[u8]| (bytes.to_vec(), End::Complete);
    let (frames, rest) = framed_at("idle:20", &[(0, b"a"), (19, b"b"), (39, b"c"), (50, b"d"), (60, b"e")]);
    assert_eq!((frames, rest), (vec![whole(b"ab")], Some(whole(b"cde"))));
    // A clock that is set back is no silence.
    let (frames, _) = framed_at("idle:20", &[(100, b"a"), (0, b"b"), (i64::MIN / 1000, b"c"), (i64::MAX / 1000, b"d")]);
    assert_eq!(frames, [whole(b"abc")]);
    let splitter = Splitter::new(&"idle:20".parse().unwrap());
    let mut state = State::default();
    assert_eq!(splitter.deadline(&state), None);
    splitter.push(&mut state, b"a", 5, &mut |_| {});
    assert_eq!(splitter.deadline(&state), Some(20_005));
}

#[test]
fn a_peer_that_never_ends_a_frame_is_cut_at_the_limit() {
    let lengths = |rule: &str, bytes: &[u8]| -> Vec<(usize, End)> {
        let (frames, rest) = framed(rule, &[bytes]);
        frames.into_iter().chain(rest).map(|(bytes, why)| (bytes.len(), why)).collect()
    };
    let long = |length: usize, end: &[u8]| [&vec![b'1'; length][..], end].concat();
    use End::{Complete, Cut, NotJson, Unfinished};
    for rule in ["line", "delimiter:0d0a", "fixed:200000", "idle:5"] {
        assert_eq!(lengths(rule, &long(2 * LIMIT, b""))[..2], [(LIMIT, Cut), (LIMIT, Cut)], "{rule}");
    }
    assert_eq!(lengths("line", &long(LIMIT - 1, b"\nx\n")), [(LIMIT, Complete), (2, Complete)]);
    assert_eq!(lengths("line", &long(LIMIT, b"\nx\n")), [(LIMIT, Cut), (1, Complete), (2, Complete)]);
    // The limit tears the delimiter apart.
    assert_eq!(lengths("delimiter:0d0a", &long(LIMIT - 1, b"\r\nx")), [(LIMIT, Cut), (1, Complete), (1, Unfinished)]);
    assert_eq!(
        lengths("fixed:70000", &long(140_000, b"")),
        [(LIMIT, Cut), (70_000 - LIMIT, Complete), (LIMIT, Cut), (70_000 - LIMIT, Complete)]
    );
    let told = [&[0, 2, 0, 0][..], &long(0x20000, b"\0\0\0\x01x")].concat();
    assert_eq!(lengths("length:4be", &told), [(LIMIT, Cut), (LIMIT, Cut), (4, Complete), (5, Complete)]);
    let value = [b"[\"", &long(LIMIT, b"\"] {}")[..]].concat();
    assert_eq!(lengths("json", &value), [(LIMIT, Cut), (4, Complete), (3, Complete)]);
    assert_eq!(lengths("json", &long(LIMIT, b" 1 ")), [(LIMIT, Cut), (2, Complete)]);
    assert_eq!(lengths("json", &vec![b'x'; LIMIT + 1]), [(LIMIT, Cut), (1, NotJson)]);
    // One that lost its end is given up one day.
    let (frames, _) = framed("json", &[b"[\"", &vec![b'x'; LONGEST as usize], b"\n{}"]);
    assert_eq!(frames.last(), Some(&(b"{}".to_vec(), Complete)));
}

#[test]
fn rules_in_words() {
    let table = [
        ("none", "none"),
        (" line ", "line"),
        ("json", "json"),
        ("fixed:16", "fixed:16"),
        ("idle:50", "idle:50"),
        ("length:2", "length:2be"),
        ("length:4le, offset=2, adjust=-6", "length:4le,offset=2,adjust=-6"),
        ("length:1le,adjust=0,offset=0", "length:1le"),
        ("delimiter:0D 0A", "delimiter:0d0a"),
        ("delimiter:\\r\\n", "delimiter:0d0a"),
        ("delimiter:\\x7e", "delimiter:7e"),
        ("delimiter:END\\n", "delimiter:454e440a"),
    ];
    for (typed, written) in table {
        let rule: Rule = typed.parse().unwrap_or_else(|error| panic!("{typed}: {error}"));
        assert_eq!(rule.to_string(), written);
        assert_eq!(written.parse(), Ok(rule.clone()));
        let stored = serde_json::to_string(&rule).unwrap();
        assert_eq!((stored.as_str(), serde_json::from_str(&stored).ok()), (format!("{written:?}").as_str(), Some(rule)));
    }
    assert!(serde_json::from_str::<Rule>("\"lines\"").is_err());
}

#[test]
fn words_that_are_no_rule() {
    use RuleError::*;
    let number = |text: &str, from, to| BadNumber { text: text.into(), from, to };
    let table = [
        ("", Unknown("".into())),
        ("lines", Unknown("lines".into())),
        ("line:1", Unknown("line:1".into())),
        ("fixed:0", number("0", 1, 16_777_216)),
        ("fixed:-1", number("-1", 1, 16_777_216)),
        ("fixed:", number("", 1, 16_777_216)),
        ("idle:99999999999999999999", number("99999999999999999999", 1, 86_400_000)),
        ("length:3", BadWidth("3".into())),
        ("length:", BadWidth("".into())),
        ("length:2xe", BadWidth("2xe".into())),
        ("length:2be,4", BadOption("4".into())),
        ("length:2,offset=5000", number("5000", 0, 4096)),
        ("length:2,adjust=x", number("x", -16_777_216, 16_777_216)),
        ("delimiter:", BadDelimiter("".into())),
        ("delimiter:;", BadDelimiter(";".into())),
        ("delimiter:abc", BadDelimiter("abc".into())),
    ];
    for (words, error) in table {
        assert_eq!(words.parse::<Rule>(), Err(error), "{words}");
    }
    assert!(matches!("delimiter:\\q".parse::<Rule>(), Err(BadEscape(_))));
    assert_eq!(format!("delimiter:{}", "00".repeat(257)).parse::<Rule>(), Err(LongDelimiter));
}

/// A rule, and bytes in which it finds something.
fn rule_and_alphabet() -> impl Strategy<Value = (&'static str, &'static [u8])> {
    prop_oneof![
        Just(("line", &b"ab\r\n"[..])),
        Just(("fixed:5", &b"ab"[..])),
        Just(("fixed:90000", &b"ab"[..])),
        Just(("delimiter:0d0a", &b"a\r\n"[..])),
        Just(("delimiter:61616261", &b"ab"[..])),
        Just(("delimiter:61616161", &b"aab"[..])),
        Just(("length:1", &b"\0\x01\x02\x05\xff"[..])),
        Just(("length:2le,offset=1,adjust=-3", &b"\0\x01\x03\xff"[..])),
        Just(("length:4be", &b"\0\0\0\x01\x02\xff"[..])),
        Just(("json", &b"{}[]\"\\,: 1-etrufalsn\nx\x00"[..])),
        Just(("json", &b"{}[]\",:1 \n"[..])),
    ]
}

/// Runs of bytes, some of them longer than the limit.
fn runs() -> impl Strategy<Value = Vec<(prop::sample::Index, usize)>> {
    let length = prop_oneof![60 => 1usize..4, 1 => 60_000usize..140_000];
    proptest::collection::vec((any::<prop::sample::Index>(), length), 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn how_a_stream_is_cut_into_reads_changes_nothing(
        (rule, alphabet) in rule_and_alphabet(), runs in runs(), cuts in proptest::collection::vec(1usize..2000, 1..60)
    ) {
        let bytes: Vec<u8> = runs.iter().flat_map(|(index, length)| std::iter::repeat_n(*index.get(alphabet), *length)).collect();
        let mut reads: Vec<&[u8]> = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (read, later) = rest.split_at((*cut).min(rest.len()));
            reads.push(read);
            rest = later;
        }
        let whole = framed(rule, &[&bytes]);
        prop_assert_eq!(&framed(rule, &reads), &whole);
        let (frames, rest) = whole;
        let mut joined: Vec<u8> = frames.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
        prop_assert!(frames.iter().chain(&rest).all(|(bytes, _)| (1..=LIMIT).contains(&bytes.len())));
        joined.extend(rest.into_iter().flat_map(|(bytes, _)| bytes));
        // Blanks after the last JSON value make no frame.
        prop_assert!(bytes.starts_with(&joined) && bytes[joined.len()..].iter().all(u8::is_ascii_whitespace));
        prop_assert!(rule == "json" || joined == bytes);
    }

    /// The quick search finds what a slow one finds.
    #[test]
    fn a_delimiter_is_where_a_slow_search_finds_it(bytes in proptest::collection::vec(0u8..3, 0..200), needle in proptest::collection::vec(0u8..3, 1..6)) {
        let rule = Rule::Delimiter(needle.clone()).to_string();
        let mut expected: Vec<Vec<u8>> = Vec::new();
        let mut frame = Vec::new();
        for byte in &bytes {
            frame.push(*byte);
            if frame.ends_with(&needle) {
                expected.push(std::mem::take(&mut frame));
            }
        }
        let (frames, rest) = framed(&rule, &[&bytes]);
        prop_assert_eq!(frames.into_iter().map(|(bytes, _)| bytes).collect::<Vec<_>>(), expected);
        prop_assert_eq!(rest.map(|(bytes, _)| bytes).unwrap_or_default(), frame);
    }
}
