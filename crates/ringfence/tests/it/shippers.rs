//! Shippers that others wrote, pointed at Ringfence as they are.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::bulk::{rows, server};
use crate::running::{Start, eventually, python};

#[test]
fn elastics_own_client_sends_in_bulk() {
    let Some(python) = python("elasticsearch") else {
        return;
    };
    let (_dir, server) = server();
    let token = server.source("client", &json!({}));
    let script = r#"
import sys
from elasticsearch import Elasticsearch, helpers
url, token = sys.argv[1:]
for auth in ({"basic_auth": ("elastic", token)}, {"api_key": ("id", token)}, {"bearer_auth": token}):
    client = Elasticsearch(url, **auth)
    assert client.info()["version"]["number"].startswith("8."), client.info()
    assert client.ping()
    documents = [{"_op_type": "create", "_index": "crm", "_id": f"c-{n}", "message": f"record {n}"} for n in range(2500)]
    done, errors = helpers.bulk(client, documents, chunk_size=1000, request_timeout=60)
    assert (done, errors) == (2500, []), (done, errors)
done, errors = helpers.bulk(client, [{"_index": "crm", "_op_type": "delete", "_id": "c-1"}], raise_on_error=False)
assert done == 0 and errors[0]["delete"]["status"] == 400, errors
try:
    Elasticsearch(url, basic_auth=("elastic", "wrong")).info()
    raise SystemExit("no refusal")
except Exception as error:
    assert type(error).__name__ == "AuthenticationException", error
"#;
    let run = Command::new(python)
        .args(["-c", script, &server.url(""), &token])
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    // Three times the same ids.
    eventually("each document once", 20, || {
        (rows(&server, "client") == (2500, 2500)).then_some(())
    });
}

/// A peer that ends with the test.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a file of a peer is there; must be where CI runs.
fn have(what: &str, file: &str) -> bool {
    if Path::new(file).exists() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "{what} is missing");
    eprintln!("left out: {what} is missing");
    false
}

/// The configuration of docs/shippers.md, with a folder and an address of the test.
fn documented(heading: &str, kind: &str, server: SocketAddr, token: &str) -> String {
    let page = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/shippers.md"
    ))
    .unwrap();
    let (_, section) = page.split_once(&format!("\n### {heading}\n")).unwrap();
    let (_, block) = section.split_once(&format!("```{kind}\n")).unwrap();
    let (block, _) = block.split_once("\n```").unwrap();
    block
        .replace("ringfence.example", &server.ip().to_string())
        .replace("8443", &server.port().to_string())
        .replace("https://", "http://")
        .replace("usehttps=\"on\"", "usehttps=\"off\"")
        .replace("TOKEN", token)
}

fn rsyslog(dir: &Path, conf: &str) -> Peer {
    let at = dir.display();
    let conf = format!(
        "global(workDirectory=\"{at}\")\nmodule(load=\"imfile\" mode=\"inotify\")\n\
         input(type=\"imfile\" File=\"{at}/in.log\" Tag=\"pbx:\" freshStartTail=\"off\")\n{conf}\n"
    );
    std::fs::write(dir.join("rsyslog.conf"), conf).unwrap();
    let log = std::fs::File::create(dir.join("rsyslog.out")).unwrap();
    let child = Command::new("/usr/sbin/rsyslogd")
        .args(["-n", "-f"])
        .arg(dir.join("rsyslog.conf"))
        .arg("-i")
        .arg(dir.join("pid"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    Peer(child)
}

/// rsyslog sends while the server is killed, again and again. Every line arrives; with an id that
/// does not change, exactly once.
fn rsyslog_through_kills(with_ids: bool) -> (u64, u64, u64) {
    const LINES: u64 = 20_000;
    const KILLS: u64 = 4;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut server = Start::on(&data).run();
    let address = server.address();
    let token = server.source("rsyslog", &json!({}));
    let mut conf = documented("rsyslog over HTTP", "rsyslog", address, &token);
    if !with_ids {
        conf = conf.replace(" dynbulkid=\"on\" bulkid=\"id\"", "");
    }
    let mut log = std::fs::File::create(dir.path().join("in.log")).unwrap();
    let _peer = rsyslog(dir.path(), &conf);
    let mut next = 0;
    let mut write = |upto: u64| {
        for n in next..upto {
            writeln!(log, "line {n}").unwrap();
        }
        next = upto;
    };
    for kill in 1..=KILLS {
        write(LINES * kill / (KILLS + 1));
        // In the midst of it: some of what was just written is there, and not all.
        let seen = LINES * (kill - 1) / (KILLS + 1);
        eventually("some lines arrive", 60, || {
            (rows(&server, "rsyslog").1 > seen).then_some(())
        });
        server.kill_now();
        drop(server);
        server = Start::on(&data).at(address).run();
    }
    write(LINES);
    let all = eventually("every line is there", 120, || {
        let (n, d) = rows(&server, "rsyslog");
        (d >= LINES).then_some((n, d, LINES))
    });
    println!("{} rows of {} lines", all.0, all.1);
    all
}

fn have_rsyslog() -> bool {
    have(
        "rsyslog-elasticsearch",
        "/usr/lib/x86_64-linux-gnu/rsyslog/omelasticsearch.so",
    )
}

#[test]
fn rsyslog_loses_no_line_when_the_server_is_killed() {
    if have_rsyslog() {
        let (n, d, lines) = rsyslog_through_kills(false);
        assert!(
            d == lines && n >= lines,
            "at least once: {n} rows, {d} of {lines} lines"
        );
    }
}

#[test]
fn rsyslog_with_ids_repeats_no_line_either() {
    if have_rsyslog() {
        let (n, d, lines) = rsyslog_through_kills(true);
        assert_eq!((n, d), (lines, lines), "exactly once");
    }
}

/// Where scripts/peers.sh unpacks it.
fn syslog_ng_folder() -> PathBuf {
    std::env::var_os("RINGFENCE_SYSLOG_NG").map_or_else(
        || {
            let home = std::env::var_os("HOME").unwrap_or_default();
            PathBuf::from(home).join(".cache/ringfence/syslog-ng")
        },
        PathBuf::from,
    )
}

#[test]
fn syslog_ng_sends_its_messages() {
    let unpacked = syslog_ng_folder();
    let program = unpacked.join("usr/sbin/syslog-ng");
    if !have("syslog-ng", program.to_str().unwrap()) {
        return;
    }
    let (dir, server) = server();
    let token = server.source("syslog-ng", &json!({}));
    let destination = documented("syslog-ng over HTTP", "syslog-ng", server.address(), &token);
    let (at, from) = (dir.path().display(), unpacked.display());
    let conf = format!(
        "@version: current\n@include \"{from}/usr/share/syslog-ng/include/scl/elasticsearch/*.conf\"\n\
         options {{ use-uniqid(yes); keep-hostname(yes); }};\n\
         source s_file {{ file(\"{at}/in.log\" follow-freq(1)); }};\n{destination}\n\
         log {{ source(s_file); destination(d_ringfence); flags(flow-control); }};\n"
    );
    std::fs::write(dir.path().join("syslog-ng.conf"), conf).unwrap();
    let lines: String = (0..300)
        .map(|n| format!("<38>Nov 22 09:34:58 pbx sshd[{n}]: Failed password for root from 203.0.113.9 port {n} ssh2\n"))
        .collect();
    std::fs::write(dir.path().join("in.log"), lines).unwrap();
    let libraries = ["syslog-ng", "x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|folder| format!("{from}/usr/lib/{folder}"))
        .join(":");
    let modules = std::fs::read_dir(unpacked.join("usr/lib/syslog-ng")).unwrap();
    let modules = modules
        .map(|entry| entry.unwrap().path())
        .find(|p| p.is_dir())
        .unwrap();
    let child = Command::new(program)
        .args(["-F", "--no-caps", "--stderr"])
        .arg("-f")
        .arg(dir.path().join("syslog-ng.conf"))
        .arg(format!("--module-path={}", modules.display()))
        .arg("-R")
        .arg(dir.path().join("persist"))
        .arg("-p")
        .arg(dir.path().join("pid"))
        .arg("-c")
        .arg(dir.path().join("control"))
        .env("LD_LIBRARY_PATH", libraries)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(dir.path().join("syslog-ng.out")).unwrap())
        .spawn()
        .unwrap();
    let _peer = Peer(child);
    // It reads a hundred lines of a file each second.
    let sql = "SELECT count(*) AS n, count(DISTINCT message) AS d FROM events WHERE source = 'syslog-ng' AND class_uid = 3002 AND src_ip = '203.0.113.9' AND device = 'pbx'";
    eventually("every line is there, once", 60, || {
        (server.sql(sql) == [json!({"n": 300, "d": 300})]).then_some(())
    });
}
