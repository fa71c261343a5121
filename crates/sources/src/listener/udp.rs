//! Datagrams: one record each, taken as fast as they come, what cannot be kept counted.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Station;
use super::drops::KernelDrops;
use super::speaker::Speaker;
use crate::{Incoming, Naming, Offer, clock};

/// The largest datagram is 65,535 bytes with its headers: none is ever cut.
const LARGEST: usize = 65_536;
/// Datagrams taken before other tasks get their turn.
const BURST: usize = 256;
/// Datagrams taken at most while stopping: the kernel's buffer, not the sender's patience.
const DRAIN: usize = 1 << 20;
/// How often the kernel's drops are read.
const DROPS_EVERY: Duration = Duration::from_secs(2);

/// Runs until cancelled, then takes what the kernel still holds.
pub(super) async fn serve(socket: UdpSocket, station: Station) {
    let Some(speaker) = station.speakers.first() else {
        return;
    };
    let mut intake = Intake {
        drops: KernelDrops::of(&socket),
        buffer: vec![0; LARGEST],
        station,
        speaker,
    };
    let mut drops = ticks();
    loop {
        tokio::select! {
            biased;
            () = intake.station.cancel.cancelled() => break,
            _ = drops.tick() => intake.count_drops(),
            ready = socket.readable() => match ready {
                Ok(()) => { intake.take(&socket, BURST); }
                Err(error) => {
                    tracing::error!(listener = %intake.station.listener.name, %error, "socket failed");
                    break;
                }
            },
        }
        // `readable` returns at once while there is more.
        tokio::task::yield_now().await;
    }
    intake.drain(socket);
}

fn ticks() -> Interval {
    let mut ticks = interval(DROPS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

struct Intake {
    buffer: Vec<u8>,
    drops: Option<KernelDrops>,
    station: Station,
    speaker: Arc<Speaker>,
}

impl Intake {
    /// Takes up to `most` datagrams that are there.
    fn take(&mut self, socket: &UdpSocket, most: usize) {
        for _ in 0..most {
            match socket.try_recv_from(&mut self.buffer) {
                Ok((length, peer)) => self.datagram(length, peer),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => return self.station.counters.receive_failed(&error),
            }
        }
    }

    /// Takes what the kernel still holds, and closes. Asks the kernel itself: the runtime may not
    /// have heard yet of what came last.
    fn drain(&mut self, socket: UdpSocket) {
        let Ok(socket) = socket.into_std() else {
            return;
        };
        for _ in 0..DRAIN {
            let Ok((length, peer)) = socket.recv_from(&mut self.buffer) else {
                break;
            };
            self.datagram(length, peer);
        }
        self.count_drops();
    }

    fn datagram(&self, length: usize, peer: SocketAddr) {
        let (listener, counters) = (&self.station.listener, &self.station.counters);
        let bytes = self.buffer.get(..length).unwrap_or_default();
        if !listener.peers.may_send(peer.ip()) {
            counters.refused_peer(peer);
            return;
        }
        if listener.key.as_ref().is_some_and(|key| !key.opens(bytes)) {
            counters.refused_key(peer);
            return;
        }
        let received = clock::now();
        self.speaker.heard(received);
        counters.received(1, length);
        let record = Incoming {
            bytes: listener.protocol.storable(Bytes::copy_from_slice(bytes)),
            received,
            peer: Some(peer),
            flow: None,
            naming: Naming::Arrival,
            line: 0,
        };
        let format = listener.protocol.format();
        match self
            .station
            .sink
            .offer(self.speaker.origin(), format, record)
        {
            Offer::Queued => counters.queued(1),
            Offer::Lost => counters.lost(1),
        }
    }

    fn count_drops(&self) {
        if let Some(total) = self.drops.as_ref().and_then(KernelDrops::read) {
            self.station.counters.kernel_dropped(total);
        }
    }
}
