//! What `ringfence verify` reads of a data folder, beside a running server or without one.

use std::io;
use std::path::Path;

use ringfence_evidence::{KeyFile, Row, Rows};
use ringfence_state::EvidenceReader;
use ringfence_tlog::{KeyKind, VerifierKey};

use crate::evidence::{FOLDER, KEY};

/// Records that are read at a time.
const CHUNK: u32 = 10_000;

/// Whether a folder is one of a server, and not that of a log alone.
#[must_use]
pub fn is_data_folder(data: &Path) -> bool {
    data.join(FOLDER).is_dir()
}

/// The key that the log of a data folder signs with; nothing where the file is not there.
///
/// # Errors
/// When the file holds no key, or others may read it.
pub fn key_of(data: &Path) -> io::Result<Option<VerifierKey>> {
    let path = data.join(KEY);
    if !path.try_exists()? {
        return Ok(None);
    }
    let signer = KeyFile::at(&path)
        .open(KeyKind::Log, "", "")
        .map_err(io::Error::other)?;
    Ok(Some(signer.public().clone()))
}

/// The records of a data folder's state store, in the order of the log.
pub struct Records {
    runtime: tokio::runtime::Runtime,
    reader: EvidenceReader,
    chunk: std::vec::IntoIter<ringfence_state::Evidence>,
}

impl Records {
    /// Opens the state store for reading; nothing where it is not in this folder.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(data: &Path) -> io::Result<Option<Self>> {
        let file = data.join("state.db");
        if !file.try_exists()? {
            return Ok(None);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let reader = runtime
            .block_on(EvidenceReader::open(&file))
            .map_err(io::Error::other)?;
        Ok(Some(Self {
            runtime,
            reader,
            chunk: Vec::new().into_iter(),
        }))
    }
}

impl Rows for Records {
    fn row(&mut self, index: u64) -> io::Result<Option<Row>> {
        let next = self.chunk.as_slice().first();
        // A gap stays one: what is asked for next lies behind it.
        if next.is_none() {
            let read = self.runtime.block_on(self.reader.read(index, CHUNK));
            self.chunk = read.map_err(io::Error::other)?.into_iter();
        }
        let next = self.chunk.as_slice().first();
        if next.is_none_or(|row| row.index != index) {
            return Ok(None);
        }
        Ok(self.chunk.next().map(|row| match row.record {
            Some((salt, text)) => Row::Kept(salt, text),
            None => Row::Erased,
        }))
    }
}
