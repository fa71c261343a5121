//! No address that a user types makes Ringfence reach what only its host can reach.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

mod common;

use common::Names;
use proptest::prelude::*;
use ringfence_respond::{AllowList, Blocked, Guard, fuzz_guard};

fn guard(allow: &[&str]) -> Guard {
    Guard::new(AllowList::parse(allow).unwrap())
}

#[test]
fn every_way_to_write_an_inner_address_is_seen_through() {
    let table = [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.0.0.1./",
        "https://１２７.０.０.１/",
        "https://127。0。0。1/",
        "https://%31%32%37.0.0.1/",
        "https://0/",
        "https://0.0.0.0/",
        "https://[::]/",
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://10.0.0.1/",
        "https://172.16.0.1:8443/",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/latest/meta-data/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://168.63.129.16/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
    ];
    for url in table {
        let refused = guard(&[]).check_url(url).unwrap_err();
        assert!(
            matches!(refused, Blocked::Address { .. }),
            "{url}: {refused:?}"
        );
    }
}

type Expected<'a> = &'a dyn Fn(&Blocked) -> bool;

#[test]
fn only_https_without_credentials_is_a_webhook() {
    let credentials = |blocked: &Blocked| *blocked == Blocked::Credentials;
    let scheme = |blocked: &Blocked| matches!(blocked, Blocked::Scheme(_));
    let plain = |blocked: &Blocked| matches!(blocked, Blocked::PlainText { .. });
    let no_url = |blocked: &Blocked| *blocked == Blocked::NotAUrl;
    let table: [(&str, Expected<'_>); 14] = [
        ("https://user:pass@hooks.example/", &credentials),
        ("https://user@hooks.example/", &credentials),
        ("https://hooks.example@127.0.0.1/", &credentials),
        ("https://:x@hooks.example/", &credentials),
        ("http://hooks.example/", &plain),
        ("HTTP://hooks.example/", &plain),
        ("file:///etc/passwd", &scheme),
        ("gopher://hooks.example/", &scheme),
        ("ftp://hooks.example/", &scheme),
        ("javascript:alert(1)", &scheme),
        ("hooks.example", &no_url),
        ("https://", &no_url),
        ("https://[::1", &no_url),
        ("https://a b/", &no_url),
    ];
    for (url, expected) in table {
        let refused = guard(&[]).check_url(url).unwrap_err();
        assert!(expected(&refused), "{url}: {refused:?}");
    }
    let long = format!("https://hooks.example/{}", "x".repeat(3000));
    assert_eq!(guard(&[]).check_url(&long), Err(Blocked::NotAUrl));
    for fine in [
        "https://hooks.example/a?b=c",
        "https://1.1.1.1/",
        "https://hooks.example.:8443/",
    ] {
        assert_eq!(guard(&[]).check_url(fine), Ok(()), "{fine}");
    }
}

#[tokio::test]
async fn names_are_judged_by_what_they_resolve_to() {
    let names = Names::of(&[
        ("public.example", &["93.184.215.14", "2606:4700::1"]),
        ("inner.example", &["10.0.0.5"]),
        ("mixed.example", &["93.184.215.14", "127.0.0.1"]),
        ("mapped.example", &["::ffff:192.168.0.1"]),
        ("localhost", &["127.0.0.1"]),
        ("localhost.", &["127.0.0.1"]),
        ("xn--mnchen-3ya.example", &["192.168.7.7"]),
        ("empty.example", &[]),
    ]);
    let open = guard(&[]);
    let target = open
        .admit("https://public.example/hook", &names)
        .await
        .unwrap();
    let addresses: Vec<_> = target.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["93.184.215.14:443", "[2606:4700::1]:443"]);
    let inner = [
        "https://inner.example/",
        "https://mixed.example/",
        "https://mapped.example/",
        "https://localhost/",
        "https://localhost./",
        "https://LOCALHOST/",
        "https://münchen.example/",
    ];
    for url in inner {
        let refused = open.admit(url, &names).await.unwrap_err();
        assert!(
            matches!(refused, Blocked::Address { .. }),
            "{url}: {refused:?}"
        );
    }
    for url in ["https://empty.example/", "https://unknown.example/"] {
        let refused = open.admit(url, &names).await.unwrap_err();
        assert!(
            matches!(refused, Blocked::Unresolved(_)),
            "{url}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn the_allow_list_opens_what_it_names_and_no_more() {
    let names = Names::of(&[
        ("hooks.internal", &["10.1.2.3"]),
        ("hooks.internal.", &["10.1.2.3"]),
        ("other.internal", &["10.1.2.3"]),
        ("far.internal", &["10.9.9.9"]),
        ("meta.internal", &["169.254.169.254"]),
    ]);
    let by_host = guard(&["hooks.internal:8443", "meta.internal"]);
    let by_network = guard(&["10.1.0.0/16", "169.254.0.0/16"]);
    let ok = async |guard: &Guard, url: &str| guard.admit(url, &names).await.is_ok();
    assert!(ok(&by_host, "https://hooks.internal:8443/").await);
    assert!(ok(&by_host, "http://hooks.internal:8443/").await);
    assert!(
        ok(&by_host, "https://hooks.internal.:8443/").await,
        "the final dot says nothing"
    );
    assert!(
        !ok(&by_host, "https://hooks.internal/").await,
        "another port"
    );
    assert!(
        !ok(&by_host, "https://other.internal:8443/").await,
        "another name"
    );
    assert!(
        !ok(&by_host, "https://10.1.2.3:8443/").await,
        "the bare address"
    );
    assert!(ok(&by_network, "https://other.internal/").await);
    assert!(ok(&by_network, "https://10.1.2.3/").await);
    assert!(
        !ok(&by_network, "http://10.1.2.3/").await,
        "a network does not permit http"
    );
    assert!(!ok(&by_network, "https://far.internal/").await);
    // Credentials of the machine itself are opened by nothing.
    assert!(!ok(&by_host, "https://meta.internal/").await);
    assert!(!ok(&by_network, "https://169.254.169.254/").await);
}

#[test]
fn refusals_name_no_secret() {
    for url in [
        "https://user:hunter2@hooks.example/T0/hunter2?key=hunter2",
        "http://hooks.example/hunter2?key=hunter2",
        "https://127.0.0.1/hunter2?key=hunter2#hunter2",
        "https://[::1/hunter2",
    ] {
        let refused = guard(&[]).check_url(url).unwrap_err();
        assert!(
            !format!("{refused} {refused:?}").contains("hunter2"),
            "{refused:?}"
        );
    }
}

proptest! {
    #[test]
    fn what_passes_is_public_https(text in "(https?://)?[\\PC]{0,60}") {
        fuzz_guard(text.as_bytes());
    }

    #[test]
    fn what_passes_as_an_address_is_public(
        number: u32,
        form in prop::sample::select(vec!["dec", "hex", "oct", "dot", "map", "nat"]),
    ) {
        let [a, b, c, d] = number.to_be_bytes();
        let host = match form {
            "dec" => number.to_string(),
            "hex" => format!("0x{number:x}"),
            "oct" => format!("0{number:o}"),
            "dot" => format!("{a}.{b}.{c}.{d}"),
            "map" => format!("[::ffff:{a}.{b}.{c}.{d}]"),
            _ => format!("[64:ff9b::{a}.{b}.{c}.{d}]"),
        };
        fuzz_guard(format!("https://{host}/").as_bytes());
        // However it is written, the verdict is that of the plain form.
        let plain = Guard::default().check_url(&format!("https://{a}.{b}.{c}.{d}/")).is_ok();
        prop_assert_eq!(Guard::default().check_url(&format!("https://{host}/")).is_ok(), plain);
    }

    #[test]
    fn any_bytes_are_judged(data: Vec<u8>) {
        fuzz_guard(&data);
    }
}
