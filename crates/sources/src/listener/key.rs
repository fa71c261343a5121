//! The shared key of HEP packets.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use ringfence_crypto::constant_time_eq;
use ringfence_event::Secret;

use crate::config::Problem;
use crate::framing::auth_key;

const LENGTH: std::ops::RangeInclusive<usize> = 8..=1_024;

/// A key that every packet must carry.
#[derive(Debug, Clone)]
pub(crate) struct HepKey(Arc<Secret<Vec<u8>>>);

impl HepKey {
    /// Reads the first line of a file.
    pub(crate) fn read(file: &Path) -> Result<Self, Problem> {
        let shown = file.display().to_string();
        let mut line = Vec::new();
        let read = File::open(file)
            .and_then(|f| BufReader::new(f.take(4_096)).read_until(b'\n', &mut line));
        if let Err(source) = read {
            let path = shown;
            return Err(Problem::KeyFile { path, source });
        }
        let key = line.trim_ascii().to_vec();
        if !LENGTH.contains(&key.len()) {
            return Err(Problem::Key(shown));
        }
        Ok(Self(Arc::new(Secret::new(key))))
    }

    /// Whether a packet carries this key. Fails closed: a packet without a key, or that cannot be
    /// read, does not.
    pub(crate) fn opens(&self, packet: &[u8]) -> bool {
        auth_key(packet).is_some_and(|key| constant_time_eq(key, self.0.expose()))
    }
}
