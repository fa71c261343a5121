//! How many records a listener takes in a second, and what they cost it.
//!
//! `cargo bench -p ringfence-sources`: another process sends over loopback; the CPU time is this
//! process's alone, from the first record to the last.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench"
)]

use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use ringfence_event::{Authority, Event, Name, Origin};
use ringfence_sources::{
    Format, Incoming, ListenersConfig, Offer, Receipt, Sink, SinkError, Surroundings, run,
};
use tokio_util::sync::CancellationToken;

const RECORDS: u64 = 1_000_000;
const LINE: &str = "<134>1 2026-11-22T09:30:00.250Z pbx01 asterisk 2211 - - VERBOSE[2211][C-0001f2] \
    pbx.c: Executing [s@queue-support:4] Queue(\"PJSIP/trunk-00002a\", \"support,t,,,120\") in new stack";

/// Takes everything and keeps nothing.
#[derive(Default)]
struct Null {
    taken: AtomicU64,
}

#[async_trait]
impl Sink for Null {
    async fn submit(
        &self,
        _: &Arc<Origin>,
        _: Format,
        records: Vec<Incoming>,
    ) -> Result<Receipt, SinkError> {
        let accepted = records.len() as u64;
        self.taken.fetch_add(accepted, Ordering::Relaxed);
        Ok(Receipt {
            accepted,
            ..Receipt::default()
        })
    }

    fn offer(&self, _: &Arc<Origin>, _: Format, _: Incoming) -> Offer {
        self.taken.fetch_add(1, Ordering::Relaxed);
        Offer::Queued
    }

    async fn own(&self, _: Event) -> Result<u64, SinkError> {
        Ok(0)
    }

    async fn intend(&self, _: &str, _: Event) -> Result<(), SinkError> {
        Ok(())
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("send-udp") => send_udp(args[2].parse().unwrap()),
        Some("send-tcp") => send_tcp(args[2].parse().unwrap()),
        _ => {
            println!("{} records of {} bytes", RECORDS, LINE.len());
            println!("listener    records/s   CPU µs/record   arrived %");
            for (kind, extra) in [("udp", "plain_udp=true\n"), ("tcp", "")] {
                measure(kind, extra);
            }
        }
    }
}

fn measure(kind: &str, extra: &str) {
    let text = format!(
        "[[syslog_{kind}]]\nname='bench'\nlisten='127.0.0.1:0'\nsource='bench'\n\
         allow=['127.0.0.1']\n{extra}"
    );
    let written: ListenersConfig = toml::from_str(&text).unwrap();
    let around = Surroundings {
        clients: None,
        source: &credential,
        data_dir: Path::new("/nowhere"),
    };
    let listener = written.build(&around).unwrap().remove(0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let sink = Arc::new(Null::default());
    let door: Arc<dyn Sink> = Arc::clone(&sink) as _;
    let cancel = CancellationToken::new();
    let handle = runtime
        .block_on(run(listener, door, cancel.clone()))
        .unwrap();
    let (cpu, start) = (cpu_time(), Instant::now());
    let mut sender = Command::new(std::env::current_exe().unwrap())
        .args([&format!("send-{kind}"), &handle.place().to_string()])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    sender.wait().unwrap();
    // TCP loses nothing, so that the rest is on its way; UDP has lost what is not there by then.
    while kind == "tcp" && sink.taken.load(Ordering::Relaxed) < RECORDS {
        assert!(
            start.elapsed() < Duration::from_secs(120),
            "records are missing"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    let elapsed = start.elapsed();
    cancel.cancel();
    runtime.block_on(handle.drained());
    let n = sink.taken.load(Ordering::Relaxed).max(1);
    let cpu = cpu_time() - cpu;
    println!(
        "syslog {kind}  {:>10.0}  {:>14.2}  {:>10.1}",
        n as f64 / elapsed.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / n as f64,
        n as f64 * 100.0 / RECORDS as f64
    );
}

fn credential(name: &str) -> Option<Origin> {
    Some(Origin {
        source: Name::new(name).unwrap(),
        program: Name::new("default").unwrap(),
        site: Name::new("default").unwrap(),
        authority: Authority::default(),
    })
}

fn send_udp(to: SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(to).unwrap();
    for _ in 0..RECORDS {
        let _ = socket.send(LINE.as_bytes());
    }
}

fn send_tcp(to: SocketAddr) {
    let mut stream = TcpStream::connect(to).unwrap();
    let block = format!("{} {LINE}", LINE.len()).repeat(1_000);
    for _ in 0..RECORDS / 1_000 {
        stream.write_all(block.as_bytes()).unwrap();
    }
}

/// User and system time of this process: fields 14 and 15 of `/proc/self/stat`, in hundredths of
/// a second.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks: u64 = [11, 12]
        .iter()
        .map(|i| fields[*i].parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}
