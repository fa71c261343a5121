//! The one flow (docs: ARCHITECTURE.md):
//!
//! ```text
//! listeners ─┐                ┌─▶ calls ──facts──▶┐
//! HTTP ──────┼─▶ intake ─▶ SPINE ─▶ detect ─findings─▶ SPINE ─▶ alerts ─▶ webhooks, SSE
//! watch ─────┘      │         ├─▶ lake (hot tail, Parquet)
//!                quarantine    └─▶ evidence log (what Ringfence itself did)
//! ```

use std::sync::Arc;

use ringfence_calls::JoinConfig;
use ringfence_detect::Pack;
use ringfence_lake::Lake;
use ringfence_state::State;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::entries::Entries;
use crate::evidence::EvidenceLog;
use crate::gauges::Gauges;
use crate::live::Live;
use crate::operators::{self, OperatorError};

/// What the consumers work with.
pub struct Parts {
    /// The spine, decoded.
    pub(crate) entries: Arc<Entries>,
    /// Hot tail and files.
    pub lake: Arc<Lake>,
    /// Alerts.
    pub state: State,
    /// The evidence log.
    pub(crate) evidence: Arc<EvidenceLog>,
    /// Settings of the call join.
    pub calls: JoinConfig,
    /// Rules in force, and later ones.
    pub packs: watch::Receiver<Pack>,
    /// What the join shows.
    pub(crate) live: Arc<Live>,
    /// Figures.
    pub(crate) gauges: Arc<Gauges>,
}

/// Starts every consumer of the spine. Each runs until `cancel` and answers with its name.
pub fn start(
    parts: &Parts,
    cancel: &CancellationToken,
) -> JoinSet<(&'static str, Result<(), OperatorError>)> {
    let mut set = JoinSet::new();
    let entries = || Arc::clone(&parts.entries);
    let (calls, live, c) = (parts.calls.clone(), Arc::clone(&parts.live), cancel.clone());
    let join = operators::calls(entries(), calls, live, Arc::clone(&parts.gauges), c);
    set.spawn(async { ("calls", join.await) });

    let (packs, gauges, c) = (
        parts.packs.clone(),
        Arc::clone(&parts.gauges),
        cancel.clone(),
    );
    let detect = operators::detect(entries(), packs, gauges, c);
    set.spawn(async { ("detect", detect.await) });

    let lake = operators::lake(
        entries(),
        Arc::clone(&parts.lake),
        Arc::clone(&parts.gauges),
        cancel.clone(),
    );
    set.spawn(async { ("lake", lake.await) });

    let (state, gauges, c) = (
        parts.state.clone(),
        Arc::clone(&parts.gauges),
        cancel.clone(),
    );
    let alerts = operators::alerts(entries(), state, gauges, c);
    set.spawn(async { ("alerts", alerts.await) });

    let (state, log, c) = (
        parts.state.clone(),
        Arc::clone(&parts.evidence),
        cancel.clone(),
    );
    let evidence = operators::evidence(entries(), state, log, c);
    set.spawn(async { ("evidence", evidence.await) });

    let tick = operators::tick(Arc::clone(parts.entries.spine()), cancel.clone());
    set.spawn(async {
        tick.await;
        ("tick", Ok(()))
    });
    set
}
