//! What every event gets from its record and not from its text.

use ringfence_event::{
    AUTHENTICATION, Event, Flag, Keys, LogSource, Origin, Time, WEB_RESOURCES, ext,
};

use crate::{Position, Reject, RejectCode};

/// An event with program, site, source and trust of the credential behind it.
pub(crate) fn open(origin: &Origin, received: Time, class: u32, activity: u8) -> Event {
    let keys = Keys::of(
        origin.program.clone(),
        origin.site.clone(),
        origin.source.clone(),
    );
    let mut event = Event::new(keys, class, activity, received);
    event.logsource = logsource(class);
    // Fails closed: call state of a peer that did not prove who it is informs, never decides.
    event.trusted = origin.authority.call_state && origin.authority.authenticated;
    if !origin.authority.authenticated {
        event.flag(Flag::Unauthenticated);
    }
    event
}

/// Refuses a class that the source's credential does not grant.
pub(crate) fn allow(origin: &Origin, class: u32) -> Result<(), Reject> {
    if origin.authority.may_send(class) {
        return Ok(());
    }
    let reason = format!(
        "source `{}` may not send class {class}: grant it to the source or map the record to \
         another class",
        origin.source
    );
    Err(Reject::new(
        RejectCode::ClassNotAllowed,
        Position::START,
        reason,
    ))
}

/// OCSF classes that only rules ask for by log source.
const EVENT_LOG: u32 = 1008;
const PROCESS: u32 = 1007;
const DNS: u32 = 4003;

/// The Sigma log source of a class, where no mapping says another.
pub(crate) fn logsource(class: u32) -> LogSource {
    let (product, category) = match class {
        WEB_RESOURCES => (Some("contact_center"), "record_access"),
        ext::CALL => (Some("contact_center"), "call"),
        ext::RECORDING => (Some("contact_center"), "recording"),
        ext::CONSENT => (Some("contact_center"), "consent"),
        ext::AGENT => (Some("contact_center"), "agent"),
        ext::SIGNALLING => (Some("sip"), "signalling"),
        ext::SOURCE => (Some("ringfence"), "source"),
        AUTHENTICATION => (None, "authentication"),
        EVENT_LOG => (None, "audit_log"),
        PROCESS => (None, "process_creation"),
        DNS => (None, "dns_query"),
        _ => return LogSource::default(),
    };
    LogSource {
        product: product.map(str::to_owned),
        service: None,
        category: Some(category.to_owned()),
    }
}
