//! `ringfence service`.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::{Format, Service, ServiceWhat};
use crate::client::{Api, block_on};
use crate::output::{Failure, Out, say};

const PATH: &str = "/api/v1/services";

/// Makes, lists or ends services.
pub fn run(args: &Service, out: &Out) -> Done {
    match &args.what {
        ServiceWhat::Add {
            name,
            role,
            program,
            days,
            why,
            server,
        } => {
            let body = json!({
                "name": name, "role": role, "program": program, "days": days, "why": why,
            });
            let api = Api::new(server)?;
            let made = block_on(async {
                let request = api.request(Method::POST, PATH).map_err(Failure::usage)?;
                api.json(request.json(&body)).await
            })?;
            if out.format() == Format::Table {
                let token = made.get("token").and_then(Value::as_str);
                say("The service's token, shown only now:");
                out.line(token.unwrap_or_default())?;
            } else {
                out.object(&made)?;
            }
        }
        ServiceWhat::List { server } => {
            let api = Api::new(server)?;
            let answer = block_on(async {
                let request = api.request(Method::GET, PATH).map_err(Failure::usage)?;
                api.json(request).await
            })?;
            let items = answer.get("items").and_then(Value::as_array);
            let rows: Vec<_> = items.into_iter().flatten().filter_map(row).collect();
            let columns = [
                "name",
                "roles",
                "expires_ms",
                "last_used_ms",
                "disabled_ms",
                "id",
            ];
            out.rows(&columns, &rows)?;
        }
        ServiceWhat::End { id, server } => {
            let api = Api::new(server)?;
            let path = format!("{PATH}/{id}");
            block_on(async {
                let request = api.request(Method::DELETE, &path).map_err(Failure::usage)?;
                api.send(request).await
            })?;
            say("Its token is good for nothing from now on.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A service with its roles as `role@program`.
fn row(service: &Value) -> Option<Map<String, Value>> {
    let mut row = service.as_object()?.clone();
    let roles = row.get("roles").and_then(Value::as_array)?;
    let held = roles.iter().filter_map(|held| {
        let text = |name: &str| held.get(name).and_then(Value::as_str);
        Some(format!("{}@{}", text("role")?, text("program")?))
    });
    let held = held.collect::<Vec<_>>().join(" ");
    row.insert("roles".to_owned(), held.into());
    Some(row)
}
