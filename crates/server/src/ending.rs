//! Credentials that end soon, told once each, so that they are renewed before and not after.

use ringfence_event::{Own, Severity, Time};
use ringfence_sources::{Intake, Sink as _};
use ringfence_state::State;
use serde_json::json;

use crate::clock;

/// How long before.
const BEFORE_MS: i64 = 14 * 86_400_000;
/// OCSF Account Change, and in it what has no number.
const ACCOUNT: u32 = 3001;
const OTHER: u8 = 99;

/// Tells of certificates, and of services with their tokens, that end within two weeks. What was told
/// is noted when it is on the log: a crash between the two tells it twice.
pub(crate) async fn tell(state: &State, intake: &Intake) -> Result<(), String> {
    let now = clock::now();
    let before = now.0.saturating_add(BEFORE_MS);
    let certificates = state.ending_certificates(before, now.0).await;
    for one in certificates.map_err(|e| e.to_string())? {
        let (kind, id) = match (&one.source_id, &one.service_id) {
            (Some(id), _) => ("Source", id.as_str()),
            (None, id) => ("Service", id.as_deref().unwrap_or_default()),
        };
        let what = format!("a certificate of {} {id}", kind.to_ascii_lowercase());
        let user = json!({"uid": id, "type": kind});
        let own = ends(&what, one.until_ms, now).with("user", user);
        let shown = json!({"serial_number": one.serial, "expiration_time": one.not_after_ms});
        let own = own.with("certificate", shown);
        intake.own(own.event()).await.map_err(|e| e.to_string())?;
        let noted = state.warned_of_certificate(&one.fingerprint, now.0).await;
        noted.map_err(|e| e.to_string())?;
    }
    let services = state.ending_services(before, now.0).await;
    for (id, name, expires_ms) in services.map_err(|e| e.to_string())? {
        let user = json!({"uid": id, "name": name, "type": "Service"});
        let what = format!("the token of service {name}");
        let own = ends(&what, expires_ms, now).with("user", user);
        intake.own(own.event()).await.map_err(|e| e.to_string())?;
        let noted = state.warned_of_service(&id, now.0).await;
        noted.map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn ends(what: &str, at_ms: i64, now: Time) -> Own {
    Own::new("access", ACCOUNT, OTHER, now)
        .severity(Severity::Medium)
        .message(format!("{what} ends at {}: renew it", Time(at_ms)))
        .with("activity_name", "Ends soon")
}
