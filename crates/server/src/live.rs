//! What the call join shows of itself to the API and the metrics.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use ringfence_calls::{Board, Join, LiveCall, Stats};

/// A picture of the join, replaced as it works. Readers never wait for it.
#[derive(Debug, Default)]
pub struct Live {
    picture: ArcSwap<Picture>,
    /// What each agent does, from the moment on at which the join is restored.
    board: OnceLock<Arc<Board>>,
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
    /// Shows what this join knows of agents from now on. Called once.
    pub fn share(&self, join: &Join) {
        self.board.get_or_init(|| join.board());
    }

    /// What each agent does, if the join is there yet.
    pub fn board(&self) -> Option<&Board> {
        self.board.get().map(|board| &**board)
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
