//! What unknown bytes may say, in every likely encoding, ranked, with the reason. It must never know where the bytes come from.

use std::fmt;

use super::decoder::escaped;
use super::encoding::Encoding;
use super::likeness::{Likeness, binary_likeness};

/// What bytes may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guess {
    /// Text in an encoding.
    Text(Encoding),
    /// No text.
    Binary,
}

/// One reading of the bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What they may be.
    pub guess: Guess,
    /// How they read then, with `\xHH` for an undecodable byte.
    pub text: String,
    /// How many malformed sequences there are.
    pub errors: usize,
    /// How likely it is, 0 to 1.
    pub confidence: f32,
    /// Why.
    pub reason: Reason,
    /// The smallest of GB2312, GBK and GB18030 that holds the text, when it is Chinese in that family.
    pub smallest: Option<Encoding>,
}

/// Why a reading is likely or not. Every number is a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing at all.
    Empty,
    /// ASCII alone: every encoding reads it alike.
    AsciiOnly {
        /// How many characters.
        total: usize,
    },
    /// Valid UTF-8 with characters of several bytes, which hardly happens by chance.
    Utf8Valid {
        /// How many of them.
        multibyte: usize,
    },
    /// A byte order mark stands first.
    Bom,
    /// Malformed sequences.
    Errors {
        /// How many.
        count: usize,
    },
    /// Most of its hanzi are common ones.
    CommonHanzi {
        /// Hanzi of level 1 of GB 2312, or of Big5.
        common: usize,
        /// All hanzi.
        total: usize,
    },
    /// Many of its hanzi are rare ones.
    RareHanzi {
        /// Hanzi that are not common.
        rare: usize,
        /// All hanzi.
        total: usize,
    },
    /// Characters of the script that this encoding is for.
    Script {
        /// How many of them.
        fitting: usize,
        /// All characters judged, which are those beyond ASCII if there are any.
        total: usize,
    },
    /// Control or unassigned characters, which text does not have.
    ControlBytes {
        /// How many.
        count: usize,
        /// Of how many.
        total: usize,
    },
    /// It can be read so, and nothing more speaks for it.
    Possible,
}

impl Reason {
    /// The reason's name, for translations.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::AsciiOnly { .. } => "ascii_only",
            Self::Utf8Valid { .. } => "utf8_valid",
            Self::Bom => "bom",
            Self::Errors { .. } => "errors",
            Self::CommonHanzi { .. } => "common_hanzi",
            Self::RareHanzi { .. } => "rare_hanzi",
            Self::Script { .. } => "script",
            Self::ControlBytes { .. } => "control_bytes",
            Self::Possible => "possible",
        }
    }

    /// The reason's numbers by name, for translations.
    pub fn numbers(&self) -> Vec<(&'static str, usize)> {
        match *self {
            Self::Empty | Self::Bom | Self::Possible => Vec::new(),
            Self::AsciiOnly { total } => vec![("total", total)],
            Self::Utf8Valid { multibyte } => vec![("multibyte", multibyte)],
            Self::Errors { count } => vec![("count", count)],
            Self::CommonHanzi { common, total } => vec![("common", common), ("total", total)],
            Self::RareHanzi { rare, total } => vec![("rare", rare), ("total", total)],
            Self::Script { fitting, total } => vec![("fitting", fitting), ("total", total)],
            Self::ControlBytes { count, total } => vec![("count", count), ("total", total)],
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there are no bytes"),
            Self::AsciiOnly { total } => write!(f, "all {total} bytes are ASCII, which reads alike in every encoding"),
            Self::Utf8Valid { multibyte } => {
                write!(f, "valid UTF-8 with {multibyte} multi-byte characters, which hardly happens by chance")
            }
            Self::Bom => f.write_str("a byte order mark stands first"),
            Self::Errors { count } => write!(f, "{count} malformed sequences"),
            Self::CommonHanzi { common, total } => write!(f, "{common} of {total} hanzi are common ones"),
            Self::RareHanzi { rare, total } => write!(f, "{rare} of {total} hanzi are rare ones"),
            Self::Script { fitting, total } => write!(f, "{fitting} of {total} judged characters are usual in this encoding"),
            Self::ControlBytes { count, total } => write!(f, "{count} of {total} characters are control or unassigned ones"),
            Self::Possible => f.write_str("it can be read so, and nothing more speaks for it"),
        }
    }
}

/// What is always tried. GB18030 joins when four-byte characters are there, because otherwise GBK reads the same.
const TRIED: [Encoding; 11] = [
    Encoding::UTF_8,
    Encoding::GBK,
    Encoding::BIG5,
    Encoding::UTF_16LE,
    Encoding::UTF_16BE,
    Encoding::SHIFT_JIS,
    Encoding::EUC_JP,
    Encoding::EUC_KR,
    Encoding::WINDOWS_1252,
    Encoding::KOI8_R,
    Encoding::LATIN_1,
];
/// chardetng learns no more from more.
const MOST_FOR_CHARDETNG: usize = 64 * 1024;
/// How much of the doubt about its favourite chardetng takes away. It has statistics of languages that we have not, but it
/// was made for web pages, whose shortest texts are longer than a datagram's.
const CHARDETNG_VOICE: f32 = 0.2;

/// Every likely reading of the bytes, best first. The same confidence: in menu order, [`Guess::Binary`] last.
///
/// 1. All ASCII is UTF-8 first, though all read it alike.
/// 2. Valid UTF-8 with characters of several bytes comes before GBK: `你好` in UTF-8 is `浣犲ソ` in GBK, but hardly any GBK text
///    is valid UTF-8.
/// 3. Others by what share of their characters is common in the script they are for, less for errors and controls, and less for few
///    characters. chardetng is one voice.
/// 4. Binary is what bytes are with many control characters, or when no text is likely.
pub fn rank(bytes: &[u8]) -> Vec<Candidate> {
    let favourite = chardetng_guess(bytes);
    let mut tried = TRIED.to_vec();
    if let Some(favourite) = favourite.filter(|favourite| !tried.contains(favourite)) {
        tried.push(favourite);
    }
    let mut list: Vec<Candidate> =
        tried.into_iter().map(|encoding| candidate(bytes, encoding, favourite == Some(encoding))).collect();
    let four_bytes = list.iter().find(|one| one.smallest == Some(Encoding::GB18030)).cloned();
    if let Some(mut gb18030) = four_bytes {
        gb18030.guess = Guess::Text(Encoding::GB18030);
        list.insert(1, gb18030);
    }
    let best_text = list.iter().map(|one| one.confidence).fold(0.0, f32::max);
    let (confidence, reason) = binary_likeness(bytes, best_text);
    list.push(Candidate { guess: Guess::Binary, text: super::hex::spaced(bytes), errors: 0, confidence, reason, smallest: None });
    // Stable: the order above decides between equals.
    list.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    list
}

/// What bytes are, when it is sure enough to stay; not for ASCII alone, which is the same in every encoding.
pub fn settled(sample: &[u8]) -> Option<Guess> {
    let best = rank(sample).into_iter().next()?;
    let sure = best.confidence >= 0.9 && !matches!(best.reason, Reason::AsciiOnly { .. } | Reason::Empty);
    sure.then_some(best.guess)
}

fn candidate(bytes: &[u8], encoding: Encoding, favourite: bool) -> Candidate {
    let pieces = encoding.decode(bytes);
    let likeness = Likeness::of(bytes, encoding, &pieces);
    let mut confidence = likeness.confidence;
    if favourite && likeness.beyond_ascii > 1 {
        confidence += (1.0 - confidence) * CHARDETNG_VOICE * confidence;
    }
    Candidate {
        guess: Guess::Text(encoding),
        text: escaped(&pieces),
        errors: likeness.errors,
        confidence,
        reason: likeness.reason,
        smallest: likeness.smallest,
    }
}

/// chardetng's favourite if it is not UTF-8, of which we judge ourselves. `cn`: what this tool's users meet.
fn chardetng_guess(bytes: &[u8]) -> Option<Encoding> {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    let enough = bytes.get(..MOST_FOR_CHARDETNG);
    // A text cut by us has not ended.
    let beyond_ascii = detector.feed(enough.unwrap_or(bytes), enough.is_none());
    let guess = detector.guess(Some(b"cn"), chardetng::Utf8Detection::Deny);
    // Ukrainian is all that KOI8-U adds, and chardetng names no KOI8-R.
    let guess = if guess == encoding_rs::KOI8_U { encoding_rs::KOI8_R } else { guess };
    (beyond_ascii || guess == encoding_rs::ISO_2022_JP).then(|| Encoding::for_label(guess.name())).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses() {
        let text = |label: &str| Guess::Text(Encoding::for_label(label).unwrap());
        for (label, said) in [
            ("utf-8", "你好"),
            ("gbk", "你好"),
            ("gbk", "联通"),
            ("gbk", "好"),
            ("gbk", "温度:25℃"),
            ("gbk", "你好\0"),
            ("gbk", "朱镕基"),
            ("utf-8", "AT+OK\r\n"),
            ("gbk", "1:1001:zhang:PC-01:288:你好，飞秋\0"),
            ("gb18030", "我是𠮷野家"),
            ("big5", "歡迎使用"),
            ("utf-8", "😀"),
            ("utf-8", "café"),
            ("utf-8", "Привет"),
            ("utf-16le", "你好世界"),
            ("utf-16be", "你好，世界"),
            ("utf-16le", "Hello"),
            ("utf-16be", "Hi"),
            ("utf-16le", "\u{FEFF}你"),
            ("utf-8", "\u{FEFF}a"),
            ("shift_jis", "接続に失敗しました"),
            ("euc-jp", "こんにちは世界"),
            ("iso-2022-jp", "こんにちは"),
            ("euc-kr", "연결에 실패했습니다"),
            ("koi8-r", "Привет, мир"),
            ("windows-1251", "Привет, мир, как дела"),
            ("windows-1252", "Le café est fermé à Noël"),
            ("windows-1252", "Grüße aus München"),
        ] {
            let best = rank(&Encoding::for_label(label).unwrap().encode(said).unwrap()).remove(0);
            assert_eq!((best.guess, best.text.as_str(), best.errors), (text(label), said, 0), "{best:?}");
        }
        for bytes in [
            &b"\x01\x03\x00\x00\x00\x0A\xC5\xCD"[..],
            b"\x00\x01\x02\x03",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03",
            b"\xFF\xFF\xFF\xFF",
            b"\0\0\0\0",
            b"\x68\x11\x22\x33\x44\x55\x66\x68\x11\x04\x33\x33\x34\x33\x68\x16",
            b"\x9D\x3F\xA1\x07\xE6\x90\x58\xCB\x11\xF2\x84\x6D\xB0\x39\xFE\x02",
        ] {
            assert_eq!(rank(bytes)[0].guess, Guess::Binary, "{bytes:02X?}");
        }
        // A read that begins and ends within a character.
        assert_eq!(rank(&"你好世界朋友".as_bytes()[1..17])[0].guess, text("utf-8"));
        for (said, smallest) in [("你好", Encoding::GB2312), ("朱镕基", Encoding::GBK), ("我是𠮷野家", Encoding::GB18030)]
        {
            let bytes = Encoding::GB18030.encode(said).unwrap();
            assert_eq!(rank(&bytes)[0].smallest, Some(smallest), "{said}");
        }
    }

    const SIMPLIFIED: &str = "今天下午三点在会议室开会请大家准时参加 服务器已经启动正在等待客户端的连接请求 温度过高报警请立即检查冷却系统是否正常 \
        设备编号不存在请重新输入后再试一次 小明昨天和同学一起去图书馆看书写作业 我们家的猫喜欢趴在窗台上晒太阳 北京的秋天非常漂亮香山的红叶吸引了很多游客 \
        数据校验失败丢弃该帧 他站在桥上望着远处的群山心里想起了故乡 继电器吸合电机正转五秒后停止 春眠不觉晓处处闻啼鸟夜来风雨声花落知多少 \
        订单已发货预计明天送达请保持电话畅通 经济增长速度放缓失业率上升引起社会关注 病人血压偏高需要按时服药并定期复查 程序崩溃了因为指针没有初始化";
    const TRADITIONAL: &str = "今天下午三點在會議室開會請大家準時參加 伺服器已經啟動正在等待用戶端的連線請求 溫度過高警報請立即檢查冷卻系統是否正常 \
        設備編號不存在請重新輸入後再試一次 小明昨天和同學一起去圖書館看書寫作業 我們家的貓喜歡趴在窗台上曬太陽 台北的秋天非常漂亮陽明山的紅葉吸引了很多遊客 \
        資料檢查失敗丟棄該封包 他站在橋上望著遠處的群山心裡想起了故鄉 訂單已出貨預計明天送達請保持電話暢通 經濟成長速度放緩失業率上升引起社會關注 \
        病人血壓偏高需要按時服藥並定期複查 程式當掉了因為指標沒有初始化";

    /// Of every four characters in a row of ordinary text, at least 95 in 100 are recognised.
    #[test]
    fn four_characters_are_enough() {
        for (texts, encoding) in [
            (SIMPLIFIED, Encoding::GBK),
            (SIMPLIFIED, Encoding::UTF_8),
            (TRADITIONAL, Encoding::BIG5),
            (TRADITIONAL, Encoding::UTF_8),
        ] {
            let (mut right, mut all) = (0, 0);
            for text in texts.split_whitespace() {
                let characters: Vec<char> = text.chars().collect();
                for four in characters.windows(4) {
                    let bytes = encoding.encode(&four.iter().collect::<String>()).unwrap();
                    right += usize::from(rank(&bytes)[0].guess == Guess::Text(encoding));
                    all += 1;
                }
            }
            assert!(right * 100 >= all * 97, "{encoding:?}: {right} of {all}");
        }
    }
}
