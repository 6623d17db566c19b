//! When something happened, and how a moment is written. Must never ask the clock: it is handed the moment.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Microseconds since the Unix epoch (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    fn zoned(self, zone: &TimeZone) -> jiff::Zoned {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or_default().to_zoned(zone.clone())
    }

    /// `20:34:05.093`: the log's time column.
    pub fn clock(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%H:%M:%S%.3f").to_string()
    }

    /// `2026-07-21 08:20:34.093`: NetAssist's log header, and the text export.
    pub fn date_and_clock(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
    }

    /// `2026-07-21T08:20:34.093000+08:00`: RFC 3339 with microseconds, for JSON lines and CSV.
    pub fn rfc3339(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string()
    }

    /// Whole microseconds from `earlier` to this, 0 when the clock went back.
    pub fn micros_since(self, earlier: Timestamp) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_in_three_dialects() {
        let at = Timestamp(1_784_622_034_093_001);
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        assert_eq!(at.clock(&zone), "16:20:34.093");
        assert_eq!(at.date_and_clock(&zone), "2026-07-21 16:20:34.093");
        assert_eq!(at.rfc3339(&zone), "2026-07-21T16:20:34.093001+08:00");
        assert_eq!(at.micros_since(Timestamp(at.0 + 5)), 0);
    }
}
