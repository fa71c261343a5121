//! Groups. What their members may do is decided by people here (`crate::groups`).

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ringfence_scim::{GROUP, Object, ResourceType, ScimError, Selection, patch as patched};
use ringfence_state::{Group, NewGroup};
use serde_json::{Value, json};

use super::answer::{Answer, Failed, moment, read, resource};
use super::base;
use super::list::{Asked, filtered};
use super::told;
use crate::app::App;
use crate::auth::Person;

/// `GET /scim/v2/Groups`.
pub(crate) async fn list(State(app): State<App>, asked: Query<Asked>) -> Answer {
    let found = find(&app, &asked, &base(&app)).await?;
    Ok(asked.page(found))
}

/// `POST /scim/v2/Groups/.search`.
pub(crate) async fn search(State(app): State<App>, body: Bytes) -> Answer {
    let asked = Asked::in_body(&body)?;
    let found = find(&app, &asked, &base(&app)).await?;
    Ok(asked.page(found))
}

/// Groups that meet a filter. Their members, who may be thousands, are read only when something needs
/// them.
pub(super) async fn find(
    app: &App,
    asked: &Asked,
    base: &str,
) -> Result<Vec<(&'static ResourceType, Object)>, Failed> {
    let filter = asked.filter(&GROUP)?;
    let filter = filter.as_ref();
    let name = filter.and_then(|filter| filter.only("displayName"));
    let needed = asked.selection().wants(&GROUP, "members") || filter.is_some() && name.is_none();
    let groups = app.state.directory_groups(name, needed).await?;
    let all = groups.iter().map(|group| shown(group, base));
    Ok(filtered(&GROUP, filter.filter(|_| name.is_none()), all))
}

/// `GET /scim/v2/Groups/{id}`.
pub(crate) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Query<Asked>,
) -> Answer {
    let group = app.state.directory_group(&id).await?;
    Ok(answer(StatusCode::OK, &app, &group, &asked.selection()))
}

/// `POST /scim/v2/Groups`.
pub(crate) async fn create(
    State(app): State<App>,
    by: Person,
    asked: Query<Asked>,
    body: Bytes,
) -> Answer {
    let new = new(&ringfence_scim::read(&GROUP, &read(&body)?)?)?;
    let made = app.state.create_group(&new, app.inside.now().0).await?;
    told::group_made(&app, &by, &made).await?;
    Ok(answer(StatusCode::CREATED, &app, &made, &asked.selection()))
}

/// `PUT /scim/v2/Groups/{id}`.
pub(crate) async fn change(
    State(app): State<App>,
    by: Person,
    Path(id): Path<String>,
    asked: Query<Asked>,
    body: Bytes,
) -> Answer {
    let new = new(&ringfence_scim::read(&GROUP, &read(&body)?)?)?;
    changed(&app, &by, &id, &asked, |_| Ok(new)).await
}

/// `PATCH /scim/v2/Groups/{id}`.
pub(crate) async fn patch(
    State(app): State<App>,
    by: Person,
    Path(id): Path<String>,
    asked: Query<Asked>,
    body: Bytes,
) -> Answer {
    let request = read(&body)?;
    changed(&app, &by, &id, &asked, |before| {
        new(&patched(&GROUP, &document(before), &request)?)
    })
    .await
}

async fn changed(
    app: &App,
    by: &Person,
    id: &str,
    asked: &Asked,
    change: impl FnOnce(&Group) -> Result<NewGroup, Failed> + Send,
) -> Answer {
    let now = app.inside.now().0;
    let change = app.state.change_group(id, now, change).await?;
    told::group_changed(app, by, &change).await?;
    Ok(answer(
        StatusCode::OK,
        app,
        &change.after,
        &asked.selection(),
    ))
}

/// `DELETE /scim/v2/Groups/{id}`.
pub(crate) async fn remove(State(app): State<App>, by: Person, Path(id): Path<String>) -> Answer {
    let held = told::roles_of(&app, &id).await?;
    let gone = app.state.remove_group(&id).await?;
    told::group_removed(&app, &by, &gone, &held).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn answer(status: StatusCode, app: &App, group: &Group, selection: &Selection) -> Response {
    let mut shown = shown(group, &base(app));
    selection.apply(&GROUP, &mut shown);
    resource(status, &shown.into())
}

/// What the directory said.
fn document(group: &Group) -> Object {
    let mut object = Object::new();
    object.insert("displayName".to_owned(), group.name.as_str().into());
    if let Some(id) = &group.external_id {
        object.insert("externalId".to_owned(), id.as_str().into());
    }
    if !group.members.is_empty() {
        let members = group.members.keys().map(|id| json!({ "value": id }));
        object.insert("members".to_owned(), members.collect());
    }
    object
}

/// The whole resource.
fn shown(group: &Group, base: &str) -> Object {
    let id = &group.id;
    let mut all = Object::new();
    all.insert("schemas".to_owned(), json!([GROUP.schema_id()]));
    all.insert("id".to_owned(), id.as_str().into());
    all.extend(document(group));
    if !group.members.is_empty() {
        let members = group.members.keys();
        let members = members.map(|id| json!({"value": id, "$ref": format!("{base}/Users/{id}")}));
        all.insert("members".to_owned(), members.collect());
    }
    all.insert(
        "meta".to_owned(),
        json!({
            "resourceType": GROUP.name,
            "created": moment(group.made_ms),
            "lastModified": moment(group.changed_ms),
            "location": format!("{base}/Groups/{id}"),
        }),
    );
    all
}

/// What a document says of a group.
fn new(document: &Object) -> Result<NewGroup, Failed> {
    let text = |name: &str| {
        let text = document.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let none = Vec::new();
    let members = document.get("members").and_then(Value::as_array);
    let mut ids = BTreeSet::new();
    for member in members.unwrap_or(&none) {
        // Some name a member by its address only.
        let id = member.get("value").and_then(Value::as_str);
        let address = member.get("$ref").and_then(Value::as_str);
        let id = id.or_else(|| address?.rsplit('/').next());
        let id = id.ok_or_else(|| ScimError::value("members: a member has no `value`"))?;
        ids.insert(id.to_owned());
    }
    Ok(NewGroup {
        name: text("displayName").unwrap_or_default(),
        external_id: text("externalId"),
        members: ids,
    })
}
