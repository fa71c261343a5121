//! Time stamps as logs write them.

use jiff::civil::{Date, DateTime, Time as Clock};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, SpanRelativeTo, Timestamp};
use ringfence_event::{Event, Flag, Time};
use serde_json::Value;

use crate::Skew;

/// RFC 3339, with `T` or a space; without an offset the time is in `zone`.
pub(crate) fn rfc3339_lenient(text: &str, zone: &TimeZone) -> Option<Time> {
    let first = text.as_bytes();
    // `2026-…`: the parser would take far more, ISO weeks among it.
    if !(first.len() >= 16 && first.get(4) == Some(&b'-') && first.len() <= 40) {
        return None;
    }
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(Time(stamp.as_millisecond()));
    }
    in_zone(text.parse::<DateTime>().ok()?, zone)
}

/// A local time as a moment; in a gap or fold of daylight saving the usual choice.
fn in_zone(time: DateTime, zone: &TimeZone) -> Option<Time> {
    let zoned = zone.to_ambiguous_zoned(time).compatible().ok()?;
    Some(Time(zoned.timestamp().as_millisecond()))
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Mmm dd [yyyy] hh:mm:ss[.fff]` at the start of a text, and how long it is. Without a year, the
/// one that brings it nearest to the receive time: in January, December is last year's.
pub(crate) fn bsd_stamp(text: &str, received: Time, zone: &TimeZone) -> Option<(Time, usize)> {
    let month = MONTHS.iter().position(|m| text.starts_with(m))?;
    let month = i8::try_from(month + 1).ok()?;
    let mut scan = Scan { text, at: 3 };
    scan.spaces()?;
    let day = i8::try_from(scan.number(2)?).ok()?;
    scan.spaces()?;
    let mut first = scan.number(4)?;
    let mut year = None;
    if !scan.eat(b':') {
        year = Some(i16::try_from(first).ok().filter(|y| *y >= 1970)?);
        scan.spaces()?;
        first = scan.number(2)?;
        scan.eat(b':').then_some(())?;
    }
    let hour = i8::try_from(first).ok()?;
    let minute = i8::try_from(scan.number(2)?).ok()?;
    scan.eat(b':').then_some(())?;
    // A leap second is the second before it.
    let second = i8::try_from(scan.number(2)?.min(59)).ok()?;
    let mut nanos = 0;
    if scan.eat(b'.') {
        let start = scan.at;
        let fraction = scan.number(9)?;
        let digits = u32::try_from(scan.at - start).ok()?;
        nanos = i32::try_from(fraction.checked_mul(10u32.checked_pow(9 - digits)?)?).ok()?;
    }
    let clock = Clock::new(hour, minute, second, nanos).ok()?;
    let resolve = |year: i16| in_zone(Date::new(year, month, day).ok()?.to_datetime(clock), zone);
    let time = match year {
        Some(year) => resolve(year)?,
        None => {
            let now = Timestamp::from_millisecond(received.0).ok()?;
            let this = now.to_zoned(zone.clone()).year();
            [this - 1, this, this.saturating_add(1)]
                .into_iter()
                .filter_map(resolve)
                .min_by_key(|t| t.since(received).unsigned_abs())?
        }
    };
    Some((time, scan.at))
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn spaces(&mut self) -> Option<()> {
        let start = self.at;
        while self.eat(b' ') {}
        (self.at > start).then_some(())
    }

    fn number(&mut self, most: usize) -> Option<u32> {
        let (start, mut n) = (self.at, 0u32);
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            if self.at - start >= most {
                return None;
            }
            n = n * 10 + u32::from(digit - b'0');
            self.at += 1;
        }
        (self.at > start).then_some(n)
    }
}

/// How a field of a record writes time.
#[derive(Debug, Clone)]
pub(crate) enum TimeFormat {
    /// RFC 3339; without an offset in the source's zone.
    Rfc3339,
    /// A number whose unit its size tells.
    Epoch,
    /// A number; how many of them make a millisecond (below 0: how many milliseconds make one).
    EpochUnit(f64),
    /// A strptime format.
    Pattern(String),
    /// Any of the first two.
    Auto,
}

impl TimeFormat {
    /// Reads the name of a format in a mapping file.
    pub fn parse(name: &str) -> Result<Self, String> {
        Ok(match name {
            "rfc3339" => Self::Rfc3339,
            "epoch" => Self::Epoch,
            "epoch_s" => Self::EpochUnit(1e3),
            "epoch_ms" => Self::EpochUnit(1.0),
            "epoch_us" => Self::EpochUnit(1e-3),
            "epoch_ns" => Self::EpochUnit(1e-6),
            "auto" => Self::Auto,
            pattern if pattern.contains('%') => {
                check_pattern(pattern)?;
                Self::Pattern(pattern.to_owned())
            }
            _ => {
                return Err(
                    "use `rfc3339`, `epoch`, `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`, `auto` \
                     or a pattern such as `%Y-%m-%d %H:%M:%S`"
                        .to_owned(),
                );
            }
        })
    }

    /// The moment that a value means.
    pub fn read(&self, value: &Value, zone: &TimeZone) -> Option<Time> {
        let number = || match value {
            Value::Number(n) => n.as_f64(),
            Value::String(s) => s.trim().parse::<f64>().ok(),
            _ => None,
        };
        let usable = |n: &f64| n.is_finite();
        match self {
            Self::Rfc3339 => rfc3339_lenient(value.as_str()?.trim(), zone),
            Self::Epoch => number().filter(usable).map(Time::from_epoch_guess),
            Self::EpochUnit(scale) =>
            {
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "a float beyond i64 saturates, as hostile times should"
                )]
                number().filter(usable).map(|n| Time((n * scale) as i64))
            }
            Self::Auto => Self::Rfc3339
                .read(value, zone)
                .or_else(|| Self::Epoch.read(value, zone)),
            Self::Pattern(pattern) => {
                let parts = BrokenDownTime::parse(pattern, value.as_str()?.trim()).ok()?;
                if let Some(stamp) = parts.timestamp() {
                    return Some(Time(stamp.as_millisecond()));
                }
                let local = parts.to_datetime().ok()?;
                match parts.offset() {
                    Some(offset) => in_zone(local, &TimeZone::fixed(offset)),
                    None => in_zone(local, zone),
                }
            }
        }
    }
}

/// A pattern is sound when it can write a time and read it back.
fn check_pattern(pattern: &str) -> Result<(), String> {
    let sample = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::fixed(Offset::UTC));
    let written = jiff::fmt::strtime::format(pattern, &sample)
        .map_err(|e| format!("pattern `{pattern}`: {e}"))?;
    let parts = BrokenDownTime::parse(pattern, &written)
        .map_err(|e| format!("pattern `{pattern}`: {e}"))?;
    if parts.timestamp().is_none() && parts.to_datetime().is_err() {
        return Err(format!(
            "pattern `{pattern}` does not say both a whole date and a time of day"
        ));
    }
    Ok(())
}

/// Reads a zone: an IANA name or an offset such as `+01:00`.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    if name.eq_ignore_ascii_case("utc") || name == "Z" {
        return Some(TimeZone::UTC);
    }
    if let Some(sign) = name.strip_prefix(['+', '-']) {
        let (hours, minutes) = sign.split_once(':')?;
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        let seconds = (hours * 60 + minutes) * 60;
        let seconds = if name.starts_with('-') {
            -seconds
        } else {
            seconds
        };
        return Offset::from_seconds(seconds).ok().map(TimeZone::fixed);
    }
    TimeZone::get(name).ok()
}

/// Milliseconds of an ISO 8601 duration of days at most, such as `PT1M30.5S`: how long a month
/// is, it does not say.
pub(crate) fn iso_duration_ms(text: &str) -> Option<i64> {
    if !text.starts_with(['P', 'p']) {
        return None;
    }
    let span: Span = text.parse().ok()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let total = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .ok()?
        .as_millis();
    i64::try_from(total).ok().filter(|ms| *ms >= 0)
}

/// Milliseconds of `h:mm:ss` or `m:ss`, as reports print durations; the first part may be large.
pub(crate) fn clock_ms(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<&str> = whole.split(':').collect();
    let number = |text: &str| {
        let digits =
            !text.is_empty() && text.len() <= 6 && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<i64>().ok()).flatten()
    };
    let below_60 = |text: &str| number(text).filter(|n| *n < 60);
    let seconds = match parts.as_slice() {
        [h, m, s] => number(h)? * 3_600 + below_60(m)? * 60 + below_60(s)?,
        [m, s] => number(m)? * 60 + below_60(s)?,
        _ => return None,
    };
    let millis = format!("{fraction:0<3}");
    Some(seconds * 1_000 + number(millis.get(..3)?)?)
}

/// Gives the event its own time, and flags what is missing or too far off.
pub(crate) fn settle(event: &mut Event, own: Option<Time>, skew: Skew) {
    let Some(own) = own else {
        event.time = event.received;
        event.flag(Flag::TimeMissing);
        return;
    };
    event.time = own;
    let late = event.received.since(own);
    if late > skew.behind || late < -skew.ahead {
        event.flag(Flag::TimeSkewed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(format: &str, value: Value, zone_name: &str) -> Option<String> {
        let zone = zone(zone_name).unwrap();
        let time = TimeFormat::parse(format).unwrap().read(&value, &zone)?;
        Some(time.to_rfc3339())
    }

    #[test]
    fn formats_read_what_they_say() {
        let want = Some("2026-11-22T09:30:00.000Z".to_owned());
        for (format, value, zone) in [
            ("rfc3339", json!("2026-11-22T10:30:00+01:00"), "UTC"),
            ("rfc3339", json!("2026-11-22 10:30:00"), "+01:00"),
            ("epoch", json!(1_795_339_800), "UTC"),
            ("epoch", json!("1795339800000"), "UTC"),
            ("epoch_s", json!(1_795_339_800.0), "UTC"),
            ("epoch_us", json!(1_795_339_800_000_000_u64), "UTC"),
            (
                "%d/%b/%Y:%H:%M:%S %z",
                json!("22/Nov/2026:10:30:00 +0100"),
                "UTC",
            ),
            (
                "%Y-%m-%d %H:%M:%S",
                json!("2026-11-22 04:30:00"),
                "America/New_York",
            ),
            ("auto", json!("2026-11-22T09:30:00Z"), "UTC"),
        ] {
            assert_eq!(read(format, value, zone), want, "{format}");
        }
        assert_eq!(read("rfc3339", json!("soon"), "UTC"), None);
        assert_eq!(read("epoch", json!(null), "UTC"), None);
    }

    #[test]
    fn unsound_formats_are_refused_when_read() {
        for bad in ["iso", "%H:%M", "%Q"] {
            assert!(TimeFormat::parse(bad).is_err(), "{bad}");
        }
        assert!(zone("Mars/Olympus").is_none());
    }

    #[test]
    fn february_29_finds_a_leap_year() {
        let received = Time::parse_rfc3339("2028-03-01T00:00:00Z").unwrap();
        let (time, used) = bsd_stamp("Feb 29 10:00:00.5 x", received, &TimeZone::UTC).unwrap();
        assert_eq!(
            (time.to_rfc3339().as_str(), used),
            ("2028-02-29T10:00:00.500Z", 17)
        );
        assert!(bsd_stamp("Feb 30 10:00:00", received, &TimeZone::UTC).is_none());
    }
}
