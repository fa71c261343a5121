//! Reading a log that another process may be writing.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{Disk, RealDisk};
use crate::hot::Taken;
use crate::segment::{self, Cursor, Step};
use crate::{Block, Offset, Position, SpineError, positions};

/// A log opened without its lock and never changed: for offline tools.
///
/// What it reads at the very end may be written and not yet acknowledged; a block
/// that is still being written is taken for the end. All calls block.
pub struct ReadOnlySpine {
    disk: Arc<dyn Disk>,
}

impl ReadOnlySpine {
    /// The log in an existing folder.
    pub fn open(folder: &Path) -> Result<Self, SpineError> {
        let disk = RealDisk::existing(folder).map_err(|error| {
            SpineError::io(
                &folder.display().to_string(),
                "",
                "open the folder of",
                error,
            )
        })?;
        Ok(Self::open_on(Arc::new(disk)))
    }

    /// The log on any [`Disk`].
    pub fn open_on(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }

    /// The oldest entry that is kept.
    pub fn tail(&self) -> Result<Offset, SpineError> {
        Ok(self.segments()?.first().copied().unwrap_or(Offset::ZERO))
    }

    /// Entries from `from` on, up to about `max_bytes` but at least one if there
    /// is one; empty at the end of the log.
    pub fn read(&self, from: Offset, max_bytes: usize) -> Result<Block, SpineError> {
        let mut last = self.read_once(from, max_bytes);
        // What looks like damage may be a write or a deletion in the middle of
        // the look at it. Damage is still there at the third look.
        for _ in 0..2 {
            match last {
                Err(SpineError::Corrupt { .. } | SpineError::Io { .. }) => {
                    last = self.read_once(from, max_bytes);
                }
                settled => return settled,
            }
        }
        last
    }

    /// Where a consumer stands and the state it left there.
    pub fn position(&self, consumer: &str) -> Result<Option<Position>, SpineError> {
        positions::read(&*self.disk, consumer)
    }

    fn read_once(&self, from: Offset, max_bytes: usize) -> Result<Block, SpineError> {
        let segments = self.segments()?;
        let tail = segments.first().copied().unwrap_or(Offset::ZERO);
        if from < tail {
            return Err(SpineError::Gone { asked: from, tail });
        }
        let start = segments
            .partition_point(|&first| first <= from)
            .saturating_sub(1);
        let mut taken = Taken::new(from, Offset(u64::MAX), max_bytes);
        let mut rest = segments.iter().skip(start).copied().peekable();
        while let Some(first) = rest.next() {
            let mut cursor = Cursor::open(&*self.disk, first)?;
            if !self.take(&mut cursor, from, rest.peek().copied(), &mut taken)? {
                break;
            }
        }
        Ok(taken.block)
    }

    /// Takes from one segment and says whether to go on with the next.
    fn take(
        &self,
        cursor: &mut Cursor,
        from: Offset,
        following: Option<Offset>,
        taken: &mut Taken,
    ) -> Result<bool, SpineError> {
        loop {
            let fault = match cursor.peek()? {
                Step::Block(header) if header.end() <= from => {
                    cursor.skip(&header);
                    continue;
                }
                Step::Block(header) => match cursor.entries(&header)? {
                    Ok(entries) => {
                        if !taken.take(header.first, entries.into_iter()) {
                            return Ok(false);
                        }
                        cursor.skip(&header);
                        continue;
                    }
                    Err(fault) => fault,
                },
                Step::End => match following {
                    Some(next) if next != cursor.next => {
                        let file = segment::name(next);
                        return Err(SpineError::Missing {
                            from: cursor.next,
                            to: next,
                            file,
                        });
                    }
                    following => return Ok(following.is_some()),
                },
                Step::Bad(fault) => fault,
            };
            if following.is_some() || cursor.block_follows()? {
                return Err(cursor.damaged(fault));
            }
            return Ok(false);
        }
    }

    fn segments(&self) -> Result<Vec<Offset>, SpineError> {
        let failed = |error: io::Error| SpineError::io(&self.disk.place(), "", "list", error);
        let listed = self.disk.list().map_err(failed)?;
        let born = |file: &&crate::disk::Listed| file.len >= segment::HEADER_LEN as u64;
        let mut segments = listed
            .iter()
            .filter(born)
            .filter_map(|file| segment::parse_name(&file.name))
            .collect::<Vec<_>>();
        segments.sort_unstable();
        Ok(segments)
    }
}
