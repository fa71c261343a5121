//! Listeners at work: bound sockets, connections, and what they count.

mod bind;
mod connection;
mod counters;
mod deliver;
mod drops;
mod error;
mod gate;
mod holders;
mod key;
mod peers;
mod place;
mod speaker;
mod stream;
mod udp;

use std::sync::{Arc, Mutex, PoisonError};

use ringfence_event::{Name, Time};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Wire;
use crate::{Listener, Sink};

pub use bind::tcp_listener;
pub use counters::CounterSnapshot;
pub(crate) use counters::Counters;
pub(crate) use deliver::{Stopped, deliver};
pub use error::ListenError;
pub use holders::{Clients, Holders};
pub(crate) use key::HepKey;
pub(crate) use peers::Peers;
pub use place::Place;
pub(crate) use speaker::{Speaker, Speakers};

/// Binds a listener and starts it.
///
/// It runs until `cancel`, then stops accepting, takes in what its sockets already hold, submits
/// that and closes. Dropping the handle does not stop it.
///
/// # Errors
/// When the address cannot be bound.
pub async fn run(
    listener: Listener,
    sink: Arc<dyn Sink>,
    cancel: CancellationToken,
) -> Result<ListenerHandle, ListenError> {
    let transport = listener.transport();
    let counters = Arc::new(Counters::new(listener.name.clone()));
    let speakers = Speakers::new(listener.origins());
    let station = Station {
        sink,
        counters: Arc::clone(&counters),
        speakers: Arc::clone(&speakers),
        cancel,
        listener,
    };
    let name = station.listener.name.clone();
    let protocol = station.listener.protocol;
    let (addr, task) = match station.listener.wire.clone() {
        Wire::Udp { receive_buffer } => {
            let socket = bind::udp(&station.listener, receive_buffer)?;
            (
                socket.local_addr(),
                tokio::spawn(udp::serve(socket, station)),
            )
        }
        Wire::Tcp(bounds) => {
            let socket = bind::tcp(&station.listener)?;
            let addr = socket.local_addr();
            (
                addr,
                tokio::spawn(stream::serve(socket, station, bounds, None)),
            )
        }
        Wire::Tls(bounds, tls) => {
            let socket = bind::tcp(&station.listener)?;
            let addr = socket.local_addr();
            (
                addr,
                tokio::spawn(stream::serve(socket, station, bounds, Some(tls))),
            )
        }
    };
    let addr = addr.map_err(|source| ListenError::Socket {
        name: name.to_string(),
        source,
    })?;
    tracing::info!(listener = %name, %addr, transport, ?protocol, "listening");
    let place = Place::Socket(addr);
    Ok(ListenerHandle::new(
        name, place, transport, counters, speakers, task,
    ))
}

/// What all parts of a running listener share.
struct Station {
    listener: Listener,
    sink: Arc<dyn Sink>,
    counters: Arc<Counters>,
    speakers: Arc<Speakers>,
    cancel: CancellationToken,
}

/// A running listener or feed.
#[derive(Debug)]
pub struct ListenerHandle {
    name: Name,
    place: Place,
    transport: &'static str,
    counters: Arc<Counters>,
    speakers: Arc<Speakers>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl ListenerHandle {
    pub(crate) fn new(
        name: Name,
        place: Place,
        transport: &'static str,
        counters: Arc<Counters>,
        speakers: Arc<Speakers>,
        task: JoinHandle<()>,
    ) -> Self {
        Self {
            name,
            place,
            transport,
            counters,
            speakers,
            task: Mutex::new(Some(task)),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Where its records come from; with port 0 in its configuration, the port it was given.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// `udp`, `tcp` or `tls` of a listener; `folder` and the like of a feed.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        self.transport
    }

    /// What it has counted so far.
    #[must_use]
    pub fn counters(&self) -> CounterSnapshot {
        self.counters.snapshot()
    }

    /// When each source that may speak here was last heard here; `None` when not yet. For the
    /// [`SilenceDetector`](crate::SilenceDetector).
    #[must_use]
    pub fn last_heard(&self) -> Vec<(Name, Option<Time>)> {
        let all = self.speakers.all();
        all.iter()
            .map(|s| (s.origin().source.clone(), s.last_heard()))
            .collect()
    }

    /// Ends it where it stands, as a kill would: for tests of what a restart finds.
    #[doc(hidden)]
    pub fn abort(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = &*task {
            task.abort();
        }
    }

    /// Waits until it has drained after its cancellation. A second call returns at once.
    pub async fn drained(&self) {
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(task) = task else { return };
        if let Err(error) = task.await {
            tracing::error!(listener = %self.name, %error, "listener ended early");
        }
    }
}
