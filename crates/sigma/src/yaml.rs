//! YAML as a tree that remembers lines.
//!
//! Built from parser events, not from a ready-made loader, because rule files come
//! from strangers: depth, node count and alias expansion are bounded here.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number as JsonNumber, Value as Json};

use crate::error::Problem;

/// Largest file taken, in bytes. The largest SigmaHQ rule has 40 kB.
pub(crate) const MOST_BYTES: usize = 1 << 20;
const MOST_NODES: usize = 100_000;
const MOST_DEPTH: usize = 48;

/// A YAML node and the line it starts on, counted from 1.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub line: usize,
    pub data: Data,
}

#[derive(Debug, Clone)]
pub(crate) enum Data {
    /// `plain` is false for quoted, block and `!!str` scalars, which are always text.
    Scalar {
        text: String,
        plain: bool,
    },
    Seq(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub text: String,
    pub line: usize,
}

/// A scalar read by the YAML 1.2 core schema.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'a str),
}

/// Reads all documents of a file. On error gives the line and the problem.
pub(crate) fn load(source: &str) -> Result<Vec<Node>, (usize, Problem)> {
    if source.len() > MOST_BYTES {
        return Err((
            1,
            Problem::TooLarge {
                what: "file size in bytes",
                limit: MOST_BYTES,
            },
        ));
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(source) {
        let (event, span) =
            event.map_err(|e| (e.marker().line().max(1), Problem::Yaml(e.info().to_owned())))?;
        let line = span.start.line().max(1);
        builder
            .event(event, line)
            .map_err(|problem| (line, problem))?;
    }
    Ok(builder.documents)
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

/// A collection whose end has not been seen yet.
struct Open {
    anchor: usize,
    first_node: usize,
    node: Node,
    key: Option<Key>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: usize) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !tag.as_deref().is_some_and(is_str_tag);
                self.count(1)?;
                let data = Data::Scalar {
                    text: text.into_owned(),
                    plain,
                };
                self.add(Node { line, data }, anchor, 1)
            }
            Event::SequenceStart(anchor, _) => self.start(anchor, line, Data::Seq(Vec::new())),
            Event::MappingStart(anchor, _) => self.start(anchor, line, Data::Map(Vec::new())),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.add(open.node, open.anchor, self.nodes - open.first_node),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let (node, size) = self
                    .anchors
                    .get(&anchor)
                    .cloned()
                    .ok_or_else(|| Problem::Yaml("alias to an unfinished anchor".to_owned()))?;
                // Copies count like written nodes, or ten lines could make a billion.
                self.count(size)?;
                self.add(node, 0, size)
            }
            Event::DocumentStart(_) => {
                self.anchors.clear();
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn start(&mut self, anchor: usize, line: usize, data: Data) -> Result<(), Problem> {
        if self.open.len() >= MOST_DEPTH {
            return Err(Problem::TooLarge {
                what: "nesting depth",
                limit: MOST_DEPTH,
            });
        }
        let first_node = self.nodes;
        self.count(1)?;
        self.open.push(Open {
            anchor,
            first_node,
            node: Node { line, data },
            key: None,
        });
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), Problem> {
        if anchor != 0 {
            self.count(size)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(parent) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match &mut parent.node.data {
            Data::Seq(items) => items.push(node),
            Data::Map(entries) => match parent.key.take() {
                Some(key) => entries.push((key, node)),
                None => match node.data {
                    Data::Scalar { text, .. } => {
                        parent.key = Some(Key {
                            text,
                            line: node.line,
                        })
                    }
                    _ => return Err(Problem::Yaml("a key must be plain text".to_owned())),
                },
            },
            Data::Scalar { .. } => {}
        }
        Ok(())
    }

    fn count(&mut self, size: usize) -> Result<(), Problem> {
        self.nodes += size;
        if self.nodes > MOST_NODES {
            return Err(Problem::TooLarge {
                what: "number of values",
                limit: MOST_NODES,
            });
        }
        Ok(())
    }
}

fn is_str_tag(tag: &Tag) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == "str"
}

impl Node {
    /// The entries, if this is a map.
    pub fn map(&self) -> Option<&[(Key, Self)]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.map()?
            .iter()
            .find(|(k, _)| k.text == key)
            .map(|(_, v)| v)
    }

    /// The first key that stands twice in this map.
    pub fn repeated_key(&self) -> Option<&Key> {
        let mut seen = std::collections::HashSet::new();
        self.map()?
            .iter()
            .map(|(k, _)| k)
            .find(|k| !seen.insert(k.text.as_str()))
    }

    /// The scalar's text as written, if this is a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        match (&self.data, self.scalar()) {
            (_, Some(Scalar::Null)) => None,
            (Data::Scalar { text, .. }, _) => Some(text),
            _ => None,
        }
    }

    /// One item for a scalar, all items for a list.
    pub fn items(&self) -> &[Self] {
        match &self.data {
            Data::Seq(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// Texts of a list, or of a scalar as a list of one.
    pub fn texts(&self) -> Vec<String> {
        self.items()
            .iter()
            .filter_map(|n| n.text().map(str::to_owned))
            .collect()
    }

    /// The scalar with its type resolved.
    pub fn scalar(&self) -> Option<Scalar<'_>> {
        match &self.data {
            Data::Scalar { text, plain: false } => Some(Scalar::Str(text)),
            Data::Scalar { text, plain: true } => Some(resolve(text)),
            _ => None,
        }
    }

    /// The tree as JSON, for free-form blocks and test events.
    pub fn to_json(&self) -> Json {
        match &self.data {
            Data::Seq(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Data::Map(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(k, v)| (k.text.clone(), v.to_json()))
                    .collect::<Map<_, _>>(),
            ),
            Data::Scalar { .. } => match self.scalar() {
                Some(Scalar::Bool(b)) => Json::Bool(b),
                Some(Scalar::Int(i)) => Json::from(i),
                Some(Scalar::Float(f)) => JsonNumber::from_f64(f).map_or(Json::Null, Json::Number),
                Some(Scalar::Str(s)) => Json::String(s.to_owned()),
                Some(Scalar::Null) | None => Json::Null,
            },
        }
    }
}

/// YAML 1.2.2 section 10.3.2, tag resolution of the core schema.
fn resolve(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        _ => {}
    }
    let starts_like_number =
        text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    if !starts_like_number {
        return Scalar::Str(text);
    }
    let radix = |prefix, radix| {
        text.strip_prefix(prefix)
            .and_then(|rest| i64::from_str_radix(rest, radix).ok())
    };
    if let Some(i) = text
        .parse()
        .ok()
        .or_else(|| radix("0x", 16))
        .or_else(|| radix("0o", 8))
    {
        return Scalar::Int(i);
    }
    // An integer past i64 stays text: as a float it would lose digits.
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Scalar::Str(text);
    }
    // Rust also reads `inf` and `nan` after a sign; YAML does not.
    let numeric = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match text.parse::<f64>() {
        Ok(f) if numeric && f.is_finite() => Scalar::Float(f),
        _ => Scalar::Str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_follow_the_core_schema() {
        for (text, want) in [
            ("4624", Scalar::Int(4624)),
            ("0x10", Scalar::Int(16)),
            ("-1.5", Scalar::Float(-1.5)),
            ("yes", Scalar::Str("yes")),
            ("~", Scalar::Null),
            ("True", Scalar::Bool(true)),
            ("+inf", Scalar::Str("+inf")),
            ("1.2.3.4", Scalar::Str("1.2.3.4")),
        ] {
            assert_eq!(resolve(text), want, "{text}");
        }
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
        let mut last = 'a';
        for next in 'b'..='h' {
            bomb += &format!(
                "{next}: &{next} [{}]\n",
                vec![format!("*{last}"); 10].join(", ")
            );
            last = next;
        }
        let (_, problem) = load(&bomb).unwrap_err();
        assert!(matches!(problem, Problem::TooLarge { .. }), "{problem}");
    }

    #[test]
    fn lines_count_from_one() {
        let documents = load("a: 1\nb:\n  - x\n---\nc: 2\n").unwrap();
        assert_eq!(documents[0].get("b").unwrap().items()[0].line, 3);
        assert_eq!(documents[1].line, 5);
    }
}
