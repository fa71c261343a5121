//! Predicates: one field, one test. Equal ones of different rules are one.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;
use regex::Regex;

use crate::fold::fold;
use crate::modifier::{DatePart, Order};
use crate::number::Number;
use crate::pattern::{Part, Pattern, TextTest};
use crate::regexes::RegexSpec;

/// A field by its number in [`Predicates::fields`]. Number 0 is no field but all text
/// of the event, which keyword rules search.
pub(crate) type FieldId = u32;
pub(crate) const KEYWORDS: FieldId = 0;

/// A test as the rule says it; equal specs are the same predicate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Spec {
    Text {
        pattern: Pattern,
        cased: bool,
    },
    /// `text` is the number as written, for fields that hold it as text.
    Number {
        text: String,
    },
    Null,
    Exists(bool),
    Regex(RegexSpec),
    Cidr(IpNet),
    Compare {
        order: Order,
        text: String,
    },
    Date {
        part: DatePart,
        order: Order,
        text: String,
    },
    FieldRef {
        other: FieldId,
        open_start: bool,
        open_end: bool,
        cased: bool,
    },
}

/// A test ready to run.
#[derive(Debug)]
pub(crate) enum Test {
    Text(TextTest),
    Number {
        number: Number,
        folded: String,
    },
    Null,
    Exists(bool),
    Regex(Regex),
    Cidr(IpNet),
    Compare(Order, Number),
    Date(DatePart, Order, Number),
    FieldRef {
        other: FieldId,
        open_start: bool,
        open_end: bool,
        cased: bool,
    },
}

#[derive(Debug)]
pub(crate) struct Predicate {
    pub field: FieldId,
    pub spec: Spec,
    pub test: Test,
}

/// All predicates and fields of a rule set.
#[derive(Debug)]
pub(crate) struct Predicates {
    all: Vec<Predicate>,
    fields: Vec<String>,
    by_spec: HashMap<(FieldId, Spec), u32>,
    by_name: HashMap<String, FieldId>,
}

impl Default for Predicates {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            fields: vec![String::new()],
            by_spec: HashMap::new(),
            by_name: HashMap::from([(String::new(), KEYWORDS)]),
        }
    }
}

impl Predicates {
    pub fn field(&mut self, name: &str) -> FieldId {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        let id = to_id(self.fields.len());
        self.fields.push(name.to_owned());
        self.by_name.insert(name.to_owned(), id);
        id
    }

    /// The number of the predicate, made if new. The error says what its value cannot be.
    pub fn add(&mut self, field: FieldId, spec: Spec) -> Result<u32, String> {
        let key = (field, spec);
        if let Some(id) = self.by_spec.get(&key) {
            return Ok(*id);
        }
        let test = Test::new(&key.1)?;
        let id = to_id(self.all.len());
        self.all.push(Predicate {
            field,
            spec: key.1.clone(),
            test,
        });
        self.by_spec.insert(key, id);
        Ok(id)
    }

    /// Forgets what only adding needs.
    pub fn freeze(&mut self) {
        self.by_spec = HashMap::new();
        self.by_name = HashMap::new();
        self.all.shrink_to_fit();
    }

    pub fn get(&self, id: u32) -> Option<&Predicate> {
        self.all.get(id as usize)
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn field_name(&self, id: FieldId) -> &str {
        self.fields.get(id as usize).map_or("", String::as_str)
    }

    pub fn field_count(&self) -> usize {
        self.fields.len()
    }
}

fn to_id(len: usize) -> u32 {
    // Input caps keep counts far below this; saturating keeps even a bug harmless.
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Test {
    fn new(spec: &Spec) -> Result<Self, String> {
        let number = |text: &str| {
            Number::parse(text)
                .ok_or_else(|| "is not a number; write one without quotes".to_owned())
        };
        Ok(match spec {
            Spec::Text { pattern, cased } => Self::Text(TextTest::new(pattern, *cased)),
            Spec::Number { text } => Self::Number {
                number: number(text)?,
                folded: fold(text),
            },
            Spec::Null => Self::Null,
            Spec::Exists(wanted) => Self::Exists(*wanted),
            Spec::Regex(regex) => Self::Regex(regex.compile()?),
            Spec::Cidr(net) => Self::Cidr(*net),
            Spec::Compare { order, text } => Self::Compare(*order, number(text)?),
            Spec::Date { part, order, text } => Self::Date(*part, *order, number(text)?),
            Spec::FieldRef {
                other,
                open_start,
                open_end,
                cased,
            } => Self::FieldRef {
                other: *other,
                open_start: *open_start,
                open_end: *open_end,
                cased: *cased,
            },
        })
    }
}

/// Whether `text` is an address inside `net`. An IPv4 address written as IPv6 counts
/// as IPv4, since dual-stack sockets log it so.
pub(crate) fn in_net(net: &IpNet, text: &str) -> bool {
    match text.trim().parse::<IpAddr>() {
        Ok(address) => net.contains(&address) || net.contains(&address.to_canonical()),
        Err(_) => false,
    }
}

impl Spec {
    /// The test in words, to stand behind a field's name.
    pub fn words(&self, fields: &Predicates) -> String {
        match self {
            Self::Text { pattern, cased } => {
                let case = if *cased { " (same case)" } else { "" };
                format!("{}{case}", pattern_words(pattern))
            }
            Self::Number { text } => format!("is {text}"),
            Self::Null => "is null or absent".to_owned(),
            Self::Exists(true) => "is present".to_owned(),
            Self::Exists(false) => "is absent".to_owned(),
            Self::Regex(regex) => format!("matches /{}/", regex.pattern),
            Self::Cidr(net) => format!("is in {net}"),
            Self::Compare { order, text } => format!("{} {text}", order.words()),
            Self::Date { part, order, text } => {
                format!(
                    "has a {} that {} {text}",
                    format!("{part:?}").to_lowercase(),
                    order.words()
                )
            }
            Self::FieldRef {
                other,
                open_start,
                open_end,
                ..
            } => {
                let verb = match (open_start, open_end) {
                    (false, false) => "equals",
                    (false, true) => "starts with",
                    (true, false) => "ends with",
                    (true, true) => "contains",
                };
                format!("{verb} the field {}", fields.field_name(*other))
            }
        }
    }
}

fn pattern_words(pattern: &Pattern) -> String {
    match pattern.0.as_slice() {
        [] => "is empty".to_owned(),
        [Part::Star] => "has any value".to_owned(),
        [Part::Lit(text)] => format!("is `{text}`"),
        [Part::Lit(text), Part::Star] => format!("starts with `{text}`"),
        [Part::Star, Part::Lit(text)] => format!("ends with `{text}`"),
        [Part::Star, Part::Lit(text), Part::Star] => format!("contains `{text}`"),
        parts => {
            let written: String = parts
                .iter()
                .map(|part| match part {
                    Part::Lit(text) => text.as_str(),
                    Part::Star => "*",
                    Part::One => "?",
                })
                .collect();
            format!("is like `{written}`")
        }
    }
}
