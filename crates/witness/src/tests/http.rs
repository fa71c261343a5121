//! Over HTTP, with a server that does what a test wants.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::{Pull, Remote, Webhook, run, run_once};

/// What was asked: the first line, and the body.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// Answers each request with bytes; with nothing it hangs.
fn answering(
    answer: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> (SocketAddr, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Asked::default();
    let (answer, noted) = (Arc::new(answer), Arc::clone(&asked));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
            std::thread::spawn(move || {
                let Some((line, body)) = request(&mut stream) else {
                    return;
                };
                let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                noted.lock().unwrap().push((line, body));
                match answer(&path) {
                    Some(bytes) => drop(stream.write_all(&bytes)),
                    None => std::thread::sleep(Duration::from_secs(3)),
                }
            });
        }
    });
    (address, asked)
}

fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let (mut all, mut chunk) = (Vec::new(), [0; 4_096]);
    loop {
        let read = stream.read(&mut chunk).ok().filter(|n| *n > 0)?;
        all.extend(&chunk[..read]);
        let text = String::from_utf8_lossy(&all).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.to_lowercase().lines().find_map(|line| {
            let length = line.strip_prefix("content-length:")?;
            length.trim().parse::<usize>().ok()
        });
        if body.len() >= length.unwrap_or(0) {
            return Some((head.lines().next()?.to_owned(), body.to_owned()));
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

/// Files of a folder below `/log/`.
fn files(folder: PathBuf) -> impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static {
    move |path| {
        let file = folder.join(path.strip_prefix("/log/").unwrap_or("none"));
        Some(
            std::fs::read(file)
                .map_or_else(|_| http("404 Not Found", b""), |file| http("200 OK", &file)),
        )
    }
}

fn pull(bench: &Bench, address: SocketAddr) -> Pull {
    Pull {
        origin: bench.origin().to_owned(),
        remote: remote(address),
        every: Duration::from_millis(50),
        silent_after: Duration::from_secs(600),
    }
}

fn remote(address: SocketAddr) -> Remote {
    let url = format!("http://{address}/log");
    Remote::new(&url, None, Duration::from_secs(1)).unwrap()
}

#[tokio::test]
async fn what_a_server_does_wrong_has_its_name() {
    let (address, _) = answering(|path| {
        Some(match path {
            "/log/checkpoint" => return None,
            "/log/tile/0/000" => http("302 Found", b""),
            "/log/tile/0/001" => http("200 OK", &[0; 8_193]),
            "/log/tile/0/002" => http("500 Oh", b""),
            // The whole one took the place of the partial one.
            "/log/tile/0/003" => http("200 OK", &[7; 8_192]),
            _ => http("404 Not Found", b""),
        })
    });
    let remote = remote(address);
    assert_eq!(remote.checkpoint().await, Err(FetchError::Slow));
    for (index, width, wanted) in [
        (0, 256, Err(FetchError::Redirect(302))),
        (1, 256, Err(FetchError::TooLarge(8_192))),
        (2, 256, Err(FetchError::Status(500))),
        (3, 9, Ok(vec![7; 8_192])),
        (4, 9, Err(FetchError::Missing)),
    ] {
        let tile = Tile::Hashes {
            level: 0,
            index,
            width,
        };
        assert_eq!(remote.tile(tile).await, wanted, "{index}");
    }
    let gone = Remote::new("http://127.0.0.1:1", None, Duration::from_secs(1)).unwrap();
    let told = gone.checkpoint().await;
    assert!(matches!(told, Err(FetchError::Unreachable(_))), "{told:?}");
}

#[test]
fn addresses_are_such_or_are_refused() {
    let wait = Duration::from_secs(1);
    for wrong in [
        "rf.example",
        "https://rf.example/log?x=1",
        "file:///etc",
        "",
        "https://",
    ] {
        let made = Remote::new(wrong, None, wait);
        assert!(made.is_err() || !made.unwrap().is_private(), "{wrong}");
    }
    for (url, wanted) in [
        ("https://rf.example/log/", true),
        ("http://rf.example/log", false),
        ("http://[::1]:8443", true),
        ("http://localhost:1", true),
    ] {
        let made = Remote::new(url, None, wait).unwrap();
        assert_eq!(made.is_private(), wanted, "{url}");
    }
    let webhook = Webhook::parse("https://pager.example/?token=secret").unwrap();
    assert!(!format!("{webhook:?}").contains("secret"));
    let told = Webhook::parse("http://pager.example/?token=secret").unwrap_err();
    assert!(!told.to_string().contains("secret"), "{told}");
}

#[tokio::test]
async fn a_log_is_followed_over_http_and_a_fork_is_posted() {
    let bench = Bench::new();
    let (mut one, mut two) = (log(&bench.signer), log(&bench.signer));
    one.grow(300, "a");
    two.grow(700, "b");
    let witness = Arc::new(bench.open());
    let (address, _) = answering(files(one.dir.path().join("evidence")));
    run_once(&witness, &[pull(&bench, address)], None, || NOW)
        .await
        .unwrap();
    assert_eq!(size_of(&signed(&witness).unwrap()), 300);

    // The receiver takes the alarm at the second try.
    let tries = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&tries);
    let (pager, posted) = answering(move |_| {
        let mut tries = counted.lock().unwrap();
        *tries += 1;
        let status = ["503 Busy", "200 OK"][usize::from(*tries > 1)];
        Some(http(status, b""))
    });
    let webhook = Webhook::parse(&format!("http://{pager}/alarms")).unwrap();
    let (address, _) = answering(files(two.dir.path().join("evidence")));
    run_once(&witness, &[pull(&bench, address)], Some(&webhook), || NOW)
        .await
        .unwrap();
    assert_eq!(names(&witness), ["fork"]);
    let posted = posted.lock().unwrap();
    assert_eq!(posted.len(), 2, "{posted:?}");
    let alarm: serde_json::Value = serde_json::from_str(&posted[1].1).unwrap();
    assert_eq!(
        (&alarm["alarm"], &alarm["state"]),
        (&"fork".into(), &"raised".into())
    );
    assert_eq!(alarm, bench.alarms()[0]);
    third_party(&bench.signer, &bench.forks()[0]);
}

#[tokio::test]
async fn it_goes_on_until_it_is_told_to_stop() {
    let bench = Bench::new();
    let mut made = log(&bench.signer);
    made.grow(5, "a");
    let witness = Arc::new(bench.open());
    let (address, _) = answering(files(made.dir.path().join("evidence")));
    let stop = CancellationToken::new();
    let running = tokio::spawn(run(
        Arc::clone(&witness),
        vec![pull(&bench, address)],
        None,
        || NOW,
        stop.clone(),
    ));
    for size in [5, 9, 400] {
        made.grow(size, "a");
        let seen = async {
            while signed(&witness).is_none_or(|note| size_of(&note) < size) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), seen)
            .await
            .unwrap();
    }
    stop.cancel();
    running.await.unwrap().unwrap();
    assert!(names(&witness).is_empty());
}
