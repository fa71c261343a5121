//! Events of roles for hours, broken glasses and access reviews: told by routes when somebody acts, and
//! by the server when time does. What happened is the `step` that rules ask for.

use ringfence_event::{Own, Severity, Time};
use ringfence_policy::Kind;
use ringfence_state::{Decision, Emergency, Justified, Review, ReviewItem, RoleRequest};
use serde_json::{Value, json};

use crate::acts::USER_ACCESS;

/// OCSF `activity_id` of User Access Management.
const GAVE: u8 = 1;
const TOOK: u8 = 2;
const OTHER: u8 = 99;

/// The request of a role, as it is now.
#[must_use]
pub fn request(request: &RoleRequest, at: Time) -> Own {
    let (name, role) = (&request.name, request.text());
    let (activity, words) = match request.state.as_str() {
        "waiting" => (OTHER, format!("{name} asks for {role}: {}", request.why)),
        "granted" => (GAVE, format!("{name} was granted {role} for a time")),
        "refused" => (OTHER, format!("{name} was refused {role}")),
        "withdrawn" => (OTHER, format!("{name} needs {role} no longer")),
        "lapsed" => (OTHER, format!("nobody answered {name} about {role}")),
        _ => (TOOK, format!("{name} has {role} no longer: its time ended")),
    };
    Own::new("access", USER_ACCESS, activity, at)
        .severity(Severity::Low)
        .message(words)
        .with("user", user(&request.person_id, name, Kind::Person))
        .with("privileges", json!([role]))
        .with(
            "role_request",
            json!({
                "uid": request.id, "state": request.state, "why": request.why,
                "minutes": request.minutes, "until_time": request.until_ms, "note": request.note,
            }),
        )
}

/// What became of an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The role is in force.
    Began,
    /// It is no longer.
    Ended,
    /// Nobody reviewed it for a day.
    Unreviewed,
    /// Somebody did.
    Reviewed,
}

impl Phase {
    /// As rules write it.
    fn name(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Ended => "ended",
            Self::Unreviewed => "unreviewed",
            Self::Reviewed => "reviewed",
        }
    }
}

/// A phase of an emergency. That it began, and that nobody reviews it, are what rules alert on.
#[must_use]
pub fn emergency(emergency: &Emergency, phase: Phase, at: Time) -> Own {
    let (name, role, why) = (&emergency.name, emergency.text(), &emergency.why);
    let of_machine = emergency.kind == "recovery";
    let (activity, severity, words) = match phase {
        Phase::Began if of_machine => {
            let words = format!("{name} was {why}: {role}");
            (GAVE, Severity::Critical, words)
        }
        Phase::Began => {
            let words = format!("{name} broke the glass and has {role}: {why}");
            (GAVE, Severity::Critical, words)
        }
        Phase::Ended => {
            let words = format!("{name} has {role} no longer: the emergency ended");
            (TOOK, Severity::Low, words)
        }
        Phase::Unreviewed => {
            let words = format!("nobody reviewed yet that {name} had {role}: {why}");
            (OTHER, Severity::High, words)
        }
        Phase::Reviewed => match emergency.verdict {
            Some(Justified::NotJustified) => {
                let words = format!("it was not justified that {name} had {role}");
                (OTHER, Severity::High, words)
            }
            _ => {
                let words = format!("it was justified that {name} had {role}");
                (OTHER, Severity::Low, words)
            }
        },
    };
    Own::new("emergency", USER_ACCESS, activity, at)
        .about_user(name)
        .severity(severity)
        .message(words)
        .with("user", user(&emergency.person_id, name, Kind::Person))
        .with("privileges", json!([role]))
        .with(
            "emergency",
            json!({
                "uid": emergency.id, "step": phase.name(), "kind": emergency.kind, "why": why,
                "start_time": emergency.began_ms, "end_time": emergency.until_ms,
                "verdict": emergency.verdict, "note": emergency.note,
            }),
        )
}

/// A review was opened.
#[must_use]
pub fn review_opened(review: &Review, at: Time) -> Own {
    let words = format!(
        "an access review of {} roles was opened: {}",
        review.items, review.why
    );
    of_review(review, "opened", words, Severity::Low, at)
}

/// Some days are left in which to decide.
#[must_use]
pub fn review_reminder(review: &Review, days: i64, at: Time) -> Own {
    let words = format!(
        "{} roles of the access review are not decided; what nobody confirms is taken away in {days} \
         {}",
        review.undecided,
        if days == 1 { "day" } else { "days" }
    );
    of_review(review, "reminder", words, Severity::Medium, at)
}

/// A reviewer confirmed roles.
#[must_use]
pub fn review_confirmed(review: &Review, items: &[ReviewItem], at: Time) -> Own {
    let words = format!("{} roles were confirmed in the access review", items.len());
    let all = items.iter().map(|item| {
        json!({"user": user(&item.principal_id, &item.name, item.kind), "privilege": item.text()})
    });
    of_review(review, "confirmed", words, Severity::Low, at)
        .with("confirmed", all.collect::<Vec<_>>())
}

/// A role that a review took away, or left to the last administrator.
#[must_use]
pub fn review_item(review: &Review, item: &ReviewItem, at: Time) -> Own {
    let (name, role) = (&item.name, item.text());
    let (activity, severity, words) = match item.decision {
        Some(Decision::Kept) => {
            let words = format!(
                "nobody confirmed {role} of {name}: it stays, since nobody else could let anybody in"
            );
            (OTHER, Severity::High, words)
        }
        Some(Decision::Revoked) => {
            let words = format!("{name} lost {role}: nobody confirmed it in the access review");
            (TOOK, Severity::Medium, words)
        }
        _ => {
            let words = format!("{name} lost {role} in the access review");
            (TOOK, Severity::Low, words)
        }
    };
    Own::new("access_review", USER_ACCESS, activity, at)
        .severity(severity)
        .message(words)
        .with("user", user(&item.principal_id, name, item.kind))
        .with("privileges", json!([role]))
        .with(
            "review",
            json!({"uid": review.id, "step": item.decision, "note": item.note}),
        )
}

/// A review ended: somebody signed it, or its time was over.
#[must_use]
pub fn review_ended(review: &Review, by_time: Option<usize>, at: Time) -> Own {
    match by_time {
        None => {
            let words = format!("the access review of {} roles was signed", review.items);
            of_review(review, "signed", words, Severity::Low, at)
        }
        Some(undecided) => {
            let words = format!(
                "the access review ended with {undecided} roles that nobody confirmed: they were taken \
                 away"
            );
            of_review(review, "lapsed", words, Severity::High, at)
        }
    }
}

fn of_review(review: &Review, step: &str, words: String, severity: Severity, at: Time) -> Own {
    Own::new("access_review", USER_ACCESS, OTHER, at)
        .severity(severity)
        .message(words)
        .with(
            "review",
            json!({
                "uid": review.id, "step": step, "roles": review.items, "undecided": review.undecided,
                "end_time": review.due_ms, "note": review.note,
            }),
        )
}

fn user(id: &str, name: &str, kind: Kind) -> Value {
    match kind {
        Kind::Person => json!({"uid": id, "name": name, "type": "User", "type_id": 1}),
        Kind::Service | Kind::Agent => json!({"uid": id, "name": name, "type": "Service"}),
    }
}
