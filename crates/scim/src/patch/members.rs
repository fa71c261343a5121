//! The members of a group while a patch is applied: thousands of them, and hundreds of operations that each
//! name a few. Looking at all members for each operation would keep a thread and the database busy for
//! seconds, so that members are found by what tells them apart, and those that are gone are taken out
//! of the list in one go when somebody has to look at it.

use std::collections::HashMap;

use serde_json::Value;

use crate::error::ScimError;
use crate::filter::Filter;
use crate::resource::{Object, must_fit, set, values_mut};
use crate::schema::{Attribute, Place};

/// Looks at values that the operations of one request may need in all, beside those that they send.
const MOST_LOOKS: usize = 4_000_000;
/// Bytes of a path for each of which a look costs about as much as a bare one does.
const PATH_OF_A_LOOK: usize = 32;

/// Whether the values of an attribute are many, and told apart by one text: the members of a group.
pub(super) fn has_members(attribute: &Attribute) -> bool {
    attribute.many && attribute.name == "members"
}

/// What tells a member apart from others.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Named {
    /// Its `value`.
    Value(String),
    /// Its address, where that is all there is.
    Address(String),
    Nothing,
}

impl Named {
    pub(super) fn of(member: &Value) -> Self {
        let text = |name: &str| member.get(name)?.as_str().map(str::to_owned);
        match text("value") {
            Some(value) => Self::Value(value),
            None => text("$ref").map_or(Self::Nothing, Self::Address),
        }
    }

    /// The only one that a filter picks, if that can be told without looking at the members.
    pub(super) fn picked(by: &Filter) -> Option<Self> {
        let mut all = by.equalities()?;
        match (all.remove("value")?, all.is_empty()) {
            (Value::String(text), true) => Some(Self::Value(text)),
            _ => None,
        }
    }
}

/// Members of one name.
#[derive(Debug, Default)]
struct Same {
    /// How many there are.
    count: usize,
    /// Where in the list they begin: those before are gone.
    from: usize,
}

/// The members that are known, and how much a request may still cost.
#[derive(Debug)]
pub(super) struct Members {
    looks: usize,
    known: Option<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<Named, Same>,
    count: usize,
    /// The list holds some that are gone.
    is_stale: bool,
}

impl Known {
    fn of(members: &[Value]) -> Self {
        let mut known = Self::default();
        for member in members {
            known.by_name.entry(Named::of(member)).or_default().count += 1;
        }
        known.count = members.len();
        known
    }
}

impl Members {
    pub(super) fn new() -> Self {
        Self {
            looks: MOST_LOOKS,
            known: None,
        }
    }

    /// Adds members; who is there already is not doubled. Nothing is done, and `added` comes back, where there
    /// are none to add to.
    pub(super) fn add(
        &mut self,
        into: &mut Object,
        place: Place,
        added: Vec<Value>,
    ) -> Result<Option<Vec<Value>>, ScimError> {
        let Some(list) = values_mut(into, place) else {
            return Ok(Some(added));
        };
        let known = self.known(list)?;
        for member in added {
            let same = known.by_name.entry(Named::of(&member)).or_default();
            if same.count == 0 {
                same.count = 1;
                known.count += 1;
                list.push(member);
            }
        }
        must_fit(place.attribute, known.count)?;
        Ok(None)
    }

    /// Takes members out. Who is not there is gone already.
    pub(super) fn remove(
        &mut self,
        into: &mut Object,
        place: Place,
        gone: impl Iterator<Item = Named>,
    ) -> Result<(), ScimError> {
        let Some(list) = values_mut(into, place) else {
            return Ok(());
        };
        let known = self.known(list)?;
        for gone in gone {
            if let Some(same) = known.by_name.get_mut(&gone).filter(|same| same.count > 0) {
                known.count -= same.count;
                known.is_stale = true;
                *same = Same {
                    count: 0,
                    from: list.len(),
                };
            }
        }
        if known.count == 0 {
            self.replaced();
            set(into, place, Value::Null);
        }
        Ok(())
    }

    /// Another list took the place of this one.
    pub(super) fn replaced(&mut self) {
        self.known = None;
    }

    /// The list has to be as it says from here on: whoever looks at it, or changes it, calls this before.
    pub(super) fn settle(&mut self, into: &mut Object, place: Place) {
        let Some(known) = self.known.take().filter(|known| known.is_stale) else {
            return;
        };
        let Some(list) = values_mut(into, place) else {
            return;
        };
        let mut at = 0;
        list.retain(|member| {
            let same = known.by_name.get(&Named::of(member));
            let stays = same.is_none_or(|same| at >= same.from);
            at += 1;
            stays
        });
    }

    /// Asks for leave to look at each of `count` values with a path. With `changes`, they are made anew too.
    pub(super) fn look(
        &mut self,
        count: usize,
        path: &str,
        changes: bool,
    ) -> Result<(), ScimError> {
        let each = 1 + path.len() / PATH_OF_A_LOOK;
        let each = if changes { each * 8 } else { each };
        self.spend(count.saturating_mul(each))
    }

    fn spend(&mut self, looks: usize) -> Result<(), ScimError> {
        let left = self.looks.checked_sub(looks);
        self.looks = left.ok_or_else(|| {
            ScimError::syntax("Operations: too much work at once; send fewer operations at a time")
        })?;
        Ok(())
    }

    /// Gets to know the members, if they are not known; taking out who is gone is paid for here too.
    fn known(&mut self, list: &[Value]) -> Result<&mut Known, ScimError> {
        if self.known.is_none() {
            self.spend(list.len().saturating_mul(4))?;
        }
        Ok(self.known.get_or_insert_with(|| Known::of(list)))
    }
}
