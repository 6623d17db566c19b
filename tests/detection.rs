//! How often the verdict on an encoding is right, measured on sentences that its tables are not made from (`support/sentences.txt`), beside
//! chardetng on the same samples. `cargo test --test detection -- --nocapture` prints the tables. It asserts shares, never times.

#[path = "support/frames.rs"]
mod frames;

use frames::{Dice, frame};
use sockscope::codec::detect::{Guess, Settle, judge, rank, settled};
use sockscope::codec::encoding::Encoding;
use std::collections::BTreeMap;

/// Characters in a sample.
const LENGTHS: [usize; 5] = [2, 4, 8, 16, 32];
/// Samples of each language, encoding, kind and length.
const SAMPLES: usize = 250;
/// Each language with the encodings that it is met in. windows-1252 text may be read as ISO-8859-1, if it reads the same.
const LANGUAGES: [(&str, &[&str]); 7] = [
    ("zh-Hans", &["utf-8", "gbk", "gb18030", "utf-16le", "utf-16be"]),
    ("zh-Hant", &["utf-8", "big5", "utf-16le", "utf-16be"]),
    ("ja", &["utf-8", "shift_jis", "euc-jp"]),
    ("ko", &["utf-8", "euc-kr"]),
    ("ru", &["utf-8", "windows-1251", "koi8-r"]),
    ("fr", &["utf-8", "windows-1252"]),
    ("ascii", &["utf-8"]),
];

/// The characters of each language's sentences, in one row.
fn sentences() -> BTreeMap<String, Vec<char>> {
    by_language(include_str!("support/sentences.txt"))
}

fn by_language(sentences: &str) -> BTreeMap<String, Vec<char>> {
    let mut all: BTreeMap<String, Vec<char>> = BTreeMap::new();
    let mut name = String::new();
    for line in sentences.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(section) if LANGUAGES.iter().any(|(language, _)| *language == section) => name = section.to_owned(),
            _ => all.entry(name.clone()).or_default().extend(line.chars().chain(['\n'])),
        }
    }
    all
}

fn encoding(label: &str) -> Encoding {
    Encoding::for_label(label).unwrap()
}

/// What the samples of one row of the table are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Characters beyond ASCII alone, with their punctuation.
    Pure,
    /// With ASCII among them.
    Mixed,
    /// Whatever comes.
    Any,
}

/// Samples of so many characters in a row that the encoding has, as text and bytes.
fn samples(text: &[char], label: &str, length: usize, kind: Kind, dice: &mut Dice) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for _ in 0..SAMPLES * 60 {
        let from = dice.below(text.len() - length);
        let window = &text[from..from + length];
        let ascii = window.iter().filter(|character| character.is_ascii()).count();
        let fits = match kind {
            Kind::Pure => ascii == 0,
            Kind::Mixed => (1..length).contains(&ascii),
            Kind::Any => true,
        };
        let said: String = window.iter().collect();
        if fits && let Ok(bytes) = encoding(label).encode(&said) {
            found.push((said, bytes));
            if found.len() == SAMPLES {
                break;
            }
        }
    }
    found
}

fn reads(guess: Guess, bytes: &[u8], said: &str) -> bool {
    match guess {
        Guess::Text(encoding) => {
            matches!(encoding.decode(bytes).as_slice(), [sockscope::codec::decoder::Piece::Text(text)] if text == said)
        }
        Guess::Binary => false,
    }
}

/// chardetng's guess, as a browser in China asks it and without that hint.
fn chardetng_reads(bytes: &[u8], said: &str, hint: Option<&[u8]>) -> bool {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let guess = detector.guess(hint, chardetng::Utf8Detection::Allow);
    guess.decode_without_bom_handling(bytes).0 == said
}

/// Shares of right guesses in a row of the table, per length: ours, and chardetng's better one.
struct Row {
    language: &'static str,
    label: &'static str,
    kind: Kind,
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

/// Confidences of guesses, and whether they were right.
type Calls = Vec<(f32, bool)>;

fn measure() -> (Vec<Row>, Calls) {
    let sentences = sentences();
    let mut rows = Vec::new();
    let mut calls = Vec::new();
    for (language, labels) in LANGUAGES {
        let kinds: &[Kind] = if language.starts_with("zh") { &[Kind::Pure, Kind::Mixed] } else { &[Kind::Any] };
        for label in labels {
            for kind in kinds {
                let mut row = Row { language, label, kind: *kind, ours: Vec::new(), theirs: Vec::new() };
                for length in LENGTHS {
                    let mut dice = Dice(length as u64);
                    let samples = samples(&sentences[language], label, length, *kind, &mut dice);
                    let (mut ours, mut theirs) = (0, [0, 0]);
                    for (said, bytes) in &samples {
                        let best = rank(bytes).remove(0);
                        let right = reads(best.guess, bytes, said);
                        if std::env::var_os("WRONG").is_some() && !right {
                            println!("{language} {label} {said:?} {:?} {:?} {}", best.guess, best.text, best.confidence);
                        }
                        calls.push((best.confidence, right));
                        ours += usize::from(right);
                        for (right, hint) in theirs.iter_mut().zip([None, Some(&b"cn"[..])]) {
                            *right += usize::from(chardetng_reads(bytes, said, hint));
                        }
                    }
                    let share = |count: usize| if samples.is_empty() { f64::NAN } else { count as f64 / samples.len() as f64 };
                    row.ours.push(share(ours));
                    row.theirs.push(share(theirs[0].max(theirs[1])));
                }
                rows.push(row);
            }
        }
    }
    (rows, calls)
}

fn print(rows: &[Row]) {
    print!("{:<30}", "% right: ours (chardetng)");
    LENGTHS.iter().for_each(|length| print!("{length:>16}"));
    println!();
    for row in rows {
        print!("{:<30}", format!("{} {} {:?}", row.language, row.label, row.kind));
        for (ours, theirs) in row.ours.iter().zip(&row.theirs) {
            print!("{:>16}", format!("{:5.1} ({:5.1})", ours * 100.0, theirs * 100.0));
        }
        println!();
    }
}

/// Of ten guesses with nine in ten of confidence, nine are right.
fn print_calibration(calls: &Calls) {
    println!("\n{:<16}{:>10}{:>10}", "confidence", "samples", "% right");
    for (from, to) in BANDS {
        let (count, right) = band(calls, from, to);
        println!("{:<16}{count:>10}{:>10.1}", format!("{from:.2}..{to:.2}"), right * 100.0);
    }
}

const BANDS: [(f32, f32); 8] =
    [(0.0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.85), (0.85, 0.95), (0.95, 0.99), (0.99, 0.999), (0.999, 1.1)];

fn band(calls: &Calls, from: f32, to: f32) -> (usize, f64) {
    let inside: Vec<bool> = calls.iter().filter(|(sure, _)| (from..to).contains(sure)).map(|(_, right)| *right).collect();
    let right = inside.iter().filter(|right| **right).count();
    (inside.len(), right as f64 / inside.len().max(1) as f64)
}

/// The least share that a row must reach at each length. Chinese in UTF-8, GBK and Big5 is what this tool is for.
fn floors(row: &Row) -> [f64; 5] {
    match (row.language, row.label) {
        // Two characters with ASCII among them are one hanzi, which many encodings have.
        ("zh-Hant", "big5") if row.kind == Kind::Mixed => [0.78, 0.95, 0.985, 0.99, 0.99],
        ("zh-Hans" | "zh-Hant", "utf-8" | "gbk" | "gb18030" | "big5") => [0.85, 0.95, 0.99, 0.99, 0.99],
        ("zh-Hans" | "zh-Hant", _) => [0.35, 0.75, 0.95, 0.98, 0.98],
        ("ascii", _) => [0.9, 0.95, 0.98, 0.98, 0.98],
        (_, "utf-8") => [0.9, 0.95, 0.98, 0.98, 0.98],
        _ => [0.4, 0.75, 0.93, 0.98, 0.98],
    }
}

#[test]
fn verdicts_are_right_more_often_than_chardetngs() {
    let (rows, calls) = measure();
    print(&rows);
    print_calibration(&calls);
    let mut low = Vec::new();
    for row in &rows {
        let name = format!("{} {} {:?}", row.language, row.label, row.kind);
        for (((length, ours), theirs), floor) in LENGTHS.iter().zip(&row.ours).zip(&row.theirs).zip(floors(row)) {
            if *ours < floor {
                low.push(format!("{name}, {length} characters: {ours:.3}, not {floor}"));
            }
            if row.language.starts_with("zh") && ours < theirs {
                low.push(format!("{name}, {length} characters: {ours:.3}, chardetng {theirs:.3}"));
            }
        }
    }
    for (place, length) in LENGTHS.iter().enumerate() {
        let chinese: Vec<&Row> =
            rows.iter().filter(|row| row.language.starts_with("zh") && !row.label.starts_with("utf-16")).collect();
        let mean = |of: fn(&Row) -> &Vec<f64>| chinese.iter().map(|row| of(row)[place]).sum::<f64>() / chinese.len() as f64;
        let (ours, theirs) = (mean(|row| &row.ours), mean(|row| &row.theirs));
        println!("Chinese, {length} characters: {:.2} % (chardetng {:.2} %)", ours * 100.0, theirs * 100.0);
        if ours < theirs || ours == theirs && theirs < 1.0 {
            low.push(format!("Chinese, {length} characters: {ours:.3}, chardetng {theirs:.3}"));
        }
    }
    for (from, to) in BANDS {
        let (count, right) = band(&calls, from, to);
        // Nobody may trust it more than it deserves.
        if count >= 50 && right < f64::from(from) - 0.1 {
            low.push(format!("with a confidence of {from}..{to}, {right:.3} are right"));
        }
    }
    assert!(low.is_empty(), "\n{}", low.join("\n"));
}

/// The goals, on text that nothing was adjusted on: each run of so many characters within a line, and the least share that is right over
/// UTF-8, GBK and Big5, which count alike.
const GOALS: [(usize, f64); 3] = [(2, 0.85), (4, 0.95), (8, 0.99)];

#[test]
fn the_goals_are_reached_on_text_held_out() {
    let texts = by_language(include_str!("support/held_out.txt"));
    println!("{:<30}{:>12}{:>16}", "% right, held out", "ours", "chardetng");
    for (length, goal) in GOALS {
        let share = |language: &str, label: &str| {
            let windows = texts[language].windows(length).filter(|window| !window.contains(&'\n'));
            let (mut all, mut ours, mut theirs) = (0.0, 0.0, [0.0, 0.0]);
            for said in windows.map(|window| window.iter().collect::<String>()) {
                let bytes = encoding(label).encode(&said).unwrap();
                all += 1.0;
                ours += f64::from(reads(rank(&bytes)[0].guess, &bytes, &said));
                for (right, hint) in theirs.iter_mut().zip([None, Some(&b"cn"[..])]) {
                    *right += f64::from(chardetng_reads(&bytes, &said, hint));
                }
            }
            let share = (ours / all, theirs[0].max(theirs[1]) / all);
            println!("{:<30}{:>12.2}{:>16.2}", format!("{language} {label}, {length}"), share.0 * 100.0, share.1 * 100.0);
            share
        };
        let utf8 = [share("zh-Hans", "utf-8"), share("zh-Hant", "utf-8")];
        let utf8 = ((utf8[0].0 + utf8[1].0) / 2.0, (utf8[0].1 + utf8[1].1) / 2.0);
        let all = [utf8, share("zh-Hans", "gbk"), share("zh-Hant", "big5")];
        let mean = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        let (ours, theirs) = (mean(|one| one.0), mean(|one| one.1));
        println!("{:<30}{:>12.2}{:>16.2}", format!("all, {length}"), ours * 100.0, theirs * 100.0);
        // Nobody is better than all right.
        assert!(
            ours >= goal && (ours > theirs || ours == 1.0),
            "{length} characters: {ours:.4}, goal {goal}, chardetng {theirs:.4}"
        );
    }
}

#[test]
fn protocols_of_numbers_are_no_text() {
    let kinds = [
        "16 random bytes",
        "Modbus RTU request",
        "Modbus RTU answer",
        "Modbus TCP",
        "DNS",
        "TLS client hello",
        "DL/T 645",
        "MQTT",
        "protobuf",
        "floats",
        "gzip",
        "zlib",
    ];
    let mut low = Vec::new();
    for kind in kinds {
        let mut dice = Dice(7);
        let mut binary = 0;
        for _ in 0..500 {
            let bytes = frame(kind, &mut dice);
            let best = rank(&bytes).remove(0);
            if std::env::var_os("WRONG").is_some() && best.guess != Guess::Binary {
                println!("{kind} {bytes:02X?} {:?} {:?} {}", best.guess, best.text, best.confidence);
            }
            binary += usize::from(best.guess == Guess::Binary);
        }
        let share = f64::from(u32::try_from(binary).unwrap()) / 500.0;
        println!("{kind:<22}{:>8.1} % no text", share * 100.0);
        if share < 0.99 {
            low.push(format!("{kind}: {share}"));
        }
    }
    assert!(low.is_empty(), "\n{}", low.join("\n"));
}

#[test]
fn protocols_of_text_stay_text() {
    let table: [(&[u8], &str); 12] = [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "UTF-8"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "UTF-8"),
        (b"{\"t\":21.5}", "UTF-8"),
        (b"AT\r\n", "UTF-8"),
        (b"OK\r\n", "UTF-8"),
        (b"AT+CGMM\r", "UTF-8"),
        (b"$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76\r\n", "UTF-8"),
        (b"1:1001:zhang:PC-01:288:\xC4\xE3\xBA\xC3\0", "GBK"),
        (b"1_lbt6_0#128#1:1002:li:PC-02:1:\xC0\xEE\xCB\xC4\0\xB0\xEC\xB9\xAB\xCA\xD2\0", "GBK"),
        (b"\x02TEMP=25.4;HUM=60\x03", "UTF-8"),
        (b"\x1B[31mFAIL\x1B[0m\r\n", "UTF-8"),
        (b"hello\0\0\0\0\0\0\0\0", "UTF-8"),
    ];
    for (bytes, name) in table {
        let best = rank(bytes).remove(0);
        assert_eq!(best.guess, Guess::Text(encoding(name)), "{:?} {}", best, String::from_utf8_lossy(bytes));
    }
}

/// A sample that begins or ends within a character is read all the same.
#[test]
fn cut_characters_do_not_mislead() {
    let sentences = sentences();
    for (language, label, width) in [
        ("zh-Hans", "gbk", 2),
        ("zh-Hans", "utf-8", 3),
        ("zh-Hant", "big5", 2),
        ("zh-Hant", "utf-8", 3),
        ("zh-Hans", "utf-16le", 2),
    ] {
        let (mut right, mut all) = (0, 0);
        for (_, bytes) in samples(&sentences[language], label, 10, Kind::Pure, &mut Dice(3)) {
            for (from, to) in [(1, 0), (0, 1), (1, 1), (width - 1, width - 1)] {
                let best = rank(&bytes[from..bytes.len() - to]).remove(0);
                right += usize::from(best.guess == Guess::Text(encoding(label)));
                all += 1;
            }
        }
        println!("{language} {label}, cut: {right} of {all}");
        assert!(right * 100 >= all * 96, "{language} {label}: {right} of {all}");
    }
}

/// The first reads of a stream: what it stays with is right, and it stays soon.
#[test]
fn what_is_settled_is_right() {
    let sentences = sentences();
    for (language, label, soon) in
        [("zh-Hans", "gbk", 0.9), ("zh-Hans", "utf-8", 0.95), ("zh-Hant", "big5", 0.9), ("ja", "shift_jis", 0.8)]
    {
        let (mut right, mut said_so) = (0, 0);
        let samples = samples(&sentences[language], label, 8, Kind::Any, &mut Dice(5));
        let telling: Vec<_> = samples.iter().filter(|(said, _)| !said.is_ascii()).collect();
        for (said, bytes) in &telling {
            if let Some(guess) = settled(bytes) {
                said_so += 1;
                right += usize::from(reads(guess, bytes, said));
            }
        }
        println!("{language} {label}: settled {said_so} of {}, {right} right", telling.len());
        assert!(right * 100 >= said_so * 98 && said_so as f64 >= soon * telling.len() as f64, "{label}: {right} of {said_so}");
    }
    for bytes in [&b""[..], b"AT+OK\r\n", b"{\"t\":21.5}", b"\x02TEMP=25\x03"] {
        assert_eq!(settled(bytes), None, "{bytes:02X?}");
    }
    assert_eq!(settled(b"\x01\x03\x00\x00\x00\x0A\xC5\xCD\x01\x03\x00\x00\x00\x0A\xC5\xCD"), Some(Guess::Binary));
}

#[test]
fn the_verdict_says_what_would_settle_it() {
    let gbk = |text: &str| Encoding::GB18030.encode(text).unwrap();
    let table = [
        (Vec::new(), Settle::MoreData),
        (b"AT+OK\r\n".to_vec(), Settle::BeyondAscii),
        ("你好，世界".as_bytes().to_vec(), Settle::Nothing),
        (gbk("请输入密码，然后按确认键"), Settle::Nothing),
        // No device that only has GBK writes four bytes, though a decoder reads them.
        (gbk("𠮷野家的牛肉饭"), Settle::Nothing),
        (b"Price: 25 \x80 net".to_vec(), Settle::SameReading { best: Encoding::GBK, other: Encoding::WINDOWS_1252 }),
        (gbk("烤"), Settle::MoreBytes { characters: 1 }),
    ];
    for (bytes, settle) in table {
        let verdict = judge(&bytes);
        assert_eq!(verdict.settle, settle, "{bytes:02X?} {:?}", verdict.candidates.first());
    }
    let verdict = judge("你好".as_bytes());
    let rival = verdict.rival.unwrap();
    assert_eq!((rival.guess, rival.excerpt.as_str()), (Guess::Text(Encoding::GBK), "浣犲ソ"));
    assert!(judge(b"AT").rival.is_none());
}
