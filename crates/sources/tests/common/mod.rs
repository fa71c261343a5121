//! A collector to receive into, and real programs to receive from.

#![allow(dead_code, reason = "each test file uses its part")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ringfence_event::{Authority, Event, Name, Origin};
use ringfence_sources::{
    Format, Incoming, Listener, ListenerHandle, ListenersConfig, Offer, Receipt, Sink, SinkError,
    Surroundings, run,
};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// Nothing here takes long; what takes this long has failed.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A record as it reached the sink.
#[derive(Debug)]
pub struct Got {
    pub origin: Arc<Origin>,
    pub format: Format,
    pub record: Incoming,
    /// Size of the submission that it came in.
    pub batch: usize,
}

impl Got {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.record.bytes).into_owned()
    }
}

/// Keeps what it is given, in order. Takes submissions only while it has permits.
pub struct Collector {
    out: mpsc::UnboundedSender<Got>,
    pub gate: Semaphore,
    pub failures: std::sync::Mutex<Vec<SinkError>>,
}

#[async_trait]
impl Sink for Collector {
    async fn submit(
        &self,
        origin: &Arc<Origin>,
        format: Format,
        records: Vec<Incoming>,
    ) -> Result<Receipt, SinkError> {
        self.gate.acquire().await.unwrap().forget();
        if let Some(error) = self.failures.lock().unwrap().pop() {
            return Err(error);
        }
        let batch = records.len();
        for record in records {
            let origin = Arc::clone(origin);
            let _ = self.out.send(Got {
                origin,
                format,
                record,
                batch,
            });
        }
        Ok(Receipt {
            accepted: batch as u64,
            ..Receipt::default()
        })
    }

    fn offer(&self, origin: &Arc<Origin>, format: Format, record: Incoming) -> Offer {
        if self.gate.available_permits() == 0 {
            return Offer::Lost;
        }
        let origin = Arc::clone(origin);
        let _ = self.out.send(Got {
            origin,
            format,
            record,
            batch: 1,
        });
        Offer::Queued
    }

    async fn own(&self, _: Event) -> Result<u64, SinkError> {
        Ok(0)
    }

    async fn intend(&self, _: &str, _: Event) -> Result<(), SinkError> {
        Ok(())
    }
}

/// A running listener and what it delivers.
pub struct Running {
    pub handle: ListenerHandle,
    pub sink: Arc<Collector>,
    pub got: mpsc::UnboundedReceiver<Got>,
    pub cancel: CancellationToken,
}

impl Running {
    pub async fn next(&mut self) -> Got {
        tokio::time::timeout(DEADLINE, self.got.recv())
            .await
            .expect("nothing came in time")
            .unwrap()
    }

    pub fn addr(&self) -> SocketAddr {
        self.handle.place().to_string().parse().unwrap()
    }

    pub fn port(&self) -> String {
        self.addr().port().to_string()
    }

    /// Waits until the listener's own counters say so.
    pub async fn until(&self, what: impl Fn(&ringfence_sources::CounterSnapshot) -> bool) {
        let polling = async {
            while !what(&self.handle.counters()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if tokio::time::timeout(DEADLINE, polling).await.is_err() {
            panic!("counters stayed at {:?}", self.handle.counters());
        }
    }

    /// Drains and returns what was not yet read.
    pub async fn drain(mut self) -> Vec<Got> {
        self.cancel.cancel();
        tokio::time::timeout(DEADLINE, self.handle.drained())
            .await
            .unwrap();
        let mut rest = Vec::new();
        while let Ok(got) = self.got.try_recv() {
            rest.push(got);
        }
        rest
    }
}

pub fn credential(name: &str) -> Option<Origin> {
    Some(Origin {
        source: Name::new(name).unwrap(),
        program: Name::new("retail").unwrap(),
        site: Name::new("austin").unwrap(),
        authority: Authority {
            classes: None,
            call_state: true,
            authenticated: true,
        },
    })
}

pub fn build(text: &str, data_dir: &Path) -> Listener {
    let written: ListenersConfig = toml::from_str(text).unwrap();
    let around = Surroundings {
        clients: None,
        source: &credential,
        data_dir,
    };
    written.build(&around).unwrap().remove(0)
}

/// Starts the one listener that `text` describes, with `permits` submissions allowed.
pub async fn start_with(text: &str, data_dir: &Path, permits: usize) -> Running {
    let (out, got) = mpsc::unbounded_channel();
    let sink = Arc::new(Collector {
        out,
        gate: Semaphore::new(permits),
        failures: std::sync::Mutex::default(),
    });
    let cancel = CancellationToken::new();
    let door: Arc<dyn Sink> = Arc::clone(&sink) as _;
    let handle = run(build(text, data_dir), door, cancel.clone())
        .await
        .unwrap();
    Running {
        handle,
        sink,
        got,
        cancel,
    }
}

pub async fn start(text: &str) -> Running {
    start_with(text, Path::new("/nowhere"), Semaphore::MAX_PERMITS).await
}

pub const SYSLOG_UDP: &str = "[[syslog_udp]]\nname='s'\nlisten='127.0.0.1:0'\nsource='pbx'\n\
    allow=['127.0.0.0/8']\nplain_udp=true\n";
pub const SYSLOG_TCP: &str =
    "[[syslog_tcp]]\nname='s'\nlisten='127.0.0.1:0'\nsource='pbx'\nallow=['127.0.0.0/8']\n";
pub const SYSLOG_TLS: &str =
    "[[syslog_tls]]\nname='s'\nlisten='127.0.0.1:0'\nsource='pbx'\nallow=['127.0.0.0/8']\n";

/// Whether a program is there; in CI it must be.
pub fn have(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
        .chain([Path::new("/usr/sbin").to_path_buf()])
        .any(|dir| dir.join(program).is_file());
    if !found {
        assert!(
            std::env::var_os("CI").is_none(),
            "`{program}` is missing: run scripts/peers.sh test"
        );
        println!("note: `{program}` is missing, test not run");
    }
    found
}

/// Runs a program to its end.
pub async fn ran(program: &str, args: &[&str]) {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    let status = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    assert!(status.status.success(), "{program} {args:?}: {status:?}");
}

/// A child that does not outlive its test.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
