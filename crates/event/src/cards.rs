//! Card numbers in text that is to be kept: a last net under what people type into names and reasons.
//!
//! Where it stops: this is no search for sensitive data. It knows whole numbers as they are printed, in
//! digits with single blanks or hyphens between them.

use std::borrow::Cow;
use std::ops::Range;

/// Digits of a primary account number (ISO/IEC 7812-1).
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// What may be kept of one: the first six and the last four (PCI DSS 4.0.1, 3.4.1).
const FIRST: usize = 6;
const LAST: usize = 4;

/// The text with the middle of every card number as `*`; unchanged where there is none.
#[must_use]
pub fn mask_cards(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    // What is left of one number and what stood before it can look like another.
    while let Some(masked) = masked_once(&out) {
        out = Cow::Owned(masked);
    }
    out
}

fn masked_once(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut masked = Vec::new();
    let mut at = 0;
    while let Some((groups, end)) = next_run(bytes, at) {
        at = end;
        for first in 0..groups.len() {
            let mut places: Vec<usize> = Vec::new();
            for group in groups.iter().skip(first) {
                places.extend(group.clone());
                if places.len() > *DIGITS.end() {
                    break;
                }
                let digits: Vec<u8> = places.iter().filter_map(|&i| digit(bytes, i)).collect();
                if DIGITS.contains(&digits.len()) && is_issued(&digits) && luhn(&digits) {
                    let middle = places.get(FIRST..places.len() - LAST);
                    masked.extend_from_slice(middle.unwrap_or_default());
                }
            }
        }
    }
    if masked.is_empty() {
        return None;
    }
    let mut out = bytes.to_vec();
    for place in masked {
        if let Some(byte) = out.get_mut(place) {
            *byte = b'*';
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// Digits with single separators between them, as the groups that these make, that no letter and no `+`
/// touches: ids, hashes and telephone numbers are none. With the place behind it.
fn next_run(bytes: &[u8], mut at: usize) -> Option<(Vec<Range<usize>>, usize)> {
    while at < bytes.len() {
        if digit(bytes, at).is_none() {
            at += 1;
            continue;
        }
        let before = at.checked_sub(1).and_then(|i| bytes.get(i));
        let mut groups = Vec::new();
        let mut end = at;
        while digit(bytes, end).is_some() {
            let begin = end;
            while digit(bytes, end).is_some() {
                end += 1;
            }
            groups.push(begin..end);
            if matches!(bytes.get(end), Some(b' ' | b'-')) && digit(bytes, end + 1).is_some() {
                end += 1;
            }
        }
        if !touches(before) && !touches(bytes.get(end)) {
            return Some((groups, end));
        }
        at = end;
    }
    None
}

fn touches(byte: Option<&u8>) -> bool {
    byte.is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'+' | b'_') || *b >= 0x80)
}

fn digit(bytes: &[u8], at: usize) -> Option<u8> {
    let byte = bytes.get(at)?;
    byte.is_ascii_digit().then(|| byte - b'0')
}

/// Whether it begins as numbers of the card schemes do.
fn is_issued(digits: &[u8]) -> bool {
    let first = |n: usize| {
        digits
            .iter()
            .take(n)
            .fold(0_u32, |number, digit| number * 10 + u32::from(*digit))
    };
    first(1) == 4
        || matches!(first(2), 34 | 35 | 36..=39 | 30 | 50..=69 | 81)
        || (2221..=2720).contains(&first(4))
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit @ 5..) => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[doc(hidden)]
pub fn fuzz_mask_cards(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let masked = mask_cards(text);
    assert_eq!(masked.len(), text.len());
    assert_eq!(
        mask_cards(&masked),
        masked,
        "what is masked has no number left"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_middle_of_a_card_number_goes() {
        for (text, wanted) in [
            ("4111111111111111", "411111******1111"),
            (
                "card 4111 1111 1111 1111, please",
                "card 4111 11** **** 1111, please",
            ),
            ("5500-0000-0000-0004", "5500-00**-****-0004"),
            ("378282246310005", "378282*****0005"),
            ("4111 1111 1111 1111 2026", "4111 11** **** 1111 2026"),
            ("name='6011000990139424'", "name='601100******9424'"),
        ] {
            assert_eq!(mask_cards(text), wanted);
        }
    }

    #[test]
    fn what_is_no_card_number_stays() {
        for text in [
            "4111111111111112",
            "+4111111111111111",
            "a4111111111111111",
            "4111111111111111f",
            "1795000020000",
            "411111111111",
            "0000 0000 0000 0000",
            "Zürich 8001",
        ] {
            assert!(matches!(mask_cards(text), Cow::Borrowed(_)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn masked_text_has_none(text in "[0-9 a+-]{0,60}") {
            fuzz_mask_cards(text.as_bytes());
        }

        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            fuzz_mask_cards(text.as_bytes());
        }
    }
}
