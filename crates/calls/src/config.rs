//! What an operator can set, with the reasons for the defaults.

use std::collections::BTreeMap;

use ringfence_event::Name;
use serde::{Deserialize, Serialize};

use crate::OpeningHours;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Settings of the call join. All times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JoinConfig {
    /// How long a look-up waits (receive time) for telephony events that are still under way.
    pub settle_ms: i64,
    /// How long, from its arrival, a look-up without a call waits for a sign of life of the
    /// telephony that is newer than itself. Leaves time for a tick before an alert is due at 5 s.
    pub patience_ms: i64,
    /// After a call's end, look-ups count as after-call work for this long.
    pub wrap_up_ms: i64,
    /// An agent's own "wrap up" state counts at most this long.
    pub max_wrap_up_ms: i64,
    /// A call whose end was never reported is over by then.
    pub max_call_ms: i64,
    /// A live telephony source that is quiet for longer is silent. Busy sources are held to a
    /// shorter bound learned from their cadence; a source that can be quiet for longer needs
    /// heartbeats (any event of it counts).
    pub fresh_ms: i64,
    /// The same for sources that send detail records only.
    pub cdr_fresh_ms: i64,
    /// When a detail record of a call that was going on at some moment must have arrived; the
    /// longest call seen at the site plus ten minutes, if that is longer.
    pub cdr_due_ms: i64,
    /// How long an answer may still change, from the arrival of its question.
    pub revise_ms: i64,
    /// How late an event may be told; older evidence is counted and ignored.
    pub late_ms: i64,
    /// For how long a look-up in a silent span waits for a backlog that fills the span.
    pub backlog_ms: i64,
    /// Clocks of two sources may differ by this much without harm: a call covers look-ups that
    /// begin this much before it. Larger constant differences are compensated.
    pub slack_ms: i64,
    /// An event whose time is later than its arrival by more has no usable time.
    pub max_ahead_ms: i64,
    /// Sources that deliver late by design, such as a platform that is asked every so often: by
    /// `program/source`, how late at most. Of these, heartbeats alone (Call Activity 99) say how
    /// far the story has come, and a look-up waits so much longer for one.
    pub delivery_ms: BTreeMap<String, i64>,
    /// Bounds on memory, for each program and site.
    pub limits: Limits,
    /// Opening hours by site, for `rf.after_hours`.
    pub hours: BTreeMap<String, OpeningHours>,
}

/// How much one program's site may keep. Upper bounds in bytes: an agent about 23 kB with full
/// lists, what is shown of it included (4 kB in a usual shift), a call 3 kB (600 B usual), a customer or number 400 B, a judged
/// look-up 500 B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls with an agent, or reported by a trusted source.
    pub calls: usize,
    /// Calls that anyone on the network can make: no agent, no trusted word.
    pub strangers: usize,
    /// Agents.
    pub agents: usize,
    /// Customers with recent contacts.
    pub customers: usize,
    /// Outside numbers with recent contacts.
    pub numbers: usize,
    /// Look-ups that wait for their first final answer (over all sites).
    pub settling: usize,
    /// Answered look-ups that late evidence may still change.
    pub judged: usize,
}

impl JoinConfig {
    /// How late a source may deliver, ms; 0 unless it is known to.
    pub(crate) fn delivery(&self, program: &Name, source: &Name) -> i64 {
        if self.delivery_ms.is_empty() {
            return 0;
        }
        let late = self.delivery_ms.get(&format!("{program}/{source}"));
        late.copied().unwrap_or(0).clamp(0, self.revise_ms)
    }
}

impl Default for JoinConfig {
    fn default() -> Self {
        Self {
            settle_ms: 2 * SECOND,
            patience_ms: 3 * SECOND,
            wrap_up_ms: 3 * MINUTE,
            max_wrap_up_ms: 15 * MINUTE,
            max_call_ms: 4 * HOUR,
            fresh_ms: MINUTE,
            cdr_fresh_ms: 30 * MINUTE,
            cdr_due_ms: 2 * HOUR,
            revise_ms: 6 * HOUR,
            late_ms: 12 * HOUR,
            backlog_ms: HOUR,
            slack_ms: 2 * SECOND,
            max_ahead_ms: 10 * SECOND,
            delivery_ms: BTreeMap::new(),
            limits: Limits::default(),
            hours: BTreeMap::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 50_000,
            strangers: 10_000,
            agents: 20_000,
            customers: 100_000,
            numbers: 100_000,
            settling: 50_000,
            judged: 20_000,
        }
    }
}
