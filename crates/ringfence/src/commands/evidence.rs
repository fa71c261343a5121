//! `ringfence evidence`.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use futures::StreamExt as _;
use reqwest::{Method, Response, Url};
use ringfence_evidence::Held;
use ringfence_evidence::bundle::check;
use serde_json::{Map, Value, json};

use crate::Done;
use crate::args::{Evidence, EvidenceWhat, Format, WhichRecords};
use crate::client::{Api, block_on};
use crate::commands::moment::moment;
use crate::output::{Failure, Out, say};

const PATH: &str = "/api/v1/evidence";
const COLUMNS: &[&str] = &["index", "time", "kind", "result", "actor", "target", "what"];
/// Records of one answer of the API.
const PAGE: usize = 500;

/// Lists records, shows one, or takes some out.
pub fn run(args: &Evidence, out: &Out) -> Done {
    match &args.what {
        EvidenceWhat::List {
            which,
            limit,
            server,
        } => list(&Api::new(server)?, which, *limit, out),
        EvidenceWhat::Show { index, server } => {
            let api = Api::new(server)?;
            let shown = block_on(async {
                let request = api.request(Method::GET, &format!("{PATH}/{index}"));
                api.json(request.map_err(Failure::usage)?).await
            })?;
            out.object(&shown)?;
            Ok(ExitCode::SUCCESS)
        }
        EvidenceWhat::Export { which, to, server } => export(&Api::new(server)?, which, to, out),
    }
}

/// What the API is asked for, by the names that it has.
fn asked(which: &WhichRecords) -> Result<Map<String, Value>, Failure> {
    let time = |text: &Option<String>| {
        let time = text.as_deref().map(moment).transpose()?;
        Ok::<_, Failure>(time.map(|time| json!(time.0)))
    };
    let text = |text: &Option<String>| text.as_deref().map(|text| json!(text));
    let fields = [
        ("actor", text(&which.actor)),
        ("target", text(&which.target)),
        ("kind", text(&which.kind)),
        ("from_ms", time(&which.from)?),
        ("until_ms", time(&which.until)?),
    ];
    let said = fields.into_iter();
    Ok(said
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect())
}

fn list(api: &Api, which: &WhichRecords, limit: usize, out: &Out) -> Done {
    let asked = asked(which)?;
    let mut rows = Vec::new();
    let mut cursor: Option<String> = None;
    while rows.len() < limit {
        let most = (limit - rows.len()).min(PAGE).to_string();
        let words = asked.iter().map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), value)
        });
        let rest = [("limit".to_owned(), most)].into_iter();
        let rest = rest.chain(cursor.take().map(|cursor| ("cursor".to_owned(), cursor)));
        let url = Url::parse_with_params("http://localhost", words.chain(rest));
        let url = url.map_err(Failure::usage)?;
        let path = format!("{PATH}?{}", url.query().unwrap_or_default());
        let page = block_on(async {
            let request = api.request(Method::GET, &path).map_err(Failure::usage)?;
            api.json(request).await
        })?;
        let items = page.get("items").and_then(Value::as_array);
        rows.extend(items.into_iter().flatten().map(|item| row(item, out)));
        match page.get("next").and_then(Value::as_str) {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    out.rows(COLUMNS, &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn row(item: &Value, out: &Out) -> Map<String, Value> {
    let mut row = item.as_object().cloned().unwrap_or_default();
    if matches!(out.format(), Format::Json | Format::Jsonl) {
        return row;
    }
    let record = row.remove("record").unwrap_or_default();
    let ms = row.get("time_ms").and_then(Value::as_i64).unwrap_or(0);
    let said = |name: &str| record.get(name).cloned().unwrap_or_else(|| json!("erased"));
    row.insert(
        "time".to_owned(),
        json!(ringfence_event::Time(ms).to_rfc3339()),
    );
    row.insert("what".to_owned(), said("what"));
    row.insert("result".to_owned(), said("result"));
    row
}

/// Takes records out into a file, which is there whole or not at all.
fn export(api: &Api, which: &WhichRecords, to: &Path, out: &Out) -> Done {
    let asked = asked(which)?;
    let named = |error: &dyn Display| Failure::input_text(format!("`{}`: {error}", to.display()));
    let beside = Beside::of(to);
    let mut file = beside.open().map_err(|error| named(&error))?;
    block_on(async {
        let request = api.request(Method::POST, &format!("{PATH}/export"));
        let request = request.map_err(Failure::usage)?;
        let answer = api.send(request.json(&asked)).await?;
        pour(answer, &mut file).await
    })?;
    file.sync_all().map_err(|error| named(&error))?;
    let read = BufReader::new(File::open(&beside.0).map_err(|error| named(&error))?);
    let mut none = |_, _| Err(String::new());
    let report = check(read, None, &Held::default(), &mut none).map_err(|error| named(&error))?;
    beside.publish(to).map_err(|error| named(&error))?;
    let faults: Vec<_> = report.faults.iter().map(ToString::to_string).collect();
    let (records, erased) = (report.log.records, report.log.erased);
    if out.format() == Format::Table {
        for fault in &faults {
            out.line(fault)?;
        }
        say(format_args!(
            "{records} records, and {erased} that were erased, are in {}. Check it anywhere: \
             ringfence verify --bundle FILE --key KEY",
            to.display()
        ));
    } else {
        out.object(&json!({
            "file": to, "records": records, "erased": erased,
            "size": report.log.checkpoint.size, "faults": faults,
        }))?;
    }
    Ok(ExitCode::from(u8::from(!faults.is_empty())))
}

async fn pour(answer: Response, file: &mut File) -> Result<(), Failure> {
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| {
            Failure::input(anyhow::Error::new(error).context("the server broke the answer off"))
        })?;
        file.write_all(&piece)?;
    }
    Ok(())
}

/// A file that takes its place when it is whole, and is gone when it never is.
struct Beside(PathBuf);

impl Beside {
    fn of(place: &Path) -> Self {
        let mut name = place.as_os_str().to_owned();
        name.push(".new");
        Self(name.into())
    }

    fn open(&self) -> io::Result<File> {
        if self.0.try_exists()? {
            fs::remove_file(&self.0)?;
        }
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.0)
    }

    fn publish(&self, place: &Path) -> io::Result<()> {
        fs::rename(&self.0, place)?;
        let folder = place.parent().filter(|folder| *folder != Path::new(""));
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
