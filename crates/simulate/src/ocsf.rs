//! Items as OCSF 1.8 events with our telephony extension.

use ringfence_event::{
    AUTHENTICATION, BASE, WEB_RESOURCES, activity_name, class_of, ext, type_uid,
};
use serde_json::{Map, Value, json};

use crate::item::{AgentNo, CallStep, Detail, Item, SipMessage, State, What};
use crate::{people, signalling};

pub(crate) fn event(item: &Item) -> Value {
    let (class, activity, body) = match &item.what {
        What::SignIn(a) => (ext::AGENT, 1, json!({"agent": agent(*a, None)})),
        What::SignOut(a) => (ext::AGENT, 2, json!({"agent": agent(*a, Some("offline"))})),
        What::State(a, s) => {
            let state = match s {
                State::Available => "available",
                State::OnCall => "on_call",
                State::WrapUp => "wrap_up",
                State::Away => "away",
            };
            (ext::AGENT, 3, json!({"agent": agent(*a, Some(state))}))
        }
        What::Call(step) => (ext::CALL, step.activity, call(step)),
        What::Record(detail) => (ext::CALL, 8, record(detail)),
        What::Recording(c, a, activity) => {
            let body = json!({
                "call_uid": call_id(*c),
                "agent": agent(*a, None),
                "recording": {"uid": format!("rec-{c:06}")},
            });
            (ext::RECORDING, *activity, body)
        }
        What::Consent(c, a, activity) => {
            let body = json!({
                "call_uid": call_id(*c),
                "agent": agent(*a, None),
                "consent_state_id": activity,
                "consent_state": activity_name(ext::CONSENT, *activity),
            });
            (ext::CONSENT, *activity, body)
        }
        What::LookUp {
            agent,
            customer,
            activity,
            records,
        } => {
            let resource = match customer {
                Some(c) => json!({"type": "customer_record", "uid": people::customer_id(*c)}),
                None => json!({"type": "customer_search", "name": "customers"}),
            };
            let body = json!({
                "actor": {"user": user(*agent)},
                "web_resources": [resource],
                "count": records,
                "src_endpoint": endpoint(*agent),
                "http_request": {"user_agent": "crm-desktop/5.2"},
            });
            (WEB_RESOURCES, *activity, body)
        }
        What::Logon {
            agent,
            elsewhere,
            failed,
        } => (AUTHENTICATION, 1, logon(*agent, *elsewhere, *failed)),
        What::Sip(m) => {
            let activity = if m.status.is_some() { 2 } else { 1 };
            (ext::SIGNALLING, activity, sip(m))
        }
        What::Heartbeat => {
            let class = match item.feed {
                crate::Feed::Agents => ext::AGENT,
                _ => ext::CALL,
            };
            (class, 99, json!({"activity_name": "Heartbeat"}))
        }
        What::Line(n) => {
            let message = format!("cron[{n}]: (root) CMD (run-parts /etc/cron.hourly)");
            (BASE, 0, json!({"message": message}))
        }
    };
    envelope(item, class, activity, body)
}

fn envelope(item: &Item, class: u32, activity: u8, body: Value) -> Value {
    let mut event = Map::new();
    let mut set = |name: &str, value: Value| {
        event.insert(name.to_owned(), value);
    };
    set("class_uid", class.into());
    set("activity_id", activity.into());
    set("type_uid", type_uid(class, activity).into());
    set("activity_name", activity_name(class, activity).into());
    if let Some(c) = class_of(class) {
        set("class_name", c.caption.into());
        set("category_uid", c.category_uid.into());
        set("category_name", c.category.into());
    }
    set("severity_id", 1.into());
    set("time", item.time.0.into());
    let metadata = json!({
        "version": "1.8.0",
        "uid": item.uid(),
        "product": {"name": "Simulated shift", "vendor_name": "Ringfence"},
        "log_name": item.feed.as_str(),
    });
    set("metadata", metadata);
    if let Value::Object(body) = body {
        event.extend(body);
    }
    Value::Object(event)
}

fn agent(no: AgentNo, state: Option<&str>) -> Value {
    let mut agent = json!({
        "uid": people::agent_id(no),
        "name": people::agent_name(no),
        "role": people::role(no).as_str(),
        "extension": people::extension(no),
    });
    if let (Some(state), Some(agent)) = (state, agent.as_object_mut()) {
        agent.insert("state".into(), state.into());
    }
    agent
}

fn user(no: AgentNo) -> Value {
    json!({"uid": people::agent_id(no), "name": people::agent_name(no)})
}

fn endpoint(no: AgentNo) -> Value {
    json!({"ip": people::agent_ip(no), "hostname": people::device(no)})
}

fn call_id(call: u32) -> String {
    format!("d-{call:08}")
}

/// What the carrier calls it; the dialer tells both.
pub(crate) fn sip_call_id(call: u32) -> String {
    format!("{}@{}", call_id(call), signalling::CARRIER)
}

fn call(step: &CallStep) -> Value {
    let mut body = parties(step.line, step.outbound);
    let mut set = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    set("call_uid", call_id(step.call).into());
    set("queue", "service".into());
    if step.signalled {
        set("sip", json!({"call_id": sip_call_id(step.call)}));
    }
    if let Some(a) = step.agent {
        set("agent", agent(a, None));
    }
    if let Some(a) = step.to {
        set("transfer_to", agent(a, None));
    }
    if let Some(c) = step.customer {
        set("customer", json!({"uid": people::customer_id(c)}));
    }
    if let Some(d) = step.disposition {
        set("disposition", d.into());
    }
    if step.activity == 1 && !step.outbound {
        // Most calls come with a good signature.
        let attestation = ["A", "A", "A", "B", "C"];
        let i = usize::try_from(step.call % 5).unwrap_or(0);
        let attestation = attestation.get(i).copied().unwrap_or("A");
        set("attestation", attestation.into());
    }
    Value::Object(body)
}

fn record(d: &Detail) -> Value {
    let mut body = parties(d.line, d.outbound);
    let mut set = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    set("call_uid", call_id(d.call).into());
    if let Some(a) = d.agent {
        set("agent", agent(a, None));
    }
    if let Some(c) = d.customer {
        set("customer", json!({"uid": people::customer_id(c)}));
    }
    let disposition = match (d.answer, d.outbound) {
        (Some(_), _) => "answered",
        (None, true) => "no_answer",
        (None, false) => "abandoned",
    };
    set("disposition", disposition.into());
    set("start_time", d.start.0.into());
    if let Some(answer) = d.answer {
        set("answer_time", answer.0.into());
        set("talk_time", d.end.since(answer).into());
    }
    set("end_time", d.end.0.into());
    set("duration", d.end.since(d.start).into());
    Value::Object(body)
}

/// The outside number is the caller's whichever way the call goes: it is what is joined by.
fn parties(line: u32, outbound: bool) -> Map<String, Value> {
    let (direction, id) = if outbound {
        ("outbound", 2)
    } else {
        ("inbound", 1)
    };
    let mut body = Map::new();
    body.insert("caller".into(), json!({"number": people::number(line)}));
    body.insert("direction".into(), direction.into());
    body.insert("direction_id".into(), id.into());
    body
}

fn logon(no: AgentNo, elsewhere: bool, failed: bool) -> Value {
    let from = if elsewhere {
        json!({"ip": "198.51.100.77", "hostname": "home-pc"})
    } else {
        endpoint(no)
    };
    let (status, id) = if failed {
        ("Failure", 2)
    } else {
        ("Success", 1)
    };
    json!({
        "user": user(no),
        "src_endpoint": from.clone(),
        "device": {"hostname": from.get("hostname"), "type_id": 2},
        "service": {"name": "crm"},
        "status": status,
        "status_id": id,
        "is_remote": elsewhere,
    })
}

fn sip(m: &SipMessage) -> Value {
    let mut sip = json!({
        "call_id": m.call_id,
        "cseq": if m.method == "BYE" { 2 } else { 1 },
        "cseq_method": m.method,
        "from": format!("sip:{}@pbx.example.com", m.from_user),
        "from_user": m.from_user,
        "from_domain": "pbx.example.com",
        "to": format!("sip:{}@pbx.example.com", m.to_user),
        "to_user": m.to_user,
        "to_domain": "pbx.example.com",
        "user_agent": m.agent,
        "transport": m.transport,
        "has_credentials": m.credentials,
    });
    if let Some(sip) = sip.as_object_mut() {
        match m.status {
            Some((code, reason)) => {
                sip.insert("status_code".into(), code.into());
                sip.insert("reason".into(), reason.into());
            }
            None => {
                let uri = format!("sip:{}@pbx.example.com", m.to_user);
                sip.insert("method".into(), m.method.into());
                sip.insert("request_uri".into(), uri.into());
                sip.insert("request_user".into(), m.to_user.clone().into());
            }
        }
    }
    let (outside, pbx) = (
        json!({"ip": m.outside, "port": 5060}),
        json!({"ip": "10.20.0.5", "port": 5060}),
    );
    let (from, to) = if m.ours {
        (pbx, outside)
    } else {
        (outside, pbx)
    };
    json!({"call_uid": m.call_id, "sip": sip, "src_endpoint": from, "dst_endpoint": to})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Feed, Place};
    use ringfence_event::Time;

    #[test]
    fn an_item_is_a_whole_ocsf_event() {
        let item = Item {
            at: Time(9),
            time: Time(5),
            feed: Feed::Crm,
            place: Place::Main,
            number: 7,
            seed: 1,
            what: What::LookUp {
                agent: 11,
                customer: Some(1),
                activity: 2,
                records: 1,
            },
        };
        let e = event(&item);
        assert_eq!(e["type_uid"], 600_102);
        assert_eq!(e["metadata"]["uid"], "sim-1-7");
        assert_eq!(e["actor"]["user"]["uid"], "A4011");
        assert_eq!(e["web_resources"][0]["uid"], "C-100001");
    }
}
