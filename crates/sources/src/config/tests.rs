//! What a configuration may say, and how its mistakes are told.

use std::fs;
use std::path::Path;

use ringfence_event::{Authority, Name, Origin};

use super::*;

fn credential(name: &str) -> Option<Origin> {
    ["pbx", "crm"].contains(&name).then(|| Origin {
        source: Name::new(name).unwrap(),
        program: Name::new("default").unwrap(),
        site: Name::new("default").unwrap(),
        authority: Authority {
            classes: None,
            call_state: true,
            authenticated: true,
        },
    })
}

fn build(text: &str, data_dir: &Path) -> Result<Vec<Listener>, Vec<String>> {
    let written: ListenersConfig = toml::from_str(text).unwrap();
    let around = Surroundings {
        clients: None,
        source: &credential,
        data_dir,
    };
    let told = |mistakes: Vec<Mistake>| mistakes.iter().map(ToString::to_string).collect();
    written.build(&around).map_err(told)
}

fn good(text: &str) -> Vec<Listener> {
    build(text, Path::new("/nowhere")).unwrap()
}

fn bad(text: &str) -> Vec<String> {
    build(text, Path::new("/nowhere")).unwrap_err()
}

#[test]
fn nothing_written_is_nothing_run() {
    assert!(good("").is_empty());
}

#[test]
fn plain_udp_needs_opt_in_and_allow_list_even_on_loopback() {
    let told = bad("[[syslog_udp]]\nname='a'\nlisten='127.0.0.1:0'\nsource='pbx'");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("listeners.syslog_udp[0].plain_udp: "));
    assert!(told[1].starts_with("listeners.syslog_udp[0].allow: "));
    let listeners = good(
        "[[syslog_udp]]\nname='a'\nlisten='127.0.0.1:0'\nsource='pbx'\nplain_udp=true\n\
         allow=['127.0.0.1']",
    );
    assert_eq!(listeners[0].transport(), "udp");
}

#[test]
fn only_who_proves_who_it_is_keeps_its_call_state_grant() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    fs::write(&key, "correct horse\n").unwrap();
    let key = key.display();
    let listeners = good(&format!(
        "[[syslog_tcp]]\nname='a'\nlisten='[::1]:0'\nsource='pbx'\nallow=['::1']\n\
         [[hep_udp]]\nname='b'\nlisten='[::1]:0'\nsource='pbx'\nallow=['::1']\nplain_udp=true\n\
         auth_key_file='{key}'\n\
         [[hep_tcp]]\nname='c'\nlisten='[::1]:0'\nsource='pbx'\nauth_key_file='{key}'\n",
    ));
    let rights: Vec<_> = listeners
        .iter()
        .map(|l| l.origins()[0].authority.clone())
        .map(|a| (a.authenticated, a.call_state))
        .collect();
    assert_eq!(rights, [(false, false), (false, false), (true, true)]);
    assert!(!format!("{listeners:?}").contains("horse"));
}

#[test]
fn all_mistakes_are_told_at_once_with_their_place() {
    let told = bad(
        "[[syslog_tcp]]\nname='no good'\nlisten='localhost'\nsource='nobody'\nallow=['10.0.0.0/33']\n\
         max_connections=0\nidle_secs=1\nstall_secs=0\nmax_message_bytes=5\n\
         [[hep_tcp]]\nname='hep'\nlisten='127.0.0.1:9060'\nsource='crm'\nauth_key_file='/nowhere/key'\n\
         [[hep_tcp]]\nname='hep2'\nlisten='127.0.0.1:9060'\nsource='crm'\nallow=['::/0']\n\
         [[syslog_tls]]\nname='tls'\nlisten='127.0.0.1:6514'\nsource='crm'\n\
         tls.cert_file='a.pem'\ntls.clients=[{subject='x',source='nobody'}]",
    );
    let places: Vec<_> = told
        .iter()
        .map(|m| {
            m.split(": ")
                .next()
                .unwrap()
                .trim_start_matches("listeners.")
        })
        .collect();
    assert_eq!(
        places,
        [
            "syslog_tcp[0].max_connections",
            "syslog_tcp[0].idle_secs",
            "syslog_tcp[0].stall_secs",
            "syslog_tcp[0].max_message_bytes",
            "syslog_tcp[0].name",
            "syslog_tcp[0].listen",
            "syslog_tcp[0].allow[0]",
            "syslog_tcp[0].source",
            "syslog_tls[0].tls.cert_file",
            "syslog_tls[0].tls.clients",
            "syslog_tls[0].tls.clients[0].source",
            "syslog_tls[0].allow",
            "hep_tcp[0].auth_key_file",
            "hep_tcp[1].listen",
        ],
        "{told:#?}"
    );
}

#[test]
fn one_name_is_one_listener() {
    let one = "[[syslog_tcp]]\nname='a'\nlisten='127.0.0.1:0'\nsource='pbx'\nallow=['::1']\n";
    let told = bad(&one.repeat(2));
    assert!(told[0].contains("`a` is the name of another"), "{told:?}");
}

#[test]
fn unknown_fields_are_refused() {
    let error = toml::from_str::<ListenersConfig>("[[syslog_udp]]\nalow=['::1']").unwrap_err();
    assert!(error.to_string().contains("alow"), "{error}");
}

#[test]
fn tls_makes_its_certificate_in_the_data_folder() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[[syslog_tls]]\nname='a'\nlisten='127.0.0.1:0'\nsource='pbx'\nallow=['::1']";
    assert_eq!(build(text, dir.path()).unwrap()[0].transport(), "tls");
    assert!(dir.path().join("tls/self-signed.crt").exists());
}
