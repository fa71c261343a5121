//! Administrative acts: answered only when what was done is in the evidence log.

use ringfence_event::{Own, Severity};
use serde_json::json;

use crate::app::App;
use crate::auth::Person;
use crate::problem::Problem;
use crate::trail;

/// OCSF User Access Management.
pub(crate) const USER_ACCESS: u32 = 3005;
/// OCSF Account Change, and in it Password Change and what has no number.
pub(crate) const ACCOUNT: u32 = 3001;
const PASSWORD_CHANGE: u8 = 3;
pub(crate) const OTHER: u8 = 99;

/// What was done to whoever may use the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// OCSF `activity_id` 1, Assign Privileges.
    Gave,
    /// OCSF `activity_id` 2, Revoke Privileges.
    Took,
}

/// Records that `by` gave or took privileges (`role@program`), and waits until that is durable.
///
/// # Errors
/// As [`tell`].
pub(crate) async fn record(
    app: &App,
    by: &Person,
    act: Act,
    whom: (&str, &str),
    privileges: &[String],
) -> Result<(), Problem> {
    let (activity, words) = match act {
        Act::Gave => (1, "was given a token"),
        Act::Took => (2, "lost its token"),
    };
    let (id, name) = whom;
    let own = begun(app, USER_ACCESS, activity)
        .message(format!("service {name} {words}"))
        .with("user", json!({"uid": id, "name": name, "type": "Service"}))
        .with("privileges", privileges.to_vec());
    tell(app, by, own).await
}

/// Records that somebody was given a new token in the place of the old one.
///
/// # Errors
/// As [`tell`].
pub(crate) async fn rotated(
    app: &App,
    by: &Person,
    (kind, id, name): (&str, &str, &str),
    program: &str,
    overlap: std::time::Duration,
) -> Result<(), Problem> {
    let minutes = overlap.as_secs() / 60;
    let said = kind.to_ascii_lowercase();
    let message =
        format!("{said} {name} was given a new token; the old one is good for {minutes} minutes");
    let own = begun(app, ACCOUNT, PASSWORD_CHANGE)
        .program(program)
        .message(message)
        .with("user", json!({"uid": id, "name": name, "type": kind}));
    tell(app, by, own).await
}

/// Records what changed about somebody who may use the API.
///
/// # Errors
/// As [`tell`].
pub(crate) async fn changed(
    app: &App,
    by: &Person,
    (kind, id, name): (&str, &str, &str),
    program: &str,
    what: &str,
) -> Result<(), Problem> {
    let own = begun(app, ACCOUNT, OTHER)
        .program(program)
        .message(format!("{} {name} {what}", kind.to_ascii_lowercase()))
        .with("activity_name", what)
        .with("user", json!({"uid": id, "name": name, "type": kind}));
    tell(app, by, own).await
}

/// An act of a class and activity, of this moment.
pub(crate) fn begun(app: &App, class_uid: u32, activity_id: u8) -> Own {
    Own::new("access", class_uid, activity_id, app.inside.now()).severity(Severity::Low)
}

/// Puts an act on the log with who did it, and waits until that is durable.
///
/// # Errors
/// When the log cannot be written: the act is done, and whoever did it is told that it is not recorded.
pub(crate) async fn tell(app: &App, by: &Person, act: Own) -> Result<(), Problem> {
    let actor = json!({"user": {"uid": by.id(), "name": by.name()}});
    settle(app, act.with("actor", actor)).await
}

/// Puts an event on the log and waits until it is in the evidence log, too.
///
/// # Errors
/// As [`tell`].
pub(crate) async fn settle(app: &App, act: Own) -> Result<(), Problem> {
    let offset = write(app, act).await?;
    let there = app.inside.evidence().wait(offset).await;
    there.map_err(|why| {
        Problem::unavailable(format!(
            "it was done, and is not in the evidence log: {why}"
        ))
    })
}

/// Puts an event on the log and waits until that is durable; the evidence log has it within a second.
///
/// # Errors
/// As [`tell`].
pub(crate) async fn log(app: &App, act: Own) -> Result<(), Problem> {
    write(app, act).await.map(|_| ())
}

async fn write(app: &App, act: Own) -> Result<u64, Problem> {
    let told = app.sink.own(trail::stamp(act).event()).await;
    told.map_err(|error| {
        Problem::unavailable(format!("it was done, and could not be recorded: {error}"))
    })
}
