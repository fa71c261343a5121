//! `ringfence backup` and `ringfence restore`.

use std::path::Path;
use std::process::ExitCode;

use ringfence_backup::{Manifest, Stored};
use ringfence_server::{Config, backup as copying};
use serde_json::{Value, json};

use crate::Done;
use crate::args::{Backup, Format, Restore};
use crate::client::block_on;
use crate::output::{Failure, Out, say};

/// What lies open in every backup.
const SECRETS: &str = "It holds all events, the server's own TLS key and the webhooks' signing \
                       secrets; tokens are in it as digests only. Keep it as you keep the data \
                       folder.";

/// Copies a data folder; the server may run on.
pub fn backup(args: &Backup, out: &Out) -> Done {
    let config = match &args.config {
        Some(path) => Config::load(path).map_err(Failure::usage)?,
        None => Config::default(),
    };
    let data = args.data.as_ref().unwrap_or(&config.server.data);
    // After a move to PostgreSQL a file may still lie there, with what was true then.
    let elsewhere = config.state.url.is_some() || !data.join("state.db").exists();
    if elsewhere {
        say(
            "The state store is not in the data folder. If it is in PostgreSQL, the order matters:",
        );
        say("run pg_dump first, then this; what the log has beyond it is read again.");
    }
    let finished = block_on(async {
        copying::backup(data, &args.out, elsewhere)
            .await
            .map_err(Failure::input)
    })?;
    let removed = match args.keep {
        Some(keep) if args.out.is_dir() => {
            ringfence_backup::prune(&args.out, keep as usize).map_err(Failure::input)?
        }
        _ => 0,
    };
    let manifest = &finished.manifest;
    let mut told = summary(&finished.place, manifest);
    if let Value::Object(told) = &mut told {
        told.insert("written_bytes".to_owned(), json!(finished.written));
        told.insert("removed_backups".to_owned(), json!(removed));
    }
    show(out, "backup", &told)?;
    say(SECRETS);
    Ok(ExitCode::SUCCESS)
}

/// Checks a backup as a whole and puts it into an empty folder.
pub fn restore(args: &Restore, out: &Out) -> Done {
    let stored = Stored::open(&args.from).map_err(Failure::input)?;
    if let Some(digest) = &args.expect {
        stored.expect(digest).map_err(Failure::input)?;
    }
    let manifest = stored.manifest();
    if args.check {
        show(out, "checked", &summary(&args.from, manifest))?;
        return Ok(ExitCode::SUCCESS);
    }
    stored.extract(&args.data).map_err(Failure::input)?;
    show(out, "restored", &summary(&args.data, manifest))?;
    if !manifest.summary.state {
        say(
            "The state store was in PostgreSQL: restore it with pg_restore before the server starts.",
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(place: &Path, manifest: &Manifest) -> Value {
    let s = &manifest.summary;
    json!({
        "place": place.display().to_string(), "sha256": manifest.digest(),
        "made": at(Some(s.made_ms)), "newest_event": at(s.newest_event_ms),
        "log_end": s.log_end, "lake_version": s.lake_version, "state": s.state,
        "files": manifest.files.len(), "bytes": manifest.bytes(),
        "version": s.version, "instance": s.instance,
    })
}

/// As people and programs both read it.
fn at(ms: Option<i64>) -> Option<String> {
    ms.map(|ms| ringfence_event::Time(ms).to_string())
}

fn show(out: &Out, what: &str, told: &Value) -> std::io::Result<()> {
    if out.format() != Format::Table {
        return out.object(told);
    }
    let text = |key: &str| match told.get(key) {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
    };
    let mib = told.get("bytes").and_then(Value::as_u64).unwrap_or(0) >> 20;
    out.line(&format!("{what:<13} {}", text("place")))?;
    out.line(&format!("newest event  {}", text("newest_event")))?;
    out.line(&format!("files         {} ({mib} MiB)", text("files")))?;
    out.line(&format!("sha256        {}", text("sha256")))
}
