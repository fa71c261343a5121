//! The one place here that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use ringfence_event::Time;

/// Now, as receive time.
pub(crate) fn now() -> Time {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
