//! What systemd wants to know (sd_notify(3)): ready, alive, stopping. Without it nothing happens.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// All is open and served.
pub fn ready() {
    tell("READY=1");
}

/// The drain has begun.
pub fn stopping() {
    tell("STOPPING=1");
}

/// Says that it lives, twice as often as asked, as long as the runtime runs: one that hangs is
/// started anew.
pub async fn keep_alive() {
    let asked = std::env::var("WATCHDOG_USEC").ok();
    let Some(micros) = asked.and_then(|t| t.parse::<u64>().ok()).filter(|n| *n > 0) else {
        return;
    };
    let mut beat = tokio::time::interval(Duration::from_micros(micros / 2));
    loop {
        beat.tick().await;
        tell("WATCHDOG=1");
    }
}

/// A state that cannot be told is systemd's to miss; the server goes on.
fn tell(state: &str) {
    let Some(place) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let address = match place.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&place),
    };
    let sent = address.and_then(|to| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &to));
    if let Err(error) = sent {
        tracing::debug!(%error, state, "systemd could not be told");
    }
}
