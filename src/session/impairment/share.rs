//! Percentages as they are typed: `10`, `0.5`, `12.5 %`. Must never round what was typed.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A part of all datagrams, from 0 to 100 %, in steps of a ten-thousandth of a percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u32")]
pub struct Share(u32);

/// What stands for all.
const WHOLE: u32 = 1_000_000;
/// Digits behind the point.
const DIGITS: usize = 4;

/// What was typed is no percentage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a percentage (0 to 100, with up to four decimals)")]
pub struct NotAShare(pub String);

impl Share {
    /// Whether it is none at all.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether a number drawn evenly from all 32-bit numbers falls into this part. Exact: 0 % never and 100 % always does, and what falls
    /// into a part falls into every larger one.
    pub fn takes(self, drawn: u32) -> bool {
        (u64::from(drawn) * u64::from(WHOLE)) >> 32 < u64::from(self.0)
    }

    /// In percent.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE / 100)
    }
}

impl From<u32> for Share {
    /// In millionths; more than all is all.
    fn from(millionths: u32) -> Self {
        Self(millionths.min(WHOLE))
    }
}

impl FromStr for Share {
    type Err = NotAShare;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAShare(text.trim().to_owned());
        let number = text.trim();
        let number = number.strip_suffix('%').map_or(number, str::trim_end);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || whole.is_empty() || part.len() > DIGITS {
            return Err(wrong());
        }
        let whole: u32 = whole.parse().map_err(|_| wrong())?;
        let part: u32 = format!("{part:0<DIGITS$}").parse().map_err(|_| wrong())?;
        let millionths = whole.checked_mul(WHOLE / 100).and_then(|whole| whole.checked_add(part));
        millionths.filter(|millionths| *millionths <= WHOLE).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_as_people_type_them() {
        for (typed, millionths) in [
            ("0", 0),
            ("10", 100_000),
            ("0.5", 5_000),
            (" 12.5 % ", 125_000),
            ("100", WHOLE),
            ("100.0", WHOLE),
            ("0.0001", 1),
            ("7.", 70_000),
        ] {
            assert_eq!(typed.parse(), Ok(Share(millionths)), "{typed}");
        }
        for typed in ["", "%", "-1", "+1", "101", "100.0001", "1e1", "x", ".5", "0.00001", "99999999999", "1.2.3"] {
            assert_eq!(typed.parse::<Share>(), Err(NotAShare(typed.trim().into())), "{typed}");
        }
        for typed in ["0", "10", "0.5", "12.5", "0.0001", "99.9999"] {
            assert_eq!(typed.parse::<Share>().unwrap().to_string(), typed);
        }
    }

    #[test]
    fn none_and_all_are_exact() {
        let [none, least, most, all] = ["0", "0.0001", "99.9999", "100"].map(|text| text.parse::<Share>().unwrap());
        assert!(
            !none.takes(0) && all.takes(u32::MAX) && least.takes(0) && !least.takes(u32::MAX / 1000) && !most.takes(u32::MAX)
        );
        let half: Share = "50".parse().unwrap();
        assert!(half.takes(u32::MAX / 2) && !half.takes(u32::MAX / 2 + 1));
    }
}
