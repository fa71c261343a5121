//! Sockets, with the options that a listener needs.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::ListenError;
use crate::Listener;

/// Connections that the kernel holds for us while we are busy; of one that it does not hold, the peer tries
/// again after a second.
const BACKLOG: i32 = 4_096;
/// A peer that vanished without a word is noticed within some minutes.
const KEEPALIVE: Duration = Duration::from_secs(120);

/// A bound datagram socket with a large receive buffer.
pub(super) fn udp(listener: &Listener, receive_buffer: usize) -> Result<UdpSocket, ListenError> {
    let make = || {
        let socket = socket(listener.addr, Type::DGRAM, Protocol::UDP)?;
        socket.set_recv_buffer_size(receive_buffer)?;
        socket.bind(&listener.addr.into())?;
        // The kernel reports twice what it grants for data (socket(7)).
        let granted = socket.recv_buffer_size()? / 2;
        if granted < receive_buffer {
            tracing::warn!(
                listener = %listener.name,
                granted,
                asked = receive_buffer,
                "receive buffer is smaller than asked: raise net.core.rmem_max"
            );
        }
        UdpSocket::from_std(socket.into())
    };
    make().map_err(|e| ListenError::bind(listener.name.as_str(), listener.addr, e))
}

/// A bound and listening stream socket.
pub(super) fn tcp(listener: &Listener) -> Result<TcpListener, ListenError> {
    tcp_listener(listener.addr)
        .map_err(|e| ListenError::bind(listener.name.as_str(), listener.addr, e))
}

/// Listens for connections, with room for many that come at once.
///
/// # Errors
/// When the address is not to be had.
pub fn tcp_listener(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(addr, Type::STREAM, Protocol::TCP)?;
    // A restart must not wait for the connections of the last run to time out.
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Options of an accepted connection.
pub(super) fn tune(stream: &TcpStream) -> io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE / 4);
    socket2::SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

fn socket(addr: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
