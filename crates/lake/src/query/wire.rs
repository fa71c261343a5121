//! The frames between `serve` and its query engine, over a pipe each way.
//!
//! ```text
//! length u32 | kind u8 | id u64 | body        little endian; length = 9 + body
//! ```
//! Both ends are the same binary, so there is one version; the handshake that starts a
//! child checks it. What the engine sends is small and bounded: it may have been taken
//! over by a hostile file or query, and must not be able to fill the memory of `serve`.

use std::io;

use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::rows::Column;
use super::scope::{Limits, Scope};
use crate::delta::DataFile;
use crate::error::QueryError;

/// Bytes of an answer in one frame, at most.
pub(crate) const PIECE: usize = 256 << 10;
/// Pieces of an answer under way before the asker has to ask for more.
pub(crate) const CREDIT: usize = 4;
/// Longest frame from an engine: a piece, or the names of an answer's columns.
pub(crate) const MOST_FROM_ENGINE: usize = 1 << 20;
/// Longest frame to an engine: a chunk of the hot tail, which the tail bounds.
pub(crate) const MOST_TO_ENGINE: usize = 1 << 30;
/// Bytes of a frame before its body.
pub(crate) const HEAD: usize = 13;
/// Files named in one frame.
pub(crate) const FILES: usize = 2_000;

/// What `serve` sends.
#[derive(Debug, PartialEq)]
pub(crate) enum ToEngine {
    /// The table's files have changed.
    Files(Files),
    /// A chunk of the hot tail, whole.
    Chunk(u64, RecordBatch),
    /// Late facts of a chunk's rows.
    Facts(u64, RecordBatch),
    /// A query.
    Ask(u64, Ask),
    /// Nobody waits for the answer any more.
    Cancel(u64),
    /// The asker has taken a piece.
    More(u64),
}

/// What an engine sends.
#[derive(Debug, PartialEq)]
pub(crate) enum FromEngine {
    /// The query was planned; its columns.
    Columns(u64, Vec<Column>),
    /// JSON objects, comma separated; a piece may end anywhere.
    Rows(u64, Vec<u8>),
    /// The end, and whether a limit cut the answer off.
    End(u64, bool),
    /// No answer, or no more of it.
    Failed(u64, QueryError),
}

/// A change of the table's files.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Files {
    pub(crate) removed: Vec<String>,
    pub(crate) added: Vec<DataFile>,
}

/// A query and what it sees: the files sent so far, and these chunks.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ask {
    pub(crate) sql: String,
    pub(crate) scope: Scope,
    pub(crate) limits: Limits,
    pub(crate) chunks: Vec<u64>,
}

/// A frame that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("the query engine's pipe carries what is no frame: {0}")]
pub(crate) struct NoFrame(String);

fn no(what: impl ToString) -> NoFrame {
    NoFrame(what.to_string())
}

impl From<NoFrame> for io::Error {
    fn from(error: NoFrame) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// Kind, id and length of the body, when it is not longer than `most`.
pub(crate) fn head(bytes: &[u8; HEAD], most: usize) -> Result<(u8, u64, usize), NoFrame> {
    let [a, b, c, d, kind, id @ ..] = *bytes;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    let body = length
        .checked_sub(HEAD - 4)
        .filter(|body| *body <= most)
        .ok_or_else(|| no(format!("a length of {length}")))?;
    Ok((kind, u64::from_le_bytes(id), body))
}

impl ToEngine {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, NoFrame> {
        match self {
            Self::Files(files) => frame(1, 0, &json(files)?),
            Self::Chunk(id, batch) => batch_frame(2, *id, batch),
            Self::Facts(id, batch) => batch_frame(3, *id, batch),
            Self::Ask(id, ask) => frame(4, *id, &json(ask)?),
            Self::Cancel(id) => frame(5, *id, &[]),
            Self::More(id) => frame(6, *id, &[]),
        }
    }

    pub(crate) fn decode(kind: u8, id: u64, body: &[u8]) -> Result<Self, NoFrame> {
        Ok(match kind {
            1 => Self::Files(of_json(body)?),
            2 => Self::Chunk(id, batch(body)?),
            3 => Self::Facts(id, batch(body)?),
            4 => Self::Ask(id, of_json(body)?),
            5 => Self::Cancel(id),
            6 => Self::More(id),
            other => return Err(no(format!("kind {other}"))),
        })
    }
}

impl FromEngine {
    /// The query that it is about.
    pub(crate) fn id(&self) -> u64 {
        let (Self::Columns(id, _) | Self::Rows(id, _) | Self::End(id, _) | Self::Failed(id, _)) =
            self;
        *id
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, NoFrame> {
        match self {
            Self::Columns(id, columns) => frame(129, *id, &json(columns)?),
            Self::Rows(id, text) => frame(130, *id, text),
            Self::End(id, truncated) => frame(131, *id, &[u8::from(*truncated)]),
            Self::Failed(id, error) => frame(132, *id, &json(error)?),
        }
    }

    pub(crate) fn decode(kind: u8, id: u64, body: Vec<u8>) -> Result<Self, NoFrame> {
        Ok(match (kind, body.as_slice()) {
            (129, text) => Self::Columns(id, of_json(text)?),
            (130, _) => Self::Rows(id, body),
            (131, [truncated @ (0 | 1)]) => Self::End(id, *truncated == 1),
            (132, text) => Self::Failed(id, of_json(text)?),
            (other, _) => return Err(no(format!("kind {other}"))),
        })
    }
}

fn frame(kind: u8, id: u64, body: &[u8]) -> Result<Vec<u8>, NoFrame> {
    let mut out = begin(kind, id);
    out.extend_from_slice(body);
    finish(out)
}

fn begin(kind: u8, id: u64) -> Vec<u8> {
    let mut out = vec![0; 4];
    out.push(kind);
    out.extend_from_slice(&id.to_le_bytes());
    out
}

fn finish(mut out: Vec<u8>) -> Result<Vec<u8>, NoFrame> {
    let length = u32::try_from(out.len() - 4).map_err(no)?;
    if let Some(place) = out.first_chunk_mut() {
        *place = length.to_le_bytes();
    }
    Ok(out)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, NoFrame> {
    serde_json::to_vec(value).map_err(no)
}

fn of_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, NoFrame> {
    serde_json::from_slice(body).map_err(no)
}

fn batch_frame(kind: u8, id: u64, batch: &RecordBatch) -> Result<Vec<u8>, NoFrame> {
    let mut out = begin(kind, id);
    out.reserve(batch.get_array_memory_size());
    let mut writer = StreamWriter::try_new(out, &batch.schema()).map_err(no)?;
    writer.write(batch).map_err(no)?;
    finish(writer.into_inner().map_err(no)?)
}

fn batch(body: &[u8]) -> Result<RecordBatch, NoFrame> {
    let mut batches = StreamReader::try_new(body, None).map_err(no)?;
    let batch = batches.next().ok_or_else(|| no("no batch"))?;
    batch.map_err(no)
}

/// Whatever an engine sends is refused or means the same once it is sent on.
#[doc(hidden)]
pub fn fuzz_engine_frame(data: &[u8]) {
    let Some((first, body)) = data.split_first_chunk::<HEAD>() else {
        return;
    };
    let Ok((kind, id, length)) = head(first, MOST_FROM_ENGINE) else {
        return;
    };
    let body = body.get(..length.min(body.len())).unwrap_or_default();
    let Ok(read) = FromEngine::decode(kind, id, body.to_vec()) else {
        return;
    };
    let again = read.encode().ok();
    let again = again.as_deref().and_then(|bytes| {
        let (first, body) = bytes.split_first_chunk::<HEAD>()?;
        let (kind, id, length) = head(first, usize::MAX).ok()?;
        assert_eq!(length, body.len(), "the length is that of the body");
        FromEngine::decode(kind, id, body.to_vec()).ok()
    });
    assert_eq!(again, Some(read), "a frame survives being sent on");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn through(frame: &ToEngine) -> ToEngine {
        let bytes = frame.encode().unwrap();
        let (first, body) = bytes.split_first_chunk::<HEAD>().unwrap();
        let (kind, id, length) = head(first, MOST_TO_ENGINE).unwrap();
        assert_eq!(length, body.len());
        ToEngine::decode(kind, id, body).unwrap()
    }

    #[test]
    fn a_query_arrives_as_it_was_asked() {
        let ask = ToEngine::Ask(
            7,
            Ask {
                sql: "SELECT 'ä'".to_owned(),
                scope: Scope::Programs(BTreeSet::from(["gold".to_owned()])),
                limits: Limits {
                    time: Duration::from_millis(1_500),
                    ..Limits::default()
                },
                chunks: vec![3, 9],
            },
        );
        assert_eq!(through(&ask), ask);
        let files = ToEngine::Files(Files {
            removed: vec!["day=1/a.parquet".to_owned()],
            added: vec![DataFile {
                path: "day=2/b.parquet".to_owned(),
                time: Some((1, 2)),
                ..DataFile::default()
            }],
        });
        assert_eq!(through(&files), files);
    }

    #[test]
    fn a_frame_beyond_the_bound_is_refused_before_it_is_read() {
        let mut first = [0u8; HEAD];
        first[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(head(&first, MOST_FROM_ENGINE).is_err());
        first[..4].copy_from_slice(&3u32.to_le_bytes());
        assert!(head(&first, MOST_FROM_ENGINE).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            fuzz_engine_frame(&data);
        }

        #[test]
        fn what_an_engine_says_arrives(
            id in any::<u64>(), text in proptest::collection::vec(any::<u8>(), 0..100),
            cut in any::<bool>(), words in "\\PC{0,30}",
        ) {
            for frame in [
                FromEngine::Rows(id, text),
                FromEngine::End(id, cut),
                FromEngine::Failed(id, QueryError::Plan(words.clone())),
                FromEngine::Failed(id, QueryError::Refused { what: words, line: 1, column: 2 }),
                FromEngine::Failed(id, QueryError::Timeout(30_000)),
            ] {
                fuzz_engine_frame(&frame.encode().unwrap());
            }
        }
    }
}
