//! The way of a record: read, map or take as OCSF, check, flag.

use std::sync::Arc;

use jiff::tz::TimeZone;
use ringfence_event::{Event, Flag, Map, RawRecord};

use crate::json::{self, Splitting};
use crate::mapping::{Explanation, MappingSet};
use crate::parsed::{Format, Parsed};
use crate::{
    Batch, Limits, Position, Reject, RejectCode, Skew, base, envelope, reserved, table, when,
};

/// Events that one record may become, and the bytes that its copies in them may take.
const MAX_EVENTS: usize = 1_000;
const MAX_COPIES: usize = 64 << 20;

/// What differs between sources.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Names of the mapping files that apply, in their order in the set; all of them if empty.
    pub mappings: Vec<String>,
    /// Offset of time stamps that carry none.
    pub timezone: TimeZone,
    /// How far an event's time may be off before it is flagged.
    pub skew: Skew,
    /// Bounds on input.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mappings: Vec::new(),
            timezone: TimeZone::UTC,
            skew: Skew::default(),
            limits: Limits::default(),
        }
    }
}

impl Settings {
    /// Sets the zone by its IANA name or as an offset such as `+01:00`; false if there is none.
    pub fn set_timezone(&mut self, name: &str) -> bool {
        let zone = when::zone(name);
        let known = zone.is_some();
        if let Some(zone) = zone {
            self.timezone = zone;
        }
        known
    }
}

/// Makes events of the records of one source. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Normaliser {
    mappings: Arc<MappingSet>,
    settings: Arc<Settings>,
}

impl Normaliser {
    /// A normaliser with these mappings and settings.
    #[must_use]
    pub fn new(mappings: Arc<MappingSet>, settings: Settings) -> Self {
        Self {
            mappings,
            settings: Arc::new(settings),
        }
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// One record, whose kind its first bytes tell: JSON (OCSF or not), syslog, CEF, LEEF,
    /// `key=value` or a line of text.
    ///
    /// # Errors
    /// [`Reject`] when it cannot be read or its class is not granted to the source.
    pub fn normalise(&self, record: &RawRecord<'_>) -> Result<Vec<Event>, Reject> {
        let parsed = self.read(record)?;
        self.finish(record, parsed)
    }

    /// A body of JSON records: an array, NDJSON or one object.
    #[must_use]
    pub fn json_body(&self, record: &RawRecord<'_>) -> Batch {
        self.each(record, Splitting::Auto, |item| {
            let fields = json::object(item.bytes, &self.settings.limits)?;
            self.finish(item, Parsed::json(fields))
        })
    }

    /// A body for Splunk's HTTP Event Collector: envelopes one after the other.
    #[must_use]
    pub fn hec_body(&self, record: &RawRecord<'_>) -> Batch {
        self.each(record, Splitting::Concatenated, |item| {
            let envelope = json::object(item.bytes, &self.settings.limits)?;
            self.open(item, json::hec(envelope)?)
        })
    }

    /// A CSV file: with a header line, or an Asterisk CDR file without one.
    #[must_use]
    pub fn csv_body(&self, record: &RawRecord<'_>) -> Batch {
        let mut batch = Batch::default();
        for (span, row) in table::rows(record.bytes, &self.settings.limits) {
            let result = row.and_then(|(position, parsed)| {
                self.finish(record, parsed)
                    .map_err(|reject| reject.within(position))
            });
            batch.push(span, result);
        }
        batch
    }

    /// What the mappings make of one record, step by step.
    ///
    /// # Errors
    /// As [`Normaliser::normalise`].
    pub fn explain(&self, record: &RawRecord<'_>) -> Result<Explanation, Reject> {
        let parsed = self.read(record)?;
        Ok(self.explain_parsed(record, &parsed))
    }

    /// [`Normaliser::explain`] for each row of a CSV file.
    #[must_use]
    pub fn explain_csv(&self, record: &RawRecord<'_>) -> Vec<Result<Explanation, Reject>> {
        table::rows(record.bytes, &self.settings.limits)
            .into_iter()
            .map(|(_, row)| row.map(|(_, parsed)| self.explain_parsed(record, &parsed)))
            .collect()
    }

    fn explain_parsed(&self, record: &RawRecord<'_>, parsed: &Parsed) -> Explanation {
        let event = self.finish(record, parsed.clone());
        if json::is_ocsf(&parsed.fields) {
            return Explanation::native(parsed, event);
        }
        let mut shown = parsed.clone();
        reserved::strip(&mut shown.fields);
        self.mappings.explain(&shown, &self.settings, event)
    }

    fn each(
        &self,
        record: &RawRecord<'_>,
        how: Splitting,
        mut one: impl FnMut(&RawRecord<'_>) -> Result<Vec<Event>, Reject>,
    ) -> Batch {
        let mut batch = Batch::default();
        for (span, piece) in json::split_as(record.bytes, how, &self.settings.limits) {
            let result = piece.and_then(|item| {
                let part = RawRecord {
                    bytes: item.bytes,
                    ..record.clone()
                };
                one(&part).map_err(|reject| reject.within(item.position))
            });
            batch.push(span, result);
        }
        batch
    }

    fn read(&self, record: &RawRecord<'_>) -> Result<Parsed, Reject> {
        let limits = &self.settings.limits;
        let refuse = |code, reason: String| Err(Reject::at(code, record.bytes, 0, reason));
        if record.bytes.len() > limits.record {
            let reason = format!("record is longer than {} bytes", limits.record);
            return refuse(RejectCode::TooLong, reason);
        }
        let trimmed = record.bytes.trim_ascii();
        if trimmed.is_empty() {
            return refuse(RejectCode::Empty, "nothing in it".to_owned());
        }
        if trimmed.starts_with(b"{") {
            return Ok(Parsed::json(json::object(record.bytes, limits)?));
        }
        // Text need not be UTF-8 (RFC 5424 §6.4); what is not becomes U+FFFD.
        self.read_text(record, &String::from_utf8_lossy(record.bytes))
    }

    pub(crate) fn read_text(&self, record: &RawRecord<'_>, text: &str) -> Result<Parsed, Reject> {
        let settings = &self.settings;
        base::read(text, record.received, &settings.timezone, &settings.limits)
    }

    pub(crate) fn finish(
        &self,
        record: &RawRecord<'_>,
        mut parsed: Parsed,
    ) -> Result<Vec<Event>, Reject> {
        let (origin, received, settings) = (record.origin, record.received, &self.settings);
        if json::is_ocsf(&parsed.fields) {
            let event = json::ocsf_event(parsed.fields, origin, received, settings.skew)?;
            return Ok(vec![event]);
        }
        let stripped = reserved::strip(&mut parsed.fields);
        parsed.masked |= base::scrub_map(&mut parsed.fields);
        let most = (MAX_COPIES / record.bytes.len().max(1)).clamp(1, MAX_EVENTS);
        let mapped = self.mappings.apply(&parsed, settings, most).map_err(|_| {
            let reason = format!("one record of this size may become {most} events, not more");
            Reject::new(RejectCode::TooMany, Position::START, reason)
        })?;
        let mut events = Vec::with_capacity(mapped.len().max(1));
        for mut mapped in mapped {
            envelope::allow(origin, mapped.class)?;
            let part = mapped.record.take();
            let mut event = mapped.into_event(origin, received, settings.skew)?;
            event.record = part;
            events.push(event);
        }
        if events.is_empty() {
            let mut event = base::event(&parsed, origin, received);
            let own = base::time(&parsed, &settings.timezone);
            when::settle(&mut event, own, settings.skew);
            event.severity = parsed.severity.unwrap_or(event.severity);
            events.push(event);
        }
        for event in &mut events {
            if stripped {
                event.flag(Flag::ReservedStripped);
            }
            if parsed.masked {
                event.flag(Flag::Masked);
            }
        }
        if let Some(uid) = parsed.uid.take() {
            let several = events.len() > 1;
            for (part, event) in events.iter_mut().enumerate() {
                event.uid.get_or_insert_with(|| match several {
                    true => format!("{uid}/{part}"),
                    false => uid.clone(),
                });
            }
        }
        keep_record(&mut events, parsed);
        Ok(events)
    }
}

/// Gives each event the record that it was made of. Most records make one event, and nothing is
/// copied for it.
fn keep_record(events: &mut [Event], parsed: Parsed) {
    let Some((last, others)) = events.split_last_mut() else {
        return;
    };
    for event in others {
        event.record.get_or_insert_with(|| parsed.fields.clone());
        event.raw.clone_from(&parsed.raw);
    }
    last.record.get_or_insert(parsed.fields);
    last.raw = parsed.raw;
}

impl Parsed {
    pub(crate) fn json(mut fields: Map) -> Self {
        json::lift_windows(&mut fields);
        Self {
            formats: Format::Json.into(),
            fields,
            ..Self::default()
        }
    }
}
