//! The state that a consumer saves with its position: compressed, because that of a large contact
//! center is tens of megabytes of JSON, written every few seconds.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use bytes::Bytes;
use zstd::zstd_safe::MAGICNUMBER;

use super::OperatorError;

/// Bytes that go through the compressor at once.
const PIECE: usize = 64 << 10;

/// What `write` writes, compressed as it comes.
pub(super) fn pack(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Bytes> {
    let mut to = BufWriter::with_capacity(PIECE, zstd::Encoder::new(Vec::new(), 1)?);
    write(&mut to)?;
    let packed = to.into_inner().map_err(io::Error::from)?.finish()?;
    Ok(packed.into())
}

/// What was written; earlier versions wrote it as it is.
pub(super) fn unpack<'a>(
    operator: &'static str,
    packed: &'a [u8],
) -> Result<Cow<'a, [u8]>, OperatorError> {
    if !packed.starts_with(&MAGICNUMBER.to_le_bytes()) {
        return Ok(packed.into());
    }
    let state = zstd::decode_all(packed).map_err(|e| OperatorError::Saved {
        operator,
        why: e.to_string(),
    })?;
    Ok(state.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_and_older_states_are_read_as_they_are() {
        let state = br#"{"engine":[1,2,3]}"#.repeat(10_000);
        let packed = pack(|to| to.write_all(&state)).unwrap();
        assert!(packed.len() < state.len() / 20);
        assert_eq!(*unpack("calls", &packed).unwrap(), state);
        assert_eq!(*unpack("calls", &state).unwrap(), state);
        let cut = unpack("calls", &packed[..packed.len() / 2]).unwrap_err();
        assert!(cut.to_string().contains("`calls`"), "{cut}");
    }
}
