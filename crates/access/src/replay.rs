//! A decision that was taken down, asked again.

use ringfence_policy::{Action, Ask, CallNow, Decision, Policies, Program, Subject, Target};
use serde_json::Value;

use crate::desk::{AGENT, RECORD, RECORDING, agent};

/// A question of the past, with what was known of the call then.
#[derive(Debug, Clone)]
pub struct Replay {
    who: Subject,
    action: Action,
    on: Target,
    call: Option<CallNow>,
    reason: Option<String>,
}

/// The question behind a decision event, from its `decision` and its `resources`. `known` finds people and
/// services by id, with the roles that they hold now; nothing comes of a question about somebody who is
/// not there any more, or of one that no policy was asked.
#[must_use]
pub fn replayed(
    program: &str,
    action: Action,
    asked: &Value,
    resources: &Value,
    known: impl Fn(&str) -> Option<Subject>,
) -> Option<Replay> {
    let subject = asked.get("subject")?;
    let id = subject.get("id")?.as_str()?;
    let who = match subject.get("type")?.as_str()? {
        AGENT => agent(program, id),
        _ => known(id)?,
    };
    let resource = resources.get(0)?;
    let uid = resource.get("uid")?.as_str()?;
    let on = match resource.get("type")?.as_str()? {
        RECORD => Target::CustomerRecord {
            program: program.to_owned(),
            customer: uid.to_owned(),
        },
        RECORDING => Target::Recording {
            id: uid.to_owned(),
            program: program.to_owned(),
            call: None,
        },
        // Whoever asked for all programs named none.
        _ if uid.is_empty() => Target::Program(Program::All),
        _ => Target::Program(Program::from(uid)),
    };
    let text = |name: &str| asked.get(name).and_then(Value::as_str).map(str::to_owned);
    let call = text("call_state").map(|state| CallNow {
        state,
        unknown: text("call_unknown"),
        same_customer: asked.get("same_customer").and_then(Value::as_bool),
        minutes_since: asked.get("minutes_since").and_then(Value::as_i64),
    });
    // The action was not asked about such a thing.
    let fits = matches!(
        (&on, action, &call),
        (Target::CustomerRecord { .. }, Action::RECORD_OPEN, Some(_))
            | (Target::Recording { .. }, Action::RECORDING_LISTEN, _)
    ) || matches!(on, Target::Program(_))
        && ![Action::RECORD_OPEN, Action::RECORDING_LISTEN].contains(&action);
    fits.then(|| Replay {
        who,
        action,
        on,
        call,
        reason: text("stated_reason"),
    })
}

impl Replay {
    /// What policies say to it.
    #[must_use]
    pub fn decide(&self, policies: &Policies) -> Decision {
        policies.decide(&Ask {
            who: &self.who,
            action: self.action,
            on: &self.on,
            // Only who showed a second factor has a session that could be refused something.
            mfa: true,
            call: self.call.as_ref(),
            stated_reason: self.reason.as_deref(),
        })
    }

    /// Id of whom it was about.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.who.id
    }

    /// Id of what it was about.
    #[must_use]
    pub fn resource(&self) -> &str {
        match &self.on {
            Target::Program(program) => program.id(),
            Target::CustomerRecord { customer, .. } => customer,
            Target::Recording { id, .. } => id,
        }
    }

    /// The state of the call, where it mattered.
    #[must_use]
    pub fn call_state(&self) -> Option<&str> {
        self.call.as_ref().map(|call| call.state.as_str())
    }

    /// Why without a call, in the asker's words.
    #[must_use]
    pub fn stated_reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}
