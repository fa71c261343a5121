//! Entries as they are kept: each behind its length (C2SP tlog-tiles, “Log entries”).

/// Bytes of an entry: what its length can say.
pub const MOST_ENTRY: usize = u16::MAX as usize;

/// Why bytes are no bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// They end within an entry.
    #[error("the bundle is cut off within its entry {0}")]
    Cut(usize),
    /// It has another number of entries than its path says.
    #[error("the bundle has {got} entries, and its path says {wanted}")]
    Count {
        /// Entries that are there.
        got: usize,
        /// Entries that the path says.
        wanted: usize,
    },
    /// No length can say how long the entry is.
    #[error("an entry of {0} bytes is too long: at most {MOST_ENTRY}")]
    TooLong(usize),
}

/// Entries of a bundle, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle(Vec<u8>);

impl Bundle {
    /// Appends an entry.
    ///
    /// # Errors
    /// When it is too long.
    pub fn push(&mut self, entry: &[u8]) -> Result<(), BundleError> {
        let long = BundleError::TooLong(entry.len());
        let length = u16::try_from(entry.len()).map_err(|_| long)?;
        self.0.extend(length.to_be_bytes());
        self.0.extend(entry);
        Ok(())
    }

    /// As it is kept and served.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The entries in `bytes`, of which there are as many as the path says.
    ///
    /// # Errors
    /// When they are cut off, or more or fewer.
    pub fn parse(bytes: &[u8], wanted: usize) -> Result<Vec<&[u8]>, BundleError> {
        let mut entries = Vec::with_capacity(wanted.min(usize::from(crate::WIDTH)));
        let mut rest = bytes;
        while !rest.is_empty() {
            let cut = BundleError::Cut(entries.len());
            let (length, after) = rest.split_first_chunk::<2>().ok_or(cut)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, after) = after.split_at_checked(length).ok_or(cut)?;
            entries.push(entry);
            rest = after;
        }
        let got = entries.len();
        match got == wanted {
            true => Ok(entries),
            false => Err(BundleError::Count { got, wanted }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_gives_back_its_entries() {
        let mut bundle = Bundle::default();
        let entries = [b"one".as_slice(), b"", &[7; MOST_ENTRY]];
        for entry in entries {
            bundle.push(entry).unwrap();
        }
        assert_eq!(Bundle::parse(bundle.bytes(), 3).unwrap(), entries);
        let long = vec![0; MOST_ENTRY + 1];
        assert_eq!(bundle.push(&long), Err(BundleError::TooLong(65_536)));
        let bytes = bundle.bytes();
        assert_eq!(Bundle::parse(&bytes[..4], 1), Err(BundleError::Cut(0)));
        assert_eq!(Bundle::parse(&bytes[..6], 1), Err(BundleError::Cut(1)));
        let count = BundleError::Count { got: 1, wanted: 3 };
        assert_eq!(Bundle::parse(&bytes[..5], 3), Err(count));
    }
}
