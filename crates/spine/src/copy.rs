//! A copy of a log while another process writes it: for backups.
//!
//! Whatever stands in the copy was read after the positions in it, so that every consumer of the
//! copy stands inside of it; and every segment is held open from the beginning, so that retention
//! takes none away in between.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::RealDisk;
use crate::segment::{self, Cursor};
use crate::{Offset, SpineError, positions};

/// The segments of a log, held open.
pub struct Pinned {
    folder: PathBuf,
    segments: BTreeMap<Offset, File>,
}

/// One segment of the copy.
#[derive(Debug)]
pub struct SegmentCopy {
    /// Its name inside the log's folder.
    pub name: String,
    /// The file.
    pub file: File,
    /// Bytes that belong to the copy: whole blocks.
    pub len: u64,
    /// Whether nothing will ever be added to it.
    pub sealed: bool,
}

/// Everything that makes up the copy of a log.
#[derive(Debug)]
pub struct Copied {
    /// Position files: name inside the log's folder, and content.
    pub positions: Vec<(String, Vec<u8>)>,
    /// Where each consumer stands.
    pub consumers: BTreeMap<String, Offset>,
    /// Segments, oldest first.
    pub segments: Vec<SegmentCopy>,
    /// The oldest entry.
    pub tail: Offset,
    /// One past the newest entry.
    pub head: Offset,
}

impl Pinned {
    /// Holds the segments that there are now. Read everything that must not be ahead of the log
    /// (other stores' positions in it) between this and [`Pinned::copy`].
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read.
    pub fn hold(folder: &Path) -> Result<Self, SpineError> {
        let mut pinned = Self {
            folder: folder.to_owned(),
            segments: BTreeMap::new(),
        };
        pinned.open_new()?;
        Ok(pinned)
    }

    /// The copy: positions as they are now, then the log as far as it reaches then.
    ///
    /// # Errors
    /// When a file cannot be read or is damaged.
    pub fn copy(mut self) -> Result<Copied, SpineError> {
        let disk = RealDisk::existing(&self.folder).map_err(self.failed("", "open"))?;
        let mut files = Vec::new();
        let mut consumers = BTreeMap::new();
        for name in self.names()? {
            let Some(consumer) = positions::consumer_of(&name) else {
                continue;
            };
            // Only what reads back goes into a backup. One that was forgotten meanwhile is gone.
            let Some(position) = positions::read(&disk, consumer)? else {
                continue;
            };
            files.push((name.clone(), positions::encode(&position)));
            consumers.insert(consumer.to_owned(), position.offset);
        }
        self.open_new()?;
        let tail = self.segments.keys().next().copied().unwrap_or_default();
        let last = self.segments.keys().next_back().copied();
        let (mut segments, mut head) = (Vec::new(), Offset::ZERO);
        for (first, file) in &self.segments {
            let name = segment::name(*first);
            let sealed = Some(*first) != last;
            let len = if sealed {
                file.metadata().map_err(self.failed(&name, "read"))?.len()
            } else {
                let mut cursor = Cursor::open(&disk, *first)?;
                head = whole_blocks(&mut cursor)?;
                cursor.position
            };
            let file = file.try_clone().map_err(self.failed(&name, "open"))?;
            segments.push(SegmentCopy {
                name,
                file,
                len,
                sealed,
            });
        }
        Ok(Copied {
            positions: files,
            consumers,
            segments,
            tail,
            head,
        })
    }

    fn open_new(&mut self) -> Result<(), SpineError> {
        for name in self.names()? {
            let Some(first) = segment::parse_name(&name) else {
                continue;
            };
            if self.segments.contains_key(&first) {
                continue;
            }
            let path = self.folder.join(&name);
            let file = match File::open(&path) {
                // Deleted by retention since it was listed, with everything before it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(self.failed(&name, "open"))?,
            };
            let len = file.metadata().map_err(self.failed(&name, "read"))?.len();
            // A segment is born with its header; before that it is nothing.
            if len >= segment::HEADER_LEN as u64 {
                self.segments.insert(first, file);
            }
        }
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>, SpineError> {
        let listed = fs::read_dir(&self.folder).map_err(self.failed("", "list"))?;
        let mut names = Vec::new();
        for entry in listed {
            let entry = entry.map_err(self.failed("", "list"))?;
            names.extend(entry.file_name().to_str().map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    fn failed(&self, file: &str, action: &'static str) -> impl Fn(io::Error) -> SpineError + use<> {
        let (place, file) = (self.folder.display().to_string(), file.to_owned());
        move |error| SpineError::io(&place, &file, action, error)
    }
}

/// Walks to the end of the last whole block. What follows is being written, or was cut off by a
/// crash: nothing of it was acknowledged.
fn whole_blocks(cursor: &mut Cursor) -> Result<Offset, SpineError> {
    let Some(fault) = cursor.pass_whole_blocks()? else {
        return Ok(cursor.next);
    };
    // Damage with sound blocks behind it is no torn end, and must not be cut off quietly.
    match cursor.block_follows()? {
        true => Err(cursor.damaged(fault)),
        false => Ok(cursor.next),
    }
}
