//! `ringfence map test`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ringfence_event::{Name, Origin, RawRecord, Time};
use ringfence_normalise::{Explanation, Normaliser, Reject};
use serde_json::{Map as Object, Value, json};

use super::inputs;
use crate::Done;
use crate::args::{Format, Map, MapWhat};
use crate::output::{Failure, Out};

/// Shows what mappings make of a file; exit code 1 when a line is refused or fits no mapping.
pub fn run(args: &Map, out: &Out) -> Done {
    let MapWhat::Test {
        file,
        mappings,
        lines,
    } = &args.what;
    let normaliser = inputs::normaliser(mappings, "UTC")?;
    let name = |s: &str| Name::new(s).map_err(Failure::usage);
    let origin = Origin::local(name("map-test")?, name("default")?, name("default")?);
    let modified = std::fs::metadata(file)
        .and_then(|m| m.modified())
        .with_context(|| format!("cannot read `{}`", file.display()))
        .map_err(Failure::input)?;
    let since = modified
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    let received = Time(i64::try_from(since.as_millis()).unwrap_or(0));
    let explained = explain(file, &normaliser, &origin, received, *lines)?;
    let mut unfit = false;
    for (line, result) in explained {
        unfit |= !matches!(&result, Ok(e) if e.native || e.matched.is_some());
        if out.format() == Format::Table {
            people(out, line, &result)?;
        } else {
            let value = match &result {
                Ok(explanation) => json!({"line": line, "explanation": explanation}),
                Err(reject) => json!({"line": line, "refused": reject}),
            };
            out.object(&value)?;
        }
    }
    Ok(if unfit {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

type Explained = Vec<(usize, Result<Explanation, Reject>)>;

fn explain(
    file: &Path,
    normaliser: &Normaliser,
    origin: &Origin,
    received: Time,
    most: usize,
) -> Result<Explained, Failure> {
    let table = file.extension().is_some_and(|e| e == "csv");
    if table {
        let bytes = std::fs::read(file)?;
        let record = RawRecord {
            origin,
            received,
            peer: None,
            bytes: &bytes,
        };
        let rows = normaliser.explain_csv(&record);
        return Ok(rows
            .into_iter()
            .take(most)
            .enumerate()
            .map(|(i, r)| (i + 1, r))
            .collect());
    }
    let opened = std::fs::File::open(file)?;
    let mut out = Vec::new();
    for (i, line) in BufReader::new(opened).split(b'\n').enumerate().take(most) {
        let line = line?;
        let bytes = line.trim_ascii_end();
        if !bytes.is_empty() {
            let record = RawRecord {
                origin,
                received,
                peer: None,
                bytes,
            };
            out.push((i + 1, normaliser.explain(&record)));
        }
    }
    Ok(out)
}

fn people(out: &Out, line: usize, result: &Result<Explanation, Reject>) -> std::io::Result<()> {
    let explanation = match result {
        Err(reject) => return out.line(&format!("line {line}: refused: {reject}")),
        Ok(explanation) => explanation,
    };
    let value = json!(explanation);
    let fits = match (&explanation.matched, explanation.native) {
        (_, true) => "is OCSF already".to_owned(),
        (Some(_), _) => format!(
            "fits {}",
            value.get("matched").map(text).unwrap_or_default()
        ),
        (None, _) => "fits no mapping: it becomes a Base Event".to_owned(),
    };
    out.line(&format!("line {line} ({}) {fits}", explanation.format))?;
    for field in value
        .get("fields")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let empty = Object::new();
        let field = field.as_object().unwrap_or(&empty);
        let part = |key: &str| field.get(key).map(text).unwrap_or_default();
        out.line(&format!(
            "    {} -> {} = {}",
            part("from"),
            part("to"),
            part("value")
        ))?;
    }
    for warning in &explanation.warnings {
        out.line(&format!("    warning: {warning}"))?;
    }
    if !explanation.untouched.is_empty() {
        out.line(&format!(
            "    kept under their own names: {}",
            explanation.untouched.join(", ")
        ))?;
    }
    Ok(())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(o) => {
            let pairs = o.iter().filter(|(_, v)| !v.is_null());
            pairs
                .map(|(k, v)| format!("{k} {}", text(v)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        other => other.to_string(),
    }
}
