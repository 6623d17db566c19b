//! Cards from outside: what holds for all of them, and one table per protocol. Those of IP Messenger are in `ipmsg/tests.rs`.

use super::*;
use proptest::prelude::*;

/// A tree in one line: `name=value@from..to(children)`, with `!key` for a fault.
pub(super) fn shown(nodes: &[Node]) -> String {
    let one = |node: &Node| {
        let name = match &node.name {
            Name::Words(words) => words.key.rsplit('.').next().unwrap().to_owned(),
            Name::Own(name) => name.to_string(),
        };
        let fault = node.fault.as_ref().map_or_else(String::new, |fault| format!("!{}", fault.key));
        let parts = if node.children.is_empty() { String::new() } else { format!("({})", shown(&node.children)) };
        format!("{name}={}@{}..{}{fault}{parts}", node.value, node.bytes.start, node.bytes.end)
    };
    nodes.iter().map(one).collect::<Vec<_>>().join(" ")
}

pub(super) fn bytes(hex: &str) -> Vec<u8> {
    crate::codec::hex::parse(hex).unwrap()
}

fn fault_key(card: &Card) -> &str {
    card.problem.as_ref().map_or("", |problem| problem.key.rsplit('.').next().unwrap())
}

const QUERY: &str = "1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001";
/// A, AAAA, MX, TXT, SRV, SOA, CNAME and an unknown type, all but the first question's name compressed.
const ANSWER: &str = "1234 8180 0001 0008 0000 0001 07 6578616d706c65 03 636f6d 00 00ff 0001 \
    c00c 0001 0001 0000003c 0004 5db8d822 c00c 001c 0001 0000003c 0010 20010db8000000000000000000000001 \
    c00c 000f 0001 0000003c 0009 000a 04 6d61696c c00c c00c 0010 0001 0000003c 0006 02 6869 02 796f \
    c00c 0021 0001 0000003c 0008 0001 0002 1466 c00c c00c 0006 0001 0000003c 0018 c00c c00c 00000001 00000002 00000003 00000004 00000005 \
    c00c 0005 0001 0000003c 0002 c00c c00c fde9 0001 0000003c 0002 abcd 00 0029 1000 00000000 0000";
const REQUEST: &[u8] = b"POST /a?b=1 HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=gbk\r\nContent-Length: 4\r\n\r\n\xC4\xE3\xBA\xC3";

/// Whole messages of each protocol, to be mutated.
fn samples() -> Vec<(Protocol, Vec<u8>)> {
    let mut found: Vec<(Protocol, Vec<u8>)> = vec![
        (Protocol::Dns, bytes(QUERY)),
        (Protocol::Dns, bytes(ANSWER)),
        (Protocol::Http1, REQUEST.to_vec()),
        (Protocol::Http1, RESPONSE.to_vec()),
        (Protocol::LengthPrefix, bytes("0003 616263 0002 6869")),
    ];
    found.extend(MODBUS.iter().map(|(hex, _, _)| (Protocol::ModbusTcp, bytes(hex))));
    found.extend(ipmsg::tests::all().into_iter().map(|bytes| (Protocol::IpMsg, bytes)));
    found
}

/// The invariants, and that words have all their places filled.
fn check(card: &Card, length: usize) {
    fn walk(nodes: &[Node], within: std::ops::Range<usize>, depth: usize) -> usize {
        assert!(depth <= DEEPEST || nodes.is_empty());
        let mut last = within.start;
        let mut count = 0;
        for node in nodes {
            assert!(
                node.bytes.start >= last && node.bytes.start <= node.bytes.end && node.bytes.end <= within.end,
                "{node:?} in {within:?}"
            );
            assert!(node.value.chars().count() <= LONGEST_TEXT * 8 && !node.value.contains('\n'));
            last = node.bytes.end;
            count += 1 + walk(&node.children, node.bytes.clone(), depth + 1);
        }
        count
    }
    assert!(walk(&card.nodes, 0..length, 1) <= MOST_NODES);
    assert!(!card.summary.contains('\n'));
}

fn check_all(bytes: &[u8]) {
    let length =
        Length { offset: 1, width: crate::codec::framing::Width::Two, endian: crate::codec::framing::Endian::Little, adjust: 0 };
    let hints = [
        Hint::default(),
        Hint { transport: Some(Transport::Stream), source: Some(502), destination: Some(40000), framing: Some(length) },
        Hint { transport: Some(Transport::Datagram), source: Some(2425), destination: Some(502), framing: None },
    ];
    for hint in hints {
        recognise(bytes, &hint);
        for protocol in Protocol::all() {
            for encoding in [Encoding::UTF_8, Encoding::GBK] {
                let card = read_with(*protocol, bytes, encoding, &hint);
                assert_eq!(card.protocol, *protocol);
                check(&card, bytes.len());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_make_a_card(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check_all(&bytes);
    }

    #[test]
    fn mutated_messages_make_a_card(
        index in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        again in any::<bool>(),
    ) {
        let samples = samples();
        let mut message = index.get(&samples).1.clone();
        if again {
            message.extend_from_within(..);
        }
        for (place, byte) in changes {
            let place = place.index(message.len());
            message[place] = byte;
        }
        check_all(&message);
        check_all(&message[..cut.index(message.len())]);
    }
}

#[test]
fn long_ones_are_bounded() {
    let chunked =
        [&b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"[..], &b"1\r\na\r\n".repeat(10_000), b"0\r\n\r\n"].concat();
    let card = read(Protocol::Http1, &chunked, Encoding::UTF_8);
    check(&card, chunked.len());
    let last = card.nodes.last().unwrap();
    assert_eq!(last.name, Name::Words(Words::of("card.field.left_out")));
    // Three nodes for each chunk, two for the last, and six of the head: start line with three parts, a header.
    assert_eq!(last.value, (30_000 + 2 + 5 - (MOST_NODES - 1)).to_string());
    assert_eq!(last.bytes.end, chunked.len());
    let body = [&b"1:1:a:b:32:"[..], &b"\xC4\xE3".repeat(32 << 10)].concat();
    let card = read(Protocol::IpMsg, &body, Encoding::GBK);
    check(&card, body.len());
    assert!(card.problem.is_none() && card.nodes[5].value.ends_with("你…"));
    check_all(&[0; 65_536]);
    check_all(&b":".repeat(65_536));
}

#[test]
fn each_sample_is_recognised_first() {
    for (protocol, bytes) in samples() {
        let found = recognise(&bytes, &Hint::default());
        assert_eq!(found.first(), Some(&protocol), "{:?} {:02X?} {found:?}", protocol, bytes);
    }
}

/// Under one in a hundred of any length, whatever the first bytes' kind.
#[test]
fn random_bytes_are_hardly_ever_called_anything() {
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut counts = std::collections::BTreeMap::new();
    const TRIES: usize = 20_000;
    for _ in 0..TRIES {
        let length = (next() % 64) as usize;
        let bytes: Vec<u8> = (0..length).map(|_| (next() >> 32) as u8).collect();
        for protocol in recognise(&bytes, &Hint::default()) {
            *counts.entry(protocol).or_insert(0_usize) += 1;
        }
    }
    assert!(counts.values().all(|count| *count < TRIES / 1000), "{counts:?}");
    for text in ["hello\r\n", "GET lost", "12:30:45 a:b:c:d: late", "1:2:3", "{\"a\":1}", "AT+CSQ\r\n", "你好，世界", ""] {
        assert_eq!(recognise(text.as_bytes(), &Hint::default()), [], "{text}");
    }
}

#[test]
fn a_port_brings_its_protocol_first_and_forgives() {
    let at = |port: u16| Hint { destination: Some(port), ..Hint::default() };
    assert_eq!(recognise(b"1:x:a", &at(2425)), [Protocol::IpMsg]);
    assert_eq!(recognise(b"1:x:a", &at(2426)), []);
    let cut = &bytes(ANSWER)[..40];
    assert_eq!(recognise(cut, &at(53)), [Protocol::Dns]);
    assert_eq!(recognise(cut, &at(54)), []);
    assert_eq!(recognise(&bytes("0001 0000 0006 01 03 0000"), &at(502)).first(), Some(&Protocol::ModbusTcp));
}

/// Bytes, summary, problem.
const MODBUS: [(&str, &str, &str); 14] = [
    ("0001 0000 0006 01 03 006b 0003", "03 Read Holding Registers: 107 × 3", ""),
    ("0001 0000 0009 01 03 06 022b 0000 0064", "03 Read Holding Registers: 555 0 100", ""),
    ("0001 0000 0006 01 01 0013 0025", "01 Read Coils: 19 × 37", ""),
    ("0001 0000 0004 01 01 01 05", "01 Read Coils: 10100000", ""),
    ("0001 0000 0006 01 02 00c4 0016", "02 Read Discrete Inputs: 196 × 22", ""),
    ("0001 0000 0005 01 04 02 000a", "04 Read Input Registers: 10", ""),
    ("0001 0000 0006 01 05 00ac ff00", "05 Write Single Coil: 172 = ON", ""),
    ("0001 0000 0006 01 06 0001 0003", "06 Write Single Register: 1 = 3", ""),
    ("0001 0000 0009 01 0f 0013 000a 02 cd01", "15 Write Multiple Coils: 19 × 10 = 1011001110", ""),
    ("0001 0000 0006 01 0f 0013 000a", "15 Write Multiple Coils: 19 × 10", ""),
    ("0001 0000 000b 01 10 0001 0002 04 000a 0102", "16 Write Multiple Registers: 1 × 2 = 10 258", ""),
    ("0001 0000 0006 01 10 0001 0002", "16 Write Multiple Registers: 1 × 2", ""),
    ("0001 0000 0003 01 83 02", "03 Read Holding Registers: 02 ILLEGAL DATA ADDRESS", ""),
    ("0001 0000 0002 01 11", "17 Report Server ID", ""),
];

#[test]
fn modbus() {
    let bad = [
        ("0001 0001 0006 01 03 006b 0003", "03 Read Holding Registers: 107 × 3", "modbus_protocol"),
        ("0001 0000 0007 01 03 006b 0003", "03 Read Holding Registers: 107 × 3", "cut_short"),
        ("0001 0000 0001 01 03 006b 0003", "03 Read Holding Registers: 107 × 3", "modbus_length"),
        ("0001 0000 0006 01 03 006b 007e", "03 Read Holding Registers: 107 × 126", "quantity"),
        ("0001 0000 0006 01 05 00ac 0100", "05 Write Single Coil: 172 = ?", "coil_value"),
        ("0001 0000 0005 01 04 04 000a", "04 Read Input Registers: 10", "byte_count"),
        ("0001 0000 0002 01 64", "0x64", "unknown_function"),
        ("0001 00", "00 01 00", "cut_short"),
    ];
    for (hex, summary, problem) in MODBUS.iter().chain(&bad) {
        let card = read(Protocol::ModbusTcp, &bytes(hex), Encoding::UTF_8);
        assert_eq!((card.summary.as_str(), fault_key(&card)), (*summary, *problem), "{hex}");
    }
    let card = read(Protocol::ModbusTcp, &bytes(MODBUS[1].0), Encoding::UTF_8);
    assert_eq!(
        shown(&card.nodes),
        "transaction=0x0001@0..2 protocol_id=0@2..4 length=9@4..6 unit=1@6..7 function=03 Read Holding Registers@7..8 byte_count=6@8..9 \
         values=02 2B 00 00 00 64@9..15(register=555 = 0x022B@9..11 register=0 = 0x0000@11..13 register=100 = 0x0064@13..15)"
    );
    let two = bytes(&[MODBUS[0].0, MODBUS[6].0].join(" "));
    let card = read(Protocol::ModbusTcp, &two, Encoding::UTF_8);
    assert_eq!((card.nodes.len(), card.nodes[1].bytes.clone(), card.problem), (2, 12..24, None));
    // Three bytes of coils, or address 0300 and a quantity: the port tells.
    let either = bytes("0001 0000 0006 01 01 03 00 00 10");
    let summary = |source, destination| {
        read_with(Protocol::ModbusTcp, &either, Encoding::UTF_8, &Hint { source, destination, ..Hint::default() }).summary
    };
    assert_eq!(summary(None, Some(502)), "01 Read Coils: 768 × 16");
    assert_eq!(summary(Some(502), None), "01 Read Coils: 000000000000000000001000");
}

#[test]
fn dns() {
    let query = bytes(QUERY);
    let card = read(Protocol::Dns, &query, Encoding::UTF_8);
    assert_eq!((card.summary.as_str(), fault_key(&card)), ("query, example.com A", ""));
    assert_eq!(
        shown(&card.nodes),
        "ID=0x1234@0..2 flags=0x0100@2..4(QR=0@2..2 Opcode=0 QUERY@2..2 AA=0@2..2 TC=0@2..2 RD=1@2..2 RA=0@2..2 AD=0@2..2 CD=0@2..2 \
         RCODE=0 NOERROR@2..2) QDCOUNT=1@4..6 ANCOUNT=0@6..8 NSCOUNT=0@8..10 ARCOUNT=0@10..12 \
         questions=1@12..29(question=example.com A@12..29(NAME=example.com@12..25 TYPE=1 A@25..27 CLASS=1 IN@27..29))"
    );
    let card = read(Protocol::Dns, &bytes(ANSWER), Encoding::UTF_8);
    let records: Vec<&str> = card.nodes[7].children.iter().map(|node| node.value.as_str()).collect();
    assert_eq!(
        records,
        [
            "example.com A 93.184.216.34",
            "example.com AAAA 2001:db8::1",
            "example.com MX 10 mail.example.com",
            "example.com TXT \"hi\" \"yo\"",
            "example.com SRV 1 2 5222 example.com",
            "example.com SOA example.com example.com 1 2 3 4 5",
            "example.com CNAME example.com",
            "example.com TYPE65001 AB CD",
        ]
    );
    assert_eq!((card.nodes[8].children[0].value.as_str(), fault_key(&card)), (". OPT ", ""));
    // In a stream its length stands first.
    let streamed = [&(query.len() as u16).to_be_bytes(), &query[..]].concat();
    let hint = Hint { transport: Some(Transport::Stream), ..Hint::default() };
    assert_eq!(recognise(&streamed, &hint).first(), Some(&Protocol::Dns));
    let card = read(Protocol::Dns, &streamed, Encoding::UTF_8);
    assert!(card.problem.is_none() && shown(&card.nodes).starts_with("length=29@0..2 ID=0x1234@2..4"));
}

#[test]
fn dns_names_that_lead_nowhere() {
    const HEADER: &str = "1234 0100 0001 0000 0000 0000";
    for (name, problem) in [
        ("c00c 0001 0001", "pointer"),
        ("01 61 c00c 0001 0001", "pointer"),
        ("c010 0001 0001", "pointer"),
        ("ffff 0001 0001", "pointer"),
        ("41 61 00 0001 0001", "label"),
        ("3f 61 00 0001 0001", "cut_short"),
        ("01 61 00 0001", "cut_short"),
        ("01 61 00 0001 0001 00", "left_over"),
    ] {
        let card = read(Protocol::Dns, &bytes(&format!("{HEADER} {name}")), Encoding::UTF_8);
        assert_eq!(fault_key(&card), problem, "{name}");
        assert_eq!(card.nodes.last().unwrap().fault, card.problem, "{name}");
    }
    // Five labels of 63 bytes are too many.
    let long = [&bytes(HEADER)[..], &[&[63][..], &[b'a'; 63]].concat().repeat(5), &[0, 0, 1, 0, 1]].concat();
    assert_eq!(fault_key(&read(Protocol::Dns, &long, Encoding::UTF_8)), "long_name");
    // In the first record's data each pointer leads to the one before it; the second record's name, to the last.
    for (length, problem) in [(127_u16, ""), (128, "pointers")] {
        let begin = 12 + 11;
        let mut message = bytes("1234 8000 0000 0002 0000 0000 00 fde9 0001 00000000");
        message.extend((2 * length).to_be_bytes());
        message.extend([0, 0]);
        message.extend((1..length).flat_map(|index| (0xC000 + begin + 2 * (index - 1)).to_be_bytes()));
        message.extend((0xC000 + begin + 2 * (length - 1)).to_be_bytes());
        message.extend(bytes("fde9 0001 00000000 0000"));
        assert_eq!(fault_key(&read(Protocol::Dns, &message, Encoding::UTF_8)), problem, "{length}");
    }
}

#[test]
fn http() {
    let card = read(Protocol::Http1, REQUEST, Encoding::UTF_8);
    assert_eq!((card.summary.as_str(), fault_key(&card)), ("POST /a?b=1 HTTP/1.1", ""));
    assert_eq!(
        shown(&card.nodes),
        "request_line=POST /a?b=1 HTTP/1.1@0..20(method=POST@0..4 target=/a?b=1@5..11 http_version=HTTP/1.1@12..20) \
         Host=example.com@22..39 Transfer-Encoding=chunked@41..67 chunk=5@71..81(chunk_size=5@71..72 body=hello@74..79) \
         chunk=3@81..93(chunk_size=3@81..86 body=abc@88..91) chunk=0@93..96(chunk_size=0@93..94) trailer=X-T: 1@96..102"
    );
    let card = read(Protocol::Http1, RESPONSE, Encoding::UTF_8);
    assert_eq!((card.summary.as_str(), fault_key(&card)), ("HTTP/1.1 200 OK", ""));
    let body = card.nodes.last().unwrap();
    assert_eq!((body.value.as_str(), body.bytes.clone()), ("你好", RESPONSE.len() - 4..RESPONSE.len()));
    for (bytes, problem) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n"[..], "incomplete_head"),
        (b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", "http_header_name"),
        (b"GET / HTTP/2.0\r\n\r\n", "http_version"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "http_status"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "cut_short"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc", "content_length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "chunk_size"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", "chunk_end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", "cut_short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "incomplete_chunk"),
        (b"\x00\x01", "http_token"),
    ] {
        let card = read(Protocol::Http1, bytes, Encoding::UTF_8);
        assert_eq!(fault_key(&card), problem, "{}", String::from_utf8_lossy(bytes));
    }
    let card = read(Protocol::Http1, b"GET / HTTP/1.1\r\nHost: a\r\nAccept: te", Encoding::UTF_8);
    assert!(shown(&card.nodes).contains("Host=a@16..23 rest=41 63"), "{}", shown(&card.nodes));
}

#[test]
fn length_prefix() {
    let by = |rule: &str| match rule.parse() {
        Ok(crate::codec::framing::Rule::Length(length)) => Hint { framing: Some(length), ..Hint::default() },
        other => panic!("{other:?}"),
    };
    let read = |hex: &str, hint: &Hint| read_with(Protocol::LengthPrefix, &bytes(hex), Encoding::UTF_8, hint);
    for (hex, hint, summary, problem) in [
        ("0003 616263 0002 6869", Hint::default(), "length:2be: 5 + 4", ""),
        ("0300 616263", Hint::default(), "length:2le: 5", ""),
        ("03 616263", Hint::default(), "length:1be: 4", ""),
        ("00000003 616263", Hint::default(), "length:4be: 7", ""),
        ("03000000 616263", Hint::default(), "length:4le: 7", ""),
        ("68656C6C6F", Hint::default(), "68 65 6C 6C 6F", "no_prefix"),
        ("AA 0005 6869", by("length:2be,offset=1,adjust=-3"), "length:2be,offset=1,adjust=-3: 5", ""),
        ("AA 0001 6869", by("length:2be,offset=1,adjust=-3"), "length:2be,offset=1,adjust=-3: 3 + 2", "bad_length"),
        ("0004 6869", by("length:2be"), "length:2be: 4", "incomplete_frame"),
    ] {
        let card = read(hex, &hint);
        assert_eq!((card.summary.as_str(), fault_key(&card)), (summary, problem), "{hex}");
    }
    let card = read("AA 0500 6869", &by("length:2le,offset=1,adjust=-3"));
    assert_eq!(shown(&card.nodes), "frame=5@0..5(before_length=AA@0..1 length=5@1..3 payload=hi@3..5)");
    assert_eq!(recognise(&bytes("03 616263"), &Hint::default()), []);
    assert_eq!(recognise(&bytes("03 616263"), &by("length:1")), [Protocol::LengthPrefix]);
}
