//! A watched folder: every line of its files once, whatever happens to files and to us.
//!
//! Looked at each second rather than by inotify, which is silent on network mounts and overflows
//! under load. A record is named by its file's id and its offset, and the offset is saved after
//! the record is on the spine: killed in between, it is read again and recognised there.

mod cut;
mod file;
mod follow;
mod kind;
mod mark;
mod scan;
mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use glob::Pattern;
use tokio::time::sleep;

use super::Desk;
use super::bookmarks::Bookmarks;
use crate::clock;
use follow::Follower;
use mark::Mark;

pub use cut::fuzz_folder_cut;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Offsets are saved when so many records wait for it: the spine recognises a million.
const SAVE_RECORDS: usize = 20_000;

/// A folder whose configuration holds together.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) glob: Pattern,
}

/// Bookmarks to be set, and those to be removed.
#[derive(Debug, Default)]
struct Save(BTreeMap<String, Option<String>>);

impl Save {
    fn set(&mut self, mark: &Mark) {
        if let Ok(text) = serde_json::to_string(mark) {
            self.0.insert(mark.name(), Some(text));
        }
    }

    fn unset(&mut self, mark: &Mark) {
        self.0.insert(mark.name(), None);
    }
}

/// Follows a folder until cancelled.
pub(super) async fn serve(folder: Folder, desk: Desk, bookmarks: Arc<dyn Bookmarks>) {
    let Some(marks) = load(&desk, &*bookmarks).await else {
        return;
    };
    let mut follower = Follower::new(folder, Arc::clone(&desk.counters), marks);
    loop {
        let looked = aside(follower, |f| f.look(clock::now())).await;
        let Some((back, looked)) = looked else { return };
        follower = back;
        if let Err(error) = looked {
            tracing::error!(feed = %desk.name, %error, "no new file can be taken");
        }
        // First the names, then the records under these names.
        if !save(&desk, &*bookmarks, &mut follower).await {
            return;
        }
        let Some(back) = read(follower, &desk, &*bookmarks).await else {
            return;
        };
        follower = back;
        tokio::select! {
            biased;
            () = desk.cancel.cancelled() => return,
            () = sleep(LOOK_EVERY) => {}
        }
    }
}

/// Reads all that is there now. `None` when it is time to stop.
async fn read(mut follower: Follower, desk: &Desk, bookmarks: &dyn Bookmarks) -> Option<Follower> {
    let mut unsaved = 0;
    loop {
        let (back, batch) = aside(follower, |f| f.next(clock::now())).await?;
        follower = back;
        let Some(mut batch) = batch else { break };
        let records = std::mem::take(&mut batch.records);
        unsaved += records.len();
        let delivered = desk.deliver(batch.format, records).await;
        if delivered.is_ok() {
            follower.acknowledge(batch);
        }
        let stop = delivered.is_err() || desk.cancel.is_cancelled();
        if (stop || unsaved >= SAVE_RECORDS) && !save(desk, bookmarks, &mut follower).await {
            return None;
        }
        if stop {
            return None;
        }
        if unsaved >= SAVE_RECORDS {
            unsaved = 0;
        }
    }
    save(desk, bookmarks, &mut follower)
        .await
        .then_some(follower)
}

/// Works with the follower on a thread that may wait for a disk. `None` when that broke off.
async fn aside<T: Send + 'static>(
    mut follower: Follower,
    work: impl FnOnce(&mut Follower) -> T + Send + 'static,
) -> Option<(Follower, T)> {
    let done = tokio::task::spawn_blocking(move || {
        let answer = work(&mut follower);
        (follower, answer)
    });
    done.await
        .inspect_err(|error| tracing::error!(%error, "a watched folder broke off"))
        .ok()
}

/// What was saved before, waited for. `None` when it is time to stop.
async fn load(desk: &Desk, bookmarks: &dyn Bookmarks) -> Option<Vec<Mark>> {
    let now = clock::now().0;
    loop {
        match bookmarks.load(&desk.owner).await {
            Ok(saved) => {
                let marks = saved.iter().filter_map(|(name, text)| {
                    let mark = serde_json::from_str::<Mark>(text)
                        .inspect_err(|error| {
                            tracing::error!(feed = %desk.name, name, %error, "a file's bookmark cannot be read: it is read again");
                        })
                        .ok()?;
                    // How long we were away says nothing about its file.
                    Some(Mark { seen: now, ..mark })
                });
                return Some(marks.collect());
            }
            Err(error) => desk.counters.bookmarks_failed(&error),
        }
        if !desk.wait(LOOK_EVERY).await {
            return None;
        }
    }
}

/// Saves until it is saved; reading on without that would read twice after a crash. False when it
/// is time to stop.
async fn save(desk: &Desk, bookmarks: &dyn Bookmarks, follower: &mut Follower) -> bool {
    let changes: Vec<_> = follower.changes().0.into_iter().collect();
    if changes.is_empty() {
        return true;
    }
    loop {
        match bookmarks.save(&desk.owner, &changes).await {
            Ok(()) => return true,
            Err(error) => desk.counters.bookmarks_failed(&error),
        }
        if !desk.wait(LOOK_EVERY).await {
            return false;
        }
    }
}
