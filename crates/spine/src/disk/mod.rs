//! The few things the log asks of storage, so that a test can pull the plug.
//!
//! A [`Disk`] is one flat folder. Every rule of the log about what survives a
//! power cut rests on three calls: [`DiskFile::sync`] for the bytes of a file,
//! [`Disk::sync_dir`] for its name, and [`DiskFile::evict`] to read what the
//! device holds and not what the page cache remembers.

mod real;
mod sim;

pub use real::RealDisk;
pub use sim::{Fault, SimDisk};

use std::any::Any;
use std::io;

/// A file of the folder, as [`Disk::list`] sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Name inside the folder.
    pub name: String,
    /// Length in bytes.
    pub len: u64,
}

/// Held while the log is open for writing; dropping it lets others in.
pub type Lock = Box<dyn Any + Send>;

/// One folder.
pub trait Disk: Send + Sync + 'static {
    /// The folder as an operator knows it, for messages.
    fn place(&self) -> String;

    /// Takes the exclusive lock of the folder; `WouldBlock` when another has it.
    fn lock(&self) -> io::Result<Lock>;

    /// All files, in no particular order.
    fn list(&self) -> io::Result<Vec<Listed>>;

    /// Makes a new empty file; fails with `AlreadyExists` if the name is taken.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file for reading and appending.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file for reading only.
    fn open_read(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, replacing what had it, atomically.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes earlier `create`, `rename` and `remove` survive a power cut.
    fn sync_dir(&self) -> io::Result<()>;
}

/// One open file.
pub trait DiskFile: Send + Sync {
    /// Appends all bytes. After a failure any prefix of them may be in the file.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Reads up to `buf.len()` bytes at `pos`; short only at the end of the file.
    fn read_at(&self, buf: &mut [u8], pos: u64) -> io::Result<usize>;

    /// Makes content and length survive a power cut.
    ///
    /// After a failure the page cache is a liar: it may hold bytes that the
    /// device never got and that no later `sync` will send. Truncate to what was
    /// durable before, or write elsewhere; never call it again and believe it.
    fn sync(&self) -> io::Result<()>;

    /// Cuts the file to `len` bytes.
    fn truncate(&self, len: u64) -> io::Result<()>;

    /// Length in bytes.
    fn size(&self) -> io::Result<u64>;

    /// Forgets cached pages, so that the next read asks the device. Best effort.
    fn evict(&self);
}

/// Reads a whole small file, refusing to hold more than `cap` bytes.
pub(crate) fn read_all(file: &dyn DiskFile, cap: u64) -> io::Result<Vec<u8>> {
    let size = file.size()?;
    if size > cap {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "larger than any file of ours",
        ));
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    let got = file.read_at(&mut bytes, 0)?;
    bytes.truncate(got);
    Ok(bytes)
}
