//! Why somebody may, or may not: one question with the policies that decide it, and what would be
//! needed.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use ringfence_policy::{Action, Ask, CallNow, Program, Role, Target};
use ringfence_state::{Held, Principal};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::named;
use crate::problem::Problem;

/// What is asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Id of a person or a service.
    id: String,
    action: String,
    /// `*` is everywhere.
    program: String,
    /// Whose record, for what is done with one.
    customer: Option<String>,
    /// `live`, `wrap_up`, `none` or `unknown`; as it is at this moment, if nothing is said.
    call: Option<String>,
    same_customer: Option<bool>,
    /// Why without a call, in their words.
    reason: Option<String>,
}

/// A policy that decided.
#[derive(Debug, Serialize)]
struct Deciding {
    id: String,
    says: String,
    forbids: bool,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Why {
    allowed: bool,
    /// Why, in words.
    reason: String,
    policies: Vec<Deciding>,
    /// What they hold there.
    roles: Vec<Held>,
    /// Roles by which somebody could at some moment.
    roles_that_may: Vec<Role>,
    /// The call that it was decided by, where that matters.
    call_state: Option<String>,
    /// SHA-256 of the policies that say so.
    fingerprint: String,
}

/// `GET /api/v1/access/why`.
pub(crate) async fn why(
    State(app): State<App>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Why>, Problem> {
    let Query(asked) = asked.map_err(|e| Problem::bad_request(e.body_text()))?;
    let action = named::action(&asked.action)?;
    named::is_program(&asked.program)?;
    let states = ["live", "wrap_up", "none", "unknown"];
    if asked
        .call
        .as_deref()
        .is_some_and(|call| !states.contains(&call))
    {
        let detail = "call: it is live, wrap_up, none or unknown";
        return Err(Problem::bad_request(detail));
    }
    let who = app.state.principal(&asked.id).await?;
    let now = app.inside.now().0;
    let policies = app.access.policies();
    let roles_that_may = policies.could(action).to_vec();
    let fingerprint = policies.fingerprint().to_string();
    let there = |held: &&Held| held.program == "*" || held.program == asked.program;
    let held = who.roles.iter().filter(|held| held.is_held_at(now));
    let roles = held.filter(there).cloned().collect();
    if who.disabled_ms.is_some() {
        return Ok(Json(Why {
            allowed: false,
            reason: format!("{} is switched off", who.name),
            policies: Vec::new(),
            roles,
            roles_that_may,
            call_state: None,
            fingerprint,
        }));
    }
    let program = Program::from(asked.program.as_str());
    let (on, call) = moment(&app, &who, action, &program, &asked);
    let decision = policies.decide(&Ask {
        who: &who.subject(now),
        action,
        on: &on,
        // As if they were signed in, which takes more than one factor.
        mfa: true,
        call: call.as_ref(),
        stated_reason: asked
            .reason
            .as_deref()
            .map(str::trim)
            .filter(|reason| !reason.is_empty()),
    });
    let deciding = policies
        .laws()
        .filter(|law| decision.policies.contains(&law.id));
    Ok(Json(Why {
        allowed: decision.allowed,
        reason: decision.reason,
        policies: deciding
            .map(|law| Deciding {
                id: law.id.clone(),
                says: law.says.clone(),
                forbids: law.forbids,
            })
            .collect(),
        roles,
        roles_that_may,
        call_state: call.map(|call| call.state),
        fingerprint,
    }))
}

/// What it is about, and the call: as asked, or as it is now.
fn moment(
    app: &App,
    who: &Principal,
    action: Action,
    program: &Program,
    asked: &Asked,
) -> (Target, Option<CallNow>) {
    let on = match (action.example(program), &asked.customer) {
        (Target::CustomerRecord { program, .. }, Some(customer)) => Target::CustomerRecord {
            program,
            customer: customer.clone(),
        },
        (on, _) => on,
    };
    let Target::CustomerRecord { program, .. } = &on else {
        return (on, None);
    };
    let call = match &asked.call {
        Some(state) => CallNow {
            state: state.clone(),
            same_customer: asked.same_customer,
            ..CallNow::default()
        },
        None => {
            let agent = who.agent.as_deref();
            let customer = asked.customer.as_deref();
            let known = agent.and_then(|agent| app.access.call(program, agent, customer));
            known.unwrap_or_else(|| CallNow {
                state: "unknown".to_owned(),
                unknown: Some("no_telephony".to_owned()),
                ..CallNow::default()
            })
        }
    };
    (on, Some(call))
}
