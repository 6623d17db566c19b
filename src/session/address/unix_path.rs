//! Where a Unix-domain socket is: a file, an abstract name (Linux), or nowhere. Must never look whether anything is there.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What `sun_path` holds on Linux, its closing NUL included (unix(7)); the other systems have four bytes less.
const ROOM: usize = 108;

/// The place of a Unix-domain socket, at most 107 bytes. It is copied like an IP address, because every record has one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnixPath {
    length: u8,
    /// What `sun_path` holds; an abstract name begins with NUL.
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
        if text.is_empty() { Ok(Self::UNNAMED) } else { Self::parse(text) }
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
            [0, name @ ..] => write!(f, "@{}", String::from_utf8_lossy(name)),
            path => f.write_str(&String::from_utf8_lossy(path)),
        }
    }
}

impl fmt::Debug for UnixPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_reads_back() {
        for typed in ["/tmp/x.sock", "@name", "相对/路径"] {
            let path = UnixPath::parse(typed).unwrap();
            assert_eq!(path.to_string(), typed);
            assert_eq!(UnixPath::shown(&path.to_string()), Ok(path));
        }
        assert_eq!(UnixPath::shown(""), Ok(UnixPath::UNNAMED));
        assert!(UnixPath::parse("@a").unwrap().is_abstract());
    }

    #[test]
    fn a_path_that_is_too_long_is_told_with_its_length() {
        assert!(UnixPath::parse(&"x".repeat(107)).is_ok());
        assert_eq!(UnixPath::parse(&"x".repeat(108)), Err(UnixPathError::TooLong(108)));
        assert_eq!(UnixPath::parse(""), Err(UnixPathError::Empty));
    }
}
