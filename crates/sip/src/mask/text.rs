//! Masks what is no readable message, and the helpers that need no structure.

use std::borrow::Cow;

use memchr::{memchr2_iter, memmem};

use super::edits::Edits;
use super::lines::{for_each_line, mask_keyed_lines, mask_line, mask_xml_digits};
use super::numbers::mask_cards;
use super::{MASK, settled};
use crate::HeaderName;
use crate::lex::offset_in;

/// Masks bytes of unknown structure line by line, for quarantine. It takes too much rather
/// than too little. Input without anything suspicious comes back borrowed.
#[must_use]
pub fn mask_text(data: &[u8]) -> Cow<'_, [u8]> {
    settled(data, pass)
}

/// One pass: [`mask_text`] and [`super::mask`] repeat it, and none of them inside the other, so that
/// a hostile message costs a bounded number of passes.
pub(super) fn pass(data: &[u8]) -> Cow<'_, [u8]> {
    let mut edits = Edits::default();
    let mut folding = false;
    for_each_line(data, |at, line| {
        if folding && matches!(line.first(), Some(b' ' | b'\t')) {
            // A secret header may go on over folded lines.
            let rest = line.trim_ascii();
            let start = at + offset_in(line, rest);
            return edits.replace(data, start, start + rest.len(), MASK);
        }
        folding = mask_header_line(data, at, line, &mut edits);
        mask_line(data, at, line, true, &mut edits);
        mask_params(data, at, line, &mut edits);
        mask_uri_passwords(data, line, false, &mut edits);
    });
    mask_xml_digits(data, 0, data, &mut edits);
    mask_cards(data, 0, data, &mut edits);
    mask_keyed(data, &mut edits);
    edits.settle();
    edits.apply(data)
}

/// True when the line is a header that holds a secret.
fn mask_header_line(data: &[u8], at: usize, line: &[u8], edits: &mut Edits) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else {
        return false;
    };
    let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
    let name = name.trim_ascii();
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    let start = at + offset_in(line, value);
    let end = start + value.len();
    match HeaderName::from_bytes(name) {
        HeaderName::Authorization | HeaderName::ProxyAuthorization => {
            // The scheme may stay if something follows it.
            let scheme = value
                .iter()
                .position(u8::is_ascii_whitespace)
                .map_or(0, |at| at + 1);
            edits.replace(data, start + scheme, end, MASK);
            true
        }
        // `y` alone is too common a word to be taken for Identity's compact form.
        HeaderName::Identity if name.len() == 1 && !value.contains(&b'.') => false,
        HeaderName::Identity
        | HeaderName::AuthenticationInfo
        | HeaderName::ProxyAuthenticationInfo => {
            edits.replace(data, start, end, MASK);
            true
        }
        _ if names_a_secret(name) => {
            edits.replace(data, start, end, MASK);
            true
        }
        _ => false,
    }
}

/// `response="…"`, `password=…` anywhere in a line.
fn mask_params(data: &[u8], at: usize, line: &[u8], edits: &mut Edits) {
    const SECRET: [&[u8]; 8] = [
        b"response",
        b"cnonce",
        b"rspauth",
        b"password",
        b"passwd",
        b"secret",
        b"token",
        b"auts",
    ];
    for equals in memchr::memchr_iter(b'=', line) {
        let (before, after) = line.split_at_checked(equals).unwrap_or((line, &[]));
        let name = before.trim_ascii_end();
        let ends_with = |secret: &&[u8]| {
            name.len()
                .checked_sub(secret.len())
                .and_then(|from| name.get(from..))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(secret))
        };
        if !SECRET.iter().any(ends_with) {
            continue;
        }
        let value = after.get(1..).unwrap_or_default().trim_ascii_start();
        let (value, stop): (_, fn(&u8) -> bool) = match value.strip_prefix(b"\"") {
            Some(inner) => (inner, |b| *b == b'"'),
            None => (value, |b| {
                matches!(b, b',' | b';' | b'&' | b'>') || b.is_ascii_whitespace()
            }),
        };
        let length = value.iter().position(stop).unwrap_or(value.len());
        let start = at + offset_in(line, value);
        edits.replace(data, start, start + length, MASK);
    }
}

/// Where keyed digits are spoken of, every line after the first empty one may be one.
fn mask_keyed(data: &[u8], edits: &mut Edits) {
    let words: [&[u8]; 4] = [b"dtmf", b"telephone-event", b"kpml", b"digits"];
    let info = data.trim_ascii_start().starts_with(b"INFO ");
    let crlf = memmem::find(data, b"\n\r\n").map(|at| at + 3);
    let lf = memmem::find(data, b"\n\n").map(|at| at + 2);
    let start = crlf.into_iter().chain(lf).min();
    let keyed = info || words.iter().any(|word| contains_ignore_case(data, word));
    if let Some(start) = start.filter(|_| keyed) {
        mask_keyed_lines(
            data,
            start,
            data.get(start..).unwrap_or_default(),
            |_| true,
            edits,
        );
    }
}

/// Extension headers whose name says that the value is a secret.
pub(super) fn names_a_secret(name: &[u8]) -> bool {
    const WORDS: [&[u8]; 11] = [
        b"password",
        b"passwd",
        b"secret",
        b"token",
        b"api-key",
        b"apikey",
        b"credential",
        b"authorization",
        b"dtmf",
        b"passcode",
        b"cvv",
    ];
    let pin = name
        .last_chunk::<4>()
        .is_some_and(|tail| tail.eq_ignore_ascii_case(b"-pin"));
    pin || WORDS.iter().any(|word| contains_ignore_case(name, word))
}

/// Masks `sip:user:password@host` (RFC 3261 §19.1.1). `whole` says that a URI outside `<>`
/// goes on past `;`, `,` and `?`, as it does in a request line but not in a header.
pub(super) fn mask_uri_passwords(data: &[u8], text: &[u8], whole: bool, edits: &mut Edits) {
    if memchr::memchr(b'@', text).is_none() {
        return;
    }
    let base = offset_in(data, text);
    let mut pos = 0;
    while let Some(hit) = text
        .get(pos..)
        .and_then(|rest| find_ignore_case(rest, b"sip"))
    {
        let at = pos + hit;
        pos = at + 3;
        let rest = text.get(pos..).unwrap_or_default();
        let rest = rest
            .strip_prefix(b"s")
            .or_else(|| rest.strip_prefix(b"S"))
            .unwrap_or(rest);
        let Some(rest) = rest.strip_prefix(b":") else {
            continue;
        };
        let bracketed = at.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'<');
        let stop = |b: &u8| match b {
            b'@' | b'<' | b'>' | b'"' => true,
            b';' | b',' | b'?' => !(bracketed || whole),
            _ => b.is_ascii_whitespace(),
        };
        let Some(end) = rest.iter().position(stop) else {
            continue;
        };
        let userinfo = rest.get(..end).unwrap_or_default();
        pos = offset_in(text, rest) + end;
        if rest.get(end) == Some(&b'@')
            && let Some(colon) = memchr::memchr(b':', userinfo)
        {
            let start = base + offset_in(text, userinfo);
            edits.replace(data, start + colon + 1, start + userinfo.len(), MASK);
        }
    }
}

pub(super) fn contains_ignore_case(text: &[u8], word: &[u8]) -> bool {
    find_ignore_case(text, word).is_some()
}

/// Finds an ASCII word whatever its case.
pub(super) fn find_ignore_case(text: &[u8], word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text).find(|at| {
        text.get(*at..at + word.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(word))
    })
}
