//! A server as a process of its own, and requests to it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Preset for every server here.
pub const ADMIN: &str = "admin-token-for-tests-0123456789abcdef";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
});

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    LazyLock::force(&RUNTIME);
    Client::builder()
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
});

/// Waits for a future.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

/// Asks again until there is an answer; fails after `seconds`.
#[track_caller]
pub fn eventually<T>(what: &str, seconds: u64, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "not within {seconds} s: {what}");
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// The program with arguments, without the environment of whoever runs the tests.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
    command.args(args);
    for name in ["TOKEN", "ADMIN_TOKEN", "SERVER", "CA_FILE"] {
        command.env_remove(format!("RINGFENCE_{name}"));
    }
    command.stdin(Stdio::null());
    command
}

/// What the program answered.
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs the program to its end.
pub fn ringfence(args: &[&str]) -> Answer {
    program(args).output().unwrap().into()
}

/// Test data that is not part of the repository; `None`, with a note, where it is not there.
pub fn testdata(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("RINGFENCE_TESTDATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{} is missing",
        found.display()
    );
    eprintln!("left out: {} is missing", found.display());
    None
}

/// A Python that has a module; `None`, with a note, where there is none.
pub fn python(module: &str) -> Option<PathBuf> {
    let python = std::env::var_os("RINGFENCE_PYTHON").map_or_else(
        || {
            PathBuf::from(std::env::var_os("HOME").unwrap_or_default())
                .join(".cache/ringfence/venv/bin/python")
        },
        PathBuf::from,
    );
    let check = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .output();
    if check.is_ok_and(|c| c.status.success()) {
        return Some(python);
    }
    let python = python.display();
    assert!(std::env::var_os("CI").is_none(), "{python} has no {module}");
    eprintln!("left out: {python} has no {module}");
    None
}

/// How a server is started.
pub struct Start {
    data: PathBuf,
    config: Option<String>,
    token: Option<&'static str>,
    listen: SocketAddr,
}

impl Start {
    pub fn on(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            config: None,
            token: Some(ADMIN),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }

    /// At the address of a server before it, whose senders still know it by that.
    pub const fn at(mut self, listen: SocketAddr) -> Self {
        self.listen = listen;
        self
    }

    /// Lets the server make its administrator's token itself.
    pub fn without_token(mut self) -> Self {
        self.token = None;
        self
    }

    /// With this configuration, written beside the data folder.
    pub fn config(mut self, text: impl Into<String>) -> Self {
        self.config = Some(text.into());
        self
    }

    fn command(&self) -> Command {
        let data = self.data.to_str().unwrap();
        let listen = self.listen.to_string();
        let mut command = program(&["serve", "--data", data, "--listen", &listen]);
        let config = match (&self.config, database_of(&self.data)) {
            (Some(text), _) if text.contains("[state]") => Some(text.clone()),
            (text, Some(url)) => {
                let text = text.clone().unwrap_or_default();
                Some(format!("{text}\n[state]\nurl = \"{url}\"\n"))
            }
            (text, None) => text.clone(),
        };
        if let Some(text) = config {
            let path = self.data.with_extension("toml");
            std::fs::write(&path, text).unwrap();
            command.arg("--config").arg(path);
        }
        if let Some(token) = self.token {
            command.env("RINGFENCE_ADMIN_TOKEN", token);
        }
        command
    }

    /// Starts it and waits until it is ready.
    #[track_caller]
    pub fn run(self) -> Server {
        let mut child = self
            .command()
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Log::of(child.stderr.take().unwrap());
        let mut server = Server {
            child,
            log,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: self.data,
        };
        let line = server.await_line(|l| l["message"] == "serving");
        server.address = line["address"].as_str().unwrap().parse().unwrap();
        eventually("readyz answers 200", 20, || {
            (server.get("/readyz").0 == 200).then_some(())
        });
        server
    }

    /// Starts it where it must refuse to run.
    pub fn refused(self) -> Answer {
        self.command().output().unwrap().into()
    }
}

/// The database that goes with a data folder, where the run is given a PostgreSQL
/// (`scripts/postgres.sh run`).
fn database_of(data: &Path) -> Option<String> {
    let server = std::env::var("RINGFENCE_TEST_POSTGRES").ok()?;
    let note = data.with_extension("database");
    if let Ok(url) = std::fs::read_to_string(&note) {
        return Some(url);
    }
    let name = format!("s{}_{}", std::process::id(), now_ms());
    let made = Command::new("psql")
        .args(["--quiet", "--no-psqlrc", &server, "--command"])
        .arg(format!("CREATE DATABASE {name}"))
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let url = server.replacen("/postgres?", &format!("/{name}?"), 1);
    std::fs::write(&note, &url).unwrap();
    Some(url)
}

/// The lines of a process's log so far.
pub struct Log {
    lines: Arc<Mutex<Vec<Value>>>,
    ended: Arc<AtomicBool>,
}

impl Log {
    pub fn of(stream: impl std::io::Read + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let (kept, end) = (Arc::clone(&lines), Arc::clone(&ended));
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or_else(|_| json!({"text": line}));
                kept.lock().unwrap().push(line);
            }
            end.store(true, Ordering::Release);
        });
        Self { lines, ended }
    }

    /// The first line that fits.
    #[track_caller]
    pub fn await_line(&self, fits: impl Fn(&Value) -> bool) -> Value {
        eventually("a log line", 20, || {
            let lines = self.lines.lock().unwrap();
            let found = lines.iter().find(|l| fits(l)).cloned();
            if found.is_none() && self.ended.load(Ordering::Acquire) {
                panic!("the process ended: {lines:#?}");
            }
            found
        })
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    log: Log,
    address: SocketAddr,
    data: PathBuf,
}

impl Server {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The first log line that fits.
    #[track_caller]
    pub fn await_line(&self, fits: impl Fn(&Value) -> bool) -> Value {
        self.log.await_line(fits)
    }

    /// Whole log, for what must not be in it.
    pub fn log_text(&self) -> String {
        let lines = self.log.lines.lock().unwrap();
        lines.iter().map(|l| format!("{l}\n")).collect()
    }

    /// Address of a listener.
    #[track_caller]
    pub fn listener(&self, name: &str) -> SocketAddr {
        let line = self.await_line(|l| l["message"] == "listening" && l["listener"] == name);
        line["addr"].as_str().unwrap().parse().unwrap()
    }

    pub fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        CLIENT.request(method, self.url(path)).bearer_auth(token)
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        send(self.request(Method::GET, path, ADMIN))
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        send(self.request(Method::POST, path, ADMIN).json(body))
    }

    /// Sends records with a token.
    pub fn events(&self, token: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        send(
            self.request(Method::POST, "/api/v1/events", token)
                .body(body),
        )
    }

    /// The rows of a query that must work.
    #[track_caller]
    pub fn sql(&self, sql: &str) -> Vec<Value> {
        let (status, answer) = self.post("/api/v1/query", &json!({"sql": sql}));
        assert_eq!(status, 200, "{sql}: {answer}");
        answer["rows"].as_array().unwrap().clone()
    }

    /// One number.
    #[track_caller]
    pub fn count(&self, sql: &str) -> u64 {
        self.sql(sql)[0]["n"].as_u64().unwrap()
    }

    /// Makes a source and gives its token.
    #[track_caller]
    pub fn source(&self, name: &str, change: &Value) -> String {
        let mut new = json!({
            "name": name, "kind": "http", "program": "default", "site": "default",
            "classes": "*", "grants": [], "allowed_peers": [], "expect_every_secs": null,
        });
        for (key, value) in change.as_object().unwrap() {
            new[key] = value.clone();
        }
        let (status, made) = self.post("/api/v1/sources", &new);
        assert_eq!(status, 201, "{made}");
        made["token"].as_str().unwrap().to_owned()
    }

    /// Nothing that lets somebody in stands in the clear in the state store or the evidence log.
    #[track_caller]
    fn keeps_no_secret(&self) {
        let of = |name: &str| std::fs::read(self.data.join(name)).unwrap_or_default();
        let mut kept = ["state.db", "state.db-wal"].map(of).concat();
        let mut folders = vec![self.data.join("evidence")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.path() {
                    path if path.is_dir() => folders.push(path),
                    path => kept.extend(std::fs::read(path).unwrap_or_default()),
                }
            }
        }
        let kept = String::from_utf8_lossy(&kept);
        let secrets = SECRETS.lock().unwrap().clone();
        for secret in secrets.iter().map(String::as_str).chain([ADMIN]) {
            assert!(!kept.contains(secret), "{secret} is kept in the clear");
        }
    }

    /// All alerts, newest first.
    pub fn alerts(&self) -> Vec<Value> {
        let (status, list) = self.get("/api/v1/alerts?limit=500");
        assert_eq!(status, 200, "{list}");
        list["items"].as_array().unwrap().clone()
    }

    /// The first alert that fits, waited for.
    #[track_caller]
    pub fn alert(&self, seconds: u64, fits: impl Fn(&Value) -> bool) -> Value {
        eventually("an alert", seconds, || {
            self.alerts().into_iter().find(&fits)
        })
    }

    /// `kill -9`, while others are still talking to it.
    pub fn kill_now(&self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-KILL", &id]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGTERM, and the exit code it led to.
    pub fn stop(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success());
        eventually("the server stops", 30, || self.child.try_wait().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            self.keeps_no_secret();
        }
    }
}

/// What servers of this test let somebody in by.
static SECRETS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Takes down the tokens and codes of an answer.
fn note_secrets(answer: &Value) {
    match answer {
        Value::Object(fields) => {
            for (name, value) in fields {
                let secret = matches!(name.as_str(), "token" | "code" | "codes");
                let texts: Vec<&String> = match value {
                    Value::String(text) if secret => vec![text],
                    Value::Array(items) if secret => items
                        .iter()
                        .filter_map(|item| match item {
                            Value::String(text) => Some(text),
                            _ => None,
                        })
                        .collect(),
                    _ => Vec::new(),
                };
                // The code of an error is no secret: it has no digit.
                let secret = |text: &&String| text.len() >= 16 && text.contains(char::is_numeric);
                let long = texts.into_iter().filter(secret).cloned();
                SECRETS.lock().unwrap().extend(long);
                note_secrets(value);
            }
        }
        Value::Array(items) => items.iter().for_each(note_secrets),
        _ => {}
    }
}

/// What is found at an address.
pub fn get(url: &str) -> (u16, Value) {
    send(CLIENT.get(url))
}

/// Status and JSON of an answer; text becomes a JSON string.
pub fn send(request: RequestBuilder) -> (u16, Value) {
    try_send(request).unwrap()
}

/// The same where the server may be gone.
pub fn try_send(request: RequestBuilder) -> reqwest::Result<(u16, Value)> {
    block_on(async {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
        note_secrets(&json);
        Ok((status, json))
    })
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// A look-up of a customer's record by an agent, in OCSF.
pub fn look_up(uid: &str, agent: &str, customer: &str) -> Value {
    json!({
        "class_uid": 6001, "category_uid": 6, "activity_id": 2, "type_uid": 600_102,
        "severity_id": 1, "time": now_ms(),
        "metadata": {"version": "1.8.0", "uid": uid, "product": {"name": "CRM"}},
        "actor": {"user": {"uid": agent}},
        "web_resources": [{"type": "customer_record", "uid": customer}],
    })
}

/// JSON lines.
pub fn lines(records: &[Value]) -> String {
    records.iter().map(|r| format!("{r}\n")).collect()
}
