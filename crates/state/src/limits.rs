//! What bounds the database's size and the grouping of findings.

use std::time::Duration;

/// Bounds and windows; the defaults suit one machine and some thousand agents.
#[derive(Debug, Clone)]
pub struct Limits {
    /// A finding joins its story's open alert if the last one was received within this
    /// time. Default 4 h.
    pub story_window: Duration,
    /// Findings kept from the beginning of an alert. Default 20.
    pub findings_first: u32,
    /// Findings kept from the end of an alert. Default 200.
    pub findings_newest: u32,
    /// Alert changes kept for streams that resume. Default 20,000.
    pub changes_kept: u32,
    /// For how long a finding's identity is remembered. Default 30 days.
    pub findings_seen_for: Duration,
    /// For how long closed alerts are kept. Default 400 days, a year and an audit.
    pub closed_alerts_for: Duration,
    /// Rows in quarantine. Default 10,000.
    pub quarantine_rows: u32,
    /// Bytes in quarantine. Default 32 MiB.
    pub quarantine_bytes: u64,
    /// Deliveries that may wait for one webhook; beyond it new ones are counted and not
    /// kept. Default 10,000.
    pub outbox_pending: u32,
    /// For how long delivered and dead deliveries stay visible. Default 14 days.
    pub outbox_settled_for: Duration,
    /// How long a claimed delivery is out of sight. Default 2 min.
    pub outbox_lease: Duration,
    /// Largest size of the database in bytes; a write beyond it fails as a full disk
    /// does. Default none.
    pub max_bytes: Option<u64>,
    /// How people's sign-ins are bounded.
    pub sign_in: SignInLimits,
    /// How long what is given for a time lasts, and how often all of it is reviewed.
    pub access: AccessLimits,
}

/// How long what is given for a time lasts, and how often all of it is reviewed.
#[derive(Debug, Clone)]
pub struct AccessLimits {
    /// Longest time that a role is granted for on request. Default 8 h.
    pub grant: Duration,
    /// How long a broken glass is in force. Default 60 min.
    pub emergency: Duration,
    /// From the opening of one access review to that of the next (PCI DSS 7.2.4). Default 180 days.
    pub review_every: Duration,
    /// From the opening of an access review to its end. Default 14 days.
    pub review_lasts: Duration,
}

impl Default for AccessLimits {
    fn default() -> Self {
        const HOUR: u64 = 3600;
        Self {
            grant: Duration::from_secs(8 * HOUR),
            emergency: Duration::from_secs(HOUR),
            review_every: Duration::from_secs(180 * 24 * HOUR),
            review_lasts: Duration::from_secs(14 * 24 * HOUR),
        }
    }
}

/// How people's sign-ins are bounded. The figures of PCI DSS 4.0.1 are the loosest that the
/// configuration takes.
#[derive(Debug, Clone)]
pub struct SignInLimits {
    /// A session in which a person does nothing for so long is over (8.2.8). Default 15 min.
    pub idle: Duration,
    /// A session is over after this in any case. Default 12 h, a shift.
    pub session: Duration,
    /// Wrong passwords or codes in a row that lock an account's password (8.3.4). Default 10.
    pub wrong: u32,
    /// For how long it stays locked (8.3.4). Default 30 min.
    pub locked_for: Duration,
    /// Accounts that nobody used for so long are switched off (8.2.6). Default 90 days.
    pub dormant: Duration,
    /// For how long an invitation is good. Default 7 days.
    pub invitation: Duration,
    /// How long a reset waits for its owner to object. Default 1 h.
    pub reset_wait: Duration,
}

impl Default for SignInLimits {
    fn default() -> Self {
        const HOUR: u64 = 3600;
        Self {
            idle: Duration::from_secs(15 * 60),
            session: Duration::from_secs(12 * HOUR),
            wrong: 10,
            locked_for: Duration::from_secs(30 * 60),
            dormant: Duration::from_secs(90 * 24 * HOUR),
            invitation: Duration::from_secs(7 * 24 * HOUR),
            reset_wait: Duration::from_secs(HOUR),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        const HOUR: u64 = 3600;
        Self {
            story_window: Duration::from_secs(4 * HOUR),
            findings_first: 20,
            findings_newest: 200,
            changes_kept: 20_000,
            findings_seen_for: Duration::from_secs(30 * 24 * HOUR),
            closed_alerts_for: Duration::from_secs(400 * 24 * HOUR),
            quarantine_rows: 10_000,
            quarantine_bytes: 32 << 20,
            outbox_pending: 10_000,
            outbox_settled_for: Duration::from_secs(14 * 24 * HOUR),
            outbox_lease: Duration::from_secs(120),
            max_bytes: None,
            sign_in: SignInLimits::default(),
            access: AccessLimits::default(),
        }
    }
}

/// A duration as the milliseconds that times are counted in.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
