//! The join keys that an OCSF event's attributes carry, and where each of them stands.

use std::net::IpAddr;

use ringfence_event::{AUTHENTICATION, Keys, Map, WEB_RESOURCES, caller_key, ext};
use serde_json::{Value, json};

use crate::path;

/// Longest key. A longer one is refused rather than cut, since cut keys would meet by mistake.
pub(crate) const MAX_KEY: usize = 256;

/// An attribute that has the wrong type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Its dotted path.
    pub field: String,
    /// What it must be.
    pub wanted: &'static str,
}

/// Account Change, whose `user` is the account changed and not who acts.
const IDENTITY: std::ops::RangeInclusive<u32> = 3000..=3999;
/// System Activity, whose `actor` is an operating system's account.
const SYSTEM: std::ops::RangeInclusive<u32> = 1000..=1999;

/// Whether `agent` is the class's own attribute for the agent.
pub(crate) const fn has_agent(class: u32) -> bool {
    class >= 99_000_000
}

/// Reads the keys of an event of class `class` from its attributes.
pub(crate) fn extract(o: &Map, class: u32, keys: &mut Keys) -> Result<(), Wrong> {
    let actor = text(o, "actor.user.uid")?;
    let account = if IDENTITY.contains(&class) {
        text(o, "user.uid")?.or(actor.clone())
    } else {
        actor
    };
    // A Windows SID or Unix uid names an account of one machine, not an agent.
    let account = account.filter(|uid| !SYSTEM.contains(&class) && !uid.starts_with("S-1-"));
    keys.agent = text(o, "agent.uid")?.or(account);
    let name = text(o, "actor.user.name")?;
    keys.user = if IDENTITY.contains(&class) {
        text(o, "user.name")?.or(name)
    } else {
        name
    };
    keys.customer = match text(o, "customer.uid")? {
        Some(uid) => Some(uid),
        None => customer_record(o)?,
    };
    keys.caller = outside_number(o)?;
    keys.call = text(o, "call_uid")?;
    keys.device = match text(o, "device.hostname")? {
        Some(name) => Some(name),
        None => text(o, "device.name")?.or(text(o, "device.uid")?),
    };
    keys.src_ip = text(o, "src_endpoint.ip")?.and_then(|ip| address(&ip));
    keys.dst_ip = text(o, "dst_endpoint.ip")?.and_then(|ip| address(&ip));
    Ok(())
}

/// The number outside: of who is called on a call that goes out, else of who calls.
fn outside_number(o: &Map) -> Result<Option<String>, Wrong> {
    let outbound = path::get(o, "direction_id").and_then(Value::as_u64) == Some(2)
        || path::get(o, "direction").and_then(Value::as_str) == Some("outbound");
    let place = if outbound {
        "callee.number"
    } else {
        "caller.number"
    };
    Ok(text(o, place)?.and_then(|number| caller_key(&number)))
}

/// `uid` of the first web resource that is a customer's record.
fn customer_record(o: &Map) -> Result<Option<String>, Wrong> {
    let resources = match o.get("web_resources") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(resources)) => resources,
        Some(_) => return Err(wrong("web_resources", "a list of objects")),
    };
    for resource in resources.iter().take(64) {
        let Value::Object(resource) = resource else {
            return Err(wrong("web_resources", "a list of objects"));
        };
        let kind = resource.get("type").and_then(Value::as_str);
        if kind == Some("customer_record") {
            return text(resource, "uid").map_err(|e| wrong("web_resources.uid", e.wanted));
        }
    }
    Ok(None)
}

fn wrong(field: &str, wanted: &'static str) -> Wrong {
    Wrong {
        field: field.to_owned(),
        wanted,
    }
}

/// Text at a path. Numbers count as text, because many systems number their agents.
fn text(o: &Map, field: &str) -> Result<Option<String>, Wrong> {
    match path::get(o, field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) if s.len() > MAX_KEY => {
            Err(wrong(field, "text of at most 256 bytes"))
        }
        Some(Value::String(s)) => Ok(Some(s.trim().to_owned()).filter(|s| !s.is_empty())),
        Some(Value::Number(n)) => Ok(Some(n.to_string())),
        Some(_) => Err(wrong(field, "text")),
    }
}

/// An address in its one usual form, without brackets, port or zone; IPv4 inside IPv6 as IPv4.
pub(crate) fn address(text: &str) -> Option<String> {
    let bare = text.trim().trim_start_matches('[');
    let bare = bare.split([']', '%']).next().unwrap_or(bare);
    let ip = bare
        .parse::<IpAddr>()
        .or_else(|_| bare.split(':').next().unwrap_or(bare).parse())
        .ok()?;
    Some(ip.to_canonical().to_string())
}

/// A key by the name that mapping files use.
pub(crate) fn slot<'k>(keys: &'k mut Keys, name: &str) -> Option<&'k mut Option<String>> {
    Some(match name {
        "agent" => &mut keys.agent,
        "customer" => &mut keys.customer,
        "caller" => &mut keys.caller,
        "call" => &mut keys.call,
        "device" => &mut keys.device,
        "user" => &mut keys.user,
        "src_ip" => &mut keys.src_ip,
        "dst_ip" => &mut keys.dst_ip,
        _ => return None,
    })
}

/// Names of the keys that a mapping can fill.
pub(crate) const NAMES: [&str; 8] = [
    "agent", "customer", "caller", "call", "device", "user", "src_ip", "dst_ip",
];

/// Where a class carries a key among its attributes, if it does.
pub(crate) fn place(class: u32, key: &str) -> Option<&'static str> {
    let cc = has_agent(class);
    let network = (4000..=4999).contains(&class);
    Some(match key {
        "agent" if cc => "agent.uid",
        "agent" if IDENTITY.contains(&class) => "user.uid",
        "agent" if !SYSTEM.contains(&class) => "actor.user.uid",
        "user" if class == AUTHENTICATION => "user.name",
        "user" => "actor.user.name",
        "customer" if class == WEB_RESOURCES => "web_resources[0].uid",
        "customer" if cc && class != ext::SOURCE => "customer.uid",
        "caller" if cc && class != ext::SOURCE => "caller.number",
        "call" if cc && class != ext::SOURCE => "call_uid",
        "device" => "device.hostname",
        "src_ip" if cc || network || class == WEB_RESOURCES || IDENTITY.contains(&class) => {
            "src_endpoint.ip"
        }
        "dst_ip" if cc || network || class == WEB_RESOURCES || class == AUTHENTICATION => {
            "dst_endpoint.ip"
        }
        _ => return None,
    })
}

/// Attributes that OCSF demands beside a key's own.
pub(crate) fn complete(o: &mut Map, class: u32) {
    add_kinds(o, 0);
    if class == WEB_RESOURCES
        && let Some(Value::Array(resources)) = o.get_mut("web_resources")
        && let Some(Value::Object(first)) = resources.first_mut()
        && !first.contains_key("type")
    {
        first.insert("type".into(), json!("customer_record"));
    }
}

/// `device` and `file` must say their kind: 0 Unknown, 1 Regular File.
fn add_kinds(o: &mut Map, depth: usize) {
    for (name, value) in o.iter_mut() {
        let Value::Object(inner) = value else {
            continue;
        };
        let kind = match name.as_str() {
            "device" => Some(0),
            "file" => Some(1),
            _ => None,
        };
        if let Some(kind) = kind.filter(|_| !inner.contains_key("type_id")) {
            inner.insert("type_id".into(), json!(kind));
        }
        if depth < 4 {
            add_kinds(inner, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfence_event::Name;

    fn keys(class: u32, o: Value) -> Result<Keys, Wrong> {
        let n = |s| Name::new(s).unwrap();
        let mut keys = Keys::of(n("p"), n("s"), n("src"));
        extract(o.as_object().unwrap(), class, &mut keys).map(|()| keys)
    }

    #[test]
    fn keys_stand_where_the_class_has_them() {
        let k = keys(
            6001,
            json!({
                "actor": {"user": {"uid": 4711, "name": "ann"}}, "device": {"hostname": "ws1"},
                "web_resources": [{"type": "page", "uid": "x"}, {"type": "customer_record", "uid": "C1"}],
                "src_endpoint": {"ip": "::ffff:10.0.0.1"}
            }),
        )
        .unwrap();
        assert_eq!(k.agent.as_deref(), Some("4711"));
        assert_eq!(k.user.as_deref(), Some("ann"));
        assert_eq!(k.customer.as_deref(), Some("C1"));
        assert_eq!(k.device.as_deref(), Some("ws1"));
        assert_eq!(k.src_ip.as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn the_outside_number_depends_on_the_direction() {
        let call = |direction| json!({"direction": direction, "caller": {"number": "1001"}, "callee": {"number": "+12125550100"}});
        let caller = |d| keys(ext::CALL, call(d)).unwrap().caller;
        assert_eq!(caller("outbound").as_deref(), Some("+12125550100"));
        assert_eq!(caller("inbound").as_deref(), Some("1001"));
    }

    #[test]
    fn an_account_of_a_machine_is_no_agent() {
        let o = json!({"actor": {"user": {"uid": "S-1-5-18", "name": "SYSTEM"}}});
        let k = keys(1007, o).unwrap();
        assert_eq!((k.agent, k.user.as_deref()), (None, Some("SYSTEM")));
    }

    #[test]
    fn a_wrong_type_is_named() {
        let e = keys(6001, json!({"actor": {"user": {"uid": {}}}})).unwrap_err();
        assert_eq!((e.field.as_str(), e.wanted), ("actor.user.uid", "text"));
        let long = "x".repeat(MAX_KEY + 1);
        assert!(keys(ext::CALL, json!({ "call_uid": long })).is_err());
    }

    #[test]
    fn addresses_take_one_form() {
        for (text, want) in [
            ("10.0.0.1:5060", Some("10.0.0.1")),
            ("[2001:DB8::1]:5060", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("host", None),
        ] {
            assert_eq!(address(text).as_deref(), want, "{text}");
        }
    }
}
