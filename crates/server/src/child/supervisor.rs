//! Who starts children, counts their ends and spaces their starts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::process::{Ended, Process};
use super::walls::Wall;

/// Crashes within [`WINDOW`] after which the next start has to wait.
const FREE: u32 = 3;
/// A child that lived for so long begins with a clean record.
const WINDOW: Duration = Duration::from_secs(60);
/// Longest wait between two starts.
const LONGEST: Duration = Duration::from_secs(30);

/// What to start.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Name of the job: argument of `ringfence child`, and label in logs and metrics.
    pub name: &'static str,
    /// What the job needs to know. No secrets.
    pub settings: serde_json::Value,
}

/// Why there is no child.
#[derive(Debug, Error)]
pub enum ChildError {
    /// The system, or the child itself, did not let it begin.
    #[error("the process `{name}` could not be started: {source}")]
    Start {
        /// Which.
        name: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// It crashed too often.
    #[error("the process `{name}` ended {crashes} times in a row ({why}); it is started again in {} s", .left.as_secs() + 1)]
    BackOff {
        /// Which.
        name: &'static str,
        /// How often.
        crashes: u32,
        /// The last reason.
        why: String,
        /// Until the next start.
        left: Duration,
    },
    /// What a child was given is not what it takes.
    #[error("a child process was started with settings that it cannot read: {0}")]
    Settings(String),
}

/// Figures for `/metrics` and `status`.
#[derive(Debug, Clone, Default)]
pub struct ChildCounts {
    /// Starts.
    pub starts: u64,
    /// Ends that nobody asked for.
    pub crashes: u64,
    /// Process id while it runs.
    pub pid: Option<u32>,
    /// Why the last one crashed.
    pub last_crash: Option<String>,
    /// The walls of the last one.
    pub walls: Vec<Wall>,
}

/// Starts a child when it is asked to, one at a time or several, and keeps book.
#[derive(Debug)]
pub struct Supervisor {
    spec: Spec,
    book: Arc<Mutex<Book>>,
}

#[derive(Debug, Default)]
struct Book {
    counts: ChildCounts,
    /// Crashes in a row.
    row: u32,
    /// When the last one crashed.
    crashed: Option<Instant>,
}

impl Supervisor {
    /// For a kind of child; starts nothing yet.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        Self {
            spec,
            book: Arc::default(),
        }
    }

    /// Starts a child.
    ///
    /// # Errors
    /// When it cannot be started, or crashed so often that it has to wait.
    pub async fn start(&self) -> Result<Process, ChildError> {
        if let Some(left) = self.left() {
            let book = lock(&self.book);
            return Err(ChildError::BackOff {
                name: self.spec.name,
                crashes: book.row,
                why: book.counts.last_crash.clone().unwrap_or_default(),
                left,
            });
        }
        let (name, book) = (self.spec.name, Arc::clone(&self.book));
        let born = Instant::now();
        let process = Process::start(&self.spec, move |end| note(name, &book, born, end)).await?;
        let mut book = lock(&self.book);
        // It may have ended already.
        if book.crashed.is_none_or(|crashed| crashed < born) {
            book.counts.pid = Some(process.handle.pid());
        }
        book.counts.starts += 1;
        if book.counts.walls != process.walls {
            for wall in &process.walls {
                match &wall.missing {
                    None => tracing::info!(child = name, wall = wall.name, "a wall stands"),
                    Some(why) => {
                        tracing::warn!(child = name, wall = wall.name, why, "a wall is missing");
                    }
                }
            }
            book.counts.walls.clone_from(&process.walls);
        }
        Ok(process)
    }

    /// Time until the next start, when it has to wait.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let book = lock(&self.book);
        let wait = wait(book.row)?;
        let left = wait.checked_sub(book.crashed?.elapsed())?;
        (!left.is_zero()).then_some(left)
    }

    /// Figures.
    #[must_use]
    pub fn counts(&self) -> ChildCounts {
        lock(&self.book).counts.clone()
    }

    /// Name of the job.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.spec.name
    }
}

/// How long to wait after so many crashes in a row.
fn wait(row: u32) -> Option<Duration> {
    let exponent = row.checked_sub(FREE)?;
    Some(Duration::from_secs(1 << exponent.min(5)).min(LONGEST))
}

fn note(name: &'static str, book: &Mutex<Book>, born: Instant, end: &Ended) {
    let mut book = lock(book);
    book.counts.pid = None;
    let Ended::Crashed { why, .. } = end else {
        tracing::debug!(child = name, "a child process has ended");
        return;
    };
    tracing::error!(child = name, why, "a child process crashed");
    book.counts.crashes += 1;
    book.counts.last_crash = Some(why.clone());
    book.row = if born.elapsed() > WINDOW {
        1
    } else {
        book.row + 1
    };
    book.crashed = Some(Instant::now());
}

fn lock(book: &Mutex<Book>) -> std::sync::MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_crashes_are_free_and_then_starts_are_spaced() {
        let secs = |row| wait(row).map(|w| w.as_secs());
        assert_eq!([0, 1, 2].map(secs), [None; 3]);
        assert_eq!([3, 4, 7, 8, 100].map(secs), [1, 2, 16, 30, 30].map(Some));
    }

    #[test]
    fn a_child_that_lived_begins_with_a_clean_record() {
        let book = Mutex::new(Book::default());
        let crash = Ended::Crashed {
            why: "out of memory".to_owned(),
            own: true,
        };
        for _ in 0..5 {
            note("query", &book, Instant::now(), &crash);
        }
        assert_eq!(lock(&book).row, 5);
        note("query", &book, Instant::now(), &Ended::Asked);
        assert_eq!(lock(&book).row, 5);
        assert_eq!(lock(&book).counts.crashes, 5);
        let long_ago = Instant::now().checked_sub(WINDOW * 2).unwrap();
        note("query", &book, long_ago, &crash);
        assert_eq!(lock(&book).row, 1);
    }
}
