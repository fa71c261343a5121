//! How commands speak: data on standard output, everything else on standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use ringfence_event::neutralise;
use serde_json::{Map, Value};

use crate::args::Format;

/// Why a command did not do what it was asked, by exit code.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    error: anyhow::Error,
}

impl Failure {
    /// Wrong usage or configuration (2).
    pub fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self {
            code: 2,
            error: error.into(),
        }
    }

    /// Wrong usage or configuration (2), in words.
    pub fn usage_text(text: impl Display) -> Self {
        Self {
            code: 2,
            error: anyhow::anyhow!("{text}"),
        }
    }

    /// Input that could not be read (3).
    pub fn input(error: impl Into<anyhow::Error>) -> Self {
        Self {
            code: 3,
            error: error.into(),
        }
    }

    /// Input that could not be read (3), in words.
    pub fn input_text(text: impl Display) -> Self {
        Self {
            code: 3,
            error: anyhow::anyhow!("{text}"),
        }
    }

    /// As an exit code.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// Whether whoever read our output went away.
    pub fn is_broken_pipe(&self) -> bool {
        self.error
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            code: 3,
            error: error.into(),
        }
    }
}

/// Tells a person what went wrong.
pub fn complain(failure: &Failure) {
    let mut text = String::new();
    for line in format!("{:#}", failure.error).lines() {
        text.push_str(&neutralise(line));
        text.push('\n');
    }
    say(format_args!("ringfence: {}", text.trim_end()));
}

/// A line on standard error. Where nobody listens there is nothing to be done about it.
pub fn say(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints data.
pub struct Out {
    format: Format,
}

impl Out {
    /// In the format asked for: a table on a terminal, else JSON lines.
    pub fn new(asked: Option<Format>) -> Self {
        let default = if io::stdout().is_terminal() {
            Format::Table
        } else {
            Format::Jsonl
        };
        Self {
            format: asked.unwrap_or(default),
        }
    }

    /// The format in force.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Prints rows with these columns.
    pub fn rows(&self, columns: &[&str], rows: &[Map<String, Value>]) -> io::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        match self.format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, rows)?;
                writeln!(out)?;
            }
            Format::Jsonl => {
                for row in rows {
                    serde_json::to_writer(&mut out, row)?;
                    writeln!(out)?;
                }
            }
            Format::Tsv => {
                for row in rows {
                    let cells = columns.iter().map(|c| cell(row.get(*c)).replace('\t', " "));
                    writeln!(out, "{}", cells.collect::<Vec<_>>().join("\t"))?;
                }
            }
            Format::Table => table(&mut out, columns, rows)?,
        }
        out.flush()
    }

    /// Prints one object: pretty for people, one line for programs.
    pub fn object(&self, value: &Value) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.format {
            Format::Jsonl | Format::Tsv => serde_json::to_writer(&mut out, value)?,
            Format::Json | Format::Table => serde_json::to_writer_pretty(&mut out, value)?,
        }
        writeln!(out)
    }

    /// Prints a line as it is, made harmless for a terminal.
    pub fn line(&self, text: &str) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{}", neutralise(text))
    }
}

/// A value in a table: text without quotes, control characters visible.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(s)) => neutralise(s).into_owned(),
        Some(other) => neutralise(&other.to_string()).into_owned(),
    }
}

/// Columns as wide as their widest cell; the last one is not padded.
fn table(out: &mut impl Write, columns: &[&str], rows: &[Map<String, Value>]) -> io::Result<()> {
    const WIDEST: usize = 60;
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| columns.iter().map(|c| cell(row.get(*c))).collect())
        .collect();
    let last = columns.len().saturating_sub(1);
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let widest = cells
                .iter()
                .filter_map(|r| r.get(i))
                .map(|c| c.chars().count())
                .max();
            widest.unwrap_or(0).max(name.chars().count()).min(WIDEST)
        })
        .collect();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let mut text = String::new();
        for (i, (cell, width)) in cells.zip(&widths).enumerate() {
            if i == last {
                text.push_str(&cell);
            } else {
                let cut: String = cell.chars().take(WIDEST).collect();
                text.push_str(&format!("{cut:<width$}  "));
            }
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(&mut columns.iter().map(|c| c.to_uppercase()))?;
    for row in cells {
        line(&mut row.into_iter())?;
    }
    Ok(())
}
