//! Feeds: what Ringfence fetches itself, where a listener waits to be sent to.
//!
//! [`FeedsConfig`](crate::FeedsConfig) is what a person writes, a [`Feed`] what can run, and
//! [`follow`] runs it. A feed shows itself by the same [`ListenerHandle`] as a listener does.

mod bookmarks;
mod desk;
mod folder;
mod pbx;

use std::sync::Arc;

use ringfence_event::{Name, Origin};
use tokio_util::sync::CancellationToken;

use crate::Sink;
use crate::listener::{Counters, ListenerHandle, Place, Speakers};
use desk::Desk;

pub use bookmarks::Bookmarks;
pub(crate) use folder::Folder;
pub use folder::fuzz_folder_cut;
pub(crate) use pbx::{Pbx, System};

/// A feed whose configuration holds together. Made by [`FeedsConfig::build`](crate::FeedsConfig).
#[derive(Debug, Clone)]
pub struct Feed {
    pub(crate) name: Name,
    pub(crate) origin: Arc<Origin>,
    pub(crate) kind: Kind,
}

/// What is fetched.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Folder(Folder),
    Pbx(Pbx),
}

impl Feed {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    fn place(&self) -> Place {
        match &self.kind {
            Kind::Folder(folder) => Place::Folder(folder.path.clone()),
            Kind::Pbx(pbx) => Place::Pbx(pbx.kind.name(), pbx.address.clone()),
        }
    }
}

/// Starts a feed. It runs until `cancel`, hands over what it has read, and saves how far it got.
pub fn follow(
    feed: Feed,
    sink: Arc<dyn Sink>,
    bookmarks: Arc<dyn Bookmarks>,
    cancel: CancellationToken,
) -> ListenerHandle {
    let place = feed.place();
    let transport = place.transport();
    let counters = Arc::new(Counters::new(feed.name.clone()));
    let speakers = Speakers::new(vec![Arc::clone(&feed.origin)]);
    let desk = Desk {
        owner: format!("{transport}/{}", feed.name),
        name: feed.name.clone(),
        sink,
        counters: Arc::clone(&counters),
        speaker: speakers.of_any(&feed.origin),
        cancel,
    };
    tracing::info!(feed = %feed.name, %place, transport, "following");
    let task = match feed.kind {
        Kind::Folder(folder) => tokio::spawn(folder::serve(folder, desk, bookmarks)),
        Kind::Pbx(pbx) => tokio::spawn(pbx::serve(pbx, desk)),
    };
    ListenerHandle::new(feed.name, place, transport, counters, speakers, task)
}
