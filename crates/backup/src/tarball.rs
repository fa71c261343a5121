//! One tar file, the manifest last: what was broken off has none.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{BackupError, Result};
use crate::manifest::{self, Manifest};
use crate::place::{self, Digesting};

pub(crate) struct TarWriter {
    out: PathBuf,
    partial: PathBuf,
    tar: tar::Builder<BufWriter<File>>,
    done: bool,
}

impl TarWriter {
    pub(crate) fn begin(out: &Path) -> Result<Self> {
        if out.exists() {
            return Err(BackupError::Exists(out.to_owned()));
        }
        let partial = place::beside(out, place::PARTIAL);
        let file = place::claim(&partial)?;
        Ok(Self {
            out: out.to_owned(),
            partial,
            tar: tar::Builder::new(BufWriter::with_capacity(1 << 20, file)),
            done: false,
        })
    }

    pub(crate) fn out(&self) -> &Path {
        &self.out
    }

    pub(crate) fn put(&mut self, path: &str, len: u64, reader: impl Read) -> Result<(u64, String)> {
        let mut reader = Digesting::new(reader);
        self.tar
            .append_data(&mut header(len), path, &mut reader)
            .map_err(BackupError::io("write", &self.partial))?;
        Ok((reader.len, reader.hex()))
    }

    pub(crate) fn finish(mut self, manifest: &Manifest) -> Result<PathBuf> {
        let failed = |partial: &Path| BackupError::io("write", partial);
        let text = manifest.to_json();
        self.tar
            .append_data(&mut header(text.len() as u64), manifest::NAME, &*text)
            .and_then(|()| self.tar.finish())
            .and_then(|()| self.tar.get_mut().flush())
            .and_then(|()| self.tar.get_mut().get_ref().sync_all())
            .map_err(failed(&self.partial))?;
        // Somebody may have put a file there meanwhile: a link refuses where a rename replaces.
        match std::fs::hard_link(&self.partial, &self.out) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists(self.out.clone()));
            }
            // A file system without links, such as a USB stick's.
            Err(_) => place::publish(&self.partial, &self.out)?,
        }
        self.done = true;
        let _ = std::fs::remove_file(&self.partial);
        place::sync_folder(self.out.parent().unwrap_or(Path::new("")))?;
        Ok(self.out.clone())
    }
}

impl Drop for TarWriter {
    fn drop(&mut self) {
        if !self.done {
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

fn header(len: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(len);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    header
}

/// Reads the manifest, which has to be the last entry, while `each` gets every file before it.
pub(crate) fn walk(
    archive: &Path,
    mut each: impl FnMut(&str, &mut dyn Read) -> Result<()>,
) -> Result<Manifest> {
    let damaged = |why: &dyn std::fmt::Display| BackupError::damaged(archive, why);
    let file = File::open(archive).map_err(BackupError::io("open", archive))?;
    let mut tar = tar::Archive::new(BufReader::with_capacity(1 << 20, file));
    let mut found = None;
    for entry in tar.entries().map_err(|e| damaged(&e))? {
        let mut entry = entry.map_err(|e| damaged(&e))?;
        if found.is_some() {
            return Err(damaged(&"something follows its manifest"));
        }
        let path = entry
            .path()
            .ok()
            .and_then(|p| Some(p.to_str()?.to_owned()))
            .unwrap_or_default();
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(damaged(&"it holds something other than files"));
        }
        if path == manifest::NAME {
            if entry.size() > manifest::MAX_BYTES {
                return Err(damaged(&"its manifest is too large"));
            }
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(|e| damaged(&e))?;
            found = Some(Manifest::parse(&text, archive)?);
            continue;
        }
        if !manifest::is_inside(&path) {
            return Err(damaged(&"it holds a file outside the data folder"));
        }
        each(&path, &mut entry)?;
    }
    found.ok_or_else(|| damaged(&"it has no manifest: the backup was broken off"))
}
