//! `ringfence verify`.

mod bundle;

use std::fmt::Display;
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ringfence_crypto::from_base64;
use ringfence_evidence::{Folder, Held, Leaf, Report, Rows, commit, verify, verify_range};
use ringfence_server::verification::{Records, is_data_folder, key_of};
use ringfence_tlog::{
    Checkpoint, LogProof, Note, Tile, TileSource, VerifierKey, cosignature, leaf,
};
use ringfence_witness::{FetchError, Remote};
use serde_json::{Value, json};

use crate::Done;
use crate::args::{Format, Verify};
use crate::output::{Failure, Out, say};

/// Where a log is looked for.
const USUAL: &str = "ringfence-data";
/// For one file of a server.
const WAIT: Duration = Duration::from_secs(30);

/// Checks a log, a bundle or one entry of it.
pub fn run(args: &Verify, out: &Out) -> Done {
    match (&args.bundle, &args.entry, &args.server) {
        (Some(file), _, _) => bundle::run(args, file, out),
        (None, Some(file), _) => entry(args, file, out),
        (None, None, Some(url)) => remote(args, url, out),
        (None, None, None) => local(args, out),
    }
}

/// The log of a folder, and its records where they are.
fn local(args: &Verify, out: &Out) -> Done {
    let data = args.data.as_deref().unwrap_or(Path::new(USUAL));
    let (folder, bytes, cosigned) = log_of(data)?;
    let mut records = None;
    if is_data_folder(data) {
        records = Records::open(data).map_err(Failure::input)?;
        if records.is_none() {
            say("The records are not in this folder and are not checked: the log is.");
        }
    }
    let told = key_of(data).map_err(Failure::input)?;
    let rows = records.as_mut().map(|rows| rows as &mut dyn Rows);
    let cosigned = cosigned.map(|bytes| Note::parse(&bytes)).transpose();
    let cosigned = cosigned.map_err(|error| Failure::input_text(format!("`cosigned`: {error}")))?;
    check(args, &folder, (&bytes, cosigned), told, rows, out)
}

/// A log in a folder, its checkpoint, and the cosigned one.
type Lying = (Folder, Vec<u8>, Option<Vec<u8>>);

/// The files of a data folder's log, or of a log alone, with its checkpoint and the cosigned one.
fn log_of(data: &Path) -> Result<Lying, Failure> {
    let folder = match is_data_folder(data) {
        true => Folder::new(&data.join("evidence")),
        false => Folder::new(data),
    };
    // First: beside a running server the log only grows, and the checkpoint with it.
    let cosigned = folder.cosigned().map_err(Failure::input)?;
    let bytes = folder.checkpoint().map_err(Failure::input)?;
    let bytes = bytes.ok_or_else(|| {
        let data = data.display();
        Failure::input_text(format!(
            "`{data}` has no evidence log: no file `checkpoint`"
        ))
    })?;
    Ok((folder, bytes, cosigned))
}

/// The log that a server shows.
fn remote(args: &Verify, url: &str, out: &Out) -> Done {
    let (mut tiles, bytes) = log_at(args, url)?;
    check(args, &mut tiles, (&bytes, None), None, None, out)
}

fn log_at(args: &Verify, url: &str) -> Result<(Waiting, Vec<u8>), Failure> {
    let prefix = format!("{}/evidence", url.trim_end_matches('/'));
    let remote = Remote::new(&prefix, args.ca_file.as_deref(), WAIT).map_err(Failure::usage)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let bytes = runtime.block_on(remote.checkpoint());
    let bytes = bytes.map_err(|error| match error {
        FetchError::Missing => Failure::input_text(
            "the server shows no checkpoint: no such server, or too few witnesses cosigned one yet",
        ),
        error => Failure::input(error),
    })?;
    Ok((Waiting { remote, runtime }, bytes))
}

/// Files of a log over HTTP, for a reader that does nothing else meanwhile.
struct Waiting {
    remote: Remote,
    runtime: tokio::runtime::Runtime,
}

impl TileSource for &mut Waiting {
    type Error = FetchError;

    fn tile(&mut self, tile: Tile) -> Result<Vec<u8>, FetchError> {
        self.runtime.block_on(self.remote.tile(tile))
    }
}

fn check<S: TileSource<Error: Display>>(
    args: &Verify,
    source: S,
    (checkpoint, cosigned): (&[u8], Option<Note>),
    told: Option<VerifierKey>,
    rows: Option<&mut dyn Rows>,
    out: &Out,
) -> Done {
    let note = Note::parse(checkpoint).map_err(Failure::input)?;
    let key = key(args, told, &note)?;
    let held = Held {
        cosigned,
        ..held(args)?
    };
    let with_records = rows.is_some();
    let report = match range(args, &note)? {
        Some(range) => verify_range(source, &note, &key, &held, range, rows),
        None => verify(source, &note, &key, &held, rows),
    };
    let report = report.map_err(Failure::input)?;
    show(args, &report, with_records, out)?;
    if !report.faults.is_empty() {
        return Ok(ExitCode::from(1));
    }
    if let Some(file) = &args.remember {
        keep(file, checkpoint).map_err(Failure::input)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Which entries, if not all.
fn range(args: &Verify, note: &Note) -> Result<Option<Range<u64>>, Failure> {
    if args.from.is_none() && args.until.is_none() {
        return Ok(None);
    }
    let size = Checkpoint::parse(note.text()).map_err(Failure::input)?.size;
    let range = args.from.unwrap_or(0)..args.until.unwrap_or(size);
    match range.start < range.end {
        true => Ok(Some(range)),
        false => {
            let (from, until) = (range.start, range.end);
            let wrong = format!("--from {from} --until {until}: there is no entry in it");
            Err(Failure::usage_text(wrong))
        }
    }
}

/// The key that was told, else the log's own, which proves no more than that the log agrees with itself.
fn key(args: &Verify, told: Option<VerifierKey>, note: &Note) -> Result<VerifierKey, Failure> {
    if let Some(key) = &args.key {
        return VerifierKey::parse(key)
            .map_err(|error| Failure::usage_text(format!("--key: {error}")));
    }
    let origin = Checkpoint::parse(note.text())
        .map_err(Failure::input)?
        .origin;
    told.ok_or_else(|| {
        Failure::usage_text(format!(
            "give the key of `{origin}` with --key: the console and `GET /api/v1/evidence` show it"
        ))
    })
}

fn held(args: &Verify) -> Result<Held, Failure> {
    let mut remembered = Vec::new();
    for file in &args.checkpoint {
        remembered.push(note(file)?);
    }
    if let Some(file) = &args.remember
        && file.exists()
    {
        remembered.push(note(file)?);
    }
    let witnesses: Result<Vec<_>, _> = args
        .witness
        .iter()
        .map(|key| VerifierKey::parse(key))
        .collect();
    let witnesses =
        witnesses.map_err(|error| Failure::usage_text(format!("--witness: {error}")))?;
    let quorum = args.require_witness.unwrap_or(0);
    if quorum > witnesses.len() {
        let wrong = "--require-witness: name that many witnesses with --witness";
        return Err(Failure::usage_text(wrong));
    }
    Ok(Held {
        remembered,
        witnesses,
        quorum,
        cosigned: None,
    })
}

fn note(file: &Path) -> Result<Note, Failure> {
    let named = |error: &dyn Display| Failure::input_text(format!("`{}`: {error}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| named(&error))?;
    Note::parse(&bytes).map_err(|error| named(&error))
}

fn show(args: &Verify, report: &Report, with_records: bool, out: &Out) -> Result<(), Failure> {
    let only = report.is_self_consistent_only();
    let verdict = match (report.faults.is_empty(), only) {
        (false, _) => "faulty",
        (true, true) => "self-consistent only",
        (true, false) => "consistent",
    };
    let faults: Vec<_> = report.faults.iter().map(ToString::to_string).collect();
    let part = args.from.is_some() || args.until.is_some();
    if out.format() != Format::Table {
        out.object(&json!({
            "verdict": verdict,
            "origin": report.checkpoint.origin,
            "size": report.checkpoint.size,
            "root": report.checkpoint.root.to_text(),
            "from": args.from,
            "until": args.until,
            "follows": report.follows,
            "cosigned": cosigned(report),
            "witnessed": (!report.cosigned.is_empty()).then_some(report.witnessed),
            "records": with_records.then_some(report.records),
            "erased": with_records.then_some(report.erased),
            "key_given": args.key.is_some(),
            "faults": faults,
        }))?;
        return Ok(());
    }
    for fault in &faults {
        out.line(fault)?;
    }
    let Checkpoint { origin, size, .. } = &report.checkpoint;
    say(format_args!("{origin}: {size} entries, {verdict}."));
    if part {
        let (from, until) = (args.from.unwrap_or(0), args.until.unwrap_or(*size));
        say(format_args!(
            "Entries {from} to {} were checked, and nothing is said of the others.",
            until.saturating_sub(1)
        ));
    }
    if with_records {
        let (records, erased) = (report.records, report.erased);
        say(format_args!(
            "{records} records are what was logged; {erased} were erased."
        ));
    }
    trust(args, report, faults.is_empty());
    Ok(())
}

fn cosigned(report: &Report) -> Vec<Value> {
    let cosigned = report.cosigned.iter();
    cosigned
        .map(|c| json!({ "witness": c.witness, "time": c.time }))
        .collect()
}

/// Who else speaks for a checkpoint.
fn trust(args: &Verify, report: &Report, well: bool) {
    let here = report.checkpoint.size;
    for size in &report.follows {
        say(match *size <= here {
            true => format!("It follows from the checkpoint of {size} entries that is remembered."),
            false => {
                format!("The checkpoint of {size} entries that is remembered follows from it.")
            }
        });
    }
    for one in &report.cosigned {
        let seen = report.witnessed;
        say(format_args!(
            "{} saw it with {seen} entries, too.",
            one.witness
        ));
    }
    if report.is_self_consistent_only() && well {
        say(
            "Whoever has its key could have written another: keep a checkpoint elsewhere (--remember), or name a witness.",
        );
    }
    if args.key.is_none() {
        say("The key is the one that the log shows of itself (--key).");
    }
}

/// Keeps a checkpoint for the next time, whole or not at all.
fn keep(file: &Path, checkpoint: &[u8]) -> io::Result<()> {
    let beside = file.with_extension("new");
    let mut new = std::fs::File::create(&beside)?;
    new.write_all(checkpoint)?;
    new.sync_all()?;
    std::fs::rename(&beside, file)
}

/// One entry with its proof, by nothing but the file and the key.
fn entry(args: &Verify, file: &Path, out: &Out) -> Done {
    let wrong = |what: &str| Failure::input_text(format!("`{}`: {what}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error.to_string()))?;
    let shown: Value = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
    let field = |name: &str| shown.get(name).and_then(Value::as_str);
    let proof =
        field("proof").ok_or_else(|| wrong("no `proof`: the log had no checkpoint over it yet"))?;
    let proof = LogProof::parse(proof.as_bytes()).map_err(|error| wrong(&error.to_string()))?;
    let told = shown.pointer("/log/key").and_then(Value::as_str);
    let told = told.and_then(|key| VerifierKey::parse(key).ok());
    let key = key(args, told, &proof.checkpoint)?;
    let (Some(record), Some(salt)) = (field("text"), field("salt")) else {
        return Err(wrong(
            "the record was erased: nothing can be said of it but that it was logged",
        ));
    };
    let salt = from_base64(salt).ok().and_then(|salt| salt.try_into().ok());
    let salt = salt.ok_or_else(|| wrong("`salt` is 32 bytes in base64"))?;
    let logged = Leaf {
        time: shown
            .get("time_ms")
            .and_then(Value::as_i64)
            .unwrap_or_default(),
        kind: field("kind").unwrap_or_default().to_owned(),
        commitment: commit(&salt, record),
    };
    let keys = std::slice::from_ref(&key);
    let checked = proof.verify(&leaf(logged.to_string().as_bytes()), key.name(), keys);
    let held = held(args)?;
    let cosigned = cosignature(&proof.checkpoint, &held.witnesses);
    let cosigned = cosigned.map(|signed| signed.len() >= held.quorum);
    let (verdict, code) = match (&checked, &cosigned) {
        (Err(error), _) => (error.to_string(), 1),
        (_, Err(error)) => (error.to_string(), 1),
        (_, Ok(false)) => ("too few of the witnesses signed".to_owned(), 1),
        (Ok(_), Ok(true)) => ("logged".to_owned(), 0),
    };
    if out.format() == Format::Table {
        say(format_args!(
            "Entry {} of {}: {verdict}.",
            proof.index,
            key.name()
        ));
    } else {
        let size = checked.as_ref().ok().map(|checkpoint| checkpoint.size);
        out.object(&json!({
            "verdict": verdict, "origin": key.name(), "index": proof.index, "size": size,
            "key_given": args.key.is_some(),
        }))?;
    }
    Ok(ExitCode::from(code))
}
