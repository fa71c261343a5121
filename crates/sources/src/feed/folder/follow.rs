//! Which files there are, which of them are known, and what comes out of them next.
//!
//! A file is the one that was read before when its inode is the same and what was read is still
//! there; so it may be renamed. A file with another inode that holds what was read of a known one
//! is its copy (`copytruncate`, compression after rotation) and goes on where that one stood. A
//! known file that no longer holds what was read was cut or replaced, and is a new one.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use ringfence_event::Time;

use super::cut::Shape;
use super::file::{AT_REST, Batch, Tracked};
use super::kind::Kind;
use super::mark::{HEAD, Inode, Mark};
use super::scan::{Seen, Version, scan};
use super::text::{CHUNK, Packed, Plain};
use super::{Folder, Save};
use crate::listener::Counters;

/// What was read of a file that is gone is remembered so long: a copy may yet come.
const REMEMBERED_MS: i64 = 48 * 3_600_000;
const MOST_MARKS: usize = 10_000;
/// What may still become a copy of a known file is waited for while it changes.
const COPY_WAIT: u32 = 3;
/// Files that are held open, so that one that is deleted can be read to its end.
const MOST_HELD: usize = 256;

/// The follower of one folder.
pub(super) struct Follower {
    folder: Folder,
    counters: Arc<Counters>,
    files: HashMap<Inode, Tracked>,
    /// Marks of files that are not there, or that were cut since.
    past: Vec<Mark>,
    /// Files that are not taken, or not yet.
    passed_over: HashMap<Inode, Passed>,
    /// Files that have something to say, in the order of their last change.
    queue: Vec<Inode>,
    /// Bookmarks to be saved.
    changes: Save,
}

/// A file that was looked at and not taken.
#[derive(Debug, Clone, Copy)]
struct Passed {
    version: Version,
    /// Looks without a change.
    quiet: u32,
    /// A trouble of it was told.
    told: bool,
    /// Nobody asked for it, and it is no part of the so many that were lost.
    left_at: Option<usize>,
}

/// What a file turned out to be.
enum Verdict {
    Take(Box<Tracked>),
    /// Not to be told yet.
    Wait,
    /// Nobody asked for it.
    Leave,
}

impl Follower {
    pub(super) fn new(folder: Folder, counters: Arc<Counters>, marks: Vec<Mark>) -> Self {
        Self {
            folder,
            counters,
            files: HashMap::new(),
            past: marks,
            passed_over: HashMap::new(),
            queue: Vec::new(),
            changes: Save::default(),
        }
    }

    /// Looks at the folder. Bookmarks that come of it must be saved before anything is read.
    pub(super) fn look(&mut self, now: Time) -> Result<(), ringfence_crypto::RandomError> {
        let sight = match scan(&self.folder.path, &self.folder.glob) {
            Ok(sight) => sight,
            Err(error) => {
                self.counters
                    .unreadable(&self.folder.path, &error.to_string());
                return Ok(());
            }
        };
        if sight.cut {
            let reason = "there are more than 20,000 files in it: move old ones away";
            self.counters.unreadable(&self.folder.path, reason);
        }
        for file in self.files.values_mut() {
            file.missing += 1;
        }
        let mut fresh = Vec::new();
        for seen in sight.files {
            if let Some(file) = self.files.get_mut(&seen.inode) {
                file.see(seen.clone());
            }
            fresh.push(seen);
        }
        self.drop_cut(now);
        fresh.retain(|seen| !self.files.contains_key(&seen.inode));
        let mut before = std::mem::take(&mut self.passed_over);
        for seen in fresh {
            let passed = before.remove(&seen.inode);
            self.newcomer(&seen, passed, now)?;
        }
        self.let_go(now);
        self.forget(now);
        self.queue = self.ready();
        Ok(())
    }

    /// The next records of the file whose turn it is. `None` when there are none for now.
    pub(super) fn next(&mut self, now: Time) -> Option<Batch> {
        while let Some(inode) = self.queue.first().copied() {
            if let Some(file) = self.files.get_mut(&inode) {
                match file.batch(now) {
                    Ok(Some(batch)) => {
                        if batch.too_long > 0 {
                            self.counters.line_too_long(&file.path, batch.too_long);
                        }
                        // The others get their turn before this one has its next.
                        self.queue.rotate_left(1);
                        return Some(batch);
                    }
                    Ok(None) => {}
                    Err(error) if file.told => drop(error),
                    Err(error) => {
                        file.told = true;
                        self.counters.unreadable(&file.path, &error.to_string());
                    }
                }
                if let Some(mark) = file.finished() {
                    self.changes.set(&mark);
                }
            }
            self.queue.remove(0);
        }
        None
    }

    /// What a batch held is on the spine.
    pub(super) fn acknowledge(&mut self, batch: Batch) {
        if let Some(file) = self.files.get_mut(&batch.inode) {
            self.changes.set(&batch.mark);
            file.advance(batch);
        }
    }

    /// Bookmarks that changed since they were asked for last.
    pub(super) fn changes(&mut self) -> Save {
        std::mem::take(&mut self.changes)
    }

    /// Gives up files that no longer hold what was read of them; they are new ones now.
    fn drop_cut(&mut self, now: Time) {
        let cut: Vec<Inode> = self
            .files
            .iter()
            .filter(|(_, f)| f.was_cut())
            .map(|(inode, _)| *inode)
            .collect();
        for inode in cut {
            if let Some(file) = self.files.remove(&inode) {
                self.remember(file.mark, now);
            }
        }
    }

    fn remember(&mut self, mut mark: Mark, now: Time) {
        mark.seen = now.0;
        self.changes.set(&mark);
        self.past.push(mark);
    }

    fn newcomer(
        &mut self,
        seen: &Seen,
        before: Option<Passed>,
        now: Time,
    ) -> Result<(), ringfence_crypto::RandomError> {
        let mut passed = match before {
            Some(p) if p.version == seen.version => Passed {
                quiet: p.quiet.saturating_add(1),
                ..p
            },
            _ => Passed {
                version: seen.version,
                quiet: 0,
                told: false,
                left_at: None,
            },
        };
        if passed.left_at != Some(self.past.len()) {
            match self.identify(seen, passed.quiet, now) {
                Ok(Verdict::Take(file)) => {
                    self.files.insert(seen.inode, *file);
                    return Ok(());
                }
                Ok(Verdict::Wait) => {}
                Ok(Verdict::Leave) => passed.left_at = Some(self.past.len()),
                Err(Trouble::Random(error)) => return Err(error),
                Err(Trouble::Io(error)) => {
                    if !passed.told {
                        self.counters.unreadable(&seen.path, &error.to_string());
                    }
                    passed.told = true;
                }
            }
        }
        self.passed_over.insert(seen.inode, passed);
        Ok(())
    }

    /// Which file this is: one that was read before, a copy of one, or a new one.
    fn identify(&mut self, seen: &Seen, quiet: u32, now: Time) -> Result<Verdict, Trouble> {
        let is_own = |m: &Mark| m.inode == seen.inode;
        if !seen.wanted && self.past.is_empty() {
            return Ok(Verdict::Leave);
        }
        if seen.version.size == 0 {
            return Ok(Verdict::Wait);
        }
        let plain = Plain(File::open(&seen.path)?);
        let start = plain.start(CHUNK)?;
        let kind = match Kind::of(&start, false) {
            Some(kind) => kind,
            // A first line that is too long for any record.
            None if start.len() == CHUNK => Kind::Text {
                shape: Shape::Lines,
                header: None,
            },
            None => return Ok(Verdict::Wait),
        };
        if kind == Kind::Packed && quiet < AT_REST {
            return Ok(Verdict::Wait);
        }
        let was_done = |m: &&Mark| m.done == Some((seen.version.size, seen.version.changed));
        let done = self.past.iter().filter(|m| is_own(m)).find(was_done);
        let known = match (&kind, done) {
            (Kind::Capture, _) if seen.wanted => {
                let reason = "captured packets are read by `ringfence replay`";
                return Err(io::Error::other(reason).into());
            }
            (Kind::Capture, _) => return Ok(Verdict::Leave),
            (_, Some(mark)) => Some(mark.clone()),
            // Places in them are places in a file that does not grow: its inode is enough.
            (Kind::Document | Kind::EventLog, None) => {
                let own = self.past.iter().find(|m| is_own(m) && m.begins(&start));
                own.filter(|m| m.done.is_none()).cloned()
            }
            (Kind::Packed, None) => self.known_packed(seen)?,
            (Kind::Text { .. }, None) => match self.known_plain(seen, &plain, &start)? {
                Known::Yes(mark) => Some(mark),
                Known::Perhaps if quiet < COPY_WAIT => return Ok(Verdict::Wait),
                Known::Perhaps | Known::No => None,
            },
        };
        let mark = match known {
            Some(mark) => {
                self.past.retain(|m| !(is_own(m) && m.id == mark.id));
                Mark {
                    inode: seen.inode,
                    seen: now.0,
                    ..mark
                }
            }
            None if seen.wanted => fresh(seen, &kind, &start, now)?,
            None => return Ok(Verdict::Leave),
        };
        self.changes.set(&mark);
        let plain = matches!(kind, Kind::Text { .. }).then_some(plain);
        let file = Tracked::new(seen, mark, kind, plain);
        Ok(Verdict::Take(Box::new(file)))
    }

    /// Marks that this text may be known by, the furthest first: its own, and those of files that
    /// say the same for long enough.
    fn candidates(&self, seen: &Seen, start: &[u8], packed: bool) -> Vec<&Mark> {
        let current = self.files.values().map(|f| &f.mark);
        let mut found: Vec<&Mark> = (self.past.iter().map(|m| (true, m)))
            .chain(current.map(|m| (false, m)))
            .filter(|(is_past, m)| {
                let is_own = *is_past && m.inode == seen.inode;
                // A file that is gone cannot say more under the same name: a short one is told, too.
                is_own || m.tells_copies() || (packed && *is_past && m.offset > 0)
            })
            .map(|(_, m)| m)
            .filter(|m| m.begins(start))
            .collect();
        found.sort_by_key(|m| std::cmp::Reverse((m.inode == seen.inode, m.offset)));
        found.truncate(8);
        found
    }

    fn known_plain(&self, seen: &Seen, plain: &Plain, start: &[u8]) -> io::Result<Known> {
        let mut answer = Known::No;
        for mark in self.candidates(seen, start, false) {
            if seen.version.size >= mark.offset {
                if plain.holds(mark)? {
                    return Ok(Known::Yes(mark.clone()));
                }
            } else if mark.inode != seen.inode {
                answer = Known::Perhaps;
            }
        }
        Ok(answer)
    }

    fn known_packed(&self, seen: &Seen) -> io::Result<Option<Mark>> {
        let start = Packed::open(&seen.path)?.start(HEAD)?.to_vec();
        for mark in self.candidates(seen, &start, true) {
            if Packed::open(&seen.path)?.skip_to(mark)? {
                return Ok(Some(mark.clone()));
            }
        }
        Ok(None)
    }

    /// Files that went away: read to their end if they are held, then only remembered.
    fn let_go(&mut self, now: Time) {
        let mut gone = Vec::new();
        for (inode, file) in self.files.iter_mut().filter(|(_, f)| f.missing > 0) {
            if let Some(lost) = file.bid_farewell() {
                if lost.unread {
                    self.counters.vanished(&file.path);
                }
                gone.push(*inode);
            }
        }
        for inode in gone {
            if let Some(file) = self.files.remove(&inode) {
                self.remember(file.mark, now);
            }
        }
        if self.files.values().filter(|f| f.is_held()).count() > MOST_HELD {
            self.files.values_mut().for_each(Tracked::release);
        }
    }

    fn forget(&mut self, now: Time) {
        self.past.sort_by_key(|m| std::cmp::Reverse(m.seen));
        let fresh = |m: &Mark| now.0.saturating_sub(m.seen) <= REMEMBERED_MS;
        let keep = self.past.partition_point(fresh).min(MOST_MARKS);
        for mark in self.past.drain(keep..) {
            self.changes.unset(&mark);
        }
    }

    fn ready(&self) -> Vec<Inode> {
        let mut ready: Vec<&Tracked> = self.files.values().filter(|f| f.is_ready()).collect();
        ready.sort_by(|a, b| a.age().cmp(&b.age()).then(a.path.cmp(&b.path)));
        // Unpacking takes memory: one at a time.
        let mut unpacking = false;
        ready.retain(|f| !(f.is_packed() && std::mem::replace(&mut unpacking, true)));
        ready.iter().map(|f| f.mark.inode).collect()
    }
}

enum Known {
    Yes(Mark),
    /// It may become a copy of a known file that is still being made.
    Perhaps,
    No,
}

/// Why a file cannot be told.
enum Trouble {
    Io(io::Error),
    Random(ringfence_crypto::RandomError),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ringfence_crypto::RandomError> for Trouble {
    fn from(error: ringfence_crypto::RandomError) -> Self {
        Self::Random(error)
    }
}

/// The mark of a file that is read for the first time.
fn fresh(seen: &Seen, kind: &Kind, start: &[u8], now: Time) -> Result<Mark, Trouble> {
    let id = u128::from_be_bytes(ringfence_crypto::random_array()?);
    let id = format!("{id:032x}");
    let unpacked;
    let start = if *kind == Kind::Packed {
        unpacked = Packed::open(&seen.path)?.start(HEAD)?.to_vec();
        &unpacked
    } else {
        start
    };
    let start = start.get(..HEAD.min(start.len())).unwrap_or_default();
    // Whole lines only: the last one may not be what it will be.
    let whole = memchr::memrchr(b'\n', start).map_or(start.len(), |n| n + 1);
    let first = memchr::memchr(b'\n', start).map_or(start.len(), |n| n + 1);
    let head = start.get(..whole).unwrap_or_default();
    Ok(Mark::new(id, seen.inode, head, first, now.0))
}
