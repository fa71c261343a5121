//! The one place that reads the wall clock for the pipeline.

use ringfence_event::Time;

/// Now.
#[must_use]
pub fn now() -> Time {
    Time(jiff::Timestamp::now().as_millisecond())
}
