//! A question in Cedar's terms.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
    Schema,
};

use crate::{ACTIONS, Action, Ask, CallNow, Kind, Program, ROLES, Subject, Target};

/// Programs that are kept at hand; a question may name one that nobody has heard of.
const MOST_PROGRAMS: usize = 1_024;

/// Names that are read once.
#[derive(Debug)]
pub(crate) struct Names {
    person: EntityTypeName,
    service: EntityTypeName,
    agent: EntityTypeName,
    role: EntityTypeName,
    program: EntityTypeName,
    record: EntityTypeName,
    recording: EntityTypeName,
    /// Each action with the groups that it is in.
    actions: BTreeMap<Action, Entity>,
    /// Programs with their roles, which are the same in every question about them.
    programs: RwLock<HashMap<String, Entity>>,
    /// Whoever or whatever is not meant for an action is refused with it.
    schema: Schema,
}

/// Cedar refused to take something; what it says names no value.
pub(crate) type Refused = String;

impl Names {
    pub(crate) fn new(schema: &Schema) -> Result<Self, Refused> {
        let name = |of: &str| format!("Ringfence::{of}").parse().map_err(refused);
        let action_type: EntityTypeName = name("Action")?;
        let known = schema.action_entities().map_err(refused)?;
        let mut actions = BTreeMap::new();
        for action in ACTIONS {
            let uid = uid(&action_type, action.name());
            let entity = known
                .get(&uid)
                .ok_or_else(|| format!("the schema has no action `{}`", action.name()))?;
            actions.insert(*action, entity.clone());
        }
        Ok(Self {
            person: name("Person")?,
            service: name("Service")?,
            agent: name("Agent")?,
            role: name("Role")?,
            program: name("Program")?,
            record: name("CustomerRecord")?,
            recording: name("Recording")?,
            actions,
            programs: RwLock::default(),
            schema: schema.clone(),
        })
    }

    /// Each action as the schema has it.
    pub(crate) fn actions(&self) -> impl Iterator<Item = (&Action, &Entity)> {
        self.actions.iter()
    }

    /// The request, and all that Cedar has to know for it.
    pub(crate) fn request(&self, ask: &Ask<'_>) -> Result<(Request, Entities), Refused> {
        let action = self
            .actions
            .get(&ask.action)
            .ok_or("an action that the schema does not have")?;
        let program = match ask.on {
            Target::Program(program) => program.id(),
            Target::CustomerRecord { program, .. } | Target::Recording { program, .. } => program,
        };
        let who = self.subject(ask.who, program)?;
        let scope = self.program(program)?;
        let mut entities = vec![action.clone(), who.clone(), scope.clone()];
        let on = self.target(ask.on, &scope)?;
        let resource = on.as_ref().unwrap_or(&scope).uid();
        entities.extend(on);
        let request = Request::new(
            who.uid(),
            action.uid(),
            resource,
            context(ask)?,
            Some(&self.schema),
        )
        .map_err(refused)?;
        let entities = Entities::from_entities(entities, None).map_err(refused)?;
        Ok((request, entities))
    }

    /// A role in all programs is that role in this one.
    fn subject(&self, who: &Subject, program: &str) -> Result<Entity, Refused> {
        let held = who.roles.iter().filter(|held| match &held.program {
            Program::All => true,
            Program::One(name) => name == program,
        });
        let roles: HashSet<_> = held
            .map(|held| self.role(held.role.name(), program))
            .collect();
        let kind = match who.kind {
            Kind::Person => &self.person,
            Kind::Service => &self.service,
            Kind::Agent => &self.agent,
        };
        let agent = who.agent.as_deref().filter(|_| who.kind == Kind::Person);
        let attributes = agent.map(|agent| ("agent".to_owned(), text(agent)));
        Entity::new(uid(kind, &who.id), attributes.into_iter().collect(), roles).map_err(refused)
    }

    fn program(&self, program: &str) -> Result<Entity, Refused> {
        let known = self.programs.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entity) = known.get(program) {
            return Ok(entity.clone());
        }
        drop(known);
        let entity = self.new_program(program)?;
        let mut known = self
            .programs
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_PROGRAMS {
            known.insert(program.to_owned(), entity.clone());
        }
        Ok(entity)
    }

    fn new_program(&self, program: &str) -> Result<Entity, Refused> {
        let roles = ROLES.into_iter().map(|role| {
            let entity = RestrictedExpression::new_entity_uid(self.role(role.name(), program));
            (role.name().to_owned(), entity)
        });
        Entity::new(uid(&self.program, program), roles.collect(), HashSet::new()).map_err(refused)
    }

    fn target(&self, on: &Target, program: &Entity) -> Result<Option<Entity>, Refused> {
        let scope = || RestrictedExpression::new_entity_uid(program.uid());
        let (uid, attributes) = match on {
            Target::Program(_) => return Ok(None),
            Target::CustomerRecord { customer, .. } => (
                uid(&self.record, customer),
                HashMap::from([
                    ("program".to_owned(), scope()),
                    ("customer".to_owned(), text(customer)),
                ]),
            ),
            Target::Recording { id, call, .. } => {
                let mut attributes = HashMap::from([("program".to_owned(), scope())]);
                attributes.extend(call.as_deref().map(|call| ("call".to_owned(), text(call))));
                (uid(&self.recording, id), attributes)
            }
        };
        Entity::new(uid, attributes, HashSet::new())
            .map(Some)
            .map_err(refused)
    }

    fn role(&self, role: &str, program: &str) -> EntityUid {
        uid(&self.role, &format!("{role}/{program}"))
    }
}

fn context(ask: &Ask<'_>) -> Result<Context, Refused> {
    let mut pairs = Vec::with_capacity(2);
    if let Target::CustomerRecord { .. } = ask.on {
        let unknown = CallNow::default();
        pairs.push(("call".to_owned(), call(ask.call.unwrap_or(&unknown))?));
        if let Some(reason) = ask.stated_reason {
            pairs.push(("stated_reason".to_owned(), text(reason)));
        }
    } else {
        pairs.push(("mfa".to_owned(), RestrictedExpression::new_bool(ask.mfa)));
    }
    Context::from_pairs(pairs).map_err(refused)
}

/// A caller that knows nothing of a call says so: unknown is not none.
fn call(now: &CallNow) -> Result<RestrictedExpression, Refused> {
    let state = match now.state.as_str() {
        "" => "unknown",
        state => state,
    };
    let mut fields = vec![("state".to_owned(), text(state))];
    if let Some(why) = &now.unknown {
        fields.push(("unknown".to_owned(), text(why)));
    }
    if let Some(same) = now.same_customer {
        let same = RestrictedExpression::new_bool(same);
        fields.push(("same_customer".to_owned(), same));
    }
    if let Some(minutes) = now.minutes_since {
        let minutes = RestrictedExpression::new_long(minutes);
        fields.push(("minutes_since".to_owned(), minutes));
    }
    RestrictedExpression::new_record(fields).map_err(refused)
}

fn uid(of: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
}

fn text(of: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(of.to_owned())
}

fn refused(error: impl std::fmt::Display) -> Refused {
    error.to_string()
}
