//! Time as data: milliseconds since the Unix epoch, UTC, as OCSF's `timestamp_t` has it.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z. Arithmetic saturates, so that a hostile
/// time stamp can be far away but never a panic.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

/// A text that is no RFC 3339 time.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a time: write it as RFC 3339, for example 2026-11-22T09:30:00Z")]
pub struct TimeError(String);

impl Time {
    /// Reads an RFC 3339 time stamp with an offset.
    ///
    /// # Errors
    /// When the text is not such a time stamp.
    pub fn parse_rfc3339(s: &str) -> Result<Self, TimeError> {
        s.parse::<jiff::Timestamp>()
            .map(|t| Self(t.as_millisecond()))
            .map_err(|_| TimeError(crate::clip(&crate::neutralise(s), 60).into_owned()))
    }

    /// From a number whose unit is told by its size: seconds (up to 10^11), milliseconds (10^14),
    /// microseconds (10^17) or nanoseconds, as loggers mix them.
    #[must_use]
    pub fn from_epoch_guess(n: f64) -> Self {
        let magnitude = n.abs();
        let ms = if magnitude < 1e11 {
            n * 1e3
        } else if magnitude < 1e14 {
            n
        } else if magnitude < 1e17 {
            n / 1e3
        } else {
            n / 1e6
        };
        // A float beyond i64 saturates, NaN becomes 0.
        #[allow(
            clippy::cast_possible_truncation,
            reason = "saturating by definition of `as`"
        )]
        Self(ms as i64)
    }

    /// Milliseconds from `earlier` to `self`; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC with milliseconds; a time outside years -9999 to 9999 as a plain number.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0)
            .map_or_else(|_| self.0.to_string(), |t| format!("{t:.3}"))
    }
}

impl Add<i64> for Time {
    type Output = Self;
    fn add(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl Sub<i64> for Time {
    type Output = Self;
    fn sub(self, ms: i64) -> Self {
        Self(self.0.saturating_sub(ms))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_both_ways() {
        let t = Time::parse_rfc3339("2026-11-22T10:30:00.250+01:00").unwrap();
        assert_eq!(t.to_string(), "2026-11-22T09:30:00.250Z");
        assert!(Time::parse_rfc3339("yesterday").is_err());
    }

    #[test]
    fn epoch_unit_is_told_by_size() {
        for n in [1_700_000_000.0, 1.7e12, 1.7e15, 1.7e18] {
            assert_eq!(Time::from_epoch_guess(n), Time(1_700_000_000_000));
        }
        assert_eq!(Time::from_epoch_guess(f64::NAN), Time(0));
    }

    #[test]
    fn far_times_saturate_and_print() {
        assert_eq!((Time(i64::MAX) + 1).0, i64::MAX);
        assert_eq!(Time(i64::MAX).to_string(), i64::MAX.to_string());
    }
}
