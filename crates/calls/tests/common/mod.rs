//! From simulated items and short texts to events and back to answers.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    missing_docs,
    reason = "test code; each test file uses a part of it"
)]

use std::collections::BTreeMap;

use ringfence_calls::{Join, JoinConfig};
use ringfence_event::{
    CallFacts, Event, FactsRevision, Keys, Name, Time, WEB_RESOURCES, caller_key, ext,
};
use ringfence_simulate::Item;
use serde_json::{Value, json};

pub fn name(s: &str) -> Name {
    Name::new(s).unwrap()
}

/// What the normaliser does with an OCSF event, as far as the join needs it.
pub fn adapt(item: &Item) -> Event {
    let source = format!("{}-{}", item.feed.as_str(), item.place.as_str());
    let mut e = event(
        item.place.as_str(),
        &source,
        item.at.0,
        &item.to_ocsf_json(),
    );
    e.uid = Some(item.uid());
    e
}

pub fn event(site: &str, source: &str, received: i64, ocsf: &Value) -> Event {
    let text = |path: &str| {
        ocsf.pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let class = ocsf["class_uid"].as_u64().unwrap() as u32;
    let activity = ocsf["activity_id"].as_u64().unwrap() as u8;
    let keys = Keys::of(name("default"), name(site), name(source));
    let mut e = Event::new(keys, class, activity, Time(received));
    e.time = ocsf["time"].as_i64().map_or(e.received, Time);
    e.trusted = true;
    e.keys.call = text("/call_uid");
    e.keys.agent = text("/agent/uid").or_else(|| text("/actor/user/uid"));
    e.keys.customer = text("/customer/uid").or_else(|| {
        let is_record = text("/web_resources/0/type").as_deref() == Some("customer_record");
        text("/web_resources/0/uid").filter(|_| is_record)
    });
    e.keys.caller = text("/caller/number").and_then(|n| caller_key(&n));
    e.ocsf = ocsf.as_object().unwrap().clone();
    e
}

/// A small world in which one line makes one event. Times are seconds.
pub struct Desk {
    pub join: Join,
    pub out: Vec<FactsRevision>,
    pub offset: u64,
}

impl Desk {
    pub fn new(config: JoinConfig) -> Self {
        let mut desk = Self {
            join: Join::new(config),
            out: Vec::new(),
            offset: 0,
        };
        // An agent signs in, so that the telephony has been heard of.
        desk.agent(0.0, "a", "available");
        desk.agent(0.0, "b", "available");
        desk
    }

    pub fn put(&mut self, received: f64, e: Event) -> u64 {
        let mut e = e;
        e.received = ms(received);
        self.offset += 1;
        self.join.on_event(self.offset, &e, &mut self.out);
        self.offset
    }

    /// A report of the dialer, heard as it happens.
    pub fn call(&mut self, t: f64, activity: u8, call: &str, agent: &str, more: Value) -> u64 {
        self.call_late(t, t, activity, call, agent, more)
    }

    pub fn call_late(
        &mut self,
        received: f64,
        t: f64,
        activity: u8,
        call: &str,
        agent: &str,
        more: Value,
    ) -> u64 {
        let mut e = call_event("s", "dialer", t, activity, call, agent);
        e.ocsf.extend(more.as_object().unwrap().clone());
        if let Some(c) = e.ocsf.get("customer").and_then(|c| c["uid"].as_str()) {
            e.keys.customer = Some(c.to_owned());
        }
        if let Some(c) = e.ocsf.get("caller").and_then(|c| c["number"].as_str()) {
            e.keys.caller = Some(c.to_owned());
        }
        self.put(received, e)
    }

    pub fn agent(&mut self, t: f64, agent: &str, state: &str) -> u64 {
        let ocsf = json!({"class_uid": ext::AGENT, "activity_id": 3, "time": ms(t).0,
            "agent": {"uid": agent, "state": state, "role": "agent", "extension": format!("x-{agent}")}});
        self.put(t, event("s", "dialer", ms(t).0, &ocsf))
    }

    pub fn heartbeat(&mut self, t: f64) {
        let ocsf = json!({"class_uid": ext::CALL, "activity_id": 99, "time": ms(t).0});
        self.put(t, event("s", "dialer", ms(t).0, &ocsf));
    }

    /// The telephony is there, though nothing happens.
    pub fn quiet(&mut self, from: i64, to: i64) {
        for t in (from..to).step_by(10) {
            self.heartbeat(t as f64);
        }
    }

    pub fn look(&mut self, t: f64, agent: &str, customer: &str) -> u64 {
        self.put(t, look("s", t, agent, customer))
    }

    pub fn tick(&mut self, t: f64) {
        self.join.on_tick(ms(t), &mut self.out);
    }

    /// The latest answer about an event.
    pub fn facts(&self, offset: u64) -> CallFacts {
        let mut all = self.out.iter().rev();
        all.find(|r| r.offset == offset).unwrap().facts.clone()
    }

    pub fn versions(&self, offset: u64) -> Vec<u32> {
        let mine = self.out.iter().filter(|r| r.offset == offset);
        mine.map(|r| r.version).collect()
    }
}

pub fn ms(seconds: f64) -> Time {
    Time(1_767_362_400_000 + (seconds * 1_000.0) as i64)
}

pub fn call_event(
    site: &str,
    source: &str,
    t: f64,
    activity: u8,
    call: &str,
    agent: &str,
) -> Event {
    let mut ocsf = json!({"class_uid": ext::CALL, "activity_id": activity, "time": ms(t).0,
        "call_uid": call});
    if !agent.is_empty() {
        ocsf["agent"] = json!({"uid": agent});
    }
    event(site, source, ms(t).0, &ocsf)
}

pub fn look(site: &str, t: f64, agent: &str, customer: &str) -> Event {
    let ocsf = json!({"class_uid": WEB_RESOURCES, "activity_id": 2, "time": ms(t).0,
        "actor": {"user": {"uid": agent}},
        "web_resources": [{"type": "customer_record", "uid": customer}]});
    event(site, "crm", ms(t).0, &ocsf)
}

/// The last word on each event.
pub fn last_words(out: &[FactsRevision]) -> BTreeMap<u64, CallFacts> {
    out.iter().map(|r| (r.offset, r.facts.clone())).collect()
}
