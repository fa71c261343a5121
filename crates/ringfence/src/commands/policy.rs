//! `ringfence policy`.

use std::path::Path;
use std::process::ExitCode;

use reqwest::Method;
use ringfence_policy::{ACTIONS, Policies, Role};
use ringfence_server::policies;
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::{Format, Policy, PolicyWhat, Server};
use crate::client::{Api, block_on};
use crate::output::{Failure, Out, say};

/// Checks or lists policies.
pub fn run(args: &Policy, out: &Out) -> Done {
    match &args.what {
        PolicyWhat::Check { folder } => match read(folder.as_deref())? {
            Ok(policies) => {
                let count = policies.laws().count();
                say(format!("{count} policies, all of them good."));
                Ok(ExitCode::SUCCESS)
            }
            Err(code) => Ok(code),
        },
        PolicyWhat::List { folder } => {
            let policies = match read(folder.as_deref())? {
                Ok(policies) => policies,
                Err(code) => return Ok(code),
            };
            let rows: Vec<Map<String, Value>> = ACTIONS
                .iter()
                .map(|action| {
                    let roles: Vec<_> = policies
                        .could(*action)
                        .iter()
                        .map(|r| Role::name(*r))
                        .collect();
                    Map::from_iter([
                        ("action".to_owned(), json!(action.name())),
                        ("roles".to_owned(), json!(roles.join(" "))),
                        ("words".to_owned(), json!(action.words())),
                    ])
                })
                .collect();
            out.rows(&["action", "roles", "words"], &rows)?;
            Ok(ExitCode::SUCCESS)
        }
        PolicyWhat::Preview {
            folder,
            days,
            server,
        } => preview(folder, *days, server, out),
    }
}

/// What a server says would be otherwise; exit code 1 when something would.
fn preview(folder: &Path, days: u32, server: &Server, out: &Out) -> Done {
    let files = files(folder)?;
    let api = Api::new(server)?;
    let answer = block_on(async {
        let request = api.request(Method::POST, "/api/v1/policies/preview");
        let request = request.map_err(Failure::usage)?;
        api.json(request.json(&json!({ "files": files, "days": days })))
            .await
    })?;
    let list = |name: &str| {
        let list = answer.get(name).and_then(Value::as_array);
        let rows = list.into_iter().flatten().filter_map(Value::as_object);
        rows.cloned().collect::<Vec<_>>()
    };
    let (changes, rights) = (list("changes"), list("rights"));
    if out.format() == Format::Table {
        let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
        say(format!(
            "{} policies would be others; {} of {} decisions of {days} days would be otherwise.",
            list("policies").len(),
            number("otherwise"),
            number("decisions"),
        ));
        let left_out = number("left_out");
        if left_out > 0 {
            say(format!(
                "{left_out} could not be asked again: whom they are about is gone."
            ));
        }
        out.rows(
            &[
                "count", "subject", "action", "program", "allowed", "would_be", "reason",
            ],
            &changes,
        )?;
        let truncated = answer.get("rights_truncated") == Some(&Value::Bool(true));
        let (more, shown) = match truncated {
            true => ("more than ", "; these are the first"),
            false => ("", ""),
        };
        say(format!(
            "What people and services may do would change in {more}{} ways{shown}.",
            rights.len()
        ));
        out.rows(&["name", "action", "program", "before", "after"], &rights)?;
    } else {
        out.object(&answer)?;
    }
    let same = changes.is_empty() && rights.is_empty();
    Ok(ExitCode::from(u8::from(!same)))
}

/// The policy files of a folder, as they are sent.
fn files(folder: &Path) -> Result<Vec<Value>, Failure> {
    let unreadable = |what: &Path, error: std::io::Error| {
        Failure::input_text(format!("`{}` cannot be read: {error}", what.display()))
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
        let path = entry.map_err(|e| unreadable(folder, e))?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "cedar")
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        files.push(json!({ "name": name, "text": text }));
    }
    if files.is_empty() {
        let what = format!("`{}` has no `*.cedar` files", folder.display());
        return Err(Failure::input_text(what));
    }
    Ok(files)
}

/// The policies, or the exit code after their mistakes were told.
fn read(folder: Option<&Path>) -> Result<Result<Policies, ExitCode>, Failure> {
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let what = format!("`{}` is no folder", folder.display());
        return Err(Failure::input_text(what));
    }
    Ok(policies::load(folder).map_err(|mistakes| {
        for mistake in mistakes {
            say(mistake);
        }
        ExitCode::from(1)
    }))
}
