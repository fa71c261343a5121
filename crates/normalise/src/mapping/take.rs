//! How one value is taken from a record.

use jiff::tz::TimeZone;
use regex::Regex;
use ringfence_event::caller_key;
use serde_json::Value;

use super::template::Template;
use super::view::View;
use crate::keys;
use crate::path;
use crate::when::{self, TimeFormat};

/// From where, and what is done to it, in this order: `regex`, `split`, `map`, `time`, `convert`,
/// and `default` where nothing is left.
#[derive(Debug, Clone)]
pub(super) struct Take {
    pub from: From,
    pub regex: Option<Regex>,
    pub split: Option<String>,
    pub map: Vec<(String, Value)>,
    pub time: Option<TimeFormat>,
    pub convert: Vec<Convert>,
    pub default: Option<Value>,
}

#[derive(Debug, Clone)]
pub(super) enum From {
    /// The first of these that the record has.
    First(Vec<Self>),
    Field(String),
    Const(Value),
    Template(Template),
}

impl From {
    fn value(&self, view: View<'_>) -> Option<Value> {
        match self {
            Self::First(all) => all.iter().find_map(|from| from.value(view)),
            Self::Field(name) => view
                .get(name)
                .filter(|value| !value.is_null() && *value != "")
                .cloned(),
            Self::Const(value) => Some(value.clone()),
            Self::Template(template) => template.fill_whole(view).map(Value::String),
        }
    }

    fn fields<'f>(&'f self, out: &mut Vec<&'f str>) {
        match self {
            Self::First(all) => all.iter().for_each(|from| from.fields(out)),
            Self::Field(name) => out.push(name),
            Self::Const(_) => {}
            Self::Template(template) => out.extend(template.fields()),
        }
    }
}

/// A conversion of a single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Convert {
    Int,
    Float,
    Bool,
    Text,
    Lower,
    Upper,
    E164,
    Ip,
    Port,
    Basename,
    SecondsToMs,
    IsoDurationToMs,
    ClockToMs,
}

/// Names of the conversions as mapping files write them.
pub(super) const CONVERSIONS: [(&str, Convert); 13] = [
    ("int", Convert::Int),
    ("float", Convert::Float),
    ("bool", Convert::Bool),
    ("string", Convert::Text),
    ("lowercase", Convert::Lower),
    ("uppercase", Convert::Upper),
    ("e164", Convert::E164),
    ("ip", Convert::Ip),
    ("port", Convert::Port),
    ("basename", Convert::Basename),
    ("seconds_to_ms", Convert::SecondsToMs),
    ("iso_duration_to_ms", Convert::IsoDurationToMs),
    ("clock_to_ms", Convert::ClockToMs),
];

impl Take {
    pub fn field(name: &str) -> Self {
        Self::from(From::Field(name.to_owned()))
    }

    pub fn constant(value: Value) -> Self {
        Self::from(From::Const(value))
    }

    pub fn from(from: From) -> Self {
        Self {
            from,
            regex: None,
            split: None,
            map: Vec::new(),
            time: None,
            convert: Vec::new(),
            default: None,
        }
    }

    /// The value; `Ok(None)` when the record has nothing there.
    ///
    /// # Errors
    /// Says why a value that is there cannot be used; the default stands in then, if there is one.
    pub fn take(&self, view: View<'_>, zone: &TimeZone) -> Result<Option<Value>, Unusable> {
        let taken = self
            .from
            .value(view)
            .map_or(Ok(None), |value| self.refine(value, zone));
        match taken {
            Ok(None) => Ok(self.default.clone()),
            Err(unusable) => self.default.clone().map_or(Err(unusable), |d| Ok(Some(d))),
            some => some,
        }
    }

    fn refine(&self, mut value: Value, zone: &TimeZone) -> Result<Option<Value>, Unusable> {
        if let Some(regex) = &self.regex {
            let found = path::text(&value).and_then(|text| {
                let groups = regex.captures(&text)?;
                let group = groups.get(1).or_else(|| groups.get(0))?;
                Some(group.as_str().to_owned())
            });
            // A pattern that does not fit means that the value is not there.
            let Some(found) = found.filter(|s| !s.is_empty()) else {
                return Ok(None);
            };
            value = Value::String(found);
        }
        if let Some(separator) = &self.split
            && let Value::String(text) = &value
        {
            let parts = text.split(separator.as_str()).map(str::trim);
            value = parts
                .filter(|p| !p.is_empty())
                .take(256)
                .map(Value::from)
                .collect();
        }
        match value {
            Value::Array(items) => {
                let refined: Result<Vec<_>, _> = items
                    .into_iter()
                    .map(|item| self.single(item, zone))
                    .collect();
                Ok(Some(refined?.into_iter().flatten().collect()))
            }
            single => self.single(single, zone),
        }
    }

    fn single(&self, mut value: Value, zone: &TimeZone) -> Result<Option<Value>, Unusable> {
        if !self.map.is_empty() {
            let text = path::text(&value).unwrap_or_default();
            let found = self
                .map
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(&text));
            match found {
                Some((_, mapped)) => value = mapped.clone(),
                None => return Err(Unusable("has no entry in `map`")),
            }
        }
        if let Some(format) = &self.time {
            let time = format
                .read(&value, zone)
                .ok_or(Unusable("is not a time of this format"))?;
            value = Value::from(time.0);
        }
        for convert in &self.convert {
            value = convert.run(&value)?;
        }
        Ok(Some(value))
    }

    /// Names of the fields that it reads.
    pub fn fields(&self) -> Vec<&str> {
        let mut out = Vec::new();
        self.from.fields(&mut out);
        out
    }
}

/// Why a value cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unusable(pub &'static str);

impl Convert {
    fn run(self, value: &Value) -> Result<Value, Unusable> {
        let text = path::text(value).ok_or(Unusable("is not a single value"))?;
        let text = text.trim();
        let number = || text.parse::<f64>().ok().filter(|n| n.is_finite());
        Ok(match self {
            Self::Int => whole(text).ok_or(Unusable("is not a whole number"))?.into(),
            Self::Float => number().ok_or(Unusable("is not a number"))?.into(),
            Self::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" | "on" => true.into(),
                "false" | "no" | "0" | "off" => false.into(),
                _ => return Err(Unusable("is not true or false")),
            },
            Self::Text => text.into(),
            Self::Lower => text.to_lowercase().into(),
            Self::Upper => text.to_uppercase().into(),
            Self::E164 => caller_key(text)
                .ok_or(Unusable("is not a telephone number"))?
                .into(),
            Self::Ip => keys::address(text)
                .ok_or(Unusable("is not an IP address"))?
                .into(),
            Self::Port => text
                .rsplit(':')
                .next()
                .and_then(|port| port.parse::<u16>().ok())
                .ok_or(Unusable("is not a port"))?
                .into(),
            Self::Basename => text.rsplit(['/', '\\']).next().unwrap_or(text).into(),
            Self::SecondsToMs => {
                let ms = number().ok_or(Unusable("is not a number"))? * 1e3;
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "a float beyond i64 saturates"
                )]
                let ms = ms.round() as i64;
                ms.into()
            }
            Self::IsoDurationToMs => when::iso_duration_ms(text)
                .ok_or(Unusable("is not a duration such as PT1M30S"))?
                .into(),
            Self::ClockToMs => when::clock_ms(text)
                .ok_or(Unusable("is not a duration such as 0:01:30"))?
                .into(),
        })
    }
}

/// Decimal, or hexadecimal after `0x`, as Windows writes process ids.
fn whole(text: &str) -> Option<i64> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    text.parse::<i64>().ok().or_else(|| {
        let n: f64 = text.parse().ok()?;
        #[allow(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        (n.fract() == 0.0 && n.abs() < 9e15).then_some(n as i64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parsed::Parsed;
    use serde_json::json;

    fn take(take: &Take, value: Value) -> Result<Option<Value>, Unusable> {
        let mut parsed = Parsed::default();
        parsed.fill("f", value);
        take.take(View::whole(&parsed), &TimeZone::UTC)
    }

    #[test]
    fn conversions() {
        for (convert, value, want) in [
            (Convert::Int, json!("0x1f"), json!(31)),
            (Convert::Int, json!(2.0), json!(2)),
            (Convert::Bool, json!("Yes"), json!(true)),
            (
                Convert::E164,
                json!("00 44 20 7946 0000"),
                json!("+442079460000"),
            ),
            (Convert::Ip, json!("10.1.2.3:5060"), json!("10.1.2.3")),
            (Convert::Port, json!("10.1.2.3:5060"), json!(5060)),
            (
                Convert::Basename,
                json!("C:\\Windows\\cmd.exe"),
                json!("cmd.exe"),
            ),
            (Convert::SecondsToMs, json!("1.5"), json!(1500)),
            (Convert::IsoDurationToMs, json!("PT1M30.5S"), json!(90_500)),
            (Convert::IsoDurationToMs, json!("P1DT1H"), json!(90_000_000)),
            (Convert::ClockToMs, json!("00:01:30"), json!(90_000)),
            (Convert::ClockToMs, json!("100:00:01"), json!(360_001_000)),
            (Convert::ClockToMs, json!("1:05.25"), json!(65_250)),
        ] {
            assert_eq!(convert.run(&value), Ok(want), "{convert:?}");
        }
        assert!(Convert::Int.run(&json!("1.5")).is_err());
        assert!(Convert::Ip.run(&json!({})).is_err());
        for bad in ["P1M", "90", "PT", "1:61", "1:2:3:4", "-1:00", ":"] {
            assert!(Convert::IsoDurationToMs.run(&json!(bad)).is_err(), "{bad}");
            assert!(Convert::ClockToMs.run(&json!(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn steps_run_in_order_and_the_default_comes_last() {
        let mut t = Take::field("f");
        t.regex = Some(Regex::new("^x-(.*)$").unwrap());
        t.split = Some(",".to_owned());
        t.map = vec![("a".into(), json!(1)), ("b".into(), json!(2))];
        assert_eq!(take(&t, json!("x-a, B")), Ok(Some(json!([1, 2]))));
        assert_eq!(take(&t, json!("y-a")), Ok(None));
        assert!(take(&t, json!("x-c")).is_err());
        t.default = Some(json!("none"));
        assert_eq!(take(&t, json!("x-c")), Ok(Some(json!("none"))));
        assert_eq!(take(&t, json!("")), Ok(Some(json!("none"))));
    }
}
