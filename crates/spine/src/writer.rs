//! The one thread that writes: it groups what callers bring into commits.
//!
//! While a block is being synced others queue up and become the next block, so a
//! busy log groups by itself. The window only evens out what follows: after a
//! commit of many appends their callers come back one by one, and the next commit
//! waits a moment for as many as the last one had. A lone caller never waits.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::dedup::Window;
use crate::disk::Lock;
use crate::log::Log;
use crate::shared::Shared;
use crate::{Entry, Offset, Outcome, SpineError};

type Answer = Result<Vec<Outcome>, SpineError>;

pub(crate) enum Command {
    Append(Submission),
    Flush(oneshot::Sender<Result<(), SpineError>>),
    /// A consumer moved: something may be deletable.
    Retain,
    Stop,
}

pub(crate) struct Submission {
    pub(crate) entries: Vec<Entry>,
    pub(crate) cost: usize,
    /// Room in flight, given back when the submission is done with.
    pub(crate) permit: OwnedSemaphorePermit,
    /// Who waits; nobody for a relaxed append.
    pub(crate) answer: Option<oneshot::Sender<Answer>>,
}

pub(crate) struct Writer {
    pub(crate) log: Log,
    pub(crate) window: Window,
    pub(crate) shared: Arc<Shared>,
    pub(crate) commands: Receiver<Command>,
    pub(crate) batch_limit: usize,
    pub(crate) group: Duration,
    pub(crate) retry: Duration,
    /// Let go when the thread ends and nothing can be written any more.
    pub(crate) lock: Lock,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Submission>,
    cost: usize,
    flushes: Vec<oneshot::Sender<Result<(), SpineError>>>,
    stop: bool,
}

impl Writer {
    pub(crate) fn run(mut self) {
        let mut queue = Queue::default();
        let mut last_batch = 0;
        let mut failing = false;
        while !queue.stop {
            self.collect(&mut queue, last_batch, failing);
            if !queue.waiting.is_empty() {
                let shared = Arc::clone(&self.shared);
                let commit = || self.commit(&mut queue, &mut failing);
                last_batch = shared.counters.cpu.run(commit);
            }
            if queue.waiting.is_empty() {
                queue
                    .flushes
                    .drain(..)
                    .for_each(|flush| drop(flush.send(Ok(()))));
            }
        }
        self.shared.close();
        drop(self.lock);
    }

    /// Fills the queue up to one batch, waiting for the first submission and, a
    /// moment, for as many as the last batch had.
    fn collect(&mut self, queue: &mut Queue, last_batch: usize, failing: bool) {
        if queue.waiting.is_empty() {
            match self.commands.recv() {
                Ok(command) => self.take(queue, command),
                Err(_) => queue.stop = true,
            }
        } else if failing {
            // Only entries that nobody waits for are left over from a failure.
            match self.commands.recv_timeout(self.retry) {
                Ok(command) => self.take(queue, command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => queue.stop = true,
            }
        }
        let mut until = None;
        while queue.cost < self.batch_limit && !queue.stop {
            if let Ok(command) = self.commands.try_recv() {
                self.take(queue, command);
                continue;
            }
            let enough = queue.waiting.len() >= last_batch.max(1) || !queue.flushes.is_empty();
            if enough || queue.waiting.is_empty() {
                break;
            }
            let until = *until.get_or_insert_with(|| Instant::now() + self.group);
            match self
                .commands
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(command) => self.take(queue, command),
                Err(_) => break,
            }
        }
    }

    fn take(&mut self, queue: &mut Queue, command: Command) {
        match command {
            Command::Append(submission) => {
                queue.cost = queue.cost.saturating_add(submission.cost);
                queue.waiting.push_back(submission);
            }
            Command::Flush(flush) => queue.flushes.push(flush),
            Command::Retain => self.retain(),
            Command::Stop => queue.stop = true,
        }
    }

    /// Commits one batch off the front of the queue; returns how many
    /// submissions it had.
    fn commit(&mut self, queue: &mut Queue, failing: &mut bool) -> usize {
        let (mut count, mut cost) = (0, 0_usize);
        for submission in &queue.waiting {
            if count > 0 && cost >= self.batch_limit {
                break;
            }
            count += 1;
            cost = cost.saturating_add(submission.cost);
        }
        let batch = queue.waiting.drain(..count).collect::<Vec<_>>();
        let fresh = self.fresh(&batch);
        match self.write(&batch, &fresh) {
            Ok(first) => {
                queue.cost = queue.cost.saturating_sub(cost);
                // A batch of duplicates proves nothing about the disk.
                if fresh.contains(&true) && std::mem::take(failing) {
                    tracing::info!("the log accepts appends again");
                    self.shared.recovered();
                }
                self.publish(batch, &fresh, first);
            }
            Err(error) => {
                if !std::mem::replace(failing, true) {
                    tracing::error!(code = error.code(), %error, "the log refuses appends");
                }
                self.shared.counters.failures.fetch_add(1, Relaxed);
                self.shared.failed(&error);
                // Back in front, in order; then only those stay that can wait.
                batch
                    .into_iter()
                    .rev()
                    .for_each(|submission| queue.waiting.push_front(submission));
                self.refuse(queue, &error);
            }
        }
        count
    }

    /// For each entry of the batch, whether it is seen for the first time.
    fn fresh(&self, batch: &[Submission]) -> Vec<bool> {
        let mut here = HashSet::new();
        let mut first_seen = |entry: &Entry| {
            entry
                .identity
                .is_none_or(|id| !self.window.contains(id) && here.insert(id))
        };
        batch
            .iter()
            .flat_map(|submission| &submission.entries)
            .map(&mut first_seen)
            .collect()
    }

    fn write(&mut self, batch: &[Submission], fresh: &[bool]) -> Result<Offset, SpineError> {
        let entries = batch.iter().flat_map(|submission| &submission.entries);
        let new = entries
            .zip(fresh)
            .filter(|(_, fresh)| **fresh)
            .map(|(entry, _)| entry);
        let new = new.collect::<Vec<_>>();
        let first = self.log.head();
        if new.is_empty() {
            return Ok(first);
        }
        self.shared.assign(first.plus(new.len() as u64));
        let begun = Instant::now();
        let written = match self.log.append(&new, &self.shared.positions) {
            Err(SpineError::LogFull { .. }) => {
                self.retain();
                self.log.append(&new, &self.shared.positions)
            }
            written => written,
        };
        match written {
            Ok(bytes) => {
                self.shared
                    .counters
                    .committed(new.len(), bytes, begun.elapsed());
                self.shared
                    .counters
                    .log_bytes
                    .store(self.log.bytes(), Relaxed);
                Ok(first)
            }
            Err(error) => {
                self.shared.assign(first);
                Err(error)
            }
        }
    }

    /// Tells readers and callers what is durable now.
    fn publish(&mut self, batch: Vec<Submission>, fresh: &[bool], first: Offset) {
        let mut fresh = fresh.iter().copied();
        let mut next = first;
        let mut hot = Vec::new();
        let mut answers = Vec::with_capacity(batch.len());
        for submission in batch {
            let mut outcomes = Vec::with_capacity(submission.entries.len());
            for entry in submission.entries {
                if fresh.next().unwrap_or(false) {
                    entry
                        .identity
                        .into_iter()
                        .for_each(|identity| self.window.insert(identity));
                    outcomes.push(Outcome::Appended(next));
                    next = next.plus(1);
                    hot.push(entry);
                } else {
                    self.shared.counters.duplicates.fetch_add(1, Relaxed);
                    outcomes.push(Outcome::Duplicate);
                }
            }
            answers.push((submission.answer, outcomes, submission.permit));
        }
        self.shared
            .counters
            .identities
            .store(self.window.len() as u64, Relaxed);
        if !hot.is_empty() {
            self.shared.publish(first, hot, next);
        }
        for (answer, outcomes, permit) in answers {
            drop(permit);
            if let Some(answer) = answer {
                // A caller that went away is none of the log's business.
                let _ = answer.send(Ok(outcomes));
            }
        }
    }

    /// Answers everyone who waits with the error and keeps the rest for later.
    fn refuse(&self, queue: &mut Queue, error: &SpineError) {
        let (waited_for, kept): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut queue.waiting)
            .into_iter()
            .partition(|submission| submission.answer.is_some());
        for submission in waited_for {
            self.shared
                .counters
                .refused
                .fetch_add(submission.entries.len() as u64, Relaxed);
            if let Some(answer) = submission.answer {
                let _ = answer.send(Err(error.clone()));
            }
        }
        queue
            .flushes
            .drain(..)
            .for_each(|flush| drop(flush.send(Err(error.clone()))));
        queue.cost = kept.iter().map(|submission| submission.cost).sum();
        queue.waiting = kept;
    }

    fn retain(&mut self) {
        let deleted = self.log.retain(&self.shared.positions);
        self.shared
            .counters
            .segments_deleted
            .fetch_add(deleted, Relaxed);
        self.shared
            .counters
            .log_bytes
            .store(self.log.bytes(), Relaxed);
    }
}
