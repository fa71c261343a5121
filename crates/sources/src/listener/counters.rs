//! What a listener counts. Each fact has one method that counts and, where a person should know,
//! logs it, so that the two cannot drift apart.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use ringfence_event::Name;
use serde::Serialize;

use super::gate::LogGate;
use crate::clock;

/// What a listener has counted since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CounterSnapshot {
    /// Records received from peers that may send.
    pub received: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Records that the event log took: on disk (TCP, TLS) or in its queue (UDP).
    pub queued: u64,
    /// Records that could not be read and are in quarantine (TCP, TLS).
    pub rejected: u64,
    /// Records lost because the event log was full, or Ringfence stopped while it was failing.
    pub lost: u64,
    /// Datagrams that the kernel dropped before they could be read.
    pub kernel_dropped: u64,
    /// Datagrams and connections from peers that may not send.
    pub refused_peer: u64,
    /// HEP packets with a wrong key or none.
    pub refused_key: u64,
    /// Connections closed at once because there were too many.
    pub refused_full: u64,
    /// Records cut for their length, and connections ended for broken framing.
    pub framing_errors: u64,
    /// Connections that went silent, or stopped inside a record, and were closed.
    pub timeouts: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Connections open now.
    pub open: u64,
    /// TLS handshakes that failed.
    pub tls_failures: u64,
    /// Files, and folders, that could not be read.
    pub unreadable: u64,
    /// Files that went away before they were read to their end.
    pub vanished: u64,
    /// Connections that a feed could not make, or lost.
    pub connection_failures: u64,
    /// Logins that were refused to a feed.
    pub logins_refused: u64,
}

#[derive(Debug)]
pub(crate) struct Counters {
    name: Name,
    received: AtomicU64,
    bytes: AtomicU64,
    queued: AtomicU64,
    rejected: AtomicU64,
    lost: AtomicU64,
    kernel_dropped: AtomicU64,
    refused_peer: AtomicU64,
    refused_key: AtomicU64,
    refused_full: AtomicU64,
    framing_errors: AtomicU64,
    timeouts: AtomicU64,
    connections: AtomicU64,
    open: AtomicU64,
    tls_failures: AtomicU64,
    unreadable: AtomicU64,
    vanished: AtomicU64,
    connection_failures: AtomicU64,
    logins_refused: AtomicU64,
    gates: Gates,
}

/// One gate a kind of line, so that a flood of one does not hide the others.
#[derive(Debug)]
struct Gates {
    lost: LogGate,
    kernel: LogGate,
    peer: LogGate,
    key: LogGate,
    full: LogGate,
    framing: LogGate,
    timeout: LogGate,
    tls: LogGate,
    sink: LogGate,
    accept: LogGate,
    file: LogGate,
    bookmarks: LogGate,
    connection: LogGate,
}

macro_rules! gated {
    ($self:ident.$gate:ident, $($field:tt)*) => {
        if let Some(held_back) = $self.gates.$gate.open(clock::now()) {
            tracing::warn!(listener = %$self.name, held_back, $($field)*);
        }
    };
}

impl Counters {
    pub(crate) fn new(name: Name) -> Self {
        let zero = || AtomicU64::new(0);
        let gate = LogGate::new;
        Self {
            name,
            received: zero(),
            bytes: zero(),
            queued: zero(),
            rejected: zero(),
            lost: zero(),
            kernel_dropped: zero(),
            refused_peer: zero(),
            refused_key: zero(),
            refused_full: zero(),
            framing_errors: zero(),
            timeouts: zero(),
            connections: zero(),
            open: zero(),
            tls_failures: zero(),
            unreadable: zero(),
            vanished: zero(),
            connection_failures: zero(),
            logins_refused: zero(),
            gates: Gates {
                lost: gate(),
                kernel: gate(),
                peer: gate(),
                key: gate(),
                full: gate(),
                framing: gate(),
                timeout: gate(),
                tls: gate(),
                sink: gate(),
                accept: gate(),
                file: gate(),
                bookmarks: gate(),
                connection: gate(),
            },
        }
    }

    pub(crate) fn snapshot(&self) -> CounterSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CounterSnapshot {
            received: read(&self.received),
            bytes: read(&self.bytes),
            queued: read(&self.queued),
            rejected: read(&self.rejected),
            lost: read(&self.lost),
            kernel_dropped: read(&self.kernel_dropped),
            refused_peer: read(&self.refused_peer),
            refused_key: read(&self.refused_key),
            refused_full: read(&self.refused_full),
            framing_errors: read(&self.framing_errors),
            timeouts: read(&self.timeouts),
            connections: read(&self.connections),
            open: read(&self.open),
            tls_failures: read(&self.tls_failures),
            unreadable: read(&self.unreadable),
            vanished: read(&self.vanished),
            connection_failures: read(&self.connection_failures),
            logins_refused: read(&self.logins_refused),
        }
    }

    pub(crate) fn received(&self, records: usize, bytes: usize) {
        add(&self.received, records);
        add(&self.bytes, bytes);
    }

    pub(crate) fn queued(&self, records: u64) {
        self.queued.fetch_add(records, Ordering::Relaxed);
    }

    pub(crate) fn rejected(&self, records: usize) {
        add(&self.rejected, records);
    }

    pub(crate) fn lost(&self, records: usize) {
        add(&self.lost, records);
        gated!(self.lost, "records lost: the event log cannot keep up");
    }

    /// Sets the kernel's own count of the socket.
    pub(crate) fn kernel_dropped(&self, total: u64) {
        if self.kernel_dropped.fetch_max(total, Ordering::Relaxed) < total {
            gated!(
                self.kernel,
                total,
                "datagrams dropped by the kernel: its receive buffer is full"
            );
        }
    }

    pub(crate) fn refused_peer(&self, peer: SocketAddr) {
        add(&self.refused_peer, 1);
        gated!(self.peer, %peer, "peer refused: it is not on the allow-list");
    }

    pub(crate) fn refused_client(&self, peer: SocketAddr, subject: &str) {
        add(&self.refused_peer, 1);
        let subject = ringfence_event::neutralise(subject);
        gated!(self.peer, %peer, %subject, "client refused: its certificate lets nobody in here");
    }

    pub(crate) fn refused_key(&self, peer: SocketAddr) {
        add(&self.refused_key, 1);
        gated!(self.key, %peer, "packet refused: wrong key or none");
    }

    pub(crate) fn refused_full(&self, peer: SocketAddr) {
        add(&self.refused_full, 1);
        gated!(self.full, %peer, "connection refused: there are too many");
    }

    pub(crate) fn oversize(&self, peer: SocketAddr) {
        add(&self.framing_errors, 1);
        gated!(self.framing, %peer, "record cut: it is longer than allowed");
    }

    pub(crate) fn broken(&self, peer: SocketAddr) {
        add(&self.framing_errors, 1);
        gated!(self.framing, %peer, "connection ended: its framing is broken");
    }

    pub(crate) fn timed_out(&self, peer: SocketAddr, inside: bool) {
        add(&self.timeouts, 1);
        gated!(self.timeout, %peer, inside, "connection ended: no data came");
    }

    pub(crate) fn opened(&self) {
        add(&self.connections, 1);
        add(&self.open, 1);
    }

    pub(crate) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn tls_failed(&self, peer: SocketAddr, error: &std::io::Error) {
        add(&self.tls_failures, 1);
        gated!(self.tls, %peer, %error, "TLS handshake failed");
    }

    pub(crate) fn sink_failed(&self, error: &crate::SinkError) {
        gated!(self.sink, %error, "submission failed: it is tried again, nothing more is read");
    }

    pub(crate) fn unreadable(&self, path: &Path, reason: &str) {
        add(&self.unreadable, 1);
        gated!(self.file, path = %shown(path), reason, "file cannot be read");
    }

    pub(crate) fn vanished(&self, path: &Path) {
        add(&self.vanished, 1);
        gated!(self.file, path = %shown(path), "file went away before it was read to its end");
    }

    pub(crate) fn line_too_long(&self, path: &Path, lines: u64) {
        self.framing_errors.fetch_add(lines, Ordering::Relaxed);
        gated!(self.framing, path = %shown(path), lines, "line refused: it is longer than 256 KiB");
    }

    pub(crate) fn connection_failed(&self, address: &str, reason: &str) {
        add(&self.connection_failures, 1);
        let reason = ringfence_event::neutralise(reason);
        gated!(self.connection, address, %reason, "no connection: it is tried again, its source is silent until then");
    }

    pub(crate) fn login_refused(&self, address: &str, reason: &str) {
        add(&self.logins_refused, 1);
        let reason = ringfence_event::neutralise(reason);
        gated!(self.connection, address, %reason, "login refused: it is tried again, check user, secret and access list");
    }

    pub(crate) fn message_too_long(&self, address: &str, messages: u64) {
        self.framing_errors.fetch_add(messages, Ordering::Relaxed);
        gated!(
            self.framing,
            address,
            messages,
            "message skipped: it is too long or cannot be read"
        );
    }

    pub(crate) fn bookmarks_failed(&self, error: &str) {
        gated!(
            self.bookmarks,
            error,
            "how far files were read cannot be saved: nothing more is read"
        );
    }

    pub(crate) fn receive_failed(&self, error: &std::io::Error) {
        gated!(self.accept, %error, "no datagram can be received");
    }

    pub(crate) fn accept_failed(&self, error: &std::io::Error) {
        gated!(self.accept, %error, "no connection can be accepted");
    }
}

fn add(counter: &AtomicU64, n: usize) {
    counter.fetch_add(n as u64, Ordering::Relaxed);
}

/// File names are made by whoever may write to the folder.
fn shown(path: &Path) -> String {
    ringfence_event::neutralise(&path.to_string_lossy()).into_owned()
}
