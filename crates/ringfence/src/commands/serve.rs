//! `ringfence serve`.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use ringfence_server::{Config, Server, Waiting, logs};
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

/// Says how the first administrator comes in. The code itself is shown to somebody at a terminal only:
/// what a service prints ends up in logs.
fn invite(waiting: &Waiting, url: &str) {
    say("Nobody administers this server yet. Open this address and show the enrolment code:");
    say(format_args!("  {url}/enrol"));
    if std::io::stderr().is_terminal() {
        say(format_args!("  {}", waiting.invitation.code.reveal()));
        say("It works once.");
    } else {
        say(format_args!("  the code is in {}", waiting.file.display()));
    }
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
    if let Some(waiting) = server.waiting() {
        invite(waiting, server.public_url());
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
