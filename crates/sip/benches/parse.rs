//! Cost of reading a 664-byte INVITE.
#![allow(clippy::unwrap_used, missing_docs, reason = "bench code")]

use divan::{Bencher, black_box};
use ringfence_sip::{Message, fingerprint, mask};

const INVITE: &str = "INVITE sip:+18005550100@pbx.example.com;user=phone SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK776asdhds;rport\r\n\
Max-Forwards: 70\r\n\
From: \"Alice\" <sip:+12125551212@carrier.example.net>;tag=1928301774\r\n\
To: <sip:+18005550100@pbx.example.com>\r\n\
Call-ID: a84b4c76e66710@192.0.2.10\r\n\
CSeq: 314159 INVITE\r\n\
Contact: <sip:+12125551212@192.0.2.10:5060>\r\n\
User-Agent: Carrier SBC/8.4\r\n\
P-Asserted-Identity: <sip:+12125551212@carrier.example.net>\r\n\
Allow: INVITE,ACK,BYE,CANCEL,OPTIONS\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 136\r\n\
\r\n\
v=0\r\n\
o=- 29739 7272939 IN IP4 192.0.2.10\r\n\
s=-\r\n\
c=IN IP4 192.0.2.10\r\n\
t=0 0\r\n\
m=audio 49217 RTP/AVP 0 8 101\r\n\
a=rtpmap:0 PCMU/8000\r\n\
a=sendrecv\r\n";

fn main() {
    println_size();
    divan::main();
}

#[allow(clippy::print_stdout, reason = "the size belongs to the figure")]
fn println_size() {
    println!("message: {} bytes", INVITE.len());
}

#[divan::bench]
fn parse(bencher: Bencher<'_, '_>) {
    bencher.bench(|| Message::parse(black_box(INVITE.as_bytes())).unwrap());
}

#[divan::bench]
fn parse_and_typed_headers(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        let message = Message::parse(black_box(INVITE.as_bytes())).unwrap();
        let typed = (
            message.request_uri(),
            message.from(),
            message.to(),
            message.via(),
            message.cseq(),
            message.contact(),
            message.call_id(),
        );
        black_box(typed);
        message.body().len()
    });
}

#[divan::bench]
fn parse_and_validate(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        Message::parse(black_box(INVITE.as_bytes()))
            .unwrap()
            .validate()
    });
}

#[divan::bench]
fn mask_nothing(bencher: Bencher<'_, '_>) {
    bencher.bench(|| mask(black_box(INVITE.as_bytes())).len());
}

#[divan::bench]
fn sdp(bencher: Bencher<'_, '_>) {
    let message = Message::parse(INVITE.as_bytes()).unwrap();
    bencher.bench_local(|| black_box(&message).sdp());
}

#[divan::bench]
fn marks(bencher: Bencher<'_, '_>) {
    let message = Message::parse(INVITE.as_bytes()).unwrap();
    bencher.bench_local(|| fingerprint(black_box(&message)));
}
