//! What there is.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use ringfence_scim::{ScimError, discovery};
use serde_json::{Value, json};

use super::answer::{Answer, document};
use super::base;
use super::list::Asked;
use crate::app::App;

/// `GET /scim/v2/ServiceProviderConfig`.
pub(crate) async fn config(State(app): State<App>) -> Answer {
    let config = discovery::service_provider_config(&base(&app));
    Ok(document(StatusCode::OK, &config))
}

/// `GET /scim/v2/ResourceTypes`.
pub(crate) async fn resource_types(State(app): State<App>, asked: Query<Asked>) -> Answer {
    all(discovery::resource_types(&base(&app)), &asked)
}

/// `GET /scim/v2/ResourceTypes/{id}`.
pub(crate) async fn resource_type(State(app): State<App>, Path(id): Path<String>) -> Answer {
    one(discovery::resource_types(&base(&app)), &id)
}

/// `GET /scim/v2/Schemas`.
pub(crate) async fn schemas(State(app): State<App>, asked: Query<Asked>) -> Answer {
    all(discovery::schemas(&base(&app)), &asked)
}

/// `GET /scim/v2/Schemas/{id}`.
pub(crate) async fn schema(State(app): State<App>, Path(id): Path<String>) -> Answer {
    one(discovery::schemas(&base(&app)), &id)
}

fn all(documents: Vec<Value>, asked: &Asked) -> Answer {
    // RFC 7644, section 4: a filter is refused, since nobody could rely on it.
    if asked.filter.is_some() {
        return Err(ScimError::new(403, "what there is cannot be filtered").into());
    }
    let answer = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": documents.len(),
        "startIndex": 1,
        "itemsPerPage": documents.len(),
        "Resources": documents,
    });
    Ok(document(StatusCode::OK, &answer))
}

fn one(documents: Vec<Value>, id: &str) -> Answer {
    let found = documents.iter().find(|document| document["id"] == id);
    match found {
        Some(found) => Ok(document(StatusCode::OK, found)),
        None => Err(ScimError::new(404, format!("there is no `{id}`")).into()),
    }
}
