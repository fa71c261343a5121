//! One conversation, from the first ring to the last note.

use ringfence_event::Time;

use crate::agents::{free_from, state};
use crate::item::{AgentNo, CallNo, CallStep, CustomerNo, Detail, State, What};
use crate::people::{self, Role};
use crate::signalling::Trunk;
use crate::world::{MINUTE, Missed, SECOND, World};
use crate::{Feed, Place};

/// A call while it is told.
struct Talk {
    call: CallNo,
    place: Place,
    customer: CustomerNo,
    /// The system knows from the number who it is.
    recognised: bool,
    outbound: bool,
}

/// Tells a call of this agent that begins at `at`; with `to`, the agent calls that customer.
pub(crate) fn call(w: &mut World<'_>, no: AgentNo, at: Time, to: Option<CustomerNo>) {
    let talk = Talk {
        call: w.new_call(),
        place: people::place(no, w.shift),
        customer: to.unwrap_or_else(|| people::caller(&mut w.dice, w.shift)),
        recognised: to.is_some() || w.dice.chance(0.6),
        outbound: to.is_some() || w.dice.chance(0.1),
    };
    talk.step(w, at, 1, Some(no), None);
    if w.dice.chance(0.05) {
        return talk.come_to_nothing(w, no, at);
    }
    let answered = at + w.dice.between(2, 9) * SECOND;
    talk.step(w, answered, 2, Some(no), None);
    state(w, no, answered + 50, State::OnCall);
    if talk.recognised && w.dice.chance(0.4) {
        let before = w.dice.between(300, answered.since(at));
        w.look_up(at + before, no, talk.customer);
    }
    let length = w.dice.handle_time(230 * SECOND);
    let end = answered + length.clamp(15 * SECOND, 45 * MINUTE);
    talk.record(w, no, answered, end);
    let identified = talk.identify(w, no, answered, end);
    talk.work(w, no, identified, end);
    let middle = answered + end.since(answered) / 2;
    let other = if talk.place == Place::Main && w.dice.chance(0.06) {
        someone_free(w, no, middle)
    } else {
        None
    };
    let known = identified.is_some() || talk.recognised;
    match other {
        Some(other) => {
            talk.step(w, middle, 3, Some(no), Some(other));
            let taken = middle + w.dice.between(3, 8) * SECOND;
            talk.step(w, taken, 2, Some(other), None);
            state(w, other, taken + 50, State::OnCall);
            let end = end.max(taken + 20 * SECOND);
            talk.work(w, other, identified.map(|_| taken), end);
            talk.end(w, other, end);
            talk.after(w, no, middle);
            talk.after(w, other, end);
        }
        None => {
            talk.end(w, no, end);
            talk.after(w, no, end);
        }
    }
    let detail = Detail {
        call: talk.call,
        agent: Some(no),
        customer: known.then_some(talk.customer),
        line: talk.customer,
        outbound: talk.outbound,
        start: at,
        answer: Some(answered),
        end,
    };
    talk.detail(w, detail);
}

impl Talk {
    fn step(
        &self,
        w: &mut World<'_>,
        t: Time,
        activity: u8,
        agent: Option<AgentNo>,
        to: Option<AgentNo>,
    ) {
        let named = self.recognised || activity == 7;
        self.tell(w, t, activity, agent, to, named, None);
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of one report")]
    fn tell(
        &self,
        w: &mut World<'_>,
        t: Time,
        activity: u8,
        agent: Option<AgentNo>,
        to: Option<AgentNo>,
        named: bool,
        disposition: Option<&'static str>,
    ) {
        if self.place == Place::Branch {
            return;
        }
        let step = CallStep {
            call: self.call,
            activity,
            agent,
            customer: named.then_some(self.customer),
            line: self.customer,
            outbound: self.outbound,
            to,
            disposition,
            signalled: w.shift.signalling,
        };
        if w.shift.signalling {
            self.signal(w, t, activity);
        }
        w.tell(t, Feed::Dialer, Place::Main, What::Call(step));
    }

    /// Keeps what the trunk hears of it.
    fn signal(&self, w: &mut World<'_>, t: Time, activity: u8) {
        let trunk = w.trunks.entry(self.call).or_insert(Trunk {
            line: self.customer,
            outbound: self.outbound,
            rang: t,
            answered: None,
            ended: None,
        });
        match activity {
            2 => trunk.answered = trunk.answered.or(Some(t)),
            5 => trunk.ended = Some(t),
            _ => {}
        }
    }

    /// Rings until the caller gives up, or the called does not answer.
    fn come_to_nothing(&self, w: &mut World<'_>, no: AgentNo, at: Time) {
        let end = at + w.dice.between(12, 25) * SECOND;
        let disposition = if self.outbound {
            "no_answer"
        } else {
            "abandoned"
        };
        self.tell(
            w,
            end,
            5,
            Some(no),
            None,
            self.recognised,
            Some(disposition),
        );
        if self.recognised && !self.outbound {
            w.missed.push(Missed {
                customer: self.customer,
                place: self.place,
                at: end,
            });
        }
        let detail = Detail {
            call: self.call,
            agent: Some(no),
            customer: self.recognised.then_some(self.customer),
            line: self.customer,
            outbound: self.outbound,
            start: at,
            answer: None,
            end,
        };
        self.detail(w, detail);
        free_from(w, no, end + SECOND);
    }

    fn record(&self, w: &mut World<'_>, no: AgentNo, from: Time, to: Time) {
        if self.place == Place::Branch {
            return;
        }
        let tell = |w: &mut World<'_>, t, what| w.tell(t, Feed::Recorder, Place::Main, what);
        tell(w, from + 500, What::Consent(self.call, no, 1));
        let given = w.dice.chance(0.95);
        let answer = if given { 2 } else { 3 };
        tell(w, from + 4 * SECOND, What::Consent(self.call, no, answer));
        if given {
            tell(w, from + 5 * SECOND, What::Recording(self.call, no, 1));
            tell(w, to, What::Recording(self.call, no, 4));
        }
    }

    /// Finds out who is calling: asks, searches, sometimes opens the wrong record first.
    fn identify(&self, w: &mut World<'_>, no: AgentNo, from: Time, end: Time) -> Option<Time> {
        let at = from + w.dice.between(3, 40) * SECOND;
        if at + 5 * SECOND > end || w.dice.chance(0.07) {
            return None;
        }
        if w.dice.chance(0.25) {
            let what = What::LookUp {
                agent: no,
                customer: None,
                activity: 5,
                records: 1,
            };
            w.tell(at - SECOND, Feed::Crm, self.place, what);
        }
        if w.dice.chance(0.12) {
            let wrong = people::caller(&mut w.dice, w.shift);
            w.look_up(at - 700, no, wrong);
        }
        let opened = at + w.dice.between(-500, 4_000);
        w.look_up(opened, no, self.customer);
        self.step(w, at, 7, Some(no), None);
        Some(at)
    }

    /// Reads on, puts on hold.
    fn work(&self, w: &mut World<'_>, no: AgentNo, from: Option<Time>, end: Time) {
        let Some(from) = from else { return };
        let rest = end.since(from).max(0);
        for _ in 0..w.dice.between(0, 3) {
            let at = from + w.dice.between(0, rest);
            w.look_up(at, no, self.customer);
        }
        if rest > MINUTE && w.dice.chance(0.15) {
            let held = from + w.dice.between(0, rest / 2);
            self.step(w, held, 4, Some(no), None);
            let resumed = held + w.dice.between(5, 25) * SECOND;
            self.step(w, resumed, 6, Some(no), None);
        }
        if w.dice.chance(0.003) {
            let what = What::LookUp {
                agent: no,
                customer: Some(self.customer),
                activity: 7,
                records: 1,
            };
            w.tell(from + rest / 2, Feed::Crm, self.place, what);
        }
    }

    fn end(&self, w: &mut World<'_>, no: AgentNo, at: Time) {
        self.tell(w, at, 5, Some(no), None, self.recognised, Some("answered"));
    }

    /// After-call work; now and then long, and now and then about the customer before.
    fn after(&self, w: &mut World<'_>, no: AgentNo, end: Time) {
        state(w, no, end + 100, State::WrapUp);
        let length = if w.dice.chance(0.03) {
            w.dice.between(4, 9) * MINUTE
        } else {
            3 * SECOND + w.dice.wait(35 * SECOND).min(170 * SECOND)
        };
        // The branch reports no states, so that notes are done within the window.
        let length = if self.place == Place::Branch {
            length.min(150 * SECOND)
        } else {
            length
        };
        if w.dice.chance(0.5) {
            for _ in 0..w.dice.between(1, 2) {
                let at = end + w.dice.between(200, length);
                w.look_up(at, no, self.customer);
            }
        }
        let before = w.worker(no).and_then(|w| w.last_customer);
        if let Some(before) = before.filter(|_| w.dice.chance(0.02)) {
            w.look_up(end + length / 2, no, before);
        }
        let free = end + length;
        state(w, no, free, State::Available);
        free_from(w, no, free);
        if let Some(worker) = w.worker(no) {
            worker.last_call = Some(end);
            worker.last_customer = Some(self.customer);
        }
        self.follow_up(w, no, end);
    }

    /// Something was forgotten: the record is opened once more before the next call.
    fn follow_up(&self, w: &mut World<'_>, no: AgentNo, end: Time) {
        if !w.dice.chance(0.03) {
            return;
        }
        let at = end + w.dice.between(200, 700) * SECOND;
        let Some(worker) = w.worker(no) else { return };
        if at > worker.free && at + SECOND < worker.next {
            w.look_up(at, no, self.customer);
        }
    }

    fn detail(&self, w: &mut World<'_>, detail: Detail) {
        if self.place == Place::Branch {
            let what = What::Record(Box::new(detail));
            w.tell(detail.end, Feed::Cdr, Place::Branch, what);
        }
    }
}

/// An agent with nothing to do at `at`, to take a call over.
fn someone_free(w: &mut World<'_>, but: AgentNo, at: Time) -> Option<AgentNo> {
    for _ in 0..12 {
        let other = w.dice.pick(&w.staff)?;
        let idle = other.free + SECOND < at && at + 30 * SECOND < other.next;
        let able = other.role == Role::Agent && other.place == Place::Main;
        if idle && able && other.no != but && other.insider.is_none() {
            return Some(other.no);
        }
    }
    None
}
