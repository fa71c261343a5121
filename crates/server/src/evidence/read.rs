//! The log as the API shows it.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use ringfence_api::{Evidence, Working};
use ringfence_evidence::bundle::Seal;
use ringfence_evidence::{Folder, LogError, prove};
use ringfence_tlog::{Checkpoint, Note, Tile, Tiles, TilesError};

use super::{EvidenceLog, locked};

/// How long whoever did something waits for it to be in the log.
const MOST_WAIT: Duration = Duration::from_secs(10);

impl Evidence for EvidenceLog {
    fn wait(&self, offset: u64) -> Working<Result<(), String>> {
        let mut through = self.through.subscribe();
        let trouble = self.trouble();
        Box::pin(async move {
            let there = through.wait_for(|through| *through > offset);
            match tokio::time::timeout(MOST_WAIT, there).await {
                Ok(Ok(_)) => Ok(()),
                _ => Err(trouble.unwrap_or_else(|| "it is behind".to_owned())),
            }
        })
    }

    fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn key(&self) -> String {
        self.key.to_string()
    }

    fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    fn file(&self, path: &str) -> Working<io::Result<Option<Vec<u8>>>> {
        let folder = Folder::new(&self.folder);
        let cosigned = self.cosigned.latest();
        let demanded = self.cosigned.demanded();
        // Whatever is no path of a log is no file of this one.
        let tile = Tile::parse(path);
        let is_checkpoint = path == "checkpoint";
        let read = move || match (is_checkpoint, tile) {
            (true, _) => Ok(shown(&folder.checkpoint()?, cosigned, demanded)),
            (false, Ok(tile)) => match folder.exactly(tile) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                read => read.map(Some),
            },
            (false, Err(_)) => Ok(None),
        };
        Box::pin(async { on_a_thread(read).await? })
    }

    fn entry(&self, index: u64) -> Working<io::Result<Option<String>>> {
        let folder = Folder::new(&self.folder);
        let size = self.size();
        let read = move || match Tiles::new(folder, size).entry(index) {
            Ok(entry) => Ok(Some(String::from_utf8_lossy(entry).into_owned())),
            Err(TilesError::Beyond { .. }) => Ok(None),
            Err(error) => Err(io::Error::other(error)),
        };
        Box::pin(async { on_a_thread(read).await? })
    }

    fn proof(&self, index: u64) -> Working<io::Result<Option<String>>> {
        let folder = Folder::new(&self.folder);
        let cosigned = self.cosigned.latest();
        let read = move || {
            let Some(bytes) = folder.checkpoint()? else {
                return Ok(None);
            };
            let newest = Note::parse(&bytes).map_err(io::Error::other)?;
            // Against what witnesses saw, where they saw the entry already.
            let covers = |note: &Note| Checkpoint::parse(note.text()).is_ok_and(|c| index < c.size);
            let note = match cosigned {
                Some(note) if covers(&note) => note,
                _ => newest,
            };
            match prove(&folder, &note, index, None) {
                Ok(proof) => Ok(Some(proof.to_string())),
                Err(LogError::NoSuchEntry { .. }) => Ok(None),
                Err(error) => Err(io::Error::other(error)),
            }
        };
        Box::pin(async { on_a_thread(read).await? })
    }

    fn folder(&self) -> Folder {
        Folder::new(&self.folder)
    }

    fn seal(&self, seal: Seal) -> Working<io::Result<String>> {
        let log = Arc::clone(&self.log);
        // Whoever appends has the log meanwhile.
        let sign = move || match &*locked(&log) {
            Ok(log) => Ok(log.seal(seal).map_err(io::Error::other)?.to_string()),
            Err(why) => Err(io::Error::other(why.clone())),
        };
        Box::pin(async { on_a_thread(sign).await? })
    }
}

/// The checkpoint that anybody is shown: where cosignatures are demanded, the newest that has them.
fn shown(newest: &Option<Vec<u8>>, cosigned: Option<Note>, demanded: usize) -> Option<Vec<u8>> {
    let newest = newest.as_ref()?;
    let cosigned = cosigned.map(|note| (note.text().to_owned(), note.to_string().into_bytes()));
    match cosigned {
        Some((_, bytes)) if demanded > 0 => Some(bytes),
        Some((text, bytes)) if newest.starts_with(text.as_bytes()) => Some(bytes),
        _ if demanded > 0 => None,
        _ => Some(newest.clone()),
    }
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)
}
