//! The state on its way through a restart: a version line and JSON.

use std::io;

use thiserror::Error;

use crate::join::State;
use crate::{Join, JoinConfig};

const HEAD: &[u8] = b"ringfence-calls 1\n";

/// A snapshot that cannot be used. The state can be built anew from the log.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// Another version wrote it, or it is none.
    #[error("not a snapshot of this version of the call join: it is built anew from the log")]
    Version,
    /// Damaged.
    #[error("snapshot of the call join is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
}

pub(crate) fn write(state: &State, mut to: impl io::Write) -> io::Result<()> {
    to.write_all(HEAD)?;
    Ok(serde_json::to_writer(to, state)?)
}

pub(crate) fn read(bytes: &[u8]) -> Result<State, SnapshotError> {
    let body = bytes.strip_prefix(HEAD).ok_or(SnapshotError::Version)?;
    let mut state: State = serde_json::from_slice(body)?;
    for site in &mut state.sites {
        site.calls.index();
    }
    Ok(state)
}

/// Whatever the bytes: they are refused, or make a join that can be written and read again.
#[doc(hidden)]
pub fn fuzz_snapshot(data: &[u8]) {
    let mut whole = HEAD.to_vec();
    whole.extend(data);
    for bytes in [data, &whole] {
        if let Ok(join) = Join::restore(JoinConfig::default(), bytes) {
            let mut written = Vec::new();
            let again = join.snapshot(&mut written);
            assert!(again.is_ok(), "what was read can be written");
            let again = Join::restore(JoinConfig::default(), &written);
            assert!(again.is_ok(), "what was written can be read again");
        }
    }
}
