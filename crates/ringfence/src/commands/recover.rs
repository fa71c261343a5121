//! `ringfence recover-administrator`.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use ringfence_server::{Config, recover_administrator};
use serde_json::json;

use crate::Done;
use crate::args::{Format, Recover};
use crate::client::block_on;
use crate::output::{Failure, Out, say};

/// Makes somebody an administrator while the server is stopped, and hands out their code, once.
pub fn run(args: &Recover, out: &Out) -> Done {
    let mut config = match &args.config {
        Some(path) => Config::load(path).map_err(Failure::usage)?,
        None => Config::default(),
    };
    if let Some(data) = &args.data {
        config.server.data.clone_from(data);
    }
    // First: a code that nobody can be shown must not be made.
    let mut file = args.out.as_deref().map(create).transpose()?;
    let login = args.login.as_deref();
    let made = block_on(async {
        recover_administrator(&config, login)
            .await
            .map_err(Failure::usage)
    });
    let made = made.inspect_err(|_| {
        if let Some(path) = &args.out {
            let _ = std::fs::remove_file(path);
        }
    })?;
    let code = made.invitation.code.reveal();
    if let Some(file) = &mut file {
        writeln!(file, "{code}")?;
        file.sync_all()?;
    }
    if out.format() == Format::Table {
        say(format_args!(
            "{} administers everything from now on. Start the server, open",
            made.name
        ));
        say(format_args!("  {}", made.url));
        match &args.out {
            Some(path) => say(format_args!(
                "and show the enrolment code in {}.",
                path.display()
            )),
            None => {
                say("and show the enrolment code. It is shown only now and works once:");
                out.line(code)?;
            }
        }
    } else {
        let shown = args.out.is_none().then_some(code);
        out.object(&json!({
            "name": made.name, "url": made.url, "code": shown,
            "expires_ms": made.invitation.expires_ms,
        }))?;
    }
    say("The start tells of it with a critical alert, and another person has to review it.");
    Ok(ExitCode::SUCCESS)
}

fn create(path: &Path) -> Result<std::fs::File, Failure> {
    let mut options = std::fs::OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|e| Failure::usage_text(format_args!("`{}`: {e}", path.display())))
}
