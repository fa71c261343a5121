//! Tries from inside what the walls are there to stop: which of them this system lets stand.

use std::fs::File;
use std::io;
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::walls;

/// Raises the walls of the query engine around this process, for good, and says what it can still
/// do. Everything but `read_folder` has to be `false`.
#[must_use]
pub fn probe(folder: &Path, memory_bytes: u64) -> Value {
    let standing = walls::raise(&walls::Plan {
        folder,
        memory_bytes,
        own_root: true,
    });
    let here = &standing.folder;
    let memory = usize::try_from(memory_bytes).unwrap_or(usize::MAX);
    let mut block: Vec<u8> = Vec::new();
    let can = json!({
        "read_folder": std::fs::read_dir(here).is_ok(),
        "read_elsewhere": File::open("/etc/passwd").is_ok(),
        "read_above": File::open(here.join("../../../../../../etc/passwd")).is_ok(),
        "list_root": std::fs::read_dir("/etc").is_ok(),
        "write_folder": File::create(here.join("probe")).is_ok(),
        "append_folder": File::options().append(true).open(here.join("file")).is_ok(),
        "remove": std::fs::remove_file(here.join("file")).is_ok(),
        // Refused by nobody: not permitted even to try.
        "connect": connects("127.0.0.1:1"),
        "datagrams": UdpSocket::bind("127.0.0.1:0").is_ok(),
        "run_programs": Command::new("/proc/self/exe").arg("--version").output().is_ok(),
        "read_other_memory": File::open("/proc/1/mem").is_ok(),
        "take_memory": block.try_reserve_exact(memory.saturating_mul(2)).is_ok(),
        "start_threads": std::thread::Builder::new().spawn(|| ()).is_ok(),
    });
    json!({"walls": standing.walls, "can": can})
}

/// Whether a connection is tried at all: nobody listening is no wall.
fn connects(address: &str) -> bool {
    match TcpStream::connect(address) {
        Ok(_) => true,
        Err(e) => e.kind() == io::ErrorKind::ConnectionRefused,
    }
}
