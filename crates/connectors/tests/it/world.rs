//! The real intake and event log around a connector, and runs of it that can be cut off.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ringfence_connectors::{ConnectorConfig, Connectors, Cursor, Cursors, Pace, Status};
use ringfence_event::{Entry, Event, ext};
use ringfence_normalise::{MappingSet, Normaliser, Settings};
use ringfence_sources::{Intake, Quarantine, Refused, Sink};
use ringfence_spine::{LocalConfig, LocalSpine, Offset, Spine};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Cursors that outlive a run.
#[derive(Default)]
pub struct Kept(Mutex<BTreeMap<String, Cursor>>);

#[async_trait]
impl Cursors for Kept {
    async fn load(&self, name: &str) -> Result<Option<Cursor>, String> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    async fn save(&self, name: &str, cursor: &Cursor) -> Result<(), String> {
        self.0
            .lock()
            .unwrap()
            .insert(name.to_owned(), cursor.clone());
        Ok(())
    }
}

struct NoQuarantine;

#[async_trait]
impl Quarantine for NoQuarantine {
    async fn keep(&self, refused: Vec<Refused>) -> Result<(), String> {
        panic!("refused: {:?}", refused[0].rejection);
    }
}

/// Nobody works on the spine here, so nobody is waited for.
struct AtOnce;

#[async_trait::async_trait]
impl ringfence_sources::Pace for AtOnce {
    async fn hold(&self) {}
}

pub struct World {
    dir: tempfile::TempDir,
    spine: Arc<LocalSpine>,
    intake: Arc<Intake>,
    pub kept: Arc<Kept>,
    cancel: CancellationToken,
}

/// A run of a connector; cut off when dropped.
pub struct Run {
    pub connectors: Connectors,
    tasks: JoinSet<()>,
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let spine = LocalSpine::open(&dir.path().join("spine"), LocalConfig::default()).unwrap();
        let spine = Arc::new(spine);
        let set = Arc::new(MappingSet::with_builtin(vec![]));
        let normaliser = Normaliser::new(set, Settings::default());
        let cancel = CancellationToken::new();
        let shared = Arc::clone(&spine) as Arc<dyn Spine>;
        let quarantine = Arc::new(NoQuarantine);
        let (intake, _) = Intake::start(
            shared,
            normaliser,
            quarantine,
            Arc::new(AtOnce),
            cancel.clone(),
        )
        .unwrap();
        Self {
            dir,
            spine,
            intake,
            kept: Arc::default(),
            cancel,
        }
    }

    /// A file with a secret in it.
    pub fn secret(&self, text: &str) -> String {
        let path = self.dir.path().join("secret");
        std::fs::write(&path, text).unwrap();
        format!("{{ file = \"{}\" }}", path.display())
    }

    /// A folder of its own.
    pub fn folder(&self, name: &str) -> std::path::PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// Runs the connector of a configuration, at a pace of milliseconds.
    pub fn run(&self, toml: &str) -> Run {
        let config: ConnectorConfig = toml::from_str(toml).unwrap();
        let pace = Pace {
            every: Duration::from_millis(100),
            first: Duration::from_millis(5),
            most: Duration::from_millis(20),
        };
        let built = config.build();
        let built = built.unwrap_or_else(|m| panic!("{m:?}")).with_pace(pace);
        let sink = Arc::clone(&self.intake) as Arc<dyn Sink>;
        let cursors = Arc::clone(&self.kept) as Arc<dyn Cursors>;
        let (connectors, tasks) = Connectors::start(vec![built], &sink, &cursors, &self.cancel);
        Run { connectors, tasks }
    }

    /// Everything on the event log, heartbeats left out.
    pub async fn events(&self) -> Vec<Event> {
        let mut all = self.everything().await;
        all.retain(|e| !is_heartbeat(e));
        all
    }

    pub async fn heartbeats(&self) -> usize {
        let all = self.everything().await;
        all.iter().filter(|e| is_heartbeat(e)).count()
    }

    async fn everything(&self) -> Vec<Event> {
        let (mut out, mut at) = (Vec::new(), Offset(0));
        loop {
            let block = self.spine.read(at, 8 << 20).await.unwrap();
            if block.is_empty() {
                return out;
            }
            for (offset, entry) in block {
                at = Offset(offset.0 + 1);
                if let Ok(Entry::Event(event)) = Entry::decode(entry.kind, &entry.payload) {
                    out.push(Event::clone(&event));
                }
            }
        }
    }

    /// Asks until there are so many different events, each of them once.
    pub async fn settled(&self, count: usize) -> Vec<Event> {
        for _ in 0..150 {
            let events = self.events().await;
            let uids: BTreeSet<_> = events.iter().filter_map(|e| e.uid.as_ref()).collect();
            assert_eq!(uids.len(), events.len(), "none is there twice");
            assert!(events.len() <= count, "more than {count}: {uids:?}");
            if events.len() == count {
                return events;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let events = self.events().await;
        let uids: Vec<_> = events.iter().map(|e| e.uid.as_deref()).collect();
        panic!("not {count} events but {}: {uids:?}", events.len());
    }
}

fn is_heartbeat(event: &Event) -> bool {
    event.class_uid == ext::CALL && event.activity_id == 99
}

impl Run {
    pub fn status(&self) -> Status {
        self.connectors.list().remove(0)
    }

    /// Asks until the status fits.
    pub async fn until(&self, what: &str, fits: impl Fn(&Status) -> bool) -> Status {
        for _ in 0..2_000 {
            let status = self.status();
            if fits(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {what}: {:?}", self.status());
    }

    /// Ends it wherever it stands, as a crash would.
    pub async fn cut_off(mut self) {
        self.tasks.shutdown().await;
    }
}
