//! `ringfence source`.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::{Format, Source, SourceWhat};
use crate::client::{Api, block_on};
use crate::output::{Failure, Out, say};

/// Makes or lists sources.
pub fn run(args: &Source, out: &Out) -> Done {
    match &args.what {
        SourceWhat::Add {
            name,
            program,
            site,
            classes,
            call_state,
            expect_every,
            server,
        } => {
            let body = json!({
                "name": name,
                "kind": "http",
                "program": program,
                "site": site,
                "classes": if classes.is_empty() { json!("*") } else { json!(classes) },
                "grants": if *call_state { json!(["call-state"]) } else { json!([]) },
                "allowed_peers": [],
                "expect_every_secs": expect_every,
            });
            let api = Api::new(server)?;
            let made = block_on(async {
                let request = api
                    .request(Method::POST, "/api/v1/sources")
                    .map_err(Failure::usage)?;
                api.json(request.json(&body)).await
            })?;
            if out.format() == Format::Table {
                let token = made
                    .get("token")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                say("The source's token, shown only now:");
                out.line(token)?;
            } else {
                out.object(&made)?;
            }
        }
        SourceWhat::List { server } => {
            let api = Api::new(server)?;
            let answer = block_on(async {
                let request = api
                    .request(Method::GET, "/api/v1/sources")
                    .map_err(Failure::usage)?;
                api.json(request).await
            })?;
            let items = answer
                .get("items")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            let rows: Vec<Map<String, Value>> = items
                .into_iter()
                .filter_map(|i| i.as_object().cloned())
                .collect();
            let columns = [
                "name",
                "program",
                "site",
                "kind",
                "classes",
                "grants",
                "last_seen_ms",
                "id",
            ];
            out.rows(&columns, &rows)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
