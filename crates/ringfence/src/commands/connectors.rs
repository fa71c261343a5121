//! `ringfence connectors`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::anyhow;
use reqwest::Method;
use ringfence_connectors::{Connector, Page, Record};
use ringfence_event::{Event, RawRecord, Time};
use ringfence_normalise::{Batch, Normaliser};
use ringfence_server::Config;
use ringfence_sources::Format as RecordFormat;
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::{Connectors, ConnectorsWhat, Format};
use crate::client::{Api, block_on};
use crate::commands::moment::{moment, now};
use crate::output::{Failure, Out, say};

/// Lists connectors, tries one out, or has one fetch again.
pub fn run(args: &Connectors, out: &Out) -> Done {
    match &args.what {
        ConnectorsWhat::List { server } => list(&Api::new(server)?, out),
        ConnectorsWhat::Test {
            name,
            config,
            since,
            most,
        } => test(name, config, since, *most, out),
        ConnectorsWhat::Replay {
            name,
            since,
            server,
        } => {
            let since = moment(since)?.to_rfc3339();
            let api = Api::new(server)?;
            block_on(async {
                let path = format!("/api/v1/connectors/{name}/replay");
                let request = api.request(Method::POST, &path).map_err(Failure::usage)?;
                api.send(request.json(&json!({ "since": since }))).await
            })?;
            say(format_args!("{name} fetches again since {since}"));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Exit code 1 when one of them does not work.
fn list(api: &Api, out: &Out) -> Done {
    let answer = block_on(async {
        let request = api
            .request(Method::GET, "/api/v1/connectors")
            .map_err(Failure::usage)?;
        api.json(request).await
    })?;
    let items = answer.get("items").and_then(Value::as_array);
    let items = items.cloned().unwrap_or_default();
    let failing = items
        .iter()
        .any(|c| c.get("failing").and_then(Value::as_u64) != Some(0));
    let rows: Vec<Map<String, Value>> = items.iter().map(row).collect();
    let columns = [
        "name",
        "vendor",
        "program",
        "site",
        "works",
        "accepted",
        "duplicates",
        "streams",
        "error",
    ];
    if out.format() == Format::Table {
        out.rows(&columns, &rows)?;
    } else {
        for item in &items {
            out.object(item)?;
        }
    }
    Ok(ExitCode::from(u8::from(failing)))
}

fn row(connector: &Value) -> Map<String, Value> {
    let at = |path: &str| connector.pointer(path).cloned().unwrap_or_default();
    let time = |ms: &Value| {
        ms.as_i64()
            .map_or("never".to_owned(), |ms| Time(ms).to_rfc3339())
    };
    let streams = at("/streams");
    let streams: Vec<String> = streams
        .as_array()
        .into_iter()
        .flatten()
        .map(|s| {
            let part = |key: &str| s.get(key).cloned().unwrap_or_default();
            let name = part("name");
            format!(
                "{} {}",
                name.as_str().unwrap_or("?"),
                time(&part("since_ms"))
            )
        })
        .collect();
    let mut row = Map::new();
    for key in ["name", "vendor", "program", "site"] {
        row.insert(key.to_owned(), at(&format!("/{key}")));
    }
    row.insert("works".to_owned(), (at("/failing") == 0).into());
    row.insert("accepted".to_owned(), at("/counters/accepted"));
    row.insert("duplicates".to_owned(), at("/counters/duplicates"));
    row.insert("streams".to_owned(), streams.join(", ").into());
    row.insert("error".to_owned(), at("/last_error/what"));
    row
}

/// One request for each stream of a connector; exit code 1 when one fails. Keeps nothing.
fn test(name: &str, config: &Path, since: &str, most: usize, out: &Out) -> Done {
    let config = Config::load(config).map_err(Failure::usage)?;
    let found = config.connectors.iter().find(|c| c.name.as_str() == name);
    let written = found.ok_or_else(|| {
        let known: Vec<_> = config.connectors.iter().map(|c| c.name.as_str()).collect();
        Failure::usage(anyhow!(
            "there is no connector `{name}` (there are: {})",
            known.join(", ")
        ))
    })?;
    let connector = written.build().map_err(|mistakes| {
        let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        Failure::usage(anyhow!("{}", lines.join("\n")))
    })?;
    let normaliser = ringfence_server::normaliser(&config).map_err(Failure::usage)?;
    let since = moment(since)?;
    let tried = block_on(async { Ok(connector.try_out(since).await) })?;
    if tried.is_empty() {
        say("this connector asks for nothing: it takes what the vendor sends");
    }
    let mut failed = false;
    for (stream, page) in tried {
        match page {
            Err(error) => {
                failed = true;
                say(format_args!("{stream}: {error}"));
            }
            Ok(page) => show(stream, &page, &connector, &normaliser, most, out)?,
        }
    }
    Ok(ExitCode::from(u8::from(failed)))
}

fn show(
    stream: &str,
    page: &Page,
    connector: &Connector,
    normaliser: &Normaliser,
    most: usize,
    out: &Out,
) -> Result<(), Failure> {
    let count = page.records.len();
    let more = if page.more {
        ", and there are more"
    } else {
        ""
    };
    say(format_args!(
        "{stream}: {count} records on the first page{more}"
    ));
    let mut shown = 0;
    for record in &page.records {
        let batch = read(normaliser, connector, record);
        for outcome in batch.outcomes {
            match outcome.result {
                Err(reject) => say(format_args!("{stream}: a record is refused: {reject}")),
                Ok(events) => {
                    for event in &events {
                        if shown < most {
                            shown += 1;
                            print(event, out)?;
                        }
                    }
                }
            }
        }
        if shown >= most {
            break;
        }
    }
    Ok(())
}

fn read(normaliser: &Normaliser, connector: &Connector, record: &Record) -> Batch {
    let raw = RawRecord {
        origin: connector.origin(),
        received: now(),
        peer: None,
        bytes: &record.bytes,
    };
    match record.format {
        RecordFormat::Cdr => normaliser.csv_body(&raw),
        _ => normaliser.json_body(&raw),
    }
}

fn print(event: &Event, out: &Out) -> std::io::Result<()> {
    let ocsf = event.to_ocsf();
    if out.format() != Format::Table {
        return out.object(&Value::Object(ocsf));
    }
    let text = |name: &str| ocsf.get(name).and_then(Value::as_str).unwrap_or("-");
    let (class, activity) = (text("class_name"), text("activity_name"));
    let message = event.message.as_deref().unwrap_or("-");
    out.line(&format!("{}  {class}: {activity}  {message}", event.time))
}
