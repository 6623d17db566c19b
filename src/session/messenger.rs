//! IP Messenger and FeiQ (飞鸽传书, 飞秋) as a user of them: who one is, what is to be said, and the answering bot. Pure: numbers come from
//! the moment that is handed in. Must never send anything itself.

use super::id::Peer;
use super::timestamp::Timestamp;
use crate::codec::card::Words;
use crate::codec::card::ipmsg::{self, ComposeError, Message, command};
use crate::codec::encoding::Encoding;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The port of messages (UDP) and of files (TCP).
pub const PORT: u16 = 2425;

/// Who one is to the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user's name, also the nick. It holds no `:`.
    pub user: String,
    /// The machine's name. It holds no `:`.
    pub host: String,
    /// The group; empty for none.
    pub group: String,
    /// What text without the UTF8 option is in.
    pub encoding: Encoding,
}

/// What wrong names have in common: they would end their field of the header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' cannot be a name: it is empty or has a colon or a control character")]
pub struct NotAName(pub String);

/// Checks a user's or a machine's name.
///
/// # Errors
/// [`NotAName`].
pub fn name(typed: &str) -> Result<String, NotAName> {
    let name = typed.trim();
    let fits = !name.is_empty() && !name.chars().any(|character| character == ':' || character.is_control());
    if fits { Ok(name.to_owned()) } else { Err(NotAName(name.to_owned())) }
}

/// Checks a group's name, which may be empty.
///
/// # Errors
/// [`NotAName`].
pub fn group(typed: &str) -> Result<String, NotAName> {
    let group = typed.trim();
    if group.chars().any(char::is_control) { Err(NotAName(group.to_owned())) } else { Ok(group.to_owned()) }
}

/// The next number of a packet: seconds since 1970, or one more than the last where that is not above it (protocol draft 9: any number
/// that grows).
pub fn next_packet(last: u32, now: Timestamp) -> u32 {
    let seconds = u32::try_from(now.0 / 1_000_000).unwrap_or_default();
    seconds.max(last.wrapping_add(1))
}

/// What the text of a datagram is read in, unless it says itself that it is UTF-8: in what was chosen; and where that is UTF-8, which is
/// what everything else here speaks, in GBK when it is not that, as the protocol says "the local code page" and programs of China mean
/// that.
pub fn encoding_of(bytes: &[u8], chosen: Encoding) -> Encoding {
    if chosen == Encoding::UTF_8 && std::str::from_utf8(bytes).is_err() { Encoding::GBK } else { chosen }
}

/// What is usually said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// BR_ENTRY: I am here.
    Entry,
    /// BR_EXIT: I leave.
    Exit,
    /// SENDMSG.
    Message,
    /// SENDMSG with SENDCHECK: tell me that it came.
    #[default]
    Checked,
    /// RECVMSG: it came. The text is the number of the packet.
    Acknowledge,
    /// FeiQ's knock (抖动).
    Knock,
    /// FeiQ: I am typing.
    Typing,
    /// BR_ABSENCE: I am away, or I am called otherwise.
    Absence,
    /// SENDMSG with FILEATTACH: a file is offered. That no one can fetch, as nothing serves it.
    Files,
}

impl Preset {
    /// All, in the order of a menu.
    pub fn all() -> [Self; 9] {
        use Preset::{Absence, Acknowledge, Checked, Entry, Exit, Files, Knock, Message, Typing};
        [Entry, Exit, Checked, Message, Acknowledge, Knock, Typing, Absence, Files]
    }

    /// The key of its name.
    pub fn key(self) -> &'static str {
        match self {
            Self::Entry => "messenger.entry",
            Self::Exit => "messenger.exit",
            Self::Message => "messenger.message",
            Self::Checked => "messenger.checked",
            Self::Acknowledge => "messenger.acknowledge",
            Self::Knock => "messenger.knock",
            Self::Typing => "messenger.typing",
            Self::Absence => "messenger.absence",
            Self::Files => "messenger.files",
        }
    }

    /// Its number without options that only say how text is written.
    pub fn command(self) -> u32 {
        match self {
            Self::Entry => command::BR_ENTRY,
            Self::Exit => command::BR_EXIT,
            Self::Message => command::SENDMSG,
            Self::Checked => command::SENDMSG | command::SENDCHECK,
            Self::Acknowledge => command::RECVMSG,
            Self::Knock => command::FEIQ_KNOCK,
            Self::Typing => command::FEIQ_TYPING,
            Self::Absence => command::BR_ABSENCE | command::ABSENCE,
            Self::Files => command::SENDMSG | command::SENDCHECK | command::FILEATTACH,
        }
    }

    /// Whether it says a text that is typed.
    pub fn has_text(self) -> bool {
        match self {
            Self::Message | Self::Checked | Self::Acknowledge | Self::Absence | Self::Files => true,
            Self::Entry | Self::Exit | Self::Knock | Self::Typing => false,
        }
    }
}

/// How text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Charset {
    /// The code page of China, which programs of both kinds read.
    #[default]
    Gbk,
    /// UTF-8, and the option that says so.
    Utf8,
}

/// What is typed to be said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessengerDraft {
    /// `1`, or FeiQ's, which begins with `1` as well.
    pub version: String,
    /// One's name.
    pub user: String,
    /// One's machine.
    pub host: String,
    /// One's group; empty for none.
    pub group: String,
    /// What is said.
    pub preset: Preset,
    /// The text; to acknowledge, the packet's number.
    pub text: String,
    /// The name of the offered file.
    pub file: String,
    /// Its bytes.
    pub file_size: String,
    /// How it is written.
    pub charset: Charset,
    /// The number of the last packet that was sent.
    pub last_packet: u32,
}

impl Default for MessengerDraft {
    fn default() -> Self {
        Self {
            version: "1".into(),
            user: "student".into(),
            host: "sockscope".into(),
            group: String::new(),
            preset: Preset::default(),
            text: String::new(),
            file: String::new(),
            file_size: "1024".into(),
            charset: Charset::default(),
            last_packet: 0,
        }
    }
}

/// Why nothing can be said yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotYet {
    /// A name that cannot stand in a header.
    #[error(transparent)]
    Name(#[from] NotAName),
    /// The number of the packet to acknowledge is none.
    #[error("'{0}' is not a packet's number")]
    Packet(String),
    /// The offered file has no name, or its size is no number.
    #[error("a file needs a name and a size in bytes")]
    File,
    /// What the protocol or the encoding refuses.
    #[error(transparent)]
    Compose(#[from] ComposeError),
}

impl NotYet {
    /// It in words: a key and what fills its places. `None` where the words are those of an unmappable character.
    pub fn words(&self) -> Option<(String, Vec<(&'static str, String)>)> {
        match self {
            Self::Name(problem) => Some(("messenger.not_a_name".into(), vec![("text", problem.0.clone())])),
            Self::Packet(text) => Some(("messenger.not_a_packet".into(), vec![("text", text.clone())])),
            Self::File => Some(("messenger.no_file".into(), Vec::new())),
            Self::Compose(problem) => problem.words().map(|Words { key, values }| (key.into_owned(), values)),
        }
    }
}

impl MessengerDraft {
    /// What text is written in.
    pub fn encoding(&self) -> Encoding {
        match self.charset {
            Charset::Gbk => Encoding::GBK,
            Charset::Utf8 => Encoding::UTF_8,
        }
    }

    /// Who one is, as typed.
    ///
    /// # Errors
    /// A name that cannot be one.
    pub fn identity(&self, encoding: Encoding) -> Result<Identity, NotAName> {
        Ok(Identity { user: name(&self.user)?, host: name(&self.host)?, group: group(&self.group)?, encoding })
    }

    /// The number of the next packet.
    pub fn next_packet(&self, now: Timestamp) -> u32 {
        next_packet(self.last_packet, now)
    }

    /// The datagram as it would leave at this moment.
    ///
    /// # Errors
    /// What is still wrong with what was typed.
    pub fn datagram(&self, now: Timestamp) -> Result<Vec<u8>, NotYet> {
        let encoding = self.encoding();
        let who = self.identity(encoding)?;
        let text = self.text.trim_end_matches('\0');
        let group = Some(who.group.as_str()).filter(|group| !group.is_empty());
        let utf8 = if self.charset == Charset::Utf8 { command::UTF8 } else { 0 };
        let offer;
        let (body, extra, option) = match self.preset {
            Preset::Entry | Preset::Exit => (who.user.as_str(), group, utf8),
            Preset::Absence => (if text.is_empty() { who.user.as_str() } else { text }, group, utf8),
            Preset::Message | Preset::Checked => (text, None, utf8),
            // Numbers and nothing are the same in every encoding.
            Preset::Knock | Preset::Typing => ("", None, 0),
            Preset::Acknowledge => {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number: Option<u32> = text.parse().ok().filter(|_| digits);
                number.ok_or_else(|| NotYet::Packet(text.to_owned()))?;
                (text, None, 0)
            }
            Preset::Files => {
                offer = self.offer(now)?;
                (text, Some(offer.as_str()), utf8)
            }
        };
        let command = self.preset.command() | option;
        Ok(ipmsg::compose(&self.version, self.next_packet(now), &who.user, &who.host, command, body, extra, encoding)?)
    }

    /// `0:name:size:time:1:` and a bell: number, time and size in the digits that each of them has (ipmsg draft 9 section 5).
    fn offer(&self, now: Timestamp) -> Result<String, NotYet> {
        let size: u64 = self.file_size.trim().parse().map_err(|_| NotYet::File)?;
        let name = self.file.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(NotYet::File);
        }
        let seconds = (now.0 / 1_000_000).max(0);
        Ok(format!("0:{}:{size:x}:{seconds:x}:1:\u{7}", name.replace(':', "::")))
    }
}

/// The most peers whose last number is remembered. At the bound the one that was silent longest is forgotten, and its next message is
/// new whatever its number.
const PEERS: usize = 256;

/// The bot that acknowledges: what it has heard from whom.
#[derive(Default)]
pub struct Bot {
    /// The latest first.
    heard: VecDeque<Heard>,
    last_packet: u32,
}

struct Heard {
    peer: Peer,
    /// User and host, which a peer chooses as long as it likes: what is kept of them has a size.
    who: u64,
    packet: u32,
}

impl Bot {
    /// The answer to a datagram, if one is due:
    ///
    /// 1. what is no message gets none;
    /// 2. nor does a number not above the last one from the same address, user and host: it came before;
    /// 3. the rest as [`ipmsg::answer`] says, under a number of one's own. Where the peer's encoding lacks a character of one's names
    ///    there is no answer.
    pub fn answer(&mut self, who: &Identity, peer: Peer, bytes: &[u8], now: Timestamp) -> Option<Vec<u8>> {
        let message = Message::parse(bytes, who.encoding).ok()?;
        if !self.is_new(peer, &message) {
            return None;
        }
        let packet = next_packet(self.last_packet, now);
        let answer = ipmsg::answer(&message, packet, &who.user, &who.host, Some(&who.group))?.ok()?;
        self.last_packet = packet;
        Some(answer)
    }

    /// Forgets everyone.
    pub fn forget(&mut self) {
        self.heard.clear();
    }

    fn is_new(&mut self, peer: Peer, message: &Message) -> bool {
        let mut hasher = DefaultHasher::new();
        (&message.user, &message.host).hash(&mut hasher);
        let who = hasher.finish();
        let known = self.heard.iter().position(|heard| heard.who == who && heard.peer == peer);
        let last = known.and_then(|index| self.heard.remove(index)).map(|heard| heard.packet);
        let new = last.is_none_or(|last| message.packet > last);
        self.heard.push_front(Heard { peer, who, packet: message.packet.max(last.unwrap_or_default()) });
        self.heard.truncate(PEERS);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    const NOW: Timestamp = Timestamp(1_784_622_034_093_001);
    const SECONDS: u32 = 1_784_622_034;

    fn me() -> Identity {
        Identity { user: "li".into(), host: "PC-02".into(), group: "研发部".into(), encoding: Encoding::GBK }
    }

    fn peer(port: u16) -> Peer {
        Peer::datagram(SocketAddr::from(([127, 0, 0, 1], port)).into())
    }

    fn said(bot: &mut Bot, port: u16, text: &str) -> Option<String> {
        let bytes = Encoding::GBK.encode(text).unwrap();
        bot.answer(&me(), peer(port), &bytes, NOW).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn the_bot_acknowledges_once_and_in_order() {
        let mut bot = Bot::default();
        let receipt = |number: u32, packet: u32| Some(format!("1:{number}:li:PC-02:33:{packet}\0"));
        assert_eq!(said(&mut bot, 9, "1:1001:zhang:PC-01:288:你好，飞秋\0"), receipt(SECONDS, 1001));
        for (port, text, expected) in [
            (9, "1:1001:zhang:PC-01:288:你好，飞秋\0", None),
            (9, "1:1000:zhang:PC-01:288:你好，飞秋\0", None),
            (9, "1:1002:zhang:PC-01:288:x\0", receipt(SECONDS + 1, 1002)),
            // Others have numbers of their own: another address, user or host.
            (8, "1:1001:zhang:PC-01:288:x\0", receipt(SECONDS + 2, 1001)),
            (9, "1:1001:wang:PC-01:288:x\0", receipt(SECONDS + 3, 1001)),
            (9, "1:1001:zhang:PC-03:288:x\0", receipt(SECONDS + 4, 1001)),
            // No check asked for; told by a program by itself; broadcast; no message at all.
            (9, "1:1003:zhang:PC-01:32:x\0", None),
            (9, "1:1004:zhang:PC-01:8480:x\0", None),
            (9, "1:1005:zhang:PC-01:1312:x\0", None),
            (9, "hello", None),
            (9, "1:x:zhang:PC-01:288:x\0", None),
            // The number of an unanswered one counts too.
            (9, "1:1005:zhang:PC-01:288:x\0", None),
            (9, "1:1006:zhang:PC-01:288:x\0", receipt(SECONDS + 5, 1006)),
        ] {
            assert_eq!(said(&mut bot, port, text), expected, "{text}");
        }
    }

    #[test]
    fn the_bot_says_who_it_is_with_its_group_in_the_askers_encoding() {
        let mut bot = Bot::default();
        let entry = Encoding::GBK.encode("1:1:zhang:PC-01:257:张三\0研发部\0").unwrap();
        let answer = bot.answer(&me(), peer(9), &entry, NOW).unwrap();
        assert_eq!(answer, Encoding::GBK.encode(&format!("1:{SECONDS}:li:PC-02:3:li\0研发部\0")).unwrap());
        let entry = format!("1:2:zhang:PC-01:{}:张三\0", 1 | command::UTF8);
        let answer = bot.answer(&me(), peer(9), entry.as_bytes(), NOW).unwrap();
        assert_eq!(answer, format!("1:{}:li:PC-02:{}:li\0研发部\0", SECONDS + 1, 3 | command::UTF8).as_bytes());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut bot = Bot::default();
        for port in 0..2000 {
            said(&mut bot, port, "1:1001:zhang:PC-01:288:x\0");
        }
        assert_eq!(bot.heard.len(), PEERS);
        assert_eq!(said(&mut bot, 1999, "1:1001:zhang:PC-01:288:x\0"), None);
        assert!(said(&mut bot, 0, "1:1001:zhang:PC-01:288:x\0").is_some(), "forgotten, so it is new");
    }

    fn draft(preset: Preset, text: &str, charset: Charset) -> MessengerDraft {
        let (user, host, group) = ("zhang".into(), "PC-01".into(), "研发部".into());
        MessengerDraft { user, host, group, preset, text: text.into(), charset, last_packet: u32::MAX - 5, ..Default::default() }
    }

    #[test]
    fn presets_become_the_datagrams_of_the_protocol() {
        let number = u32::MAX - 4;
        let gbk = |text: String| Encoding::GBK.encode(&text).unwrap();
        for (preset, text, expected) in [
            (Preset::Entry, "", "1:zhang\0研发部\0"),
            (Preset::Exit, "", "2:zhang\0研发部\0"),
            (Preset::Message, "你好", "32:你好\0"),
            (Preset::Checked, "你好，飞秋", "288:你好，飞秋\0"),
            (Preset::Acknowledge, "1001", "33:1001\0"),
            (Preset::Knock, "not said", "209:\0"),
            (Preset::Typing, "not said", "121:\0"),
            (Preset::Absence, "张三[外出]", "260:张三[外出]\0研发部\0"),
        ] {
            let datagram = draft(preset, text, Charset::Gbk).datagram(NOW).unwrap();
            assert_eq!(datagram, gbk(format!("1:{number}:zhang:PC-01:{expected}")), "{preset:?}");
        }
        let mut files = draft(Preset::Files, "见附件", Charset::Gbk);
        (files.file, files.file_size) = ("a:b.txt".into(), "500".into());
        let expected = format!("1:{number}:zhang:PC-01:2097440:见附件\00:a::b.txt:1f4:{SECONDS:x}:1:\u{7}\0");
        assert_eq!(files.datagram(NOW).unwrap(), gbk(expected));
        let read = Message::parse(&files.datagram(NOW).unwrap(), Encoding::GBK).unwrap();
        assert_eq!((read.files[0].name.as_str(), read.files[0].size), ("a:b.txt", 500));
    }

    #[test]
    fn utf_8_says_so_and_numbers_do_not() {
        let number = u32::MAX - 4;
        let datagram = draft(Preset::Checked, "你好，飞秋", Charset::Utf8).datagram(NOW).unwrap();
        assert_eq!(datagram, format!("1:{number}:zhang:PC-01:8388896:你好，飞秋\0").as_bytes());
        let datagram = draft(Preset::Acknowledge, "7", Charset::Utf8).datagram(NOW).unwrap();
        assert_eq!(datagram, format!("1:{number}:zhang:PC-01:33:7\0").as_bytes());
    }

    #[test]
    fn what_cannot_be_said_says_why() {
        let wrong = |change: fn(&mut MessengerDraft)| {
            let mut draft = draft(Preset::Checked, "x", Charset::Gbk);
            change(&mut draft);
            draft.datagram(NOW).unwrap_err()
        };
        assert_eq!(wrong(|draft| draft.user = "a:b".into()), NotYet::Name(NotAName("a:b".into())));
        assert_eq!(wrong(|draft| draft.host = "  ".into()), NotYet::Name(NotAName(String::new())));
        assert_eq!(wrong(|draft| draft.version = "2".into()), NotYet::Compose(ComposeError::BadHeader("version")));
        assert_eq!(wrong(|draft| draft.text = "a\0b".into()), NotYet::Compose(ComposeError::Nul));
        assert!(matches!(wrong(|draft| draft.text = "🌏".into()), NotYet::Compose(ComposeError::Unmappable(_))));
        let acknowledge = draft(Preset::Acknowledge, "+7", Charset::Gbk);
        assert_eq!(acknowledge.datagram(NOW), Err(NotYet::Packet("+7".into())));
        assert_eq!(draft(Preset::Files, "", Charset::Gbk).datagram(NOW), Err(NotYet::File));
    }

    #[test]
    fn text_is_read_in_what_it_is() {
        let table: [(&[u8], Encoding, &str); 6] = [
            // V2, V2u and the traps; the last two say nothing of themselves.
            (b"1:1:a:b:288:\xc4\xe3\xba\xc3\0", Encoding::UTF_8, "你好"),
            (b"1:1:a:b:8388896:\xe4\xbd\xa0\xe5\xa5\xbd\0", Encoding::GBK, "你好"),
            (b"1:1:a:b:32:\xc1\xaa\xcd\xa8", Encoding::UTF_8, "联通"),
            (b"1:1:a:b:32:\x95\x34\xb2\x35", Encoding::GB18030, "𠮷"),
            (b"1:1:a:b:32:\xe4\xbd\xa0\xe5\xa5\xbd", Encoding::UTF_8, "你好"),
            (b"1:1:a:b:32:\xe4\xbd\xa0\xe5\xa5\xbd", Encoding::GBK, "浣犲ソ"),
        ];
        for (bytes, chosen, text) in table {
            let read = Message::parse(bytes, encoding_of(bytes, chosen)).unwrap();
            assert_eq!(read.body, text, "{chosen}");
            // Cut anywhere, it is some message or none, and no panic.
            for cut in 0..bytes.len() {
                let part = &bytes[..cut];
                assert_eq!(
                    Message::parse(part, encoding_of(part, chosen)).is_ok(),
                    cut > bytes.iter().rposition(|b| *b == b':').unwrap()
                );
            }
        }
    }

    #[test]
    fn numbers_grow_whatever_the_clock_does() {
        assert_eq!(next_packet(0, NOW), SECONDS);
        assert_eq!(next_packet(SECONDS, NOW), SECONDS + 1);
        assert_eq!(next_packet(SECONDS + 100, NOW), SECONDS + 101);
        assert_eq!(next_packet(7, Timestamp(-5)), 8);
    }
}
