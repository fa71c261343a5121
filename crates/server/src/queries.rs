//! Queries, answered by a child process that is started at the first one and ended when nobody has
//! asked for a while.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use ringfence_api::{Document, Queries};
use ringfence_lake::{AskError, EngineSettings, Lake, Limits, Link, Pieces, QueryError, Scope};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::child::{ChildCounts, Ended, Handle, QuerySettings, Spec, Supervisor};
use crate::config::QueryConfig;

/// Bytes of an answer that are held back, so that an error still gets a status of its own.
const HELD: usize = 1 << 20;
/// What the process takes besides the hot tail's copy, footers and the queries' own memory: code,
/// decoded pages, what is on its way.
const BASE: u64 = 384 << 20;
/// Address space of a thread that runs queries.
const STACK: u64 = 64 << 20;

/// The query engine, as the rest of the server sees it.
pub(crate) struct QueryEngine {
    lake: Arc<Lake>,
    supervisor: Supervisor,
    config: QueryConfig,
    running: tokio::sync::Mutex<Option<Arc<Running>>>,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// A query that lost its engine is asked again while no other such query is: if it loses that
    /// one too, it was the reason.
    again: tokio::sync::Mutex<()>,
    last: Mutex<Instant>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    refused: AtomicU64,
    stopped: AtomicU64,
    crashed: AtomicU64,
    unavailable: AtomicU64,
    again: AtomicU64,
}

/// Figures for `/metrics` and `status`.
pub(crate) struct QueryCounts {
    /// By how they ended.
    pub ends: [(&'static str, u64); 5],
    /// Asked a second time because the engine was lost.
    pub again: u64,
    /// Being answered.
    pub running: usize,
    /// Waiting for a turn.
    pub waiting: usize,
    /// The process.
    pub child: ChildCounts,
}

/// One engine.
struct Running {
    link: Link,
    handle: Handle,
    /// Queries that it works on; once it is lost, those that lost it.
    asked: AtomicUsize,
}

/// A query's place in an engine.
struct Asked(Arc<Running>);

impl Asked {
    fn new(running: Arc<Running>) -> Self {
        running.asked.fetch_add(1, Ordering::Relaxed);
        Self(running)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.0.link.is_lost() {
            self.0.asked.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Why an attempt gave no answer.
enum Lost {
    /// For a reason of the query's.
    Query(QueryError),
    /// The engine ended under it.
    Engine {
        end: Ended,
        /// No other query was at work.
        alone: bool,
    },
}

impl From<QueryError> for Lost {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl QueryEngine {
    /// For a lake in a folder; starts nothing yet.
    pub(crate) fn new(
        lake: Arc<Lake>,
        folder: std::path::PathBuf,
        config: QueryConfig,
        tuning: &ringfence_lake::Config,
    ) -> Self {
        let threads = tuning.query_threads.max(1);
        let own = config.all_memory_bytes + 2 * tuning.tail_bytes + tuning.footer_cache_bytes;
        let settings = QuerySettings {
            engine: EngineSettings {
                dir: std::path::absolute(&folder).unwrap_or(folder),
                threads,
                footer_cache_bytes: tuning.footer_cache_bytes,
                memory_bytes: config.all_memory_bytes,
            },
            // Each thread that works has one more beside it that waits for the disk.
            process_bytes: own as u64 + BASE + STACK * (2 * threads as u64 + 1),
        };
        let spec = Spec {
            name: "query",
            settings: serde_json::json!(settings),
        };
        Self {
            lake,
            supervisor: Supervisor::new(spec),
            running: tokio::sync::Mutex::default(),
            turns: Arc::new(Semaphore::new(config.concurrent)),
            config,
            waiting: AtomicUsize::new(0),
            again: tokio::sync::Mutex::default(),
            last: Mutex::new(Instant::now()),
            counts: Counts::default(),
        }
    }

    /// Ends an engine that nobody asks, until `stop`; then ends it for good.
    pub(crate) async fn keep(self: Arc<Self>, stop: CancellationToken) {
        let idle = self.config.idle;
        let look = (idle / 4).clamp(Duration::from_millis(100), Duration::from_secs(15));
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(look) => {}
            }
            let mut running = self.running.lock().await;
            let unused = self.turns.available_permits() == self.config.concurrent
                && self.last().elapsed() >= idle;
            if !unused && !stop.is_cancelled() {
                continue;
            }
            if let Some(engine) = running.take() {
                let handle = engine.handle.clone();
                // Its input ends here, unless an answer is still being sent.
                drop(engine);
                handle.end().await;
                tracing::info!(
                    stopping = stop.is_cancelled(),
                    "the query engine is at rest"
                );
            }
        }
    }

    /// Figures.
    pub(crate) fn counts(&self) -> QueryCounts {
        let load = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let c = &self.counts;
        QueryCounts {
            ends: [
                ("answered", load(&c.answered)),
                ("refused", load(&c.refused)),
                ("stopped", load(&c.stopped)),
                ("crashed", load(&c.crashed)),
                ("unavailable", load(&c.unavailable)),
            ],
            again: load(&c.again),
            running: self.config.concurrent - self.turns.available_permits(),
            waiting: self.waiting.load(Ordering::Relaxed),
            child: self.supervisor.counts(),
        }
    }

    /// What is wrong with it, for readiness.
    pub(crate) fn trouble(&self) -> Option<String> {
        let left = self.supervisor.left()?;
        let why = self.supervisor.counts().last_crash.unwrap_or_default();
        let seconds = left.as_secs() + 1;
        Some(format!(
            "queries: the engine crashed repeatedly ({why}) and starts again in {seconds} s"
        ))
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Instant> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn, as long as the query may take at all.
    async fn turn(&self, limits: &Limits) -> Result<OwnedSemaphorePermit, QueryError> {
        struct Waits<'a>(&'a AtomicUsize);
        impl Drop for Waits<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waits = Waits(&self.waiting);
        let most = self.config.waiting;
        if before >= most && self.turns.available_permits() == 0 {
            let why = format!("{most} others wait already");
            return Err(QueryError::Unavailable(why));
        }
        let turn = Arc::clone(&self.turns).acquire_owned();
        match tokio::time::timeout(limits.time, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(QueryError::Unavailable(
                "other queries took all the time that it had".to_owned(),
            )),
        }
    }

    /// The engine; started when there is none.
    async fn engine(&self) -> Result<Arc<Running>, QueryError> {
        let mut running = self.running.lock().await;
        *self.last() = Instant::now();
        if let Some(engine) = running.as_ref().filter(|r| !r.link.is_lost()) {
            return Ok(Arc::clone(engine));
        }
        *running = None;
        let started = Instant::now();
        let process = self.supervisor.start().await;
        let process = process.map_err(|e| QueryError::Unavailable(e.to_string()))?;
        let engine = Arc::new(Running {
            link: Link::new(Arc::clone(&self.lake), process.output, process.input),
            handle: process.handle,
            asked: AtomicUsize::new(0),
        });
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(pid = engine.handle.pid(), took_ms, "the query engine runs");
        *running = Some(Arc::clone(&engine));
        Ok(engine)
    }

    /// One try. The answer has begun when it comes back: what is left of it follows.
    async fn attempt(
        &self,
        sql: &str,
        scope: &Scope,
        limits: Limits,
    ) -> Result<(Vec<u8>, Rest), Lost> {
        let limit = limits.clone();
        let place = Asked::new(self.engine().await?);
        let asked = place.0.link.ask(sql.to_owned(), scope.clone(), limits);
        let mut pieces = match asked.await {
            Ok(pieces) => pieces,
            Err(error) => return Err(self.lost(error, &place, &limit).await),
        };
        let columns = serde_json::to_string(pieces.columns()).unwrap_or_default();
        let mut text = format!("{{\"columns\":{columns},\"rows\":[").into_bytes();
        while text.len() <= HELD {
            match pieces.next().await {
                Ok(Some(piece)) => text.extend(piece),
                Ok(None) => {
                    text.extend(end(&pieces).into_bytes());
                    return Ok((text, Rest::Nothing));
                }
                Err(error) => return Err(self.lost(error, &place, &limit).await),
            }
        }
        Ok((text, Rest::Pieces(pieces, place)))
    }

    async fn lost(&self, error: AskError, place: &Asked, limits: &Limits) -> Lost {
        match error {
            AskError::Query(error) => Lost::Query(error),
            AskError::Lost => Lost::Engine {
                alone: place.0.asked.load(Ordering::Relaxed) <= 1,
                end: place.0.handle.end().await,
            },
            AskError::Overdue => {
                place.0.handle.kill("it did not answer any more");
                let ms = u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX);
                Lost::Query(QueryError::Timeout(ms))
            }
        }
    }

    /// Asks, and once more when the engine was lost and the query need not be why.
    async fn answer(
        &self,
        sql: &str,
        scope: &Scope,
        limits: Limits,
    ) -> Result<(Vec<u8>, Rest), QueryError> {
        let until = Instant::now() + limits.time;
        let first = match self.attempt(sql, scope, limits.clone()).await {
            Ok(answer) => return Ok(answer),
            Err(Lost::Query(error)) => return Err(error),
            Err(Lost::Engine { end, alone }) => (end, alone),
        };
        if let (Ended::Crashed { why, own: true }, true) = first {
            return Err(QueryError::Crashed(why));
        }
        self.counts.again.fetch_add(1, Ordering::Relaxed);
        let _again = self.again.lock().await;
        let left = until.saturating_duration_since(Instant::now());
        let limits = Limits {
            time: left.max(Duration::from_secs(1)),
            ..limits
        };
        match self.attempt(sql, scope, limits).await {
            Ok(answer) => Ok(answer),
            Err(Lost::Query(error)) => Err(error),
            Err(Lost::Engine { end, alone }) => {
                let why = match end {
                    Ended::Crashed { why, .. } => why,
                    Ended::Asked => "it was stopped".to_owned(),
                };
                Err(if alone {
                    QueryError::Crashed(why)
                } else {
                    QueryError::Unavailable(format!("the query engine ended: {why}"))
                })
            }
        }
    }

    fn count(&self, error: Option<&QueryError>) {
        let c = &self.counts;
        let counter = match error {
            None => &c.answered,
            Some(QueryError::Timeout(_) | QueryError::Memory(_)) => &c.stopped,
            Some(QueryError::Crashed(_)) => &c.crashed,
            Some(QueryError::Unavailable(_)) => &c.unavailable,
            Some(_) => &c.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait::async_trait]
impl Queries for QueryEngine {
    async fn query(
        &self,
        sql: String,
        scope: Scope,
        mut limits: Limits,
    ) -> Result<Document, QueryError> {
        let started = Instant::now();
        let answer = async {
            let turn = self.turn(&limits).await?;
            limits.time = limits.time.saturating_sub(started.elapsed());
            let (text, rest) = self.answer(&sql, &scope, limits).await?;
            Ok(match rest {
                Rest::Nothing => Document::Whole(text.into()),
                Rest::Pieces(pieces, place) => Document::Long(long(text, pieces, place, turn)),
            })
        };
        let answer = answer.await;
        *self.last() = Instant::now();
        self.count(answer.as_ref().err());
        answer
    }
}

/// What follows the first part of an answer.
enum Rest {
    Nothing,
    Pieces(Pieces, Asked),
}

fn end(pieces: &Pieces) -> String {
    format!("],\"truncated\":{}}}", pieces.truncated())
}

fn long(
    text: Vec<u8>,
    pieces: Pieces,
    place: Asked,
    turn: OwnedSemaphorePermit,
) -> stream::BoxStream<'static, std::io::Result<Bytes>> {
    let rest = stream::unfold(Some((pieces, place, turn)), |state| async {
        let (mut pieces, place, turn) = state?;
        Some(match pieces.next().await {
            Ok(Some(piece)) => (Ok(piece.into()), Some((pieces, place, turn))),
            Ok(None) => (Ok(end(&pieces).into()), None),
            Err(error) => {
                tracing::info!(%error, "a long answer was broken off");
                (Err(std::io::Error::other(error.to_string())), None)
            }
        })
    });
    stream::once(async { Ok(text.into()) }).chain(rest).boxed()
}
