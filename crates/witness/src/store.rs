//! The folder of a witness: its key, what it signed last of each log, alarms, and proofs of forks.
//!
//! Each file is whole or as it was before: written beside its place, synced, and put there.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ringfence_evidence::{KeyFile, KeyFileError};
use ringfence_tlog::{KeyKind, Signer};

/// Files about single logs.
const LOGS: &str = "logs";
/// Proofs.
const FORKS: &str = "forks";
/// One line an alarm.
const ALARMS: &str = "alarms.jsonl";

/// Why a witness cannot use its folder.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system.
    #[error("`{}`: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Somebody else has it.
    #[error("`{}` is in use by another witness: one state must not be used twice", .0.display())]
    InUse(PathBuf),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The key has another name than the configuration says.
    #[error("the key in `{}` is that of `{got}`, and the configuration calls the witness `{wanted}`", .path.display())]
    Name {
        /// The key file.
        path: PathBuf,
        /// In the file.
        got: String,
        /// In the configuration.
        wanted: String,
    },
    /// A file that this witness did not write.
    #[error("`{}` is not what the witness wrote: {why}; put it back from a copy, or accept the log anew (docs/witness.md)", .path.display())]
    Changed {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// An open folder, which nobody else has.
#[derive(Debug)]
pub(crate) struct Store {
    root: PathBuf,
    /// Held as long as this.
    _lock: File,
}

impl Store {
    /// Makes the folder where there is none, and takes it.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        for folder in [root.to_owned(), root.join(LOGS), root.join(FORKS)] {
            let made = DirBuilder::new()
                .mode(0o700)
                .recursive(true)
                .create(&folder);
            made.map_err(|error| at(&folder, error))?;
        }
        let path = root.join("lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(&path).map_err(|error| at(&path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                root: root.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(root.to_owned())),
            Err(TryLockError::Error(error)) => Err(at(&path, error)),
        }
    }

    /// The key; made at the first start, named `NAME/witness/` and eight letters.
    pub fn key(&self, name: &str) -> Result<Signer, StoreError> {
        let path = self.root.join("witness.key");
        let signer = KeyFile::at(&path).open(KeyKind::Cosigner, name, "witness")?;
        let got = signer.public().name();
        match got
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with("/witness/"))
        {
            true => Ok(signer),
            false => Err(StoreError::Name {
                path,
                got: got.to_owned(),
                wanted: name.to_owned(),
            }),
        }
    }

    /// Where a file about a log is.
    pub fn of_log(&self, id: &str, ending: &str) -> PathBuf {
        self.root.join(LOGS).join(format!("{id}.{ending}"))
    }

    /// The bytes of a file; nothing when there is none.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(path, error)),
        }
    }

    /// Puts bytes in the place of a file. When this comes back they last.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let write = || -> io::Result<()> {
            let beside = path.with_extension("new");
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o644);
            let mut file = options.open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&beside, path)?;
            sync_folder(path)
        };
        write().map_err(|error| at(path, error))
    }

    /// Takes a file of a log out of the way, to the proofs.
    pub fn put_aside(&self, path: &Path, name: &str) -> Result<(), StoreError> {
        let to = self.root.join(FORKS).join(name);
        match fs::rename(path, &to) {
            Ok(()) => sync_folder(&to)
                .and_then(|()| sync_folder(path))
                .map_err(|error| at(path, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(at(path, error)),
        }
    }

    /// Keeps a proof that a log has two pasts, and says where.
    pub fn keep_fork(&self, name: &str, files: &[(&str, String)]) -> Result<PathBuf, StoreError> {
        let folder = self.root.join(FORKS).join(name);
        let made = DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(&folder);
        made.map_err(|error| at(&folder, error))?;
        for (name, text) in files {
            self.replace(&folder.join(name), text.as_bytes())?;
        }
        sync_folder(&folder).map_err(|error| at(&folder, error))?;
        Ok(folder)
    }

    /// Adds a line to the alarms, durably.
    pub fn add_alarm(&self, line: &str) -> Result<(), StoreError> {
        let path = self.root.join(ALARMS);
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options.append(true).create(true).mode(0o644).open(&path)?;
            // One call, so that two lines never mix.
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error| at(&path, error))
    }
}

fn sync_folder(of: &Path) -> io::Result<()> {
    File::open(of.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn at(path: &Path, error: io::Error) -> StoreError {
    StoreError::Io {
        path: path.to_owned(),
        error,
    }
}
