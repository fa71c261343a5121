//! `ringfence serve`.

use std::process::ExitCode;

use ringfence_server::{Config, FirstToken, Server, logs};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::args::Serve;
use crate::notify;
use crate::output::{Failure, say};
use crate::{Done, allocator};

/// Runs until SIGTERM or SIGINT, then drains. A second signal ends at once.
pub fn run(args: &Serve) -> Done {
    let mut config = match &args.config {
        Some(path) => Config::load(path).map_err(Failure::usage)?,
        None => Config::default(),
    };
    if let Some(data) = &args.data {
        config.server.data.clone_from(data);
    }
    if let Some(listen) = args.listen {
        config.server.listen = listen;
    }
    logs::start(&config.log).map_err(Failure::usage_text)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> Done {
    let preset = std::env::var("RINGFENCE_ADMIN_TOKEN")
        .ok()
        .filter(|t| !t.is_empty());
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let server = Server::start(config, preset.as_deref())
        .await
        .map_err(Failure::usage)?;
    if let FirstToken::Made(token) = server.first_token() {
        say("The administrator's token, shown only now:");
        say(format_args!("  {}", token.reveal()));
        say("Keep it like a password; `export RINGFENCE_TOKEN=…` lets the other commands use it.");
    }
    tracing::info!(
        address = %server.address(),
        certificate_sha256 = server.fingerprint(),
        "serving"
    );
    allocator::give_back_when_idle();
    notify::ready();
    let watched = tokio::spawn(notify::keep_alive());
    let stop = CancellationToken::new();
    let drain = tokio::spawn(server.run(stop.clone()));
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    notify::stopping();
    stop.cancel();
    let ended = tokio::select! {
        _ = drain => Ok(ExitCode::SUCCESS),
        _ = term.recv() => Ok(ExitCode::FAILURE),
        _ = int.recv() => Ok(ExitCode::FAILURE),
    };
    watched.abort();
    ended
}
