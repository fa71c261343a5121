//! Ways back that end before a sign-in: what people are told, and what is recorded.

use ringfence_event::Severity;
use ringfence_federation::Failure;

use crate::problem::Problem;

/// A way back that ends here.
#[derive(Debug)]
pub(super) struct Stop {
    /// Stands in an address and chooses what people are told.
    pub word: &'static str,
    /// For the log: whoever comes back is told less.
    pub why: String,
    /// Whose account it was aimed at.
    pub person: Option<String>,
    pub severity: Severity,
}

/// Either that, or something of our own went wrong.
pub(super) enum Halt {
    Stop(Stop),
    Problem(Problem),
}

impl Stop {
    pub fn new(word: &'static str, why: impl Into<String>) -> Self {
        Self {
            word,
            why: why.into(),
            person: None,
            severity: Severity::Low,
        }
    }

    pub fn of(mut self, person: &str) -> Self {
        self.person = Some(person.to_owned());
        self
    }

    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        let why = failure.to_string();
        match failure {
            _ if failure.is_outage() => Self::new("outage", why),
            Failure::Code(_) => Self::new("refused", why),
            // Nobody's honest browser brings these.
            Failure::Mixed => Self::new("mixed", why).severity(Severity::High),
            _ => Self::new("token", why).severity(Severity::Medium),
        }
    }
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Stop(failure.into())
    }
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ringfence_state::Error> for Halt {
    fn from(error: ringfence_state::Error) -> Self {
        Self::Problem(error.into())
    }
}

/// What people are told. The word comes out of an address: one that is none of ours says nothing.
pub(crate) fn words(word: &str, label: &str) -> Option<String> {
    Some(match word {
        "away" => "That took too long, or began in another browser. Begin again.".to_owned(),
        "mixed" => format!("That answer did not come from {label}. Begin again."),
        "refused" => format!("{label} did not let you in."),
        "outage" => {
            format!("{label} cannot be asked just now. Sign in another way, or try again later.")
        }
        "token" => format!(
            "What {label} said of you could not be believed. Whoever looks after this server finds the \
             reason among its events."
        ),
        "unknown" => format!(
            "Your account of {label} opens nothing here. If you can sign in another way, do so and link it \
             under My account; else ask whoever invited you."
        ),
        "factor" => format!(
            "{label} says that you showed one thing only, and you have no passkey or one-time codes here to \
             go with it. Ask for an enrolment code."
        ),
        "taken" => format!("That account of {label} is linked to somebody else here."),
        "session" => "Your session ended meanwhile. Sign in and link the account again.".to_owned(),
        "over" => format!("You signed out of {label} meanwhile. Begin again."),
        "busy" => "Too many sign-ins are being tried just now. Wait a minute.".to_owned(),
        _ => return None,
    })
}
