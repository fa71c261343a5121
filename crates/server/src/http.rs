//! Accepts connections for the API: TLS everywhere; on loopback plain HTTP on the same port too,
//! because there nobody is in between.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ringfence_api::Peer;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

/// First byte of a TLS record that begins a handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;
/// Time to say something, and to finish a handshake or the headers of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time that requests under way get at the end.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until `cancel`, then lets requests under way finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Arc<ServerConfig>,
    max_connections: usize,
    cancel: CancellationToken,
) {
    let plain_allowed = listener.local_addr().is_ok_and(|a| a.ip().is_loopback());
    let front = Front {
        router,
        acceptor: TlsAcceptor::from(tls),
        plain_allowed,
    };
    let room = Arc::new(Semaphore::new(max_connections));
    let graceful = GracefulShutdown::new();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
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
    acceptor: TlsAcceptor,
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
        match tokio::time::timeout(PATIENCE, self.acceptor.accept(stream)).await {
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
        peer: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        let encrypted = matches!(io.inner(), Either::Right(_));
        let service = self.router.layer(axum::Extension(Peer {
            address: peer,
            encrypted,
        }));
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(PATIENCE));
        let connection = builder.serve_connection(io, TowerToHyperService::new(service));
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!(%peer, %error, "a connection ended");
        }
    }
}
