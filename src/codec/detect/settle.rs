//! What would settle which encoding bytes are in, as numbers that words are made of. It must never say it in words itself.

use super::super::encoding::Encoding;

/// What would settle it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// Nothing: it is settled.
    Nothing,
    /// Nothing: these two read the bytes alike, so it does not matter.
    SameReading {
        /// The best.
        best: Encoding,
        /// The other.
        other: Encoding,
    },
    /// A character beyond ASCII, because ASCII alone reads alike in every encoding.
    BeyondAscii,
    /// More bytes: there are few characters that tell so far.
    MoreBytes {
        /// Characters beyond ASCII.
        characters: usize,
    },
    /// More bytes: these may be no text, or too few to say.
    MoreData,
    /// The other half of a character that is cut at the start or at the end.
    OtherHalf,
    /// A text that holds a word which the sender surely writes: what there is reads as text in more than one way.
    KnownWord,
}

impl Settle {
    /// Its name, for translations.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::SameReading { .. } => "same_reading",
            Self::BeyondAscii => "beyond_ascii",
            Self::MoreBytes { .. } => "more_bytes",
            Self::MoreData => "more_data",
            Self::OtherHalf => "other_half",
            Self::KnownWord => "known_word",
        }
    }

    /// What stands in its words, by name, for translations.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        match *self {
            Self::SameReading { best, other } => vec![("best", best.to_string()), ("other", other.to_string())],
            Self::MoreBytes { characters } => vec![("characters", characters.to_string())],
            Self::Nothing | Self::BeyondAscii | Self::MoreData | Self::OtherHalf | Self::KnownWord => Vec::new(),
        }
    }
}
