//! Where a Unix-domain socket is: a file, an abstract name (Linux), or nowhere. Must never look whether anything is there.

use crate::codec::encoding::Encoding;
use crate::codec::escape;
use crate::codec::visible::push_visible;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What `sun_path` holds on Linux, its closing NUL included (unix(7)); the other systems have four bytes less.
const ROOM: usize = 108;

/// The place of a Unix-domain socket, at most 107 bytes. It is copied like an IP address, because every record has one.
///
/// It is written as people type it, with what cannot be seen or is no UTF-8 escaped (a peer chooses the name of its file), so that it
/// reads back exactly: `/tmp/x.sock`, `@name` for an abstract name, nothing for a socket that was not bound, `#3` for the third of those
/// that a server has seen. A path that begins with `@` or `#` is written with that escaped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnixPath {
    length: u8,
    /// What `sun_path` holds; an abstract name begins with NUL. For one that was not bound its number, low byte first.
    bytes: [u8; ROOM],
}

/// What is wrong with a typed path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnixPathError {
    /// Nothing was typed.
    #[error("no path given")]
    Empty,
    /// Longer than a socket's address holds; so many bytes.
    #[error("the path has {0} bytes, and a Unix-domain socket's address holds 107")]
    TooLong(usize),
    /// A NUL ends a path.
    #[error("a path has no NUL")]
    Nul,
}

impl UnixPath {
    /// The place of a socket that was not bound.
    pub const UNNAMED: Self = Self { length: 0, bytes: [0; ROOM] };

    /// A socket that was not bound, told from others by a number from 1: most clients have no name, and a server has many.
    pub fn numbered(number: u32) -> Self {
        let mut bytes = [0; ROOM];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        Self { length: 0, bytes }
    }

    /// The number of a socket that was not bound; 0 where it has none.
    pub fn number(&self) -> u32 {
        let [a, b, c, d, ..] = self.bytes;
        if self.is_unnamed() { u32::from_le_bytes([a, b, c, d]) } else { 0 }
    }

    /// Reads a path as people type it; `@name` is an abstract name (Linux).
    ///
    /// # Errors
    /// Nothing, or too much, was typed.
    pub fn parse(text: &str) -> Result<Self, UnixPathError> {
        if text.is_empty() || text == "@" {
            return Err(UnixPathError::Empty);
        }
        match text.strip_prefix('@') {
            Some(name) => Self::from_bytes(&[b"\0", name.as_bytes()].concat()),
            None if text.contains('\0') => Err(UnixPathError::Nul),
            None => Self::from_bytes(text.as_bytes()),
        }
    }

    /// The same for what [`fmt::Display`] writes: nothing is an unnamed socket.
    ///
    /// # Errors
    /// It is too long.
    pub fn shown(text: &str) -> Result<Self, UnixPathError> {
        if text.is_empty() {
            return Ok(Self::UNNAMED);
        }
        if let Some(number) = text.strip_prefix('#').and_then(|number| number.parse().ok()) {
            return Ok(Self::numbered(number));
        }
        // What is no escape of ours was typed by someone: it stands for itself.
        let bytes = |text: &str| escape::parse(text, Encoding::UTF_8).unwrap_or_else(|_| text.as_bytes().to_vec());
        match text.strip_prefix('@') {
            Some(name) => Self::from_bytes(&[b"\0", bytes(name).as_slice()].concat()),
            None => Self::from_bytes(&bytes(text)),
        }
    }

    /// What `sun_path` holds, without the closing NUL of a path.
    ///
    /// # Errors
    /// It is too long.
    pub fn from_bytes(place: &[u8]) -> Result<Self, UnixPathError> {
        let mut bytes = [0; ROOM];
        let length = u8::try_from(place.len()).ok().filter(|length| usize::from(*length) < ROOM);
        let length = length.ok_or(UnixPathError::TooLong(place.len()))?;
        bytes[..place.len()].copy_from_slice(place);
        Ok(Self { length, bytes })
    }

    /// What `sun_path` holds.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Whether the socket was not bound.
    pub fn is_unnamed(&self) -> bool {
        self.length == 0
    }

    /// Whether it is a name without a file.
    pub fn is_abstract(&self) -> bool {
        self.as_bytes().first() == Some(&0)
    }
}

impl TryFrom<String> for UnixPath {
    type Error = UnixPathError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::shown(&text)
    }
}

impl From<UnixPath> for String {
    fn from(path: UnixPath) -> Self {
        path.to_string()
    }
}

impl fmt::Display for UnixPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_bytes() {
            [] if self.number() > 0 => write!(f, "#{}", self.number()),
            [0, name @ ..] => write!(f, "@{}", visible(name)),
            [first @ (b'@' | b'#'), rest @ ..] => write!(f, "\\x{first:02X}{}", visible(rest)),
            path => f.write_str(&visible(path)),
        }
    }
}

/// With what cannot be seen or is no UTF-8 escaped.
fn visible(bytes: &[u8]) -> String {
    let mut line = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => line.push_str("\\\\"),
                // Above ASCII the escape would stand for one byte.
                _ if character.is_control() && !character.is_ascii() => {
                    line.push_str(&format!("\\u{{{:X}}}", u32::from(character)));
                }
                _ => push_visible(&mut line, character),
            }
        }
        chunk.invalid().iter().for_each(|byte| line.push_str(&format!("\\x{byte:02X}")));
    }
    line
}

impl fmt::Debug for UnixPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_shown_reads_back() {
        for typed in ["/tmp/x.sock", "@name", "相对/路径"] {
            let path = UnixPath::parse(typed).unwrap();
            assert_eq!(path.to_string(), typed);
            assert_eq!(UnixPath::shown(&path.to_string()), Ok(path));
        }
        assert_eq!(UnixPath::shown(""), Ok(UnixPath::UNNAMED));
        assert!(UnixPath::parse("@a").unwrap().is_abstract());
        let third = UnixPath::numbered(3);
        assert!(third.is_unnamed() && third != UnixPath::UNNAMED && third.to_string() == "#3");
        assert_eq!(UnixPath::shown("#3"), Ok(third));
    }

    #[test]
    fn nothing_that_a_peer_names_itself_reaches_a_terminal() {
        let hostile = UnixPath::from_bytes(b"/tmp/\x1b[2J\n\xff\xe2\x80\xae").unwrap();
        assert_eq!(hostile.to_string(), "/tmp/\\x1B[2J\\n\\xFF\\u{202E}");
        assert_eq!(UnixPath::from_bytes(b"@file").unwrap().to_string(), "\\x40file", "a file, and no abstract name");
    }

    proptest! {
        #[test]
        fn any_place_reads_back(bytes in proptest::collection::vec(any::<u8>(), 0..ROOM), text in ".{0,20}", number: u32) {
            for place in [UnixPath::from_bytes(&bytes), UnixPath::from_bytes(text.as_bytes()), Ok(UnixPath::numbered(number))] {
                let place = place.unwrap();
                prop_assert_eq!(UnixPath::shown(&place.to_string()), Ok(place));
            }
        }
    }

    #[test]
    fn a_path_that_is_too_long_is_told_with_its_length() {
        assert!(UnixPath::parse(&"x".repeat(107)).is_ok());
        assert_eq!(UnixPath::parse(&"x".repeat(108)), Err(UnixPathError::TooLong(108)));
        assert_eq!(UnixPath::parse(""), Err(UnixPathError::Empty));
    }
}
