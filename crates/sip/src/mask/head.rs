//! Masks the start line and the headers.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use memchr::memmem;

use super::MASK;
use super::edits::Edits;
use super::text::{mask_uri_passwords, names_a_secret};
use crate::auth::{AuthParam, AuthParams, split_scheme};
use crate::lex::{Cursor, offset_in, trim_lws};
use crate::{Header, HeaderName, Message, ParseError};

/// Digest parameters that may be stored: none proves knowledge of the password, and the
/// nonce ties a log-in to the challenge it answers.
const PUBLIC_PARAMS: [&str; 14] = [
    "username",
    "username*",
    "realm",
    "uri",
    "nonce",
    "nextnonce",
    "algorithm",
    "qop",
    "nc",
    "opaque",
    "domain",
    "stale",
    "userhash",
    "charset",
];

/// A PASSporT payload that says nothing: base64url of `{}`.
const EMPTY_CLAIMS: &str = "e30";

pub(super) fn mask_head(message: &Message<'_>, edits: &mut Edits) {
    let data = message.raw();
    let start_line = data.get(..message.body_offset()).unwrap_or_default();
    let start_line = start_line.get(message.start_offset()..).unwrap_or_default();
    let line_end = memchr::memchr(b'\n', start_line).unwrap_or(start_line.len());
    let start_line = start_line.get(..line_end).unwrap_or_default();
    mask_uri_passwords(data, start_line, true, edits);
    for header in message.headers() {
        mask_header(data, header, edits);
    }
}

/// Writes the body's new length into every Content-Length; there may be none (UDP).
pub(super) fn set_content_length(message: &Message<'_>, growth: isize, edits: &mut Edits) {
    let length = message
        .body()
        .len()
        .saturating_add_signed(growth)
        .to_string();
    for header in message.headers_named(HeaderName::ContentLength) {
        let end = header.offset + header.value.len();
        edits.replace(message.raw(), header.offset, end, length.as_bytes());
    }
}

fn mask_header(data: &[u8], header: &Header<'_>, edits: &mut Edits) {
    match header.name {
        HeaderName::Authorization | HeaderName::ProxyAuthorization => {
            mask_credentials(data, header, edits);
        }
        HeaderName::AuthenticationInfo | HeaderName::ProxyAuthenticationInfo => {
            let params = header
                .text()
                .map(|text| AuthParams(Cursor::new(text, header.offset)));
            let masked = params.and_then(|params| mask_params(data, params, is_public, edits));
            if masked.is_err() {
                mask_value(data, header, edits);
            }
        }
        // IMS AKA (3GPP TS 33.203 §6.1.1) hands the cipher keys to the proxy in a challenge.
        HeaderName::WwwAuthenticate | HeaderName::ProxyAuthenticate => {
            if let Ok(text) = header.text()
                && let Ok((_, params)) = split_scheme(text, header.offset)
            {
                let keep = |name: &str| !["ik", "ck"].iter().any(|k| name.eq_ignore_ascii_case(k));
                // A challenge that does not parse holds no key that could be told apart.
                let _unreadable = mask_params(data, AuthParams(params), keep, edits);
            }
        }
        HeaderName::Identity => mask_identity(data, header, edits),
        HeaderName::Other if names_a_secret(header.raw_name) => mask_value(data, header, edits),
        // Call-ID is opaque: it must stay equal across a call's messages.
        HeaderName::CallId | HeaderName::Via => {}
        _ => mask_uri_passwords(data, header.value, false, edits),
    }
}

fn is_public(name: &str) -> bool {
    PUBLIC_PARAMS
        .iter()
        .any(|public| name.eq_ignore_ascii_case(public))
}

fn mask_value(data: &[u8], header: &Header<'_>, edits: &mut Edits) {
    edits.replace(
        data,
        header.offset,
        header.offset + header.value.len(),
        MASK,
    );
}

fn mask_credentials(data: &[u8], header: &Header<'_>, edits: &mut Edits) {
    let Ok(text) = header.text() else {
        return mask_value(data, header, edits);
    };
    let Ok((scheme, params)) = split_scheme(text, header.offset) else {
        return mask_value(data, header, edits);
    };
    let rest = params.offset();
    let digest = scheme.eq_ignore_ascii_case("Digest");
    let mut found = Edits::default();
    if digest && mask_params(data, AuthParams(params), is_public, &mut found).is_ok() {
        mask_uri_passwords(data, header.value, false, edits);
        edits.absorb(found);
    } else {
        // Basic, Bearer, NTLM, unknown: all of it may be the secret.
        edits.replace(data, rest, header.offset + header.value.len(), MASK);
    }
}

/// Masks the values of parameters whose name `keep` does not know.
fn mask_params(
    data: &[u8],
    params: AuthParams<'_>,
    keep: impl Fn(&str) -> bool,
    edits: &mut Edits,
) -> Result<(), ParseError> {
    for param in params {
        let AuthParam {
            name,
            value,
            offset,
        } = param?;
        if !keep(name) {
            let quote = usize::from(value.len() >= 2 && value.starts_with('"'));
            edits.replace(data, offset + quote, offset + value.len() - quote, MASK);
        }
    }
    Ok(())
}

/// RFC 8224 §4: `header.payload.signature;info=…`. The header and the parameters name key
/// and algorithm and stay. Of the claims only the attestation level and the time stay; the
/// signature goes too, since with it the claims could be guessed and confirmed. The RFC 4474
/// form is a signature without claims and is left alone.
fn mask_identity(data: &[u8], header: &Header<'_>, edits: &mut Edits) {
    if header.text().is_err() {
        return mask_value(data, header, edits);
    }
    let mut found = Edits::default();
    for (_, element) in header.list() {
        let token = trim_lws(element.split(';').next().unwrap_or_default());
        if !token.contains('.') {
            continue;
        }
        // Anything else than base64 is no PASSporT, and a quote in it would have a reader of the
        // masked header cut the list elsewhere.
        let base64 = |b: u8| b.is_ascii_alphanumeric() || b"-_+/=".contains(&b);
        let mut pieces = token.split('.').map(trim_lws);
        if !pieces.all(|piece| piece.bytes().all(base64)) {
            return mask_value(data, header, edits);
        }
        let mut pieces = token.split('.');
        let _header = pieces.next();
        for (index, piece) in pieces.map(trim_lws).enumerate() {
            let at = offset_in(data, piece.as_bytes());
            let masked = if index == 0 {
                public_claims(piece)
            } else {
                String::new()
            };
            let with = if index == 0 { masked.as_bytes() } else { MASK };
            found.replace(data, at, at + piece.len(), with);
        }
    }
    edits.absorb(found);
}

/// The payload with nothing but `attest` and `iat`.
fn public_claims(payload: &str) -> String {
    let decoded = [URL_SAFE_NO_PAD, URL_SAFE, STANDARD_NO_PAD, STANDARD]
        .iter()
        .find_map(|engine| engine.decode(payload).ok());
    let Some(json) = decoded else {
        return EMPTY_CLAIMS.into();
    };
    let claim = |name: &str| -> Option<&[u8]> {
        let at = memmem::find(&json, name.as_bytes())? + name.len();
        let value = json.get(at..)?.trim_ascii_start().strip_prefix(b":")?;
        Some(value.trim_ascii_start())
    };
    let attest = claim("\"attest\"").and_then(|value| match value {
        [b'"', level @ (b'A' | b'B' | b'C'), b'"', ..] => Some(char::from(*level)),
        _ => None,
    });
    let iat = claim("\"iat\"").map(|value| {
        let digits = value.iter().take(12).take_while(|b| b.is_ascii_digit());
        digits.map(|b| char::from(*b)).collect::<String>()
    });
    let attest = attest.map(|level| format!("\"attest\":\"{level}\""));
    let iat = iat
        .filter(|digits| !digits.is_empty())
        .map(|digits| format!("\"iat\":{digits}"));
    let claims: Vec<_> = [attest, iat].into_iter().flatten().collect();
    URL_SAFE_NO_PAD.encode(format!("{{{}}}", claims.join(",")))
}
