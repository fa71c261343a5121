//! RFC 3164, which describes what was seen rather than a format: a time stamp without a year, a
//! host, a tag, each of which may be missing.

use jiff::tz::TimeZone;
use ringfence_event::Time;

use super::Syslog;
use crate::when;

/// Reads the text after `<PRI>`. `None` when it has no time stamp that can be told.
pub(super) fn parse<'a>(text: &'a str, received: Time, zone: &TimeZone) -> Option<Syslog<'a>> {
    let text = text.trim_end_matches(['\r', '\n', '\0']);
    let start = skip_sequence(text);
    let (time, rest) = match stamp(start, received, zone) {
        Some((time, rest)) => (Some(time), rest),
        // RFC 3164 §4.3.3: without a time stamp all of it is content, yet many devices go on
        // with a tag.
        None => (None, start),
    };
    let mut syslog = Syslog {
        time,
        message: rest,
        ..Syslog::default()
    };
    let mut rest = rest;
    // Cisco: `%FACILITY-SEVERITY-MNEMONIC: text`, without a host.
    if syslog.time.is_some()
        && let Some((host, after)) = rest.split_once(' ')
        && is_host(host)
    {
        syslog.hostname = Some(host);
        rest = after;
        syslog.message = after;
    }
    if let Some((tag, after)) = tag(rest) {
        let (name, pid) = match tag.strip_suffix(']').and_then(|t| t.split_once('[')) {
            Some((name, pid)) => (name, Some(pid)),
            None => (tag, None),
        };
        match name.strip_prefix('%') {
            Some(mnemonic) if !mnemonic.is_empty() => syslog.msgid = Some(mnemonic),
            _ => syslog.appname = Some(name),
        }
        syslog.procid = pid.filter(|p| !p.is_empty());
        syslog.message = after;
    } else if syslog.time.is_none() {
        return None;
    }
    Some(syslog)
}

/// Cisco puts a sequence number before the time stamp, and `*` or `.` where its clock is not set.
fn skip_sequence(text: &str) -> &str {
    let after = match text.split_once(": ") {
        Some((digits, after))
            if digits.len() <= 10
                && !digits.is_empty()
                && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            after
        }
        _ => text,
    };
    match after.as_bytes() {
        [b'*' | b'.', next, ..] if next.is_ascii_uppercase() => after.get(1..).unwrap_or(after),
        _ => after,
    }
}

fn stamp<'a>(text: &'a str, received: Time, zone: &TimeZone) -> Option<(Time, &'a str)> {
    if let Some((first, rest)) = text.split_once(' ')
        && first.len() >= 19
        && let Some(time) = when::rfc3339_lenient(first.trim_end_matches(':'), zone)
    {
        return Some((time, rest));
    }
    let (time, used) = when::bsd_stamp(text, received, zone)?;
    let rest = text.get(used..)?;
    // `… 18:46:11.123 UTC: %SYS` and `… 18:46:11: %SYS`.
    let rest = match rest.strip_prefix(' ').and_then(|r| r.split_once(": ")) {
        Some((zone, after))
            if (2..=5).contains(&zone.len()) && zone.bytes().all(|b| b.is_ascii_uppercase()) =>
        {
            return Some((time, after));
        }
        _ => rest,
    };
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    Some((time, rest.strip_prefix(' ').unwrap_or(rest)))
}

fn is_host(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 255
        && !word.ends_with(':')
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._:%".contains(&b))
        && !word.starts_with('%')
}

/// `name:`, `name[pid]:` or `name[pid]` and what follows.
fn tag(text: &str) -> Option<(&str, &str)> {
    let end = text.find([':', ' '])?;
    let (word, after) = text.split_at_checked(end)?;
    let after = match after.strip_prefix(':') {
        Some(after) => after,
        None if word.ends_with(']') && word.contains('[') => after,
        None => return None,
    };
    let after = after
        .strip_prefix(' ')
        .or((after.is_empty()).then_some(after))?;
    let name = word.split('[').next().unwrap_or_default();
    let ok = !name.is_empty()
        && word.len() <= 128
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._/@%()[]".contains(&b));
    ok.then_some((word, after))
}
