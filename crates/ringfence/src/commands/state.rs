//! `ringfence state`.

use std::path::Path;
use std::process::ExitCode;

use ringfence_server::{Config, StateConfig};
use ringfence_state::{Moved, Store, move_state};
use serde_json::json;

use crate::Done;
use crate::args::{Format, StateArgs, StateWhat};
use crate::client::block_on;
use crate::output::{Failure, Out, say};

/// Moves the state to another place.
pub fn run(args: &StateArgs, out: &Out) -> Done {
    let StateWhat::Move {
        from,
        to,
        config,
        data,
    } = &args.what;
    let config = match config {
        Some(path) => Config::load(path).map_err(Failure::usage)?,
        None => Config::default(),
    };
    let data = data.as_deref().unwrap_or(&config.server.data);
    let from = place(&config.state, from.as_deref(), data)?;
    let to = place(&config.state, Some(to), data)?;
    say(format_args!("moving the state from {from} to {to}"));
    let moved = block_on(async {
        move_state(&from, &to, |step| {
            say(format_args!("  {}: {} rows", step.table, step.rows));
        })
        .await
        .map_err(Failure::usage)
    })?;
    let rows: u64 = moved.iter().map(|table| table.rows).sum();
    if out.format() == Format::Table {
        say(format_args!(
            "moved {rows} rows of {} tables, all counted at both ends",
            moved.len()
        ));
    } else {
        let tables: serde_json::Map<_, _> = moved
            .iter()
            .map(|Moved { table, rows }| ((*table).to_owned(), json!(rows)))
            .collect();
        let done = json!({
            "from": from.to_string(), "to": to.to_string(), "rows": rows, "tables": tables,
        });
        out.object(&done)?;
    }
    say(match to {
        Store::Postgres(_) => "Now name it in the configuration: [state] url = \"postgres://…\"",
        Store::File(_) => "Now place it as `state.db` in the data folder, without `[state] url`",
    });
    Ok(ExitCode::SUCCESS)
}

fn place(config: &StateConfig, named: Option<&str>, data: &Path) -> Result<Store, Failure> {
    let place = match named {
        Some(place) => config.at(place),
        None => config.place(data),
    };
    place.map_err(Failure::usage)
}
