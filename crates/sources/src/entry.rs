//! What Ringfence puts on the spine, and what it reads from there again.

use std::sync::Arc;

use ringfence_event::{Entry, EntryError};

/// Bytes of memory that a decoded entry takes for each byte of its payload, roughly: text becomes
/// maps of small allocations.
const WEIGHT: usize = 4;

/// The entry for the spine. Readers that keep up get the decoded form along with it, so that one
/// process reads no record twice.
#[must_use]
pub fn spine_entry(entry: Entry, identity: Option<u128>) -> ringfence_spine::Entry {
    let payload = entry.encode();
    let weight = payload.len().saturating_mul(WEIGHT);
    let mut out = ringfence_spine::Entry::new(entry.kind() as u8, payload);
    out.identity = identity;
    out.with_value(Arc::new(entry), weight)
}

/// What an entry of the spine says.
///
/// # Errors
/// [`EntryError`] when it has to be decoded and cannot be.
pub fn read_entry(entry: &ringfence_spine::Entry) -> Result<Arc<Entry>, EntryError> {
    match entry.value() {
        Some(known) => Ok(known),
        None => Entry::decode(entry.kind, &entry.payload).map(Arc::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfence_event::{Tick, Time};

    #[test]
    fn the_decoded_form_comes_along_and_can_be_done_without() {
        let entry = spine_entry(Entry::Tick(Tick { now: Time(7) }), Some(9));
        assert_eq!(entry.identity, Some(9));
        let carried = read_entry(&entry).unwrap();
        let bare = ringfence_spine::Entry::new(entry.kind, entry.payload.clone());
        assert_eq!(read_entry(&bare).unwrap(), carried);
        assert!(Arc::ptr_eq(&carried, &read_entry(&entry).unwrap()));
    }
}
