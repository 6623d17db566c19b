//! IP Messenger by its vectors: read, composed, answered, and malformed.

use super::super::tests::{bytes, shown};
use super::*;

const FEIQ: &str = "1_lbt6_0#128#000C29DCD6D7#0#0#0#4001#9";

fn message(header: &str, rest: &str) -> Vec<u8> {
    [header.as_bytes(), &bytes(rest)].concat()
}

fn v2() -> Vec<u8> {
    message("1:1001:zhang:PC-01:288:", "c4e3 bac3 a3ac b7c9 c7ef 00")
}

fn v2u() -> Vec<u8> {
    message("1:1001:zhang:PC-01:8388896:", "e4bda0 e5a5bd efbc8c e9a39e e7a78b 00")
}

fn v4() -> Vec<u8> {
    message("1:1:zhang:PC-01:257:", "d5c5 c8fd 00 d1d0 b7a2 b2bf 00")
}

fn v5() -> Vec<u8> {
    [FEIQ.as_bytes(), b":1508920396:Apple:WIN-SMFIBLTAL72:6291457:Apple\0"].concat()
}

fn v6() -> Vec<u8> {
    [&message("1:1002:zhang:PC-01:2097440:", "bcfb b8bd bcfe 00")[..], b"0:a::b.txt:1f4:5f000000:1:\x07\0"].concat()
}

/// All of the vectors.
pub(in super::super) fn all() -> Vec<Vec<u8>> {
    vec![
        b"1:100:shirouzu:jupiter:32:Hello".to_vec(),
        v2(),
        b"1:7:li:PC-02:33:1001\0".to_vec(),
        v2u(),
        v4(),
        v5(),
        v6(),
        message("1:9:zhang:PC-01:2:", "d5c5c8fd00"),
        [&message("1:10:zhang:PC-01:32:", "cab1bce420")[..], b"10:30:00\0"].concat(),
        b"1:11:zhang:PC-01:209:\0".to_vec(),
    ]
}

#[test]
fn vectors_are_read() {
    let expected = [
        "SENDMSG #100 shirouzu@jupiter: Hello",
        "SENDMSG|SENDCHECK #1001 zhang@PC-01: 你好，飞秋",
        "RECVMSG #7 li@PC-02: 1001",
        "SENDMSG|SENDCHECK|UTF8 #1001 zhang@PC-01: 你好，飞秋",
        "BR_ENTRY|ABSENCE #1 zhang@PC-01: 张三",
        "BR_ENTRY|FILEATTACH|ENCRYPT #1508920396 Apple@WIN-SMFIBLTAL72: Apple",
        "SENDMSG|SENDCHECK|FILEATTACH #1002 zhang@PC-01: 见附件",
        "BR_EXIT #9 zhang@PC-01: 张三",
        "SENDMSG #10 zhang@PC-01: 时间 10:30:00",
        "FEIQ_KNOCK #11 zhang@PC-01",
    ];
    for (bytes, summary) in all().iter().zip(expected) {
        let card = read(bytes, Encoding::GBK);
        assert_eq!((card.summary.as_str(), card.problem), (summary, None));
        assert!(Message::parse(bytes, Encoding::GBK).is_ok());
    }
}

#[test]
fn messages_are_claimed_also_where_they_are_malformed() {
    for bytes in all() {
        assert!(claims(&bytes), "{}", String::from_utf8_lossy(&bytes));
    }
    for bad in [&b"1:x:a:b:32:hi"[..], b"1:2:a", b"1:2:a:b:4294967296:hi", b"1:2:a:b:32:x\xC4"] {
        assert!(claims(bad));
    }
    for other in [&b""[..], b"1", b"12:30", b"2:1:a:b:32:", b"GET / HTTP/1.1\r\nHost: a\r\nA: b", b"hello: 1:2:3"] {
        assert!(!claims(other), "{}", String::from_utf8_lossy(other));
    }
    assert!(claims(&[&b"1:1:a:b:32:"[..], &vec![b'x'; 65_000]].concat()));
}

#[test]
fn fields_and_their_bytes() {
    assert_eq!(
        shown(&read(&v2(), Encoding::GBK).nodes),
        "version=1@0..1 packet=1001@2..6 user=zhang@7..12 host=PC-01@13..18 \
         command=288 = 0x120@19..22(mode=0x20 SENDMSG@19..19 option=0x100 SENDCHECK@19..19) body=你好，飞秋@23..33"
    );
    let card = shown(&read(&v4(), Encoding::GBK).nodes);
    assert!(card.ends_with("nick=张三@20..24 group=研发部@25..31"), "{card}");
    let card = shown(&read(&v5(), Encoding::GBK).nodes);
    let version = format!(
        "version={FEIQ}@0..38(#0=1_lbt6_0@0..8 #1=128@9..12 MAC=000C29DCD6D7@13..25 #3=0@26..27 #4=0@28..29 #5=0@30..31 #6=4001@32..36 #7=9@37..38)"
    );
    assert!(card.starts_with(&version), "{card}");
    let card = shown(&read(&v6(), Encoding::GBK).nodes);
    let file = "body=见附件@27..33 file=a:b.txt@34..60(file_id=0@34..35 file_name=a:b.txt@36..44 file_size=500@45..48 \
                file_time=1593835520@49..57 file_attributes=1@58..59)";
    assert!(card.ends_with(file), "{card}");
    let Message { body, files, .. } = Message::parse(&v6(), Encoding::GBK).unwrap();
    let file = Offer { id: 0, name: "a:b.txt".into(), size: 500, modified: 0x5F00_0000, attributes: 1 };
    assert_eq!((body.as_str(), files), ("见附件", vec![file]));
    let entry = Message::parse(&v4(), Encoding::GBK).unwrap();
    assert_eq!((entry.body.as_str(), entry.group.as_deref()), ("张三", Some("研发部")));
}

#[test]
fn options_depend_on_the_command() {
    let names = |command: u32| command::options(command).map(|(_, name)| name.unwrap_or("?")).collect::<Vec<_>>();
    assert_eq!(names(0x301), ["ABSENCE", "SERVER"]);
    assert_eq!(names(0x320), ["SENDCHECK", "SECRET"]);
    assert_eq!(names(0x340), ["?", "?"]);
    assert_eq!(names(0xFFFF_FF20).len(), 24);
}

#[test]
fn malformed_ones_are_shown_with_the_reason() {
    for (text, problem, nodes) in [
        (
            &b"1:x:a:b:32:hi"[..],
            "card.fault.not_u32",
            "version=1@0..1 packet=x@2..3!card.fault.not_u32 user=a@4..5 host=b@6..7 command=32 = 0x20@8..10(mode=0x20 SENDMSG@8..8) body=hi@11..13",
        ),
        (b"1:2:a", "card.fault.few_fields", "version=1@0..1 packet=2@2..3 user=a@4..5"),
        (
            b"1:2:a:b:4294967296:hi",
            "card.fault.not_u32",
            "version=1@0..1 packet=2@2..3 user=a@4..5 host=b@6..7 command=4294967296@8..18!card.fault.not_u32 body=hi@19..21",
        ),
        (
            b"2:+1:a:b:32:",
            "card.fault.version",
            "version=2@0..1!card.fault.version packet=+1@2..4!card.fault.not_u32 user=a@5..6 host=b@7..8 command=32 = 0x20@9..11(mode=0x20 SENDMSG@9..9) body=@12..12",
        ),
        (b"", "card.fault.version", "version=@0..0!card.fault.version"),
    ] {
        let card = read(text, Encoding::GBK);
        assert_eq!(card.problem.clone().map(|words| words.key.into_owned()).as_deref(), Some(problem));
        assert_eq!(shown(&card.nodes), nodes);
        assert_eq!(Message::parse(text, Encoding::GBK).err(), card.problem);
    }
    // A text with a malformed byte is a message all the same.
    let card = read(b"1:2:a:b:32:x\xC4", Encoding::GBK);
    assert_eq!(card.problem, None);
    assert!(shown(&card.nodes).ends_with("body=x\\xC4@11..13!fault.no_trail"), "{}", shown(&card.nodes));
    let ack = read(b"1:2:a:b:33:x\0", Encoding::GBK);
    assert!(shown(&ack.nodes).ends_with("acknowledged=x@11..12!card.fault.not_u32"));
}

#[test]
fn composed_as_the_vectors() {
    let gbk = Encoding::GBK;
    assert_eq!(compose("1", 1001, "zhang", "PC-01", 288, "你好，飞秋", None, gbk), Ok(v2()));
    assert_eq!(compose("1", 1001, "zhang", "PC-01", 8_388_896, "你好，飞秋", None, gbk), Ok(v2u()));
    assert_eq!(compose("1", 1, "zhang", "PC-01", 257, "张三", Some("研发部"), gbk), Ok(v4()));
    assert_eq!(compose(FEIQ, 1_508_920_396, "Apple", "WIN-SMFIBLTAL72", 6_291_457, "Apple", None, gbk), Ok(v5()));
    assert_eq!(compose("1", 1002, "zhang", "PC-01", 2_097_440, "见附件", Some("0:a::b.txt:1f4:5f000000:1:\x07"), gbk), Ok(v6()));
    assert_eq!(compose("1", 11, "zhang", "PC-01", 209, "", None, gbk), Ok(b"1:11:zhang:PC-01:209:\0".to_vec()));
    let refused = |version, user, host, body, encoding| compose(version, 1, user, host, 32, body, None, encoding).unwrap_err();
    assert_eq!(refused("2", "a", "b", "", gbk), ComposeError::BadHeader("version"));
    assert_eq!(refused("1", "a:b", "b", "", gbk), ComposeError::BadHeader("user"));
    assert_eq!(refused("1", "a", "b\n", "", gbk), ComposeError::BadHeader("host"));
    assert_eq!(refused("1", "a", "b", "x\0y", gbk), ComposeError::Nul);
    assert!(matches!(refused("1", "a", "b", "😀", gbk), ComposeError::Unmappable(lacking) if lacking.character == '😀'));
    // UTF-16 has NULs everywhere.
    assert!(compose("1", 1, "a", "b", 32, "x", None, Encoding::UTF_16LE).is_err());
}

#[test]
fn answers() {
    let answer = |bytes: &[u8]| {
        let received = Message::parse(bytes, Encoding::GBK).unwrap();
        super::answer(&received, 7, "li", "PC-02", None).map(|answer| String::from_utf8(answer.unwrap()).unwrap())
    };
    assert_eq!(answer(&v2()).as_deref(), Some("1:7:li:PC-02:33:1001\0"));
    assert_eq!(answer(&v2u()).as_deref(), Some("1:7:li:PC-02:33:1001\0"));
    assert_eq!(answer(&v4()).as_deref(), Some("1:7:li:PC-02:3:li\0"));
    assert_eq!(answer(&v6()).as_deref(), Some("1:7:li:PC-02:33:1002\0"));
    assert!(answer(b"1:1:a:b:64:").is_some_and(|text| text.starts_with("1:7:li:PC-02:65:Sockscope")));
    assert_eq!(answer(b"1:1:a:b:80:").as_deref(), Some("1:7:li:PC-02:81:Not absence mode\0"));
    // No SENDCHECK, BROADCAST, AUTORET, an entry's answer, a receipt, a knock, a request for a key.
    for command in [0x20, 0x520, 0x2120, 0x2101, 3, 33, 209, 0x72, 0] {
        assert_eq!(answer(format!("1:1:a:b:{command}:x").as_bytes()), None, "{command}");
    }
    // The nick in the sender's encoding.
    let received = Message::parse(&v4(), Encoding::GBK).unwrap();
    assert_eq!(super::answer(&received, 7, "李", "PC", None), Some(Ok(message("1:7:", "C0EE 3A50433A333A C0EE 00"))));
    // And the group, which goes with an entry alone.
    let with_group = super::answer(&received, 7, "李", "PC", Some("研发部"));
    assert_eq!(with_group, Some(Ok(message("1:7:", "C0EE 3A50433A333A C0EE 00 d1d0b7a2b2bf 00"))));
    let asked = Message::parse(&v2(), Encoding::GBK).unwrap();
    assert_eq!(super::answer(&asked, 7, "li", "PC-02", Some("研发部")), Some(Ok(b"1:7:li:PC-02:33:1001\0".to_vec())));
}

#[test]
fn encoding_traps() {
    for (hex, encoding, text) in [
        ("c1aacda8", Encoding::GBK, "联通"),
        ("e4bda0e5a5bd", Encoding::UTF_8, "你好"),
        ("e4bda0e5a5bd", Encoding::GBK, "浣犲ソ"),
        ("9534b235", Encoding::GB18030, "𠮷"),
        ("efbfbdefbfbd", Encoding::GBK, "锟斤拷"),
    ] {
        assert_eq!(Message::parse(&message("1:1:a:b:32:", hex), encoding).unwrap().body, text);
        // Cut anywhere, it is a message with a shorter body.
        for cut in 0..bytes(hex).len() {
            assert_eq!(read(&message("1:1:a:b:32:", hex)[..11 + cut], encoding).problem, None);
        }
    }
}
