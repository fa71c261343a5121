//! TOML with the line of everything, and all mistakes at once.

use std::ops::Range;

use ringfence_event::{clip, neutralise};
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Mistake;

/// Mistakes found so far in one file.
pub(super) struct Mistakes<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<Mistake>,
}

/// A broken file is not worth a thousand lines of complaint.
const MOST: usize = 100;

impl<'t> Mistakes<'t> {
    pub fn new(file: &'t str, text: &'t str) -> Self {
        Self {
            file,
            text,
            found: Vec::new(),
        }
    }

    pub fn add(&mut self, span: &Range<usize>, message: impl AsRef<str>) {
        if self.found.len() < MOST {
            self.found.push(Mistake {
                file: self.file.to_owned(),
                line: self.line(span),
                message: clip(&neutralise(message.as_ref()), 400).into_owned(),
            });
        }
    }

    pub fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        memchr::memchr_iter(b'\n', before).count() + 1
    }

    pub fn into_found(mut self) -> Vec<Mistake> {
        self.found.sort_by_key(|mistake| mistake.line);
        self.found
    }
}

pub(super) type Node<'a> = &'a Spanned<DeValue<'a>>;

/// A table whose keys are asked for one by one; what is left over is a mistake.
pub(super) struct Table<'a> {
    table: &'a DeTable<'a>,
    pub span: Range<usize>,
    asked: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub fn root(table: &'a Spanned<DeTable<'a>>) -> Self {
        Self {
            table: table.get_ref(),
            span: table.span(),
            asked: Vec::new(),
        }
    }

    pub fn of(node: Node<'a>, what: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        match node.get_ref() {
            DeValue::Table(table) => Some(Self {
                table,
                span: node.span(),
                asked: Vec::new(),
            }),
            other => {
                let kind = other.type_str();
                mistakes.add(&node.span(), format!("{what} is a table, not {kind}"));
                None
            }
        }
    }

    pub fn get(&mut self, key: &'static str) -> Option<Node<'a>> {
        self.asked.push(key);
        self.table
            .iter()
            .find(|(k, _)| k.get_ref() == key)
            .map(|(_, v)| v)
    }

    pub fn text(
        &mut self,
        key: &'static str,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<(&'a str, Range<usize>)> {
        let node = self.get(key)?;
        Some((text(node, key, mistakes)?, node.span()))
    }

    pub fn flag(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<bool> {
        let node = self.get(key)?;
        if node.get_ref().as_bool().is_none() {
            mistakes.add(&node.span(), format!("`{key}` is true or false"));
        }
        node.get_ref().as_bool()
    }

    /// All entries, for tables whose keys are the user's.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, Range<usize>, Node<'a>)> + use<'a> {
        self.table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
    }

    /// Reports keys that nobody asked for, with the nearest that exists.
    pub fn finish(self, mistakes: &mut Mistakes<'_>) {
        for (key, span, _) in self.entries() {
            if !self.asked.contains(&key) {
                let near = nearest(key, &self.asked);
                let known = self.asked.join("`, `");
                let hint = near.map_or_else(
                    || format!("known here: `{known}`"),
                    |near| format!("did you mean `{near}`?"),
                );
                mistakes.add(&span, format!("unknown key `{key}`: {hint}"));
            }
        }
    }
}

pub(super) fn text<'a>(node: Node<'a>, what: &str, mistakes: &mut Mistakes<'_>) -> Option<&'a str> {
    if node.get_ref().as_str().is_none() {
        mistakes.add(&node.span(), format!("`{what}` is text in quotes"));
    }
    node.get_ref().as_str()
}

/// One text or a list of them.
pub(super) fn texts<'a>(
    node: Node<'a>,
    what: &str,
    mistakes: &mut Mistakes<'_>,
) -> Vec<(&'a str, Range<usize>)> {
    match node.get_ref() {
        DeValue::Array(items) => items
            .iter()
            .filter_map(|item| Some((text(item, what, mistakes)?, item.span())))
            .collect(),
        _ => text(node, what, mistakes)
            .map(|t| (t, node.span()))
            .into_iter()
            .collect(),
    }
}

/// A constant as JSON.
pub(super) fn json(node: Node<'_>, mistakes: &mut Mistakes<'_>) -> Option<Value> {
    match node.get_ref() {
        DeValue::String(s) => Some(Value::from(s.as_ref())),
        DeValue::Boolean(b) => Some((*b).into()),
        DeValue::Integer(n) => {
            let value = i64::from_str_radix(n.as_str(), n.radix()).ok();
            if value.is_none() {
                mistakes.add(&node.span(), "number does not fit into 64 bits");
            }
            value.map(Value::from)
        }
        DeValue::Float(n) => n.as_str().parse::<f64>().ok().map(Value::from),
        DeValue::Datetime(d) => Some(d.to_string().into()),
        DeValue::Array(items) => items.iter().map(|item| json(item, mistakes)).collect(),
        DeValue::Table(_) => {
            mistakes.add(
                &node.span(),
                "a constant is text, a number, true, false or a list of them",
            );
            None
        }
    }
}

/// The candidate that differs least, if it differs by at most two letters.
pub(super) fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    candidates
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate))
        .filter(|(distance, _)| *distance <= 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, of short words only.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let best = (diagonal + usize::from(x != *y))
                .min(*cell + 1)
                .min(left + 1);
            diagonal = *cell;
            *cell = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        assert_eq!(nearest("activty", &["class", "activity"]), Some("activity"));
        assert_eq!(nearest("kyes", &["keys"]), Some("keys"));
        assert_eq!(nearest("zebra", &["keys"]), None);
        assert_eq!(distance("", "abc"), 3);
    }
}
