//! Runs a rule on a record.

use jiff::tz::TimeZone;
use ringfence_event::{Event, LogSource, Map, Origin, Severity, Time, caller_key, ext};
use serde_json::{Value, json};

use super::explain::FieldTrace;
use super::rule::Rule;
use super::take::Take;
use super::view::View;
use crate::keys;
use crate::path::{self, Step};
use crate::{Position, Reject, RejectCode, Skew, envelope, when};

/// What a rule made of a record.
#[derive(Debug, Clone)]
pub(crate) struct Mapped {
    pub class: u32,
    pub warnings: Vec<String>,
    activity: u8,
    severity: Option<Severity>,
    time: Option<Time>,
    uid: Option<String>,
    message: Option<String>,
    logsource: LogSource,
    ocsf: Map,
    keys: Vec<(&'static str, String)>,
    /// The record with the one element that the event is made of; the whole record if `None`.
    pub record: Option<Map>,
}

type Trace = Option<Vec<FieldTrace>>;

impl Rule {
    /// Takes what the rule says from the record. `trace` collects what went where.
    pub fn apply(&self, view: View<'_>, zone: &TimeZone, trace: &mut Trace) -> Mapped {
        let parsed = view.parsed;
        let mut run = Run {
            view,
            zone: self.zone.as_ref().unwrap_or(zone),
            trace,
            warnings: Vec::new(),
        };
        let mut ocsf = Map::new();
        for (name, steps, take) in &self.ocsf {
            if let Some(value) = run.take(name, take)
                && !path::put(&mut ocsf, steps, value)
            {
                run.warn(format!("`{name}`: another attribute stands in its way"));
            }
        }
        let keys = self.keys(&mut run, &mut ocsf);
        complete(&mut ocsf, self.class);
        let (activity, unknown) = self.activity.choose(view, run.zone);
        if let Some(text) = unknown {
            run.warn(format!("`activity`: no entry for `{text}`"));
        }
        let severity = self
            .severity
            .as_ref()
            .and_then(|s| s.choose(view, run.zone).0);
        let time = self.time.as_ref().and_then(|take| run.take("time", take));
        let message = self.message.as_ref().map(|template| {
            let (text, missing) = template.fill(view);
            for field in missing {
                run.warn(format!("`message`: the record has no `{field}`"));
            }
            run.note("message", template.fields().collect(), &json!(text));
            text
        });
        let uid = self.uid.as_ref().and_then(|template| {
            let uid = template
                .fill_whole(view)
                .filter(|u| u.len() <= keys::MAX_KEY)?;
            run.note("metadata.uid", template.fields().collect(), &json!(uid));
            Some(uid)
        });
        let warnings = run.warnings;
        add_consent(&mut ocsf, self.class, activity);
        Mapped {
            class: self.class,
            // 99 Other: the rule fits, yet it has no activity for what the record says.
            activity: activity.unwrap_or(99),
            severity: severity.or(parsed.severity),
            time: time.and_then(|t| t.as_i64()).map(Time).or(parsed.time),
            uid,
            message: message.or_else(|| parsed.message.clone()),
            logsource: self.logsource(view, zone),
            record: self.each.is_some().then(|| view.record()),
            ocsf,
            keys,
            warnings,
        }
    }

    /// Puts each key where the class has its place, and keeps those without one.
    fn keys(&self, run: &mut Run<'_>, ocsf: &mut Map) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        for (key, take) in &self.keys {
            let label = format!("keys.{key}");
            let Some(value) = run.take(&label, take) else {
                continue;
            };
            let Some(text) = path::text(&value).map(|t| t.trim().to_owned()) else {
                run.warn(format!("`{label}` is not a single value"));
                continue;
            };
            let text = match *key {
                "caller" => caller_key(&text).unwrap_or(text),
                "src_ip" | "dst_ip" => match keys::address(&text) {
                    Some(ip) => ip,
                    None => {
                        run.warn(format!("`{label}`: `{text}` is not an IP address"));
                        continue;
                    }
                },
                _ => text,
            };
            let outbound = ocsf.get("direction").and_then(Value::as_str) == Some("outbound");
            let place = match (*key, keys::place(self.class, key)) {
                ("caller", Some(_)) if outbound => Some("callee.number"),
                (_, place) => place,
            };
            if let Some(steps) = place.and_then(path::steps) {
                put_absent(ocsf, &steps, Value::String(text.clone()));
            }
            out.push((*key, text));
        }
        out
    }

    fn logsource(&self, view: View<'_>, zone: &TimeZone) -> LogSource {
        let mut source = envelope::logsource(self.class);
        if let Some(rule) = &self.logsource {
            let part = |take: &Option<Take>| {
                let value = take.as_ref()?.take(view, zone).ok().flatten()?;
                path::text(&value).map(std::borrow::Cow::into_owned)
            };
            source = LogSource {
                product: part(&rule.product),
                service: part(&rule.service),
                category: part(&rule.category).or(source.category),
            };
        }
        if self.logsource_from_record {
            let own = |name| view.text(name).map(|t| t.to_lowercase());
            source.product = own("product").or(source.product);
            source.service = own("service").or(source.service);
            source.category = own("category").or(source.category);
        }
        source
    }
}

impl Mapped {
    /// The event, with program, site and trust of its origin.
    pub fn into_event(self, origin: &Origin, received: Time, skew: Skew) -> Result<Event, Reject> {
        let mut event = envelope::open(origin, received, self.class, self.activity);
        let refuse = |field: &str, wanted: &str| {
            let reason = format!("`{field}` must be {wanted}");
            Reject::new(RejectCode::FieldType, Position::START, reason)
        };
        keys::extract(&self.ocsf, self.class, &mut event.keys)
            .map_err(|wrong| refuse(&wrong.field, wrong.wanted))?;
        for (key, value) in self.keys {
            if value.len() > keys::MAX_KEY {
                return Err(refuse(key, "text of at most 256 bytes"));
            }
            if let Some(slot) = keys::slot(&mut event.keys, key) {
                *slot = Some(value);
            }
        }
        event.uid = self.uid;
        event.message = self.message;
        event.severity = self.severity.unwrap_or(event.severity);
        event.logsource = self.logsource;
        event.ocsf = self.ocsf;
        when::settle(&mut event, self.time, skew);
        Ok(event)
    }
}

/// What taking values needs and leaves behind.
struct Run<'a> {
    view: View<'a>,
    zone: &'a TimeZone,
    trace: &'a mut Trace,
    warnings: Vec<String>,
}

impl Run<'_> {
    fn take(&mut self, to: &str, take: &Take) -> Option<Value> {
        match take.take(self.view, self.zone) {
            Ok(Some(value)) => {
                self.note(to, take.fields(), &value);
                Some(value)
            }
            Ok(None) => None,
            Err(unusable) => {
                self.warn(format!(
                    "`{to}`: `{}` {}",
                    take.fields().join("`, `"),
                    unusable.0
                ));
                None
            }
        }
    }

    fn note(&mut self, to: &str, from: Vec<&str>, value: &Value) {
        if let Some(trace) = self.trace {
            trace.push(FieldTrace {
                from: from.into_iter().map(str::to_owned).collect(),
                to: to.to_owned(),
                value: value.clone(),
            });
        }
    }

    fn warn(&mut self, warning: String) {
        // Warnings are shown by `map test` only; live records would pay for them in vain.
        if self.trace.is_some() {
            self.warnings.push(warning);
        }
    }
}

/// Puts a value unless the path holds one: what the rule says itself comes first.
fn put_absent(ocsf: &mut Map, steps: &[Step], value: Value) {
    let name: Vec<_> = steps
        .iter()
        .map(|step| match step {
            Step::Name(name) => name.clone(),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    if path::get(ocsf, &name.join(".")).is_none() {
        path::put(ocsf, steps, value);
    }
}

/// Adds what OCSF derives from other attributes, so that a mapping need not say it twice.
fn complete(ocsf: &mut Map, class: u32) {
    keys::complete(ocsf, class);
    if keys::has_agent(class) {
        pair(ocsf, "direction", &["inbound", "outbound", "internal"]);
    }
    pair(ocsf, "status", &["Success", "Failure"]);
}

/// Adds `name_id` to `name` where the value is one of OCSF's captions, in their order from 1.
fn pair(ocsf: &mut Map, name: &str, captions: &[&str]) {
    let id = format!("{name}_id");
    let Some(text) = ocsf.get(name).and_then(Value::as_str) else {
        return;
    };
    if !ocsf.contains_key(&id) {
        let place = captions.iter().position(|c| c.eq_ignore_ascii_case(text));
        ocsf.insert(id, place.map_or(99, |p| p + 1).into());
    }
}

/// Consent Activity: the state is what the activity says happened.
fn add_consent(ocsf: &mut Map, class: u32, activity: Option<u8>) {
    let Some(activity @ 1..=4) = activity.filter(|_| class == ext::CONSENT) else {
        return;
    };
    let caption = ringfence_event::activity_name(class, activity);
    if !ocsf.contains_key("consent_state_id") {
        ocsf.insert("consent_state_id".into(), activity.into());
        ocsf.insert("consent_state".into(), caption.into());
    }
}
