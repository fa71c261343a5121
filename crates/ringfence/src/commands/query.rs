//! `ringfence query`.

use std::process::ExitCode;

use reqwest::Method;
use ringfence_lake::{Lake, Limits, Scope};
use ringfence_server::child::walls;
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::Query;
use crate::client::{Api, block_on};
use crate::output::{Failure, Out, say};

/// Asks a server, or reads the files of a data folder.
pub fn run(args: &Query, out: &Out) -> Done {
    let answer = match &args.data {
        Some(data) => {
            let folder = data.join("lake");
            let lake = Lake::open_read_only(&folder).map_err(Failure::input)?;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()?;
            // The same walls as around the server's engine. Its paths stay as they are, for
            // messages that a person can follow.
            let _ = walls::raise(&walls::Plan {
                folder: &folder,
                memory_bytes: 0,
                own_root: false,
            });
            let asked = async {
                let answer = lake.query(&args.sql, Scope::All, Limits::default()).await;
                answer.map_err(|e| match e {
                    e @ ringfence_lake::LakeError::Query(_) => Failure::usage(e),
                    e => Failure::input(e),
                })
            };
            json!(runtime.block_on(asked)?)
        }
        None => {
            let api = Api::new(&args.server)?;
            block_on(async {
                let body = json!({"sql": args.sql});
                let request = api
                    .request(Method::POST, "/api/v1/query")
                    .map_err(Failure::usage)?;
                api.json(request.json(&body)).await
            })?
        }
    };
    let list = |key: &str| {
        answer
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let columns: Vec<String> = list("columns")
        .iter()
        .filter_map(|c| c.get("name")?.as_str().map(str::to_owned))
        .collect();
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let rows: Vec<Map<String, Value>> = list("rows")
        .into_iter()
        .filter_map(|r| r.as_object().cloned())
        .collect();
    out.rows(&names, &rows)?;
    if answer.get("truncated") == Some(&Value::Bool(true)) {
        say("the answer was cut off at the server's limit: narrow the query, or use LIMIT");
    }
    Ok(ExitCode::SUCCESS)
}
