//! The beginning of a refused record, as quarantine may keep it.

use std::borrow::Cow;

/// Bytes of a refused record that are kept.
const MOST: usize = 8 << 10;
/// Stands before a line end that was written as an escape, so that it can be written back.
const WAS_ESCAPED: u8 = 0x1d;

/// The first bytes with secrets masked.
///
/// A record that no parser took is text of unknown structure, and the masker goes through it line
/// by line. Signalling inside broken JSON has its line ends escaped (`\\r\\n`): they are made real
/// while the masker looks.
pub(crate) fn sample(record: &[u8]) -> Vec<u8> {
    let start = record.get(..MOST).unwrap_or(record);
    let unfolded = unfold(start);
    let masked = ringfence_sip::mask_text(&unfolded);
    if matches!((&unfolded, &masked), (Cow::Borrowed(_), Cow::Borrowed(_))) {
        return start.to_vec();
    }
    fold(&masked)
}

fn unfold(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(text, b"\\n").is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let end: Option<(&[u8], &[u8])> = [
            (&b"\\r\\n"[..], &b"\r\n"[..]),
            (b"\\n", b"\n"),
            // A backslash of its own: what follows is no escape.
            (b"\\\\", b""),
        ]
        .into_iter()
        .find(|(escape, _)| rest.starts_with(escape));
        match end {
            Some((escape, b"")) => {
                out.extend_from_slice(escape);
                rest = rest.get(escape.len()..).unwrap_or_default();
            }
            Some((escape, line_end)) => {
                out.push(WAS_ESCAPED);
                out.extend_from_slice(line_end);
                rest = rest.get(escape.len()..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    Cow::Owned(out)
}

fn fold(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let (written, read): (&[u8], usize) = match rest {
            [WAS_ESCAPED, b'\r', b'\n', ..] => (b"\\r\\n", 3),
            [WAS_ESCAPED, b'\n', ..] => (b"\\n", 2),
            _ => {
                out.push(*first);
                rest = tail;
                continue;
            }
        };
        out.extend_from_slice(written);
        rest = rest.get(read..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        String::from_utf8(sample(text.as_bytes())).unwrap()
    }

    #[test]
    fn secrets_in_half_a_json_record_are_masked() {
        let secrets = [
            "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
            "83920174",
            "5f1d7c0b9aa84e22",
        ];
        let text = format!(
            "{{\"m\": \"INFO sip:b SIP/2.0\\r\\nAuthorization: Digest response=\\\"{}\\\"\\r\\n\\r\\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}\\r\\nSignal={}\\r\\n",
            secrets[2], secrets[0], secrets[1]
        );
        let out = masked(&text);
        for secret in secrets {
            assert!(text.contains(secret) && !out.contains(secret), "{out}");
        }
        assert!(
            out.starts_with("{\"m\": \"INFO sip:b SIP/2.0\\r\\n"),
            "{out}"
        );
    }

    #[test]
    fn what_is_no_secret_stays_as_it_came() {
        for text in ["plain", "{\"a\": \"b\\nc\\r\\nd\\\\n\"", "C:\\new\\\\r"] {
            assert_eq!(masked(text), text);
        }
        assert_eq!(sample(&vec![b'x'; 20_000]).len(), MOST);
    }
}
