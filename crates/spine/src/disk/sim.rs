//! [`Disk`] in memory that forgets like a real one when the power goes.
//!
//! What a file *shows* and what it *keeps* are held apart. Writes change what is
//! shown and queue up; `sync` moves the queue into what is kept. A failed `sync`
//! throws the queue away while the file goes on showing it, as Linux does. Names
//! follow the same rule through `sync_dir`.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile, Listed, Lock};

/// What goes wrong from now on, until [`SimDisk::heal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing can be written: `EROFS`.
    ReadOnly,
    /// Every write fails half way through: `EIO`.
    Write,
    /// Every `sync` of a file fails and loses the bytes it was about: `EIO`.
    Sync,
    /// No more than so many bytes fit: `ENOSPC`.
    Capacity(usize),
}

/// A simulated folder; clones share it.
#[derive(Clone, Default)]
pub struct SimDisk {
    world: Arc<Mutex<World>>,
}

#[derive(Default)]
struct World {
    shown: BTreeMap<String, Arc<Mutex<Inode>>>,
    kept: BTreeMap<String, Arc<Mutex<Inode>>>,
    /// Changes of names that `sync_dir` has not made durable, oldest first.
    names: Vec<NameChange>,
    fault: Option<Fault>,
    operations: u64,
    dies_at: Option<u64>,
    dead: bool,
    lock: Arc<()>,
}

#[derive(Clone)]
enum NameChange {
    Put(String, Arc<Mutex<Inode>>),
    Remove(String),
}

#[derive(Default)]
struct Inode {
    shown: Vec<u8>,
    kept: Vec<u8>,
    queue: Vec<Change>,
}

enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

impl SimDisk {
    /// An empty folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Pulls the plug at the `operations`-th change from now: that one fails, and
    /// so does everything after it.
    pub fn die_after(&self, operations: u64) {
        let mut world = self.world();
        world.dies_at = Some(world.operations + operations);
    }

    /// Changes made so far, to pick a moment for [`SimDisk::die_after`].
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// Something is wrong with the disk from now on.
    pub fn break_down(&self, fault: Fault) {
        self.world().fault = Some(fault);
    }

    /// All is well again.
    pub fn heal(&self) {
        self.world().fault = None;
    }

    /// The folder after the power came back: what was synced, plus, as `seed`
    /// has it, a torn part of what was not. The old handle stays dead.
    pub fn after_power_cut(&self, seed: u64) -> Self {
        let mut random = SplitMix(seed);
        let mut world = self.world();
        world.dead = true;
        let mut files = world.kept.clone();
        // A journal may have written some of the latest names by itself.
        let reached = random.below(world.names.len() + 1);
        for change in world.names.iter().take(reached) {
            change.apply(&mut files);
        }
        let survivors = files
            .into_iter()
            .map(|(name, inode)| {
                (
                    name,
                    Arc::new(Mutex::new(guard(&inode).survivor(&mut random))),
                )
            })
            .collect::<BTreeMap<_, _>>();
        let reborn = World {
            shown: survivors.clone(),
            kept: survivors,
            ..World::default()
        };
        Self {
            world: Arc::new(Mutex::new(reborn)),
        }
    }

    /// Flips one bit of what a file holds: bit rot.
    pub fn rot(&self, name: &str, position: usize) {
        if let Some(inode) = self.world().shown.get(name) {
            let mut inode = guard(inode);
            let inode = &mut *inode;
            for bytes in [&mut inode.shown, &mut inode.kept] {
                if let Some(byte) = bytes.get_mut(position) {
                    *byte ^= 1;
                }
            }
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for SimDisk {
    fn place(&self) -> String {
        "simulated".into()
    }

    fn lock(&self) -> io::Result<Lock> {
        let world = self.world();
        if Arc::strong_count(&world.lock) > 1 {
            return Err(io::Error::from(io::ErrorKind::WouldBlock));
        }
        Ok(Box::new(Arc::clone(&world.lock)))
    }

    fn list(&self) -> io::Result<Vec<Listed>> {
        let world = self.world();
        world.alive()?;
        Ok(world
            .shown
            .iter()
            .map(|(name, inode)| Listed {
                name: name.clone(),
                len: guard(inode).shown.len() as u64,
            })
            .collect())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.step()?;
        if world.shown.contains_key(name) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        let inode = Arc::default();
        world.change(NameChange::Put(name.to_owned(), Arc::clone(&inode)));
        drop(world);
        Ok(Box::new(SimFile {
            disk: self.clone(),
            inode,
        }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.open_read(name)
    }

    fn open_read(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let world = self.world();
        world.alive()?;
        let inode = world
            .shown
            .get(name)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Box::new(SimFile {
            disk: self.clone(),
            inode: Arc::clone(inode),
        }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        let inode = world
            .shown
            .get(from)
            .map(Arc::clone)
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        world.change(NameChange::Remove(from.to_owned()));
        // One change in a journal, two in ours: the new name comes with the old
        // one's removal or not at all, so the order of the pair is harmless.
        world.change(NameChange::Put(to.to_owned(), inode));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        if !world.shown.contains_key(name) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        world.change(NameChange::Remove(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut world = self.world();
        world.step()?;
        let World { kept, names, .. } = &mut *world;
        for change in names.drain(..) {
            change.apply(kept);
        }
        Ok(())
    }
}

impl World {
    fn alive(&self) -> io::Result<()> {
        if self.dead {
            Err(io::Error::other("the power is off"))
        } else {
            Ok(())
        }
    }

    /// Counts one change and says whether the plug is pulled at it.
    fn step(&mut self) -> io::Result<()> {
        self.alive()?;
        self.operations += 1;
        if self.dies_at.is_some_and(|at| self.operations >= at) {
            self.dead = true;
        }
        self.alive()?;
        match self.fault {
            Some(Fault::ReadOnly) => Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem)),
            _ => Ok(()),
        }
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.shown);
        self.names.push(change);
    }

    fn used(&self) -> usize {
        self.shown
            .values()
            .map(|inode| guard(inode).shown.len())
            .sum()
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, Arc<Mutex<Inode>>>) {
        match self {
            Self::Put(name, inode) => names.insert(name.clone(), Arc::clone(inode)),
            Self::Remove(name) => names.remove(name),
        };
    }
}

struct SimFile {
    disk: SimDisk,
    inode: Arc<Mutex<Inode>>,
}

impl DiskFile for SimFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.disk.world();
        let stepped = world.step();
        let (fits, outcome) = match (stepped, world.fault) {
            // The cut may fall in the middle of this very write.
            (Err(error), _) if world.dead => (bytes.len(), Err(error)),
            (Err(error), _) => (0, Err(error)),
            (Ok(()), Some(Fault::Write)) => (bytes.len() / 2, Err(io::Error::from_raw_os_error(5))),
            (Ok(()), Some(Fault::Capacity(cap))) => {
                let room = cap.saturating_sub(world.used());
                if room < bytes.len() {
                    (room, Err(io::Error::from(io::ErrorKind::StorageFull)))
                } else {
                    (bytes.len(), Ok(()))
                }
            }
            (Ok(()), _) => (bytes.len(), Ok(())),
        };
        let written = bytes.get(..fits).unwrap_or(bytes).to_vec();
        let mut inode = guard(&self.inode);
        let at = inode.shown.len();
        inode.shown.extend_from_slice(&written);
        inode.queue.push(Change::Write { at, bytes: written });
        outcome
    }

    fn read_at(&self, buf: &mut [u8], pos: u64) -> io::Result<usize> {
        self.disk.world().alive()?;
        let inode = guard(&self.inode);
        let start = usize::try_from(pos).unwrap_or(usize::MAX);
        let rest = inode.shown.get(start..).unwrap_or_default();
        let got = rest.len().min(buf.len());
        for (to, from) in buf.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(got)
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        world.step()?;
        let mut inode = guard(&self.inode);
        let queue = std::mem::take(&mut inode.queue);
        if world.fault == Some(Fault::Sync) {
            return Err(io::Error::from_raw_os_error(5));
        }
        for change in &queue {
            change.apply(&mut inode.kept);
        }
        Ok(())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        self.disk.world().step()?;
        let mut inode = guard(&self.inode);
        let change = Change::Truncate(usize::try_from(len).unwrap_or(usize::MAX));
        change.apply(&mut inode.shown);
        inode.queue.push(change);
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        self.disk.world().alive()?;
        Ok(guard(&self.inode).shown.len() as u64)
    }

    fn evict(&self) {
        let mut inode = guard(&self.inode);
        let mut real = inode.kept.clone();
        for change in &inode.queue {
            change.apply(&mut real);
        }
        inode.shown = real;
    }
}

impl Inode {
    /// What the device holds after the cut. The queue reached it up to some
    /// point; the last write that did may be torn, and its middle may be missing.
    fn survivor(&self, random: &mut SplitMix) -> Self {
        let mut kept = self.kept.clone();
        let reached = random.below(self.queue.len() + 1);
        for (index, change) in self.queue.iter().take(reached).enumerate() {
            match change {
                Change::Write { at, bytes } if index + 1 == reached => {
                    let mut torn = bytes.clone();
                    torn.truncate(random.below(bytes.len() + 1));
                    if random.below(2) == 0 && !torn.is_empty() {
                        let hole = random.below(torn.len());
                        let width = random.below(torn.len() - hole + 1);
                        torn.iter_mut()
                            .skip(hole)
                            .take(width)
                            .for_each(|byte| *byte = 0);
                    }
                    Change::Write {
                        at: *at,
                        bytes: torn,
                    }
                    .apply(&mut kept);
                }
                change => change.apply(&mut kept),
            }
        }
        Self {
            shown: kept.clone(),
            kept,
            queue: Vec::new(),
        }
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                for (to, from) in content.iter_mut().skip(*at).zip(bytes) {
                    *to = *from;
                }
            }
            Self::Truncate(len) => content.truncate(*len),
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): enough to pick where to tear.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        // The modulo's bias is far below what a test could notice.
        usize::try_from(z % bound.max(1) as u64).unwrap_or(0)
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
