use super::*;

fn at(s: &str) -> Time {
    Time::parse_rfc3339(s).unwrap()
}

fn parse(text: &str) -> Syslog<'_> {
    Syslog::parse(text, at("2026-01-02T00:00:00Z"), &TimeZone::UTC)
        .unwrap()
        .unwrap()
}

#[test]
fn rfc5424_with_structured_data_and_bom() {
    let s = parse(concat!(
        "<165>1 2026-01-01T22:14:15.003+01:00 host.example evntslog - ID47 ",
        r#"[ex@32473 iut="3" q="a \"b\" \] \\ c:\d"][p@1] "#,
        "\u{feff}An event"
    ));
    assert_eq!((s.facility, s.severity), (Some(20), Some(5)));
    assert_eq!(s.time, Some(at("2026-01-01T21:14:15.003Z")));
    assert_eq!((s.procid, s.msgid), (None, Some("ID47")));
    assert_eq!(s.data[0], ("ex@32473", "iut", "3".to_owned()));
    assert_eq!(s.data[1].2, r#"a "b" ] \ c:\d"#);
    assert_eq!(s.message, "An event");
}

#[test]
fn rfc5424_of_nothing_but_nil_values() {
    let s = parse("<0>1 - - - - - -");
    assert_eq!((s.time, s.hostname, s.message), (None, None, ""));
    assert_eq!(s.ocsf_severity(), Some(Severity::Fatal));
}

#[test]
fn rfc5424_mistakes_have_a_position() {
    for (text, byte) in [
        ("<34>1 2026-13-01T00:00:00Z h a p m - x", 6),
        ("<34>1 - h a p m [id k=\"open", 23),
        ("<34>1 - h a p m {} x", 16),
        ("<34>1 - h a", 10),
        ("<34>1 - h a p m [id]x", 20),
    ] {
        let e = Syslog::parse(text, Time(0), &TimeZone::UTC).unwrap_err();
        assert_eq!(
            (e.code, e.position.byte),
            (RejectCode::Syntax, byte),
            "{text}: {e}"
        );
    }
}

#[test]
fn rfc3164_takes_its_year_from_the_receive_time() {
    let s = parse("<38>Dec 31 23:59:58 pbx sshd[812]: Failed password for root");
    assert_eq!(s.time, Some(at("2025-12-31T23:59:58Z")));
    assert_eq!(
        (s.hostname, s.appname, s.procid),
        (Some("pbx"), Some("sshd"), Some("812"))
    );
    assert_eq!(s.message, "Failed password for root");
    assert_eq!(
        parse("<38>Jan  3 00:00:00 pbx a: b").time,
        Some(at("2026-01-03T00:00:00Z"))
    );
}

#[test]
fn rfc3164_variants_of_the_world() {
    for (text, host, app, msgid, message) in [
        ("<13>Jan  1 00:00:00 su: bad", None, Some("su"), None, "bad"),
        (
            "<189>29: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: by console",
            None,
            None,
            Some("SYS-5-CONFIG_I"),
            "by console",
        ),
        (
            "<189>Mar  1 2025 18:46:11 UTC: %ASA-6-302013: Built",
            None,
            None,
            Some("ASA-6-302013"),
            "Built",
        ),
        (
            "<13>2026-01-01T10:00:00+01:00 web nginx: GET /",
            Some("web"),
            Some("nginx"),
            None,
            "GET /",
        ),
        (
            "Jan  1 10:00:00 pbx sudo:    alice : x",
            Some("pbx"),
            Some("sudo"),
            None,
            "   alice : x",
        ),
        (
            "<13>Jan  1 10:00:00 host just words here",
            Some("host"),
            None,
            None,
            "just words here",
        ),
        ("<13>app: text", None, Some("app"), None, "text"),
        ("<13>free text", None, None, None, "free text"),
    ] {
        let s = parse(text);
        assert_eq!(
            (s.hostname, s.appname, s.msgid, s.message),
            (host, app, msgid, message),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_syslog_is_left_alone() {
    for text in [
        "<abc>x",
        "<192>x",
        "hello world",
        "{\"a\":1}",
        "",
        "<1",
        "key: value",
    ] {
        assert_eq!(
            Syslog::parse(text, Time(0), &TimeZone::UTC),
            Ok(None),
            "{text}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes(data: Vec<u8>) {
        fuzz_syslog(&data);
    }

    #[test]
    fn near_messages(cut in 0usize..90, byte: u8) {
        let mut data = br#"<165>1 2026-01-01T22:14:15.003Z host app 12 ID47 [ex@32473 iut="3" q="\"\]"] An event: x"#.to_vec();
        if let Some(b) = data.get_mut(cut) { *b = byte; }
        fuzz_syslog(&data);
        let mut old = b"<38>Dec 31 23:59:58 pbx sshd[812]: Failed password for root".to_vec();
        if let Some(b) = old.get_mut(cut) { *b = byte; }
        fuzz_syslog(&old);
    }
}
