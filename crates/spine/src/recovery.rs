//! What opening the log finds, cuts and refuses.
//!
//! Only the end of the last segment may be less than whole: one block is written
//! and synced at a time, so at most one was under way when the power went. It was
//! never acknowledged and is cut off. Anything else that does not fit was durable
//! once; the log then refuses to open rather than to skip it.

use std::collections::VecDeque;

use crate::block::Fault;
use crate::dedup::Window;
use crate::disk::{Disk, DiskFile};
use crate::segment::{self, Cursor, SegmentHeader, Step};
use crate::{Offset, SpineError, positions};

/// What was found when the log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Segment files.
    pub segments: usize,
    /// The oldest entry.
    pub tail: Offset,
    /// One past the newest entry.
    pub head: Offset,
    /// Identities in the dedup window.
    pub identities: usize,
    /// The torn end that was cut off, if any.
    pub cut: Option<Cut>,
    /// Files that a crash had left half made and that were removed.
    pub removed: Vec<String>,
}

/// A torn end: bytes that were written and never acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The segment file.
    pub file: String,
    /// Where it ends now.
    pub position: u64,
    /// How much was cut.
    pub bytes: u64,
}

/// One segment as the open log knows it.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) header: SegmentHeader,
    pub(crate) bytes: u64,
    /// Identities inside, unknown for those that were not read at open.
    pub(crate) identities: Option<u64>,
}

pub(crate) struct Recovered {
    pub(crate) segments: Vec<Segment>,
    /// The file of the last segment, for appending.
    pub(crate) active: Option<Box<dyn DiskFile>>,
    pub(crate) window: Window,
    pub(crate) report: Recovery,
}

pub(crate) fn recover(disk: &dyn Disk, identities: usize) -> Result<Recovered, SpineError> {
    let place = disk.place();
    let failed = |file: &str, action, error| SpineError::io(&place, file, action, error);
    let mut report = Recovery::default();

    let mut listed = Vec::new();
    for file in disk.list().map_err(|error| failed("", "list", error))? {
        if positions::is_half_written(&file.name) {
            disk.remove(&file.name)
                .map_err(|error| failed(&file.name, "remove", error))?;
            report.removed.push(file.name);
        } else if let Some(first) = segment::parse_name(&file.name) {
            listed.push((first, file.len));
        }
    }
    listed.sort_unstable();
    drop_unborn(disk, &mut listed, &mut report)?;

    let mut segments = Vec::with_capacity(listed.len());
    for (first, bytes) in listed {
        let header = Cursor::open(disk, first)?.header;
        segments.push(Segment {
            header,
            bytes,
            identities: None,
        });
    }
    check_chain(&segments)?;

    let active = match segments.last_mut() {
        Some(last) => Some(settle(disk, last, &mut report)?),
        None => None,
    };
    let window = rebuild(disk, &mut segments, identities, report.head)?;
    report.segments = segments.len();
    report.tail = segments
        .first()
        .map_or(Offset::ZERO, |segment| segment.header.first);
    report.identities = window.len();
    Ok(Recovered {
        segments,
        active,
        window,
        report,
    })
}

/// Removes a last segment that crashed before its header was durable: nothing
/// was ever written behind it.
fn drop_unborn(
    disk: &dyn Disk,
    listed: &mut Vec<(Offset, u64)>,
    report: &mut Recovery,
) -> Result<(), SpineError> {
    let Some(&(first, len)) = listed.last() else {
        return Ok(());
    };
    if len > segment::HEADER_LEN as u64 {
        return Ok(());
    }
    match Cursor::open(disk, first) {
        Ok(_) => Ok(()),
        // A log whose only file is unreadable and does not begin at 0 has lost
        // its place: starting over would hand out offsets a second time.
        Err(error) if listed.len() == 1 && first != Offset::ZERO => Err(error),
        Err(SpineError::Corrupt { file, .. }) => {
            disk.remove(&file)
                .map_err(|error| SpineError::io(&disk.place(), &file, "remove", error))?;
            report.removed.push(file);
            listed.pop();
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Each header names the file before it: none may be missing in between.
fn check_chain(segments: &[Segment]) -> Result<(), SpineError> {
    let pairs = segments.iter().zip(segments.iter().skip(1));
    for (before, after) in pairs {
        let named = after.header.previous.unwrap_or_default();
        if named != before.header.first {
            return Err(SpineError::Missing {
                from: before.header.first.max(named),
                to: after.header.first,
                file: segment::name(after.header.first),
            });
        }
    }
    Ok(())
}

/// Verifies the last segment to its end, cuts a torn tail, and makes sure that
/// what was read is what the device holds.
fn settle(
    disk: &dyn Disk,
    last: &mut Segment,
    report: &mut Recovery,
) -> Result<Box<dyn DiskFile>, SpineError> {
    let first = last.header.first;
    let (name, place) = (segment::name(first), disk.place());
    let failed = |action, error| SpineError::io(&place, &name, action, error);
    let file = disk.open(&name).map_err(|error| failed("open", error))?;
    // A killed process leaves blocks in the page cache that no sync ever covered,
    // and a failed sync leaves some that no sync will: settle both before
    // believing what is read.
    file.sync().map_err(|error| failed("sync", error))?;
    disk.sync_dir().map_err(|error| failed("sync", error))?;
    file.evict();

    let mut cursor = Cursor::open(disk, first)?;
    if let Some(fault) = cursor.pass_whole_blocks()? {
        if matches!(fault, Fault::Version(_)) || cursor.block_follows()? {
            return Err(cursor.damaged(fault));
        }
        let bytes = cursor.size()?.saturating_sub(cursor.position);
        file.truncate(cursor.position)
            .map_err(|error| failed("truncate", error))?;
        file.sync().map_err(|error| failed("sync", error))?;
        report.cut = Some(Cut {
            file: name.clone(),
            position: cursor.position,
            bytes,
        });
    }
    last.bytes = cursor.position;
    report.head = cursor.next;
    Ok(file)
}

/// Reads identities backwards, segment by segment, until the window is full.
fn rebuild(
    disk: &dyn Disk,
    segments: &mut [Segment],
    limit: usize,
    head: Offset,
) -> Result<Window, SpineError> {
    let mut found: VecDeque<Vec<u128>> = VecDeque::new();
    let (mut count, mut end) = (0, head);
    for segment in segments.iter_mut().rev() {
        if count >= limit {
            break;
        }
        let identities = identities(disk, segment, end)?;
        end = segment.header.first;
        count += identities.len();
        segment.identities = Some(identities.len() as u64);
        found.push_front(identities);
    }
    let mut window = Window::new(limit);
    found
        .into_iter()
        .flatten()
        .skip(count.saturating_sub(limit))
        .for_each(|id| window.insert(id));
    Ok(window)
}

/// The identities of one segment; bodies are skipped, not read.
fn identities(disk: &dyn Disk, segment: &Segment, end: Offset) -> Result<Vec<u128>, SpineError> {
    let mut cursor = Cursor::open(disk, segment.header.first)?;
    let mut identities = Vec::new();
    while cursor.position < segment.bytes {
        match cursor.peek()? {
            Step::Block(header) => {
                match cursor.index(&header)? {
                    Ok(index) => identities.extend(index.identities()),
                    Err(fault) => return Err(cursor.damaged(fault)),
                }
                cursor.skip(&header);
            }
            Step::Bad(fault) => return Err(cursor.damaged(fault)),
            Step::End => break,
        }
    }
    if cursor.next == end {
        Ok(identities)
    } else {
        Err(cursor.damaged(Fault::Inconsistent(
            "the segment ends before the next one begins",
        )))
    }
}
