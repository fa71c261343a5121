//! One event against one predicate.

use crate::modifier::Order;
use crate::number::Number;
use crate::predicate::{FieldId, KEYWORDS, Predicate, Predicates, Test, in_net};
use crate::record::Record;
use crate::slots::{Item, Slots};
use crate::{date, fold};

/// Whether `predicate` holds for `record`.
///
/// An absent field meets no test but "is null" and "is absent"; a list meets a test if
/// one of its elements does.
pub(crate) fn holds(
    predicate: &Predicate,
    predicates: &Predicates,
    record: &dyn Record,
    slots: &mut Slots,
) -> bool {
    let field = predicate.field;
    // Tests that need the original letter case go back to the record.
    match &predicate.test {
        Test::Text(test) if test.cased => {
            return any_raw(field, predicates, record, &mut |text| test.matches(text));
        }
        Test::Regex(regex) => {
            return any_raw(field, predicates, record, &mut |text| regex.is_match(text));
        }
        Test::FieldRef {
            other,
            open_start,
            open_end,
            cased,
        } => {
            let reference = Reference {
                open_start: *open_start,
                open_end: *open_end,
            };
            return reference.holds(field, *other, *cased, predicates, record, slots);
        }
        _ => {}
    }
    let Some(slot) = slots.get(field, predicates, record) else {
        return false;
    };
    let any = |test: &dyn Fn(&Item) -> bool| slot.items().iter().any(test);
    let number_of = |item: &Item| item.number.or_else(|| Number::parse(&item.folded));
    match &predicate.test {
        Test::Text(test) => any(&|item| test.matches(&item.folded)),
        Test::Number { number, folded } => any(&|item| match item.number {
            Some(found) => Order::Eq.holds(found, *number),
            None => item.folded == *folded,
        }),
        Test::Null => !slot.present || slot.null,
        Test::Exists(wanted) => slot.present == *wanted,
        Test::Cidr(net) => any(&|item| in_net(net, &item.folded)),
        Test::Compare(order, number) => {
            any(&|item| number_of(item).is_some_and(|found| order.holds(found, *number)))
        }
        Test::Date(part, order, number) => any(&|item| {
            date::part(*part, &item.folded, item.number)
                .is_some_and(|found| order.holds(Number::Int(found), *number))
        }),
        Test::Regex(_) | Test::FieldRef { .. } => false,
    }
}

/// Whether any text of the field, in its own letter case, passes `test`.
pub(crate) fn any_raw(
    field: FieldId,
    predicates: &Predicates,
    record: &dyn Record,
    test: &mut dyn FnMut(&str) -> bool,
) -> bool {
    let mut found = false;
    if field == KEYWORDS {
        record.each_text(&mut |text| {
            found = test(text);
            found
        });
    } else if let Some(value) = record.get(predicates.field_name(field)) {
        value.each(&mut |one| {
            if !found && let Some(text) = one.text() {
                found = test(&text);
            }
        });
    }
    found
}

/// A comparison of two fields. If either is absent or null there is nothing to compare
/// and the test fails, also where both are: two unknowns are not equal.
struct Reference {
    open_start: bool,
    open_end: bool,
}

impl Reference {
    fn holds(
        &self,
        field: FieldId,
        other: FieldId,
        cased: bool,
        predicates: &Predicates,
        record: &dyn Record,
        slots: &mut Slots,
    ) -> bool {
        if cased {
            return any_raw(field, predicates, record, &mut |left| {
                any_raw(other, predicates, record, &mut |right| {
                    self.texts(left, right)
                })
            });
        }
        slots.get(field, predicates, record);
        slots.get(other, predicates, record);
        let (Some(left), Some(right)) = (slots.filled(field), slots.filled(other)) else {
            return false;
        };
        left.items().iter().any(|l| {
            right
                .items()
                .iter()
                .any(|r| self.texts(&l.folded, &r.folded))
        })
    }

    fn texts(&self, left: &str, right: &str) -> bool {
        match (self.open_start, self.open_end) {
            (false, false) => left == right,
            (false, true) => left.starts_with(right),
            (true, false) => left.ends_with(right),
            (true, true) => memchr::memmem::find(left.as_bytes(), right.as_bytes()).is_some(),
        }
    }
}

/// The text of the field that made `predicate` hold, shortened, for showing.
pub(crate) fn matched_text(
    predicate: &Predicate,
    predicates: &Predicates,
    record: &dyn Record,
) -> String {
    const MOST: usize = 1024;
    let mut shown = None;
    any_raw(predicate.field, predicates, record, &mut |text| {
        let hit = match &predicate.test {
            Test::Text(test) if test.cased => test.matches(text),
            Test::Text(test) => test.matches(&fold::fold(text)),
            Test::Regex(regex) => regex.is_match(text),
            Test::Cidr(net) => in_net(net, text),
            Test::Number { folded, .. } => fold::fold(text) == *folded,
            _ => true,
        };
        if hit {
            shown = Some(text.chars().take(MOST).collect());
        }
        hit
    });
    shown.unwrap_or_default()
}
