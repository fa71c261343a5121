//! Which policies can have a say in an action at all.
//!
//! Cedar asks every policy of a set about every request. The scope of most names other actions or another
//! kind of thing, so each action has a set of its own, found once when the policies are put in force. What
//! is left out would not have been satisfied, nor could it have failed: conditions are evaluated only
//! where the scope fits. So decision and reasons are those of the whole set, which `tests/oracle.rs` holds.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    ActionConstraint, EntityTypeName, EntityUid, Policy, PolicySet, ResourceConstraint, Schema,
};

use crate::Action;
use crate::entities::{Names, Refused};

/// The policies of each action.
pub(crate) fn by_action(
    set: &PolicySet,
    names: &Names,
    schema: &Schema,
) -> Result<BTreeMap<Action, PolicySet>, Refused> {
    let groups = schema.action_entities().map_err(|e| e.to_string())?;
    let mut slices = BTreeMap::new();
    for (action, entity) in names.actions() {
        let uid = entity.uid();
        let within: BTreeSet<EntityUid> = groups
            .ancestors(&uid)
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let kinds: Vec<&EntityTypeName> = schema
            .resources_for_action(&uid)
            .into_iter()
            .flatten()
            .collect();
        let speaks =
            |policy: &&Policy| names_action(policy, &uid, &within) && takes_one_of(policy, &kinds);
        let of = PolicySet::from_policies(set.policies().filter(speaks).cloned());
        slices.insert(*action, of.map_err(|e| e.to_string())?);
    }
    Ok(slices)
}

fn names_action(policy: &Policy, action: &EntityUid, groups: &BTreeSet<EntityUid>) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(only) => only == *action,
        ActionConstraint::In(any) => any.iter().any(|one| one == action || groups.contains(one)),
    }
}

/// A request about another kind of thing than the action takes is refused before any policy is asked.
fn takes_one_of(policy: &Policy, kinds: &[&EntityTypeName]) -> bool {
    match policy.resource_constraint() {
        ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => kinds.contains(&&kind),
        ResourceConstraint::Eq(one) => kinds.contains(&one.type_name()),
        ResourceConstraint::In(_) | ResourceConstraint::Any => true,
    }
}
