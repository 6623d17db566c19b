//! The mojibake doctor over a table: what is garbled by every lossless misreading comes back, what is clean stays so, and nothing
//! panics.

use proptest::prelude::*;
use sockscope::codec::decoder::Piece;
use sockscope::codec::encoding::Encoding;
use sockscope::codec::mojibake::{Diagnosis, Outcome, Verdict, diagnose};

/// Ordinary sentences, and what writes them besides UTF-8.
const SENTENCES: [(&str, &[&str]); 32] = [
    ("你好，世界", CHINESE),
    ("服务器已经启动，正在等待客户端的连接请求", CHINESE),
    ("温度过高报警，请立即检查冷却系统", CHINESE),
    ("设备编号不存在", CHINESE),
    ("今天下午三点在会议室开会", CHINESE),
    ("订单已发货，预计明天送达", CHINESE),
    ("2026-11-21 10:30:41 INFO 连接成功 id=7", CHINESE),
    ("{\"name\":\"张三\",\"city\":\"上海\"}", CHINESE),
    ("数据校验失败，丢弃该帧", CHINESE),
    ("伺服器已經啟動，正在等待用戶端的連線請求", TRADITIONAL),
    ("溫度過高，請立即檢查冷卻系統", TRADITIONAL),
    ("今天下午三點在會議室開會", TRADITIONAL),
    ("歡迎使用本系統", TRADITIONAL),
    ("接続に失敗しました", JAPANESE),
    ("サーバーは起動しています", JAPANESE),
    ("こんにちは、世界", JAPANESE),
    ("データの送信が完了しました", JAPANESE),
    ("温度が高すぎます。確認してください", JAPANESE),
    ("연결에 실패했습니다", KOREAN),
    ("안녕하세요 여러분", KOREAN),
    ("서버가 시작되었습니다", KOREAN),
    ("데이터를 받을 수 없습니다", KOREAN),
    ("Привет, мир! Как дела?", RUSSIAN),
    ("Сервер запущен и ждёт подключений", RUSSIAN),
    ("Ошибка соединения: время ожидания истекло", RUSSIAN),
    ("Температура выше нормы", RUSSIAN),
    ("Le café est fermé à Noël", WESTERN),
    ("La température est trop élevée", WESTERN),
    ("Grüße aus München", WESTERN),
    ("El niño comió más después", WESTERN),
    ("Żółta łódź płynie po rzece", &[]),
    ("Xin chào thế giới", &[]),
];
const CHINESE: &[&str] = &["gbk", "utf-16le"];
const TRADITIONAL: &[&str] = &["big5", "gbk", "utf-16le"];
const JAPANESE: &[&str] = &["shift_jis", "euc-jp", "utf-16le"];
const KOREAN: &[&str] = &["euc-kr", "utf-16le"];
const RUSSIAN: &[&str] = &["windows-1251", "koi8-r", "ibm866"];
const WESTERN: &[&str] = &["windows-1252"];
/// What it is wrongly read as.
const READ: [&str; 11] = [
    "gbk",
    "windows-1252",
    "iso-8859-1",
    "big5",
    "shift_jis",
    "euc-kr",
    "windows-1251",
    "koi8-r",
    "ibm866",
    "macintosh",
    "utf-16be",
];

fn encoding(label: &str) -> Encoding {
    Encoding::for_label(label).unwrap()
}

/// The misreading of a text, if every byte of it can be told from what is read.
fn garble(text: &str, written: Encoding, read: Encoding) -> Option<String> {
    let utf_16 = |one: Encoding| one == Encoding::UTF_16LE || one == Encoding::UTF_16BE;
    // UTF-16 is not misread as bytes without zeros, and bytes are not as UTF-16.
    if written == read || utf_16(written) != utf_16(read) {
        return None;
    }
    match read.decode(&written.encode(text).ok()?).as_slice() {
        [Piece::Text(garbled)] if garbled != text => Some(garbled.clone()),
        _ => None,
    }
}

#[test]
fn what_can_come_back_comes_back() {
    let (mut right, mut all) = (0, 0);
    for read in READ {
        let (mut good, mut tried) = (0, 0);
        for (text, others) in SENTENCES {
            for written in ["utf-8"].iter().chain(others) {
                let Some(garbled) = garble(text, encoding(written), encoding(read)) else { continue };
                let verdict = diagnose(&garbled).verdict;
                let found = matches!(&verdict, Verdict::Garbled(list) if list[0].outcome == Outcome::Recovered(text.to_owned()));
                tried += 1;
                good += usize::from(found);
                if !found {
                    println!("  {written} read as {read}: {text} = {garbled}: {verdict:?}");
                }
            }
        }
        println!("read as {read:12} {good:3} of {tried:3}");
        right += good;
        all += tried;
    }
    println!("together {right} of {all}");
    assert!(all > 200 && right * 100 >= all * 95, "{right} of {all}");
}

#[test]
fn two_misreadings_come_back() {
    let (mut right, mut all) = (0, 0);
    for (text, others) in SENTENCES {
        for written in ["utf-8"].iter().chain(others) {
            for (first, second) in
                [("windows-1252", "windows-1252"), ("gbk", "gbk"), ("windows-1252", "gbk"), ("iso-8859-1", "iso-8859-1")]
            {
                let Some(once) = garble(text, encoding(written), encoding(first)) else { continue };
                let Some(twice) = garble(&once, Encoding::UTF_8, encoding(second)) else { continue };
                let verdict = diagnose(&twice).verdict;
                let found = matches!(&verdict, Verdict::Garbled(list) if list[0].outcome == Outcome::Recovered(text.to_owned()));
                all += 1;
                right += usize::from(found);
                if !found {
                    println!("  {written} read as {first}, then as {second}: {text} = {twice}: {verdict:?}");
                }
            }
        }
    }
    println!("twice: {right} of {all}");
    assert!(all > 40 && right * 100 >= all * 95, "{right} of {all}");
}

/// More ordinary text, of all kinds.
const CLEAN: &[&str] = &[
    "",
    " ",
    "Hello, world!",
    "OK",
    "AT+CSQ\r\n+CSQ: 21,99\r\n\r\nOK\r\n",
    "GET /index.html?a=1&b=%20x HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "{\"a\": [1, 2.5, null], \"b\": \"\\n\\t\"}",
    "https://example.com/路径/文件.html",
    "2026-11-21 10:30:41.123 [INFO] 00:1A:2B:3C:4D:5E 192.168.1.20:8080",
    "0x1F 31",
    "deadbeef",
    "13 57 24 68",
    "a3f5c9e2-11d4-4e5b-9c1f-2b7d8e6a0f13",
    "C:\\xampp\\users\\new",
    "温度:25℃ 湿度:60%",
    "价格￥100，已付款√",
    "①②③ ■□ → ←",
    "烫烫的，小心",
    "他是屯里人，屯屯都有路",
    "饕餮盛宴",
    "魑魅魍魉",
    "氤氲",
    "龘",
    "朱镕基",
    "㐂家",
    "我是𠮷野家",
    "囧囧有神",
    "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。",
    "道可道，非常道。名可名，非常名。无名天地之始；有名万物之母。",
    "“你好！”他说——“今天天气不错……”",
    "微软（Microsoft）的Windows系统",
    "資料檢查失敗，丟棄該封包",
    "鬱鬱蔥蔥的森林",
    "ﾃｽﾄ",
    "ｴﾗｰが発生しました",
    "東京タワーへ行きます。",
    "ソ連",
    "한국어 문장입니다.",
    "뷁",
    "Съешь же ещё этих мягких французских булок, да выпей чаю",
    "ВНИМАНИЕ! ОШИБКА",
    "и",
    "Я",
    "Київ — столиця України",
    "Portez ce vieux whisky au juge blond qui fume",
    "Ça va très bien, merci ! À bientôt à l’hôtel",
    "Où êtes-vous ? « Là-bas »",
    "ÉCOLE FERMÉE",
    "Fußgängerübergänge",
    "¿Qué tal? ¡Adiós!",
    "naïve café résumé",
    "smörgåsbord på ön",
    "Þórður",
    "äöüß ÄÖÜ",
    "文字化け",
    "????",
    "□□□",
    "İstanbul’da hava güzel",
    "Příliš žluťoučký kůň",
    "25 °C ± 0.5 µm",
    "© 2026 Müller®",
    "100€ £5 ¥10",
    "ελληνικά κείμενο",
    "Γειά σου Κόσμε",
    "مرحبا بالعالم",
    "שלום עולם",
    "สวัสดีชาวโลก",
    "नमस्ते दुनिया",
    "😀👍🏽🎉",
    "❤️",
    "┌──┐\n│ok│\n└──┘",
    "π ≈ 3.14, x² ≤ ∞",
    "e\u{301}",
];

#[test]
fn clean_text_is_healthy() {
    let sentences = SENTENCES.map(|(text, _)| text);
    let wrong: Vec<String> = CLEAN
        .iter()
        .chain(&sentences)
        .map(|text| (text, diagnose(text).verdict))
        .filter(|(_, verdict)| *verdict != Verdict::Healthy)
        .map(|(text, verdict)| format!("{text}: {verdict:?}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// However many lines there are, and in whatever order.
#[test]
fn clean_lines_are_healthy() {
    let sentences: Vec<&str> = SENTENCES.iter().map(|(text, _)| *text).collect();
    let all: Vec<&str> = sentences.iter().chain(CLEAN).copied().collect();
    for lines in [&sentences, &all] {
        for end in ["\n", "\r\n", " "] {
            let many: Vec<&str> = lines.iter().copied().cycle().take(200).collect();
            let turned: Vec<&str> = lines.iter().copied().rev().collect();
            for text in [lines.join(end), many.join(end), turned.join(end)] {
                assert_eq!(diagnose(&text).verdict, Verdict::Healthy, "{text}");
            }
        }
    }
}

/// Every few characters in a row of ordinary text, too short to be sure of anything, are healthy.
#[test]
fn short_text_is_healthy() {
    let mut wrong = Vec::new();
    let mut all = 0;
    for (text, _) in SENTENCES {
        let characters: Vec<char> = text.chars().collect();
        for length in [1, 2, 3, 5] {
            for part in characters.windows(length) {
                let part: String = part.iter().collect();
                all += 1;
                let verdict = diagnose(&part).verdict;
                if verdict != Verdict::Healthy {
                    wrong.push(format!("{part}: {verdict:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {all}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_long_text_is_looked_at_in_part() {
    let report = diagnose(&"浣犲ソ".repeat(2000));
    assert_eq!((report.looked, report.total), (4000, 6000));
    assert!(matches!(report.verdict, Verdict::Garbled(_)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_has_a_verdict(text in any::<String>()) {
        let report = diagnose(&text);
        prop_assert_eq!(report.total, text.chars().count());
        if let Verdict::Garbled(list) = report.verdict {
            prop_assert!(!list.is_empty());
            prop_assert!(list.iter().all(|one| (0.0..=1.0).contains(&one.confidence)));
            let falls = |pair: &[Diagnosis]| pair[0].notation != pair[1].notation || pair[0].confidence >= pair[1].confidence;
            // What is about single lines stands by how many.
            prop_assert!(list.windows(2).all(|pair| !pair[1].lines.is_empty() || falls(pair)));
        }
    }

    #[test]
    fn any_bytes_read_as_anything_have_a_verdict(bytes in proptest::collection::vec(any::<u8>(), 0..60), place in 0..READ.len()) {
        let text: String = encoding(READ[place]).decode(&bytes).iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Invalid(_) => "\u{FFFD}",
        }).collect();
        diagnose(&text);
    }

    #[test]
    fn escapes_and_marks_have_a_verdict(text in "([\\\\x%=&#u{};0-9A-Fa-f?\u{FFFD}□浣犲ソÃä ]){0,40}") {
        diagnose(&text);
    }
}
