//! The body of Elasticsearch's bulk requests: a line that says what to do, and below it the
//! document, by itself on one line.
//!
//! Only this frame is read here. What a document is, [`Normaliser::document`] says.
//!
//! [`Normaliser::document`]: crate::Normaliser::document

use std::ops::Range;

use serde::{Deserialize, Deserializer};

use crate::{Limits, Position, Reject, RejectCode};

/// Longest line that says what to do. The index, an id and a routing need far less.
const MAX_ACTION: usize = 8 * 1024;

/// What is asked for a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkAction {
    /// A new document; its id is not known yet.
    Create,
    /// A new document, or a new version of a known one.
    Index,
    /// A change of a known document.
    Update,
    /// Its removal.
    Delete,
}

impl BulkAction {
    /// The action as requests and answers write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Index => "index",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// One item of a bulk request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkItem {
    /// What is asked.
    pub action: BulkAction,
    /// The index that the item names.
    pub index: Option<String>,
    /// The identity that the producer gave the document.
    pub id: Option<String>,
    /// Bytes of the document in the body. Empty for a removal, which has none.
    pub document: Range<usize>,
    /// Line of the document in the body, from 1.
    pub line: usize,
}

/// Takes a bulk request apart.
///
/// # Errors
/// When a line that should say what to do does not, a document is missing at the end, or there are
/// more items than one body may have. As in Elasticsearch, nothing of such a request is taken.
pub fn bulk(body: &[u8], limits: &Limits) -> Result<Vec<BulkItem>, Reject> {
    let mut lines = Lines {
        body,
        at: 0,
        line: 0,
    };
    let mut items = Vec::new();
    while let Some((range, line)) = lines.next_line() {
        let text = body.get(range.clone()).unwrap_or_default();
        if text.trim_ascii().is_empty() {
            continue;
        }
        let refuse = |code, reason: String| {
            let position = Position {
                line,
                column: 1,
                byte: range.start,
            };
            Reject::new(code, position, reason)
        };
        if items.len() >= limits.records {
            let reason = format!("more than {} documents in one body", limits.records);
            return Err(refuse(RejectCode::TooMany, reason));
        }
        let malformed = |why: &str| {
            refuse(
                RejectCode::Syntax,
                format!(
                    "malformed action/metadata line [{line}]: {why}; write \
                     `{{\"create\":{{\"_index\":\"logs\"}}}}`"
                ),
            )
        };
        if text.len() > MAX_ACTION {
            return Err(malformed("it is longer than 8 KiB"));
        }
        let (action, target) = serde_json::from_slice::<Line>(text)
            .map_err(|_| malformed("it is not what this API expects"))?
            .one()
            .ok_or_else(|| malformed("it names one of create, index, update and delete"))?;
        let (document, line) = match action {
            BulkAction::Delete => (range.end..range.end, line),
            _ => lines
                .next_line()
                .ok_or_else(|| malformed("the document below it is missing"))?,
        };
        items.push(BulkItem {
            action,
            index: target.index,
            id: target.id,
            document,
            line,
        });
    }
    Ok(items)
}

struct Lines<'a> {
    body: &'a [u8],
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn next_line(&mut self) -> Option<(Range<usize>, usize)> {
        let rest = self.body.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let range = self.at..self.at + length;
        self.at = range.end + 1;
        self.line += 1;
        Some((range, self.line))
    }
}

/// Exactly one of them is there. Routing, version and pipeline mean nothing here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    create: Option<Target>,
    index: Option<Target>,
    update: Option<Target>,
    delete: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "_index", default)]
    index: Option<String>,
    #[serde(rename = "_id", default, deserialize_with = "id")]
    id: Option<String>,
}

impl Line {
    fn one(self) -> Option<(BulkAction, Target)> {
        let mut all = [
            (BulkAction::Create, self.create),
            (BulkAction::Index, self.index),
            (BulkAction::Update, self.update),
            (BulkAction::Delete, self.delete),
        ]
        .into_iter()
        .filter_map(|(action, target)| Some((action, target?)));
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }
}

/// Text, or a number that counts as text. An empty id is none.
fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(String),
        Number(serde_json::Number),
    }
    let id = Option::<Id>::deserialize(from)?.map(|id| match id {
        Id::Text(text) => text,
        Id::Number(number) => number.to_string(),
    });
    Ok(id.filter(|id| !id.is_empty()))
}

#[doc(hidden)]
pub fn fuzz_bulk(data: &[u8]) {
    let limits = Limits {
        records: 50,
        ..Limits::default()
    };
    match bulk(data, &limits) {
        Ok(items) => {
            assert!(items.len() <= limits.records);
            let mut last = 0;
            for item in items {
                let document = data.get(item.document.clone()).unwrap_or_default();
                assert_eq!(document.len(), item.document.len());
                assert!(item.document.start >= last && !document.contains(&b'\n'));
                let before = data.get(..item.document.start).unwrap_or_default();
                let deleted = item.action == BulkAction::Delete;
                let line = memchr::memchr_iter(b'\n', before).count() + 1;
                assert_eq!(line, item.line, "deleted: {deleted}");
                last = item.document.end;
            }
        }
        Err(reject) => assert_eq!(reject.position, Position::of(data, reject.position.byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `action index id document line` of each item.
    fn read(body: &str) -> Vec<String> {
        let items = bulk(body.as_bytes(), &Limits::default()).unwrap();
        let show = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        items
            .into_iter()
            .map(|i| {
                let document = body.get(i.document).unwrap();
                let action = i.action.as_str();
                format!(
                    "{action} {} {} {document:?} {}",
                    show(i.index),
                    show(i.id),
                    i.line
                )
            })
            .collect()
    }

    #[test]
    fn actions_and_documents_take_turns() {
        assert_eq!(
            read(concat!(
                "{\"create\":{\"_index\":\"logs\",\"_id\":\"a\"}}\n{}\r\n",
                "\n{ \"index\" : {\"_id\": 7, \"_type\":\"events\", \"routing\":[1]} }\n\n",
                "{\"delete\":{\"_id\":\"b\"}}\n",
                "{\"update\":{\"_id\":\"c\"}}\n[]"
            )),
            [
                r#"create logs a "{}\r" 2"#,
                r#"index - 7 "" 5"#,
                r#"delete - b "" 6"#,
                r#"update - c "[]" 8"#,
            ]
        );
        assert_eq!(read("\n \n"), Vec::<String>::new());
    }

    #[test]
    fn one_bad_action_refuses_the_whole_request_with_its_line() {
        for (body, line) in [
            ("{\"create\":{}}\n{}\n{\"n\":1}\n{}\n", 3),
            ("{\"create\":{},\"index\":{}}\n{}\n", 1),
            ("{}\n{}\n", 1),
            ("no json\n", 1),
            ("{\"create\":{}}\n{}\n{\"index\":{}}\n", 3),
            ("{\"index\":{\"_id\":{}}}\n{}\n", 1),
        ] {
            let e = bulk(body.as_bytes(), &Limits::default()).unwrap_err();
            assert_eq!(
                (e.code, e.position.line),
                (RejectCode::Syntax, line),
                "{body}"
            );
        }
        let limits = Limits {
            records: 1,
            ..Limits::default()
        };
        let e = bulk(b"{\"index\":{}}\n{}\n{\"index\":{}}\n{}\n", &limits).unwrap_err();
        assert_eq!((e.code, e.position.line), (RejectCode::TooMany, 3));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(data: Vec<u8>) {
            fuzz_bulk(&data);
        }

        #[test]
        fn near_requests(text in "((\\{\"(index|create|delete)\":\\{(\"_id\":\"a\")?\\}\\}|\\{\\}|)\n){0,9}") {
            fuzz_bulk(text.as_bytes());
        }
    }
}
