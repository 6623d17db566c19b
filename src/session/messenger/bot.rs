//! The bot that acknowledges messages: what it has heard from whom, and what it says to that. Pure. Must never answer the same twice.

use super::{Identity, next_packet};
use crate::codec::card::ipmsg::{self, Message};
use crate::session::id::Peer;
use crate::session::timestamp::Timestamp;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

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
    use crate::codec::card::ipmsg::command;
    use crate::codec::encoding::Encoding;
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
}
