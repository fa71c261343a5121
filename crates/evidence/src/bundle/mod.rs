//! Bundles: records taken out of a log, with all that somebody needs who checks them years later.
//!
//! A bundle is a text of lines, each a JSON object in the one form that [`Line`] writes: a [`Header`], an
//! [`Item`] for each record in the order of the log, and a [`Seal`] that the log signed. All proofs are to
//! one checkpoint, which the header has, too.
//!
//! A bundle proves that what is in it was logged, and that it is whole as it was written. Only one of the
//! whole log can prove that nothing was left out.

mod check;
mod seal;
mod write;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use check::{BundleError, BundleFault, BundleReport, Paths, check};
pub use seal::{Seal, SealError};
pub use write::Writer;

/// What the first line says it is.
pub const FORMAT: &str = "ringfence evidence bundle v1";
/// Bytes of a line: a record of 256 KiB, written as a string, and its proof.
pub const MOST_LINE: usize = 2 << 20;
/// Records of a bundle.
pub const MOST_RECORDS: u64 = 1_000_000;

/// The first line: what was taken out of which log, by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// The log's key, as it says itself.
    pub key: String,
    /// The signed checkpoint of that moment, to which all proofs are.
    pub checkpoint: String,
    /// When, in milliseconds since 1970, by the server's clock.
    pub at_ms: i64,
    /// Who took them out.
    pub by: By,
    /// Of which programs; all of them where there is none.
    pub programs: Option<BTreeSet<String>>,
    /// Which records were asked for.
    pub filter: Filter,
}

/// Who took a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// The id of their account.
    pub id: String,
    /// As they were called then.
    pub name: String,
}

/// Which records were asked for; nothing of it: all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// To whom or what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Of which kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// From this time on, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// Before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
}

/// A record with its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The number of its entry in the log, from 0.
    pub index: u64,
    /// The entry: time, kind and commitment.
    pub entry: String,
    /// The record to the byte; nothing when it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Base64 of 32 bytes; nothing when it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// Record and salt are gone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub erased: bool,
    /// That the entry is in the log (C2SP tlog-proof).
    pub proof: String,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    /// A signed note: the text of a [`Seal`].
    seal: String,
}

/// A line of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// The first.
    Header(Header),
    /// One for each record.
    Item(Item),
    /// The last: a signed note that nobody believes yet.
    Seal(String),
}

/// Why a line is none of a bundle's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Not UTF-8, not JSON, or not with these fields.
    #[error("it cannot be read: {0}")]
    Json(String),
    /// Written in another way than bundles are: two readers could take it for different things.
    #[error("it is written in another way than a bundle's lines are")]
    Form,
    /// Of another version, or something else altogether.
    #[error("it says that it is `{0}`, and not `{FORMAT}`")]
    Format(String),
    /// Neither a record with its salt nor one that was erased.
    #[error("a record has `text` and `salt`, or it is `erased`")]
    Half,
}

impl Line {
    /// Reads a line, without its end.
    ///
    /// # Errors
    /// When there is any other way to write it, or it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, LineError> {
        let line = match bytes {
            [b'{', b'"', b's', ..] => Self::Seal(read::<Last>(bytes)?.seal),
            [b'{', b'"', b'f', ..] => Self::Header(read(bytes)?),
            _ => Self::Item(read(bytes)?),
        };
        if line.to_string().as_bytes() != bytes {
            return Err(LineError::Form);
        }
        match &line {
            Self::Header(header) if header.format != FORMAT => {
                Err(LineError::Format(header.format.clone()))
            }
            Self::Item(item) if !item.is_whole() => Err(LineError::Half),
            _ => Ok(line),
        }
    }
}

/// The line, without its end.
impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let written = match self {
            Self::Header(header) => serde_json::to_string(header),
            Self::Item(item) => serde_json::to_string(item),
            Self::Seal(seal) => serde_json::to_string(&Last { seal: seal.clone() }),
        };
        f.write_str(&written.map_err(|_| std::fmt::Error)?)
    }
}

impl Item {
    fn is_whole(&self) -> bool {
        let kept = (self.text.is_some(), self.salt.is_some());
        kept == (!self.erased, !self.erased)
    }
}

impl Header {
    /// Whether all records of the log were asked for: then none may be missing.
    #[must_use]
    pub fn is_of_all(&self) -> bool {
        self.programs.is_none() && self.filter == Filter::default()
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, LineError> {
    serde_json::from_slice(bytes).map_err(|error| LineError::Json(error.to_string()))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn item() -> Item {
        Item {
            index: 5,
            entry: "v1 1795000000000 account AAAA".to_owned(),
            text: Some("{\"who\":\"ada\"}".to_owned()),
            salt: Some("AAAA".to_owned()),
            erased: false,
            proof: "c2sp.org/tlog-proof@v1\nindex 5\n\n".to_owned(),
        }
    }

    #[test]
    fn a_line_has_one_form() {
        let good = Line::Item(item()).to_string();
        assert_eq!(Line::parse(good.as_bytes()), Ok(Line::Item(item())));
        for wrong in [
            good.replace("\"index\":5", "\"index\": 5"),
            good.replace("\"index\":5", "\"index\":5.0"),
            good.replace("\"index\":5", "\"index\":5,\"index\":6"),
            good.replace("\"index\":5", "\"index\":5,\"more\":6"),
            good.replace("ada", "\\u0061da"),
            good.replace("\"proof\"", "\"erased\":false,\"proof\""),
            good.replace("\"proof\"", "\"erased\":true,\"proof\""),
            good.replace(",\"salt\":\"AAAA\"", ""),
            format!(" {good}"),
            format!("{good}\n"),
            String::new(),
        ] {
            assert!(Line::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        let erased = Item {
            text: None,
            salt: None,
            erased: true,
            ..item()
        };
        let line = Line::Item(erased.clone()).to_string();
        assert!(!line.contains("text") && line.contains("\"erased\":true"));
        assert_eq!(Line::parse(line.as_bytes()), Ok(Line::Item(erased)));
    }

    #[test]
    fn another_version_is_said_to_be_one() {
        let header = Header {
            format: "ringfence evidence bundle v2".to_owned(),
            key: String::new(),
            checkpoint: String::new(),
            at_ms: 0,
            by: By {
                id: String::new(),
                name: String::new(),
            },
            programs: None,
            filter: Filter::default(),
        };
        let line = Line::Header(header.clone()).to_string();
        let told = Line::parse(line.as_bytes());
        assert_eq!(told, Err(LineError::Format(header.format.clone())));
        let format = FORMAT.to_owned();
        let line = Line::Header(Header { format, ..header }).to_string();
        assert!(matches!(
            Line::parse(line.as_bytes()),
            Ok(Line::Header(header)) if header.is_of_all()
        ));
    }

    fn any_line() -> impl Strategy<Value = Line> {
        let texts = (
            any::<String>(),
            any::<Option<(String, String)>>(),
            any::<String>(),
        );
        let item = (any::<u64>(), texts).prop_map(|(index, (entry, kept, proof))| {
            let erased = kept.is_none();
            let (text, salt) = kept.unzip();
            Line::Item(Item {
                index,
                entry,
                text,
                salt,
                erased,
                proof,
            })
        });
        let filter = any::<(Option<String>, Option<String>, Option<i64>)>();
        let about = any::<(String, String, i64, String, String)>();
        let header = (about, any::<Option<BTreeSet<String>>>(), filter).prop_map(
            |((key, checkpoint, at_ms, id, name), programs, (actor, kind, from_ms))| {
                let filter = Filter {
                    actor,
                    kind,
                    from_ms,
                    ..Filter::default()
                };
                Line::Header(Header {
                    format: FORMAT.to_owned(),
                    key,
                    checkpoint,
                    at_ms,
                    by: By { id, name },
                    programs,
                    filter,
                })
            },
        );
        prop_oneof![item, header, any::<String>().prop_map(Line::Seal)]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(line in any_line()) {
            let written = line.to_string();
            prop_assert!(!written.contains('\n'), "a line is one line");
            prop_assert_eq!(Line::parse(written.as_bytes()), Ok(line));
        }

        #[test]
        fn any_bytes_are_a_line_or_are_refused(bytes: Vec<u8>) {
            if let Ok(line) = Line::parse(&bytes) {
                prop_assert_eq!(line.to_string().into_bytes(), bytes);
            }
        }
    }
}
