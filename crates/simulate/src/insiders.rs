//! Those who look people up because they can.

use ringfence_event::Time;

use crate::agents::free_from;
use crate::item::{AgentNo, What};
use crate::people::{self, Role};
use crate::world::{MINUTE, Plan, SECOND, World};
use crate::{Feed, Place, Way};

/// Beyond the window that counts as after-call work.
const PAST_WRAP_UP: i64 = 190 * SECOND;

pub(crate) fn choose(w: &mut World<'_>) {
    let wanted = usize::try_from(w.shift.insiders).unwrap_or(usize::MAX);
    let able: Vec<AgentNo> = (w.staff.iter())
        // Agent 0 is the one whose log-in is shared.
        .filter(|s| s.role == Role::Agent && s.no != 0)
        .map(|s| s.no)
        .collect();
    let mut chosen: Vec<AgentNo> = Vec::new();
    while chosen.len() < wanted.min(able.len()) {
        if let Some(no) = w.dice.pick(&able).filter(|no| !chosen.contains(*no)) {
            chosen.push(*no);
        }
    }
    for (i, no) in chosen.iter().enumerate() {
        let plan = Plan {
            per_mille: 30 + w.dice.below(300),
            bulk: (i % 3 == 1).then_some(60 + u32::try_from(w.dice.below(100)).unwrap_or(0)),
            export: i % 3 == 2,
        };
        if let Some(worker) = w.worker(*no) {
            worker.insider = Some(plan);
        }
        w.truth.insiders.push(people::agent_id(*no));
    }
}

/// After a call: either hidden in a short pause, or the agent takes the time for it.
pub(crate) fn misuse_pause(w: &mut World<'_>, no: AgentNo) {
    let Some(worker) = w.worker(no).map(|w| w.clone()) else {
        return;
    };
    let (Some(plan), Some(last)) = (worker.insider, worker.last_call) else {
        return;
    };
    if w.dice.below(1_000) >= plan.per_mille || worker.free.since(last) > 10 * MINUTE {
        return;
    }
    if w.dice.chance(0.5) {
        let room = worker.next.since(worker.free) - 2 * SECOND;
        if room > 0 {
            let at = worker.free + w.dice.between(0, room);
            steal(w, no, at, Way::BetweenCalls, at.since(last) > PAST_WRAP_UP);
        }
        return;
    }
    let mut at = worker.free.max(last + PAST_WRAP_UP) + w.dice.between(2, 60) * SECOND;
    for _ in 0..w.dice.between(1, 3) {
        steal(w, no, at, Way::BetweenCalls, true);
        at = at + w.dice.between(8, 40) * SECOND;
    }
    free_from(w, no, at);
}

pub(crate) fn misuse_break(w: &mut World<'_>, no: AgentNo, from: Time, length: i64) {
    let Some(worker) = w.worker(no).map(|w| w.clone()) else {
        return;
    };
    let begin = worker
        .last_call
        .map_or(from, |l| from.max(l + PAST_WRAP_UP));
    let room = from + length - 5 * SECOND;
    let bulk = worker.insider.and_then(|p| p.bulk);
    let (way, count, pause) = match bulk {
        Some(n) if from.since(w.shift.start) > 3 * 60 * MINUTE => (Way::Bulk, n, 4 * SECOND),
        _ => (
            Way::Break,
            2 + u32::try_from(w.dice.below(4)).unwrap_or(0),
            40 * SECOND,
        ),
    };
    let mut at = begin + w.dice.between(5, 60) * SECOND;
    for _ in 0..count {
        if at >= room {
            return;
        }
        steal(w, no, at, way, true);
        at = at + SECOND + w.dice.wait(pause);
    }
    if let Some(plan) = w.worker(no).and_then(|w| w.insider.as_mut())
        && way == Way::Bulk
    {
        plan.bulk = None;
    }
}

/// Comes back when nobody is there.
pub(crate) fn export(w: &mut World<'_>) {
    let exporters: Vec<_> = (w.staff.iter())
        .filter(|s| s.insider.is_some_and(|p| p.export))
        .map(|s| (s.no, s.place))
        .collect();
    for (no, place) in exporters {
        let at = w.shift.end() + w.dice.between(30, 60) * MINUTE;
        let what = What::LookUp {
            agent: no,
            customer: Some(people::victim(&mut w.dice)),
            activity: 7,
            records: 200 + u32::try_from(w.dice.below(2_000)).unwrap_or(0),
        };
        let uid = w.tell(at, Feed::Crm, place, what);
        w.sin(no, uid, at, Way::AfterHoursExport, place == Place::Main);
    }
}

fn steal(w: &mut World<'_>, no: AgentNo, at: Time, way: Way, exposed: bool) {
    let victim = people::victim(&mut w.dice);
    let uid = w.look_up(at, no, victim);
    w.sin(no, uid, at, way, exposed);
}
