//! The policies in force, and what they let whoever is asking do here.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ringfence_policy::{
    ACTIONS, Action, Ask, Change, Decision, Policies, Program, Subject, Target,
};

use crate::desk::{Calls, Journal};

/// Decides. Cheap to ask from many tasks at once.
pub struct Access {
    policies: ArcSwap<Policies>,
    pub(crate) calls: Arc<dyn Calls>,
    pub(crate) journal: Arc<dyn Journal>,
}

/// Where somebody may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// In every program, and for the installation as a whole.
    pub everywhere: bool,
    /// In these programs.
    pub programs: BTreeSet<String>,
    /// Why not, for somebody who may nowhere.
    pub reason: String,
    /// Which policies said so.
    pub fingerprint: Arc<str>,
}

impl Granted {
    /// Not anywhere.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        !self.everywhere && self.programs.is_empty()
    }
}

impl Access {
    /// A desk with its first policies.
    #[must_use]
    pub fn new(policies: Policies, calls: Arc<dyn Calls>, journal: Arc<dyn Journal>) -> Self {
        Self {
            policies: ArcSwap::from_pointee(policies),
            calls,
            journal,
        }
    }

    /// What is in force.
    #[must_use]
    pub fn policies(&self) -> Arc<Policies> {
        self.policies.load_full()
    }

    /// Puts others in force, at once and as a whole, and says what changed.
    pub fn replace(&self, policies: Policies) -> Vec<Change> {
        let policies = Arc::new(policies);
        let before = self.policies.swap(Arc::clone(&policies));
        policies.changes_since(&before)
    }

    /// Where `who` may do `action`. Each program of their roles is decided by itself, so that a
    /// policy may treat one program unlike another.
    #[must_use]
    pub fn granted(&self, who: &Subject, action: Action, mfa: bool) -> Granted {
        granted(&self.policies(), who, action, mfa)
    }

    /// All that `who` may do somewhere, by the same policies.
    #[must_use]
    pub fn rights(&self, who: &Subject, mfa: bool) -> Vec<(Action, Granted)> {
        let policies = self.policies();
        let rights = ACTIONS.iter();
        rights
            .map(|action| (*action, granted(&policies, who, *action, mfa)))
            .filter(|(_, granted)| !granted.is_nowhere())
            .collect()
    }

    /// What somebody who is to be made could do in a program at some moment that their maker may not
    /// do there at every moment: nobody gives more than they have. The maker, who showed a second
    /// factor or not, is asked about no call and no reason of theirs.
    #[must_use]
    pub fn exceeds(
        &self,
        made: &Subject,
        maker: &Subject,
        mfa: bool,
        program: &Program,
    ) -> Option<Action> {
        let policies = self.policies();
        let more = |action: &&Action| {
            policies.could_ever(made, **action, program)
                && !policies.may_always(maker, **action, program, mfa)
        };
        ACTIONS.iter().find(more).copied()
    }
}

fn granted(policies: &Policies, who: &Subject, action: Action, mfa: bool) -> Granted {
    let all = may(policies, who, action, &Program::All, mfa);
    let mut granted = Granted {
        everywhere: all.allowed,
        programs: BTreeSet::new(),
        reason: all.reason,
        fingerprint: Arc::clone(policies.fingerprint()),
    };
    for held in &who.roles {
        let Program::One(name) = &held.program else {
            continue;
        };
        if granted.everywhere || granted.programs.contains(name) {
            continue;
        }
        let decision = may(policies, who, action, &held.program, mfa);
        match decision.allowed {
            true => _ = granted.programs.insert(name.clone()),
            false => granted.reason = decision.reason,
        }
    }
    granted
}

fn may(
    policies: &Policies,
    who: &Subject,
    action: Action,
    program: &Program,
    mfa: bool,
) -> Decision {
    let on = Target::Program(program.clone());
    policies.decide(&Ask {
        who,
        action,
        on: &on,
        mfa,
        call: None,
        stated_reason: None,
    })
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let policies = self.policies.load();
        f.debug_struct("Access")
            .field("policies", &policies.fingerprint())
            .finish_non_exhaustive()
    }
}
