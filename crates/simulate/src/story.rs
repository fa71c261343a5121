//! A told shift.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::people::Role;
use crate::world::World;
use crate::{Item, Shift, Truth, agents, attackers, insiders, signalling};

/// All items of a shift in the order of their arrival, and the truth.
#[derive(Debug, Clone)]
pub struct Story {
    /// In order of [`Item::at`].
    pub items: Vec<Item>,
    /// What really happened.
    pub truth: Truth,
}

impl Story {
    pub(crate) fn of(shift: &Shift) -> Self {
        let mut world = World::new(shift);
        insiders::choose(&mut world);
        agents::begin(&mut world);
        // Whoever is free first does something next, so that at any moment the world knows who
        // can take a transferred call.
        let mut agenda: BinaryHeap<_> = (world.staff.iter())
            .filter(|w| w.role == Role::Agent)
            .map(|w| Reverse((w.next, w.no)))
            .collect();
        while let Some(Reverse((at, no))) = agenda.pop() {
            let Some(next) = world.worker(no).map(|w| w.next) else {
                continue;
            };
            // Something came between, such as a transferred call.
            if next > at {
                agenda.push(Reverse((next, no)));
                continue;
            }
            if at < shift.end() {
                agents::act(&mut world, no, at);
                let next = world.worker(no).map_or(shift.end(), |w| w.next);
                agenda.push(Reverse((next, no)));
            }
        }
        agents::review(&mut world);
        agents::finish(&mut world);
        insiders::export(&mut world);
        if shift.noise {
            agents::noise(&mut world);
        }
        if shift.attackers {
            attackers::attack(&mut world);
        }
        signalling::tell(&mut world);
        let World {
            mut items,
            mut truth,
            ..
        } = world;
        items.sort_by_key(|i| (i.at, i.number));
        truth.illicit.sort_by_key(|i| i.time);
        Self { items, truth }
    }
}
