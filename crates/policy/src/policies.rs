//! A set of policies that is whole.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;

use cedar_policy::{
    Authorizer, Decision as Verdict, Effect, Policy, PolicyId, PolicySet, Schema, ValidationMode,
    Validator,
};
use serde::Serialize;

use crate::entities::Names;
use crate::mistake::line_of;
use crate::{
    ACTIONS, Action, Ask, Assignment, Decision, Kind, Mistake, PolicyFile, Program, ROLES, Role,
    Subject, slices, words,
};

const SCHEMA: &str = include_str!("ringfence.cedarschema");
/// One file; far more than anybody writes, far less than would hurt.
const MOST_BYTES: usize = 1 << 20;

/// One policy, as people are shown it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Law {
    /// Its `@id`.
    pub id: String,
    /// Its `@says`: what it means, in words.
    pub says: String,
    /// It forbids, and no permission overrides it.
    pub forbids: bool,
    /// The file that it stands in.
    pub file: String,
    /// The line of its `@id`, from 1.
    pub line: usize,
    /// Cedar.
    pub text: String,
}

/// Policies in force. Whole or not at all.
#[derive(Debug)]
pub struct Policies {
    slices: BTreeMap<Action, PolicySet>,
    laws: BTreeMap<String, Law>,
    names: Names,
    authorizer: Authorizer,
    could: BTreeMap<Action, Vec<Role>>,
    fingerprint: Arc<str>,
}

impl Policies {
    /// Reads files and checks all of them against the schema.
    ///
    /// # Errors
    /// Everything that is wrong, with its place.
    pub fn load(files: &[PolicyFile]) -> Result<Self, Vec<Mistake>> {
        let schema = schema()?;
        let names = Names::new(&schema).map_err(|e| vec![ours(&e)])?;
        let (mut set, mut laws, mut mistakes) = (PolicySet::new(), BTreeMap::new(), Vec::new());
        for file in files {
            if let Err(wrong) = take(file, &mut set, &mut laws) {
                mistakes.extend(wrong);
            }
        }
        let checked = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
        for error in checked.validation_errors() {
            let law = laws.get(&error.policy_id().to_string());
            let (file, line) = law.map_or(("", None), |law| (law.file.as_str(), Some(law.line)));
            mistakes.push(Mistake::new(file, line, error.to_string()));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let slices = slices::by_action(&set, &names, &schema).map_err(|e| vec![ours(&e)])?;
        let texts: Vec<_> = laws.values().map(|law| law.text.as_str()).collect();
        let fingerprint = ringfence_crypto::sha256_hex(texts.join("\0").as_bytes());
        let mut policies = Self {
            slices,
            laws,
            names,
            authorizer: Authorizer::new(),
            could: BTreeMap::new(),
            fingerprint: fingerprint.into(),
        };
        policies.could = ACTIONS
            .iter()
            .map(|action| (*action, policies.roles_that_could(*action)))
            .collect();
        Ok(policies)
    }

    /// Decides. Never fails: what cannot be decided is denied.
    #[must_use]
    pub fn decide(&self, ask: &Ask<'_>) -> Decision {
        let asked = self.names.request(ask);
        let (Ok((request, entities)), Some(set)) = (asked, self.slices.get(&ask.action)) else {
            return broken(ask.action);
        };
        let answer = self.authorizer.is_authorized(&request, set, &entities);
        // A policy that cannot be evaluated is skipped by Cedar; it may have been a prohibition.
        if answer.diagnostics().errors().next().is_some() {
            return broken(ask.action);
        }
        let mut policies: Vec<_> = answer
            .diagnostics()
            .reason()
            .map(PolicyId::to_string)
            .collect();
        policies.sort();
        let says: Vec<_> = policies
            .iter()
            .filter_map(|id| Some(self.laws.get(id)?.says.as_str()))
            .collect();
        let allowed = answer.decision() == Verdict::Allow;
        let reason = match says.is_empty() {
            false => says.join("; "),
            true => words::nothing_allows(ask, self.could(ask.action)),
        };
        Decision {
            allowed,
            reason,
            policies,
        }
    }

    /// All policies, by id.
    pub fn laws(&self) -> impl Iterator<Item = &Law> {
        self.laws.values()
    }

    /// The policy of an id.
    #[must_use]
    pub fn law(&self, id: &str) -> Option<&Law> {
        self.laws.get(id)
    }

    /// The roles that an action is for, when nothing else stands in its way.
    #[must_use]
    pub fn could(&self, action: Action) -> &[Role] {
        self.could.get(&action).map_or(&[], Vec::as_slice)
    }

    /// SHA-256 of all texts: which policies decided.
    #[must_use]
    pub fn fingerprint(&self) -> &Arc<str> {
        &self.fingerprint
    }

    fn roles_that_could(&self, action: Action) -> Vec<Role> {
        let program = Program::One("any".to_owned());
        let could = |role: &Role| {
            let who = Subject {
                kind: match role.is_for_people() {
                    true => Kind::Person,
                    false => Kind::Service,
                },
                id: "any".to_owned(),
                agent: None,
                roles: vec![Assignment {
                    role: *role,
                    program: program.clone(),
                }],
            };
            self.could_ever(&who, action, &program)
        };
        ROLES.into_iter().filter(could).collect()
    }
}

fn schema() -> Result<Schema, Vec<Mistake>> {
    Schema::from_cedarschema_str(SCHEMA)
        .map(|(schema, _)| schema)
        .map_err(|e| vec![ours(&e.to_string())])
}

/// A mistake that is ours and not that of whoever wrote a policy.
fn ours(reason: &str) -> Mistake {
    Mistake::new("ringfence.cedarschema", None, reason)
}

fn take(
    file: &PolicyFile,
    set: &mut PolicySet,
    laws: &mut BTreeMap<String, Law>,
) -> Result<(), Vec<Mistake>> {
    if file.text.len() > MOST_BYTES {
        let reason = format!("a file of policies has at most {MOST_BYTES} bytes");
        return Err(vec![Mistake::new(&file.name, None, reason)]);
    }
    let read = PolicySet::from_str(&file.text).map_err(|e| vec![Mistake::of(file, &e)])?;
    let mut mistakes = Vec::new();
    if let Some(template) = read.templates().next() {
        let reason = "a template (`?principal`, `?resource`) is not taken: write the policy out";
        let line = line_in(file, &template.to_string());
        mistakes.push(Mistake::new(&file.name, line, reason));
    }
    for policy in read.policies() {
        if let Err(mistake) = take_one(file, policy, set, laws) {
            mistakes.push(mistake);
        }
    }
    match mistakes.is_empty() {
        true => Ok(()),
        false => Err(mistakes),
    }
}

fn take_one(
    file: &PolicyFile,
    policy: &Policy,
    set: &mut PolicySet,
    laws: &mut BTreeMap<String, Law>,
) -> Result<(), Mistake> {
    let text = policy.to_string();
    let wrong = |line, reason: String| Err(Mistake::new(&file.name, line, reason));
    let Some(id) = policy.annotation("id").filter(|id| !id.is_empty()) else {
        return wrong(
            line_in(file, &text),
            "a policy begins with `@id(\"…\")`".to_owned(),
        );
    };
    let line = file.text.find(&format!("@id(\"{id}\")"));
    let line = line.and_then(|at| Some(line_of(file.text.get(..at)?)));
    let Some(says) = policy.annotation("says").filter(|says| !says.is_empty()) else {
        let reason = format!("policy `{id}` has no `@says(\"…\")`: people are told why by it");
        return wrong(line, reason);
    };
    if let Some(other) = laws.get(id) {
        let reason = format!("policy `{id}` stands in {} already", other.file);
        return wrong(line, reason);
    }
    let law = Law {
        id: id.to_owned(),
        says: says.to_owned(),
        forbids: policy.effect() == Effect::Forbid,
        file: file.name.clone(),
        line: line.unwrap_or(1),
        text,
    };
    set.add(policy.new_id(PolicyId::new(id)))
        .map_err(|e| Mistake::new(&file.name, line, e.to_string()))?;
    laws.insert(id.to_owned(), law);
    Ok(())
}

/// Where a text stands in its file, as far as it stands there as it was read.
fn line_in(file: &PolicyFile, text: &str) -> Option<usize> {
    let first = text.lines().next()?;
    let at = file.text.find(first)?;
    Some(line_of(file.text.get(..at)?))
}

fn broken(action: Action) -> Decision {
    Decision {
        allowed: false,
        reason: words::broken(action),
        policies: Vec::new(),
    }
}
