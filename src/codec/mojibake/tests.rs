//! Garbled texts from life and what is found in them, and clean ones in which nothing is.

use super::*;

#[track_caller]
fn best(text: &str) -> Diagnosis {
    match diagnose(text).verdict {
        Verdict::Garbled(mut list) => list.remove(0),
        other => panic!("{text}: {other:?}"),
    }
}

fn named(diagnosis: &Diagnosis) -> String {
    let steps: Vec<String> = diagnosis.chain.iter().map(|step| format!("{}>{}", step.written, step.read)).collect();
    steps.join(" ")
}

#[test]
fn all_comes_back() {
    let mut wrong = Vec::new();
    for (garbled, text, chain) in [
        ("浣犲ソ", "你好", "UTF-8>GBK"),
        ("2026-11-21 INFO 浣犲ソ ok", "2026-11-21 INFO 你好 ok", "UTF-8>GBK"),
        ("收到：浣犲ソ", "收到：你好", "UTF-8>GBK"),
        ("你好 浣犲ソ", "你好 你好", "UTF-8>GBK"),
        ("浣犲ソ鍚\\x97", "你好吗", "UTF-8>GBK"),
        ("锘縤nclude", "include", "UTF-8>GBK"),
        ("锘?include", "include", "UTF-8>GBK"),
        ("ï»¿你好", "你好", "UTF-8>windows-1252"),
        ("ï»¿<?xml", "<?xml", "UTF-8>windows-1252"),
        ("ä½\u{A0}å¥½", "你好", "UTF-8>windows-1252"),
        ("ä½ å¥½", "你好", "UTF-8>windows-1252"),
        ("cafÃ©", "café", "UTF-8>windows-1252"),
        ("donâ€™t", "don’t", "UTF-8>windows-1252"),
        ("ä¸\u{96}ç\u{95}\u{8C}", "世界", "UTF-8>ISO-8859-1"),
        ("ä¸–ç•Œ", "世界", "UTF-8>windows-1252"),
        ("ÄãºÃ", "你好", "GBK>windows-1252"),
        ("ÄãºÃ£¬ÊÀ½ç", "你好，世界", "GBK>windows-1252"),
        ("斕疑ㄛ岍賜", "你好，世界", "GBK>Big5"),
        ("РџСЂРёРІРµС‚", "Привет", "UTF-8>windows-1251"),
        ("оПХБЕР", "Привет", "windows-1251>KOI8-R"),
        ("䠀攀氀氀漀", "Hello", "UTF-16LE>UTF-16BE"),
        ("H\0e\0l\0l\0o\0", "Hello", "UTF-16LE>UTF-8"),
        ("\u{FFFD}\u{FFFD}H\0e\0l\0l\0o\0", "Hello", "UTF-16LE>UTF-8"),
        ("ÿþH\0e\0l\0l\0o\0", "Hello", "UTF-16LE>windows-1252"),
        ("\0H\0i", "Hi", "UTF-16BE>UTF-8"),
        ("畂桳栠摩琠敨映捡獴", "Bush hid the facts", "UTF-8>UTF-16LE"),
        ("縺ゅｊ縺後→縺\\x86", "ありがとう", "UTF-8>Shift_JIS"),
        ("Ã¤Â½Â\u{A0}Ã¥Â¥Â½", "你好", "UTF-8>windows-1252 UTF-8>windows-1252"),
        ("Ã¤Â½Â Ã¥Â¥Â½", "你好", "UTF-8>windows-1252 UTF-8>windows-1252"),
        ("Ã„Ã£ÂºÃƒ", "你好", "GBK>windows-1252 UTF-8>windows-1252"),
    ] {
        let report = diagnose(garbled);
        let ok = matches!(&report.verdict, Verdict::Garbled(list) if list[0].outcome == Outcome::Recovered(text.to_owned()) && named(&list[0]) == chain);
        if !ok {
            wrong.push(format!("{garbled}: {report:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn some_comes_back() {
    let mut wrong = Vec::new();
    for (garbled, text, lost) in [
        ("浣犲ソ鍚?", "你好\u{FFFD}", 1),
        ("浣犲ソ鍚\u{FFFD}", "你好\u{FFFD}", 1),
        ("浣犲ソ鍚□", "你好\u{FFFD}", 1),
        ("浣犲ソ鍚", "你好\u{FFFD}", 1),
        ("Ä?ºÃ£¬ÊÀ½ç", "\u{FFFD}好，世界", 1),
        ("你好\u{FFFD}世界", "你好\u{FFFD}世界", 1),
    ] {
        let report = diagnose(garbled);
        let ok = matches!(&report.verdict, Verdict::Garbled(list) if list[0].outcome == Outcome::Partly { text: text.to_owned(), lost });
        if !ok {
            wrong.push(format!("{garbled}: {report:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn nothing_comes_back() {
    let mut wrong = Vec::new();
    for (garbled, why, chain) in [
        ("锟斤拷", Why::Replaced { count: 2 }, "UTF-8>GBK"),
        ("锟斤拷锟斤拷锟斤拷", Why::Replaced { count: 6 }, "UTF-8>GBK"),
        ("name=锟斤拷锟?", Why::Replaced { count: 3 }, "UTF-8>GBK"),
        ("ï¿½ï¿½", Why::Replaced { count: 2 }, "UTF-8>windows-1252"),
        ("\u{FFFD}\u{FFFD}\u{FFFD}", Why::Replaced { count: 3 }, ""),
        ("\u{FFFD}\u{FFFD}ã\u{FFFD}", Why::Replaced { count: 3 }, ""),
        ("ok \u{FFFD}\u{FFFD} ok", Why::Replaced { count: 2 }, ""),
        ("烫烫烫", Why::Filled { byte: 0xCC, count: 6 }, ""),
        ("name: abc烫烫烫烫", Why::Filled { byte: 0xCC, count: 8 }, ""),
        ("屯屯屯屯", Why::Filled { byte: 0xCD, count: 8 }, ""),
        ("葺葺葺", Why::Filled { byte: 0xDD, count: 6 }, ""),
        ("ÌÌÌÌÌÌÌÌ", Why::Filled { byte: 0xCC, count: 8 }, ""),
    ] {
        let report = diagnose(garbled);
        let ok = matches!(&report.verdict, Verdict::Garbled(list) if list[0].outcome == Outcome::Gone(why) && named(&list[0]) == chain);
        if !ok {
            wrong.push(format!("{garbled}: {report:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_is_written_with_ascii_is_read() {
    let mut wrong = Vec::new();
    for (written, notation, text) in [
        ("\\xE4\\xBD\\xA0\\xE5\\xA5\\xBD", Notation::ByteEscape, "你好"),
        ("b'\\xc4\\xe3\\xba\\xc3'", Notation::ByteEscape, "b'你好'"),
        ("\"\\344\\275\\240.txt\"", Notation::Octal, "\"你.txt\""),
        ("{\"a\":\"\\u4F60\\u597d\"}", Notation::CharacterEscape, "{\"a\":\"你好\"}"),
        ("\\ud83d\\ude00", Notation::CharacterEscape, "😀"),
        ("\\u{4F60}", Notation::CharacterEscape, "你"),
        ("%u4F60%u597D", Notation::CharacterEscape, "你好"),
        ("https://a.cn/?q=%E4%BD%A0%E5%A5%BD", Notation::Percent, "https://a.cn/?q=你好"),
        ("q=%C4%E3%BA%C3", Notation::Percent, "q=你好"),
        ("&#20320;&#x597D;", Notation::Reference, "你好"),
        ("=E4=BD=A0=E5=\r\n=A5=BD", Notation::QuotedPrintable, "你好"),
        ("E4 BD A0 E5 A5 BD", Notation::Hex, "你好"),
        ("e4bda0e5a5bd", Notation::Hex, "你好"),
        ("48 65 6C 6C 6F 20 77 6F 72 6C 64", Notation::Hex, "Hello world"),
        ("\\u00e4\\u00bd\\u00a0\\u00e5\\u00a5\\u00bd", Notation::CharacterEscape, "你好"),
    ] {
        let report = diagnose(written);
        let ok = matches!(&report.verdict, Verdict::Garbled(list) if list[0].outcome == Outcome::Recovered(text.to_owned()) && list[0].notation == Some(notation));
        if !ok {
            wrong.push(format!("{written}: {report:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(named(&best("\\u00e4\\u00bd\\u00a0\\u00e5\\u00a5\\u00bd")), "UTF-8>windows-1252");
}

/// Numbers that are no text: what marks a file or fills memory, and register values.
#[test]
fn bytes_that_are_no_text_are_not_read_as_rare_characters() {
    for written in [
        "DE AD BE EF",
        "CAFEBABE",
        "FE ED FA CE",
        "\\xDE\\xAD\\xBE\\xEF",
        "b'\\xca\\xfe\\xba\\xbe'",
        "FF D8 FF E0",
        "01 03 02 7F B9 F0",
        "%DE%AD%BE%EF",
    ] {
        assert_eq!(diagnose(written).verdict, Verdict::Healthy, "{written}");
    }
}

#[test]
fn escaped_bytes_have_an_encoding() {
    for (written, escaped) in [
        ("\\xC4\\xE3\\xBA\\xC3", Some("GBK")),
        ("\\xC4\\xE3, \\xBA\\xC3", Some("GBK")),
        ("\\xE4\\xBD\\xA0", Some("UTF-8")),
        ("q=%C4%E3%BA%C3", Some("GBK")),
        ("E4 BD A0 E5 A5 BD", Some("UTF-8")),
        ("\\u4F60\\u597d", None),
        ("&#20320;", None),
    ] {
        assert_eq!(best(written).escaped.map(|encoding| encoding.to_string()).as_deref(), escaped, "{written}");
    }
}

/// A log of ordinary lines with some others in it.
fn log(garbled: &[&str]) -> String {
    let plain = (0..8).map(|n| format!("2026-11-21 14:0{n}:11 [INFO] device {n} ok temperature 25.{n}\n"));
    let hanzi = (0..8).map(|n| format!("2026-11-21 14:1{n}:11 [INFO] 设备 {n} 正常\r\n"));
    let garbled = garbled.iter().map(|line| format!("2026-11-21 14:09:11 [WARN] {line} code 7\n"));
    plain.chain(garbled).chain(hanzi).collect()
}

#[test]
fn one_line_of_a_log_comes_back() {
    let mut wrong = Vec::new();
    for (garbled, text, lost) in [
        ("浣犲ソ", "你好", 0),
        ("cafÃ©", "café", 0),
        ("ÄãºÃ£¬ÊÀ½ç", "你好，世界", 0),
        ("娓╁害鎶ヨ\u{FFFD}\u{FFFD}", "温度报\u{FFFD}", 2),
    ] {
        let report = diagnose(&log(&[garbled]));
        let named = |one: &Diagnosis| one.lines == [9] || one.lines.is_empty();
        let right = |one: &Diagnosis| one.text() == Some(&log(&[text])) && one.lost() == lost && named(one);
        if !matches!(&report.verdict, Verdict::Garbled(list) if right(&list[0])) {
            wrong.push(format!("{garbled}: {report:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let found = best(&log(&["锟斤拷"]));
    assert_eq!((&found.outcome, found.lines.as_slice()), (&Outcome::Gone(Why::Replaced { count: 2 }), &[9][..]));
}

#[test]
fn what_mends_most_lines_is_told_first() {
    let garbled = log(&["ÄãºÃ", "浣犲ソ", "鏁版嵁"]);
    let list = lines::judge(&garbled);
    let told: Vec<_> = list.iter().map(|one| (named(one), one.lines.clone(), one.text().unwrap_or_default())).collect();
    let (two, one) = (log(&["ÄãºÃ", "你好", "数据"]), log(&["你好", "浣犲ソ", "鏁版嵁"]));
    assert_eq!(told, [("UTF-8>GBK".into(), vec![10, 11], two.as_str()), ("GBK>windows-1252".into(), vec![9], one.as_str())]);
}

/// What another line has lost is not had back by mending this one.
#[test]
fn a_mended_line_does_not_hide_what_another_lost() {
    let found = best(&log(&["浣犲ソ", "设备\u{FFFD}"]));
    assert_eq!(found.outcome, Outcome::Partly { text: log(&["你好", "设备\u{FFFD}"]), lost: 1 });
}

#[test]
fn a_word_of_a_long_line_comes_back() {
    let line = |word: &str| format!("{}{word} {}", "设备 正常 温度 报警 ".repeat(30), "湿度 正常 ".repeat(30));
    let found = best(&line("浣犲ソ"));
    assert_eq!((found.text(), found.lines.as_slice()), (Some(line("你好").as_str()), &[1][..]));
}
