//! Fields of the event at hand, fetched and folded once however many rules ask.

use crate::fold::fold_into;
use crate::number::Number;
use crate::predicate::{FieldId, KEYWORDS, Predicates};
use crate::record::{Record, Value};

/// One cache for the life of an engine: its buffers are reused from event to event.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// Which event a slot was filled for; comparing it is cheaper than clearing slots.
    event: u32,
    slots: Vec<Slot>,
}

/// What a field holds.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    event: u32,
    pub present: bool,
    /// A null is among the values.
    pub null: bool,
    items: Vec<Item>,
    used: usize,
}

/// One value of a field.
#[derive(Debug, Default)]
pub(crate) struct Item {
    pub folded: String,
    pub number: Option<Number>,
}

impl Slots {
    /// Forgets the last event.
    pub fn next_event(&mut self, fields: usize) {
        self.event = self.event.wrapping_add(1);
        if self.event == 0 {
            self.slots.clear();
            self.event = 1;
        }
        if self.slots.len() < fields {
            self.slots.resize_with(fields, Slot::default);
        }
    }

    /// The slot of `field`, filled from `record` if this event has not asked yet.
    pub fn get(
        &mut self,
        field: FieldId,
        predicates: &Predicates,
        record: &dyn Record,
    ) -> Option<&Slot> {
        let event = self.event;
        let slot = self.slots.get_mut(field as usize)?;
        if slot.event != event {
            slot.event = event;
            slot.fill(field, predicates, record);
        }
        Some(slot)
    }

    /// A slot that [`Self::get`] has filled before.
    pub fn filled(&self, field: FieldId) -> Option<&Slot> {
        self.slots
            .get(field as usize)
            .filter(|slot| slot.event == self.event)
    }
}

impl Slot {
    pub fn items(&self) -> &[Item] {
        self.items.get(..self.used).unwrap_or_default()
    }

    fn fill(&mut self, field: FieldId, predicates: &Predicates, record: &dyn Record) {
        (self.present, self.null, self.used) = (false, false, 0);
        if field == KEYWORDS {
            self.present = true;
            record.each_text(&mut |text| {
                self.push(text, None);
                false
            });
        } else if let Some(value) = record.get(predicates.field_name(field)) {
            self.present = true;
            value.each(&mut |one| match one {
                Value::Null => self.null = true,
                Value::Str(text) => self.push(text, None),
                other => {
                    if let Some(text) = other.text() {
                        self.push(&text, Number::of_value(other));
                    }
                }
            });
        }
    }

    fn push(&mut self, text: &str, number: Option<Number>) {
        if self.used == self.items.len() {
            self.items.push(Item::default());
        }
        if let Some(item) = self.items.get_mut(self.used) {
            item.folded.clear();
            fold_into(text, &mut item.folded);
            item.number = number;
            self.used += 1;
        }
    }
}
