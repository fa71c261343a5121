//! `[access]` of the configuration.

use std::path::PathBuf;
use std::time::Duration;

use ringfence_state::{AccessLimits, SignInLimits};

use crate::config::within;
use crate::providers::{self, ProviderSettings};
use crate::written::{Mistakes, Section};

/// `[access]`: who may do what.
#[derive(Debug, Clone)]
pub struct AccessConfig {
    /// `policies`: folder of Cedar policies of your own, read besides the built-in ones and again
    /// when they change; a file of the name of a built-in one takes its place.
    pub policies: Option<PathBuf>,
    /// `idle_minutes`: a session in which a person does nothing for so long is over. Default 15, the
    /// most that PCI DSS 8.2.8 leaves.
    /// `session_hours`: and after so long in any case. Default 12.
    /// `wrong_passwords`, `locked_minutes`: so many wrong passwords or codes in a row lock an account's
    /// password for so long. Default 10 and 30 (PCI DSS 8.3.4).
    /// `dormant_days`: accounts that nobody used for so long are switched off. Default 90 (8.2.6).
    /// `invitation_days`: an enrolment code is good for so long. Default 7.
    /// `reset_wait_minutes`: a confirmed reset waits so long for its owner to object. Default 60.
    pub sign_in: SignInLimits,
    /// `grant_hours`: a role that somebody asks for is granted for so long at most. Default 8.
    /// `emergency_minutes`: a broken glass is in force for so long. Default 60.
    /// `review_months`: an access review opens so often, a month being 30 days. Default 6, the most that
    /// PCI DSS 7.2.4 leaves.
    /// `review_days`: and has to be done in so long. Default 14.
    pub limits: AccessLimits,
    /// `[[access.provider]]`: providers of sign-in.
    pub providers: Vec<ProviderSettings>,
    /// `certificate_days`: client certificates are good for so long, unless somebody asks for less.
    /// Default 90.
    pub certificate_days: u16,
    /// `person_requests`, `service_requests`: of one account, a second; 0 is no limit. Default 50 and
    /// 1,000.
    pub person_requests: u32,
    /// As `person_requests`.
    pub service_requests: u32,
}

impl AccessConfig {
    pub(crate) fn read<'i>(mut s: Section<'i>, m: &mut Mistakes<'i>) -> Self {
        let minutes = |n: usize| Duration::from_secs(n as u64 * 60);
        const DAY: usize = 24 * 60;
        let sign_in = SignInLimits {
            idle: minutes(within(&mut s, "idle_minutes", 15, 1, 15, m)),
            session: minutes(60 * within(&mut s, "session_hours", 12, 1, 24, m)),
            wrong: within(&mut s, "wrong_passwords", 10, 3, 10, m) as u32,
            locked_for: minutes(within(&mut s, "locked_minutes", 30, 30, 7 * DAY, m)),
            dormant: minutes(DAY * within(&mut s, "dormant_days", 90, 1, 90, m)),
            invitation: minutes(DAY * within(&mut s, "invitation_days", 7, 1, 30, m)),
            reset_wait: minutes(within(&mut s, "reset_wait_minutes", 60, 5, 7 * DAY, m)),
        };
        let limits = AccessLimits {
            grant: minutes(60 * within(&mut s, "grant_hours", 8, 1, 24, m)),
            emergency: minutes(within(&mut s, "emergency_minutes", 60, 5, 240, m)),
            review_every: minutes(30 * DAY * within(&mut s, "review_months", 6, 1, 6, m)),
            review_lasts: minutes(DAY * within(&mut s, "review_days", 14, 1, 28, m)),
        };
        let config = Self {
            limits,
            policies: s.take("policies", m).map(toml::Spanned::into_inner),
            sign_in,
            providers: providers::read_all(&mut s, m),
            certificate_days: within(&mut s, "certificate_days", 90, 1, 398, m) as u16,
            person_requests: within(&mut s, "person_requests", 50, 0, 1_000_000, m) as u32,
            service_requests: within(&mut s, "service_requests", 1_000, 0, 1_000_000, m) as u32,
        };
        s.finish(m);
        config
    }
}
