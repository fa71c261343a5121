//! A watched folder in front of the real program, which is killed while logs grow and rotate.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use crate::running::{Start, eventually};

#[test]
fn each_line_of_rotating_logs_is_there_once_although_the_server_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let config = format!(
        "[[source]]\nname = \"logs\"\n[[feeds.folder]]\nname = \"logs\"\npath = \"{}\"\n\
         glob = \"*.log\"\nsource = \"logs\"\n[lake]\ncommit_secs = 1\n",
        logs.display()
    );
    let data = dir.path().join("data");
    let start = || Start::on(&data).config(config.clone()).run();
    let all = "SELECT count(*) AS n FROM events WHERE source = 'logs'";
    let once = "SELECT count(DISTINCT message) AS n FROM events WHERE source = 'logs'";
    let mut server = start();
    let mut written = 0;
    for round in 0..5 {
        let path = logs.join("app.log");
        let before = written;
        for _ in 0..10 {
            let mut log = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&path)
                .unwrap();
            for _ in 0..200 {
                writeln!(log, "line {written} says what the application did").unwrap();
                written += 1;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        // Some of it is on the spine; the kill comes somewhere between that and the bookmark.
        eventually("some lines of this file", 30, || {
            (server.count(once) > before).then_some(())
        });
        server.kill_now();
        drop(server);
        // Under a name that the pattern does not fit.
        fs::rename(&path, logs.join(format!("app.log.{round}"))).unwrap();
        server = start();
    }
    eventually("all lines", 60, || {
        (server.count(once) == written).then_some(())
    });
    assert_eq!(server.count(all), written);
}
