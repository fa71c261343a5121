//! The center while the story is told: who is free when, and what has been reported.

use std::collections::BTreeMap;

use ringfence_event::Time;

use crate::delivery::Delivery;
use crate::dice::Dice;
use crate::item::{AgentNo, CallNo, CustomerNo, What, uid};
use crate::people::{self, Role};
use crate::signalling::Trunk;
use crate::{Feed, Illicit, Item, Place, Shift, Truth, Way};

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;

pub(crate) struct World<'a> {
    pub(crate) shift: &'a Shift,
    pub(crate) dice: Dice,
    pub(crate) delivery: Delivery,
    pub(crate) items: Vec<Item>,
    pub(crate) truth: Truth,
    pub(crate) staff: Vec<Worker>,
    pub(crate) missed: Vec<Missed>,
    /// Calls whose SIP is told, in the order of their numbers.
    pub(crate) trunks: BTreeMap<CallNo, Trunk>,
    calls: CallNo,
}

/// One person at work.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    pub(crate) no: AgentNo,
    pub(crate) place: Place,
    pub(crate) role: Role,
    pub(crate) insider: Option<Plan>,
    /// Done with everything until now.
    pub(crate) free: Time,
    /// Next thing planned.
    pub(crate) next: Time,
    pub(crate) next_break: Time,
    /// End of the last call that this agent talked on.
    pub(crate) last_call: Option<Time>,
    pub(crate) last_customer: Option<CustomerNo>,
}

/// What an insider is after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Out of a thousand calls, after how many to misuse the pause.
    pub(crate) per_mille: u64,
    /// Records in one break, for one who takes many at once.
    pub(crate) bulk: Option<u32>,
    pub(crate) export: bool,
}

/// A call that nobody took, to be called back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Missed {
    pub(crate) customer: CustomerNo,
    pub(crate) place: Place,
    pub(crate) at: Time,
}

impl<'a> World<'a> {
    pub(crate) fn new(shift: &'a Shift) -> Self {
        let mut dice = Dice::new(shift.seed, 1);
        let delivery = Delivery::new(shift);
        let staff = (0..shift.agents).map(|no| Worker {
            no,
            place: people::place(no, shift),
            role: people::role(no),
            insider: None,
            free: shift.start,
            next: shift.start,
            next_break: shift.start + dice.between(90, 150) * MINUTE,
            last_call: None,
            last_customer: None,
        });
        let staff = staff.collect();
        let truth = Truth {
            silences: delivery.silences.clone(),
            ..Truth::default()
        };
        Self {
            shift,
            dice,
            delivery,
            items: Vec::new(),
            truth,
            staff,
            missed: Vec::new(),
            trunks: BTreeMap::new(),
            calls: 0,
        }
    }

    pub(crate) fn new_call(&mut self) -> CallNo {
        self.calls += 1;
        self.calls
    }

    /// Something happens; whether and when it arrives is the network's affair. Returns the
    /// event's uid.
    pub(crate) fn tell(&mut self, t: Time, feed: Feed, place: Place, what: What) -> String {
        let number = self.items.len() as u64 + self.delivery.lost;
        if let Some((at, time)) = self.delivery.deliver(t, feed, place) {
            self.items.push(Item {
                at,
                time,
                feed,
                place,
                number,
                seed: self.shift.seed,
                what,
            });
        }
        uid(self.shift.seed, number)
    }

    pub(crate) fn look_up(&mut self, t: Time, agent: AgentNo, customer: CustomerNo) -> String {
        let what = What::LookUp {
            agent,
            customer: Some(customer),
            activity: 2,
            records: 1,
        };
        let place = people::place(agent, self.shift);
        self.tell(t, Feed::Crm, place, what)
    }

    pub(crate) fn sin(&mut self, agent: AgentNo, uid: String, t: Time, way: Way, exposed: bool) {
        let heard = !(self.truth.silences.iter())
            .any(|s| s.from - 10 * SECOND <= t && t < s.to + 10 * SECOND);
        self.truth.illicit.push(Illicit {
            agent: people::agent_id(agent),
            uid,
            time: t,
            way,
            exposed: exposed && heard,
        });
    }

    pub(crate) fn worker(&mut self, no: AgentNo) -> Option<&mut Worker> {
        self.staff.get_mut(usize::try_from(no).ok()?)
    }
}
