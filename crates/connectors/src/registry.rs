//! All connectors of a server: started together, asked by the API.

use std::sync::Arc;

use ringfence_event::{Origin, Time};
use ringfence_sources::Sink;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Connector;
use crate::cursor::Cursors;
use crate::push::{Push, PushError, PushRequest};
use crate::runner::{Replay, Runner, heartbeat, now, submit};
use crate::seen::Seen;
use crate::status::{Counters, Progress, Status};

/// The running connectors. Cheap to clone.
#[derive(Clone, Default)]
pub struct Connectors {
    all: Arc<Vec<Running>>,
    sink: Option<Arc<dyn Sink>>,
}

struct Running {
    name: String,
    vendor: &'static str,
    origin: Arc<Origin>,
    progress: Arc<Progress>,
    push: Option<Box<dyn Push>>,
    replays: mpsc::Sender<Replay>,
    pulls: bool,
}

/// Why a replay did not begin.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// No such connector.
    #[error("there is no connector `{0}`")]
    Unknown(String),
    /// It asks for nothing: what was sent cannot be asked for again.
    #[error("connector `{0}` only takes what the vendor sends: have it sent again there")]
    OnlyPush(String),
    /// The cursor could not be set, or the server stops.
    #[error("the cursor could not be set: {0}")]
    Failed(String),
}

impl Connectors {
    /// Starts them. Each runs until `cancel`; the tasks end then.
    #[must_use]
    pub fn start(
        connectors: Vec<Connector>,
        sink: &Arc<dyn Sink>,
        cursors: &Arc<dyn Cursors>,
        cancel: &CancellationToken,
    ) -> (Self, JoinSet<()>) {
        let mut tasks = JoinSet::new();
        let mut all = Vec::new();
        for connector in connectors {
            let (replays, queue) = mpsc::channel(1);
            let progress = Arc::new(Progress::default());
            all.push(Running {
                name: connector.name.clone(),
                vendor: connector.vendor,
                origin: Arc::clone(&connector.origin),
                progress: Arc::clone(&progress),
                push: connector.push,
                replays,
                pulls: !connector.streams.is_empty(),
            });
            if connector.streams.is_empty() {
                continue;
            }
            let runner = Runner {
                name: connector.name,
                origin: connector.origin,
                streams: connector.streams,
                pace: connector.pace,
                start: connector.start.at(now()),
                sink: Arc::clone(sink),
                cursors: Arc::clone(cursors),
                progress,
                replays: queue,
                seen: Seen::default(),
                cancel: cancel.clone(),
            };
            tasks.spawn(runner.run());
        }
        let connectors = Self {
            all: Arc::new(all),
            sink: Some(Arc::clone(sink)),
        };
        (connectors, tasks)
    }

    /// How each stands, in the order of the configuration.
    #[must_use]
    pub fn list(&self) -> Vec<Status> {
        self.all.iter().map(Running::status).collect()
    }

    /// Sets every stream of a connector back to a moment. What is fetched again and still known to
    /// the event log is recognised there.
    ///
    /// # Errors
    /// When there is no such connector, or the cursor cannot be saved.
    pub async fn replay(&self, name: &str, since: Time) -> Result<(), ReplayError> {
        let found = self.all.iter().find(|c| c.name == name);
        let running = found.ok_or_else(|| ReplayError::Unknown(name.to_owned()))?;
        if !running.pulls {
            return Err(ReplayError::OnlyPush(name.to_owned()));
        }
        let (done, told) = oneshot::channel();
        let stopping = || ReplayError::Failed("the server is stopping".to_owned());
        let wish = Replay { since, done };
        running.replays.send(wish).await.map_err(|_| stopping())?;
        told.await
            .map_err(|_| stopping())?
            .map_err(ReplayError::Failed)
    }

    /// Takes what a vendor sent; answers when it is durable with what the vendor wants to read.
    ///
    /// # Errors
    /// When it proves nothing, cannot be read, or the event log does not take it: the vendor is to
    /// send it again then.
    pub async fn push(
        &self,
        name: &str,
        request: &PushRequest,
    ) -> Result<Option<(&'static str, Vec<u8>)>, PushError> {
        let found = self.all.iter().find(|c| c.name == name);
        let (running, push) = found
            .and_then(|c| Some((c, c.push.as_ref()?)))
            .ok_or(PushError::Unknown)?;
        let sink = self.sink.as_ref().ok_or(PushError::Unknown)?;
        let progress = &running.progress;
        let pushed = push.read(request, now()).inspect_err(|error| {
            if matches!(error, PushError::Unproven) {
                // Anyone can send nonsense here: counted, and no reason for an alarm.
                progress.refused();
            } else {
                progress.failed(now(), error.to_string(), false);
            }
        })?;
        submit(&**sink, &running.origin, pushed.records, now(), progress).await?;
        if let Some(through) = pushed.through {
            heartbeat(&**sink, &running.origin, through, now()).await?;
        }
        progress.page(now());
        Ok(pushed.answer)
    }
}

impl Running {
    fn status(&self) -> Status {
        let mut status = Status {
            name: self.name.clone(),
            vendor: self.vendor,
            program: self.origin.program.to_string(),
            site: self.origin.site.to_string(),
            push: self.push.is_some(),
            last_success_ms: None,
            last_error: None,
            failing: 0,
            streams: Vec::new(),
            counters: Counters::default(),
        };
        self.progress.fill(&mut status);
        status
    }
}
