//! pcapng (draft-ietf-opsawg-pcapng), as this program writes it. Must never claim that its packets were seen on a wire.
//!
//! A recording knows socket calls, not packets. So that Wireshark can show and follow it, each record becomes IP packets (link type
//! RAW) with the session's real addresses and ports, whose headers are made up: sequence numbers count the stream's bytes, a handshake
//! stands where a connection began, FIN or RST where it ended. The comment of the section header says so.
//!
//! Unix-domain sockets have neither packets nor ports: theirs are made up altogether, as TCP and UDP in 127.85.0.0/24, this end `.1`
//! and the peer `.2`, a port for each connection or place.
//!
//! What packets cannot hold is kept beside them, marked as ours, so that our own file reads back exactly as it was:
//!
//! 1. Each packet has a custom option (`mark`): whether it is made up, which record it is a piece of, who asked for the send.
//! 2. Each note is a Custom Block with the note in JSON, in the place where it happened.
//!
//! Both carry the enterprise number 32473, which RFC 5612 reserves for examples, because this program has none of its own; the word
//! `sockscope` behind it tells ours from other people's examples. Wireshark lists the Custom Blocks between the packets, and editcap and
//! its filters keep both. Only a classic pcap, which has no such blocks, must be saved with the filter `ip or ipv6`.
//!
//! Packets that were really seen ([`packets`]) are written without any of this, as every capture program does.

mod block;
mod mark;
mod packet;
pub mod packets;
pub(super) mod reader;
mod stream;
mod writer;

pub use writer::Writer;

#[cfg(test)]
mod tests;
