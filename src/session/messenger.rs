//! IP Messenger and FeiQ (飞鸽传书, 飞秋) as a user of them: who one is, what is to be said, and the answering bot. Pure: numbers come from
//! the moment that is handed in. Must never send anything itself.

mod bot;
mod draft;

pub use bot::Bot;
pub use draft::{Charset, MessengerDraft, NotYet, Preset};

use super::timestamp::Timestamp;
use crate::codec::encoding::Encoding;
use serde::{Deserialize, Serialize};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::card::ipmsg::Message;

    const NOW: Timestamp = Timestamp(1_784_622_034_093_001);
    const SECONDS: u32 = 1_784_622_034;

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
