//! Elasticsearch's bulk requests: each document gets an answer of its own, and none is called
//! created before it is on disk.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Extension, Path, State as AxumState};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use ringfence_normalise::{BulkAction, BulkItem, Limits};
use ringfence_sources::{Format, Incoming, Naming, Rejection};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::{Peer, Sender};
use crate::elastic::{Failure, Shipper, kind};
use crate::{body, events};

/// Bytes of documents that are handed to the intake together. If it stops taking them, those of
/// the calls before are on disk and their answers say so.
const TOGETHER: usize = 2 << 20;
/// Bodies above this are taken apart on a thread that may take its time.
const LARGE_BODY: usize = 1 << 20;
/// Index of documents that name none, in a request that names none.
const NO_INDEX: &str = "ringfence";

/// `POST /_bulk`.
pub(crate) async fn all(
    state: AxumState<App>,
    shipper: Shipper,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    take(state.0, shipper, peer, NO_INDEX, &headers, body).await
}

/// `POST /{index}/_bulk`: the index of documents that name none.
pub(crate) async fn one(
    state: AxumState<App>,
    shipper: Shipper,
    peer: Option<Extension<Peer>>,
    Path(index): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    take(state.0, shipper, peer, &index, &headers, body).await
}

async fn take(
    app: App,
    Shipper(sender): Shipper,
    peer: Option<Extension<Peer>>,
    index: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let begun = Instant::now();
    let naming = events::naming(headers)?;
    let bytes = body::read(headers, body, &app.limits).await?;
    let items = items(bytes.clone()).await?;
    if items.is_empty() {
        return Err(Failure::bad_request("request body is required"));
    }
    let mut answers: Vec<Answer> = items.iter().map(Answer::at_first).collect();
    let received = app.inside.now();
    let peer = peer.map(|Extension(peer)| peer.address);
    let mut waiting = Waiting::default();
    let mut refused = None;
    for (place, item) in items.iter().enumerate() {
        if !matches!(answers.get(place), Some(Answer::Created)) {
            continue;
        }
        let document = bytes.slice(item.document.clone());
        waiting.size += document.len();
        waiting.places.push(place);
        waiting.records.push(Incoming {
            bytes: document,
            received,
            peer,
            flow: None,
            naming: name(item, index, place, &naming),
            line: item.line as u64,
        });
        if refused.is_none() && waiting.size >= TOGETHER {
            refused = waiting.hand_over(&app, &sender, &mut answers).await;
        }
    }
    if refused.is_none() {
        refused = waiting.hand_over(&app, &sender, &mut answers).await;
    }
    for place in waiting.places {
        if let Some(answer) = answers.get_mut(place) {
            *answer = Answer::Busy;
        }
    }
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Answers {
        took,
        items: &items,
        answers: &answers,
        index,
        refused,
    }
    .into_response())
}

async fn items(bytes: Bytes) -> Result<Vec<BulkItem>, Failure> {
    let large = bytes.len() > LARGE_BODY;
    let read = move || {
        let items = ringfence_normalise::bulk(&bytes, &Limits::default());
        items.map_err(|reject| Failure::bad_request(reject.reason))
    };
    if !large {
        return read();
    }
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|_| Failure::bad_request("the request was not read"))?
}

/// `_id` where the producer sets one, in its index; else the request's key and the place in it.
fn name(item: &BulkItem, index: &str, place: usize, naming: &Naming) -> Naming {
    if let Some(id) = &item.id {
        let index = item.index.as_deref().unwrap_or(index);
        return Naming::Key(Arc::from(format!("_id\0{index}\0{id}")), 0);
    }
    match naming {
        Naming::Key(key, _) => Naming::Key(Arc::clone(key), place as u64),
        other => other.clone(),
    }
}

/// Documents on their way to the intake, and their places in the request.
#[derive(Default)]
struct Waiting {
    records: Vec<Incoming>,
    places: Vec<usize>,
    size: usize,
}

impl Waiting {
    /// Hands them over and notes what became of each. If none is taken now, they stay, and the
    /// reason is returned.
    async fn hand_over(
        &mut self,
        app: &App,
        sender: &Sender,
        answers: &mut [Answer],
    ) -> Option<String> {
        if self.records.is_empty() {
            return None;
        }
        let records = std::mem::take(&mut self.records);
        let taken = app
            .sink
            .submit(&sender.origin, Format::Document, records)
            .await;
        match taken {
            Ok(receipt) => {
                for rejection in receipt.rejected {
                    let nth = usize::try_from(rejection.index).unwrap_or(usize::MAX);
                    if let Some(answer) = self.places.get(nth).and_then(|at| answers.get_mut(*at)) {
                        *answer = Answer::Refused(rejection);
                    }
                }
                *self = Self::default();
                None
            }
            Err(error) => Some(error.to_string()),
        }
    }
}

/// What became of one item.
enum Answer {
    /// On disk, now or before.
    Created,
    /// In quarantine.
    Refused(Rejection),
    /// Not taken now: to be sent again.
    Busy,
    /// Asks for what cannot be.
    Impossible,
}

impl Answer {
    const fn at_first(item: &BulkItem) -> Self {
        match item.action {
            BulkAction::Create | BulkAction::Index => Self::Created,
            BulkAction::Update | BulkAction::Delete => Self::Impossible,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Created => StatusCode::CREATED,
            Self::Refused(rejection) if rejection.code == "class_not_allowed" => {
                StatusCode::FORBIDDEN
            }
            Self::Refused(_) | Self::Impossible => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    fn error(&self) -> Option<Value> {
        let status = self.status();
        let reason = match self {
            Self::Created => return None,
            Self::Refused(rejection) => {
                let (line, reason) = (rejection.line, &rejection.reason);
                let code = rejection.code;
                let kind = match status {
                    StatusCode::FORBIDDEN => kind(status),
                    _ => "document_parsing_exception",
                };
                let reason = format!("[line {line}] {code}: {reason}");
                return Some(json!({"type": kind, "reason": reason}));
            }
            Self::Busy => "not taken now: send it again",
            Self::Impossible => {
                "events are kept as they were sent: there is `create` and `index`, no `update` \
                 and no `delete`"
            }
        };
        Some(json!({"type": kind(status), "reason": reason}))
    }
}

/// The answer to a request.
struct Answers<'a> {
    took: u64,
    items: &'a [BulkItem],
    answers: &'a [Answer],
    index: &'a str,
    /// Why some were not taken.
    refused: Option<String>,
}

impl IntoResponse for Answers<'_> {
    /// Where anything is to be sent again, the status of the whole says so too: some shippers look
    /// at the items only, others at the status only, and neither may lose a document. A shipper
    /// that then sends all again repeats what it gave no `_id`.
    fn into_response(self) -> Response {
        let status = match &self.refused {
            None => StatusCode::OK,
            Some(_) => StatusCode::TOO_MANY_REQUESTS,
        };
        let mut response = (status, axum::Json(self)).into_response();
        if status == StatusCode::TOO_MANY_REQUESTS {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

impl Serialize for Answers<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let pairs = self.items.iter().zip(self.answers);
        let items: Vec<_> = pairs
            .map(|(item, answer)| One {
                item,
                answer,
                index: self.index,
            })
            .collect();
        let errors = self.answers.iter().any(|a| !matches!(a, Answer::Created));
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("took", &self.took)?;
        map.serialize_entry("errors", &errors)?;
        map.serialize_entry("items", &items)?;
        if let Some(reason) = &self.refused {
            let (error, status) = Failure::members(StatusCode::TOO_MANY_REQUESTS, reason);
            map.serialize_entry("error", &error)?;
            map.serialize_entry("status", &status)?;
        }
        map.end()
    }
}

/// One item's answer, under the name of its action.
struct One<'a> {
    item: &'a BulkItem,
    answer: &'a Answer,
    index: &'a str,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(1))?;
        map.serialize_entry(self.item.action.as_str(), &Inner(self))?;
        map.end()
    }
}

struct Inner<'a>(&'a One<'a>);

impl Serialize for Inner<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let One {
            item,
            answer,
            index,
        } = self.0;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("_index", item.index.as_deref().unwrap_or(index))?;
        if let Some(id) = &item.id {
            map.serialize_entry("_id", id)?;
        }
        map.serialize_entry("status", &answer.status().as_u16())?;
        match answer.error() {
            Some(error) => map.serialize_entry("error", &error)?,
            None => {
                map.serialize_entry("_version", &1)?;
                map.serialize_entry("result", "created")?;
                let shards = json!({"total": 1, "successful": 1, "failed": 0});
                map.serialize_entry("_shards", &shards)?;
            }
        }
        map.end()
    }
}
