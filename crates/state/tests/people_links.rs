//! People are linked to their accounts at providers of sign-in, and unlinked.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::*;
use ringfence_crypto::Token;
use ringfence_identity::Login;
use ringfence_policy::Role;
use ringfence_state::{Error, NewSession, State, Vouch};

const OP: &str = "https://op.example";

fn login(text: &str) -> Login {
    Login::parse(text).unwrap()
}

/// A session by a link, in a session of the provider's.
async fn opened(state: &State, person: &str, link: &str, session: Option<&str>) -> Token {
    let new = NewSession {
        vouch: Some(Vouch {
            link: link.to_owned(),
            session: session.map(str::to_owned),
            proved_ms: 0,
        }),
        ..at_browser("oidc,mfa")
    };
    state.open_session(person, new, T0).await.unwrap().0
}

async fn is_open(state: &State, token: &Token) -> bool {
    let found = state.session_by_token(token.reveal(), T0, None).await;
    found.unwrap().is_some()
}

#[tokio::test]
async fn who_administers_in_reserve_links_accounts_themselves() {
    let state = memory().await;
    let (ann, _) = state
        .create_person(somebody("ann", None), "x", T0)
        .await
        .unwrap();
    let role = ringfence_state::NewRole {
        role: Role::Administrator,
        program: "*".to_owned(),
        why: "on call".to_owned(),
        expires_ms: None,
    };
    let ann = ann.principal.id;
    state.give_reserve(&ann, &role, "x", T0).await.unwrap();
    let linked = state.link_first(&login("ann"), OP, "1", T0).await.unwrap();
    assert!(linked.is_none());
}

#[tokio::test]
async fn the_last_way_in_of_the_last_administrator_stays() {
    let state = memory().await;
    let (ann, _) = state
        .create_person(somebody("ann", None), "x", T0)
        .await
        .unwrap();
    let ann = ann.principal.id;
    let linked = state.link_first(&login("ann"), OP, "1", T0).await.unwrap();
    let role = ringfence_state::NewRole {
        role: Role::Administrator,
        program: "*".to_owned(),
        why: "runs it".to_owned(),
        expires_ms: None,
    };
    state.give_role(&ann, &role, "x", T0).await.unwrap();
    let link = linked.unwrap().link;
    let refused = state.unlink(&ann, &link, false, T0).await;
    assert!(matches!(refused, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn an_account_elsewhere_is_one_persons() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let ben = enrolled(&state, "ben", None, &with_passkey(2)).await;
    let link = state.link(&ann, OP, "1", T0).await.unwrap();
    assert!(matches!(
        state.link(&ben, OP, "1", T0).await,
        Err(Error::Taken { field: "link", .. })
    ));
    // The same name at another provider is somebody else.
    assert!(
        state
            .linked("https://other.example", "1")
            .await
            .unwrap()
            .is_none()
    );
    let found = state.linked(OP, "1").await.unwrap().unwrap();
    assert_eq!(
        (found.link, found.person, found.is_enabled),
        (link.id.clone(), ann.clone(), true)
    );
    state.disable_person(&ann, T0).await.unwrap();
    assert!(!state.linked(OP, "1").await.unwrap().unwrap().is_enabled);
    for n in 0..10 {
        state.link(&ben, OP, &format!("b{n}"), T0).await.unwrap();
    }
    assert!(
        state.link(&ben, OP, "b10", T0).await.is_err(),
        "ten at most"
    );
    assert!(matches!(
        state.unlink(&ben, &link.id, false, T0).await,
        Err(Error::NotFound { .. })
    ));
}

#[tokio::test]
async fn a_link_that_goes_takes_its_sessions_along_and_never_the_last_way_in() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let link = state.link(&ann, OP, "1", T0).await.unwrap();
    let by_link = opened(&state, &ann, &link.id, None).await;
    let (by_passkey, _) = state
        .open_session(&ann, at_browser("passkey"), T0)
        .await
        .unwrap();
    let used = &state.links(&ann).await.unwrap()[0];
    assert_eq!((used.used_ms, used.subject.as_str()), (Some(T0), "1"));
    state.unlink(&ann, &link.id, true, T0).await.unwrap();
    assert!(!is_open(&state, &by_link).await && is_open(&state, &by_passkey).await);
    // Taken away while its owner signed in: no session.
    let vouch = Some(Vouch {
        link: link.id,
        session: None,
        proved_ms: T0,
    });
    let new = NewSession {
        vouch,
        ..at_browser("oidc,mfa")
    };
    assert!(state.open_session(&ann, new, T0).await.is_err());
    // Somebody who has nothing else keeps it, unless an administrator takes it.
    let new = somebody("cleo", None);
    let (cleo, _) = state.create_person(new, "test", T0).await.unwrap();
    let cleo = cleo.principal.id;
    let first = state
        .link_first(&login("cleo"), OP, "2", T0)
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(
        state.unlink(&cleo, &first.link, true, T0).await,
        Err(Error::Conflict(_))
    ));
    state.unlink(&cleo, &first.link, false, T0).await.unwrap();
}

#[tokio::test]
async fn a_first_sign_in_links_whoever_never_had_a_way_in_and_no_administrator() {
    let state = memory().await;
    enrolled(&state, "ann", None, &with_passkey(1)).await;
    let (_, invitation) = state
        .create_person(somebody("ben", Some(Role::Analyst)), "t", T0)
        .await
        .unwrap();
    let root = somebody("root", Some(Role::Administrator));
    state.create_person(root, "t", T0).await.unwrap();
    let (gone, _) = state
        .create_person(somebody("gone", None), "t", T0)
        .await
        .unwrap();
    state.disable_person(&gone.principal.id, T0).await.unwrap();
    for name in ["ann", "root", "gone", "nobody", "first-administrator"] {
        let found = state.link_first(&login(name), OP, "1", T0).await.unwrap();
        assert_eq!(found, None, "{name}");
    }
    let ben = state
        .link_first(&login("ben"), OP, "1", T0)
        .await
        .unwrap()
        .unwrap();
    assert!(
        state
            .account(&ben.person, T0)
            .await
            .unwrap()
            .enrolled_ms
            .is_some()
    );
    // The code that waited for Ben opens nothing any longer, and nobody else becomes Ben.
    let code = invitation.code.hash();
    assert!(state.enrolling(&code, T0).await.unwrap().is_none());
    assert!(
        state
            .link_first(&login("ben"), OP, "2", T0)
            .await
            .unwrap()
            .is_none()
    );
    let token = opened(&state, &ben.person, &ben.link, None).await;
    assert!(is_open(&state, &token).await);
}

#[tokio::test]
async fn a_provider_ends_what_was_opened_by_it_and_nothing_else() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let ben = enrolled(&state, "ben", None, &with_passkey(2)).await;
    let a = state.link(&ann, OP, "a", T0).await.unwrap().id;
    let b = state.link(&ben, OP, "b", T0).await.unwrap().id;
    let end = async |issuer: &str, subject: Option<&str>, session: Option<&str>| {
        state
            .end_provider_sessions(issuer, subject, session)
            .await
            .unwrap()
    };
    let (one, two, unnamed) = (
        opened(&state, &ann, &a, Some("s1")).await,
        opened(&state, &ann, &a, Some("s2")).await,
        opened(&state, &ann, &a, None).await,
    );
    let other = opened(&state, &ben, &b, Some("s3")).await;
    assert!(end(OP, None, None).await.is_empty());
    assert!(
        end("https://other.example", Some("a"), None)
            .await
            .is_empty()
    );
    assert!(end(OP, Some("b"), Some("s1")).await.is_empty());
    assert_eq!(end(OP, None, Some("s1")).await, std::slice::from_ref(&ann));
    assert!(!is_open(&state, &one).await && is_open(&state, &two).await);
    assert_eq!(end(OP, Some("a"), None).await, [ann]);
    assert!(!is_open(&state, &two).await && !is_open(&state, &unnamed).await);
    assert!(is_open(&state, &other).await);
}

#[tokio::test]
async fn when_somebody_proved_themselves_is_kept_with_the_session() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let link = state.link(&ann, OP, "1", T0).await.unwrap().id;
    let (_, local) = state
        .open_session(&ann, at_browser("passkey"), T0)
        .await
        .unwrap();
    assert_eq!(local.proved_ms, T0);
    for (said, kept) in [(0, 0), (T0 - 5, T0 - 5), (T0 + 5, T0)] {
        let vouch = Some(Vouch {
            link: link.clone(),
            session: None,
            proved_ms: said,
        });
        let new = NewSession {
            vouch,
            ..at_browser("oidc,mfa")
        };
        let (token, session) = state.open_session(&ann, new, T0).await.unwrap();
        let found = state
            .session_by_token(token.reveal(), T0, None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((session.proved_ms, found.proved_ms), (kept, kept));
    }
}
