//! The other side of [`Link`](super::Link): the query engine as a process of its own.
//!
//! It knows what it is sent, opens the files that it is told of, and answers. One thread
//! reads the pipe, one writes it, one (the caller's) keeps order, and the engine's own run
//! the queries. The end of the pipe is its end.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::AbortHandle;

use super::engine::Engine;
use super::mirror::Mirror;
use super::wire::{self, Ask, CREDIT, FromEngine, PIECE, ToEngine};
use crate::config::Config;
use crate::error::{LakeError, QueryError};

/// Frames from `serve` read ahead, and frames to it that wait to be written.
const AHEAD: usize = 8;
/// How often it looks whether a query cannot be stopped.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a query engine needs to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineSettings {
    /// The lake's folder.
    pub dir: PathBuf,
    /// Threads that run queries.
    pub threads: usize,
    /// Most bytes of decoded Parquet footers kept.
    pub footer_cache_bytes: usize,
    /// Most bytes for sorting, grouping and joining, of all queries together.
    pub memory_bytes: usize,
}

/// Answers what comes in on `input` until it ends.
///
/// # Errors
/// When the pipes carry something else, or a query cannot be stopped: the process has to
/// end then.
pub async fn run_engine(
    settings: EngineSettings,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<(), LakeError> {
    let config = Config {
        query_threads: settings.threads,
        // The asker counts them.
        concurrent_queries: Semaphore::MAX_PERMITS,
        footer_cache_bytes: settings.footer_cache_bytes,
        ..Config::default()
    };
    let engine = Engine::new(&settings.dir, &config, settings.memory_bytes);
    let mut worker = Worker {
        engine: Arc::new(engine.map_err(QueryError::Failed)?),
        mirror: Mirror::default(),
        running: HashMap::new(),
        out: writing(output)?,
    };
    let mut frames = reading(input)?;
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Some(frame) => worker.take(frame.map_err(failed)?)?,
                None => return Ok(()),
            },
            _ = look.tick() => worker.look()?,
        }
    }
}

struct Worker {
    engine: Arc<Engine>,
    mirror: Mirror,
    running: HashMap<u64, Running>,
    out: mpsc::Sender<FromEngine>,
}

struct Running {
    credit: Arc<Semaphore>,
    task: AbortHandle,
}

impl Worker {
    fn take(&mut self, frame: ToEngine) -> Result<(), LakeError> {
        match frame {
            ToEngine::Files(change) => self.mirror.files(change),
            ToEngine::Chunk(id, batch) => self.mirror.chunk(id, batch),
            ToEngine::Facts(id, facts) => self.mirror.facts(id, &facts)?,
            ToEngine::Ask(id, ask) => self.ask(id, ask)?,
            ToEngine::Cancel(id) => {
                if let Some(running) = self.running.remove(&id) {
                    running.task.abort();
                }
            }
            ToEngine::More(id) => {
                if let Some(running) = self.running.get(&id) {
                    running.credit.add_permits(1);
                }
            }
        }
        Ok(())
    }

    fn ask(&mut self, id: u64, ask: Ask) -> Result<(), LakeError> {
        let view = self.mirror.view(&ask.chunks)?;
        let credit = Arc::new(Semaphore::new(CREDIT));
        let (engine, out, pieces) = (
            Arc::clone(&self.engine),
            self.out.clone(),
            Arc::clone(&credit),
        );
        let task = tokio::spawn(async move {
            let answer = Answer { id, out, pieces };
            if let Err(error) = answer.send(&engine, ask, view).await {
                let _ = answer
                    .out
                    .send(FromEngine::Failed(id, shortened(error)))
                    .await;
            }
        });
        let task = task.abort_handle();
        self.running.insert(id, Running { credit, task });
        Ok(())
    }

    /// Forgets what has ended. A query that goes on although it was stopped keeps a thread
    /// from all others, so the process gives up and a new one begins.
    fn look(&mut self) -> Result<(), LakeError> {
        self.running
            .retain(|_, running| !running.task.is_finished());
        if self.engine.is_stuck() {
            let what = "a query could not be stopped".to_owned();
            return Err(QueryError::Failed(what).into());
        }
        Ok(())
    }
}

struct Answer {
    id: u64,
    out: mpsc::Sender<FromEngine>,
    pieces: Arc<Semaphore>,
}

impl Answer {
    async fn send(
        &self,
        engine: &Engine,
        ask: Ask,
        view: crate::lake::View,
    ) -> Result<(), QueryError> {
        let limits = ask.limits;
        let timeout = QueryError::timeout(&limits);
        let until = Instant::now() + limits.time;
        let mut rows = engine.start(ask.sql, view, ask.scope, limits).await?;
        self.say(FromEngine::Columns(self.id, rows.columns()))
            .await?;
        let mut between = "";
        while let Some(text) = rows.next_json().await? {
            for part in [between.as_bytes()].into_iter().chain(text.chunks(PIECE)) {
                if part.is_empty() {
                    continue;
                }
                let turn = tokio::time::timeout_at(until.into(), self.pieces.acquire());
                match turn.await {
                    Ok(Ok(piece)) => piece.forget(),
                    _ => return Err(timeout),
                }
                self.say(FromEngine::Rows(self.id, part.to_vec())).await?;
            }
            between = ",";
        }
        self.say(FromEngine::End(self.id, rows.truncated())).await
    }

    async fn say(&self, frame: FromEngine) -> Result<(), QueryError> {
        let closed = |_| QueryError::Failed("nobody listens".to_owned());
        self.out.send(frame).await.map_err(closed)
    }
}

/// An error repeats parts of the query, which may be long.
fn shortened(error: QueryError) -> QueryError {
    const MOST: usize = 4_000;
    let cut = |text: String| match text.char_indices().nth(MOST) {
        Some((at, _)) => text.get(..at).unwrap_or_default().to_owned() + "…",
        None => text,
    };
    match error {
        QueryError::Syntax(text) => QueryError::Syntax(cut(text)),
        QueryError::Plan(text) => QueryError::Plan(cut(text)),
        QueryError::Failed(text) => QueryError::Failed(cut(text)),
        QueryError::Refused { what, line, column } => QueryError::Refused {
            what: cut(what),
            line,
            column,
        },
        other => other,
    }
}

fn failed(error: io::Error) -> LakeError {
    QueryError::Failed(error.to_string()).into()
}

fn reading(
    mut input: impl Read + Send + 'static,
) -> Result<mpsc::Receiver<io::Result<ToEngine>>, LakeError> {
    let (send, frames) = mpsc::channel(AHEAD);
    let work = move || {
        while let Some(frame) = read(&mut input).transpose() {
            let last = frame.is_err();
            if send.blocking_send(frame).is_err() || last {
                return;
            }
        }
    };
    thread("lake-frames-in", work)?;
    Ok(frames)
}

/// The next frame; nothing at the end of the pipe.
fn read(input: &mut impl Read) -> io::Result<Option<ToEngine>> {
    let mut first = [0; wire::HEAD];
    match input.read_exact(&mut first) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let (kind, id, length) = wire::head(&first, wire::MOST_TO_ENGINE)?;
    let mut body = Vec::new();
    input.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Ok(None);
    }
    Ok(Some(ToEngine::decode(kind, id, &body)?))
}

fn writing(mut output: impl Write + Send + 'static) -> Result<mpsc::Sender<FromEngine>, LakeError> {
    let (out, mut frames) = mpsc::channel::<FromEngine>(AHEAD);
    let work = move || {
        while let Some(frame) = frames.blocking_recv() {
            let sent = frame.encode().map_err(io::Error::from);
            let sent = sent.and_then(|bytes| output.write_all(&bytes));
            if sent.and_then(|()| output.flush()).is_err() {
                return;
            }
        }
    };
    thread("lake-frames-out", work)?;
    Ok(out)
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), LakeError> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    let started = thread.spawn(work);
    started.map(drop).map_err(failed)
}
