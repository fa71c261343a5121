//! Files of records, in a bucket or a folder: found by when they were written, read whole.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use bytes::Bytes;
use ringfence_event::Time;

use crate::cursor::Cursor;
use crate::http::shape;
use crate::pull::{Page, PullError, Record};
use crate::window::Windows;

/// Largest file as it is stored, and unpacked. CloudTrail's are below 50 MB unpacked.
pub(crate) const MOST_STORED: usize = 32 << 20;
const MOST_UNPACKED: u64 = 128 << 20;
/// Files that one page reads at most.
const MOST_FILES: usize = 20;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub key: String,
    /// When it was written, ms.
    pub written: i64,
}

/// How folders are named after the time in which their files were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// `2026/11/22/`, as CloudTrail writes.
    #[default]
    Day,
    /// `2026/11/22/09/`, as Firehose writes.
    Hour,
    /// All in one folder.
    None,
}

/// Where files are.
#[async_trait]
pub(crate) trait Objects: Send + Sync {
    /// Files whose keys begin with `prefix` and lie behind `after`, by key, and whether there may
    /// be more.
    async fn list(
        &self,
        prefix: &str,
        after: &str,
        now: Time,
    ) -> Result<(Vec<Object>, bool), PullError>;
    /// A file's bytes as they are stored.
    async fn get(&self, key: &str, now: Time) -> Result<Bytes, PullError>;
}

/// Files as a stream: those that were written in a window, by key.
pub(crate) struct Files {
    pub objects: Box<dyn Objects>,
    pub prefix: String,
    pub layout: Layout,
    pub windows: Windows,
    /// What stands in a file, by its key.
    pub split: fn(&str, &[u8]) -> Result<Vec<Record>, PullError>,
    /// Files that are no records, such as digests.
    pub skip: fn(&str) -> bool,
}

impl Files {
    /// The next files of the window under way.
    pub async fn page(&self, cursor: &Cursor, now: Time) -> Result<Page, PullError> {
        let Some(w) = self.windows.next(cursor, now) else {
            return Ok(Page::nothing(cursor));
        };
        let folders = self.folders(w.from, w.until);
        // The mark: which folder, and behind which key in it.
        let mark = w.page.as_deref().and_then(|m| m.split_once(' '));
        let (nth, after) = mark.map_or((0, ""), |(n, key)| (n.parse().unwrap_or(0), key));
        let Some(folder) = folders.get(nth) else {
            return Ok(self.windows.page(&w, Vec::new(), None, now));
        };
        let (found, more) = self.objects.list(folder, after, now).await?;
        let (mut records, mut read, mut last) = (Vec::new(), 0, None);
        let mut left = more;
        for object in &found {
            if read >= MOST_FILES {
                left = true;
                break;
            }
            last = Some(object.key.clone());
            // Written after the window: the next one finds it.
            if object.written < w.from || object.written >= w.until || (self.skip)(&object.key) {
                continue;
            }
            read += 1;
            let stored = self.objects.get(&object.key, now).await?;
            let text = tokio::task::spawn_blocking(move || unpack(&stored))
                .await
                .map_err(|_| shape("a file could not be unpacked"))??;
            records.extend((self.split)(&object.key, &text)?);
        }
        let next = match (left, last) {
            (true, Some(key)) => Some(format!("{nth} {key}")),
            _ if nth + 1 < folders.len() => Some(format!("{} ", nth + 1)),
            _ => None,
        };
        Ok(self.windows.page(&w, records, next, now))
    }

    /// Prefixes of everything that may have been written in a span. A file may stand in the folder
    /// of the time before: it is named when it is begun.
    fn folders(&self, from: i64, until: i64) -> Vec<String> {
        const HOUR: i64 = 3_600_000;
        let (step, cut) = match self.layout {
            Layout::None => return vec![self.prefix.clone()],
            Layout::Day => (24 * HOUR, 10),
            Layout::Hour => (HOUR, 13),
        };
        let mut out = Vec::new();
        let mut at = (from - HOUR).div_euclid(step) * step;
        while at <= until && out.len() < 10_000 {
            let text = Time(at).to_rfc3339();
            let name = text.get(..cut).unwrap_or_default().replace(['-', 'T'], "/");
            out.push(format!("{}{name}/", self.prefix));
            at += step;
        }
        out
    }
}

/// Unpacks gzip; what is not packed is taken as it is.
fn unpack(stored: &[u8]) -> Result<Vec<u8>, PullError> {
    if !stored.starts_with(&[0x1f, 0x8b]) {
        return Ok(stored.to_vec());
    }
    let mut out = Vec::new();
    let unpacked = flate2::read::MultiGzDecoder::new(stored);
    unpacked
        .take(MOST_UNPACKED + 1)
        .read_to_end(&mut out)
        .map_err(|_| shape("a gzip file is damaged"))?;
    if out.len() as u64 > MOST_UNPACKED {
        return Err(shape("a gzip file is larger than 128 MiB when unpacked"));
    }
    Ok(out)
}

/// A folder of this machine, its sub-folders included.
pub(crate) struct Folder(pub PathBuf);

#[async_trait]
impl Objects for Folder {
    async fn list(
        &self,
        prefix: &str,
        after: &str,
        _: Time,
    ) -> Result<(Vec<Object>, bool), PullError> {
        let (root, prefix, after) = (self.0.clone(), prefix.to_owned(), after.to_owned());
        let found = tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            walk(&root, &root, 0, &mut found)?;
            found.retain(|o: &Object| o.key.starts_with(&prefix) && o.key > after);
            found.sort_by(|a, b| a.key.cmp(&b.key));
            Ok(found)
        });
        let found: Result<Vec<Object>, PullError> = found
            .await
            .map_err(|_| shape("the folder could not be read"))?;
        Ok((found?, false))
    }

    async fn get(&self, key: &str, _: Time) -> Result<Bytes, PullError> {
        let path = self.0.join(key);
        let read = tokio::task::spawn_blocking(move || {
            let size = std::fs::metadata(&path)
                .map_err(|e| unreadable(&path, &e))?
                .len();
            if size > MOST_STORED as u64 {
                return Err(PullError::TooLarge(MOST_STORED));
            }
            std::fs::read(&path).map_err(|e| unreadable(&path, &e))
        });
        let bytes = read
            .await
            .map_err(|_| shape("a file could not be read"))??;
        Ok(bytes.into())
    }
}

const MOST_DEPTH: usize = 16;
const MOST_LISTED: usize = 200_000;

fn walk(root: &Path, at: &Path, depth: usize, out: &mut Vec<Object>) -> Result<(), PullError> {
    let entries = std::fs::read_dir(at).map_err(|e| unreadable(at, &e))?;
    for entry in entries {
        let entry = entry.map_err(|e| unreadable(at, &e))?;
        let path = entry.path();
        // Links are not followed: a folder may hold what others put there.
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() && depth < MOST_DEPTH {
            walk(root, &path, depth + 1, out)?;
        } else if meta.is_file() && out.len() < MOST_LISTED {
            let Some(key) = path.strip_prefix(root).ok().and_then(Path::to_str) else {
                continue;
            };
            let since = meta
                .modified()
                .ok()
                .and_then(|t| t.duration_since(UNIX_EPOCH).ok());
            out.push(Object {
                key: key.to_owned(),
                written: since.map_or(0, |s| i64::try_from(s.as_millis()).unwrap_or(i64::MAX)),
            });
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> PullError {
    PullError::File {
        path: path.display().to_string(),
        kind: error.kind(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_cover_a_span_and_the_time_just_before() {
        let files = |layout| Files {
            objects: Box::new(Folder(PathBuf::new())),
            prefix: "p/".to_owned(),
            layout,
            windows: Windows {
                overlap: 0,
                lag: 0,
                most: 1,
            },
            split: |_, _| Ok(Vec::new()),
            skip: |_| false,
        };
        let at = |text: &str| Time::parse_rfc3339(text).unwrap().0;
        let span = (at("2026-11-22T00:30:00Z"), at("2026-11-22T01:10:00Z"));
        let days = files(Layout::Day).folders(span.0, span.1);
        assert_eq!(days, ["p/2026/11/21/", "p/2026/11/22/"]);
        let hours = files(Layout::Hour).folders(span.0, span.1);
        let want = ["p/2026/11/21/23/", "p/2026/11/22/00/", "p/2026/11/22/01/"];
        assert_eq!(hours, want);
        assert_eq!(files(Layout::None).folders(span.0, span.1), ["p/"]);
    }
}
