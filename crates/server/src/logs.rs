//! Structured logs on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::config::LogConfig;

/// Sets up logging for the process: text for people on a terminal, JSON lines for programs.
///
/// # Errors
/// When the level is not a valid filter, in words.
pub fn start(config: &LogConfig) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.level).map_err(|e| {
        format!(
            "log.level `{}`: {e}",
            ringfence_event::neutralise(&config.level)
        )
    })?;
    let terminal = std::io::stderr().is_terminal();
    let json = config.json.unwrap_or(!terminal);
    let writer = BoxMakeWriter::new(std::io::stderr);
    let base = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    // Already set: a test, or a second server in one process.
    let _ = if json {
        base.json().flatten_event(true).try_init()
    } else {
        base.with_ansi(terminal).with_target(false).try_init()
    };
    Ok(())
}
