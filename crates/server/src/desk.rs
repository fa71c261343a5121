//! What the decision desk stands on: the call join of this process, and the log that decisions go to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ringfence_access::{Calls, Decided, Journal};
use ringfence_calls::Standing;
use ringfence_event::{CallState, Event, Own, Time, Unknown};
use ringfence_policy::{Action, CallNow};
use ringfence_sources::Intake;
use ringfence_state::State;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::live::Live;

/// A join that has read the log no further than this knows nothing of now.
const BEHIND_MS: i64 = 15_000;
/// Decisions wait at most so long before they are written.
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// Decisions that wait; more are counted as lost, loudly.
const QUEUE: usize = 100_000;
/// Decisions of one write.
const BATCH: usize = 4_096;
/// OCSF API Activity.
const CLASS: u32 = 6003;
/// OCSF `activity_id` Other: something is decided, nothing is changed.
const OTHER: u8 = 99;

/// The call join, asked about this moment.
pub(crate) struct LiveCalls(pub Arc<Live>);

impl Calls for LiveCalls {
    fn of(&self, program: &str, agent: &str, customer: Option<&str>) -> Option<CallNow> {
        let board = self.0.board()?;
        let now = clock::now();
        // Read first: what is answered then is known at least as far.
        let read = board.now();
        let standing = board.ask(program, agent, customer, now)?;
        Some(call_now(&standing, now.since(read) > BEHIND_MS))
    }

    fn agents(&self, program: &str, most: usize) -> Vec<String> {
        let agents = self.0.board().map(|board| board.agents_of(program));
        let agents = agents.unwrap_or_default().into_iter().take(most);
        agents.map(|agent| agent.to_string()).collect()
    }

    fn customers(&self, program: &str, agent: &str) -> Vec<String> {
        let board = self.0.board();
        let known = board.map(|board| board.customers_of(program, agent, clock::now()));
        known.unwrap_or_default()
    }
}

/// What a decision may rest on: unknown is not none, and what anybody could have forged is unknown.
fn call_now(facts: &Standing, behind: bool) -> CallNow {
    let minutes = facts.minutes_since.filter(|minutes| minutes.is_finite());
    let unknown = |why: &str| CallNow {
        state: "unknown".to_owned(),
        unknown: Some(why.to_owned()),
        ..CallNow::default()
    };
    if behind {
        return unknown("behind");
    }
    let state = match facts.state {
        CallState::Unknown => {
            let why = match facts.reason {
                Some(Unknown::TelephonySilent | Unknown::Settling) => "telephony_silent",
                Some(Unknown::CdrPending) => "cdr_pending",
                Some(Unknown::NoTelephony) => "no_telephony",
                _ => "unknown",
            };
            return unknown(why);
        }
        _ if !facts.trusted => return unknown("unauthenticated"),
        CallState::Live => "live",
        CallState::WrapUp => "wrap_up",
        CallState::None => "none",
    };
    CallNow {
        state: state.to_owned(),
        unknown: None,
        same_customer: facts.same_customer,
        // Whole minutes; a float that large is no time.
        minutes_since: minutes.map(|minutes| minutes.clamp(0.0, 1e9) as i64),
    }
}

/// Takes decisions down behind the answer: at most half a second of them is lost in a crash.
pub(crate) struct Log {
    to: mpsc::Sender<(Time, Decided)>,
    lost: Arc<AtomicU64>,
}

impl Journal for Log {
    fn decided(&self, decided: Decided) {
        if self.to.try_send((clock::now(), decided)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What is to be written.
pub(crate) struct Waiting {
    from: mpsc::Receiver<(Time, Decided)>,
    lost: Arc<AtomicU64>,
}

/// A log, and what is to be written.
pub(crate) fn log() -> (Log, Waiting) {
    let (to, from) = mpsc::channel(QUEUE);
    let lost = Arc::new(AtomicU64::new(0));
    let log = Log {
        to,
        lost: Arc::clone(&lost),
    };
    (log, Waiting { from, lost })
}

/// Writes decisions as events until `cancel`, and then those that are still there.
pub(crate) async fn write(
    Waiting { mut from, lost }: Waiting,
    state: State,
    intake: Arc<Intake>,
    cancel: CancellationToken,
) {
    let mut batch = Vec::new();
    loop {
        let stopping = tokio::select! {
            () = cancel.cancelled() => true,
            () = tokio::time::sleep(WRITE_EVERY) => false,
        };
        while let Ok(one) = from.try_recv() {
            note(&state, &one);
            batch.push(one);
            if batch.len() >= BATCH {
                put(&intake, &mut batch).await;
            }
        }
        put(&intake, &mut batch).await;
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::error!(
                lost,
                "decisions were not taken down: too many waited to be written"
            );
        }
        if stopping {
            return;
        }
    }
}

/// What an agent was let do in an application is a use of their right.
fn note(state: &State, (at, decided): &(Time, Decided)) {
    let (kind, id) = &decided.subject;
    if decided.decision.allowed
        && kind == "agent"
        && let Some(action) = Action::named(&decided.action)
    {
        state.note_right_of_agent(&decided.program, id, action, at.0);
    }
}

async fn put(intake: &Intake, batch: &mut Vec<(Time, Decided)>) {
    if batch.is_empty() {
        return;
    }
    let events: Vec<_> = batch.drain(..).map(|(at, one)| event(&one, at)).collect();
    let count = events.len();
    if let Err(error) = intake.own_all(events).await {
        tracing::error!(%error, count, "decisions could not be taken down");
    }
}

/// A decision as an event of API Activity; what was asked about are its join keys.
fn event(decided: &Decided, at: Time) -> Event {
    let (subject, resource) = (&decided.subject, &decided.resource);
    let (word, status_id, status) = match decided.decision.allowed {
        true => ("allowed", 1, "Success"),
        false => ("denied", 2, "Failure"),
    };
    let reason = &decided.decision.reason;
    let mut more = Map::new();
    let mut tell = |name: &str, value: Value| _ = more.insert(name.to_owned(), value);
    tell("subject", json!({ "type": subject.0, "id": subject.1 }));
    if let Some(call) = &decided.call {
        tell("call_state", json!(call.state));
        tell("call_unknown", json!(call.unknown));
        tell("same_customer", json!(call.same_customer));
        tell("minutes_since", json!(call.minutes_since));
    }
    if let Some(reason) = &decided.stated_reason {
        tell("stated_reason", json!(reason));
    }
    let actor = json!({
        "app_name": decided.asker,
        "authorizations": [{ "decision": word, "policy": {
            "name": decided.decision.policies.join(" "), "uid": &*decided.fingerprint,
        }}],
    });
    let api = json!({ "operation": decided.action, "service": { "name": "ringfence" } });
    let mut event = Own::new("decision", CLASS, OTHER, at)
        .program(&decided.program)
        .message(format!("{} {word}: {reason}", decided.action))
        .with("activity_name", "Decide")
        .with("status_id", status_id)
        .with("status", status)
        .with("status_detail", reason.as_str())
        .with("api", api)
        .with("actor", actor)
        .with(
            "resources",
            json!([{ "type": resource.0, "uid": resource.1 }]),
        )
        .with("decision", more)
        .event();
    match subject.0.as_str() {
        "agent" => event.keys.agent = Some(subject.1.clone()),
        _ => event.keys.user = Some(subject.1.clone()),
    }
    if resource.0 == "customer-record" {
        event.keys.customer = Some(resource.1.clone());
    }
    event
}
