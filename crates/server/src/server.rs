//! One process: opened in order, drained in the order that loses nothing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ringfence_access::Access;
use ringfence_api::{App, Paces, Rates, SignIn};
use ringfence_sources::{CertificateAuthority, Door, Intake, Sink, TlsClients, tcp_listener};
use ringfence_spine::Spine;
use ringfence_state::State;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::costs::Costs;
use crate::entries::Entries;
use crate::evidence::{Cosigner, EvidenceLog};
use crate::inside::{Inner, Notifying};
use crate::open;
use crate::operators::OperatorError;
use crate::outbox::StateOutbox;
use crate::people::{self, Waiting};
use crate::pipeline::{self, Parts};
use crate::quarantine::StateQuarantine;
use crate::queries::QueryEngine;
use crate::trial::Trials;
use crate::upkeep::Upkeep;
use crate::watch::Watched;
use crate::{
    access_time, clock, connectors, desk, http, lifecycle, policies, providers, rules, time_kept,
    watch as watching,
};

/// Why the server did not start.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The data folder.
    #[error("E-START-004: cannot prepare the data folder `{}`: {source}", .path.display())]
    Data {
        /// Which folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A restore that was broken off.
    #[error("E-BACKUP-005: restoring into `{}` was broken off: empty it and restore again", .0.display())]
    HalfRestored(PathBuf),
    /// Policies.
    #[error("E-START-005: policies cannot be used: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Policies(Vec<ringfence_policy::Mistake>),
    /// The event log.
    #[error(transparent)]
    Spine(#[from] ringfence_spine::SpineError),
    /// The lake.
    #[error(transparent)]
    Lake(#[from] ringfence_lake::LakeError),
    /// The state store.
    #[error(transparent)]
    State(#[from] ringfence_state::Error),
    /// The evidence log.
    #[error(transparent)]
    Evidence(#[from] crate::evidence::EvidenceError),
    /// Where the state store is.
    #[error(transparent)]
    StorePlace(#[from] crate::store::StorePlaceError),
    /// Certificates and keys.
    #[error(transparent)]
    Tls(#[from] ringfence_sources::TlsError),
    /// The system has no randomness.
    #[error(transparent)]
    Random(#[from] ringfence_crypto::RandomError),
    /// A listener.
    #[error(transparent)]
    Listen(#[from] ringfence_sources::ListenError),
    /// The API's address.
    #[error("E-START-002: cannot listen on `{address}`: {source}")]
    Bind {
        /// Which address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Mistakes in the configuration that only showed while starting.
    #[error("{}", .0.join("\n"))]
    Config(Vec<String>),
    /// What it did could not be recorded, so it does nothing.
    #[error("E-START-006: the start could not be recorded: {0}")]
    Untold(String),
    /// A preset token that is none.
    #[error("RINGFENCE_ADMIN_TOKEN cannot be used: {0}")]
    AdminToken(String),
}

/// A running server.
pub struct Server {
    address: SocketAddr,
    fingerprint: String,
    waiting: Option<Waiting>,
    inner: Arc<Inner>,
    state: State,
    /// In the order in which they are told to stop.
    stages: Stages,
    consumers: JoinSet<(&'static str, Result<(), OperatorError>)>,
    connectors: JoinSet<()>,
    helpers: Vec<JoinHandle<()>>,
    api: JoinHandle<()>,
    intake: JoinHandle<()>,
}

#[derive(Default)]
struct Stages {
    listeners: CancellationToken,
    api: CancellationToken,
    intake: CancellationToken,
    consumers: CancellationToken,
}

impl Server {
    /// Opens everything and begins to serve.
    ///
    /// # Errors
    /// The first thing that cannot be opened; nothing is left running then.
    pub async fn start(config: Config, preset: Option<&str>) -> Result<Self, ServerError> {
        let data = config.server.data.clone();
        open::data_folder(&data)?;
        // First, because its lock is the folder's: who meets another server here is told so.
        let spine = open::spine(data.join("spine")).await?;
        let place = config.state.place(&data)?;
        let limits = ringfence_state::Limits {
            sign_in: config.access.sign_in.clone(),
            access: config.access.limits.clone(),
            ..ringfence_state::Limits::default()
        };
        let state = State::open_in(&place, limits).await?;
        let now = clock::now();
        if let Some(preset) = preset {
            open::automation(&state, preset, now.0).await?;
        }
        let key = people::key(&data)?;
        let waiting = people::bootstrap(&state, &data, now.0).await?;
        open::declare_sources(&state, &config).await?;
        let normaliser = open::normaliser(&config)?;
        let lake = open::lake(data.join("lake"), config.lake.clone()).await?;
        let queries = Arc::new(QueryEngine::new(
            Arc::clone(&lake),
            data.join("lake"),
            config.query.clone(),
            &config.lake,
        ));
        let stages = Stages::default();
        let shared: Arc<dyn Spine> = Arc::clone(&spine) as _;
        let entries = Arc::new(Entries::new(Arc::clone(&shared)));
        let trials = Arc::new(Trials::new(
            Arc::clone(&entries),
            normaliser.clone(),
            connectors::join_config(&config),
        ));
        let costs = Arc::new(Costs::new(Arc::clone(&entries), config.rules.clone()));
        let evidence = EvidenceLog::open(
            &data,
            config.server.host(),
            spine.head().0,
            &config.evidence,
        )?;
        let evidence = Arc::new(evidence);
        let cosigner = Cosigner::new(&evidence, &config.evidence)
            .map_err(|error| ServerError::Config(vec![format!("evidence.witness: {error}")]))?;
        let quarantine = Arc::new(StateQuarantine(state.clone()));
        let (intake, intake_task) = Intake::start(
            shared,
            normaliser,
            quarantine,
            Arc::clone(&entries) as _,
            stages.intake.clone(),
        )?;
        // How the folders look first: what changes while they are read is read again.
        let rule_files = rules::watched(&config.rules);
        let policy_files = policies::watched(config.access.policies.as_deref());
        let pack = open::rules(&config).await;
        let policies =
            policies::load(config.access.policies.as_deref()).map_err(ServerError::Policies)?;
        let (packs_in, packs) = watch::channel(pack);
        let parts = Parts {
            evidence: Arc::clone(&evidence),
            entries: Arc::clone(&entries),
            lake: Arc::clone(&lake),
            state: state.clone(),
            calls: connectors::join_config(&config),
            packs: packs.clone(),
            live: Arc::default(),
            gauges: Arc::default(),
        };
        let identity = open::identity(&config)?;
        let fingerprint = identity.fingerprint();
        let authority = Arc::new(CertificateAuthority::open(&data)?);
        let clients = TlsClients {
            ours: Some(Arc::clone(&authority)),
            file: config.server.client_ca.clone(),
            must: false,
        };
        let door = Arc::new(Door::new(identity, &[b"h2", b"http/1.1"], clients)?);
        let ready = connectors::build(&config)?;
        let listeners =
            Arc::new(open::listen(&config, &intake, &state, &authority, &stages.listeners).await?);
        let address = config.server.listen;
        let socket =
            tcp_listener(address).map_err(|source| ServerError::Bind { address, source })?;
        let address = socket.local_addr().unwrap_or(address);
        let providers = providers::open(&config.access)?;
        let guard = open::guard(&config)?;
        let sender = open::sender(&config, &guard)?;
        let mail = crate::mail::open(config.mail.as_ref(), address, &state, now.0).await?;
        let watched = Arc::new(Watched::default());
        let upkeep = Upkeep {
            lake: Arc::clone(&lake),
            intake: Arc::clone(&intake),
            spine: Arc::clone(&spine),
            retention: Arc::new(config.retention.clone()),
            share: config.upkeep_share,
        };
        let public_url = config.server.url_at(address.port());
        let sign_in = Arc::new(SignIn::new(&public_url, &key, providers)?);
        if let Some(why) = sign_in.no_passkeys() {
            tracing::warn!(why, "nobody can make a passkey: set `server.public_url`");
        }
        intake.with_clock(Box::new(time_kept::says));
        let told = lifecycle::started(&state, &intake).await;
        told.map_err(ServerError::Untold)?;
        // From here on nothing fails: what runs is told to stop by the server alone.
        let (asked, connectors) = connectors::start(ready, &state, &intake, &stages.listeners);
        let inner = Arc::new(Inner {
            connectors: asked.clone(),
            evidence,
            spine,
            upkeep: upkeep.clone(),
            trials,
            costs,
            entries,
            intake: Arc::clone(&intake),
            lake,
            queries: Arc::clone(&queries),
            state: state.clone(),
            place: place.to_string(),
            listeners: Arc::clone(&listeners),
            live: Arc::clone(&parts.live),
            gauges: Arc::clone(&parts.gauges),
            watched: Arc::clone(&watched),
            packs,
            guard,
            notifying: Notifying {
                webhooks: sender.is_some(),
                mail: config.mail.as_ref().map(|_| mail.is_some()),
            },
            public_url,
            policies: config.access.policies.clone(),
            started: now,
            stopping: stages.api.clone(),
            broken: AtomicBool::new(false),
        });
        let consumers = pipeline::start(&parts, &stages.consumers);
        let (journal, decisions) = desk::log();
        let calls = Arc::new(desk::LiveCalls(Arc::clone(&parts.live)));
        let access = Arc::new(Access::new(policies, calls, Arc::new(journal)));
        let app = App {
            access: Arc::clone(&access),
            state: state.clone(),
            queries: Arc::clone(&queries) as _,
            sink: Arc::clone(&intake) as Arc<dyn Sink>,
            inside: Arc::clone(&inner) as _,
            connectors: asked,
            sign_in,
            authority,
            paces: Arc::new(Paces::new(Rates {
                person: config.access.person_requests,
                service: config.access.service_requests,
                source: config.intake.source_requests,
            })),
            limits: ringfence_api::Limits {
                certificate_days: config.access.certificate_days,
                body_bytes: config.intake.body_bytes,
                inflated_bytes: config.intake.inflated_bytes,
                query: config.query.limits.clone(),
                ..ringfence_api::Limits::default()
            },
        };
        let router = ringfence_api::router(app);
        let most = config.server.most;
        let api = tokio::spawn(http::serve(socket, router, door, most, stages.api.clone()));
        let stop = &stages.consumers;
        let taken_down = desk::write(decisions, state.clone(), Arc::clone(&intake), stop.clone());
        let outbox = Arc::new(StateOutbox(state.clone()));
        let limits = ringfence_respond::Limits::default();
        let mut helpers = vec![
            tokio::spawn(watching::run(
                state.clone(),
                Arc::clone(&intake),
                listeners,
                watched,
                stop.clone(),
            )),
            tokio::spawn(rules::watch(
                config.rules.clone(),
                rule_files,
                packs_in,
                (state.clone(), Arc::clone(&intake)),
                stop.clone(),
            )),
            tokio::spawn(upkeep.run(stop.clone())),
            tokio::spawn(open::maintain(
                state.clone(),
                Arc::clone(&intake),
                stop.clone(),
            )),
            tokio::spawn(queries.keep(stop.clone())),
        ];
        helpers.push(tokio::spawn(taken_down));
        helpers.push(tokio::spawn(
            cosigner.run(Arc::clone(&intake), stop.clone()),
        ));
        helpers.push(tokio::spawn(access_time::keep(
            state.clone(),
            Arc::clone(&access),
            Arc::clone(&intake),
            stop.clone(),
        )));
        helpers.push(tokio::spawn(policies::keep(
            policy_files,
            access,
            state.clone(),
            Arc::clone(&intake),
            stop.clone(),
        )));
        let watched = time_kept::watch(Arc::clone(&intake), stop.clone());
        helpers.push(tokio::spawn(watched));
        let changed = (state.clone(), Arc::clone(&intake), config.rules.clone());
        let written = config.written.clone();
        helpers.push(tokio::spawn(async move {
            let (state, intake, rules) = changed;
            let key = key.reveal();
            lifecycle::since_last_run(&written.0, &rules, key, &state, &intake).await;
        }));
        let now = || clock::now().0;
        if let Some(sender) = sender {
            let run = ringfence_respond::run(outbox, sender, limits, now, stop.clone());
            helpers.push(tokio::spawn(run));
        }
        if let Some((mailer, every)) = mail {
            let outbox = Arc::new(crate::mail::StateMail(state.clone()));
            let run = ringfence_respond::run_mail(outbox, mailer, every, now, stop.clone());
            helpers.push(tokio::spawn(run));
        }
        Ok(Self {
            address,
            fingerprint,
            waiting,
            inner,
            state,
            stages,
            consumers,
            connectors,
            helpers,
            api,
            intake: intake_task,
        })
    }

    /// Address of the API.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// SHA-256 of the server's certificate, for pinning.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The code that waits for the first administrator, as long as there is none.
    #[must_use]
    pub const fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    /// How browsers reach it.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.inner.public_url
    }

    /// Serves until `stop`, then drains: listeners, requests, intake, consumers, stores.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = self.consumers.join_next() => self.note(ended),
            }
        }
        tracing::info!("stopping");
        self.stages.listeners.cancel();
        for listener in self.inner.listeners.iter() {
            listener.drained().await;
        }
        while self.connectors.join_next().await.is_some() {}
        self.stages.api.cancel();
        let _ = self.api.await;
        self.stages.intake.cancel();
        let _ = self.intake.await;
        lifecycle::stopped(&self.state, &self.inner.intake).await;
        self.stages.consumers.cancel();
        while let Some(ended) = self.consumers.join_next().await {
            note(&self.inner, ended);
        }
        for helper in self.helpers {
            let _ = helper.await;
        }
        self.inner.spine.close().await;
        self.state.close().await;
        tracing::info!("stopped");
    }

    fn note(
        &self,
        ended: Result<(&'static str, Result<(), OperatorError>), tokio::task::JoinError>,
    ) {
        note(&self.inner, ended);
    }
}

/// A consumer that ends on its own, ends for a reason that somebody has to see.
fn note(
    inner: &Inner,
    ended: Result<(&'static str, Result<(), OperatorError>), tokio::task::JoinError>,
) {
    match ended {
        Ok((_, Ok(()))) => {}
        Ok((operator, Err(error))) => {
            inner.broken.store(true, Ordering::Relaxed);
            tracing::error!(operator, %error, "a part of the pipeline has stopped");
        }
        Err(error) => {
            inner.broken.store(true, Ordering::Relaxed);
            tracing::error!(%error, "a part of the pipeline broke off");
        }
    }
}
