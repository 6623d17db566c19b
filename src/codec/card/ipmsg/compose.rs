//! Messages of IP Messenger as bytes, and which answer one asks for. It must never replace a character, and never answer what must not
//! be answered.

use super::super::node::Words;
use super::command;
use super::message::{Message, encoding_of};
use crate::codec::encoding::{Encoding, Unmappable};

/// Why a message cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// A character that the encoding lacks.
    #[error(transparent)]
    Unmappable(#[from] Unmappable),
    /// A version, user or host with a colon, a NUL or a control character in it, or a version that does not begin with `1`.
    #[error("{0} cannot stand in the header")]
    BadHeader(&'static str),
    /// A NUL inside of a text, which would end it.
    #[error("a NUL would end the text")]
    Nul,
}

impl ComposeError {
    /// It in words; `None` where the words are those of an unmappable character.
    pub fn words(&self) -> Option<Words> {
        match self {
            Self::Unmappable(_) => None,
            Self::BadHeader(field) => Some(Words::of("card.fault.bad_header").with("field", field)),
            Self::Nul => Some(Words::of("card.fault.nul")),
        }
    }
}

/// The bytes of a message: header, `body`, NUL, and if there is an `extra` (a group, a list of files) that and another NUL. Text is
/// written in `encoding`, or in UTF-8 where `command` has [`command::UTF8`].
///
/// # Errors
/// A field that cannot stand where it is, or a character that the encoding lacks.
#[allow(clippy::too_many_arguments)]
pub fn compose(
    version: &str,
    packet: u32,
    user: &str,
    host: &str,
    command: u32,
    body: &str,
    extra: Option<&str>,
    encoding: Encoding,
) -> Result<Vec<u8>, ComposeError> {
    let encoding = encoding_of(command, encoding);
    let header = |name: &'static str, text: &str| -> Result<Vec<u8>, ComposeError> {
        let bytes = encoding.encode(text)?;
        let bad = bytes.iter().any(|byte| *byte == b':' || byte.is_ascii_control());
        if bad { Err(ComposeError::BadHeader(name)) } else { Ok(bytes) }
    };
    if !version.starts_with('1') {
        return Err(ComposeError::BadHeader("version"));
    }
    let mut bytes = header("version", version)?;
    bytes.extend_from_slice(format!(":{packet}:").as_bytes());
    bytes.extend(header("user", user)?);
    bytes.push(b':');
    bytes.extend(header("host", host)?);
    bytes.extend_from_slice(format!(":{command}:").as_bytes());
    for text in std::iter::once(body).chain(extra) {
        let text = encoding.encode(text)?;
        if text.contains(&0) {
            return Err(ComposeError::Nul);
        }
        bytes.extend(text);
        bytes.push(0);
    }
    Ok(bytes)
}

/// What is said to who asks whether someone is absent: protocol draft 9.
const NOT_ABSENT: &str = "Not absence mode";
/// What is said to who asks for a version.
const PROGRAM: &str = concat!("Sockscope ", env!("CARGO_PKG_VERSION"));

/// The answer that a message asks for, to be sent to its sender alone: RECVMSG to a message to be confirmed, ANSENTRY with the `group` to
/// an entry, version and absence to who asks for them. `None` where none is due; what was broadcast or sent by a program by itself gets
/// none, or two programs would answer each other for ever.
///
/// The result is an error where the sender's encoding lacks a character of `user`, `host` or `group`.
pub fn answer(
    received: &Message,
    packet: u32,
    user: &str,
    host: &str,
    group: Option<&str>,
) -> Option<Result<Vec<u8>, ComposeError>> {
    if received.command & (command::BROADCAST | command::AUTORET) != 0 {
        return None;
    }
    let utf8 = received.command & command::UTF8;
    let group = group.filter(|group| !group.is_empty() && command::mode(received.command) == command::BR_ENTRY);
    let (reply, body) = match command::mode(received.command) {
        command::SENDMSG if received.command & command::SENDCHECK != 0 => (command::RECVMSG, received.packet.to_string()),
        command::BR_ENTRY => (command::ANSENTRY | utf8, user.to_owned()),
        command::GETINFO => (command::SENDINFO, PROGRAM.to_owned()),
        command::GETABSENCEINFO => (command::SENDABSENCEINFO, NOT_ABSENT.to_owned()),
        _ => return None,
    };
    Some(compose("1", packet, user, host, reply, &body, group, received.encoding))
}
