//! The writing end of the segment files.
//!
//! One rule keeps it honest after a failure: bytes behind the last durable block
//! are worth nothing, whatever the page cache shows. Before the next block is
//! written they are cut off, the cut is synced, the cache is dropped, the last
//! durable block is read back from the device, and a new segment is begun.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::block::Encoder;
use crate::disk::{Disk, DiskFile};
use crate::positions::Positions;
use crate::recovery::{Recovered, Segment};
use crate::segment::{self, Cursor, SegmentHeader, Step};
use crate::{Compression, Entry, LocalConfig, Offset, SpineError};

/// The segments, oldest first, as readers may see them.
pub(crate) type Segments = Arc<RwLock<Vec<Segment>>>;

pub(crate) struct Log {
    disk: Arc<dyn Disk>,
    place: String,
    segments: Segments,
    active: Option<Active>,
    encoder: Encoder,
    /// One past the last durable entry.
    head: Offset,
    /// Durable bytes of all segments.
    bytes: u64,
    limits: Limits,
    clock: fn() -> u64,
}

struct Limits {
    segment: u64,
    log: u64,
    keep_bytes: u64,
    keep_age: Duration,
    identities: u64,
}

struct Active {
    file: Box<dyn DiskFile>,
    header: SegmentHeader,
    /// Where the durable part ends.
    len: u64,
    /// Where the last durable block begins, if this process wrote it.
    last_block: Option<(u64, Offset)>,
    /// Bytes behind `len` may exist and mean nothing.
    dirty: bool,
}

impl Log {
    pub(crate) fn new(disk: Arc<dyn Disk>, recovered: Recovered, config: &LocalConfig) -> Self {
        let Recovered {
            segments,
            active,
            report,
            ..
        } = recovered;
        let active = active.zip(segments.last()).map(|(file, last)| Active {
            file,
            header: last.header,
            len: last.bytes,
            last_block: None,
            dirty: false,
        });
        Self {
            place: disk.place(),
            disk,
            bytes: segments.iter().map(|segment| segment.bytes).sum(),
            segments: Arc::new(RwLock::new(segments)),
            active,
            encoder: Encoder::new(config.compression == Compression::Zstd1),
            head: report.head,
            limits: Limits {
                segment: config.segment_bytes,
                log: config.max_bytes,
                keep_bytes: config.keep_bytes,
                keep_age: config.keep_age,
                identities: config.dedup_identities as u64,
            },
            clock: config.clock,
        }
    }

    /// Writes one block and returns, once it is durable, how long it is.
    pub(crate) fn append(
        &mut self,
        entries: &[&Entry],
        positions: &Positions,
    ) -> Result<u64, SpineError> {
        self.ready()?;
        let now = (self.clock)();
        let Some(active) = &mut self.active else {
            return Err(SpineError::Closed);
        };
        let block = self
            .encoder
            .encode(entries, self.head, now, active.header.salt);
        let len = block.len() as u64;
        if self.bytes.saturating_add(len) > self.limits.log {
            return Err(self.full(positions));
        }
        if let Err(error) = active.file.append(block).and_then(|()| active.file.sync()) {
            active.dirty = true;
            return Err(SpineError::io(
                &self.place,
                &segment::name(active.header.first),
                "write",
                error,
            ));
        }
        active.last_block = Some((active.len, self.head));
        active.len += len;
        self.bytes += len;
        self.head = self.head.plus(entries.len() as u64);
        let identities = entries
            .iter()
            .filter(|entry| entry.identity.is_some())
            .count() as u64;
        let durable = active.len;
        self.edit(|segments| {
            if let Some(last) = segments.last_mut() {
                last.bytes = durable;
                last.identities = last.identities.map(|before| before + identities);
            }
        });
        Ok(len)
    }

    pub(crate) fn head(&self) -> Offset {
        self.head
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn segments(&self) -> Segments {
        Arc::clone(&self.segments)
    }

    /// Makes sure that there is a clean segment with room.
    fn ready(&mut self) -> Result<(), SpineError> {
        if self.active.as_ref().is_some_and(|active| active.dirty) {
            self.repair()?;
        }
        match &self.active {
            Some(active) if active.len < self.limits.segment || active.is_empty() => Ok(()),
            _ => self.begin_segment(),
        }
    }

    fn repair(&mut self) -> Result<(), SpineError> {
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        let name = segment::name(active.header.first);
        let file = &active.file;
        file.truncate(active.len)
            .and_then(|()| file.sync())
            .map_err(|error| SpineError::io(&self.place, &name, "repair", error))?;
        file.evict();
        active.verify(&*self.disk)?;
        active.dirty = false;
        tracing::info!(file = name, "log repaired after a failed write");
        if !active.is_empty() {
            self.active = None;
        }
        Ok(())
    }

    fn begin_segment(&mut self) -> Result<(), SpineError> {
        let previous = self.edit(|segments| segments.last().map(|segment| segment.header.first));
        // A salt that no sender can know: the hasher's keys are random.
        let salt = RandomState::new().hash_one(self.head.0) as u32;
        let created_ms = (self.clock)();
        let header = SegmentHeader {
            first: self.head,
            previous,
            created_ms,
            salt,
        };
        let name = segment::name(self.head);
        let bytes = header.encode();
        let file = self.create(&name, &bytes).map_err(|error| {
            // Nothing durable is in it: no block is written before this succeeds.
            let _ = self.disk.remove(&name);
            SpineError::io(&self.place, &name, "create", error)
        })?;
        let len = bytes.len() as u64;
        self.bytes += len;
        self.active = Some(Active {
            file,
            header,
            len,
            last_block: None,
            dirty: false,
        });
        self.edit(|segments| {
            segments.push(Segment {
                header,
                bytes: len,
                identities: Some(0),
            })
        });
        Ok(())
    }

    fn create(&self, name: &str, header: &[u8]) -> io::Result<Box<dyn DiskFile>> {
        let file = match self.disk.create(name) {
            // Left over from an attempt that failed; see `begin_segment`.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.disk.remove(name)?;
                self.disk.create(name)?
            }
            created => created?,
        };
        file.append(header)?;
        file.sync()?;
        self.disk.sync_dir()?;
        Ok(file)
    }

    /// Deletes the oldest segments that everyone has read and nothing needs.
    /// Returns how many.
    pub(crate) fn retain(&mut self, positions: &Positions) -> u64 {
        let mut deleted = 0;
        while let Some((oldest, end)) = self.unneeded() {
            let name = segment::name(oldest.header.first);
            // One name at a time reaches the device: a crash must never leave an
            // older segment without a newer one.
            let remove = || self.disk.remove(&name).and_then(|()| self.disk.sync_dir());
            match positions.if_read(end, || {
                let removed = remove();
                if removed.is_ok() {
                    self.edit(|segments| segments.remove(0));
                }
                removed
            }) {
                Some(Ok(())) => {
                    self.bytes = self.bytes.saturating_sub(oldest.bytes);
                    deleted += 1;
                }
                Some(Err(error)) => {
                    tracing::warn!(file = name, %error, "cannot delete a segment");
                    break;
                }
                None => break,
            }
        }
        deleted
    }

    /// The oldest segment and its end, if no bound asks to keep it.
    fn unneeded(&self) -> Option<(Segment, Offset)> {
        let (oldest, next, newer) = self.edit(|segments| {
            let (oldest, newer) = segments.split_first()?;
            let identities = newer
                .iter()
                .map(|segment| segment.identities.unwrap_or(0))
                .sum();
            Some((oldest.clone(), newer.first()?.header, identities))
        })?;
        let newer: u64 = newer;
        let age = (self.clock)().saturating_sub(next.created_ms);
        let old = u128::from(age) > self.limits.keep_age.as_millis();
        let large = self.bytes > self.limits.keep_bytes;
        // Identities of segments that were not read at open are not in the window.
        let dedup = oldest.identities.is_some_and(|inside| inside > 0)
            && newer < self.limits.identities
            && self.bytes <= self.limits.log / 2;
        ((old || large) && !dedup).then_some((oldest, next.first))
    }

    fn full(&self, positions: &Positions) -> SpineError {
        let held_by = positions
            .slowest()
            .map_or_else(|| "none".to_owned(), |(name, _)| name);
        SpineError::LogFull {
            limit: self.limits.log,
            held_by,
        }
    }

    fn edit<T>(&self, edit: impl FnOnce(&mut Vec<Segment>) -> T) -> T {
        edit(
            &mut self
                .segments
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Active {
    fn is_empty(&self) -> bool {
        self.len <= segment::HEADER_LEN as u64
    }

    /// Reads the header and the last durable block back.
    fn verify(&self, disk: &dyn Disk) -> Result<(), SpineError> {
        let mut cursor = Cursor::open(disk, self.header.first)?;
        if let Some((position, first)) = self.last_block {
            cursor.seek(position, first);
            match cursor.peek()? {
                Step::Block(header) => match cursor.entries(&header)? {
                    Ok(_) => cursor.skip(&header),
                    Err(fault) => return Err(cursor.damaged(fault)),
                },
                Step::Bad(fault) => return Err(cursor.damaged(fault)),
                Step::End => {}
            }
            if cursor.position != self.len {
                return Err(cursor.damaged(crate::block::Fault::Short));
            }
        }
        Ok(())
    }
}
