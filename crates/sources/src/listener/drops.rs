//! What the kernel dropped before we could read it: the last column of `/proc/net/udp`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

use tokio::net::UdpSocket;

/// Finds one socket's count.
#[derive(Debug)]
pub(super) struct KernelDrops {
    table: &'static str,
    inode: u64,
}

impl KernelDrops {
    /// `None` where there is no such table (no `/proc`): drops are not counted there.
    pub(super) fn of(socket: &UdpSocket) -> Option<Self> {
        let ipv6 = socket.local_addr().ok()?.is_ipv6();
        let inode = fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd()))
            .ok()?
            .ino();
        let table = if ipv6 {
            "/proc/net/udp6"
        } else {
            "/proc/net/udp"
        };
        Some(Self { table, inode })
    }

    /// Datagrams dropped since the socket was made.
    pub(super) fn read(&self) -> Option<u64> {
        let table = BufReader::new(File::open(self.table).ok()?);
        table
            .lines()
            .map_while(Result::ok)
            .find_map(|line| drops_of(&line, self.inode))
    }
}

/// Columns: sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode, references,
/// pointer, drops.
fn drops_of(line: &str, inode: u64) -> Option<u64> {
    let mut columns = line.split_ascii_whitespace().skip(9);
    (columns.next()?.parse() == Ok(inode)).then_some(())?;
    columns.nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_is_found_by_inode() {
        let line = "  421: 0100007F:1388 00000000:0000 07 00000000:00000000 00:00000000 00000000  \
                    1000        0 4242 2 0000000000000000 17";
        assert_eq!(drops_of(line, 4242), Some(17));
        assert_eq!(drops_of(line, 1000), None);
        assert_eq!(drops_of("sl local_address rem_address", 4242), None);
    }
}
