//! Reads a TOML document key by key, so that every mistake is reported at once with its line.
//!
//! serde stops at the first mistake; a person who writes a configuration wants all of them.

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// One mistake in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line in the file, from 1.
    pub line: usize,
    /// Dotted path of the key, for example `server.listen`.
    pub key: String,
    /// What is wrong and what to do.
    pub what: String,
}

/// Mistakes found so far, and the text to count lines in.
#[derive(Debug)]
pub struct Mistakes<'i> {
    text: &'i str,
    found: Vec<Mistake>,
}

impl<'i> Mistakes<'i> {
    /// None yet.
    #[must_use]
    pub fn of(text: &'i str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    /// Notes a mistake at a byte of the text.
    pub fn add(&mut self, byte: usize, key: impl Into<String>, what: impl Into<String>) {
        let before = self.text.as_bytes().iter().take(byte);
        let line = 1 + before.filter(|b| **b == b'\n').count();
        self.found.push(Mistake {
            line,
            key: key.into(),
            what: what.into(),
        });
    }

    /// Whether there are none.
    #[must_use]
    pub fn none(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them by line.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Mistake> {
        self.found
            .sort_by(|a, b| (a.line, &a.key).cmp(&(b.line, &b.key)));
        self.found
    }
}

/// One table being read. Keys are taken out; what is left at the end is unknown.
pub struct Section<'i> {
    path: String,
    at: usize,
    rest: DeTable<'i>,
    known: Vec<&'static str>,
}

impl<'i> Section<'i> {
    /// The whole document; syntax errors are noted as mistakes.
    #[must_use]
    pub fn document(text: &'i str, mistakes: &mut Mistakes<'i>) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().map_or(0, |s| s.start);
            mistakes.add(at, "", error.message());
        }
        Self {
            path: String::new(),
            at: 0,
            rest: table.into_inner(),
            known: Vec::new(),
        }
    }

    /// Byte at which the table begins.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Dotted path of a key in this table.
    #[must_use]
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Takes a value, if it is written. One of the wrong type is noted and counts as not written.
    pub fn take<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        mistakes: &mut Mistakes<'i>,
    ) -> Option<Spanned<T>> {
        self.known.push(key);
        let value = self.remove(key)?;
        let span = value.span();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(v) => Some(Spanned::new(span, v)),
            Err(error) => {
                mistakes.add(span.start, self.path_of(key), error.message());
                None
            }
        }
    }

    /// Takes a value or its default.
    pub fn take_or<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        default: T,
        mistakes: &mut Mistakes<'i>,
    ) -> T {
        self.take(key, mistakes)
            .map_or(default, Spanned::into_inner)
    }

    /// Takes a sub-table; an empty one if it is not written.
    pub fn table(&mut self, key: &'static str, mistakes: &mut Mistakes<'i>) -> Self {
        self.known.push(key);
        let path = self.path_of(key);
        match self.remove(key) {
            Some(value) => Self::from_value(path, value, mistakes),
            None => Self {
                path,
                at: self.at,
                rest: DeTable::new(),
                known: Vec::new(),
            },
        }
    }

    /// Takes an array of tables (`[[key]]`).
    pub fn tables(&mut self, key: &'static str, mistakes: &mut Mistakes<'i>) -> Vec<Self> {
        self.known.push(key);
        let path = self.path_of(key);
        let Some(value) = self.remove(key) else {
            return Vec::new();
        };
        let at = value.span().start;
        match value.into_inner() {
            DeValue::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(i, item)| Self::from_value(format!("{path}[{i}]"), item, mistakes))
                .collect(),
            _ => {
                mistakes.add(at, path.clone(), format!("write it as `[[{path}]]`"));
                Vec::new()
            }
        }
    }

    /// Everything that is left as one serde type, for structs that other crates define.
    pub fn into_serde<T: DeserializeOwned>(self, mistakes: &mut Mistakes<'i>) -> Option<T> {
        let value = Spanned::new(self.at..self.at, DeValue::Table(self.rest));
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(v) => Some(v),
            Err(error) => {
                let at = error
                    .span()
                    .map_or(self.at, |s| if s.start == 0 { self.at } else { s.start });
                mistakes.add(at, self.path, error.message());
                None
            }
        }
    }

    /// Notes every key that nobody asked for, with the known one that it may have meant.
    pub fn finish(self, mistakes: &mut Mistakes<'i>) {
        for key in self.rest.keys() {
            let name = key.get_ref();
            let near = self.known.iter().find(|k| near(k, name));
            let what = match near {
                Some(k) => format!("unknown key, did you mean `{k}`?"),
                None if self.known.is_empty() => "unknown key".to_owned(),
                None => format!("unknown key, allowed here: {}", self.known.join(", ")),
            };
            let path = self.path_of(&ringfence_event::neutralise(name));
            mistakes.add(key.span().start, path, what);
        }
    }

    fn from_value(path: String, value: Spanned<DeValue<'i>>, mistakes: &mut Mistakes<'i>) -> Self {
        let at = value.span().start;
        let rest = match value.into_inner() {
            DeValue::Table(table) => table,
            other => {
                let what = format!("a table is wanted here, not a {}", other.type_str());
                mistakes.add(at, path.clone(), what);
                DeTable::new()
            }
        };
        Self {
            path,
            at,
            rest,
            known: Vec::new(),
        }
    }

    fn remove(&mut self, key: &str) -> Option<Spanned<DeValue<'i>>> {
        self.rest.remove(key)
    }
}

/// At most two edits apart, counting a swap of neighbours as one or two.
fn near(a: &str, b: &str) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().take(64).collect());
    if a.len().abs_diff(b.len()) > 2 {
        return false;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut last = i + 1;
        let mut previous = row.clone();
        std::mem::swap(&mut previous, &mut row);
        let mut next = vec![last];
        for (cb, pair) in b.iter().zip(previous.windows(2)) {
            let &[diagonal, up] = pair else { continue };
            last = (diagonal + usize::from(ca != cb)).min(up + 1).min(last + 1);
            next.push(last);
        }
        row = next;
    }
    row.last().is_some_and(|d| *d <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_at_once_with_their_lines() {
        let text = "[server]\nlisten = 5\nlisten2 = 1\n\n[log]\nformat = \"json\"\n";
        let mut m = Mistakes::of(text);
        let mut doc = Section::document(text, &mut m);
        let mut server = doc.table("server", &mut m);
        assert!(server.take::<String>("listen", &mut m).is_none());
        server.finish(&mut m);
        doc.finish(&mut m);
        let got: Vec<_> = m
            .into_sorted()
            .into_iter()
            .map(|m| (m.line, m.key))
            .collect();
        let want = [(2, "server.listen"), (3, "server.listen2"), (5, "log")];
        assert_eq!(got, want.map(|(l, k)| (l, k.to_owned())));
    }

    #[test]
    fn near_keys_are_suggested() {
        for (a, b, want) in [
            ("listen", "listne", true),
            ("listen", "data", false),
            ("tz", "tz", true),
        ] {
            assert_eq!(near(a, b), want, "{a} {b}");
        }
    }
}
