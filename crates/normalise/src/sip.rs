//! One SIP message becomes one Signalling Activity event. Calls are built from these by the call
//! join; nothing is concluded here.

use std::borrow::Cow;
use std::net::SocketAddr;

use ringfence_event::{Event, Flag, Map, Origin, Time, ext};
use ringfence_sip::{Message, NameAddr, StartLine, Uri, fingerprint, is_keepalive, mask};
use serde_json::{Value, json};

use crate::{Reject, RejectCode, Skew, envelope, when};

/// How a message was carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// TLS over a stream.
    Tls,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
}

impl Transport {
    /// The transport as rules write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }
}

/// A message with what its carrier (HEP, a packet) says about it.
#[derive(Debug, Clone, Copy)]
pub struct SipPacket<'a> {
    /// When it was captured; `None` if the carrier does not say.
    pub time: Option<Time>,
    /// Sender.
    pub src: SocketAddr,
    /// Recipient.
    pub dst: SocketAddr,
    /// How it was carried.
    pub transport: Transport,
    /// The message itself.
    pub payload: &'a [u8],
}

/// Longest text that is kept of one header.
const MAX_TEXT: usize = 512;
/// From this many digits on a number is one of the outside, not an extension.
const OUTSIDE_DIGITS: usize = 7;

/// Makes the event of one message. A keep-alive is no message: `Ok(None)`.
///
/// # Errors
/// [`Reject`] when the bytes cannot be cut into start line, headers and body, or the source may not
/// send signalling. The caller masks what it quarantines (`ringfence_sip::mask_text`).
pub fn sip_event(
    origin: &Origin,
    received: Time,
    packet: &SipPacket<'_>,
    skew: Skew,
) -> Result<Option<Event>, Reject> {
    if is_keepalive(packet.payload) {
        return Ok(None);
    }
    envelope::allow(origin, ext::SIGNALLING)?;
    let message = Message::parse(packet.payload).map_err(|e| {
        let reason = format!("{} layer: {} ({})", e.layer, e.reason, e.section);
        Reject::at(RejectCode::Syntax, packet.payload, e.offset, reason)
    })?;
    // Everything that is kept as text is read from the masked message; the original serves only
    // for facts that cannot hold a secret.
    let masked = mask(packet.payload);
    let shown = Message::parse(&masked).unwrap_or_else(|_| message.clone());
    let activity = if message.is_request() { 1 } else { 2 };
    let mut event = envelope::open(origin, received, ext::SIGNALLING, activity);
    if matches!(masked, Cow::Owned(_)) {
        event.flag(Flag::Masked);
    }
    when::settle(&mut event, packet.time, skew);
    put_keys(&mut event, &shown, packet);
    event.message = Some(line(&shown, packet));
    event.ocsf = Map::from_iter([
        (
            "sip".to_owned(),
            Value::Object(facts(&shown, &message, packet)),
        ),
        ("src_endpoint".to_owned(), endpoint(packet.src)),
        ("dst_endpoint".to_owned(), endpoint(packet.dst)),
    ]);
    if let Some(call) = &event.keys.call {
        event
            .ocsf
            .insert("call_uid".to_owned(), call.as_str().into());
    }
    event.raw = Some(text_of(&masked));
    Ok(Some(event))
}

/// Masked bytes as text. Where bytes that are no text were replaced, lengths changed and the body
/// may end elsewhere, so that the text is masked once more as it now reads.
fn text_of(masked: &[u8]) -> String {
    match String::from_utf8_lossy(masked) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => String::from_utf8_lossy(&mask(text.as_bytes())).into_owned(),
    }
}

fn endpoint(address: SocketAddr) -> Value {
    json!({ "ip": address.ip().to_canonical().to_string(), "port": address.port() })
}

fn put_keys(event: &mut Event, shown: &Message<'_>, packet: &SipPacket<'_>) {
    let keys = &mut event.keys;
    keys.src_ip = Some(packet.src.ip().to_canonical().to_string());
    keys.dst_ip = Some(packet.dst.ip().to_canonical().to_string());
    keys.call = shown.call_id().and_then(key);
    let user = |address: Option<NameAddr<'_>>| address.and_then(|a| a.uri.user.and_then(key));
    keys.user = credentials_user(shown).or_else(|| {
        let registers = shown.cseq().is_some_and(|c| c.method == "REGISTER");
        registers.then(|| user(shown.to())).flatten()
    });
    // A network that vouches for the caller (RFC 3325) is believed before the caller.
    let asserted = shown.p_asserted_identities().find_map(|a| outside(&a));
    keys.caller = asserted
        .or_else(|| shown.from().and_then(|a| outside(&a)))
        .or_else(|| shown.to().and_then(|a| outside(&a)));
}

fn outside(address: &NameAddr<'_>) -> Option<String> {
    let number = address.uri.number()?;
    let text = number.as_str();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (digits >= OUTSIDE_DIGITS).then(|| text.to_owned())
}

fn credentials_user(shown: &Message<'_>) -> Option<String> {
    let credentials = shown
        .authorization()
        .or_else(|| shown.proxy_authorization())?;
    credentials.username.and_then(key)
}

/// Text as a key: not empty, and not longer than keys may be.
fn key(text: &str) -> Option<String> {
    (!text.is_empty() && text.len() <= crate::keys::MAX_KEY).then(|| text.to_owned())
}

/// One line for a person: `INVITE sip:600@pbx from 10.0.0.1`.
fn line(shown: &Message<'_>, packet: &SipPacket<'_>) -> String {
    let source = packet.src.ip().to_canonical();
    match shown.start() {
        StartLine::Request { method, uri, .. } => format!("{method} {} from {source}", clip(uri)),
        StartLine::Response { code, .. } => {
            let reason = shown.reason_phrase().unwrap_or_default();
            let method = shown.cseq().map_or("?", |c| c.method);
            format!("{code} {} to {method} from {source}", clip(&reason))
        }
    }
}

fn clip(text: &str) -> String {
    ringfence_event::clip(text, MAX_TEXT).into_owned()
}

fn facts(shown: &Message<'_>, original: &Message<'_>, packet: &SipPacket<'_>) -> Map {
    let mut facts = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            facts.insert(name.to_owned(), value);
        }
    };
    let text = |s: Option<&str>| s.map(|s| Value::from(clip(s)));
    let cseq = shown.cseq();
    put("method", text(shown.method()));
    put("status_code", shown.status().map(Value::from));
    put("reason", shown.reason_phrase().map(|r| clip(&r).into()));
    put("call_id", text(shown.call_id()));
    put("cseq", cseq.map(|c| c.number.into()));
    put("cseq_method", text(cseq.map(|c| c.method)));
    let from = shown.from().map(|a| a.uri);
    let to = shown.to().map(|a| a.uri);
    for (uri, names) in [
        (from, ["from", "from_user", "from_domain"]),
        (to, ["to", "to_user", "to_domain"]),
    ] {
        let host = uri.map(|u| u.host).filter(|h| !h.is_empty());
        let values = [uri.map(|u| u.as_str()), uri.and_then(|u| u.user), host];
        for (name, value) in names.into_iter().zip(values) {
            put(name, text(value));
        }
    }
    put("contact", text(shown.contact().map(|a| a.uri.as_str())));
    put(
        "user_agent",
        text(shown.user_agent().or_else(|| shown.server())),
    );
    put("transport", Some(packet.transport.as_str().into()));
    put(
        "auth_user",
        credentials_user(shown).map(|u| clip(&u).into()),
    );
    put("has_credentials", Some(has_credentials(original).into()));
    // RFC 3261 §12.2: a request within a dialog carries the tag of the other side.
    let in_dialog = original.to().is_some_and(|to| to.tag().is_some());
    put("in_dialog", Some(in_dialog.into()));
    let request: Option<Uri<'_>> = shown.request_uri();
    put("request_uri", text(request.map(|u| u.as_str())));
    put("request_user", text(request.and_then(|u| u.user)));
    let marks = fingerprint(original).names();
    put("marks", (!marks.is_empty()).then(|| marks.into()));
    put("media", media(original));
    put("session_expires", session_expires(shown).map(Value::from));
    facts
}

fn has_credentials(message: &Message<'_>) -> bool {
    let sent = |c: Option<ringfence_sip::Credentials<'_>>| c.is_some_and(|c| c.has_response);
    sent(message.authorization()) || sent(message.proxy_authorization())
}

/// RFC 4028 §4, `Session-Expires` or `x`.
fn session_expires(message: &Message<'_>) -> Option<u32> {
    let text = message
        .text_by_name("Session-Expires")
        .or_else(|| message.text_by_name("x"))?;
    text.split(';').next()?.trim().parse().ok()
}

fn media(message: &Message<'_>) -> Option<Value> {
    let sdp = message.sdp()?;
    let lines: Vec<Value> = sdp
        .media
        .iter()
        .map(|m| {
            let mut line = Map::new();
            line.insert("type".into(), clip(m.kind).into());
            line.insert("transport".into(), clip(m.profile).into());
            line.insert("is_encrypted".into(), m.is_encrypted().into());
            if let Some(suite) = m.crypto_suites.first() {
                line.insert("suite".into(), clip(suite).into());
            }
            Value::Object(line)
        })
        .collect();
    (!lines.is_empty()).then_some(Value::Array(lines))
}

#[doc(hidden)]
pub fn fuzz_sip(data: &[u8]) {
    let Ok(name) = ringfence_event::Name::new("fuzz") else {
        return;
    };
    let origin = Origin::local(name.clone(), name.clone(), name);
    let packet = SipPacket {
        time: Some(Time(0)),
        src: SocketAddr::from(([192, 0, 2, 1], 5060)),
        dst: SocketAddr::from(([192, 0, 2, 2], 5060)),
        transport: Transport::Udp,
        payload: data,
    };
    match sip_event(&origin, Time(0), &packet, Skew::default()) {
        Ok(Some(event)) => {
            let raw = event.raw.unwrap_or_default();
            let again = mask(raw.as_bytes());
            assert_eq!(
                &*again,
                raw.as_bytes(),
                "what is kept has nothing left to mask"
            );
        }
        Ok(None) => {}
        Err(reject) => assert!(reject.position.byte <= data.len()),
    }
}
