//! `ringfence witness`.

use std::process::ExitCode;

use ringfence_server::config::LogConfig;
use ringfence_server::{WitnessFile, WitnessProcess, logs};
use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::Done;
use crate::args::{Witness, WitnessWhat};
use crate::notify;
use crate::output::{Failure, Out, say};

/// Runs until SIGTERM or SIGINT, or does the one thing that was asked for.
pub fn run(args: &Witness, out: &Out) -> Done {
    let file = WitnessFile::load(&args.config).map_err(Failure::usage)?;
    let log = LogConfig {
        level: "info".to_owned(),
        json: None,
    };
    logs::start(&log).map_err(Failure::usage_text)?;
    let witness = WitnessProcess::open(file).map_err(Failure::usage)?;
    if let Some(WitnessWhat::Accept { log }) = &args.what {
        return match witness.accept(log).map_err(Failure::input)? {
            true => {
                say(format_args!(
                    "`{log}` is followed anew: its next checkpoint is the first."
                ));
                Ok(ExitCode::SUCCESS)
            }
            false => Err(Failure::usage_text(format!("no `[[log]]` is `{log}`"))),
        };
    }
    if args.key {
        out.line(&witness.key().to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    match args.once {
        true => runtime.block_on(once(&witness, out)),
        false => runtime.block_on(follow(witness)),
    }
}

async fn once(witness: &WitnessProcess, out: &Out) -> Done {
    let alarms = witness.once().await.map_err(Failure::usage)?;
    let rows: Vec<Map<String, Value>> = alarms
        .iter()
        .filter_map(|(log, alarm, what)| {
            let row = json!({ "log": log, "alarm": alarm, "what": what });
            row.as_object().cloned()
        })
        .collect();
    if rows.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    out.rows(&["alarm", "log", "what"], &rows)?;
    Ok(ExitCode::from(1))
}

async fn follow(witness: WitnessProcess) -> Done {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let key = witness.key().to_string();
    let serving = move |address: Option<std::net::SocketAddr>| {
        let address = address.map(|address| address.to_string());
        tracing::info!(key, address, "witnessing");
        notify::ready();
    };
    let running = witness.run(stop.clone(), serving);
    tokio::pin!(running);
    let ended = tokio::select! {
        done = &mut running => Some(done),
        _ = term.recv() => None,
        _ = int.recv() => None,
    };
    if let Some(done) = ended {
        return done.map(|()| ExitCode::SUCCESS).map_err(Failure::usage);
    }
    notify::stopping();
    stop.cancel();
    // A second signal ends at once.
    tokio::select! {
        done = running => done.map(|()| ExitCode::SUCCESS).map_err(Failure::usage),
        _ = term.recv() => Ok(ExitCode::FAILURE),
        _ = int.recv() => Ok(ExitCode::FAILURE),
    }
}
