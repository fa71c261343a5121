//! Whether the clock can be believed: what our own events say of it, and what is told when it is set or
//! runs free (PCI DSS 4.0.1, 10.6).

use std::sync::Arc;
use std::time::Duration;

use ringfence_event::{Own, Severity};
use ringfence_sources::{Intake, Sink as _};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::clock;

/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(5);
/// A clock that is steered moves by 0.5 ms in a second at most; what moves it further sets it.
const STEP_MS: i64 = 250;
/// So long it may take after a start until it is steered.
const PATIENCE_MS: i64 = 15 * 60_000;
/// OCSF Device Config State Change.
const CLASS: u32 = 5019;
const OTHER: u8 = 99;

/// How the system keeps the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    /// Something (NTP, PTP) steers it.
    steered: bool,
    /// By how much it may be wrong, as whoever steers it reckons.
    most_us: i64,
}

/// What an event says of the clock that it was told by.
pub(crate) fn says() -> Value {
    match kept() {
        Some(kept) if kept.steered => {
            json!({"synchronized": true, "max_error_us": kept.most_us})
        }
        Some(_) => json!({"synchronized": false}),
        None => json!({"synchronized": null}),
    }
}

/// Asks the kernel (adjtimex(2)).
fn kept() -> Option<Kept> {
    // SAFETY: zero is a value of every field, all of them numbers.
    #[allow(unsafe_code, reason = "libc has no safe way to make one")]
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: with no modes set the call only writes to the structure that it is given.
    #[allow(unsafe_code, reason = "no crate of the project has this call")]
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    (state >= 0).then_some(Kept {
        steered: state != libc::TIME_ERROR && timex.status & libc::STA_UNSYNC == 0,
        most_us: timex.maxerror,
    })
}

/// Looks at the clock until `cancel`.
pub(crate) async fn watch(intake: Arc<Intake>, cancel: CancellationToken) {
    let mut watch = Watch::default();
    let begun = up_ms();
    let mut last = (begun, clock::now().0);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let now = (up_ms(), clock::now().0);
        let (passed, went) = (now.0 - last.0, now.1.saturating_sub(last.1));
        let steered = kept().map(|kept| kept.steered);
        let patient = now.0 - begun < PATIENCE_MS;
        for told in watch.look(passed, went, steered, patient) {
            if let Err(error) = intake.own(told.own().event()).await {
                tracing::error!(%error, "what happened to the clock could not be told");
            }
        }
        last = now;
    }
}

/// Since the machine started, the time that it slept through included.
fn up_ms() -> i64 {
    let up = clock_gettime(ClockId::Boottime);
    up.tv_sec
        .saturating_mul(1_000)
        .saturating_add(up.tv_nsec / 1_000_000)
}

/// What happened to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Somebody set it, by so many ms.
    Stepped(i64),
    /// Nothing steers it.
    Free,
    /// Something steers it again.
    Steered,
}

#[derive(Debug, Default)]
struct Watch {
    free: bool,
}

impl Watch {
    /// After `passed` ms during which the clock went on by `went` ms.
    fn look(&mut self, passed: i64, went: i64, steered: Option<bool>, patient: bool) -> Vec<Told> {
        let mut told = Vec::new();
        let by = went.saturating_sub(passed);
        if by.abs() >= STEP_MS {
            told.push(Told::Stepped(by));
        }
        match steered {
            Some(false) if !self.free && !patient => {
                self.free = true;
                told.push(Told::Free);
            }
            Some(true) if self.free => {
                self.free = false;
                told.push(Told::Steered);
            }
            _ => {}
        }
        told
    }
}

impl Told {
    fn own(self) -> Own {
        let (name, severity, message) = match self {
            Self::Stepped(by) => {
                let way = if by < 0 { "back" } else { "forward" };
                let ms = by.unsigned_abs();
                (
                    "Step",
                    Severity::Medium,
                    format!("the clock was set {way} by {ms} ms"),
                )
            }
            Self::Free => (
                "Free",
                Severity::Medium,
                "nothing keeps the clock right: no NTP or PTP steers it".to_owned(),
            ),
            Self::Steered => (
                "Steered",
                Severity::Informational,
                "the clock is kept right again".to_owned(),
            ),
        };
        let own = Own::new("clock", CLASS, OTHER, clock::now())
            .severity(severity)
            .message(message)
            .with("activity_name", name);
        match self {
            Self::Stepped(by) => own.with("clock_step_ms", by),
            _ => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_told_and_one_that_is_steered_is_not() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(5_000, 5_003, Some(true), false), vec![]);
        assert_eq!(
            watch.look(5_000, 8_600_000, Some(true), false),
            vec![Told::Stepped(8_595_000)]
        );
        assert_eq!(
            watch.look(5_000, -3_595_000, None, false),
            vec![Told::Stepped(-3_600_000)]
        );
    }

    #[test]
    fn a_free_clock_is_told_once_and_when_it_is_steered_again() {
        let mut watch = Watch::default();
        let mut look = |steered, patient| watch.look(5_000, 5_000, Some(steered), patient);
        assert_eq!(look(false, true), vec![]);
        assert_eq!(look(false, false), vec![Told::Free]);
        assert_eq!(look(false, false), vec![]);
        assert_eq!(look(true, false), vec![Told::Steered]);
        assert_eq!(look(true, false), vec![]);
    }

    #[test]
    fn the_kernel_is_asked() {
        let said = says();
        assert!(said.get("synchronized").is_some(), "{said}");
    }
}
