//! What the join reads in an event, without copying it.

use ringfence_event::{AgentState, Direction, Event, Map, Time, caller_key};
use serde_json::Value;

/// Ids longer than this are nobody's: they are not joined.
const LONGEST_ID: usize = 256;

/// The join keys of an event, as far as they are usable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) event: &'a Event,
    pub(crate) call: Option<&'a str>,
    pub(crate) agent: Option<&'a str>,
    pub(crate) customer: Option<&'a str>,
    pub(crate) caller: Option<&'a str>,
}

impl<'a> Reading<'a> {
    pub(crate) fn of(event: &'a Event) -> Self {
        let k = &event.keys;
        let ocsf = &event.ocsf;
        let key = |key: Option<&'a String>, path: [&str; 2]| {
            usable(key.map(String::as_str)).or_else(|| usable(text(ocsf, &path)))
        };
        Self {
            event,
            call: usable(k.call.as_deref()).or_else(|| usable(text(ocsf, &["call_uid"]))),
            agent: key(k.agent.as_ref(), ["agent", "uid"]),
            customer: key(k.customer.as_ref(), ["customer", "uid"]),
            caller: key(k.caller.as_ref(), ["caller", "number"]),
        }
    }

    pub(crate) fn text(&self, path: &[&str]) -> Option<&'a str> {
        usable(text(&self.event.ocsf, path))
    }

    pub(crate) fn time(&self, name: &str) -> Option<Time> {
        self.event.ocsf.get(name).and_then(Value::as_i64).map(Time)
    }

    pub(crate) fn number(&self, path: &[&str]) -> Option<i64> {
        walk(&self.event.ocsf, path)?.as_i64()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.event.ocsf.get(name).and_then(Value::as_bool)
    }

    pub(crate) fn direction(&self) -> Option<Direction> {
        match self.text(&["direction"]) {
            Some("inbound") => Some(Direction::Inbound),
            Some("outbound") => Some(Direction::Outbound),
            Some("internal") => Some(Direction::Internal),
            _ => match self.number(&["direction_id"])? {
                1 => Some(Direction::Inbound),
                2 => Some(Direction::Outbound),
                3 => Some(Direction::Internal),
                _ => None,
            },
        }
    }

    pub(crate) fn agent_state(&self) -> Option<AgentState> {
        match self.text(&["agent", "state"])? {
            "available" => Some(AgentState::Available),
            "on_call" => Some(AgentState::OnCall),
            "wrap_up" => Some(AgentState::WrapUp),
            "away" => Some(AgentState::Away),
            "offline" => Some(AgentState::Offline),
            _ => None,
        }
    }

    /// Whether signalling and media of a SIP message are encrypted, as far as it tells.
    pub(crate) fn sip_encrypted(&self) -> Option<bool> {
        let media = walk(&self.event.ocsf, &["sip", "media"])
            .and_then(Value::as_array)
            .map(|m| m.iter().filter_map(|m| m.get("is_encrypted")?.as_bool()));
        if media.is_some_and(|mut m| m.any(|encrypted| !encrypted)) {
            return Some(false);
        }
        match self.text(&["sip", "transport"])? {
            "tls" | "wss" => Some(true),
            "udp" | "tcp" | "ws" => Some(false),
            _ => None,
        }
    }

    /// The outside number of a SIP message, where intake did not tell.
    pub(crate) fn sip_number(&self, user: Option<&str>) -> Option<String> {
        caller_key(user?).filter(|n| n.starts_with('+'))
    }
}

fn text<'a>(map: &'a Map, path: &[&str]) -> Option<&'a str> {
    walk(map, path)?.as_str()
}

fn walk<'a>(map: &'a Map, path: &[&str]) -> Option<&'a Value> {
    let (head, rest) = path.split_first()?;
    let mut value = map.get(*head)?;
    for name in rest {
        value = value.as_object()?.get(*name)?;
    }
    Some(value)
}

fn usable(id: Option<&str>) -> Option<&str> {
    id.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)
}
