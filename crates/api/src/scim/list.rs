//! Lists: filtered, in pages, with the attributes that were asked for.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ringfence_scim::discovery::MOST_RESULTS;
use ringfence_scim::{Filter, Object, ResourceType, ScimError, Selection};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, Failed, document, read};
use super::{base, groups, users};
use crate::app::App;

/// Parameters in an address.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    pub(super) filter: Option<String>,
    pub(super) start_index: Option<i64>,
    pub(super) count: Option<i64>,
    pub(super) attributes: Option<String>,
    pub(super) excluded_attributes: Option<String>,
}

impl Asked {
    pub(super) fn selection(&self) -> Selection {
        let excluded = self.excluded_attributes.as_deref();
        Selection::new(self.attributes.as_deref(), excluded)
    }

    pub(super) fn filter(&self, of: &'static ResourceType) -> Result<Option<Filter>, ScimError> {
        let text = self.filter.as_deref();
        text.map(|text| Filter::parse(of, text)).transpose()
    }

    /// The same in the body of a search (RFC 7644, section 3.4.3).
    pub(super) fn in_body(body: &Bytes) -> Result<Self, Failed> {
        let body = read(body)?;
        let wrong = |name: &str| ScimError::value(format!("{name}: is of the wrong kind"));
        let text = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(wrong(name)),
        };
        let number = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong(name)),
        };
        let names = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(names)) if names.iter().all(Value::is_string) => {
                let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
                Ok(Some(names.join(",")))
            }
            Some(_) => Err(wrong(name)),
        };
        Ok(Self {
            filter: text("filter")?,
            start_index: number("startIndex")?,
            count: number("count")?,
            attributes: names("attributes")?,
            excluded_attributes: names("excludedAttributes")?,
        })
    }

    /// The page of what was found.
    pub(super) fn page(&self, found: Vec<(&'static ResourceType, Object)>) -> Response {
        let total = found.len();
        let start = self.start_index.unwrap_or(1).max(1);
        let count = self.count.map_or(MOST_RESULTS, |count| {
            usize::try_from(count.max(0)).unwrap_or(MOST_RESULTS)
        });
        let skipped = usize::try_from(start - 1).unwrap_or(usize::MAX);
        let selection = self.selection();
        let page = found
            .into_iter()
            .skip(skipped)
            .take(count.min(MOST_RESULTS));
        let page: Vec<Value> = page
            .map(|(of, mut resource)| {
                selection.apply(of, &mut resource);
                resource.into()
            })
            .collect();
        let answer = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": page.len(),
            "Resources": page,
        });
        document(StatusCode::OK, &answer)
    }
}

/// `POST /scim/v2/.search`: users and groups.
pub(crate) async fn search_all(State(app): State<App>, body: Bytes) -> Answer {
    let asked = Asked::in_body(&body)?;
    let base = base(&app);
    let mut found = users::find(&app, &asked, &base).await?;
    found.extend(groups::find(&app, &asked, &base).await?);
    Ok(asked.page(found))
}

/// What of a list meets a filter.
pub(super) fn filtered(
    of: &'static ResourceType,
    filter: Option<&Filter>,
    all: impl Iterator<Item = Object>,
) -> Vec<(&'static ResourceType, Object)> {
    let meets = |object: &Object| filter.is_none_or(|filter| filter.matches(object));
    all.filter(meets).map(|object| (of, object)).collect()
}
