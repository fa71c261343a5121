//! From when to when a certificate is good (RFC 5280 section 4.1.2.5).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ringfence_event::Time;

use super::der::{INTEGER, SEQUENCE, element, expect};

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;

/// From when to when a certificate in DER is good; nothing where that cannot be read.
#[must_use]
pub fn validity(der: &[u8]) -> Option<(Time, Time)> {
    let (certificate, _) = expect(SEQUENCE, der)?;
    let (mut rest, _) = expect(SEQUENCE, certificate)?;
    // version [0], serialNumber, signature, issuer, validity
    let (tag, _, after) = element(rest)?;
    if tag == VERSION {
        rest = after;
    }
    for wanted in [INTEGER, SEQUENCE, SEQUENCE] {
        (_, rest) = expect(wanted, rest)?;
    }
    let (both, _) = expect(SEQUENCE, rest)?;
    let (tag, text, after) = element(both)?;
    let from = time(tag, std::str::from_utf8(text).ok()?)?;
    let (tag, text, _) = element(after)?;
    Some((from, time(tag, std::str::from_utf8(text).ok()?)?))
}

/// `YYMMDDhhmmssZ` until 2049, `YYYYMMDDhhmmssZ` from then on.
fn time(tag: u8, text: &str) -> Option<Time> {
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
    Some(Time(zoned.timestamp().as_millisecond()))
}

/// Fuzz entry: arbitrary bytes never panic.
#[doc(hidden)]
pub fn fuzz_validity(data: &[u8]) {
    let Some((from, until)) = validity(data) else {
        return;
    };
    // Year 0000 to 9999.
    for at in [from, until] {
        assert!(
            (-62_200_000_000_000..=253_500_000_000_000).contains(&at.0),
            "a date"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    #[test]
    fn both_forms_of_time_are_read() {
        let at = |tag, text| time(tag, text).map(|time| time.0);
        assert_eq!(at(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(at(UTC_TIME, "491231235959Z"), Some(2_524_607_999_000));
        assert_eq!(
            at(GENERALIZED_TIME, "20500101000000Z"),
            Some(2_524_608_000_000)
        );
        assert_eq!(at(UTC_TIME, "yesterday"), None);
        assert_eq!(at(INTEGER, "700101000000Z"), None);
    }

    #[test]
    fn a_real_certificate_begins_and_ends_when_it_says() {
        let mut params = CertificateParams::new(vec!["pbx.example.org".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2060, 1, 1);
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let both = (Time(1_735_689_600_000), Time(2_840_140_800_000));
        assert_eq!(validity(made.der()), Some(both));
        for len in 0..made.der().len() {
            fuzz_validity(made.der().get(..len).unwrap_or_default());
        }
    }
}
