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

/// Passes after which the most hostile of messages is let be. One with secrets takes two.
const MOST_PASSES: usize = 32;

/// What stands where a secret stood. A token, so that every grammar still reads it.
pub(crate) const MASK: &[u8] = b"masked";

/// Masks the secrets of one message and corrects its Content-Length.
///
/// Input without secrets comes back borrowed, byte for byte. Masking twice changes nothing
/// more. Bytes that do not parse go through [`mask_text`].
#[must_use]
pub fn mask(data: &[u8]) -> Cow<'_, [u8]> {
    settled(data, |data| mask_nested(data, MAX_NESTING))
}

/// Masks again until nothing changes. A secret that goes can bring another one into view, or take
/// with it what kept a message from being read: a reader more lenient than ours may have seen
/// both before.
fn settled(data: &[u8], pass: impl Fn(&[u8]) -> Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let mut masked = pass(data);
    for _ in 1..MOST_PASSES {
        let Cow::Owned(text) = &masked else { break };
        let Cow::Owned(again) = pass(text) else { break };
        masked = Cow::Owned(again);
    }
    masked
}

fn mask_nested(data: &[u8], nesting: usize) -> Cow<'_, [u8]> {
    let Ok(message) = Message::parse(data) else {
        return text::pass(data);
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
    if let Cow::Owned(masked) = text::pass(trailing) {
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
