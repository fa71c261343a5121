//! What a directory did, as events that are on the log when it gets its answer.

use futures::future::try_join_all;
use ringfence_state::{DirectoryChange, DirectoryPerson, Group, GroupChange, Held};
use serde_json::json;

use crate::acts;
use crate::app::App;
use crate::auth::Person;
use crate::problem::Problem;
use crate::sign_in::told::{self, Change};

/// OCSF `activity_id` of User Access Management: assign, revoke, other.
const GAVE: u8 = 1;
const TOOK: u8 = 2;
const OTHER: u8 = 99;

/// Events of one change that are written at a time.
const AT_ONCE: usize = 256;

pub(super) async fn made(app: &App, by: &Person, who: &DirectoryPerson) -> Result<(), Problem> {
    account(app, Change::Create, by, who, "was made by the directory").await
}

pub(super) async fn removed(app: &App, by: &Person, who: &DirectoryPerson) -> Result<(), Problem> {
    let what = "was taken out by the directory";
    account(app, Change::Delete, by, who, what).await
}

pub(super) async fn changed(
    app: &App,
    by: &Person,
    change: &DirectoryChange,
) -> Result<(), Problem> {
    let (before, after) = (&change.before, &change.after);
    let off = |who: &DirectoryPerson| who.principal.disabled_ms.is_some();
    match (off(before), off(after)) {
        (false, true) => {
            let what = "was switched off by the directory";
            account(app, Change::Disable, by, after, what).await?;
        }
        (true, false) => {
            let what = "was switched on by the directory";
            account(app, Change::Enable, by, after, what).await?;
        }
        _ => {}
    }
    let names = |who: &DirectoryPerson| {
        let principal = &who.principal;
        (
            who.login.clone(),
            principal.name.clone(),
            principal.agent.clone(),
        )
    };
    if names(before) != names(after) {
        let what = "has other names, says the directory";
        account(app, Change::Other, by, after, what).await?;
    }
    Ok(())
}

async fn account(
    app: &App,
    change: Change,
    by: &Person,
    who: &DirectoryPerson,
    what: &str,
) -> Result<(), Problem> {
    told::account(app, change, &who.principal, Some(&by.principal), what).await
}

/// The roles of a group.
pub(super) async fn roles_of(app: &App, id: &str) -> Result<Vec<Held>, Problem> {
    let all = app.state.group_roles().await?;
    let found = all.into_iter().find(|group| group.id == id);
    Ok(found.map(|group| group.roles).unwrap_or_default())
}

pub(super) async fn group_made(app: &App, by: &Person, group: &Group) -> Result<(), Problem> {
    about(app, by, group, "was made by the directory").await?;
    let joined = group.members.iter();
    // A new group has no roles.
    members(app, by, group, GAVE, "joined", joined, &[]).await
}

pub(super) async fn group_removed(
    app: &App,
    by: &Person,
    group: &Group,
    held: &[Held],
) -> Result<(), Problem> {
    about(app, by, group, "was taken away by the directory").await?;
    let left = group.members.iter();
    members(app, by, group, TOOK, "left", left, held).await
}

pub(super) async fn group_changed(
    app: &App,
    by: &Person,
    change: &GroupChange,
) -> Result<(), Problem> {
    let (before, after) = (&change.before, &change.after);
    if before.name != after.name {
        let what = format!("was called `{}` before", before.name);
        about(app, by, after, &what).await?;
    }
    let held = roles_of(app, &after.id).await?;
    members(app, by, after, GAVE, "joined", change.joined(), &held).await?;
    members(app, by, after, TOOK, "left", change.left(), &held).await
}

async fn about(app: &App, by: &Person, group: &Group, what: &str) -> Result<(), Problem> {
    let own = acts::begun(app, acts::USER_ACCESS, OTHER)
        .message(format!("group {} {what}", group.name))
        .with("group", json!({"uid": group.id, "name": group.name}));
    acts::tell(app, by, own).await
}

/// Who joined or left, one event each, with the roles that this gives or takes.
async fn members(
    app: &App,
    by: &Person,
    group: &Group,
    activity: u8,
    word: &str,
    people: impl Iterator<Item = (&String, &String)>,
    held: &[Held],
) -> Result<(), Problem> {
    let roles: Vec<_> = held.iter().map(Held::text).collect();
    let events: Vec<_> = people
        .map(|(id, name)| {
            acts::begun(app, acts::USER_ACCESS, activity)
                .message(format!("{name} {word} group {}", group.name))
                .with(
                    "user",
                    json!({"uid": id, "name": name, "type": "User", "type_id": 1}),
                )
                .with("group", json!({"uid": group.id, "name": group.name}))
                .with("privileges", roles.clone())
        })
        .collect();
    for some in events.chunks(AT_ONCE) {
        let some = some.iter().map(|own| acts::tell(app, by, own.clone()));
        try_join_all(some).await?;
    }
    Ok(())
}
