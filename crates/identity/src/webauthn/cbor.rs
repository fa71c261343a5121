//! The part of CBOR (RFC 8949) that authenticators write: CTAP2's canonical form, less its order of
//! names. Lengths are definite and shortest, no name stands twice, and there are neither floats nor
//! tags; so one value has one text, and nothing can be read in two ways.

/// Containers inside one another: an attestation object has three.
const MOST_DEPTH: usize = 4;
/// Names of one map: a key has five, the largest statement has eight.
const MOST_NAMES: usize = 64;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cbor<'a> {
    Uint(u64),
    /// The number -1 - n.
    Nint(u64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Cbor<'a>>),
    Map(Vec<(Cbor<'a>, Cbor<'a>)>),
    Bool(bool),
    Null,
}

impl<'a> Cbor<'a> {
    /// The value at the start of `input`, and what stands behind it.
    pub(crate) fn read(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        read(input, MOST_DEPTH)
    }

    /// The one value that `input` is.
    pub(crate) fn whole(input: &'a [u8]) -> Option<Self> {
        let (value, rest) = Self::read(input)?;
        rest.is_empty().then_some(value)
    }

    /// A map's member of that text name.
    pub(crate) fn named(&self, name: &str) -> Option<&Cbor<'a>> {
        self.member(&Cbor::Text(name))
    }

    /// A map's member of that number.
    pub(crate) fn numbered(&self, label: i64) -> Option<&Cbor<'a>> {
        self.member(&match u64::try_from(label) {
            Ok(label) => Cbor::Uint(label),
            Err(_) => Cbor::Nint(label.unsigned_abs() - 1),
        })
    }

    fn member(&self, wanted: &Cbor<'_>) -> Option<&Cbor<'a>> {
        let Self::Map(members) = self else {
            return None;
        };
        let found = members.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value)
    }

    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<i64> {
        match self {
            Self::Uint(number) => i64::try_from(*number).ok(),
            Self::Nint(number) => Some(-1 - i64::try_from(*number).ok()?),
            _ => None,
        }
    }
}

fn read(input: &[u8], depth: usize) -> Option<(Cbor<'_>, &[u8])> {
    let (kind, argument, rest) = head(input)?;
    Some(match kind {
        0 => (Cbor::Uint(argument), rest),
        1 => (Cbor::Nint(argument), rest),
        2 => {
            let (bytes, rest) = rest.split_at_checked(usize::try_from(argument).ok()?)?;
            (Cbor::Bytes(bytes), rest)
        }
        3 => {
            let (bytes, rest) = rest.split_at_checked(usize::try_from(argument).ok()?)?;
            (Cbor::Text(std::str::from_utf8(bytes).ok()?), rest)
        }
        4 => {
            let (mut items, mut rest) = (Vec::new(), rest);
            // Each item takes a byte at least, so that a hostile count ends with the input.
            for _ in 0..argument {
                let (item, after) = read(rest, depth.checked_sub(1)?)?;
                items.push(item);
                rest = after;
            }
            (Cbor::Array(items), rest)
        }
        5 => {
            let (mut members, mut rest): (Vec<(Cbor<'_>, _)>, _) = (Vec::new(), rest);
            if argument > MOST_NAMES as u64 {
                return None;
            }
            for _ in 0..argument {
                let (name, after) = read(rest, depth.checked_sub(1)?)?;
                let simple = matches!(name, Cbor::Uint(_) | Cbor::Nint(_) | Cbor::Text(_));
                if !simple || members.iter().any(|(other, _)| *other == name) {
                    return None;
                }
                let (value, after) = read(after, depth.checked_sub(1)?)?;
                members.push((name, value));
                rest = after;
            }
            (Cbor::Map(members), rest)
        }
        7 if argument == 20 || argument == 21 => (Cbor::Bool(argument == 21), rest),
        7 if argument == 22 => (Cbor::Null, rest),
        _ => return None,
    })
}

/// Kind and argument (RFC 8949, section 3), the latter in its shortest form.
fn head(input: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (first, rest) = input.split_first()?;
    let (kind, short) = (first >> 5, first & 0x1f);
    let width = match short {
        0..=23 => return Some((kind, u64::from(short), rest)),
        24..=27 => 1 << (short - 24),
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(width)?;
    let argument = bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
    let least = match width {
        1 => 24,
        2 => 1 << 8,
        4 => 1 << 16,
        _ => 1 << 32,
    };
    // Kind 7 says there what it is by its width: floats, and simple values that nobody uses.
    (argument >= least && kind != 7).then_some((kind, argument, rest))
}

/// What is read is written again byte for byte.
#[doc(hidden)]
pub fn fuzz_cbor(data: &[u8]) {
    if let Some((value, rest)) = Cbor::read(data) {
        let mut again = Vec::new();
        write(&value, &mut again);
        again.extend_from_slice(rest);
        assert_eq!(again, data);
    }
}

fn write(value: &Cbor<'_>, out: &mut Vec<u8>) {
    match value {
        Cbor::Uint(number) => write_head(0, *number, out),
        Cbor::Nint(number) => write_head(1, *number, out),
        Cbor::Bytes(bytes) => {
            write_head(2, bytes.len() as u64, out);
            out.extend_from_slice(bytes);
        }
        Cbor::Text(text) => {
            write_head(3, text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        Cbor::Array(items) => {
            write_head(4, items.len() as u64, out);
            items.iter().for_each(|item| write(item, out));
        }
        Cbor::Map(members) => {
            write_head(5, members.len() as u64, out);
            for (name, value) in members {
                write(name, out);
                write(value, out);
            }
        }
        Cbor::Bool(value) => out.push(0xf4 + u8::from(*value)),
        Cbor::Null => out.push(0xf6),
    }
}

fn write_head(kind: u8, argument: u64, out: &mut Vec<u8>) {
    let bytes = argument.to_be_bytes();
    let (short, width) = match argument {
        0..=23 => return out.push(kind << 5 | argument as u8),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    out.push(kind << 5 | short);
    out.extend(bytes.iter().skip(8 - width));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        ringfence_crypto::from_hex(text).unwrap()
    }

    #[test]
    fn answers_rfc_8949_appendix_a() {
        for (text, value) in [
            ("00", Cbor::Uint(0)),
            ("17", Cbor::Uint(23)),
            ("1818", Cbor::Uint(24)),
            ("1903e8", Cbor::Uint(1000)),
            ("1bffffffffffffffff", Cbor::Uint(u64::MAX)),
            ("20", Cbor::Nint(0)),
            ("390100", Cbor::Nint(256)),
            ("3bffffffffffffffff", Cbor::Nint(u64::MAX)),
            ("40", Cbor::Bytes(&[])),
            ("4401020304", Cbor::Bytes(&[1, 2, 3, 4])),
            ("62c3bc", Cbor::Text("\u{fc}")),
            ("83010203", Cbor::Array([1, 2, 3].map(Cbor::Uint).into())),
            ("a10102", Cbor::Map(vec![(Cbor::Uint(1), Cbor::Uint(2))])),
            ("f4", Cbor::Bool(false)),
            ("f5", Cbor::Bool(true)),
            ("f6", Cbor::Null),
        ] {
            assert_eq!(Cbor::whole(&hex(text)), Some(value), "{text}");
        }
        assert_eq!(Cbor::Nint(256).number(), Some(-257));
        assert_eq!(Cbor::Nint(u64::MAX).number(), None);
    }

    #[test]
    fn refuses_what_could_be_read_in_two_ways() {
        for text in [
            "",
            "1817",   // 23 in two bytes
            "1900ff", // 255 in three
            "1a0000ffff",
            "1b00000000ffffffff",
            "5f4101ff", // indefinite bytes
            "7f6161ff", // indefinite text
            "9f01ff",   // indefinite array
            "bf0102ff", // indefinite map
            "f97e00",   // floats
            "fa7fc00000",
            "fb3ff0000000000000",
            "c001", // tags
            "f7",   // undefined
            "f0",   // an unassigned simple value
            "f818",
            "f814",       // false in two bytes
            "a201020103", // a name twice
            "a2616101616102",
            "a1400102", // bytes for a name
            "62c328",   // no UTF-8
            "42ff",     // cut short
            "1c",
            "ff",
        ] {
            assert_eq!(Cbor::whole(&hex(text)), None, "{text}");
        }
        assert_eq!(Cbor::whole(&hex("0000")), None);
    }

    #[test]
    fn hostile_counts_and_depths_end() {
        for text in [
            "9bffffffffffffffff",
            "bbffffffffffffffff",
            "5bffffffffffffffff",
            "7b7fffffffffffffff01",
        ] {
            assert_eq!(Cbor::whole(&hex(text)), None, "{text}");
        }
        assert!(Cbor::whole(&hex("8181818100")).is_some());
        assert!(Cbor::whole(&hex("818181818100")).is_none());
        assert!(Cbor::whole(&vec![0x81; 1 << 20]).is_none());
        let many = [hex("b84100"), vec![0; 200]].concat();
        assert!(Cbor::whole(&many).is_none());
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(data in prop::collection::vec(any::<u8>(), 0..200)) {
            fuzz_cbor(&data);
        }
    }
}
