//! The calls of the shift as an edge hears them: each with its dialog between carrier and PBX.

use ringfence_event::Time;

use crate::item::{CallNo, CustomerNo, SipMessage, What};
use crate::ocsf::sip_call_id;
use crate::people;
use crate::world::World;
use crate::{Feed, Place};

/// The carrier's session border controller; the address is one set aside for documentation.
pub(crate) const CARRIER: &str = "192.0.2.10";
/// The number that customers call.
const SERVICE: &str = "+18005550100";

/// A call on the trunk, as far as it has been told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trunk {
    pub(crate) line: CustomerNo,
    pub(crate) outbound: bool,
    pub(crate) rang: Time,
    pub(crate) answered: Option<Time>,
    pub(crate) ended: Option<Time>,
}

/// Tells the dialogs of all calls (RFC 3261 §13 and §15). Last of all, so that everything else of
/// the shift is as it is without.
pub(crate) fn tell(w: &mut World<'_>) {
    for (call, trunk) in std::mem::take(&mut w.trunks) {
        dialog(w, call, &trunk);
    }
}

fn dialog(w: &mut World<'_>, call: CallNo, c: &Trunk) {
    // Who hangs up.
    let hangs_up = if call.is_multiple_of(3) {
        !c.outbound
    } else {
        c.outbound
    };
    let mut say = |t: Time, method, status, ours: bool| {
        let what = What::Sip(Box::new(message(call, c, method, status, ours)));
        w.tell(t, Feed::Sip, Place::Main, what);
    };
    let (ask, answer) = (c.outbound, !c.outbound);
    let asked = c.rang - 120;
    say(asked, "INVITE", None, ask);
    say(asked + 8, "INVITE", Some((100, "Trying")), answer);
    say(c.rang, "INVITE", Some((180, "Ringing")), answer);
    match (c.answered, c.ended) {
        (Some(at), end) => {
            say(at, "INVITE", Some((200, "OK")), answer);
            say(at + 40, "ACK", None, ask);
            if let Some(end) = end {
                say(end, "BYE", None, hangs_up);
                say(end + 20, "BYE", Some((200, "OK")), !hangs_up);
            }
        }
        (None, Some(end)) => {
            say(end, "CANCEL", None, ask);
            say(end + 10, "CANCEL", Some((200, "OK")), answer);
            let status = Some((487, "Request Terminated"));
            say(end + 12, "INVITE", status, answer);
            say(end + 50, "ACK", None, ask);
        }
        (None, None) => {}
    }
}

fn message(
    call: CallNo,
    c: &Trunk,
    method: &'static str,
    status: Option<(u16, &'static str)>,
    ours: bool,
) -> SipMessage {
    let (customer, service) = (people::number(c.line), SERVICE.to_owned());
    let (from_user, to_user) = if c.outbound {
        (service, customer)
    } else {
        (customer, service)
    };
    SipMessage {
        outside: CARRIER.to_owned(),
        ours,
        method,
        status,
        call_id: sip_call_id(call),
        from_user,
        to_user,
        agent: if ours { "pbx/20.6" } else { "carrier-sbc/7.2" },
        transport: "tls",
        credentials: false,
    }
}
