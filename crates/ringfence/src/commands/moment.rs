//! Times on the command line.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::anyhow;
use ringfence_event::Time;

use crate::output::Failure;

/// A time as RFC 3339, or so long ago: `-24h`.
pub fn moment(text: &str) -> Result<Time, Failure> {
    let ago = |unit: char, ms: i64| {
        let number = text.strip_prefix('-')?.strip_suffix(unit)?;
        number.parse::<i64>().ok().and_then(|n| n.checked_mul(ms))
    };
    let span = ago('m', 60_000)
        .or_else(|| ago('h', 3_600_000))
        .or_else(|| ago('d', 86_400_000));
    match span {
        Some(span) => Ok(now() + -span),
        None => Time::parse_rfc3339(text).map_err(|_| {
            Failure::usage(anyhow!(
                "`{text}` is no time: write `2026-11-22T09:30:00Z`, or `-24h`"
            ))
        }),
    }
}

/// The time of this machine.
pub fn now() -> Time {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
