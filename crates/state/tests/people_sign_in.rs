//! People enrol, sign in, are locked, reset and switched off.
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
use ringfence_crypto::Token;
use ringfence_identity::Login;
use ringfence_identity::webauthn::Proof;
use ringfence_policy::{Kind, Role};
use ringfence_state::{
    ChangePerson, Credential, Error, FactorKind, Identity, Limits, NewRole, NewSession, Setup,
    SignInLimits, State,
};

const DAY: i64 = 24 * HOUR;

fn login(text: &str) -> Login {
    Login::parse(text).unwrap()
}

async fn opened(state: &State, person: &str, now_ms: i64) -> Token {
    let opened = state
        .open_session(person, at_browser("passkey"), now_ms)
        .await;
    opened.unwrap().0
}

async fn is_open(state: &State, token: &Token, now_ms: i64) -> bool {
    let found = state
        .session_by_token(token.reveal(), now_ms, None)
        .await
        .unwrap();
    found.is_some()
}

#[tokio::test]
async fn the_bootstrap_ends_when_the_first_administrator_enrolled() {
    let state = memory().await;
    let old = state.bootstrap(T0).await.unwrap().unwrap();
    let code = state.bootstrap(T0 + 1).await.unwrap().unwrap().code.hash();
    assert!(
        state
            .enrolling(&old.code.hash(), T0 + 1)
            .await
            .unwrap()
            .is_none()
    );
    let who = state.enrolling(&code, T0 + 1).await.unwrap().unwrap();
    assert!(who.is_first && who.handle.len() == 32);
    let mut setup = with_passkey(1);
    setup.identity = Some(Identity {
        login: login("Ada@Example.com"),
        name: "Ada".to_owned(),
    });
    let ada = state.enrol(&code, &setup, T0 + 2).await.unwrap();
    assert_eq!(
        (ada.login.as_str(), ada.principal.name.as_str()),
        ("ada@example.com", "Ada")
    );
    assert!(state.bootstrap(T0 + 3).await.unwrap().is_none());
    assert!(
        state.enrolling(&code, T0 + 3).await.unwrap().is_none(),
        "it works once"
    );
    // Nobody can make it begin again by taking the last administrator away.
    for refused in [
        state.disable_person(&ada.principal.id, T0).await.err(),
        state
            .take_role(&ada.principal.id, &ada.principal.roles[0].id, "x", T0)
            .await
            .err(),
    ] {
        assert!(matches!(refused, Some(Error::Conflict(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn somebody_administers_without_an_end_and_can_sign_in() {
    let state = memory().await;
    let ada = enrolled(&state, "ada", Some(Role::Administrator), &with_passkey(1)).await;
    let guest = enrolled(&state, "guest", None, &with_passkey(2)).await;
    let administers = |expires_ms| NewRole {
        role: Role::Administrator,
        program: "*".to_owned(),
        why: "for the migration".to_owned(),
        expires_ms,
    };
    state
        .give_role(&guest, &administers(Some(T0 + DAY)), "ada", T0)
        .await
        .unwrap();
    // Tomorrow there would be nobody.
    let refused = [
        state.disable_person(&ada, T0).await.err(),
        state
            .give_role(&ada, &administers(Some(T0 + DAY)), "guest", T0)
            .await
            .err(),
    ];
    for refused in refused {
        assert!(matches!(refused, Some(Error::Conflict(_))), "{refused:?}");
    }
    state
        .give_role(&guest, &administers(None), "ada", T0)
        .await
        .unwrap();
    state.disable_person(&ada, T0).await.unwrap();
}

#[tokio::test]
async fn nobody_but_the_first_administrator_chooses_their_name() {
    let state = memory().await;
    let (ann, invitation) = state
        .create_person(somebody("ann", None), "x", T0)
        .await
        .unwrap();
    let mut setup = with_passkey(1);
    setup.identity = Some(Identity {
        login: login("root"),
        name: "Root".to_owned(),
    });
    let after = state
        .enrol(&invitation.code.hash(), &setup, T0)
        .await
        .unwrap();
    assert_eq!(
        (after.login, after.principal.name),
        (ann.login, ann.principal.name)
    );
}

#[tokio::test]
async fn an_account_is_one_whatever_its_capitals() {
    let state = memory().await;
    let ann = enrolled(&state, "Ann", None, &with_password("a long enough 1")).await;
    let who = state.sign_in_as(&login(" ANN"), T0).await.unwrap().unwrap();
    assert_eq!(who.person, ann);
    let twice = state.create_person(somebody("aNN", None), "x", T0).await;
    assert!(matches!(twice, Err(Error::Taken { field: "login", .. })));
}

#[tokio::test]
async fn an_invitation_ends_and_a_new_one_ends_it() {
    let state = memory().await;
    let (ann, first) = state
        .create_person(somebody("ann", None), "x", T0)
        .await
        .unwrap();
    let second = state
        .invite_person(&ann.principal.id, "x", T0)
        .await
        .unwrap();
    let is_good =
        async |code: &Token, now| state.enrolling(&code.hash(), now).await.unwrap().is_some();
    assert!(!is_good(&first.code, T0).await);
    assert!(
        is_good(&second.code, T0 + 7 * DAY - 1).await && !is_good(&second.code, T0 + 7 * DAY).await
    );
    assert!(
        state.sign_in_as(&login("ann"), T0).await.unwrap().is_none(),
        "not enrolled"
    );
    assert!(
        state
            .open_session(&ann.principal.id, at_browser("passkey"), T0)
            .await
            .is_err()
    );
    let nothing = state
        .enrol(&second.code.hash(), &Setup::default(), T0)
        .await;
    assert!(matches!(
        nothing,
        Err(Error::Invalid {
            field: "factor",
            ..
        })
    ));
}

#[tokio::test]
async fn a_session_ends_when_idle_and_after_a_shift() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let token = opened(&state, &ann, T0).await;
    let minute = |n: i64| T0 + n * MINUTE;
    assert!(
        is_open(&state, &token, minute(14)).await,
        "looking is no activity"
    );
    assert!(!is_open(&state, &token, minute(15)).await);
    let at = async |n| {
        state
            .session_by_token(token.reveal(), minute(n), Some(minute(n)))
            .await
    };
    assert!(at(14).await.unwrap().is_some());
    assert!(
        is_open(&state, &token, minute(28)).await && !is_open(&state, &token, minute(29)).await
    );
    // Other people change, and all sessions are read anew: the activity is known still.
    enrolled(&state, "ben", None, &with_passkey(2)).await;
    assert!(is_open(&state, &token, minute(28)).await);
    for n in (20..720).step_by(10) {
        assert!(at(n).await.unwrap().is_some(), "{n}");
    }
    assert!(at(720).await.unwrap().is_none(), "a shift is over");
    // An idle session cannot say that it was not.
    let token = opened(&state, &ann, T0).await;
    let late = state
        .session_by_token(token.reveal(), minute(16), Some(minute(10)))
        .await;
    assert!(late.unwrap().is_none());
}

#[tokio::test]
async fn activity_is_known_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let state = State::open(&path).await.unwrap();
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let token = opened(&state, &ann, T0).await;
    let active = T0 + 10 * MINUTE;
    state
        .session_by_token(token.reveal(), active, Some(active))
        .await
        .unwrap();
    state.touch_sessions().await.unwrap();
    state.close().await;
    let state = State::open(&path).await.unwrap();
    assert!(is_open(&state, &token, T0 + 24 * MINUTE).await);
    let account = state.account(&ann, T0).await.unwrap();
    assert_eq!(account.principal.last_used_ms, Some(active));
    // The cookie is nowhere in the file.
    let secret = token.reveal().as_bytes();
    let stored = [
        std::fs::read(&path).unwrap(),
        std::fs::read(path.with_extension("db-wal")).unwrap_or_default(),
    ];
    assert!(
        !stored
            .iter()
            .any(|file| file.windows(secret.len()).any(|at| at == secret))
    );
}

#[tokio::test]
async fn sessions_are_seen_and_ended_one_by_one() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let (one, two) = (
        opened(&state, &ann, T0).await,
        opened(&state, &ann, T0 + 1).await,
    );
    let all = state.sessions_of(&ann, T0 + 2).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(
        (all[0].address.as_str(), all[0].methods.as_str()),
        ("203.0.113.7", "passkey")
    );
    assert!(
        state.end_session_of("another", &all[0].id).await.is_err(),
        "not theirs"
    );
    state.end_session_of(&ann, &all[0].id).await.unwrap();
    assert!(is_open(&state, &one, T0 + 2).await && !is_open(&state, &two, T0 + 2).await);
    // Signing in again ends the session that the browser had.
    let again = NewSession {
        instead_of: Some(one.hash()),
        ..at_browser("passkey")
    };
    let (three, _) = state.open_session(&ann, again, T0 + 3).await.unwrap();
    assert!(!is_open(&state, &one, T0 + 3).await && is_open(&state, &three, T0 + 3).await);
    let still = Credential::Session(three.hash());
    assert!(state.still(still, T0 + 3).await.unwrap().is_some());
    assert_eq!(state.end_sessions_of(&ann, None).await.unwrap(), 1);
    assert!(state.still(still, T0 + 3).await.unwrap().is_none());
    for at in 0..60 {
        opened(&state, &ann, T0 + 10 + at).await;
    }
    assert_eq!(state.sessions_of(&ann, T0 + 100).await.unwrap().len(), 50);
}

#[tokio::test]
async fn what_was_shown_says_whether_it_was_enough() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", Some(Role::Analyst), &with_passkey(1)).await;
    for (methods, mfa) in [
        ("passkey", true),
        ("password,totp", true),
        ("password", false),
        ("oidc", false),
    ] {
        let (token, session) = state
            .open_session(&ann, at_browser(methods), T0)
            .await
            .unwrap();
        let found = state
            .session_by_token(token.reveal(), T0, None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (session.principal.mfa, found.principal.mfa),
            (mfa, mfa),
            "{methods}"
        );
        assert_eq!(found.principal.kind, Kind::Person);
    }
}

#[tokio::test]
async fn ten_wrong_guesses_lock_a_password_for_half_an_hour() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_password("a long enough 1")).await;
    for n in 1..10 {
        assert_eq!(state.count_wrong(&ann, T0).await.unwrap(), None, "{n}");
    }
    let until = T0 + 30 * MINUTE;
    assert_eq!(state.count_wrong(&ann, T0).await.unwrap(), Some(until));
    assert_eq!(
        state.count_wrong(&ann, T0).await.unwrap(),
        None,
        "said once"
    );
    let locked = async |now| {
        let who = state.sign_in_as(&login("ann"), now).await.unwrap().unwrap();
        who.locked_until_ms
    };
    assert_eq!(
        (locked(until - 1).await, locked(until).await),
        (Some(until), None)
    );
    // After it the count begins anew, and a sign-in forgets it.
    assert_eq!(state.count_wrong(&ann, until).await.unwrap(), None);
    for _ in 0..8 {
        assert_eq!(state.count_wrong(&ann, until).await.unwrap(), None);
    }
    opened(&state, &ann, until).await;
    assert_eq!(state.count_wrong(&ann, until).await.unwrap(), None);
}

#[tokio::test]
async fn the_last_four_passwords_do_not_come_again() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_password("password number 1")).await;
    for n in 2..=5 {
        let hash = hash(&format!("password number {n}"));
        state.set_password(&ann, &hash, T0 + n).await.unwrap();
    }
    let last = state.last_passwords(&ann).await.unwrap();
    let known: Vec<_> = (1..=5)
        .filter(|n| {
            last.iter()
                .any(|hash| hash.matches(&format!("password number {n}")))
        })
        .collect();
    assert_eq!(known, [2, 3, 4, 5]);
}

#[tokio::test]
async fn a_passkey_is_one_persons_and_its_counter_moves_once() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let ben = enrolled(&state, "ben", None, &with_passkey(2)).await;
    let stolen = state.add_passkey(&ben, &passkey(1), "Mine", T0).await;
    assert!(matches!(stolen, Err(Error::Conflict(_))));
    let known = state.passkey(&[1; 16]).await.unwrap().unwrap();
    assert_eq!(
        (&known.person, &known.passkey.transports),
        (&ann, &passkey(1).transports)
    );
    let proof = Proof {
        sign_count: 5,
        backup_state: true,
    };
    assert!(state.used_passkey(&known, &proof, T0).await.unwrap());
    assert!(
        !state.used_passkey(&known, &proof, T0).await.unwrap(),
        "the same twice"
    );
    assert_eq!(
        state
            .passkey(&[1; 16])
            .await
            .unwrap()
            .unwrap()
            .passkey
            .sign_count,
        5
    );
    assert!(state.passkey(&[9; 16]).await.unwrap().is_none());
    state.disable_person(&ann, T0).await.unwrap();
    assert!(state.passkey(&[1; 16]).await.unwrap().is_none());
}

#[tokio::test]
async fn codes_are_taken_once() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_password("a long enough 1")).await;
    let who = state.sign_in_by_id(&ann, T0).await.unwrap().unwrap();
    let device = &who.one_time_codes[0];
    assert_eq!(
        (device.sealed.as_slice(), device.last_step),
        (&b"sealed"[..], Some(7))
    );
    let take = async |step| {
        state
            .use_one_time_code(&device.factor, step, T0)
            .await
            .unwrap()
    };
    assert!(!take(7).await, "the code of the enrolment is a replay");
    assert!(take(9).await && !take(9).await && !take(8).await && take(10).await);
    let recover = async |digest| state.use_recovery_code(&ann, &digest, T0).await.unwrap();
    assert!(recover([1; 32]).await && !recover([1; 32]).await && !recover([3; 32]).await);
    assert_eq!(state.account(&ann, T0).await.unwrap().recovery_left, 1);
    state.renew_recovery_codes(&ann, &[[3; 32]]).await.unwrap();
    assert!(!recover([2; 32]).await && recover([3; 32]).await);
}

#[tokio::test]
async fn the_last_way_in_cannot_be_taken_away() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    state
        .add_one_time_codes(&ann, b"x", 1, "Phone", T0)
        .await
        .unwrap();
    let factors = state.factors(&ann).await.unwrap();
    let of = |kind| factors.iter().find(|f| f.kind == kind).unwrap().id.clone();
    // Codes alone open nothing: there is no password.
    let gone = state.remove_factor(&ann, &of(FactorKind::Passkey)).await;
    assert!(matches!(gone, Err(Error::Conflict(_))));
    state
        .add_passkey(&ann, &passkey(2), "Key", T0)
        .await
        .unwrap();
    state
        .remove_factor(&ann, &of(FactorKind::Passkey))
        .await
        .unwrap();
    state
        .remove_factor(&ann, &of(FactorKind::Totp))
        .await
        .unwrap();
    assert!(state.remove_factor(&ann, "none").await.is_err());
}

#[tokio::test]
async fn a_reset_needs_two_others_and_time() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_password("a long enough 1")).await;
    let (ben, cleo) = ("ben", "cleo");
    let ask = async |by| {
        state
            .ask_reset(&ann, "lost", "called the number on file", by, T0)
            .await
    };
    assert!(ask(&ann).await.is_err(), "not for oneself");
    let reset = ask(ben).await.unwrap();
    assert!(
        matches!(ask(cleo).await, Err(Error::Conflict(_))),
        "one at a time"
    );
    for by in [ben, ann.as_str()] {
        assert!(
            state.confirm_reset(&reset.id, by, T0).await.is_err(),
            "{by}"
        );
    }
    let (reset, invitation) = state.confirm_reset(&reset.id, cleo, T0).await.unwrap();
    assert_eq!(reset.not_before_ms, Some(T0 + HOUR));
    let session = opened(&state, &ann, T0).await;
    let code = invitation.code.hash();
    assert!(
        state
            .enrolling(&code, T0 + HOUR - 1)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        state
            .enrol(&code, &with_passkey(5), T0 + HOUR - 1)
            .await
            .is_err()
    );
    state
        .enrol(&code, &with_passkey(5), T0 + HOUR)
        .await
        .unwrap();
    // Nothing of before is left.
    let who = state.sign_in_by_id(&ann, T0).await.unwrap().unwrap();
    assert!(who.password.is_none() && who.one_time_codes.is_empty());
    assert!(!is_open(&state, &session, T0 + 1).await);
    let ended = state.resets(Some(&ann)).await.unwrap();
    assert_eq!(ended[0].outcome.as_deref(), Some("done"));
    // The old password may not come again even so.
    assert!(state.last_passwords(&ann).await.unwrap()[0].matches("a long enough 1"));
}

#[tokio::test]
async fn the_owner_of_an_account_may_object_to_a_reset() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let reset = state
        .ask_reset(&ann, "lost", "called", "ben", T0)
        .await
        .unwrap();
    let (reset, invitation) = state.confirm_reset(&reset.id, "cleo", T0).await.unwrap();
    let refused = state.refuse_reset(&reset.id, &ann, T0 + 1).await.unwrap();
    assert_eq!(
        (refused.outcome.as_deref(), refused.ended_by),
        (Some("refused"), Some(ann.clone()))
    );
    let code = invitation.code.hash();
    assert!(state.enrolling(&code, T0 + HOUR).await.unwrap().is_none());
    assert!(state.refuse_reset(&reset.id, &ann, T0 + 2).await.is_err());
    assert!(
        state.passkey(&[1; 16]).await.unwrap().is_some(),
        "nothing changed"
    );
}

#[tokio::test]
async fn whoever_is_switched_off_is_out_everywhere_and_can_come_back() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_password("a long enough 1")).await;
    let session = opened(&state, &ann, T0).await;
    state.disable_person(&ann, T0).await.unwrap();
    assert!(!is_open(&state, &session, T0).await);
    assert!(state.sign_in_as(&login("ann"), T0).await.unwrap().is_none());
    assert!(
        state
            .open_session(&ann, at_browser("passkey"), T0)
            .await
            .is_err()
    );
    state.enable_person(&ann, T0 + 1).await.unwrap();
    assert!(
        !is_open(&state, &session, T0 + 1).await,
        "old sessions do not come back"
    );
    assert!(
        state
            .sign_in_as(&login("ann"), T0 + 1)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn accounts_that_nobody_uses_are_switched_off_but_the_last_administrator() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", Some(Role::Administrator), &with_passkey(1)).await;
    let ben = enrolled(&state, "ben", None, &with_passkey(2)).await;
    let cleo = enrolled(&state, "cleo", None, &with_passkey(3)).await;
    opened(&state, &cleo, T0 + DAY).await;
    assert!(
        state
            .disable_dormant(T0 + 90 * DAY)
            .await
            .unwrap()
            .is_empty()
    );
    let gone = state.disable_dormant(T0 + 90 * DAY + 1).await.unwrap();
    assert_eq!(gone, [(ben, "ben".to_owned())]);
    let left = state.account(&ann, T0).await.unwrap();
    assert_eq!(left.principal.disabled_ms, None);
}

#[tokio::test]
async fn names_and_agents_are_one_persons() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let ben = enrolled(&state, "ben", None, &with_passkey(2)).await;
    let change = |agent: Option<&str>, login: Option<&str>| ChangePerson {
        name: None,
        login: login.map(|text| Login::parse(text).unwrap()),
        agent: agent.map(|text| Some(text.to_owned())),
    };
    let set = async |who: &str, change| state.change_person(who, &change, T0).await;
    let account = set(&ann, change(Some("4711"), None)).await.unwrap();
    assert_eq!(account.principal.subject(T0).agent.as_deref(), Some("4711"));
    let taken = set(&ben, change(Some("4711"), None)).await;
    assert!(matches!(taken, Err(Error::Taken { field: "agent", .. })));
    let taken = set(&ben, change(None, Some("ANN"))).await;
    assert!(matches!(taken, Err(Error::Taken { field: "login", .. })));
    set(&ben, change(None, Some("Benedict"))).await.unwrap();
    assert!(
        state
            .sign_in_as(&login("benedict"), T0)
            .await
            .unwrap()
            .is_some()
    );
    // A role for programs is not for people.
    let role = NewRole {
        role: Role::Automation,
        program: "*".to_owned(),
        why: String::new(),
        expires_ms: None,
    };
    assert!(state.give_role(&ben, &role, "x", T0).await.is_err());
}

#[tokio::test]
async fn limits_are_the_installations() {
    let limits = Limits {
        sign_in: SignInLimits {
            idle: Duration::from_secs(60),
            ..SignInLimits::default()
        },
        ..Limits::default()
    };
    let state = State::open_memory_with(limits).await.unwrap();
    let ann = enrolled(&state, "ann", None, &with_passkey(1)).await;
    let token = opened(&state, &ann, T0).await;
    assert!(!is_open(&state, &token, T0 + MINUTE).await);
}
