//! A moment as typed: `16:20`, `16:20:34.093`, `2026-07-21 16:20`. Must never ask the clock: what day it is, is an argument.

use crate::session::timestamp::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

/// The span of time that a typed moment names, both ends included: `16:20` is all of that minute, as the log that shows no more than
/// milliseconds must be able to be asked for what it shows. `None` where nobody can say when that is.
pub fn parse(typed: &str, today: Timestamp, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let mut parts = typed.trim().split(|c: char| c.is_whitespace() || c == 'T').filter(|part| !part.is_empty());
    let (first, second, more) = (parts.next()?, parts.next(), parts.next());
    if more.is_some() {
        return None;
    }
    let (date, clock) = match (first, second) {
        (date, Some(clock)) => (self::date(date)?, Some(clock)),
        (date, None) if date.contains('-') => (self::date(date)?, None),
        (clock, None) => {
            let today = jiff::Timestamp::from_microsecond(today.0).ok()?;
            (today.to_zoned(zone.clone()).date(), Some(clock))
        }
    };
    let (time, length) = match clock {
        Some(clock) => self::clock(clock)?,
        None => (Time::midnight(), 1.day()),
    };
    let start = date.to_datetime(time);
    let at = |moment: jiff::civil::DateTime| {
        let zoned = moment.to_zoned(zone.clone()).ok()?;
        Some(zoned.timestamp().as_microsecond())
    };
    Some((Timestamp(at(start)?), Timestamp(at(start.checked_add(length).ok()?)? - 1)))
}

/// `2026-07-21`.
fn date(typed: &str) -> Option<Date> {
    let mut parts = typed.split('-');
    let (year, month, day) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    if parts.next().is_some() {
        return None;
    }
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// `16:20`, `16:20:34`, `16:20:34.093`, and how long that lasts.
fn clock(typed: &str) -> Option<(Time, Span)> {
    // As Chinese input methods write them.
    let typed = typed.replace('：', ":");
    let (whole, fraction) = match typed.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (typed.as_str(), None),
    };
    let mut parts = whole.split(':');
    let (hour, minute, second) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?, parts.next());
    if parts.next().is_some() || fraction.is_some() && second.is_none() {
        return None;
    }
    let length = match (second, fraction.map(str::len)) {
        (None, _) => 1.minute(),
        (Some(_), None) => 1.second(),
        (Some(_), Some(digits)) => 10_i64.checked_pow(u32::try_from(6_usize.checked_sub(digits)?).ok()?)?.microseconds(),
    };
    let second = second.map_or(Some(0), |second| number(second, 2))?;
    let fraction = fraction.map_or(Some(0), |fraction| Some(number(fraction, 6)? * 10_i32.pow(9 - fraction.len() as u32)))?;
    let part = |number: i32| i8::try_from(number).ok();
    Some((Time::new(part(hour)?, part(minute)?, part(second)?, fraction).ok()?, length))
}

/// One to `most` decimal digits.
fn number(typed: &str, most: usize) -> Option<i32> {
    let fits = (1..=most).contains(&typed.len()) && typed.bytes().all(|byte| byte.is_ascii_digit());
    if fits { typed.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_as_long_as_it_is_typed() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let today = Timestamp(1_784_622_034_093_001);
        let table = [
            ("16:20", Some(("2026-07-21 16:20:00.000", 60_000_000))),
            (" 9:05 ", Some(("2026-07-21 09:05:00.000", 60_000_000))),
            ("16：20：34", Some(("2026-07-21 16:20:34.000", 1_000_000))),
            ("16:20:34.093", Some(("2026-07-21 16:20:34.093", 1000))),
            ("16:20:34.5", Some(("2026-07-21 16:20:34.500", 100_000))),
            ("16:20:34.093001", Some(("2026-07-21 16:20:34.093", 1))),
            ("2026-01-02 03:04", Some(("2026-01-02 03:04:00.000", 60_000_000))),
            ("2026-01-02T03:04:05", Some(("2026-01-02 03:04:05.000", 1_000_000))),
            ("2026-1-2", Some(("2026-01-02 00:00:00.000", 86_400_000_000))),
            ("", None),
            ("16", None),
            ("24:00", None),
            ("16:60", None),
            ("16:20.5", None),
            ("16:20:34.", None),
            ("16:20:34.0930010", None),
            ("16:20:34:1", None),
            ("2026-02-30", None),
            ("2026-02-3 1:00 2", None),
            ("+1:00", None),
            ("昨天", None),
        ];
        for (typed, expected) in table {
            let read = parse(typed, today, &zone);
            let read = read.map(|(start, end)| (start.date_and_clock(&zone), end.micros_since(start) + 1));
            assert_eq!(read, expected.map(|(start, length)| (start.to_owned(), length)), "{typed}");
        }
    }
}
