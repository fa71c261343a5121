//! A directory makes people and groups; what these may do is said here.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::*;
use ringfence_policy::Role;
use ringfence_state::{Account, DirectoryChange, Error, NewRole, State};

async fn change(
    state: &State,
    id: &str,
    login: &str,
    active: bool,
) -> Result<DirectoryChange, Error> {
    let said = said(login, active);
    state.directory_change(id, T0, |_| Ok(said)).await
}

async fn account(state: &State, id: &str) -> Account {
    state.account(id, T0).await.unwrap()
}

fn role(role: Role) -> NewRole {
    NewRole {
        role,
        program: "bank".to_owned(),
        why: "their work".to_owned(),
        expires_ms: None,
    }
}

#[tokio::test]
async fn whom_a_directory_switches_off_it_alone_switches_on() {
    let state = memory().await;
    let made = state
        .directory_create(&said("Dora@X", true), T0)
        .await
        .unwrap();
    let dora = made.principal.id;
    assert_eq!(account(&state, &dora).await.login, "dora@x");
    let twice = state.directory_create(&said("DORA@x", true), T0).await;
    assert!(matches!(twice, Err(Error::Taken { field: "login", .. })));
    let off = change(&state, &dora, "dora@x", false).await.unwrap();
    assert!(
        off.before.principal.disabled_ms.is_none() && off.after.principal.disabled_ms.is_some()
    );
    let on = state.enable_person(&dora, T0).await;
    assert!(matches!(on, Err(Error::Conflict(_))), "not behind its back");
    let on = change(&state, &dora, "dora@x", true).await.unwrap();
    assert!(on.after.principal.disabled_ms.is_none());
    // Whom people here switched off stays so, whatever the directory says.
    state.disable_person(&dora, T0).await.unwrap();
    for active in [true, false, true] {
        let still = change(&state, &dora, "dora@x", active).await.unwrap();
        assert!(still.after.principal.disabled_ms.is_some(), "{active}");
    }
    assert!(
        state
            .enable_person(&dora, T0)
            .await
            .unwrap()
            .principal
            .disabled_ms
            .is_none()
    );
    // Names are the directory's to give, until she is taken back.
    let rename = ringfence_state::ChangePerson {
        name: Some("Dora".to_owned()),
        ..Default::default()
    };
    assert!(state.change_person(&dora, &rename, T0).await.is_err());
    state.give_to_directory(&dora, false, T0).await.unwrap();
    assert!(state.change_person(&dora, &rename, T0).await.is_ok());
    assert!(state.directory_person(&dora).await.is_err());
}

#[tokio::test]
async fn whoever_is_off_by_the_directory_or_by_people_here_is_off() {
    let state = memory().await;
    let made = state
        .directory_create(&said("dora", true), T0)
        .await
        .unwrap();
    let dora = made.principal.id;
    let is_on = async || account(&state, &dora).await.principal.disabled_ms.is_none();
    // Suspended there first, then switched off here: the directory alone does not let her in again.
    change(&state, &dora, "dora", false).await.unwrap();
    state.disable_person(&dora, T0).await.unwrap();
    let on = change(&state, &dora, "dora", true).await.unwrap();
    assert!(!on.after.off && !is_on().await);
    state.enable_person(&dora, T0).await.unwrap();
    assert!(is_on().await);
    // On leave here, then gone there: people here do not let her in again by mistake.
    state.disable_person(&dora, T0).await.unwrap();
    change(&state, &dora, "dora", false).await.unwrap();
    let refused = state.enable_person(&dora, T0).await;
    assert!(matches!(refused, Err(Error::Conflict(_))));
    // Handed over once more, nothing of it is forgotten; taken back, people here decide.
    state.give_to_directory(&dora, true, T0).await.unwrap();
    assert!(state.enable_person(&dora, T0).await.is_err());
    state.give_to_directory(&dora, false, T0).await.unwrap();
    assert!(!is_on().await);
    state.enable_person(&dora, T0).await.unwrap();
    assert!(is_on().await);
    // What says nothing about it changes nothing about it.
    state.give_to_directory(&dora, true, T0).await.unwrap();
    change(&state, &dora, "dora", false).await.unwrap();
    let mut silent = said("dora", true);
    silent.active = None;
    let still = state
        .directory_change::<Error>(&dora, T0, |_| Ok(silent))
        .await;
    assert!(still.unwrap().after.off);
}

#[tokio::test]
async fn who_comes_back_has_the_account_at_the_provider_that_they_had() {
    let state = memory().await;
    let made = state.directory_create(&said("dora", true), T0).await;
    let before = made.unwrap().principal.id;
    state
        .link(&before, "https://op.example", "d-1", T0)
        .await
        .unwrap();
    state.directory_remove(&before, T0).await.unwrap();
    state
        .directory_create(&said("dora", true), T0)
        .await
        .unwrap();
    let login = ringfence_identity::Login::parse("dora").unwrap();
    let linked = state
        .link_first(&login, "https://op.example", "d-1", T0)
        .await
        .unwrap();
    assert!(linked.unwrap().is_enabled);
}

#[tokio::test]
async fn whoever_gave_a_group_a_role_has_it_not_by_joining() {
    let state = memory().await;
    let made = state.directory_create(&said("dora", true), T0).await;
    let dora = made.unwrap().principal.id;
    let night = state.create_group(&group("Night", &[]), T0).await.unwrap();
    let given = state
        .give_group_role(&night.id, &role(Role::Supervisor), &dora, T0)
        .await;
    given.unwrap();
    let joined = group("Night", &[&dora]);
    state
        .change_group::<Error>(&night.id, T0, |_| Ok(joined))
        .await
        .unwrap();
    assert!(account(&state, &dora).await.principal.roles.is_empty());
}

#[tokio::test]
async fn whoever_is_taken_out_holds_nothing_and_leaves_their_name() {
    let state = memory().await;
    let made = state
        .directory_create(&said("dora", true), T0)
        .await
        .unwrap();
    let dora = made.principal.id;
    state
        .give_role(&dora, &role(Role::Analyst), "ada", T0)
        .await
        .unwrap();
    state.directory_remove(&dora, T0).await.unwrap();
    let gone = account(&state, &dora).await;
    assert!(gone.removed_ms.is_some() && gone.principal.disabled_ms.is_some());
    assert!(gone.principal.roles.is_empty());
    assert!(matches!(
        state.enable_person(&dora, T0).await,
        Err(Error::Conflict(_))
    ));
    assert!(matches!(
        state.give_to_directory(&dora, true, T0).await,
        Err(Error::NotFound { .. })
    ));
    assert!(state.directory_people(None, None).await.unwrap().is_empty());
    let again = state
        .directory_create(&said("dora", true), T0)
        .await
        .unwrap();
    assert_ne!(again.principal.id, dora);
    let by_id = state
        .directory_people(None, Some("id of dora"))
        .await
        .unwrap();
    assert_eq!(by_id.len(), 1);
}

#[tokio::test]
async fn a_group_gives_its_members_its_roles_and_one_of_them_can_lose_it() {
    let state = memory().await;
    directory(&state).await;
    let night = state
        .directory_groups(Some("NIGHT shift"), true)
        .await
        .unwrap()
        .remove(0);
    let by_name = |name: &str| {
        let found = night
            .members
            .iter()
            .find(|(_, known)| known.as_str() == name);
        found.unwrap().0.clone()
    };
    let (dora, dirk) = (by_name("dora"), by_name("dirk"));
    let held = account(&state, &dora).await.principal.roles;
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].role, held[0].through.as_deref()),
        (Role::Supervisor, Some("Night shift"))
    );
    assert!(
        account(&state, &dirk).await.principal.roles.is_empty(),
        "it was taken from him"
    );
    // Given by name, he holds it beside the group.
    state
        .give_role(&dirk, &role(Role::Supervisor), "ada", T0)
        .await
        .unwrap();
    let his = account(&state, &dirk).await.principal.roles;
    assert_eq!((his.len(), his[0].through.clone()), (1, None));
    // Who leaves has it no longer; who is not of the directory cannot join.
    let left = group("Night shift", &[&dirk]);
    let change = state
        .change_group::<Error>(&night.id, T0, |_| Ok(left))
        .await
        .unwrap();
    assert_eq!(change.left().count(), 1);
    assert!(account(&state, &dora).await.principal.roles.is_empty());
    let ann = enrolled(&state, "ann", Some(Role::Administrator), &with_passkey(1)).await;
    let joined = group("Night shift", &[&ann]);
    let refused = state
        .change_group::<Error>(&night.id, T0, |_| Ok(joined))
        .await;
    assert!(matches!(
        refused,
        Err(Error::Invalid {
            field: "members",
            ..
        })
    ));
    // No group administers, and a name is one group's in whatever capitals.
    for not in [Role::Administrator, Role::Auditor, Role::Integration] {
        let given = state
            .give_group_role(&night.id, &role(not), "ada", T0)
            .await;
        assert!(
            matches!(given, Err(Error::Invalid { field: "role", .. })),
            "{not}"
        );
    }
    let same = state.create_group(&group("night SHIFT", &[]), T0).await;
    assert!(matches!(same, Err(Error::Taken { .. })));
    state.remove_group(&night.id).await.unwrap();
    assert!(state.group_roles().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_last_administrator_is_not_switched_off_by_a_directory() {
    let state = memory().await;
    let ann = enrolled(&state, "ann", Some(Role::Administrator), &with_passkey(1)).await;
    state.give_to_directory(&ann, true, T0).await.unwrap();
    let off = change(&state, &ann, "ann", false).await;
    assert!(matches!(off, Err(Error::Conflict(_))));
    assert!(matches!(
        state.directory_remove(&ann, T0).await,
        Err(Error::Conflict(_))
    ));
    assert!(account(&state, &ann).await.principal.disabled_ms.is_none());
}
