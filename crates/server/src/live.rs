//! What the call join shows of itself to the API and the metrics.

use std::sync::Arc;

use std::sync::OnceLock;

use arc_swap::ArcSwap;
use parking_lot::RwLock;
use ringfence_calls::{Join, LiveCall, Stats};

/// A picture of the join, replaced as it works. Readers never wait for it.
#[derive(Debug, Default)]
pub struct Live {
    picture: ArcSwap<Picture>,
    /// The join itself, from the moment on at which it is restored.
    join: OnceLock<Arc<RwLock<Join>>>,
}

/// Calls and figures at one moment.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// Calls going on.
    pub calls: Vec<LiveCall>,
    /// Sizes and losses.
    pub stats: Stats,
    taken: Option<std::time::Instant>,
}

/// Listing a large center's calls takes a moment: not after every batch.
const EVERY: std::time::Duration = std::time::Duration::from_secs(1);

impl Live {
    /// The join, for its one writer. Called once.
    pub fn share(&self, join: Join) -> Arc<RwLock<Join>> {
        Arc::clone(self.join.get_or_init(|| Arc::new(RwLock::new(join))))
    }

    /// Asks the join, if it is there yet. Whoever asks holds it for microseconds.
    pub fn ask<T>(&self, question: impl FnOnce(&Join) -> T) -> Option<T> {
        Some(question(&self.join.get()?.read()))
    }

    /// Takes a new picture, if the last one is a second old.
    pub fn publish(&self, join: &Join) {
        let recent = |at: std::time::Instant| at.elapsed() < EVERY;
        if self.picture.load().taken.is_some_and(recent) {
            return;
        }
        self.picture.store(Arc::new(Picture {
            calls: join.live_calls().collect(),
            stats: join.stats(),
            taken: Some(std::time::Instant::now()),
        }));
    }

    /// The last picture.
    #[must_use]
    pub fn picture(&self) -> Arc<Picture> {
        self.picture.load_full()
    }
}
