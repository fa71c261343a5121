//! Certificates let their holders in, until they are revoked, renewed or over.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::time::Duration;

use common::*;
use ringfence_crypto::TokenHash;
use ringfence_policy::Role;
use ringfence_state::{
    CertificateUse, Ending, Error, Holder, NewCertificate, NewRole, NewService, Scope, Shown,
    SourceChange, State,
};

fn certificate(name: &str) -> NewCertificate {
    NewCertificate {
        fingerprint: TokenHash::of(name),
        serial: "40".to_owned(),
        not_before_ms: T0,
        not_after_ms: T0 + 90 * DAY,
    }
}

async fn shown(state: &State, name: &str, now: i64) -> &'static str {
    match state.by_certificate(TokenHash::of(name), &[], now).await {
        Ok(Shown::Source(_)) => "source",
        Ok(Shown::Service(_)) => "service",
        Ok(Shown::Ended) => "ended",
        Ok(Shown::Nobody) => "nobody",
        Err(error) => panic!("{error}"),
    }
}

async fn a_source(state: &State, name: &str) -> Holder {
    let made = state.create_source(&ALL, source(name, "bank"), T0).await;
    Holder::Source(made.unwrap().source.id)
}

#[tokio::test]
async fn a_certificate_leads_to_its_source_until_it_is_revoked_or_over() {
    let state = memory().await;
    let crm = a_source(&state, "crm").await;
    let new = certificate("a");
    assert_eq!(shown(&state, "a", T0).await, "nobody");
    let made = state.add_certificate(&ALL, &crm, &new, "ada", T0).await;
    let made = made.unwrap();
    assert_eq!(shown(&state, "a", T0).await, "source");
    assert_eq!(shown(&state, "a", T0 + 90 * DAY).await, "ended");
    // Programs are walls.
    let shop = Scope::Programs(["shop".to_owned()].into());
    let walled = state.list_certificates(&shop, &crm).await;
    assert!(matches!(walled, Err(Error::NotFound { .. })));
    let other = a_source(&state, "pbx").await;
    for (scope, holder) in [(&shop, &crm), (&ALL, &other)] {
        let refused = state
            .revoke_certificate(scope, holder, &made.fingerprint, "eve", T0)
            .await;
        assert!(matches!(refused, Err(Error::NotFound { .. })));
    }
    let revoked = state
        .revoke_certificate(&ALL, &crm, &made.fingerprint, "ada", T0 + 1)
        .await
        .unwrap();
    assert_eq!(revoked.revoked_ms, Some(T0 + 1));
    assert_eq!(shown(&state, "a", T0 + 2).await, "ended");
}

#[tokio::test]
async fn who_is_switched_off_is_let_in_by_no_certificate() {
    let state = memory().await;
    let crm = a_source(&state, "crm").await;
    let Holder::Source(id) = &crm else { panic!() };
    let new = certificate("a");
    state
        .add_certificate(&ALL, &crm, &new, "ada", T0)
        .await
        .unwrap();
    for (disabled, then) in [(true, "ended"), (false, "source")] {
        let change = SourceChange {
            disabled: Some(disabled),
            ..SourceChange::default()
        };
        state.change_source(&ALL, id, change, T0).await.unwrap();
        assert_eq!(shown(&state, "a", T0).await, then);
    }
    let service = NewService {
        name: "desk".to_owned(),
        roles: vec![NewRole {
            role: Role::Integration,
            program: "bank".to_owned(),
            why: "look-ups".to_owned(),
            expires_ms: None,
        }],
        expires_ms: Some(T0 + DAY),
    };
    let (service, _) = state.create_service(service, "ada", T0).await.unwrap();
    let desk = Holder::Service(service.id.clone());
    let new = certificate("b");
    state
        .add_certificate(&ALL, &desk, &new, "ada", T0)
        .await
        .unwrap();
    assert_eq!(shown(&state, "b", T0).await, "service");
    // It ends with its service.
    assert_eq!(shown(&state, "b", T0 + DAY).await, "ended");
    state.disable_principal(&service.id, T0).await.unwrap();
    assert_eq!(shown(&state, "b", T0).await, "ended");
    let refused = state
        .add_certificate(&ALL, &desk, &certificate("c"), "ada", T0)
        .await;
    assert!(matches!(refused, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn after_a_renewal_both_are_good_for_a_while() {
    let state = memory().await;
    let crm = a_source(&state, "crm").await;
    let (old, new) = (certificate("old"), certificate("new"));
    state
        .add_certificate(&ALL, &crm, &old, "ada", T0)
        .await
        .unwrap();
    let hour = Duration::from_secs(3_600);
    let renewed = state
        .renew_certificate(old.fingerprint, &new, hour, T0)
        .await
        .unwrap();
    assert_eq!(renewed.made_by, "renewal");
    assert_eq!(shown(&state, "old", T0 + HOUR - 1).await, "source");
    assert_eq!(shown(&state, "old", T0 + HOUR).await, "ended");
    assert_eq!(shown(&state, "new", T0 + HOUR).await, "source");
    // What is over is no proof for another one.
    let again = state
        .renew_certificate(old.fingerprint, &certificate("c"), hour, T0 + HOUR)
        .await;
    assert!(matches!(again, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn what_was_renewed_by_a_stolen_key_is_revoked_with_it() {
    let state = memory().await;
    let crm = a_source(&state, "crm").await;
    for name in ["stolen", "another"] {
        let new = certificate(name);
        let made = state.add_certificate(&ALL, &crm, &new, "ada", T0).await;
        made.unwrap();
    }
    let hour = Duration::from_secs(3_600);
    for (old, new) in [("stolen", "first"), ("first", "second"), ("another", "its")] {
        let old = certificate(old).fingerprint;
        let made = state
            .renew_certificate(old, &certificate(new), hour, T0)
            .await;
        assert_eq!(made.unwrap().made_by, "renewal");
    }
    let stolen = certificate("stolen").fingerprint.to_hex();
    state
        .revoke_certificate(&ALL, &crm, &stolen, "ada", T0)
        .await
        .unwrap();
    let mut now = Vec::new();
    for name in ["stolen", "first", "second", "another", "its"] {
        now.push(shown(&state, name, T0).await);
    }
    assert_eq!(now, ["ended", "ended", "ended", "source", "source"]);
}

#[tokio::test]
async fn what_ends_soon_is_told_until_it_is_renewed() {
    let state = memory().await;
    let (crm, pbx) = (a_source(&state, "crm").await, a_source(&state, "pbx").await);
    for (holder, name) in [(&crm, "renewed"), (&pbx, "revoked"), (&pbx, "left")] {
        let new = certificate(name);
        let made = state.add_certificate(&ALL, holder, &new, "ada", T0).await;
        made.unwrap();
    }
    let service = |name: &str, days: i64| NewService {
        name: name.to_owned(),
        roles: Vec::new(),
        expires_ms: Some(T0 + days * DAY),
    };
    for (name, days) in [("desk", 88), ("later", 200)] {
        let made = state.create_service(service(name, days), "ada", T0).await;
        made.unwrap();
    }
    let (ended, _) = state
        .create_service(service("ended", 88), "ada", T0)
        .await
        .unwrap();
    state.disable_principal(&ended.id, T0).await.unwrap();
    let soon = async |now: i64| {
        let soon = state.ending_soon(now).await.unwrap();
        let name = |one: &Ending| (one.name.clone(), one.fingerprint.is_some(), one.told);
        soon.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(soon(T0 + 70 * DAY).await, []);
    let hour = Duration::from_secs(3_600);
    let (renewed, mut new) = (certificate("renewed").fingerprint, certificate("new"));
    new.not_after_ms = T0 + 180 * DAY;
    state
        .renew_certificate(renewed, &new, hour, T0 + 80 * DAY)
        .await
        .unwrap();
    let revoked = certificate("revoked").fingerprint.to_hex();
    state
        .revoke_certificate(&ALL, &pbx, &revoked, "ada", T0 + 80 * DAY)
        .await
        .unwrap();
    let now = T0 + 80 * DAY;
    let named = |name: &str, certificate: bool, told: bool| (name.to_owned(), certificate, told);
    let both = [named("desk", false, false), named("pbx", true, false)];
    assert_eq!(soon(now).await, both);
    for one in state.ending_soon(now).await.unwrap() {
        state.told_of_ending(&one, now).await.unwrap();
    }
    let told = [named("desk", false, true), named("pbx", true, true)];
    assert_eq!(soon(now).await, told);
    // What is over is told no longer; and what will not be heard any more ends nothing.
    assert_eq!(soon(T0 + 89 * DAY).await, told[1..]);
    let Holder::Source(id) = &pbx else { panic!() };
    let off = SourceChange {
        disabled: Some(true),
        ..SourceChange::default()
    };
    state.change_source(&ALL, id, off, now).await.unwrap();
    assert_eq!(soon(now).await, told[..1]);
}

#[tokio::test]
async fn names_of_other_authorities_lead_to_one_source() {
    let state = memory().await;
    let (crm, pbx) = (a_source(&state, "crm").await, a_source(&state, "pbx").await);
    let (Holder::Source(crm), Holder::Source(pbx)) = (crm, pbx) else {
        panic!()
    };
    let named = |names: &[&str]| SourceChange {
        certificate: Some(CertificateUse::Required),
        certificate_names: Some(names.iter().map(ToString::to_string).collect()),
        ..SourceChange::default()
    };
    let pinned = format!("sha-256:{}", TokenHash::of("theirs").to_hex());
    let names = ["dns:crm.example.org", &pinned];
    let changed = state.change_source(&ALL, &crm, named(&names), T0).await;
    assert_eq!(changed.unwrap().certificate, CertificateUse::Required);
    let taken = state
        .change_source(&ALL, &pbx, named(&names[..1]), T0)
        .await;
    assert!(matches!(taken, Err(Error::Conflict(_))));
    let names = ["uri:spiffe://example.org/pbx"];
    state
        .change_source(&ALL, &pbx, named(&names), T0)
        .await
        .unwrap();
    assert_eq!(shown(&state, "theirs", T0).await, "source");
    let by = async |names: &[&str]| {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let unknown = TokenHash::of("unknown");
        state.by_certificate(unknown, &names, T0).await.unwrap()
    };
    let found = by(&["dns:other.example.org", "dns:crm.example.org"]).await;
    assert!(matches!(found, Shown::Source(source) if source.id == crm));
    let found = by(&["dns:crm.example.org", "uri:spiffe://example.org/pbx"]).await;
    assert!(matches!(found, Shown::Ended), "two sources are none");
    assert!(matches!(by(&["dns:example.org"]).await, Shown::Nobody));
}

#[tokio::test]
async fn a_services_token_is_rotated_without_a_gap() {
    let state = memory().await;
    let new = NewService {
        name: "desk".to_owned(),
        roles: vec![NewRole {
            role: Role::Integration,
            program: "bank".to_owned(),
            why: "look-ups".to_owned(),
            expires_ms: Some(T0 + DAY),
        }],
        expires_ms: Some(T0 + DAY),
    };
    let (service, old) = state.create_service(new, "ada", T0).await.unwrap();
    let hour = Duration::from_secs(3_600);
    let expires_ms = Some(T0 + 90 * DAY);
    let rotated = state
        .rotate_service(&service.id, expires_ms, hour, T0)
        .await;
    let (service, new) = rotated.unwrap();
    assert_eq!(service.roles[0].expires_ms, expires_ms);
    let good = async |token: &ringfence_crypto::Token, now| {
        let found = state.principal_by_token(token.reveal(), now).await;
        found.unwrap().is_some()
    };
    assert!(good(&old, T0 + HOUR - 1).await && good(&new, T0).await);
    assert!(!good(&old, T0 + HOUR).await && good(&new, T0 + 89 * DAY).await);
    // With less time left than the overlap, the old one ends when it was to end.
    let late = T0 + 90 * DAY - 1;
    let again = state.rotate_service(&service.id, None, hour, late).await;
    let (_, newest) = again.unwrap();
    assert!(good(&new, late).await && !good(&new, late + 1).await);
    assert!(good(&newest, late).await && !good(&newest, late + 1).await);
    // One that ended is made anew: it was in no review since.
    let over = T0 + 90 * DAY;
    let revived = state
        .rotate_service(&service.id, expires_ms, hour, over)
        .await;
    assert!(matches!(revived, Err(Error::Conflict(_))));
    assert!(state.rotate_service("admin", None, hour, T0).await.is_err());
}
