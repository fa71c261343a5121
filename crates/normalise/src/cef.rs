//! ArcSight Common Event Format, revision 26: `CEF:0|vendor|product|version|class|name|severity|`
//! and `key=value` pairs whose values may contain spaces.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use ringfence_event::{Severity, Time};
use serde_json::Value;

use crate::parsed::{Format, Parsed};
use crate::when::{self, TimeFormat};
use crate::{Limits, Reject, RejectCode};

/// One CEF record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cef {
    /// CEF version, then vendor, product, version, event class id, name and severity.
    pub header: [String; 7],
    /// Extension, in order.
    pub extension: Vec<(String, String)>,
}

const HEADER: [&str; 7] = [
    "cefVersion",
    "deviceVendor",
    "deviceProduct",
    "deviceVersion",
    "deviceEventClassId",
    "name",
    "severity",
];

impl Cef {
    /// Whether a text claims to be CEF.
    #[must_use]
    pub fn is_claimed(text: &str) -> bool {
        text.starts_with("CEF:")
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When it does not begin with `CEF:`, has fewer than seven header fields, or too many pairs.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Reject> {
        let reject = |left: &str, code, reason: &str| {
            Reject::at(code, text.as_bytes(), text.len() - left.len(), reason)
        };
        let mut rest = text
            .strip_prefix("CEF:")
            .ok_or_else(|| reject(text, RejectCode::Syntax, "CEF begins with `CEF:`"))?;
        let mut header: [String; 7] = Default::default();
        for (place, field) in header.iter_mut().enumerate() {
            // The bar behind the severity may be missing when there is no extension.
            let (value, after, closed) = header_field(rest);
            if !closed && place < 6 {
                let reason = "CEF header has seven fields, each but the last followed by `|`";
                return Err(reject(rest, RejectCode::Syntax, reason));
            }
            *field = value;
            rest = after;
        }
        let extension = extension(rest, limits.fields).ok_or_else(|| {
            reject(
                rest,
                RejectCode::TooMany,
                "more extension fields than the limit",
            )
        })?;
        Ok(Self { header, extension })
    }

    /// Writes the record.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::from("CEF:");
        for field in &self.header {
            out.push_str(&field.replace('\\', "\\\\").replace('|', "\\|"));
            out.push('|');
        }
        for (place, (key, value)) in self.extension.iter().enumerate() {
            let gap = if place == 0 { "" } else { " " };
            let value = value
                .replace('\\', "\\\\")
                .replace('=', "\\=")
                .replace('\n', "\\n")
                .replace('\r', "\\r");
            // Writing to a string cannot fail.
            let _ = write!(out, "{gap}{key}={value}");
        }
        out
    }

    /// Severity of the header: 0 to 10, or a word.
    #[must_use]
    pub fn ocsf_severity(&self) -> Option<Severity> {
        let [.., severity] = &self.header;
        Some(match severity.trim().to_ascii_lowercase().as_str() {
            "0" | "1" | "2" | "3" | "low" => Severity::Low,
            "4" | "5" | "6" | "medium" => Severity::Medium,
            "7" | "8" | "high" => Severity::High,
            "9" | "10" | "very-high" => Severity::Critical,
            _ => return None,
        })
    }

    pub(crate) fn into_parsed(self, received: Time, zone: &TimeZone) -> Parsed {
        let mut parsed = Parsed {
            formats: Format::Cef.into(),
            severity: self.ocsf_severity(),
            ..Parsed::default()
        };
        let [_, _, _, _, _, name, _] = &self.header;
        parsed.message = Some(name.clone()).filter(|n| !n.is_empty());
        let pairs = HEADER.iter().copied().map(str::to_owned).zip(self.header);
        for (key, value) in pairs {
            parsed.fields.insert(key, Value::String(value));
        }
        for (key, value) in &self.extension {
            parsed
                .fields
                .insert(key.clone(), Value::String(value.clone()));
        }
        // `cs1=… cs1Label=Policy`: the sender's name for what cs1 holds.
        for (key, label) in &self.extension {
            let value = key
                .strip_suffix("Label")
                .and_then(|custom| self.extension.iter().find(|(k, _)| k == custom));
            if let Some((_, value)) = value.filter(|_| !label.is_empty()) {
                parsed.fill(label, value.as_str());
            }
        }
        parsed.time = ["rt", "start", "end"].into_iter().find_map(|key| {
            let value = parsed.fields.get(key)?;
            let text = value.as_str()?;
            TimeFormat::Auto
                .read(value, zone)
                .or_else(|| when::bsd_stamp(text, received, zone).map(|(time, _)| time))
        });
        parsed
    }
}

/// A header field with `\|` and `\\` resolved, what follows its bar, and whether there was one.
fn header_field(text: &str) -> (String, &str, bool) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '|' => return (value, text.get(at + 1..).unwrap_or_default(), true),
            '\\' => match chars.next() {
                Some((_, escaped @ ('|' | '\\'))) => value.push(escaped),
                Some((_, other)) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            c => value.push(c),
        }
    }
    (value, "", false)
}

/// Pairs. A value ends where a space, a key and `=` follow; senders leave `=` unescaped in URLs, so
/// only a word of key characters counts as a key. `None` for more than `most` pairs.
fn extension(text: &str, most: usize) -> Option<Vec<(String, String)>> {
    let text = text.trim_end_matches(['\r', '\n', ' ']);
    // Begin of key, begin of value.
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let bytes = text.as_bytes();
    for equals in memchr::memchr_iter(b'=', bytes) {
        let from = starts.last().map_or(0, |(_, value)| *value);
        let before = bytes.get(from..equals).unwrap_or_default();
        let key_len = before.iter().rev().take_while(|b| is_key(**b)).count();
        let begin = equals - key_len;
        let after_space = begin == 0 || bytes.get(begin - 1) == Some(&b' ');
        if key_len > 0 && key_len <= 128 && after_space && (begin > from || starts.is_empty()) {
            if starts.len() >= most {
                return None;
            }
            starts.push((begin, equals + 1));
        }
    }
    let mut out = Vec::with_capacity(starts.len());
    for (place, (begin, value)) in starts.iter().enumerate() {
        let end = starts.get(place + 1).map_or(text.len(), |(next, _)| *next);
        let key = text.get(*begin..value - 1).unwrap_or_default();
        let raw = text.get(*value..end).unwrap_or_default();
        out.push((key.to_owned(), unescape(raw.trim_end_matches(' '))));
    }
    Some(out)
}

const fn is_key(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'[' | b']')
}

fn unescape(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some(escaped @ ('=' | '\\' | '|')) => value.push(escaped),
            Some('n') => value.push('\n'),
            Some('r') => value.push('\r'),
            Some(other) => value.extend(['\\', other]),
            None => value.push('\\'),
        }
    }
    value
}

#[doc(hidden)]
pub fn fuzz_cef(data: &[u8]) {
    let text = format!("CEF:{}", String::from_utf8_lossy(data));
    let limits = Limits::default();
    match Cef::parse(&text, &limits) {
        Ok(cef) => {
            let again = Cef::parse(&cef.encode(), &limits);
            assert_eq!(again.as_ref(), Ok(&cef), "what was read is written alike");
            let parsed = cef.into_parsed(Time(0), &TimeZone::UTC);
            assert!(parsed.fields.len() >= HEADER.len());
        }
        Err(reject) => assert!(reject.position.byte <= text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed {
        Cef::parse(text, &Limits::default())
            .unwrap()
            .into_parsed(Time(0), &TimeZone::UTC)
    }

    #[test]
    fn escapes_spaces_and_labels() {
        let p = read(concat!(
            r"CEF:0|Sec\|Inc|PBX \\ 1|1.0|100|call blocked|9|",
            r"src=10.0.0.1 msg=two words\nand \= a line request=http://x/?a=b&c=d ",
            r"cs1=toll fraud cs1Label=Policy rt=1795339800000 empty= last=x "
        ));
        let get = |k: &str| p.fields.get(k).and_then(Value::as_str);
        assert_eq!(get("deviceVendor"), Some("Sec|Inc"));
        assert_eq!(get("deviceProduct"), Some("PBX \\ 1"));
        assert_eq!(get("msg"), Some("two words\nand = a line"));
        assert_eq!(get("request"), Some("http://x/?a=b&c=d"));
        assert_eq!(get("Policy"), Some("toll fraud"));
        assert_eq!((get("empty"), get("last")), (Some(""), Some("x")));
        assert_eq!(p.severity, Some(Severity::Critical));
        assert_eq!(p.time, Some(Time(1_795_339_800_000)));
        assert_eq!(p.message.as_deref(), Some("call blocked"));
    }

    #[test]
    fn a_short_header_is_refused_where_it_ends() {
        let e = Cef::parse("CEF:0|a|b|c", &Limits::default()).unwrap_err();
        assert_eq!((e.code, e.position.byte), (RejectCode::Syntax, 10));
        assert!(Cef::parse("CEF:0|a|b|c|d|e|5", &Limits::default()).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(data: Vec<u8>) {
            fuzz_cef(&data);
        }

        #[test]
        fn near_records(text in r"0\|a\|b\|c\|d\|e\|5\|([a-c\\=| .\n\[]{0,6}=?){0,8}") {
            fuzz_cef(text.as_bytes());
        }
    }
}
