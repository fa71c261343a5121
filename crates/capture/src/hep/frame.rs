use super::decode::HepError;
use super::{HEADER, MAGIC};
use crate::read::be16;

/// Most bytes held: the longest packet and a full read after it.
const MAX_BUFFER: usize = 2 * 65_536;

/// Cuts a TCP stream into HEP3 packets by the length in their headers.
///
/// There is no way back after a broken header: close the connection.
#[derive(Debug, Default)]
pub struct HepFramer {
    buffer: Vec<u8>,
    consumed: usize,
}

impl HepFramer {
    /// A framer for one connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes and says how many; fewer than given when packets must be taken first.
    pub fn push(&mut self, data: &[u8]) -> usize {
        self.buffer.drain(..self.consumed.min(self.buffer.len()));
        self.consumed = 0;
        let room = MAX_BUFFER.saturating_sub(self.buffer.len());
        let taken = data.get(..room).unwrap_or(data);
        self.buffer.extend_from_slice(taken);
        taken.len()
    }

    /// The next whole packet, ready for [`super::decode`]; `None` until more bytes arrive.
    ///
    /// # Errors
    /// When the stream does not continue with a HEP3 header.
    pub fn next_packet(&mut self) -> Result<Option<&[u8]>, HepError> {
        let rest = self.buffer.get(self.consumed..).unwrap_or_default();
        let start = rest.get(..MAGIC.len()).unwrap_or(rest);
        if !MAGIC.starts_with(start) {
            return Err(HepError {
                offset: 0,
                reason: "stream does not continue with `HEP3`",
            });
        }
        let Some(length) = be16(rest, 4).map(usize::from) else {
            return Ok(None);
        };
        if length < HEADER {
            let reason = "total length is smaller than the header";
            return Err(HepError { offset: 4, reason });
        }
        let Some(packet) = rest.get(..length) else {
            return Ok(None);
        };
        self.consumed += length;
        Ok(Some(packet))
    }
}
