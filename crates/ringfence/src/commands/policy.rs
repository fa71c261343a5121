//! `ringfence policy`.

use std::path::Path;
use std::process::ExitCode;

use ringfence_policy::{ACTIONS, Policies, Role};
use ringfence_server::policies;
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::{Policy, PolicyWhat};
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
    }
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
