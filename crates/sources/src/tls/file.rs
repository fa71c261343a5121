//! Files with certificates and keys, written.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::TlsError;

/// Makes the folder of a file, for its owner alone.
pub(super) fn make_folder(file: &Path) -> Result<(), TlsError> {
    let Some(folder) = file.parent() else {
        return Ok(());
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| TlsError::write(folder, e))
}

/// Writes a file whole or not at all, with its mode from the first byte on.
pub(super) fn write(path: &Path, mode: u32, text: &str) -> Result<(), TlsError> {
    let new = path.with_extension("new");
    let attempt = || {
        match fs::remove_file(&new) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        // The name, too, has to be there after a crash.
        path.parent()
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    attempt().map_err(|e| TlsError::write(path, e))
}
