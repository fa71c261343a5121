//! The OpenID AuthZEN Authorization API 1.0 over HTTPS (section 10): decisions for other applications.
//!
//! The status is about the request; a denial is an answer like any other (200, `decision: false`).
//! What is wrong with a request is 400 whatever it is, since a client of the specification knows no
//! other.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as AxumState;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ringfence_access::{Asker, Evaluation, Fault, Search, Several};
use ringfence_state::Scope;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::auth::Person;

/// Echoed, so that both sides find a request in their logs (section 10.1.3).
const REQUEST_ID: &str = "x-request-id";

/// `GET /.well-known/authzen-configuration` (section 9): where to ask.
pub(crate) async fn configuration(AxumState(app): AxumState<App>) -> Response {
    // Never from what the request says of itself.
    let base = app.inside.public_url();
    let at = |path: &str| format!("{base}/access/v1/{path}");
    let document = json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": at("evaluation"),
        "access_evaluations_endpoint": at("evaluations"),
        "search_subject_endpoint": at("search/subject"),
        "search_resource_endpoint": at("search/resource"),
        "search_action_endpoint": at("search/action"),
    });
    Json(document).into_response()
}

/// `POST /access/v1/evaluation` (section 6).
pub(crate) async fn evaluation(
    AxumState(app): AxumState<App>,
    person: Person,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = read(&headers, &body, Evaluation::read)
        .and_then(|asked| app.access.evaluate(&asker(&person), &asked));
    answered(&headers, answer)
}

/// `POST /access/v1/evaluations` (section 7).
pub(crate) async fn evaluations(
    AxumState(app): AxumState<App>,
    person: Person,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = read(&headers, &body, Several::read)
        .and_then(|asked| app.access.evaluate_several(&asker(&person), &asked));
    match answer {
        Ok(Ok(several)) => answered(&headers, Ok(several)),
        Ok(Err(one)) => answered(&headers, Ok(one)),
        Err(fault) => answered::<()>(&headers, Err(fault)),
    }
}

/// `POST /access/v1/search/subject` (section 8.4).
pub(crate) async fn search_subject(
    AxumState(app): AxumState<App>,
    person: Person,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    search(&app, &person, &headers, &body, Search::subject)
}

/// `POST /access/v1/search/resource` (section 8.5).
pub(crate) async fn search_resource(
    AxumState(app): AxumState<App>,
    person: Person,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    search(&app, &person, &headers, &body, Search::resource)
}

/// `POST /access/v1/search/action` (section 8.6).
pub(crate) async fn search_action(
    AxumState(app): AxumState<App>,
    person: Person,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    search(&app, &person, &headers, &body, Search::action)
}

fn search(
    app: &App,
    person: &Person,
    headers: &HeaderMap,
    body: &[u8],
    of: fn(&[u8]) -> Result<Search, Fault>,
) -> Response {
    let answer =
        read(headers, body, of).and_then(|asked| app.access.search(&asker(person), &asked));
    answered(headers, answer)
}

fn read<T>(
    headers: &HeaderMap,
    body: &[u8],
    of: fn(&[u8]) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Fault("the content type is `application/json`".to_owned()));
    }
    of(body)
}

fn asker(person: &Person) -> Asker {
    let (everywhere, programs) = match person.scope() {
        Scope::All => (true, Default::default()),
        Scope::Programs(programs) => (false, programs.clone()),
    };
    Asker {
        name: person.name().to_owned(),
        programs,
        everywhere,
    }
}

fn answered<T: Serialize>(headers: &HeaderMap, answer: Result<T, Fault>) -> Response {
    let mut response = match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(Fault(detail)) => (StatusCode::BAD_REQUEST, Json(detail)).into_response(),
    };
    if let Some(id) = headers.get(REQUEST_ID) {
        let id: HeaderValue = id.clone();
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
