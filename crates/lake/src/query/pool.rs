//! Memory of one query, which is also memory of all of them.

use std::fmt;
use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryLimit, MemoryPool, MemoryReservation,
};

/// Grows within its own bound and within the one that all queries share.
#[derive(Debug)]
pub(crate) struct QueryPool {
    own: GreedyMemoryPool,
    all: Arc<GreedyMemoryPool>,
}

impl QueryPool {
    pub(crate) fn new(bytes: usize, all: Arc<GreedyMemoryPool>) -> Self {
        Self {
            own: GreedyMemoryPool::new(bytes),
            all,
        }
    }
}

impl MemoryPool for QueryPool {
    fn name(&self) -> &str {
        "query"
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.own.grow(reservation, additional);
        self.all.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.all.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.own.try_grow(reservation, additional)?;
        let shared = self.all.try_grow(reservation, additional);
        if shared.is_err() {
            self.own.shrink(reservation, additional);
        }
        shared
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.own.memory_limit()
    }
}

impl fmt::Display for QueryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.own)
    }
}
