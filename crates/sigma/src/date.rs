//! Parts of dates for the time modifiers.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::modifier::DatePart;
use crate::number::Number;

/// The wanted part of a date field.
///
/// Sigma does no time zone conversion: text is taken as the log wrote it, whatever its
/// offset. A number has no zone and is read as Unix time in UTC, in seconds, or in
/// milliseconds from 10^11 on (the year 5138 in seconds).
pub(crate) fn part(part: DatePart, text: &str, number: Option<Number>) -> Option<i64> {
    let time = match number {
        Some(number) => unix(number)?,
        None => written(text)?,
    };
    let date = time.date();
    Some(match part {
        DatePart::Minute => i64::from(time.minute()),
        DatePart::Hour => i64::from(time.hour()),
        DatePart::Day => i64::from(date.day()),
        DatePart::Week => i64::from(date.iso_week_date().week()),
        DatePart::Month => i64::from(date.month()),
        DatePart::Year => i64::from(date.year()),
    })
}

fn unix(number: Number) -> Option<DateTime> {
    let value = match number {
        Number::Int(i) => i,
        #[allow(
            clippy::cast_possible_truncation,
            reason = "only the whole seconds matter"
        )]
        Number::Float(f) => f as i64,
    };
    let timestamp = if value.unsigned_abs() < 100_000_000_000 {
        Timestamp::from_second(value).ok()?
    } else {
        Timestamp::from_millisecond(value).ok()?
    };
    Some(timestamp.to_zoned(TimeZone::UTC).datetime())
}

/// `YYYY-MM-DD`, then optionally any one character and `HH:MM`. Slashes also do.
fn written(text: &str) -> Option<DateTime> {
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let separated = |at: usize, by: &[u8]| text.as_bytes().get(at).is_some_and(|b| by.contains(b));
    if !separated(4, b"-/") || !separated(7, b"-/") {
        return None;
    }
    let small = |range| number(range).and_then(|n: i16| i8::try_from(n).ok());
    let date = Date::new(number(0..4)?, small(5..7)?, small(8..10)?).ok()?;
    let (hour, minute) = match (small(11..13), separated(13, b":"), small(14..16)) {
        (Some(hour), true, Some(minute)) => (hour, minute),
        _ => (0, 0),
    };
    DateTime::new(date.year(), date.month(), date.day(), hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_as_written() {
        for (wanted, text, want) in [
            (DatePart::Hour, "2025-08-02T23:15:00+05:00", Some(23)),
            (DatePart::Minute, "2025-08-02 23:15", Some(15)),
            (DatePart::Week, "2025-12-29", Some(1)),
            (DatePart::Year, "2025/12/29", Some(2025)),
            (DatePart::Month, "yesterday", None),
            (DatePart::Day, "2025-02-30", None),
        ] {
            assert_eq!(part(wanted, text, None), want, "{text}");
        }
        assert_eq!(
            part(DatePart::Hour, "", Some(Number::Int(1_700_000_000))),
            Some(22)
        );
        assert_eq!(
            part(DatePart::Hour, "", Some(Number::Int(1_700_000_000_000))),
            Some(22)
        );
    }
}
