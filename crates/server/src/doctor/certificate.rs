//! When a certificate ends: the one field of X.509 that is looked at here (RFC 5280 section 4.1).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;

/// The end of a DER certificate's validity, in milliseconds since 1970; nothing where it cannot be
/// read.
pub(super) fn not_after(der: &[u8]) -> Option<i64> {
    let (SEQUENCE, certificate, _) = element(der)? else {
        return None;
    };
    let (SEQUENCE, mut rest, _) = element(certificate)? else {
        return None;
    };
    // version [0], serialNumber, signature, issuer, validity
    let (tag, _, after) = element(rest)?;
    if tag == VERSION {
        rest = after;
    }
    for wanted in [INTEGER, SEQUENCE, SEQUENCE] {
        let (tag, _, after) = element(rest)?;
        rest = (tag == wanted).then_some(after)?;
    }
    let (SEQUENCE, validity, _) = element(rest)? else {
        return None;
    };
    let (_, _, after) = element(validity)?;
    let (tag, text, _) = element(after)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// Tag, content and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        short @ 0..=0x7f => (usize::from(*short), rest),
        long @ 0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let len = bytes.iter().fold(0_usize, |n, b| n << 8 | usize::from(*b));
            (len, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((*tag, content, rest))
}

/// `YYMMDDhhmmssZ` until 2049, `YYYYMMDDhhmmssZ` from then on (RFC 5280 section 4.1.2.5).
fn time(tag: u8, text: &str) -> Option<i64> {
    let long = match tag {
        GENERALIZED_TIME => text.to_owned(),
        UTC_TIME => {
            let year: u8 = text.get(..2)?.parse().ok()?;
            format!("{}{text}", if year < 50 { "20" } else { "19" })
        }
        _ => return None,
    };
    let at = DateTime::strptime("%Y%m%d%H%M%SZ", &long).ok()?;
    let zoned = at.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// Fuzz entry: arbitrary bytes never panic.
#[doc(hidden)]
pub fn fuzz_certificate(data: &[u8]) {
    let Some(end) = not_after(data) else {
        return;
    };
    // Year 0000 to 9999.
    assert!(
        (-62_200_000_000_000..=253_500_000_000_000).contains(&end),
        "a date"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_time_are_read() {
        assert_eq!(time(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(time(UTC_TIME, "491231235959Z"), Some(2_524_607_999_000));
        assert_eq!(
            time(GENERALIZED_TIME, "20500101000000Z"),
            Some(2_524_608_000_000)
        );
        assert_eq!(time(UTC_TIME, "yesterday"), None);
        assert_eq!(time(INTEGER, "700101000000Z"), None);
    }

    #[test]
    fn a_real_certificate_ends_when_it_says() {
        // The outer frame of a certificate with nothing in it but what is read.
        let body = |tag: u8, content: &[u8]| {
            let mut out = vec![tag, u8::try_from(content.len()).unwrap()];
            out.extend_from_slice(content);
            out
        };
        let times = [
            body(UTC_TIME, b"250101000000Z"),
            body(UTC_TIME, b"300101000000Z"),
        ]
        .concat();
        let parts = [
            body(VERSION, &[]),
            body(INTEGER, &[1]),
            body(SEQUENCE, &[]),
            body(SEQUENCE, &[]),
            body(SEQUENCE, &times),
        ];
        let der = body(SEQUENCE, &body(SEQUENCE, &parts.concat()));
        assert_eq!(not_after(&der), Some(1_893_456_000_000));
        for len in 0..der.len() {
            fuzz_certificate(der.get(..len).unwrap_or_default());
        }
    }
}
