//! `ringfence mail`.

use std::process::ExitCode;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::{Mail, MailWhat};
use crate::client::{Api, block_on};
use crate::output::{Failure, Out};

/// How often it is asked what became of a test mail.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// A mail that is not taken at once is tried again for hours; nobody waits that long.
const ASK_TIMES: usize = 120;

/// Lists recipients, or sends test mails and waits for what becomes of them.
pub fn run(args: &Mail, out: &Out) -> Done {
    match &args.what {
        MailWhat::List { server } => {
            let api = Api::new(server)?;
            let items = block_on(recipients(&api))?;
            let rows: Vec<_> = items.iter().filter_map(Value::as_object).cloned().collect();
            out.rows(
                &["name", "addresses", "min_severity_id", "scope", "rules"],
                &rows,
            )?;
            Ok(ExitCode::SUCCESS)
        }
        MailWhat::Test { recipient, server } => {
            let api = Api::new(server)?;
            let rows = block_on(test(&api, recipient.as_deref()))?;
            let failed = rows
                .iter()
                .any(|r| r.get("state") != Some(&json!("delivered")));
            out.rows(&["recipient", "state", "last_error"], &rows)?;
            Ok(ExitCode::from(u8::from(failed)))
        }
    }
}

async fn recipients(api: &Api) -> Result<Vec<Value>, Failure> {
    let request = api
        .request(Method::GET, "/api/v1/mail")
        .map_err(Failure::usage)?;
    let answer = api.json(request).await?;
    let items = answer.get("items").and_then(Value::as_array);
    Ok(items.cloned().unwrap_or_default())
}

async fn test(api: &Api, only: Option<&str>) -> Result<Vec<Map<String, Value>>, Failure> {
    let text = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let mut asked = Vec::new();
    for item in recipients(api).await? {
        let (id, name) = (text(&item, "id"), text(&item, "name"));
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let request = api
            .request(Method::POST, &format!("/api/v1/mail/{id}/test"))
            .map_err(Failure::usage)?;
        let queued = api.json(request).await?;
        asked.push((id, name, text(&queued, "delivery_id")));
    }
    if asked.is_empty() {
        return Err(Failure::usage_text(
            "no such recipient: `ringfence mail list` shows those of [mail] in the configuration",
        ));
    }
    let mut rows = Vec::new();
    for (id, name, delivery) in asked {
        let mut row = Map::new();
        row.insert("recipient".to_owned(), json!(name));
        for _ in 0..ASK_TIMES {
            let path = format!("/api/v1/mail/{id}/deliveries?limit=100");
            let request = api.request(Method::GET, &path).map_err(Failure::usage)?;
            let answer = api.json(request).await?;
            let items = answer.get("items").and_then(Value::as_array);
            let found = items
                .into_iter()
                .flatten()
                .find(|d| d.get("id") == Some(&json!(delivery)));
            for key in ["state", "last_error"] {
                let value = found.and_then(|d| d.get(key)).cloned();
                row.insert(key.to_owned(), value.unwrap_or_default());
            }
            let waits = row.get("state") == Some(&json!("pending"));
            let tried = row.get("last_error").is_some_and(|e| !e.is_null());
            if !waits || tried {
                break;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        rows.push(row);
    }
    Ok(rows)
}
