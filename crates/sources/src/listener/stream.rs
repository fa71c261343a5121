//! Stream listeners: who may connect, how many at a time, and TLS before the first record.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use super::connection::Whose;
use super::speaker::Speaker;
use super::{Holders, Station, bind, connection};
use crate::clock;
use crate::config::{Side, Stream, TlsSetup};
use crate::tls::{ClientCertificate, Door, subjects};

/// A handshake takes some round trips; one that takes longer holds a place for nothing.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// When no connection can be accepted (out of file descriptors, say), trying faster helps nobody.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// Accepts until cancelled, then waits for the connections to drain.
pub(super) async fn serve(
    socket: TcpListener,
    station: Station,
    bounds: Stream,
    tls: Option<TlsSetup>,
) {
    let places = Arc::new(Semaphore::new(bounds.max_connections));
    let connections = TaskTracker::new();
    let acceptor = tls.map(|setup| Acceptor {
        door: setup.door,
        side: setup.side,
        named: !setup.clients.is_empty(),
        clients: setup.clients,
    });
    let shared = Arc::new(Shared {
        station,
        bounds,
        acceptor,
    });
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.station.cancel.cancelled() => break,
            accepted = socket.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                shared.station.counters.accept_failed(&error);
                sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        if !shared.station.listener.peers.may_send(peer.ip()) {
            shared.station.counters.refused_peer(peer);
            continue;
        }
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            shared.station.counters.refused_full(peer);
            continue;
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            shared.station.counters.opened();
            shared.connected(stream, peer).await;
            shared.station.counters.closed();
            drop(place);
        });
    }
    // Nothing new; what is open finishes what it has read.
    drop(socket);
    connections.close();
    connections.wait().await;
}

struct Shared {
    station: Station,
    bounds: Stream,
    acceptor: Option<Acceptor>,
}

struct Acceptor {
    door: Arc<Door>,
    side: Side,
    named: bool,
    clients: Arc<std::collections::HashMap<String, Arc<ringfence_event::Origin>>>,
}

impl Shared {
    async fn connected(&self, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = bind::tune(&stream) {
            tracing::debug!(listener = %self.station.listener.name, %error, "no keep-alive");
        }
        let Some(acceptor) = &self.acceptor else {
            if let Some(speaker) = self.station.speakers.first() {
                let whose = Whose::Fixed(speaker);
                connection::serve(stream, peer, &self.station, self.bounds, whose).await;
            }
            return;
        };
        let tls = TlsAcceptor::from(acceptor.door.config(clock::now()));
        let handshake = tokio::select! {
            biased;
            () = self.station.cancel.cancelled() => return,
            handshake = timeout(HANDSHAKE, tls.accept(stream)) => handshake,
        };
        let stream = match handshake.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())) {
            Ok(stream) => stream,
            Err(error) => return self.station.counters.tls_failed(peer, &error),
        };
        let certificate = stream
            .get_ref()
            .1
            .peer_certificates()
            .and_then(<[_]>::first);
        let names = certificate.map(subjects).unwrap_or_default();
        let whose = match &acceptor.side {
            Side::Fixed => self.speaker(acceptor, &names).map(Whose::Fixed),
            Side::BySource(holders) => {
                let certificate = certificate.and_then(ClientCertificate::read);
                self.held(certificate, peer, holders).await
            }
        };
        let Some(whose) = whose else {
            let shown = names.last().map_or("", String::as_str);
            return self.station.counters.refused_client(peer, shown);
        };
        connection::serve(stream, peer, &self.station, self.bounds, whose).await;
    }

    /// Who holds a certificate now. Fails closed.
    async fn held(
        &self,
        certificate: Option<ClientCertificate>,
        peer: SocketAddr,
        holders: &Arc<dyn Holders>,
    ) -> Option<Whose> {
        let certificate = certificate?;
        let origin = holders.origin(&certificate, peer.ip()).await?;
        let speaker = self.station.speakers.of_any(&origin);
        Some(Whose::Held {
            speaker,
            certificate,
            holders: Arc::clone(holders),
        })
    }

    /// Which source a client is. Fails closed: where clients are named, who is not is nobody.
    fn speaker(&self, acceptor: &Acceptor, names: &[String]) -> Option<Arc<Speaker>> {
        if !acceptor.named {
            return self.station.speakers.first();
        }
        let origin = names.iter().find_map(|name| acceptor.clients.get(name))?;
        self.station.speakers.of(origin)
    }
}
