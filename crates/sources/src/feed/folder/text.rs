//! The bytes of a file from an offset on, whether it grows or lies there compressed.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::mark::{HEAD, Mark, Print, TAIL};
use crate::files::inflated;

/// Bytes read at a time: more than the longest record.
pub(super) const CHUNK: usize = 512 << 10;

/// A stretch of a file's text that begins where its mark says.
pub(super) struct Stretch {
    /// Up to [`TAIL`] bytes before the offset, then what follows it.
    bytes: Vec<u8>,
    before: usize,
    /// Nothing will come after it.
    pub(super) last: bool,
    /// Nothing more can be had of it, and why.
    pub(super) broken: Option<String>,
}

impl Stretch {
    /// What follows the mark.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.before..).unwrap_or_default()
    }

    /// The print of the bytes before the point `used` bytes on.
    pub(super) fn tail(&self, used: usize) -> Print {
        let end = self.before + used;
        let tail = self.bytes.get(end.saturating_sub(TAIL)..end);
        Print::of(tail.unwrap_or_default())
    }
}

/// A file whose bytes can be had again: it is read where it lies.
#[derive(Debug)]
pub(super) struct Plain(pub(super) File);

impl Plain {
    /// The beginning of the file.
    pub(super) fn start(&self, most: usize) -> io::Result<Vec<u8>> {
        read_at(&self.0, 0, most)
    }

    /// What follows the mark; `None` if the file is not the one that was read. The bytes before
    /// the mark are read in the same call, so that a file that is cut and filled again in between
    /// is not taken for the old one.
    pub(super) fn stretch(&self, mark: &Mark) -> io::Result<Option<Stretch>> {
        let before = mark.tail.len;
        let bytes = read_at(&self.0, mark.offset - before as u64, before + CHUNK)?;
        let is_same = bytes.get(..before).is_some_and(|b| mark.tail.is(b));
        Ok(is_same.then_some(Stretch {
            bytes,
            before,
            last: false,
            broken: None,
        }))
    }

    /// Whether everything that was read of a file is still there.
    pub(super) fn holds(&self, mark: &Mark) -> io::Result<bool> {
        let start = self.start(mark.head.len)?;
        Ok(mark.begins(&start) && self.stretch(mark)?.is_some())
    }
}

pub(super) fn read_at(file: &File, from: u64, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|r| !r.is_empty()) {
        match file.read_at(room, from + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// A compressed file: its text comes once, from the beginning.
pub(super) struct Packed {
    reader: Box<dyn Read + Send>,
    /// What was read and is not done with, behind up to [`TAIL`] bytes that are.
    bytes: Vec<u8>,
    before: usize,
    ended: bool,
    broken: Option<io::Error>,
}

impl Packed {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            reader: inflated(File::open(path)?)?,
            bytes: Vec::new(),
            before: 0,
            ended: false,
            broken: None,
        })
    }

    /// The beginning of the text. Only before anything was taken.
    pub(super) fn start(&mut self, most: usize) -> io::Result<&[u8]> {
        self.fill(most);
        if self.bytes.is_empty()
            && let Some(error) = self.broken.take()
        {
            return Err(error);
        }
        let most = most.min(self.bytes.len());
        Ok(self.bytes.get(..most).unwrap_or_default())
    }

    /// Goes to where the mark says; false if the text is not the one that was read.
    pub(super) fn skip_to(&mut self, mark: &Mark) -> io::Result<bool> {
        let head = mark.head.clone();
        if !head.begins(self.start(HEAD)?) {
            return Ok(false);
        }
        let mut left = mark.offset;
        while left > 0 {
            self.fill(CHUNK);
            let there = (self.bytes.len() - self.before) as u64;
            if there == 0 {
                // Cut off where it was whole before says nothing about what it is.
                return self.broken.take().map_or(Ok(false), Err);
            }
            let step = usize::try_from(left.min(there)).unwrap_or(CHUNK);
            left -= step as u64;
            self.advance(step);
        }
        let tail = self
            .bytes
            .get(self.before - mark.tail.len.min(self.before)..self.before);
        Ok(tail.is_some_and(|t| mark.tail.is(t)))
    }

    pub(super) fn stretch(&mut self) -> Stretch {
        self.fill(CHUNK);
        Stretch {
            bytes: self.bytes.clone(),
            before: self.before,
            last: self.ended,
            broken: self.broken.as_ref().map(ToString::to_string),
        }
    }

    /// Done with so many bytes.
    pub(super) fn advance(&mut self, used: usize) {
        let end = (self.before + used).min(self.bytes.len());
        let drop = end.saturating_sub(TAIL);
        self.bytes.drain(..drop);
        self.before = end - drop;
    }

    /// Reads on until so much waits, the text is over or cannot be read on.
    fn fill(&mut self, wanted: usize) {
        while !self.ended && self.broken.is_none() && self.bytes.len() - self.before < wanted {
            let have = self.bytes.len();
            self.bytes.resize(have + (64 << 10), 0);
            let room = self.bytes.get_mut(have..).unwrap_or_default();
            let read = self.reader.read(room);
            self.bytes.truncate(have + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => self.ended = true,
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => self.broken = Some(e),
            }
        }
    }
}
