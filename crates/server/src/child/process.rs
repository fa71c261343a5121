//! One process: started, listened to, ended, waited for.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, watch};

use super::supervisor::{ChildError, Spec};
use super::walls::Wall;

/// How long a child may take from its start to its first word.
const START_WITHIN: Duration = Duration::from_secs(20);
/// How long it may take to end once its input has ended.
const END_WITHIN: Duration = Duration::from_secs(2);
/// Longest first line, and longest line of its log that is kept.
const MOST_LINE: u64 = 16 << 10;
/// Characters of a child's line that go into our log.
const MOST_LOGGED: usize = 500;

/// What `serve` says first.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Greeting {
    /// Both are the same file; a difference is a mistake of whoever started the child by hand.
    pub version: String,
    /// Process id of `serve`.
    pub parent: u32,
    /// Settings of the job.
    pub settings: serde_json::Value,
}

/// What a child says first.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub version: String,
    pub walls: Vec<Wall>,
}

/// How a child ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// As it was told to.
    Asked,
    /// By itself, or by somebody else's hand.
    Crashed {
        /// Why, for people.
        why: String,
        /// Its own work brought it down (no memory, no stack), not a signal from outside.
        own: bool,
    },
}

/// A running child.
#[derive(Debug)]
pub struct Process {
    /// Its standard input.
    pub input: ChildStdin,
    /// Its standard output.
    pub output: ChildStdout,
    /// Which walls stand.
    pub walls: Vec<Wall>,
    /// For ending it, and for the word that it has ended.
    pub handle: Handle,
}

/// A hold on a running child. The child is waited for whether or not anybody has one.
#[derive(Debug, Clone)]
pub struct Handle {
    pid: u32,
    kill: mpsc::Sender<String>,
    ended: watch::Receiver<Option<Ended>>,
}

impl Handle {
    /// Process id.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends it at once, for a reason; counts as a crash of its own making.
    pub fn kill(&self, why: &str) {
        let _ = self.kill.try_send(why.to_owned());
    }

    /// How it ended; waits for that.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.ended.clone();
        let end = ended.wait_for(Option::is_some).await;
        end.ok().and_then(|e| e.clone()).unwrap_or(Ended::Asked)
    }

    /// Waits for the end of a child whose pipes were dropped, and helps after 2 s.
    pub async fn end(&self) -> Ended {
        if tokio::time::timeout(END_WITHIN, self.ended())
            .await
            .is_err()
        {
            let _ = self.kill.try_send(String::new());
        }
        self.ended().await
    }
}

impl Process {
    /// Starts a child and hears its first word. `told` learns how it ends, exactly once.
    pub(super) async fn start(
        spec: &Spec,
        told: impl FnOnce(&Ended) + Send + 'static,
    ) -> Result<Self, ChildError> {
        let failed = |source| ChildError::Start {
            name: spec.name,
            source,
        };
        let mut child = command(spec).spawn().map_err(failed)?;
        let pid = child.id().unwrap_or(0);
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut input), Some(mut output), Some(errors)) = pipes else {
            return Err(failed(std::io::ErrorKind::BrokenPipe.into()));
        };
        let (kill, orders) = mpsc::channel(1);
        let (tell, ended) = watch::channel(None);
        let name = spec.name;
        tokio::spawn(async move {
            let end = wait(name, child, errors, orders).await;
            told(&end);
            tell.send_replace(Some(end));
        });
        let handle = Handle { pid, kill, ended };
        let hello = tokio::time::timeout(START_WITHIN, greet(spec, &mut input, &mut output));
        let answer = match hello.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(source)) => {
                handle.kill("it did not answer as a child does");
                return Err(failed(source));
            }
            Err(_) => {
                handle.kill("it said nothing after its start");
                return Err(failed(std::io::ErrorKind::TimedOut.into()));
            }
        };
        Ok(Self {
            input,
            output,
            walls: answer.walls,
            handle,
        })
    }
}

fn command(spec: &Spec) -> Command {
    // The link follows the file that runs, even after an upgrade has replaced it on disk.
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("ringfence")
        .args(["child", spec.name])
        // No token of ours, and nobody's proxy settings.
        .env_clear()
        // The allocator gives address space back, too: the memory limit counts it.
        .env("_RJEM_MALLOC_CONF", "retain:false")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C on a terminal is for `serve`, which then ends its children in order.
        .process_group(0)
        .kill_on_drop(true);
    command
}

async fn greet(
    spec: &Spec,
    input: &mut ChildStdin,
    output: &mut ChildStdout,
) -> std::io::Result<Answer> {
    let greeting = Greeting {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        parent: std::process::id(),
        settings: spec.settings.clone(),
    };
    let mut line = serde_json::to_vec(&greeting)?;
    line.push(b'\n');
    input.write_all(&line).await?;
    input.flush().await?;
    // Byte by byte: what follows the line belongs to the job's protocol.
    let mut line = Vec::new();
    loop {
        match output.read_u8().await? {
            b'\n' => break,
            byte if (line.len() as u64) < MOST_LINE => line.push(byte),
            _ => return Err(std::io::ErrorKind::InvalidData.into()),
        }
    }
    Ok(serde_json::from_slice(&line)?)
}

/// Waits for the end, logging what the child writes, and says how it was.
async fn wait(
    name: &'static str,
    mut child: Child,
    errors: ChildStderr,
    mut orders: mpsc::Receiver<String>,
) -> Ended {
    let log = tokio::spawn(log(name, errors));
    let mut asked = None;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            // Once every hold is gone, nobody will order anything: only waiting is left.
            Some(why) = orders.recv(), if asked.is_none() => {
                let _ = child.start_kill();
                asked = Some(why);
            }
        }
    };
    let hint = log.await.ok().flatten();
    match (asked, status) {
        (Some(why), _) if why.is_empty() => Ended::Asked,
        (Some(why), _) => Ended::Crashed { why, own: true },
        (None, Ok(status)) if status.success() => Ended::Asked,
        (None, Ok(status)) => crash(status, hint),
        (None, Err(error)) => Ended::Crashed {
            why: error.to_string(),
            own: false,
        },
    }
}

fn crash(status: ExitStatus, hint: Option<&'static str>) -> Ended {
    use std::os::unix::process::ExitStatusExt as _;
    let (why, own) = match (hint, status.signal(), status.code()) {
        (Some(hint), ..) => (hint.to_owned(), true),
        (None, Some(9), _) => (
            "killed, by hand or because the machine ran out of memory".to_owned(),
            false,
        ),
        (None, Some(signal), _) => (
            format!("signal {signal}"),
            matches!(signal, 4 | 6 | 7 | 8 | 11),
        ),
        (None, None, code) => (format!("exit code {}", code.unwrap_or(-1)), true),
    };
    Ended::Crashed { why, own }
}

/// Logs a child's lines, and remembers the one that explains its end.
async fn log(name: &'static str, errors: ChildStderr) -> Option<&'static str> {
    let mut errors = BufReader::new(errors);
    let mut hint = None;
    loop {
        let mut line = Vec::new();
        let mut some = (&mut errors).take(MOST_LINE);
        if !matches!(some.read_until(b'\n', &mut line).await, Ok(bytes) if bytes > 0) {
            return hint;
        }
        let line = String::from_utf8_lossy(&line).trim().to_owned();
        if line.contains("memory allocation of") || line.contains("unable to allocate") {
            hint = Some("out of memory");
        } else if line.contains("has overflowed its stack") {
            hint = Some("out of stack");
        } else if line.contains("could not be stopped") {
            hint = Some("a query could not be stopped");
        }
        let line: String = line.chars().take(MOST_LOGGED).collect();
        if !line.is_empty() {
            let said = ringfence_event::neutralise(&line);
            tracing::warn!(child = name, said = %said, "a child process says");
        }
    }
}
