//! The mail as it goes over the wire (RFC 5322): headers, and a body in base64, which no server
//! changes and in which no line can be taken for a command or an end.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::mail::address::Address;
use crate::mail::text::Composed;

/// Bytes of text in one encoded word: 45 become 60, and RFC 2047 section 2 allows 75 in all.
const WORD: usize = 45;
/// Bytes in one line of base64: 57 become 76 (RFC 2045 section 6.8).
const LINE: usize = 57;

/// Writes the message. Everything that comes from outside is encoded; the rest was checked.
pub(crate) fn message(
    id: &str,
    from: &Address,
    to: &[Address],
    composed: &Composed,
    now_ms: i64,
) -> String {
    let domain = &from.domain;
    let id: String = token(id);
    let to: Vec<_> = to.iter().map(Address::shown).collect();
    let mut out = String::new();
    let mut header = |name: &str, value: &str| {
        let _ = write!(out, "{name}: {value}\r\n");
    };
    header("Date", &date(now_ms));
    header("From", &from.shown());
    header("To", &to.join(",\r\n "));
    header("Subject", &encoded(&composed.subject));
    header("Message-ID", &format!("<{id}@{domain}>"));
    if let Some(alert) = &composed.thread {
        header("References", &format!("<alert-{}@{domain}>", token(alert)));
    }
    // Nobody's out-of-office note shall answer (RFC 3834 section 5).
    header("Auto-Submitted", "auto-generated");
    header("MIME-Version", "1.0");
    header("Content-Type", "text/plain; charset=utf-8");
    header("Content-Transfer-Encoding", "base64");
    out.push_str("\r\n");
    let body = composed.body.replace('\n', "\r\n");
    for line in body.as_bytes().chunks(LINE) {
        out.push_str(&STANDARD.encode(line));
        out.push_str("\r\n");
    }
    out
}

/// An id as a part of a Message-ID: ours are alphanumeric, whatever else they would say.
fn token(id: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '.';
    id.chars().filter(fits).take(64).collect()
}

fn date(now_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// A text as encoded words, a line each (RFC 2047): the result is ASCII without any character that
/// means something in a header.
fn encoded(text: &str) -> String {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, more) = rest.split_at(rest.floor_char_boundary(WORD));
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
        rest = more;
    }
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(subject: &str, body: &str) -> String {
        let address = |text: &str| Address::parse(text).unwrap();
        let composed = Composed {
            subject: subject.to_owned(),
            body: body.to_owned(),
            thread: Some("a1".to_owned()),
        };
        let to = [address("Soc <soc@example.com>"), address("b@example.com")];
        message("id1", &address("rf@example.com"), &to, &composed, 0)
    }

    #[test]
    fn a_message_has_what_a_mail_program_wants() {
        let text = written("Grüße", "one\n.\ntwo\n");
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        for wanted in [
            "Date: Thu, 01 Jan 1970 00:00:00 +0000",
            "From: <rf@example.com>",
            "To: \"Soc\" <soc@example.com>,\r\n <b@example.com>",
            "Subject: =?utf-8?B?R3LDvMOfZQ==?=",
            "Message-ID: <id1@example.com>",
            "References: <alert-a1@example.com>",
        ] {
            assert!(head.contains(wanted), "{wanted} in {head}");
        }
        let body = STANDARD.decode(body.replace("\r\n", "")).unwrap();
        assert_eq!(body, b"one\r\n.\r\ntwo\r\n");
    }

    proptest! {
        #[test]
        fn no_subject_and_no_body_breaks_out(subject in any::<String>(), body in any::<String>()) {
            let text = written(&subject, &body);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let names: Vec<_> = head
                .split("\r\n")
                .filter(|l| !l.starts_with(' '))
                .map(|l| l.split(':').next().unwrap())
                .collect();
            prop_assert_eq!(names, [
                "Date", "From", "To", "Subject", "Message-ID", "References", "Auto-Submitted",
                "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
            ]);
            for line in text.split("\r\n") {
                // RFC 5322 section 2.1.1: no line is longer.
                prop_assert!(line.len() <= 998 && line.is_ascii(), "{}", line);
            }
            prop_assert!(!body.contains('.'), "nothing ends it early");
        }
    }
}
