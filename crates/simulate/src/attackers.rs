//! What every SIP address on the internet sees: scans, enumeration, guessing, toll fraud.

use ringfence_event::Time;

use crate::item::{SipMessage, What};
use crate::world::{MINUTE, SECOND, World};
use crate::{Feed, Place};

pub(crate) fn attack(w: &mut World<'_>) {
    let length = w.shift.end().since(w.shift.start);
    for (i, kind) in [scan, enumerate, guess, fraud].into_iter().enumerate() {
        // Documentation addresses (RFC 5737): nobody's.
        let ip = format!("203.0.113.{}", 10 + i);
        let at = w.shift.start + 5 * MINUTE + w.dice.between(0, (length - 20 * MINUTE).max(0));
        kind(w, &ip, at);
        w.truth.attackers.push(ip);
    }
}

/// Who answers? The tool gives its name away.
fn scan(w: &mut World<'_>, ip: &str, mut t: Time) {
    for i in 0..80 {
        let m = message(
            ip,
            "OPTIONS",
            format!("scan-{i}"),
            "100",
            "100",
            "friendly-scanner",
        );
        t = send(w, t, m, Some((200, "OK")), 120);
    }
}

/// Which extensions exist? The answers differ.
fn enumerate(w: &mut World<'_>, ip: &str, mut t: Time) {
    for i in 0..150u32 {
        let user = (1_900 + i).to_string();
        let m = message(
            ip,
            "REGISTER",
            format!("enum-{i}"),
            &user,
            &user,
            "sipcli/v1.8",
        );
        let exists = (100..150).contains(&i);
        let answer = if exists {
            (401, "Unauthorized")
        } else {
            (404, "Not Found")
        };
        t = send(w, t, m, Some(answer), 90);
    }
}

fn guess(w: &mut World<'_>, ip: &str, mut t: Time) {
    for i in 0..120 {
        let mut m = message(
            ip,
            "REGISTER",
            format!("guess-{i}"),
            "2001",
            "2001",
            "eyeBeam",
        );
        m.credentials = true;
        t = send(w, t, m, Some((403, "Forbidden")), 250);
    }
}

/// Calls to numbers that pay whoever owns them.
fn fraud(w: &mut World<'_>, ip: &str, mut t: Time) {
    for i in 0..40u32 {
        let prefix = ["+8835100", "+37190", "+2526", "+88213"];
        let prefix = w.dice.pick(&prefix).copied().unwrap_or("+8835100");
        let to = format!("{prefix}{:05}", 10_000 + i);
        let m = message(ip, "INVITE", format!("fraud-{i}"), "2001", &to, "pplsip");
        let answer = if i < 30 {
            (403, "Forbidden")
        } else {
            (200, "OK")
        };
        t = send(w, t, m, Some(answer), 3 * SECOND);
    }
}

fn message(
    ip: &str,
    method: &'static str,
    call_id: String,
    from: &str,
    to: &str,
    agent: &'static str,
) -> SipMessage {
    SipMessage {
        outside: ip.to_owned(),
        ours: false,
        method,
        status: None,
        call_id: format!("{call_id}@{ip}"),
        from_user: from.to_owned(),
        to_user: to.to_owned(),
        agent,
        transport: "udp",
        credentials: false,
    }
}

fn send(
    w: &mut World<'_>,
    t: Time,
    request: SipMessage,
    answer: Option<(u16, &'static str)>,
    pause: i64,
) -> Time {
    let mut response = request.clone();
    w.tell(t, Feed::Sip, Place::Main, What::Sip(Box::new(request)));
    if answer.is_some() {
        response.status = answer;
        response.ours = true;
        w.tell(
            t + 15,
            Feed::Sip,
            Place::Main,
            What::Sip(Box::new(response)),
        );
    }
    t + pause + w.dice.between(0, pause)
}
