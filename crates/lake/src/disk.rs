//! Small durable steps on the local disk.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Doing, LakeError};

/// Ending of files that are not finished.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Wall clock, milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Makes names created in or moved into a folder survive a power cut.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), LakeError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .doing("sync", dir)
}

/// Replaces a file so that a reader, or a crash, sees the old or the new one whole.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), LakeError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(TEMPORARY);
    let temporary = Path::new(&temporary);
    File::create(temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .doing("write", temporary)?;
    fs::rename(temporary, path).doing("rename", path)?;
    path.parent().map_or(Ok(()), sync_dir)
}
