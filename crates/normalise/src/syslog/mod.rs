//! Syslog: RFC 5424, and what is left of RFC 3164 in the world.

mod bsd;
mod ietf;

use jiff::tz::TimeZone;
use ringfence_event::{Severity, Time};
use serde_json::Value;

use crate::parsed::{Format, Parsed};
use crate::{Reject, RejectCode};

/// One syslog message, borrowed from its text where nothing had to be unescaped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Syslog<'a> {
    /// Facility, 0 to 23; absent in a line from a log file.
    pub facility: Option<u8>,
    /// Severity, 0 (emergency) to 7 (debug).
    pub severity: Option<u8>,
    /// When, by the sender.
    pub time: Option<Time>,
    /// Sender's host.
    pub hostname: Option<&'a str>,
    /// Program; the tag in RFC 3164.
    pub appname: Option<&'a str>,
    /// Process.
    pub procid: Option<&'a str>,
    /// Kind of message.
    pub msgid: Option<&'a str>,
    /// Structured data: element id, parameter, value.
    pub data: Vec<(&'a str, &'a str, String)>,
    /// The message itself.
    pub message: &'a str,
}

/// RFC 5424 §6.2.1, as syslog.conf(5) and rsyslog write them.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];
const SEVERITIES: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];

impl<'a> Syslog<'a> {
    /// Reads a message. `Ok(None)` is a text that does not claim to be syslog. `received` tells the
    /// year and `zone` the offset where an RFC 3164 time stamp has neither.
    ///
    /// # Errors
    /// A text that claims to be RFC 5424 (`<PRI>1 ` and a time stamp) and breaks its grammar.
    pub fn parse(text: &'a str, received: Time, zone: &TimeZone) -> Result<Option<Self>, Reject> {
        let Some((priority, rest)) = priority(text) else {
            // Lines of a log file have no priority but begin with a time stamp and a tag.
            return Ok(bsd::parse(text, received, zone)
                .filter(|s| s.time.is_some() && (s.appname.is_some() || s.msgid.is_some())));
        };
        let mut syslog = if ietf::is_claimed(rest) {
            ietf::parse(rest, zone).map_err(|(left, reason)| {
                let byte = text.len() - left;
                Reject::at(RejectCode::Syntax, text.as_bytes(), byte, reason)
            })?
        } else {
            bsd::parse(rest, received, zone).unwrap_or(Self {
                message: rest,
                ..Self::default()
            })
        };
        syslog.facility = Some(priority / 8);
        syslog.severity = Some(priority % 8);
        Ok(Some(syslog))
    }

    /// OCSF severity (RFC 5424 §6.2.1 to OCSF `severity_id`).
    #[must_use]
    pub fn ocsf_severity(&self) -> Option<Severity> {
        Some(match self.severity? {
            0 => Severity::Fatal,
            1 | 2 => Severity::Critical,
            3 => Severity::High,
            4 => Severity::Medium,
            5 => Severity::Low,
            _ => Severity::Informational,
        })
    }

    /// Puts the header's fields beside those of the body, which keep their names.
    pub(crate) fn into_parsed(self, mut body: Parsed) -> Parsed {
        let name = |table: &[&'static str], n: Option<u8>| {
            n.and_then(|n| table.get(usize::from(n)).copied())
        };
        body.formats.add(Format::Syslog);
        body.severity = body.severity.or(self.ocsf_severity());
        body.time = body.time.or(self.time);
        let header = [
            ("facility", name(&FACILITIES, self.facility)),
            ("severity", name(&SEVERITIES, self.severity)),
            ("hostname", self.hostname),
            ("appname", self.appname),
            ("procid", self.procid),
            ("msgid", self.msgid),
        ];
        for (field, value) in header {
            if let Some(value) = value {
                body.fill(field, value);
            }
        }
        if !body.formats.has(Format::Json) {
            body.fill("message", self.message);
        }
        for (id, param, value) in self.data {
            body.fields
                .insert(format!("sd.{id}.{param}"), Value::String(value.clone()));
            body.fill(param, value);
        }
        body.message = body.message.or_else(|| {
            (!body.formats.has(Format::Json) && !self.message.is_empty())
                .then(|| self.message.to_owned())
        });
        body
    }
}

/// `<PRI>`: at most three digits, at most 191 (RFC 5424 §6.2.1).
fn priority(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.strip_prefix('<')?.split_once('>')?;
    let ok = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let priority = digits.parse::<u8>().ok().filter(|n| ok && *n <= 191)?;
    Some((priority, rest))
}

#[doc(hidden)]
pub fn fuzz_syslog(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let received = Time(1_795_305_600_000);
    match Syslog::parse(&text, received, &TimeZone::UTC) {
        Ok(Some(syslog)) => {
            assert!(
                text.trim_end_matches(['\r', '\n', '\0', ' '])
                    .ends_with(syslog.message.trim_end_matches(['\r', '\n', '\0', ' '])),
                "the message is the end of the text"
            );
            assert!(syslog.facility.is_none_or(|f| f < 24));
            for part in [syslog.hostname, syslog.appname, syslog.procid] {
                assert!(part.is_none_or(|p| !p.is_empty() && text.contains(p)));
            }
        }
        Ok(None) => {}
        Err(reject) => assert!(reject.position.byte <= text.len()),
    }
}

#[cfg(test)]
mod tests;
