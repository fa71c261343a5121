//! A connection to exactly the addresses that the guard admitted.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;

use crate::guard::Target;
use crate::sender::SendError;

/// A byte stream, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Tries the admitted addresses in order and speaks TLS where the URL says so.
pub(crate) async fn connect(
    target: &Target,
    tls: &Arc<ClientConfig>,
    timeout: Duration,
) -> Result<Box<dyn Stream>, SendError> {
    let stream = tcp(&target.addresses, timeout).await?;
    if !target.tls {
        return Ok(Box::new(stream));
    }
    let connector = TlsConnector::from(Arc::clone(tls));
    let handshake = connector.connect(server_name(&target.host)?, stream);
    match tokio::time::timeout(timeout, handshake).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) => Err(SendError::Tls(error.to_string())),
        Err(_) => Err(SendError::Timeout),
    }
}

/// Each address gets its share of the time, so that one that swallows packets does
/// not keep the others from being tried.
async fn tcp(addresses: &[SocketAddr], timeout: Duration) -> Result<TcpStream, SendError> {
    let share = timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut last = SendError::Timeout;
    for address in addresses {
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A request is one small write; waiting to fill a segment only delays it.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = SendError::Connect(error.kind()),
            Err(_) => last = SendError::Connect(io::ErrorKind::TimedOut),
        }
    }
    Err(last)
}

fn server_name(host: &Host<String>) -> Result<ServerName<'static>, SendError> {
    match host {
        Host::Ipv4(address) => Ok(ServerName::from(std::net::IpAddr::V4(*address))),
        Host::Ipv6(address) => Ok(ServerName::from(std::net::IpAddr::V6(*address))),
        // Certificates name hosts without the final dot of the root zone.
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name).to_owned();
            ServerName::try_from(name)
                .map_err(|_| SendError::Tls("the host is no valid DNS name".to_owned()))
        }
    }
}
