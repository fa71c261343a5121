//! Who keeps the key that signs checkpoints: a file for its owner alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ringfence_crypto::{Ed25519Key, RandomError, from_base64, random_array, to_base64, to_hex};
use ringfence_tlog::{KeyKind, Signer, VKeyError};

/// What a private key begins with, as tools for signed notes write it.
const PRIVATE: &str = "PRIVATE+KEY+";

/// A file with a private key: `PRIVATE+KEY+NAME+ID+BASE64`. The name is that of the log or witness.
#[derive(Debug, Clone)]
pub struct KeyFile(PathBuf);

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file.
    #[error("the key file `{}`: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Others may read it.
    #[error("others than its owner can read the key file `{}`: make it `chmod 600`", .0.display())]
    Open(PathBuf),
    /// Not a key.
    #[error("the key file `{}` holds no key `PRIVATE+KEY+NAME+ID+BASE64` of Ed25519", .0.display())]
    NoKey(PathBuf),
    /// The name can be none.
    #[error("the key's name: {0}")]
    Name(#[from] VKeyError),
    /// The system has no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl KeyFile {
    /// A file that may not be there yet.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The key of the file. Without one a new one is made, named `HOST/PART/` and eight letters that no
    /// other has.
    ///
    /// # Errors
    /// When it cannot be read or made, or others may read it.
    pub fn open(&self, kind: KeyKind, host: &str, part: &str) -> Result<Signer, KeyFileError> {
        let failed = |error| KeyFileError::File {
            path: self.0.clone(),
            error,
        };
        match fs::read_to_string(&self.0) {
            Ok(text) => {
                let mode = fs::metadata(&self.0).map_err(failed)?.mode();
                if mode & 0o077 != 0 {
                    return Err(KeyFileError::Open(self.0.clone()));
                }
                let parsed = parse(text.trim_end(), kind);
                parsed.ok_or_else(|| KeyFileError::NoKey(self.0.clone()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = format!("{host}/{part}/{}", to_hex(&random_array::<4>()?));
                let key = Ed25519Key::mint()?;
                let seed = *key.reveal();
                let signer = Signer::new(&name, kind, key)?;
                let line = private(&signer, kind, &seed);
                self.write(&line).map_err(failed)?;
                Ok(signer)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn write(&self, line: &str) -> io::Result<()> {
        let beside = self.0.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&beside)?;
        writeln!(file, "{line}")?;
        file.sync_all()?;
        fs::rename(&beside, &self.0)?;
        let folder = self.0.parent().unwrap_or(Path::new("."));
        fs::File::open(folder)?.sync_all()
    }
}

fn private(signer: &Signer, kind: KeyKind, seed: &[u8; 32]) -> String {
    let public = signer.public();
    let bytes = [[kind.byte()].as_slice(), seed].concat();
    let (name, id) = (public.name(), public.id());
    format!("{PRIVATE}{name}+{id:08x}+{}", to_base64(&bytes))
}

fn parse(text: &str, kind: KeyKind) -> Option<Signer> {
    let (name, rest) = text.strip_prefix(PRIVATE)?.split_once('+')?;
    let (_, coded) = rest.split_once('+')?;
    let bytes = from_base64(coded).ok()?;
    let (first, seed) = bytes.split_first()?;
    let seed = <[u8; 32]>::try_from(seed).ok()?;
    if *first != kind.byte() {
        return None;
    }
    let signer = Signer::new(name, kind, Ed25519Key::from_seed(seed).ok()?).ok()?;
    // The id says whether name and key belong together.
    (private(&signer, kind, &seed) == text).then_some(signer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evidence.key");
        let open = || KeyFile::at(&path).open(KeyKind::Log, "rf.example", "evidence");
        let made = open().unwrap();
        assert!(made.public().name().starts_with("rf.example/evidence/"));
        assert_eq!(open().unwrap().public(), made.public());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);

        let text = fs::read_to_string(&path).unwrap();
        let witness = KeyFile::at(&path).open(KeyKind::Cosigner, "rf.example", "w");
        assert!(matches!(witness, Err(KeyFileError::NoKey(_))));
        for wrong in [
            text.replace("rf.example", "rf.other"),
            text.replace("PRIVATE", "PUBLIC"),
            text.replace('\n', "A\n"),
            String::new(),
        ] {
            fs::write(&path, &wrong).unwrap();
            assert!(matches!(open(), Err(KeyFileError::NoKey(_))), "{wrong:?}");
        }
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(open(), Err(KeyFileError::Open(_))));
    }
}
