//! Administrative acts: answered only when what was done is on the log.

use std::sync::Arc;

use bytes::Bytes;
use ringfence_event::{Name, Origin};
use ringfence_sources::{Format, Incoming, Naming};
use serde_json::json;

use crate::app::App;
use crate::auth::Person;
use crate::problem::Problem;

/// OCSF User Access Management.
const CLASS: u32 = 3005;

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
/// When the log cannot be written: the act is done, and whoever did it is told that it is not recorded.
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
    let now = app.inside.now();
    let event = json!({
        "class_uid": CLASS, "category_uid": 3, "activity_id": activity,
        "type_uid": CLASS * 100 + activity, "severity_id": 2, "time": now.0,
        "metadata": {"version": "1.8.0", "product": {"name": "Ringfence"}, "log_name": "access"},
        "message": format!("service {name} {words}"),
        "user": {"uid": id, "name": name, "type": "Service"},
        "privileges": privileges,
        "actor": {"user": {"uid": by.id(), "name": by.name()}},
    });
    let record = Incoming {
        bytes: Bytes::from(event.to_string()),
        received: now,
        peer: None,
        flow: None,
        naming: Naming::Arrival,
        line: 0,
    };
    let part = |text: &str| Name::new(text).map_err(|e| Problem::internal(&e));
    let origin = Origin::local(part("ringfence")?, part("default")?, part("default")?);
    let receipt = app
        .sink
        .submit(&Arc::new(origin), Format::Json, vec![record])
        .await;
    match receipt {
        Ok(receipt) if receipt.accepted == 1 => Ok(()),
        Ok(receipt) => {
            let why = receipt.rejected.first().map(|r| r.reason.clone());
            Err(Problem::internal(&why.unwrap_or_default()))
        }
        Err(error) => Err(Problem::unavailable(format!(
            "it was done, and could not be recorded: {error}"
        ))),
    }
}
