//! Administrative acts: answered only when what was done is on the log.

use ringfence_event::{Own, Severity};
use serde_json::json;

use crate::app::App;
use crate::auth::Person;
use crate::problem::Problem;

/// OCSF User Access Management.
pub(crate) const USER_ACCESS: u32 = 3005;

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
    log(app, act.with("actor", actor)).await
}

/// Puts an event on the log and waits until that is durable.
///
/// # Errors
/// As [`tell`].
pub(crate) async fn log(app: &App, act: Own) -> Result<(), Problem> {
    let told = app.sink.own(act.event()).await;
    told.map_err(|error| {
        Problem::unavailable(format!("it was done, and could not be recorded: {error}"))
    })
}
