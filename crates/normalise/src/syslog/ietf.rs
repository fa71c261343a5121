//! RFC 5424.

use jiff::tz::TimeZone;

use super::Syslog;
use crate::when;

/// How many bytes were left where reading stopped, and why it did.
type Fault = (usize, &'static str);

const NIL: &str = "-";
/// RFC 5424 §6.3 sets no bound; this is far above any sender seen.
const MAX_PARAMS: usize = 256;

/// Version 1, then a nil value or something with a year: RFC 3164 text can begin with `1 ` too.
pub(super) fn is_claimed(rest: &str) -> bool {
    let Some(after) = rest.strip_prefix("1 ") else {
        return false;
    };
    let stamp = after.split(' ').next().unwrap_or_default().as_bytes();
    match stamp {
        b"-" => true,
        [a, b, c, d, b'-', ..] => [a, b, c, d].iter().all(|x| x.is_ascii_digit()),
        _ => false,
    }
}

pub(super) fn parse<'a>(rest: &'a str, zone: &TimeZone) -> Result<Syslog<'a>, Fault> {
    let (_version, rest) = token(rest, "version")?;
    let (stamp, rest) = token(rest, "time stamp is followed by a space")?;
    let time = match stamp {
        NIL => None,
        // §6.2.3 demands an offset; senders that forget it mean their own zone.
        stamp => Some(when::rfc3339_lenient(stamp, zone).ok_or((
            rest.len() + stamp.len() + 1,
            "time stamp is not RFC 3339 (RFC 5424 §6.2.3)",
        ))?),
    };
    let (hostname, rest) = token(rest, "host name is followed by a space (RFC 5424 §6.2.4)")?;
    let (appname, rest) = token(rest, "app name is followed by a space (RFC 5424 §6.2.5)")?;
    let (procid, rest) = token(rest, "process id is followed by a space (RFC 5424 §6.2.6)")?;
    let (msgid, rest) = token(rest, "message id is followed by a space (RFC 5424 §6.2.7)")?;
    let (data, rest) = structured_data(rest)?;
    let message = match rest.strip_prefix(' ') {
        // §6.4: a byte order mark says that the message is UTF-8.
        Some(message) => message.strip_prefix('\u{feff}').unwrap_or(message),
        None if rest.is_empty() => rest,
        None => {
            return Err((
                rest.len(),
                "structured data is followed by a space (RFC 5424 §6.3)",
            ));
        }
    };
    let some = |s: &'a str| (s != NIL).then_some(s);
    Ok(Syslog {
        time,
        hostname: some(hostname),
        appname: some(appname),
        procid: some(procid),
        msgid: some(msgid),
        data,
        message: message.trim_end_matches(['\r', '\n', '\0']),
        ..Syslog::default()
    })
}

fn token<'a>(rest: &'a str, wanted: &'static str) -> Result<(&'a str, &'a str), Fault> {
    match rest.split_once(' ') {
        Some((token, after)) if !token.is_empty() => Ok((token, after)),
        _ => Err((rest.len(), wanted)),
    }
}

type Params<'a> = Vec<(&'a str, &'a str, String)>;

/// §6.3: `-`, or `[id name="value" …]` one after the other.
fn structured_data(mut rest: &str) -> Result<(Params<'_>, &str), Fault> {
    let mut params = Vec::new();
    if let Some(after) = rest.strip_prefix(NIL) {
        return Ok((params, after));
    }
    if !rest.starts_with('[') {
        return Err((
            rest.len(),
            "structured data is `-` or `[…]` (RFC 5424 §6.3)",
        ));
    }
    while let Some(after) = rest.strip_prefix('[') {
        let end = after.find([' ', ']']).unwrap_or(after.len());
        let (id, mut inside) = after.split_at_checked(end).unwrap_or((after, ""));
        if !is_name(id) {
            return Err((
                after.len(),
                "element id of structured data (RFC 5424 §6.3.2)",
            ));
        }
        loop {
            inside = inside.trim_start_matches(' ');
            if let Some(after) = inside.strip_prefix(']') {
                rest = after;
                break;
            }
            let (name, value) = inside
                .split_once("=\"")
                .filter(|(name, _)| is_name(name))
                .ok_or((
                    inside.len(),
                    "parameter `name=\"value\"` of structured data (RFC 5424 §6.3.3)",
                ))?;
            let (value, after) = param_value(value).ok_or((
                value.len(),
                "parameter value is not closed by a quote (RFC 5424 §6.3.3)",
            ))?;
            if params.len() >= MAX_PARAMS {
                return Err((inside.len(), "more than 256 parameters of structured data"));
            }
            params.push((id, name, value));
            inside = after;
        }
    }
    Ok((params, rest))
}

/// SD-NAME: 1 to 32 printable ASCII characters without `=`, space, `]` and `"`. Length is not
/// enforced: real enterprise ids exceed it.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"=]\"".contains(&b))
}

/// §6.3.3: `\` escapes `"`, `\` and `]`, and stands for itself before anything else.
fn param_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match chars.next()? {
                (_, escaped @ ('"' | '\\' | ']')) => value.push(escaped),
                (_, other) => value.extend(['\\', other]),
            },
            c => value.push(c),
        }
    }
    None
}
