//! Accepts connections for the API: TLS everywhere; on loopback plain HTTP on the same port too,
//! because there nobody is in between.
//!
//! Whoever opens connections and is slow keeps nobody else out: the greeting, the headers and the
//! bodies of requests have their time, and one address its share of the places.

mod busy;
mod places;
mod unhurried;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ringfence_api::Peer;
use ringfence_sources::{ClientCertificate, Door};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

use crate::clock;
use busy::{Answer, Busy};
use places::Places;
use unhurried::Unhurried;

/// First byte of a TLS record that begins a handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;
/// Time to say something, to finish a handshake, and to ask for something then.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time between two requests.
const IDLE: Duration = Duration::from_secs(60);
/// Time that requests under way get at the end.
const DRAIN: Duration = Duration::from_secs(10);

/// Connections at the same time.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// Of all.
    pub connections: usize,
    /// Of one address (of one /64 network with IPv6).
    pub of_one_address: usize,
}

/// Serves until `cancel`, then lets requests under way finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    door: Arc<Door>,
    most: Most,
    cancel: CancellationToken,
) {
    let plain_allowed = listener.local_addr().is_ok_and(|a| a.ip().is_loopback());
    let front = Front {
        router,
        door,
        plain_allowed,
    };
    let places = Places::new(most.connections, most.of_one_address);
    let graceful = GracefulShutdown::new();
    loop {
        let Some(one) = places.room().await else {
            return;
        };
        let (stream, peer) = tokio::select! {
            () = cancel.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, as a rule: give others time to close.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let Some(place) = places.take(one, peer.ip()) else {
            tracing::debug!(%peer, "an address has its share of connections already");
            continue;
        };
        let (front, watcher) = (front.clone(), graceful.watcher());
        let cancel = cancel.clone();
        tokio::spawn(async move {
            // A connection that has not said anything yet has no request to finish.
            let greeted = tokio::select! {
                () = cancel.cancelled() => None,
                greeted = front.greet(stream, peer) => greeted,
            };
            if let Some(stream) = greeted {
                front.http(stream, peer, watcher).await;
            }
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}

/// Plain, or TLS.
type Stream = Either<TcpStream, TlsStream<TcpStream>>;

#[derive(Clone)]
struct Front {
    router: Router,
    door: Arc<Door>,
    plain_allowed: bool,
}

impl Front {
    /// Waits for the first byte, and for the handshake if it begins one.
    async fn greet(&self, stream: TcpStream, peer: SocketAddr) -> Option<TokioIo<Stream>> {
        let _ = stream.set_nodelay(true);
        let mut first = [0];
        let peeked = tokio::time::timeout(PATIENCE, stream.peek(&mut first)).await;
        let Ok(Ok(1)) = peeked else { return None };
        if first != [TLS_HANDSHAKE] {
            if self.plain_allowed {
                return Some(TokioIo::new(Either::Left(stream)));
            }
            tracing::debug!(%peer, "plain HTTP was refused: only TLS is spoken beyond loopback");
            return None;
        }
        let acceptor = TlsAcceptor::from(self.door.config(clock::now()));
        match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Some(TokioIo::new(Either::Right(stream))),
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "a TLS handshake failed");
                None
            }
            Err(_) => None,
        }
    }

    async fn http(
        self,
        io: TokioIo<Stream>,
        address: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        let peer = Peer {
            address,
            encrypted: matches!(io.inner(), Either::Right(_)),
            certificate: certificate(io.inner()).map(Arc::new),
        };
        let busy = Busy::new();
        let (router, asked) = (TowerToHyperService::new(self.router), Arc::clone(&busy));
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let under_way = asked.begin();
            let mut request = request.map(|body| Body::new(Unhurried::new(body)));
            request.extensions_mut().insert(peer.clone());
            let answering = router.call(request);
            async move {
                let answer = answering.await?;
                Ok::<_, Infallible>(answer.map(|body| Answer::new(body, under_way)))
            }
        });
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(PATIENCE));
        let connection = builder.serve_connection(io, service);
        tokio::select! {
            ended = watcher.watch(connection.into_owned()) => {
                if let Err(error) = ended {
                    tracing::debug!(peer = %address, %error, "a connection ended");
                }
            }
            () = busy.idle(PATIENCE, IDLE) => {
                tracing::debug!(peer = %address, "a connection asked for nothing and was ended");
            }
        }
    }
}

/// The certificate that a client showed and the verifier accepted.
fn certificate(stream: &Stream) -> Option<ClientCertificate> {
    let Either::Right(stream) = stream else {
        return None;
    };
    let shown = stream.get_ref().1.peer_certificates()?;
    ClientCertificate::read(shown.first()?)
}
