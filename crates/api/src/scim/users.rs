//! Users: the people whom a directory looks after.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ringfence_identity::Login;
use ringfence_scim::{AGENT_EXTENSION, Object, ResourceType, ScimError, USER, patch as patched};
use ringfence_state::{DirectoryPerson, Error, Said};
use serde_json::{Value, json};

use super::answer::{Answer, Failed, moment, read, resource};
use super::base;
use super::list::{Asked, filtered};
use super::told;
use crate::app::App;
use crate::auth::Person;

/// Longest name that lists show, characters.
const MOST_NAME: usize = 128;

/// `GET /scim/v2/Users`.
pub(crate) async fn list(State(app): State<App>, asked: Query<Asked>) -> Answer {
    let found = find(&app, &asked, &base(&app)).await?;
    Ok(asked.page(found))
}

/// `POST /scim/v2/Users/.search`.
pub(crate) async fn search(State(app): State<App>, body: Bytes) -> Answer {
    let asked = Asked::in_body(&body)?;
    let found = find(&app, &asked, &base(&app)).await?;
    Ok(asked.page(found))
}

/// Users that meet a filter. What directories ask for most, one name, is looked up.
pub(super) async fn find(
    app: &App,
    asked: &Asked,
    base: &str,
) -> Result<Vec<(&'static ResourceType, Object)>, Failed> {
    let filter = asked.filter(&USER)?;
    let filter = filter.as_ref();
    // What is no sign-in name is nobody's.
    let login = match filter
        .and_then(|filter| filter.only("userName"))
        .map(Login::parse)
    {
        Some(Err(_)) => return Ok(Vec::new()),
        Some(Ok(login)) => Some(login),
        None => None,
    };
    let external = filter.and_then(|filter| filter.only("externalId"));
    let people = app.state.directory_people(login.as_ref(), external).await?;
    let all = people.iter().map(|person| shown(person, base));
    // Another spelling of a name is the same name.
    let filter = filter.filter(|_| login.is_none());
    Ok(filtered(&USER, filter, all))
}

/// `GET /scim/v2/Users/{id}`.
pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Query<Asked>,
) -> Answer {
    let person = app.state.directory_person(&id).await?;
    Ok(answer(StatusCode::OK, &app, &person, &asked))
}

/// `POST /scim/v2/Users`.
pub(crate) async fn create(
    State(app): State<App>,
    by: Person,
    asked: Query<Asked>,
    body: Bytes,
) -> Answer {
    let document = ringfence_scim::read(&USER, &read(&body)?)?;
    let said = said(document)?;
    let now = app.inside.now().0;
    let made = app.state.directory_create(&said, now).await?;
    told::made(&app, &by, &made).await?;
    Ok(answer(StatusCode::CREATED, &app, &made, &asked))
}

/// `PUT /scim/v2/Users/{id}`.
pub(crate) async fn change(
    State(app): State<App>,
    by: Person,
    Path(id): Path<String>,
    asked: Query<Asked>,
    body: Bytes,
) -> Answer {
    let document = ringfence_scim::read(&USER, &read(&body)?)?;
    let said = said(document)?;
    changed(&app, &by, &id, &asked, |_| Ok(said)).await
}

/// `PATCH /scim/v2/Users/{id}`.
pub(crate) async fn patch(
    State(app): State<App>,
    by: Person,
    Path(id): Path<String>,
    asked: Query<Asked>,
    body: Bytes,
) -> Answer {
    let request = read(&body)?;
    changed(&app, &by, &id, &asked, |before| {
        let mut base = document(before);
        // What the directory does not speak of now is as it said it, and not as people here did.
        if let Some(active) = base.get_mut("active") {
            *active = (!before.off).into();
        }
        let after = patched(&USER, &base, &request)?;
        let removed = base.contains_key("active") && !after.contains_key("active");
        let mut said = said(after)?;
        // Taken away by name, it is what it is for somebody new.
        said.active = said.active.or(removed.then_some(true));
        Ok(said)
    })
    .await
}

async fn changed(
    app: &App,
    by: &Person,
    id: &str,
    asked: &Asked,
    change: impl FnOnce(&DirectoryPerson) -> Result<Said, Failed> + Send,
) -> Answer {
    let now = app.inside.now().0;
    let change = app.state.directory_change(id, now, change).await?;
    told::changed(app, by, &change).await?;
    Ok(answer(StatusCode::OK, app, &change.after, asked))
}

/// `DELETE /scim/v2/Users/{id}`.
pub(crate) async fn remove(State(app): State<App>, by: Person, Path(id): Path<String>) -> Answer {
    let gone = app.state.directory_remove(&id, app.inside.now().0).await?;
    told::removed(&app, &by, &gone).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn answer(status: StatusCode, app: &App, person: &DirectoryPerson, asked: &Asked) -> Response {
    let mut shown = shown(person, &base(app));
    asked.selection().apply(&USER, &mut shown);
    resource(status, &shown.into())
}

/// What the directory said, as far as it is so.
fn document(person: &DirectoryPerson) -> Object {
    let said: Option<Value> = serde_json::from_str(&person.document).ok();
    let mut object = match said {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    };
    // Whoever was handed over to the directory has names that it did not give.
    let own = object
        .get("userName")
        .and_then(Value::as_str)
        .map(Login::parse);
    if own.is_none_or(|own| own.is_ok_and(|own| own.as_str() != person.login)) {
        object.insert("userName".to_owned(), person.login.as_str().into());
        object.insert(
            "displayName".to_owned(),
            person.principal.name.as_str().into(),
        );
    }
    match &person.principal.agent {
        Some(agent) => object.insert(AGENT_EXTENSION.to_owned(), json!({ "agent": agent })),
        None => object.shift_remove(AGENT_EXTENSION),
    };
    match person.principal.disabled_ms {
        Some(_) => drop(object.insert("active".to_owned(), false.into())),
        None => {
            if let Some(active) = object.get_mut("active") {
                *active = true.into();
            }
        }
    }
    object
}

/// The whole resource.
fn shown(person: &DirectoryPerson, base: &str) -> Object {
    let id = &person.principal.id;
    let mut schemas = vec![json!(USER.schema_id())];
    let document = document(person);
    if document.contains_key(AGENT_EXTENSION) {
        schemas.push(AGENT_EXTENSION.into());
    }
    let mut all = Object::new();
    all.insert("schemas".to_owned(), schemas.into());
    all.insert("id".to_owned(), id.as_str().into());
    all.extend(document);
    if !person.groups.is_empty() {
        let groups = person.groups.iter().map(|(id, name)| {
            json!({"value": id, "$ref": format!("{base}/Groups/{id}"), "display": name})
        });
        all.insert("groups".to_owned(), groups.collect());
    }
    all.insert(
        "meta".to_owned(),
        json!({
            "resourceType": USER.name,
            "created": moment(person.made_ms),
            "lastModified": moment(person.changed_ms),
            "location": format!("{base}/Users/{id}"),
        }),
    );
    all
}

/// What a document says of somebody.
fn said(document: Object) -> Result<Said, Failed> {
    let text = |pointer: &[&str]| {
        let mut at = document.get(*pointer.first()?)?;
        for name in pointer.iter().skip(1) {
            at = at.get(name)?;
        }
        let text = at.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let user_name = text(&["userName"]).unwrap_or_default();
    let login = Login::parse(&user_name);
    let login = login.map_err(|e| ScimError::value(format!("userName: {e}")))?;
    let parts = [text(&["name", "givenName"]), text(&["name", "familyName"])];
    let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let name = text(&["displayName"])
        .or_else(|| text(&["name", "formatted"]))
        .or((!parts.is_empty()).then_some(parts))
        .unwrap_or(user_name);
    Ok(Said {
        login,
        name: name
            .chars()
            .take(MOST_NAME)
            .collect::<String>()
            .trim()
            .to_owned(),
        agent: text(&[AGENT_EXTENSION, "agent"]),
        active: document.get("active").and_then(Value::as_bool),
        external_id: text(&["externalId"]),
        document: serde_json::to_string(&document)
            .map_err(|_| Failed::from(Error::Corrupt("user")))?,
    })
}
