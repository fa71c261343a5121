//! Upkeep of the lake.

use axum::Json;
use axum::extract::State as AxumState;
use ringfence_lake::Erasable;
use ringfence_state::Scope;
use serde::Deserialize;
use serde_json::Value;

use crate::app::{App, UpkeepJob};
use crate::auth::Person;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::trail::{self, Said};

/// A job with nothing to say but whether it is meant.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plain {
    #[serde(default)]
    dry_run: bool,
}

/// An erasure.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Erase {
    key: String,
    value: String,
    #[serde(default)]
    program: Option<String>,
    /// There is no default: whoever erases says that it is meant.
    dry_run: bool,
}

/// `GET /api/v1/lake`.
pub(crate) async fn status(AxumState(app): AxumState<App>) -> Result<Json<Value>, Problem> {
    done(&app, UpkeepJob::Status).await
}

/// `POST /api/v1/lake/compact`.
pub(crate) async fn compact(AxumState(app): AxumState<App>) -> Result<Json<Value>, Problem> {
    trail::say(Said::new("small files of the lake were merged"));
    done(&app, UpkeepJob::Compact).await
}

/// `POST /api/v1/lake/vacuum`.
pub(crate) async fn vacuum(
    AxumState(app): AxumState<App>,
    asked: Body<Plain>,
) -> Result<Json<Value>, Problem> {
    let Plain { dry_run } = read(asked)?;
    trail::say(
        Said::new("files of the lake that were replaced were deleted").with("dry_run", dry_run),
    );
    done(&app, UpkeepJob::Vacuum { dry_run }).await
}

/// `POST /api/v1/lake/retain`.
pub(crate) async fn retain(
    AxumState(app): AxumState<App>,
    person: Person,
    asked: Body<Plain>,
) -> Result<Json<Value>, Problem> {
    let Plain { dry_run } = read(asked)?;
    let by = person.name().to_owned();
    trail::say(Said::new("rows whose time is over were taken out").with("dry_run", dry_run));
    done(&app, UpkeepJob::Retain { dry_run, by }).await
}

/// `POST /api/v1/lake/erase`.
pub(crate) async fn erase(
    AxumState(app): AxumState<App>,
    person: Person,
    asked: Body<Erase>,
) -> Result<Json<Value>, Problem> {
    let asked = read(asked)?;
    let Some(key) = Erasable::of(&asked.key) else {
        let known = Erasable::ALL.map(Erasable::column).join("`, `");
        let detail = format!("`key` is one of `{known}`");
        return Err(Problem::bad_request(detail));
    };
    if asked.value.is_empty() {
        return Err(Problem::bad_request("`value` is empty"));
    }
    let inside = |program: &String| person.scope().allows(program);
    if !asked
        .program
        .as_ref()
        .map_or(*person.scope() == Scope::All, inside)
    {
        let detail = "`program` is one that you may erase in; without it the erasure is in all";
        return Err(Problem::forbidden(detail));
    }
    // Not the value: it names a person, and what is erased shall be nowhere.
    let said = Said::new(format!("rows of one {} were erased", asked.key));
    let said = said.program(asked.program.as_deref().unwrap_or_default());
    trail::say(said.with("dry_run", asked.dry_run));
    let job = UpkeepJob::Erase {
        key,
        value: asked.value,
        program: asked.program,
        dry_run: asked.dry_run,
        by: person.name().to_owned(),
    };
    done(&app, job).await
}

async fn done(app: &App, job: UpkeepJob) -> Result<Json<Value>, Problem> {
    Ok(Json(app.inside.upkeep(job).await?))
}
