//! `ringfence alerts`.

use std::process::ExitCode;

use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::{Alerts, Format};
use crate::client::{Api, block_on};
use crate::output::{Failure, Out, say};

const COLUMNS: &[&str] = &[
    "severity",
    "status",
    "last_time",
    "findings",
    "id",
    "message",
];

/// Lists alerts, or shows them as they change.
pub fn run(args: &Alerts, out: &Out) -> Done {
    let api = Api::new(&args.server)?;
    if args.follow {
        block_on(follow(&api, args.all, out))
    } else {
        block_on(list(&api, args, out))
    }
}

async fn list(api: &Api, args: &Alerts, out: &Out) -> Done {
    let mut path = format!(
        "/api/v1/alerts?order=most_severe&limit={}",
        args.limit.clamp(1, 500)
    );
    if let Some(status) = &args.status {
        path.push_str(&format!("&status={status}"));
    }
    let request = api.request(Method::GET, &path).map_err(Failure::usage)?;
    let answer = api.json(request).await?;
    let items = answer
        .get("items")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let rows: Vec<_> = items.iter().map(|a| row(a, out.format())).collect();
    out.rows(COLUMNS, &rows)?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the event stream; the server ends it when it stops.
async fn follow(api: &Api, all: bool, out: &Out) -> Done {
    let request = api
        .request(Method::GET, "/api/v1/alerts/stream")
        .map_err(Failure::usage)?;
    let response = api.send(request).await?;
    say("waiting for alerts; Ctrl-C ends");
    let mut body = response.bytes_stream();
    let mut pending = Vec::new();
    loop {
        let piece = tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
            piece = body.next() => piece,
        };
        let Some(piece) = piece else {
            say("the server ended the stream");
            return Ok(ExitCode::SUCCESS);
        };
        pending.extend_from_slice(&piece.map_err(Failure::input)?);
        while let Some(end) = pending.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            if let Some(data) = line.trim_ascii_end().strip_prefix(b"data: ") {
                show(data, all, out)?;
            }
        }
    }
}

fn show(data: &[u8], all: bool, out: &Out) -> std::io::Result<()> {
    let Ok(change) = serde_json::from_slice::<Value>(data) else {
        return Ok(());
    };
    let Some(alert) = change.get("alert") else {
        return Ok(());
    };
    if out.format() != Format::Table {
        return out.object(&change);
    }
    if !all && change.get("kind").and_then(Value::as_str) == Some("more_findings") {
        return Ok(());
    }
    let text = |key: &str| {
        alert
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let kind = change
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .replace('_', " ");
    let severity = severity(alert);
    out.line(&format!(
        "{} {severity:<8} {kind:<13} {}",
        when(alert, "last_time_ms"),
        text("message")
    ))
}

fn row(alert: &Value, format: Format) -> Map<String, Value> {
    if matches!(format, Format::Json | Format::Jsonl) {
        return alert.as_object().cloned().unwrap_or_default();
    }
    let row = json!({
        "severity": severity(alert),
        "status": alert.get("status"),
        "last_time": when(alert, "last_time_ms"),
        "findings": alert.get("finding_count"),
        "id": alert.get("id"),
        "message": alert.get("message"),
    });
    row.as_object().cloned().unwrap_or_default()
}

fn severity(alert: &Value) -> &'static str {
    let id = alert
        .get("severity_id")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    ringfence_event::Severity::from(u8::try_from(id).unwrap_or(0)).caption()
}

fn when(alert: &Value, key: &str) -> String {
    let ms = alert.get(key).and_then(Value::as_i64).unwrap_or(0);
    ringfence_event::Time(ms).to_rfc3339()
}
