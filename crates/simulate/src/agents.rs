//! A working day: sign-in, calls, breaks, reviews, sign-out.

use ringfence_event::Time;

use crate::item::{AgentNo, State, What};
use crate::people::{self, Role};
use crate::world::{MINUTE, SECOND, World};
use crate::{Feed, Place, call, insiders};

pub(crate) fn begin(w: &mut World<'_>) {
    heartbeats(w);
    for i in 0..w.staff.len() {
        let Some(worker) = w.staff.get(i).cloned() else {
            continue;
        };
        let (no, place) = (worker.no, worker.place);
        let at = w.shift.start - w.dice.between(10, 600) * SECOND;
        let logon = What::Logon {
            agent: no,
            elsewhere: false,
            failed: false,
        };
        w.tell(at, Feed::Auth, place, logon);
        w.tell(at + 5 * SECOND, Feed::Agents, place, What::SignIn(no));
        state(w, no, at + 6 * SECOND, State::Available);
        let wait = w.dice.wait(i64::from(w.shift.idle_seconds) * SECOND);
        let next = w.shift.start + wait;
        if let Some(worker) = w.worker(no) {
            worker.free = at + 7 * SECOND;
            worker.next = next;
        }
    }
}

/// The next thing that an agent does who is free.
pub(crate) fn act(w: &mut World<'_>, no: AgentNo, at: Time) {
    let Some(worker) = w.worker(no).map(|w| w.clone()) else {
        return;
    };
    if at >= worker.next_break {
        take_break(w, no, at);
    } else if let Some(missed) = to_call_back(w, worker.place, at) {
        call_back(w, no, at, missed);
    } else {
        call::call(w, no, at, None);
    }
    if let Some(worker) = w.worker(no)
        && worker.insider.is_some()
    {
        insiders::misuse_pause(w, no);
    }
}

/// Decides when an agent is busy next, from when the agent is free.
pub(crate) fn free_from(w: &mut World<'_>, no: AgentNo, free: Time) {
    let wait = 2 * SECOND + w.dice.wait(i64::from(w.shift.idle_seconds) * SECOND);
    if let Some(worker) = w.worker(no) {
        worker.free = free;
        worker.next = free + wait;
    }
}

pub(crate) fn state(w: &mut World<'_>, no: AgentNo, at: Time, state: State) {
    // The branch's telephone system does not report states.
    if people::place(no, w.shift) == Place::Main {
        w.tell(at, Feed::Agents, Place::Main, What::State(no, state));
    }
}

fn take_break(w: &mut World<'_>, no: AgentNo, at: Time) {
    let length = w.dice.between(8, 30) * MINUTE;
    state(w, no, at, State::Away);
    if w.worker(no).is_some_and(|w| w.insider.is_some()) {
        insiders::misuse_break(w, no, at, length);
    }
    state(w, no, at + length, State::Available);
    let next_break = at + length + w.dice.between(90, 150) * MINUTE;
    if let Some(worker) = w.worker(no) {
        worker.next_break = next_break;
    }
    free_from(w, no, at + length);
}

fn to_call_back(w: &mut World<'_>, place: Place, at: Time) -> Option<crate::world::Missed> {
    w.missed.retain(|m| at.since(m.at) < 12 * MINUTE);
    let i = w
        .missed
        .iter()
        .position(|m| m.place == place && at.since(m.at) > 45 * SECOND)?;
    w.dice.chance(0.5).then(|| w.missed.swap_remove(i))
}

/// Reads up on somebody who could not get through, then calls.
fn call_back(w: &mut World<'_>, no: AgentNo, at: Time, missed: crate::world::Missed) {
    let mut t = at;
    for _ in 0..w.dice.between(1, 2) {
        w.look_up(t, no, missed.customer);
        t = t + w.dice.between(8, 30) * SECOND;
    }
    if w.dice.chance(0.8) {
        call::call(w, no, t, Some(missed.customer));
    } else {
        free_from(w, no, t);
    }
}

/// Supervisors and quality staff look at what others did, all day, without a call.
pub(crate) fn review(w: &mut World<'_>) {
    let staff: Vec<_> = w
        .staff
        .iter()
        .filter(|s| s.role != Role::Agent)
        .cloned()
        .collect();
    for reviewer in staff {
        let mut t = w.shift.start + w.dice.wait(5 * MINUTE);
        while t < w.shift.end() {
            let customer = people::caller(&mut w.dice, w.shift);
            w.look_up(t, reviewer.no, customer);
            t = t + SECOND + w.dice.wait(4 * MINUTE);
        }
    }
}

pub(crate) fn finish(w: &mut World<'_>) {
    for i in 0..w.staff.len() {
        let Some(worker) = w.staff.get(i).cloned() else {
            continue;
        };
        let at = worker.free.max(w.shift.end()) + w.dice.between(5, 300) * SECOND;
        w.tell(at, Feed::Agents, worker.place, What::SignOut(worker.no));
    }
}

/// Feeds that carry calls say now and then that they are there.
fn heartbeats(w: &mut World<'_>) {
    let mut t = w.shift.start - 20 * MINUTE;
    while t < w.shift.end() + 90 * MINUTE {
        for feed in [Feed::Dialer, Feed::Agents] {
            w.tell(t, feed, Place::Main, What::Heartbeat);
        }
        t = t + 20 * SECOND;
    }
}

/// What else a center's systems say, and a log-in that two people use.
pub(crate) fn noise(w: &mut World<'_>) {
    let mut t = w.shift.start;
    while t < w.shift.end() {
        let line = What::Line(u32::try_from(w.dice.below(1_000)).unwrap_or(0));
        w.tell(t, Feed::Auth, Place::Main, line);
        t = t + SECOND + w.dice.wait(20 * SECOND);
    }
    for _ in 0..w.shift.agents / 10 {
        let agent = u32::try_from(w.dice.below(u64::from(w.shift.agents))).unwrap_or(0);
        let at = w.shift.start - w.dice.between(700, 900) * SECOND;
        let mistyped = What::Logon {
            agent,
            elsewhere: false,
            failed: true,
        };
        w.tell(at, Feed::Auth, people::place(agent, w.shift), mistyped);
    }
    let shared = 0;
    let half = w.shift.end().since(w.shift.start) / 2;
    for (minutes, elsewhere) in [(0, true), (3, false), (9, true)] {
        let logon = What::Logon {
            agent: shared,
            elsewhere,
            failed: false,
        };
        let at = w.shift.start + half + minutes * MINUTE;
        w.tell(at, Feed::Auth, people::place(shared, w.shift), logon);
    }
    w.truth.shared_logins.push(people::agent_id(shared));
}
