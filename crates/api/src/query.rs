//! SQL over the lake.

use axum::Json;
use axum::extract::State as AxumState;
use ringfence_lake::{QueryResult, Scope};
use serde::Deserialize;

use crate::app::App;
use crate::auth::Person;
use crate::object::{Body, read};
use crate::problem::Problem;

/// A query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    sql: String,
    /// Rows of the answer, below the server's own limit.
    #[serde(default)]
    limit: Option<usize>,
}

/// `POST /api/v1/query`.
pub(crate) async fn post(
    AxumState(app): AxumState<App>,
    person: Person,
    asked: Body<Asked>,
) -> Result<Json<QueryResult>, Problem> {
    let asked = read(asked)?;
    let mut limits = app.limits.query.clone();
    if let Some(rows) = asked.limit {
        limits.rows = limits.rows.min(rows);
    }
    let scope = match person.scope() {
        ringfence_state::Scope::All => Scope::All,
        ringfence_state::Scope::Programs(set) => Scope::Programs(set.clone()),
    };
    Ok(Json(app.lake.query(&asked.sql, scope, limits).await?))
}
