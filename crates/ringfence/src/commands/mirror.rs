//! `ringfence replay --hep`: captures as a HEP3 agent would mirror them.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use ringfence_capture::hep::{self, Extra, Hep, ProtoType};
use ringfence_capture::{CaptureReader, Datagram, Output, Pipeline};

use crate::Done;
use crate::output::{Failure, say};

/// Packets sent without a pause. A collector's socket holds a few hundred.
const BURST: u64 = 50;
const PAUSE: Duration = Duration::from_millis(5);
/// IP protocol number of UDP.
const UDP: u8 = 17;

/// Sends every UDP datagram of the captures to the collector.
pub fn run(files: &[PathBuf], collector: SocketAddr) -> Done {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|s| s.connect(collector).map(|()| s))
        .with_context(|| format!("cannot reach `{collector}`"))
        .map_err(Failure::usage)?;
    for path in files {
        let sent = mirror(path, &socket)
            .with_context(|| format!("`{}`", path.display()))
            .map_err(Failure::input)?;
        say(format_args!(
            "{}: {sent} packets to {collector}",
            path.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn mirror(path: &Path, socket: &UdpSocket) -> anyhow::Result<u64> {
    let mut file = File::open(path)?;
    let mut reader = CaptureReader::new();
    let mut pipeline = Pipeline::default();
    let mut piece = vec![0; 64 << 10];
    let mut sent = 0;
    loop {
        let read = file.read(&mut piece)?;
        let mut rest = piece.get(..read).unwrap_or_default();
        if rest.is_empty() {
            reader.finish()?;
            return Ok(sent);
        }
        while !rest.is_empty() {
            let taken = reader.push(rest);
            rest = rest.get(taken..).unwrap_or_default();
            while let Some(packet) = reader.next_packet()? {
                let mut packets = Vec::new();
                pipeline.packet(&packet, &mut |out| {
                    if let Output::Datagram(datagram) = out {
                        packets.push(encode(&datagram));
                    }
                });
                for packet in packets {
                    socket.send(&packet?)?;
                    sent += 1;
                    if sent % BURST == 0 {
                        std::thread::sleep(PAUSE);
                    }
                }
            }
        }
    }
}

fn encode(datagram: &Datagram<'_>) -> anyhow::Result<Vec<u8>> {
    let now = ringfence_server::clock::now().0;
    let hep = Hep {
        ip_protocol: UDP,
        src: datagram.src.ip(),
        dst: datagram.dst.ip(),
        src_port: datagram.src.port(),
        dst_port: datagram.dst.port(),
        time_ns: u64::try_from(now).unwrap_or(0) * 1_000_000,
        proto_type: ProtoType::SIP,
        capture_id: 1,
        auth_key: None,
        payload: Cow::Borrowed(datagram.payload),
        correlation_id: None,
        vlan: None,
        node: None,
        extra: Extra::default(),
        unknown: 0,
    };
    Ok(hep::encode(&hep)?)
}
