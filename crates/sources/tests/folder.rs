//! A watched folder: what comes out of files that grow, move and go away.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ringfence_event::{Authority, Event, Name, Origin};
use ringfence_sources::{
    Bookmarks, FeedsConfig, Format, Incoming, ListenerHandle, Naming, Offer, Receipt, Sink,
    SinkError, Surroundings, follow,
};
use tokio_util::sync::CancellationToken;

/// Nothing here takes long; what takes this long has failed.
const DEADLINE: Duration = Duration::from_secs(40);

/// Bookmarks that outlive a feed.
#[derive(Default)]
struct Saved(Mutex<BTreeMap<String, String>>);

#[async_trait]
impl Bookmarks for Saved {
    async fn load(&self, _: &str) -> Result<Vec<(String, String)>, String> {
        Ok(self.0.lock().unwrap().clone().into_iter().collect())
    }

    async fn save(&self, _: &str, marks: &[(String, Option<String>)]) -> Result<(), String> {
        let mut saved = self.0.lock().unwrap();
        for (name, value) in marks {
            match value {
                Some(value) => saved.insert(name.clone(), value.clone()),
                None => saved.remove(name),
            };
        }
        Ok(())
    }
}

/// What a spine keeps: the first record of each identity.
#[derive(Default)]
struct Log {
    records: Mutex<Vec<(Format, Incoming)>>,
    known: Mutex<BTreeSet<(String, u64)>>,
}

#[async_trait]
impl Sink for Log {
    async fn submit(
        &self,
        _: &Arc<Origin>,
        format: Format,
        records: Vec<Incoming>,
    ) -> Result<Receipt, SinkError> {
        for record in records {
            let Naming::Place(place, offset) = &record.naming else {
                panic!("a record without a place");
            };
            if self
                .known
                .lock()
                .unwrap()
                .insert((place.to_string(), *offset))
            {
                self.records.lock().unwrap().push((format, record));
            }
        }
        Ok(Receipt::default())
    }

    fn offer(&self, _: &Arc<Origin>, _: Format, _: Incoming) -> Offer {
        panic!("files can wait");
    }

    async fn own(&self, _: Event) -> Result<u64, SinkError> {
        Ok(0)
    }

    async fn intend(&self, _: &str, _: Event) -> Result<(), SinkError> {
        Ok(())
    }
}

impl Log {
    fn texts(&self) -> Vec<String> {
        let records = self.records.lock().unwrap();
        let text = |r: &Incoming| String::from_utf8_lossy(&r.bytes).into_owned();
        records.iter().map(|(_, r)| text(r)).collect()
    }
}

/// A folder and what follows it.
struct World {
    dir: tempfile::TempDir,
    glob: &'static str,
    saved: Arc<Saved>,
    log: Arc<Log>,
    running: Option<(ListenerHandle, CancellationToken)>,
    written: Vec<String>,
}

impl World {
    fn new(glob: &'static str) -> Self {
        let mut world = Self {
            dir: tempfile::tempdir().unwrap(),
            glob,
            saved: Arc::default(),
            log: Arc::default(),
            running: None,
            written: Vec::new(),
        };
        world.start();
        world
    }

    fn start(&mut self) {
        let text = format!(
            "[[folder]]\nname='logs'\npath='{}'\nglob='{}'\nsource='pbx'",
            self.dir.path().display(),
            self.glob
        );
        let config: FeedsConfig = toml::from_str(&text).unwrap();
        let around = Surroundings {
            clients: None,
            source: &|name| {
                Some(Origin {
                    source: Name::new(name).unwrap(),
                    program: Name::new("default").unwrap(),
                    site: Name::new("default").unwrap(),
                    authority: Authority {
                        classes: None,
                        call_state: true,
                        authenticated: false,
                    },
                })
            },
            data_dir: self.dir.path(),
        };
        let feed = config.build(&around, &[]).unwrap().remove(0);
        let cancel = CancellationToken::new();
        let saved = Arc::clone(&self.saved) as _;
        let handle = follow(feed, Arc::clone(&self.log) as _, saved, cancel.clone());
        self.running = Some((handle, cancel));
    }

    /// Ends it in the middle of whatever it does, as a kill would.
    fn kill(&mut self) {
        self.running.take().unwrap().0.abort();
    }

    async fn stop(&mut self) {
        let (handle, cancel) = self.running.take().unwrap();
        cancel.cancel();
        handle.drained().await;
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let path = self.path(name);
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Appends lines that occur nowhere else.
    fn lines(&mut self, name: &str, count: usize) {
        let first = self.written.len();
        let fresh: Vec<_> = (first..first + count)
            .map(|n| format!("line {n} of a log that says what happened"))
            .collect();
        self.append(name, &(fresh.join("\n") + "\n"));
        self.written.extend(fresh);
    }

    async fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let polling = async {
            while !done(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(DEADLINE, polling).await.is_err() {
            let texts = self.log.texts();
            panic!("{what}: {} of {} lines", texts.len(), self.written.len());
        }
    }

    /// Waits until all is there, and holds it to be there once.
    async fn all_once(&self) {
        let want: BTreeSet<_> = self.written.iter().cloned().collect();
        self.until("all lines", |w| {
            let have: BTreeSet<_> = w.log.texts().into_iter().collect();
            want.is_subset(&have)
        })
        .await;
        let mut texts = self.log.texts();
        texts.sort();
        let mut want: Vec<_> = want.into_iter().collect();
        want.sort();
        assert_eq!(texts, want, "each line once");
    }
}

fn gzip(path: &Path) {
    let packed = path.with_extension("gz");
    let file = fs::File::create(&packed).unwrap();
    let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    out.write_all(&fs::read(path).unwrap()).unwrap();
    out.finish().unwrap();
    fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn a_growing_file_is_read_as_it_grows_and_half_a_line_waits() {
    let mut w = World::new("*.log");
    w.lines("a.log", 3);
    w.append("a.log", "half");
    w.all_once().await;
    w.append("a.log", " and half\n");
    w.written.push("half and half".to_owned());
    w.all_once().await;
    let records = w.log.records.lock().unwrap();
    assert_eq!(records.last().unwrap().1.line, 4);
}

#[tokio::test]
async fn a_file_keeps_its_place_under_another_name() {
    let mut w = World::new("*.log");
    w.lines("a.log", 100);
    w.all_once().await;
    fs::rename(w.path("a.log"), w.path("a.log.1")).unwrap();
    w.lines("a.log.1", 10);
    w.lines("a.log", 100);
    w.all_once().await;
    w.stop().await;
    w.lines("a.log", 10);
    fs::rename(w.path("a.log"), w.path("a.log.2")).unwrap();
    w.lines("a.log", 10);
    w.start();
    w.all_once().await;
}

#[tokio::test]
async fn a_file_that_was_copied_and_cut_is_read_on_in_its_copy() {
    for glob in ["*", "*.log"] {
        let mut w = World::new(glob);
        w.lines("a.log", 100);
        w.all_once().await;
        w.stop().await;
        // What nobody has read yet is in the copy alone.
        w.lines("a.log", 50);
        fs::copy(w.path("a.log"), w.path("a.log.1")).unwrap();
        fs::write(w.path("a.log"), "").unwrap();
        w.lines("a.log", 200);
        w.start();
        w.all_once().await;
    }
}

#[tokio::test]
async fn a_file_that_is_compressed_after_rotation_is_not_read_again() {
    let mut w = World::new("*");
    w.lines("a.log", 100);
    w.all_once().await;
    w.stop().await;
    w.lines("a.log", 100);
    gzip(&w.path("a.log"));
    w.lines("a.log", 100);
    w.start();
    w.all_once().await;
    w.stop().await;
    w.start();
    w.lines("b.log", 1);
    w.all_once().await;
}

#[tokio::test]
async fn a_file_that_is_deleted_is_read_to_its_end() {
    let mut w = World::new("*");
    w.lines("a.log", 10);
    w.all_once().await;
    w.lines("a.log", 10);
    w.append("a.log", "the last word");
    w.written.push("the last word".to_owned());
    fs::remove_file(w.path("a.log")).unwrap();
    w.all_once().await;
}

#[tokio::test]
async fn the_columns_of_a_table_are_known_for_every_row() {
    let w = World::new("*.csv");
    let header = "time,agent,action,customer,count,note";
    w.append(
        "a.csv",
        &format!("{header}\n1,4711,export,C-1,5,\"two\nlines\"\n"),
    );
    w.until("the first row", |w| w.log.texts().len() == 1).await;
    w.append("a.csv", "2,4712,export,C-2,5,x\n");
    w.until("the second row", |w| w.log.texts().len() == 2)
        .await;
    let records = w.log.records.lock().unwrap();
    assert!(records.iter().all(|(format, _)| *format == Format::Cdr));
    let text = String::from_utf8_lossy(&records[1].1.bytes);
    assert_eq!(text, format!("{header}\n2,4712,export,C-2,5,x"));
    // A fault of it is told at line 4: the row's own line is the second one.
    assert_eq!(records[1].1.line + 1, 4);
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_the_rest_goes_on() {
    let mut w = World::new("*");
    w.append("broken.gz", "\x1f");
    fs::write(w.path("broken.gz"), [0x1f, 0x8b, 8, 0, 1, 2, 3]).unwrap();
    w.append("a.log", &("x".repeat(600 << 10) + "\n"));
    w.lines("a.log", 5);
    w.until("all of it", |w| {
        let (handle, _) = w.running.as_ref().unwrap();
        let c = handle.counters();
        // The cut line is handed over to be refused, with its place.
        c.unreadable == 1 && c.framing_errors == 1 && c.received == 6
    })
    .await;
    assert_eq!(
        w.log.texts().iter().filter(|t| t.starts_with('x')).count(),
        1
    );
    w.written.clear();
}

/// Whatever happens to the files, and whenever the reader is killed.
#[tokio::test]
async fn each_line_is_there_once_after_any_rotation_and_kill() {
    for seed in 0..4u64 {
        let mut w = World::new("*");
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
        let mut draw = |most: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % most
        };
        for step in 0..40 {
            w.lines("a.log", 40 + usize::try_from(draw(300)).unwrap());
            let there = w.path("a.log").exists();
            match draw(6) {
                0 if there => fs::rename(w.path("a.log"), w.path(&format!("a{step}.old"))).unwrap(),
                1 if there => {
                    fs::copy(w.path("a.log"), w.path(&format!("a{step}.old"))).unwrap();
                    fs::write(w.path("a.log"), "").unwrap();
                }
                2 if there => {
                    let old = w.path(&format!("a{step}.old"));
                    fs::rename(w.path("a.log"), &old).unwrap();
                    gzip(&old);
                }
                3 => {
                    w.kill();
                    w.start();
                }
                _ => tokio::time::sleep(Duration::from_millis(draw(400))).await,
            }
        }
        w.all_once().await;
    }
}
