//! UTC days, counted from 1970-01-01, and their names.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, Unit};

const DAY_MS: i64 = 86_400_000;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);
// 0001-01-01 and 9999-12-30: what every reader of a `date` column accepts, and
// what a timestamp can still reach from any time zone.
const FIRST: i64 = -719_162;
const LAST: i64 = 2_932_895;

/// The day an instant falls on, held inside the years 1 to 9999.
pub(crate) fn of(time_ms: i64) -> i32 {
    i32::try_from(time_ms.div_euclid(DAY_MS).clamp(FIRST, LAST)).unwrap_or_default()
}

/// `2026-01-31`.
pub(crate) fn name(day: i32) -> String {
    EPOCH.saturating_add(day.days()).to_string()
}

/// Reads what [`name`] writes.
pub(crate) fn parse(name: &str) -> Option<i32> {
    let date: Date = name.parse().ok()?;
    Some(date.since((Unit::Day, EPOCH)).ok()?.get_days())
}

/// `2026-01-31T08:15:30.123Z`, as Delta statistics want it; nothing for an instant
/// that no reader could take.
pub(crate) fn rfc3339(time_ms: i64) -> Option<String> {
    let inside = (FIRST * DAY_MS..(LAST + 1) * DAY_MS).contains(&time_ms);
    let time = Timestamp::from_millisecond(time_ms)
        .ok()
        .filter(|_| inside)?;
    Some(format!("{time:.3}"))
}

/// Reads what [`rfc3339`] writes, and other engines' statistics.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    Some(text.parse::<Timestamp>().ok()?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_days() {
        for (day, text) in [
            (0, "1970-01-01"),
            (19_782, "2024-02-29"),
            (-1, "1969-12-31"),
        ] {
            assert_eq!(name(day), text);
            assert_eq!(parse(text), Some(day));
        }
        assert_eq!(
            rfc3339(1_706_689_530_123).unwrap(),
            "2024-01-31T08:25:30.123Z"
        );
        assert_eq!(name(of(i64::MAX)), "9999-12-30");
        assert_eq!(name(of(i64::MIN)), "0001-01-01");
        assert_eq!(rfc3339(i64::MAX), None);
    }

    proptest! {
        #[test]
        fn names_read_back(ms in FIRST * DAY_MS..LAST * DAY_MS) {
            prop_assert_eq!(parse(&name(of(ms))), Some(of(ms)));
            prop_assert_eq!(parse_rfc3339(&rfc3339(ms).unwrap()), Some(ms));
        }
    }
}
