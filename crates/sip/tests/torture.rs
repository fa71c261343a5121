//! The messages of RFC 4475, one named case a line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod support;

use ringfence_sip::{Layer, Message, ParseError, mask};

/// All a strict receiver has to say about a message.
fn verdict(name: &str) -> Option<Vec<ParseError>> {
    let data = support::test_data(&format!("sip/torture/{name}.dat"))?;
    Some(match Message::parse(&data) {
        Ok(message) => message.validate(),
        Err(error) => vec![error],
    })
}

fn accepted(name: &str) {
    if let Some(issues) = verdict(name) {
        assert!(issues.is_empty(), "{name}: {issues:?}");
    }
}

fn refused(name: &str, layer: Layer, reason: &str) {
    if let Some(issues) = verdict(name) {
        let first = issues
            .first()
            .unwrap_or_else(|| panic!("{name} was accepted"));
        assert_eq!(
            (first.layer, first.reason),
            (layer, reason),
            "{name}: {first}"
        );
    }
}

macro_rules! accepted {
    ($($name:ident)+) => { $(#[test] fn $name() { accepted(stringify!($name)); })+ };
}
macro_rules! refused {
    ($($name:ident $layer:ident $reason:literal)+) => {
        $(#[test] fn $name() { refused(stringify!($name), Layer::$layer, $reason); })+
    };
}

mod valid {
    use super::*;
    accepted! {
        wsinv
        intmeth
        esc01
        escnull
        esc02
        lwsdisp
        longreq
        dblreq
        semiuri
        transports
        mpart01
        unreason
        noreason
    }
}

mod invalid {
    use super::*;
    refused! {
        badinv01   Header   "parameter has no name"
        clerr      Wire     "body is shorter than Content-Length says"
        ncl        Wire     "Content-Length is not a number"
        scalar02   Header   "CSeq number is missing or not below 2**31"
        scalarlg   Header   "CSeq number is missing or not below 2**31"
        quotbal    Header   "quoted string is not closed"
        ltgtruri   Header   "URI contains white space, a quote or an angle bracket"
        lwsruri    Wire     "white space around or inside the Request-URI"
        lwsstart   Wire     "white space around or inside the Request-URI"
        trws       Wire     "white space around or inside the Request-URI"
        escruri    Semantic "Request-URI carries headers"
        baddate    Header   "Date is not an RFC 1123 date in GMT"
        regbadct   Header   "URI with `?` is not enclosed in `<>`"
        badaspec   Header   "URI contains white space, a quote or an angle bracket"
        baddn      Wire     "headers do not end with an empty line"
        badvers    Semantic "SIP version is not 2.0"
        mismatch01 Semantic "CSeq method is not the request's method"
        mismatch02 Semantic "CSeq method is not the request's method"
        bigcode    Wire     "status code is not three digits"
    }

    /// The vector lacks its last empty line; the display name alone refuses it too.
    #[test]
    fn baddn_completed() {
        let Some(mut data) = support::test_data("sip/torture/baddn.dat") else {
            return;
        };
        data.extend_from_slice(b"\r\n");
        let issues = Message::parse(&data).expect("readable").validate();
        assert_eq!(issues[0].layer, Layer::Header, "{issues:?}");
    }
}

/// What the layers above must judge: readable here, sound or not as a whole.
mod above {
    use super::*;
    accepted! {
        badbranch
        unkscm
        novelsc
        unksm2
        bext01
        invut
        regaut01
        bcast
        zeromf
        cparam01
        cparam02
        regescrt
        sdp01
        inv2543
    }
    refused! {
        insuf   Semantic "a mandatory header (To, From, CSeq, Call-ID, Via) is missing"
        multi01 Semantic "a header that may stand once stands twice"
        mcl01   Wire     "two Content-Length headers disagree"
    }
}

#[test]
fn values_of_the_short_tortuous_invite_are_read() {
    let Some(data) = support::test_data("sip/torture/wsinv.dat") else {
        return;
    };
    let message = Message::parse(&data).unwrap();
    let from = message.from().unwrap();
    assert_eq!(from.display_name().as_deref(), Some("J Rosenberg \\\""));
    assert_eq!(
        (from.uri.as_str(), from.tag()),
        ("sip:jdrosen@example.com", Some("98asjd8"))
    );
    assert_eq!(message.to().unwrap().tag(), Some("1918181833n"));
    let cseq = message.cseq().unwrap();
    assert_eq!((cseq.number, cseq.method), (9, "INVITE"));
    let hops: Vec<_> = message
        .vias()
        .map(|via| (via.transport, via.host, via.branch()))
        .collect();
    assert_eq!(
        hops,
        [
            ("UDP", "192.0.2.2", Some("390skdjuw")),
            ("TCP", "spindle.example.com", Some("z9hG4bK9ikj8")),
            ("UDP", "192.168.255.111", Some("z9hG4bK30239")),
        ]
    );
    assert_eq!(message.contact().unwrap().params.get("q"), Some("0.33"));
    assert_eq!(message.sdp().unwrap().media.len(), 2);
}

#[test]
fn only_messages_with_secrets_are_changed_by_masking() {
    for name in [
        "wsinv", "esc01", "longreq", "dblreq", "mpart01", "unreason", "badinv01",
    ] {
        let Some(data) = support::test_data(&format!("sip/torture/{name}.dat")) else {
            return;
        };
        assert_eq!(&*mask(&data), &data[..], "{name}");
    }
    // This Request-URI has a password in it.
    let Some(data) = support::test_data("sip/torture/intmeth.dat") else {
        return;
    };
    let masked = mask(&data).into_owned();
    assert!(!masked.windows(8).any(|part| part == b"pas$wo~d"));
    assert!(Message::parse(&masked).unwrap().validate().is_empty());
}
