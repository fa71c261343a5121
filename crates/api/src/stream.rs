//! Alerts as they change: server-sent events that resume where they broke off.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State as AxumState;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream, StreamExt as _};
use ringfence_policy::Action;
use ringfence_state::{ChangePage, ChangeStream};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::auth::Person;
use crate::gate;
use crate::problem::Problem;

/// `GET /api/v1/alerts/stream`: one `alert` event a change, its `id` the number to resume after
/// (`Last-Event-ID`). An event `gap` says that changes before it are gone: load the list again.
pub(crate) async fn alerts(
    AxumState(app): AxumState<App>,
    person: Person,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let after = match headers.get("last-event-id") {
        None => None,
        Some(value) => Some(
            value
                .to_str()
                .ok()
                .and_then(|t| t.trim().parse::<u64>().ok())
                .ok_or_else(|| Problem::bad_request("last-event-id: the id of the last event"))?,
        ),
    };
    let changes = app.state.subscribe(person.scope().clone(), after);
    let stop = app.inside.stopping();
    // Said at once, so that whoever stands between knows that the answer has begun.
    let begun = stream::once(async { Ok(Event::default().comment("begun")) });
    let open = Open {
        changes,
        stop,
        app: app.clone(),
        person,
    };
    let events = begun.chain(stream::unfold(open, next).flat_map(stream::iter));
    let keep_alive = KeepAlive::new().interval(app.limits.keep_alive);
    Ok(Sse::new(events).keep_alive(keep_alive))
}

type Batch = Vec<Result<Event, Infallible>>;

/// How often it is looked whether whoever listens still may.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A stream that somebody listens to.
struct Open {
    changes: ChangeStream,
    stop: CancellationToken,
    app: App,
    person: Person,
}

/// Whether the credential is good and the right is still there in the same programs: else the stream
/// ends, and whoever comes again is asked anew.
pub(crate) async fn may_go_on(app: &App, person: &Person, action: Action) -> bool {
    let now = app.inside.now().0;
    match app.state.still(person.credential, now).await {
        Ok(Some(principal)) => gate::scope(app, &principal, action) == *person.scope(),
        Ok(None) | Err(_) => false,
    }
}

async fn next(mut open: Open) -> Option<(Batch, Open)> {
    let page = {
        let (app, person) = (&open.app, &open.person);
        // One wait, looked away from every second: what it has read is not lost.
        let mut page = std::pin::pin!(open.changes.next());
        loop {
            tokio::select! {
                () = open.stop.cancelled() => return None,
                page = &mut page => {
                    // Nothing is shown to somebody who was shut out since the last look.
                    if !may_go_on(app, person, Action::ALERT_READ).await {
                        return None;
                    }
                    break page;
                }
                () = tokio::time::sleep(LOOK_EVERY) => {
                    if !may_go_on(app, person, Action::ALERT_READ).await {
                        return None;
                    }
                }
            }
        }
    };
    let events = match page {
        Ok(page) => events_of(&page),
        Err(error) => {
            tracing::warn!(%error, "an alert stream ended");
            return None;
        }
    };
    Some((events, open))
}

fn events_of(page: &ChangePage) -> Batch {
    let mut events = Vec::with_capacity(page.changes.len() + 1);
    if page.gap {
        events.push(Ok(Event::default().event("gap").data("{}")));
    }
    for change in &page.changes {
        let Ok(data) = serde_json::to_string(change) else {
            continue;
        };
        events.push(Ok(Event::default()
            .event("alert")
            .id(change.id.to_string())
            .data(data)));
    }
    events
}
