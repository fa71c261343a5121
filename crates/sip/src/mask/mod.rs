//! Removes secrets from signalling before it is stored (DESIGN: secrets in signalling).
//!
//! What goes: SDES keys, `k=` lines, MIKEY and ICE passwords; digest proofs and every
//! credential; URI passwords; the claims and signature of PASSporTs; keyed digits in INFO,
//! KPML and telephone events; card numbers in INFO and MESSAGE bodies. What stays is what
//! detection needs: who, where to, which algorithm, which nonce.
//!
//! It fails closed: a list of authentication parameters that may stay is kept, not of those
//! that must go, and what cannot be read is masked whole.

mod body;
mod edits;
mod head;
mod lines;
mod numbers;
mod text;

use std::borrow::Cow;

use crate::Message;
use crate::access::MAX_NESTING;
use edits::Edits;

pub use text::mask_text;

/// What stands where a secret stood. A token, so that every grammar still reads it.
pub(crate) const MASK: &[u8] = b"masked";

/// Masks the secrets of one message and corrects its Content-Length.
///
/// Input without secrets comes back borrowed, byte for byte. Masking twice changes nothing
/// more. Bytes that do not parse go through [`mask_text`].
#[must_use]
pub fn mask(data: &[u8]) -> Cow<'_, [u8]> {
    mask_nested(data, MAX_NESTING)
}

fn mask_nested(data: &[u8], nesting: usize) -> Cow<'_, [u8]> {
    let Ok(message) = Message::parse(data) else {
        let text = mask_text(data);
        // A secret that goes can take with it what could not be read. A message shows then that
        // a reader more lenient than ours may have seen before, and it is masked as one.
        return match &text {
            Cow::Owned(masked) if Message::parse(masked).is_ok() => {
                Cow::Owned(mask_nested(masked, nesting).into_owned())
            }
            _ => text,
        };
    };
    let mut body = Edits::default();
    body::mask_message_body(&message, nesting, &mut body);
    body.settle();
    let mut edits = Edits::default();
    head::mask_head(&message, &mut edits);
    if body.growth() != 0 {
        head::set_content_length(&message, body.growth(), &mut edits);
    }
    edits.absorb(body);
    // Nothing says what bytes after the body are, so they get the conservative treatment.
    let trailing = message.trailing();
    if let Cow::Owned(masked) = mask_text(trailing) {
        edits.replace(data, data.len() - trailing.len(), data.len(), &masked);
    }
    edits.settle();
    edits.apply(data)
}

/// Masking is idempotent, and what parsed still parses.
#[doc(hidden)]
pub fn fuzz_mask(data: &[u8]) {
    let once = mask(data);
    if Message::parse(data).is_ok() {
        assert!(
            Message::parse(&once).is_ok(),
            "masked message no longer parses"
        );
    }
    assert_eq!(mask(&once), once, "masking is not idempotent");
    let text = mask_text(data);
    assert_eq!(mask_text(&text), text, "text masking is not idempotent");
}
