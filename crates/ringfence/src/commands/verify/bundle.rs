//! `ringfence verify --bundle`: records that were taken out of a log.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use ringfence_evidence::bundle::{BundleError, BundleReport, check};
use ringfence_tlog::{Hash, Note, TileSource, Tiles, VerifierKey, consistency};
use serde_json::json;

use super::{Waiting, cosigned, held, log_at, log_of, trust};
use crate::Done;
use crate::args::{Format, Verify};
use crate::output::{Failure, Out, say};

/// Checks a bundle by itself, or beside the log that it is said to be of.
pub fn run(args: &Verify, file: &Path, out: &Out) -> Done {
    let named = |error: &dyn std::fmt::Display| {
        Failure::input_text(format!("`{}`: {error}", file.display()))
    };
    let key = args.key.as_deref().map(VerifierKey::parse).transpose();
    let key = key.map_err(|error| Failure::usage_text(format!("--key: {error}")))?;
    let mut held = held(args)?;
    let mut log = Beside::open(args)?;
    if let Some(note) = log.checkpoint()? {
        held.remembered.push(note);
    }
    let mut paths = |old, new| log.path(old, new);
    let input = BufReader::new(File::open(file).map_err(|error| named(&error))?);
    let report = match check(input, key.as_ref(), &held, &mut paths) {
        Ok(report) => report,
        // That a signature is wrong is an answer; a file that is no bundle has none.
        Err(error @ (BundleError::WrongKey { .. } | BundleError::Checkpoint(_))) => {
            refused(&error.to_string(), out)?;
            return Ok(ExitCode::from(1));
        }
        Err(error) => return Err(named(&error)),
    };
    show(args, &report, out)?;
    Ok(ExitCode::from(u8::from(!report.faults.is_empty())))
}

/// A log that can prove that a later checkpoint follows from an earlier one.
enum Beside {
    Nothing,
    Folder(ringfence_evidence::Folder, Vec<u8>),
    Server(Waiting, Vec<u8>),
}

impl Beside {
    fn open(args: &Verify) -> Result<Self, Failure> {
        Ok(match (&args.server, &args.data) {
            (Some(url), _) => {
                let (remote, checkpoint) = log_at(args, url)?;
                Self::Server(remote, checkpoint)
            }
            (None, Some(data)) => {
                let (folder, checkpoint, _) = log_of(data)?;
                Self::Folder(folder, checkpoint)
            }
            (None, None) => Self::Nothing,
        })
    }

    fn checkpoint(&self) -> Result<Option<Note>, Failure> {
        match self {
            Self::Nothing => Ok(None),
            Self::Folder(_, bytes) | Self::Server(_, bytes) => {
                Note::parse(bytes).map(Some).map_err(Failure::input)
            }
        }
    }

    fn path(&mut self, old: u64, new: u64) -> Result<Vec<Hash>, String> {
        fn of<S: TileSource>(source: S, old: u64, new: u64) -> Result<Vec<Hash>, String>
        where
            S::Error: std::fmt::Display,
        {
            consistency(&mut Tiles::new(source, new), old, new).map_err(|error| error.to_string())
        }
        match self {
            Self::Nothing => Err("give the log, too, with --server or --data".to_owned()),
            Self::Folder(folder, _) => of(&*folder, old, new),
            Self::Server(remote, _) => of(remote, old, new),
        }
    }
}

fn refused(fault: &str, out: &Out) -> Result<(), Failure> {
    match out.format() {
        Format::Table => out.line(fault)?,
        _ => out.object(&json!({ "verdict": "faulty", "faults": [fault] }))?,
    }
    Ok(())
}

fn show(args: &Verify, report: &BundleReport, out: &Out) -> Result<(), Failure> {
    let BundleReport {
        header,
        log,
        faults,
    } = report;
    let verdict = match (faults.is_empty(), log.is_self_consistent_only()) {
        (false, _) => "faulty",
        (true, true) => "self-consistent only",
        (true, false) => "consistent",
    };
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    let checkpoint = &log.checkpoint;
    if out.format() != Format::Table {
        out.object(&json!({
            "verdict": verdict,
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": checkpoint.root.to_text(),
            "at_ms": header.at_ms,
            "by": header.by,
            "programs": header.programs,
            "filter": header.filter,
            "follows": log.follows,
            "cosigned": cosigned(log),
            "records": log.records,
            "erased": log.erased,
            "key_given": args.key.is_some(),
            "faults": told,
        }))?;
        return Ok(());
    }
    for fault in &told {
        out.line(fault)?;
    }
    let at = ringfence_event::Time(header.at_ms).to_rfc3339();
    let (name, id) = (&header.by.name, &header.by.id);
    let words = format!(
        "{}: a bundle that {name} ({id}) took at {at} of {} entries, {verdict}.",
        checkpoint.origin, checkpoint.size
    );
    say(ringfence_event::neutralise(&words));
    let (records, erased) = (log.records, log.erased);
    say(format_args!(
        "{records} records are what was logged; {erased} were erased."
    ));
    if header.is_of_all() {
        say("It is of the whole log.");
    } else {
        say("That nothing was left out of what was asked for, only the whole log can prove.");
    }
    trust(args, log, faults.is_empty());
    Ok(())
}
