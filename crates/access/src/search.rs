//! Who may, what may they, and on what (AuthZEN section 8): the same decisions, asked about each thing
//! that is known. Nothing is taken down, since nobody was let in.

use ringfence_policy::{ACTIONS, Policies};

use crate::access::Access;
use crate::authzen::{ActionNamed, Entity, Evaluation, Fault, Found, Page, Search, Searched};
use crate::desk::{AGENT, Asker, RECORD, program};

/// Subjects that are looked at.
const MOST: usize = 10_000;

impl Access {
    /// Everything that a search finds. What is not known finds nothing.
    ///
    /// # Errors
    /// When it cannot be told which program it is about.
    pub fn search(&self, asker: &Asker, search: &Search) -> Result<Searched, Fault> {
        let policies = self.policies();
        let results = match search {
            Search::Subject {
                kind,
                action,
                resource,
                context,
            } => {
                let program = program(asker, resource)?;
                let agents = match kind.as_str() {
                    AGENT => self.calls.agents(&program, MOST),
                    _ => Vec::new(),
                };
                let of = |id: String| Evaluation {
                    subject: entity(AGENT, id),
                    action: action.clone(),
                    resource: resource.clone(),
                    context: context.clone(),
                };
                let asked = agents.into_iter().map(of);
                let may = asked.filter(|asked| self.would(&policies, &program, asked));
                may.map(|asked| Found::Entity(asked.subject)).collect()
            }
            Search::Resource {
                subject,
                action,
                kind,
                properties,
                context,
            } => {
                let any = Entity {
                    properties: properties.clone(),
                    ..entity(kind, String::new())
                };
                let program = program(asker, &any)?;
                let known = match kind.as_str() {
                    RECORD if subject.kind == AGENT => self.calls.customers(&program, &subject.id),
                    _ => Vec::new(),
                };
                let of = |id: String| Evaluation {
                    subject: subject.clone(),
                    action: action.clone(),
                    resource: entity(kind, id),
                    context: context.clone(),
                };
                let asked = known.into_iter().map(of);
                let may = asked.filter(|asked| self.would(&policies, &program, asked));
                may.map(|asked| Found::Entity(asked.resource)).collect()
            }
            Search::Action {
                subject,
                resource,
                context,
            } => {
                let program = program(asker, resource)?;
                let of = |name: &str| Evaluation {
                    subject: subject.clone(),
                    action: name.to_owned(),
                    resource: resource.clone(),
                    context: context.clone(),
                };
                let asked = ACTIONS.iter().map(|action| of(action.name()));
                let may = asked.filter(|asked| self.would(&policies, &program, asked));
                may.map(|asked| Found::Action(ActionNamed { name: asked.action }))
                    .collect()
            }
        };
        let next_token = String::new();
        Ok(Searched {
            page: Page { next_token },
            results,
        })
    }

    fn would(&self, policies: &Policies, program: &str, asked: &Evaluation) -> bool {
        let question = self.question(program, asked);
        question.is_ok_and(|question| question.decide(policies).allowed)
    }
}

fn entity(kind: &str, id: String) -> Entity {
    Entity {
        kind: kind.to_owned(),
        id,
        properties: serde_json::Map::new(),
    }
}
