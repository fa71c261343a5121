//! Where a page ended, as an opaque text that a client hands back.
//!
//! Keyset pagination: the cursor holds the last row's sort key and id, so rows that
//! appear meanwhile neither shift nor repeat what is still to come. It also holds a
//! tag of the order and filter it was made for; used with another it is refused
//! instead of answering nonsense.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ringfence_crypto::sha256;

const VERSION: u8 = 1;
const MAX_ID: usize = 64;

/// The text is no cursor of ours, or belongs to another list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor does not belong to this list: start again without it")]
pub struct CursorError;

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Which list, order and filter it belongs to.
    pub tag: u32,
    /// The sort key of the last row.
    pub key: i64,
    /// The id of the last row, which decides between equal keys.
    pub id: String,
}

impl Cursor {
    /// The tag of a list: whatever decides its rows and order, written as text.
    #[must_use]
    pub fn tag(list: &str) -> u32 {
        let digest = sha256(list.as_bytes());
        digest
            .iter()
            .take(4)
            .fold(0, |tag, byte| tag << 8 | u32::from(*byte))
    }

    /// The text for the client.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.tag.to_be_bytes());
        bytes.extend(self.key.to_be_bytes());
        bytes.extend(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a client's text and checks that it belongs to the list with `tag`.
    ///
    /// # Errors
    /// When it does not, or is no cursor at all.
    pub fn decode(text: &str, tag: u32) -> Result<Self, CursorError> {
        let cursor = Self::read(text).ok_or(CursorError)?;
        if cursor.tag == tag {
            Ok(cursor)
        } else {
            Err(CursorError)
        }
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > 2 * MAX_ID {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (tag, rest) = rest.split_first_chunk::<4>()?;
        let (key, id) = rest.split_first_chunk::<8>()?;
        let id = std::str::from_utf8(id).ok()?;
        let plain = id.bytes().all(|byte| byte.is_ascii_graphic());
        (*version == VERSION && plain && id.len() <= MAX_ID).then(|| Self {
            tag: u32::from_be_bytes(*tag),
            key: i64::from_be_bytes(*key),
            id: id.to_owned(),
        })
    }
}

/// What reads as a cursor writes itself back exactly.
#[doc(hidden)]
pub fn fuzz_cursor(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Some(cursor) = Cursor::read(text) {
        assert_eq!(cursor.encode(), text);
    }
}
