//! What unknown bytes are, in words: the verdict, its reason against the strongest rival, and what would settle it. For the window and
//! the twin. It must never judge itself.

use crate::codec::detect::{Candidate, Guess, Reason, Rival, Settle, Verdict};
use crate::codec::visible::push_visible;
use crate::i18n::Language;
use std::fmt::Display;

/// What the bytes most likely are, why rather than the strongest rival, and what would settle it when it is open: some sentences in one
/// line.
pub fn verdict(language: Language, verdict: &Verdict) -> String {
    let Some(best) = verdict.candidates.first() else { return String::new() };
    let length = verdict.length;
    if length == 0 {
        return language.tr("verdict.nothing").into_owned();
    }
    let what = match (best.guess, best.smallest) {
        (Guess::Binary, _) => language.tr_with("verdict.binary", &[("length", &length)]),
        (Guess::Text(encoding), Some(smallest)) if smallest != encoding => {
            language.tr_with("verdict.smallest", &[("length", &length), ("encoding", &encoding), ("smallest", &smallest)])
        }
        (Guess::Text(encoding), _) => language.tr_with("verdict.text", &[("length", &length), ("encoding", &encoding)]),
    };
    let why = because(language, best, verdict);
    let settle = settle(language, &verdict.settle);
    let values: [(&str, &dyn Display); 3] = [("what", &what), ("why", &why), ("settle", &settle)];
    match verdict.settle {
        Settle::Nothing => language.tr_with("verdict.settled", &values[..2]),
        _ => language.tr_with("verdict.open", &values),
    }
}

/// The reason for the best reading with what is wrong with it, and what the strongest rival would read.
fn because(language: Language, best: &Candidate, verdict: &Verdict) -> String {
    let why = reason(language, &best.reason);
    let why = match best.errors {
        0 => why,
        // What would settle it says so.
        _ if best.cut && verdict.settle == Settle::OtherHalf => why,
        _ if best.cut => language.tr_with("verdict.cut", &[("why", &why)]),
        count => language.tr_with("verdict.damaged", &[("why", &why), ("count", &count)]),
    };
    match &verdict.rival {
        None => why,
        Some(Rival { guess: Guess::Text(encoding), excerpt, reason: rival }) => {
            let mut shown = String::new();
            excerpt.chars().for_each(|character| push_visible(&mut shown, character));
            let against = reason(language, rival);
            let values: [(&str, &dyn Display); 4] =
                [("why", &why), ("rival", encoding), ("excerpt", &shown), ("against", &against)];
            language.tr_with("verdict.rival", &values)
        }
        Some(Rival { guess: Guess::Binary, reason: rival, .. }) => {
            language.tr_with("verdict.rival_binary", &[("why", &why), ("against", &reason(language, rival))])
        }
    }
}

/// Why one reading is likely or not.
pub fn reason(language: Language, reason: &Reason) -> String {
    let values = reason.values();
    let values: Vec<(&str, &dyn Display)> = values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
    language.tr_with(&format!("reason.{}", reason.key()), &values)
}

/// What would settle it.
pub fn settle(language: Language, settle: &Settle) -> String {
    let values = settle.values();
    let values: Vec<(&str, &dyn Display)> = values.iter().map(|(name, value)| (*name, value as &dyn Display)).collect();
    language.tr_with(&format!("settle.{}", settle.key()), &values)
}

/// What a reading is called.
pub fn guess(language: Language, guess: Guess) -> String {
    match guess {
        Guess::Text(encoding) => encoding.name().to_owned(),
        Guess::Binary => language.tr("verdict.no_text").into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::detect::judge;

    #[test]
    fn aloud() {
        let enc = |label: &str, text: &str| crate::codec::encoding::Encoding::for_label(label).unwrap().encode(text).unwrap();
        let long = "今天下午三点在会议室开会，请大家准时参加。服务器已经启动，正在等待客户端的连接请求。";
        let inputs: Vec<Vec<u8>> = vec![
            b"\xC4\xE3\xBA\xC3\xEF".to_vec(), b"\xBA\xC3\xB5\xC4\xFF\x80 abc\r\n".to_vec(), b"\xE4\xBD\xA0\xE5\xA5\xBD\x80\xFFA\r\n".to_vec(),
            vec![], b"A".to_vec(), b"AT+OK\r\n".to_vec(), b"\x02TEMP=25.4;HUM=60\x03".to_vec(), b"hello\0\0\0\0".to_vec(), b"\x1B[31mFAIL\x1B[0m".to_vec(),
            b"\0".to_vec(), b"\xFF".to_vec(), b"\x80".to_vec(), b"\xFF\xFF\xFF\xFF".to_vec(), b"\0\0\0\0".to_vec(),
            b"\x01\x03\x00\x00\x00\x0A\xC5\xCD".to_vec(), b"\x9D\x3F\xA1\x07\xE6\x90\x58\xCB\x11\xF2\x84\x6D\xB0\x39\xFE\x02".to_vec(),
            b"\xB2\xE2\xE9\xD4\xF3\x91\xA8\xC7\xD2\xEE\xBB\xFA\x98\x87\xE2\xD1".to_vec(),
            enc("utf-8","你好"), enc("utf-8","好"), enc("utf-8","é"), enc("utf-8","café"), enc("utf-8",long), enc("utf-8","\u{FEFF}a"), enc("utf-8","😀"), enc("utf-8","Привет"),
            "温度25℃".as_bytes()[1..].to_vec(), "你好世界".as_bytes()[..11].to_vec(),
            enc("gbk","你好"), enc("gbk","好"), enc("gbk","烤"), enc("gbk","的"), enc("gbk","联通"), enc("gbk","温度:25℃"), enc("gbk",long), enc("gbk","朱镕基"), enc("gbk","裏面"), enc("gb18030","我是𠮷野家"), enc("gbk",long)[1..31].to_vec(), enc("gbk","夜雨"),
            enc("gbk","1:1001:zhang:PC-01:288:你好，飞秋\0"), enc("gbk","嗯嗯"),
            enc("big5","歡迎使用"), enc("big5","您好"), enc("big5","月台上擠滿返鄉的旅客"), enc("big5","車"),
            enc("utf-16le","你好世界"), enc("utf-16be","你好，世界"), enc("utf-16le","Hello"), enc("utf-16le","\u{FEFF}你"),
            enc("shift_jis","接続に失敗しました"), enc("euc-jp","こんにちは世界"), enc("iso-2022-jp","こんにちは"), enc("euc-kr","연결에 실패했습니다"), enc("euc-kr", "안녕"),
            enc("koi8-r","Привет, мир"), enc("windows-1251","Привет, мир, как дела"), enc("windows-1252","Le café est fermé à Noël"), enc("windows-1252", "Grüße"), enc("windows-1253", "Καλημέρα κόσμε"),
            b"\x00\x01\x02\x03".to_vec(), b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03".to_vec(), "OK 温度".as_bytes().to_vec(), b"\xA1\xA1\xA1\xA1".to_vec(),
        ];
        for bytes in inputs {
            let judged = judge(&bytes);
            let best = &judged.candidates[0];
            println!("{:02X?} {:?} {:?} {:.2}", &bytes[..bytes.len().min(12)], best.guess, best.text.chars().take(12).collect::<String>(), best.confidence);
            println!("   {}\n   {}", verdict(Language::English, &judged), verdict(Language::Chinese, &judged));
        }
    }

    #[test]
    fn the_verdict_names_the_rival_and_its_reading() {
        let table: [(&[u8], &str, &str); 7] = [
            ("你好，世界".as_bytes(), "UTF-8", "浣犲ソ"),
            (b"\xC4\xE3\xBA\xC3\xA3\xAC\xC7\xEB\xCE\xCA", "GBK", "GB2312"),
            (b"AT+OK\r\n", "UTF-8", "ASCII"),
            (b"", "", ""),
            (b"\x01\x03\x00\x00\x00\x0A\xC5\xCD", "8", ""),
            ("我是".as_bytes(), "UTF-8", "GBK"),
            ("温度25℃".as_bytes().get(1..).unwrap(), "UTF-8", ""),
        ];
        for language in [Language::Chinese, Language::English] {
            for (bytes, first, second) in table {
                let told = verdict(language, &judge(bytes));
                assert!(told.contains(first) && told.contains(second) && !told.contains("%{"), "{bytes:02X?}: {told}");
                assert!(!told.is_empty() && !told.contains('\n'));
            }
        }
    }
}
