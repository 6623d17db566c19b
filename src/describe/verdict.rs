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
    use crate::codec::encoding::Encoding;

    fn in_encoding(label: &str, text: &str) -> Vec<u8> {
        Encoding::for_label(label).unwrap().encode(text).unwrap()
    }

    #[test]
    fn the_reason_is_what_speaks_for_it_and_against_the_rival() {
        let table: [(&[u8], &str, &str); 15] = [
            (
                b"\xC4\xE3\xBA\xC3\xEF",
                "5 B, most likely GBK (its subset GB2312 is enough): “你好” is a common word, and a character is cut off at an end; as Big5 it would read “斕疑\\xEF”: rare hanzi (1 of 2).",
                "5 字节，最可能是 GBK（只用到其子集 GB2312）：“你好”是常用词，首尾有字符被截断；按 Big5 则读作“斕疑\\xEF”，含生僻字（1/2）。",
            ),
            (
                b"\xBA\xC3\xB5\xC4\xFF\x80 abc\r\n",
                "12 B, most likely GBK: “好的” is a common word, although not all of it decodes (malformed sequences: 1); as Big5 it would read “疑腔\\xFF\\x80 a…”: malformed sequences (2).",
                "12 字节，最可能是 GBK：“好的”是常用词，但有 1 处无法解码；按 Big5 则读作“疑腔\\xFF\\x80 a…”，有 2 处无法解码。",
            ),
            (
                b"\xE4\xBD\xA0\xE5\xA5\xBD\x80\xFFA\r\n",
                "11 B, most likely UTF-8: multi-byte characters that are valid UTF-8 (2), which hardly happens by chance, although not all of it decodes (malformed sequences: 2); as GBK it would read “浣犲ソ€\\xFFA\\r\\n”: characters that such text hardly has (4 of 4). More bytes would settle it; so far there is little to go by (characters: 2).",
                "11 字节，最可能是 UTF-8：含 2 个合法的 UTF-8 多字节字符，很难是巧合，但有 2 处无法解码；按 GBK 则读作“浣犲ソ€\\xFFA\\r\\n”，含这类文本少见的字符（4/4）。目前可供判断的字符只有 2 个，再多些字节即可确定。",
            ),
            (b"", "There are no bytes.", "没有字节。"),
            (
                b"A",
                "1 B, most likely UTF-8: ASCII only, which every encoding but UTF-16 reads alike. A character beyond ASCII would settle it.",
                "1 字节，最可能是 UTF-8：全是 ASCII，除 UTF-16 外用哪种编码读都一样。出现 ASCII 以外的字符即可确定。",
            ),
            (
                b"\x02TEMP=25.4;HUM=60\x03",
                "18 B, most likely UTF-8: mostly ASCII text, with control characters (2 of 18). A character beyond ASCII would settle it.",
                "18 字节，最可能是 UTF-8：基本是 ASCII 文本，夹有控制字符（2/18）。出现 ASCII 以外的字符即可确定。",
            ),
            (
                b"\x01\x03\x00\x00\x00\x0A\xC5\xCD",
                "8 B, most likely binary, not text: control or unassigned characters (5 of 8).",
                "8 字节，最可能是二进制数据，不是文本：含控制字符或未定义字符（5/8）。",
            ),
            (
                b"\xFF\xFF\xFF\xFF",
                "4 B, most likely binary, not text: no encoding makes likely text of it.",
                "4 字节，最可能是二进制数据，不是文本：按哪种编码读都不像文本。",
            ),
            (
                b"\xFF",
                "1 B, most likely binary, not text: no encoding makes likely text of it; as windows-1251 it would read “я”: not a likely text. More bytes would settle it.",
                "1 字节，最可能是二进制数据，不是文本：按哪种编码读都不像文本；按 windows-1251 则读作“я”，这样的文本不多见。再多些字节即可确定。",
            ),
            (
                b"\xEF\xBB\xBFa",
                "4 B, most likely UTF-8: a byte order mark stands first; as GBK it would read “锘縜”: rare hanzi (2 of 2).",
                "4 字节，最可能是 UTF-8：以字节序标记（BOM）开头；按 GBK 则读作“锘縜”，含生僻字（2/2）。",
            ),
            (
                b"H\0e\0l\0l\0o\0",
                "10 B, most likely UTF-16LE: every second byte is 00, as in UTF-16 with ASCII alone; as GBK it would read “…\\0e\\0l\\0l\\0o\\0”: control or unassigned characters (4 of 9).",
                "10 字节，最可能是 UTF-16LE：每隔一个字节就是 00，是 UTF-16 编码的 ASCII；按 GBK 则读作“…\\0e\\0l\\0l\\0o\\0”，含控制字符或未定义字符（4/9）。",
            ),
            (
                b"\xBA\xC3",
                "2 B, most likely GBK (its subset GB2312 is enough): hanzi in common use (1 of 1); as Big5 it would read “疑”: its characters are less usual. More bytes would settle it; so far there is little to go by (characters: 1).",
                "2 字节，最可能是 GBK（只用到其子集 GB2312）：多为常用字（1/1）；按 Big5 则读作“疑”，用字不够常见。目前可供判断的字符只有 1 个，再多些字节即可确定。",
            ),
            (
                &in_encoding("utf-16le", "你好世界"),
                "8 B, most likely UTF-16LE: 2 common words, such as “你好”; as GBK it would read “`O}Y\\x16NLu”: its characters are less usual.",
                "8 字节，最可能是 UTF-16LE：含 2 个常用词，如“你好”；按 GBK 则读作“`O}Y\\x16NLu”，用字不够常见。",
            ),
            (
                &in_encoding("euc-kr", "안녕"),
                "4 B, most likely EUC-KR: characters that such text usually has (2 of 2); as GBK it would read “救崇”: its hanzi make no common word.",
                "4 字节，最可能是 EUC-KR：多为这类文本的常见字符（2/2）；按 GBK 则读作“救崇”，这些字凑不成常用词。",
            ),
            (
                &in_encoding("gb18030", "我是𠮷野家"),
                "12 B, most likely GB18030: hanzi in common use (4 of 5); as Big5 it would read “扂岆\\x954\\xB25…”: malformed sequences (2).",
                "12 字节，最可能是 GB18030：多为常用字（4/5）；按 Big5 则读作“扂岆\\x954\\xB25…”，有 2 处无法解码。",
            ),
        ];
        for (bytes, english, chinese) in table {
            let judged = judge(bytes);
            assert_eq!(verdict(Language::English, &judged), english);
            assert_eq!(verdict(Language::Chinese, &judged), chinese);
        }
    }

    /// Of every beginning of some messages, and of bytes that look like chance.
    #[test]
    fn the_best_and_its_rival_never_have_the_same_reason() {
        let mut inputs: Vec<Vec<u8>> = Vec::new();
        for (label, text) in [
            ("utf-8", "你好，é温度25℃ OK"),
            ("gbk", "设备3已上线，朱镕基"),
            ("big5", "歡迎使用網路印表機"),
            ("utf-16le", "Hi你好"),
            ("shift_jis", "接続に失敗しました"),
            ("koi8-r", "Привет, мир"),
            ("windows-1252", "Grüße à Noël"),
        ] {
            let bytes = in_encoding(label, text);
            inputs.extend((1..=bytes.len()).map(|length| bytes[..length].to_vec()));
            inputs.extend((1..bytes.len()).map(|from| bytes[from..].to_vec()));
        }
        inputs.extend((1..200_u32).map(|seed| (0..seed % 19).map(|n| ((seed * 97 + n * n * 31) >> 2) as u8).collect()));
        for bytes in inputs {
            let judged = judge(&bytes);
            if let Some(rival) = &judged.rival {
                assert_ne!(judged.candidates[0].reason.key(), rival.reason.key(), "{bytes:02X?}");
            }
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
