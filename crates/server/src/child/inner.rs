//! The inner side of a child process: `ringfence child NAME`.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;

use ringfence_lake::EngineSettings;
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::process::{Answer, Greeting};
use super::supervisor::ChildError;
use super::walls;

/// Longest greeting.
const MOST: usize = 64 << 10;

/// What a child can be told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Answer queries over the lake.
    Query,
}

/// What the query engine is given.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct QuerySettings {
    pub engine: EngineSettings,
    /// Most bytes of memory that the process may take.
    pub process_bytes: u64,
}

/// Does the job until standard input ends. Must be the first thing that the process does: rights
/// can be given up for good only while there is one thread.
///
/// # Errors
/// When it was not started by `serve`, or its work cannot go on.
pub fn run(job: Job) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // Before the walls: what the runtime needs of sockets, it opens here.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // The service manager sends SIGTERM to every process; when to end is up to `serve`, which
    // finishes its requests first.
    let ignored = runtime.block_on(async {
        Ok::<_, io::Error>([
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        ])
    })?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // Not the standard library's own handles: those read ahead and share a lock.
    let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let greeting = greeting(&mut input)?;
    let settings = |e: String| ChildError::Settings(e);
    if greeting.version != env!("CARGO_PKG_VERSION") {
        return Err(settings("another version started it".to_owned()).into());
    }
    // Whoever started this may have ended before the death signal was set.
    let parent = getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    if parent != greeting.parent {
        return Ok(());
    }
    match job {
        Job::Query => {
            let given: QuerySettings =
                serde_json::from_value(greeting.settings).map_err(|e| settings(e.to_string()))?;
            let mut engine = given.engine;
            let standing = walls::raise(&walls::Plan {
                folder: &engine.dir,
                memory_bytes: given.process_bytes,
                own_root: true,
            });
            engine.dir = standing.folder;
            let answer = Answer {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                walls: standing.walls,
            };
            let mut line = serde_json::to_vec(&answer)?;
            line.push(b'\n');
            output.write_all(&line)?;
            runtime.block_on(ringfence_lake::run_engine(engine, input, output))?;
        }
    }
    drop(ignored);
    Ok(())
}

fn greeting(input: &mut File) -> Result<Greeting, ChildError> {
    let broken = |e: &dyn std::fmt::Display| ChildError::Settings(e.to_string());
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        input.read_exact(&mut byte).map_err(|e| broken(&e))?;
        match byte {
            [b'\n'] => break,
            [byte] if line.len() < MOST => line.push(byte),
            _ => return Err(broken(&"the first line is too long")),
        }
    }
    serde_json::from_slice(&line).map_err(|e| broken(&e))
}
