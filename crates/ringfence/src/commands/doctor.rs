//! `ringfence doctor`.

use std::path::Path;
use std::process::ExitCode;

use reqwest::Method;
use ringfence_server::doctor::{self, Complaint, Level, PICTURE_SQL, Picture};
use ringfence_server::{Config, ConfigError};
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::{Doctor, Format};
use crate::client::{Api, block_on};
use crate::output::{Failure, Out, say};

const RECENT_MS: i64 = 24 * 3_600_000;

/// Looks at machine, configuration, data and server, and names what is not as it should be. Exit
/// code 1 when there is anything.
pub fn run(args: &Doctor, out: &Out) -> Done {
    let mut found = Vec::new();
    let config = match args.config.as_deref().map(Config::load) {
        None => Config::default(),
        Some(Ok(config)) => config,
        Some(Err(error @ ConfigError::Mistakes { .. })) => {
            found.extend(doctor::configuration(&error.to_string()));
            Config::default()
        }
        Some(Err(error)) => return Err(Failure::usage(error)),
    };
    let data = args.data.as_ref().unwrap_or(&config.server.data);
    let asked = async { Ok(doctor::providers(&config.access).await) };
    found.extend(block_on(asked)?);
    let seen = block_on(look(args, data))?;
    if data.exists() || seen.is_none() {
        found.extend(doctor::machine(&config, data, seen.is_none()));
    }
    let picture = match seen {
        Some(picture) => Some(picture),
        None if data.join("spine").exists() => Some(at_rest(data, &config)?),
        None => None,
    };
    found.extend(picture.iter().flat_map(Picture::judge));
    found.sort_by(|a, b| (b.level, a.code, &a.about).cmp(&(a.level, b.code, &b.about)));
    show(&found, out)?;
    Ok(ExitCode::from(u8::from(!found.is_empty())))
}

/// The running server's picture, if one answers that lets us in.
async fn look(args: &Doctor, data: &Path) -> Result<Option<Picture>, Failure> {
    let Ok(api) = Api::new(&args.server) else {
        return Ok(None);
    };
    if get(&api, "/healthz").await.is_none() {
        say(format_args!(
            "no server answers at {}: looking at the folder {} alone",
            args.server.server,
            data.display()
        ));
        return Ok(None);
    }
    let Some(status) = get(&api, "/api/v1/status").await else {
        return Err(Failure::usage_text(
            "the server lets nobody in without an administrator's token: set RINGFENCE_TOKEN",
        ));
    };
    let items = |answer: Option<Value>| -> Vec<Value> {
        let items = answer.as_ref().and_then(|a| a.get("items")?.as_array());
        items.cloned().unwrap_or_default()
    };
    let mut picture = Picture {
        sources: items(get(&api, "/api/v1/sources").await),
        quarantine: get(&api, "/api/v1/quarantine?limit=1")
            .await
            .and_then(|a| a.get("stats").cloned())
            .unwrap_or_default(),
        ending: status
            .get("ending")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default(),
        status,
        now_ms: ringfence_server::clock::now().0,
        ..Picture::default()
    };
    for webhook in items(get(&api, "/api/v1/webhooks").await) {
        let id = webhook
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let path = format!("/api/v1/webhooks/{id}/deliveries?state=dead");
        let dead = items(get(&api, &path).await).len() as u64;
        picture.webhooks.push((webhook, dead));
    }
    let rules = get(&api, "/api/v1/rules").await.unwrap_or_default();
    let mistakes = rules.get("mistakes").and_then(Value::as_array);
    picture.rule_mistakes = mistakes.into_iter().flatten().map(mistake).collect();
    let since = ringfence_event::Time(picture.now_ms.saturating_sub(RECENT_MS)).to_string();
    let sql = PICTURE_SQL.replace("{since}", since.trim_end_matches('Z'));
    if let Ok(request) = api.request(Method::POST, "/api/v1/query") {
        let answer = api.json(request.json(&json!({"sql": sql}))).await.ok();
        let rows = answer.as_ref().and_then(|a| a.get("rows")?.as_array());
        picture.recent = rows.cloned().unwrap_or_default();
    }
    Ok(Some(picture))
}

async fn get(api: &Api, path: &str) -> Option<Value> {
    let request = api.request(Method::GET, path).ok()?;
    let response = api.send(request).await.ok()?;
    let text = response.text().await.ok()?;
    Some(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn at_rest(data: &Path, config: &Config) -> Result<Picture, Failure> {
    let scratch = std::env::temp_dir().join(format!("ringfence-doctor-{}.db", std::process::id()));
    let told = block_on(async {
        let elsewhere = config.state.url.is_some();
        if elsewhere {
            say(
                "the state is in PostgreSQL: sources and webhooks are only seen through the server",
            );
        }
        let told = doctor::stored(data, elsewhere, &scratch).await;
        told.map_err(Failure::input)
    });
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", scratch.display()));
    }
    let mut picture = told?;
    let pack = ringfence_server::rules::load(&config.rules);
    let mistakes = pack.mistakes().iter();
    picture.rule_mistakes = mistakes
        .map(|m| format!("{}:{}: {}", m.file, m.line, m.what))
        .collect();
    Ok(picture)
}

fn mistake(value: &Value) -> String {
    let part = |key: &str| match value.get(key) {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Null) | None => "?".to_owned(),
        Some(other) => other.to_string(),
    };
    format!("{}:{}: {}", part("file"), part("line"), part("what"))
}

fn show(found: &[Complaint], out: &Out) -> std::io::Result<()> {
    if out.format() != Format::Table {
        let rows: Vec<Map<String, Value>> = found
            .iter()
            .filter_map(|c| json!(c).as_object().cloned())
            .collect();
        return out.rows(&["code", "level", "about", "what", "todo"], &rows);
    }
    if found.is_empty() {
        return out.line("nothing to complain about");
    }
    for c in found {
        let level = match c.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        out.line(&format!("{} {level}: {}: {}", c.code, c.about, c.what))?;
        out.line(&format!("    {}", c.todo))?;
    }
    out.line("")?;
    out.line("`ringfence explain CODE` says more about each")
}
