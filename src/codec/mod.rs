//! Bytes ⇄ text, pure: encodings, stream decoding, typed hex and escapes, messages, detection. It must never know tokio, egui,
//! sockets, threads or clocks.
//!
//! | file | what it answers |
//! | --- | --- |
//! | [`encoding`] | which encodings there are, what they are called, how text becomes bytes |
//! | [`decoder`] | how the bytes of a stream become text, however they are cut, with every undecodable byte kept |
//! | [`cells`] | which bytes of a stream make which character |
//! | [`differences`] | where systems that name the same encoding differ |
//! | [`fault`] | which rule a malformed sequence breaks |
//! | [`character`] | a character's code point, name and block, and what is special about it |
//! | [`typed`] | typed text character by character: its bytes, or which encodings have it |
//! | [`hex`] | bytes as hex: what people type and paste, and what is shown |
//! | [`escape`] | typed text with `\r \n \x00` in it |
//! | [`framing`] | how the bytes of a stream fall into lines, lengths, values: what a row shows |
//! | [`card`] | what bytes say by a protocol, field by field |
//! | [`message`] | what a typed message sends: input mode, encoding, line ending |
//! | [`visible`] | a character as it can stand in a line |
//! | [`literal`] | bytes as C and Python source |
//! | [`detect`] | what unknown bytes may say, ranked, with reasons |
//! | [`mojibake`] | which misreadings made a garbled text, and what of it can be had back |
//!
//! Invariants, each tested in `tests/codec.rs`:
//! 1. No byte is lost: an undecodable sequence is a piece with exactly its bytes.
//! 2. How a stream is cut into reads never changes its text.
//! 3. Encoding never replaces: what cannot be expressed is refused, with its place.
//! 4. Each byte belongs to exactly one cell, and cells say what decoding says (this one and every single character: `tests/encodings.rs`).

mod dump;
mod encode;
mod sync;

pub mod card;
pub mod cells;
pub mod character;
pub mod decoder;
pub mod detect;
pub mod differences;
pub mod encoding;
pub mod escape;
pub mod fault;
pub mod framing;
pub mod hex;
pub mod literal;
pub mod message;
pub mod mojibake;
pub mod typed;
pub mod visible;
