//! Watches the sources: one that falls silent, or loses records, becomes an event that rules see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ringfence_event::{Keys, Name, Own, Severity, Time, ext};
use ringfence_sources::{
    Change, Expectation, Intake, ListenerHandle, SilenceDetector, Sink as _, Standing,
};
use ringfence_state::{Scope, State};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::clock;

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A source that loses records says so once in this time.
const LOSS_EVERY_MS: i64 = 60_000;

/// What is known about sources, for status and metrics.
#[derive(Debug, Default)]
pub struct Watched {
    standing: Mutex<BTreeMap<String, Standing>>,
}

impl Watched {
    /// How each source stands, by program and name.
    #[must_use]
    pub fn standing(&self) -> BTreeMap<String, Standing> {
        self.standing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[derive(Default)]
struct Losses {
    told: BTreeMap<String, (u64, i64)>,
}

/// Runs until `cancel`.
pub async fn run(
    state: State,
    intake: Arc<Intake>,
    listeners: Arc<Vec<ListenerHandle>>,
    watched: Arc<Watched>,
    cancel: CancellationToken,
) {
    // A detector knows sources by one name: program and source together, `/` being in neither.
    let mut detectors: BTreeMap<String, SilenceDetector> = BTreeMap::new();
    let mut losses = Losses::default();
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let now = clock::now();
        if let Err(error) = look(&state, &intake, &listeners, &mut detectors, &watched, now).await {
            tracing::warn!(error, "sources could not be looked at");
        }
        lost(&intake, &listeners, &mut losses, now).await;
    }
}

async fn look(
    state: &State,
    intake: &Intake,
    listeners: &[ListenerHandle],
    detectors: &mut BTreeMap<String, SilenceDetector>,
    watched: &Watched,
    now: Time,
) -> Result<(), String> {
    let sources = state
        .list_sources(&Scope::All)
        .await
        .map_err(|e| e.to_string())?;
    let counts = intake.counts();
    let mut seen = Vec::new();
    for source in &sources {
        let (Ok(name), Ok(program), Ok(site)) = (
            Name::new(&source.name),
            Name::new(&source.program),
            Name::new(&source.site),
        ) else {
            continue;
        };
        let key = format!("{program}/{name}");
        let detector = detectors.entry(key.clone()).or_default();
        if source.disabled_ms.is_some() {
            detector.unwatch(&name);
            continue;
        }
        let expected = match source.expect_every_secs {
            Some(secs) if secs > 0 => Expectation::Every(i64::from(secs) * 1_000),
            _ => Expectation::Learned,
        };
        detector.watch(name.clone(), expected, now);
        let by_intake = counts
            .iter()
            .find(|(o, _)| o.source == name && o.program == program)
            .map(|(_, c)| c.last_heard_ms)
            .filter(|ms| *ms > 0);
        let by_listener = listeners
            .iter()
            .flat_map(ListenerHandle::last_heard)
            .filter_map(|(n, at)| (n == name).then_some(at?.0))
            .max();
        if let Some(last) = by_intake.max(by_listener) {
            detector.heard(&name, Time(last));
            seen.push((source.id.clone(), last));
        }
        for t in detector.check(now) {
            let (activity, word) = match t.change {
                Change::Silent => (1, "silent"),
                Change::Recovered => (2, "heard again"),
            };
            let lasted = span(t.duration);
            let message = format!("{word} after {lasted}, since {}", t.begin);
            let keys = Keys::of(program.clone(), site.clone(), name.clone());
            let fields = json!({"begin_time": t.begin.0, "duration": t.duration});
            tell(intake, keys, activity, message, fields, now).await;
        }
        if let Some(standing) = detector.standing(&name) {
            watched
                .standing
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(key, standing);
        }
    }
    state.touch_principals().await.map_err(|e| e.to_string())?;
    state.touch_sessions().await.map_err(|e| e.to_string())?;
    state.touch_rights().await.map_err(|e| e.to_string())?;
    let touched = state.touch_certificates().await;
    touched.map_err(|e| e.to_string())?;
    state.touch_sources(&seen).await.map_err(|e| e.to_string())
}

/// A duration as people say it.
fn span(ms: i64) -> String {
    match ms / 1_000 {
        secs @ ..120 => format!("{secs} s"),
        secs @ 120..7_200 => format!("{} min", secs / 60),
        secs => format!("{} h", secs / 3_600),
    }
}

/// Losses of intake queues and of listeners' sockets.
async fn lost(intake: &Intake, listeners: &[ListenerHandle], losses: &mut Losses, now: Time) {
    for (origin, count) in intake.counts() {
        let key = format!("{}/{}", origin.program, origin.source);
        let keys = Keys::of(
            origin.program.clone(),
            origin.site.clone(),
            origin.source.clone(),
        );
        losses.tell(intake, key, keys, count.lost, now).await;
    }
    for listener in listeners {
        // What the intake lost is counted there.
        let dropped = listener.counters().kernel_dropped;
        let Some(origin) = intake.counts().into_iter().map(|(o, _)| o).find(|o| {
            listener
                .last_heard()
                .iter()
                .any(|(name, _)| *name == o.source)
        }) else {
            continue;
        };
        let keys = Keys::of(
            origin.program.clone(),
            origin.site.clone(),
            origin.source.clone(),
        );
        losses
            .tell(
                intake,
                format!("socket {}", listener.name()),
                keys,
                dropped,
                now,
            )
            .await;
    }
}

impl Losses {
    async fn tell(&mut self, intake: &Intake, key: String, keys: Keys, total: u64, now: Time) {
        let (told, at) = self.told.get(&key).copied().unwrap_or((0, i64::MIN));
        if total <= told || now.0.saturating_sub(at) < LOSS_EVERY_MS {
            return;
        }
        self.told.insert(key, (total, now.0));
        let fresh = total - told;
        let message = format!("{fresh} records could not be taken ({total} since the start)");
        tell(intake, keys, 3, message, json!({"count": fresh}), now).await;
    }
}

async fn tell(
    intake: &Intake,
    keys: Keys,
    activity: u8,
    message: String,
    fields: serde_json::Value,
    now: Time,
) {
    let severity = match activity {
        2 => Severity::Informational,
        _ => Severity::Medium,
    };
    let own = Own::new("source", ext::SOURCE, activity, now)
        .keys(keys)
        .message(message)
        .severity(severity)
        .with("source_state", fields);
    if let Err(error) = intake.own(own.event()).await {
        tracing::error!(%error, "the state of a source could not be recorded");
    }
}
