//! `ringfence status`.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::Value;

use crate::Done;
use crate::args::{Format, Status};
use crate::client::{Api, block_on};
use crate::output::{Failure, Out};

/// Shows how the server is; exit code 1 when it is not ready.
pub fn run(args: &Status, out: &Out) -> Done {
    let api = Api::new(&args.server)?;
    let status = block_on(async {
        let request = api
            .request(Method::GET, "/api/v1/status")
            .map_err(Failure::usage)?;
        api.json(request).await
    })?;
    if out.format() == Format::Table {
        people(&status, out)?;
    } else {
        out.object(&status)?;
    }
    let ready = status
        .pointer("/readiness/ready")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    Ok(if ready {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn people(status: &Value, out: &Out) -> std::io::Result<()> {
    let at = |path: &str| match status.pointer(path) {
        None | Some(Value::Null) => "?".to_owned(),
        Some(Value::String(s)) => s.clone(),
        Some(other) => other.to_string(),
    };
    let mib = |path: &str| {
        let bytes = status.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        format!("{} MiB", bytes >> 20)
    };
    out.line(&format!(
        "version   {}, up {} s",
        at("/version"),
        at("/uptime_secs")
    ))?;
    out.line(&format!("ready     {}", at("/readiness/ready")))?;
    for reason in ["/readiness/reasons", "/readiness/degraded"]
        .into_iter()
        .filter_map(|path| status.pointer(path).and_then(Value::as_array))
        .flatten()
    {
        out.line(&format!(
            "          {}",
            reason.as_str().unwrap_or_default()
        ))?;
    }
    out.line(&format!(
        "log       {} entries, {}",
        at("/spine/entries"),
        mib("/spine/bytes")
    ))?;
    out.line(&format!("lag       {}", at("/spine/lag")))?;
    out.line(&format!(
        "lake      {} rows in {} files ({}), {} in the tail",
        at("/lake/file_rows"),
        at("/lake/files"),
        mib("/lake/bytes"),
        at("/lake/tail_rows"),
    ))?;
    out.line(&format!("state     {}", at("/state/store")))?;
    out.line(&format!(
        "rules     {} in force, {} mistakes",
        at("/rules/in_force"),
        at("/rules/mistakes"),
    ))?;
    out.line(&format!("memory    {}", mib("/memory_bytes")))?;
    for source in status
        .pointer("/sources")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let part = |path: &str| {
            source.pointer(path).map_or("?".to_owned(), |v| {
                v.as_str().map_or_else(|| v.to_string(), str::to_owned)
            })
        };
        out.line(&format!(
            "source    {}/{}: {}, {} accepted, {} refused, {} lost",
            part("/program"),
            part("/source"),
            part("/standing"),
            part("/count/accepted"),
            part("/count/rejected"),
            part("/count/lost"),
        ))?;
    }
    for connector in status
        .get("connectors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let part = |path: &str| {
            connector.pointer(path).map_or("?".to_owned(), |v| {
                v.as_str().map_or_else(|| v.to_string(), str::to_owned)
            })
        };
        let state = match connector.get("failing").and_then(Value::as_u64) {
            Some(0) => "works".to_owned(),
            _ => format!("fails ({})", part("/last_error/what")),
        };
        out.line(&format!(
            "connector {} ({}): {state}, {} accepted, {} seen before",
            part("/name"),
            part("/vendor"),
            part("/counters/accepted"),
            part("/counters/duplicates"),
        ))?;
    }
    Ok(())
}
