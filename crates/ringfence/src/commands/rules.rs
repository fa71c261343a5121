//! `ringfence rules`.

use std::path::PathBuf;
use std::process::ExitCode;

use ringfence_detect::{Pack, PackFile, TestFile, run_tests};
use serde_json::{Map, Value, json};

use super::inputs;
use crate::Done;
use crate::args::{Rules, RulesWhat};
use crate::output::{Failure, Out, say};

/// Checks, tests or lists rules.
pub fn run(args: &Rules, out: &Out) -> Done {
    match &args.what {
        RulesWhat::Check { paths } => check(paths, out),
        RulesWhat::Test { paths } => test(paths, out),
        RulesWhat::List { paths } => list(paths, out),
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn check(paths: &[PathBuf], out: &Out) -> Done {
    let files = inputs::rule_files(paths)?;
    let pack = Pack::compile(&files, &Default::default());
    let rows: Vec<_> = pack
        .mistakes()
        .iter()
        .map(|m| object(json!({"file": m.file, "line": m.line, "rule": m.rule, "what": m.what})))
        .collect();
    out.rows(&["file", "line", "what"], &rows)?;
    say(format_args!(
        "{} files, {} rules in force, {} mistakes",
        files.len(),
        pack.len(),
        rows.len()
    ));
    Ok(if rows.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn list(paths: &[PathBuf], out: &Out) -> Done {
    let pack = Pack::compile(&inputs::rule_files(paths)?, &Default::default());
    let rows: Vec<_> = pack.rules().map(|r| object(json!(**r))).collect();
    out.rows(&["level", "id", "title"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn test(paths: &[PathBuf], out: &Out) -> Done {
    let mut rows = Vec::new();
    let (mut failed, mut untested) = (0, 0);
    for file in inputs::rule_files(paths)? {
        let Some((name, text)) = tests_of(&file)? else {
            untested += 1;
            say(format_args!(
                "{}: has no test file",
                ringfence_event::neutralise(&file.name)
            ));
            continue;
        };
        let tests = TestFile::parse(&text, &name).map_err(Failure::input)?;
        match run_tests(&file.text, &file.name, &tests, &Default::default()) {
            Ok(outcomes) => {
                for o in outcomes {
                    failed += usize::from(!o.passed);
                    let result = if o.passed { "pass" } else { "FAIL" };
                    rows.push(object(json!({
                        "result": result, "file": name, "line": o.line, "scenario": o.name,
                        "words": o.words,
                    })));
                }
            }
            Err(errors) => {
                failed += errors.len();
                rows.extend(errors.iter().map(|e| {
                    object(json!({
                        "result": "FAIL", "file": e.file, "line": e.line, "scenario": "",
                        "words": e.problem.to_string(),
                    }))
                }));
            }
        }
    }
    out.rows(&["result", "file", "line", "scenario", "words"], &rows)?;
    say(format_args!(
        "{} passed, {failed} failed, {untested} files without tests",
        rows.len() - failed
    ));
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// The tests of a rule file: beside it, or compiled in for the built-in pack.
fn tests_of(file: &PackFile) -> Result<Option<(String, String)>, Failure> {
    if let Some(found) = ringfence_detect::builtin::tests_of(&file.name) {
        return Ok(Some(found));
    }
    let stem = file.name.trim_end_matches(".yml").trim_end_matches(".yaml");
    let name = format!("{stem}.test.yml");
    match std::fs::read_to_string(&name) {
        Ok(text) => Ok(Some((name, text))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Failure::input_text(format!("cannot read `{name}`: {e}"))),
    }
}
