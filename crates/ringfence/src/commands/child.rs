//! `ringfence child`: what `serve` starts of itself (hidden).

use std::process::ExitCode;

use ringfence_server::child;

use crate::Done;
use crate::args::{Child, Job};
use crate::output::{Failure, Out};

/// Memory that the probe may take.
const PROBE_BYTES: u64 = 4 << 30;

/// Does one job until standard input ends.
pub fn run(args: &Child, out: &Out) -> Done {
    match &args.job {
        Job::Query => {
            let done = child::run(child::Job::Query);
            done.map_err(|e| Failure::input_text(e.to_string()))?;
        }
        Job::Probe { folder } => out.object(&child::probe(folder, PROBE_BYTES))?,
    }
    Ok(ExitCode::SUCCESS)
}
