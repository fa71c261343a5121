//! Secrets do not survive masking; everything else does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "test code"
)]

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ringfence_sip::{Message, mask, mask_text};

fn message(method: &str, headers: &str, body: &str) -> String {
    format!(
        "{method} sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
         To: <sip:bob@example.com>\r\nFrom: <sip:alice@example.com>;tag=1\r\nCall-ID: c@h\r\n\
         CSeq: 1 {method}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Masks, and checks what must hold for every message.
fn masked(text: &str) -> String {
    let once = mask(text.as_bytes());
    assert_eq!(mask(&once), once, "idempotent");
    let parsed = Message::parse(&once).expect("still parses");
    assert_eq!(parsed.trailing(), b"", "Content-Length fits");
    assert!(
        parsed.validate().is_empty(),
        "still sound: {:?}",
        parsed.validate()
    );
    String::from_utf8(once.into_owned()).expect("still UTF-8")
}

fn body_of(text: &str) -> &str {
    text.split_once("\r\n\r\n").expect("has a body").1
}

#[test]
fn a_message_without_secrets_is_not_even_copied() {
    let sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n";
    let text = message("INVITE", "Content-Type: application/sdp\r\n", sdp);
    assert!(matches!(mask(text.as_bytes()), Cow::Borrowed(_)));
}

#[test]
fn sdes_keys_go_and_suites_stay() {
    let sdp = "v=0\r\nk=base64:c2VjcmV0\r\nm=audio 4000 RTP/SAVP 0\r\n\
        a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:S0VZT05F|2^20|1:4;inline:S0VZVFdP UNENCRYPTED_SRTP\r\n\
        a=key-mgmt:mikey TUlLRVk=\r\na=ice-ufrag:u\r\na=ice-pwd:cGFzcw\r\na=fingerprint:sha-256 AA:BB\r\n";
    let out = masked(&message("INVITE", "Content-Type: application/sdp\r\n", sdp));
    assert_eq!(
        body_of(&out),
        "v=0\r\nk=masked\r\nm=audio 4000 RTP/SAVP 0\r\n\
         a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:masked|2^20|1:4;inline:masked UNENCRYPTED_SRTP\r\n\
         a=key-mgmt:mikey masked\r\na=ice-ufrag:u\r\na=ice-pwd:masked\r\na=fingerprint:sha-256 AA:BB\r\n"
    );
}

#[test]
fn digest_proofs_go_and_the_challenge_stays() {
    let header = "Authorization: Digest username=\"bob\",realm=\"r\",nonce=\"n1\",uri=\"sip:h\",\
        cnonce=\"c0ffee\",nc=00000001,qop=auth,algorithm=MD5,response=\"5ec3e7\",password=\"pw\"\r\n";
    let out = masked(&message("REGISTER", header, ""));
    assert!(out.contains(
        "Digest username=\"bob\",realm=\"r\",nonce=\"n1\",uri=\"sip:h\",cnonce=\"masked\",\
         nc=00000001,qop=auth,algorithm=MD5,response=\"masked\",password=\"masked\"\r\n"
    ));
    let parsed = Message::parse(out.as_bytes()).unwrap();
    assert_eq!(parsed.authorization().unwrap().username, Some("bob"));
}

#[test]
fn other_credentials_go_whole() {
    for (header, left) in [
        (
            "Authorization: Basic Ym9iOnB3==",
            "Authorization: Basic masked",
        ),
        (
            "Proxy-Authorization: Bearer\r\n a.b.c",
            "Proxy-Authorization: Bearer\r\n masked",
        ),
        ("Authorization: New key=\"v\"", "Authorization: New masked"),
        (
            "Authentication-Info: rspauth=\"ab\",nc=1",
            "Authentication-Info: rspauth=\"masked\",nc=1",
        ),
        (
            "WWW-Authenticate: Digest nonce=\"n\",ik=\"00\"",
            "Digest nonce=\"n\",ik=\"masked\"",
        ),
        ("X-Api-Token: abc", "X-Api-Token: masked"),
        ("X-Card-PIN: 1234", "X-Card-PIN: masked"),
        ("Contact: <sip:bob:pw@h>", "Contact: <sip:bob:masked@h>"),
    ] {
        let out = masked(&message("REGISTER", &format!("{header}\r\n"), ""));
        assert!(out.contains(&format!("{left}\r\n")), "{header}: {out}");
    }
}

#[test]
fn a_passport_keeps_its_level_and_loses_its_people() {
    let claims = r#"{"attest":"A","dest":{"tn":["12155551213"]},"iat":1443208345,"orig":{"tn":"12155551212"},"origid":"123e4567"}"#;
    let header =
        URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","ppt":"shaken","x5u":"https://c.example/a"}"#);
    let token = format!("{header}.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims));
    let line = format!("Identity: {token};info=<https://c.example/a>;alg=ES256;ppt=shaken\r\n");
    let out = masked(&message("INVITE", &line, ""));
    let left = URL_SAFE_NO_PAD.encode(r#"{"attest":"A","iat":1443208345}"#);
    let expected = format!(
        "Identity: {header}.{left}.masked;info=<https://c.example/a>;alg=ES256;ppt=shaken\r\n"
    );
    assert!(out.contains(&expected), "{out}");
}

#[test]
fn an_identity_that_is_no_passport_goes_whole() {
    // A quote that opens before a dot and closes after it: masking a piece would move the commas.
    let line = "Identity: x realm=\"a.b\",uri=\"c.d\",e\r\n";
    let out = masked(&message("INVITE", line, ""));
    assert!(out.contains("Identity: masked\r\n"), "{out}");
}

#[test]
fn keyed_digits_go_whatever_carries_them() {
    let kpml = "<kpml-response version=\"1.0\" code=\"200\" digits=\"4111\" tag='x'/>";
    for (method, media_type, body, left) in [
        (
            "INFO",
            "application/dtmf-relay",
            "Signal=5\r\nDuration=160\r\n",
            "Signal=masked\r\nDuration=160\r\n",
        ),
        (
            "INFO",
            "application/dtmf-relay",
            "Signal= #\r\n",
            "Signal= masked\r\n",
        ),
        ("INFO", "application/dtmf", "5", "masked"),
        ("INFO", "text/plain", "7", "masked"),
        (
            "INFO",
            "application/vnd.nortelnetworks.digits",
            "d=41\r\n",
            "d=masked\r\n",
        ),
        (
            "NOTIFY",
            "application/kpml-response+xml",
            kpml,
            &kpml.replace("4111", "masked"),
        ),
        (
            "INFO",
            "application/msml+xml",
            "<name>dtmf.digits</name><value>12</value>",
            "<name>dtmf.digits</name><value>masked</value>",
        ),
        ("NOTIFY", "audio/telephone-event", "\u{5}xyz", "masked"),
        (
            "MESSAGE",
            "text/plain",
            "my card is 4111 1111 1111 1111, ok?",
            "my card is masked, ok?",
        ),
    ] {
        let out = masked(&message(
            method,
            &format!("Content-Type: {media_type}\r\n"),
            body,
        ));
        assert_eq!(body_of(&out), left, "{media_type}");
    }
}

#[test]
fn parts_of_a_multipart_body_are_masked_each_by_its_type() {
    let body = "--b\r\nContent-Type: application/sdp\r\n\r\nm=audio 1 RTP/SAVP 0\r\n\
        a=crypto:1 S inline:a2V5\r\n--b\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=9\r\n\
        --b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nNDExMQ==\r\n--b--\r\n";
    let out = masked(&message(
        "INFO",
        "Content-Type: multipart/mixed;boundary=b\r\n",
        body,
    ));
    assert!(out.contains("inline:masked\r\n") && out.contains("Signal=masked\r\n"));
    assert!(out.contains("base64\r\n\r\nmasked\r\n--b--"));
    let text = message(
        "INVITE",
        "Content-Type: multipart/mixed;boundary=\"b\"\r\n",
        body,
    );
    assert_eq!(
        Message::parse(masked(&text).as_bytes())
            .unwrap()
            .sdp()
            .unwrap()
            .media
            .len(),
        1
    );
}

#[test]
fn a_message_inside_a_message_is_masked_and_keeps_its_length_right() {
    let inner = message("INFO", "Content-Type: application/dtmf\r\n", "5");
    let out = masked(&message("NOTIFY", "Content-Type: message/sip\r\n", &inner));
    let inner = Message::parse(body_of(&out).as_bytes()).unwrap();
    assert_eq!((inner.body(), inner.trailing()), (&b"masked"[..], &b""[..]));
}

#[test]
fn what_is_compressed_is_masked_whole() {
    let headers = "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n";
    assert_eq!(
        body_of(&masked(&message("INVITE", headers, "\u{1f}zzz"))),
        "masked"
    );
}

#[test]
fn quarantine_text_loses_its_secrets_too() {
    let text = "INFO sip:x\r\nAuthorization: Digest response=\"r1\"\r\n ,cnonce=\"r2\"\r\nIdentity: a.r3.c\r\n\
        X: password=r4&y=1\r\n\r\na=crypto:1 S inline:r5\r\nSignal=r6\r\n";
    let out = String::from_utf8(mask_text(text.as_bytes()).into_owned()).unwrap();
    assert!(!(1..=6).any(|n| out.contains(&format!("r{n}"))), "{out}");
    assert_eq!(out.lines().count(), text.lines().count());
}

#[test]
fn a_message_that_shows_once_its_start_line_is_masked_is_masked_as_one() {
    // The card number splits the request line, so that this is no message until it has gone.
    let text = "MESSAGE sip:x4111 1111 1111 1111@h SIP/2.0\r\n\
        Content-Type: application/keystroke\r\n\r\nsesame\r\n";
    let once = mask(text.as_bytes());
    assert_eq!(mask(&once), once);
    let out = String::from_utf8(once.into_owned()).unwrap();
    assert!(!out.contains("4111") && !out.contains("sesame"), "{out}");
}

proptest! {
    /// One secret, put wherever a secret may stand, in a sound message or a cut one.
    #[test]
    fn no_secret_survives(
        secret in "Zq[A-Za-z0-9]{14,30}",
        place in 0_usize..13,
        cut in any::<bool>(),
    ) {
        let claims = URL_SAFE_NO_PAD.encode(format!("{{\"orig\":{{\"tn\":\"{secret}\"}}}}"));
        let (header, body) = match place {
            0 => (String::new(), format!("v=0\r\na=crypto:1 S inline:{secret}|2^20\r\n")),
            1 => (String::new(), format!("v=0\r\nk=clear:{secret}\r\n")),
            2 => (format!("Authorization: Digest username=\"u\", response=\"{secret}\"\r\n"), String::new()),
            3 => (format!("Proxy-Authorization: Digest cnonce={secret},realm=\"r\"\r\n"), String::new()),
            4 => (format!("Authorization: Digest secret=\"a\\\"{secret}\"\r\n"), String::new()),
            5 => (format!("Authorization: Basic {secret}=\r\n"), String::new()),
            6 => (format!("authorization : Bearer\r\n\t{secret}\r\n"), String::new()),
            7 => (format!("Identity: aGVhZA.{claims}.{secret};alg=ES256\r\n"), String::new()),
            8 => (format!("Contact: \"a\" <sip:u:{secret}@h>\r\n"), String::new()),
            9 => (format!("X-Password: {secret}\r\n"), String::new()),
            10 => (String::new(), format!("v=0\r\nA = Crypto:1 S INLINE: {secret}\r\n")),
            11 => (String::new(), format!("a=key-mgmt:mikey {secret}\r\n")),
            _ => (String::new(), format!("a=ice-pwd:{secret}\r\n")),
        };
        let text = message("INVITE", &format!("{header}Content-Type: application/sdp\r\n"), &body);
        let text = if cut { text.replacen("SIP/2.0", "SIP/", 1) } else { text };
        let out = String::from_utf8(mask(text.as_bytes()).into_owned()).unwrap();
        prop_assert!(!out.contains(&secret), "{}", out);
        prop_assert!(!out.contains(&claims), "{}", out);
        prop_assert_eq!(Message::parse(out.as_bytes()).is_err(), cut);
    }

    /// Digits keyed on a phone, in every body that can carry them.
    #[test]
    fn no_keyed_digit_survives(digits in "[0-9]{9,16}", place in 0_usize..6) {
        let (media_type, body) = match place {
            0 => ("application/dtmf-relay", format!("Signal={digits}\r\nDuration=1\r\n")),
            1 => ("application/dtmf", digits.clone()),
            2 => ("application/kpml-response+xml", format!("<kpml-response digits = '{digits}'/>")),
            3 => ("application/vnd.acme.keypad", format!("keys: {digits}")),
            4 => ("audio/telephone-event", digits.clone()),
            _ => ("text/plain", format!("dtmf={digits}\r\n")),
        };
        let text = message("INFO", &format!("Content-Type: {media_type}\r\n"), &body);
        let out = String::from_utf8(mask(text.as_bytes()).into_owned()).unwrap();
        prop_assert!(!out.contains(&digits), "{}", out);
    }
}
