//! When to try again.

/// Attempts after which a delivery is given up and waits for a person. With the
/// back-off below that is about 20 hours: an outage over night is survived.
pub const MAX_ATTEMPTS: u32 = 10;

const BASE_MS: i64 = 5_000;
const CEILING_MS: i64 = 6 * 3_600_000;

/// When attempt number `attempts` + 1 is due, after `attempts` have failed; `None`
/// when the delivery is to be given up.
///
/// The delay grows by a factor of four to at most six hours. `jitter` (0 to 1, drawn
/// by the caller) moves it anywhere in the upper half of its span, so that deliveries
/// that failed together do not come back together.
#[must_use]
pub fn next_attempt(attempts: u32, now_ms: i64, jitter: f64) -> Option<i64> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let factor = 4_i64.saturating_pow(attempts.saturating_sub(1));
    let delay = BASE_MS.saturating_mul(factor).min(CEILING_MS);
    // NaN clamps to NaN, which casts to zero: still the lower half, never negative.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a delay of at most six hours in milliseconds is exact in an f64"
    )]
    let spread = ((delay / 2) as f64 * jitter.clamp(0.0, 1.0)) as i64;
    Some(now_ms.saturating_add(delay - delay / 2 + spread))
}

/// A receiver's `Retry-After` in seconds (RFC 9110 10.2.3), bounded so that no
/// receiver can park a delivery for ever. The date form is not honoured: it would
/// trust the receiver's clock.
#[must_use]
pub fn retry_after_ms(header: &str) -> Option<i64> {
    let seconds: i64 = header.trim().parse().ok()?;
    (seconds >= 0).then(|| seconds.saturating_mul(1000).min(CEILING_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_ceiling_and_end() {
        let delays: Vec<_> = (1..MAX_ATTEMPTS)
            .map(|attempts| next_attempt(attempts, 0, 1.0).unwrap() / 1000)
            .collect();
        assert_eq!(delays, [5, 20, 80, 320, 1280, 5120, 20480, 21600, 21600]);
        assert_eq!(next_attempt(MAX_ATTEMPTS, 0, 0.5), None);
    }

    #[test]
    fn jitter_stays_in_the_upper_half() {
        for attempts in 1..MAX_ATTEMPTS {
            let at = |jitter| next_attempt(attempts, 1_000, jitter).unwrap() - 1_000;
            assert_eq!(at(0.0) * 2, at(1.0));
            assert!(at(0.0) < at(0.3) && at(0.3) < at(1.0));
            assert_eq!(
                (at(-7.0), at(7.0), at(f64::NAN)),
                (at(0.0), at(1.0), at(0.0))
            );
        }
    }

    #[test]
    fn retry_after_is_bounded() {
        assert_eq!(retry_after_ms("120"), Some(120_000));
        assert_eq!(retry_after_ms("99999999999"), Some(CEILING_MS));
        assert_eq!(retry_after_ms("-1"), None);
        assert_eq!(retry_after_ms("Fri, 31 Dec 1999 23:59:59 GMT"), None);
    }
}
