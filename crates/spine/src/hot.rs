//! The newest entries, decoded, for consumers that keep up.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::{Block, Entry, Offset};

/// The last blocks of the log, bounded in bytes, without gaps up to its end.
pub(crate) struct HotTail {
    limit: usize,
    cost: usize,
    blocks: VecDeque<HotBlock>,
}

#[derive(Clone)]
struct HotBlock {
    first: Offset,
    cost: usize,
    entries: Arc<Vec<Entry>>,
}

impl HotTail {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            cost: 0,
            blocks: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, first: Offset, entries: Vec<Entry>) {
        let cost = entries.iter().map(Entry::held).sum::<usize>();
        self.cost = self.cost.saturating_add(cost);
        self.blocks.push_back(HotBlock {
            first,
            cost,
            entries: Arc::new(entries),
        });
        while self.cost > self.limit {
            let Some(oldest) = self.blocks.pop_front() else {
                break;
            };
            self.cost = self.cost.saturating_sub(oldest.cost);
        }
    }

    /// The entries of `from..until`, up to `max_bytes`, or `None` if `from` is
    /// older than what is held.
    pub(crate) fn read(&self, from: Offset, until: Offset, max_bytes: usize) -> Option<Block> {
        let holds = self
            .blocks
            .front()
            .is_some_and(|oldest| oldest.first <= from);
        if !holds {
            return None;
        }
        let start = self
            .blocks
            .partition_point(|block| block.first <= from)
            .saturating_sub(1);
        let mut taken = Taken::new(from, until, max_bytes);
        for block in self.blocks.iter().skip(start) {
            if !taken.take(block.first, block.entries.iter().cloned()) {
                break;
            }
        }
        Some(taken.block)
    }
}

/// Collects the entries that a reader asked for.
pub(crate) struct Taken {
    from: Offset,
    until: Offset,
    room: usize,
    pub(crate) block: Block,
}

impl Taken {
    pub(crate) fn new(from: Offset, until: Offset, max_bytes: usize) -> Self {
        Self {
            from,
            until,
            room: max_bytes,
            block: Block::new(),
        }
    }

    /// Takes from consecutive entries and says whether there is room for more.
    pub(crate) fn take(&mut self, first: Offset, entries: impl Iterator<Item = Entry>) -> bool {
        let skipped = usize::try_from(self.from.0.saturating_sub(first.0)).unwrap_or(usize::MAX);
        for (index, entry) in entries.enumerate().skip(skipped) {
            let offset = first.plus(index as u64);
            let cost = entry.cost();
            if offset >= self.until || (!self.block.is_empty() && cost > self.room) {
                return false;
            }
            self.room = self.room.saturating_sub(cost);
            self.block.push((offset, entry));
        }
        self.room > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail() -> HotTail {
        let mut tail = HotTail::new(10_000);
        for block in 0..4 {
            let entries = (0..5).map(|n| Entry::new(n, vec![n; 10])).collect();
            tail.push(Offset(100 + block * 5), entries);
        }
        tail
    }

    fn offsets(block: Block) -> Vec<u64> {
        block.into_iter().map(|(offset, _)| offset.0).collect()
    }

    #[test]
    fn reads_across_blocks_from_the_middle_of_one() {
        let read = tail().read(Offset(103), Offset(1000), usize::MAX).unwrap();
        assert_eq!(offsets(read), (103..120).collect::<Vec<_>>());
    }

    #[test]
    fn stops_at_the_durable_end_and_at_the_bytes_but_gives_one() {
        assert_eq!(
            offsets(tail().read(Offset(103), Offset(105), usize::MAX).unwrap()),
            [103, 104]
        );
        assert_eq!(
            offsets(tail().read(Offset(103), Offset(1000), 1).unwrap()),
            [103]
        );
        assert_eq!(
            offsets(tail().read(Offset(103), Offset(1000), 230).unwrap()),
            [103, 104]
        );
        assert!(
            tail()
                .read(Offset(120), Offset(1000), 100)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn forgets_the_oldest_and_says_so() {
        let mut tail = tail();
        tail.push(Offset(120), vec![Entry::new(0, vec![0; 9_000])]);
        assert!(tail.read(Offset(100), Offset(1000), 1).is_none());
        assert!(tail.cost <= 10_000);
        tail.push(Offset(121), vec![Entry::new(0, vec![0; 20_000])]);
        assert!(tail.read(Offset(121), Offset(1000), 1).is_none());
        assert_eq!(tail.cost, 0);
    }
}
