//! What offline commands have in common: rules, mappings and files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use ringfence_detect::{Pack, PackFile, builtin};
use ringfence_event::{Event, Name, Origin};
use ringfence_normalise::{Mapping, MappingSet, Normaliser, Settings};
use ringfence_server::rules;
use ringfence_sources::{FileReport, read_file};

use crate::output::{Failure, say};

/// Rule files: those below the paths, or the built-in pack.
pub fn rule_files(paths: &[PathBuf]) -> Result<Vec<PackFile>, Failure> {
    if paths.is_empty() {
        return Ok(builtin::files());
    }
    for path in paths {
        std::fs::metadata(path)
            .with_context(|| format!("cannot read `{}`", path.display()))
            .map_err(Failure::input)?;
    }
    Ok(rules::files(paths)
        .iter()
        .map(|path| rules::read(path))
        .collect())
}

/// Compiled rules; what is wrong with others is told and does not stop the rest.
pub fn pack(paths: &[PathBuf]) -> Result<Pack, Failure> {
    let pack = Pack::compile(&rule_files(paths)?, &Default::default());
    for mistake in pack.mistakes() {
        say(ringfence_event::neutralise(&mistake.to_string()));
    }
    if pack.is_empty() {
        return Err(Failure::usage_text("there is no rule to use"));
    }
    Ok(pack)
}

/// The normaliser with mapping files of the user's own before the built-in ones.
pub fn normaliser(files: &[PathBuf], time_zone: &str) -> Result<Normaliser, Failure> {
    let mut own = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))
            .map_err(Failure::input)?;
        own.push(Mapping::parse(&path.display().to_string(), &text).map_err(Failure::usage)?);
    }
    let mut settings = Settings::default();
    if !settings.set_timezone(time_zone) {
        return Err(Failure::usage_text(format!(
            "`{time_zone}` is no IANA time zone"
        )));
    }
    Ok(Normaliser::new(
        Arc::new(MappingSet::with_builtin(own)),
        settings,
    ))
}

/// Mapping files of a folder.
pub fn mapping_files(folder: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    let Some(folder) = folder else {
        return Ok(Vec::new());
    };
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read `{}`", folder.display()))
        .map_err(Failure::input)?;
    let mut files: Vec<_> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    Ok(files)
}

/// Reads all files in order, with a progress bar, and tells what could not be read.
pub fn read_all(
    files: &[PathBuf],
    normaliser: &Normaliser,
    take: &mut dyn FnMut(Event),
) -> Result<Vec<FileReport>, Failure> {
    let name = |s: &str| Name::new(s).map_err(Failure::usage);
    let origin = Origin::local(name("replay")?, name("default")?, name("default")?);
    let mut reports = Vec::new();
    for path in files {
        let size = std::fs::metadata(path).map(|m| m.len()).unwrap_or(0);
        let bar = bar(size, path);
        let report = read_file(path, normaliser, &origin, take, &mut |done| {
            // Of a compressed file the end is not known.
            bar.set_length(size.max(done));
            bar.set_position(done);
        })
        .map_err(Failure::input)?;
        bar.finish_and_clear();
        tell(path, &report);
        reports.push(report);
    }
    Ok(reports)
}

fn bar(size: u64, path: &Path) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(size)
        .with_style(style)
        .with_message(ringfence_event::neutralise(&path.display().to_string()).into_owned())
}

fn tell(path: &Path, report: &FileReport) {
    let path = path.display().to_string();
    let path = ringfence_event::neutralise(&path);
    say(format_args!(
        "{path}: {} records, {} events, {} refused",
        report.records, report.events, report.rejected
    ));
    for reason in &report.reasons {
        say(format_args!(
            "{path}: {}",
            ringfence_event::neutralise(reason)
        ));
    }
    if !report.capture.is_empty() {
        let counts: Vec<_> = report
            .capture
            .iter()
            .map(|(what, n)| format!("{what} {n}"))
            .collect();
        say(format_args!("{path}: capture: {}", counts.join(", ")));
    }
}
