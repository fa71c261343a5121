//! Servers and witnesses that lie, hang and go away.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ringfence_crypto::Ed25519Key;
use ringfence_evidence::{Folder, Log as EvidenceLog};
use ringfence_tlog::witness::AddCheckpoint;
use ringfence_tlog::{KeyKind, Signature, Signer, cosign};

use super::*;

/// Answers requests as a test wants: a raw answer by method and path with body; none hangs.
fn answering(answer: impl Fn(&str, &str) -> Option<Vec<u8>> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), answer) = (stream, Arc::clone(&answer)) else {
                return;
            };
            std::thread::spawn(move || {
                let Some((head, body)) = request(&mut stream) else {
                    return;
                };
                let line = head.lines().next().unwrap_or_default().to_owned();
                match answer(&line, &body) {
                    Some(bytes) => drop(stream.write_all(&bytes)),
                    None => std::thread::sleep(Duration::from_secs(5)),
                }
            });
        }
    });
    address
}

fn request(stream: &mut std::net::TcpStream) -> Option<(String, String)> {
    let (mut all, mut chunk) = (Vec::new(), [0; 4_096]);
    loop {
        let read = stream.read(&mut chunk).ok().filter(|n| *n > 0)?;
        all.extend(&chunk[..read]);
        let text = String::from_utf8_lossy(&all).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or(0) {
            return Some((head.to_owned(), body.to_owned()));
        }
    }
}

fn http(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn signer(name: &str, kind: KeyKind, seed: u8) -> Signer {
    Signer::new(name, kind, Ed25519Key::from_seed([seed; 32]).unwrap()).unwrap()
}

/// What the server of a log does to whoever asks.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    Redirects,
    Floods,
    Hangs,
    CutsTiles,
    WrongTiles,
    NoNote,
    Refuses,
}

#[test]
fn each_lie_of_a_server_is_an_alarm_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let signer_of_log = signer("rf.example/evidence/0a1b2c3d", KeyKind::Log, 1);
    let folder = dir.path().join("log");
    let mut log = EvidenceLog::open(Folder::new(&folder), signer_of_log.clone()).unwrap();
    let grow = |log: &mut EvidenceLog, to: u64| {
        let entries: Vec<_> = (log.size()..to).map(|n| format!("entry {n}")).collect();
        log.append(&entries).unwrap();
    };
    grow(&mut log, 5);
    let mood = Arc::new(Mutex::new(Mood::Well));
    let (now, files) = (Arc::clone(&mood), folder.clone());
    let address = answering(move |line, _| {
        let path = line.split(' ').nth(1)?.strip_prefix("/evidence/")?;
        let is_tile = path.starts_with("tile/");
        let file = fs::read(files.join(path)).ok();
        Some(match (*now.lock().unwrap(), file) {
            (Mood::Redirects, _) => http("302 Found", b""),
            (Mood::Floods, _) => http("200 OK", &vec![b'a'; 1 << 20]),
            (Mood::Hangs, _) => return None,
            (Mood::Refuses, _) => http("500 Internal Server Error", b""),
            (Mood::NoNote, _) => http("200 OK", b"hello"),
            (Mood::CutsTiles, Some(file)) if is_tile => http("200 OK", &file[..file.len() - 3]),
            (Mood::WrongTiles, Some(file)) if is_tile => http(
                "200 OK",
                &file.iter().map(|byte| byte ^ 1).collect::<Vec<_>>(),
            ),
            (_, Some(file)) => http("200 OK", &file),
            (_, None) => http("404 Not Found", b""),
        })
    });
    let url = format!("http://{address}/evidence");
    let public = signer_of_log.public().to_string();
    let witness = Witness::of(dir.path(), "one", &public, &url);
    let set = |to| *mood.lock().unwrap() = to;
    assert_eq!(witness.once(), (0, vec![]));
    grow(&mut log, 9);
    for (lie, name) in [
        (Mood::Redirects, "redirect"),
        (Mood::Floods, "too-large"),
        (Mood::NoNote, "malformed"),
        (Mood::CutsTiles, "truncated"),
        (Mood::WrongTiles, "wrong-tiles"),
    ] {
        set(lie);
        let (code, names) = witness.once();
        assert!(
            code == 1 && names.contains(&name.to_owned()),
            "{name}: {names:?}"
        );
        set(Mood::Well);
        assert_eq!(witness.once(), (0, vec![]), "{name} is over");
        let more = log.size() + 4;
        grow(&mut log, more);
    }

    // Slow, failing and gone: told once it lasts.
    for (mood, name) in [(Mood::Hangs, "slow"), (Mood::Refuses, "status")] {
        set(Mood::Well);
        assert_eq!(witness.once(), (0, vec![]));
        set(mood);
        let answer = witness.with(&["--once"]);
        assert_eq!(answer.code, 0, "{}", answer.err);
        assert!(
            answer.err.contains(&format!("\"trouble\":\"{name}\"")),
            "{}",
            answer.err
        );
        std::thread::sleep(Duration::from_millis(5_100));
        assert_eq!(witness.once(), (1, vec!["silence".to_owned()]));
    }
    set(Mood::Well);
    assert_eq!(witness.once(), (0, vec![]));
    // Nothing listens there.
    witness.write("one", &public, "http://127.0.0.1:1/evidence");
    std::thread::sleep(Duration::from_millis(5_100));
    assert_eq!(witness.once(), (1, vec!["silence".to_owned()]));

    // The same name, and the key of somebody else.
    let foreign = signer("rf.example/evidence/0a1b2c3d", KeyKind::Log, 2);
    let other = Witness::of(dir.path(), "two", &foreign.public().to_string(), &url);
    assert_eq!(other.once(), (1, vec!["wrong-key".to_owned()]));
    let told = witness.told();
    let raised = |name: &str| told.contains(&(name.to_owned(), "raised".to_owned()));
    assert!(
        raised("redirect") && raised("truncated") && raised("silence"),
        "{told:?}"
    );
}

#[test]
fn a_cosignature_of_an_older_checkpoint_is_replayed_and_said_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (address, log, auditor) = begun(&data);
    let liar = signer("liar.example/w", KeyKind::Cosigner, 7);
    let key = liar.public().to_string();
    // It signs the first that it is shown, and answers with that ever after.
    let first: Arc<Mutex<Option<Signature>>> = Arc::default();
    let kept = Arc::clone(&first);
    let at = answering(move |_, body| {
        let asked = AddCheckpoint::parse(body.as_bytes()).ok()?;
        let mut first = first.lock().unwrap();
        let line = first.get_or_insert_with(|| cosign(&asked.checkpoint, &liar, 1_795_000_000));
        Some(http("200 OK", format!("{line}\n").as_bytes()))
    });
    let config = format!(
        "[evidence]\ncosignatures = 1\ntrouble_after_secs = 1\n\
         [[evidence.witness]]\nurl = \"http://{at}\"\nkey = \"{key}\"\n"
    );
    let server = Start::on(&data).at(address).config(config).run();
    let shown = eventually("the first is cosigned", 20, || {
        let (status, note) = send(server.request(Method::GET, "/evidence/checkpoint", &auditor));
        (status == 200).then(|| note.as_str().unwrap().to_owned())
    });
    service(&server, "crm", "integration", "bank");
    eventually("the server says what it is", 30, || {
        let ready = server.get("/readyz").1.to_string();
        ready.contains("replayed").then_some(())
    });
    // What is shown is still what was signed.
    let (_, still) = send(server.request(Method::GET, "/evidence/checkpoint", &auditor));
    assert_eq!(still, shown);
    assert_eq!(server.stop().code(), Some(0));

    // Somebody puts the line under the newest checkpoint, with the log's key at hand.
    let older = dir.path().join("older");
    fs::write(&older, &shown).unwrap();
    let newest = fs::read(data.join("evidence/checkpoint")).unwrap();
    let mut newest = Note::parse(&newest).unwrap();
    newest.add(kept.lock().unwrap().clone().unwrap());
    fs::write(data.join("evidence/cosigned"), newest.to_string()).unwrap();
    let told = verify(&[
        "--data",
        data.to_str().unwrap(),
        "--key",
        &log,
        "--witness",
        &key,
        "--require-witness",
        "1",
        "--checkpoint",
        older.to_str().unwrap(),
    ]);
    let faults = verdict(&told)["faults"].to_string();
    assert!(told.code == 1 && faults.contains("replayed"), "{faults}");
}

#[test]
fn nothing_is_shown_that_too_few_witnesses_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (address, _, auditor) = begun(&data);
    let key = signer("away.example/w", KeyKind::Cosigner, 7)
        .public()
        .to_string();
    let config = format!(
        "[evidence]\ncosignatures = 1\ntrouble_after_secs = 1\n\
         [[evidence.witness]]\nurl = \"http://127.0.0.1:1\"\nkey = \"{key}\"\n"
    );
    let server = Start::on(&data).at(address).config(config).run();
    let (status, told) = send(server.request(Method::GET, "/evidence/checkpoint", &auditor));
    assert_eq!(status, 404, "{told}");
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("evidence.cosignatures"), "{detail}");
    eventually("the server says who is away", 30, || {
        let ready = server.get("/readyz").1.to_string();
        ready.contains("away.example/w").then_some(())
    });
    // Nobody is kept from their work by that.
    service(&server, "crm", "integration", "bank");
}
