//! The `ringfence` command.

mod allocator;
mod args;
mod client;
mod codes;
mod commands;
mod notify;
mod output;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};
use crate::output::Failure;

fn main() -> ExitCode {
    let args = Args::parse();
    // One provider for the whole process; a second call would only say that it is set.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let out = output::Out::new(args.format);
    let done = match args.command {
        Command::Serve(a) => commands::serve::run(&a),
        Command::Replay(a) => commands::replay::run(&a, &out),
        Command::Hunt(a) => commands::hunt::run(&a, &out),
        Command::Query(a) => commands::query::run(&a, &out),
        Command::Lake(a) => commands::lake::run(&a, &out),
        Command::Rules(a) => commands::rules::run(&a, &out),
        Command::Map(a) => commands::map::run(&a, &out),
        Command::Simulate(a) => commands::simulate::run(&a, &out),
        Command::Alerts(a) => commands::alerts::run(&a, &out),
        Command::Source(a) => commands::source::run(&a, &out),
        Command::Service(a) => commands::service::run(&a, &out),
        Command::Certificate(a) => commands::certificate::run(&a, &out),
        Command::Policy(a) => commands::policy::run(&a, &out),
        Command::State(a) => commands::state::run(&a, &out),
        Command::RecoverAdministrator(a) => commands::recover::run(&a, &out),
        Command::Connectors(a) => commands::connectors::run(&a, &out),
        Command::Status(a) => commands::status::run(&a, &out),
        Command::Mail(a) => commands::mail::run(&a, &out),
        Command::Doctor(a) => commands::doctor::run(&a, &out),
        Command::Manual(a) => commands::manual::run(&a),
        Command::Evidence(a) => commands::evidence::run(&a, &out),
        Command::Verify(a) => commands::verify::run(&a, &out),
        Command::Witness(a) => commands::witness::run(&a, &out),
        Command::Backup(a) => commands::backup::backup(&a, &out),
        Command::Restore(a) => commands::backup::restore(&a, &out),
        Command::Explain(a) => commands::explain::run(&a, &out),
        Command::Child(a) => commands::child::run(&a, &out),
    };
    match done {
        Ok(code) => code,
        // Nobody reads any more (`ringfence … | head`): that is no error.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            failure.code()
        }
    }
}

/// What a command answers.
type Done = Result<ExitCode, Failure>;
