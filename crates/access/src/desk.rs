//! Decisions about others, with the state of calls consulted.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringfence_policy::{
    Action, Ask, Assignment, CallNow, Decision, Kind, Policies, Program, Role, Subject, Target,
};
use serde_json::{Map, Value, json};

use crate::access::Access;
use crate::authzen::{Answer, Entity, Evaluation, Fault, Semantic, Several, SeveralAnswers};

/// A subject whom the telephony knows by this id.
pub(crate) const AGENT: &str = "agent";
/// What a customer-relations application shows of a customer.
pub(crate) const RECORD: &str = "customer-record";
/// The media of a call.
pub(crate) const RECORDING: &str = "recording";

/// What the call join knows at this moment. Only the word of authenticated sources that were granted
/// `call-state` counts; where there is none, the state is `unknown`.
pub trait Calls: Send + Sync + 'static {
    /// The state of an agent of a program, seen from a customer's record; nothing when no
    /// authenticated telephony of the program has ever spoken of such an agent.
    fn of(&self, program: &str, agent: &str, customer: Option<&str>) -> Option<CallNow>;

    /// The agents of a program, at most so many.
    fn agents(&self, program: &str, most: usize) -> Vec<String>;

    /// The customers on an agent's calls of this moment.
    fn customers(&self, program: &str, agent: &str) -> Vec<String>;
}

/// Takes decisions down. Must not wait: whoever asks has the answer before it is written.
pub trait Journal: Send + Sync + 'static {
    /// One decision.
    fn decided(&self, decided: Decided);
}

/// Who is asking, recognised.
#[derive(Debug, Clone)]
pub struct Asker {
    /// As the journal names them.
    pub name: String,
    /// The programs that they may ask about.
    pub programs: BTreeSet<String>,
    /// They may ask about every program.
    pub everywhere: bool,
}

/// A decision to be taken down.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// Program of the resource; empty for what is not one program's.
    pub program: String,
    /// Who asked.
    pub asker: String,
    /// Type and id of whom they asked about.
    pub subject: (String, String),
    /// What it was about.
    pub action: String,
    /// Type and id of the resource.
    pub resource: (String, String),
    /// What was decided.
    pub decision: Decision,
    /// Which policies were in force.
    pub fingerprint: Arc<str>,
    /// The call, where it was looked at.
    pub call: Option<CallNow>,
    /// In the asker's words, why without a call.
    pub stated_reason: Option<String>,
}

/// Something that our own API refused.
#[derive(Debug, Clone, Copy)]
pub struct Refused<'a> {
    /// Program of whoever asked; empty for one of all programs.
    pub program: &'a str,
    /// Who asked, by name.
    pub asker: &'a str,
    /// Their type and id.
    pub subject: (&'a str, &'a str),
    /// What they asked for.
    pub action: Action,
    /// Why not.
    pub reason: &'a str,
    /// Which policies said so.
    pub fingerprint: &'a Arc<str>,
}

/// A question in our own terms.
pub(crate) struct Question {
    pub(crate) who: Subject,
    pub(crate) action: Action,
    pub(crate) on: Target,
    pub(crate) call: Option<CallNow>,
    pub(crate) reason: Option<String>,
}

impl Access {
    /// Answers one question.
    ///
    /// # Errors
    /// When it cannot be told which program it is about.
    pub fn evaluate(&self, asker: &Asker, asked: &Evaluation) -> Result<Answer, Fault> {
        self.evaluate_by(&self.policies(), asker, asked)
    }

    /// Decides and takes down by the same policies, whatever is put in force meanwhile.
    fn evaluate_by(
        &self,
        policies: &Policies,
        asker: &Asker,
        asked: &Evaluation,
    ) -> Result<Answer, Fault> {
        let program = program(asker, &asked.resource)?;
        let (decision, call, stated_reason) = match self.question(&program, asked) {
            Ok(question) => {
                let decision = question.decide(policies);
                (decision, question.call, question.reason)
            }
            Err(why) => (denied(why), None, None),
        };
        let mut more = Map::new();
        if let Some(call) = &call {
            more.insert("call".to_owned(), call_json(call));
        }
        let answer = Answer::of(&decision, more);
        let named = |entity: &Entity| (entity.kind.clone(), entity.id.clone());
        self.journal.decided(Decided {
            program,
            asker: asker.name.clone(),
            subject: named(&asked.subject),
            action: asked.action.clone(),
            resource: named(&asked.resource),
            decision,
            fingerprint: Arc::clone(policies.fingerprint()),
            call,
            stated_reason,
        });
        Ok(answer)
    }

    /// Answers several, in their order; a list that ends early ends with the one that decided.
    ///
    /// # Errors
    /// When there is but one question, as [`Access::evaluate`].
    pub fn evaluate_several(
        &self,
        asker: &Asker,
        several: &Several,
    ) -> Result<Result<SeveralAnswers, Answer>, Fault> {
        let (items, semantic) = match several {
            Several::One(one) => return self.evaluate(asker, one).map(Err),
            Several::Many(items, semantic) => (items, *semantic),
        };
        let policies = self.policies();
        let mut evaluations = Vec::with_capacity(items.len());
        for item in items {
            let answer = match item {
                Ok(asked) => self.evaluate_by(&policies, asker, asked),
                Err(fault) => Err(fault.clone()),
            };
            let answer = answer.unwrap_or_else(|fault| Answer::fault(&fault));
            let ends = match semantic {
                Semantic::ExecuteAll => false,
                Semantic::DenyOnFirstDeny => !answer.decision,
                Semantic::PermitOnFirstPermit => answer.decision,
            };
            evaluations.push(answer);
            if ends {
                break;
            }
        }
        Ok(Ok(SeveralAnswers { evaluations }))
    }

    /// What the call join knows of an agent of a program now, seen from a customer's record.
    #[must_use]
    pub fn call(&self, program: &str, agent: &str, customer: Option<&str>) -> Option<CallNow> {
        self.calls.of(program, agent, customer)
    }

    /// Takes down that our own API refused something.
    pub fn refused(&self, refused: Refused<'_>) {
        let (kind, id) = refused.subject;
        self.journal.decided(Decided {
            program: refused.program.to_owned(),
            asker: refused.asker.to_owned(),
            subject: (kind.to_owned(), id.to_owned()),
            action: refused.action.name().to_owned(),
            resource: ("program".to_owned(), refused.program.to_owned()),
            decision: denied(refused.reason.to_owned()),
            fingerprint: Arc::clone(refused.fingerprint),
            call: None,
            stated_reason: None,
        });
    }

    /// The question in our own terms, or why the answer is no whatever policies say.
    pub(crate) fn question(&self, program: &str, asked: &Evaluation) -> Result<Question, String> {
        let unknown = |what: &str, name: &str| format!("{what} `{name}` is not known here");
        let action =
            Action::named(&asked.action).ok_or_else(|| unknown("an action", &asked.action))?;
        let on = match asked.resource.kind.as_str() {
            RECORD => Target::CustomerRecord {
                program: program.to_owned(),
                customer: asked.resource.id.clone(),
            },
            RECORDING => Target::Recording {
                id: asked.resource.id.clone(),
                program: program.to_owned(),
                call: asked.resource.property("call").map(str::to_owned),
            },
            other => return Err(unknown("a resource of type", other)),
        };
        let fits = match &on {
            Target::CustomerRecord { .. } => action == Action::RECORD_OPEN,
            Target::Recording { .. } => action == Action::RECORDING_LISTEN,
            Target::Program(_) => false,
        };
        if !fits {
            let (action, kind) = (&asked.action, &asked.resource.kind);
            return Err(format!("`{action}` is nothing that is done with a {kind}"));
        }
        if asked.subject.kind != AGENT {
            return Err(unknown("a subject of type", &asked.subject.kind));
        }
        let customer = match &on {
            Target::CustomerRecord { customer, .. } => Some(customer.as_str()),
            _ => None,
        };
        let call = self
            .calls
            .of(program, &asked.subject.id, customer)
            .ok_or_else(|| unknown("an agent", &asked.subject.id))?;
        let reason = asked.context.get("reason").and_then(Value::as_str);
        Ok(Question {
            who: agent(program, &asked.subject.id),
            action,
            on,
            call: Some(call),
            reason: reason
                .map(str::trim)
                .filter(|reason| !reason.is_empty())
                .map(str::to_owned),
        })
    }
}

impl Question {
    pub(crate) fn decide(&self, policies: &Policies) -> Decision {
        policies.decide(&Ask {
            who: &self.who,
            action: self.action,
            on: &self.on,
            // Of a session in another application nothing is known here.
            mfa: false,
            call: self.call.as_ref(),
            stated_reason: self.reason.as_deref(),
        })
    }
}

/// Which program a question is about: the resource's, if the asker may ask about it, else the one
/// that the asker has. A program is taken from the credential, never believed from the request.
pub(crate) fn program(asker: &Asker, resource: &Entity) -> Result<String, Fault> {
    match resource.property("program") {
        Some(named) if asker.everywhere || asker.programs.contains(named) => Ok(named.to_owned()),
        Some(_) => Err(Fault(
            "`resource.properties.program` is none that you may ask about".to_owned(),
        )),
        None => {
            let mut own = asker.programs.iter();
            match (own.next(), own.next(), asker.everywhere) {
                (Some(only), None, false) => Ok(only.clone()),
                _ => Err(Fault(
                    "say which program: `resource.properties.program` is its name".to_owned(),
                )),
            }
        }
    }
}

/// An agent as the telephony vouches for them: nothing but an agent, and only here.
pub(crate) fn agent(program: &str, id: &str) -> Subject {
    Subject {
        kind: Kind::Agent,
        id: id.to_owned(),
        agent: Some(id.to_owned()),
        roles: vec![Assignment {
            role: Role::Agent,
            program: Program::One(program.to_owned()),
        }],
    }
}

fn denied(reason: String) -> Decision {
    Decision {
        allowed: false,
        reason,
        policies: Vec::new(),
    }
}

fn call_json(call: &CallNow) -> Value {
    let mut object = Map::new();
    object.insert("state".to_owned(), json!(call.state));
    let more = [
        ("reason", call.unknown.as_ref().map(|why| json!(why))),
        ("same_customer", call.same_customer.map(|same| json!(same))),
        (
            "minutes_since",
            call.minutes_since.map(|minutes| json!(minutes)),
        ),
    ];
    for (name, value) in more {
        object.extend(value.map(|value| (name.to_owned(), value)));
    }
    Value::Object(object)
}
