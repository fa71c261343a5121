//! `ringfence lake`.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::Method;
use ringfence_lake::{ExportFormat, Exporter, Lake as Files, LakeError, Limits, Scope};
use serde_json::{Value, json};

use crate::Done;
use crate::args::{Export, ExportAs, Lake, LakeWhat, Server};
use crate::client::{Api, block_on};
use crate::output::{Failure, Out, say};

/// Looks after the lake.
pub fn run(args: &Lake, out: &Out) -> Done {
    let (server, path, body) = match &args.what {
        LakeWhat::Export(export) => return write_out(export, out),
        LakeWhat::Status { server } => (server, "/api/v1/lake", None),
        LakeWhat::Compact { server } => (server, "/api/v1/lake/compact", Some(json!({}))),
        LakeWhat::Retain { dry_run, server } => (
            server,
            "/api/v1/lake/retain",
            Some(json!({"dry_run": dry_run})),
        ),
        LakeWhat::Vacuum { dry_run, server } => (
            server,
            "/api/v1/lake/vacuum",
            Some(json!({"dry_run": dry_run})),
        ),
        LakeWhat::Erase {
            key,
            value,
            program,
            yes,
            server,
        } => {
            let mut body = json!({"key": key, "value": value, "dry_run": !yes});
            if let (Some(program), Some(body)) = (program, body.as_object_mut()) {
                body.insert("program".into(), json!(program));
            }
            if !yes {
                say("only counted: say --yes to erase");
            }
            (server, "/api/v1/lake/erase", Some(body))
        }
    };
    out.object(&ask(server, path, body)?)?;
    Ok(ExitCode::SUCCESS)
}

fn ask(server: &Server, path: &str, body: Option<Value>) -> Result<Value, Failure> {
    let api = Api::new(server)?;
    block_on(async {
        let method = if body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut request = api.request(method, path).map_err(Failure::usage)?;
        if let Some(body) = body {
            request = request.json(&body);
        }
        api.json(request).await
    })
}

/// The scan runs in this process, so that the server does not feel an export of a year.
fn write_out(args: &Export, out: &Out) -> Done {
    let lake = Files::open_read_only(args.data.join("lake")).map_err(Failure::input)?;
    let wanted = ringfence_lake::Export {
        condition: args.condition.clone(),
        from: args.from.clone(),
        to: args.to.clone(),
        program: args.program.clone(),
    };
    let format = match args.kind {
        ExportAs::Jsonl => ExportFormat::Jsonl,
        ExportAs::Csv => ExportFormat::Csv,
        ExportAs::Parquet => ExportFormat::Parquet,
    };
    let limits = Limits {
        rows: usize::MAX,
        answer_bytes: usize::MAX,
        time: Duration::from_secs(24 * 3600),
        ..Limits::default()
    };
    let rows = block_on(async {
        // Asked first: a condition with a mistake leaves no file.
        let mut rows = lake
            .query_stream(&wanted.sql(), Scope::All, limits)
            .await
            .map_err(failure)?;
        let file = File::create_new(&args.output)
            .with_context(|| format!("cannot make `{}`", args.output.display()))
            .map_err(Failure::usage)?;
        let written = async {
            let mut exporter = Exporter::new(format, BufWriter::new(file))?;
            while let Some(some) = rows.next().await? {
                exporter.write(&some)?;
            }
            exporter.finish()
        };
        let done = written.await.map_err(failure).and_then(|(mut file, rows)| {
            file.flush()?;
            Ok(rows)
        });
        if done.is_err() {
            // Half an export looks like a whole one.
            let _ = std::fs::remove_file(&args.output);
        }
        done
    })?;
    out.object(&json!({"rows": rows, "file": args.output}))?;
    Ok(ExitCode::SUCCESS)
}

fn failure(error: LakeError) -> Failure {
    match error {
        e @ LakeError::Query(_) => Failure::usage(e),
        e => Failure::input(e),
    }
}
