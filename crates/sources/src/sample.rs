//! The beginning of a refused record, as quarantine may keep it.

use std::borrow::Cow;

/// Bytes of a refused record that are kept.
const MOST: usize = 8 << 10;

/// The first bytes with secrets masked.
///
/// A record that no parser took is text of unknown structure, and the masker goes through it line
/// by line. Signalling inside broken JSON has its line ends escaped, so they are made real for it,
/// and stay so where it found something.
pub(crate) fn sample(record: &[u8]) -> Vec<u8> {
    let start = record.get(..MOST).unwrap_or(record);
    let unescaped = line_ends(start);
    match ringfence_sip::mask_text(&unescaped) {
        Cow::Borrowed(_) => start.to_vec(),
        Cow::Owned(masked) => masked,
    }
}

/// The escapes of JSON for line ends, as the characters that they stand for.
fn line_ends(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(text, b"\\n").is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Cow::Owned(out),
            [b'\\', b'n', tail @ ..] => {
                out.push(b'\n');
                tail
            }
            [b'\\', b'r', tail @ ..] => {
                out.push(b'\r');
                tail
            }
            // An escaped backslash: what follows is no escape.
            [b'\\', b'\\', tail @ ..] => {
                out.extend_from_slice(br"\\");
                tail
            }
            [other, tail @ ..] => {
                out.push(*other);
                tail
            }
        };
    }
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
            r#"{{"m": "INFO sip:b SIP/2.0\r\nAuthorization: Digest response=\"{}\"\r\nContent-Type: application/dtmf-relay\r\n\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{}\r\nSignal={}\r\n"#,
            secrets[2], secrets[0], secrets[1]
        );
        let out = masked(&text);
        for secret in secrets {
            assert!(text.contains(secret) && !out.contains(secret), "{out}");
        }
        assert!(out.contains("INFO sip:b SIP/2.0\r\nAuthorization"), "{out}");
    }

    #[test]
    fn what_is_no_secret_stays_as_it_came() {
        for text in ["plain", "{\"a\": \"b\\nc\\r\\nd\\\\n\"", "C:\\new\\\\r"] {
            assert_eq!(masked(text), text);
        }
        assert_eq!(sample(&vec![b'x'; 20_000]).len(), MOST);
    }
}
