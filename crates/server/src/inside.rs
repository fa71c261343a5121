//! What the running process tells its own API.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ringfence_api::{
    Evidence, Inside, LiveCall, Readiness, RuleTrial, TrialError, UpkeepJob, Working,
};
use ringfence_connectors::Connectors;
use ringfence_detect::Pack;
use ringfence_event::Time;
use ringfence_lake::{Lake, LakeError};
use ringfence_policy::{Mistake, Policies, PolicyFile};
use ringfence_respond::Guard;
use ringfence_sources::{Intake, ListenerHandle};
use ringfence_spine::{LocalSpine, Spine as _};
use ringfence_state::{Scope, State};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::costs::Costs;
use crate::entries::Entries;
use crate::evidence::EvidenceLog;
use crate::gauges::Gauges;
use crate::live::Live;
use crate::queries::{QueryCounts, QueryEngine};
use crate::trial::Trials;
use crate::upkeep::Upkeep;
use crate::watch::Watched;
use crate::{clock, metrics, policies};

/// Which ways to tell people of alerts are open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notifying {
    /// Webhooks can be sent.
    pub webhooks: bool,
    /// Mails can be sent, if any are configured.
    pub mail: Option<bool>,
}

/// Handles to everything that has something to tell.
pub(crate) struct Inner {
    pub connectors: Connectors,
    pub evidence: Arc<EvidenceLog>,
    pub spine: Arc<LocalSpine>,
    pub entries: Arc<Entries>,
    pub intake: Arc<Intake>,
    pub lake: Arc<Lake>,
    pub queries: Arc<QueryEngine>,
    pub state: State,
    /// Where the state lives, as people are shown it.
    pub place: String,
    pub listeners: Arc<Vec<ListenerHandle>>,
    pub live: Arc<Live>,
    pub gauges: Arc<Gauges>,
    pub watched: Arc<Watched>,
    pub packs: watch::Receiver<Pack>,
    pub guard: Guard,
    pub notifying: Notifying,
    pub upkeep: Upkeep,
    pub trials: Arc<Trials>,
    pub costs: Arc<Costs>,
    /// How others reach this server.
    pub public_url: String,
    /// Folder of policies, if there is one.
    pub policies: Option<PathBuf>,
    pub started: Time,
    pub stopping: CancellationToken,
    /// A consumer ended with an error.
    pub broken: AtomicBool,
}

impl Inside for Inner {
    fn now(&self) -> Time {
        clock::now()
    }

    fn evidence(&self) -> &dyn Evidence {
        self.evidence.as_ref()
    }

    fn public_url(&self) -> String {
        self.public_url.clone()
    }

    fn propose(&self, files: Vec<PolicyFile>) -> Result<Policies, Vec<Mistake>> {
        policies::load_with(self.policies.as_deref(), files)
    }

    fn readiness(&self) -> Readiness {
        let mut reasons = Vec::new();
        if self.stopping.is_cancelled() {
            reasons.push("stopping".to_owned());
        }
        if let Some(failure) = self.spine.failure() {
            reasons.push(format!("the event log cannot be written: {failure}"));
        }
        reasons.extend(self.state.trouble());
        if self.broken.load(Ordering::Relaxed) {
            reasons.push("a part of the pipeline has stopped: see the log".to_owned());
        }
        let evidence = self.evidence.trouble();
        let evidence = evidence.map(|why| format!("the evidence log cannot be written: {why}"));
        Readiness {
            ready: reasons.is_empty(),
            reasons,
            // Fates apart: who balances load by readiness must not turn events away for that.
            degraded: self
                .queries
                .trouble()
                .into_iter()
                .chain(evidence)
                .chain(self.evidence.cosigned().trouble())
                .collect(),
        }
    }

    fn metrics(&self) -> String {
        metrics::render(self)
    }

    fn live_calls(&self, scope: &Scope, limit: usize) -> Vec<LiveCall> {
        let picture = self.live.picture();
        let mine = picture
            .calls
            .iter()
            .filter(|c| scope.allows(c.program.as_str()));
        mine.take(limit).map(shown).collect()
    }

    fn rules(&self) -> Value {
        let pack = self.packs.borrow().clone();
        let costs = self.costs.of(&pack);
        let hits = self.gauges.hits();
        let rules: Vec<_> = pack
            .rules()
            .map(|rule| {
                let mut shown = json!(**rule);
                if let Value::Object(shown) = &mut shown {
                    let key = rule.key();
                    let hits = hits.get(key).copied().unwrap_or(0);
                    shown.insert("hits".into(), hits.into());
                    shown.insert("micros".into(), json!(costs.get(key)));
                }
                shown
            })
            .collect();
        let mistakes: Vec<_> = pack
            .mistakes()
            .iter()
            .map(|m| json!({"file": m.file, "line": m.line, "rule": m.rule, "what": m.what}))
            .collect();
        json!({"items": rules, "mistakes": mistakes})
    }

    fn try_rule(&self, trial: RuleTrial, scope: &Scope) -> Working<Result<Value, TrialError>> {
        let trials = Arc::clone(&self.trials);
        Box::pin(trials.run(trial, scope.clone(), clock::now()))
    }

    fn status(&self) -> Value {
        let spine = self.spine.metrics();
        let lake = self.lake.status();
        let standing = self.watched.standing();
        let sources: Vec<_> = self
            .intake
            .counts()
            .into_iter()
            .map(|(origin, count)| {
                let key = format!("{}/{}", origin.program, origin.source);
                json!({
                    "source": origin.source, "program": origin.program, "site": origin.site,
                    "standing": standing.get(&key), "count": count,
                })
            })
            .collect();
        let listeners: Vec<_> = self
            .listeners
            .iter()
            .map(|l| {
                json!({
                    "name": l.name(), "address": l.place().to_string(),
                    "transport": l.transport(), "counters": l.counters(),
                })
            })
            .collect();
        let lag = self.entries.lag().into_iter();
        let lag: serde_json::Map<_, _> = lag.map(|(name, n)| (name.to_owned(), json!(n))).collect();
        let pack = self.packs.borrow();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "started_ms": self.started.0,
            "uptime_secs": clock::now().since(self.started) / 1_000,
            "readiness": self.readiness(),
            "sources": sources,
            "listeners": listeners,
            "connectors": self.connectors.list(),
            "spine": {
                "entries": self.spine.durable().0, "bytes": spine.log_bytes,
                "duplicates": spine.duplicates, "lag": lag,
            },
            "lake": {
                "tail_rows": lake.tail_rows, "file_rows": lake.file_rows,
                "files": lake.files, "bytes": lake.file_bytes,
            },
            "queries": queries(&self.queries.counts()),
            "state": {"store": self.place, "trouble": self.state.trouble()},
            "evidence": {
                "size": self.evidence.size(),
                "cosigned": self.evidence.cosigned().size(),
            },
            "calls": self.live.picture().stats,
            "notifying": {"webhooks": self.notifying.webhooks, "mail": self.notifying.mail},
            "rules": {"in_force": pack.len(), "mistakes": pack.mistakes().len()},
            "memory_bytes": metrics::resident_bytes(),
        })
    }

    fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    fn upkeep(&self, job: UpkeepJob) -> Working<Result<Value, LakeError>> {
        let upkeep = self.upkeep.clone();
        Box::pin(async move { upkeep.ask(job).await })
    }

    fn check_webhook_url(&self, url: &str) -> Result<(), String> {
        self.guard.check_url(url).map_err(|e| e.to_string())
    }
}

fn queries(counts: &QueryCounts) -> Value {
    let ends: serde_json::Map<_, _> = counts
        .ends
        .iter()
        .map(|(end, n)| ((*end).to_owned(), json!(n)))
        .collect();
    let child = &counts.child;
    json!({
        "running": counts.running, "waiting": counts.waiting, "ends": ends,
        "engine": {
            "pid": child.pid, "starts": child.starts, "crashes": child.crashes,
            "last_crash": child.last_crash, "walls": child.walls,
            "memory_bytes": child.pid.and_then(metrics::resident_bytes_of),
        },
    })
}

fn shown(call: &ringfence_calls::LiveCall) -> LiveCall {
    let word = |v: Value| v.as_str().unwrap_or("unknown").to_owned();
    LiveCall {
        call_uid: call.uid.clone(),
        program: call.program.to_string(),
        site: call.site.to_string(),
        state: word(json!(call.state)),
        agent: call.agents.first().cloned(),
        customer: call.customer.clone(),
        caller: call.caller.clone(),
        since_ms: call.since.0,
        recording: word(json!(call.recording)),
        consent: word(json!(call.consent)),
        encrypted: call.encrypted,
    }
}
