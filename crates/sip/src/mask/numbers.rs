//! Finds card-like numbers: 13 to 19 digits, perhaps in groups, that pass the Luhn check.

use super::MASK;
use super::edits::Edits;

const MIN: usize = 13;
const MAX: usize = 19;

/// A group of digits; groups of one run are parted by one space, dash or dot.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
    /// One separator stands between this group and the one before.
    joined: bool,
}

pub(super) fn mask_cards(data: &[u8], start: usize, content: &[u8], edits: &mut Edits) {
    let groups = groups(content);
    let mut first = 0;
    while let Some(rest) = groups.get(first..).filter(|rest| !rest.is_empty()) {
        match card_at(content, rest) {
            Some((count, from, to)) => {
                edits.replace(data, start + from, start + to, MASK);
                first += count;
            }
            None => first += 1,
        }
    }
}

fn groups(content: &[u8]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut pos = 0;
    while let Some(rest) = content.get(pos..) {
        let Some(skip) = rest.iter().position(u8::is_ascii_digit) else {
            break;
        };
        let start = pos + skip;
        let digits = content.get(start..).unwrap_or_default();
        let length = digits
            .iter()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(digits.len());
        let joined = groups
            .last()
            .is_some_and(|last| matches!(content.get(last.end..start), Some([b' ' | b'-' | b'.'])));
        groups.push(Group {
            start,
            end: start + length,
            joined,
        });
        pos = start + length;
    }
    groups
}

/// The longest card that starts with the first group: how many groups, from, to.
fn card_at(content: &[u8], groups: &[Group]) -> Option<(usize, usize, usize)> {
    let from = groups.first()?.start;
    let mut digits = 0;
    let mut best = None;
    for (index, group) in groups.iter().enumerate() {
        digits += group.end - group.start;
        if digits > MAX || (index > 0 && !group.joined) {
            break;
        }
        if digits >= MIN && luhn(content.get(from..group.end)?) {
            best = Some((index + 1, from, group.end));
        }
    }
    best
}

/// ISO/IEC 7812-1 annex B, over the digits of `text`.
fn luhn(text: &[u8]) -> bool {
    let digits = text
        .iter()
        .rev()
        .filter(|b| b.is_ascii_digit())
        .map(|b| u32::from(b - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(index, digit)| match index % 2 {
            0 => digit,
            _ if digit > 4 => 2 * digit - 9,
            _ => 2 * digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let mut edits = Edits::default();
        mask_cards(text.as_bytes(), 0, text.as_bytes(), &mut edits);
        edits.settle();
        String::from_utf8(edits.apply(text.as_bytes()).into_owned()).expect("UTF-8")
    }

    #[test]
    fn cards_go_however_they_are_grouped() {
        assert_eq!(masked("pan 4111111111111111 end"), "pan masked end");
        assert_eq!(masked("4111-1111-1111-1111"), "masked");
        assert_eq!(
            masked("call 12 4111 1111 1111 1111 now"),
            "call 12 masked now"
        );
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "4111111111111112",
            "+12125551212",
            "20261122001235",
            "4111  1111  1111 1111",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
