//! What somebody may do at all, asked before there is a moment to ask about: an example of what an
//! action is done with, and every kind of moment that policies can tell apart.

use crate::{Action, Ask, CallNow, Policies, Program, Subject, Target};

/// What stands for any customer, recording or reason.
const ANY: &str = "any";

impl Action {
    /// Something of a program that this action is done with; it stands for all of them.
    #[must_use]
    pub fn example(self, program: &Program) -> Target {
        let of = program.id().to_owned();
        match self {
            Self::RECORD_OPEN => Target::CustomerRecord {
                program: of,
                customer: ANY.to_owned(),
            },
            Self::RECORDING_LISTEN => Target::Recording {
                id: ANY.to_owned(),
                program: of,
                call: None,
            },
            _ => Target::Program(program.clone()),
        }
    }
}

impl Policies {
    /// Whether there is a moment at which `who` may: on some call or none, with a reason or without.
    /// For somebody who is to be given something, where too much is the mistake to avoid.
    #[must_use]
    pub fn could_ever(&self, who: &Subject, action: Action, program: &Program) -> bool {
        let on = action.example(program);
        let mut moments = moments(&on, &[true, false]);
        moments.any(|moment| self.decide(&moment.ask(who, action, &on)).allowed)
    }

    /// Whether `who`, who showed a second factor or not, may at every moment. For somebody who gives:
    /// what they have only on a call, or by stating a reason, is not theirs to give.
    #[must_use]
    pub fn may_always(&self, who: &Subject, action: Action, program: &Program, mfa: bool) -> bool {
        let on = action.example(program);
        let shown = [mfa];
        let mut moments = moments(&on, &shown);
        moments.all(|moment| self.decide(&moment.ask(who, action, &on)).allowed)
    }
}

/// A kind of moment.
struct Moment {
    mfa: bool,
    call: Option<CallNow>,
    reason: Option<&'static str>,
}

impl Moment {
    fn ask<'a>(&'a self, who: &'a Subject, action: Action, on: &'a Target) -> Ask<'a> {
        Ask {
            who,
            action,
            on,
            mfa: self.mfa,
            call: self.call.as_ref(),
            stated_reason: self.reason,
        }
    }
}

/// Everything that the schema lets a policy ask about, the likeliest to be allowed first.
fn moments<'a>(on: &Target, mfa: &'a [bool]) -> Box<dyn Iterator<Item = Moment> + 'a> {
    if let Target::CustomerRecord { .. } = on {
        return Box::new(calls().flat_map(|call| {
            [None, Some(ANY)].map(|reason| Moment {
                // Of a record nothing is asked about the session.
                mfa: false,
                call: Some(call.clone()),
                reason,
            })
        }));
    }
    Box::new(mfa.iter().map(|mfa| Moment {
        mfa: *mfa,
        call: None,
        reason: None,
    }))
}

/// Calls of every kind; how long ago the last one was matters where there is none.
fn calls() -> impl Iterator<Item = CallNow> {
    let states = [
        ("live", None),
        ("wrap_up", Some(0)),
        ("none", None),
        ("none", Some(0)),
        ("none", Some(1_000_000)),
        ("unknown", None),
    ];
    states.into_iter().flat_map(|(state, minutes_since)| {
        [Some(true), None, Some(false)].map(|same_customer| CallNow {
            state: state.to_owned(),
            unknown: None,
            same_customer,
            minutes_since,
        })
    })
}
