//! [`Spine`] over files of one folder.

use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Semaphore, TryAcquireError, oneshot};

use crate::disk::{Disk, RealDisk};
use crate::log::Log;
use crate::positions::{self, Positions};
use crate::shared::Shared;
use crate::writer::{Command, Submission, Writer};
use crate::{
    Block, Entry, LocalConfig, Metrics, Offset, Outcome, Position, Recovery, Spine, SpineError,
    reader, recovery,
};

/// The log of one machine: segment files, one writer thread, any number of
/// readers. Dropping it (or [`LocalSpine::close`]) commits what was accepted and
/// lets go of the folder.
pub struct LocalSpine {
    shared: Arc<Shared>,
    commands: Sender<Command>,
    room: Arc<Semaphore>,
    in_flight: usize,
    append_limit: usize,
    recovery: Recovery,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl LocalSpine {
    /// Opens the log in a folder, making it if need be, and recovers from
    /// whatever happened to it. Blocks while it reads.
    pub fn open(folder: &Path, config: LocalConfig) -> Result<Self, SpineError> {
        let disk = RealDisk::create(folder).map_err(|error| {
            SpineError::io(
                &folder.display().to_string(),
                "",
                "open the folder of",
                error,
            )
        })?;
        Self::open_on(Arc::new(disk), config)
    }

    /// Opens the log on any [`Disk`].
    pub fn open_on(disk: Arc<dyn Disk>, config: LocalConfig) -> Result<Self, SpineError> {
        let place = disk.place();
        let lock = disk.lock().map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => SpineError::Locked {
                place: place.clone(),
            },
            _ => SpineError::io(&place, "lock", "lock", error),
        })?;
        let mut recovered = recovery::recover(&*disk, config.dedup_identities)?;
        let window = std::mem::replace(&mut recovered.window, crate::dedup::Window::new(1));
        let recovery = recovered.report.clone();
        let positions = Positions::load(&*disk)?;
        positions.check(recovery.tail, recovery.head)?;
        if let Some(cut) = &recovery.cut {
            tracing::warn!(
                file = cut.file,
                position = cut.position,
                bytes = cut.bytes,
                "cut a torn, never acknowledged end off the log"
            );
        }

        let log = Log::new(Arc::clone(&disk), recovered, &config);
        let shared = Arc::new(Shared::new(
            disk,
            log.segments(),
            positions,
            recovery.head,
            config.hot_bytes,
        ));
        let (commands, inbox) = mpsc::channel();
        let writer = Writer {
            log,
            window,
            shared: Arc::clone(&shared),
            commands: inbox,
            batch_limit: config.batch_limit(),
            group: config.window,
            retry: config.retry,
            lock,
        };
        let writer = thread::Builder::new()
            .name("spine".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| SpineError::io(&place, "", "start the writer of", error))?;
        // What an earlier life left to delete.
        let _ = commands.send(Command::Retain);
        let in_flight = config.in_flight_bytes.min(Semaphore::MAX_PERMITS);
        Ok(Self {
            shared,
            commands,
            room: Arc::new(Semaphore::new(in_flight)),
            in_flight,
            append_limit: config.append_limit(),
            recovery,
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Commits what was accepted, ends the writer and lets go of the folder.
    /// Everything after it is answered [`SpineError::Closed`].
    pub async fn close(&self) {
        let _ = self.commands.send(Command::Stop);
        let mut progress = self.shared.progress();
        // The sender lives as long as `self.shared`: this cannot fail.
        let _ = progress.wait_for(|progress| progress.closed).await;
        self.join();
    }

    /// What was found when the log was opened.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// What the log counted so far.
    pub fn metrics(&self) -> Metrics {
        let free = self.room.available_permits();
        self.shared
            .counters
            .snapshot(self.in_flight.saturating_sub(free) as u64)
    }

    /// Why the last commit failed, while the log refuses appends.
    pub fn failure(&self) -> Option<SpineError> {
        self.shared.progress().borrow().failure.clone()
    }

    /// Every registered consumer and the next entry it wants, for lag metrics.
    pub fn consumers(&self) -> Vec<(String, Offset)> {
        self.shared.positions.all()
    }

    fn cost(&self, entries: &[Entry]) -> Result<usize, SpineError> {
        let bytes = entries
            .iter()
            .map(Entry::cost)
            .fold(0, usize::saturating_add);
        if bytes > self.append_limit {
            return Err(SpineError::TooLarge {
                bytes,
                limit: self.append_limit,
            });
        }
        Ok(bytes)
    }

    fn submit(&self, submission: Submission) -> Result<(), SpineError> {
        self.commands
            .send(Command::Append(submission))
            .map_err(|_| SpineError::Closed)
    }

    /// Resolves when the log is closed, or, if asked, while it refuses appends.
    async fn refusal(&self, failing: bool) -> SpineError {
        let mut progress = self.shared.progress();
        let refuses =
            |now: &crate::shared::Progress| now.closed || failing && now.failure.is_some();
        match progress.wait_for(refuses).await {
            Ok(now) if !now.closed => now.failure.clone().unwrap_or(SpineError::Closed),
            _ => SpineError::Closed,
        }
    }

    /// Waits for room. A caller that can be told of a failing disk is told; one
    /// that cannot waits until the disk is well again.
    async fn room(
        &self,
        cost: usize,
        told: bool,
    ) -> Result<tokio::sync::OwnedSemaphorePermit, SpineError> {
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        tokio::select! {
            biased;
            permit = Arc::clone(&self.room).acquire_many_owned(cost) => {
                permit.map_err(|_| SpineError::Closed)
            }
            refusal = self.refusal(told) => Err(refusal),
        }
    }

    fn join(&self) {
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // A writer that panicked has closed every answer; there is no more to do.
        let _ = writer.map(JoinHandle::join);
    }
}

#[async_trait]
impl Spine for LocalSpine {
    async fn append(&self, entries: Vec<Entry>) -> Result<Vec<Outcome>, SpineError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let cost = self.cost(&entries)?;
        let permit = self.room(cost, true).await?;
        let (answer, outcome) = oneshot::channel();
        self.submit(Submission {
            entries,
            cost,
            permit,
            answer: Some(answer),
        })?;
        outcome.await.map_err(|_| SpineError::Closed)?
    }

    async fn append_relaxed(&self, entries: Vec<Entry>) -> Result<(), SpineError> {
        if entries.is_empty() {
            return Ok(());
        }
        let cost = self.cost(&entries)?;
        let permit = self.room(cost, false).await?;
        self.submit(Submission {
            entries,
            cost,
            permit,
            answer: None,
        })
    }

    fn try_append(&self, entries: Vec<Entry>) -> Result<(), SpineError> {
        if entries.is_empty() {
            return Ok(());
        }
        let cost = self.cost(&entries)?;
        let want = u32::try_from(cost).unwrap_or(u32::MAX);
        match Arc::clone(&self.room).try_acquire_many_owned(want) {
            Ok(permit) => self.submit(Submission {
                entries,
                cost,
                permit,
                answer: None,
            }),
            Err(TryAcquireError::NoPermits) => {
                let refused = &self.shared.counters.refused;
                refused.fetch_add(entries.len() as u64, std::sync::atomic::Ordering::Relaxed);
                Err(SpineError::Full)
            }
            Err(TryAcquireError::Closed) => Err(SpineError::Closed),
        }
    }

    async fn flush(&self) -> Result<(), SpineError> {
        let (done, flushed) = oneshot::channel();
        self.commands
            .send(Command::Flush(done))
            .map_err(|_| SpineError::Closed)?;
        flushed.await.map_err(|_| SpineError::Closed)?
    }

    fn head(&self) -> Offset {
        self.shared.head()
    }

    fn durable(&self) -> Offset {
        self.shared.durable()
    }

    fn tail(&self) -> Offset {
        self.shared.tail()
    }

    async fn read(&self, from: Offset, max_bytes: usize) -> Result<Block, SpineError> {
        let until = self.shared.durable();
        if from >= until {
            return Ok(Block::new());
        }
        let tail = self.shared.tail();
        if from < tail {
            return Err(SpineError::Gone { asked: from, tail });
        }
        if let Some(block) = self.shared.read_memory(from, until, max_bytes) {
            return Ok(block);
        }
        let shared = Arc::clone(&self.shared);
        blocking(move || reader::read(&shared, from, until, max_bytes)).await
    }

    async fn wait(&self, beyond: Offset) -> Result<(), SpineError> {
        let mut progress = self.shared.progress();
        let there = progress
            .wait_for(|now| now.durable > beyond || now.closed)
            .await;
        match there {
            Ok(now) if now.durable > beyond => Ok(()),
            _ => Err(SpineError::Closed),
        }
    }

    async fn position(&self, consumer: &str) -> Result<Option<Position>, SpineError> {
        let (shared, consumer) = (Arc::clone(&self.shared), consumer.to_owned());
        blocking(move || positions::read(&*shared.disk, &consumer)).await
    }

    async fn commit_position(
        &self,
        consumer: &str,
        offset: Offset,
        state: Option<Bytes>,
    ) -> Result<(), SpineError> {
        self.flush().await?;
        let (shared, consumer) = (Arc::clone(&self.shared), consumer.to_owned());
        let position = Position { offset, state };
        blocking(move || {
            let bounds = || (shared.tail(), shared.durable());
            shared
                .positions
                .commit(&*shared.disk, &consumer, &position, bounds)
        })
        .await?;
        // Only a hint: a closed log has nothing to delete.
        let _ = self.commands.send(Command::Retain);
        Ok(())
    }

    async fn forget_consumer(&self, consumer: &str) -> Result<(), SpineError> {
        let (shared, consumer) = (Arc::clone(&self.shared), consumer.to_owned());
        blocking(move || shared.positions.forget(&*shared.disk, &consumer)).await?;
        let _ = self.commands.send(Command::Retain);
        Ok(())
    }
}

impl Drop for LocalSpine {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        self.join();
    }
}

/// Runs what waits for the disk where it holds up nobody else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SpineError> + Send + 'static,
) -> Result<T, SpineError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| SpineError::Closed)?
}
