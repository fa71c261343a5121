//! Rules: what is in force, and trying one.

use axum::Json;
use axum::extract::State as AxumState;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::app::{App, RuleTrial, TrialError, TrialOver};
use crate::auth::Person;
use crate::object::{Body, read};
use crate::problem::Problem;

/// A week: what a trial can read in its time.
const MOST_HOURS: u32 = 168;

/// Characters of a rule that is tried.
const MOST_RULE: usize = 200_000;

/// `GET /api/v1/rules`.
pub(crate) async fn list(AxumState(app): AxumState<App>) -> Json<Value> {
    Json(app.inside.rules())
}

/// A trial.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    rule: String,
    #[serde(default)]
    events: Option<String>,
    #[serde(default)]
    last_hours: Option<u32>,
}

/// `POST /api/v1/rules/test`.
pub(crate) async fn test(
    AxumState(app): AxumState<App>,
    person: Person,
    asked: Body<Asked>,
) -> Result<Json<Value>, Problem> {
    let asked = read(asked)?;
    if asked.rule.chars().count() > MOST_RULE {
        return Err(Problem::bad_request("rule: at most 200,000 characters"));
    }
    if asked.rule.trim().is_empty() {
        return Err(Problem::bad_request("rule: a Sigma rule as YAML"));
    }
    let over = match (asked.events, asked.last_hours) {
        (Some(text), None) => TrialOver::Pasted(text),
        (None, Some(hours)) if (1..=MOST_HOURS).contains(&hours) => TrialOver::Hours(hours),
        (None, Some(_)) => return Err(Problem::bad_request("last_hours: 1 to 168")),
        _ => {
            let detail = "give either `events` (one record a line) or `last_hours`";
            return Err(Problem::bad_request(detail));
        }
    };
    let rule = asked.rule;
    let trial = app
        .inside
        .try_rule(RuleTrial { rule, over }, person.scope());
    trial.await.map(Json).map_err(|error| match error {
        TrialError::Busy => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Another rule is being tried",
            "try again in a moment".to_owned(),
        ),
        TrialError::Failed(why) => Problem::internal(&why),
    })
}
