//! Masks line by line: session descriptions, keyed digits, XML reports of digits.

use memchr::{memchr, memchr2_iter};

use super::MASK;
use super::edits::Edits;
use super::text::find_ignore_case;
use crate::lex::offset_in;

/// Runs `each` over the lines of `content` with their offset, without line ends.
pub(super) fn for_each_line(content: &[u8], mut each: impl FnMut(usize, &[u8])) {
    let mut pos = 0;
    while let Some(rest) = content.get(pos..).filter(|rest| !rest.is_empty()) {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        each(pos, line.strip_suffix(b"\r").unwrap_or(line));
        pos += end + 1;
    }
}

/// Masks the keys that SDP lines carry; `sdp` says that the content is SDP for certain.
pub(super) fn mask_lines(data: &[u8], start: usize, content: &[u8], sdp: bool, edits: &mut Edits) {
    for_each_line(content, |at, line| {
        mask_line(data, start + at, line, sdp, edits)
    });
}

/// Masks one SDP line at offset `at`.
pub(super) fn mask_line(data: &[u8], at: usize, line: &[u8], sdp: bool, edits: &mut Edits) {
    let trimmed = line.trim_ascii_start();
    let Some((letter, rest)) = trimmed.split_first() else {
        return;
    };
    let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else {
        return;
    };
    let value = value.trim_ascii_start();
    let end = at + line.len();
    let mask_from = |rest: &[u8], edits: &mut Edits| {
        edits.replace(data, at + offset_in(line, rest), end, MASK);
    };
    match letter.to_ascii_lowercase() {
        // RFC 4566 §5.12: k=<method>:<key>.
        b'k' => {
            let methods: [&[u8]; 4] = [b"clear", b"base64", b"uri", b"prompt"];
            let known = methods
                .iter()
                .any(|m| strip_ignore_case(value, m).is_some());
            if sdp || known {
                mask_from(value, edits);
            }
        }
        b'a' => {
            if let Some(crypto) = strip_ignore_case(value, b"crypto") {
                mask_crypto(data, at, line, crypto, edits);
            } else if let Some(key) = strip_ignore_case(value, b"key-mgmt") {
                // a=key-mgmt:<protocol> <data> (RFC 4567).
                mask_from(after_words(key, 1), edits);
            } else if let Some(password) = strip_ignore_case(value, b"ice-pwd:") {
                mask_from(password, edits);
            }
        }
        _ => {}
    }
}

/// RFC 4568 §9.1: `crypto:tag suite inline:key|lifetime|mki[;inline:…] [params]`. Only the
/// keys go. A line with no `inline:` is of an unknown kind: all after the suite goes.
fn mask_crypto(data: &[u8], at: usize, line: &[u8], crypto: &[u8], edits: &mut Edits) {
    let mut rest = crypto;
    let mut found = false;
    while let Some(hit) = find_ignore_case(rest, b"inline:") {
        found = true;
        let key = rest.get(hit + 7..).unwrap_or_default().trim_ascii_start();
        let stop = |b: &u8| matches!(b, b'|' | b';') || b.is_ascii_whitespace();
        let length = key.iter().position(stop).unwrap_or(key.len());
        let start = at + offset_in(line, key);
        edits.replace(data, start, start + length, MASK);
        rest = key.get(length..).unwrap_or_default();
    }
    if !found {
        let secret = after_words(crypto, 2);
        edits.replace(data, at + offset_in(line, secret), at + line.len(), MASK);
    }
}

/// What follows the first `count` words.
fn after_words(text: &[u8], count: usize) -> &[u8] {
    let mut rest = text.trim_ascii_start();
    for _ in 0..count {
        let word = rest
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(rest.len());
        rest = rest.get(word..).unwrap_or_default().trim_ascii_start();
    }
    rest
}

fn strip_ignore_case<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Masks the value of `key=value` and `key: value` lines whose key `secret` accepts, and
/// lines without a key when it accepts the empty one. How long a key was held is no secret.
pub(super) fn mask_keyed_lines(
    data: &[u8],
    start: usize,
    content: &[u8],
    secret: impl Fn(&[u8]) -> bool,
    edits: &mut Edits,
) {
    for_each_line(content, |at, line| {
        let split = line.iter().position(|b| matches!(b, b'=' | b':'));
        let (key, value) = match split {
            Some(split) => (line.get(..split), line.get(split + 1..)),
            None => (Some(&b""[..]), Some(line)),
        };
        let (key, value) = (
            key.unwrap_or_default().trim_ascii(),
            value.unwrap_or_default(),
        );
        let value = value.trim_ascii();
        if secret(key) && !key.eq_ignore_ascii_case(b"duration") {
            let value_at = start + at + offset_in(line, value);
            edits.replace(data, value_at, value_at + value.len(), MASK);
        }
    });
}

/// Masks digits that XML reports: KPML (RFC 4730 §7: `digits="…"`), MSCML (RFC 5022), MSML
/// (RFC 5707: `<name>dtmf.digits</name><value>…</value>`), and `<digits>…</digits>`.
pub(super) fn mask_xml_digits(data: &[u8], start: usize, content: &[u8], edits: &mut Edits) {
    for hit in memchr2_iter(b'd', b'D', content) {
        let Some(rest) = content.get(hit..) else {
            continue;
        };
        let Some(after) =
            strip_ignore_case(rest, b"digits").or_else(|| strip_ignore_case(rest, b"dtmf"))
        else {
            continue;
        };
        let trimmed = after.trim_ascii_start();
        let secret = match trimmed.first() {
            Some(b'=') => quoted(trimmed),
            Some(b'>') => until(trimmed.get(1..).unwrap_or_default(), b'<'),
            Some(b'<') => named_value(trimmed),
            _ => None,
        };
        if let Some(secret) = secret {
            let at = start + offset_in(content, secret);
            edits.replace(data, at, at + secret.len(), MASK);
        }
    }
}

/// `="secret"` or `='secret'`.
fn quoted(text: &[u8]) -> Option<&[u8]> {
    let (quote, rest) = text.get(1..)?.trim_ascii_start().split_first()?;
    matches!(quote, b'"' | b'\'').then(|| until(rest, *quote))?
}

/// `</name> <value>secret<`. The value stands close by, which keeps a search over many
/// names linear.
fn named_value(text: &[u8]) -> Option<&[u8]> {
    let near = text.get(..256).unwrap_or(text);
    let value = near.get(find_ignore_case(near, b"<value>")? + 7..)?;
    let start = offset_in(text, value);
    until(text.get(start..)?, b'<')
}

/// Longest run of digits looked for in a report; more than any dial plan collects.
const MAX_DIGITS: usize = 256;

/// Up to `stop`, or to the end of the line where it is missing.
fn until(text: &[u8], stop: u8) -> Option<&[u8]> {
    let text = text.trim_ascii_start();
    let text = text.get(..MAX_DIGITS).unwrap_or(text);
    let end = text
        .iter()
        .position(|b| *b == stop || matches!(b, b'\r' | b'\n'));
    text.get(..end.unwrap_or(text.len()))
}
