//! Reading entries back from the segment files.

use std::collections::VecDeque;
use std::sync::PoisonError;

use crate::hot::Taken;
use crate::log::Segments;
use crate::segment::{Cursor, Step};
use crate::shared::Shared;
use crate::{Block, Offset, SpineError};

/// Where in which segment some offsets begin: the place where each recent read
/// ended, so that a consumer that goes on need not search.
#[derive(Default)]
pub(crate) struct Places {
    recent: VecDeque<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    segment: Offset,
    /// A block begins here, with this offset.
    position: u64,
    next: Offset,
}

impl Places {
    const KEPT: usize = 64;

    /// The nearest known block at or before `from` in its segment.
    fn before(&self, segment: Offset, from: Offset) -> Option<Place> {
        let usable = |place: &&Place| place.segment == segment && place.next <= from;
        self.recent
            .iter()
            .filter(usable)
            .max_by_key(|place| place.next)
            .copied()
    }

    fn remember(&mut self, place: Place) {
        self.recent.retain(|known| known.next != place.next);
        self.recent.push_back(place);
        if self.recent.len() > Self::KEPT {
            self.recent.pop_front();
        }
    }
}

/// Entries of `from..until`, at least one if there is one.
pub(crate) fn read(
    shared: &Shared,
    from: Offset,
    until: Offset,
    max_bytes: usize,
) -> Result<Block, SpineError> {
    let mut taken = Taken::new(from, until, max_bytes);
    let mut next = from;
    while next < until {
        let first = holder(&shared.segments, next).ok_or_else(|| SpineError::Gone {
            asked: next,
            tail: shared.tail(),
        })?;
        let mut cursor = match Cursor::open(&*shared.disk, first) {
            // Retention was faster.
            Err(_) if shared.tail() > next => {
                return Err(SpineError::Gone {
                    asked: next,
                    tail: shared.tail(),
                });
            }
            opened => opened?,
        };
        let known = lock(shared).before(first, next);
        if let Some(place) = known {
            cursor.seek(place.position, place.next);
        }
        let more = walk(&mut cursor, next, until, &mut taken)?;
        lock(shared).remember(Place {
            segment: first,
            position: cursor.position,
            next: cursor.next,
        });
        if !more {
            break;
        }
        if cursor.next <= next && holder(&shared.segments, cursor.next) == Some(first) {
            return Err(SpineError::Corrupt {
                file: crate::segment::name(first),
                position: cursor.position,
                reason: "durable entries are missing at the end of the segment",
            });
        }
        next = cursor.next;
    }
    Ok(taken.block)
}

/// Takes from blocks up to the end of the segment and leaves the cursor at the
/// block to read next. Says whether there is room for more.
pub(crate) fn walk(
    cursor: &mut Cursor,
    from: Offset,
    until: Offset,
    taken: &mut Taken,
) -> Result<bool, SpineError> {
    while cursor.next < until {
        let header = match cursor.peek()? {
            Step::Block(header) => header,
            Step::End => return Ok(true),
            Step::Bad(fault) => return Err(cursor.damaged(fault)),
        };
        if header.end() > from {
            let entries = match cursor.entries(&header)? {
                Ok(entries) => entries,
                Err(fault) => return Err(cursor.damaged(fault)),
            };
            if !taken.take(header.first, entries.into_iter()) {
                return Ok(false);
            }
        }
        cursor.skip(&header);
    }
    Ok(true)
}

/// The segment that `offset` lies in.
fn holder(segments: &Segments, offset: Offset) -> Option<Offset> {
    let segments = segments.read().unwrap_or_else(PoisonError::into_inner);
    let after = segments.partition_point(|segment| segment.header.first <= offset);
    segments
        .get(after.checked_sub(1)?)
        .map(|segment| segment.header.first)
}

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, Places> {
    shared.places.lock().unwrap_or_else(PoisonError::into_inner)
}
