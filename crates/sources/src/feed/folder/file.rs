//! One file that is followed: what it says next.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use ringfence_event::Time;
use ringfence_normalise::{EVTX_CHUNK, EVTX_HEAD, evtx_records};

use super::cut::{Shape, cut};
use super::kind::Kind;
use super::mark::{HEAD, Inode, Mark, Print};
use super::scan::{Seen, Version};
use super::text::{Packed, Plain, Stretch, read_at};
use crate::{Format, Incoming, Naming};

/// Records handed over at a time.
const BATCH: usize = 2_000;
/// Largest JSON document.
const MOST_DOCUMENT: u64 = 32 << 20;
/// A file that does not grow is read once it has been left alone for so many looks.
pub(super) const AT_REST: u32 = 2;
/// A file that went away is read on while somebody still writes to it, and for so many looks more.
const FAREWELL: u32 = 10;

/// Records of one file, and where it stands once they are on the spine.
pub(super) struct Batch {
    pub(super) inode: Inode,
    pub(super) format: Format,
    pub(super) records: Vec<Incoming>,
    pub(super) mark: Mark,
    /// Records that are cut because they are too long.
    pub(super) too_long: u64,
    used: usize,
}

/// A file that is known.
pub(super) struct Tracked {
    pub(super) path: PathBuf,
    pub(super) mark: Mark,
    /// A trouble of it was told.
    pub(super) told: bool,
    /// Looks since it was last seen under any name.
    pub(super) missing: u32,
    version: Version,
    kind: Kind,
    /// Looks without a change.
    quiet: u32,
    /// It changed since it was last read to its end.
    changed: bool,
    /// Nobody writes to it any more: its last line is whole as it is.
    is_over: bool,
    cut: bool,
    plain: Option<Plain>,
    packed: Option<Unpacking>,
}

/// A compressed file that is being read.
struct Unpacking {
    text: Packed,
    shape: Shape,
    header: Option<Bytes>,
    head: Vec<u8>,
}

impl Tracked {
    pub(super) fn new(seen: &Seen, mark: Mark, kind: Kind, plain: Option<Plain>) -> Self {
        let is_done = mark.done == Some((seen.version.size, seen.version.changed));
        Self {
            path: seen.path.clone(),
            mark,
            told: false,
            missing: 0,
            version: seen.version,
            kind,
            quiet: 0,
            changed: !is_done,
            is_over: false,
            cut: false,
            plain,
            packed: None,
        }
    }

    /// Takes note of how it lies there now.
    pub(super) fn see(&mut self, seen: Seen) {
        self.path = seen.path;
        self.missing = 0;
        self.is_over = false;
        self.weigh(seen.version);
    }

    fn weigh(&mut self, version: Version) {
        if version == self.version {
            self.quiet = self.quiet.saturating_add(1);
            return;
        }
        let is_whole = !matches!(self.kind, Kind::Text { .. });
        // What was read to its end and is no log has been replaced.
        self.cut |= is_whole && self.mark.done.is_some();
        self.cut |= !is_whole && version.size < self.mark.offset;
        self.version = version;
        self.quiet = 0;
        self.changed = true;
        self.told = false;
        self.packed = None;
    }

    pub(super) fn was_cut(&self) -> bool {
        self.cut
    }

    pub(super) fn is_ready(&self) -> bool {
        let rests = self.quiet >= AT_REST || self.missing > 0;
        self.changed && !self.cut && (rests || matches!(self.kind, Kind::Text { .. }))
    }

    pub(super) fn is_packed(&self) -> bool {
        self.kind == Kind::Packed
    }

    /// When it last changed.
    pub(super) fn age(&self) -> i64 {
        self.version.changed
    }

    pub(super) fn is_held(&self) -> bool {
        self.plain.is_some()
    }

    /// Lets the system have its handle back.
    pub(super) fn release(&mut self) {
        if self.missing == 0 && !self.changed {
            self.plain = None;
        }
    }

    /// It has gone from the folder. Answers whether there is nothing more to be had of it, and
    /// whether some of it was never read.
    pub(super) fn bid_farewell(&mut self) -> Option<Lost> {
        let Some(plain) = &self.plain else {
            let unread =
                matches!(self.kind, Kind::Text { .. }) && self.version.size > self.mark.offset;
            let unread = unread || (!matches!(self.kind, Kind::Text { .. }) && self.changed);
            return Some(Lost { unread });
        };
        if let Ok(meta) = plain.0.metadata() {
            let version = Version {
                size: meta.len(),
                changed: self.version.changed,
            };
            self.weigh(version);
        }
        if self.is_over && !self.changed {
            return Some(Lost { unread: false });
        }
        if self.quiet >= FAREWELL {
            self.changed |= !self.is_over;
            self.is_over = true;
        }
        self.cut.then_some(Lost { unread: false })
    }

    /// Its next records; `None` when there are none for now.
    pub(super) fn batch(&mut self, now: Time) -> io::Result<Option<Batch>> {
        match self.kind.clone() {
            Kind::Text { shape, header } => self.plain_batch(shape, header.as_ref(), now),
            Kind::Packed => self.packed_batch(now),
            Kind::Document => self.document(now),
            Kind::EventLog => self.event_log(now),
            Kind::Capture => Ok(None),
        }
    }

    fn plain_batch(
        &mut self,
        shape: Shape,
        header: Option<&Bytes>,
        now: Time,
    ) -> io::Result<Option<Batch>> {
        if self.plain.is_none() {
            let file = File::open(&self.path)?;
            let meta = file.metadata()?;
            if (meta.dev(), meta.ino()) != self.mark.inode {
                // Another file has its name: the next look will tell.
                return Ok(None);
            }
            self.plain = Some(Plain(file));
        }
        let Some(plain) = &self.plain else {
            return Ok(None);
        };
        let Some(mut stretch) = plain.stretch(&self.mark)? else {
            self.cut = true;
            return Ok(None);
        };
        stretch.last = self.is_over;
        let Some(mut batch) = take(&self.mark, &stretch, shape, header, now) else {
            self.changed = false;
            return Ok(None);
        };
        if batch.mark.head.len < HEAD {
            let most = usize::try_from(batch.mark.offset).unwrap_or(HEAD).min(HEAD);
            if most > batch.mark.head.len {
                batch.mark.head = Print::of(&plain.start(most)?);
            }
        }
        Ok(Some(batch))
    }

    fn packed_batch(&mut self, now: Time) -> io::Result<Option<Batch>> {
        if self.packed.is_none() {
            self.packed = self.unpack()?;
        }
        let Some(open) = &mut self.packed else {
            return Ok(None);
        };
        let stretch = open.text.stretch();
        let Some(mut batch) = take(&self.mark, &stretch, open.shape, open.header.as_ref(), now)
        else {
            self.packed = None;
            return match stretch.broken {
                // What comes later, if it is still being written, is a change.
                Some(reason) => {
                    self.changed = false;
                    Err(io::Error::other(reason))
                }
                None => {
                    self.finish();
                    Ok(None)
                }
            };
        };
        let most = usize::try_from(batch.mark.offset).unwrap_or(HEAD);
        if let Some(head) = open.head.get(..most.min(open.head.len()))
            && head.len() > batch.mark.head.len
        {
            batch.mark.head = Print::of(head);
        }
        Ok(Some(batch))
    }

    fn unpack(&mut self) -> io::Result<Option<Unpacking>> {
        let mut text = Packed::open(&self.path)?;
        let start = text.start(super::text::CHUNK)?.to_vec();
        let (shape, header) = match Kind::of(&start, true) {
            Some(Kind::Text { shape, header }) => (shape, header),
            None => (Shape::Lines, None),
            Some(_) => return Err(io::Error::other("what is compressed in it is no text")),
        };
        if !text.skip_to(&self.mark)? {
            self.cut = true;
            return Ok(None);
        }
        let head = start.get(..HEAD.min(start.len())).unwrap_or_default();
        Ok(Some(Unpacking {
            text,
            shape,
            header,
            head: head.to_vec(),
        }))
    }

    /// One JSON value over many lines. Its records are named by their places in it.
    fn document(&mut self, now: Time) -> io::Result<Option<Batch>> {
        if self.version.size > MOST_DOCUMENT {
            self.changed = false;
            return Err(io::Error::other("a JSON document is larger than 32 MiB"));
        }
        if self.mark.offset > 0 {
            self.finish();
            return Ok(None);
        }
        let bytes = std::fs::read(&self.path)?;
        let mut mark = self.mark.clone();
        mark.offset = bytes.len() as u64;
        Ok(Some(Batch {
            inode: mark.inode,
            format: Format::Json,
            records: vec![incoming(&self.mark, 0, 1, bytes.into(), now)],
            mark,
            too_long: 0,
            used: 0,
        }))
    }

    /// The records of the next chunk of a Windows event log. Their places are those of their
    /// chunk, counted on from its first byte.
    fn event_log(&mut self, now: Time) -> io::Result<Option<Batch>> {
        let offset = self.mark.offset.max(EVTX_HEAD as u64);
        let chunk = read_at(&File::open(&self.path)?, offset, EVTX_CHUNK)?;
        if chunk.len() < EVTX_CHUNK {
            self.finish();
            return match chunk.len() {
                0 => Ok(None),
                _ => Err(io::Error::other("the event log ends inside a chunk")),
            };
        }
        let mut mark = self.mark.clone();
        mark.offset = offset + EVTX_CHUNK as u64;
        let mut records = Vec::new();
        for (index, record) in evtx_records(chunk).into_iter().enumerate() {
            mark.lines += 1;
            // What cannot be read is handed over as what it is, to be refused with its place.
            let text = match record {
                Ok(fields) => serde_json::Value::Object(fields).to_string(),
                Err(reason) => format!("{{{reason}"),
            };
            let place = offset + index as u64;
            records.push(incoming(&self.mark, place, mark.lines, text.into(), now));
        }
        Ok(Some(Batch {
            inode: mark.inode,
            format: Format::Syslog,
            records,
            mark,
            too_long: 0,
            used: 0,
        }))
    }

    fn finish(&mut self) {
        self.changed = false;
        self.mark.done = Some((self.version.size, self.version.changed));
    }

    /// Its mark, when it has just been read to its end for good.
    pub(super) fn finished(&self) -> Option<Mark> {
        let is_whole = !matches!(self.kind, Kind::Text { .. });
        (is_whole && !self.changed && self.mark.done.is_some()).then(|| self.mark.clone())
    }

    /// The batch is on the spine.
    pub(super) fn advance(&mut self, batch: Batch) {
        if let Some(open) = &mut self.packed {
            open.text.advance(batch.used);
        }
        self.mark = batch.mark;
    }
}

/// What remains of a file that is gone.
pub(super) struct Lost {
    /// Some of it was never read.
    pub(super) unread: bool,
}

/// Cuts records off a stretch. `None` when there is no whole one.
fn take(
    mark: &Mark,
    stretch: &Stretch,
    shape: Shape,
    header: Option<&Bytes>,
    now: Time,
) -> Option<Batch> {
    let rest = stretch.rest();
    let (mut used, mut lines, mut skipping) = (0, mark.lines, mark.skipping);
    let (mut records, mut too_long) = (Vec::new(), 0);
    while records.len() < BATCH {
        let left = rest.get(used..).unwrap_or_default();
        let Some(piece) = cut(left, shape, skipping, stretch.last) else {
            break;
        };
        let offset = mark.offset + used as u64;
        let record = left.get(piece.record.clone()).unwrap_or_default();
        let is_header = offset == 0 && header.is_some();
        if !is_header && !record.trim_ascii().is_empty() {
            let (bytes, line) = match header {
                // Its own line is the second one of what is handed over.
                Some(header) => ([header, record].concat(), lines),
                None => (record.trim_ascii_end().to_vec(), lines + 1),
            };
            records.push(incoming(mark, offset, line, bytes.into(), now));
        }
        let eaten = left.get(..piece.used).unwrap_or_default();
        lines += memchr::memchr_iter(b'\n', eaten).count() as u64;
        too_long += u64::from(piece.too_long);
        used += piece.used;
        skipping = piece.skipping;
    }
    (used > 0).then(|| Batch {
        inode: mark.inode,
        format: match shape {
            Shape::Lines => Format::Syslog,
            Shape::Rows => Format::Cdr,
        },
        records,
        mark: Mark {
            offset: mark.offset + used as u64,
            lines,
            skipping,
            tail: stretch.tail(used),
            ..mark.clone()
        },
        too_long,
        used,
    })
}

fn incoming(mark: &Mark, offset: u64, line: u64, bytes: Bytes, now: Time) -> Incoming {
    Incoming {
        bytes,
        received: now,
        peer: None,
        flow: None,
        naming: Naming::Place(Arc::from(mark.id.as_str()), offset),
        line,
    }
}
