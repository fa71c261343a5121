//! Policies in force, and what whoever asks may do by them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as AxumState;
use ringfence_policy::{ACTIONS, Law, Role};
use ringfence_state::Held;
use serde::Serialize;

use crate::app::App;
use crate::auth::Person;
use crate::gate::rights;

/// What is in force.
#[derive(Debug, Serialize)]
pub(crate) struct InForce {
    /// SHA-256 of all policies.
    fingerprint: Arc<str>,
    items: Vec<Law>,
    actions: Vec<ForWhom>,
}

/// An action and the roles that it is for.
#[derive(Debug, Serialize)]
pub(crate) struct ForWhom {
    action: &'static str,
    words: &'static str,
    roles: Vec<Role>,
}

/// `GET /api/v1/policies`.
pub(crate) async fn list(AxumState(app): AxumState<App>) -> Json<InForce> {
    let policies = app.access.policies();
    let actions = ACTIONS.iter().map(|action| ForWhom {
        action: action.name(),
        words: action.words(),
        roles: policies.could(*action).to_vec(),
    });
    Json(InForce {
        fingerprint: Arc::clone(policies.fingerprint()),
        items: policies.laws().cloned().collect(),
        actions: actions.collect(),
    })
}

/// What somebody may do.
#[derive(Debug, Serialize)]
pub(crate) struct Mine {
    roles: Vec<Held>,
    rights: Vec<Right>,
}

/// A right and where it holds.
#[derive(Debug, Serialize)]
pub(crate) struct Right {
    action: &'static str,
    words: &'static str,
    /// In all programs, and for the installation as a whole.
    everywhere: bool,
    programs: Vec<String>,
}

/// `GET /api/v1/access`: what whoever asks may do here.
pub(crate) async fn mine(AxumState(app): AxumState<App>, person: Person) -> Json<Mine> {
    let now = app.inside.now().0;
    let roles = person.principal.roles.iter();
    let rights = rights(&app, &person.principal).into_iter();
    let rights = rights.map(|(action, granted)| Right {
        action: action.name(),
        words: action.words(),
        everywhere: granted.everywhere,
        programs: granted.programs.into_iter().collect(),
    });
    Json(Mine {
        roles: roles.filter(|held| held.is_held_at(now)).cloned().collect(),
        rights: rights.collect(),
    })
}
