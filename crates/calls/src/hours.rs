//! Opening hours of a site, by the clock on its wall.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Weekday, tz::TimeZone};
use ringfence_event::Time;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// When a site is open. Written as a time zone and, for each open day, a span such as
/// `08:00-20:00`; a span that ends before it begins (`20:00-04:00`) runs past midnight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct OpeningHours {
    written: Written,
    zone: TimeZone,
    /// Minutes of the day, Monday first.
    days: [Option<(u16, u16)>; 7],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    zone: String,
    days: BTreeMap<String, String>,
}

/// What is wrong with opening hours.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HoursError {
    /// Not in the time zone database.
    #[error("`{0}` is not a time zone: write an IANA name such as `America/New_York`")]
    Zone(String),
    /// Not a day.
    #[error("`{0}` is not a day: write mon, tue, wed, thu, fri, sat or sun")]
    Day(String),
    /// Not a span.
    #[error("`{0}` is not a span of the day: write it as `08:00-20:00`")]
    Span(String),
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl OpeningHours {
    /// Opening hours from an IANA time zone and pairs of day and span.
    ///
    /// # Errors
    /// [`HoursError`] names the part that cannot be read.
    pub fn new<'a>(
        zone: &str,
        days: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, HoursError> {
        let days = days
            .into_iter()
            .map(|(d, s)| (d.to_owned(), s.to_owned()))
            .collect();
        Written {
            zone: zone.to_owned(),
            days,
        }
        .try_into()
    }

    /// Whether the site is open at `t`; `None` for a time outside the calendar.
    #[must_use]
    pub fn is_open(&self, t: Time) -> Option<bool> {
        let local = Timestamp::from_millisecond(t.0)
            .ok()?
            .to_zoned(self.zone.clone());
        let minute = u16::try_from(local.hour()).ok()? * 60 + u16::try_from(local.minute()).ok()?;
        let today = index(local.weekday());
        let span = |day: usize| self.days.get(day).copied().flatten();
        let open =
            span(today).is_some_and(|(from, to)| minute >= from && (minute < to || to <= from));
        let from_yesterday =
            span((today + 6) % 7).is_some_and(|(from, to)| to <= from && minute < to);
        Some(open || from_yesterday)
    }
}

impl TryFrom<Written> for OpeningHours {
    type Error = HoursError;

    fn try_from(written: Written) -> Result<Self, HoursError> {
        let zone =
            TimeZone::get(&written.zone).map_err(|_| HoursError::Zone(written.zone.clone()))?;
        let mut days = [None; 7];
        for (day, span) in &written.days {
            let slot = DAYS
                .iter()
                .position(|d| d.eq_ignore_ascii_case(day))
                .and_then(|i| days.get_mut(i))
                .ok_or_else(|| HoursError::Day(day.clone()))?;
            *slot = Some(read_span(span).ok_or_else(|| HoursError::Span(span.clone()))?);
        }
        Ok(Self {
            written,
            zone,
            days,
        })
    }
}

impl From<OpeningHours> for Written {
    fn from(hours: OpeningHours) -> Self {
        hours.written
    }
}

fn read_span(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    Some((read_minute(from)?, read_minute(to)?))
}

fn read_minute(text: &str) -> Option<u16> {
    let (h, m) = text.trim().split_once(':')?;
    let (h, m): (u16, u16) = (h.parse().ok()?, m.parse().ok()?);
    let minute = h.checked_mul(60)?.checked_add(m)?;
    (m < 60 && minute <= 24 * 60).then_some(minute)
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_follow_the_wall_clock_over_a_change_to_summer_time() {
        let hours = OpeningHours::new("America/New_York", [("fri", "08:00-20:00")]).unwrap();
        let open = |s| hours.is_open(Time::parse_rfc3339(s).unwrap()).unwrap();
        assert!(open("2026-01-09T13:00:00Z"));
        assert!(!open("2026-01-09T12:59:00Z"));
        assert!(open("2026-07-10T12:00:00Z"));
        assert!(!open("2026-07-11T14:00:00Z"), "closed on a Saturday");
    }

    #[test]
    fn a_night_shift_ends_on_the_next_day() {
        let hours = OpeningHours::new("UTC", [("fri", "20:00-04:00")]).unwrap();
        let open = |s| hours.is_open(Time::parse_rfc3339(s).unwrap()).unwrap();
        assert!(open("2026-01-09T23:00:00Z"));
        assert!(open("2026-01-10T03:59:00Z"));
        assert!(!open("2026-01-10T04:00:00Z"));
        assert!(!open("2026-01-09T03:00:00Z"));
    }

    #[test]
    fn mistakes_are_named() {
        let bad = |zone, day, span| OpeningHours::new(zone, [(day, span)]).unwrap_err();
        assert!(matches!(
            bad("Mars/Base", "mon", "08:00-09:00"),
            HoursError::Zone(_)
        ));
        assert!(matches!(
            bad("UTC", "noday", "08:00-09:00"),
            HoursError::Day(_)
        ));
        assert!(matches!(bad("UTC", "mon", "8-9"), HoursError::Span(_)));
        assert!(matches!(
            bad("UTC", "mon", "08:61-09:00"),
            HoursError::Span(_)
        ));
    }
}
