//! Who writes a bundle: line by line, as the records come.

use ringfence_crypto::{Sha256, to_base64};
use ringfence_tlog::{Checkpoint, LogProof, Note, Tiles, inclusion};

use super::{Header, Item, Line, Seal};
use crate::leaf::SALT;
use crate::{Folder, LogError};

/// A bundle that is being written.
pub struct Writer {
    tiles: Tiles<Folder>,
    checkpoint: Note,
    log: String,
    digest: Sha256,
    count: u64,
}

impl Writer {
    /// Begins one of a log's folder, with proofs to the checkpoint of its header, and its first line. The
    /// log may grow meanwhile.
    ///
    /// # Errors
    /// When the header has no checkpoint.
    pub fn begin(folder: Folder, header: Header) -> Result<(Self, Vec<u8>), LogError> {
        let checkpoint = Note::parse(header.checkpoint.as_bytes())?;
        let Checkpoint { origin, size, .. } = Checkpoint::parse(checkpoint.text())?;
        let mut writer = Self {
            tiles: Tiles::new(folder, size),
            checkpoint,
            log: origin,
            digest: Sha256::new(),
            count: 0,
        };
        let mut out = Vec::new();
        writer.line(&Line::Header(header), &mut out);
        Ok((writer, out))
    }

    /// Entries under the checkpoint: records beyond them have no proof.
    pub fn size(&self) -> u64 {
        self.tiles.size()
    }

    /// Writes a record, or that it was erased.
    ///
    /// # Errors
    /// When the checkpoint has no such entry, or the log cannot be read.
    pub fn record(
        &mut self,
        index: u64,
        record: Option<([u8; SALT], String)>,
        out: &mut Vec<u8>,
    ) -> Result<(), LogError> {
        let size = self.tiles.size();
        if index >= size {
            return Err(LogError::NoSuchEntry { index, size });
        }
        let entry = String::from_utf8_lossy(self.tiles.entry(index)?).into_owned();
        let path = inclusion(&mut self.tiles, index, size)?;
        let proof = LogProof {
            extra: None,
            index,
            path,
            checkpoint: self.checkpoint.clone(),
        };
        let erased = record.is_none();
        let (salt, text) = record.unzip();
        let item = Item {
            index,
            entry,
            text,
            salt: salt.map(|salt| to_base64(&salt)),
            erased,
            proof: proof.to_string(),
        };
        self.count += 1;
        self.line(&Line::Item(item), out);
        Ok(())
    }

    /// What the log has to sign now that all records are written.
    #[must_use]
    pub fn end(self) -> Seal {
        Seal {
            log: self.log,
            count: self.count,
            digest: self.digest.finish(),
        }
    }

    /// The last line, out of the signed note.
    #[must_use]
    pub fn last(signed: String) -> Vec<u8> {
        format!("{}\n", Line::Seal(signed)).into_bytes()
    }

    fn line(&mut self, line: &Line, out: &mut Vec<u8>) {
        let line = format!("{line}\n");
        self.digest.update(line.as_bytes());
        out.extend(line.as_bytes());
    }
}
