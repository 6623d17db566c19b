//! Frames whose length is known beforehand: fixed, or said by a prefix. It must never trust what a peer says: no length overflows,
//! loops or waits for more than the limit of a whole.

use super::{End, Inside, LONGEST};

/// Where a frame says how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Length {
    /// Bytes before the number.
    pub offset: u16,
    /// How wide the number is.
    pub width: Width,
    /// Which of its bytes comes first.
    pub endian: Endian,
    /// Added to it. A frame is `offset + width + number + adjust` bytes long: 0 where the number counts what follows it, and
    /// `-(offset + width)` where it counts the whole frame.
    pub adjust: i64,
}

/// How many bytes a number has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// One.
    One,
    /// Two.
    Two,
    /// Four.
    Four,
    /// Eight.
    Eight,
}

impl Width {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::One, Self::Two, Self::Four, Self::Eight];

    /// The number itself.
    pub fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endian {
    /// The most significant: network order.
    Big,
    /// The least significant.
    Little,
}

/// A frame of `length` bytes.
pub(super) fn fixed(length: u64, inside: &mut Inside, window: &[u8]) -> (usize, Option<End>) {
    let left = match inside {
        Inside::Body { left } => *left,
        _ => length,
    };
    body(left, inside, window)
}

fn body(left: u64, inside: &mut Inside, window: &[u8]) -> (usize, Option<End>) {
    let used = usize::try_from(left).map_or(window.len(), |left| left.min(window.len()));
    let left = left - used as u64;
    *inside = Inside::Body { left };
    (used, (left == 0).then_some(End::Complete))
}

impl Length {
    pub(super) fn step(self, inside: &mut Inside, pending: usize, window: &[u8]) -> (usize, Option<End>) {
        let mut value = match inside {
            Inside::Body { left } => return body(*left, inside, window),
            Inside::Header { value } => *value,
            _ => 0,
        };
        let used = window.len().min(self.header().saturating_sub(pending));
        for (place, byte) in window[..used].iter().enumerate() {
            if let Some(digit) = (pending + place).checked_sub(self.offset.into()) {
                match self.endian {
                    Endian::Big => value = value << 8 | u64::from(*byte),
                    Endian::Little => value |= u64::from(*byte) << (8 * digit),
                }
            }
        }
        if pending + used < self.header() {
            *inside = Inside::Header { value };
            return (used, None);
        }
        match self.after_header(value) {
            None => (used, Some(End::BadLength)),
            Some(0) => (used, Some(End::Complete)),
            Some(left) => {
                let (more, end) = body(left, inside, &window[used..]);
                (used + more, end)
            }
        }
    }

    fn header(self) -> usize {
        usize::from(self.offset) + self.width.bytes()
    }

    /// How many bytes follow the header; `None` where there cannot be so many.
    fn after_header(self, value: u64) -> Option<u64> {
        let left = u64::try_from(i128::from(value) + i128::from(self.adjust)).ok()?;
        (self.header() as u64).checked_add(left).filter(|total| *total <= LONGEST).map(|_| left)
    }
}
