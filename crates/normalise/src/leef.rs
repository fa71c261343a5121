//! Log Event Extended Format 1.0 and 2.0, as QRadar's sources write it:
//! `LEEF:1.0|vendor|product|version|event id|` and `key=value` attributes, a tab between them.
//! Version 2.0 may name another separator in one more header field.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use ringfence_event::{Severity, Time};
use serde_json::Value;

use crate::parsed::{Format, Parsed};
use crate::when::{self, TimeFormat};
use crate::{Limits, Reject, RejectCode};

/// Longest attribute name.
const MAX_NAME: usize = 128;

/// One LEEF record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leef {
    /// LEEF version, then vendor, product, version and event id.
    pub header: [String; 5],
    /// What stands between attributes.
    pub separator: char,
    /// Attributes, in order.
    pub attributes: Vec<(String, String)>,
}

/// Names of the header fields. They share CEF's where they mean the same, so that one rule can
/// read both.
const HEADER: [&str; 5] = [
    "leefVersion",
    "deviceVendor",
    "deviceProduct",
    "deviceVersion",
    "eventId",
];

impl Leef {
    /// Whether a text claims to be LEEF.
    #[must_use]
    pub fn is_claimed(text: &str) -> bool {
        text.starts_with("LEEF:")
    }

    /// Reads a record.
    ///
    /// # Errors
    /// When it does not begin with `LEEF:`, has fewer than five header fields, or too many
    /// attributes.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Reject> {
        let reject = |left: &str, code, reason: &str| {
            Reject::at(code, text.as_bytes(), text.len() - left.len(), reason)
        };
        let mut rest = text
            .strip_prefix("LEEF:")
            .ok_or_else(|| reject(text, RejectCode::Syntax, "LEEF begins with `LEEF:`"))?;
        let mut header: [String; 5] = Default::default();
        for field in &mut header {
            let reason = "LEEF header has five fields, each followed by `|`";
            let (value, after) = rest
                .split_once('|')
                .ok_or_else(|| reject(rest, RejectCode::Syntax, reason))?;
            value.clone_into(field);
            rest = after;
        }
        let mut separator = '\t';
        if !header
            .first()
            .is_some_and(|version| version.starts_with('1'))
            && let Some((named, after)) = rest.split_once('|')
            && let Some(named) = read_separator(named)
        {
            (separator, rest) = (named, after);
        }
        let mut attributes: Vec<(String, String)> = Vec::new();
        for part in rest.trim_end_matches(['\r', '\n']).split(separator) {
            // What is no pair goes on with the value before it: nothing of it is dropped.
            let pair = part
                .split_once('=')
                .filter(|(name, _)| is_name(name.trim()));
            if let Some((name, value)) = pair {
                if attributes.len() >= limits.fields {
                    let reason = "more attributes than the limit";
                    return Err(reject(rest, RejectCode::TooMany, reason));
                }
                attributes.push((name.trim().to_owned(), value.to_owned()));
            } else if let Some((_, value)) = attributes.last_mut() {
                value.push(separator);
                value.push_str(part);
            }
        }
        Ok(Self {
            header,
            separator,
            attributes,
        })
    }

    /// Writes the record as version 2.0 does, its separator named; version 1.0 with tabs.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut out = String::from("LEEF:");
        for field in &self.header {
            out.push_str(field);
            out.push('|');
        }
        if !self.header.first().is_some_and(|v| v.starts_with('1')) {
            // Writing to a string cannot fail.
            let _ = write!(out, "x{:02X}|", u32::from(self.separator));
        }
        for (place, (name, value)) in self.attributes.iter().enumerate() {
            if place > 0 {
                out.push(self.separator);
            }
            out.extend([name, "=", value]);
        }
        out
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(n, _)| n == name);
        found
            .map(|(_, value)| value.trim())
            .filter(|v| !v.is_empty())
    }

    /// Severity of the attribute `sev`, 1 to 10.
    #[must_use]
    pub fn ocsf_severity(&self) -> Option<Severity> {
        Some(match self.get("sev")?.parse::<u8>().ok()? {
            0..=3 => Severity::Low,
            4..=6 => Severity::Medium,
            7 | 8 => Severity::High,
            9 | 10 => Severity::Critical,
            _ => return None,
        })
    }

    /// `devTime` as `devTimeFormat` says, else in one of the forms that LEEF has without it.
    fn time(&self, received: Time, zone: &TimeZone) -> Option<Time> {
        let text = self.get("devTime")?;
        let value = Value::from(text);
        let said = self.get("devTimeFormat").and_then(pattern);
        said.and_then(|pattern| TimeFormat::Pattern(pattern).read(&value, zone))
            .or_else(|| TimeFormat::Auto.read(&value, zone))
            .or_else(|| when::bsd_stamp(text, received, zone).map(|(time, _)| time))
    }

    pub(crate) fn into_parsed(self, received: Time, zone: &TimeZone) -> Parsed {
        let mut parsed = Parsed {
            formats: Format::Leef.into(),
            severity: self.ocsf_severity(),
            time: self.time(received, zone),
            ..Parsed::default()
        };
        let header = HEADER.into_iter().map(str::to_owned).zip(self.header);
        for (name, value) in header.chain(self.attributes) {
            parsed.fill(&name, value);
        }
        parsed
    }
}

/// A character, or its code as `x09` or `0x09`. Nothing at all is the tab.
fn read_separator(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let separator = match (chars.next(), chars.next()) {
        (None, _) => '\t',
        (Some(one), None) => one,
        _ => {
            let hex = text.strip_prefix('x').or_else(|| text.strip_prefix("0x"))?;
            let code = u32::from_str_radix(hex, 16).ok();
            char::from_u32(code.filter(|_| hex.len() <= 6)?)?
        }
    };
    (!matches!(separator, '=' | '|' | '\0' | '\r' | '\n')).then_some(separator)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-[]".contains(&b))
}

/// A pattern of Java's `SimpleDateFormat` as strptime writes it; `None` for what has no twin.
fn pattern(java: &str) -> Option<String> {
    if java.len() > 64 {
        return None;
    }
    let mut out = String::new();
    let mut rest = java;
    while let Some(first) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(first).len();
        let (letters, after) = rest.split_at_checked(run)?;
        rest = after;
        match (first, run) {
            ('y', 2) => out.push_str("%y"),
            ('y', _) => out.push_str("%Y"),
            ('M', 3) => out.push_str("%b"),
            ('M', 4..) => out.push_str("%B"),
            ('M', _) => out.push_str("%m"),
            ('d', _) => out.push_str("%d"),
            ('E', 4..) => out.push_str("%A"),
            ('E', _) => out.push_str("%a"),
            ('H', _) => out.push_str("%H"),
            ('h', _) => out.push_str("%I"),
            ('a', _) => out.push_str("%p"),
            ('m', _) => out.push_str("%M"),
            ('s', _) => out.push_str("%S"),
            // `.SSS`: the dot is part of strptime's fraction.
            ('S', _) if out.ends_with('.') => {
                out.pop();
                out.push_str("%.f");
            }
            ('S', _) => out.push_str("%f"),
            ('Z' | 'X', 1 | 2) => out.push_str("%z"),
            ('X', _) => out.push_str("%:z"),
            ('%', _) => out.push_str(&"%%".repeat(run)),
            ('\'', _) => {
                let (literal, after) = rest.split_once('\'')?;
                out.push_str(literal);
                rest = after;
            }
            (letter, _) if letter.is_ascii_alphabetic() => return None,
            _ => out.push_str(letters),
        }
    }
    Some(out)
}

#[doc(hidden)]
pub fn fuzz_leef(data: &[u8]) {
    let text = format!("LEEF:{}", String::from_utf8_lossy(data));
    let limits = Limits::default();
    match Leef::parse(&text, &limits) {
        Ok(leef) => {
            let again = Leef::parse(&leef.encode(), &limits);
            assert_eq!(again.as_ref(), Ok(&leef), "what was read is written alike");
            let parsed = leef.into_parsed(Time(0), &TimeZone::UTC);
            assert!(parsed.fields.len() >= HEADER.len());
        }
        Err(reject) => assert!(reject.position.byte <= text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Parsed {
        Leef::parse(text, &Limits::default())
            .unwrap()
            .into_parsed(Time(0), &TimeZone::UTC)
    }

    fn get<'p>(p: &'p Parsed, name: &str) -> Option<&'p str> {
        p.fields.get(name).and_then(Value::as_str)
    }

    #[test]
    fn version_1_separates_with_tabs() {
        let p = read(
            "LEEF:1.0|Sec|SBC|4.0.1|41|src=10.0.0.1\tdst=10.0.0.2\tsev=9\turl=http://x/?a=b&c=d\tmsg=two words\tdevTime=1795339800000\n",
        );
        assert_eq!(get(&p, "deviceVendor"), Some("Sec"));
        assert_eq!(get(&p, "eventId"), Some("41"));
        assert_eq!(get(&p, "url"), Some("http://x/?a=b&c=d"));
        assert_eq!(get(&p, "msg"), Some("two words"));
        assert_eq!(p.severity, Some(Severity::Critical));
        assert_eq!(p.time, Some(Time(1_795_339_800_000)));
    }

    #[test]
    fn version_2_names_its_separator() {
        for (separator, named) in [
            ("^", "^"),
            ("^", "x5E"),
            ("^", "0x5e"),
            ("\t", ""),
            ("¦", "xa6"),
        ] {
            let text = format!(
                "LEEF:2.0|Sec|SBC|4|block|{named}|src=10.0.0.1{separator}usrName=ann{separator}path=a|b"
            );
            let p = read(&text);
            assert_eq!(get(&p, "src"), Some("10.0.0.1"), "{named}");
            assert_eq!(get(&p, "usrName"), Some("ann"), "{named}");
            assert_eq!(get(&p, "path"), Some("a|b"), "{named}");
        }
        // Some leave the field out.
        let p = read("LEEF:2.0|Sec|SBC|4|block|src=10.0.0.1\tpath=a|b");
        assert_eq!(
            (get(&p, "src"), get(&p, "path")),
            (Some("10.0.0.1"), Some("a|b"))
        );
    }

    #[test]
    fn what_is_no_pair_belongs_to_the_value_before_it() {
        let p = read("LEEF:1.0|a|b|c|d|msg=first\tsecond\tsrc=10.0.0.1");
        assert_eq!(get(&p, "msg"), Some("first\tsecond"));
        assert_eq!(get(&p, "src"), Some("10.0.0.1"));
    }

    #[test]
    fn times_follow_their_format() {
        for (format, time) in [
            ("yyyy-MM-dd HH:mm:ss", "2026-11-22 09:30:00"),
            ("yyyy-MM-dd'T'HH:mm:ss.SSSZ", "2026-11-22T10:30:00.000+0100"),
            ("MMM dd yyyy HH:mm:ss", "Nov 22 2026 09:30:00"),
            ("dd/MM/yyyy hh:mm:ss a", "22/11/2026 09:30:00 AM"),
            ("", "Nov 22 2026 09:30:00"),
            ("", "1795339800"),
            // A zone's name has no twin: the forms without a format stand in.
            ("MMM dd yyyy HH:mm:ss z", "Nov 22 2026 09:30:00 UTC"),
        ] {
            let p = read(&format!(
                "LEEF:1.0|a|b|c|d|devTimeFormat={format}\tdevTime={time}"
            ));
            assert_eq!(p.time, Some(Time(1_795_339_800_000)), "{format}");
        }
    }

    #[test]
    fn a_short_header_is_refused_where_it_ends() {
        let e = Leef::parse("LEEF:1.0|a|b|c", &Limits::default()).unwrap_err();
        assert_eq!((e.code, e.position.byte), (RejectCode::Syntax, 13));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(data: Vec<u8>) {
            fuzz_leef(&data);
        }

        #[test]
        fn near_records(text in r"[12]\.0\|a\|b\|c\|d\|(x5E|\^|=|x|0x41||x0a|\|)\|([a-c=^A| .\t\n]{0,6}){0,8}") {
            fuzz_leef(text.as_bytes());
        }
    }
}
