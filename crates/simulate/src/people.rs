//! Who works here and who calls.

use crate::Place;
use crate::dice::Dice;
use crate::item::{AgentNo, CustomerNo};
use crate::shift::Shift;

/// Customers below this number never call by themselves: insiders pick from them, so that a
/// chosen victim has no recent contact by accident.
pub(crate) const VICTIMS: CustomerNo = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Agent,
    Supervisor,
    Quality,
}

impl Role {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Quality => "quality",
        }
    }
}

/// One in twenty supervises, one in fifty listens to recordings. Told by the number, so that a
/// report needs no table.
pub(crate) const fn role(agent: AgentNo) -> Role {
    match agent % 100 {
        19 | 39 | 59 | 79 | 99 => Role::Supervisor,
        24 | 74 => Role::Quality,
        _ => Role::Agent,
    }
}

pub(crate) fn agent_id(agent: AgentNo) -> String {
    format!("A{}", 4_000 + agent)
}

pub(crate) fn agent_name(agent: AgentNo) -> String {
    const GIVEN: [&str; 10] = [
        "Ana", "Ben", "Chi", "Dara", "Eli", "Fatima", "Gus", "Hana", "Ivo", "Jo",
    ];
    const FAMILY: [&str; 11] = [
        "Abara", "Brandt", "Costa", "Dubois", "Eriksen", "Flores", "Gupta", "Haas", "Ito", "Jones",
        "Kim",
    ];
    let name = |list: &[&'static str], n: u32| {
        let n = usize::try_from(n).unwrap_or(0) % list.len();
        list.get(n).copied().unwrap_or_default()
    };
    format!(
        "{} {}",
        name(&GIVEN, agent),
        name(&FAMILY, agent / 10 + agent)
    )
}

pub(crate) fn extension(agent: AgentNo) -> String {
    (2_000 + agent).to_string()
}

pub(crate) fn agent_ip(agent: AgentNo) -> String {
    format!("10.20.{}.{}", agent / 200, agent % 200 + 10)
}

pub(crate) fn device(agent: AgentNo) -> String {
    format!("desk-{agent:04}")
}

pub(crate) fn customer_id(customer: CustomerNo) -> String {
    format!("C-{}", 100_000 + customer)
}

/// A number of its own for each customer, with the exchange that nobody is assigned to.
pub(crate) fn number(customer: CustomerNo) -> String {
    format!("+1{}555{:04}", 200 + customer / 10_000, customer % 10_000)
}

pub(crate) fn place(agent: AgentNo, shift: &Shift) -> Place {
    // The branch is the end of the staff list.
    if agent >= shift.agents.saturating_sub(shift.branch_agents) {
        Place::Branch
    } else {
        Place::Main
    }
}

/// A customer who calls.
pub(crate) fn caller(dice: &mut Dice, shift: &Shift) -> CustomerNo {
    let callers = u64::from(shift.customers.saturating_sub(VICTIMS).max(1));
    VICTIMS + u32::try_from(dice.below(callers)).unwrap_or(0)
}

pub(crate) fn victim(dice: &mut Dice) -> CustomerNo {
    u32::try_from(dice.below(u64::from(VICTIMS))).unwrap_or(0)
}
