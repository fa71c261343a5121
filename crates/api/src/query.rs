//! SQL over the lake.

use axum::body::Body as HttpBody;
use axum::extract::State as AxumState;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream::BoxStream;
use ringfence_crypto::sha256_hex;
use ringfence_event::clip;
use ringfence_lake::{QueryError, Scope};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::auth::Person;
use crate::object::{Body, read};
use crate::problem::Problem;
use crate::sql_shape::shape;
use crate::trail::{self, Said};

/// Bytes of a query's shape that stay in the record of who asked it; its digest stands for the rest.
const MOST_SQL: usize = 8 << 10;

/// Answers queries; behind it is a process of its own.
#[async_trait::async_trait]
pub trait Queries: Send + Sync + 'static {
    /// Answers one `SELECT` over `events` with a JSON document: `columns`, `rows`, `truncated`.
    /// Dropping the answer, or this call, stops the query.
    ///
    /// # Errors
    /// Why there is no answer.
    async fn query(
        &self,
        sql: String,
        scope: Scope,
        limits: ringfence_lake::Limits,
    ) -> Result<Document, QueryError>;
}

/// A JSON document, whole or as it comes.
pub enum Document {
    /// All of it.
    Whole(Bytes),
    /// A long one. An error in the middle breaks the answer off, which the reader notices by the
    /// missing end of the HTTP body.
    Long(BoxStream<'static, std::io::Result<Bytes>>),
}

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
) -> Result<Response, Problem> {
    let asked = read(asked)?;
    let shape = shape(&asked.sql);
    let digest = sha256_hex(shape.as_bytes());
    let said = Said::new("events were queried").to(digest.get(..16).unwrap_or_default(), "query");
    let sql = clip(&shape, MOST_SQL);
    trail::say(said.with("query_info", json!({"query_string": sql, "uid": digest})));
    document(&app, &person, asked.sql, asked.limit).await
}

/// The answer to a query of `person`, with at most so many rows.
pub(crate) async fn document(
    app: &App,
    person: &Person,
    sql: String,
    most: Option<usize>,
) -> Result<Response, Problem> {
    let mut limits = app.limits.query.clone();
    if let Some(rows) = most {
        limits.rows = limits.rows.min(rows);
    }
    let scope = match person.scope() {
        ringfence_state::Scope::All => Scope::All,
        ringfence_state::Scope::Programs(set) => Scope::Programs(set.clone()),
    };
    let body = match app.queries.query(sql, scope, limits).await? {
        Document::Whole(bytes) => HttpBody::from(bytes),
        Document::Long(pieces) => HttpBody::from_stream(pieces),
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
