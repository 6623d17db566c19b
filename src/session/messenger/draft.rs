//! What is typed to be said to programs of IP Messenger, and the datagram that it becomes. Must never clear or correct what was typed.

use super::{Identity, NotAName, group, name, next_packet};
use crate::codec::card::Words;
use crate::codec::card::ipmsg::{self, ComposeError, command};
use crate::codec::encoding::Encoding;
use crate::session::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

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
    Offer,
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
            Self::Offer => Some(("messenger.no_file".into(), Vec::new())),
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
        let size: u64 = self.file_size.trim().parse().map_err(|_| NotYet::Offer)?;
        let name = self.file.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(NotYet::Offer);
        }
        let seconds = (now.0 / 1_000_000).max(0);
        Ok(format!("0:{}:{size:x}:{seconds:x}:1:\u{7}", name.replace(':', "::")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::card::ipmsg::Message;

    const NOW: Timestamp = Timestamp(1_784_622_034_093_001);
    const SECONDS: u32 = 1_784_622_034;

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
        assert_eq!(draft(Preset::Files, "", Charset::Gbk).datagram(NOW), Err(NotYet::Offer));
    }
}
