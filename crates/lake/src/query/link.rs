//! A query engine in another process, as seen from here.
//!
//! One task writes to it and one reads from it. The writing task also keeps book of what
//! the engine knows: a chunk of the hot tail crosses the pipe once, later facts as the
//! rows that they change, and the files as what came and went. A query names what it sees,
//! so it is answered as of the moment in which it was sent.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;

use super::changes::{Change, Changes};
use super::rows::Column;
use super::scope::{Limits, Scope};
use super::wire::{self, Ask, CREDIT, FILES, Files, FromEngine, ToEngine};
use crate::delta::Snapshot;
use crate::error::{LakeError, QueryError};
use crate::lake::Lake;

/// How long after a query's time limit the engine may take to say so.
const GRACE: Duration = Duration::from_secs(3);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The query's fault, or its bad luck.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The engine has ended.
    #[error("the query engine has ended")]
    Lost,
    /// The engine does not answer any more, although it should have given up by now.
    #[error("the query engine does not answer any more")]
    Overdue,
}

/// The way to one running engine. Dropping it closes the engine's input, and the engine ends.
#[derive(Debug)]
pub struct Link {
    commands: UnboundedSender<Command>,
    askers: Arc<Askers>,
    next: AtomicU64,
    tasks: [JoinHandle<()>; 2],
}

#[derive(Debug)]
enum Command {
    Ask {
        id: u64,
        sql: String,
        scope: Scope,
        limits: Limits,
    },
    Cancel(u64),
    More(u64),
}

/// Who waits for what. Nothing once the engine has ended.
#[derive(Debug)]
struct Askers(Mutex<Option<HashMap<u64, Sender<FromEngine>>>>);

impl Link {
    /// Begins to talk to an engine (see [`run_engine`](super::run_engine)) over two pipes.
    pub fn new(
        lake: Arc<Lake>,
        read: impl AsyncRead + Send + Unpin + 'static,
        write: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let (commands, orders) = mpsc::unbounded_channel();
        let askers = Arc::new(Askers(Mutex::new(Some(HashMap::new()))));
        let writer = Writer {
            lake,
            write,
            snapshot: Arc::default(),
            chunks: HashMap::new(),
        };
        let (written, told) = (Arc::clone(&askers), Arc::clone(&askers));
        Self {
            commands,
            askers,
            next: AtomicU64::new(1),
            tasks: [
                tokio::spawn(writer.run(orders, written)),
                tokio::spawn(listen(read, told)),
            ],
        }
    }

    /// Asks, and waits until the query is planned. A query sees every row that was pushed
    /// before this call.
    ///
    /// # Errors
    /// As the kinds of [`AskError`] say.
    pub async fn ask(&self, sql: String, scope: Scope, limits: Limits) -> Result<Pieces, AskError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        // Columns, as many pieces as were asked for, the end.
        let (tell, events) = mpsc::channel(CREDIT + 2);
        if !self.askers.add(id, tell) {
            return Err(AskError::Lost);
        }
        let mut pieces = Pieces {
            id,
            commands: self.commands.clone(),
            askers: Arc::clone(&self.askers),
            events,
            columns: Vec::new(),
            until: Instant::now() + limits.time + GRACE,
            truncated: None,
        };
        let ask = Command::Ask {
            id,
            sql,
            scope,
            limits,
        };
        self.commands.send(ask).map_err(|_| AskError::Lost)?;
        match pieces.event().await? {
            FromEngine::Columns(_, columns) => pieces.columns = columns,
            FromEngine::Failed(_, error) => return Err(pieces.failed(error)),
            FromEngine::Rows(..) | FromEngine::End(..) => return Err(AskError::Lost),
        }
        Ok(pieces)
    }

    /// Whether the engine has ended.
    pub fn is_lost(&self) -> bool {
        self.askers.lock().is_none()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// An answer as JSON text, a piece at a time. Dropping it stops the query.
#[derive(Debug)]
pub struct Pieces {
    id: u64,
    commands: UnboundedSender<Command>,
    askers: Arc<Askers>,
    events: Receiver<FromEngine>,
    columns: Vec<Column>,
    until: Instant,
    truncated: Option<bool>,
}

impl Pieces {
    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Whether a limit has cut the answer off; known once [`Pieces::next`] has given `None`.
    pub fn truncated(&self) -> bool {
        self.truncated.unwrap_or(false)
    }

    /// The next piece of the rows, JSON objects with commas between them, cut anywhere; or
    /// nothing at the end.
    ///
    /// # Errors
    /// As the kinds of [`AskError`] say.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, AskError> {
        if self.truncated.is_some() {
            return Ok(None);
        }
        match self.event().await? {
            FromEngine::Rows(id, text) => {
                let _ = self.commands.send(Command::More(id));
                Ok(Some(text))
            }
            FromEngine::End(_, truncated) => {
                self.truncated = Some(truncated);
                Ok(None)
            }
            FromEngine::Failed(_, error) => Err(self.failed(error)),
            FromEngine::Columns(..) => Err(AskError::Lost),
        }
    }

    async fn event(&mut self) -> Result<FromEngine, AskError> {
        let event = tokio::time::timeout_at(self.until.into(), self.events.recv());
        event
            .await
            .map_err(|_| AskError::Overdue)?
            .ok_or(AskError::Lost)
    }

    /// It has ended by itself: there is nothing to stop.
    fn failed(&mut self, error: QueryError) -> AskError {
        self.truncated = Some(false);
        error.into()
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.askers.remove(self.id);
        if self.truncated.is_none() {
            let _ = self.commands.send(Command::Cancel(self.id));
        }
    }
}

impl Askers {
    fn lock(&self) -> MutexGuard<'_, Option<HashMap<u64, Sender<FromEngine>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False when the engine has ended.
    fn add(&self, id: u64, tell: Sender<FromEngine>) -> bool {
        match &mut *self.lock() {
            Some(askers) => {
                askers.insert(id, tell);
                true
            }
            None => false,
        }
    }

    fn remove(&self, id: u64) {
        if let Some(askers) = &mut *self.lock() {
            askers.remove(&id);
        }
    }

    /// Fails when an engine says more than it was asked: it would fill our memory.
    fn tell(&self, id: u64, event: FromEngine) -> std::io::Result<()> {
        let askers = self.lock();
        match askers.as_ref().and_then(|askers| askers.get(&id)) {
            Some(asker) => match asker.try_send(event) {
                Err(TrySendError::Full(_)) => Err(std::io::ErrorKind::InvalidData.into()),
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Everybody who waits is told by the end of their channel.
    fn end(&self) {
        *self.lock() = None;
    }
}

struct Writer<W> {
    lake: Arc<Lake>,
    write: W,
    /// What the engine knows.
    snapshot: Arc<Snapshot>,
    chunks: HashMap<u64, u64>,
}

impl<W: AsyncWrite + Send + Unpin> Writer<W> {
    async fn run(mut self, mut orders: UnboundedReceiver<Command>, askers: Arc<Askers>) {
        while let Some(command) = orders.recv().await {
            let done = match command {
                Command::Cancel(id) => self.send(&ToEngine::Cancel(id)).await,
                Command::More(id) => self.send(&ToEngine::More(id)).await,
                Command::Ask {
                    id,
                    sql,
                    scope,
                    limits,
                } => match self.lake.changes(&self.chunks) {
                    Ok(changes) => self.ask(id, sql, scope, limits, changes).await,
                    Err(error) => {
                        let error = QueryError::Failed(error.to_string());
                        let _ = askers.tell(id, FromEngine::Failed(id, error));
                        Ok(())
                    }
                },
            };
            if let Err(error) = done {
                tracing::debug!(%error, "the query engine takes no more");
                break;
            }
        }
        askers.end();
    }

    async fn ask(
        &mut self,
        id: u64,
        sql: String,
        scope: Scope,
        limits: Limits,
        changes: Changes,
    ) -> Result<(), LakeError> {
        let Changes { snapshot, chunks } = changes;
        for files in differences(&self.snapshot, &snapshot) {
            self.send(&ToEngine::Files(files)).await?;
        }
        self.snapshot = snapshot;
        let ids: Vec<u64> = chunks.iter().map(|chunk| chunk.id).collect();
        let known = chunks.iter().map(|chunk| (chunk.id, chunk.revision));
        self.chunks = known.collect();
        for chunk in chunks {
            match chunk.what {
                Change::None => {}
                Change::New(batch) => self.send(&ToEngine::Chunk(chunk.id, batch)).await?,
                Change::Revised(facts) => self.send(&ToEngine::Facts(chunk.id, facts)).await?,
            }
        }
        let ask = Ask {
            sql,
            scope,
            limits,
            chunks: ids,
        };
        self.send(&ToEngine::Ask(id, ask)).await
    }

    async fn send(&mut self, frame: &ToEngine) -> Result<(), LakeError> {
        let failed = |e: std::io::Error| QueryError::Failed(e.to_string());
        let bytes = frame.encode().map_err(|e| failed(e.into()))?;
        self.write.write_all(&bytes).await.map_err(failed)?;
        Ok(self.write.flush().await.map_err(failed)?)
    }
}

/// The way from one list of files to another, in frames of bounded length.
fn differences(old: &Snapshot, new: &Snapshot) -> Vec<Files> {
    let gone = old
        .files
        .keys()
        .filter(|path| !new.files.contains_key(*path));
    let removed: Vec<_> = gone.cloned().collect();
    let fresh = new.files.iter().filter(|(path, file)| {
        let known = old.files.get(*path);
        known.is_none_or(|known| !Arc::ptr_eq(known, file) && known != *file)
    });
    let added: Vec<_> = fresh.map(|(_, file)| (**file).clone()).collect();
    let removed = removed.chunks(FILES).map(|part| Files {
        removed: part.to_vec(),
        added: Vec::new(),
    });
    let added = added.chunks(FILES).map(|part| Files {
        removed: Vec::new(),
        added: part.to_vec(),
    });
    removed.chain(added).collect()
}

/// Reads what the engine says until it ends or says what is no frame.
async fn listen(read: impl AsyncRead + Send + Unpin, askers: Arc<Askers>) {
    let mut read = BufReader::new(read);
    loop {
        let told = match next(&mut read).await {
            Ok(event) => askers.tell(event.id(), event),
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::debug!(%error, "the query engine says no more");
            return askers.end();
        }
    }
}

async fn next(read: &mut (impl AsyncRead + Unpin)) -> std::io::Result<FromEngine> {
    let mut first = [0; wire::HEAD];
    read.read_exact(&mut first).await?;
    let (kind, id, length) = wire::head(&first, wire::MOST_FROM_ENGINE)?;
    let mut body = vec![0; length];
    read.read_exact(&mut body).await?;
    Ok(FromEngine::decode(kind, id, body)?)
}
