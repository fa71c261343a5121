//! From a mapping file to its rules: everything that can be wrong is found here, all at once.

use std::ops::Range;

use jiff::tz::TimeZone;
use regex::{Regex, RegexBuilder};
use ringfence_event::{Class, Severity, classes};
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::choose::Choice;
use super::rule::{Condition, Rule, Source, Test, When};
use super::take::{CONVERSIONS, From, Take};
use super::template::Template;
use super::toml_reader::{self as reader, Mistakes, Node, Table, nearest};
use super::{Mapping, MappingErrors};
use crate::parsed::{Format, Formats};
use crate::when::{self, TimeFormat};
use crate::{keys, path};

/// Largest mapping file.
const MAX_FILE: usize = 1024 * 1024;

pub(super) fn mapping(file: &str, text: &str) -> Result<Mapping, MappingErrors> {
    let mut m = Mistakes::new(file, text);
    if text.len() > MAX_FILE {
        m.add(&(0..0), "a mapping file has at most 1 MiB");
        return Err(MappingErrors(m.into_found()));
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        m.add(&error.span().unwrap_or(0..0), error.message());
    }
    let mut root = Table::root(&document);
    let stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = stem.strip_suffix(".toml").unwrap_or(stem);
    let name = root.text("name", &mut m).map_or(stem, |(name, _)| name);
    let description = root.text("description", &mut m).map(|(text, _)| text);
    let when = root.get("match").map(|node| matching(node, &mut m));
    let mut rules = Vec::new();
    match root.get("rule").map(|node| (node, node.get_ref())) {
        Some((_, DeValue::Array(items))) => {
            for (place, item) in items.iter().enumerate() {
                rules.extend(rule(item, place, when.is_some(), &mut m));
            }
        }
        Some((node, _)) => m.add(&node.span(), "rules are written as `[[rule]]`"),
        None => m.add(&(0..0), "no rule: write at least one `[[rule]]`"),
    }
    root.finish(&mut m);
    let found = m.into_found();
    if found.is_empty() {
        Ok(Mapping {
            name: name.to_owned(),
            description: description.map(str::to_owned),
            when: when.unwrap_or_default(),
            rules,
        })
    } else {
        Err(MappingErrors(found))
    }
}

fn rule(node: Node<'_>, place: usize, matched: bool, m: &mut Mistakes<'_>) -> Option<Rule> {
    let mut t = Table::of(node, "a rule", m)?;
    let name = t.text("name", m).map(|(name, _)| name.to_owned());
    let each = t
        .text("each", m)
        .and_then(|(path, span)| each(path, &span, m));
    let goes_on = t.flag("continue", m).unwrap_or(false);
    let when = match t.get("match") {
        Some(node) => matching(node, m),
        // The file says what it is for.
        None if matched => When::default(),
        None => {
            m.add(
                &t.span,
                "a rule says what it is for: `match = { format = \"json\", where = […] }`",
            );
            When::default()
        }
    };
    let class = class(&mut t, m);
    let activity = activity(&mut t, class, m);
    let severity = t.get("severity").and_then(|node| {
        choice(node, "severity", m, |text| {
            text.parse::<Severity>().map_err(|()| {
                "use Informational, Low, Medium, High, Critical, Fatal or Unknown".to_owned()
            })
        })
    });
    let time = t.get("time").and_then(|node| time(node, m));
    let zone = t
        .text("timezone", m)
        .and_then(|(name, span)| timezone(name, &span, m));
    let message = template(&mut t, "message", m);
    let uid = template(&mut t, "uid", m);
    let keys = t
        .get("keys")
        .map(|node| key_table(node, m))
        .unwrap_or_default();
    let ocsf = t
        .get("ocsf")
        .map(|node| ocsf_table(node, m))
        .unwrap_or_default();
    let logsource = t.get("logsource").and_then(|node| logsource(node, m));
    let logsource_from_record = t.flag("logsource_from_record", m).unwrap_or(false);
    let line = m.line(&t.span);
    t.finish(m);
    Some(Rule {
        name: name.unwrap_or_else(|| format!("rule {}", place + 1)),
        line,
        each,
        goes_on,
        when,
        class: class?.uid,
        activity: activity?,
        severity,
        time,
        zone,
        message,
        uid,
        keys,
        ocsf,
        logsource,
        logsource_from_record,
    })
}

/// The path of a list, or of a list inside the elements of another.
fn each(path: &str, span: &Range<usize>, m: &mut Mistakes<'_>) -> Option<String> {
    let good = path.split('.').all(|part| !part.is_empty()) && path.split('.').count() <= 8;
    if !good {
        m.add(
            span,
            "`each` is the path of a list of at most 8 steps, such as `participants.sessions`",
        );
    }
    good.then(|| path.to_owned())
}

fn matching(node: Node<'_>, m: &mut Mistakes<'_>) -> When {
    let Some(mut t) = Table::of(node, "`match`", m) else {
        return When::default();
    };
    let mut formats = None;
    if let Some(node) = t.get("format") {
        for (name, span) in reader::texts(node, "format", m) {
            match Format::ALL.into_iter().find(|f| f.as_str() == name) {
                Some(format) => formats.get_or_insert_with(Formats::default).add(format),
                None => m.add(
                    &span,
                    format!(
                        "unknown format `{name}`: use json, csv, kv, cef, leef, syslog or text"
                    ),
                ),
            }
        }
    }
    let mut conditions = Vec::new();
    match t.get("where").map(|node| (node, node.get_ref())) {
        Some((_, DeValue::Array(items))) => {
            conditions.extend(items.iter().filter_map(|item| condition(item, m)));
        }
        Some((node, _)) => m.add(&node.span(), "`where` is a list of `{ field = …, … }`"),
        None => {}
    }
    t.finish(m);
    When {
        formats,
        conditions,
    }
}

fn condition(node: Node<'_>, m: &mut Mistakes<'_>) -> Option<Condition> {
    let mut t = Table::of(node, "a condition", m)?;
    let span = t.span.clone();
    let field = t.text("field", m).map(|(field, _)| field.to_owned());
    if field.is_none() {
        m.add(&span, "a condition names its `field`");
    }
    let mut tests = Vec::new();
    if let Some(node) = t.get("equals") {
        let values = match node.get_ref() {
            DeValue::Array(items) => items.iter().filter_map(|i| scalar(i, m)).collect(),
            _ => scalar(node, m).into_iter().collect(),
        };
        tests.push(Test::Equals(values));
    }
    tests.extend(t.flag("exists", m).map(Test::Exists));
    tests.extend(
        t.text("prefix", m)
            .map(|(text, _)| Test::Prefix(text.to_owned())),
    );
    tests.extend(
        t.text("regex", m)
            .and_then(|(text, span)| regex(text, &span, m))
            .map(Test::Regex),
    );
    t.finish(m);
    if tests.len() != 1 {
        m.add(
            &span,
            "a condition has one of `equals`, `exists`, `prefix` or `regex`",
        );
    }
    Some(Condition {
        field: field?,
        test: tests.pop()?,
    })
}

fn scalar(node: Node<'_>, m: &mut Mistakes<'_>) -> Option<String> {
    let value = reader::json(node, m)?;
    let text = path::text(&value).map(std::borrow::Cow::into_owned);
    if text.is_none() {
        m.add(&node.span(), "compare with text, a number, true or false");
    }
    text
}

fn class(t: &mut Table<'_>, m: &mut Mistakes<'_>) -> Option<&'static Class> {
    let Some((name, span)) = t.text("class", m) else {
        if t.get("class").is_none() {
            m.add(
                &t.span,
                "a rule names its `class`, for example \"web_resources_activity\"",
            );
        }
        return None;
    };
    let found = classes().iter().find(|c| {
        c.name == name || c.caption.eq_ignore_ascii_case(name) || c.uid.to_string() == name
    });
    if found.is_none() {
        let names: Vec<_> = classes().iter().map(|c| c.name).collect();
        let hint = nearest(name, &names).map_or_else(
            || format!("known: `{}`", names.join("`, `")),
            |near| format!("did you mean `{near}`?"),
        );
        m.add(&span, format!("unknown class `{name}`: {hint}"));
    }
    found
}

fn activity(
    t: &mut Table<'_>,
    class: Option<&'static Class>,
    m: &mut Mistakes<'_>,
) -> Option<Choice<u8>> {
    let Some(node) = t.get("activity") else {
        if class.is_some_and(|c| c.uid == ringfence_event::BASE) {
            return Some(Choice::Fixed(0));
        }
        m.add(&t.span, "a rule names its `activity`");
        return None;
    };
    let class = class?;
    choice(node, "activity", m, |name| {
        let known = class.activities.iter();
        let found = known
            .clone()
            .find(|(id, caption)| caption.eq_ignore_ascii_case(name) || id.to_string() == name);
        match (found, name) {
            (Some((id, _)), _) => Ok(*id),
            (None, "Other" | "other") => Ok(99),
            (None, "Unknown" | "unknown") => Ok(0),
            (None, _) => {
                let all: Vec<_> = known.map(|(_, caption)| *caption).collect();
                Err(format!(
                    "`{}` has no activity `{name}`: use {} or Other",
                    class.name,
                    all.join(", ")
                ))
            }
        }
    })
}

/// A fixed name, or `{ field = …, map = { theirs = "Ours" }, default = "Ours" }`.
fn choice<T: Copy>(
    node: Node<'_>,
    what: &str,
    m: &mut Mistakes<'_>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Option<Choice<T>> {
    let one = |name: &str, span: &Range<usize>, m: &mut Mistakes<'_>| {
        read(name).map_err(|message| m.add(span, message)).ok()
    };
    if let Some(name) = node.get_ref().as_str() {
        return one(name, &node.span(), m).map(Choice::Fixed);
    }
    let mut t = Table::of(node, &format!("`{what}`"), m)?;
    let mut take = source(&mut t, m);
    if let Some(take) = &mut take {
        take.regex = t
            .text("regex", m)
            .and_then(|(text, span)| regex(text, &span, m));
    }
    let mut map = Vec::new();
    match t.get("map").and_then(|node| Table::of(node, "`map`", m)) {
        Some(entries) => {
            for (name, _, value) in entries.entries() {
                let Some(text) = reader::text(value, name, m) else {
                    continue;
                };
                map.extend(one(text, &value.span(), m).map(|value| (name.to_owned(), value)));
            }
        }
        None => m.add(
            &t.span,
            format!("`{what}` by a field has a `map` from its values"),
        ),
    }
    let default = t
        .text("default", m)
        .and_then(|(text, span)| one(text, &span, m));
    t.finish(m);
    Some(Choice::By {
        take: Box::new(take?),
        map,
        default,
    })
}

fn time(node: Node<'_>, m: &mut Mistakes<'_>) -> Option<Take> {
    if let Some(field) = node.get_ref().as_str() {
        let mut take = Take::field(field);
        take.time = Some(TimeFormat::Auto);
        return Some(take);
    }
    let mut take = take(node, "time", m)?;
    take.time.get_or_insert(TimeFormat::Auto);
    Some(take)
}

fn timezone(name: &str, span: &Range<usize>, m: &mut Mistakes<'_>) -> Option<TimeZone> {
    let zone = when::zone(name);
    if zone.is_none() {
        m.add(
            span,
            format!("unknown time zone `{name}`: write it as `Europe/Berlin` or `+01:00`"),
        );
    }
    zone
}

fn template(t: &mut Table<'_>, key: &'static str, m: &mut Mistakes<'_>) -> Option<Template> {
    let (text, span) = t.text(key, m)?;
    Template::parse(text)
        .map_err(|message| m.add(&span, message))
        .ok()
}

fn key_table(node: Node<'_>, m: &mut Mistakes<'_>) -> Vec<(&'static str, Take)> {
    let Some(t) = Table::of(node, "`keys`", m) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for (name, span, value) in t.entries() {
        match keys::NAMES.into_iter().find(|key| *key == name) {
            Some(key) => out.extend(take(value, name, m).map(|take| (key, take))),
            None => m.add(
                &span,
                format!("unknown key `{name}`: use {}", keys::NAMES.join(", ")),
            ),
        }
    }
    out
}

fn ocsf_table(node: Node<'_>, m: &mut Mistakes<'_>) -> Vec<(String, Vec<path::Step>, Take)> {
    let Some(t) = Table::of(node, "`ocsf`", m) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for (name, span, value) in t.entries() {
        let head = name.split(['.', '[']).next().unwrap_or_default();
        if TYPED.contains(&head) {
            m.add(&span, format!("`{head}` is not set here: use `class`, `activity`, `severity`, `time`, `message` or `uid` of the rule"));
            continue;
        }
        match path::steps(name) {
            Some(steps) => out.extend(take(value, name, m).map(|take| (name.to_owned(), steps, take))),
            None => m.add(&span, format!("`{name}` is no OCSF path: write it as \"actor.user.uid\" or \"web_resources[0].uid\", in quotes")),
        }
    }
    out
}

const TYPED: [&str; 12] = [
    "class_uid",
    "class_name",
    "category_uid",
    "category_name",
    "activity_id",
    "activity_name",
    "type_uid",
    "severity_id",
    "severity",
    "time",
    "message",
    "unmapped",
];

fn logsource(node: Node<'_>, m: &mut Mistakes<'_>) -> Option<Source> {
    let mut t = Table::of(node, "`logsource`", m)?;
    let mut part = |key| {
        let node = t.get(key)?;
        // Here plain text is the name itself, because a log source seldom stands in the record.
        match node.get_ref().as_str() {
            Some(name) => Some(Take::constant(name.into())),
            None => take(node, key, m),
        }
    };
    let source = Source {
        product: part("product"),
        service: part("service"),
        category: part("category"),
    };
    t.finish(m);
    Some(source)
}

/// A field's name, or a table that says more.
fn take(node: Node<'_>, what: &str, m: &mut Mistakes<'_>) -> Option<Take> {
    if let Some(field) = node.get_ref().as_str() {
        return Some(Take::field(field));
    }
    let mut t = Table::of(node, &format!("`{what}`"), m)?;
    let mut take = source(&mut t, m);
    let regex = t
        .text("regex", m)
        .and_then(|(text, span)| regex(text, &span, m));
    let split = t.text("split", m).map(|(text, _)| text.to_owned());
    let map = match t.get("map").and_then(|node| Table::of(node, "`map`", m)) {
        Some(entries) => entries
            .entries()
            .filter_map(|(name, _, value)| Some((name.to_owned(), reader::json(value, m)?)))
            .collect(),
        None => Vec::new(),
    };
    let format = t.text("format", m).and_then(|(text, span)| {
        TimeFormat::parse(text)
            .map_err(|message| m.add(&span, message))
            .ok()
    });
    let mut convert = Vec::new();
    if let Some(node) = t.get("convert") {
        for (name, span) in reader::texts(node, "convert", m) {
            match CONVERSIONS.into_iter().find(|(known, _)| *known == name) {
                Some((_, conversion)) => convert.push(conversion),
                None => {
                    let names = CONVERSIONS.map(|(name, _)| name).join(", ");
                    m.add(&span, format!("unknown conversion `{name}`: use {names}"));
                }
            }
        }
    }
    let default: Option<Value> = t.get("default").and_then(|node| reader::json(node, m));
    t.finish(m);
    if let Some(take) = &mut take {
        (take.regex, take.split, take.map) = (regex, split, map);
        (take.time, take.convert, take.default) = (format, convert, default);
    }
    take
}

/// `field`, `first_of`, `const` or `template`: exactly one.
fn source(t: &mut Table<'_>, m: &mut Mistakes<'_>) -> Option<Take> {
    let mut found = Vec::new();
    found.extend(t.text("field", m).map(|(name, _)| Take::field(name)));
    if let Some(node) = t.get("first_of") {
        let mut all = Vec::new();
        for (name, span) in reader::texts(node, "first_of", m) {
            // `{channel}@{start}`: a text made of fields, when the record has them all.
            if !name.contains('{') {
                all.push(From::Field(name.to_owned()));
                continue;
            }
            match Template::parse(name) {
                Ok(template) => all.push(From::Template(template)),
                Err(message) => m.add(&span, message),
            }
        }
        found.push(Take::from(From::First(all)));
    }
    if let Some(node) = t.get("const") {
        found.extend(reader::json(node, m).map(Take::constant));
    }
    found.extend(template(t, "template", m).map(|t| Take::from(From::Template(t))));
    if found.len() != 1 {
        m.add(
            &t.span,
            "say where the value is from: one of `field`, `first_of`, `const` or `template`",
        );
    }
    found.pop()
}

fn regex(text: &str, span: &Range<usize>, m: &mut Mistakes<'_>) -> Option<Regex> {
    // The engine is linear in its input; the limit bounds what one pattern may cost in memory.
    let built = RegexBuilder::new(text)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
        .build();
    let shown = |e: regex::Error| {
        let text = e.to_string();
        let last = text.lines().last().unwrap_or_default().to_owned();
        last.trim_start_matches("error: ").to_owned()
    };
    built
        .map_err(|e| {
            m.add(
                span,
                format!("`{text}` is no regular expression: {}", shown(e)),
            )
        })
        .ok()
}

#[doc(hidden)]
pub fn fuzz_mapping(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match mapping("fuzz.toml", &text) {
        Ok(mapping) => assert!(!mapping.name.is_empty() || text.contains("name")),
        Err(errors) => {
            let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
            assert!(!errors.0.is_empty(), "a refused file has a mistake");
            assert!(errors.0.iter().all(|e| (1..=lines).contains(&e.line)));
        }
    }
}

#[cfg(test)]
mod tests;
