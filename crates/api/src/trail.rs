//! What a request leaves behind: whoever changes something leaves one entry in the evidence log, whoever
//! reads what is about others leaves that they did.
//!
//! That it will be done stands in the event log before it is done, so that a crash in between leaves a
//! trace, too. Then a handler tells an event of what it did; where it tells none, the gate does.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::RawPathParams;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{RequestExt as _, extract::Request};
use ringfence_crypto::{random_array, to_hex};
use ringfence_event::{Own, clip};
use ringfence_state::Scope;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::acts;
use crate::app::App;
use crate::auth::{Peer, Person};
use crate::problem::Problem;

/// OCSF API Activity.
const API_ACTIVITY: u32 = 6003;
/// Bytes of what somebody asked for, in a path or a query string.
const MOST_ASKED: usize = 1_000;

/// What a route leaves in the evidence log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing, or what its own protocol says: sign-ins, decisions, what sources send.
    Nothing,
    /// That somebody read what is about others; often the same in a minute is one entry and a count.
    Read,
    /// What somebody changed: one entry for each request.
    Act,
}

/// What a handler adds to the event that the gate tells for it.
#[derive(Debug, Default)]
pub(crate) struct Said {
    message: String,
    resource: Option<(String, String)>,
    program: String,
    more: Map<String, Value>,
}

impl Said {
    /// What was done, in words: `webhook W was made`.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// To what: its id and name.
    pub(crate) fn to(mut self, id: &str, name: &str) -> Self {
        self.resource = Some((id.to_owned(), name.to_owned()));
        self
    }

    /// What it was, and what it is.
    pub(crate) fn change(self, before: &impl Serialize, after: &impl Serialize) -> Self {
        let change = json!({"before": before, "after": after});
        self.with("change", change)
    }

    /// In a program.
    pub(crate) fn program(mut self, program: &str) -> Self {
        program.clone_into(&mut self.program);
        self
    }

    /// With what it is now, or was; never a secret.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }
}

/// Says what the request that is being answered did, for the event that the gate tells of it.
pub(crate) fn say(said: Said) {
    let _ = NOW.try_with(|trail| {
        *trail.said.lock().unwrap_or_else(PoisonError::into_inner) = said;
    });
}

/// Puts on an event of which request it is, and from which address that came.
pub(crate) fn stamp(own: Own) -> Own {
    let stamped = NOW.try_with(|trail| {
        trail.told.store(true, Ordering::Relaxed);
        trail.stamp(own.clone())
    });
    stamped.unwrap_or(own)
}

tokio::task_local! {
    static NOW: Arc<Trail>;
}

/// A request under way.
pub(crate) struct Trail {
    uid: String,
    actor: Value,
    program: String,
    method: Method,
    route: &'static str,
    asked: String,
    address: Option<IpAddr>,
    told: AtomicBool,
    said: Mutex<Said>,
}

impl Trail {
    /// The trail of a request that a person or service may make.
    pub(crate) async fn of(
        route: &'static str,
        parts: &mut Parts,
        person: &Person,
    ) -> Result<Arc<Self>, Problem> {
        let uid = random_array::<8>().map_err(|e| Problem::internal(&e))?;
        let peer = parts.extensions.get::<Peer>();
        let address = peer.map(|peer| peer.address.ip().to_canonical());
        let asked = asked(parts).await;
        let program = match person.scope() {
            Scope::Programs(only) if only.len() == 1 => only.first().cloned(),
            _ => None,
        };
        Ok(Arc::new(Self {
            uid: to_hex(&uid),
            actor: json!({"user": {"uid": person.id(), "name": person.name()}}),
            program: program.unwrap_or_default(),
            method: parts.method.clone(),
            route,
            asked,
            address,
            told: AtomicBool::new(false),
            said: Mutex::default(),
        }))
    }

    /// Answers a request that changes something. What is begun goes on to its end, and to its event, when
    /// its asker does not wait for it. What `must` be recorded is not done where it cannot be.
    pub(crate) async fn act(
        self: Arc<Self>,
        app: App,
        must: bool,
        work: impl Future<Output = Response> + Send + 'static,
    ) -> Result<Response, Problem> {
        let answered = tokio::spawn(async move {
            let begun = self.event(&app, "request", StatusCode::ACCEPTED);
            let begun = begun
                .message(format!("{} was asked for", self.operation()))
                .with("status_id", 0);
            match app.sink.intend(&self.uid, begun.event()).await {
                Ok(()) => {}
                Err(error) if must => {
                    let detail = "nothing is changed while the event log cannot be written";
                    return Err(Problem::unavailable(format!("{detail}: {error}")));
                }
                Err(error) => tracing::error!(%error, "what is begun could not be taken down"),
            }
            // Of a handler that panics the log shall know, too.
            let done = tokio::spawn(NOW.scope(Arc::clone(&self), work)).await;
            let response = done.unwrap_or_else(|e| Problem::internal(&e).into_response());
            self.close(&app, response.status()).await?;
            Ok(response)
        });
        answered
            .await
            .unwrap_or_else(|error| Err(Problem::internal(&error)))
    }

    /// Answers a request that reads. That nobody could take it down keeps nobody from working.
    pub(crate) async fn read(
        self: Arc<Self>,
        app: &App,
        work: impl Future<Output = Response>,
    ) -> Response {
        let response = NOW.scope(Arc::clone(&self), work).await;
        if response.status().is_success() {
            let own = self.stamp(self.event(app, "read", response.status()));
            if let Err(error) = app.sink.own(own.event()).await {
                tracing::error!(%error, "who read what could not be taken down");
            }
        }
        response
    }

    /// Tells what was done where its handler did not.
    async fn close(&self, app: &App, status: StatusCode) -> Result<(), Problem> {
        if self.told.load(Ordering::Relaxed) {
            return Ok(());
        }
        let own = self.stamp(self.event(app, "request", status));
        match status.is_success() || status.is_redirection() {
            true => acts::settle(app, own).await,
            false => acts::log(app, own).await,
        }
    }

    fn event(&self, app: &App, part: &str, status: StatusCode) -> Own {
        let activity = match (part, &self.method) {
            ("read", _) => 2,
            (_, &Method::POST) => 1,
            (_, &Method::DELETE) => 4,
            _ => 3,
        };
        let done = status.is_success() || status.is_redirection();
        let operation = self.operation();
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let message = match (done, said.message.as_str()) {
            (false, _) => format!("{operation} was answered with {}", status.as_u16()),
            (true, "") => operation.clone(),
            (true, message) => message.to_owned(),
        };
        let program = match said.program.as_str() {
            "" => &self.program,
            program => program,
        };
        let resource = match &said.resource {
            Some((id, name)) => json!({"uid": id, "name": name}),
            None => json!({"uid": self.asked}),
        };
        let own = Own::new(part, API_ACTIVITY, activity, app.inside.now())
            .program(program)
            .message(message)
            .with("actor", self.actor.clone())
            .with("api", json!({"operation": operation}))
            .with("http_response", json!({"code": status.as_u16()}))
            .with("resources", json!([resource]))
            .with("status_id", if done { 1 } else { 2 });
        let own = match done {
            true => own,
            false => own.with("status_detail", operation),
        };
        said.more
            .iter()
            .fold(own, |own, (name, value)| own.with(name, value.clone()))
    }

    fn operation(&self) -> String {
        format!("{} {}", self.method, self.route)
    }

    fn stamp(&self, own: Own) -> Own {
        let asked = json!({
            "uid": self.uid, "http_method": self.method.as_str(), "url": {"path": self.route},
        });
        let own = own.with("http_request", asked);
        match self.address {
            Some(ip) => own.with("src_endpoint", json!({"ip": ip.to_string()})),
            None => own,
        }
    }
}

/// What a request is about, as far as its address says it.
async fn asked(parts: &mut Parts) -> String {
    let mut bare = Request::default();
    *bare.extensions_mut() = parts.extensions.clone();
    let mut words: Vec<String> = match bare.extract_parts::<RawPathParams>().await {
        Ok(params) => params.iter().map(|(_, value)| value.to_owned()).collect(),
        Err(_) => Vec::new(),
    };
    words.extend(parts.uri.query().map(|query| format!("?{query}")));
    clip(&words.join("/"), MOST_ASKED).into_owned()
}
