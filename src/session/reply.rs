//! Automatic answers: echo, upper case, fixed text, group chat, IP Messenger. Pure: bytes and the moment in, bytes out. Must never send anything itself.

use super::id::{ConnectionId, Peer};
use super::messenger::{Bot, Identity};
use super::timestamp::Timestamp;
use crate::codec::decoder::{Decoder, Piece};
use crate::codec::encoding::Encoding;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// How a session answers what arrives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The same bytes back.
    Echo,
    /// The same text in upper case, read and written in this encoding.
    Upper(Encoding),
    /// These bytes, for every read or datagram.
    Fixed(Arc<[u8]>),
    /// The bytes to all the other peers.
    Chat,
    /// What a program of IP Messenger answers, to datagrams alone: receipts, who one is.
    IpMsg(Identity),
}

/// To whom an answer goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Back to the sender.
    Back(Arc<[u8]>),
    /// To everyone but the sender.
    Others(Arc<[u8]>),
}

/// Works out answers; it keeps the half-read character of each connection, so that upper case never cuts one, and what a bot has heard.
#[derive(Default)]
pub struct Responder {
    reply: Option<Reply>,
    decoders: HashMap<ConnectionId, Decoder>,
    bot: Bot,
}

impl Responder {
    /// Answers in this way from now on.
    pub fn set(&mut self, reply: Option<Reply>) {
        self.reply = reply;
        self.decoders.clear();
        self.bot.forget();
    }

    /// Whether anything is answered at all.
    pub fn is_active(&self) -> bool {
        self.reply.is_some()
    }

    /// Forgets a connection that has ended.
    pub fn forget(&mut self, connection: ConnectionId) {
        self.decoders.remove(&connection);
    }

    /// The answer to `bytes`, which are the next of the stream of a peer's connection, or one whole datagram.
    /// An empty datagram is answered by an empty one; a read that completes no character by nothing.
    pub fn answer(&mut self, peer: Peer, bytes: &Arc<[u8]>, now: Timestamp) -> Option<Answer> {
        match self.reply.as_ref()? {
            Reply::Echo => Some(Answer::Back(bytes.clone())),
            Reply::Fixed(text) => Some(Answer::Back(text.clone())),
            Reply::Chat => Some(Answer::Others(bytes.clone())),
            // A stream has no messages.
            Reply::IpMsg(_) if peer.connection.is_some() => None,
            Reply::IpMsg(who) => self.bot.answer(who, peer, bytes, now).map(|answer| Answer::Back(answer.into())),
            Reply::Upper(encoding) => {
                let encoding = *encoding;
                let Some(id) = peer.connection else {
                    let mut decoder = encoding.decoder();
                    let mut upper = upper_case(&mut decoder, bytes, encoding);
                    upper.extend_from_slice(decoder.pending());
                    return Some(Answer::Back(upper.into()));
                };
                let decoder = self.decoders.entry(id).or_insert_with(|| encoding.decoder());
                let upper = upper_case(decoder, bytes, encoding);
                (!upper.is_empty()).then(|| Answer::Back(upper.into()))
            }
        }
    }
}

/// Upper case in an encoding: what does not decode stays as it is, and a letter whose capital the encoding lacks stays small.
/// Byte by byte, because a few one-way cells of the WHATWG tables can be read but not written: those go back as they came.
fn upper_case(decoder: &mut Decoder, bytes: &[u8], encoding: Encoding) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut raw = decoder.pending().to_vec();
    for byte in bytes {
        raw.push(*byte);
        for piece in decoder.push(&[*byte]) {
            match piece {
                Piece::Invalid(bytes) => {
                    out.extend_from_slice(&bytes);
                    raw.drain(..bytes.len().min(raw.len()));
                }
                Piece::Text(text) => {
                    let used = raw.len() - decoder.pending().len().min(raw.len());
                    let raw: Vec<u8> = raw.drain(..used).collect();
                    out.extend(encoding.encode(&text.to_uppercase()).unwrap_or(raw));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn datagram() -> Peer {
        Peer::datagram("127.0.0.1:9".parse().unwrap())
    }

    fn stream() -> Peer {
        Peer::connected(ConnectionId(1), "127.0.0.1:9".parse().unwrap())
    }

    fn back(answer: Option<Answer>) -> Vec<u8> {
        match answer {
            Some(Answer::Back(bytes)) => bytes.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn upper_case_never_breaks_a_gbk_character_whose_second_byte_is_a_small_letter() {
        // U+4E42 is 81 61 in GBK: a byte-wise upper case would turn it into 81 41, another character.
        let mut responder = Responder::default();
        responder.set(Some(Reply::Upper(Encoding::GBK)));
        assert_eq!(back(responder.answer(datagram(), &Arc::from(&b"a\x81\x61b\xff"[..]), NOW)), b"A\x81\x61B\xff");
    }

    #[test]
    fn upper_case_waits_for_the_rest_of_a_character() {
        let mut responder = Responder::default();
        responder.set(Some(Reply::Upper(Encoding::UTF_8)));
        assert_eq!(back(responder.answer(stream(), &Arc::from(&b"a\xe4\xbd"[..]), NOW)), b"A");
        assert_eq!(back(responder.answer(stream(), &Arc::from(&b"\xa0b"[..]), NOW)), "你B".as_bytes());
        assert_eq!(responder.answer(stream(), &Arc::from(&b"\xe4"[..]), NOW), None);
    }

    #[test]
    fn chat_goes_to_the_others_and_an_empty_datagram_is_echoed() {
        let mut responder = Responder::default();
        assert_eq!(responder.answer(datagram(), &Arc::from(&b"x"[..]), NOW), None);
        responder.set(Some(Reply::Chat));
        assert_eq!(responder.answer(stream(), &Arc::from(&b"x"[..]), NOW), Some(Answer::Others(Arc::from(&b"x"[..]))));
        responder.set(Some(Reply::Echo));
        assert_eq!(back(responder.answer(datagram(), &Arc::from(&b""[..]), NOW)), b"");
    }

    #[test]
    fn the_messenger_answers_datagrams_alone() {
        let mut responder = Responder::default();
        let who = Identity { user: "li".into(), host: "PC-02".into(), group: String::new(), encoding: Encoding::GBK };
        responder.set(Some(Reply::IpMsg(who.clone())));
        let asked: Arc<[u8]> = Arc::from(&b"1:1001:zhang:PC-01:288:x\0"[..]);
        assert_eq!(back(responder.answer(datagram(), &asked, NOW)), b"1:1:li:PC-02:33:1001\0");
        assert_eq!(responder.answer(datagram(), &asked, NOW), None);
        assert_eq!(responder.answer(stream(), &asked, NOW), None);
        // A bot that is chosen anew has heard nobody.
        responder.set(Some(Reply::IpMsg(who)));
        assert_eq!(back(responder.answer(datagram(), &asked, NOW)), b"1:2:li:PC-02:33:1001\0");
    }
}
