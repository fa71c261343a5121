//! Credentials that end soon, told once each, so that they are renewed before and not after.

use ringfence_event::{Own, Severity, Time};
use ringfence_sources::{Intake, Sink as _};
use ringfence_state::{Ending, State};
use serde_json::json;

use crate::clock;

/// OCSF Account Change, and in it what has no number.
const ACCOUNT: u32 = 3001;
const OTHER: u8 = 99;

/// Tells of certificates, and of services with their tokens, that end soon. What was told is noted when
/// it is on the log: a crash between the two tells it twice.
pub(crate) async fn tell(state: &State, intake: &Intake) -> Result<(), String> {
    let now = clock::now();
    let ending = state.ending_soon(now.0).await.map_err(|e| e.to_string())?;
    for one in ending.iter().filter(|one| !one.told) {
        let own = ends(one, now).event();
        intake.own(own).await.map_err(|e| e.to_string())?;
        let noted = state.told_of_ending(one, now.0).await;
        noted.map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn ends(one: &Ending, now: Time) -> Own {
    let kind = match one.holder.as_str() {
        "source" => "Source",
        _ => "Service",
    };
    let (what, end) = (one.words(), Time(one.ends_ms));
    let own = Own::new("access", ACCOUNT, OTHER, now)
        .program(one.program.as_deref().unwrap_or_default())
        .severity(Severity::Medium)
        .message(format!("{what} ends at {end}: renew it"))
        .with("activity_name", "Ends soon")
        .with(
            "user",
            json!({"uid": one.id, "name": one.name, "type": kind}),
        );
    match &one.serial {
        Some(serial) => own.with(
            "certificate",
            json!({"serial_number": serial, "expiration_time": one.ends_ms}),
        ),
        None => own,
    }
}
