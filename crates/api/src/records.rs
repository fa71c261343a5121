//! One event with its record as it came.

use axum::Json;
use axum::extract::{Path, State as AxumState};
use serde::Serialize;

use crate::app::App;
use crate::auth::Person;
use crate::problem::Problem;
use crate::rows::{Row, TimelineEvent, ask, columns, literal};

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Record {
    event: TimelineEvent,
    raw: String,
}

/// `GET /api/v1/records/{id}`.
pub(crate) async fn get(
    AxumState(app): AxumState<App>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Json<Record>, Problem> {
    if id.len() > 256 {
        return Err(Problem::not_found("no event has such an id"));
    }
    let sql = format!(
        "SELECT {}, raw FROM events WHERE event_id = {} ORDER BY spine_offset LIMIT 1",
        columns(),
        literal(&id)
    );
    let row: Option<Row> = ask(&app, &person, sql, 1).await?.into_iter().next();
    let mut row = row.ok_or_else(|| Problem::not_found("no event has this id"))?;
    let raw = row.raw.take().unwrap_or_default();
    Ok(Json(Record {
        event: row.into(),
        raw,
    }))
}
