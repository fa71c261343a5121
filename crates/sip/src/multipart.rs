use memchr::memmem;

use crate::lex::{offset_in, trim_lws};
use crate::{HeaderName, MediaType};

/// One part of a multipart body (RFC 2046 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// The part's own header lines.
    pub headers: &'a [u8],
    /// The part's content.
    pub body: &'a [u8],
}

impl<'a> Part<'a> {
    /// The part's Content-Type.
    #[must_use]
    pub fn content_type(&self) -> Option<MediaType<'a>> {
        let value = self.header(|name| HeaderName::from_bytes(name) == HeaderName::ContentType)?;
        MediaType::parse(value).ok()
    }

    /// The part's Content-Transfer-Encoding.
    pub(crate) fn transfer_encoding(&self) -> Option<&'a str> {
        self.header(|name| name.eq_ignore_ascii_case(b"content-transfer-encoding"))
    }

    /// The first header that `wanted` accepts. Folds are joined to their header.
    fn header(&self, wanted: impl Fn(&[u8]) -> bool) -> Option<&'a str> {
        let mut pos = 0;
        loop {
            let start = pos;
            loop {
                let rest = self.headers.get(pos..)?;
                pos += memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
                if !matches!(self.headers.get(pos), Some(b' ' | b'\t')) {
                    break;
                }
            }
            let line = self
                .headers
                .get(start..pos)
                .filter(|line| !line.is_empty())?;
            if let Some(colon) = memchr::memchr(b':', line)
                && wanted(line.get(..colon)?.trim_ascii_end())
            {
                return Some(trim_lws(str::from_utf8(line.get(colon + 1..)?).ok()?));
            }
        }
    }
}

/// The parts of a multipart body.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// From after the last delimiter line.
    rest: Option<&'a [u8]>,
    delimiter: Vec<u8>,
}

/// Cuts a multipart body at `boundary`. A part that is never closed is given up to the end
/// of the body, so that nothing hides behind a missing delimiter.
#[must_use]
pub fn parts<'a>(body: &'a [u8], boundary: &str) -> Parts<'a> {
    let mut delimiter = b"--".to_vec();
    delimiter.extend_from_slice(boundary.as_bytes());
    let start = find_delimiter(body, &delimiter).map(|(_, after)| after);
    let rest = start
        .and_then(|after| body.get(after..))
        .filter(|_| !boundary.is_empty());
    Parts { rest, delimiter }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        // `--boundary--` closes the body.
        if rest.starts_with(b"--") {
            self.rest = None;
            return None;
        }
        let line_end = memchr::memchr(b'\n', rest)? + 1;
        let content = rest.get(line_end..)?;
        let (part, next) = match find_delimiter(content, &self.delimiter) {
            Some((before, after)) => (content.get(..before)?, content.get(after..)),
            None => (content, None),
        };
        self.rest = next;
        Some(split_part(part))
    }
}

/// Offsets before the delimiter's line break and after the delimiter. It counts only at
/// the start of a line.
fn find_delimiter(data: &[u8], delimiter: &[u8]) -> Option<(usize, usize)> {
    memmem::find_iter(data, delimiter).find_map(|at| {
        let before = data.get(..at)?;
        if !(before.is_empty() || before.ends_with(b"\n")) {
            return None;
        }
        let before = before.strip_suffix(b"\n").unwrap_or(before);
        let before = before.strip_suffix(b"\r").unwrap_or(before);
        Some((before.len(), at + delimiter.len()))
    })
}

fn split_part(part: &[u8]) -> Part<'_> {
    // No header at all: the part starts with its empty line.
    for start in [&b"\r\n"[..], b"\n"] {
        if let Some(body) = part.strip_prefix(start) {
            return Part { headers: &[], body };
        }
    }
    let crlf = memmem::find(part, b"\r\n\r\n").map(|at| (at + 2, at + 4));
    let lf = memmem::find(part, b"\n\n").map(|at| (at + 1, at + 2));
    let cut = match (crlf, lf) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    match cut.and_then(|(end, start)| Some((part.get(..end)?, part.get(start..)?))) {
        Some((headers, body)) => Part { headers, body },
        // Nothing ends the headers: treat all as content, so that masking looks at it.
        None => Part {
            headers: &[],
            body: part,
        },
    }
}

impl Part<'_> {
    /// Where the part's content starts inside `outer`, the body it was cut from.
    pub(crate) fn body_offset_in(&self, outer: &[u8]) -> usize {
        offset_in(outer, self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_cut_at_delimiter_lines_only() {
        let body = b"preamble\r\n--b\r\nContent-Type: text/plain;\r\n x=y\r\n\r\nhi --b\r\n--b\r\n\r\nraw\r\n--b--\r\nend";
        let found: Vec<_> = parts(body, "b").collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].body, b"hi --b");
        let media_type = found[0].content_type().expect("has one");
        assert!(media_type.is("text", "plain"));
        assert_eq!(media_type.params.get("x"), Some("y"));
        assert_eq!((found[1].headers, found[1].body), (&b""[..], &b"raw"[..]));
    }

    #[test]
    fn an_unclosed_part_is_still_seen() {
        let found: Vec<_> = parts(b"--b\r\nC: text/plain\r\n\r\ntail", "b").collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].body, b"tail");
        assert_eq!(parts(b"--b\r\n\r\nx", "").count(), 0);
    }
}
