//! Field keys with modifiers: `CommandLine|windash|contains|all`.

use crate::error::{Problem, shorten};

/// What stands behind a field's name, sorted by what it does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Modifiers {
    pub kind: Kind,
    /// `contains` is both; `startswith` leaves the end open, `endswith` the start.
    pub open_start: bool,
    pub open_end: bool,
    pub all: bool,
    pub neq: bool,
    pub cased: bool,
    pub date: Option<DatePart>,
    /// Changes of the value, in the order written.
    pub transforms: Vec<Transform>,
}

/// How the value is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Text,
    Regex(RegexFlags),
    Cidr,
    Exists,
    FieldRef,
    Compare(Order),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct RegexFlags {
    pub insensitive: bool,
    pub multi_line: bool,
    pub dot_all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Lt,
    Lte,
    Eq,
    Gte,
    Gt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DatePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transform {
    Windash,
    Expand,
    Base64,
    Base64Offset,
    Utf16Le,
    Utf16Be,
    /// UTF-16 with a byte order mark in front.
    Utf16,
}

/// Splits `key` into the field's name (empty for keywords) and its modifiers.
pub(crate) fn parse(key: &str) -> Result<(&str, Modifiers), Problem> {
    let mut words = key.split('|');
    let field = words.next().unwrap_or_default();
    let mut found = Modifiers::default();
    for word in words {
        found.add(word, key)?;
    }
    found.check(key)?;
    Ok((field, found))
}

impl Modifiers {
    fn add(&mut self, word: &str, key: &str) -> Result<(), Problem> {
        match word {
            "contains" => (self.open_start, self.open_end) = (true, true),
            "startswith" => self.open_end = true,
            "endswith" => self.open_start = true,
            "all" => self.all = true,
            "neq" => self.neq = true,
            "cased" => self.cased = true,
            "re" => self.set_kind(Kind::Regex(RegexFlags::default()), key)?,
            "i" | "m" | "s" => {
                let Kind::Regex(flags) = &mut self.kind else {
                    return Err(misfit(key, "`i`, `m` and `s` belong behind `re`"));
                };
                match word {
                    "i" => flags.insensitive = true,
                    "m" => flags.multi_line = true,
                    _ => flags.dot_all = true,
                }
            }
            "cidr" => self.set_kind(Kind::Cidr, key)?,
            "exists" => self.set_kind(Kind::Exists, key)?,
            "fieldref" => self.set_kind(Kind::FieldRef, key)?,
            "lt" => self.set_kind(Kind::Compare(Order::Lt), key)?,
            "lte" => self.set_kind(Kind::Compare(Order::Lte), key)?,
            "gt" => self.set_kind(Kind::Compare(Order::Gt), key)?,
            "gte" => self.set_kind(Kind::Compare(Order::Gte), key)?,
            "minute" => self.date = Some(DatePart::Minute),
            "hour" => self.date = Some(DatePart::Hour),
            "day" => self.date = Some(DatePart::Day),
            "week" => self.date = Some(DatePart::Week),
            "month" => self.date = Some(DatePart::Month),
            "year" => self.date = Some(DatePart::Year),
            "windash" => self.transforms.push(Transform::Windash),
            "expand" => self.transforms.push(Transform::Expand),
            "base64" => self.transforms.push(Transform::Base64),
            "base64offset" => self.transforms.push(Transform::Base64Offset),
            "wide" | "utf16le" => self.transforms.push(Transform::Utf16Le),
            "utf16be" => self.transforms.push(Transform::Utf16Be),
            "utf16" => self.transforms.push(Transform::Utf16),
            unknown => return Err(Problem::UnknownModifier(shorten(unknown))),
        }
        Ok(())
    }

    fn set_kind(&mut self, kind: Kind, key: &str) -> Result<(), Problem> {
        if self.kind != Kind::Text {
            return Err(misfit(
                key,
                "only one of re, cidr, exists, fieldref, lt, lte, gt, gte",
            ));
        }
        self.kind = kind;
        Ok(())
    }

    fn check(&self, key: &str) -> Result<(), Problem> {
        let open = self.open_start || self.open_end;
        let plain = !open && self.transforms.is_empty() && !self.cased;
        let why = match self.kind {
            Kind::Regex(_) | Kind::Cidr | Kind::Exists | Kind::Compare(_) if !plain => {
                "modifiers for text do not go with re, cidr, exists and comparisons"
            }
            Kind::FieldRef if !self.transforms.is_empty() => {
                "the value of fieldref is a field's name and cannot be encoded"
            }
            Kind::Regex(_) | Kind::Cidr | Kind::Exists | Kind::FieldRef if self.date.is_some() => {
                "parts of a date are numbers; use them with lt, lte, gt, gte or alone"
            }
            Kind::Text if self.date.is_some() && !plain => {
                "parts of a date are numbers and cannot be encoded or searched as text"
            }
            _ => return Ok(()),
        };
        Err(misfit(key, why))
    }
}

fn misfit(key: &str, why: &'static str) -> Problem {
    Problem::Modifiers {
        field: shorten(key),
        why,
    }
}
