//! `ringfence replay`.

use std::process::ExitCode;
use std::sync::Arc;

use ringfence_event::{Event, Finding};
use ringfence_server::{Config, Offline};
use serde_json::{Map, Value, json};

use super::{inputs, mirror};
use crate::Done;
use crate::args::{Format, Replay};
use crate::output::{Failure, Out};

const COLUMNS: &[&str] = &["time", "severity", "rule", "message"];

/// Replays; exit code 1 when there are findings.
pub fn run(args: &Replay, out: &Out) -> Done {
    if let Some(collector) = args.hep {
        return mirror::run(&args.files, collector);
    }
    let config = match &args.config {
        Some(path) => Config::load(path).map_err(Failure::usage)?,
        None => Config::default(),
    };
    let mappings = inputs::mapping_files(
        args.mappings
            .as_deref()
            .or(config.intake.mappings.as_deref()),
    )?;
    let normaliser = inputs::normaliser(&mappings, &config.intake.time_zone)?;
    if args.events {
        return events(args, &normaliser, out);
    }
    let pack = inputs::pack(&args.pack.rules)?;
    let mut pipeline = Offline::new(pack, config.calls);
    let mut found: Vec<Finding> = Vec::new();
    let reports = inputs::read_all(&args.files, &normaliser, &mut |e: Event| {
        pipeline.event(&Arc::new(e), &mut found)
    })?;
    pipeline.finish(&mut found);
    let rows: Vec<_> = found.iter().map(|f| row(f, out.format())).collect();
    out.rows(COLUMNS, &rows)?;
    let read: u64 = reports.iter().map(|r| r.events).sum();
    if read == 0 {
        return Err(Failure::input_text(
            "no event could be read from these files",
        ));
    }
    Ok(if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn events(args: &Replay, normaliser: &ringfence_normalise::Normaliser, out: &Out) -> Done {
    let mut failed = None;
    inputs::read_all(&args.files, normaliser, &mut |e: Event| {
        if failed.is_none() {
            failed = out
                .rows(
                    &["time", "class_name", "activity_name", "message"],
                    &[e.to_ocsf()],
                )
                .err();
        }
    })?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn row(f: &Finding, format: Format) -> Map<String, Value> {
    let short = json!({
        "time": f.time.to_rfc3339(),
        "severity": f.severity.caption(),
        "rule": f.rule_title,
        "message": f.message,
    });
    let mut row = short.as_object().cloned().unwrap_or_default();
    if matches!(format, Format::Json | Format::Jsonl) {
        let more = json!({
            "uid": f.uid, "rule_id": f.rule_id, "story": f.story, "reason": f.reason,
            "events": f.events, "tags": f.tags, "first_steps": f.first_steps,
        });
        row.extend(more.as_object().cloned().unwrap_or_default());
    }
    row
}
